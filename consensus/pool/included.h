// IncludedTxs: how far the blocks that are not final yet have used the lanes of their senders.
//
// Whoever builds a block above them fills it with their transactions; the mempool, which knows only
// the last final block, then goes on where they end.
#pragma once

#include <unordered_map>

#include "chain/base/seeded_hash.h"
#include "chain/types/transaction.h"

namespace fog {

// Not safe for writing from several threads.
class IncludedTxs {
 public:
  // One transaction of an ancestor that is not final, in any order.
  void add(const TxBody& body) { use(key_of(body.sender, body.lane), body.sequence + 1); }
  // All that `other` holds.
  void add(const IncludedTxs& other) {
    for (const auto& [lane, next] : other.next_) use(lane, next);
  }
  void clear() { next_.clear(); }

  bool empty() const { return next_.empty(); }
  // The sequence that follows in a lane; 0 when no ancestor uses the lane.
  std::uint64_t next_sequence(const Address& sender, std::uint8_t lane) const {
    if (next_.empty()) return 0;
    const auto found = next_.find(key_of(sender, lane));
    return found == next_.end() ? 0 : found->second;
  }
  // Calls visit(sender, lane, next sequence) for each lane used, in no particular order.
  template <class Visit>
  void for_each_lane(Visit visit) const {
    for (const auto& [lane, next] : next_)
      visit(*fixed_from<20>(ByteView(lane).first(20)), lane[20], next);
  }

 private:
  using LaneKey = FixedBytes<21>;  // account, lane

  static LaneKey key_of(const Address& sender, std::uint8_t lane) {
    LaneKey key;
    std::copy(sender.data.begin(), sender.data.end(), key.data.begin());
    key.data[20] = lane;
    return key;
  }
  void use(const LaneKey& lane, std::uint64_t next) {
    std::uint64_t& known = next_[lane];
    known = std::max(known, next);
  }

  std::unordered_map<LaneKey, std::uint64_t, SeededHash> next_;
};

}  // namespace fog
