// A gateway's request goes through front and worker and back; whatever the workload does, the End
// User gets a clear answer, the Host survives, and both sides' accounts agree.
#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/unit/executor/worker/host_bench.h"

namespace fog::executor {
namespace {

using fog::testing::HostAnswer;
using fog::testing::HostBench;
using fog::testing::TestGateway;

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

market::Ticket ticket_of(const HostBench& host, std::uint64_t number) {
  const ServeFrame& serve = host.terms().serve;
  return {serve.chain,
          serve.replica.lease,
          serve.replica.term,
          host.gateway.address(),
          number,
          system_clock().wall_ms() + 60'000};
}

TEST(Front, AReservationTakesNoRequestWithoutItsTicket) {
  HostBench host(fog::testing::wasm_guest("behave"), [](ServeFrame& serve) {
    serve.reserved = true;
    serve.ticket = 4;
  });
  TestGateway& gateway = host.gateway;
  const auto status = [&gateway] { return gateway.forward("GET", "/hello", "", 0).status; };
  EXPECT_EQ(status(), 409U);
  std::vector<market::Ticket> bad(6, ticket_of(host, 5));
  bad[0].number = 4;
  bad[1].chain_id.data[0] ^= 1;
  bad[2].lease.data[0] ^= 1;
  bad[3].term += 1;
  bad[4].gateway = TestGateway(22).address();
  bad[5].expiry_ms = system_clock().wall_ms() - 1'000;
  for (const market::Ticket& ticket : bad) {
    gateway.ticket = market::sign_ticket(ticket, gateway.key());
    EXPECT_EQ(status(), 409U);
  }
  gateway.ticket = market::sign_ticket(ticket_of(host, 5), TestGateway(22).key());
  EXPECT_EQ(status(), 409U) << "of another's key";
  EXPECT_TRUE(host.opened().empty());

  gateway.ticket = market::sign_ticket(ticket_of(host, 5), gateway.key());
  EXPECT_EQ(status(), 200U);
  gateway.ticket.reset();
  EXPECT_EQ(gateway.forward("GET", "/hello", "", 1).status, 200U) << "it is open";
  EXPECT_EQ(host.opened(), std::vector<std::uint64_t>{5});

  // Its Publisher needs it no longer: it is in reserve again, also for a front that starts anew.
  host.front().reserve({host.terms().serve.replica, true, 5});
  gateway.ticket = market::sign_ticket(ticket_of(host, 5), gateway.key());
  std::uint64_t index = 2;
  while (gateway.forward("GET", "/hello", "", index).status == 200) ++index;
  EXPECT_EQ(gateway.forward("GET", "/hello", "", index).status, 409U) << "a ticket counts once";
  gateway.ticket = market::sign_ticket(ticket_of(host, 6), gateway.key());
  EXPECT_EQ(gateway.forward("GET", "/hello", "", index).status, 200U);
  EXPECT_EQ(host.opened(), (std::vector<std::uint64_t>{5, 6}));
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
