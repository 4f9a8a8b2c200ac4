#include "executor/worker/container_main.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <thread>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "chain/base/file.h"
#include "executor/container_config.h"
#include "executor/fd.h"
#include "executor/worker/container_programs.h"
#include "executor/worker/worker.h"

namespace fog::executor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kConfigBytesMax = 4 << 20;
constexpr const char* kPidFile = "/run/pid";
constexpr std::chrono::seconds kStartTime{30};
constexpr unsigned kNobody = 65'534;

void say(const std::string& line) {
  (void)write_all(2, as_bytes("container: " + line + "\n"));
}

ErrorOr<void> check(int result, const char* what) {
  return result == 0 ? ErrorOr<void>() : fail_errno(what);
}

// A loop device that goes away with its mount.
ErrorOr<UniqueFd> attach_loop(const UniqueFd& file, std::string& path) {
  const UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) return fail_errno("/dev/loop-control (volumes need the kernel's loop devices)");
  for (int tries = 0; tries < 64; ++tries) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return fail_errno("no free loop device");
    path = "/dev/loop" + std::to_string(number);
    UniqueFd device(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!device) return fail_errno(path);
    loop_config config = {};
    config.fd = static_cast<std::uint32_t>(file.get());
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO;
    if (::ioctl(device.get(), LOOP_CONFIGURE, &config) == 0) return device;
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (errno == EINVAL && ::ioctl(device.get(), LOOP_CONFIGURE, &config) == 0) return device;
    // Somebody else has taken it meanwhile.
    if (errno != EBUSY) return fail_errno("cannot attach a volume to " + path);
  }
  return fail(ErrorCode::kUnavailable, "no free loop device");
}

