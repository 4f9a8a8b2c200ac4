#include "executor/worker/worker_run.h"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include <sys/eventfd.h>

#include "executor/fd.h"

namespace fog::executor {
namespace {

constexpr int kStandardError = 2;
// How long an answer's bytes may wait for more of them.
constexpr std::chrono::milliseconds kGatherTime{20};

Environment environment_of(RunFrame& request) {
  Environment out;
  out.reserve(request.env.size());
  for (const EnvironmentEntry& entry : request.env) {
    out.emplace_back(as_text(entry.name), as_text(entry.value));
  }
  request.env.clear();
  return out;
}

// Neither can wait: the descriptor does not, and a count of one is far from full.
void show(const UniqueFd& event, bool shown) {
  std::uint64_t count = 1;
  if (event && shown) (void)!::write(event.get(), &count, sizeof count);
  if (event && !shown) (void)!::read(event.get(), &count, sizeof count);
}

}  // namespace

void FrameSink::send_frames(const Bytes& frames) {
  const std::lock_guard lock(mutex_);
  // Exit handlers are for a process with something to lose.
  if (!send_all(socket_, frames, {})) ::_exit(0);
}

WorkerRun::WorkerRun(RunFrame request, FrameSink& sink)
    : request_(std::move(request)), sink_(sink), calls_(request_.audit == AuditKind::kDigest) {}

bool WorkerRun::push_input(InputFrame input) {
  const std::lock_guard lock(mutex_);
  if (input_ended_ || input_bytes_ + input.bytes.size() > kInputWindowBytes) return false;
  input_bytes_ += input.bytes.size();
  input_ended_ = input.last;
  if (!input.bytes.empty()) input_.push_back(std::move(input.bytes));
  show_events();
  changed_.notify_all();
  return true;
}

void WorkerRun::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  show_events();
  changed_.notify_all();
}

void WorkerRun::show_events() {
  show(body_event_, cancelled_ || input_ended_ || !input_.empty());
  show(cancel_event_, cancelled_);
}

ErrorOr<int> WorkerRun::event(UniqueFd& held) {
  const std::lock_guard lock(mutex_);
  if (!held) {
    held.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!held) return fail(ErrorCode::kIo, "no descriptor for an event");
    show_events();
  }
  return held.get();
}

ErrorOr<int> WorkerRun::body_event() {
  return event(body_event_);
}

ErrorOr<int> WorkerRun::cancel_event() {
  return event(cancel_event_);
}

bool WorkerRun::wait_until(std::unique_lock<std::mutex>& lock, const std::function<bool()>& ready) {
  if (cancelled_) return false;
  if (!ready()) {
    lock.unlock();
    flush();
    lock.lock();
  }
  late_ = !changed_.wait_until(lock, deadline_, [&] { return cancelled_ || ready(); });
  return !late_ && !cancelled_;
}

std::optional<std::size_t> WorkerRun::read_body(std::span<std::uint8_t> out) {
  std::size_t taken = 0;
  {
    std::unique_lock lock(mutex_);
    if (!wait_until(lock, [&] { return input_ended_ || !input_.empty(); })) return std::nullopt;
    if (input_.empty()) return 0;
    const Bytes& chunk = input_.front();
    taken = std::min(out.size(), chunk.size() - input_at_);
    std::copy_n(chunk.begin() + static_cast<std::ptrdiff_t>(input_at_), taken, out.begin());
    input_at_ += taken;
    input_bytes_ -= taken;
    if (input_at_ == chunk.size()) {
      input_.pop_front();
      input_at_ = 0;
      show_events();
    }
  }
  sink_.send(CreditFrame{request_.id, taken});
  return taken;
}

bool WorkerRun::write_head(const market::ResponseHead& head) {
  queue(HeadFrame{request_.id, head.status, entries_of(head)});
  return true;
}

bool WorkerRun::write_output(ByteView bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (cancelled_) return false;
  }
  while (!bytes.empty()) {
    const std::size_t room = std::min(bytes.size(), kChunkBytesMax - output_.size());
    append(output_, bytes.first(room));
    bytes = bytes.subspan(room);
    if (output_.size() == kChunkBytesMax) flush();
  }
  if (std::chrono::steady_clock::now() - sent_at_ > kGatherTime) flush();
  return true;
}

void WorkerRun::flush() {
  gather_output();
  sent_at_ = std::chrono::steady_clock::now();
  if (!waiting_.empty()) sink_.send_frames(std::exchange(waiting_, {}));
}

