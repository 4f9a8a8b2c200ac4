// Ranges of the state tree: everything below one place of it, provable on its own.
//
// A range is all paths that begin with the first `depth` bits of `start`. Its proof is the siblings
// on the way up to the root, each of them a child of an inner node, so that the place exists in the
// tree. Then hashes leave nothing open: the subtree's hash follows from its leaves
// (SparseMerkleTree is canonical), a leaf that is missing, added or changed makes another, and an
// empty place is 32 zero bytes.
//
//               root
//              /    \        ranges: 0 (depth 1), 10 and 11 (depth 2)
//             0      1       proof of 10: hash of 11, hash of 0
//                  /   \     proof of 0:  hash of 1
//                10    11
#pragma once

#include <span>
#include <vector>

#include "chain/state/sparse_merkle.h"

namespace fog {

struct PathRange {
  Hash32 start;             // its bits from `depth` on are zero
  std::uint16_t depth = 0;  // 0..256; at 0 the range is everything
  bool contains(const Hash32& path) const;
  bool operator==(const PathRange&) const = default;
};

struct StateLeaf {
  Hash32 path;
  Hash32 value_hash;
};

// Whether `leaves` are all that a tree with this root has in the range, neither more nor less.
// False when they do not ascend strictly, lie outside, or the proof does not lead to the root.
// `siblings`: the range's own first, then upwards, one for each bit of its depth.
bool verify_range(const PathRange& range, std::span<const StateLeaf> leaves,
                  std::span<const Hash32> siblings, const Hash32& root);

// The ranges that follow each other from the first path to the last, with these depths; nothing
// when they do not fill the whole of it exactly.
std::optional<std::vector<PathRange>> ranges_of(std::span<const std::uint16_t> depths);

// Cuts a tree into ranges of bounded weight while its leaves pass by once, ascending. Which ranges
// come out follows from the leaves, their weights and the bound alone: a place is one range when
// all below it weighs at most `weight_max` (a single leaf may weigh more) and all below its parent
// weighs more. Memory goes with the number of ranges, not of leaves.
class RangeCutter {
 public:
  explicit RangeCutter(std::uint64_t weight_max) : weight_max_(weight_max) {}
  // `path` must be above every path added before.
  void add(const StateLeaf& leaf, std::uint64_t weight);

  struct Cut {
    std::uint16_t depth = 0;
    std::uint64_t leaves = 0;
    std::uint64_t weight = 0;
    std::vector<Hash32> siblings;  // its proof
  };
  struct Result {
    Hash32 root;
    std::vector<Cut> cuts;  // in the order of their paths, together everything
  };
  Result finish() &&;

 private:
  friend class RangeHasher;
  // A finished subtree below `depth`. A lone leaf stands at any depth. One that is too heavy for a
  // range has a node that says how it was cut.
  struct Subtree {
    Hash32 path;  // of any leaf in it
    Hash32 hash;
    std::size_t depth = kStatePathBits;
    std::uint64_t weight = 0;
    std::uint64_t leaves = 0;
    bool is_leaf = true;
    std::optional<std::size_t> node;
  };
  // Waits for its right sibling: the two part at bit `split`.
  struct Pending {
    Subtree left;
    std::size_t split = 0;
  };
  // A place in the tree of cuts: either cut further or a range.
  struct Node {
    Hash32 hash;
    std::uint64_t leaves = 0;
    std::uint64_t weight = 0;
    std::optional<std::pair<std::size_t, std::size_t>> children;
  };

  void join_below(std::size_t depth);
  Subtree join(Subtree left, Subtree right, std::size_t depth);
  Subtree raise(Subtree subtree, std::size_t depth);
  Subtree finish_at(std::size_t depth);
  std::size_t node_of(const Subtree& subtree);

  const std::uint64_t weight_max_;
  std::vector<Pending> pending_;  // splits ascend
  std::optional<Subtree> current_;
  std::vector<Node> nodes_;
};

}  // namespace fog
