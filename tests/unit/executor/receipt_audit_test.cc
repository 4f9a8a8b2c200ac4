// A leaf's record cannot say anything else than its entry binds, a Host cannot prove leaves that
// are not in the log, and what it keeps back is missed.
#include "executor/receipt_audit.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "executor/call_digest.h"

namespace fog::executor {
namespace {

LeafTerms some_terms() {
  LeafTerms out;
  out.manifest.artifact_bytes = 16'000;
  return out;
}

// A consistent record, as serving makes it.
LeafRecord served(std::uint64_t index) {
  LeafRecord out;
  LeafContent& content = out.content.emplace();
  content.request.method = to_bytes(as_bytes("POST"));
  content.request.target = to_bytes(as_bytes("/" + std::to_string(index)));
  content.request.fields.push_back({to_bytes(as_bytes("host")), to_bytes(as_bytes("a.example"))});
  content.request_body = to_bytes(as_bytes("asked"));
  content.status = 201;
  content.fields.push_back({to_bytes(as_bytes("x-one")), to_bytes(as_bytes("1"))});
  content.response_body = to_bytes(as_bytes("answered"));
  out.entry.index = index;
  out.entry.time_ms = 1'700'000'000'000;
  out.entry.memory_peak = 1 << 20;
  out.run.outcome = RunOutcome::kOk;
  out.run.fuel = 1'234;
  return out;
}

// Brings the entry in line with the record.
LeafRecord bound(LeafRecord record, const LeafTerms& terms = some_terms()) {
  market::LogEntry& entry = record.entry;
  std::uint64_t egress = 0;
  if (record.content) {
    const LeafContent& content = *record.content;
    const auto response = response_head(content);
    entry.request = market::request_hash(request_head(record), sha256(content.request_body));
    entry.response = market::response_hash(response, sha256(content.response_body));
    entry.request_bytes = content.request_body.size();
    record.run.outbound = outbound_hash(content.outbound);
    record.run.content_bytes = content.request_body.size() + content.response_body.size();
    egress = market::response_bytes(response, content.response_body.size());
    for (const OutboundRecord& each : content.outbound) {
      record.run.content_bytes += bcs_encode(each).size();
      egress += each.egress_bytes;
    }
    entry.counters.egress_bytes = egress;
  }
  entry.counters.requests = 1;
  entry.counters.fuel =
      billed_fuel(record.run.outcome, record.run.fuel, terms.manifest.artifact_bytes);
  entry.run = run_hash(record.run);
  return record;
}

LeafVerdict verdict(const LeafRecord& record, const LeafTerms& terms = some_terms()) {
  return examine_leaf(terms, record).verdict;
}

TEST(ExamineLeaf, AConsistentRecordCanBeReplayed) {
  const LeafReport report = examine_leaf(some_terms(), bound(served(1)));
  EXPECT_EQ(report.verdict, LeafVerdict::kVerified);
  EXPECT_TRUE(report.findings.empty());
  LeafRecord asked = served(2);
  OutboundRecord call;
  call.egress_bytes = 40;
  call.reply.emplace().body = to_bytes(as_bytes("from elsewhere"));
  asked.content->outbound.push_back(call);
  EXPECT_EQ(verdict(bound(asked)), LeafVerdict::kVerified);
}

// Each part of a record is bound: whatever is changed after the entry was made is found.
TEST(ExamineLeaf, EveryPartIsBoundByTheEntry) {
  LeafRecord with_call = served(3);
  with_call.content->outbound.push_back({0, Hash32{}, 40, RecordedReply{}});
  const LeafRecord good = bound(with_call);
  const std::vector<std::pair<std::string, std::function<void(LeafRecord&)>>> lies = {
      {"method", [](LeafRecord& r) { r.content->request.method = to_bytes(as_bytes("GET")); }},
      {"target", [](LeafRecord& r) { r.content->request.target.push_back('x'); }},
      {"header", [](LeafRecord& r) { r.content->request.fields[0].value.push_back('x'); }},
      {"request", [](LeafRecord& r) { r.content->request_body[0] ^= 1; }},
      {"time", [](LeafRecord& r) { ++r.entry.time_ms; }},
      {"status", [](LeafRecord& r) { r.content->status = 200; }},
      {"field", [](LeafRecord& r) { r.content->fields.clear(); }},
      {"response", [](LeafRecord& r) { r.content->response_body.pop_back(); }},
      {"reply", [](LeafRecord& r) { r.content->outbound[0].reply->head.status = 500; }},
      {"reply kept back", [](LeafRecord& r) { r.content->outbound[0].reply.reset(); }},
      {"asked", [](LeafRecord& r) { r.content->outbound[0].asked.data[0] ^= 1; }},
      {"call", [](LeafRecord& r) { r.content->outbound.clear(); }},
      {"fuel", [](LeafRecord& r) { ++r.run.fuel; }},
      {"billed fuel", [](LeafRecord& r) { ++r.entry.counters.fuel; }},
      {"requests", [](LeafRecord& r) { r.entry.counters.requests = 2; }},
      {"egress", [](LeafRecord& r) { ++r.entry.counters.egress_bytes; }},
      {"request bytes", [](LeafRecord& r) { ++r.entry.request_bytes; }},
      {"outcome", [](LeafRecord& r) { r.run.outcome = RunOutcome::kExit; }},
      {"size", [](LeafRecord& r) { ++r.run.content_bytes; }},
      {"content", [](LeafRecord& r) { r.content.reset(); }},
  };
  for (const auto& [what, lie] : lies) {
    LeafRecord bad = good;
    lie(bad);
    EXPECT_EQ(verdict(bad), LeafVerdict::kMismatch) << what;
  }
  EXPECT_EQ(verdict(good), LeafVerdict::kVerified);
}

TEST(ExamineLeaf, OnlyWhatIsTooLargeIsAttested) {
  LeafRecord large = served(1);
  large.content.reset();
  large.run.content_bytes = kLeafContentBytesMax + 1;
  large.entry.request_bytes = kLeafContentBytesMax;
  large.entry.counters.egress_bytes = 2;
  EXPECT_EQ(verdict(bound(large)), LeafVerdict::kAttested);
  large.entry.counters.egress_bytes = 0;
  EXPECT_EQ(verdict(bound(large)), LeafVerdict::kMismatch) << "says more than its entry counts";
  LeafTerms asking = some_terms();
  asking.manifest.outbound.push_back("https://a.example");
  EXPECT_EQ(verdict(bound(large), asking), LeafVerdict::kAttested) << "answers of other servers";
  large.run.content_bytes = kLeafContentBytesMax;
  EXPECT_EQ(verdict(bound(large), asking), LeafVerdict::kMismatch) << "small enough to be kept";
}

TEST(ExamineLeaf, AContainersRequestIsAttestedAndBillsNoFuel) {
  LeafTerms terms = some_terms();
  terms.manifest.runtime = market::RuntimeKind::kContainer;
  LeafRecord record = bound(served(1));
  record.content.reset();
  EXPECT_EQ(verdict(record, terms), LeafVerdict::kMismatch) << "fuel";
  record.entry.counters.fuel = 0;
  EXPECT_EQ(verdict(record, terms), LeafVerdict::kAttested);
}

TEST(ExamineLeaf, WhatNeedsSecretsIsAttested) {
  LeafTerms terms = some_terms();
  terms.manifest.secrets.push_back("DB_PASSWORD");
  LeafRecord record = bound(served(1));
  EXPECT_EQ(verdict(record, terms), LeafVerdict::kAttested);
  record.content->response_body[0] ^= 1;
  EXPECT_EQ(verdict(record, terms), LeafVerdict::kMismatch);
}

TEST(ExamineLeaf, WhatDependsOnTheComputerIsUnverifiable) {
  for (const RunOutcome outcome :
       {RunOutcome::kStack, RunOutcome::kHostMemory, RunOutcome::kCrash}) {
    LeafRecord record = served(1);
    record.run.outcome = outcome;
    EXPECT_EQ(verdict(bound(record)), LeafVerdict::kUnverifiable);
  }
}

// ---- a whole log ----

// A Host that proves what it has, and lies as told.
class LyingHost final : public LeafSource {
 public:
  explicit LyingHost(std::size_t leaves, std::set<std::uint64_t> voids = {}) {
    for (std::uint64_t i = 0; i < leaves; ++i) {
      LeafRecord record = served(i);
      // Attested, so that nothing needs to run.
      record.content.reset();
      record.run.content_bytes = kLeafContentBytesMax + 1;
      record.entry.request_bytes = kLeafContentBytesMax + 1;
      record = bound(record);
      market::LogEntry nothing;
      nothing.index = i;
      const bool is_void = voids.contains(i);
      // Of what was voided there may be a record: it was served too late.
      records.push_back(is_void && i % 2 == 0 ? Bytes{} : bcs_encode(record));
      EXPECT_TRUE(log.append(market::log_leaf(is_void ? nothing : record.entry)));
    }
  }
  IncludedLog included() const { return {log.size(), log.root(log.size())}; }

