#include "market/rules/sleeper_index.h"

#include <algorithm>
#include <array>
#include <bit>

#include "market/rules/text_hash.h"

namespace fog::market {
namespace {

// A key that the rule cannot do without.
bool needs_key(const AttributeRule& rule) {
  return !rule.audited && rule.op != AttributeOp::kDiffers;
}

// A sleeper's marks: countries it accepts, GPU models, runtimes, and of the attributes' keys those
// that it does not ask for, so that a branch has what any Bid below it leaves open.
std::uint64_t marks_of(const BidTerms& terms) {
  const Constraints& c = terms.constraints;
  std::uint64_t marks = c.countries.empty() ? kCountryMarks : 0;
  for (const auto& country : c.countries) marks |= country_mark(country);
  marks |= terms.resources.gpu ? gpu_mark(terms.resources.gpu->model) : kGpuMarks;
  marks |= c.runtime ? runtime_mark(*c.runtime) : kRuntimeMarks;
  std::uint64_t keys = 0;
  for (const AttributeRule& rule : c.attributes) {
    if (needs_key(rule)) keys |= key_mark(rule.key);
  }
  return marks | (kSaysMarks & ~keys);
}

// What marks and room do not tell, or not of each alone; null where they tell all.
std::shared_ptr<const OfferQuery> demands_of(const BidTerms& terms) {
  Constraints spread;
  spread.per_host_max = terms.constraints.per_host_max;
  spread.per_owner_max = terms.constraints.per_owner_max;
  spread.per_country_max = terms.constraints.per_country_max;
  spread.standing_min = terms.constraints.standing_min;
  spread.auditors = terms.constraints.auditors;
  if (terms.constraints == spread && !terms.resources.gpu && terms.resources.egress_mbps == 0)
    return nullptr;
  auto query = std::make_shared<OfferQuery>();
  query->terms.resources = terms.resources;
  query->terms.constraints = terms.constraints;
  query->terms.near = terms.near;
  if (!is_near_fixed(terms) || !terms.near) {
    query->terms.constraints.distance_max_km = 0;
    query->terms.constraints.latency_max_us = 0;
  }
  return query;
}

// Two numbers for each power of two: 0 to 63.
std::uint32_t size_class(std::uint32_t n) {
  if (n < 2) return n;
  const int bits = 32 - std::countl_zero(n);
  return static_cast<std::uint32_t>(2 * (bits - 1)) + ((n >> (bits - 2)) & 1);
}

// Where in its tree it stands: with those whose marks are the same, and among them with those of
// like price, processors, memory and GPU or storage (Morton's curve). Leads tell the rest.
std::uint32_t order_of(const BidTerms& terms, std::uint64_t marks, Scale scale_max) {
  const Resources& need = terms.resources;
  const std::array<std::uint32_t, 4> sizes = {
      size_class(scale_max), size_class(need.cpu_milli), size_class(need.memory_mib),
      size_class(need.gpu ? need.gpu->milli : need.storage_mib)};
  auto order = static_cast<std::uint32_t>(marks * 0x9E37'79B9'7F4A'7C15U >> 56);
  for (int bit = 5; bit >= 0; --bit) {
    for (const std::uint32_t size : sizes) order = order << 1 | (size >> bit & 1);
  }
  return order;
}

// A row's `scale` is its turn's height, so far as that fits, so that branches know their earliest.
std::uint32_t row_height(std::uint64_t height) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(height, ~std::uint32_t{0}));
}

// How much the Bid leaves of each kind of room, and in place of egress, which decides seldom, the
// highest price that it pays.
constexpr std::size_t kPriceKind = 3;
Room room_left_by(const Resources& need, Scale scale_max) {
  Room room = room_of(need);
  for (std::uint32_t& size : room) size = ~size;
  room[kPriceKind] = scale_max;
  return room;
}

// The highest scale in any class that the Bid's caps allow; use is left out, since its average
// changes. Nothing where it can pay in none.
std::optional<Scale> scale_max_of(const BidTerms& terms, const MarketParams& params) {
  OfferQuery query;
  query.terms = terms;
  std::optional<Scale> most;
  for (const PriceClass& price_class : params.classes) {
    const std::optional<QueryPrice> price = price_in(price_class, query);
    if (price) most = std::max(most.value_or(0), std::min(price->cap, price->unit_cap));
  }
  return most;
}

// What a Bid leaves open for an Offer to be what it may want.
RowFilter filter_of(const IndexedOffer& offer, std::uint64_t before_height) {
  RowFilter filter;
  filter.need = room_left_by(offer.free, offer.scale);
  filter.scale_max = row_height(before_height - 1);
  filter.all_marks = country_mark(offer.country) | kSaysMarks;
  if (offer.free.gpu) filter.all_marks |= gpu_mark(offer.free.gpu->model);
  for (const auto& [key, value] : *offer.attributes) filter.all_marks &= ~key_mark(key);
  filter.any_marks = 0;
  for (const RuntimeProfile& profile : *offer.runtimes) filter.any_marks |= runtime_mark(profile);
  return filter;
}

}  // namespace

void SleeperIndex::touch(const Changes& changes) {
  const StateKey prefix = state_key(Table::kSleepingBids);
  const auto end = changes.lower_bound(prefix_end(prefix));
  for (auto at = changes.lower_bound(prefix); at != end; ++at) touch(sleeper_of(at->first)->id);
  reads_all_ = reads_all_ || changes.contains(market_params_key());
}

