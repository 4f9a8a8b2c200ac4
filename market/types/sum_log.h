// SumLog: an append-only Merkle log whose nodes also add up counters, one leaf a request.
//
// The shape and proofs are those of RFC 9162 (Certificate Transparency) section 2.1, with sums:
//   leaf  = SHA256(00 || BCS(leaf counters) || entry hash)
//   node  = SHA256(01 || left.hash || BCS(left.sums) || right.hash || BCS(right.sums)),  sums =
//   left + right
// so a root binds every partial sum, and a receipt that extends an earlier one can neither drop nor
// shrink what was counted. The root of an empty log is zero.
#pragma once

#include <optional>
#include <vector>

#include "market/types/price.h"

namespace fog::market {

struct SumNode {
  Hash32 hash;
  Counters sums;
  static constexpr auto kFields = std::make_tuple(&SumNode::hash, &SumNode::sums);
  bool operator==(const SumNode&) const = default;
};

SumNode sum_leaf(const Hash32& entry, const Counters& counters);
// Nothing when a sum overflows.
std::optional<SumNode> sum_parent(const SumNode& left, const SumNode& right);

constexpr std::size_t kProofNodesMax = 128;
using SumProof = BoundedList<SumNode, kProofNodesMax>;

// The state of a log in memory: all complete subtrees it needs for roots and proofs. Not thread
// safe.
class SumLog {
 public:
  std::uint64_t size() const;
  // Leaf `index` (index < size()).
  const SumNode& leaf(std::uint64_t index) const;
  // False when the sums would overflow; the log is unchanged then.
  bool append(const SumNode& leaf);
  // Root over the first `count` leaves (count <= size()).
  SumNode root(std::uint64_t count) const;
  // Proof that the log of `to` leaves extends the log of `from` (from <= to <= size()).
  SumProof consistency(std::uint64_t from, std::uint64_t to) const;
  // Audit path of leaf `index` in the log of `count` leaves.
  SumProof inclusion(std::uint64_t index, std::uint64_t count) const;

 private:
  SumNode range_root(std::uint64_t from, std::uint64_t count) const;

  // levels_[k][i] covers leaves [i * 2^k, (i + 1) * 2^k); only complete subtrees stand here.
  std::vector<std::vector<SumNode>> levels_;
};

// Whether the log (to_count, to_root) extends (from_count, from_root). from_count 0 needs no proof
// beyond an empty one.
bool verify_consistency(std::uint64_t from_count, const SumNode& from_root, std::uint64_t to_count,
                        const SumNode& to_root, const SumProof& proof);
bool verify_inclusion(const SumNode& leaf, std::uint64_t index, std::uint64_t count,
                      const SumNode& root, const SumProof& proof);

}  // namespace fog::market
