// What a Host served is replayed from its leaves with equal fuel and output, in another process and
// without a network; and whoever lies about it is found.
#include "executor/replay.h"

#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "chain/base/clock.h"
#include "executor/leaf_store.h"
#include "executor/receipt_audit.h"
#include "tests/unit/executor/one_answer.h"
#include "tests/unit/executor/worker/host_bench.h"

namespace fog::executor {
namespace {

using fog::testing::HostAnswer;
using fog::testing::HostBench;
using fog::testing::http_guest;
using fog::testing::OneAnswer;
using fog::testing::SeededRng;
using fog::testing::TempFolder;
using fog::testing::wasm_guest;

LeafQuery query_of(HostBench& host, std::uint64_t count, std::vector<std::uint64_t> indexes) {
  LeafQuery query;
  query.chain = host.terms().serve.chain;
  query.replica = host.terms().serve.replica;
  query.gateway = host.gateway.address();
  query.count = count;
  query.indexes.assign(indexes.begin(), indexes.end());
  query.time_ms = system_clock().wall_ms();
  return query;
}

HostAnswer ask(HostBench& host, const LeafQuery& query, const SecretKey& reader) {
  const SignedLeafQuery asked{query, reader.public_key(), reader.sign_ecdsa(query_digest(query))};
  return host.gateway.post("/.fog/leaves", std::string(as_text(bcs_encode(asked))));
}

// Leaves from the Host itself, over HTTP.
class FromHost final : public LeafSource {
 public:
  explicit FromHost(HostBench& host) : host_(host) {}
  ErrorOr<LeafAnswer> leaves(const LeafTerms&, std::uint64_t count,
                             const std::vector<std::uint64_t>& indexes) override {
    const HostAnswer answer = ask(host_, query_of(host_, count, indexes), host_.gateway.key());
    EXPECT_EQ(answer.status, 200U) << answer.body;
    auto decoded = bcs_decode<LeafAnswer>(as_bytes(answer.body));
    EXPECT_TRUE(decoded.has_value());
    if (!decoded) return fail(ErrorCode::kProtocol, "no answer");
    return *std::move(decoded);
  }

