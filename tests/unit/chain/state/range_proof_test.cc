// Ranges of the state tree: what a cutter cuts verifies range by range, and nothing else does.
#include "chain/state/range_proof.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

using testing::SeededRng;
using Leaves = std::map<Hash32, Hash32>;

Hash32 random_hash(SeededRng& rng) {
  Hash32 out;
  rng.fill(out.data);
  return out;
}

// Some of the paths stand close together: in a deep corner, or as neighbours in their last bits.
Leaves random_leaves(SeededRng& rng, std::size_t count) {
  Leaves out;
  while (out.size() < count) {
    Hash32 path = random_hash(rng);
    if (!out.empty() && rng.below(3) == 0) {
      const Hash32 near = out.begin()->first;
      const std::size_t same = rng.below(256);
      for (std::size_t bit = 0; bit < same; ++bit) {
        const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
        auto& byte = path.data[bit / 8];
        byte = static_cast<std::uint8_t>((byte & ~mask) | (near.data[bit / 8] & mask));
      }
    }
    out[path] = random_hash(rng);
  }
  return out;
}

Hash32 root_of(const Leaves& leaves) {
  SparseMerkleTree tree;
  SparseMerkleTree::Builder builder(tree);
  for (const auto& [path, value] : leaves) builder.add(path, value);
  const TreeRoot root = builder.finish();
  return tree.root_hash(root);
}

std::vector<StateLeaf> leaves_in(const Leaves& leaves, const PathRange& range) {
  std::vector<StateLeaf> out;
  for (const auto& [path, value] : leaves) {
    if (range.contains(path)) out.push_back({path, value});
  }
  return out;
}

struct CutTree {
  Leaves leaves;
  Hash32 root;
  std::vector<PathRange> ranges;
  std::vector<RangeCutter::Cut> cuts;
};

CutTree cut(Leaves leaves, std::uint64_t weight_max, SeededRng& rng) {
  RangeCutter cutter(weight_max);
  for (const auto& [path, value] : leaves) cutter.add({path, value}, 1 + rng.below(20));
  RangeCutter::Result result = std::move(cutter).finish();
  CutTree out{std::move(leaves), result.root, {}, std::move(result.cuts)};
  std::vector<std::uint16_t> depths;
  for (const RangeCutter::Cut& one : out.cuts) depths.push_back(one.depth);
  const auto ranges = ranges_of(depths);
  EXPECT_TRUE(ranges.has_value()) << "the cuts fill the whole";
  if (ranges) out.ranges = *ranges;
  return out;
}

TEST(RangeProof, EveryCutOfARandomTreeVerifiesAndTogetherTheyAreTheTree) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SeededRng rng(seed);
    const CutTree tree = cut(random_leaves(rng, rng.below(80)), 1 + rng.below(200), rng);
    EXPECT_EQ(tree.root, root_of(tree.leaves)) << "seed " << seed;
    std::size_t found = 0;
    for (std::size_t i = 0; i < tree.ranges.size(); ++i) {
      const auto inside = leaves_in(tree.leaves, tree.ranges[i]);
      EXPECT_EQ(inside.size(), tree.cuts[i].leaves);
      EXPECT_TRUE(verify_range(tree.ranges[i], inside, tree.cuts[i].siblings, tree.root))
          << "seed " << seed << " range " << i;
      found += inside.size();
    }
    EXPECT_EQ(found, tree.leaves.size());
  }
}

