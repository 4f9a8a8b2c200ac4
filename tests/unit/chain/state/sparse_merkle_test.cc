// The authenticated tree against a naive recursive reference: same records, same root, whatever the
// order; versions share nodes and give them back; proofs hold and cannot be bent.
#include "chain/state/sparse_merkle.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

using testing::SeededRng;
using Leaves = std::map<Hash32, Hash32>;

// The definition, word by word: no leaf is 32 zero bytes, one leaf is its hash, more are the hash
// of their halves.
Hash32 reference_root(Leaves::const_iterator first, Leaves::const_iterator last,
                      std::size_t depth) {
  if (first == last) return {};
  if (std::next(first) == last) {
    Bytes leaf{0x00};
    append(leaf, first->first);
    append(leaf, first->second);
    return sha256(leaf);
  }
  auto middle = first;
  while (middle != last && (middle->first[depth / 8] >> (7 - depth % 8) & 1) == 0) ++middle;
  Bytes inner{0x01};
  append(inner, reference_root(first, middle, depth + 1));
  append(inner, reference_root(middle, last, depth + 1));
  return sha256(inner);
}
Hash32 reference_root(const Leaves& leaves) {
  return reference_root(leaves.begin(), leaves.end(), 0);
}

Hash32 random_hash(SeededRng& rng) {
  Hash32 out;
  rng.fill(out.data);
  return out;
}
// Paths that share long prefixes, so that deep and lopsided trees are met too.
Hash32 clustered_path(SeededRng& rng) {
  Hash32 path;
  path.data[31] = static_cast<std::uint8_t>(rng.below(8));
  path.data[rng.below(32)] = static_cast<std::uint8_t>(1U << rng.below(8));
  return path;
}

std::vector<LeafChange> as_changes(const std::map<Hash32, std::optional<Hash32>>& changes) {
  std::vector<LeafChange> out;
  for (const auto& [path, value] : changes) out.push_back({path, value});
  return out;
}

TEST(SparseMerkle, TheSmallestTreesAreWhatTheSpecSays) {
  SparseMerkleTree tree;
  EXPECT_TRUE(tree.root_hash(TreeRoot::kEmpty).is_zero());

  const Hash32 low = *fixed_from_hex<32>(std::string(64, '0'));
  const Hash32 high = *fixed_from_hex<32>(std::string(64, 'f'));
  const Hash32 value = sha256(as_bytes("value"));
  const std::vector<LeafChange> one{{low, value}};
  const TreeVersion first = tree.apply(TreeRoot::kEmpty, one);
  EXPECT_EQ(tree.root_hash(first.root), state_leaf_hash(low, value)) << "a lone leaf is the root";

  const std::vector<LeafChange> two{{high, value}};
  const TreeVersion second = tree.apply(first.root, two);
  EXPECT_EQ(tree.root_hash(second.root),
            state_inner_hash(state_leaf_hash(low, value), state_leaf_hash(high, value)));

  // Two leaves that part at the second bit have an empty place beside their parent.
  Hash32 quarter = low;
  quarter.data[0] = 0x40;
  const std::vector<LeafChange> near{{quarter, value}};
  const TreeVersion third = tree.apply(first.root, near);
  EXPECT_EQ(tree.root_hash(third.root),
            state_inner_hash(
                state_inner_hash(state_leaf_hash(low, value), state_leaf_hash(quarter, value)),
                Hash32{}));
}

// Any sequence of inserts, overwrites and erases in batches of any size ends in the reference root,
// and in exactly the nodes that a fresh build takes.
void expect_history_independent(std::uint64_t seed, bool clustered) {
  SeededRng rng(seed);
  SparseMerkleTree tree;
  TreeRoot root = TreeRoot::kEmpty;
  Leaves model;
  for (int block = 0; block < 60; ++block) {
    std::map<Hash32, std::optional<Hash32>> changes;
    const std::uint64_t count = 1 + rng.below(block % 10 == 0 ? 200 : 12);
    for (std::uint64_t i = 0; i < count; ++i) {
      Hash32 path = clustered ? clustered_path(rng) : random_hash(rng);
      if (!model.empty() && rng.below(2) == 0) {
        const auto at = model.lower_bound(path);
        path = at == model.end() ? model.begin()->first : at->first;
      }
      if (rng.below(3) == 0) {
        changes[path] = std::nullopt;
      } else if (rng.below(8) == 0 && model.contains(path)) {
        changes[path] = model[path];  // a write that changes nothing
      } else {
        changes[path] = random_hash(rng);
      }
    }
    for (const auto& [path, value] : changes) {
      if (value) {
        model[path] = *value;
      } else {
        model.erase(path);
      }
    }
    TreeVersion version = tree.apply(root, as_changes(changes));
    root = version.root;
    tree.commit(std::move(version));
    ASSERT_EQ(tree.root_hash(root), reference_root(model)) << "block " << block;
  }
  SparseMerkleTree fresh;
  SparseMerkleTree::Builder builder(fresh);
  for (const auto& [path, value] : model) builder.add(path, value);
  EXPECT_EQ(fresh.root_hash(builder.finish()), tree.root_hash(root));
  EXPECT_EQ(fresh.leaves_in_use(), tree.leaves_in_use()) << "no leaf leaked";
  EXPECT_EQ(fresh.inner_in_use(), tree.inner_in_use()) << "no inner node leaked";
}
TEST(SparseMerkle, HistoryDoesNotMatterForRandomPaths) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) expect_history_independent(seed, false);
}
TEST(SparseMerkle, HistoryDoesNotMatterForCrowdedPaths) {
  for (std::uint64_t seed = 100; seed < 110; ++seed) expect_history_independent(seed, true);
}

