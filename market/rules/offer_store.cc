#include "market/rules/offer_store.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "market/rules/text_hash.h"

namespace fog::market {
namespace {

// The mark of a hash among all of its kind.
std::uint64_t mark_of(std::uint64_t hash, std::uint64_t all) {
  const auto bits = static_cast<std::uint64_t>(std::popcount(all));
  return std::uint64_t{1} << (static_cast<std::uint64_t>(std::countr_zero(all)) + hash % bits);
}

std::uint64_t says_hash(std::string_view key, std::string_view value) {
  const std::uint64_t hash = text_hash(key) * 31 + text_hash(value);
  return hash ^ hash >> 32;
}

// Room for one more at `at`, in an array of `count` that has it.
template <class T>
void shift_right(T& items, std::size_t count, std::size_t at) {
  std::move_backward(items.begin() + at, items.begin() + count, items.begin() + count + 1);
}
template <class T>
void shift_left(T& items, std::size_t count, std::size_t at) {
  std::move(items.begin() + at + 1, items.begin() + count, items.begin() + at);
}

// Calls use(column) for each column of a branch.
template <class Branch, class Use>
void each_column(Branch& branch, const Use& use) {
  use(branch.children);
  for (auto& column : branch.room) use(column);
  use(branch.scale_min);
  use(branch.marks);
  use(branch.id);
  use(branch.id_open);
  for (auto& column : branch.box_min) use(column);
  for (auto& column : branch.box_max) use(column);
  use(branch.says_both);
  for (auto& column : branch.class_scales) use(column);
  use(branch.first_major);
  use(branch.first_minor);
}

std::uint32_t above(std::uint32_t bits, std::uint8_t open) {
  return open == 32 ? 0 : bits >> open << open;
}

}  // namespace

Room room_of(const Resources& resources) {
  return {resources.cpu_milli, resources.memory_mib, resources.storage_mib, resources.egress_mbps,
          resources.gpu ? resources.gpu->milli : 0};
}

std::uint64_t country_mark(std::string_view country) {
  return mark_of(text_hash(country), kCountryMarks);
}
std::uint64_t gpu_mark(std::string_view model) {
  return mark_of(text_hash(model) >> 61, kGpuMarks);
}
std::uint64_t runtime_mark(const RuntimeProfile& profile) {
  return mark_of(profile.data[0], kRuntimeMarks);
}
std::uint64_t says_mark(std::string_view key, std::string_view value) {
  return mark_of(says_hash(key, value), kSaysMarks);
}
std::uint64_t key_mark(std::string_view key) {
  return mark_of(text_hash(key) >> 32, kSaysMarks);
}
std::uint32_t says_both_mark(std::string_view key, std::string_view value,
                             std::string_view other_key, std::string_view other_value) {
  const std::uint64_t both = (says_hash(key, value) | 1) * (says_hash(other_key, other_value) | 1);
  return std::uint32_t{1} << (both >> 59);
}

std::uint32_t id_prefix(const HostId& id) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | id.data[i];
  return out;
}

std::uint16_t country_code(std::string_view country) {
  std::uint32_t code = 0;
  for (const char letter : country.substr(0, 2))
    code = code << 8 | static_cast<std::uint8_t>(letter);
  return static_cast<std::uint16_t>(code);
}

// ---- summaries ----

OfferSummary OfferSummary::of(const OfferRow& row) {
  OfferSummary out;
  out.scale_min = row.scale;
  out.class_scales.fill(kScaleNone);
  out.class_scales[row.price_class] = row.scale;
  out.room = row.room;
  out.marks = row.marks;
  out.says_both = row.says_both;
  out.id = row.id;
  out.id_open = 0;
  out.box = {row.at, row.at};
  return out;
}

void OfferSummary::include(const OfferSummary& other) {
  scale_min = std::min(scale_min, other.scale_min);
  for (std::size_t kind = 0; kind < kRoomKinds; ++kind)
    room[kind] = std::max(room[kind], other.room[kind]);
  for (std::size_t n = 0; n < class_scales.size(); ++n)
    class_scales[n] = std::min(class_scales[n], other.class_scales[n]);
  marks |= other.marks;
  says_both |= other.says_both;
  const auto differ = static_cast<std::uint8_t>(32 - std::countl_zero(id ^ other.id));
  id_open = std::max({id_open, other.id_open, differ});
  id = above(id, id_open);
  for (std::size_t i = 0; i < 3; ++i) {
    box.min[i] = std::min(box.min[i], other.box.min[i]);
    box.max[i] = std::max(box.max[i], other.box.max[i]);
  }
}

