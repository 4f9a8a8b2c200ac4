#include "market/rules/offer_index.h"

#include <algorithm>
#include <bit>

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

// How often `need` fits into `free`, at most 2^16.
std::uint32_t copies_of(const Resources& free, const Resources& need) {
  std::uint32_t copies = 1U << 16;
  const auto bound = [&](std::uint32_t have, std::uint32_t each) {
    if (each != 0) copies = std::min(copies, have / each);
  };
  bound(free.cpu_milli, need.cpu_milli);
  bound(free.memory_mib, need.memory_mib);
  bound(free.storage_mib, need.storage_mib);
  bound(free.egress_mbps, need.egress_mbps);
  if (need.gpu) bound(free.gpu->milli, need.gpu->milli);
  return copies;
}

// Whether both stand in the same trees, at the same places.
bool stands_alike(const IndexedOffer& a, const IndexedOffer& b) {
  const auto model = [](const IndexedOffer& offer) {
    return offer.free.gpu ? std::string_view(offer.free.gpu->model) : std::string_view();
  };
  return a.price_class == b.price_class && a.scale == b.scale && a.country == b.country &&
         a.location == b.location && model(a) == model(b);
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

// ---- the index ----

void OfferIndex::touch_all(const ReadView& state) {
  const StateKey prefix = state_key(Table::kOffersByClass);
  state.scan(prefix, prefix_end(prefix), [&](const StateKey& key, const Bytes&) {
    const auto host = fixed_from<32>(ByteView(key).subspan(1 + 1 + 4));
    CHECK(host.has_value());
    touched_.insert(*host);
    return true;
  });
}

void OfferIndex::touch(const Changes& changes) {
  for (const Table table : {Table::kHost, Table::kOffer}) {
    const StateKey prefix = state_key(table);
    for (auto at = changes.lower_bound(prefix); at != changes.end(); ++at) {
      if (at->first.size() != 1 + 32 || at->first[0] != prefix[0]) break;
      touched_.insert(*fixed_from<32>(ByteView(at->first).subspan(1)));
    }
  }
}

void OfferIndex::refresh(const ReadView& state) {
  for (const HostId& host : std::exchange(touched_, {})) {
    std::optional<IndexedOffer> now = read(state, host);
    if (now) {
      put(host, *std::move(now));
    } else {
      remove(host);
    }
  }
}

// Nothing for a Host that cannot serve whatever the Bid.
std::optional<IndexedOffer> OfferIndex::read(const ReadView& state, const HostId& host_id) {
  const std::optional<Offer> offer = load<Offer>(state, offer_key(host_id));
  if (!offer) return std::nullopt;
  const Host host = must_load_host(state, host_id);
  if (host.retired_at_ms != 0 || host.down_since_ms != 0 || host.runtimes.empty())
    return std::nullopt;
  IndexedOffer out;
  out.host = host_id;
  out.owner = host.owner;
  out.country = host.location.country;
  out.price_class = offer->price_class;
  out.scale = offer->scale;
  out.free = offer->free;
  out.location = host.location;
  out.standing = host.standing;
  out.standing_as_of_ms = host.standing_as_of_ms;
  out.since_height = offer->since_height;
  out.attributes = share(attributes_, host.attributes);
  out.runtimes =
      share(runtimes_, std::vector<RuntimeProfile>(host.runtimes.begin(), host.runtimes.end()));
  return out;
}

void OfferIndex::put(const HostId& host, IndexedOffer&& offer) {
  const auto found = places_.find(host);
  OfferPlace place = 0;
  if (found != places_.end()) {
    place = found->second;
    if (table_[place] == offer) {  // the shares just taken are one too many
      release(attributes_, offer.attributes);
      release(runtimes_, offer.runtimes);
      return;
    }
    const bool stays = stands_alike(table_[place], offer);
    if (!stays) each_tree(table_[place], [&](OfferTree& tree) { tree.erase(place); });
    release(attributes_, table_[place].attributes);
    release(runtimes_, table_[place].runtimes);
    if (stays) {  // most changes are of room
      table_[place] = std::move(offer);
      each_tree(table_[place], [&](OfferTree& tree) { tree.refresh(place); });
      return;
    }
  } else {
    if (free_places_.empty()) {
      place = static_cast<OfferPlace>(table_.size());
      table_.emplace_back();
    } else {
      place = free_places_.back();
      free_places_.pop_back();
    }
    places_.emplace(host, place);
  }
  table_[place] = std::move(offer);
  each_tree(table_[place], [&](OfferTree& tree) { tree.insert(place); });
}

void OfferIndex::remove(const HostId& host) {
  const auto found = places_.find(host);
  if (found == places_.end()) return;
  const OfferPlace place = found->second;
  each_tree(table_[place], [&](OfferTree& tree) { tree.erase(place); });
  release(attributes_, table_[place].attributes);
  release(runtimes_, table_[place].runtimes);
  table_[place] = {};
  free_places_.push_back(place);
  places_.erase(found);
}

// Trees that have become empty go: their names come from Hosts.
template <class Use>
void OfferIndex::each_tree(const IndexedOffer& offer, const Use& use) {
  const auto one = [&](Family family, const std::string& name, OfferOrder order) {
    const auto at =
        trees_.try_emplace(TreeKey(offer.price_class, family, name), table_, order).first;
    use(at->second);
    if (at->second.empty()) trees_.erase(at);
  };
  one(Family::kAll, {}, OfferOrder::kByScale);
  one(Family::kCountry, offer.country, OfferOrder::kByScale);
  one(Family::kCell, {}, OfferOrder::kByCell);
  if (offer.free.gpu) one(Family::kGpu, offer.free.gpu->model, OfferOrder::kByScale);
}

const OfferTree* OfferIndex::find(std::uint8_t price_class, Family family,
                                  const std::string& name) const {
  const auto found = trees_.find(TreeKey(price_class, family, name));
  return found == trees_.end() ? nullptr : &found->second;
}

template <class T>
const T* OfferIndex::share(Shared<T>& all, const T& value) {
  const auto at = all.try_emplace(value, 0).first;
  ++at->second;
  return &at->first;
}

template <class T>
void OfferIndex::release(Shared<T>& all, const T* value) {
  const auto at = all.find(*value);
  CHECK(at != all.end());
  if (--at->second == 0) all.erase(at);
}

bool OfferIndex::can_serve(const HostId& host, const OfferQuery& query,
                           const MarketParams& params) const {
  const auto found = places_.find(host);
  return found != places_.end() &&
         Search(*this, query, params).accepts(table_[found->second], params);
}

std::size_t OfferIndex::memory_bytes() const {
  // An entry of a map: key, place, links, what the allocator adds.
  std::size_t bytes = table_.size() * sizeof(IndexedOffer) + places_.size() * 96;
  for (const auto& [key, tree] : trees_) bytes += sizeof(tree) + tree.memory_bytes();
  return bytes;
}

// ---- a search ----

OfferIndex::Search::Search(const OfferIndex& index, const OfferQuery& query,
                           const MarketParams& params)
    : index_(index), query_(query), mask_(tie_mask(query.beacon, query.bid)) {
  CHECK(index.touched_.empty());
  const BidTerms& terms = query.terms;
  mask_prefix_ = id_prefix(mask_);
  cap_ = cap_of_step(terms.cap_step);
  near_counts_ = terms.near && terms.latency_weight != 0;
  std::set<std::string> countries;
  for (const auto& country : terms.constraints.countries) {
    countries.insert(country);
    countries_ |= text_bit(country);
  }
  if (terms.resources.gpu) gpus_ = text_bit(terms.resources.gpu->model);
  if (terms.constraints.runtime) runtimes_ = profile_bit(*terms.constraints.runtime);
  for (std::uint8_t price_class = 0; price_class < params.classes.size(); ++price_class) {
    const auto hourly =
        hourly_at_scale_one(params.classes[price_class].prices, terms.resources, query.profile);
    if (!hourly) continue;  // beyond 64 bits
    const auto add = [&](Family family, const std::string& name) {
      const OfferTree* tree = index.find(price_class, family, name);
      if (tree == nullptr) return;
      trees_.push_back({tree, *hourly});
      push(tree->summary(), tree->root(), static_cast<std::uint16_t>(trees_.size() - 1));
    };
    if (near_counts_) {
      add(Family::kCell, {});
    } else if (terms.resources.gpu) {
      add(Family::kGpu, terms.resources.gpu->model);
    } else if (countries.empty()) {
      add(Family::kAll, {});
    } else {
      for (const std::string& country : countries) add(Family::kCountry, country);
    }
  }
}

std::optional<Candidate> OfferIndex::Search::next() {
  const auto later = [&](const Item& a, const Item& b) { return comes_later(a, b); };
  while (!heap_.empty() && tested_ < kSearchMax) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Item item = heap_.back();
    heap_.pop_back();
    const Tree& tree = trees_[item.tree];
    if (item.kind == Kind::kOffer) {
      ++tested_;
      const IndexedOffer& offer = index_.table_[item.place];
      Candidate candidate = candidate_of(offer, tree.hourly);
      if (satisfies_rest(offer, candidate)) return candidate;
    } else if (item.branch.height == 0) {
      tree.tree->places(item.branch, [&](OfferPlace place) { push(place, item.tree); });
    } else {
      tree.tree->branches(item.branch,
                          [&](const OfferSummary& summary, const OfferTree::Branch& branch) {
                            push(summary, branch, item.tree);
                          });
    }
  }
  return std::nullopt;
}