TEST(RangeProof, WhatIsChangedIsRefused) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SeededRng rng(seed);
    const CutTree tree = cut(random_leaves(rng, 20 + rng.below(60)), 100, rng);
    ASSERT_GT(tree.ranges.size(), 1U);
    for (std::size_t i = 0; i < tree.ranges.size(); ++i) {
      const PathRange& range = tree.ranges[i];
      const auto inside = leaves_in(tree.leaves, range);
      const std::vector<Hash32>& siblings = tree.cuts[i].siblings;
      const auto holds = [&](const PathRange& r, const std::vector<StateLeaf>& leaves,
                             const std::vector<Hash32>& proof) {
        return verify_range(r, leaves, proof, tree.root);
      };
      ASSERT_TRUE(holds(range, inside, siblings));
      // Leaves: one changed in its path or value, one left out, one more, two the wrong way round.
      for (std::size_t at = 0; at < inside.size(); ++at) {
        auto changed = inside;
        changed[at].value_hash.data[rng.below(32)] ^= 1;
        EXPECT_FALSE(holds(range, changed, siblings));
        changed = inside;
        changed[at].path.data[31] ^= 1;
        EXPECT_FALSE(holds(range, changed, siblings));
        changed = inside;
        changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(at));
        EXPECT_FALSE(holds(range, changed, siblings)) << "a gap";
        changed = inside;
        changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(at), inside[at]);
        EXPECT_FALSE(holds(range, changed, siblings)) << "twice";
        if (at == 0) continue;
        changed = inside;
        std::swap(changed[at - 1], changed[at]);
        EXPECT_FALSE(holds(range, changed, siblings));
      }
      auto more = inside;
      more.push_back({random_hash(rng), random_hash(rng)});
      EXPECT_FALSE(holds(range, more, siblings));
      // The proof: a hash changed, one missing, one too many.
      for (std::size_t at = 0; at < siblings.size(); ++at) {
        auto bent = siblings;
        bent[at].data[rng.below(32)] ^= 0x10;
        EXPECT_FALSE(holds(range, inside, bent));
      }
      auto longer = siblings;
      longer.push_back(Hash32{});
      EXPECT_FALSE(holds(range, inside, longer));
      auto shorter = siblings;
      shorter.pop_back();
      EXPECT_FALSE(holds(range, inside, shorter));
      // Another range with this one's leaves.
      const PathRange& other = tree.ranges[(i + 1) % tree.ranges.size()];
      EXPECT_FALSE(holds(other, inside, tree.cuts[(i + 1) % tree.ranges.size()].siblings) &&
                   !inside.empty());
    }
    EXPECT_FALSE(verify_range(tree.ranges[0], leaves_in(tree.leaves, tree.ranges[0]),
                              tree.cuts[0].siblings, random_hash(rng)));
  }
}

TEST(RangeProof, APlaceBelowALoneLeafIsNoRange) {
  // The tree of two leaves ends at depth 1; nobody can prove that something deeper is empty.
  SeededRng rng(7);
  Leaves leaves;
  Hash32 left;
  Hash32 right;
  right.data[0] = 0x80;
  leaves[left] = random_hash(rng);
  leaves[right] = random_hash(rng);
  const Hash32 root = root_of(leaves);
  const Hash32 right_hash = state_leaf_hash(right, leaves[right]);
  const std::vector<StateLeaf> left_leaf{{left, leaves[left]}};
  EXPECT_TRUE(verify_range({left, 1}, left_leaf, std::vector{right_hash}, root));
  EXPECT_FALSE(verify_range({left, 2}, left_leaf, std::vector{Hash32{}, right_hash}, root));
  PathRange below{left, 2};
  below.start.data[0] = 0x40;
  EXPECT_FALSE(
      verify_range(below, {}, std::vector{state_leaf_hash(left, leaves[left]), right_hash}, root));
}

TEST(RangeProof, ARangeIsNoHeavierThanItMustBe) {
  SeededRng rng(3);
  const Leaves leaves = random_leaves(rng, 500);
  RangeCutter cutter(50);
  for (const auto& [path, value] : leaves) cutter.add({path, value}, 5);
  for (const RangeCutter::Cut& one : std::move(cutter).finish().cuts) EXPECT_LE(one.leaves, 10U);
  RangeCutter whole(500 * 5);
  for (const auto& [path, value] : leaves) whole.add({path, value}, 5);
  EXPECT_EQ(std::move(whole).finish().cuts.size(), 1U);
}

TEST(RangeProof, OnlyDepthsThatFillTheWholeAreRanges) {
  const auto ok = [](std::vector<std::uint16_t> depths) { return ranges_of(depths).has_value(); };
  EXPECT_TRUE(ok({0}));
  EXPECT_TRUE(ok({1, 1}));
  EXPECT_TRUE(ok({2, 2, 1}));
  EXPECT_TRUE(ok({1, 2, 3, 3}));
  EXPECT_FALSE(ok({}));
  EXPECT_FALSE(ok({1}));
  EXPECT_FALSE(ok({1, 1, 1}));
  EXPECT_FALSE(ok({0, 0}));
  EXPECT_FALSE(ok({2, 1, 2})) << "a range that begins inside another";
  EXPECT_FALSE(ok({257}));
  std::vector<std::uint16_t> deep;
  for (std::uint16_t depth = 1; depth <= 256; ++depth) deep.push_back(depth);
  EXPECT_FALSE(ok(deep));
  deep.push_back(256);
  EXPECT_TRUE(ok(deep));
}

}  // namespace
}  // namespace fog
