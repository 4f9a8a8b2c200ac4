#include "executor/front_client.h"

#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/wait.h>

#include "executor/say.h"
#include "executor/tunnel_frame.h"

extern char** environ;

namespace fog::executor {
namespace {

using std::chrono::milliseconds;
constexpr int kControl = 3;
constexpr int kListener = 4;
constexpr milliseconds kRestartPauseMax{10'000};

// A copy above the numbers that the child uses, so that none overwrites another.
UniqueFd high_copy(int fd) {
  return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 16));
}

ErrorOr<int> spawn_front(const FrontProgram& program, int control, int listener) {
  const UniqueFd control_copy = high_copy(control);
  const UniqueFd listener_copy = high_copy(listener);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, control_copy.get(), kControl);
  ::posix_spawn_file_actions_adddup2(&actions, listener_copy.get(), kListener);
  std::string path = program.path;
  std::string command = program.command;
  std::vector<std::string> words = program.words;
  std::vector<char*> argv = {path.data(), command.data()};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, path.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed == 0) return pid;
  errno = failed;
  return fail_errno("cannot start the front process " + path);
}

// It ends when its socket closes, once what it is writing is written; or is ended.
void reap_front(int pid) {
  const auto until = std::chrono::steady_clock::now() + milliseconds(5'000);
  while (::waitpid(pid, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(milliseconds(5));
  }
}

}  // namespace

FrontClient::FrontClient(FrontProgram program, UniqueFd listener, FrontEvents events)
    : program_(std::move(program)),
      listener_(std::move(listener)),
      events_(std::move(events)),
      thread_([this] { supervise(); }) {}

FrontClient::~FrontClient() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    if (socket_) ::shutdown(socket_.get(), SHUT_RDWR);
  }
  changed_.notify_all();
  thread_.join();
}

// Starts the front, reads what it says until it dies, and again.
void FrontClient::supervise() {
  milliseconds pause{100};
  for (;;) {
    const auto since = std::chrono::steady_clock::now();
    if (auto started = start(); !started) say(started.error().context);
    std::unique_lock lock(mutex_);
    const int socket = socket_.get();
    const int pid = pid_;
    if (pid > 0 && !ending_) {
      lock.unlock();
      read_frames(socket);
      lock.lock();
    }
    port_ = 0;
    socket_.reset();
    changed_.notify_all();
    if (pid > 0) {
      lock.unlock();
      reap_front(pid);
      lock.lock();
      pid_ = -1;
    }
    if (ending_) return;
    say("the front process ended; it is started again");
    if (std::chrono::steady_clock::now() - since > kRestartPauseMax) pause = milliseconds(100);
    changed_.wait_for(lock, pause, [&] { return ending_; });
    if (ending_) return;
    pause = std::min(pause * 2, kRestartPauseMax);
  }
}

ErrorOr<void> FrontClient::start() {
  TRY(auto ends, make_socket_pair());
  TRY(const int pid, spawn_front(program_, ends.second.get(), listener_.get()));
  const std::lock_guard lock(mutex_);
  pid_ = pid;
  socket_ = std::move(ends.first);
  for (const auto& [replica, served] : served_) {
    send_serve(served.frame);
    if (!served.stopping) continue;
    StopFrame stop;
    stop.replica = replica;
    (void)send(encode_frame(stop), {});
  }
  return {};
}

void FrontClient::read_frames(int socket) {
  FrameReader reader;
  Bytes buffer(64 * 1024);
  for (;;) {
    std::vector<UniqueFd> none;
    const auto got = receive(socket, buffer, none, 0);
    if (!got || *got == 0) return;
    reader.push(ByteView(buffer).first(*got));
    for (;;) {
      auto frame = reader.next();
      if (!frame || (*frame && !take(**frame))) {
        say("the front process broke the protocol");
        const std::lock_guard lock(mutex_);
        if (pid_ > 0) ::kill(pid_, SIGKILL);
        return;
      }
      if (!*frame) break;
    }
  }
}

