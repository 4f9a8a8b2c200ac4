#include "chain/types/records.h"

namespace fog {

StateKey prefix_end(const StateKey& prefix) {
  StateKey end = prefix;
  while (!end.empty() && end.back() == 0xFF) end.pop_back();
  if (!end.empty()) ++end.back();
  return end;
}

std::uint64_t Account::next_sequence(std::uint8_t lane) const {
  for (const LaneSequence& entry : lanes) {
    if (entry.lane == lane) return entry.next;
  }
  return 0;
}

void Account::set_next_sequence(std::uint8_t lane, std::uint64_t next) {
  CHECK(lane < kLanes);
  auto entry = lanes.begin();
  while (entry != lanes.end() && entry->lane < lane) ++entry;
  if (entry != lanes.end() && entry->lane == lane) {
    entry->next = next;
  } else {
    lanes.insert(entry, LaneSequence{lane, next});
  }
}

std::uint64_t base_price_at(const ChainParams& params, const FeeMarket& market,
                            std::uint64_t time_ms) {
  CHECK(params.base_price_change_denominator != 0 && params.base_price_interval_ms != 0);
  const std::uint64_t elapsed_ms = time_ms > market.as_of_ms ? time_ms - market.as_of_ms : 0;
  std::uint64_t intervals = elapsed_ms / params.base_price_interval_ms;
  std::uint64_t price = market.base_price;
  // Each step takes 1/denominator, rounded up, so the loop ends however long the chain idled.
  for (; intervals > 0 && price > params.base_price_min; --intervals) {
    const std::uint64_t step = (price - 1) / params.base_price_change_denominator + 1;
    price -= step;
  }
  return price < params.base_price_min ? params.base_price_min : price;
}

}  // namespace fog
