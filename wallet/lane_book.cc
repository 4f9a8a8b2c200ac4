#include "wallet/lane_book.h"

#include <algorithm>

namespace fog::wallet {

LanePlace LaneBook::take(const Account& account, std::optional<std::uint8_t> lane,
                         std::uint64_t expiry_ms, std::uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  for (Lane& each : lanes_) {
    if (each.under_way > 0 && now_ms > each.last_expiry_ms) each.under_way = 0;
  }
  const std::uint8_t chosen = lane.value_or(pick());
  CHECK(chosen < kLanes);
  Lane& at = lanes_[chosen];
  const std::uint64_t final_next = account.next_sequence(chosen);
  const std::uint64_t sequence = at.under_way > 0 ? std::max(at.next, final_next) : final_next;
  at.next = sequence + 1;
  at.under_way += 1;
  at.last_expiry_ms = std::max(at.last_expiry_ms, expiry_ms);
  return {chosen, sequence};
}

void LaneBook::done(const LanePlace& place) {
  const std::lock_guard lock(mutex_);
  Lane& at = lanes_[place.lane];
  if (at.under_way > 0) at.under_way -= 1;
}

void LaneBook::give_back(const LanePlace& place) {
  const std::lock_guard lock(mutex_);
  Lane& at = lanes_[place.lane];
  if (at.under_way > 0) at.under_way -= 1;
  if (at.next == place.sequence + 1) at.next = place.sequence;
}

void LaneBook::forget(std::uint8_t lane) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t strikes = lanes_[lane].strikes + 1;
  lanes_[lane] = Lane{};
  lanes_[lane].strikes = strikes;
}

std::uint8_t LaneBook::pick() const {
  std::uint8_t best = first_;
  for (std::uint8_t i = 0; i < kLanes; ++i) {
    const auto candidate = static_cast<std::uint8_t>((first_ + i) % kLanes);
    const Lane& here = lanes_[candidate];
    const Lane& there = lanes_[best];
    if (here.under_way + here.strikes < there.under_way + there.strikes) best = candidate;
  }
  return best;
}

}  // namespace fog::wallet
