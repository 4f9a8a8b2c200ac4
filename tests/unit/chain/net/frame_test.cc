// Frames: messages of every size go through; whatever an honest node would not send does not.
#include "chain/net/frame.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

constexpr std::uint8_t kVote = 0x10;
constexpr std::uint8_t kTx = 0x20;
constexpr std::uint8_t kBlocks = 0x30;

const KindTable& kinds() {
  static const auto table = KindTable::make({{kVote, Lane::kConsensus, 1'000, 1'000, 1'000},
                                             {kTx, Lane::kTransactions, 100'000, 1'000, 1'000},
                                             {kBlocks, Lane::kBulk, 1'000'000, 10, 3}});
  return *table;
}
FrameReader reader(Channel channel) {
  return {kinds(), channel, KindLimiter::for_sending(kinds(), 0)};
}
OutgoingMessage outgoing(std::uint8_t kind, Bytes body) {
  return {kinds().find(kind)->lane, kind, std::make_shared<const Bytes>(std::move(body))};
}
FrameError refusal(FrameReader& in, const Bytes& frame) {
  const auto taken = in.take(frame, 0);
  EXPECT_FALSE(taken);
  return taken ? FrameError::kEmpty : taken.error();
}

TEST(Frame, MessagesOfEverySizeComeOutWhole) {
  testing::SeededRng rng(1);
  FrameReader in(kinds(), Channel::kBulk, KindLimiter::for_receiving(kinds(), 1'000'000, 0));
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kPieceMax - 1, kPieceMax,
                                 kPieceMax + 1, 2 * kPieceMax, std::size_t{1'000'000}}) {
    const Bytes body = rng.bytes(size);
    OutgoingMessage out = outgoing(kBlocks, body);
    std::optional<Message> message;
    while (!out.done()) {
      ASSERT_FALSE(message);
      const Bytes frame = out.next_frame();
      ASSERT_LE(frame.size(), kFrameMax);
      auto taken = in.take(frame, 0);
      ASSERT_TRUE(taken) << frame_error_text(taken.error());
      message = std::move(taken->message);
    }
    ASSERT_TRUE(message) << size;
    EXPECT_EQ(message->kind, kBlocks);
    EXPECT_EQ(message->body, body);
  }
}

TEST(Frame, ASmallMessageOfAnotherLaneOvertakesALargeOne) {
  FrameReader in = reader(Channel::kBulk);
  OutgoingMessage large = outgoing(kBlocks, Bytes(3 * kPieceMax, 7));
  ASSERT_FALSE(in.take(large.next_frame(), 0)->message);
  OutgoingMessage small = outgoing(kTx, {1, 2, 3});
  const auto taken = in.take(small.next_frame(), 0);
  ASSERT_TRUE(taken && taken->message);
  EXPECT_EQ(taken->message->body, (Bytes{1, 2, 3}));
  ASSERT_FALSE(in.take(large.next_frame(), 0)->message);
  EXPECT_EQ(in.take(large.next_frame(), 0)->message->body.size(), 3 * kPieceMax);
}

TEST(Frame, WhatNoHonestNodeSendsIsRefused) {
  FrameReader in = reader(Channel::kBulk);
  EXPECT_EQ(refusal(in, {}), FrameError::kEmpty);
  EXPECT_EQ(refusal(in, {0x40}), FrameError::kBadHead);
  EXPECT_EQ(refusal(in, {0x82, kBlocks, 0, 0, 0}), FrameError::kBadHead) << "a head cut short";
  EXPECT_EQ(refusal(in, {0x82, 0x77, 0, 0, 0, 0}), FrameError::kUnknownKind);
  EXPECT_EQ(refusal(in, {0x81, kBlocks, 0, 0, 0, 0}), FrameError::kWrongLane);
  EXPECT_EQ(refusal(in, {0x80, kVote, 0, 0, 0, 0}), FrameError::kWrongLane)
      << "consensus has its own connection";
  EXPECT_EQ(refusal(in, {0x82, kBlocks, 0x41, 0x42, 0x0F, 0}), FrameError::kTooLong) << "1000001";
  EXPECT_EQ(refusal(in, {0x82, kBlocks, 0xFF, 0xFF, 0xFF, 0xFF}), FrameError::kTooLong);
  EXPECT_EQ(refusal(in, {0x83, kPingKind, 9, 0, 0, 0}), FrameError::kTooLong);
  EXPECT_EQ(refusal(in, {0x02}), FrameError::kNotBegun);
  FrameReader consensus = reader(Channel::kConsensus);
  EXPECT_EQ(refusal(consensus, {0x81, kTx, 0, 0, 0, 0}), FrameError::kWrongLane);
}

TEST(Frame, PiecesAreFullOrTheExactRest) {
  for (const std::size_t piece : {std::size_t{0}, std::size_t{1}, kPieceMax - 1}) {
    FrameReader in = reader(Channel::kBulk);
    Bytes frame = outgoing(kBlocks, Bytes(kPieceMax + 10, 1)).next_frame();
    frame.resize(kFirstFrameHead + piece);
    EXPECT_EQ(refusal(in, frame), FrameError::kBadPiece) << piece;
  }
  for (const std::size_t rest : {std::size_t{0}, std::size_t{9}, std::size_t{11}}) {
    FrameReader in = reader(Channel::kBulk);
    OutgoingMessage out = outgoing(kBlocks, Bytes(kPieceMax + 10, 1));
    ASSERT_TRUE(in.take(out.next_frame(), 0));
    Bytes frame = {0x02};
    frame.resize(1 + rest);
    EXPECT_EQ(refusal(in, frame), FrameError::kBadPiece) << rest;
  }
}

TEST(Frame, ASecondMessageCannotBeginBeforeTheFirstEnds) {
  FrameReader in = reader(Channel::kBulk);
  OutgoingMessage first = outgoing(kBlocks, Bytes(2 * kPieceMax, 1));
  ASSERT_TRUE(in.take(first.next_frame(), 0));
  EXPECT_EQ(refusal(in, outgoing(kBlocks, {1}).next_frame()), FrameError::kInterrupted);
}

TEST(Frame, AMessageBeyondItsRateIsPassedOverAndToldOnce) {
  FrameReader in = reader(Channel::kBulk);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(in.take(outgoing(kBlocks, {1}).next_frame(), 0)->message);
  OutgoingMessage fourth = outgoing(kBlocks, Bytes(kPieceMax + 1, 1));
  const auto begun = in.take(fourth.next_frame(), 0);
  EXPECT_TRUE(begun->over_rate);
  const auto ended = in.take(fourth.next_frame(), 0);
  EXPECT_FALSE(ended->over_rate);
  EXPECT_FALSE(ended->message);
  EXPECT_TRUE(in.take(outgoing(kBlocks, {1}).next_frame(), 1'000)->message) << "a second later";
}

TEST(Frame, AMessageThatNeverEndsShows) {
  FrameReader in = reader(Channel::kBulk);
  OutgoingMessage out = outgoing(kBlocks, Bytes(kPieceMax + 1, 1));
  ASSERT_TRUE(in.take(out.next_frame(), 100));
  EXPECT_FALSE(in.stalled(1'100, 1'000));
  EXPECT_TRUE(in.stalled(1'101, 1'000));
  ASSERT_TRUE(in.take(out.next_frame(), 2'000));
  EXPECT_FALSE(in.stalled(9'999, 1'000));
}

}  // namespace
}  // namespace fog
