// OfferIndex: the Offers that take part in matching, in memory, and the bounded search for those
// that can serve a Bid.
//
// A cache of what the state holds: whoever changes a Host or an Offer says so (touch), and the next
// refresh() reads them again, so it does not matter through which blocks the state got where it is.
// Trees by price class, country and GPU model in order of scale, and by place on the globe, let a
// search go straight to the best, past all that cannot serve. Not thread safe.
#pragma once

#include <map>
#include <set>

#include "market/rules/auction.h"
#include "market/rules/keep.h"
#include "market/rules/offer_tree.h"

namespace fog::market {

// Of the Offers that fit runtime, region, GPU and free capacity, so many by score are tested
// against the remaining constraints.
constexpr std::size_t kSearchMax = 2'048;

// What a Bid searches for, in a block.
struct OfferQuery {
  BidTerms terms;
  BidId bid;
  RuntimeKind runtime = RuntimeKind::kWasmCommand;
  UseProfile profile;         // declared, or the chain's own average
  std::set<HostId> excluded;  // failed this Bid a moment ago
  Hash32 beacon;
  std::uint64_t height = 0;   // Offers recorded before this block take part
  std::uint64_t time_ms = 0;  // standing has healed until then
};

// The attribute by which a Host says that it also runs such services, with the value "1"; empty for
// WASI commands, which every Host runs.
std::string_view runtime_attribute(RuntimeKind kind);

class OfferIndex {
 public:
  // Nothing is in it before refresh().
  OfferIndex() = default;
  OfferIndex(const OfferIndex&) = delete;
  OfferIndex& operator=(const OfferIndex&) = delete;

  // Every Offer of the state is to be read.
  void touch_all(const ReadView& state);
  // The Host or its Offer may be another in the state that is refreshed from next.
  void touch(const HostId& host) { touched_.insert(host); }
  // The Hosts that these changes are about.
  void touch(const Changes& changes);
  // Reads what was touched. From then on it is the index of this state.
  void refresh(const ReadView& state);

  // Whether this one Host could serve the query, caps included.
  bool can_serve(const HostId& host, const OfferQuery& query, const MarketParams& params) const;
  std::size_t size() const { return places_.size(); }
  std::size_t memory_bytes() const;  // estimated

  class Search;

 private:
  enum class Family : std::uint8_t { kAll, kCountry, kGpu, kCell };
  using TreeKey = std::tuple<std::uint8_t, Family, std::string>;  // class, family, country or model
  template <class T>
  using Shared = std::map<T, std::size_t>;  // with how many use it

  std::optional<IndexedOffer> read(const ReadView& state, const HostId& host);
  void put(const HostId& host, IndexedOffer&& offer);
  void remove(const HostId& host);
  template <class Use>
  void each_tree(const IndexedOffer& offer, const Use& use);
  const OfferTree* find(std::uint8_t price_class, Family family, const std::string& name) const;
  template <class T>
  static const T* share(Shared<T>& all, const T& value);
  template <class T>
  static void release(Shared<T>& all, const T* value);

  OfferTable table_;
  std::vector<OfferPlace> free_places_;
  std::map<HostId, OfferPlace> places_;
  std::map<TreeKey, OfferTree> trees_;
  Shared<Attributes> attributes_;
  Shared<std::vector<RuntimeProfile>> runtimes_;
  std::set<HostId> touched_;
};

// Candidates for a Bid by (score, tie), one at a time; the index must not change meanwhile.
class OfferIndex::Search {
 public:
  Search(const OfferIndex& index, const OfferQuery& query, const MarketParams& params);
  // The next that satisfies every constraint; nothing when there is none among those tested.
  std::optional<Candidate> next();
  // See OfferIndex::can_serve().
  bool accepts(const IndexedOffer& offer, const MarketParams& params) const;

 private:
  enum class Kind : std::uint8_t { kBranch, kOffer };
  struct Item {
    u128 score = 0;  // of a branch: nothing below it has a lower one
    std::uint64_t tie =
        0;  // first bytes; of a branch: the lowest below it, if all scales are equal
    Kind kind = Kind::kBranch;
    std::uint16_t tree = 0;
    OfferTree::Branch branch;
    OfferPlace place = 0;
  };
  struct Tree {
    const OfferTree* tree = nullptr;
    std::uint64_t hourly = 0;
  };

  void push(const OfferSummary& summary, const OfferTree::Branch& branch, std::uint16_t tree);
  void push(OfferPlace place, std::uint16_t tree);
  bool may_serve(const OfferSummary& summary) const;
  bool fits(const IndexedOffer& offer) const;
  bool satisfies_rest(const IndexedOffer& offer, const Candidate& candidate) const;
  Candidate candidate_of(const IndexedOffer& offer, std::uint64_t hourly) const;
  bool comes_later(const Item& a, const Item& b) const;
  std::uint64_t lowest_tie(const OfferSummary& summary) const;

  const OfferIndex& index_;
  const OfferQuery& query_;
  const Hash32 mask_;
  std::uint64_t mask_prefix_ = 0;
  std::uint64_t cap_ = 0;
  bool near_counts_ = false;
  std::uint64_t countries_ = 0, gpus_ = 0, runtimes_ = 0;  // wanted, as sets of bits
  std::vector<Tree> trees_;
  std::vector<Item> heap_;
  std::size_t tested_ = 0;
};

}  // namespace fog::market