// The container's own root owns it, and all its users may write to it.
ErrorOr<void> mount_volume(const UniqueFd& file, const std::string& place) {
  TRY_VOID(make_folder(place));
  std::string path;
  TRY(const UniqueFd device, attach_loop(file, path));
  TRY_VOID(check(
      ::mount(path.c_str(), place.c_str(), "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME, nullptr),
      "cannot mount a volume"));
  TRY_VOID(check(::chown(place.c_str(), kContainerIdFirst, kContainerIdFirst), "volume"));
  return check(::chmod(place.c_str(), 0777), "volume");
}

// A view of the file system of this process's own: /run holds the bundle, at a place that the
// container's users may pass through, whatever the Host's folder allows.
ErrorOr<void> make_bundle(const ContainerOptions& options) {
  TRY(const Bytes config, read_all(options.config, kConfigBytesMax));
  ::close(options.config);
  TRY_VOID(check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mounts"));
  TRY_VOID(
      check(::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr), "/proc"));
  // crun refuses to start where both versions of control groups are mounted. It makes none here.
  (void)::umount2("/sys/fs/cgroup/unified", MNT_DETACH);
  // What stands in the Host's folder stays reachable below /run after that is covered.
  std::vector<UniqueFd> volumes;
  for (const std::string& path : options.volumes) {
    volumes.emplace_back(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!volumes.back()) return fail_errno("volume", path);
  }
  // What the image is bound to stays reachable below /run after that is covered.
  const UniqueFd rootfs(::open(options.rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!rootfs) return fail_errno(options.rootfs);
  TRY_VOID(
      check(::mount("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=8m"), "/run"));
  TRY_VOID(check(::mkdir("/run/bundle", 0755), "/run/bundle"));
  TRY_VOID(check(::mkdir("/run/bundle/rootfs", 0755), "/run/bundle/rootfs"));
  const std::string from = "/proc/self/fd/" + std::to_string(rootfs.get());
  TRY_VOID(check(::mount(from.c_str(), "/run/bundle/rootfs", nullptr, MS_BIND, nullptr), "image"));
  // An image can hold device files, which would be the computer's devices. What is locked here
  // stays so in the container's own user namespace.
  constexpr unsigned long kHarmless = MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOSUID;
  TRY_VOID(check(::mount(nullptr, "/run/bundle/rootfs", nullptr, kHarmless, nullptr), "image"));
  for (std::size_t i = 0; i < volumes.size(); ++i)
    TRY_VOID(mount_volume(volumes[i], kVolumesPlace + std::to_string(i)));
  TRY_VOID(write_file_atomically("/run/bundle/hosts",
                                 as_bytes("127.0.0.1 localhost container\n::1 localhost\n"),
                                 FileMode::kShared));
  return write_file_atomically("/run/bundle/config.json", config, FileMode::kShared);
}

pid_t start_runtime(const std::string& runtime) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::dup2(2, 1);
  ::syscall(SYS_close_range, 3, ~0U, 0);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
  if (::chdir("/run/bundle") != 0) ::_exit(126);
  std::vector<std::string> words = runtime_words(runtime);
  for (const char* word : {"run", "--bundle", "/run/bundle", "--pid-file", kPidFile, "service"})
    words.emplace_back(word);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(argv.front(), argv.data());
  ::_exit(127);
}

std::string end_text(int status) {
  if (WIFEXITED(status)) return "exit status " + std::to_string(WEXITSTATUS(status));
  return "signal " + std::to_string(WTERMSIG(status));
}

// The network namespace of the container, as soon as there is one.
ErrorOr<UniqueFd> wait_for_network(pid_t runtime) {
  const auto deadline = Clock::now() + kStartTime;
  while (Clock::now() < deadline) {
    int status = 0;
    if (::waitpid(runtime, &status, WNOHANG) == runtime)
      return fail(ErrorCode::kUnavailable, "the container did not start: " + end_text(status));
    const auto text = read_file(kPidFile, 32);
    const int pid = text ? std::atoi(std::string(as_text(*text)).c_str()) : 0;
    if (pid > 1) {
      UniqueFd space(
          ::open(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
      if (space) return space;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return fail(ErrorCode::kTimeout, "the container did not start within 30 s");
}

// Another user than root, and for a moment still the capabilities that isolate_process() needs.
ErrorOr<void> become_nobody() {
  TRY_VOID(check(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "capabilities"));
  TRY_VOID(check(::setgroups(0, nullptr), "groups"));
  TRY_VOID(check(::setresgid(kNobody, kNobody, kNobody), "group"));
  TRY_VOID(check(::setresuid(kNobody, kNobody, kNobody), "user"));
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[2] = {};
  if (::syscall(SYS_capget, &header, held) != 0) return fail_errno("capabilities");
  for (auto& half : held) half.effective = half.permitted;
  if (::syscall(SYS_capset, &header, held) != 0) return fail_errno("capabilities");
  return {};
}

[[noreturn]] void run_proxy(int socket, const UniqueFd& network) {
  if (::setns(network.get(), CLONE_NEWNET) != 0 || ::unshare(CLONE_NEWNS | CLONE_NEWIPC) != 0) {
    say("cannot enter the container's network: " + std::string(std::strerror(errno)));
    ::_exit(1);
  }
  if (const auto done = become_nobody(); !done) {
    say("cannot give up being root: " + done.error().context);
    ::_exit(1);
  }
  WorkerOptions options;
  options.socket = socket;
  options.in_namespaces = true;
  options.serves_container = true;
  ::_exit(run_worker(options));
}

// Until the container or the worker has ended: the exit status.
int watch(pid_t runtime, pid_t proxy, ContainerPrograms programs) {
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &children, nullptr);
  const UniqueFd ended_fd(::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
  for (;;) {
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended == runtime) {
        say("the container ended with " + end_text(status));
        return 1;
      }
      if (ended == proxy) return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
      // A program of the owner's, or an orphan of the container's.
      programs.on_ended(ended, status);
    }
    std::vector<pollfd> waits = programs.waits();
    waits.push_back({ended_fd.get(), POLLIN, 0});
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    signalfd_siginfo ignored = {};
    [[maybe_unused]] const ssize_t got = ::read(ended_fd.get(), &ignored, sizeof ignored);
    waits.pop_back();
    programs.on_ready(waits);
  }
}

}  // namespace

int run_container(const ContainerOptions& options) {
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  pollfd first = {options.socket, POLLIN, 0};
  while (::poll(&first, 1, -1) < 0 && errno == EINTR) {
  }
  if ((first.revents & POLLIN) == 0) return 0;
  if (const auto made = make_bundle(options); !made) {
    say("cannot make the container's file system: " + made.error().context);
    return 1;
  }
  const pid_t runtime = start_runtime(options.runtime);
  if (runtime < 0) {
    say("cannot start " + options.runtime + ": " + std::strerror(errno));
    return 1;
  }
  const auto network = wait_for_network(runtime);
  if (!network) {
    say(network.error().context);
    return 1;
  }
  const pid_t proxy = ::fork();
  if (proxy == 0) {
    ::close(options.control);
    run_proxy(options.socket, *network);
  }
  ::close(options.socket);
  return watch(runtime, proxy, ContainerPrograms(options.runtime, UniqueFd(options.control)));
}

}  // namespace fog::executor
