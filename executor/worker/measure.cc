#include "executor/worker/measure.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include <sys/statvfs.h>

#include "executor/worker/wasm_runtime.h"

namespace fog::executor {
namespace {

constexpr std::uint64_t kFuel = 1'000'000'000;

// (module (memory (export "memory") 1)
//   (func (export "_start") (local i64 i64)
//     (loop
//       (local.set 0 (i64.add (i64.mul (local.get 0) (i64.const 6364136223846793005))
//                             (i64.const 1442695040888963407)))
//       (i64.store (i32.const 0) (i64.xor (i64.load (i32.const 0)) (local.get 0)))
//       (br 0))))
constexpr std::array<std::uint8_t, 97> kEndlessLoop = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00,
    0x03, 0x02, 0x01, 0x00, 0x05, 0x03, 0x01, 0x00, 0x01, 0x07, 0x13, 0x02, 0x06, 0x6d,
    0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00, 0x06, 0x5f, 0x73, 0x74, 0x61, 0x72, 0x74,
    0x00, 0x00, 0x0a, 0x33, 0x01, 0x31, 0x01, 0x02, 0x7e, 0x03, 0x40, 0x20, 0x00, 0x42,
    0xad, 0xfe, 0xd5, 0xe4, 0xd4, 0x85, 0xfd, 0xa8, 0xd8, 0x00, 0x7e, 0x42, 0xcf, 0x82,
    0x9e, 0xbb, 0xef, 0xef, 0xde, 0x82, 0x14, 0x7c, 0x21, 0x00, 0x41, 0x00, 0x41, 0x00,
    0x29, 0x03, 0x00, 0x20, 0x00, 0x85, 0x37, 0x03, 0x00, 0x0c, 0x00, 0x0b, 0x0b};

class NoIo final : public RunIo {
 public:
  std::optional<std::size_t> read_body(std::span<std::uint8_t>) override { return 0; }
  bool write_head(const market::ResponseHead&) override { return true; }
  bool write_output(ByteView) override { return true; }
  void flush() override {}
  ErrorOr<int> body_event() override { return fail(ErrorCode::kUnavailable, "there is no body"); }
  ErrorOr<int> cancel_event() override { return body_event(); }
  void write_log(ByteView) override {}
  bool send(std::uint32_t, OutboundRequest) override { return false; }
  std::optional<OutboundReply> receive(std::uint32_t) override { return std::nullopt; }
  std::optional<KeyvalueReply> ask_store(KeyvalueCall) override { return std::nullopt; }
};

ErrorOr<std::uint64_t> measure_fuel() {
  TRY(const auto runtime, make_wasm_runtime(market::RuntimeKind::kWasmCommand, 0));
  const RunLimits limits{kFuel, 1 << 20, 60'000, 0, 0, false};
  TRY(const Bytes code, runtime->compile(kEndlessLoop, limits));
  TRY_VOID(runtime->load(code));
  NoIo io;
  double best_s = 0;
  for (int round = 0; round < 3; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const RunResult run = runtime->run({}, limits, io);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (run.outcome != RunOutcome::kFuel) {
      return fail(ErrorCode::kUnavailable,
                  "the measuring workload ended otherwise than it should: " +
                      std::string(outcome_name(run.outcome)));
    }
    if (best_s == 0 || took.count() < best_s) best_s = took.count();
  }
  return static_cast<std::uint64_t>(static_cast<double>(kFuel) / best_s);
}

// A line "MemTotal:  24000000 kB" of /proc/meminfo.
std::uint64_t meminfo_mib(const std::string& name) {
  std::ifstream in("/proc/meminfo");
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string key;
    std::uint64_t kib = 0;
    if (words >> key >> kib && key == name + ":") return kib / 1024;
  }
  return 0;
}

}  // namespace

ErrorOr<Machine> measure_machine(const std::string& folder) {
  Machine machine;
  machine.cores = std::max(1U, std::thread::hardware_concurrency());
  machine.memory_mib = meminfo_mib("MemTotal");
  machine.memory_free_mib = meminfo_mib("MemAvailable");
  struct statvfs disk = {};
  if (::statvfs(folder.c_str(), &disk) == 0) {
    machine.storage_free_mib = std::uint64_t{disk.f_bavail} * disk.f_frsize >> 20;
  }
  TRY(machine.fuel_per_core_second, measure_fuel());
  return machine;
}

}  // namespace fog::executor
