// SleeperIndex: the Bids that sleep, in memory, so that an Offer that changed is shown to those
// alone that may want it.
//
// They stand in the tree of the Offers with the signs turned: where an Offer has room, a Bid leaves
// room; where an Offer has a price, a Bid has the highest that it pays. Bids that ask for the same
// stand together. Which Bids may want an Offer is decided Bid by Bid, whatever the tree looks like.
// A cache of what the state holds, kept like an OfferIndex. Not thread safe.
#pragma once

#include "market/rules/constraints.h"
#include "market/rules/demand.h"
#include "market/rules/host_places.h"
#include "market/rules/offer_tree.h"

namespace fog::market {

class SleeperIndex {
 public:
  // Nothing is in it before refresh().
  SleeperIndex() : places_(this, &bid_at), tree_(store_, OfferFamily::kAll, OfferOrder::kById) {}
  SleeperIndex(const SleeperIndex&) = delete;
  SleeperIndex& operator=(const SleeperIndex&) = delete;

  // Every sleeping Bid of the state that is refreshed from next is to be read.
  void touch_all() { reads_all_ = true; }
  void touch(const BidId& bid) { touched_.push_back(bid); }
  // The Bids that these changes are about.
  void touch(const Changes& changes);
  // Reads what was touched. From then on it is the index of this state.
  void refresh(const ReadView& state, const MarketParams& params);
  // It sleeps no longer in the state that the index is of.
  void remove(const BidId& bid);
  std::size_t size() const { return places_.size(); }

  class Walk;

 private:
  // What the tree's marks are too few for. Hashes; 0: anything will do.
  struct Sleeper {
    DemandTurn turn;
    std::uint64_t countries = 0;  // a set
    std::uint64_t keys = 0;       // a set, of attributes that the Host must have
    std::uint64_t gpu = 0;
    std::uint64_t runtime = 0;
  };
  static const BidId& bid_at(const void* self, OfferPlace place) {
    return static_cast<const SleeperIndex*>(self)->sleepers_[place].turn.id;
  }
  void put(const Bid& bid, const MarketParams& params);

  OfferStore store_;
  std::deque<Sleeper> sleepers_;  // by place
  HostPlaces places_;             // of Bids
  OfferTree tree_;
  std::vector<BidId> touched_;  // may name one several times
  bool reads_all_ = false;      // the next time
};

// The sleeping Bids that may want an Offer, by their turns: all that it could serve in some state
// of their services and gateways, and some that it cannot. The index and the Offer must not change
// meanwhile.
class SleeperIndex::Walk {
 public:
  // Of those whose turn comes after `after`, and whose last search was before that block.
  Walk(const SleeperIndex& index, const IndexedOffer& offer, const DemandTurn& after,
       std::uint64_t before_height);
  std::optional<DemandTurn> next();

 private:
  // A node, or a Bid whose turn has come; nothing in it has an earlier turn.
  struct Item {
    std::uint64_t height = 0;
    bool is_bid = false;
    bool is_leaf = false;
    std::uint32_t number = 0;  // of the node, or the place
  };
  void push(const Item& item);
  bool comes_later(const Item& a, const Item& b) const;
  void expand(const Item& item);
  bool may_want(const Sleeper& sleeper) const;

  const SleeperIndex& index_;
  const IndexedOffer& offer_;
  const DemandTurn after_;
  const std::uint64_t before_height_;
  RowFilter filter_;
  std::uint64_t keys_ = 0;  // that the Host has
  std::vector<Item> heap_;
};

}  // namespace fog::market