  ErrorOr<LeafAnswer> leaves(const LeafTerms&, std::uint64_t count,
                             const std::vector<std::uint64_t>& indexes) override {
    LeafAnswer out;
    for (const std::uint64_t index : indexes) {
      if (out.leaves.size() == fit) break;
      out.leaves.push_back({index, log.leaf(index), log.inclusion(index, count), records[index]});
    }
    if (lie) lie(out);
    return out;
  }

  market::SumLog log;
  std::vector<Bytes> records;
  std::size_t fit = 10;
  std::function<void(LeafAnswer&)> lie;
};

ErrorOr<LogAudit> audit(LyingHost& host) {
  const auto indexes = sample_indexes(host.log.size(), 1'000, 1);
  std::uint64_t seen = 0;
  return audit_log(some_terms(), host.included(), indexes, host, nullptr,
                   [&](std::uint64_t done, ByteView) { EXPECT_EQ(done, ++seen); });
}

TEST(ReceiptAudit, EveryLeafIsProvenAndCounted) {
  LyingHost host(37, {5, 6});
  const auto result = audit(host);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->asked, 37U);
  EXPECT_EQ(result->attested, 35U);
  EXPECT_EQ(result->voids, 2U);
  EXPECT_EQ(result->counted, host.included().root.sums);
  EXPECT_TRUE(result->clean());
}

TEST(ReceiptAudit, WhatTheHostDoesNotKeepIsMissing) {
  LyingHost host(9);
  host.records[4].clear();
  const auto result = audit(host);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->missing, 1U);
  EXPECT_EQ(result->counted, host.included().root.sums) << "its leaf is proven all the same";
  EXPECT_FALSE(result->clean());
  EXPECT_EQ(result->notable.back().index, 8U);
}

TEST(ReceiptAudit, NoLieFitsTheRoot) {
  const std::vector<std::pair<std::string, std::function<void(LeafAnswer&)>>> lies = {
      {"fuel in the leaf", [](LeafAnswer& a) { ++a.leaves[0].leaf.sums.fuel; }},
      {"another entry", [](LeafAnswer& a) { a.leaves[0].leaf.hash.data[0] ^= 1; }},
      {"a short proof", [](LeafAnswer& a) { a.leaves[0].proof.pop_back(); }},
      {"another's record", [](LeafAnswer& a) { a.leaves[0].record = a.leaves[1].record; }},
      {"a damaged record", [](LeafAnswer& a) { a.leaves[0].record[60] ^= 1; }},
      {"no record at all", [](LeafAnswer& a) { a.leaves[0].record = Bytes(5, 1); }},
  };
  for (const auto& [what, lie] : lies) {
    LyingHost host(20);
    host.fit = 64;
    host.lie = lie;
    const auto result = audit(host);
    ASSERT_TRUE(result.has_value()) << what;
    EXPECT_EQ(result->mismatched, 1U) << what;
    EXPECT_EQ(result->attested, 19U) << what;
    EXPECT_FALSE(result->clean()) << what;
  }
}

TEST(ReceiptAudit, AnAnswerToAnotherQuestionIsRefused) {
  for (const auto& lie : std::vector<std::function<void(LeafAnswer&)>>{
           [](LeafAnswer& a) { a.leaves.clear(); },
           [](LeafAnswer& a) { std::swap(a.leaves[0], a.leaves[1]); },
           [](LeafAnswer& a) { a.leaves[0].index = 19; }}) {
    LyingHost host(20);
    host.lie = lie;
    const auto result = audit(host);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::kProtocol);
  }
}

