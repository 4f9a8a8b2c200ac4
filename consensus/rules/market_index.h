// MarketIndex: what the market's rules keep in memory beside the state, for whoever executes many
// blocks. Without it each block that clears Bids looks at all Offers; the result is the same.
//
// It is of one state at a time, and follows by being told what changed. Not thread safe.
#pragma once

#include <memory>

#include "chain/ledger/context.h"
#include "market/types/preview.h"

namespace fog {

namespace market {
struct MatchingIndex;
}

class MarketIndex {
 public:
  MarketIndex();
  ~MarketIndex();
  MarketIndex(MarketIndex&&) noexcept;
  MarketIndex& operator=(MarketIndex&&) noexcept;

  // Everything is to be read from the state of the next block's parent.
  void load();
  // The same in pieces, for one that is not loaded: at most so many more Offers. Whether it is
  // loaded now; then it is to be touched with all that has changed since the first piece.
  bool load_some(const ReadView& state, std::size_t most);
  bool is_loaded() const { return is_loaded_; }
  // These keys have other values now than in the state that it was of.
  void touch(const Changes& changes);

  market::MatchingIndex& matching() { return *matching_; }

  // ---- for questions from outside (see market/rules/preview.h) ----

  // Of the changes, those that the index of Offers looks at, without their values.
  static void collect(const Changes& changes, Changes& into);
  // Reads at most so many of the Offers that were touched; how many are left.
  std::size_t refresh(const ReadView& state, std::size_t most);
  struct Question {
    market::PreviewRequest request;
    BlockContext block;  // the next one
    market::MarketParams params;
    std::optional<market::UseProfile> metered;

    // The parameters, and what the chain has metered of the service; false where there is no
    // market.
    bool read(const ReadView& state);
  };
  // The fault of terms that no Bid could have. Everything touched has been read.
  Result<market::PreviewReport, Fault> preview(const Question& question) const;

 private:
  std::unique_ptr<market::MatchingIndex> matching_;
  bool is_loaded_ = false;
  std::optional<StateKey> loads_from_;  // where the next piece begins
};

}  // namespace fog
