#include "market/rules/offer_tree.h"

#include <algorithm>

namespace fog::market {
namespace {

// A node with no more children than this is joined with a neighbour when both fit into one.
constexpr std::uint32_t kSmall = OfferTree::kFanout / 4;
constexpr std::uint32_t kJoined = OfferTree::kFanout * 3 / 4;

std::uint64_t spread_bits(std::uint32_t x) {
  std::uint64_t out = x;
  out = (out | out << 16) & 0x0000FFFF0000FFFFU;
  out = (out | out << 8) & 0x00FF00FF00FF00FFU;
  out = (out | out << 4) & 0x0F0F0F0F0F0F0F0FU;
  out = (out | out << 2) & 0x3333333333333333U;
  out = (out | out << 1) & 0x5555555555555555U;
  return out;
}

// Latitude and longitude bit by bit in turn (Morton's curve).
std::uint64_t cell_of(const Location& location) {
  return spread_bits(location.lat_milli) << 1 | spread_bits(location.lon_milli);
}

OfferSummary summary_of(const IndexedOffer& offer, OfferPlace place) {
  OfferSummary out;
  out.first = place;
  out.scale_min = out.scale_max = offer.scale;
  out.cpu_milli = offer.free.cpu_milli;
  out.memory_mib = offer.free.memory_mib;
  out.storage_mib = offer.free.storage_mib;
  out.egress_mbps = offer.free.egress_mbps;
  if (offer.free.gpu) {
    out.gpu_milli = offer.free.gpu->milli;
    out.gpus = text_bit(offer.free.gpu->model);
  }
  out.countries = text_bit(offer.country);
  for (const RuntimeProfile& profile : *offer.runtimes) out.runtimes |= profile_bit(profile);
  out.id_min = out.id_max = id_prefix(offer.host);
  const Location& at = offer.location;
  out.area = {at.lat_milli, at.lat_milli, at.lon_milli, at.lon_milli};
  return out;
}

// Room for one more at `at`, in an array of `count` that has it.
template <class T>
void shift_right(T* items, std::size_t count, std::size_t at) {
  std::move_backward(items + at, items + count, items + count + 1);
}
template <class T>
void shift_left(T* items, std::size_t count, std::size_t at) {
  std::move(items + at + 1, items + count, items + at);
}

}  // namespace

std::uint64_t id_prefix(const HostId& id) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8 | id.data[i];
  return out;
}

std::uint64_t text_bit(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
  return std::uint64_t{1} << (hash >> 58);
}

std::uint64_t profile_bit(const RuntimeProfile& profile) {
  return std::uint64_t{1} << (profile.data[0] & 63);
}

void OfferSummary::include(const OfferSummary& other) {
  scale_min = std::min(scale_min, other.scale_min);
  scale_max = std::max(scale_max, other.scale_max);
  cpu_milli = std::max(cpu_milli, other.cpu_milli);
  memory_mib = std::max(memory_mib, other.memory_mib);
  storage_mib = std::max(storage_mib, other.storage_mib);
  egress_mbps = std::max(egress_mbps, other.egress_mbps);
  gpu_milli = std::max(gpu_milli, other.gpu_milli);
  countries |= other.countries;
  gpus |= other.gpus;
  runtimes |= other.runtimes;
  id_min = std::min(id_min, other.id_min);
  id_max = std::max(id_max, other.id_max);
  area.lat_min = std::min(area.lat_min, other.area.lat_min);
  area.lat_max = std::max(area.lat_max, other.area.lat_max);
  area.lon_min = std::min(area.lon_min, other.area.lon_min);
  area.lon_max = std::max(area.lon_max, other.area.lon_max);
}

bool OfferTree::before(OfferPlace a, OfferPlace b) const {
  const IndexedOffer& one = (*table_)[a];
  const IndexedOffer& other = (*table_)[b];
  if (order_ == OfferOrder::kByCell) {
    const std::uint64_t cell = cell_of(one.location);
    const std::uint64_t other_cell = cell_of(other.location);
    if (cell != other_cell) return cell < other_cell;
  }
  if (one.scale != other.scale) return one.scale < other.scale;
  return one.host < other.host;
}

