// A signature that was met before gets the same answer as the first time, and so does one beside
// it.
#include "chain/crypto/known_signatures.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

using testing::SeededRng;

TEST(KnownSignatures, AnswerAsVerifyDoesTheFirstTimeAndTheNext) {
  SeededRng rng(4);
  const SecretKey secret = SecretKey::generate(rng);
  const SecretKey other = SecretKey::generate(rng);
  const XOnlyKey key = secret.x_only_key();
  const Hash32 digest = sha256(as_bytes("vote"));
  const SchnorrSig signature = secret.sign_schnorr(digest, Hash32{});
  for (int time = 0; time < 3; ++time) {
    EXPECT_TRUE(verify_schnorr_again(key, digest, signature));
    EXPECT_FALSE(verify_schnorr_again(other.x_only_key(), digest, signature));
    EXPECT_FALSE(verify_schnorr_again(key, sha256(as_bytes("other vote")), signature));
    for (const std::size_t at : {0U, 31U, 32U, 63U}) {
      SchnorrSig bent = signature;
      bent.data[at] ^= 1;
      EXPECT_FALSE(verify_schnorr_again(key, digest, bent)) << at;
    }
    EXPECT_FALSE(verify_schnorr_again(XOnlyKey{}, Hash32{}, SchnorrSig{})) << "an empty place";
  }
}

// More than are remembered, so that places are taken by others and come back.
TEST(KnownSignatures, ForgottenOnesAreCheckedAnew) {
  SeededRng rng(5);
  const SecretKey secret = SecretKey::generate(rng);
  const XOnlyKey key = secret.x_only_key();
  std::vector<std::pair<Hash32, SchnorrSig>> votes;
  for (std::uint8_t i = 0; i < 250; ++i) {
    const Hash32 digest = sha256(Bytes{i});
    votes.emplace_back(digest, secret.sign_schnorr(digest, Hash32{}));
  }
  for (int i = 0; i < 2'000; ++i) {
    const auto& [digest, signature] = votes[rng.below(votes.size())];
    const auto& other = votes[rng.below(votes.size())];
    ASSERT_TRUE(verify_schnorr_again(key, digest, signature));
    ASSERT_EQ(verify_schnorr_again(key, digest, other.second), digest == other.first);
  }
}

}  // namespace
}  // namespace fog
