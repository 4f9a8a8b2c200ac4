#include "executor/worker/worker.h"

#include <csignal>
#include <map>
#include <thread>
#include <unistd.h>

#include "executor/fd.h"
#include "executor/worker/container_runtime.h"
#include "executor/worker/wasm_runtime.h"
#include "executor/worker/worker_run.h"

namespace fog::executor {
namespace {

constexpr std::size_t kQueuedRunsMax = 256;
constexpr std::size_t kCodeBytesMax = 1ULL << 30;

void say(const std::string& line) {
  (void)write_all(2, as_bytes("worker: " + line + "\n"));
}

// Waits for whole frames.
class FrameSource {
 public:
  explicit FrameSource(int socket) : socket_(socket), buffer_(kChunkBytesMax) {}

  // Nothing when the other side has closed.
  ErrorOr<std::optional<Frame>> next() {
    for (;;) {
      TRY(auto frame, reader_.next());
      if (frame) return std::optional<Frame>(std::move(frame));
      TRY(const std::size_t got, receive(socket_, buffer_, fds, 0));
      if (got == 0) return std::optional<Frame>();
      reader_.push(ByteView(buffer_).first(got));
    }
  }
  std::vector<UniqueFd> fds;  // that came with what was read

 private:
  const int socket_;
  Bytes buffer_;
  FrameReader reader_;
};

RunLimits limits_of(const BindFrame& bind) {
  return {bind.fuel_max,      bind.memory_bytes_max, bind.wall_ms_max, bind.output_bytes_max,
          bind.log_bytes_max, bind.outbound,         bind.keyvalue};
}

struct Bound {
  std::unique_ptr<Runtime> runtime;
  ReadyFrame ready;
};

// Makes the runtime, compiles if need be, loads. The descriptors are those of BindFrame.
ErrorOr<Bound> bind_workload(const BindFrame& bind, const std::vector<UniqueFd>& fds,
                             bool serves_container) {
  if ((bind.runtime == market::RuntimeKind::kContainer) != serves_container) {
    return fail(ErrorCode::kProtocol, "a bind for another kind of worker");
  }
  if (bind.slots == 0 || bind.slots > 64 || fds.size() != (bind.compiled ? 1U : 2U)) {
    return fail(ErrorCode::kProtocol, "a bind that is out of bounds");
  }
  TRY_VOID(limit_data_bytes(bind.compile_data_bytes_max, false));
  Bound out;
  if (serves_container) {
    out.runtime = make_container_runtime();
  } else {
    TRY(out.runtime, make_wasm_runtime(bind.runtime, bind.slots));
    out.ready.runtime = wasm_profile();
  }
  TRY(Bytes code, read_all(fds[0].get(), kCodeBytesMax));
  if (!bind.compiled) {
    const auto begin = std::chrono::steady_clock::now();
    TRY(code, out.runtime->compile(code, limits_of(bind)));
    const auto took = std::chrono::steady_clock::now() - begin;
    out.ready.compile_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
    TRY_VOID(write_all(fds[1].get(), code));
    out.ready.code_bytes = code.size();
  }
  TRY_VOID(out.runtime->load(code));
  TRY_VOID(limit_data_bytes(bind.data_bytes_max, true));
  return out;
}

// The requests under way and the threads that run them.
class Server {
 public:
  Server(std::unique_ptr<Runtime> runtime, const BindFrame& bind, FrameSink& sink)
      : runtime_(std::move(runtime)),
        limits_(limits_of(bind)),
        in_parts_(market::takes_http(bind.runtime)),
        sink_(sink) {
    for (std::uint32_t i = 0; i < bind.slots; ++i) {
      // Ended with the process, which is the only way a worker stops.
      std::thread([this] { run_loop(); }).detach();
    }
  }

  // False when the frame breaks the protocol.
  bool take(const Frame& frame) {
    switch (static_cast<WorkerFrame>(frame.kind)) {
      case WorkerFrame::kRun:
        return start(frame);
      case WorkerFrame::kInput:
        return give_input(frame);
      case WorkerFrame::kCancel:
        return cancel(frame);
      case WorkerFrame::kReply:
        return give_reply(frame);
      case WorkerFrame::kReplyBody:
        return give_reply_body(frame);
      case WorkerFrame::kKept:
        return give_kept(frame);
      case WorkerFrame::kBind:
      case WorkerFrame::kReady:
      case WorkerFrame::kFailed:
      case WorkerFrame::kCredit:
      case WorkerFrame::kOutput:
      case WorkerFrame::kDone:
      case WorkerFrame::kHead:
      case WorkerFrame::kOutbound:
      case WorkerFrame::kOutboundBody:
      case WorkerFrame::kAudit:
      case WorkerFrame::kKeyvalue:
        return false;
    }
    return false;
  }

