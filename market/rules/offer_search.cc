// The search of an OfferIndex.
#include <algorithm>
#include <bit>

#include "market/rules/offer_index.h"
#include "market/rules/standing.h"
#include "market/types/cell.h"

namespace fog::market {
namespace {

// Starts to fetch the first so many bytes of a node into the cache.
template <class Node>
void prefetch(const Node& node, std::size_t bytes) {
  constexpr std::size_t kLine = 64;
  const auto* from = reinterpret_cast<const char*>(&node);
  for (std::size_t at = 0; at < bytes; at += kLine) __builtin_prefetch(from + at);
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
  CHECK(touched_.empty() && !reads_all_);
  const IndexedOffer* offer = find_offer(host);
  if (offer == nullptr) return false;
  const std::optional<QueryPrice> price = price_in(params.classes[offer->price_class], query);
  return price && first_misfit(*offer, query, *price) == Misfit::kNone;
}

OfferIndex::Search::Search(const OfferIndex& index, const OfferQuery& query,
                           const MarketParams& params)
    : index_(index),
      store_(index.store_),
      query_(query),
      mask_(tie_mask(query.beacon, query.bid)),
      mask_prefix_(id_prefix(mask_)) {
  CHECK(index.touched_.empty() && !index.reads_all_);
  const BidTerms& terms = query.terms;
  const Constraints& c = terms.constraints;
  near_counts_ = terms.near && terms.latency_weight != 0;
  if (near_counts_) near_ = globe_point(*terms.near);
  draw_rings();
  for (const auto& country : c.countries) countries_.push_back(country_code(country));
  filter_.need = room_of(terms.resources);
  if (c.runtime) filter_.all_marks = runtime_mark(*c.runtime);
  by_place_ = near_counts_ || c.ask_place();
  if (by_place_) {  // elsewhere the tree is of the country or the GPU
    if (!c.countries.empty()) filter_.any_marks = 0;
    for (const auto& country : c.countries) filter_.any_marks |= country_mark(country);
    if (terms.resources.gpu) filter_.all_marks |= gpu_mark(terms.resources.gpu->model);
  }
  rows_tell_ = query.height <= ~std::uint32_t{0} && c.not_countries.empty() && !c.ask_place() &&
               !(by_place_ && terms.resources.gpu);
  read_attributes();
  for (const HostId& host : c.only_hosts) only_ids_.push_back(id_prefix(host));
  for (std::size_t n = 0; n < params.classes.size(); ++n) {
    const std::optional<QueryPrice> price = price_in(params.classes[n], query);
    if (!price) continue;
    prices_[n] = *price;
    payable_ |= 1U << n;
  }
  branch_bytes_ = offsetof(OfferBranch, box_min);
  if (by_place_) {
    branch_bytes_ = offsetof(OfferBranch, class_scales) +
                    params.classes.size() * sizeof(OfferBranch::Column<Scale>);
  }
  heap_.reserve(128);
  siblings_.emplace_back();
  add_trees();
}

// Marks of what the Host must say of itself, one by one and two by two.
void OfferIndex::Search::read_attributes() {
  using Says = std::pair<std::string_view, std::string_view>;
  std::vector<Says> asked;
  const std::string_view runtime = runtime_attribute(query_.runtime);
  if (!runtime.empty()) asked.emplace_back(runtime, "1");
  for (const AttributeRule& rule : query_.terms.constraints.attributes) {
    if (!rule.audited && rule.op == AttributeOp::kEquals)
      asked.emplace_back(rule.key, rule.values.front());
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    says_ |= says_mark(asked[i].first, asked[i].second);
    for (std::size_t j = 0; j < i; ++j)
      says_both_ |=
          says_both_mark(asked[i].first, asked[i].second, asked[j].first, asked[j].second);
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

void OfferIndex::Search::add_trees() {
  const BidTerms& terms = query_.terms;
  if (by_place_) return add_tree(kAllClasses, OfferFamily::kPlace, {});
  const auto& countries = terms.constraints.countries;
  for (std::uint8_t price_class = 0; price_class < kPriceClassesMax; ++price_class) {
    if (!can_pay(price_class)) continue;
    if (terms.resources.gpu) {
      add_tree(price_class, OfferFamily::kGpu, terms.resources.gpu->model);
    } else if (countries.empty()) {
      add_tree(price_class, OfferFamily::kAll, {});
    } else {
      for (auto one = countries.begin(); one != countries.end(); ++one) {
        if (std::find(countries.begin(), one, *one) == one)
          add_tree(price_class, OfferFamily::kCountry, *one);
      }
    }
  }
}

// Its root stands for all that is in it, and before everything.
void OfferIndex::Search::add_tree(std::uint8_t price_class, OfferFamily family,
                                  const std::string& name) {
  const OfferTree* tree = index_.find(price_class, family, name);
  if (tree == nullptr) return;
  trees_.push_back({tree->order(), price_class});
  Item root;
  root.number = tree->root();
  root.tree = static_cast<std::uint16_t>(trees_.size() - 1);
  root.kind = tree->root_is_leaf() ? Kind::kLeaf : Kind::kBranch;
  push(root);
}

std::optional<Candidate> OfferIndex::Search::next() {
  while (!heap_.empty()) {
    const Item item = pop();
    if (item.next != 0) push(siblings_[item.next]);
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

void OfferIndex::Search::fetch_leaf(const Item& leaf) const {
  prefetch(store_.leaves[leaf.number], sizeof(OfferLeaf));
}

void OfferIndex::Search::push(const Item& item) {
  if (item.kind == Kind::kLeaf) {
    fetch_leaf(item);
  } else if (item.kind == Kind::kBranch) {
    prefetch(store_.branches[item.number], branch_bytes_);
  }
  heap_.push_back(item);
  std::push_heap(heap_.begin(), heap_.end(),
                 [this](const Item& a, const Item& b) { return comes_later(a, b); });
}

OfferIndex::Search::Item OfferIndex::Search::pop() {
  std::pop_heap(heap_.begin(), heap_.end(),
                [this](const Item& a, const Item& b) { return comes_later(a, b); });
  const Item item = heap_.back();
  heap_.pop_back();
  // The next one's Offer is likely to be looked at soon.
  if (!heap_.empty() && heap_.front().kind >= Kind::kNear)
    index_.offers_.prefetch(heap_.front().number);
  return item;
}

// ---- branches ----

// But for its score.
OfferIndex::Search::Item OfferIndex::Search::child_item(const OfferBranch& branch,
                                                        std::size_t child,
                                                        std::uint16_t tree) const {
  Item item;
  item.number = branch.children[child];
  item.tree = tree;
  item.kind = branch.height == 1 ? Kind::kLeaf : Kind::kBranch;
  const int open = branch.id_open[child];
  item.tie = open == 32 ? 0 : (branch.id[child] ^ mask_prefix_) >> open << open;
  return item;
}

// As a score, of what stands below the child in classes that it can pay in; nothing if that is
// nobody.
std::optional<u128> OfferIndex::Search::lowest_price(const OfferBranch& branch,
                                                     std::size_t child) const {
  std::optional<u128> lowest;
  for (std::uint32_t rest = payable_; rest != 0; rest &= rest - 1) {
    const auto n = static_cast<std::size_t>(std::countr_zero(rest));
    const Scale scale = branch.class_scales[n][child];
    if (scale == kScaleNone) continue;
    Candidate best;
    best.hourly = prices_[n].hourly;
    const u128 price = score_at(best, scale);
    lowest = lowest ? std::min(*lowest, price) : price;
  }
  return lowest;
}

void OfferIndex::Search::expand(const Item& item) {
  const OfferBranch& branch = store_.branches[item.number];
  switch (trees_[item.tree].order) {
    case OfferOrder::kByScale:
      return expand_by_scale(item, branch);
    case OfferOrder::kByPlace:
      return expand_by_place(item, branch);
  }
  CHECK(false);
}

// Whether it is a leaf in which nobody says what is asked for.
bool OfferIndex::Search::surely_fails(const OfferBranch& branch, std::size_t child) const {
  return branch.height == 1 && ((branch.marks[child] & says_) != says_ ||
                                (branch.says_both[child] & says_both_) != says_both_);
}

// The children stand by scale: those that are dearer than the first wait as one.
void OfferIndex::Search::expand_by_scale(const Item& item, const OfferBranch& branch) {
  std::uint32_t children = filter_.children(branch) >> item.child << item.child;
  Candidate best;
  best.hourly = prices_[trees_[item.tree].price_class].hourly;
  Scale lowest = kScaleMax;
  for (; children != 0; children &= children - 1) {
    const auto child = static_cast<std::size_t>(std::countr_zero(children));
    Item next = child_item(branch, child, item.tree);
    next.score = score_at(best, branch.scale_min[child]);
    if (surely_fails(branch, child)) {
      put_off(next);
      continue;
    }
    lowest = std::min(lowest, branch.scale_min[child]);
    if (branch.scale_min[child] > lowest) {
      next.number = item.number;
      next.tie = 0;
      next.kind = Kind::kRest;
      next.child = static_cast<std::uint8_t>(child);
      push(next);
      return;
    }
    push(next);
  }
}

// The children stand in no order of score: the best goes into the heap, the others behind it.
void OfferIndex::Search::expand_by_place(const Item& item, const OfferBranch& branch) {
  std::array<std::uint32_t, OfferBranch::kFanout> km{};
  if (near_counts_) km = distances_at_least_km(near_, branch.box_min, branch.box_max);
  const bool asks_place = within_.has_value() || !cells_.empty();
  std::array<Item, OfferBranch::kFanout> items;
  std::size_t count = 0;
  for (std::uint32_t rest = filter_.children(branch); rest != 0; rest &= rest - 1) {
    const auto child = static_cast<std::size_t>(std::countr_zero(rest));
    if (asks_place && !may_lie_in(box_of(branch, child))) continue;
    const std::optional<u128> price = lowest_price(branch, child);
    if (!price) continue;
    Item next = child_item(branch, child, item.tree);
    next.score = *price + kScoreUnit * (std::uint64_t{query_.terms.latency_weight} * km[child]);
    if (surely_fails(branch, child)) {
      put_off(next);
      continue;
    }
    std::size_t at = count++;
    for (; at > 0 && comes_later(items[at - 1], next); --at) items[at] = items[at - 1];
    items[at] = next;
  }
  if (count == 0) return;
  const std::size_t first = siblings_.size();
  for (std::size_t i = 0; i + 1 < count; ++i) items[i].next = static_cast<std::uint32_t>(first + i);
  siblings_.insert(siblings_.end(), items.begin() + 1,
                   items.begin() + static_cast<std::ptrdiff_t>(count));
  push(items[0]);
}

}  // namespace fog::market