OfferSummary OfferTree::summarize(std::uint32_t node, std::uint32_t height) const {
  OfferSummary out;
  if (height == 0) {
    const Leaf& leaf = leaves_[node];
    for (std::size_t i = 0; i < leaf.count; ++i)
      out.include(summary_of((*table_)[leaf.places[i]], leaf.places[i]));
    if (leaf.count > 0) out.first = leaf.places[0];
  } else {
    const Inner& inner = inners_[node];
    for (std::size_t i = 0; i < inner.count; ++i) out.include(inner.summaries[i]);
    if (inner.count > 0) out.first = inner.summaries[0].first;
  }
  return out;
}

// The last child that begins no later than the place; the first one if none does.
std::size_t OfferTree::child_for(const Inner& inner, OfferPlace place) const {
  std::size_t child = 0;
  while (child + 1 < inner.count && !before(place, inner.summaries[child + 1].first)) ++child;
  return child;
}

// ---- insert ----

void OfferTree::insert(OfferPlace place) {
  if (count_++ == 0) {
    root_ = new_leaf();
    height_ = 0;
  }
  const std::optional<std::uint32_t> right = insert_at(root_, height_, place);
  if (!right) return;
  const std::uint32_t above = new_inner();
  Inner& inner = inners_[above];
  inner.count = 2;
  inner.children[0] = root_;
  inner.children[1] = *right;
  inner.summaries[0] = summarize(root_, height_);
  inner.summaries[1] = summarize(*right, height_);
  root_ = above;
  ++height_;
}

std::optional<std::uint32_t> OfferTree::insert_at(std::uint32_t node, std::uint32_t height,
                                                  OfferPlace place) {
  constexpr std::uint32_t kHalf = kFanout / 2;
  if (height == 0) {
    Leaf* leaf = &leaves_[node];
    std::optional<std::uint32_t> right;
    if (leaf->count == kFanout) {
      right = new_leaf();
      leaf = &leaves_[node];
      Leaf& other = leaves_[*right];
      std::copy(leaf->places + kHalf, leaf->places + kFanout, other.places);
      other.count = kFanout - kHalf;
      leaf->count = kHalf;
      if (!before(place, other.places[0])) leaf = &other;
    }
    std::size_t at = leaf->count;
    while (at > 0 && before(place, leaf->places[at - 1])) --at;
    shift_right(leaf->places, leaf->count, at);
    leaf->places[at] = place;
    ++leaf->count;
    return right;
  }
  const std::size_t child = child_for(inners_[node], place);
  const std::uint32_t below = inners_[node].children[child];
  const std::optional<std::uint32_t> fresh = insert_at(below, height - 1, place);
  inners_[node].summaries[child] = summarize(below, height - 1);
  if (!fresh) return std::nullopt;
  std::optional<std::uint32_t> right;
  std::size_t at = child + 1;
  Inner* inner = &inners_[node];
  if (inner->count == kFanout) {
    right = new_inner();
    inner = &inners_[node];
    Inner& other = inners_[*right];
    std::copy(inner->children + kHalf, inner->children + kFanout, other.children);
    std::copy(inner->summaries + kHalf, inner->summaries + kFanout, other.summaries);
    other.count = kFanout - kHalf;
    inner->count = kHalf;
    if (at > kHalf) {
      inner = &other;
      at -= kHalf;
    }
  }
  shift_right(inner->children, inner->count, at);
  shift_right(inner->summaries, inner->count, at);
  inner->children[at] = *fresh;
  inner->summaries[at] = summarize(*fresh, height - 1);
  ++inner->count;
  return right;
}

// ---- erase ----

void OfferTree::erase(OfferPlace place) {
  CHECK(count_ > 0);
  erase_at(root_, height_, place);
  --count_;
  while (height_ > 0 && inners_[root_].count == 1) {
    free_inners_.push_back(root_);
    root_ = inners_[root_].children[0];
    --height_;
  }
  if (count_ == 0) (height_ == 0 ? free_leaves_ : free_inners_).push_back(root_);
}