void SleeperIndex::refresh(const ReadView& state, const MarketParams& params) {
  if (std::exchange(reads_all_, false)) {
    for (const Sleeper& sleeper : sleepers_) touch(sleeper.turn.id);
    each_asleep(state, [&](const DemandTurn& turn) {
      touch(turn.id);
      return true;
    });
  }
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  for (const BidId& id : std::exchange(touched_, {})) {
    remove(id);
    const std::optional<Bid> bid = load<Bid>(state, bid_key(id));
    if (bid && is_asleep(state, *bid)) put(*bid, params);
  }
}

void SleeperIndex::put(const Bid& bid, const MarketParams& params) {
  const std::optional<Scale> scale_max = scale_max_of(bid.terms, params);
  if (!scale_max) return;
  OfferRow row;
  row.marks = marks_of(bid.terms);
  row.room = room_left_by(bid.terms.resources, *scale_max);
  row.scale = row_height(bid.turn_height);
  row.id = order_of(bid.terms, row.marks, *scale_max);
  const std::shared_ptr<const OfferQuery> demands = demands_of(bid.terms);
  OfferPlace next = kNoPlace;
  for (const Lead& lead : leads_of(bid.terms)) {
    const OfferPlace place = store_.add(row);
    if (place == sleepers_.size()) sleepers_.emplace_back();
    sleepers_[place] = {{bid.turn_height, bid.id}, lead, std::exchange(next, place), demands};
    trees_[lead.where].try_emplace(lead.what, store_, this, &bid_at).first->second.insert(place);
  }
  places_.add(bid.id, next);
}

void SleeperIndex::remove(const BidId& bid) {
  const std::optional<OfferPlace> first = places_.find(bid);
  if (!first) return;
  places_.remove(bid);
  for (OfferPlace place = *first; place != kNoPlace;) {
    const Sleeper was = std::exchange(sleepers_[place], {});
    const auto where = trees_.find(was.lead.where);
    const auto tree = where->second.find(was.lead.what);
    tree->second.erase(place);
    if (tree->second.empty()) where->second.erase(tree);
    if (where->second.empty()) trees_.erase(where);
    store_.remove(place);
    place = was.next;
  }
}

// ---- in order ----

SleeperIndex::Walk::Walk(const SleeperIndex& index, const IndexedOffer& offer,
                         const DemandTurn& after, std::uint64_t before_height)
    : index_(index),
      offer_(offer),
      after_(after),
      before_height_(before_height),
      filter_(filter_of(offer, before_height)) {
  const OfferLeads leads(offer);
  for (const std::uint64_t where : leads.where) {
    const auto trees = index.trees_.find(where);
    if (trees == index.trees_.end()) continue;
    owes_ += leads.what.size();
    for (const std::uint64_t what : leads.what) {
      const auto tree = trees->second.find(what);
      if (tree != trees->second.end()) push(0, tree->second.root());
    }
  }
}

std::optional<SleeperIndex::Walk::Sight> SleeperIndex::Walk::next(std::uint64_t& looks) {
  const std::uint64_t pays = std::min(looks, owes_);
  looks -= pays;
  owes_ -= pays;
  while (!heap_.empty()) {
    if (!heap_.front().is_bid && looks == 0) return std::nullopt;
    std::pop_heap(heap_.begin(), heap_.end(),
                  [this](const Item& a, const Item& b) { return comes_later(a, b); });
    const Item item = heap_.back();
    heap_.pop_back();
    if (!item.is_bid) {
      --looks;
      expand(item);
      continue;
    }
    const Sleeper& sleeper = index_.sleepers_[item.number];
    if (last_ == sleeper.turn) continue;
    last_ = sleeper.turn;
    return Sight{sleeper.turn, may_want(sleeper)};
  }
  return std::nullopt;
}

// Among equals what may hide an earlier turn comes first.
bool SleeperIndex::Walk::comes_later(const Item& a, const Item& b) const {
  if (a.height != b.height) return a.height > b.height;
  if (!a.is_bid || !b.is_bid) return a.is_bid && !b.is_bid;
  return index_.sleepers_[a.number].turn > index_.sleepers_[b.number].turn;
}

void SleeperIndex::Walk::push(const Item& item) {
  heap_.push_back(item);
  std::push_heap(heap_.begin(), heap_.end(),
                 [this](const Item& a, const Item& b) { return comes_later(a, b); });
}

void SleeperIndex::Walk::push(std::uint64_t height, const SleeperTree::Node& node) {
  push({height, false, node.is_leaf, node.number});
}

void SleeperIndex::Walk::expand(const Item& item) {
  if (!item.is_leaf) {
    const OfferBranch& branch = index_.store_.branches[item.number];
    for (std::uint32_t rest = filter_.children(branch); rest != 0; rest &= rest - 1) {
      const auto child = static_cast<std::size_t>(std::countr_zero(rest));
      push(branch.scale_min[child], SleeperTree::child_of(branch, child));
    }
    return;
  }
  const OfferLeaf& leaf = index_.store_.leaves[item.number];
  for (std::size_t i = 0; i < leaf.count; ++i) {
    const OfferPlace place = leaf.places[i];
    if (!filter_.lets_through(leaf.rows[i]) || !filter_.lets_through(index_.store_.rows[place]))
      continue;
    const Sleeper& sleeper = index_.sleepers_[place];
    if (sleeper.turn > after_ && sleeper.turn.height < before_height_)
      push({row_height(sleeper.turn.height), true, false, place});
  }
}

bool SleeperIndex::Walk::may_want(const Sleeper& sleeper) const {
  return sleeper.demands == nullptr || !fails_for_good(offer_, *sleeper.demands);
}

}  // namespace fog::market