TEST(SparseMerkle, ErasingEverythingReturnsToTheEmptyTree) {
  SeededRng rng(3);
  SparseMerkleTree tree;
  std::map<Hash32, std::optional<Hash32>> changes;
  for (int i = 0; i < 300; ++i) changes[random_hash(rng)] = random_hash(rng);
  TreeVersion full = tree.apply(TreeRoot::kEmpty, as_changes(changes));
  for (auto& [path, value] : changes) value.reset();
  TreeVersion empty = tree.apply(full.root, as_changes(changes));
  EXPECT_EQ(empty.root, TreeRoot::kEmpty);
  tree.commit(std::move(full));
  tree.commit(std::move(empty));
  EXPECT_EQ(tree.leaves_in_use() + tree.inner_in_use(), 0U);
}

TEST(SparseMerkle, NothingChangedMakesNoNode) {
  SparseMerkleTree tree;
  const std::vector<LeafChange> write{
      {sha256(as_bytes("a")), sha256(as_bytes("1"))},
  };
  const TreeVersion first = tree.apply(TreeRoot::kEmpty, write);
  const TreeVersion again = tree.apply(first.root, write);
  EXPECT_EQ(again.root, first.root);
  EXPECT_TRUE(again.created.empty() && again.replaced.empty());
  const std::vector<LeafChange> absent{{sha256(as_bytes("b")), std::nullopt}};
  EXPECT_EQ(tree.apply(first.root, absent).root, first.root);
  EXPECT_EQ(tree.apply(first.root, {}).root, first.root);
}

