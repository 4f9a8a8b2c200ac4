#include "market/rules/sleeper_tree.h"

#include <algorithm>

namespace fog::market {
namespace {

constexpr std::size_t kDigitBits = 4;
constexpr std::size_t kRowDigits = 32 / kDigitBits;
static_assert(OfferBranch::kFanout == 1U << kDigitBits);

// Which child of the branch it is: a leaf and a branch may have the same number.
std::size_t place_of(const OfferBranch& branch, const SleeperTree::Node& node) {
  std::size_t child = 0;
  for (; child < branch.count; ++child) {
    const SleeperTree::Node here = SleeperTree::child_of(branch, child);
    if (here.number == node.number && here.is_leaf == node.is_leaf) break;
  }
  CHECK(child < branch.count);
  return child;
}

// The branches above a leaf learn of a new row in it, as far up as it matters. The lowest may know
// of it already, when the leaf is new.
void include_above(OfferStore& store, std::uint32_t leaf, const OfferRow& row) {
  const OfferSummary added = OfferSummary::of(row);
  SleeperTree::Node node = {leaf, true};
  for (;;) {
    const std::uint32_t above = store.parent_of(node.number, node.is_leaf);
    if (above == kNoNode) return;
    OfferBranch& branch = store.branches[above];
    const std::size_t child = place_of(branch, node);
    const OfferSummary before = branch.summary(child);
    OfferSummary summary = before;
    summary.include(added);
    if (summary == before && !node.is_leaf) return;
    branch.set_summary(child, summary);
    node = {above, false};
  }
}

}  // namespace

std::uint32_t SleeperTree::digit_of(OfferPlace place, std::size_t depth) const {
  constexpr std::uint32_t kMask = OfferBranch::kFanout - 1;
  if (depth < kRowDigits)
    return store_->rows[place].id >> kDigitBits * (kRowDigits - 1 - depth) & kMask;
  const std::size_t digit = depth - kRowDigits;
  const std::uint8_t byte = bid_at_(owner_, place).data.at(digit / 2);
  return digit % 2 == 0 ? std::uint32_t{byte} >> kDigitBits : byte & kMask;
}

// Children stand by their digits, which are in the column of what they begin with.
SleeperTree::Node SleeperTree::child_for(std::uint32_t number, OfferPlace place,
                                         std::size_t depth) {
  OfferBranch& branch = store_->branches[number];
  const std::uint32_t digit = digit_of(place, depth);
  std::size_t child = 0;
  while (child < branch.count && branch.first_major[child] < digit) ++child;
  if (child == branch.count || branch.first_major[child] != digit) {
    const std::uint32_t leaf = store_->leaves.allocate({});
    store_->leaves[leaf].parent = number;
    branch.make_room(child);
    branch.children[child] = leaf;
    branch.first_major[child] = digit;
    branch.first_minor[child] = 1;
    branch.set_summary(child, OfferSummary::of(store_->rows[place]));
  }
  return child_of(branch, child);
}

// ---- insert ----

void SleeperTree::insert(OfferPlace place) {
  if (count_++ == 0) root_ = {store_->leaves.allocate({}), true};
  Node node = root_;
  for (std::size_t depth = 0;; ++depth) {
    if (node.is_leaf) {
      if (store_->leaves[node.number].count < OfferLeaf::kFanout) break;
      node = {burst(node.number, depth), false};
    }
    node = child_for(node.number, place, depth);
  }
  store_->put_into(node.number, store_->leaves[node.number].count, place, OfferFamily::kAll);
  include_above(*store_, node.number, store_->rows[place]);
}

std::uint32_t SleeperTree::burst(std::uint32_t number, std::size_t depth) {
  const std::uint32_t branch = store_->branches.allocate({});
  replace({number, true}, {branch, false});
  const OfferLeaf leaf = store_->leaves[number];
  store_->leaves.free(number);
  for (std::size_t i = 0; i < leaf.count; ++i) {
    const OfferPlace place = leaf.places[i];
    const std::uint32_t below = child_for(branch, place, depth).number;
    store_->put_into(below, store_->leaves[below].count, place, OfferFamily::kAll);
    OfferBranch& above = store_->branches[branch];
    const std::size_t child = place_of(above, {below, true});
    OfferSummary summary = above.summary(child);
    summary.include(OfferSummary::of(store_->rows[place]));
    above.set_summary(child, summary);
  }
  return branch;
}

// What stands below it is the same, and so is what its parent says of it.
void SleeperTree::replace(Node was, Node is) {
  const std::uint32_t above = store_->parent_of(was.number, was.is_leaf);
  store_->parent_of(is.number, is.is_leaf) = above;
  if (above == kNoNode) {
    root_ = is;
    return;
  }
  OfferBranch& branch = store_->branches[above];
  const std::size_t child = place_of(branch, was);
  branch.children[child] = is.number;
  branch.first_minor[child] = is.is_leaf ? 1 : 0;
}

// ---- erase ----

void SleeperTree::erase(OfferPlace place) {
  CHECK(count_ > 0);
  --count_;
  Node node = {store_->take_out(place, OfferFamily::kAll), true};
  for (;;) {
    const std::uint32_t above = store_->parent_of(node.number, node.is_leaf);
    if (above == kNoNode) break;
    OfferBranch& branch = store_->branches[above];
    const std::size_t child = place_of(branch, node);
    if (node.is_leaf && store_->leaves[node.number].count == 0) {
      store_->leaves.free(node.number);
      branch.close_gap(child);
    } else {
      const OfferSummary summary = store_->summarize(node.number, node.is_leaf);
      if (summary == branch.summary(child) && !fits_leaf(branch)) break;
      branch.set_summary(child, summary);
    }
    node = fits_leaf(branch) ? Node{gather(above), true} : Node{above, false};
  }
  if (count_ == 0) store_->leaves.free(std::exchange(root_, {}).number);
}

bool SleeperTree::fits_leaf(const OfferBranch& branch) const {
  std::size_t rows = 0;
  for (std::size_t i = 0; i < branch.count; ++i) {
    const Node child = child_of(branch, i);
    if (!child.is_leaf) return false;  // it would be a leaf if it were no larger than one
    rows += store_->leaves[child.number].count;
  }
  return rows <= OfferLeaf::kFanout;
}

std::uint32_t SleeperTree::gather(std::uint32_t number) {
  const std::uint32_t leaf = store_->leaves.allocate({});
  replace({number, false}, {leaf, true});
  const OfferBranch branch = store_->branches[number];
  store_->branches.free(number);
  for (std::size_t i = 0; i < branch.count; ++i) {
    const OfferLeaf from = store_->leaves[branch.children[i]];
    store_->leaves.free(branch.children[i]);
    for (std::size_t n = 0; n < from.count; ++n)
      store_->put_into(leaf, store_->leaves[leaf].count, from.places[n], OfferFamily::kAll);
  }
  return leaf;
}

}  // namespace fog::market
