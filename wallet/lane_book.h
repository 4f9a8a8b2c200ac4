// LaneBook: which lane and sequence an account's next transaction takes, when several of ours may
// be under way at once. Bookkeeping only, without a node; safe from any thread.
#pragma once

#include <array>
#include <mutex>
#include <optional>

#include "chain/types/records.h"

namespace fog::wallet {

struct LanePlace {
  std::uint8_t lane = 0;
  std::uint64_t sequence = 0;
  bool operator==(const LanePlace&) const = default;
};

class LaneBook {
 public:
  // Lanes are tried from `first` (mod 16) on, so that programs sharing an account seldom meet.
  explicit LaneBook(std::uint8_t first = 0) : first_(first % kLanes) {}

  // The next place: in the lane asked for, else in the one with the fewest of ours under way,
  // because a stuck transaction holds up those behind it. `account` is the final state; `now_ms` is
  // the time: a transaction whose expiry has passed is no longer under way.
  LanePlace take(const Account& account, std::optional<std::uint8_t> lane, std::uint64_t expiry_ms,
                 std::uint64_t now_ms);
  // A transaction that took this place is final, or is known never to become so.
  void done(const LanePlace& place);
  // The place was taken and not used: the next transaction may have it.
  void give_back(const LanePlace& place);
  // Something else uses this lane: what is remembered of it is wrong. It is tried last for a while.
  void forget(std::uint8_t lane);

 private:
  struct Lane {
    std::uint64_t next = 0;
    std::uint64_t under_way = 0;
    std::uint64_t last_expiry_ms = 0;
    std::uint64_t strikes = 0;
  };
  std::uint8_t pick() const;

  mutable std::mutex mutex_;
  const std::uint8_t first_;
  std::array<Lane, kLanes> lanes_{};
};

}  // namespace fog::wallet
