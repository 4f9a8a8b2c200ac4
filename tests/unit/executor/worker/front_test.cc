// A gateway's request goes through front and worker and back; whatever the workload does, the End
// User gets a clear answer, the Host survives, and both sides' accounts agree.
#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "executor/front_client.h"
#include "executor/replica_runner.h"
#include "executor/worker/wasm_runtime.h"
#include "tests/support/wasm_guest.h"
#include "tests/unit/executor/worker/test_gateway.h"

namespace fog::executor {
namespace {

using fog::testing::HostAnswer;
using fog::testing::TempFolder;
using fog::testing::TestGateway;
using fog::testing::wasm_guest;

UniqueFd listen_on_loopback() {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listener.get(), 64), 0);
  return listener;
}

// Front, worker pool and one replica of the behaving guest, run as the agent runs them.
class HostBench {
 public:
  HostBench()
      : operator_key_(make_key()),
        artifacts_(*ArtifactStore::open(folder_.path() + "/artifacts", 1 << 30)),
        code_(*CodeCache::open(folder_.path() + "/code", Hash32{}, 1 << 30)),
        workers_({"/proc/self/exe"}),
        compiler_(code_, workers_, cgroups_),
        front_(std::make_unique<FrontClient>(
            FrontProgram{"/proc/self/exe", "front", {folder_.path() + "/front"}},
            listen_on_loopback(), events())) {
    const Bytes& guest = wasm_guest("behave");
    EXPECT_TRUE(artifacts_.put(guest).has_value());
    terms_.service = "behave";
    terms_.resources.cpu_milli = 2'000;
    terms_.resources.memory_mib = 128;
    terms_.runtime = wasm_profile();
    ServeFrame& serve = terms_.serve;
    serve.replica.lease.data[3] = 9;
    serve.replica.term = 2;
    serve.chain.data[0] = 5;
    serve.manifest.artifact = sha256(guest);
    serve.manifest.artifact_bytes = guest.size();
    serve.manifest.memory_mib = 32;
    serve.manifest.fuel_per_request = 500'000'000;
    serve.manifest.wall_ms = 20'000;
    serve.manifest.request_bytes_max = 2 << 20;
    serve.manifest.response_bytes_max = 3 << 20;
    serve.manifest.env = {{"GREETING", "hello"}};
    serve.slots = slots_of(terms_.resources, serve.manifest);
    serve.gateways = {gateway.linked(operator_key_, serve.replica)};
    const auto port = front_->wait_listening(20'000);
    EXPECT_TRUE(port.has_value());
    gateway.bind(serve.chain, serve.replica, operator_key_.public_key(), *port);
    start_runner();
  }
  ~HostBench() { runner_.reset(); }

  void start_runner() {
    runner_ = std::make_unique<ReplicaRunner>(
        terms_, RunnerServices{artifacts_, code_, cgroups_, compiler_, workers_, *front_,
                               folder_.path(), [] {}});
    wait_for(ReplicaPhase::kServing);
  }
  void wait_for(ReplicaPhase phase) {
    for (int i = 0; i < 6'000 && runner_->phase() != phase; ++i) {
      ASSERT_NE(runner_->phase() == ReplicaPhase::kFailed && phase != ReplicaPhase::kFailed, true)
          << runner_->why();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_EQ(runner_->phase(), phase);
  }
  std::vector<market::LogClaim> claims(std::uint64_t from = 0) {
    auto answer = front_->claims(terms_.serve.replica, {{gateway.address(), from}}, 10'000);
    EXPECT_TRUE(answer.has_value());
    return answer ? *std::move(answer) : std::vector<market::LogClaim>{};
  }
  std::uint64_t artifact_bytes() const { return terms_.serve.manifest.artifact_bytes; }
  ReplicaRunner& runner() { return *runner_; }
  FrontClient& front() { return *front_; }
  const ReplicaTerms& terms() const { return terms_; }
  const std::string& folder() const { return folder_.path(); }

  TestGateway gateway;

 private:
  static SecretKey make_key() {
    fog::testing::SeededRng rng(77);
    return SecretKey::generate(rng);
  }
  FrontEvents events() {
    return {[](const UseFrame&) {},
            [this](const WorkerLostFrame&) {
              if (runner_) runner_->on_worker_lost();
            },
            [this](const StoppedFrame& stopped) {
              if (runner_) runner_->on_front_stopped(stopped.why);
            }};
  }

  const TempFolder folder_;
  const SecretKey operator_key_;
  ArtifactStore artifacts_;
  CodeCache code_;
  CgroupRoot cgroups_ = CgroupRoot::find();
  ReplicaTerms terms_;
  WorkerPool workers_;
  Compiler compiler_;
  std::unique_ptr<FrontClient> front_;
  std::unique_ptr<ReplicaRunner> runner_;
};

TEST(Front, ServesARequestAndBothSidesAccountForItAlike) {
  HostBench host;
  const HostAnswer hello = host.gateway.forward("GET", "/hello", "");
  EXPECT_EQ(hello.status, 200U);
  EXPECT_EQ(hello.body, "hello\n");
  EXPECT_TRUE(hello.settled);
  EXPECT_EQ(hello.fields.at("fog-outcome"), "ok");
  EXPECT_GT(std::stoull(hello.fields.at("fog-fuel")), instantiation_fuel(host.artifact_bytes()));

  const HostAnswer echo = host.gateway.forward("POST", "/echo?q=1", "some body");
  EXPECT_EQ(echo.status, 201U);
  EXPECT_EQ(echo.body, "some body");
  EXPECT_EQ(echo.fields.at("x-method"), "POST");
  EXPECT_EQ(echo.fields.at("content-type"), "application/octet-stream");

  const HostAnswer env = host.gateway.forward("GET", "/env", "");
  EXPECT_NE(env.body.find("GREETING=hello\n"), std::string::npos);
  EXPECT_NE(env.body.find("HTTP_X_USER=someone\n"), std::string::npos);
  EXPECT_EQ(env.body.find("FOG"), std::string::npos);

  EXPECT_EQ(host.gateway.vouch(3).status, 204U);
  const auto claims = host.claims();
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].count, 3U);
  market::Counters expected;
  for (const auto& [index, entry] : host.gateway.settled()) {
    expected = *market::checked_add(expected, entry.counters);
  }
  EXPECT_EQ(claims[0].root.sums, expected);
  EXPECT_TRUE(host.claims(3).empty());
}

TEST(Front, StreamsLargeBodiesThroughItsSpool) {
  HostBench host;
  std::string body(2 << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 + (i >> 9));
  const HostAnswer echo = host.gateway.forward("PUT", "/echo", body);
  EXPECT_EQ(echo.status, 201U);
  EXPECT_TRUE(echo.body == body);
  EXPECT_EQ(host.gateway.vouch(1).status, 204U);
  const HostAnswer large = host.gateway.forward("PUT", "/echo", body + "x");
  EXPECT_EQ(large.status, 413U);
  EXPECT_FALSE(large.settled);
}

// What the issue lists: each bad workload is answered with a clear 5xx, settled and billed by the
// fixed rule, and the next request is served.
TEST(Front, AnswersForEveryBadWorkload) {
  HostBench host;
  struct Case {
    std::string path;
    unsigned status;
    std::string outcome;
  };
  const std::vector<Case> cases = {
      {"/loop", 504, "fuel"},      {"/eat", 502, "memory"},    {"/flood", 502, "output"},
      {"/trap", 502, "trap"},      {"/exit3", 502, "exit"},    {"/garbage", 502, "header"},
      {"/nothing", 502, "header"}, {"/forged", 502, "header"}, {"/deep", 502, "stack"},
  };
  for (const Case& each : cases) {
    const HostAnswer bad = host.gateway.forward("GET", each.path, "");
    EXPECT_EQ(bad.status, each.status) << each.path;
    EXPECT_TRUE(bad.settled) << each.path;
    EXPECT_EQ(bad.fields.at("fog-outcome"), each.outcome) << each.path;
    EXPECT_EQ(bad.fields.at("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(bad.body.substr(0, 4), "The ") << bad.body;
    const std::uint64_t fuel = std::stoull(bad.fields.at("fog-fuel"));
    const std::uint64_t start = instantiation_fuel(host.artifact_bytes());
    if (each.outcome == "fuel") {
      EXPECT_EQ(fuel, start + 500'000'000);
    }
    if (each.outcome == "stack") {
      EXPECT_EQ(fuel, 0U);
    }
    if (each.outcome == "trap") {
      EXPECT_GE(fuel, start + kBrokenRunFuel);
    }
    if (each.outcome == "header") {
      EXPECT_GT(fuel, start);
    }
    EXPECT_EQ(host.gateway.forward("GET", "/hello", "").status, 200U) << "after " << each.path;
  }
  EXPECT_EQ(host.runner().worker_starts(), 1U);
  EXPECT_EQ(host.gateway.vouch(host.gateway.next()).status, 204U);
  EXPECT_EQ(host.claims()[0].root.sums.requests, 2 * cases.size());
}

TEST(Front, RefusesWhatTheLinkDoesNotAllow) {
  HostBench host;
  EXPECT_EQ(host.gateway.get("/.fog/health").status, 200U);
  EXPECT_EQ(host.gateway.get("/hello").status, 400U);
  const HostAnswer forged = host.gateway.forward("GET", "/hello", "", 0, true);
  EXPECT_EQ(forged.status, 403U);
  EXPECT_FALSE(forged.settled);
  EXPECT_EQ(host.gateway.forward("GET", "/hello", "", 0).status, 200U);
  const HostAnswer twice = host.gateway.forward("GET", "/hello", "", 0);
  EXPECT_EQ(twice.status, 409U);
  EXPECT_FALSE(twice.settled);
  EXPECT_EQ(host.gateway.forward("GET", "/hello", "", market::kUnvoucheredMax).status, 503U);

  TestGateway stranger(99);
  stranger.bind(host.terms().serve.chain, host.terms().serve.replica,
                host.gateway.key().public_key(), 1);
  market::VoucherUpdate update;
  update.voucher.voucher.lease = host.terms().serve.replica.lease;
  update.voucher.voucher.term = host.terms().serve.replica.term;
  update.voucher.voucher.gateway = stranger.address();
  EXPECT_EQ(host.gateway.post_voucher(update).status, 404U);
}

TEST(Front, TakesOnlyVouchersThatFitItsLog) {
  HostBench host;
  for (int i = 0; i < 3; ++i) (void)host.gateway.forward("GET", "/hello", "");
  market::Voucher wrong = host.gateway.voucher();
  wrong.count = 2;
  market::VoucherUpdate update;
  update.voucher = market::sign_voucher(wrong, host.gateway.key());
  const HostAnswer refused = host.gateway.post_voucher(update);
  EXPECT_EQ(refused.status, 409U);
  EXPECT_FALSE(refused.body.empty());
  EXPECT_TRUE(host.claims().empty());
  // A gap that the gateway never sent is void, and bills nothing.
  (void)host.gateway.forward("GET", "/hello", "", 5);
  EXPECT_EQ(host.gateway.vouch(6).status, 204U);
  EXPECT_EQ(host.claims()[0].root.sums.requests, 4U);
  EXPECT_EQ(host.claims()[0].count, 6U);
}

TEST(Front, AnswersHeadWithoutABody) {
  HostBench host;
  const HostAnswer head = host.gateway.forward("HEAD", "/hello", "");
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.body, "");
  EXPECT_TRUE(head.settled);
  EXPECT_EQ(host.gateway.forward("GET", "/hello", "").body, "hello\n");
  EXPECT_EQ(host.gateway.vouch(2).status, 204U);
}

// The worker is killed under a request: that one is answered 502 without fuel, the next by a new
// one.
TEST(Front, OutlivesItsWorker) {
  HostBench host;
  (void)host.gateway.forward("GET", "/hello", "");
  const auto children = [] {
    std::vector<int> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string command(
          as_text(fog::testing::read_whole(entry.path().string() + "/cmdline")));
      const std::string stat(as_text(fog::testing::read_whole(entry.path().string() + "/stat")));
      const bool ours = stat.find(") ") != std::string::npos &&
                        std::stoi(stat.substr(stat.rfind(") ") + 4)) == ::getpid();
      if (ours && command.find("worker") != std::string::npos) out.push_back(std::stoi(name));
    }
    return out;
  };
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    for (const int pid : children()) ::kill(pid, SIGKILL);
  });
  HostAnswer hit;
  for (int i = 0; i < 2'000 && hit.status != 502; ++i) {
    hit = host.gateway.forward("GET", "/compute", "");
    ASSERT_TRUE(hit.status == 200 || hit.status == 502 || hit.status == 503) << hit.status;
    if (host.runner().worker_starts() > 1) break;
  }
  killer.join();
  if (hit.status == 502) {
    EXPECT_EQ(hit.fields.at("fog-outcome"), "crash");
    EXPECT_EQ(hit.fields.at("fog-fuel"), "0");
  }
  EXPECT_EQ(host.gateway.forward("GET", "/hello", "").status, 200U);
  EXPECT_GE(host.runner().worker_starts(), 2U);
}

