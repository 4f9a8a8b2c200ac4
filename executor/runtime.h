// Runtime: the interface behind which a kind of workload stands: WebAssembly commands, and
// components of the world wasi:http/proxy.
//
// A Runtime lives in a worker process and serves one artifact. Order of calls: compile (or not,
// when compiled code is at hand), load, then run any number of times from several threads at once.
#pragma once

#include <memory>
#include <span>

#include "chain/base/error.h"
#include "executor/cgi.h"
#include "executor/keyvalue.h"
#include "executor/meter.h"
#include "executor/outbound.h"

namespace fog::executor {

struct RunLimits {
  std::uint64_t fuel_max = 0;
  std::uint64_t memory_bytes_max = 0;
  std::uint64_t wall_ms_max = 0;
  std::uint64_t output_bytes_max = 0;
  std::uint64_t log_bytes_max = 0;  // standard error; what is above is dropped
  bool outbound = false;            // it may ask other servers
  bool keyvalue = false;            // it has a key-value store
};

// One request, as the guest may see it. Equal jobs with equal input give equal runs.
struct RunJob {
  std::vector<std::string> args;  // with the program's name
  Environment env;
  std::uint64_t clock_ms = 0;  // where the guest's clock starts
  Hash32 seed;                 // of the guest's random numbers
  // For a component, which gets its request in parts; canonical. A command has it in env.
  std::optional<market::RequestHead> http;
};

constexpr std::uint32_t kCallEndedRun = ~std::uint32_t{0};

// A host call of the guest's, after it. Valid while it is shown.
struct SeenCall {
  std::uint64_t index = 0;    // 0 for the first of the run
  std::string_view function;  // of a command
  std::uint32_t result = 0;   // WASI errno, or kCallEndedRun
  std::uint64_t fuel_used = 0;
  ByteView memory;         // a command's whole memory; of a component none
  std::string_view words;  // a component's function, arguments and result
};

// The doors of one run. The runtime calls them on the thread that runs.
class RunIo {
 public:
  virtual ~RunIo() = default;
  // The request body: how many bytes were put into `out`, 0 at its end, nothing to break off. May
  // wait.
  virtual std::optional<std::size_t> read_body(std::span<std::uint8_t> out) = 0;
  // A descriptor that can be read from (poll alone, it is not the caller's) while read_body() would
  // not wait, for runs that wait for their body and something else at once. The error: no
  // descriptor could be made.
  virtual ErrorOr<int> body_event() = 0;
  // As that, once nobody waits for the answer any more.
  virtual ErrorOr<int> cancel_event() = 0;
  // The head of a component's answer, once, before its first byte: as the component wrote it, not
  // checked. False breaks the run off.
  virtual bool write_head(const market::ResponseHead& head) = 0;
  virtual bool write_output(ByteView bytes) = 0;
  // The run is going to wait: whoever reads the answer gets what there is of it.
  virtual void flush() = 0;
  virtual void write_log(ByteView bytes) = 0;
  // Begins a request to another server, by the run's number for it. False breaks the run off.
  virtual bool send(std::uint32_t number, OutboundRequest request) = 0;
  // Waits for its answer, once for each; nothing to break off.
  virtual std::optional<OutboundReply> receive(std::uint32_t number) = 0;
  // Asks the key-value store and waits; nothing to break off.
  virtual std::optional<KeyvalueReply> ask_store(KeyvalueCall call) = 0;
  // Whether host calls are to be shown, asked once; and each of them.
  virtual bool wants_calls() const { return false; }
  virtual void on_call(const SeenCall&) {}
};

struct RunResult {
  // Never kHeader or kCrash, which only those who see the output and the process can tell.
  RunOutcome outcome = RunOutcome::kOk;
  bool cancelled = false;  // a door broke the run off; the rest describes nothing then
  RunMeter meter;
  std::string detail;  // more about the outcome; may be empty
};

class Runtime {
 public:
  virtual ~Runtime() = default;
  // Code that load() takes on this computer. Slow and hungry for hostile artifacts: the caller has
  // put limits around the process. kRejected when the artifact is no workload of this kind; the
  // sentence is for the Publisher.
  virtual ErrorOr<Bytes> compile(ByteView artifact, const RunLimits& limits) = 0;
  // `code` becomes machine code of this process: the caller knows that compile() made it. kCorrupt
  // and kInvalidInput (another profile) mean: compile again.
  virtual ErrorOr<void> load(ByteView code) = 0;
  virtual RunResult run(const RunJob& job, const RunLimits& limits, RunIo& io) = 0;
};

}  // namespace fog::executor
