// MatchingIndex: what matching keeps in memory beside the state, for whoever executes many blocks.
// It is of one state at a time, and follows by being told what changed; through which blocks the
// state got where it is does not matter. Not thread safe.
#pragma once

#include "market/rules/offer_index.h"
#include "market/rules/sleeper_index.h"

namespace fog::market {

struct MatchingIndex {
  OfferIndex offers;
  SleeperIndex sleepers;

  // Everything is to be read from the state of the next refresh().
  void touch_all() {
    offers.touch_all();
    sleepers.touch_all();
  }
  // These keys have other values now than in the state that it was of.
  void touch(const Changes& changes) {
    offers.touch(changes);
    sleepers.touch(changes);
  }
  void refresh(const ReadView& state, const MarketParams& params) {
    offers.refresh(state);
    sleepers.refresh(state, params);
  }
};

}  // namespace fog::market
