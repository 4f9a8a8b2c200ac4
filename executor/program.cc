#include "executor/program.h"

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "executor/fd.h"

namespace fog::executor {
namespace {

constexpr std::size_t kSaidBytesMax = 2'048;
constexpr int kAskEveryMs = 100;

// System calls only: the process may have other threads.
[[noreturn]] void run_child(char* const* argv, char* const* environment, int null, int said,
                            rlim_t file_bytes_max) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const rlimit files = {file_bytes_max, file_bytes_max};
  const rlimit cores = {0, 0};
  if (::setrlimit(RLIMIT_FSIZE, &files) != 0 || ::setrlimit(RLIMIT_CORE, &cores) != 0 ||
      ::dup2(null, 0) < 0 || ::dup2(said, 1) < 0 || ::dup2(said, 2) < 0) {
    ::_exit(126);
  }
  ::syscall(SYS_close_range, 3, ~0U, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(argv[0], argv, environment);
  ::_exit(127);
}

// Keeps the end of what is said. False when the other end is closed.
bool read_said(int pipe, std::string& said) {
  std::array<char, 4'096> chunk{};
  const ssize_t got = ::read(pipe, chunk.data(), chunk.size());
  if (got <= 0) return false;
  said.append(chunk.data(), static_cast<std::size_t>(got));
  if (said.size() > kSaidBytesMax) said.erase(0, said.size() - kSaidBytesMax);
  return true;
}

// One line for people, without what a stranger's file could have put there.
std::string plain(const std::string& said) {
  std::string out;
  for (const char c : said) out += c >= 0x20 && c < 0x7F ? c : ' ';
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

std::string find_program(const std::string& name) {
  for (const char* folder :
       {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"}) {
    const std::string path = folder + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

ErrorOr<void> run_program(const std::vector<std::string>& argv, const std::string& temp_folder,
                          const ProgramLimits& limits, const std::function<bool()>& go_on) {
  using Clock = std::chrono::steady_clock;
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::string path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  std::string temp = "TMPDIR=" + temp_folder;
  const std::array<char*, 3> environment = {path.data(), temp.data(), nullptr};
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail_errno("cannot open /dev/null");
  TRY(auto pipe, make_pipe());
  const pid_t pid = ::fork();
  if (pid == 0) {
    run_child(pointers.data(), environment.data(), null.get(), pipe.second.get(),
              limits.file_bytes_max);
  }
  if (pid < 0) return fail_errno("cannot start " + argv[0]);
  pipe.second.reset();

  std::string said;
  std::optional<Error> given_up;
  const auto deadline = Clock::now() + std::chrono::milliseconds(limits.timeout_ms);
  for (;;) {
    pollfd wait = {pipe.first.get(), POLLIN, 0};
    if (::poll(&wait, 1, kAskEveryMs) > 0 && !read_said(pipe.first.get(), said)) break;
    if (Clock::now() >= deadline) {
      given_up = Error{ErrorCode::kTimeout, argv[0] + " took longer than " +
                                                std::to_string(limits.timeout_ms / 1'000) + " s"};
    } else if (!go_on()) {
      given_up = Error{ErrorCode::kUnavailable, "given up"};
    }
    if (given_up) break;
  }
  if (given_up) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (given_up) return Fail{*given_up};
  if (status == 0) return {};
  const std::string end = WIFEXITED(status)
                              ? "exit status " + std::to_string(WEXITSTATUS(status))
                              : std::string("signal ") + ::strsignal(WTERMSIG(status));
  return fail(ErrorCode::kIo, argv[0] + " ended with " + end + ": " + plain(said));
}

}  // namespace fog::executor
