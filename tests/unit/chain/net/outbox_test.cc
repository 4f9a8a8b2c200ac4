// What waits for a peer: in order, bounded lane by lane, and the writer is woken once.
#include "chain/net/outbox.h"

#include <gtest/gtest.h>

namespace fog {
namespace {

using Push = PeerHandle::Push;

constexpr std::uint8_t kVote = 0x10;
constexpr std::uint8_t kTx = 0x20;
constexpr std::uint8_t kBlock = 0x30;
constexpr auto kConsensusLane = static_cast<std::uint8_t>(Lane::kConsensus);
constexpr auto kTxLane = static_cast<std::uint8_t>(Lane::kTransactions);
constexpr auto kBulkLane = static_cast<std::uint8_t>(Lane::kBulk);

const KindTable& kinds() {
  static const auto table = KindTable::make({{kVote, Lane::kConsensus, 100, 10, 3},
                                             {kTx, Lane::kTransactions, 100, 1'000, 1'000},
                                             {kBlock, Lane::kBulk, 100, 1'000, 1'000}});
  return *table;
}
PeerHandle handle() {
  return {NodeId{}, "127.0.0.1:1", false,
          5,        kinds(),       {LaneLimit{1'000, 10}, LaneLimit{1'000, 2}, LaneLimit{250, 10}},
          0};
}
std::shared_ptr<const Bytes> body(std::size_t size) {
  return std::make_shared<const Bytes>(size, std::uint8_t{1});
}

TEST(PeerHandle, TheWriterIsWokenByTheFirstMessageOfAConnectionAndNotByFurtherOnes) {
  PeerHandle peer = handle();
  EXPECT_EQ(peer.push(kTx, body(1), 0), Push::kWake);
  EXPECT_EQ(peer.push(kBlock, body(1), 0), Push::kQueued) << "the same connection";
  EXPECT_EQ(peer.push(kVote, body(1), 0), Push::kWake) << "the other one";
  ASSERT_TRUE(peer.pop(kTxLane));
  EXPECT_FALSE(peer.rest(Channel::kBulk)) << "a block waits";
  ASSERT_TRUE(peer.pop(kBulkLane));
  EXPECT_FALSE(peer.pop(kBulkLane));
  EXPECT_EQ(peer.push(kTx, body(1), 0), Push::kQueued) << "the writer has not rested yet";
  ASSERT_TRUE(peer.pop(kTxLane));
  EXPECT_TRUE(peer.rest(Channel::kBulk));
  EXPECT_EQ(peer.push(kTx, body(1), 0), Push::kWake);
}

TEST(PeerHandle, ALaneTakesSoManyMessagesAndSoManyBytes) {
  PeerHandle peer = handle();
  EXPECT_NE(peer.push(kTx, body(1), 0), Push::kDropped);
  EXPECT_NE(peer.push(kTx, body(1), 0), Push::kDropped);
  EXPECT_EQ(peer.push(kTx, body(1), 0), Push::kDropped) << "two messages";
  EXPECT_NE(peer.push(kBlock, body(100), 0), Push::kDropped);
  EXPECT_NE(peer.push(kBlock, body(100), 0), Push::kDropped);
  EXPECT_EQ(peer.push(kBlock, body(51), 0), Push::kDropped);
  EXPECT_NE(peer.push(kBlock, body(50), 0), Push::kDropped) << "250 bytes";
  EXPECT_EQ(peer.dropped, 2U);
  ASSERT_TRUE(peer.pop(kBulkLane));
  EXPECT_NE(peer.push(kBlock, body(100), 0), Push::kDropped) << "there is room again";
}

TEST(PeerHandle, AKindKeepsItsRate) {
  PeerHandle peer = handle();
  for (int i = 0; i < 3; ++i) EXPECT_NE(peer.push(kVote, body(1), 0), Push::kDropped);
  EXPECT_EQ(peer.push(kVote, body(1), 99), Push::kDropped);
  EXPECT_NE(peer.push(kVote, body(1), 100), Push::kDropped);
  EXPECT_EQ(peer.info().dropped, 1U);
}

TEST(PeerHandle, GivesMessagesInTheOrderTheyCame) {
  PeerHandle peer = handle();
  for (const std::size_t size : {3U, 1U, 2U}) peer.push(kVote, body(size), 0);
  EXPECT_EQ(peer.pop(kConsensusLane)->size(), 3U);
  EXPECT_EQ(peer.pop(kConsensusLane)->size(), 1U);
  EXPECT_EQ(peer.pop(kConsensusLane)->size(), 2U);
  EXPECT_FALSE(peer.pop(kConsensusLane));
}

}  // namespace
}  // namespace fog
