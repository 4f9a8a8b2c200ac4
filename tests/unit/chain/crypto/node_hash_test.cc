// Node hashes: the same as SHA-256 of the bytes in a row, however many are taken at once.
#include "chain/crypto/node_hash.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

Hash32 reference(std::uint8_t prefix, const Hash32& left, const Hash32& right) {
  Bytes all{prefix};
  append(all, left);
  append(all, right);
  return sha256(all);
}

// RFC 6962's tree of two empty leaves: a published value, so that the reference is not alone.
TEST(NodeHash, ATreeOfTwoEmptyLeavesIsWhatRfc6962Makes) {
  const Hash32 leaf = sha256(Bytes{0x00});
  EXPECT_EQ(to_hex(leaf), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(node_hash(0x01, leaf, leaf), sha256({Bytes{0x01}, leaf, leaf}));
}

TEST(NodeHash, EqualsSha256OfTheBytesInARow) {
  testing::SeededRng rng(7);
  for (int round = 0; round < 2'000; ++round) {
    Hash32 left;
    Hash32 right;
    rng.fill(left.data);
    rng.fill(right.data);
    const auto prefix = static_cast<std::uint8_t>(rng.below(256));
    ASSERT_EQ(node_hash(prefix, left, right), reference(prefix, left, right));
  }
  EXPECT_EQ(node_hash(0, {}, {}), reference(0, {}, {}));
}

TEST(NodeHash, ManyAtOnceAreEachTheirOwn) {
  testing::SeededRng rng(8);
  for (std::size_t count = 0; count <= 9; ++count) {
    std::vector<Hash32> inputs(count + 1);
    for (Hash32& input : inputs) rng.fill(input.data);
    std::vector<Hash32> outputs(count);
    std::vector<NodeHashJob> jobs;
    for (std::size_t i = 0; i < count; ++i) {
      jobs.push_back({static_cast<std::uint8_t>(i), &inputs[i], &inputs[i + 1], &outputs[i]});
    }
    node_hashes(jobs);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(outputs[i], reference(static_cast<std::uint8_t>(i), inputs[i], inputs[i + 1]))
          << i << " of " << count;
    }
  }
}

}  // namespace
}  // namespace fog
