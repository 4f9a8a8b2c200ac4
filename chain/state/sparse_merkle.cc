#include "chain/state/sparse_merkle.h"

#include <algorithm>
#include <array>
#include <bit>

#include "chain/crypto/hash.h"
#include "chain/crypto/node_hash.h"
#include "chain/state/node_arena.h"

namespace fog {
namespace {

// A node's number: 0 is empty, the highest bit marks a leaf, an inner node counts from 1.
using NodeRef = std::uint32_t;
constexpr NodeRef kEmptyRef = 0;
constexpr NodeRef kLeafBit = 1U << 31;

bool is_leaf(NodeRef node) {
  return (node & kLeafBit) != 0;
}

std::size_t common_bits(const Hash32& a, const Hash32& b) {
  for (std::size_t i = 0; i < Hash32::kSize; ++i) {
    const auto difference = static_cast<std::uint8_t>(a.data[i] ^ b.data[i]);
    if (difference != 0) return i * 8 + static_cast<std::size_t>(std::countl_zero(difference));
  }
  return kStatePathBits;
}

}  // namespace

struct SparseMerkleTree::Nodes {
  struct Leaf {
    Hash32 path;
    Hash32 value_hash;
  };
  struct Inner {
    Hash32 hash;
    NodeRef left = kEmptyRef;
    NodeRef right = kEmptyRef;
  };
  static_assert(sizeof(Leaf) == 64 && sizeof(Inner) == 40);

  const Leaf& leaf(NodeRef node) const { return leaves[node & ~kLeafBit]; }
  const Inner& inner(NodeRef node) const { return inners[node - 1]; }
  Inner& inner(NodeRef node) { return inners[node - 1]; }
  NodeRef make_leaf(const Hash32& path, const Hash32& value_hash) {
    return leaves.allocate({path, value_hash}) | kLeafBit;
  }
  NodeRef make_inner(NodeRef left, NodeRef right) {
    return inners.allocate({state_inner_hash(hash_of(left), hash_of(right)), left, right}) + 1;
  }
  // Its hash is filled in later.
  NodeRef make_inner_unhashed(NodeRef left, NodeRef right) {
    return inners.allocate({{}, left, right}) + 1;
  }
  void prefetch(NodeRef node) const {
    if (is_leaf(node)) {
      leaves.prefetch(node & ~kLeafBit);
    } else if (node != kEmptyRef) {
      inners.prefetch(node - 1);
    }
  }
  // A leaf's hash is not kept: it is needed only beside or above a change, and takes 0.1 us.
  Hash32 hash_of(NodeRef node) const {
    if (node == kEmptyRef) return {};
    return is_leaf(node) ? state_leaf_hash(leaf(node).path, leaf(node).value_hash)
                         : inner(node).hash;
  }
  void free(NodeRef node) {
    if (is_leaf(node)) {
      leaves.free(node & ~kLeafBit);
    } else {
      inners.free(node - 1);
    }
  }

  // The lowest (or highest) path below a node; nothing below an empty one.
  std::optional<Hash32> outermost(NodeRef node, bool highest) const {
    if (node == kEmptyRef) return std::nullopt;
    while (!is_leaf(node)) {
      const Inner& at = inner(node);
      const NodeRef wanted = highest ? at.right : at.left;
      const NodeRef other = highest ? at.left : at.right;
      node = wanted == kEmptyRef ? other : wanted;
    }
    return leaf(node).path;
  }

  NodeArena<Leaf, 1U << 15> leaves;
  NodeArena<Inner, 1U << 18> inners;
  // What apply() works with, kept for the next.
  std::vector<std::vector<NodeRef>> new_by_depth;  // new inner nodes, not hashed yet
  std::vector<Hash32> leaf_hashes;
  std::vector<NodeHashJob> jobs;
};

// One apply(): walks down all changes together and builds the changed part anew on the way up.
// Recursion is as deep as the tree, at most 256.
class SparseMerkleTree::Update {
 public:
  Update(Nodes& nodes, TreeVersion& version) : nodes_(nodes), version_(version) {}

  NodeRef run(NodeRef root, std::span<const LeafChange> changes) {
    fetch(root, changes);
    const NodeRef changed = change(root, 0, changes);
    // The new inner nodes stand by depth: from the deepest up, so that children come first.
    for (std::size_t depth = nodes_.new_by_depth.size(); depth-- > 0;) {
      hash_all(nodes_.new_by_depth[depth]);
      nodes_.new_by_depth[depth].clear();
    }
    return changed;
  }

