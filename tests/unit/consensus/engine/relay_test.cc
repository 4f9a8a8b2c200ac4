// The relay passes transactions on once each, asks whoever has them, and lets no peer's empty
// promises take the place of another's; it serves final blocks within its bounds.
#include "consensus/engine/relay.h"

#include <gtest/gtest.h>

#include "tests/support/chain_samples.h"
#include "tests/support/fault_env.h"
#include "tests/support/recording_network.h"
#include "tests/unit/consensus/pool/pool_offers.h"

namespace fog {
namespace {

using testing::FaultEnv;
using testing::make_tx;
using testing::node_id_of;
using testing::RecordingNetwork;
using testing::rich;
using testing::SeededRng;
using testing::StoppedClock;
using testing::terms_at;
using testing::TestKey;

constexpr std::uint64_t kSecond = 1'000'000'000;

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() {
    for (const NodeId& peer : {a_, b_, c_}) relay_.on_up(peer);
  }

  // As the node does it: into the pool, and told of what got in.
  std::vector<SubmitReply> submit(const std::vector<Bytes>& txs) {
    std::vector<SubmitReply> replies;
    for (const Bytes& tx : txs) {
      auto checked = check_form(tx, testing::test_chain_id());
      SubmitReply reply;
      if (!checked) {
        reply.fault = checked.error();
      } else {
        reply.id = checked->id();
        reply.fault = fault_;
        if (reply.fault == Fault::kNone)
          reply.refused = pool_.add(*std::move(checked), terms_at(10), rich()).refused;
      }
      replies.push_back(reply);
    }
    return replies;
  }
  CheckedTx submit_here(std::uint64_t sequence) {
    CheckedTx tx = make_tx(anna_, {.sequence = sequence});
    submit({tx.encoded()});
    relay_.on_arrival(pool_.find(tx.id()));
    return tx;
  }
  template <class M>
  void hear(const NodeId& from, const M& message) {
    relay_.on_message(from, static_cast<std::uint8_t>(M::kKind), bcs_encode(message));
  }
  wire::Txs carrying(const std::vector<CheckedTx>& txs) {
    wire::Txs message;
    for (const CheckedTx& tx : txs) message.txs.emplace_back(tx.encoded());
    return message;
  }
  wire::Announce promises(std::size_t count) {
    wire::Announce message;
    for (std::size_t i = 0; i < count; ++i) message.ids.push_back(testing::random_fixed<32>(rng_));
    return message;
  }
  std::vector<NodeId> receivers(std::uint8_t kind) {
    std::vector<NodeId> out;
    for (const auto& one : net_.sent) {
      if (one.kind == kind) out.push_back(one.to);
    }
    net_.sent.clear();
    std::sort(out.begin(), out.end());
    return out;
  }
  std::vector<NodeId> sorted(std::vector<NodeId> ids) {
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  SeededRng rng_{1};
  StoppedClock clock_;
  RecordingNetwork net_;
  TestKey anna_{1};
  Mempool pool_;
  FaultEnv env_;
  std::unique_ptr<BlockLog> log_ = *BlockLog::open(env_, "d", testing::test_chain_id(), {});
  std::vector<NodeId> leaders_;
  Fault fault_ = Fault::kNone;
  int wakes_ = 0;
  NodeId a_ = node_id_of(1), b_ = node_id_of(2), c_ = node_id_of(3);
  Relay relay_{RelayParts{&pool_, log_.get(), &net_, &clock_,
                          [this](const std::vector<Bytes>& txs) { return submit(txs); },
                          [this] { return leaders_; }, [this] { ++wakes_; }}};
};

TEST_F(RelayTest, WhatIsSubmittedHereGoesWholeToLeadersAndByNameToTheOthers) {
  leaders_ = {b_};
  const CheckedTx tx = submit_here(0);
  EXPECT_EQ(wakes_, 1);
  EXPECT_TRUE(net_.sent.empty()) << "until flush()";
  relay_.flush();
  ASSERT_EQ(net_.sent.size(), 3U);
  EXPECT_EQ(net_.sent[0].to, b_);
  const auto whole = bcs_decode<wire::Txs>(net_.sent[0].message);
  ASSERT_TRUE(whole);
  EXPECT_EQ(Bytes(whole->txs.at(0)), tx.encoded());
  EXPECT_EQ(receivers(static_cast<std::uint8_t>(wire::Kind::kAnnounce)), sorted({a_, c_}));
}

TEST_F(RelayTest, TheMoreHasGoneOutTheLongerTheNextGather) {
  constexpr std::uint64_t kMs = 1'000'000;
  const auto announced = [&] {
    return receivers(static_cast<std::uint8_t>(wire::Kind::kAnnounce));
  };
  std::uint64_t sequence = 0;
  const auto submit_some = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) submit_here(sequence++);
  };
  submit_some(3);
  relay_.flush();
  EXPECT_EQ(announced().size(), 3U);
  submit_some(1);
  relay_.flush();
  EXPECT_EQ(announced().size(), 0U);
  EXPECT_EQ(relay_.next_ns(), clock_.ns + 3 * kMs);
  submit_some(1);
  clock_.ns += 3 * kMs;
  relay_.flush();
  EXPECT_EQ(announced().size(), 3U) << "both in one message to each";
  clock_.ns += 2 * kMs;
  submit_some(1);
  relay_.flush();
  EXPECT_EQ(announced().size(), 3U) << "after two a third has waited long enough";

