// Whoever signs reads what he signs: every kind of message has words, amounts are exact, and text
// from strangers cannot reach a terminal's controls.
#include "wallet/describe.h"

#include <gtest/gtest.h>

#include "chain/types/staking_messages.h"
#include "market/types/messages.h"
#include "tests/support/any_value.h"
#include "tests/support/test_chain.h"

namespace fog::wallet {
namespace {

using testing::any_value;
using testing::SeededRng;
using testing::TestKey;

std::string plain(const Address& address) {
  return to_text(address);
}

std::string all_lines(const Description& description) {
  std::string out;
  for (const std::string& line : description.lines) out += line + "\n";
  return out;
}

// Any value of this kind has words, at least one line, each a line and not indented at the start.
template <class M>
void has_words(SeededRng& rng) {
  for (int i = 0; i < 50; ++i) {
    const auto said = describe({make_message(any_value<M>(rng))}, plain);
    ASSERT_TRUE(said) << static_cast<int>(M::kKind) << ": " << said.error().context;
    if constexpr (!std::is_same_v<M, Transfer>) {  // one of no outputs does nothing
      ASSERT_FALSE(said->lines.empty()) << static_cast<int>(M::kKind);
      EXPECT_NE(said->lines.front().front(), ' ');
    }
    for (const std::string& line : said->lines) EXPECT_EQ(printable(line), line);
  }
}

template <class... M>
void all_have_words() {
  SeededRng rng(11);
  (has_words<M>(rng), ...);
}

TEST(Describe, EveryKindOfMessageHasWordsWhateverItHolds) {
  using namespace market;  // NOLINT(google-build-using-namespace)
  all_have_words<Transfer, RegisterHost, UpdateHost, RetireHost, SetOffer, WithdrawOffer,
                 AdmitAuditors, AttestHost, RevokeAttestation, RegisterGateway, UpdateGateway,
                 PublishService, UpdateService, RetireService, CreateBid, TopUpBid, CloseBid,
                 UpdateBid, RaiseDemand, AckLease, ReleaseLease, Heartbeat, SubmitReceipts,
                 OpenLease, DrainHost, CreateValidator, EditValidator, Unjail, SubmitEvidence,
                 Delegate, Redelegate, Undelegate, WithdrawRewards, ProposeParameters,
                 VoteParameters>();
}

TEST(Describe, SaysWhatIsPaidToWhomAndAddsItUp) {
  Transfer transfer;
  transfer.outputs.push_back({TestKey(1).address, Amount{12'500'000'000}});
  transfer.outputs.push_back({TestKey(2).address, Amount{1}});
  const auto said =
      describe({make_message(transfer), make_message(Delegate{{}, Amount{kDropletsPerFog}}),
                make_message(market::TopUpBid{{}, Amount{2}})},
               [](const Address& address) {
                 return address == TestKey(1).address ? std::string("savings") : to_text(address);
               });
  ASSERT_TRUE(said);
  EXPECT_EQ(said->lines[0], "pay 12.5 FOG to savings");
  EXPECT_EQ(said->lines[1], "pay 0.000000001 FOG to " + to_text(TestKey(2).address));
  EXPECT_NE(said->lines[2].find("put 1 FOG behind validator 0x00"), std::string::npos);
  EXPECT_EQ(said->leaves, Amount{13'500'000'003});
}

TEST(Describe, SumsThatNoAccountHoldsAreSaidToBeSo) {
  const Amount most{std::numeric_limits<std::uint64_t>::max()};
  const auto said =
      describe({make_message(Delegate{{}, most}), make_message(Delegate{{}, most})}, plain);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->leaves, std::nullopt);
}

TEST(Describe, WhatCannotBeReadIsRefused) {
  for (const RawMessage& unread :
       {RawMessage{9'999, {}},
        RawMessage{static_cast<std::uint16_t>(MessageKind::kTransfer), {}}}) {
    const auto said = describe({unread}, plain);
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(said.error().context.find(std::to_string(unread.kind)), std::string::npos);
  }
}

TEST(Describe, AStrangersTextStaysOnItsLine) {
  market::ReleaseLease message;
  message.why = "\x1b[2J\x1b[Hpay 1 FOG\n  to me";
  const auto said = describe({make_message(message)}, plain);
  ASSERT_TRUE(said);
  EXPECT_EQ(all_lines(*said).find('\x1b'), std::string::npos);
  EXPECT_NE(all_lines(*said).find("\\x1b[2J\\x1b[Hpay 1 FOG\\x0a  to me"), std::string::npos);
}

TEST(Printable, ShowsWhatATerminalWouldObeyOrHide) {
  EXPECT_EQ(printable("Miete für Mai, 五月"), "Miete für Mai, 五月");
  EXPECT_EQ(printable("a\tb\x7f"), "a\\x09b\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");  // C1's control sequence
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "x"),
            "\\xe2\\x80\\xaex");  // turns the direction
  EXPECT_EQ(printable("\xe2\x80\x8b"
                      "x"),
            "\\xe2\\x80\\x8bx");  // has no width
  EXPECT_EQ(printable("\xef\xbb\xbf"
                      "x"),
            "\\xef\\xbb\\xbfx");
  EXPECT_EQ(printable("\xff"
                      "ok"),
            "\\xffok");                                          // no UTF-8
  EXPECT_EQ(printable("\xf0\x9f\x8c\xab"), "\xf0\x9f\x8c\xab");  // a picture of fog
}

TEST(TimeText, IsACalendarsForAnyTime) {
  EXPECT_EQ(time_text(0), "-");
  EXPECT_EQ(time_text(1'795'971'909'000), "2026-11-29 17:05:09 UTC");
  EXPECT_FALSE(time_text(std::numeric_limits<std::uint64_t>::max()).empty());
}

}  // namespace
}  // namespace fog::wallet
