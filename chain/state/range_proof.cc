#include "chain/state/range_proof.h"

#include <limits>

namespace fog {
namespace {

constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();

std::size_t common_bits(const Hash32& a, const Hash32& b) {
  std::size_t bits = 0;
  while (bits < kStatePathBits && state_path_bit(a, bits) == state_path_bit(b, bits)) ++bits;
  return bits;
}

Hash32 parent_hash(bool is_right, const Hash32& child, const Hash32& sibling) {
  return is_right ? state_inner_hash(sibling, child) : state_inner_hash(child, sibling);
}

// Adds 2^(256 - depth) to a path. False when it goes past the last one.
bool step_over(Hash32& path, std::size_t depth) {
  for (std::size_t bit = depth; bit > 0; --bit) {
    auto& byte = path.data[(bit - 1) / 8];
    const auto mask = static_cast<std::uint8_t>(0x80U >> ((bit - 1) % 8));
    byte = static_cast<std::uint8_t>(byte ^ mask);
    if ((byte & mask) != 0) return true;  // no carry
  }
  return false;
}

bool is_zero_from(const Hash32& path, std::size_t depth) {
  for (std::size_t bit = depth; bit < kStatePathBits; ++bit) {
    if (state_path_bit(path, bit)) return false;
  }
  return true;
}

}  // namespace

bool PathRange::contains(const Hash32& path) const {
  return common_bits(start, path) >= depth;
}

// The hash of a subtree from its leaves: a cutter that never cuts.
class RangeHasher {
 public:
  static Hash32 hash(std::span<const StateLeaf> leaves, std::size_t depth) {
    RangeCutter cutter(kNoBound);
    for (const StateLeaf& leaf : leaves) cutter.add(leaf, 0);
    return cutter.finish_at(depth).hash;
  }
};

bool verify_range(const PathRange& range, std::span<const StateLeaf> leaves,
                  std::span<const Hash32> siblings, const Hash32& root) {
  if (range.depth > kStatePathBits || siblings.size() != range.depth) return false;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (!range.contains(leaves[i].path)) return false;
    if (i > 0 && !(leaves[i - 1].path < leaves[i].path)) return false;
  }
  Hash32 hash = RangeHasher::hash(leaves, range.depth);
  for (std::size_t i = 0; i < siblings.size(); ++i)
    hash = parent_hash(state_path_bit(range.start, range.depth - 1 - i), hash, siblings[i]);
  return hash == root;
}

std::optional<std::vector<PathRange>> ranges_of(std::span<const std::uint16_t> depths) {
  std::vector<PathRange> out;
  out.reserve(depths.size());
  Hash32 at;
  bool more = true;
  for (const std::uint16_t depth : depths) {
    if (!more || depth > kStatePathBits || !is_zero_from(at, depth)) return std::nullopt;
    out.push_back({at, depth});
    more = step_over(at, depth);
  }
  if (more) return std::nullopt;
  return out;
}

// ---- cutting ----

void RangeCutter::add(const StateLeaf& leaf, std::uint64_t weight) {
  if (current_) {
    CHECK(current_->path < leaf.path);
    const std::size_t split = common_bits(current_->path, leaf.path);
    join_below(split + 1);
    pending_.push_back({*std::move(current_), split});
  }
  current_ = Subtree{};
  current_->path = leaf.path;
  current_->hash = state_leaf_hash(leaf.path, leaf.value_hash);
  current_->weight = weight;
  current_->leaves = 1;
}

// Closes every waiting subtree whose split lies at `depth` or below: nothing more can come there.
void RangeCutter::join_below(std::size_t depth) {
  while (!pending_.empty() && pending_.back().split >= depth) {
    Pending left = std::move(pending_.back());
    pending_.pop_back();
    current_ = join(raise(std::move(left.left), left.split + 1),
                    raise(*std::move(current_), left.split + 1), left.split);
  }
}

RangeCutter::Subtree RangeCutter::join(Subtree left, Subtree right, std::size_t depth) {
  Subtree out;
  out.path = left.path;
  out.hash = state_inner_hash(left.hash, right.hash);
  out.depth = depth;
  out.weight = left.weight + right.weight;
  out.leaves = left.leaves + right.leaves;
  out.is_leaf = false;
  if (left.node || right.node || out.weight > weight_max_) {
    const std::pair children(node_of(left), node_of(right));
    out.node = nodes_.size();
    nodes_.push_back({out.hash, out.leaves, out.weight, children});
  }
  return out;
}

std::size_t RangeCutter::node_of(const Subtree& subtree) {
  if (subtree.node) return *subtree.node;
  nodes_.push_back({subtree.hash, subtree.leaves, subtree.weight, std::nullopt});
  return nodes_.size() - 1;
}

// A leaf needs no inner nodes above it; an inner node needs one at every depth.
RangeCutter::Subtree RangeCutter::raise(Subtree subtree, std::size_t depth) {
  if (subtree.is_leaf) return subtree;
  while (subtree.depth > depth) {
    const std::size_t above = subtree.depth - 1;
    const bool is_right = state_path_bit(subtree.path, above);
    subtree.hash = parent_hash(is_right, subtree.hash, Hash32{});
    if (subtree.node) {
      // The empty place beside it is a range too.
      nodes_.push_back({});
      const std::size_t empty = nodes_.size() - 1;
      const std::size_t full = *subtree.node;
      nodes_.push_back({subtree.hash, subtree.leaves, subtree.weight,
                        is_right ? std::pair(empty, full) : std::pair(full, empty)});
      subtree.node = nodes_.size() - 1;
    }
    subtree.depth = above;
  }
  return subtree;
}

RangeCutter::Subtree RangeCutter::finish_at(std::size_t depth) {
  Subtree out;
  if (!current_) return out;  // with the hash of nothing
  join_below(depth);
  out = raise(*std::move(current_), depth);
  current_.reset();
  return out;
}

RangeCutter::Result RangeCutter::finish() && {
  const Subtree top = finish_at(0);
  Result out;
  out.root = top.hash;
  struct Step {
    std::size_t node;
    std::vector<Hash32> above;  // the siblings, from the root down
  };
  std::vector<Step> waiting{{node_of(top), {}}};
  while (!waiting.empty()) {
    Step step = std::move(waiting.back());
    waiting.pop_back();
    const Node& node = nodes_[step.node];
    if (!node.children) {
      const auto depth = static_cast<std::uint16_t>(step.above.size());
      out.cuts.push_back(
          {depth, node.leaves, node.weight, {step.above.rbegin(), step.above.rend()}});
      continue;
    }
    const auto [left, right] = *node.children;
    Step below_right{right, step.above};
    below_right.above.push_back(nodes_[left].hash);
    step.above.push_back(nodes_[right].hash);
    waiting.push_back(std::move(below_right));
    waiting.push_back({left, std::move(step.above)});
  }
  return out;
}

}  // namespace fog
