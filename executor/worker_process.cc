#include "executor/worker_process.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <sys/syscall.h>
#include <sys/wait.h>

#include "executor/container_control.h"

namespace fog::executor {
namespace {

constexpr int kWorkerSocket = 3;
constexpr unsigned long kNamespaces =
    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
// The container gets the rest from its runtime.
constexpr unsigned long kContainerNamespaces =
    CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;

// ---- in the child, between clone and exec: system calls only ----

bool write_text(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const std::size_t size = std::strlen(text);
  const bool written = ::write(fd, text, size) == static_cast<ssize_t>(size);
  ::close(fd);
  return written;
}

struct ChildPlan {
  int socket = -1;
  int log = -1;
  int null = -1;
  int config = -1, control = -1;  // of a container
  const char* uid_map = nullptr;  // with namespaces
  const char* gid_map = nullptr;
  const char* path = nullptr;
  char* const* argv = nullptr;
};

[[noreturn]] void run_child(const ChildPlan& plan) {
  // Kept above the numbers that are handed out, so that none overwrites another.
  const int socket = ::fcntl(plan.socket, F_DUPFD, 16);
  const int log = ::fcntl(plan.log, F_DUPFD, 16);
  const int config = plan.config < 0 ? -1 : ::fcntl(plan.config, F_DUPFD, 16);
  const int control = plan.control < 0 ? -1 : ::fcntl(plan.control, F_DUPFD, 16);
  if (plan.uid_map != nullptr && !(write_text("/proc/self/setgroups", "deny") &&
                                   write_text("/proc/self/uid_map", plan.uid_map) &&
                                   write_text("/proc/self/gid_map", plan.gid_map))) {
    ::_exit(126);
  }
  if (::dup2(plan.null, 0) < 0 || ::dup2(plan.null, 1) < 0 || ::dup2(log, 2) < 0 ||
      ::dup2(socket, kWorkerSocket) < 0 ||
      (config >= 0 &&
       (::dup2(config, kContainerConfig) < 0 || ::dup2(control, kContainerControl) < 0))) {
    ::_exit(126);
  }
  ::syscall(SYS_close_range, (config >= 0 ? kContainerControl : kWorkerSocket) + 1, ~0U, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  char* const environment[] = {nullptr};
  ::execve(plan.path, plan.argv, environment);
  ::_exit(127);
}

// As fork, in new namespaces when `namespaces` is not 0.
long clone_process(unsigned long namespaces) {
  return ::syscall(SYS_clone, SIGCHLD | namespaces, nullptr, nullptr, nullptr, 0L);
}

std::string map_line(unsigned id) {
  return "0 " + std::to_string(id) + " 1\n";
}

// Whether user namespaces work here is asked of the kernel once, by a child that ends at once.
std::string try_namespaces() {
  const std::string uid = map_line(::geteuid());
  const std::string gid = map_line(::getegid());
  const long pid = clone_process(kNamespaces);
  if (pid == 0) {
    ::_exit(write_text("/proc/self/setgroups", "deny") &&
                    write_text("/proc/self/uid_map", uid.c_str()) &&
                    write_text("/proc/self/gid_map", gid.c_str())
                ? 0
                : 1);
  }
  if (pid < 0) return fail_errno("clone").error.context;
  int status = 0;
  while (::waitpid(static_cast<pid_t>(pid), &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0 ? "" : "the kernel does not let a user namespace map its own user";
}

const std::string& namespaces_refused() {
  static const std::string kWhy = try_namespaces();
  return kWhy;
}

ErrorOr<Frame> wait_frame(int socket, std::uint64_t timeout_ms,
                          const std::function<bool()>& while_waiting) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  FrameReader reader;
  Bytes buffer(64 * 1024);
  for (;;) {
    TRY(auto frame, reader.next());
    if (frame) return *std::move(frame);
    if (Clock::now() >= deadline) {
      return fail(ErrorCode::kTimeout, "the worker did not get ready within " +
                                           std::to_string(timeout_ms / 1000) + " s");
    }
    if (!while_waiting()) return fail(ErrorCode::kUnavailable, "given up");
    pollfd wait = {socket, POLLIN, 0};
    if (::poll(&wait, 1, 50) <= 0) continue;
    std::vector<UniqueFd> none;
    TRY(const std::size_t got, receive(socket, buffer, none, 0));
    if (got == 0) return fail(ErrorCode::kIo, "the worker ended while it was getting ready");
    reader.push(ByteView(buffer).first(got));
  }
}

}  // namespace

ErrorOr<WorkerProcess> WorkerProcess::start(const WorkerProgram& program) {
  WorkerProcess worker;
  TRY(auto sockets, make_socket_pair());
  TRY(auto pipe, make_pipe());
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail_errno("cannot open /dev/null");
  const bool container = !program.container_arguments.empty();
  if (program.namespaces && !container)
    worker.namespaces_refused_ = fog::executor::namespaces_refused();
  const bool isolated = program.namespaces && !container && worker.namespaces_refused_.empty();
  std::vector<std::string> words = {program.path, program.command};
  if (container) {
    words.insert(words.end(), program.container_arguments.begin(),
                 program.container_arguments.end());
  } else {
    words.emplace_back(isolated ? "--in-namespaces" : "--no-namespaces");
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string uid = map_line(::geteuid());
  const std::string gid = map_line(::getegid());
  UniqueFd config;
  std::pair<UniqueFd, UniqueFd> control;
  if (container) {
    TRY(control, make_socket_pair());
    TRY(config, make_sealed_memory("fog-container", as_bytes(program.container_config)));
  }
  ChildPlan plan;
  plan.config = config.get();
  plan.control = control.second.get();
  plan.socket = sockets.second.get();
  plan.log = pipe.second.get();
  plan.null = null.get();
  plan.uid_map = isolated ? uid.c_str() : nullptr;
  plan.gid_map = gid.c_str();
  plan.path = argv.front();
  plan.argv = argv.data();
  const long pid = clone_process(container ? kContainerNamespaces : isolated ? kNamespaces : 0);
  if (pid == 0) run_child(plan);
  if (pid < 0) return fail_errno("cannot start a worker process");
  worker.pid_ = static_cast<int>(pid);
  worker.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, worker.pid_, 0)));
  if (!worker.pidfd_) return fail_errno("cannot watch the worker process");
  worker.socket_ = std::move(sockets.first);
  worker.control_ = std::move(control.first);
  worker.log_ = std::move(pipe.first);
  return worker;
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      socket_(std::move(other.socket_)),
      control_(std::move(other.control_)),
      log_(std::move(other.log_)),
      namespaces_refused_(std::move(other.namespaces_refused_)) {}

WorkerProcess::~WorkerProcess() {
  if (pid_ <= 0 || !pidfd_) return;
  kill();
  (void)wait();
}

ErrorOr<BoundWorker> WorkerProcess::bind(const BindFrame& bind, ByteView content,
                                         std::uint64_t timeout_ms,
                                         const std::function<bool()>& while_waiting) {
  TRY(const UniqueFd input, make_sealed_memory("fog-workload", content));
  std::vector<int> fds = {input.get()};
  UniqueFd output;
  if (!bind.compiled) {
    TRY(output, make_memory("fog-code"));
    fds.push_back(output.get());
  }
  TRY_VOID(send_all(socket_.get(), encode_frame(bind), fds));
  TRY(const Frame answer, wait_frame(socket_.get(), timeout_ms, while_waiting));
  if (const auto failed = decode_frame<FailedFrame>(answer)) {
    return fail(failed->artifact_at_fault ? ErrorCode::kRejected : ErrorCode::kUnavailable,
                failed->why);
  }
  TRY(const ReadyFrame ready, decode_frame<ReadyFrame>(answer));
  BoundWorker out;
  out.compile_ms = ready.compile_ms;
  out.runtime = ready.runtime;
  if (output) {
    TRY(out.code, read_all(output.get(), 1ULL << 30));
    if (out.code.size() != ready.code_bytes) {
      return fail(ErrorCode::kProtocol, "the worker's compiled code has another size than it says");
    }
  }
  return out;
}

void WorkerProcess::kill() {
  if (pidfd_) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

std::string WorkerProcess::wait() {
  if (pid_ <= 0) return "already gone";
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFEXITED(status)) return "exit status " + std::to_string(WEXITSTATUS(status));
  return "signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) + ")";
}

}  // namespace fog::executor
