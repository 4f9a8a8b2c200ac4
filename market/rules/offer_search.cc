// The search of an OfferIndex.
#include <algorithm>
#include <bit>

#include "market/rules/offer_index.h"
#include "market/rules/standing.h"

namespace fog::market {
namespace {

template <class List, class Item>
bool contains(const List& list, const Item& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool says_it_runs(const Attributes& attributes, RuntimeKind kind) {
  const std::string_view name = runtime_attribute(kind);
  if (name.empty()) return true;
  const auto found = attributes.find(BoundedText<32>(std::string(name)));
  return found != attributes.end() && found->second == "1";
}

bool runs(const std::vector<RuntimeProfile>& runtimes, const Attributes& attributes,
          const OfferQuery& query) {
  const auto& wanted = query.terms.constraints.runtime;
  return (!wanted || contains(runtimes, *wanted)) && says_it_runs(attributes, query.runtime);
}

bool has_attributes(const Attributes& attributes, const Constraints& c) {
  return std::all_of(c.attributes.begin(), c.attributes.end(), [&](const auto& wanted) {
    const auto found = attributes.find(wanted.first);
    return found != attributes.end() && found->second == wanted.second;
  });
}

// Runtime, region, GPU and free capacity: what a search looks at first.
bool fits(const IndexedOffer& offer, const OfferQuery& query) {
  const Constraints& c = query.terms.constraints;
  return offer.since_height < query.height &&
         (c.countries.empty() || contains(c.countries, offer.country)) &&
         runs(*offer.runtimes, *offer.attributes, query) && offer.free.fits(query.terms.resources);
}

bool satisfies_rest(const IndexedOffer& offer, const OfferQuery& query, std::uint64_t hourly) {
  const Constraints& c = query.terms.constraints;
  return has_attributes(*offer.attributes, c) &&
         (c.only_hosts.empty() || contains(c.only_hosts, offer.host)) &&
         !contains(c.not_hosts, offer.host) && !query.excluded.contains(offer.host) &&
         healed_standing(offer.standing, offer.standing_as_of_ms, query.time_ms) >=
             c.standing_min &&
         offer.scale <= cap_scale(cap_of_step(query.terms.cap_step), hourly);
}

// How often `need` fits into `free`, at most 2^16.
std::uint32_t copies_of(const Room& free, const Room& need) {
  std::uint32_t copies = 1U << 16;
  for (std::size_t kind = 0; kind < kRoomKinds; ++kind) {
    if (need[kind] != 0) copies = std::min(copies, free[kind] / need[kind]);
  }
  return copies;
}

}  // namespace

std::string_view runtime_attribute(RuntimeKind kind) {
  switch (kind) {
    case RuntimeKind::kWasmCommand:
      return {};
    case RuntimeKind::kWasmHttp:
      return "runtime.wasm-http";
    case RuntimeKind::kContainer:
      return "runtime.container";
  }
  return {};
}

bool OfferIndex::can_serve(const HostId& host, const OfferQuery& query,
                           const MarketParams& params) const {
  CHECK(touched_.empty());
  const std::optional<OfferPlace> place = places_.find(host);
  if (!place) return false;
  const IndexedOffer& offer = offers_[*place];
  if (!fits(offer, query)) return false;
  const auto hourly = hourly_at_scale_one(params.classes[offer.price_class].prices,
                                          query.terms.resources, query.profile);
  return hourly && satisfies_rest(offer, query, *hourly);
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
    const auto hourly =
        hourly_at_scale_one(params.classes[price_class].prices, terms.resources, query.profile);
    if (!hourly) continue;  // beyond 64 bits
    if (near_counts_) {
      add_tree(price_class, OfferFamily::kPlace, {}, *hourly);
    } else if (terms.resources.gpu) {
      add_tree(price_class, OfferFamily::kGpu, terms.resources.gpu->model, *hourly);
    } else if (countries.empty()) {
      add_tree(price_class, OfferFamily::kAll, {}, *hourly);
    } else {
      for (const std::string& country : countries)
        add_tree(price_class, OfferFamily::kCountry, country, *hourly);
    }
  }
}

// Its root stands for all that is in it, and before everything.
void OfferIndex::Search::add_tree(std::uint8_t price_class, OfferFamily family,
                                  const std::string& name, std::uint64_t hourly) {
  const OfferTree* tree = index_.find(price_class, family, name);
  if (tree == nullptr) return;
  trees_.push_back({tree, hourly, cap_scale(cap_of_step(query_.terms.cap_step), hourly)});
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
  best.hourly = trees_[tree].hourly;
  if (near_counts_) {
    GlobeBox box;
    for (std::size_t i = 0; i < 3; ++i) {
      box.min[i] = branch.box_min[i][child];
      box.max[i] = branch.box_max[i][child];
    }
    best.distance_cost =
        std::uint64_t{query_.terms.latency_weight} * distance_at_least_km(near_, box);
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
  for (; children != 0; children &= children - 1) {
    const auto child = static_cast<std::size_t>(std::countr_zero(children));
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
  if (!filter_.lets_through(row)) return;
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
  candidate.hourly = trees_[tree].hourly;
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
  return verdict.satisfies && row.scale <= tree.scale_max &&
         standing >= query_.terms.constraints.standing_min &&
         (only_ids_.empty() || contains(only_ids_, row.id));
}

const OfferIndex::Search::TraitsVerdict& OfferIndex::Search::verdict_on(std::uint32_t traits) {
  TraitsVerdict& verdict = verdicts_[traits % verdicts_.size()];
  if (verdict.traits == traits) return verdict;
  const Traits& says = index_.traits_by_number_[traits]->first;
  verdict.traits = traits;
  verdict.fits = runs(says.runtimes, says.attributes, query_);
  verdict.satisfies = has_attributes(says.attributes, query_.terms.constraints);
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
  const std::uint64_t hourly = trees_[item.tree].hourly;
  if (!satisfies_rest(offer, query_, hourly)) return std::nullopt;
  return candidate_of(offer, hourly);
}

OfferIndex::Search::Item OfferIndex::Search::with_exact_score(const Item& item) const {
  Item exact = item;
  const IndexedOffer& offer = index_.offers_[item.number];
  exact.score = score_at(candidate_of(offer, trees_[item.tree].hourly), offer.scale);
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

Candidate OfferIndex::Search::candidate_of(const IndexedOffer& offer, std::uint64_t hourly) const {
  const BidTerms& terms = query_.terms;
  Candidate candidate;
  candidate.host = offer.host;
  candidate.owner = offer.owner;
  candidate.country = offer.country;
  candidate.scale = offer.scale;
  candidate.hourly = hourly;
  candidate.factor =
      standing_factor(healed_standing(offer.standing, offer.standing_as_of_ms, query_.time_ms));
  if (near_counts_) {
    candidate.distance_cost =
        std::uint64_t{terms.latency_weight} * distance_km(offer.location, *terms.near);
  }
  candidate.copies = copies_of(room_of(offer.free), filter_.need);
  return candidate;
}

}  // namespace fog::market
