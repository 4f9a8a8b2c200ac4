#include "executor/meter.h"

#include <limits>

#include "chain/base/math.h"
#include "chain/crypto/hash.h"

namespace fog::executor {

namespace {

bool broke_off(RunOutcome outcome) {
  return outcome == RunOutcome::kTrap || outcome == RunOutcome::kMemory ||
         outcome == RunOutcome::kWall;
}

}  // namespace

std::uint64_t measured_fuel(RunOutcome outcome, const RunMeter& meter) {
  if (!bills_fuel(outcome)) return 0;
  return broke_off(outcome) ? meter.fuel_at_last_call : meter.fuel_used;
}

std::uint64_t billed_fuel(RunOutcome outcome, std::uint64_t measured,
                          std::uint64_t artifact_bytes) {
  if (!bills_fuel(outcome)) return 0;
  const std::uint64_t constant =
      instantiation_fuel(artifact_bytes) + (broke_off(outcome) ? kBrokenRunFuel : 0);
  const auto total = checked_add(measured, constant);
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
