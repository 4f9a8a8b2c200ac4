#include "market/types/sum_log.h"

#include <algorithm>
#include <bit>

#include "chain/crypto/hash.h"

namespace fog::market {
namespace {

constexpr std::array<std::uint8_t, 1> kLeafPrefix{0};
constexpr std::array<std::uint8_t, 1> kNodePrefix{1};

// The largest power of two below n (n >= 2).
std::uint64_t split_of(std::uint64_t n) {
  return std::bit_floor(n - 1);
}

}  // namespace

SumNode sum_leaf(const Hash32& entry, const Counters& counters) {
  return {sha256({kLeafPrefix, bcs_encode(counters), entry}), counters};
}

std::optional<SumNode> sum_parent(const SumNode& left, const SumNode& right) {
  const auto sums = checked_add(left.sums, right.sums);
  if (!sums) return std::nullopt;
  BcsWriter bytes;
  bytes.raw(kNodePrefix);
  bcs_write(bytes, left);
  bcs_write(bytes, right);
  return SumNode{sha256(bytes.bytes()), *sums};
}

std::uint64_t SumLog::size() const {
  return levels_.empty() ? 0 : levels_[0].size();
}

const SumNode& SumLog::leaf(std::uint64_t index) const {
  CHECK(index < size());
  return levels_[0][index];
}

bool SumLog::append(const SumNode& leaf) {
  // The whole sum bounds every partial one.
  if (!checked_add(root(size()).sums, leaf.sums)) return false;
  if (levels_.empty()) levels_.emplace_back();
  levels_[0].push_back(leaf);
  for (std::size_t level = 0; levels_[level].size() % 2 == 0; ++level) {
    const std::vector<SumNode>& nodes = levels_[level];
    const auto parent = sum_parent(nodes[nodes.size() - 2], nodes.back());
    CHECK(parent.has_value());
    if (level + 1 == levels_.size()) levels_.emplace_back();
    levels_[level + 1].push_back(*parent);
  }
  return true;
}

// Root over leaves [from, from + count), where `from` is a multiple of bit_ceil(count). The
// complete subtrees from the smallest, rightmost one are hung one by one below the next on the
// left.
SumNode SumLog::range_root(std::uint64_t from, std::uint64_t count) const {
  std::optional<SumNode> root;
  std::uint64_t end = from + count;
  for (std::uint64_t rest = count; rest != 0; rest &= rest - 1) {
    const auto level = static_cast<std::size_t>(std::countr_zero(rest));
    end -= std::uint64_t{1} << level;
    const SumNode& peak = levels_[level][end >> level];
    root = root ? sum_parent(peak, *root) : peak;
    CHECK(root.has_value());
  }
  return root.value_or(SumNode{});
}

SumNode SumLog::root(std::uint64_t count) const {
  CHECK(count <= size());
  return range_root(0, count);
}

SumProof SumLog::consistency(std::uint64_t from, std::uint64_t to) const {
  CHECK(from <= to && to <= size());
  SumProof proof;
  if (from == 0 || from == to) return proof;
  // RFC 9162 2.1.4.1, SUBPROOF(m, D[start : start + n], whole), walked from the root down.
  std::uint64_t m = from;
  std::uint64_t n = to;
  std::uint64_t start = 0;
  bool whole = true;
  while (m != n) {
    const std::uint64_t k = split_of(n);
    if (m <= k) {
      proof.push_back(range_root(start + k, n - k));
      n = k;
    } else {
      proof.push_back(range_root(start, k));
      start += k;
      m -= k;
      n -= k;
      whole = false;
    }
  }
  if (!whole) proof.push_back(range_root(start, n));
  std::reverse(proof.begin(), proof.end());
  return proof;
}

SumProof SumLog::inclusion(std::uint64_t index, std::uint64_t count) const {
  CHECK(index < count && count <= size());
  SumProof path;
  // RFC 9162 2.1.3.1, PATH(m, D[start : start + n]), walked from the root down.
  std::uint64_t n = count;
  std::uint64_t start = 0;
  while (n > 1) {
    const std::uint64_t k = split_of(n);
    if (index - start < k) {
      path.push_back(range_root(start + k, n - k));
      n = k;
    } else {
      path.push_back(range_root(start, k));
      start += k;
      n -= k;
    }
  }
  std::reverse(path.begin(), path.end());
  return path;
}

// RFC 9162 2.1.4.2.
bool verify_consistency(std::uint64_t from_count, const SumNode& from_root, std::uint64_t to_count,
                        const SumNode& to_root, const SumProof& proof) {
  if (from_count > to_count) return false;
  if (to_count == 0 && to_root != SumNode{}) return false;
  if (from_count == 0) return from_root == SumNode{} && proof.empty();
  if (from_count == to_count) return from_root == to_root && proof.empty();
  if (proof.empty()) return false;

  std::uint64_t fn = from_count - 1;
  std::uint64_t sn = to_count - 1;
  const int shared = std::countr_one(fn);
  fn >>= shared;
  sn >>= shared;
  // An old log that is one complete subtree stands for itself at the head of the path.
  const bool complete = std::has_single_bit(from_count);
  SumNode from = complete ? from_root : proof[0];
  SumNode to = from;
  for (std::size_t i = complete ? 0 : 1; i < proof.size(); ++i) {
    if (sn == 0) return false;
    const SumNode& node = proof[i];
    if ((fn & 1) == 1 || fn == sn) {
      const auto from_next = sum_parent(node, from);
      const auto to_next = sum_parent(node, to);
      if (!from_next || !to_next) return false;
      from = *from_next;
      to = *to_next;
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      const auto to_next = sum_parent(to, node);
      if (!to_next) return false;
      to = *to_next;
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && from == from_root && to == to_root;
}

// RFC 9162 2.1.3.2.
bool verify_inclusion(const SumNode& leaf, std::uint64_t index, std::uint64_t count,
                      const SumNode& root, const SumProof& proof) {
  if (index >= count) return false;
  std::uint64_t fn = index;
  std::uint64_t sn = count - 1;
  SumNode node = leaf;
  for (const SumNode& sibling : proof) {
    if (sn == 0) return false;
    std::optional<SumNode> parent;
    if ((fn & 1) == 1 || fn == sn) {
      parent = sum_parent(sibling, node);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      parent = sum_parent(node, sibling);
    }
    if (!parent) return false;
    node = *parent;
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && node == root;
}

}  // namespace fog::market