 private:
  bool start(const Frame& frame) {
    auto request = decode_frame<RunFrame>(frame);
    if (!request) return false;
    const std::lock_guard lock(mutex_);
    const std::uint64_t id = request->id;
    if (runs_.size() >= kQueuedRunsMax || runs_.contains(id)) return false;
    if (request->http.has_value() != in_parts_) return false;
    auto run = std::make_shared<WorkerRun>(*std::move(request), sink_);
    runs_.emplace(id, run);
    queue_.emplace_back(id, std::move(run));
    changed_.notify_one();
    return true;
  }
  // A request may have ended before its last input or its cancel came: those are for nobody then.
  bool give_input(const Frame& frame) {
    auto input = decode_frame<InputFrame>(frame);
    if (!input) return false;
    const auto run = find(input->id);
    return run == nullptr || run->push_input(*std::move(input));
  }
  bool give_reply(const Frame& frame) {
    auto reply = decode_frame<ReplyFrame>(frame);
    if (!reply) return false;
    const auto run = find(reply->id);
    return run == nullptr || run->push_reply(*std::move(reply));
  }
  bool give_reply_body(const Frame& frame) {
    const auto body = decode_frame<ReplyBodyFrame>(frame);
    if (!body) return false;
    const auto run = find(body->id);
    return run == nullptr || run->push_reply_body(*body);
  }
  bool give_kept(const Frame& frame) {
    auto kept = decode_frame<KeptFrame>(frame);
    if (!kept) return false;
    const auto run = find(kept->id);
    return run == nullptr || run->push_kept(*std::move(kept));
  }
  bool cancel(const Frame& frame) {
    const auto wanted = decode_frame<CancelFrame>(frame);
    if (!wanted) return false;
    if (const auto run = find(wanted->id)) run->cancel();
    return true;
  }
  std::shared_ptr<WorkerRun> find(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto it = runs_.find(id);
    return it == runs_.end() ? nullptr : it->second;
  }

  void run_loop() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !queue_.empty(); });
      const auto [id, run] = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      run->serve(*runtime_, limits_);
      lock.lock();
      runs_.erase(id);
    }
  }

  const std::unique_ptr<Runtime> runtime_;
  const RunLimits limits_;
  const bool in_parts_;  // requests come with their head in parts
  FrameSink& sink_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, std::shared_ptr<WorkerRun>> runs_;
  std::deque<std::pair<std::uint64_t, std::shared_ptr<WorkerRun>>> queue_;
};

int refuse_bind(FrameSink& sink, const Error& error) {
  FailedFrame failed;
  failed.artifact_at_fault = error.code == ErrorCode::kRejected;
  failed.why = clean_text<1024>(error.context);
  say("cannot run the workload: " + error.context);
  sink.send(failed);
  return 1;
}

}  // namespace

int run_worker(const WorkerOptions& options) {
  // A terminal's Ctrl-C goes to all; a worker ends with its socket.
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
  const SandboxReport report = isolate_process(options.in_namespaces);
  for (const std::string& missing : report.off) say("sandbox without " + missing);
  FrameSink sink(options.socket);
  if (options.syscall_filter) {
    if (const auto filtered = install_syscall_filter(options.serves_container); !filtered) {
      return refuse_bind(sink, filtered.error());
    }
  }
  FrameSource source(options.socket);
  auto first = source.next();
  if (first && !*first) return 0;
  if (!first) return 2;
  const auto bind = decode_frame<BindFrame>(**first);
  if (!bind) return 2;
  auto bound = bind_workload(*bind, source.fds, options.serves_container);
  source.fds.clear();
  if (!bound) return refuse_bind(sink, bound.error());
  sink.send(bound->ready);

  Server server(std::move(bound->runtime), *bind, sink);
  for (;;) {
    auto frame = source.next();
    // The threads still run: leave without destroying what they use.
    if (frame && !*frame) ::_exit(0);
    if (!frame || !server.take(**frame)) {
      say("the other side broke the protocol");
      ::_exit(2);
    }
  }
}

}  // namespace fog::executor
