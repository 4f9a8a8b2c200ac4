// SparseMerkleTree: the authenticated tree over H(key) -> H(value), exactly as ICS-23's SMT spec
// has it (see chain/types/state_proof.h). The root depends on the records alone, never on the order
// in which they came.
//
// Nodes live in memory: 64 bytes a leaf, 40 an inner node, about 122 bytes a record. Trees share
// nodes: apply() leaves the tree it starts from as it was and makes a second root beside it, so
// that competing unfinalized blocks can each have one above their parent's.
//
//         root of parent      root of a child block
//               \                /
//             inner nodes: only those above a changed leaf are new
//                       \      /
//                        leaves
//
// Not thread safe: one owner calls apply, commit, discard, build; reads may run beside each other
// but not beside those.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "chain/state/view.h"
#include "chain/types/state_proof.h"

namespace fog {

// What happens to one leaf: it takes a value hash, or (nothing) it is removed.
struct LeafChange {
  Hash32 path;
  std::optional<Hash32> value_hash;
};

// The leaf changes of a block's state changes, ascending by path. Erasing what is not there changes
// nothing.
std::vector<LeafChange> leaf_changes(const Changes& changes);

// A number that stands for a node: 0 is the empty tree. Only the tree that made it can read it.
enum class TreeRoot : std::uint32_t { kEmpty = 0 };

// A tree that apply() made, and what tells it from the one it was made from.
struct TreeVersion {
  TreeRoot root = TreeRoot::kEmpty;
  std::vector<std::uint32_t> created;   // nodes that this version alone brought
  std::vector<std::uint32_t> replaced;  // nodes of its parent that it no longer uses
};

// What a proof of one path consists of; see StateProof for the fields.
struct TreeProof {
  std::optional<Hash32> value_hash;  // nothing: no leaf has this path
  std::vector<Hash32> siblings;
  std::optional<std::pair<Hash32, Hash32>> other_leaf;
};

// The leaves beside a path, of which none has it; nothing where there is none on that side.
struct TreeNeighbors {
  std::optional<Hash32> left;
  std::optional<Hash32> right;
};

class SparseMerkleTree {
 public:
  SparseMerkleTree();
  ~SparseMerkleTree();
  SparseMerkleTree(SparseMerkleTree&&) noexcept;
  SparseMerkleTree& operator=(SparseMerkleTree&&) noexcept;

  // The tree that `base` becomes through `changes`, which ascend strictly by path. `base` stays
  // readable. Costs about one inner hash a level and change; changes share the upper levels.
  TreeVersion apply(TreeRoot base, std::span<const LeafChange> changes);
  // Makes a version final: frees what it replaced. Afterwards its base, and every other version
  // made from that base, may only be discarded, never read.
  void commit(TreeVersion&& version);
  // Drops a version: frees what it created. Versions made from it may only be discarded too; the
  // order does not matter.
  void discard(TreeVersion&& version);

  Hash32 root_hash(TreeRoot root) const;
  // The value hash under a path.
  std::optional<Hash32> find(TreeRoot root, const Hash32& path) const;
  TreeProof prove(TreeRoot root, const Hash32& path) const;
  // The paths next below and above `path`, which no leaf may have. Proofs of their membership are
  // ICS-23's form of a proof of absence.
  TreeNeighbors neighbors(TreeRoot root, const Hash32& path) const;
  // Visits every leaf, ascending by path, until the visitor returns false.
  using LeafVisitor = std::function<bool(const Hash32& path, const Hash32& value_hash)>;
  void visit_leaves(TreeRoot root, const LeafVisitor& visit) const;

  // Bytes held by nodes, and by places for nodes that are free now.
  std::size_t memory_bytes() const;
  std::size_t leaves_in_use() const;
  std::size_t inner_in_use() const;

  // Builds a tree from leaves that come ascending by path, in time and writes linear in their
  // number. The builder must not outlive the tree, and apply() must not run in between.
  class Builder {
   public:
    explicit Builder(SparseMerkleTree& tree) : tree_(tree) {}
    // `path` must be above every path added before.
    void add(const Hash32& path, const Hash32& value_hash);
    TreeRoot finish();

   private:
    // A finished subtree: its node's depth, and any path below it. A leaf has the depth 256.
    struct Subtree {
      std::uint32_t node = 0;
      std::size_t depth = kStatePathBits;
      Hash32 path;
    };
    // A subtree that waits for its right sibling: the two part at bit `split`.
    struct Pending {
      Subtree left;
      std::size_t split = 0;
    };
    void join_below(std::size_t depth);
    std::uint32_t raise(const Subtree& subtree, std::size_t depth);

    SparseMerkleTree& tree_;
    std::vector<Pending> pending_;  // splits ascend
    std::optional<Subtree> current_;
  };

 private:
  struct Nodes;
  class Update;
  std::unique_ptr<Nodes> nodes_;
};

// A complete proof for a key, with its value if it has one. The value must be the one that the
// tree's leaf was made from.
StateProof make_state_proof(const SparseMerkleTree& tree, TreeRoot root, std::uint64_t height,
                            const StateKey& key, const std::optional<Bytes>& value);

}  // namespace fog
