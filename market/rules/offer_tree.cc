#include "market/rules/offer_tree.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace fog::market {
namespace {

// Bit by bit three zeros after each of 16.
std::uint64_t spread_bits(std::uint32_t x) {
  std::uint64_t out = x & 0xFFFFU;
  out = (out | out << 24) & 0x0000'00FF'0000'00FFU;
  out = (out | out << 12) & 0x000F'000F'000F'000FU;
  out = (out | out << 6) & 0x0303'0303'0303'0303U;
  out = (out | out << 3) & 0x1111'1111'1111'1111U;
  return out;
}

// A scale by its logarithm in 16 bits, a quarter of them for each doubling from 2^12 to 2^16 (0.41
// to 6.6): beside the globe's 32 768 units a price counts as much as some thousand kilometres.
// Beyond, all are alike.
std::uint32_t log_scale(Scale scale) {
  constexpr int kLowBits = 12;
  constexpr int kOctaveBits = 14;
  const int bits = 31 - std::countl_zero(scale | 1);
  if (bits < kLowBits) return 0;
  const std::uint32_t rest = (scale << (31 - bits)) & 0x7FFF'FFFFU;
  const std::uint32_t log =
      (static_cast<std::uint32_t>(bits - kLowBits) << kOctaveBits) + (rest >> (31 - kOctaveBits));
  return std::min<std::uint32_t>(log, 0xFFFFU);
}

// The bits of the place's components and of the price in turn (Morton's curve).
std::uint64_t curve_of(const OfferRow& row) {
  std::uint64_t code = spread_bits(log_scale(row.scale)) << 3;
  for (std::size_t i = 0; i < row.at.size(); ++i)
    code |= spread_bits(static_cast<std::uint32_t>(row.at[i] + (1 << 14))) << i;
  return code;
}

// A node with no more children than a quarter of its room is joined with a neighbour when both fit
// into three quarters of one.
constexpr std::size_t small_of(std::size_t fanout) {
  return fanout / 4;
}
constexpr std::size_t joined_of(std::size_t fanout) {
  return fanout * 3 / 4;
}
constexpr std::size_t fanout_of(bool is_leaf) {
  return is_leaf ? OfferLeaf::kFanout : OfferBranch::kFanout;
}

// Copies children [begin, end) of one branch to another's, from `at` on.
void copy_children(const OfferBranch& from, std::size_t begin, std::size_t end, OfferBranch& to,
                   std::size_t at) {
  OfferBranch copy = from;
  for (std::size_t i = begin; i < end; ++i, ++at) {
    to.children[at] = copy.children[i];
    to.set_summary(at, copy.summary(i));
    to.first_major[at] = copy.first_major[i];
    to.first_minor[at] = copy.first_minor[i];
  }
}

}  // namespace

OfferTree::Key OfferTree::key_of(OfferPlace place) const {
  const OfferRow& row = store_->rows[place];
  switch (order_) {
    case OfferOrder::kByScale:
      return {row.scale, row.id};
    case OfferOrder::kByPlace:
      return {curve_of(row), row.id};
  }
  return {};
}

// ---- insert ----

void OfferTree::insert(OfferPlace place) {
  if (count_++ == 0) {
    root_ = store_->leaves.allocate({});
    height_ = 0;
  }
  const Key key = key_of(place);
  std::uint32_t leaf = leaf_for(key);
  if (store_->leaves[leaf].count == OfferLeaf::kFanout) {
    const std::uint32_t right = split_leaf(leaf);
    const Key first = key_of(store_->leaves[right].places[0]);
    add_right(leaf, right, first);
    if (key >= first) leaf = right;
  }
  std::size_t at = store_->leaves[leaf].count;
  while (at > 0 && key < key_of(store_->leaves[leaf].places[at - 1])) --at;
  store_->put_into(leaf, at, place, family_);
  store_->include_above(leaf, store_->rows[place]);
}

// The last child that begins no later than the key; the first one if none does.
std::uint32_t OfferTree::leaf_for(const Key& key) const {
  std::uint32_t node = root_;
  for (std::uint32_t height = height_; height > 0; --height) {
    const OfferBranch& branch = store_->branches[node];
    std::size_t child = 0;
    while (child + 1 < branch.count &&
           Key{branch.first_major[child + 1], branch.first_minor[child + 1]} <= key)
      ++child;
    node = branch.children[child];
  }
  return node;
}

std::uint32_t OfferTree::split_leaf(std::uint32_t number) {
  constexpr std::size_t kHalf = OfferLeaf::kFanout / 2;
  const std::uint32_t right = store_->leaves.allocate({});
  OfferLeaf& leaf = store_->leaves[number];
  OfferLeaf& other = store_->leaves[right];
  std::copy(leaf.places.begin() + kHalf, leaf.places.end(), other.places.begin());
  std::copy(leaf.rows.begin() + kHalf, leaf.rows.end(), other.rows.begin());
  other.count = OfferLeaf::kFanout - kHalf;
  leaf.count = kHalf;
  for (std::size_t i = 0; i < other.count; ++i)
    store_->leaf_of[other.places[i]][static_cast<std::size_t>(family_)] = right;
  return right;
}

