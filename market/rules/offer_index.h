// OfferIndex: the Offers that take part in matching, in memory, and the bounded search for those
// that can serve a Bid.
//
// A cache of what the state holds: whoever changes a Host or an Offer says so (touch), and the next
// refresh() reads them again, so it does not matter through which blocks the state got where it is.
// Trees by price class, country and GPU model in order of scale, and by place on the globe, let a
// search go straight to the best, past all that cannot serve. Not thread safe.
#pragma once

#include <algorithm>
#include <map>
#include <set>

#include "chain/state/huge_array.h"
#include "market/rules/auction.h"
#include "market/rules/constraints.h"
#include "market/rules/host_places.h"
#include "market/rules/keep.h"
#include "market/rules/offer_tree.h"

namespace fog::market {

// Of the Offers that fit runtime, region, GPU and free capacity, so many by score are tested
// against the remaining constraints.
constexpr std::size_t kSearchMax = 2'048;

class OfferIndex {
 public:
  // Nothing is in it before refresh().
  OfferIndex() : places_(this, &host_at) {}
  OfferIndex(const OfferIndex&) = delete;
  OfferIndex& operator=(const OfferIndex&) = delete;

  // Every Offer of the state that is refreshed from next is to be read.
  void touch_all() { reads_all_ = true; }
  // The same in pieces: at most so many Offers, the first ones or from `from` on. Where the next
  // piece begins; nothing when this was the last. What changes between two pieces is touched apart.
  std::optional<StateKey> touch_some(const ReadView& state, const std::optional<StateKey>& from,
                                     std::size_t most);
  // The Host or its Offer may be another in the state that is refreshed from next.
  void touch(const HostId& host);
  // The Hosts that these changes are about.
  void touch(const Changes& changes);
  // Reads what was touched. From then on it is the index of this state.
  void refresh(const ReadView& state);
  // Reads at most so many of what was touched; how many are left.
  std::size_t refresh_some(const ReadView& state, std::size_t most);
  // In the state that it is of, the Host's Offer has this room now, of the same GPU model; nothing
  // else of it or the Host that a search reads is another. Cheaper than touch() and refresh().
  void set_room(const HostId& host, const Resources& free);

  // Whether this one Host could serve the query, caps included.
  bool can_serve(const HostId& host, const OfferQuery& query, const MarketParams& params) const;
  std::size_t size() const { return places_.size(); }
  // Null for a Host without one. Good until the index changes.
  const IndexedOffer* find_offer(const HostId& host) const;
  // Up to `most` Offers, as many of each price class as there is room for, the cheapest of each.
  void each_cheapest(std::size_t most, const std::function<void(const IndexedOffer&)>& use) const;
  std::size_t memory_bytes() const;  // estimated

  class Search;

 private:
  using TreeKey = std::tuple<std::uint8_t, OfferFamily, std::string>;  // class, country or model
  static constexpr std::uint8_t kAllClasses = kPriceClassesMax;
  // What a Host says of itself; many say the same.
  struct Traits {
    Attributes attributes;
    std::vector<RuntimeProfile> runtimes;
    auto operator<=>(const Traits&) const = default;
  };
  struct SharedTraits {
    std::uint32_t number = 0;
    std::size_t users = 0;
  };
  using TraitsTable = std::map<Traits, SharedTraits>;

  struct Read {
    IndexedOffer offer;
    TraitsTable::iterator traits;
  };
  static const HostId& host_at(const void* self, OfferPlace place) {
    return static_cast<const OfferIndex*>(self)->offers_[place].host;
  }
  std::optional<Read> read(const ReadView& state, const HostId& host);
  void put(const HostId& host, Read&& now);
  void remove(const HostId& host);
  OfferRow row_of(const IndexedOffer& offer, std::uint32_t traits) const;
  template <class Use>
  void each_tree(const IndexedOffer& offer, const Use& use);
  const OfferTree* find(std::uint8_t price_class, OfferFamily family,
                        const std::string& name) const;
  TraitsTable::iterator share(Traits&& traits);
  void release(std::uint32_t traits);
  void sort_touched();
  void touch_those_of(const ReadView& state);

  OfferStore store_;
  HugeArray<IndexedOffer> offers_;  // by place
  HostPlaces places_;
  std::map<TreeKey, OfferTree> trees_;
  TraitsTable traits_;
  std::vector<TraitsTable::iterator> traits_by_number_;
  std::vector<std::uint32_t> free_traits_;
  static constexpr std::size_t kTouchedMax = 4'096;
  bool reads_all_ = false;                 // the next time
  std::vector<HostId> touched_;            // may name one several times
  std::size_t touched_max_ = kTouchedMax;  // so many, and they are sorted out
};

// Candidates for a Bid by (score, tie), one at a time; the index must not change meanwhile.
//
// A best-first walk over branches, leaves and Offers, each with a score that nothing below it
// undercuts. What fits but fails the other constraints is only counted, and put in order only where
// so many were counted that the order could matter; leaves with nothing else are not even read
// before that.
class OfferIndex::Search {
 public:
  Search(const OfferIndex& index, const OfferQuery& query, const MarketParams& params);
  // The next that satisfies every constraint; nothing when there is none among those tested.
  std::optional<Candidate> next();