void OfferIndex::Search::push(const OfferSummary& summary, const OfferTree::Branch& branch,
                              std::uint16_t tree) {
  if (!may_serve(summary)) return;
  Candidate best;
  best.hourly = trees_[tree].hourly;
  best.factor = standing_factor(kStandingOne);
  if (near_counts_) {
    best.distance_cost = std::uint64_t{query_.terms.latency_weight} *
                         distance_at_least_km(*query_.terms.near, summary.area);
  }
  heap_.push_back(
      {score_at(best, summary.scale_min), lowest_tie(summary), Kind::kBranch, tree, branch, 0});
  std::push_heap(heap_.begin(), heap_.end(),
                 [&](const Item& a, const Item& b) { return comes_later(a, b); });
}

void OfferIndex::Search::push(OfferPlace place, std::uint16_t tree) {
  const IndexedOffer& offer = index_.table_[place];
  if (!fits(offer)) return;
  const Candidate candidate = candidate_of(offer, trees_[tree].hourly);
  heap_.push_back({score_at(candidate, offer.scale),
                   id_prefix(offer.host) ^ mask_prefix_,
                   Kind::kOffer,
                   tree,
                   {},
                   place});
  std::push_heap(heap_.begin(), heap_.end(),
                 [&](const Item& a, const Item& b) { return comes_later(a, b); });
}