void WorkerRun::gather_output() {
  if (output_.empty()) return;
  queue(OutputFrame{request_.id, BoundedBytes<kChunkBytesMax>(std::move(output_))});
  output_.clear();
}

// ---- other servers ----

WorkerRun::Reply* WorkerRun::reply_of(std::uint32_t number) {
  const auto it = asked_.find(number);
  return it == asked_.end() || !it->second ? nullptr : &*it->second;
}

bool WorkerRun::push_reply(ReplyFrame reply) {
  const std::lock_guard lock(mutex_);
  const auto it = asked_.find(reply.number);
  if (it == asked_.end() || it->second || reply.body_bytes > kOutboundBodyBytesMax) return false;
  it->second.emplace(std::move(reply.head), reply.body_bytes);
  changed_.notify_all();
  return true;
}

bool WorkerRun::push_reply_body(const ReplyBodyFrame& body) {
  const std::lock_guard lock(mutex_);
  Reply* reply = reply_of(body.number);
  if (reply == nullptr || !reply->push(body.bytes)) return false;
  changed_.notify_all();
  return true;
}

bool WorkerRun::send(std::uint32_t number, OutboundRequest request) {
  {
    const std::lock_guard lock(mutex_);
    if (cancelled_) return false;
    asked_.emplace(number, std::nullopt);
  }
  sink_.send_frames(encode_outbound(request_.id, number, request));
  return true;
}

std::optional<OutboundReply> WorkerRun::receive(std::uint32_t number) {
  std::unique_lock lock(mutex_);
  const auto whole = [&] {
    Reply* reply = reply_of(number);
    return reply != nullptr && reply->whole();
  };
  if (!wait_until(lock, whole)) return std::nullopt;
  Reply* reply = reply_of(number);
  OutboundReply out{std::move(reply->head()), std::move(reply->body())};
  asked_.erase(number);
  return out;
}

// ---- key-value store ----

bool WorkerRun::push_kept(KeptFrame kept) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(keyvalue_asked_, false)) return false;
  kept_ = std::move(kept.reply);
  changed_.notify_all();
  return true;
}

std::optional<KeyvalueReply> WorkerRun::ask_store(KeyvalueCall call) {
  {
    const std::lock_guard lock(mutex_);
    if (cancelled_) return std::nullopt;
    keyvalue_asked_ = true;
  }
  sink_.send(KeyvalueFrame{request_.id, std::move(call)});
  std::unique_lock lock(mutex_);
  if (!wait_until(lock, [&] { return kept_.has_value(); })) return std::nullopt;
  return std::exchange(kept_, std::nullopt);
}

void WorkerRun::write_log(ByteView bytes) {
  // A log that cannot be written is no reason to fail the request.
  (void)write_all(kStandardError, bytes);
}

void WorkerRun::serve(Runtime& runtime, const RunLimits& limits) {
  sent_at_ = std::chrono::steady_clock::now();
  deadline_ = sent_at_ + std::chrono::milliseconds(limits.wall_ms_max);
  RunJob job{{}, environment_of(request_), request_.clock_ms, request_.seed, {}};
  for (const auto& arg : request_.args) job.args.emplace_back(as_text(arg));
  if (request_.http) {
    market::RequestHead& head = job.http.emplace();
    head.method.assign(as_text(request_.http->method));
    head.target.assign(as_text(request_.http->target));
    put_entries(request_.http->fields, head);
    request_.http.reset();
  }
  RunLimits own = limits;
  if (request_.fuel_max > 0) own.fuel_max = std::min(own.fuel_max, request_.fuel_max);
  RunResult result = runtime.run(job, own, *this);
  if (result.cancelled && late_) {
    result.cancelled = false;
    result.outcome = RunOutcome::kWall;
  }
  gather_output();
  if (result.outcome != RunOutcome::kOk && !result.cancelled) {
    const std::string line =
        "[" + std::string(outcome_name(result.outcome)) + "] " + result.detail + "\n";
    write_log(as_bytes(line));
  }
  if (wants_calls()) {
    queue(
        AuditFrame{request_.id, calls_.calls(), calls_.digest(), calls_.fuel(), calls_.in_call()});
  }
  DoneFrame done;
  done.id = request_.id;
  done.outcome = result.outcome;
  done.cancelled = result.cancelled;
  done.meter = result.meter;
  done.detail = clean_text<1024>(result.detail);
  queue(done);
  sink_.send_frames(waiting_);
}

}  // namespace fog::executor