  clock_.ns += kMs;
  submit_some(100);
  relay_.flush();
  EXPECT_EQ(announced().size(), 3U);
  submit_some(1);
  relay_.flush();
  EXPECT_EQ(announced().size(), 0U);
  clock_.ns += 25 * kMs;
  relay_.flush();
  EXPECT_EQ(announced().size(), 3U) << "however many there were";
}

TEST_F(RelayTest, AnnouncesItsOwnAgainMoreAndMoreSeldomUntilItIsFinal) {
  const CheckedTx tx = submit_here(0);
  relay_.flush();
  net_.sent.clear();
  int times = 0;
  for (int second = 0; second < 31; ++second) {
    clock_.ns += kSecond;
    relay_.flush();
    times += net_.take<wire::Announce>().empty() ? 0 : 1;
  }
  EXPECT_EQ(times, 5) << "after 1, 3, 7, 15 and 31 s";
  pool_.drop(tx.id());
  clock_.ns += 100 * kSecond;
  relay_.flush();
  EXPECT_TRUE(net_.sent.empty());
  EXPECT_FALSE(relay_.next_ns());
}

TEST_F(RelayTest, WhoComesUpIsToldOfWhatWasSubmittedHere) {
  const CheckedTx tx = submit_here(0);
  relay_.flush();
  net_.sent.clear();
  const NodeId late = node_id_of(9);
  relay_.on_up(late);
  const auto told = net_.take<wire::Announce>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].first, late);
  EXPECT_EQ(told[0].second.ids, (wire::Announce{{tx.id()}}).ids);
}

TEST_F(RelayTest, WhatIsAnnouncedIsAskedForOnceAndPassedOnToTheOthers) {
  const CheckedTx tx = make_tx(anna_, {});
  hear(a_, wire::Announce{{tx.id()}});
  hear(b_, wire::Announce{{tx.id()}});
  const auto asked = net_.take<wire::GetTxs>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].first, a_);
  hear(a_, carrying({tx}));
  EXPECT_TRUE(pool_.contains(tx.id()));
  EXPECT_EQ(receivers(static_cast<std::uint8_t>(wire::Kind::kAnnounce)), sorted({b_, c_}));
  hear(b_, wire::Announce{{tx.id()}});
  hear(c_, carrying({tx}));
  EXPECT_TRUE(net_.sent.empty()) << "it is known";
  EXPECT_FALSE(relay_.next_ns());
}

TEST_F(RelayTest, WhoDoesNotAnswerIsFollowedByTheNextThatAnnouncedIt) {
  const CheckedTx tx = make_tx(anna_, {});
  for (const NodeId& peer : {a_, b_, c_}) hear(peer, wire::Announce{{tx.id()}});
  net_.sent.clear();
  std::vector<NodeId> asked;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(i == 3 || relay_.next_ns());
    clock_.ns += 3 * kSecond;
    relay_.flush();
    for (const auto& [peer, ask] : net_.take<wire::GetTxs>()) asked.push_back(peer);
  }
  EXPECT_EQ(asked, (std::vector<NodeId>{c_, b_})) << "and then nobody";
  EXPECT_FALSE(relay_.next_ns());
}