bool OfferIndex::Search::accepts(const IndexedOffer& offer, const MarketParams& params) const {
  if (!fits(offer)) return false;
  const auto hourly = hourly_at_scale_one(params.classes[offer.price_class].prices,
                                          query_.terms.resources, query_.profile);
  return hourly && satisfies_rest(offer, candidate_of(offer, *hourly));
}

// Branches before Offers of the same rank: they may hide a better one.
bool OfferIndex::Search::comes_later(const Item& a, const Item& b) const {
  if (a.score != b.score) return a.score > b.score;
  if (a.tie != b.tie) return a.tie > b.tie;
  if (a.kind != b.kind) return a.kind > b.kind;
  if (a.kind == Kind::kBranch) return false;
  return tie_of(mask_, index_.table_[a.place].host) > tie_of(mask_, index_.table_[b.place].host);
}

// Of all numbers between the two ids, xor the mask: where they begin alike, that is known.
std::uint64_t OfferIndex::Search::lowest_tie(const OfferSummary& summary) const {
  const std::uint64_t differ = summary.id_min ^ summary.id_max;
  const std::uint64_t tie = summary.id_min ^ mask_prefix_;
  if (differ == 0) return tie;
  const int low_bits = 64 - std::countl_zero(differ);
  return low_bits == 64 ? 0 : tie >> low_bits << low_bits;
}

bool OfferIndex::Search::may_serve(const OfferSummary& summary) const {
  const Resources& need = query_.terms.resources;
  return need.cpu_milli <= summary.cpu_milli && need.memory_mib <= summary.memory_mib &&
         need.storage_mib <= summary.storage_mib && need.egress_mbps <= summary.egress_mbps &&
         (!need.gpu || (need.gpu->milli <= summary.gpu_milli && (gpus_ & summary.gpus) != 0)) &&
         (countries_ == 0 || (countries_ & summary.countries) != 0) &&
         (runtimes_ & summary.runtimes) == runtimes_;
}

// Runtime, region, GPU and free capacity: what a search looks at first.
bool OfferIndex::Search::fits(const IndexedOffer& offer) const {
  const BidTerms& terms = query_.terms;
  const Constraints& c = terms.constraints;
  return offer.since_height < query_.height &&
         (c.countries.empty() || contains(c.countries, offer.country)) &&
         (!c.runtime || contains(*offer.runtimes, *c.runtime)) &&
         says_it_runs(*offer.attributes, query_.runtime) && offer.free.fits(terms.resources);
}

bool OfferIndex::Search::satisfies_rest(const IndexedOffer& offer,
                                        const Candidate& candidate) const {
  const Constraints& c = query_.terms.constraints;
  const bool has_attributes =
      std::all_of(c.attributes.begin(), c.attributes.end(), [&](const auto& wanted) {
        const auto found = offer.attributes->find(wanted.first);
        return found != offer.attributes->end() && found->second == wanted.second;
      });
  return has_attributes && (c.only_hosts.empty() || contains(c.only_hosts, offer.host)) &&
         !contains(c.not_hosts, offer.host) && !query_.excluded.contains(offer.host) &&
         healed_standing(offer.standing, offer.standing_as_of_ms, query_.time_ms) >=
             c.standing_min &&
         candidate.scale <= cap_scale(cap_, candidate.hourly);
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
  candidate.copies = copies_of(offer.free, terms.resources);
  return candidate;
}

}  // namespace fog::market
