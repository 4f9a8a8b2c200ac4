// The Merkle-sum log agrees with RFC 9162's definitions written down naively, and a tampered proof
// of any kind is refused.
#include "market/types/sum_log.h"

#include <bit>

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/seeded_rng.h"

namespace fog::market {
namespace {

using testing::SeededRng;

constexpr std::size_t kSizeMax = 70;

// ---- RFC 9162 section 2.1 as it is written: recursive, over a list ----

using Leaves = std::vector<SumNode>;

Leaves part(const Leaves& d, std::size_t from, std::size_t to) {
  return Leaves(d.begin() + static_cast<std::ptrdiff_t>(from),
                d.begin() + static_cast<std::ptrdiff_t>(to));
}
std::size_t largest_power_below(std::size_t n) {
  std::size_t k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
SumNode naive_node(const SumNode& l, const SumNode& r) {
  Bytes bytes{1};
  append(bytes, l.hash);
  append(bytes, bcs_encode(l.sums));
  append(bytes, r.hash);
  append(bytes, bcs_encode(r.sums));
  return {sha256(bytes),
          {l.sums.requests + r.sums.requests, l.sums.fuel + r.sums.fuel,
           l.sums.egress_bytes + r.sums.egress_bytes}};
}
SumNode mth(const Leaves& d) {
  if (d.empty()) return {};
  if (d.size() == 1) return d[0];
  const std::size_t k = largest_power_below(d.size());
  return naive_node(mth(part(d, 0, k)), mth(part(d, k, d.size())));
}
SumProof naive_path(std::size_t m, const Leaves& d) {
  if (d.size() <= 1) return {};
  const std::size_t k = largest_power_below(d.size());
  SumProof path = m < k ? naive_path(m, part(d, 0, k)) : naive_path(m - k, part(d, k, d.size()));
  path.push_back(m < k ? mth(part(d, k, d.size())) : mth(part(d, 0, k)));
  return path;
}
SumProof naive_subproof(std::size_t m, const Leaves& d, bool whole) {
  if (m == d.size()) return whole ? SumProof{} : SumProof{mth(d)};
  const std::size_t k = largest_power_below(d.size());
  if (m <= k) {
    SumProof proof = naive_subproof(m, part(d, 0, k), whole);
    proof.push_back(mth(part(d, k, d.size())));
    return proof;
  }
  SumProof proof = naive_subproof(m - k, part(d, k, d.size()), false);
  proof.push_back(mth(part(d, 0, k)));
  return proof;
}

struct Fixture {
  SumLog log;
  Leaves leaves;
  std::vector<SumNode> roots;  // naive, by size

  explicit Fixture(std::size_t size) {
    SeededRng rng(9162);
    roots.push_back(mth({}));
    for (std::size_t i = 0; i < size; ++i) {
      Hash32 entry;
      rng.fill(entry.data);
      leaves.push_back(sum_leaf(entry, {1, rng.below(1'000'000), rng.below(100'000)}));
      EXPECT_TRUE(log.append(leaves.back()));
      roots.push_back(mth(leaves));
    }
  }
};

TEST(SumLog, ALeafBindsItsCountersAndItsEntry) {
  const Hash32 entry = sha256(as_bytes("entry"));
  Bytes bytes{0};
  append(bytes, bcs_encode(Counters{1, 2, 3}));
  append(bytes, entry);
  EXPECT_EQ(sum_leaf(entry, {1, 2, 3}), (SumNode{sha256(bytes), {1, 2, 3}}));
  EXPECT_NE(sum_leaf(entry, {1, 2, 4}).hash, sum_leaf(entry, {1, 2, 3}).hash);
}

TEST(SumLog, RootsAreThoseOfTheDefinition) {
  const Fixture f(kSizeMax);
  EXPECT_EQ(f.log.size(), kSizeMax);
  EXPECT_EQ(f.log.root(0), SumNode{});
  for (std::size_t n = 0; n <= kSizeMax; ++n) EXPECT_EQ(f.log.root(n), f.roots[n]) << n;
}

TEST(SumLog, InclusionProofsAreThoseOfTheDefinitionAndVerify) {
  const Fixture f(kSizeMax);
  for (std::size_t n = 1; n <= kSizeMax; ++n) {
    const Leaves first = part(f.leaves, 0, n);
    for (std::size_t i = 0; i < n; ++i) {
      const SumProof path = f.log.inclusion(i, n);
      EXPECT_EQ(path, naive_path(i, first)) << i << " of " << n;
      EXPECT_TRUE(verify_inclusion(f.leaves[i], i, n, f.roots[n], path));
    }
  }
}

TEST(SumLog, ConsistencyProofsAreThoseOfTheDefinitionAndVerify) {
  const Fixture f(kSizeMax);
  for (std::size_t n = 0; n <= kSizeMax; ++n) {
    const Leaves first = part(f.leaves, 0, n);
    for (std::size_t m = 0; m <= n; ++m) {
      const SumProof proof = f.log.consistency(m, n);
      if (m > 0) {
        EXPECT_EQ(proof, naive_subproof(m, first, true)) << m << " to " << n;
      }
      EXPECT_TRUE(verify_consistency(m, f.roots[m], n, f.roots[n], proof)) << m << " to " << n;
    }
  }
}

// Every change to a node of a proof, in hash or sum, and every missing or extra node.
template <class Verify>
void expect_tampering_refused(const SumProof& good, const Verify& verify) {
  for (std::size_t i = 0; i < good.size(); ++i) {
    SumProof bad = good;
    bad[i].hash.data[31] ^= 1;
    EXPECT_FALSE(verify(bad)) << "hash of node " << i;
    bad = good;
    bad[i].sums.fuel += 1;
    EXPECT_FALSE(verify(bad)) << "fuel of node " << i;
    bad = good;
    bad[i].sums.requests += 1;
    EXPECT_FALSE(verify(bad)) << "requests of node " << i;
    bad = good;
    bad[i].sums.egress_bytes -= 1;
    EXPECT_FALSE(verify(bad)) << "egress of node " << i;
    bad = good;
    bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(verify(bad)) << "without node " << i;
  }
  SumProof longer = good;
  longer.push_back(good.empty() ? SumNode{} : good.back());
  EXPECT_FALSE(verify(longer)) << "a node too many";
}

TEST(SumLog, ATamperedConsistencyProofIsRefused) {
  const Fixture f(33);
  for (std::size_t n = 1; n <= 33; ++n) {
    for (std::size_t m = 1; m < n; ++m) {
      expect_tampering_refused(f.log.consistency(m, n), [&](const SumProof& proof) {
        return verify_consistency(m, f.roots[m], n, f.roots[n], proof);
      });
    }
  }
}

TEST(SumLog, ATamperedInclusionProofIsRefused) {
  const Fixture f(33);
  for (std::size_t n = 1; n <= 33; ++n) {
    for (std::size_t i = 0; i < n; ++i) {
      expect_tampering_refused(f.log.inclusion(i, n), [&](const SumProof& proof) {
        return verify_inclusion(f.leaves[i], i, n, f.roots[n], proof);
      });
    }
  }
}

TEST(SumLog, AProofHoldsForItsSizesAndRootsOnly) {
  const Fixture f(40);
  const SumProof proof = f.log.consistency(13, 40);
  EXPECT_TRUE(verify_consistency(13, f.roots[13], 40, f.roots[40], proof));
  EXPECT_FALSE(verify_consistency(12, f.roots[13], 40, f.roots[40], proof));
  EXPECT_FALSE(verify_consistency(14, f.roots[13], 40, f.roots[40], proof));
  EXPECT_FALSE(verify_consistency(13, f.roots[12], 40, f.roots[40], proof));
  EXPECT_FALSE(verify_consistency(13, f.roots[13], 40, f.roots[39], proof));
  EXPECT_FALSE(verify_consistency(40, f.roots[40], 13, f.roots[13], proof)) << "backwards";
  SumNode fewer = f.roots[40];
  fewer.sums.fuel -= 1;
  EXPECT_FALSE(verify_consistency(13, f.roots[13], 40, fewer, proof)) << "sums are bound";
}

TEST(SumLog, AnEmptyLogIsExtendedByAnyWithoutProof) {
  const Fixture f(5);
  EXPECT_TRUE(verify_consistency(0, SumNode{}, 0, SumNode{}, {}));
  EXPECT_TRUE(verify_consistency(0, SumNode{}, 5, f.roots[5], {}));
  EXPECT_FALSE(verify_consistency(0, SumNode{}, 0, f.roots[5], {})) << "nothing has no sums";
  EXPECT_FALSE(verify_consistency(0, f.roots[1], 5, f.roots[5], {}));
  EXPECT_FALSE(verify_consistency(0, SumNode{}, 5, f.roots[5], {f.roots[5]}));
  EXPECT_FALSE(verify_consistency(5, f.roots[5], 5, f.roots[4], {})) << "same size, other root";
}

TEST(SumLog, ALeafOutsideTheLogIsNotIncluded) {
  const Fixture f(5);
  EXPECT_FALSE(verify_inclusion(f.leaves[0], 5, 5, f.roots[5], f.log.inclusion(0, 5)));
  EXPECT_FALSE(verify_inclusion(f.leaves[0], 0, 0, f.roots[0], {}));
  EXPECT_TRUE(verify_inclusion(f.leaves[0], 0, 1, f.roots[1], {}));
}

TEST(SumLog, SumsThatOverflowAreRefusedAndLeaveTheLogAsItWas) {
  SumLog log;
  const std::uint64_t max = ~std::uint64_t{0};
  ASSERT_TRUE(log.append(sum_leaf({}, {1, max - 5, 0})));
  ASSERT_TRUE(log.append(sum_leaf({}, {1, 5, 0}))) << "exactly 64 bits";
  const SumNode before = log.root(2);
  EXPECT_FALSE(log.append(sum_leaf({}, {1, 1, 0})));
  EXPECT_EQ(log.size(), 2U);
  EXPECT_EQ(log.root(2), before);
  EXPECT_FALSE(sum_parent(before, sum_leaf({}, {0, 1, 0})).has_value());
  EXPECT_TRUE(log.append(sum_leaf({}, {1, 0, 7})));
}

TEST(SumLog, AProofWhoseSumsOverflowIsRefused) {
  const Fixture f(8);
  SumProof proof = f.log.consistency(3, 8);
  proof.back().sums.fuel = ~std::uint64_t{0};
  EXPECT_FALSE(verify_consistency(3, f.roots[3], 8, f.roots[8], proof));
}

TEST(SumLog, ALongLogProvesFromAnywhere) {
  SumLog log;
  SeededRng rng(7);
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(log.append(sum_leaf({}, {1, rng.below(9), 1})));
  EXPECT_EQ(log.root(5'000).sums.requests, 5'000U);
  for (int i = 0; i < 300; ++i) {
    const std::uint64_t to = 1 + rng.below(5'000);
    const std::uint64_t from = rng.below(to + 1);
    EXPECT_TRUE(
        verify_consistency(from, log.root(from), to, log.root(to), log.consistency(from, to)));
  }
}

}  // namespace
}  // namespace fog::market