TEST_F(RelayTest, WhoGoesDownIsFollowedAtOnce) {
  const CheckedTx tx = make_tx(anna_, {});
  hear(a_, wire::Announce{{tx.id()}});
  hear(b_, wire::Announce{{tx.id()}});
  net_.sent.clear();
  relay_.on_down(a_);
  EXPECT_LE(*relay_.next_ns(), clock_.ns);
  relay_.flush();
  const auto asked = net_.take<wire::GetTxs>();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].first, b_);
}

// A peer that announces what it does not have, as fast as it may, and honest ones beside it.
TEST_F(RelayTest, EmptyPromisesOfSomeTakeNoRoomFromTheOthers) {
  for (std::uint64_t liar = 100; liar < 130; ++liar) {
    relay_.on_up(node_id_of(liar));
    for (int i = 0; i < 5; ++i) hear(node_id_of(liar), promises(wire::kTxIdsMax));
  }
  std::map<NodeId, std::size_t> asked;
  std::size_t all = 0;
  for (const auto& [peer, ask] : net_.take<wire::GetTxs>()) {
    asked[peer] += ask.ids.size();
    all += ask.ids.size();
  }
  EXPECT_EQ(asked.size(), 30U);
  for (const auto& [peer, count] : asked) EXPECT_LE(count, 16'384U);
  EXPECT_LT(all, 250'000U);
  const CheckedTx tx = make_tx(anna_, {});
  hear(a_, wire::Announce{{tx.id()}});
  ASSERT_EQ(net_.take<wire::GetTxs>().size(), 1U) << "the honest one is asked as ever";
  hear(a_, carrying({tx}));
  EXPECT_TRUE(pool_.contains(tx.id()));
  clock_.ns += 10 * kSecond;
  relay_.flush();
  EXPECT_FALSE(relay_.next_ns()) << "nothing is left of the promises";
}

// A long list that falls to one peer is asked for in messages of the size that they may have.
TEST_F(RelayTest, WhatIsAskedAgainIsAskedInParts) {
  for (int i = 0; i < 3; ++i) {
    const wire::Announce message = promises(wire::kTxIdsMax);
    hear(a_, message);
    hear(b_, message);
  }
  net_.sent.clear();
  relay_.on_down(a_);
  relay_.flush();
  std::size_t all = 0;
  for (const auto& [peer, ask] : net_.take<wire::GetTxs>()) {
    EXPECT_EQ(peer, b_);
    all += ask.ids.size();
  }
  EXPECT_EQ(all, 3 * wire::kTxIdsMax);
}

TEST_F(RelayTest, ATransactionThatNoHonestNodePassesOnIsBlamed) {
  wire::Txs message;
  message.txs.emplace_back(rng_.bytes(100));
  hear(a_, message);
  ASSERT_EQ(net_.reports.size(), 1U);
  EXPECT_EQ(net_.reports[0].peer, a_);
  EXPECT_EQ(net_.reports[0].offence, Offence::kBroken);
  EXPECT_TRUE(net_.sent.empty());
}

TEST_F(RelayTest, ATransactionThatCannotBeIncludedIsNotPassedOnNorBlamed) {
  fault_ = Fault::kSequenceTooLow;
  const CheckedTx tx = make_tx(anna_, {});
  hear(a_, carrying({tx}));
  EXPECT_TRUE(net_.sent.empty());
  EXPECT_TRUE(net_.reports.empty());
  hear(b_, wire::Announce{{tx.id()}});
  EXPECT_TRUE(net_.sent.empty()) << "nor is it fetched again";
}

TEST_F(RelayTest, WhatIsNoMessageIsBlamed) {
  for (const auto kind :
       {wire::Kind::kAnnounce, wire::Kind::kGetTxs, wire::Kind::kTxs, wire::Kind::kGetFinal}) {
    net_.reports.clear();
    ASSERT_TRUE(Relay::handles(static_cast<std::uint8_t>(kind)));
    relay_.on_message(c_, static_cast<std::uint8_t>(kind), Bytes{0x80});
    ASSERT_EQ(net_.reports.size(), 1U);
    EXPECT_EQ(net_.reports[0].offence, Offence::kBroken);
  }
}

TEST_F(RelayTest, ServesWhatItHasOnceAndSaysNothingOfTheRest) {
  const CheckedTx tx = submit_here(0);
  relay_.flush();
  net_.sent.clear();
  hear(a_, wire::GetTxs{{tx.id(), testing::random_fixed<32>(rng_), tx.id()}});
  const auto served = net_.take<wire::Txs>();
  ASSERT_EQ(served.size(), 1U);
  EXPECT_EQ(served[0].second.txs.size(), 1U);
  hear(a_, wire::GetTxs{{testing::random_fixed<32>(rng_)}});
  EXPECT_TRUE(net_.sent.empty());
}

// ---- final blocks ----

class RelayFinalTest : public RelayTest {
 protected:
  void write(std::uint64_t height, std::uint64_t epoch, bool certified, std::size_t tx_bytes = 40) {
    Block block = testing::sample_block(rng_, testing::test_chain_id(), height, parent_, tx_bytes);
    block.header.epoch = epoch;
    parent_ = block_id(block.header);
    ASSERT_TRUE(log_->append_proposal(height, height - 1, block));
    FinalEntry entry{height, height, parent_, std::nullopt, {}, {}};
    if (certified) {
      entry.certificate = testing::sample_certificate(
          rng_, testing::sample_vote(VoteKind::kFinalize, height, parent_));
    }
    entry.outcomes.push_back(TxOutcome{});
    ASSERT_TRUE(log_->append_final(entry));
  }
  wire::FinalBlocks ask(std::uint64_t from, std::uint32_t max) {
    hear(a_, wire::GetFinal{from, max});
    auto answers = net_.take<wire::FinalBlocks>();
    EXPECT_EQ(answers.size(), 1U) << "one answer to each question";
    return answers.empty() ? wire::FinalBlocks{} : answers[0].second;
  }
  BlockId parent_;
};

TEST_F(RelayFinalTest, EndsWithABlockThatHasACertificateAndWithItsEpoch) {
  for (std::uint64_t height = 1; height <= 6; ++height) write(height, height > 4, height % 2 == 0);
  const auto first = ask(1, 100);
  EXPECT_EQ(first.from, 1U);
  ASSERT_EQ(first.blocks.size(), 4U) << "of one epoch";
  ASSERT_TRUE(first.certificate);
  EXPECT_EQ(first.certificate->vote.block, block_id(first.blocks.back().header));
  EXPECT_EQ(ask(1, 3).blocks.size(), 2U) << "the third has no certificate of its own";
  EXPECT_EQ(ask(5, 100).blocks.size(), 2U);
}

TEST_F(RelayFinalTest, GoesOnToTheNextCertificateHoweverFewWereAskedFor) {
  for (std::uint64_t height = 1; height <= 40; ++height) write(height, 0, height % 20 == 0);
  EXPECT_EQ(ask(1, 4).blocks.size(), 20U);
  EXPECT_EQ(ask(18, 4).blocks.size(), 3U);
  EXPECT_EQ(ask(21, 4).blocks.size(), 20U);
}

TEST_F(RelayFinalTest, SaysSoWhenItHasNone) {
  write(1, 0, true);
  for (const std::uint64_t from : {std::uint64_t{0}, std::uint64_t{2}, ~std::uint64_t{0}}) {
    const auto answer = ask(from, ~std::uint32_t{0});
    EXPECT_EQ(answer.from, from);
    EXPECT_TRUE(answer.blocks.empty());
    EXPECT_FALSE(answer.certificate);
  }
  EXPECT_TRUE(ask(1, 0).blocks.empty());
}

TEST_F(RelayFinalTest, ServesSoMuchAtOnceAndNoMore) {
  for (std::uint64_t height = 1; height <= 100; ++height) write(height, 0, true, 100'000);
  const auto answer = ask(1, 1'000);
  EXPECT_GT(answer.blocks.size(), 10U);
  EXPECT_LT(bcs_encode(answer).size(), 5'000'000U);
  EXPECT_TRUE(answer.certificate);
}

}  // namespace
}  // namespace fog