void OfferTree::erase_at(std::uint32_t node, std::uint32_t height, OfferPlace place) {
  if (height == 0) {
    Leaf& leaf = leaves_[node];
    const auto end = leaf.places + leaf.count;
    const auto found = std::find(leaf.places, end, place);
    CHECK(found != end);
    shift_left(leaf.places, leaf.count, static_cast<std::size_t>(found - leaf.places));
    --leaf.count;
    return;
  }
  Inner& inner = inners_[node];
  const std::size_t child = child_for(inner, place);
  erase_at(inner.children[child], height - 1, place);
  const bool merged =
      count_of(inner.children[child], height - 1) <= kSmall && merge_small(node, height, child);
  // A merge may have moved it to its left neighbour.
  for (std::size_t i = merged && child > 0 ? child - 1 : child; i <= child && i < inner.count; ++i)
    inner.summaries[i] = summarize(inner.children[i], height - 1);
}

// ---- refresh ----

void OfferTree::refresh(OfferPlace place) {
  CHECK(count_ > 0);
  refresh_at(root_, height_, place);
}

void OfferTree::refresh_at(std::uint32_t node, std::uint32_t height, OfferPlace place) {
  if (height == 0) return;
  Inner& inner = inners_[node];
  const std::size_t child = child_for(inner, place);
  refresh_at(inner.children[child], height - 1, place);
  inner.summaries[child] = summarize(inner.children[child], height - 1);
}

std::uint32_t OfferTree::count_of(std::uint32_t node, std::uint32_t height) const {
  return height == 0 ? leaves_[node].count : inners_[node].count;
}

// Joins a child with its left or right neighbour where one node can hold both.
bool OfferTree::merge_small(std::uint32_t node, std::uint32_t height, std::size_t child) {
  Inner& inner = inners_[node];
  const std::uint32_t small = inner.children[child];
  const bool is_empty = count_of(small, height - 1) == 0;
  if (inner.count == 1) {
    if (!is_empty) return false;
    (height == 1 ? free_leaves_ : free_inners_).push_back(small);
    inner.count = 0;  // and goes when its own parent looks
    return true;
  }
  const std::size_t left = child > 0 ? child - 1 : 0;
  const std::uint32_t one = inner.children[left];
  const std::uint32_t other = inner.children[left + 1];
  if (!is_empty && count_of(one, height - 1) + count_of(other, height - 1) > kJoined) return false;
  if (height == 1) {
    Leaf& to = leaves_[one];
    const Leaf& from = leaves_[other];
    std::copy(from.places, from.places + from.count, to.places + to.count);
    to.count += from.count;
    free_leaves_.push_back(other);
  } else {
    Inner& to = inners_[one];
    const Inner& from = inners_[other];
    std::copy(from.children, from.children + from.count, to.children + to.count);
    std::copy(from.summaries, from.summaries + from.count, to.summaries + to.count);
    to.count += from.count;
    free_inners_.push_back(other);
  }
  shift_left(inner.children, inner.count, left + 1);
  shift_left(inner.summaries, inner.count, left + 1);
  --inner.count;
  return true;
}

// ---- nodes ----

std::uint32_t OfferTree::new_leaf() {
  if (free_leaves_.empty()) {
    leaves_.emplace_back();
    return static_cast<std::uint32_t>(leaves_.size() - 1);
  }
  const std::uint32_t node = free_leaves_.back();
  free_leaves_.pop_back();
  leaves_[node] = {};
  return node;
}

std::uint32_t OfferTree::new_inner() {
  if (free_inners_.empty()) {
    inners_.emplace_back();
    return static_cast<std::uint32_t>(inners_.size() - 1);
  }
  const std::uint32_t node = free_inners_.back();
  free_inners_.pop_back();
  inners_[node] = {};
  return node;
}

std::size_t OfferTree::memory_bytes() const {
  return leaves_.size() * sizeof(Leaf) + inners_.size() * sizeof(Inner);
}

}  // namespace fog::market