 private:
  static constexpr std::size_t kFetched = 16;

  // Asks for the nodes that change() will read, level by level for several changes at once: in a
  // large tree each is a wait for memory, and these waits overlap.
  void fetch(NodeRef root, std::span<const LeafChange> changes) const {
    for (; !changes.empty(); changes = changes.subspan(std::min(changes.size(), kFetched))) {
      const std::span<const LeafChange> group = changes.first(std::min(changes.size(), kFetched));
      std::array<NodeRef, kFetched> at;
      at.fill(root);
      bool deeper = true;
      for (std::size_t depth = 0; deeper; ++depth) {
        deeper = false;
        for (std::size_t i = 0; i < group.size(); ++i) {
          if (at[i] == kEmptyRef || is_leaf(at[i])) continue;
          const Nodes::Inner& inner = std::as_const(nodes_).inner(at[i]);
          nodes_.prefetch(inner.left);
          nodes_.prefetch(inner.right);
          at[i] = state_path_bit(group[i].path, depth) ? inner.right : inner.left;
          deeper = true;
        }
      }
    }
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  NodeRef change(NodeRef node, std::size_t depth, std::span<const LeafChange> changes) {
    if (changes.empty()) return node;
    if (node == kEmptyRef || is_leaf(node)) return change_lone(node, depth, changes);
    const Nodes::Inner before = std::as_const(nodes_).inner(node);
    const auto first_right = std::partition_point(
        changes.begin(), changes.end(),
        [&](const LeafChange& change) { return !state_path_bit(change.path, depth); });
    const auto left_count = static_cast<std::size_t>(first_right - changes.begin());
    const NodeRef left = change(before.left, depth + 1, changes.first(left_count));
    const NodeRef right = change(before.right, depth + 1, changes.subspan(left_count));
    if (left == before.left && right == before.right) return node;
    version_.replaced.push_back(node);
    return join(left, right, depth);
  }

  // A place with one leaf or none: what stands there afterwards is that leaf, unless it changes,
  // and the new ones.
  NodeRef change_lone(NodeRef node, std::size_t depth, std::span<const LeafChange> changes) {
    std::vector<NodeRef> leaves;
    leaves.reserve(changes.size() + 1);
    bool placed = node == kEmptyRef;
    for (const LeafChange& change : changes) {
      const bool same_path = !placed && nodes_.leaf(node).path == change.path;
      if (!placed && !same_path && nodes_.leaf(node).path < change.path) {
        leaves.push_back(node);
        placed = true;
      }
      if (same_path) {
        placed = true;
        if (change.value_hash == nodes_.leaf(node).value_hash) {
          leaves.push_back(node);
          continue;
        }
        version_.replaced.push_back(node);
      }
      if (change.value_hash) {
        leaves.push_back(remember(nodes_.make_leaf(change.path, *change.value_hash)));
      }
    }
    if (!placed) leaves.push_back(node);
    return grow(leaves, depth);
  }

  // The subtree at `depth` over leaves that ascend by path.
  // NOLINTNEXTLINE(misc-no-recursion)
  NodeRef grow(std::span<const NodeRef> leaves, std::size_t depth) {
    if (leaves.empty()) return kEmptyRef;
    if (leaves.size() == 1) return leaves.front();
    // Two equal paths would come here at depth 256.
    CHECK(depth < kStatePathBits);
    const auto first_right = std::partition_point(leaves.begin(), leaves.end(), [&](NodeRef leaf) {
      return !state_path_bit(nodes_.leaf(leaf).path, depth);
    });
    const auto left_count = static_cast<std::size_t>(first_right - leaves.begin());
    const NodeRef left = grow(leaves.first(left_count), depth + 1);
    return join(left, grow(leaves.subspan(left_count), depth + 1), depth);
  }

  // A lone leaf is lifted; everything else takes an inner node.
  NodeRef join(NodeRef left, NodeRef right, std::size_t depth) {
    if (left == kEmptyRef && (right == kEmptyRef || is_leaf(right))) return right;
    if (right == kEmptyRef && is_leaf(left)) return left;
    const NodeRef node = remember(nodes_.make_inner_unhashed(left, right));
    if (nodes_.new_by_depth.size() <= depth) nodes_.new_by_depth.resize(depth + 1);
    nodes_.new_by_depth[depth].push_back(node);
    return node;
  }

  // Hashes inner nodes of one depth, whose inner children have their hashes.
  void hash_all(std::span<const NodeRef> inners) {
    // Leaves keep no hash, so those beside or below a change are hashed first, into their places.
    nodes_.leaf_hashes.resize(inners.size() * 2);
    nodes_.jobs.clear();
    for (std::size_t i = 0; i < inners.size(); ++i) {
      const Nodes::Inner& inner = nodes_.inner(inners[i]);
      add_leaf_job(inner.left, nodes_.leaf_hashes[2 * i]);
      add_leaf_job(inner.right, nodes_.leaf_hashes[2 * i + 1]);
    }
    node_hashes(nodes_.jobs);
    nodes_.jobs.clear();
    for (std::size_t i = 0; i < inners.size(); ++i) {
      Nodes::Inner& inner = nodes_.inner(inners[i]);
      nodes_.jobs.push_back({kStateInnerPrefix, &child_hash(inner.left, nodes_.leaf_hashes[2 * i]),
                             &child_hash(inner.right, nodes_.leaf_hashes[2 * i + 1]), &inner.hash});
    }
    node_hashes(nodes_.jobs);
  }
  void add_leaf_job(NodeRef node, Hash32& out) {
    if (!is_leaf(node)) return;
    const Nodes::Leaf& leaf = nodes_.leaf(node);
    nodes_.jobs.push_back({kStateLeafPrefix, &leaf.path, &leaf.value_hash, &out});
  }
  const Hash32& child_hash(NodeRef node, const Hash32& leaf_hash) const {
    static constexpr Hash32 kEmptyHash{};
    if (node == kEmptyRef) return kEmptyHash;
    return is_leaf(node) ? leaf_hash : std::as_const(nodes_).inner(node).hash;
  }

  NodeRef remember(NodeRef node) {
    version_.created.push_back(node);
    return node;
  }

  Nodes& nodes_;
  TreeVersion& version_;
};

SparseMerkleTree::SparseMerkleTree() : nodes_(std::make_unique<Nodes>()) {}
SparseMerkleTree::~SparseMerkleTree() = default;
SparseMerkleTree::SparseMerkleTree(SparseMerkleTree&&) noexcept = default;
SparseMerkleTree& SparseMerkleTree::operator=(SparseMerkleTree&&) noexcept = default;

TreeVersion SparseMerkleTree::apply(TreeRoot base, std::span<const LeafChange> changes) {
  for (std::size_t i = 1; i < changes.size(); ++i) CHECK(changes[i - 1].path < changes[i].path);
  TreeVersion version;
  Update update(*nodes_, version);
  version.root = TreeRoot{update.run(static_cast<NodeRef>(base), changes)};
  return version;
}

void SparseMerkleTree::commit(TreeVersion&& version) {
  for (const NodeRef node : version.replaced) nodes_->free(node);
  version = {};
}

void SparseMerkleTree::discard(TreeVersion&& version) {
  for (const NodeRef node : version.created) nodes_->free(node);
  version = {};
}

Hash32 SparseMerkleTree::root_hash(TreeRoot root) const {
  return nodes_->hash_of(static_cast<NodeRef>(root));
}

std::optional<Hash32> SparseMerkleTree::find(TreeRoot root, const Hash32& path) const {
  auto node = static_cast<NodeRef>(root);
  for (std::size_t depth = 0; node != kEmptyRef && !is_leaf(node); ++depth) {
    const Nodes::Inner& inner = nodes_->inner(node);
    node = state_path_bit(path, depth) ? inner.right : inner.left;
  }
  if (node == kEmptyRef || nodes_->leaf(node).path != path) return std::nullopt;
  return nodes_->leaf(node).value_hash;
}

TreeProof SparseMerkleTree::prove(TreeRoot root, const Hash32& path) const {
  TreeProof proof;
  auto node = static_cast<NodeRef>(root);
  for (std::size_t depth = 0; node != kEmptyRef && !is_leaf(node); ++depth) {
    const Nodes::Inner& inner = nodes_->inner(node);
    const bool right = state_path_bit(path, depth);
    proof.siblings.push_back(nodes_->hash_of(right ? inner.left : inner.right));
    node = right ? inner.right : inner.left;
  }
  std::reverse(proof.siblings.begin(), proof.siblings.end());
  if (node == kEmptyRef) return proof;
  const Nodes::Leaf& leaf = nodes_->leaf(node);
  if (leaf.path == path) {
    proof.value_hash = leaf.value_hash;
  } else {
    proof.other_leaf.emplace(leaf.path, leaf.value_hash);
  }
  return proof;
}

TreeNeighbors SparseMerkleTree::neighbors(TreeRoot root, const Hash32& path) const {
  // The subtrees nearest to the way down, on either side.
  NodeRef left = kEmptyRef;
  NodeRef right = kEmptyRef;
  auto node = static_cast<NodeRef>(root);
  for (std::size_t depth = 0; node != kEmptyRef && !is_leaf(node); ++depth) {
    const Nodes::Inner& inner = nodes_->inner(node);
    const bool goes_right = state_path_bit(path, depth);
    if (goes_right && inner.left != kEmptyRef) left = inner.left;
    if (!goes_right && inner.right != kEmptyRef) right = inner.right;
    node = goes_right ? inner.right : inner.left;
  }
  if (node != kEmptyRef) {
    CHECK(nodes_->leaf(node).path != path);
    (nodes_->leaf(node).path < path ? left : right) = node;
  }
  return {nodes_->outermost(left, true), nodes_->outermost(right, false)};
}

void SparseMerkleTree::visit_leaves(TreeRoot root, const LeafVisitor& visit) const {
  std::vector<NodeRef> waiting{static_cast<NodeRef>(root)};
  while (!waiting.empty()) {
    const NodeRef node = waiting.back();
    waiting.pop_back();
    if (node == kEmptyRef) continue;
    if (is_leaf(node)) {
      if (!visit(nodes_->leaf(node).path, nodes_->leaf(node).value_hash)) return;
    } else {
      waiting.push_back(nodes_->inner(node).right);
      waiting.push_back(nodes_->inner(node).left);
    }
  }
}

std::size_t SparseMerkleTree::memory_bytes() const {
  return nodes_->leaves.memory_bytes() + nodes_->inners.memory_bytes();
}
std::size_t SparseMerkleTree::leaves_in_use() const {
  return nodes_->leaves.in_use();
}
std::size_t SparseMerkleTree::inner_in_use() const {
  return nodes_->inners.in_use();
}

void SparseMerkleTree::Builder::add(const Hash32& path, const Hash32& value_hash) {
  if (current_) {
    CHECK(current_->path < path);
    const std::size_t split = common_bits(current_->path, path);
    join_below(split + 1);
    pending_.push_back({*current_, split});
  }
  current_ = Subtree{tree_.nodes_->make_leaf(path, value_hash), kStatePathBits, path};
}

TreeRoot SparseMerkleTree::Builder::finish() {
  if (!current_) return TreeRoot::kEmpty;
  join_below(0);
  const TreeRoot root{raise(*current_, 0)};
  current_.reset();
  return root;
}

// Closes every waiting subtree whose split lies at `depth` or below: nothing more can come there.
void SparseMerkleTree::Builder::join_below(std::size_t depth) {
  while (!pending_.empty() && pending_.back().split >= depth) {
    const auto [left, split] = pending_.back();
    pending_.pop_back();
    const NodeRef left_node = raise(left, split + 1);
    const NodeRef right_node = raise(*current_, split + 1);
    current_->node = tree_.nodes_->make_inner(left_node, right_node);
    current_->depth = split;
  }
}

// A leaf needs no inner nodes above it; an inner node needs one at every depth.
std::uint32_t SparseMerkleTree::Builder::raise(const Subtree& subtree, std::size_t depth) {
  NodeRef node = subtree.node;
  if (is_leaf(node)) return node;
  for (std::size_t above = subtree.depth; above > depth; --above) {
    const bool right = state_path_bit(subtree.path, above - 1);
    node = right ? tree_.nodes_->make_inner(kEmptyRef, node)
                 : tree_.nodes_->make_inner(node, kEmptyRef);
  }
  return node;
}

std::vector<LeafChange> leaf_changes(const Changes& changes) {
  std::vector<LeafChange> leaves;
  leaves.reserve(changes.size());
  for (const auto& [key, value] : changes) {
    LeafChange& leaf = leaves.emplace_back();
    leaf.path = state_path(key);
    if (value) leaf.value_hash = sha256(*value);
  }
  std::sort(leaves.begin(), leaves.end(),
            [](const LeafChange& a, const LeafChange& b) { return a.path < b.path; });
  return leaves;
}

StateProof make_state_proof(const SparseMerkleTree& tree, TreeRoot root, std::uint64_t height,
                            const StateKey& key, const std::optional<Bytes>& value) {
  TreeProof proof = tree.prove(root, state_path(key));
  CHECK(proof.value_hash.has_value() == value.has_value());
  if (value) {
    CHECK(*proof.value_hash == sha256(*value));
  }
  return {height, tree.root_hash(root),      key,
          value,  std::move(proof.siblings), std::move(proof.other_leaf)};
}

}  // namespace fog
