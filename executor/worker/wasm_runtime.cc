#include "executor/worker/wasm_runtime.h"

#include <cstring>

#include "executor/wasm/fog_wasm.h"

namespace fog::executor {
namespace {

struct DestroyEngine {
  void operator()(fog_wasm_engine* engine) const { fog_wasm_engine_destroy(engine); }
};
struct DestroyModule {
  void operator()(fog_wasm_module* module) const { fog_wasm_module_destroy(module); }
};
struct DestroyBuffer {
  void operator()(fog_wasm_buffer* buffer) const { fog_wasm_buffer_destroy(buffer); }
};

fog_wasm_slice slice(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Fail<Error> refused(std::int32_t status, const fog_wasm_error& error) {
  const std::string sentence(error.message, strnlen(error.message, sizeof error.message));
  switch (status) {
    case FOG_WASM_DAMAGED_CODE:
      return fail(ErrorCode::kCorrupt, sentence);
    case FOG_WASM_OTHER_PROFILE:
      return fail(ErrorCode::kInvalidInput, sentence);
    case FOG_WASM_UNFIT_HOST:
    case FOG_WASM_INTERNAL:
      return fail(ErrorCode::kUnavailable, sentence);
    default:
      return fail(ErrorCode::kRejected, sentence);
  }
}

// The doors of one run, and what its last answers from another server and its store point to.
struct RunDoors {
  RunIo& io;
  std::vector<fog_wasm_pair> pairs;
  OutboundReply reply;
  std::vector<fog_wasm_slice> values;
  KeyvalueReply kept;
};

// The library's callbacks, leading to those doors.
std::int64_t read_body(void* ctx, std::uint8_t* buffer, std::size_t size) {
  const auto got = static_cast<RunDoors*>(ctx)->io.read_body({buffer, size});
  return got ? static_cast<std::int64_t>(*got) : -1;
}
std::int32_t write_output(void* ctx, const std::uint8_t* bytes, std::size_t size) {
  return static_cast<RunDoors*>(ctx)->io.write_output({bytes, size}) ? 0 : 1;
}
std::int32_t write_log(void* ctx, const std::uint8_t* bytes, std::size_t size) {
  static_cast<RunDoors*>(ctx)->io.write_log({bytes, size});
  return 0;
}

std::int32_t write_head(void* ctx, std::uint32_t status, const fog_wasm_pair* fields,
                        std::size_t count) {
  market::ResponseHead head;
  // The library's bounds on a head are the link's.
  CHECK(count <= head.fields.kMax && status <= 599);
  head.status = static_cast<std::uint16_t>(status);
  for (const fog_wasm_pair& pair : std::span(fields, count)) {
    market::HttpField field;
    CHECK(pair.name.size <= field.name.kMax && pair.value.size <= field.value.kMax);
    field.name.assign(as_text({pair.name.data, pair.name.size}));
    field.value.assign(as_text({pair.value.data, pair.value.size}));
    head.fields.push_back(std::move(field));
  }
  return static_cast<RunDoors*>(ctx)->io.write_head(head) ? 0 : 1;
}

Bytes bytes_of(const fog_wasm_slice& slice) {
  return to_bytes({slice.data, slice.size});
}

FieldEntries entries_of_pairs(const fog_wasm_pair* fields, std::size_t count) {
  FieldEntries out;
  for (const fog_wasm_pair& pair : std::span(fields, count)) {
    out.push_back({bytes_of(pair.name), bytes_of(pair.value)});
  }
  return out;
}

std::int32_t send_request(void* ctx, std::uint32_t number, const fog_wasm_outbound* request) {
  OutboundRequest out;
  // The library's bounds on a request are those of the frame.
  out.head.method = bytes_of(request->method);
  out.head.tls = request->tls != 0;
  out.head.authority = bytes_of(request->authority);
  out.head.target = bytes_of(request->path_with_query);
  out.head.fields = entries_of_pairs(request->fields, request->fields_count);
  out.head.connect_ms = request->connect_ms;
  out.head.first_byte_ms = request->first_byte_ms;
  out.head.between_bytes_ms = request->between_bytes_ms;
  out.body = bytes_of(request->body);
  return static_cast<RunDoors*>(ctx)->io.send(number, std::move(out)) ? 0 : 1;
}

std::int32_t receive_reply(void* ctx, std::uint32_t number, fog_wasm_reply* reply) {
  auto& doors = *static_cast<RunDoors*>(ctx);
  auto got = doors.io.receive(number);
  if (!got) return 1;
  doors.reply = *std::move(got);
  doors.pairs.clear();
  for (const FieldEntry& field : doors.reply.head.fields) {
    doors.pairs.push_back({slice(as_text(field.name)), slice(as_text(field.value))});
  }
  reply->fault = static_cast<std::uint32_t>(doors.reply.head.fault);
  reply->status = doors.reply.head.status;
  reply->fields = doors.pairs.data();
  reply->fields_count = doors.pairs.size();
  reply->body = slice(as_text(doors.reply.body));
  return 0;
}

// Of an empty value the address is none of nothing.
fog_wasm_slice value_slice(const std::optional<KeyvalueBytes>& value) {
  static constexpr std::uint8_t kEmpty = 0;
  if (!value) return {nullptr, 0};
  return {value->empty() ? &kEmpty : value->data(), value->size()};
}

std::int32_t ask_store(void* ctx, const fog_wasm_keyvalue* call, fog_wasm_kept* reply) {
  auto& doors = *static_cast<RunDoors*>(ctx);
  KeyvalueCall out;
  // The library's bounds on a call are those of the frame.
  out.op = static_cast<KeyvalueOp>(call->op);
  for (const fog_wasm_pair& entry : std::span(call->entries, call->entries_count)) {
    out.entries.push_back({bytes_of(entry.name), bytes_of(entry.value)});
  }
  if (call->expected != nullptr) {
    Hash32& expected = out.expected.emplace();
    std::copy_n(call->expected, expected.data.size(), expected.data.begin());
  }
  out.delta = static_cast<std::uint64_t>(call->delta);
  auto got = doors.io.ask_store(std::move(out));
  if (!got) return 1;
  doors.kept = *std::move(got);
  doors.values.clear();
  for (const auto& value : doors.kept.values) doors.values.push_back(value_slice(value));
  reply->fault = static_cast<std::uint32_t>(doors.kept.fault);
  reply->values = doors.values.data();
  reply->values_count = doors.values.size();
  reply->number = static_cast<std::int64_t>(doors.kept.number);
  return 0;
}

void show_call(void* ctx, const fog_wasm_call* call) {
  SeenCall seen;
  seen.index = call->index;
  if (call->words.size == 0) seen.function = fog_wasm_function_name(call->function);
  seen.result = call->wasi_errno;
  seen.fuel_used = call->fuel_used;
  seen.memory = {call->memory, call->memory_size};
  seen.words = as_text({call->words.data, call->words.size});
  static_cast<RunDoors*>(ctx)->io.on_call(seen);
}
static_assert(static_cast<int>(OutboundFault::kInternal) == FOG_WASM_OUTBOUND_INTERNAL);
static_assert(static_cast<int>(KeyvalueOp::kSwap) == FOG_WASM_KEYVALUE_SWAP);
static_assert(static_cast<int>(KeyvalueFault::kFailed) == FOG_WASM_KEYVALUE_FAILED);
static_assert(static_cast<int>(OutboundFault::kProhibited) == FOG_WASM_OUTBOUND_PROHIBITED);

// A request in parts. Its slices point into the head that it was made of.
class HttpParts {
 public:
  explicit HttpParts(const market::RequestHead& head) {
    parts_.method = slice(head.method);
    parts_.scheme = slice("http");
    parts_.path_with_query = slice(head.target);
    for (const market::HttpField& field : head.fields) {
      if (field.name == "host") parts_.authority = slice(field.value);
      // The gateway's word for how the End User came.
      if (field.name == "x-forwarded-proto" && field.value == "https") {
        parts_.scheme = slice("https");
      }
      fields_.push_back({slice(field.name), slice(field.value)});
    }
    parts_.fields = fields_.data();
    parts_.fields_count = fields_.size();
  }
  const fog_wasm_http* get() const { return &parts_; }

 private:
  std::vector<fog_wasm_pair> fields_;
  fog_wasm_http parts_ = {};
};

RunOutcome outcome_of(const fog_wasm_outcome& run) {
  switch (run.kind) {
    case FOG_WASM_EXITED:
      if (run.exit_code == 0) return RunOutcome::kOk;
      return run.memory_denied != 0 ? RunOutcome::kMemory : RunOutcome::kExit;
    case FOG_WASM_TRAP:
      return RunOutcome::kTrap;
    case FOG_WASM_OUT_OF_FUEL:
      return RunOutcome::kFuel;
    case FOG_WASM_MEMORY_EXCEEDED:
      return RunOutcome::kMemory;
    case FOG_WASM_WALL_TIME:
      return RunOutcome::kWall;
    case FOG_WASM_OUTPUT_EXCEEDED:
      return RunOutcome::kOutput;
    case FOG_WASM_STACK_OVERFLOW:
      return RunOutcome::kStack;
    default:
      return RunOutcome::kHostMemory;
  }
}

RunResult result_of(const fog_wasm_outcome& run) {
  RunResult result;
  result.cancelled = run.kind == FOG_WASM_ABORTED;
  result.outcome = outcome_of(run);
  result.meter = {run.fuel_used, run.fuel_at_last_call, run.memory_peak_bytes};
  result.detail.assign(run.message, strnlen(run.message, sizeof run.message));
  if (run.kind == FOG_WASM_EXITED && run.exit_code != 0) {
    if (result.detail.empty()) result.detail = "exit code " + std::to_string(run.exit_code);
  }
  return result;
}

class WasmRuntime final : public Runtime {
 public:
  WasmRuntime(fog_wasm_engine* engine, std::uint32_t world) : engine_(engine), world_(world) {}

  ErrorOr<Bytes> compile(ByteView artifact, const RunLimits& limits) override {
    fog_wasm_compile_options options = {};
    options.size = sizeof options;
    options.world = world_;
    options.module_bytes_max = market::kArtifactBytesMax;
    options.memory_bytes_max = limits.memory_bytes_max;
    fog_wasm_buffer* code = nullptr;
    fog_wasm_error error = {};
    const std::int32_t status =
        fog_wasm_compile(engine_.get(), artifact.data(), artifact.size(), &options, &code, &error);
    if (status != FOG_WASM_OK) return refused(status, error);
    const std::unique_ptr<fog_wasm_buffer, DestroyBuffer> owned(code);
    return to_bytes({fog_wasm_buffer_data(code), fog_wasm_buffer_size(code)});
  }

  ErrorOr<void> load(ByteView code) override {
    fog_wasm_module* module = nullptr;
    fog_wasm_error error = {};
    const std::int32_t status =
        fog_wasm_load(engine_.get(), code.data(), code.size(), &module, &error);
    if (status != FOG_WASM_OK) return refused(status, error);
    module_.reset(module);
    fog_wasm_module_info info = {};
    info.size = sizeof info;
    if (fog_wasm_module_describe(module, &info, &error) != FOG_WASM_OK || info.world != world_) {
      return fail(ErrorCode::kInvalidInput, "this code was compiled for another kind of workload");
    }
    return {};
  }

  RunResult run(const RunJob& job, const RunLimits& limits, RunIo& io) override {
    CHECK(module_ != nullptr);
    std::vector<fog_wasm_pair> env;
    env.reserve(job.env.size());
    for (const auto& [name, value] : job.env) env.push_back({slice(name), slice(value)});
    std::vector<fog_wasm_slice> args;
    args.reserve(job.args.size());
    for (const std::string& arg : job.args) args.push_back(slice(arg));
    fog_wasm_request request = {};
    request.size = sizeof request;
    request.args = args.data();
    request.args_count = args.size();
    request.env = env.data();
    request.env_count = env.size();
    request.fuel_max = limits.fuel_max;
    request.memory_bytes_max = limits.memory_bytes_max;
    request.wall_ms_max = limits.wall_ms_max;
    request.stdout_bytes_max = limits.output_bytes_max;
    request.stderr_bytes_max = limits.log_bytes_max;
    request.wall_clock_ns = job.clock_ms * 1'000'000;
    std::copy(job.seed.data.begin(), job.seed.data.end(), request.seed);
    RunDoors doors{io, {}, {}, {}, {}};
    request.ctx = &doors;
    request.read = read_body;
    request.write = write_output;
    request.log = write_log;
    request.head = write_head;
    if (io.wants_calls()) request.trace = show_call;
    if (limits.outbound) {
      request.send = send_request;
      request.receive = receive_reply;
    }
    if (limits.keyvalue) request.keyvalue = ask_store;
    std::optional<HttpParts> parts;
    if (job.http) request.http = parts.emplace(*job.http).get();
    fog_wasm_outcome outcome = {};
    outcome.size = sizeof outcome;
    fog_wasm_error error = {};
    if (fog_wasm_run(module_.get(), &request, &outcome, &error) != FOG_WASM_OK) {
      RunResult result;
      result.outcome = RunOutcome::kHostMemory;
      result.detail.assign(error.message, strnlen(error.message, sizeof error.message));
      return result;
    }
    return result_of(outcome);
  }

 private:
  std::unique_ptr<fog_wasm_engine, DestroyEngine> engine_;
  const std::uint32_t world_;
  std::unique_ptr<fog_wasm_module, DestroyModule> module_;
};

}  // namespace

ErrorOr<std::unique_ptr<Runtime>> make_wasm_runtime(market::RuntimeKind kind,
                                                    std::uint32_t runs_max) {
  CHECK(kind != market::RuntimeKind::kContainer);
  const bool component = kind == market::RuntimeKind::kWasmHttp;
  fog_wasm_engine_options options = {};
  options.size = sizeof options;
  options.runs_max = runs_max;
  options.components = component ? 1 : 0;
  fog_wasm_engine* engine = nullptr;
  fog_wasm_error error = {};
  const std::int32_t status = fog_wasm_engine_create(&options, &engine, &error);
  if (status != FOG_WASM_OK) return refused(status, error);
  return std::unique_ptr<Runtime>(std::make_unique<WasmRuntime>(
      engine, component ? FOG_WASM_WORLD_HTTP_PROXY : FOG_WASM_WORLD_PREVIEW1_COMMAND));
}

market::RuntimeProfile wasm_profile() {
  market::RuntimeProfile profile;
  fog_wasm_profile_hash(profile.data.data());
  return profile;
}

std::string wasm_profile_text() {
  return fog_wasm_profile_text();
}

}  // namespace fog::executor