// Two blocks compete above one parent, one has a child; the other wins. Every root is readable
// until it is dropped, and afterwards only the winner's nodes are left.
TEST(SparseMerkle, CompetingVersionsStandBesideEachOther) {
  SeededRng rng(5);
  SparseMerkleTree tree;
  Leaves parent_leaves;
  SparseMerkleTree::Builder builder(tree);
  for (int i = 0; i < 1'000; ++i) parent_leaves[random_hash(rng)] = random_hash(rng);
  for (const auto& [path, value] : parent_leaves) builder.add(path, value);
  const TreeRoot parent = builder.finish();

  const auto random_block = [&](Leaves& leaves) {
    std::map<Hash32, std::optional<Hash32>> changes;
    for (int i = 0; i < 50; ++i) {
      const auto old = leaves.lower_bound(random_hash(rng));
      if (old != leaves.end()) changes[old->first] = std::nullopt;
      changes[random_hash(rng)] = random_hash(rng);
    }
    for (const auto& [path, value] : changes) {
      if (value) {
        leaves[path] = *value;
      } else {
        leaves.erase(path);
      }
    }
    return as_changes(changes);
  };
  Leaves loser_leaves = parent_leaves;
  TreeVersion loser = tree.apply(parent, random_block(loser_leaves));
  Leaves child_leaves = loser_leaves;
  TreeVersion child = tree.apply(loser.root, random_block(child_leaves));
  Leaves winner_leaves = parent_leaves;
  TreeVersion winner = tree.apply(parent, random_block(winner_leaves));

  EXPECT_EQ(tree.root_hash(parent), reference_root(parent_leaves));
  EXPECT_EQ(tree.root_hash(loser.root), reference_root(loser_leaves));
  EXPECT_EQ(tree.root_hash(child.root), reference_root(child_leaves));
  EXPECT_EQ(tree.root_hash(winner.root), reference_root(winner_leaves));

  const TreeRoot final_root = winner.root;
  tree.commit(std::move(winner));
  tree.discard(std::move(loser));
  tree.discard(std::move(child));
  EXPECT_EQ(tree.root_hash(final_root), reference_root(winner_leaves));
  EXPECT_EQ(tree.leaves_in_use(), winner_leaves.size());
  Leaves visited;
  tree.visit_leaves(final_root, [&](const Hash32& path, const Hash32& value) {
    visited.emplace_hint(visited.end(), path, value);
    return true;
  });
  EXPECT_EQ(visited, winner_leaves);
}

TEST(SparseMerkle, AHundredThousandRecordsTakeAboutAHundredAndThirtyBytesEach) {
  SeededRng rng(11);
  Leaves leaves;
  for (int i = 0; i < 100'000; ++i) leaves[random_hash(rng)] = random_hash(rng);
  SparseMerkleTree tree;
  SparseMerkleTree::Builder builder(tree);
  for (const auto& [path, value] : leaves) builder.add(path, value);
  TreeRoot root = builder.finish();
  EXPECT_EQ(tree.root_hash(root), reference_root(leaves));
  EXPECT_LT(tree.memory_bytes() / leaves.size(), 140U);
  EXPECT_GT(tree.memory_bytes() / leaves.size(), 64U);
  for (int block = 0; block < 100; ++block) {
    std::map<Hash32, std::optional<Hash32>> changes;
    for (int i = 0; i < 10; ++i)
      changes[leaves.lower_bound(random_hash(rng))->first] = random_hash(rng);
    for (const auto& [path, value] : changes) leaves[path] = *value;
    TreeVersion version = tree.apply(root, as_changes(changes));
    root = version.root;
    tree.commit(std::move(version));
  }
  EXPECT_EQ(tree.root_hash(root), reference_root(leaves));
  EXPECT_LT(tree.memory_bytes() / leaves.size(), 140U) << "replaced nodes are used again";
}

class SparseMerkleProof : public ::testing::Test {
 protected:
  void SetUp() override {
    Changes changes;
    for (std::uint32_t i = 0; i < 500; ++i) changes[key(i)] = value(i);
    root = tree.apply(TreeRoot::kEmpty, leaf_changes(changes)).root;
  }
  static StateKey key(std::uint32_t i) {
    return {0x01, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)};
  }
  static Bytes value(std::uint32_t i) { return {static_cast<std::uint8_t>(i * 7), 1}; }
  SparseMerkleTree tree;
  TreeRoot root = TreeRoot::kEmpty;
};

TEST_F(SparseMerkleProof, ShowsEveryRecordAndNoOtherValue) {
  for (std::uint32_t i = 0; i < 500; ++i) {
    StateProof proof = make_state_proof(tree, root, 1, key(i), value(i));
    EXPECT_EQ(proof.root, tree.root_hash(root));
    ASSERT_TRUE(verify_state_proof(proof)) << i;
    proof.value->push_back(0);
    EXPECT_FALSE(verify_state_proof(proof)) << "another value";
    proof.value.reset();
    EXPECT_FALSE(verify_state_proof(proof)) << "absence of what is there";
  }
}

TEST_F(SparseMerkleProof, ShowsAbsenceBesideAnotherLeafAndInAnEmptyPlace) {
  std::size_t beside = 0;
  std::size_t empty = 0;
  for (std::uint32_t i = 500; i < 1'500; ++i) {
    StateProof proof = make_state_proof(tree, root, 1, key(i), std::nullopt);
    ASSERT_TRUE(verify_state_proof(proof)) << i;
    proof.other_leaf ? ++beside : ++empty;
    proof.value = value(i);
    EXPECT_FALSE(verify_state_proof(proof)) << "presence of what is not there";
    proof.value.reset();
    if (proof.other_leaf) {
      proof.other_leaf.reset();
      EXPECT_FALSE(verify_state_proof(proof)) << "the other leaf must be shown";
    }
  }
  EXPECT_GT(beside, 0U);
  EXPECT_GT(empty, 0U);
}

TEST_F(SparseMerkleProof, NoPartOfItCanBeBent) {
  const StateProof honest = make_state_proof(tree, root, 1, key(3), value(3));
  ASSERT_GE(honest.siblings.size(), 3U);
  for (std::size_t i = 0; i < honest.siblings.size(); ++i) {
    StateProof bent = honest;
    bent.siblings[i].data[5] ^= 1;
    EXPECT_FALSE(verify_state_proof(bent)) << "sibling " << i;
  }
  StateProof bent = honest;
  bent.root.data[0] ^= 1;
  EXPECT_FALSE(verify_state_proof(bent)) << "root";
  bent = honest;
  bent.key.push_back(0);
  EXPECT_FALSE(verify_state_proof(bent)) << "key";
  bent = honest;
  bent.siblings.pop_back();
  EXPECT_FALSE(verify_state_proof(bent)) << "a level less";
  bent = honest;
  bent.siblings.insert(bent.siblings.begin(), Hash32{});
  EXPECT_FALSE(verify_state_proof(bent)) << "a level more, beside an empty place";
  bent = honest;
  bent.siblings.resize(257);
  EXPECT_FALSE(verify_state_proof(bent)) << "deeper than a path";
}

// Absence cannot be shown with a leaf from elsewhere: it must share the key's path so far.
TEST_F(SparseMerkleProof, AForeignLeafProvesNoAbsence) {
  StateProof forged = make_state_proof(tree, root, 1, key(3), value(3));
  // The honest way to key 4's leaf, called a proof that key 3 is absent.
  const StateProof other = make_state_proof(tree, root, 1, key(4), value(4));
  forged.value.reset();
  forged.siblings = other.siblings;
  forged.other_leaf.emplace(state_path(key(4)), sha256(value(4)));
  EXPECT_FALSE(verify_state_proof(forged));
  // The key's own leaf as "another" leaf.
  forged = make_state_proof(tree, root, 1, key(3), value(3));
  forged.value.reset();
  forged.other_leaf.emplace(state_path(key(3)), sha256(value(3)));
  EXPECT_FALSE(verify_state_proof(forged));
}

TEST_F(SparseMerkleProof, NeighborsAreThePathsNextBelowAndAbove) {
  std::set<Hash32> paths;
  for (std::uint32_t i = 0; i < 500; ++i) paths.insert(state_path(key(i)));
  for (std::uint32_t i = 500; i < 3'000; ++i) {
    const Hash32 path = state_path(key(i));
    const auto above = paths.upper_bound(path);
    const TreeNeighbors neighbors = tree.neighbors(root, path);
    EXPECT_EQ(neighbors.right, above == paths.end() ? std::nullopt : std::optional(*above));
    EXPECT_EQ(neighbors.left,
              above == paths.begin() ? std::nullopt : std::optional(*std::prev(above)));
  }
  EXPECT_EQ(tree.neighbors(root, Hash32{}).left, std::nullopt);
  EXPECT_EQ(tree.neighbors(root, Hash32{}).right, *paths.begin());
  EXPECT_EQ(tree.neighbors(TreeRoot::kEmpty, Hash32{}).right, std::nullopt);
}

// Both kinds of proof over these records were accepted by the ics23 crate (0.12.0) with its SmtSpec
// against this root, so the root stays.
TEST(SparseMerkleVector, IsTheRootThatAPublicVerifierAccepts) {
  Changes records;
  for (std::uint32_t i = 0; i < 500; ++i) {
    const auto low = static_cast<std::uint8_t>(i);
    records[{1, low, static_cast<std::uint8_t>(i >> 8)}] =
        Bytes{static_cast<std::uint8_t>(i * 3), static_cast<std::uint8_t>(i >> 4), 7};
  }
  SparseMerkleTree tree;
  EXPECT_EQ(to_hex(tree.root_hash(tree.apply(TreeRoot::kEmpty, leaf_changes(records)).root)),
            "4ceeeb699cd8f228e611a85092b5d77d14e95ea2a7492445689bf23596d77d11");
}

TEST(SparseMerkleProofOfSmallTrees, WorkForNoneAndOneLeaf) {
  SparseMerkleTree tree;
  EXPECT_TRUE(verify_state_proof(make_state_proof(tree, TreeRoot::kEmpty, 0, {1}, std::nullopt)));
  const TreeRoot root = tree.apply(TreeRoot::kEmpty, leaf_changes({{StateKey{1}, Bytes{2}}})).root;
  EXPECT_TRUE(verify_state_proof(make_state_proof(tree, root, 0, {1}, Bytes{2})));
  EXPECT_TRUE(verify_state_proof(make_state_proof(tree, root, 0, {9}, std::nullopt)));
}

TEST(SparseMerkleDeathTest, ChangesMustAscend) {
  SparseMerkleTree tree;
  const Hash32 path = sha256(as_bytes("x"));
  const std::vector<LeafChange> twice{{path, path}, {path, path}};
  EXPECT_DEATH((void)tree.apply(TreeRoot::kEmpty, twice), "path");
}

TEST(LeafChanges, AreHashedAndSorted) {
  Changes changes;
  for (std::uint8_t i = 0; i < 50; ++i) changes[StateKey{1, i}] = Bytes{i};
  changes[StateKey{1, 7}] = std::nullopt;
  const auto leaves = leaf_changes(changes);
  ASSERT_EQ(leaves.size(), 50U);
  EXPECT_TRUE(
      std::is_sorted(leaves.begin(), leaves.end(),
                     [](const LeafChange& a, const LeafChange& b) { return a.path < b.path; }));
  for (const LeafChange& leaf : leaves) {
    if (leaf.path == sha256(Bytes{1, 7})) {
      EXPECT_EQ(leaf.value_hash, std::nullopt);
    }
    if (leaf.path == sha256(Bytes{1, 8})) {
      EXPECT_EQ(leaf.value_hash, sha256(Bytes{8}));
    }
  }
}

}  // namespace
}  // namespace fog
