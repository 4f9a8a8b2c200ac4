// A worker process serves good guests and outlives bad ones, and measures both by the fixed rule.
#include "executor/worker/worker.h"

#include <iostream>
#include <poll.h>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "executor/worker_process.h"
#include "tests/support/wasm_guest.h"

namespace fog::executor {
namespace {

using fog::testing::http_guest;
using fog::testing::wasm_guest;

BindFrame small_limits() {
  BindFrame bind;
  bind.slots = 2;
  bind.fuel_max = 2'000'000'000;
  bind.memory_bytes_max = 32 << 20;
  bind.wall_ms_max = 20'000;
  bind.output_bytes_max = 1 << 20;
  bind.log_bytes_max = 4096;
  bind.compile_data_bytes_max = 1ULL << 30;
  bind.data_bytes_max = 256ULL << 20;
  return bind;
}

struct Answer {
  std::string output;
  std::optional<market::ResponseHead> head;
  DoneFrame done;
  std::uint64_t credit = 0;
};

// A worker with a guest loaded, driven as the front drives it, one request at a time.
class Bench {
 public:
  explicit Bench(const Bytes& artifact, BindFrame bind = small_limits(), const Bytes& code = {})
      : worker_(start()) {
    bind.compiled = !code.empty();
    bound_ = worker_.bind(bind, bind.compiled ? code : artifact, 120'000, [] { return true; });
    socket_ = worker_.take_socket();
  }

  ~Bench() {
    if (::testing::Test::HasFailure()) std::cerr << "the worker says: " << log_so_far() << "\n";
  }

  const ErrorOr<BoundWorker>& bound() const { return bound_; }
  WorkerProcess& worker() { return worker_; }
  int socket() const { return socket_.get(); }

  void send(const Bytes& frame) { ASSERT_TRUE(send_all(socket_.get(), frame, {}).has_value()); }

  Answer run(const std::string& path, const Bytes& body = {}, const std::string& method = "POST") {
    RunFrame run;
    run.id = ++id_;
    run.clock_ms = 1'700'000'000'000;
    run.seed.data[0] = 7;
    add(run, "PATH_INFO", path);
    add(run, "REQUEST_METHOD", method);
    send(encode_frame(run));
    return finish(body);
  }

  // A component's request in parts.
  Answer run_http(const std::string& target, const Bytes& body = {}) {
    RunFrame run;
    run.id = ++id_;
    run.clock_ms = 1'700'000'000'000;
    run.seed.data[0] = 7;
    RequestParts& parts = run.http.emplace();
    parts.method = to_bytes(as_bytes("POST"));
    parts.target = to_bytes(as_bytes(target));
    for (const auto& [name, value] :
         {std::pair("host", "fog.example"), {"x-one", "not UTF-8: \xe9"}}) {
      parts.fields.push_back({to_bytes(as_bytes(name)), to_bytes(as_bytes(value))});
    }
    add(run, "GREETING", "hello");
    send(encode_frame(run));
    return finish(body);
  }

  // Feeds the body within the window and collects the answer.
  Answer finish(const Bytes& body) {
    Answer answer;
    std::size_t sent = 0;
    bool last = false;
    for (;;) {
      while (!last && sent - answer.credit < kInputWindowBytes) {
        const std::size_t room = kInputWindowBytes - (sent - answer.credit);
        const std::size_t size = std::min({body.size() - sent, kChunkBytesMax, room});
        InputFrame input;
        input.id = id_;
        input.bytes.assign(body.begin() + static_cast<std::ptrdiff_t>(sent),
                           body.begin() + static_cast<std::ptrdiff_t>(sent + size));
        sent += size;
        input.last = last = sent == body.size();
        send(encode_frame(input));
      }
      const auto frame = next();
      if (!frame) return answer;
      if (const auto credit = decode_frame<CreditFrame>(*frame)) answer.credit += credit->bytes;
      if (const auto output = decode_frame<OutputFrame>(*frame)) {
        answer.output += as_text(output->bytes);
      }
      if (auto head = decode_frame<HeadFrame>(*frame)) {
        EXPECT_FALSE(answer.head) << "one head an answer";
        EXPECT_TRUE(answer.output.empty()) << "the head comes first";
        answer.head.emplace().status = head->status;
        put_entries(head->fields, *answer.head);
      }
      if (auto done = decode_frame<DoneFrame>(*frame)) {
        answer.done = *std::move(done);
        return answer;
      }
    }
  }

  // Nothing when the worker has gone.
  std::optional<Frame> next() {
    Bytes buffer(64 * 1024);
    for (;;) {
      auto frame = reader_.next();
      EXPECT_TRUE(frame.has_value());
      if (*frame) return **frame;
      std::vector<UniqueFd> none;
      const auto got = receive(socket_.get(), buffer, none, 0);
      if (!got || *got == 0) return std::nullopt;
      reader_.push(ByteView(buffer).first(*got));
    }
  }

  std::string log_so_far() {
    std::string text(1 << 16, '\0');
    pollfd wait = {worker_.log(), POLLIN, 0};
    if (::poll(&wait, 1, 0) <= 0) return "";
    const ssize_t got = ::read(worker_.log(), text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

  static WorkerProcess start() {
    auto worker = WorkerProcess::start({"/proc/self/exe"});
    EXPECT_TRUE(worker.has_value());
    return *std::move(worker);
  }
  static void add(RunFrame& run, const std::string& name, const std::string& value) {
    run.env.push_back({to_bytes(as_bytes(name)), to_bytes(as_bytes(value))});
  }

 private:
  WorkerProcess worker_;
  ErrorOr<BoundWorker> bound_ = fail(ErrorCode::kUnavailable, "not bound");
  UniqueFd socket_;
  FrameReader reader_;
  std::uint64_t id_ = 0;
};

TEST(Worker, AnswersARequestAndSaysWhatItUsed) {
  Bench bench(wasm_guest("behave"));
  ASSERT_TRUE(bench.bound().has_value()) << bench.bound().error().context;
  EXPECT_FALSE(bench.bound()->code.empty());
  const Answer answer = bench.run("/hello");
  EXPECT_EQ(answer.output, "Content-Type: text/plain\r\n\r\nhello\n");
  EXPECT_EQ(answer.done.outcome, RunOutcome::kOk);
  EXPECT_GT(answer.done.meter.fuel_used, 1000U);
  EXPECT_GT(answer.done.meter.memory_peak_bytes, 65'536U);
}

TEST(Worker, StreamsABodyLargerThanItsWindowBothWays) {
  BindFrame bind = small_limits();
  bind.output_bytes_max = 8 << 20;
  Bench bench(wasm_guest("behave"), bind);
  ASSERT_TRUE(bench.bound().has_value());
  Bytes body(3 * kInputWindowBytes + 12'345);
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<std::uint8_t>(i * 31);
  const Answer answer = bench.run("/echo", body);
  EXPECT_EQ(answer.done.outcome, RunOutcome::kOk) << answer.done.detail;
  const std::size_t head = answer.output.find("\n\n") + 2;
  EXPECT_EQ(answer.output.substr(0, 20), "Status: 201 Created\n");
  EXPECT_TRUE(answer.output.substr(head) == as_text(body));
  EXPECT_EQ(answer.credit, body.size());
}

TEST(Worker, GivesTheGuestTheJobsClockAndRandomOnly) {
  Bench bench(wasm_guest("behave"));
  ASSERT_TRUE(bench.bound().has_value());
  const Answer first = bench.run("/clock");
  EXPECT_EQ(first.output.substr(28, 10), "1700000000");
  EXPECT_EQ(first.output, bench.run("/clock").output);
  const Answer env = bench.run("/env");
  EXPECT_EQ(env.output, "Content-Type: text/plain\r\n\r\nPATH_INFO=/env\nREQUEST_METHOD=POST\n");
}

// Each bad guest ends in its own outcome, and the same worker serves the next request.
TEST(Worker, OutlivesEveryBadGuest) {
  BindFrame bind = small_limits();
  bind.wall_ms_max = 120'000;
  Bench bench(wasm_guest("behave"), bind);
  ASSERT_TRUE(bench.bound().has_value());
  const std::vector<std::pair<std::string, RunOutcome>> cases = {
      {"/loop", RunOutcome::kFuel},  {"/eat", RunOutcome::kMemory}, {"/flood", RunOutcome::kOutput},
      {"/trap", RunOutcome::kTrap},  {"/exit3", RunOutcome::kExit}, {"/garbage", RunOutcome::kOk},
      {"/nothing", RunOutcome::kOk}, {"/noise", RunOutcome::kOk},   {"/deep", RunOutcome::kStack},
  };
  for (const auto& [path, outcome] : cases) {
    const Answer answer = bench.run(path);
    EXPECT_EQ(outcome_name(answer.done.outcome), outcome_name(outcome)) << path;
    EXPECT_LE(answer.output.size(), bind.output_bytes_max) << path;
    EXPECT_EQ(bench.run("/hello").done.outcome, RunOutcome::kOk) << "after " << path;
    (void)bench.log_so_far();
  }
}

BindFrame component_limits() {
  BindFrame bind = small_limits();
  bind.runtime = market::RuntimeKind::kWasmHttp;
  return bind;
}

TEST(Worker, AComponentGetsItsRequestInPartsAndGivesItsHeadFirst) {
  Bench bench(http_guest("service"), component_limits());
  ASSERT_TRUE(bench.bound().has_value()) << bench.bound().error().context;
  Bytes body(2 * kInputWindowBytes + 123, 'x');
  const Answer answer = bench.run_http("/echo?a=b", body);
  EXPECT_EQ(answer.done.outcome, RunOutcome::kOk) << answer.done.detail;
  ASSERT_TRUE(answer.head);
  EXPECT_EQ(answer.head->status, 200);
  ASSERT_EQ(answer.head->fields.size(), 1U);
  EXPECT_EQ(answer.head->fields[0].name, "content-type");
  EXPECT_EQ(answer.head->fields[0].value, "text/plain");
  const std::string start = "post http fog.example/echo?a=b\nx-one=not UTF-8: \xe9\n";
  EXPECT_EQ(answer.output.substr(0, start.size()), start);
  EXPECT_TRUE(answer.output.substr(start.size()) == std::string(body.size(), 'X'));
  EXPECT_EQ(answer.credit, body.size());
  EXPECT_GT(answer.done.meter.fuel_used, 1000U);
  // Bytes that are no text come back as they came; in the path, which is text, as U+FFFD.
  const Answer odd = bench.run_http("/give-back\xff");
  ASSERT_TRUE(odd.head);
  ASSERT_EQ(odd.head->fields.size(), 2U);
  EXPECT_EQ(odd.head->fields[1].value, "not UTF-8: \xe9");
  EXPECT_NE(odd.output.find("/give-back\xef\xbf\xbd\n"), std::string::npos);
  const Answer seen = bench.run_http("/world");
  EXPECT_EQ(seen.output.substr(0, 16), "1700000000 1000\n");
  EXPECT_NE(seen.output.find("GREETING=hello\n"), std::string::npos);
}

TEST(Worker, OutlivesEveryBadComponent) {
  Bench bench(http_guest("service"), component_limits());
  ASSERT_TRUE(bench.bound().has_value()) << bench.bound().error().context;
  const std::vector<std::pair<std::string, RunOutcome>> cases = {
      {"/nothing", RunOutcome::kExit}, {"/error", RunOutcome::kExit},
      {"/exit", RunOutcome::kExit},    {"/unfinished", RunOutcome::kExit},
      {"/fields", RunOutcome::kTrap},  {"/churn", RunOutcome::kTrap},
      {"/pointer", RunOutcome::kTrap}, {"/trap", RunOutcome::kTrap},
      {"/spin", RunOutcome::kFuel},    {"/memory", RunOutcome::kMemory},
      {"/flood", RunOutcome::kOutput}, {"/deep", RunOutcome::kStack},
  };
  for (const auto& [path, outcome] : cases) {
    const Answer answer = bench.run_http(path);
    EXPECT_EQ(outcome_name(answer.done.outcome), outcome_name(outcome))
        << path << ": " << answer.done.detail;
    EXPECT_LE(answer.output.size(), component_limits().output_bytes_max) << path;
    EXPECT_EQ(bench.run_http("/echo").done.outcome, RunOutcome::kOk) << "after " << path;
    (void)bench.log_so_far();
  }
}

TEST(Worker, RunsAnArtifactAsTheKindThatItIs) {
  Bench command(wasm_guest("behave"), component_limits());
  ASSERT_FALSE(command.bound().has_value());
  EXPECT_EQ(command.bound().error().code, ErrorCode::kRejected);
  EXPECT_NE(command.bound().error().context.find("core module"), std::string::npos);
  Bench component(http_guest("service"));
  ASSERT_FALSE(component.bound().has_value());
  EXPECT_NE(component.bound().error().context.find("wasm-http"), std::string::npos);
}

TEST(Worker, StopsAtTheWallAndBillsTheLastHostCall) {
  BindFrame bind = small_limits();
  bind.fuel_max = 1'000'000'000'000'000;
  bind.wall_ms_max = 200;
  Bench bench(wasm_guest("behave"), bind);
  ASSERT_TRUE(bench.bound().has_value());
  const Answer answer = bench.run("/loop");
  EXPECT_EQ(answer.done.outcome, RunOutcome::kWall);
  EXPECT_LT(answer.done.meter.fuel_at_last_call, 1'000'000U);
}

TEST(Worker, WaitsForABodyNoLongerThanTheWall) {
  BindFrame bind = small_limits();
  bind.wall_ms_max = 100;
  Bench bench(wasm_guest("behave"), bind);
  ASSERT_TRUE(bench.bound().has_value());
  RunFrame run;
  run.id = 99;
  Bench::add(run, "PATH_INFO", "/echo");
  Bench::add(run, "REQUEST_METHOD", "POST");
  bench.send(encode_frame(run));
  for (;;) {
    const auto frame = bench.next();
    ASSERT_TRUE(frame.has_value());
    if (const auto done = decode_frame<DoneFrame>(*frame)) {
      EXPECT_EQ(done->outcome, RunOutcome::kWall);
      return;
    }
  }
}

TEST(Worker, ServesSeveralRequestsAtOnceAndCancelsOne) {
  Bench bench(wasm_guest("behave"));
  ASSERT_TRUE(bench.bound().has_value());
  RunFrame stuck;  // its body never comes
  stuck.id = 500;
  Bench::add(stuck, "PATH_INFO", "/echo");
  Bench::add(stuck, "REQUEST_METHOD", "POST");
  bench.send(encode_frame(stuck));
  EXPECT_EQ(bench.run("/hello").done.outcome, RunOutcome::kOk);
  bench.send(encode_frame(CancelFrame{500}));
  for (;;) {
    const auto frame = bench.next();
    ASSERT_TRUE(frame.has_value());
    if (const auto done = decode_frame<DoneFrame>(*frame)) {
      EXPECT_EQ(done->id, 500U);
      EXPECT_TRUE(done->cancelled);
      return;
    }
  }
}

// The same request costs the same fuel and memory in another process, compiled again or loaded.
TEST(Worker, MetersTheSameAcrossRestarts) {
  Bench first(wasm_guest("behave"));
  ASSERT_TRUE(first.bound().has_value());
  Bench loaded(wasm_guest("behave"), small_limits(), first.bound()->code);
  ASSERT_TRUE(loaded.bound().has_value()) << loaded.bound().error().context;
  EXPECT_TRUE(loaded.bound()->code.empty());
  Bench again(wasm_guest("behave"));
  ASSERT_TRUE(again.bound().has_value());
  EXPECT_EQ(first.bound()->code, again.bound()->code);
  for (const char* path : {"/hello", "/compute", "/clock", "/env", "/trap", "/eat", "/exit3"}) {
    const Answer one = first.run(path);
    const Answer two = loaded.run(path);
    const Answer three = again.run(path);
    EXPECT_EQ(measured_fuel(one.done.outcome, one.done.meter),
              measured_fuel(two.done.outcome, two.done.meter))
        << path;
    EXPECT_EQ(one.done.meter.fuel_at_last_call, three.done.meter.fuel_at_last_call) << path;
    EXPECT_EQ(one.done.meter.memory_peak_bytes, two.done.meter.memory_peak_bytes) << path;
    EXPECT_EQ(one.output, two.output) << path;
  }
}

TEST(Worker, CapturesWhatTheGuestLogsUpToItsBound) {
  Bench bench(wasm_guest("behave"));
  ASSERT_TRUE(bench.bound().has_value());
  (void)bench.log_so_far();
  (void)bench.run("/log");
  EXPECT_EQ(bench.log_so_far(), "a word to the publisher\n");
  (void)bench.run("/noise");
  EXPECT_LE(bench.log_so_far().size(), 4096U);
}

TEST(Worker, RefusesWhatIsNoWorkload) {
  for (const std::string& text :
       {std::string("not wasm at all"), std::string("\0asm\x01\0\0\0", 8)}) {
    Bench bench(to_bytes(as_bytes(text)));
    ASSERT_FALSE(bench.bound().has_value());
    EXPECT_EQ(bench.bound().error().code, ErrorCode::kRejected) << text;
    EXPECT_FALSE(bench.bound().error().context.empty());
  }
}

TEST(Worker, RefusesCodeOfAnotherMaking) {
  Bench first(wasm_guest("behave"));
  ASSERT_TRUE(first.bound().has_value());
  Bytes code = first.bound()->code;
  code[code.size() / 2] ^= 1;
  Bench damaged(wasm_guest("behave"), small_limits(), code);
  ASSERT_FALSE(damaged.bound().has_value());
  EXPECT_EQ(damaged.bound().error().code, ErrorCode::kUnavailable);
}

TEST(Worker, EndsWhenItsSocketCloses) {
  Bench bench(wasm_guest("behave"));
  ASSERT_TRUE(bench.bound().has_value());
  ::shutdown(bench.socket(), SHUT_RDWR);
  EXPECT_EQ(bench.worker().wait(), "exit status 0");
}

TEST(Worker, EndsWhenTheOtherSideBreaksTheProtocol) {
  Bench bench(wasm_guest("behave"));
  ASSERT_TRUE(bench.bound().has_value());
  bench.send(Bytes{0, 0, 0, 0, 0});
  EXPECT_EQ(bench.worker().wait(), "exit status 2");
}

}  // namespace
}  // namespace fog::executor
