// MarketIndex: what the market's rules keep in memory beside the state, for whoever executes many
// blocks. Without it each block that clears Bids looks at all Offers; the result is the same.
//
// It is of one state at a time, and follows by being told what changed. Not thread safe.
#pragma once

#include <memory>

#include "chain/state/view.h"

namespace fog {

namespace market {
class OfferIndex;
}

class MarketIndex {
 public:
  MarketIndex();
  ~MarketIndex();

  // Everything is to be read from the state of the next block's parent.
  void load(const ReadView& state);
  bool is_loaded() const { return is_loaded_; }
  // These keys have other values now than in the state that it was of.
  void touch(const Changes& changes);

  market::OfferIndex& offers() { return *offers_; }

 private:
  std::unique_ptr<market::OfferIndex> offers_;
  bool is_loaded_ = false;
};

}  // namespace fog
