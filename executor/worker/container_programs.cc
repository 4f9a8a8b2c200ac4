#include "executor/worker/container_programs.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "chain/base/file.h"
#include "executor/container_config.h"

namespace fog::executor {
namespace {

constexpr std::size_t kConfigBytesMax = 4 << 20;
constexpr const char* kBundleConfig = "/run/bundle/config.json";

std::uint32_t shell_status(int status) {
  return static_cast<std::uint32_t>(WIFEXITED(status) ? WEXITSTATUS(status)
                                                      : 128 + WTERMSIG(status));
}

int process_in(const std::string& pid_file) {
  const auto text = read_file(pid_file, 32);
  return text ? std::atoi(std::string(as_text(*text)).c_str()) : 0;
}

[[noreturn]] void run_runtime(const std::vector<std::string>& words,
                              const std::vector<UniqueFd>& fds, bool terminal) {
  for (int i = 0; i < 3; ++i) ::dup2(fds[static_cast<std::size_t>(i)].get(), i);
  ::syscall(SYS_close_range, 3, ~0U, 0);
  if (terminal) {
    ::setsid();
    ::ioctl(0, TIOCSCTTY, 0);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
  std::vector<std::string> copy = words;
  std::vector<char*> argv;
  for (std::string& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(argv.front(), argv.data());
  ::_exit(127);
}

}  // namespace

std::vector<std::string> runtime_words(const std::string& runtime) {
  if (!runtime.ends_with("crun")) return {runtime, "--root", "/run/runc"};
  // This process's group bounds the container too.
  return {runtime, "--root", "/run/crun", "--cgroup-manager=disabled"};
}

ContainerPrograms::ContainerPrograms(std::string runtime, UniqueFd control)
    : runtime_(std::move(runtime)), control_(std::move(control)) {}

std::vector<pollfd> ContainerPrograms::waits() const {
  std::vector<pollfd> out;
  if (control_) out.push_back({control_.get(), POLLIN, 0});
  for (const auto& [pid, program] : programs_)
    if (!program.given_up) out.push_back({program.line.get(), POLLIN, 0});
  return out;
}

void ContainerPrograms::on_ready(const std::vector<pollfd>& ready) {
  for (const pollfd& each : ready) {
    if (each.revents == 0) continue;
    if (each.fd == control_.get()) take();
    for (auto& [pid, program] : programs_) {
      // Nothing is said that way: it is the end.
      if (each.fd != program.line.get()) continue;
      program.given_up = true;
      kill_inside(program);
      ::kill(pid, SIGKILL);
    }
  }
}

void ContainerPrograms::take() {
  std::array<std::uint8_t, 64 * 1024> part;
  std::vector<UniqueFd> fds;
  const auto got = receive(control_.get(), part, fds, MSG_DONTWAIT);
  if (!got && got.error().code == ErrorCode::kUnavailable) return;
  if (!got || *got == 0) return control_.reset();
  for (UniqueFd& fd : fds) fds_.push_back(std::move(fd));
  reader_.push(ByteView(part).first(*got));
  for (;;) {
    const auto frame = reader_.next();
    if (!frame) return control_.reset();
    if (!*frame) return;
    const auto program = decode_frame<ProgramFrame>(**frame);
    if (!program || fds_.size() < 4) return control_.reset();
    std::vector<UniqueFd> own;
    for (int i = 0; i < 4; ++i) {
      own.push_back(std::move(fds_.front()));
      fds_.pop_front();
    }
    start(*program, std::move(own));
  }
}

void ContainerPrograms::tell(const UniqueFd& line, std::uint32_t status, const std::string& why) {
  ProgramEndFrame end;
  end.status = status;
  end.why.assign(why.substr(0, end.why.kMax));
  (void)send_all(line.get(), encode_frame(end), {});
}

void ContainerPrograms::start(const ProgramFrame& frame, std::vector<UniqueFd> fds) {
  if (programs_.size() >= kProgramsMax)
    return tell(fds[3], 0, "as many programs as may be run in this container already");
  const auto config = read_file(kBundleConfig, kConfigBytesMax);
  if (!config) return tell(fds[3], 0, config.error().context);
  const auto process = program_config(as_text(*config), frame.words, frame.terminal);
  if (!process) return tell(fds[3], 0, process.error().context);
  const std::string name = "/run/program-" + std::to_string(++next_);
  // Holds secrets, in memory only: /run is a tmpfs of this process.
  if (const auto kept =
          write_file_atomically(name + ".json", as_bytes(*process), FileMode::kPrivate);
      !kept)
    return tell(fds[3], 0, kept.error().context);
  std::vector<std::string> words = runtime_words(runtime_);
  for (const std::string& word : {std::string("exec"), std::string("--process"), name + ".json",
                                  std::string("--pid-file"), name + ".pid", std::string("service")})
    words.push_back(word);
  const pid_t pid = ::fork();
  if (pid == 0) run_runtime(words, fds, frame.terminal);
  if (pid < 0) return tell(fds[3], 0, std::string("cannot start it: ") + std::strerror(errno));
  programs_.emplace(pid, Program{std::move(fds[3]), name + ".pid"});
}

// The runtime started it in a session of its own.
void ContainerPrograms::kill_inside(const Program& program) {
  const int pid = process_in(program.pid_file);
  if (pid <= 1) return;
  ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);
}

void ContainerPrograms::on_ended(int pid, int status) {
  const auto it = programs_.find(pid);
  if (it == programs_.end()) return;
  // What it left behind in its session goes too.
  kill_inside(it->second);
  tell(it->second.line, shell_status(status), "");
  const std::string& pid_file = it->second.pid_file;
  ::unlink(pid_file.c_str());
  ::unlink((pid_file.substr(0, pid_file.size() - 3) + "json").c_str());
  programs_.erase(it);
}

}  // namespace fog::executor