OfferSummary OfferBranch::summary(std::size_t child) const {
  OfferSummary out;
  out.scale_min = scale_min[child];
  for (std::size_t kind = 0; kind < kRoomKinds; ++kind) out.room[kind] = room[kind][child];
  for (std::size_t n = 0; n < out.class_scales.size(); ++n)
    out.class_scales[n] = class_scales[n][child];
  out.marks = marks[child];
  out.says_both = says_both[child];
  out.id = id[child];
  out.id_open = id_open[child];
  for (std::size_t i = 0; i < 3; ++i) {
    out.box.min[i] = box_min[i][child];
    out.box.max[i] = box_max[i][child];
  }
  return out;
}

void OfferBranch::set_summary(std::size_t child, const OfferSummary& summary) {
  scale_min[child] = summary.scale_min;
  for (std::size_t kind = 0; kind < kRoomKinds; ++kind) room[kind][child] = summary.room[kind];
  for (std::size_t n = 0; n < class_scales.size(); ++n)
    class_scales[n][child] = summary.class_scales[n];
  marks[child] = summary.marks;
  says_both[child] = summary.says_both;
  id[child] = summary.id;
  id_open[child] = summary.id_open;
  for (std::size_t i = 0; i < 3; ++i) {
    box_min[i][child] = summary.box.min[i];
    box_max[i][child] = summary.box.max[i];
  }
}

std::size_t OfferBranch::child_number(std::uint32_t node) const {
  const auto end = children.begin() + count;
  const auto found = std::find(children.begin(), end, node);
  CHECK(found != end);
  return static_cast<std::size_t>(found - children.begin());
}

void OfferBranch::make_room(std::size_t at) {
  each_column(*this, [&](auto& column) { shift_right(column, count, at); });
  ++count;
}

void OfferBranch::close_gap(std::size_t at) {
  each_column(*this, [&](auto& column) { shift_left(column, count, at); });
  --count;
}

OfferSummary OfferStore::summarize(std::uint32_t node, bool is_leaf) const {
  const std::size_t count = count_of(node, is_leaf);
  if (count == 0) return {};
  const auto child = [&](std::size_t i) {
    return is_leaf ? OfferSummary::of(rows[leaves[node].places[i]]) : branches[node].summary(i);
  };
  OfferSummary out = child(0);
  for (std::size_t i = 1; i < count; ++i) out.include(child(i));
  return out;
}

OfferPlace OfferStore::add(const OfferRow& row) {
  const OfferPlace place = rows.allocate(row);
  if (place == leaf_of.size()) leaf_of.emplace_back().fill(kNoNode);
  return place;
}

// ---- leaves ----

void OfferStore::put_into(std::uint32_t number, std::size_t at, OfferPlace place,
                          OfferFamily family) {
  OfferLeaf& leaf = leaves[number];
  shift_right(leaf.places, leaf.count, at);
  shift_right(leaf.rows, leaf.count, at);
  const OfferRow& row = rows[place];
  leaf.places[at] = place;
  leaf.rows[at] = {row.room, row.scale, row.traits, row.price_class, row.id};
  ++leaf.count;
  leaf_of[place][static_cast<std::size_t>(family)] = number;
}

std::uint32_t OfferStore::take_out(OfferPlace place, OfferFamily family) {
  const std::uint32_t number =
      std::exchange(leaf_of[place][static_cast<std::size_t>(family)], kNoNode);
  OfferLeaf& leaf = leaves[number];
  const auto end = leaf.places.begin() + leaf.count;
  const auto found = std::find(leaf.places.begin(), end, place);
  CHECK(found != end);
  const auto at = static_cast<std::size_t>(found - leaf.places.begin());
  shift_left(leaf.places, leaf.count, at);
  shift_left(leaf.rows, leaf.count, at);
  --leaf.count;
  return number;
}