// The front is killed: it comes back by itself with its logs, and the account goes on.
TEST(Front, ComesBackWithItsLogsAfterAKill) {
  HostBench host;
  for (int i = 0; i < 5; ++i) (void)host.gateway.forward("GET", "/hello", "");
  EXPECT_EQ(host.gateway.vouch(3).status, 204U);
  const auto before = host.claims();
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string command(
        as_text(fog::testing::read_whole(entry.path().string() + "/cmdline")));
    if (command.find(host.folder() + "/front") != std::string::npos) {
      ::kill(std::stoi(name), SIGKILL);
    }
  }
  HostAnswer answer;
  for (int i = 0; i < 500 && answer.status != 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    answer = host.gateway.forward("GET", "/hello", "", 100 + static_cast<std::uint64_t>(i));
  }
  EXPECT_EQ(answer.status, 200U);
  // Requests 3 and 4 were answered before the kill and are still in the log.
  EXPECT_EQ(host.gateway.vouch(5).status, 204U);
  const auto after = host.claims(3);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].root.sums.requests, 5U);
  EXPECT_TRUE(
      market::verify_consistency(3, before[0].root, 5, after[0].root, after[0].consistency));
}

TEST(Front, StopsTheReplicaAndForgetsItsLogs) {
  HostBench host;
  (void)host.gateway.forward("GET", "/hello", "");
  EXPECT_EQ(host.gateway.vouch(1).status, 204U);
  host.runner().stop(true);
  host.wait_for(ReplicaPhase::kStopped);
  EXPECT_EQ(host.gateway.forward("GET", "/hello", "").status, 503U);
  // Vouchers and claims still count.
  EXPECT_EQ(host.gateway.vouch(2).status, 204U);
  EXPECT_EQ(host.claims()[0].count, 2U);
  host.front().forget(host.terms().serve.replica);
  EXPECT_TRUE(host.claims().empty());
  EXPECT_FALSE(std::filesystem::exists(host.folder() + "/front/usage/" +
                                       to_text(host.terms().serve.replica)));
  EXPECT_EQ(host.gateway.forward("GET", "/hello", "").status, 404U);
}

}  // namespace
}  // namespace fog::executor