 private:
  // Among equal scores and ties in this order: what may hide something better comes first.
  enum class Kind : std::uint8_t {
    kRest,    // a branch from one child on, the others being dearer
    kBranch,  // what stands below it
    kLeaf,
    kNear,  // an Offer whose distance is not yet known to the kilometre
    kOffer,
  };
  struct Item {
    u128 score = 0;         // nothing in it has a lower one
    std::uint32_t tie = 0;  // first bytes; of what is not an Offer: the lowest that may be in it
    std::uint32_t number = 0;
    std::uint32_t next = 0;  // a sibling that waits until this one's turn has come; 0: none
    std::uint16_t tree = 0;  // of nodes
    Kind kind = Kind::kBranch;
    std::uint8_t child = 0;  // of kRest: from which on
  };
  static_assert(sizeof(Item) == 32);
  // Its place in the order is looked for where that matters.
  enum class Fit : std::uint8_t { kUnknown, kBounded, kExact, kNot };
  struct Failed {
    Item item;  // before that: the number alone
    Fit fit = Fit::kUnknown;
  };
  struct Tree {
    OfferOrder order = OfferOrder::kByScale;
    std::uint8_t price_class = 0;  // or kAllClasses
  };
  // All places within so many kilometres.
  struct Ring {
    GlobePoint middle{};
    std::uint32_t km = 0;
  };
  // What rows of the same traits have in common for this query.
  struct TraitsVerdict {
    std::uint32_t traits = kNone;
    bool fits = false;
    bool satisfies = false;
  };
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  void add_tree(std::uint8_t price_class, OfferFamily family, const std::string& name);
  void add_trees();
  void read_attributes();
  void draw_rings();
  // Whether the place, or some place in the box, may be where the query asks for.
  template <class PointOrBox>
  bool may_lie_in(const PointOrBox& where) const {
    const auto reaches = [&](const Ring& ring) {
      return distance_at_least_km(ring.middle, where) <= ring.km;
    };
    return (!within_ || reaches(*within_)) &&
           (cells_.empty() || std::any_of(cells_.begin(), cells_.end(), reaches));
  }
  void fetch_leaf(const Item& leaf) const;
  void push(const Item& item);
  Item pop();
  void expand(const Item& item);
  void expand_by_scale(const Item& item, const OfferBranch& branch);
  void expand_by_place(const Item& item, const OfferBranch& branch);
  Item child_item(const OfferBranch& branch, std::size_t child, std::uint16_t tree) const;
  std::optional<u128> lowest_price(const OfferBranch& branch, std::size_t child) const;
  bool can_pay(std::uint32_t price_class) const { return (payable_ >> price_class & 1) != 0; }
  bool surely_fails(const OfferBranch& branch, std::size_t child) const;
  void put_off(const Item& leaf);
  void scan_put_off();
  std::size_t failed_at_most() const;
  void scan(const Item& leaf);
  void consider(OfferPlace place);
  Item offer_item(OfferPlace place, std::uint16_t standing) const;
  std::uint16_t standing_of(OfferPlace place) const;
  bool row_fits(const OfferRow& row) const;
  void count_failed(OfferPlace place);
  const TraitsVerdict& verdict_on(std::uint32_t traits);
  std::optional<Candidate> judge(const Item& item);
  Item with_exact_score(const Item& item) const;
  std::size_t failed_before(const Item& item);
  std::uint64_t distance_cost(const IndexedOffer& offer) const;
  Candidate candidate_of(const IndexedOffer& offer) const;
  bool comes_later(const Item& a, const Item& b) const;

  const OfferIndex& index_;
  const OfferStore& store_;
  const OfferQuery& query_;
  const Hash32 mask_;
  std::uint32_t mask_prefix_ = 0;
  RowFilter filter_;                      // what is needed to fit, as far as rows tell
  std::vector<std::uint16_t> countries_;  // country_code() of those that fit; empty: all
  bool by_place_ = false;                 // searches the tree by place
  bool rows_tell_ = true;                 // whether an Offer fits
  std::uint64_t says_ = 0;                // marks of what a Host must say of itself
  std::uint32_t says_both_ = 0;           // of any two of these
  bool near_counts_ = false;
  GlobePoint near_{};
  std::optional<Ring> within_;           // the farthest that is accepted
  std::vector<Ring> cells_;              // around each cell
  std::vector<std::uint32_t> only_ids_;  // id_prefix() of those that it is restricted to
  std::array<QueryPrice, kPriceClassesMax> prices_;
  std::uint32_t payable_ = 0;     // the classes that it can pay in: a bit each
  std::size_t branch_bytes_ = 0;  // of a branch, what the search looks at
  std::vector<Tree> trees_;
  std::vector<Item> heap_;
  std::vector<Item> siblings_;  // in order; the first is nobody's
  std::array<TraitsVerdict, 64> verdicts_;
  std::size_t tested_ = 0;               // Offers that fit and came before
  std::vector<Failed> failed_;           // those that may fit and surely fail the rest, in no order
  std::vector<Item> put_off_;            // leaves in which all that fit surely fail the rest
  std::size_t failed_max_ = kSearchMax;  // so many, and their order is looked at
};

}  // namespace fog::market
