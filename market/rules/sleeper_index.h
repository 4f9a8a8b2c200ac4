// SleeperIndex: the Bids that sleep, in memory, so that an Offer that changed is shown to those
// alone that may want it.
//
// Those that demand the same first (sleeper_leads.h) stand in one tree (sleeper_tree.h), with rows
// like those of Offers and the signs turned: where an Offer has room, a Bid leaves room; where an
// Offer has a price, a Bid has the highest that it pays. Which Bids may want an Offer is decided
// Bid by Bid. A cache of what the state holds, kept like an OfferIndex. Not thread safe.
#pragma once

#include <deque>
#include <map>

#include "market/rules/constraints.h"
#include "market/rules/demand.h"
#include "market/rules/host_places.h"
#include "market/rules/sleeper_leads.h"
#include "market/rules/sleeper_tree.h"

namespace fog::market {

class SleeperIndex {
 public:
  // Nothing is in it before refresh().
  SleeperIndex() : places_(this, &bid_at) {}
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
  static constexpr OfferPlace kNoPlace = ~OfferPlace{0};
  struct Sleeper {
    DemandTurn turn;
    Lead lead;                   // of the tree that it stands in here
    OfferPlace next = kNoPlace;  // where it stands, too
    // What it demands beyond room and price; null: nothing.
    std::shared_ptr<const OfferQuery> demands;
  };
  static const BidId& bid_at(const void* self, OfferPlace place) {
    return static_cast<const SleeperIndex*>(self)->sleepers_[place].turn.id;
  }
  void put(const Bid& bid, const MarketParams& params);

  OfferStore store_;
  std::deque<Sleeper> sleepers_;  // by place
  HostPlaces places_;             // of Bids, the first of each
  std::map<std::uint64_t, std::map<std::uint64_t, SleeperTree>> trees_;  // by a Lead's two parts
  std::vector<BidId> touched_;  // may name one several times
  bool reads_all_ = false;      // the next time
};

// The sleeping Bids that an Offer comes across, by their turns: all that it could serve in some
// state of their services and gateways, and others. Which they are, and how many nodes of the trees
// it takes to come to each, is a matter of Bids and Offer alone, not of how the index came to be,
// so both may be counted. The index and the Offer must not change meanwhile.
class SleeperIndex::Walk {
 public:
  // Of those whose turn comes after `after`, and whose last search was before that block.
  Walk(const SleeperIndex& index, const IndexedOffer& offer, const DemandTurn& after,
       std::uint64_t before_height);
  struct Sight {
    DemandTurn turn;
    bool may_want = false;  // the Offer; if not, it surely cannot serve the Bid
  };
  // Takes one of `looks` for each tree that it looks for and each node that it looks at. Nothing
  // where they do not suffice, and where there is nothing more.
  std::optional<Sight> next(std::uint64_t& looks);
  bool is_over() const { return heap_.empty(); }

 private:
  // A node, or a Bid whose turn has come; nothing in it has an earlier turn.
  struct Item {
    std::uint64_t height = 0;
    bool is_bid = false;
    bool is_leaf = false;
    std::uint32_t number = 0;  // of the node, or the place
  };
  void push(const Item& item);
  void push(std::uint64_t height, const SleeperTree::Node& node);
  bool comes_later(const Item& a, const Item& b) const;
  void expand(const Item& item);
  bool may_want(const Sleeper& sleeper) const;

  const SleeperIndex& index_;
  const IndexedOffer& offer_;
  const DemandTurn after_;
  const std::uint64_t before_height_;
  const RowFilter filter_;
  std::uint64_t owes_ = 0;  // looks, for the trees that it has looked for
  std::vector<Item> heap_;
  std::optional<DemandTurn> last_;  // it may be found under several leads
};

}  // namespace fog::market
