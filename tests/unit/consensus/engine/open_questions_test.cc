// Only what was asked is an answer, and only once.
#include "consensus/engine/open_questions.h"

#include <gtest/gtest.h>

#include "tests/support/recording_network.h"

namespace fog {
namespace {

using testing::node_id_of;
using wire::Kind;

TEST(OpenQuestions, AnAnswerIsTakenAsOftenAsItWasAskedForAndOfWhomItWas) {
  OpenQuestions questions;
  const NodeId a = node_id_of(1);
  EXPECT_FALSE(questions.take(a, Kind::kBlock));
  questions.asked(a, Kind::kBlock);
  questions.asked(a, Kind::kBlock);
  EXPECT_FALSE(questions.take(node_id_of(2), Kind::kBlock)) << "another peer";
  EXPECT_FALSE(questions.take(a, Kind::kFinal)) << "another question";
  EXPECT_TRUE(questions.take(a, Kind::kBlock));
  EXPECT_TRUE(questions.take(a, Kind::kBlock));
  EXPECT_FALSE(questions.take(a, Kind::kBlock));
}

TEST(OpenQuestions, WhatIsNoAnswerNeedsNoQuestion) {
  OpenQuestions questions;
  for (const Kind kind : {Kind::kProposal, Kind::kVote, Kind::kCertificate, Kind::kGetCertificates,
                          Kind::kGetBlock, Kind::kGetBlockTxs, Kind::kStatus, Kind::kGetFinal})
    EXPECT_TRUE(questions.take(node_id_of(1), kind));
  for (const Kind kind : {Kind::kBlock, Kind::kBlockTxs, Kind::kFinal})
    EXPECT_FALSE(questions.take(node_id_of(1), kind));
}

TEST(OpenQuestions, IsBounded) {
  OpenQuestions questions;
  const NodeId one = node_id_of(1);
  for (std::uint32_t i = 0; i < OpenQuestions::kOfOneMax + 10; ++i)
    questions.asked(one, Kind::kBlock);
  std::uint32_t taken = 0;
  while (questions.take(one, Kind::kBlock)) ++taken;
  EXPECT_EQ(taken, OpenQuestions::kOfOneMax);

  for (std::uint64_t i = 0; i < OpenQuestions::kPeersMax + 10; ++i)
    questions.asked(node_id_of(i), Kind::kFinal);
  std::size_t known = 0;
  for (std::uint64_t i = 0; i < OpenQuestions::kPeersMax + 10; ++i)
    known += questions.take(node_id_of(i), Kind::kFinal) ? 1U : 0U;
  EXPECT_EQ(known, OpenQuestions::kPeersMax);
}

}  // namespace
}  // namespace fog
