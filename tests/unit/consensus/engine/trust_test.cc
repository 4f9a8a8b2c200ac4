// After how long a node no longer believes signatures alone, and what helps then.
#include "consensus/engine/trust.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"

namespace fog {
namespace {

constexpr std::uint64_t kPeriod = 1'000'000;
const BlockId kBlock = sha256(as_bytes("block"));

TrustQuestion question(std::uint64_t age_ms) {
  TrustQuestion out;
  out.now_ms = 10'000'000;
  out.trusting_period_ms = kPeriod;
  out.height = 50;
  out.block = kBlock;
  out.time_ms = out.now_ms - age_ms;
  return out;
}

TEST(Trust, LastsForTheTrustingPeriod) {
  EXPECT_TRUE(check_trust(question(0)));
  EXPECT_TRUE(check_trust(question(kPeriod)));
  const auto refused = check_trust(question(kPeriod + 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRejected);
  EXPECT_NE(refused.error().context.find("fogcoin node checkpoint"), std::string::npos);
  EXPECT_NE(refused.error().context.find("--trusted 50:" + to_hex0x(kBlock)), std::string::npos);
  TrustQuestion ahead = question(0);
  ahead.time_ms = ahead.now_ms + 5'000;
  EXPECT_TRUE(check_trust(ahead)) << "a clock that is behind";
}

TEST(Trust, ComesBackWithALaterBlockOrTheWordThatThereWasNone) {
  TrustQuestion asked = question(kPeriod + 1);
  asked.trusted = TrustedBlock{51, kBlock};
  EXPECT_TRUE(check_trust(asked)) << "a later one: its age shows when it comes";
  asked.trusted = TrustedBlock{50, kBlock};
  EXPECT_TRUE(check_trust(asked)) << "the very last: nothing was made since";
  asked.trusted = TrustedBlock{49, kBlock};
  EXPECT_FALSE(check_trust(asked));
  asked.trusted = TrustedBlock{50, sha256(as_bytes("other"))};
  EXPECT_FALSE(check_trust(asked));
}

TEST(Trust, IsNotNeededByWhoMustSignEveryBlock) {
  TrustQuestion asked = question(100 * kPeriod);
  asked.is_indispensable = true;
  EXPECT_TRUE(check_trust(asked));
}

TEST(Trust, OfAFreshNodeIsItsGenesis) {
  TrustQuestion asked = question(kPeriod + 1);
  asked.height = 0;
  const auto refused = check_trust(asked);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().context.find("genesis"), std::string::npos);
}

TEST(TrustedBlockText, IsReadAsItIsPrinted) {
  const TrustedBlock block{12'345, kBlock};
  EXPECT_EQ(*parse_trusted_block(to_text(block)), block);
  const std::string hash = to_hex0x(kBlock);
  const std::vector<std::string> bads{"",
                                      "5",
                                      "5:",
                                      ":" + hash,
                                      "0:" + hash,
                                      "x:" + hash,
                                      "5:0x12",
                                      "-1:" + hash,
                                      "99999999999999999999:" + hash,
                                      "5:" + hash + "0"};
  for (const std::string& bad : bads) {
    const auto parsed = parse_trusted_block(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidInput);
  }
}

}  // namespace
}  // namespace fog