bool FrontClient::take(const Frame& frame) {
  if (const auto listening = decode_frame<ListeningFrame>(frame)) {
    const std::lock_guard lock(mutex_);
    port_ = listening->port;
    changed_.notify_all();
    return true;
  }
  if (auto answer = decode_frame<ClaimsFrame>(frame)) {
    const std::lock_guard lock(mutex_);
    const auto it = claims_.find(answer->id);
    if (it != claims_.end()) it->second = *std::move(answer);
    changed_.notify_all();
    return true;
  }
  if (const auto use = decode_frame<UseFrame>(frame)) return events_.use(*use), true;
  if (const auto lost = decode_frame<WorkerLostFrame>(frame)) {
    return events_.worker_lost(*lost), true;
  }
  if (const auto stopped = decode_frame<StoppedFrame>(frame)) {
    return events_.stopped(*stopped), true;
  }
  if (const auto opened = decode_frame<OpenedFrame>(frame)) {
    if (events_.opened) events_.opened(*opened);
    return true;
  }
  if (const auto asked = decode_frame<ViewAskedFrame>(frame)) {
    if (events_.view_asked) return events_.view_asked(*asked), true;
    ViewToldFrame told;
    told.id = asked->id;
    told.status = 404;
    told.why.assign("nothing can be seen here");
    tell_view(told, {});
    return true;
  }
  return false;
}

ErrorOr<void> FrontClient::send(const Bytes& frame, const std::vector<int>& fds) {
  if (!socket_) return fail(ErrorCode::kUnavailable, "the front process is not running");
  return send_all(socket_.get(), frame, fds);
}

ErrorOr<std::uint16_t> FrontClient::wait_listening(std::uint64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, milliseconds(timeout_ms), [&] { return port_ != 0 || ending_; });
  if (port_ == 0) return fail(ErrorCode::kTimeout, "the front process does not start");
  return port_;
}

void FrontClient::serve(const ServeFrame& frame) {
  const std::lock_guard lock(mutex_);
  served_[frame.replica] = {frame, false};
  send_serve(frame);
}

// What is known of its reservation by now counts, not what was known when it was taken up.
void FrontClient::send_serve(const ServeFrame& frame) {
  (void)send(encode_frame(frame), {});
  const auto reserve = reserves_.find(frame.replica);
  if (reserve != reserves_.end()) (void)send(encode_frame(reserve->second), {});
}

ErrorOr<void> FrontClient::give_worker(const ReplicaId& replica, const UniqueFd& socket) {
  WorkerSocketFrame frame;
  frame.replica = replica;
  const std::lock_guard lock(mutex_);
  return send(encode_frame(frame), {socket.get()});
}

void FrontClient::stop(const ReplicaId& replica) {
  StopFrame frame;
  frame.replica = replica;
  const std::lock_guard lock(mutex_);
  const auto it = served_.find(replica);
  if (it != served_.end()) it->second.stopping = true;
  (void)send(encode_frame(frame), {});
}

void FrontClient::forget(const ReplicaId& replica) {
  ForgetFrame frame;
  frame.replica = replica;
  const std::lock_guard lock(mutex_);
  served_.erase(replica);
  reserves_.erase(replica);
  (void)send(encode_frame(frame), {});
}

void FrontClient::reserve(const ReserveFrame& frame) {
  const std::lock_guard lock(mutex_);
  reserves_[frame.replica] = frame;
  (void)send(encode_frame(frame), {});
}

void FrontClient::give_connection(const UniqueFd& socket) {
  const std::lock_guard lock(mutex_);
  (void)send(encode_frame(ConnectionFrame{}), {socket.get()});
}

void FrontClient::tell_view(const ViewToldFrame& frame, const UniqueFd& socket) {
  const std::lock_guard lock(mutex_);
  (void)send(encode_frame(frame), socket ? std::vector<int>{socket.get()} : std::vector<int>{});
}

ErrorOr<std::vector<market::LogClaim>> FrontClient::claims(const ReplicaId& replica,
                                                           const std::vector<ClaimFrom>& from,
                                                           std::uint64_t timeout_ms) {
  ClaimFrame frame;
  frame.replica = replica;
  frame.from.assign(from.begin(), from.end());
  std::unique_lock lock(mutex_);
  frame.id = next_claim_++;
  claims_[frame.id] = std::nullopt;
  auto sent = send(encode_frame(frame), {});
  if (sent) {
    changed_.wait_for(lock, milliseconds(timeout_ms),
                      [&] { return claims_[frame.id].has_value() || !socket_ || ending_; });
  }
  const std::optional<ClaimsFrame> answer = claims_[frame.id];
  claims_.erase(frame.id);
  if (!sent) return Fail{sent.error()};
  if (!answer) return fail(ErrorCode::kTimeout, "the front process does not answer");
  return std::vector<market::LogClaim>(answer->logs.begin(), answer->logs.end());
}

}  // namespace fog::executor