 private:
  HostBench& host_;
};

LeafTerms terms_of(const HostBench& host) {
  const ServeFrame& serve = host.terms().serve;
  return {serve.chain,  serve.replica, host.gateway.address(),
          serve.beacon, serve.runtime, serve.manifest};
}

std::unique_ptr<Replayer> replayer_of(const HostBench& host, const Bytes& guest,
                                      const TempFolder& folder, bool digest = false) {
  ReplayOptions options;
  options.digest = digest;
  options.program.path = "/proc/self/exe";
  options.spool_folder = folder.path();
  auto out = Replayer::start(options, host.terms().serve.manifest, host.terms().runtime, guest);
  EXPECT_TRUE(out.has_value()) << out.error().context;
  return out ? *std::move(out) : nullptr;
}

// All of the log, from the Host, replayed.
LogAudit audit(HostBench& host, Replayer& replayer) {
  const auto claims = host.claims();
  EXPECT_EQ(claims.size(), 1U);
  FromHost source(host);
  const IncludedLog included{claims[0].count, claims[0].root};
  auto out = audit_log(terms_of(host), included, sample_indexes(included.count, 10'000, 1), source,
                       &replayer, [](std::uint64_t, ByteView) {});
  EXPECT_TRUE(out.has_value()) << out.error().context;
  if (!out) return {};
  for (const AuditedLeaf& leaf : out->notable) {
    if (leaf.report.verdict != LeafVerdict::kMismatch) continue;
    ADD_FAILURE() << leaf.index << ": " << leaf.report.findings.front();
  }
  return *std::move(out);
}

std::vector<LeafRecord> records_of(HostBench& host, std::uint64_t count) {
  std::vector<LeafRecord> out;
  FromHost source(host);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto answer = source.leaves(terms_of(host), count, {i});
    const auto record = bcs_decode<LeafRecord>(answer->leaves.at(0).record);
    EXPECT_TRUE(record.has_value()) << i;
    if (record) out.push_back(*record);
  }
  return out;
}

TEST(Replay, RandomRequestsGiveTheSameFuelAndOutput) {
  HostBench host;
  std::mt19937_64 random(11);
  const std::vector<std::string> paths = {"/hello", "/echo", "/env",   "/clock", "/compute",
                                          "/noise", "/eat",  "/trap",  "/exit3", "/garbage",
                                          "/flood", "/none", "/forged"};
  constexpr std::uint64_t kRequests = 300;
  for (std::uint64_t i = 0; i < kRequests; ++i) {
    const std::string path = paths[random() % paths.size()] + "?" + std::to_string(random());
    std::string body(random() % 3'000, '\0');
    for (char& c : body) c = static_cast<char>(random());
    ASSERT_TRUE(host.gateway.forward(i % 7 == 0 ? "HEAD" : "POST", path, body).settled);
    if (i % 100 == 99) {
      ASSERT_EQ(host.gateway.vouch(i + 1).status, 204U);
    }
  }
  const TempFolder folder;
  const auto replayer = replayer_of(host, wasm_guest("behave"), folder);
  ASSERT_NE(replayer, nullptr);
  const LogAudit result = audit(host, *replayer);
  // Three MiB of response are more than a leaf may hold.
  EXPECT_EQ(result.verified + result.attested, kRequests);
  EXPECT_GT(result.verified, kRequests * 8 / 10);
  EXPECT_TRUE(result.clean());
}

TEST(Replay, EachOutcomeHasItsVerdict) {
  HostBench host;
  const std::vector<std::pair<std::string, LeafVerdict>> cases = {
      {"/hello", LeafVerdict::kVerified},    {"/loop", LeafVerdict::kVerified},
      {"/eat", LeafVerdict::kVerified},      {"/trap", LeafVerdict::kVerified},
      {"/exit3", LeafVerdict::kVerified},    {"/nothing", LeafVerdict::kVerified},
      {"/deep", LeafVerdict::kUnverifiable},
  };
  for (const auto& [path, verdict] : cases) (void)host.gateway.forward("GET", path, "");
  (void)host.gateway.forward("PUT", "/echo", std::string(1 << 20, 'x'));
  ASSERT_EQ(host.gateway.vouch(cases.size() + 1).status, 204U);
  const TempFolder folder;
  const auto replayer = replayer_of(host, wasm_guest("behave"), folder);
  ASSERT_NE(replayer, nullptr);
  const auto records = records_of(host, cases.size() + 1);
  ASSERT_EQ(records.size(), cases.size() + 1);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto report = replayer->replay(terms_of(host), records[i]);
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(report->verdict, cases[i].second) << cases[i].first;
    EXPECT_EQ(report->ran, cases[i].second == LeafVerdict::kVerified) << cases[i].first;
  }
  const auto large = replayer->replay(terms_of(host), records.back());
  ASSERT_TRUE(large.has_value());
  EXPECT_EQ(large->verdict, LeafVerdict::kAttested);
}

// A run that wall time has stopped cannot be shown; but it is billed for a host call, and that can.
TEST(Replay, AWallStopIsUnverifiableUnlessItBillsForNoHostCall) {
  HostBench host;
  (void)host.gateway.forward("GET", "/compute", "");
  ASSERT_EQ(host.gateway.vouch(1).status, 204U);
  const TempFolder folder;
  const auto replayer = replayer_of(host, wasm_guest("behave"), folder);
  ASSERT_NE(replayer, nullptr);
  LeafRecord record = records_of(host, 1).at(0);
  const auto verdict_with = [&](std::uint64_t fuel) {
    record.run.outcome = RunOutcome::kWall;
    record.run.fuel = fuel;
    record.entry.run = run_hash(record.run);
    record.entry.counters.fuel = billed_fuel(RunOutcome::kWall, fuel, host.artifact_bytes());
    const auto report = replayer->replay(terms_of(host), record);
    EXPECT_TRUE(report.has_value());
    return report ? report->verdict : LeafVerdict::kMismatch;
  };
  // The guest computes, then writes its answer: the run's last host call is at its very end.
  const std::uint64_t whole = record.run.fuel;
  EXPECT_EQ(verdict_with(0), LeafVerdict::kUnverifiable);
  EXPECT_EQ(verdict_with(whole / 2), LeafVerdict::kMismatch) << "it was computing";
  EXPECT_EQ(verdict_with(whole + 1), LeafVerdict::kMismatch);
  EXPECT_EQ(verdict_with(whole * 10), LeafVerdict::kMismatch);
}

// A Host that claims more than it used, or answered something else, has an entry to match; the
// replay tells.
TEST(Replay, FindsAHostThatLies) {
  HostBench host;
  (void)host.gateway.forward("POST", "/echo", "some body");
  ASSERT_EQ(host.gateway.vouch(1).status, 204U);
  const TempFolder folder;
  const auto replayer = replayer_of(host, wasm_guest("behave"), folder);
  ASSERT_NE(replayer, nullptr);
  const LeafRecord good = records_of(host, 1).at(0);
  const auto finding = [&](LeafRecord record) {
    LeafContent& content = *record.content;
    const auto response = response_head(content);
    record.entry.response = market::response_hash(response, sha256(content.response_body));
    record.entry.counters.egress_bytes =
        market::response_bytes(response, content.response_body.size());
    record.run.content_bytes = content.request_body.size() + content.response_body.size();
    record.entry.counters.fuel =
        billed_fuel(record.run.outcome, record.run.fuel, host.artifact_bytes());
    record.entry.run = run_hash(record.run);
    EXPECT_EQ(examine_leaf(terms_of(host), record).verdict, LeafVerdict::kVerified);
    const auto report = replayer->replay(terms_of(host), record);
    EXPECT_TRUE(report.has_value());
    EXPECT_EQ(report->verdict,
              report->findings.empty() ? LeafVerdict::kVerified : LeafVerdict::kMismatch);
    return report->findings.empty() ? std::string() : report->findings.front();
  };
  EXPECT_EQ(finding(good), "");
  LeafRecord bad = good;
  bad.run.fuel += 1'000;
  EXPECT_TRUE(finding(bad).starts_with("fuel: recorded ")) << finding(bad);
  bad = good;
  bad.entry.memory_peak += 65'536;
  EXPECT_TRUE(finding(bad).starts_with("memory peak: ")) << finding(bad);
  bad = good;
  bad.content->response_body[3] ^= 1;
  EXPECT_EQ(finding(bad),
            "response body: recorded 9 bytes, replayed 9 bytes, from byte 3 on another");
  bad = good;
  bad.content->status = 200;
  EXPECT_EQ(finding(bad), "status: recorded 200, replayed 201");
}

TEST(Replay, TwoProcessesAgreeOnTheDigestOfHostCalls) {
  HostBench host;
  (void)host.gateway.forward("POST", "/echo", std::string(100'000, 'y'));
  (void)host.gateway.forward("GET", "/clock", "");
  ASSERT_EQ(host.gateway.vouch(2).status, 204U);
  const TempFolder folder;
  const auto one = replayer_of(host, wasm_guest("behave"), folder, true);
  const auto two = replayer_of(host, wasm_guest("behave"), folder, true);
  std::set<Hash32> digests;
  for (const LeafRecord& record : records_of(host, 2)) {
    const auto first = one->replay(terms_of(host), record);
    const auto second = two->replay(terms_of(host), record);
    ASSERT_TRUE(first.has_value() && second.has_value());
    EXPECT_GT(first->calls, 3U);
    EXPECT_EQ(first->calls, second->calls);
    EXPECT_EQ(first->digest, second->digest);
    digests.insert(first->digest);
  }
  EXPECT_EQ(digests.size(), 2U);
}

// The answers of other servers come from the record.
TEST(Replay, NeedsNoOtherServer) {
  std::optional<OneAnswer> server;
  server.emplace("HTTP/1.1 203 Fine\r\nX-Two: 2\r\nContent-Length: 6\r\n\r\nabcdef");
  const std::string authority = server->authority("127.0.0.1");
  OutboundSettings outbound;
  outbound.private_blocks = {"127.0.0.1"};
  HostBench host(
      http_guest("fetch"),
      [&](ServeFrame& serve) {
        serve.manifest.runtime = market::RuntimeKind::kWasmHttp;
        serve.manifest.outbound.push_back(market::OutboundPattern(authority));
        serve.manifest.outbound_bytes_max = 1 << 20;
      },
      outbound);
  const HostAnswer answer = host.gateway.forward(
      "POST", "/", "POST http " + authority + " /a question\nGET http 127.0.0.1:1 /denied\n");
  EXPECT_EQ(answer.status, 200U) << answer.body;
  EXPECT_NE(answer.body.find("abcdef"), std::string::npos) << answer.body;
  ASSERT_EQ(host.gateway.vouch(1).status, 204U);
  server.reset();
  const TempFolder folder;
  const auto replayer = replayer_of(host, http_guest("fetch"), folder, true);
  ASSERT_NE(replayer, nullptr);
  const LeafRecord good = records_of(host, 1).at(0);
  ASSERT_EQ(good.content->outbound.size(), 2U);
  const auto report = replayer->replay(terms_of(host), good);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->verdict, LeafVerdict::kVerified)
      << (report->findings.empty() ? "" : report->findings.front());
  EXPECT_GT(report->calls, 10U);

  // A Host that counts more egress than was sent, with an entry to match.
  LeafRecord bad = good;
  bad.content->outbound[0].egress_bytes += 1'000'000;
  bad.entry.counters.egress_bytes += 1'000'000;
  bad.run.outbound = outbound_hash(bad.content->outbound);
  bad.entry.run = run_hash(bad.run);
  const auto found = replayer->replay(terms_of(host), bad);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->verdict, LeafVerdict::kMismatch);
}

void keep_a_store(ServeFrame& serve) {
  serve.manifest.runtime = market::RuntimeKind::kWasmHttp;
  serve.manifest.keyvalue_mib = 1;
}

// What the store answered comes from the record, whatever it holds by now.
TEST(Replay, NeedsNoKeyValueStore) {
  HostBench host(http_guest("keep"), keep_a_store);
  std::mt19937_64 random(7);
  const std::vector<std::string> what = {"get",  "set",  "delete", "exists", "list", "add",
                                         "swap", "late", "many",   "put",    "size"};
  constexpr std::uint64_t kRequests = 200;
  for (std::uint64_t i = 0; i < kRequests; ++i) {
    std::string lines;
    for (std::uint64_t line = random() % 8; line < 8; ++line) {
      lines += what[random() % what.size()] + " k" + std::to_string(random() % 20) + " " +
               std::to_string(random() % 200'000) + "\n";
    }
    if (i % 20 == 19) lines += "trap\n";
    ASSERT_TRUE(host.gateway.forward("POST", i % 10 == 3 ? "/old" : "/", lines).settled);
    if (i % 50 == 49) {
      ASSERT_EQ(host.gateway.vouch(i + 1).status, 204U);
    }
  }
  const TempFolder folder;
  const auto replayer = replayer_of(host, http_guest("keep"), folder);
  ASSERT_NE(replayer, nullptr);
  const LogAudit result = audit(host, *replayer);
  EXPECT_EQ(result.verified, kRequests);
  EXPECT_TRUE(result.clean());
}

TEST(Replay, FindsAHostThatLiesAboutItsKeyValueStore) {
  HostBench host(http_guest("keep"), keep_a_store);
  const HostAnswer answer = host.gateway.forward("POST", "/", "set a one\nget a\nexists b\n");
  EXPECT_EQ(answer.body, "done\nis one\nno\n");
  ASSERT_EQ(host.gateway.vouch(1).status, 204U);
  const TempFolder folder;
  const auto replayer = replayer_of(host, http_guest("keep"), folder);
  ASSERT_NE(replayer, nullptr);
  const LeafRecord good = records_of(host, 1).at(0);
  ASSERT_EQ(good.content->keyvalue.size(), 3U);
  const auto finding = [&](const std::function<void(KeyvalueRecords&)>& change) {
    LeafRecord record = good;
    change(record.content->keyvalue);
    const LeafReport unbound = examine_leaf(terms_of(host), record);
    EXPECT_EQ(unbound.verdict == LeafVerdict::kVerified, record == good);
    // With an entry to match.
    std::uint64_t bytes =
        record.content->request_body.size() + record.content->response_body.size();
    for (const KeyvalueRecord& each : record.content->keyvalue) bytes += bcs_encode(each).size();
    record.run.content_bytes = bytes;
    record.run.keyvalue = keyvalue_hash(record.content->keyvalue);
    record.entry.run = run_hash(record.run);
    const auto report = replayer->replay(terms_of(host), record);
    EXPECT_TRUE(report.has_value());
    EXPECT_EQ(report->verdict,
              report->findings.empty() ? LeafVerdict::kVerified : LeafVerdict::kMismatch);
    return report->findings.empty() ? std::string() : report->findings.front();
  };
  EXPECT_EQ(finding([](KeyvalueRecords&) {}), "");
  // Another value than the guest answered by, another call, one less, one more.
  EXPECT_NE(finding([](KeyvalueRecords& r) { r[1].reply->values[0]->front() ^= 1; }), "");
  EXPECT_EQ(finding([](KeyvalueRecords& r) { r[1].asked.data[0] ^= 1; }),
            "it asks its key-value store for something else than recorded");
  EXPECT_EQ(finding([](KeyvalueRecords& r) { r.pop_back(); }),
            "it asks its key-value store for something else than recorded");
  EXPECT_EQ(finding([](KeyvalueRecords& r) { r.push_back(r[0]); }),
            "calls to its key-value store: recorded 4, replayed 3");
  EXPECT_EQ(finding([](KeyvalueRecords&) {}), "") << "the replayer goes on";
}

// What was written outlives worker and front, in the lease's own folder, up to the size it has.
TEST(KeyValue, OutlivesTheProcessesThatServeIt) {
  HostBench host(http_guest("keep"), keep_a_store);
  EXPECT_EQ(host.gateway.forward("POST", "/", "set a one\nadd n 41\ntrap\n").status, 502U);
  EXPECT_EQ(host.gateway.forward("POST", "/", "get a\nadd n 1\n").body, "is one\n42\n");
  const std::string full = "error: the store is full: it has the size that the manifest gives it\n";
  EXPECT_EQ(host.gateway.forward("POST", "/", "size b 500000\nsize c 500000\nsize d 500000\n").body,
            "done\ndone\n" + full);
  const std::string place =
      host.folder() + "/front/keyvalue/" + to_text(host.terms().serve.replica);
  EXPECT_TRUE(std::filesystem::exists(place));
  host.runner().stop(true);
  host.wait_for(ReplicaPhase::kStopped);
  host.start_runner();
  EXPECT_EQ(host.gateway.forward("POST", "/", "get a\nget n\nsize d 500000\n").body,
            "is one\nis 42\n" + full);
}

// Without a key in the manifest nothing is kept.
TEST(KeyValue, IsForThoseWhoAskedForIt) {
  HostBench host(http_guest("keep"), [](ServeFrame& serve) {
    serve.manifest.runtime = market::RuntimeKind::kWasmHttp;
  });
  EXPECT_EQ(host.gateway.forward("POST", "/", "set a one\n").body, "access-denied");
}

TEST(Replay, IsRefusedUnderAnotherRuntimeProfile) {
  const TempFolder folder;
  ReplayOptions options;
  options.program.path = "/proc/self/exe";
  options.spool_folder = folder.path();
  market::Manifest manifest;
  manifest.memory_mib = 16;
  market::RuntimeProfile other;
  const auto refused = Replayer::start(options, manifest, other, wasm_guest("behave"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().context.find("runtime profile"), std::string::npos);
}

// ---- who gets leaves ----

TEST(Leaves, AreForThoseWhoMayHaveThem) {
  SeededRng rng(3);
  const SecretKey auditor = SecretKey::generate(rng);
  const SecretKey stranger = SecretKey::generate(rng);
  HostBench host(wasm_guest("behave"), [&](ServeFrame& serve) {
    serve.readers.push_back(address_of(auditor.public_key()));
  });
  for (int i = 0; i < 3; ++i) (void)host.gateway.forward("GET", "/hello", "");
  ASSERT_EQ(host.gateway.vouch(3).status, 204U);
  const LeafQuery query = query_of(host, 3, {0, 2});
  EXPECT_EQ(ask(host, query, auditor).status, 200U);
  EXPECT_EQ(ask(host, query, host.gateway.key()).status, 200U);
  EXPECT_EQ(ask(host, query, stranger).status, 403U);
  EXPECT_EQ(host.gateway.get("/.fog/leaves").status, 400U);
  EXPECT_EQ(host.gateway.post("/.fog/leaves", "nonsense").status, 400U);

  const auto status_of = [&](const std::function<void(LeafQuery&)>& change) {
    LeafQuery changed = query;
    change(changed);
    return ask(host, changed, auditor).status;
  };
  EXPECT_EQ(status_of([](LeafQuery& q) { q.indexes = {}; }), 400U);
  EXPECT_EQ(status_of([](LeafQuery& q) { q.indexes = {2, 1}; }), 400U);
  EXPECT_EQ(status_of([](LeafQuery& q) { q.indexes = {1, 1}; }), 400U);
  EXPECT_EQ(status_of([](LeafQuery& q) { q.indexes = {3}; }), 400U);
  EXPECT_EQ(status_of([](LeafQuery& q) { q.count = 4; }), 404U);
  EXPECT_EQ(status_of([](LeafQuery& q) { q.chain.data[9] ^= 1; }), 404U);
  EXPECT_EQ(status_of([](LeafQuery& q) { ++q.replica.term; }), 404U);
  EXPECT_EQ(status_of([](LeafQuery& q) { q.time_ms -= kQueryAgeMs + 60'000; }), 403U);
  // A signature over something else.
  const SignedLeafQuery forged{query, auditor.public_key(),
                               auditor.sign_ecdsa(query_digest(query_of(host, 3, {1})))};
  EXPECT_EQ(host.gateway.post("/.fog/leaves", std::string(as_text(bcs_encode(forged)))).status,
            403U);
}

// A gap that the gateway voided is a leaf without a record, and proven so.
TEST(Leaves, AVoidIsProven) {
  HostBench host;
  (void)host.gateway.forward("GET", "/hello", "", 0);
  (void)host.gateway.forward("GET", "/hello", "", 2);
  ASSERT_EQ(host.gateway.vouch(3).status, 204U);
  const TempFolder folder;
  const auto replayer = replayer_of(host, wasm_guest("behave"), folder);
  const LogAudit result = audit(host, *replayer);
  EXPECT_EQ(result.verified, 2U);
  EXPECT_EQ(result.voids, 1U);
  EXPECT_TRUE(result.clean());
}

}  // namespace
}  // namespace fog::executor
