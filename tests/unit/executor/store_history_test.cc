// Answers of a key-value store that contradict each other are found, whatever order the records
// come in; and where something is missing nobody is accused.
#include "executor/store_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chain/crypto/hash.h"

namespace fog::executor {
namespace {

struct Told {
  KeyvalueCall call;
  KeyvalueReply reply;
};

Told told(KeyvalueOp op, std::uint64_t version, std::string_view key, std::string_view value = "") {
  Told out;
  out.call.op = op;
  out.call.entries.push_back({to_bytes(as_bytes(key)), to_bytes(as_bytes(value))});
  out.reply.fault = KeyvalueFault::kDone;
  out.reply.version = version;
  return out;
}
Told wrote(std::uint64_t version, std::string_view key, std::string_view value) {
  return told(KeyvalueOp::kSet, version, key, value);
}
Told read(std::uint64_t version, std::string_view key, std::optional<std::string_view> value) {
  Told out = told(KeyvalueOp::kGet, version, key);
  std::optional<KeyvalueBytes> found;
  if (value) found.emplace(to_bytes(as_bytes(*value)));
  out.reply.values.push_back(found);
  return out;
}

// hold, unknown, wrong
std::vector<std::uint64_t> judge(const std::vector<Told>& all) {
  StoreHistory forwards;
  StoreHistory backwards;
  for (const Told& each : all) forwards.add(each.call, each.reply, "request 1");
  for (auto it = all.rbegin(); it != all.rend(); ++it)
    backwards.add(it->call, it->reply, "request 1");
  const auto verdict = forwards.check();
  const auto again = backwards.check();
  EXPECT_EQ(verdict.calls, all.size());
  EXPECT_EQ(verdict.findings.empty(), verdict.wrong == 0);
  EXPECT_EQ(verdict.wrong, again.wrong);
  return {verdict.hold, verdict.unknown, verdict.wrong};
}

using Counts = std::vector<std::uint64_t>;

TEST(StoreHistory, AReadGivesWhatWasWrittenLast) {
  const std::vector<Told> good = {read(0, "a", {}),
                                  wrote(1, "a", "one"),
                                  read(1, "a", "one"),
                                  wrote(2, "a", "two"),
                                  read(2, "a", "two"),
                                  read(2, "b", {}),
                                  told(KeyvalueOp::kDelete, 3, "a"),
                                  read(3, "a", {})};
  EXPECT_EQ(judge(good), (Counts{5, 0, 0}));
  auto bad = good;
  bad[4] = read(2, "a", "one");
  EXPECT_EQ(judge(bad), (Counts{4, 0, 1}));
  bad = good;
  bad[7] = read(3, "a", "two");
  EXPECT_EQ(judge(bad), (Counts{4, 0, 1}));
  bad = good;
  bad[0] = read(0, "a", "made up");
  EXPECT_EQ(judge(bad), (Counts{4, 0, 1}));
}

TEST(StoreHistory, WhatIsMissingAccusesNobody) {
  const std::vector<Told> sample = {wrote(1, "a", "one"), read(3, "a", "three"),
                                    read(3, "b", {}),     read(3, "a", "three"),
                                    wrote(4, "b", "x"),   read(4, "b", "x")};
  EXPECT_EQ(judge(sample), (Counts{2, 2, 0}));
  auto bad = sample;
  bad[3] = read(3, "a", "four");
  EXPECT_EQ(judge(bad)[2], 1U) << "two reads with no write between them";
}

TEST(StoreHistory, IncrementsAndSwapsWriteAndSwapsRead) {
  Told sum = told(KeyvalueOp::kIncrement, 1, "n");
  sum.reply.number = static_cast<std::uint64_t>(-4);
  Told swap = told(KeyvalueOp::kSwap, 2, "n", "new");
  swap.call.expected = sha256(as_bytes(std::string_view("-4")));
  Told exists = told(KeyvalueOp::kExists, 2, "n");
  exists.reply.number = 1;
  const std::vector<Told> good = {sum, read(1, "n", "-4"), swap, read(2, "n", "new"), exists};
  EXPECT_EQ(judge(good), (Counts{4, 0, 0}));
  auto bad = good;
  bad[2].call.expected = sha256(as_bytes(std::string_view("-5")));
  EXPECT_EQ(judge(bad)[2], 1U);
  bad = good;
  bad[4].reply.number = 0;
  EXPECT_EQ(judge(bad)[2], 1U);
  // What failed has written nothing.
  Told full = wrote(2, "n", "more");
  full.reply.fault = KeyvalueFault::kFull;
  auto more = good;
  more.push_back(full);
  EXPECT_EQ(judge(more), (Counts{4, 0, 0}));
}

TEST(StoreHistory, TwoWritesHaveNotOnePlace) {
  const auto verdict = judge({wrote(1, "a", "one"), wrote(1, "b", "two")});
  EXPECT_EQ(verdict[2], 1U);
  EXPECT_EQ(judge({wrote(0, "a", "one")})[2], 1U);
}

}  // namespace
}  // namespace fog::executor
