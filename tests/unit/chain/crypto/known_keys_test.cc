// A key that is known gets the same answers as one that is met for the first time.
#include "chain/crypto/known_keys.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

using testing::SeededRng;

struct Case {
  PublicKey key;
  EcdsaSig signature;
};

class KnownKeysTest : public ::testing::Test {
 protected:
  std::vector<Case> make_cases(std::size_t count) {
    std::vector<Case> cases;
    for (std::size_t i = 0; i < count; ++i) {
      const SecretKey secret = SecretKey::generate(rng_);
      cases.push_back({secret.public_key(), secret.sign_ecdsa(digest_)});
    }
    return cases;
  }
  SeededRng rng_{3};
  const Hash32 digest_ = sha256(as_bytes("digest"));
};

// So many keys that some sets are asked for more than they hold.
TEST_F(KnownKeysTest, AnswersAsVerifyDoesInWhateverOrderKeysCome) {
  const std::vector<Case> cases = make_cases(1'200);
  for (int i = 0; i < 3'000; ++i) {
    const Case& one = cases[rng_.below(cases.size())];
    const Case& other = cases[rng_.below(cases.size())];
    ASSERT_TRUE(verify_ecdsa_of_known(one.key, digest_, one.signature));
    ASSERT_EQ(verify_ecdsa_of_known(one.key, digest_, other.signature), &one == &other);
  }
}

TEST_F(KnownKeysTest, RefusesWhatIsNoKeyTheFirstTimeAndTheNext) {
  const Case one = make_cases(1)[0];
  ASSERT_TRUE(verify_ecdsa_of_known(one.key, digest_, one.signature));
  PublicKey other_parity = one.key;
  other_parity.data[0] ^= 1;
  PublicKey no_point;
  no_point.data.fill(0xFF);
  for (int time = 0; time < 2; ++time) {
    EXPECT_FALSE(verify_ecdsa_of_known(other_parity, digest_, one.signature));
    EXPECT_FALSE(verify_ecdsa_of_known(no_point, digest_, one.signature));
    EXPECT_FALSE(verify_ecdsa_of_known(PublicKey{}, digest_, one.signature)) << "an empty place";
  }
}

TEST_F(KnownKeysTest, RefusesHighSAndNumbersOutOfRange) {
  const Case one = make_cases(1)[0];
  for (const std::uint8_t byte : {std::uint8_t{0}, std::uint8_t{255}}) {
    EcdsaSig bad = one.signature;
    std::fill(bad.data.begin() + 32, bad.data.end(), byte);
    EXPECT_FALSE(verify_ecdsa_of_known(one.key, digest_, bad)) << int{byte};
  }
  EcdsaSig high = one.signature;
  // Any s above half the order, which is 7fff...; the order itself starts ffff.
  high.data[32] |= 0x80;
  EXPECT_FALSE(verify_ecdsa_of_known(one.key, digest_, high));
}

}  // namespace
}  // namespace fog
