#include "consensus/staking/due.h"

namespace fog {
namespace {

constexpr std::size_t kKeyBytes = 1 + 8 + 1 + 8;

StateKey due_key(const StakingDue& due) {
  StateKey key = state_key(Table::kStakingDue);
  append_be64(key, due.time_ms);
  key.push_back(static_cast<std::uint8_t>(due.kind));
  append_be64(key, due.number);
  return key;
}

}  // namespace

void schedule(Overlay& state, const StakingDue& due) {
  state.put(due_key(due), {});
}

void unschedule(Overlay& state, const StakingDue& due) {
  state.erase(due_key(due));
}

std::optional<StakingDue> first_staking_due(const ReadView& state) {
  std::optional<StakingDue> first;
  const StateKey from = state_key(Table::kStakingDue);
  state.scan(from, prefix_end(from), [&](const StateKey& key, const Bytes&) {
    CHECK(key.size() == kKeyBytes);
    const ByteView bytes(key);
    first = StakingDue{read_be64(bytes.subspan(1, 8)), static_cast<StakingDueKind>(bytes[9]),
                       read_be64(bytes.subspan(10, 8))};
    return false;
  });
  return first;
}

}  // namespace fog
