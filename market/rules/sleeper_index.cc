#include "market/rules/sleeper_index.h"

#include <algorithm>
#include <array>
#include <bit>

#include "market/rules/text_hash.h"

namespace fog::market {
namespace {

// A sleeper's marks: countries it accepts, GPU models, runtimes, and of the attributes' keys those
// that it does not ask for, so that a branch has what any Bid below it leaves open.
struct Field {
  int first = 0;
  int bits = 0;
  std::uint64_t all() const { return ((std::uint64_t{1} << bits) - 1) << first; }
  std::uint64_t of(std::uint64_t hash) const {
    return std::uint64_t{1} << (first + static_cast<int>(hash % static_cast<std::uint64_t>(bits)));
  }
};
constexpr Field kCountries{0, 24};
constexpr Field kGpus{24, 8};
constexpr Field kRuntimes{32, 8};
constexpr Field kKeys{40, 24};

std::uint64_t hash_of(std::string_view text) {
  const std::uint64_t hash = text_hash(text);
  return hash ^ hash >> 32;
}
std::uint64_t hash_of(const RuntimeProfile& profile) {
  return profile.data[0];
}
std::uint64_t wide_hash_of(const RuntimeProfile& profile) {
  return read_be64(ByteView(profile).first(8));
}

// The same in 64 bits, by other bits of the hash.
std::uint64_t wide_mark(std::uint64_t hash) {
  return std::uint64_t{1} << (hash >> 58);
}

// A key that the rule cannot do without.
bool needs_key(const AttributeRule& rule) {
  return !rule.audited && rule.op != AttributeOp::kDiffers;
}

std::uint64_t marks_of(const BidTerms& terms) {
  const Constraints& c = terms.constraints;
  std::uint64_t marks = c.countries.empty() ? kCountries.all() : 0;
  for (const auto& country : c.countries) marks |= kCountries.of(hash_of(country));
  marks |= terms.resources.gpu ? kGpus.of(hash_of(terms.resources.gpu->model)) : kGpus.all();
  marks |= c.runtime ? kRuntimes.of(hash_of(*c.runtime)) : kRuntimes.all();
  std::uint64_t keys = 0;
  for (const AttributeRule& rule : c.attributes) {
    if (needs_key(rule)) keys |= kKeys.of(hash_of(rule.key));
  }
  return marks | (kKeys.all() & ~keys);
}

// Two numbers for each power of two: 0 to 63.
std::uint32_t size_class(std::uint32_t n) {
  if (n < 2) return n;
  const int bits = 32 - std::countl_zero(n);
  return static_cast<std::uint32_t>(2 * (bits - 1)) + ((n >> (bits - 2)) & 1);
}

// Where it stands: with those of the same GPU, countries, attributes and runtime, and among them
// with those of like price, processors and memory (Morton's curve).
std::uint32_t order_of(const BidTerms& terms, Scale scale_max) {
  const Constraints& c = terms.constraints;
  std::uint64_t countries = 0;
  for (const auto& country : c.countries) countries = countries * 31 + hash_of(country);
  std::uint64_t keys = 0;
  for (const AttributeRule& rule : c.attributes) keys = keys * 31 + hash_of(rule.key);
  const std::uint64_t gpu = terms.resources.gpu ? hash_of(terms.resources.gpu->model) | 1 : 0;
  const std::uint64_t group = (gpu & 15) << 10 | (countries & 31) << 5 | (keys & 7) << 2 |
                              (c.runtime ? hash_of(*c.runtime) & 3 : 0);
  std::uint32_t curve = 0;
  const std::array<std::uint32_t, 3> sizes = {size_class(scale_max),
                                              size_class(terms.resources.cpu_milli),
                                              size_class(terms.resources.memory_mib)};
  for (int bit = 5; bit >= 0; --bit) {
    for (const std::uint32_t size : sizes) curve = curve << 1 | (size >> bit & 1);
  }
  return static_cast<std::uint32_t>(group << 18) | curve;
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
  filter.all_marks = kCountries.of(hash_of(offer.country)) | kKeys.all();
  if (offer.free.gpu) filter.all_marks |= kGpus.of(hash_of(offer.free.gpu->model));
  for (const auto& [key, value] : *offer.attributes) filter.all_marks &= ~kKeys.of(hash_of(key));
  filter.any_marks = 0;
  for (const RuntimeProfile& profile : *offer.runtimes)
    filter.any_marks |= kRuntimes.of(hash_of(profile));
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
  row.id = order_of(bid.terms, *scale_max);
  const OfferPlace place = store_.add(row);
  if (place == sleepers_.size()) sleepers_.emplace_back();
  Sleeper& sleeper = sleepers_[place] = {{bid.turn_height, bid.id}};
  const Constraints& c = bid.terms.constraints;
  for (const auto& country : c.countries) sleeper.countries |= wide_mark(hash_of(country));
  for (const AttributeRule& rule : c.attributes) {
    if (needs_key(rule)) sleeper.keys |= wide_mark(hash_of(rule.key));
  }
  if (bid.terms.resources.gpu) sleeper.gpu = hash_of(bid.terms.resources.gpu->model);
  if (c.runtime) sleeper.runtime = wide_hash_of(*c.runtime);
  places_.add(bid.id, place);
  tree_.insert(place);
}

void SleeperIndex::remove(const BidId& bid) {
  const std::optional<OfferPlace> place = places_.find(bid);
  if (!place) return;
  tree_.erase(*place);
  places_.remove(bid);
  store_.remove(*place);
}

// ---- in order ----

SleeperIndex::Walk::Walk(const SleeperIndex& index, const IndexedOffer& offer,
                         const DemandTurn& after, std::uint64_t before_height)
    : index_(index),
      offer_(offer),
      after_(after),
      before_height_(before_height),
      filter_(filter_of(offer, before_height)) {
  for (const auto& [key, value] : *offer.attributes) keys_ |= wide_mark(hash_of(key));
  if (!index.tree_.empty()) push({0, false, index.tree_.root_is_leaf(), index.tree_.root()});
}

std::optional<DemandTurn> SleeperIndex::Walk::next() {
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(),
                  [this](const Item& a, const Item& b) { return comes_later(a, b); });
    const Item item = heap_.back();
    heap_.pop_back();
    if (item.is_bid) return index_.sleepers_[item.number].turn;
    expand(item);
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

void SleeperIndex::Walk::expand(const Item& item) {
  if (!item.is_leaf) {
    const OfferBranch& branch = index_.store_.branches[item.number];
    for (std::uint32_t rest = filter_.children(branch); rest != 0; rest &= rest - 1) {
      const auto child = static_cast<std::size_t>(std::countr_zero(rest));
      push({branch.scale_min[child], false, branch.height == 1, branch.children[child]});
    }
    return;
  }
  const OfferLeaf& leaf = index_.store_.leaves[item.number];
  for (std::size_t i = 0; i < leaf.count; ++i) {
    const OfferPlace place = leaf.places[i];
    if (!filter_.lets_through(leaf.rows[i]) || !filter_.lets_through(index_.store_.rows[place]))
      continue;
    const Sleeper& sleeper = index_.sleepers_[place];
    if (sleeper.turn > after_ && sleeper.turn.height < before_height_ && may_want(sleeper))
      push({row_height(sleeper.turn.height), true, false, place});
  }
}

bool SleeperIndex::Walk::may_want(const Sleeper& sleeper) const {
  const auto& runtimes = *offer_.runtimes;
  return (sleeper.countries == 0 ||
          (sleeper.countries & wide_mark(hash_of(offer_.country))) != 0) &&
         (sleeper.keys & ~keys_) == 0 &&
         (sleeper.gpu == 0 ||
          (offer_.free.gpu && sleeper.gpu == hash_of(offer_.free.gpu->model))) &&
         (sleeper.runtime == 0 ||
          std::any_of(runtimes.begin(), runtimes.end(),
                      [&](const auto& one) { return sleeper.runtime == wide_hash_of(one); }));
}

}  // namespace fog::market