TEST(SampleIndexes, AreDistinctAscendingSeededAndSpread) {
  const auto sample = sample_indexes(1'000'000, 500, 7);
  EXPECT_EQ(sample.size(), 500U);
  EXPECT_TRUE(std::is_sorted(sample.begin(), sample.end()));
  EXPECT_EQ(std::adjacent_find(sample.begin(), sample.end()), sample.end());
  EXPECT_EQ(sample, sample_indexes(1'000'000, 500, 7));
  EXPECT_NE(sample, sample_indexes(1'000'000, 500, 8));
  EXPECT_EQ(sample_indexes(3, 10, 1), (std::vector<std::uint64_t>{0, 1, 2}));
  std::map<std::uint64_t, int> hits;
  for (std::uint64_t seed = 0; seed < 3'000; ++seed) {
    for (const std::uint64_t index : sample_indexes(10, 3, seed)) ++hits[index];
  }
  for (const auto& [index, count] : hits) EXPECT_NEAR(count, 900, 120) << index;
}

// ---- what a run asked and got ----

TEST(OutboundLog, IsThatOfItsRecords) {
  OutboundLog log;
  EXPECT_EQ(log.hash(), Hash32{});
  OutboundRequest request;
  request.body = to_bytes(as_bytes("question"));
  OutboundReply reply;
  reply.head.status = 200;
  reply.body = to_bytes(as_bytes("answer"));
  for (const std::uint32_t number : {2U, 0U, 1U}) log.asked(number, request);
  log.ended(1, 10, &reply);
  log.ended(2, 20, nullptr);
  log.ended(0, 30, &reply);
  const OutboundRecords records = log.records();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(log.hash(), outbound_hash(records));
  EXPECT_EQ(log.egress_bytes(), 60U);
  EXPECT_EQ(records[1].egress_bytes, 10U);
  EXPECT_EQ(records[1].asked, asked_hash(request));
  EXPECT_FALSE(records[2].reply.has_value());
  EXPECT_EQ(records[0].reply->body, reply.body);
}