void OfferStore::include_above(std::uint32_t leaf, const OfferRow& row) {
  const OfferSummary added = OfferSummary::of(row);
  std::uint32_t below = leaf;
  for (std::uint32_t node = leaves[leaf].parent; node != kNoNode; node = branches[node].parent) {
    OfferBranch& branch = branches[node];
    const std::size_t child = branch.child_number(below);
    const OfferSummary before = branch.summary(child);
    OfferSummary summary = before;
    summary.include(added);
    if (summary == before) break;
    branch.set_summary(child, summary);
    below = node;
  }
}

// ---- what passes ----

std::uint32_t RowFilter::children(const OfferBranch& branch) const {
  OfferBranch::Column<std::uint32_t> misses{};
  for (std::size_t kind = 0; kind < kRoomKinds; ++kind) {
    if (need[kind] == 0) continue;
    for (std::size_t i = 0; i < OfferBranch::kFanout; ++i)
      misses[i] |= static_cast<std::uint32_t>(branch.room[kind][i] < need[kind]);
  }
  if (scale_max != kScaleMax) {
    for (std::size_t i = 0; i < OfferBranch::kFanout; ++i)
      misses[i] |= static_cast<std::uint32_t>(branch.scale_min[i] > scale_max);
  }
  if (all_marks != 0 || any_marks != ~std::uint64_t{0}) {
    for (std::size_t i = 0; i < OfferBranch::kFanout; ++i)
      misses[i] |= static_cast<std::uint32_t>((branch.marks[i] & any_marks) == 0 ||
                                              (branch.marks[i] & all_marks) != all_marks);
  }
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < branch.count; ++i)
    out |= static_cast<std::uint32_t>(misses[i] == 0) << i;
  return out;
}

// ---- room ----

// All its leaves are asked for from memory at once, then all the branches above them.
void OfferStore::change_room(OfferPlace place, const Room& room) {
  const Room before = std::exchange(rows[place].room, room);
  const Leaves& in = leaf_of[place];
  for (const std::uint32_t leaf : in) {
    if (leaf != kNoNode) leaves.prefetch(leaf);
  }
  for (const std::uint32_t number : in) {
    if (number == kNoNode) continue;
    OfferLeaf& leaf = leaves[number];
    const auto end = leaf.places.begin() + leaf.count;
    const auto found = std::find(leaf.places.begin(), end, place);
    CHECK(found != end);
    leaf.rows[static_cast<std::size_t>(found - leaf.places.begin())].room = room;
    if (leaf.parent == kNoNode) continue;
    const OfferBranch& above = branches[leaf.parent];
    __builtin_prefetch(&above.children);
    for (const auto& column : above.room) __builtin_prefetch(&column);
  }
  for (const std::uint32_t leaf : in) {
    if (leaf != kNoNode) tell_branches(leaf, before, room);
  }
}

// Something in the leaf had other room before.
void OfferStore::tell_branches(std::uint32_t leaf, Room had, Room has) {
  const OfferLeaf& lowest = leaves[leaf];
  const auto most_in_leaf = [&lowest](std::size_t kind) {
    std::uint32_t most = 0;
    for (std::size_t i = 0; i < lowest.count; ++i) most = std::max(most, lowest.rows[i].room[kind]);
    return most;
  };
  std::uint32_t below = leaf;
  std::uint32_t node = lowest.parent;
  for (bool is_leaf = true; node != kNoNode; is_leaf = false) {
    OfferBranch& branch = branches[node];
    const std::size_t child = branch.child_number(below);
    bool changed = false;
    for (std::size_t kind = 0; kind < kRoomKinds; ++kind) {
      const std::uint32_t stood = branch.room[kind][child];
      std::uint32_t stands = std::max(stood, has[kind]);
      if (had[kind] == stood && has[kind] < stood) {  // it may have been the only one
        if (is_leaf) {
          stands = most_in_leaf(kind);
        } else {
          const auto& column = branches[below].room[kind];
          stands = *std::max_element(column.begin(), column.begin() + branches[below].count);
        }
      }
      branch.room[kind][child] = stands;
      changed = changed || stands != stood;
      had[kind] = stood;
      has[kind] = stands;
    }
    if (!changed) break;
    below = node;
    node = branch.parent;
  }
}

std::size_t OfferStore::memory_bytes() const {
  return rows.memory_bytes() + leaf_of.memory_bytes() + leaves.memory_bytes() +
         branches.memory_bytes();
}

}  // namespace fog::market