std::uint32_t OfferTree::split_branch(std::uint32_t number) {
  constexpr std::size_t kHalf = OfferBranch::kFanout / 2;
  const std::uint32_t right = store_->branches.allocate({});
  OfferBranch& branch = store_->branches[number];
  OfferBranch& other = store_->branches[right];
  other.height = branch.height;
  copy_children(branch, kHalf, OfferBranch::kFanout, other, 0);
  other.count = OfferBranch::kFanout - kHalf;
  branch.count = kHalf;
  for (std::size_t i = 0; i < other.count; ++i)
    store_->parent_of(other.children[i], other.height == 1) = right;
  return right;
}

void OfferTree::add_right(std::uint32_t left, std::uint32_t right, Key first) {
  for (bool is_leaf = true;; is_leaf = false) {
    std::uint32_t above = store_->parent_of(left, is_leaf);
    if (above == kNoNode) {
      above = store_->branches.allocate({});
      store_->branches[above].height = static_cast<std::uint16_t>(++height_);
      root_ = above;
      add_child(above, 0, left, is_leaf, {});
      add_child(above, 1, right, is_leaf, first);
      return;
    }
    const std::size_t child = store_->branches[above].child_number(left);
    store_->branches[above].set_summary(child, store_->summarize(left, is_leaf));
    if (store_->branches[above].count < OfferBranch::kFanout) {
      add_child(above, child + 1, right, is_leaf, first);
      return;
    }
    const std::uint32_t split = split_branch(above);
    const Key split_first = {store_->branches[split].first_major[0],
                             store_->branches[split].first_minor[0]};
    const std::size_t kept = store_->branches[above].count;
    if (child < kept) {
      add_child(above, child + 1, right, is_leaf, first);
    } else {
      add_child(split, child + 1 - kept, right, is_leaf, first);
    }
    left = above;
    right = split;
    first = split_first;
  }
}

void OfferTree::add_child(std::uint32_t above, std::size_t at, std::uint32_t child, bool is_leaf,
                          const Key& first) {
  OfferBranch& branch = store_->branches[above];
  branch.make_room(at);
  branch.children[at] = child;
  branch.first_major[at] = first.major;
  branch.first_minor[at] = first.minor;
  branch.set_summary(at, store_->summarize(child, is_leaf));
  store_->parent_of(child, is_leaf) = above;
}

// ---- erase ----

void OfferTree::erase(OfferPlace place) {
  CHECK(count_ > 0);
  std::uint32_t node = store_->take_out(place, family_);
  --count_;
  for (bool is_leaf = true; node != root_; is_leaf = false) {
    const std::uint32_t above = store_->parent_of(node, is_leaf);
    OfferBranch& branch = store_->branches[above];
    const std::size_t child = branch.child_number(node);
    const bool is_small = store_->count_of(node, is_leaf) <= small_of(fanout_of(is_leaf));
    if (!is_small || !join_small(above, child, is_leaf)) {
      const OfferSummary summary = store_->summarize(node, is_leaf);
      if (summary == branch.summary(child)) break;
      branch.set_summary(child, summary);
    }
    node = above;
  }
  while (height_ > 0 && store_->branches[root_].count == 1) {
    const std::uint32_t below = store_->branches[root_].children[0];
    free_node(root_, false);
    root_ = below;
    --height_;
    store_->parent_of(root_, height_ == 0) = kNoNode;
  }
  if (count_ == 0) free_node(std::exchange(root_, kNoNode), height_ == 0);
}

bool OfferTree::join_small(std::uint32_t above, std::size_t child, bool is_leaf) {
  OfferBranch& branch = store_->branches[above];
  const bool is_empty = store_->count_of(branch.children[child], is_leaf) == 0;
  if (branch.count == 1) {
    if (!is_empty) return false;
    free_node(branch.children[child], is_leaf);
    branch.count = 0;  // and goes when its own parent is looked at
    return true;
  }
  const std::size_t left = child > 0 ? child - 1 : 0;
  const std::uint32_t one = branch.children[left];
  const std::uint32_t other = branch.children[left + 1];
  const std::size_t kept = store_->count_of(one, is_leaf);
  const std::size_t added = store_->count_of(other, is_leaf);
  if (!is_empty && kept + added > joined_of(fanout_of(is_leaf))) return false;
  if (is_leaf) {
    OfferLeaf& to = store_->leaves[one];
    const OfferLeaf& from = store_->leaves[other];
    std::copy(from.places.begin(), from.places.begin() + from.count, to.places.begin() + to.count);
    std::copy(from.rows.begin(), from.rows.begin() + from.count, to.rows.begin() + to.count);
    to.count += from.count;
    for (std::size_t i = 0; i < added; ++i)
      store_->leaf_of[from.places[i]][static_cast<std::size_t>(family_)] = one;
  } else {
    OfferBranch& to = store_->branches[one];
    const OfferBranch& from = store_->branches[other];
    copy_children(from, 0, from.count, to, kept);
    // Of its first child the right one said nothing; what it began with is known here.
    to.first_major[kept] = branch.first_major[left + 1];
    to.first_minor[kept] = branch.first_minor[left + 1];
    to.count = static_cast<std::uint16_t>(to.count + from.count);
    for (std::size_t i = 0; i < added; ++i)
      store_->parent_of(from.children[i], from.height == 1) = one;
  }
  free_node(other, is_leaf);
  branch.close_gap(left + 1);
  branch.set_summary(left, store_->summarize(one, is_leaf));
  return true;
}

void OfferTree::free_node(std::uint32_t node, bool is_leaf) {
  if (is_leaf) {
    store_->leaves.free(node);
  } else {
    store_->branches.free(node);
  }
}

}  // namespace fog::market