TEST(OutboundLog, KeepsNoMoreThanALeafMayHold) {
  OutboundLog log;
  OutboundReply reply;
  reply.body = Bytes(kLeafContentBytesMax / 2, 1);
  for (std::uint32_t i = 0; i < 3; ++i) {
    log.asked(i, {});
    log.ended(i, 0, &reply);
  }
  EXPECT_GT(log.bytes(), kLeafContentBytesMax);
  for (const OutboundRecord& record : log.records()) EXPECT_FALSE(record.reply.has_value());
  EXPECT_NE(log.hash(), outbound_hash(log.records())) << "the hash is of all that came";
}

// ---- the digest of host calls ----

TEST(CallDigest, CoversEveryByteOfMemoryFuelAndCall) {
  Bytes memory(3 * kDigestPageBytes, 0);
  const auto digest = [&](const std::function<void(SeenCall&)>& change, std::size_t touched) {
    CallDigest out;
    SeenCall call;
    call.function = "fd_read";
    call.fuel_used = 5;
    Bytes now = memory;
    call.memory = now;
    out.add(call);
    call.index = 1;
    if (touched < now.size()) now[touched] = 9;
    change(call);
    out.add(call);
    EXPECT_EQ(out.calls(), 2U);
    return out.digest();
  };
  const auto nothing = [](SeenCall&) {};
  const Hash32 plain = digest(nothing, memory.size());
  EXPECT_EQ(plain, digest(nothing, memory.size()));
  std::set<Hash32> all = {plain};
  for (const std::size_t at :
       {std::size_t{0}, kDigestPageBytes - 1, kDigestPageBytes, 3 * kDigestPageBytes - 1}) {
    EXPECT_TRUE(all.insert(digest(nothing, at)).second) << at;
  }
  EXPECT_TRUE(all.insert(digest([](SeenCall& c) { ++c.fuel_used; }, memory.size())).second);
  EXPECT_TRUE(all.insert(digest([](SeenCall& c) { c.result = 8; }, memory.size())).second);
  EXPECT_TRUE(
      all.insert(digest([](SeenCall& c) { c.function = "fd_pread"; }, memory.size())).second);
  EXPECT_TRUE(all.insert(digest([](SeenCall& c) { c.words = "words"; }, memory.size())).second);
}

// Of a guest that talks much, memory is looked at now and then, and always at the end.
TEST(CallDigest, LooksAtMemoryNowAndThen) {
  const auto digest = [](std::uint64_t touched_after, bool ends) {
    Bytes memory(kDigestPageBytes, 0);
    CallDigest out;
    SeenCall call;
    for (std::uint64_t i = 0; i < 1'000; ++i) {
      memory[0] = i == touched_after ? 1 : 0;
      call.index = i;
      call.memory = memory;
      if (ends && i == 999) call.result = kCallEndedRun;
      out.add(call);
    }
    EXPECT_EQ(out.in_call(), ends);
    return out.digest();
  };
  const Hash32 untouched = digest(5'000, false);
  EXPECT_NE(digest(kDigestEachCalls - 1, false), untouched);
  EXPECT_EQ(digest(kDigestEachCalls + 1, false), untouched);
  EXPECT_NE(digest(kDigestEveryCalls * 9, false), untouched);
  EXPECT_NE(digest(999, true), digest(5'000, true));
}

TEST(CallDigest, WithoutHashesNotesFuelAlone) {
  CallDigest out(false);
  SeenCall call;
  call.fuel_used = 7;
  out.add(call);
  call.fuel_used = 9;
  call.result = kCallEndedRun;
  out.add(call);
  EXPECT_EQ(out.calls(), 2U);
  EXPECT_EQ(out.fuel(), 7U);
  EXPECT_TRUE(out.in_call());
  EXPECT_EQ(out.digest(), Hash32{});
}

}  // namespace
}  // namespace fog::executor
