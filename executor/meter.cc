#include "executor/meter.h"

#include <limits>

#include "chain/base/math.h"
#include "chain/crypto/hash.h"

namespace fog::executor {

std::uint64_t billed_fuel(RunOutcome outcome, const RunMeter& meter, std::uint64_t artifact_bytes) {
  if (!bills_fuel(outcome)) return 0;
  const bool broken = outcome == RunOutcome::kTrap || outcome == RunOutcome::kMemory ||
                      outcome == RunOutcome::kWall;
  const std::uint64_t constant = instantiation_fuel(artifact_bytes) + (broken ? kBrokenRunFuel : 0);
  const auto total = checked_add(broken ? meter.fuel_at_last_call : meter.fuel_used, constant);
  return total.value_or(std::numeric_limits<std::uint64_t>::max());
}

Hash32 guest_seed(const Hash32& beacon, const market::LeaseId& lease, std::uint32_t term,
                  const Address& gateway, std::uint64_t index) {
  Bytes numbers;
  append_be64(numbers, term);
  append(numbers, gateway);
  append_be64(numbers, index);
  return tagged_hash("fog/guest-seed", {beacon, lease, numbers});
}

}  // namespace fog::executor
