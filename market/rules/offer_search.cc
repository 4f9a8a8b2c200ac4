// The search of an OfferIndex.
#include <algorithm>
#include <bit>

#include "market/rules/offer_index.h"
#include "market/rules/standing.h"
#include "market/types/cell.h"

namespace fog::market {
namespace {

template <class List, class Item>
bool contains(const List& list, const Item& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool fits(const IndexedOffer& offer, const OfferQuery& query) {
  return first_misfit_of_place(offer, query) == Misfit::kNone;
}

// How often `need` fits into `free`, at most 2^16.
std::uint32_t copies_of(const Room& free, const Room& need) {
  std::uint32_t copies = 1U << 16;
  for (std::size_t kind = 0; kind < kRoomKinds; ++kind) {
    if (need[kind] != 0) copies = std::min(copies, free[kind] / need[kind]);
  }
  return copies;
}

GlobeBox box_of(const OfferBranch& branch, std::size_t child) {
  GlobeBox box;
  for (std::size_t i = 0; i < 3; ++i) {
    box.min[i] = branch.box_min[i][child];
    box.max[i] = branch.box_max[i][child];
  }
  return box;
}

}  // namespace

bool OfferIndex::can_serve(const HostId& host, const OfferQuery& query,
                           const MarketParams& params) const {
  CHECK(touched_.empty());
  const std::optional<OfferPlace> place = places_.find(host);
  if (!place) return false;
  const IndexedOffer& offer = offers_[*place];
  const std::optional<QueryPrice> price = price_in(params.classes[offer.price_class], query);
  return price && first_misfit(offer, query, *price) == Misfit::kNone;
}

OfferIndex::Search::Search(const OfferIndex& index, const OfferQuery& query,
                           const MarketParams& params)
    : index_(index),
      store_(index.store_),
      query_(query),
      mask_(tie_mask(query.beacon, query.bid)),
      mask_prefix_(id_prefix(mask_)) {
  CHECK(index.touched_.empty());
  const BidTerms& terms = query.terms;
  const Constraints& c = terms.constraints;
  near_counts_ = terms.near && terms.latency_weight != 0;
  if (near_counts_) near_ = globe_point(*terms.near);
  draw_rings();
  std::set<std::string> countries;
  for (const auto& country : c.countries) countries.insert(country);
  filter_.need = room_of(terms.resources);
  if (!countries.empty()) filter_.any_marks = 0;
  for (const std::string& country : countries) filter_.any_marks |= country_mark(country);
  if (terms.resources.gpu) filter_.all_marks |= gpu_mark(terms.resources.gpu->model);
  if (c.runtime) filter_.all_marks |= runtime_mark(*c.runtime);
  for (const HostId& host : c.only_hosts) only_ids_.push_back(id_prefix(host));
  heap_.reserve(128);
  for (std::uint8_t price_class = 0; price_class < params.classes.size(); ++price_class) {
    const std::optional<QueryPrice> price = price_in(params.classes[price_class], query);
    if (!price) continue;
    if (near_counts_ || c.ask_place()) {
      add_tree(price_class, OfferFamily::kPlace, {}, *price);
    } else if (terms.resources.gpu) {
      add_tree(price_class, OfferFamily::kGpu, terms.resources.gpu->model, *price);
    } else if (countries.empty()) {
      add_tree(price_class, OfferFamily::kAll, {}, *price);
    } else {
      for (const std::string& country : countries)
        add_tree(price_class, OfferFamily::kCountry, country, *price);
    }
  }
}

// Exact enough to leave out what surely lies elsewhere; fits() decides.
void OfferIndex::Search::draw_rings() {
  const Constraints& c = query_.terms.constraints;
  std::uint32_t most = c.distance_max_km != 0 ? c.distance_max_km : ~std::uint32_t{0};
  if (c.latency_max_us != 0) most = std::min(most, farthest_km(c.latency_max_us));
  if (query_.terms.near && most != ~std::uint32_t{0})
    within_ = Ring{globe_point(*query_.terms.near), most};
  for (const Cell& cell : c.cells) {
    // Nothing in a cell is farther from its middle than its corners are.
    const Area area = area_of(cell);
    const Location middle{{}, (area.lat_min + area.lat_max) / 2, (area.lon_min + area.lon_max) / 2};
    std::uint32_t km = 0;
    for (const std::uint32_t lat : {area.lat_min, area.lat_max}) {
      for (const std::uint32_t lon : {area.lon_min, area.lon_max})
        km = std::max(km, distance_km(middle, {{}, lat, lon}));
    }
    cells_.push_back({globe_point(middle), km + km / 50 + 2});  // for what distances are wrong by
  }
}

template <class PointOrBox>
bool OfferIndex::Search::may_lie_in(const PointOrBox& where) const {
  const auto reaches = [&](const Ring& ring) {
    return distance_at_least_km(ring.middle, where) <= ring.km;
  };
  return (!within_ || reaches(*within_)) &&
         (cells_.empty() || std::any_of(cells_.begin(), cells_.end(), reaches));
}

// Its root stands for all that is in it, and before everything.
void OfferIndex::Search::add_tree(std::uint8_t price_class, OfferFamily family,
                                  const std::string& name, const QueryPrice& price) {
  const OfferTree* tree = index_.find(price_class, family, name);
  if (tree == nullptr) return;
  trees_.push_back({tree, price});
  Item root;
  root.number = tree->root();
  root.tree = static_cast<std::uint16_t>(trees_.size() - 1);
  root.kind = tree->root_is_leaf() ? Kind::kLeaf : Kind::kBranch;
  push(root);
}

std::optional<Candidate> OfferIndex::Search::next() {
  while (!heap_.empty()) {
    const Item item = pop();
    switch (item.kind) {
      case Kind::kRest:
      case Kind::kBranch:
        expand(item);
        break;
      case Kind::kLeaf:
        scan(item);
        break;
      case Kind::kNear:
        push(with_exact_score(item));
        break;
      case Kind::kOffer:
        if (auto candidate = judge(item)) return candidate;
        break;
    }
  }
  return std::nullopt;
}

// ---- the heap ----

// Whether a comes after b.
bool OfferIndex::Search::comes_later(const Item& a, const Item& b) const {
  if (a.score != b.score) return a.score > b.score;
  if (a.tie != b.tie) return a.tie > b.tie;
  if (a.kind != b.kind) return a.kind > b.kind;
  if (a.kind < Kind::kNear) return false;
  return tie_of(mask_, index_.offers_[a.number].host) >
         tie_of(mask_, index_.offers_[b.number].host);
}

void OfferIndex::Search::push(const Item& item) {
  heap_.push_back(item);
  std::push_heap(heap_.begin(), heap_.end(),
                 [this](const Item& a, const Item& b) { return comes_later(a, b); });
}

OfferIndex::Search::Item OfferIndex::Search::pop() {
  std::pop_heap(heap_.begin(), heap_.end(),
                [this](const Item& a, const Item& b) { return comes_later(a, b); });
  const Item item = heap_.back();
  heap_.pop_back();
  return item;
}

// ---- branches ----

OfferIndex::Search::Item OfferIndex::Search::child_item(const OfferBranch& branch,
                                                        std::size_t child,
                                                        std::uint16_t tree) const {
  Item item;
  item.number = branch.children[child];
  item.tree = tree;
  item.kind = branch.height == 1 ? Kind::kLeaf : Kind::kBranch;
  Candidate best;
  best.hourly = trees_[tree].price.hourly;
  if (near_counts_) {
    best.distance_cost = std::uint64_t{query_.terms.latency_weight} *
                         distance_at_least_km(near_, box_of(branch, child));
  }
  item.score = score_at(best, branch.scale_min[child]);
  const int open = branch.id_open[child];
  item.tie = open == 64 ? 0 : (branch.id[child] ^ mask_prefix_) >> open << open;
  return item;
}

// Where children stand by scale, those that are dearer than the first wait as one.
void OfferIndex::Search::expand(const Item& item) {
  const OfferBranch& branch = store_.branches[item.number];
  const bool by_scale = trees_[item.tree].tree->order() == OfferOrder::kByScale;
  std::uint32_t children = filter_.children(branch) >> item.child << item.child;
  if (children == 0) return;
  const Scale lowest = branch.scale_min[static_cast<std::size_t>(std::countr_zero(children))];
  const bool asks_place = within_.has_value() || !cells_.empty();
  for (; children != 0; children &= children - 1) {
    const auto child = static_cast<std::size_t>(std::countr_zero(children));
    if (asks_place && !may_lie_in(box_of(branch, child))) continue;
    Item next = child_item(branch, child, item.tree);
    if (by_scale && branch.scale_min[child] > lowest) {
      next.number = item.number;
      next.tie = 0;
      next.kind = Kind::kRest;
      next.child = static_cast<std::uint8_t>(child);
      push(next);
      return;
    }
    if (next.kind == Kind::kLeaf) {
      store_.leaves.prefetch(next.number);
    }
    push(next);
  }
}

// ---- Offers ----

void OfferIndex::Search::scan(const Item& item) {
  const OfferLeaf& leaf = store_.leaves[item.number];
  for (std::size_t i = 0; i < leaf.count; ++i) store_.rows.prefetch(leaf.places[i]);
  for (std::size_t i = 0; i < leaf.count; ++i) consider(leaf.places[i], item.tree);
}

void OfferIndex::Search::consider(OfferPlace place, std::uint16_t tree) {
  const OfferRow& row = store_.rows[place];
  if (!filter_.lets_through(row) || !may_lie_in(row.at)) return;
  const TraitsVerdict& verdict = verdict_on(row.traits);
  if (!verdict.fits) return;
  const std::uint16_t standing =
      healed_standing(row.standing, row.standing_as_of_ms, query_.time_ms);
  Item item;
  item.number = place;
  item.tree = tree;
  item.tie = row.id ^ mask_prefix_;
  item.kind = near_counts_ ? Kind::kNear : Kind::kOffer;
  Candidate candidate;
  candidate.hourly = trees_[tree].price.hourly;
  candidate.factor = standing_factor(standing);
  if (near_counts_) {
    candidate.distance_cost =
        std::uint64_t{query_.terms.latency_weight} * distance_at_least_km(near_, row.at);
  }
  item.score = score_at(candidate, row.scale);
  if (may_satisfy(row, verdict, standing, trees_[tree])) {
    push(item);
    return;
  }
  failed_.push_back({item, Fit::kUnknown});
  if (failed_.size() + tested_ < failed_max_) return;
  // Enough to look whether the best that is left has so many before it.
  if (!heap_.empty() && tested_ + failed_before(heap_.front()) >= kSearchMax) heap_.clear();
  failed_max_ = failed_.size() + tested_ + kSearchMax / 4;
}

bool OfferIndex::Search::may_satisfy(const OfferRow& row, const TraitsVerdict& verdict,
                                     std::uint16_t standing, const Tree& tree) const {
  return verdict.satisfies && row.scale <= tree.price.cap && row.scale <= tree.price.unit_cap &&
         standing >= query_.terms.constraints.standing_min &&
         (only_ids_.empty() || contains(only_ids_, row.id));
}

const OfferIndex::Search::TraitsVerdict& OfferIndex::Search::verdict_on(std::uint32_t traits) {
  TraitsVerdict& verdict = verdicts_[traits % verdicts_.size()];
  if (verdict.traits == traits) return verdict;
  const Traits& says = index_.traits_by_number_[traits]->first;
  verdict.traits = traits;
  verdict.fits = runs(says.attributes, says.runtimes, query_);
  verdict.satisfies = says_enough(says.attributes, query_);
  return verdict;
}

// Its turn has come: nothing that is left is better.
std::optional<Candidate> OfferIndex::Search::judge(const Item& item) {
  const IndexedOffer& offer = index_.offers_[item.number];
  if (!fits(offer, query_)) return std::nullopt;
  if (tested_ + failed_.size() >= kSearchMax && tested_ + failed_before(item) >= kSearchMax) {
    heap_.clear();
    return std::nullopt;
  }
  ++tested_;
  const QueryPrice& price = trees_[item.tree].price;
  if (first_misfit_of_rest(offer, query_, price) != Misfit::kNone) return std::nullopt;
  return candidate_of(offer, price);
}

OfferIndex::Search::Item OfferIndex::Search::with_exact_score(const Item& item) const {
  Item exact = item;
  const IndexedOffer& offer = index_.offers_[item.number];
  exact.score = score_at(candidate_of(offer, trees_[item.tree].price), offer.scale);
  exact.kind = Kind::kOffer;
  return exact;
}

// Of those that were only counted, how many fit and come before the item.
std::size_t OfferIndex::Search::failed_before(const Item& item) {
  std::size_t before = 0;
  for (Failed& failed : failed_) {
    if (failed.fit == Fit::kNot || comes_later(failed.item, item)) continue;
    if (failed.fit == Fit::kUnknown) {
      const bool does = fits(index_.offers_[failed.item.number], query_);
      failed.fit = does ? Fit::kIs : Fit::kNot;
      if (does && failed.item.kind == Kind::kNear) failed.item = with_exact_score(failed.item);
    }
    if (failed.fit == Fit::kIs && comes_later(item, failed.item)) ++before;
  }
  return before;
}

Candidate OfferIndex::Search::candidate_of(const IndexedOffer& offer,
                                           const QueryPrice& price) const {
  const BidTerms& terms = query_.terms;
  Candidate candidate;
  candidate.host = offer.host;
  candidate.owner = offer.owner;
  candidate.country = offer.country;
  candidate.scale = offer.scale;
  candidate.unit_cap = price.unit_cap;
  candidate.hourly = price.hourly;
  candidate.factor =
      standing_factor(healed_standing(offer.standing, offer.standing_as_of_ms, query_.time_ms));
  if (near_counts_) {
    std::uint32_t km = distance_km(offer.location, *terms.near);
    for (const RoundTrip& trip : query_.round_trips) {
      if (trip.host == offer.host) km = std::max(km, round_trip_km(trip.micros));
    }
    candidate.distance_cost = std::uint64_t{terms.latency_weight} * km;
  }
  candidate.copies = copies_of(room_of(offer.free), filter_.need);
  return candidate;
}

}  // namespace fog::market
