#include "executor/worker/sandbox.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "executor/fd.h"

namespace fog::executor {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitizer = true;
#else
constexpr bool kSanitizer = false;
#endif

// Three for each of 64 requests at once, and some.
constexpr rlim_t kDescriptorsMax = 256;

// What the JIT, the allocator, threads and the socket need. Arguments are checked where a call can
// do more than that.
constexpr std::array kAllowed = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    SCMP_SYS(pread64),
    SCMP_SYS(ftruncate),
    SCMP_SYS(memfd_create),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(membarrier),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    SCMP_SYS(getrlimit),
    SCMP_SYS(setrlimit),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(mincore),
};

// In builds with a sanitizer alone: it probes through a pipe whether memory can be read.
constexpr std::array kAllowedToSanitizers = {SCMP_SYS(pipe), SCMP_SYS(pipe2)};

// Beside a container, whose network it shares.
constexpr std::array kToConnect = {SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(setsockopt),
                                   SCMP_SYS(shutdown), SCMP_SYS(eventfd2)};

// Nothing here asks for these, whatever library it is in: whoever does is not us any more.
constexpr std::array kDeadly = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(socket),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(accept4),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(bpf),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setresuid),
    SCMP_SYS(personality),
    SCMP_SYS(kexec_load),
    SCMP_SYS(reboot),
};

std::string why() {
  std::array<char, 128> buffer{};
  return strerror_r(errno, buffer.data(), buffer.size());
}

void set_limit(SandboxReport& report, int resource, rlim_t value, const char* name) {
  const rlimit limit = {value, value};
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0) return;
  report.off.push_back(std::string(name) + ": " + why());
}

// An empty, read-only root. The old one is let go of, so no path leads anywhere.
bool empty_file_system() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  constexpr unsigned long kFlags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (::mount("empty", "/tmp", "tmpfs", kFlags, "size=4k,mode=555") != 0) return false;
  if (::chdir("/tmp") != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0) return false;
  return ::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0;
}

bool drop_capabilities() {
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    // Fails for numbers that this kernel does not have, and without CAP_SETPCAP; capset decides.
    (void)::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

// A new thread, never a new process; and clone3 says that it does not exist, because a filter
// cannot see its flags, so that the C library uses clone.
int allow_threads(void* filter) {
  constexpr scmp_datum_t kThread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
  const scmp_arg_cmp flags = SCMP_A0(SCMP_CMP_MASKED_EQ, kThread, kThread);
  const int added = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, flags);
  if (added != 0) return added;
  return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

// Naming threads and memory; nothing else that prctl can.
int allow_names(void* filter) {
  constexpr scmp_datum_t kSetVma = 0x53564d41;
  for (const scmp_datum_t option : {scmp_datum_t{PR_SET_NAME}, kSetVma}) {
    const scmp_arg_cmp is = SCMP_A0(SCMP_CMP_EQ, option);
    const int added = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, is);
    if (added != 0) return added;
  }
  return 0;
}

// Calls that would reach another process of the same user, where no namespace hides it, are for the
// process itself alone: signals, limits; and of fcntl what sends no signal.
int allow_for_itself(void* filter) {
  const auto allow = [filter](int call, unsigned argument, scmp_datum_t value) {
    const scmp_arg_cmp is = SCMP_CMP(argument, SCMP_CMP_EQ, value);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, is);
  };
  int added = allow(SCMP_SYS(tgkill), 0, static_cast<scmp_datum_t>(::getpid()));
  if (added == 0) added = allow(SCMP_SYS(prlimit64), 0, 0);
  for (const scmp_datum_t command :
       {scmp_datum_t{F_DUPFD}, scmp_datum_t{F_DUPFD_CLOEXEC}, scmp_datum_t{F_GETFD},
        scmp_datum_t{F_SETFD}, scmp_datum_t{F_GETFL}, scmp_datum_t{F_SETFL},
        scmp_datum_t{F_ADD_SEALS}, scmp_datum_t{F_GET_SEALS}}) {
    if (added == 0) added = allow(SCMP_SYS(fcntl), 1, command);
  }
  return added;
}

int add_rules(void* filter, bool connects) {
  for (const int call : kAllowed) {
    if (const int added = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0); added != 0) {
      return added;
    }
  }
  for (const int call : kAllowedToSanitizers) {
    if (!kSanitizer) break;
    const int added = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
    if (added != 0 && added != -EDOM) return added;
  }
  for (const int call : kToConnect) {
    if (!connects) break;
    if (const int added = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0); added != 0)
      return added;
  }
  for (const int call : kDeadly) {
    if (connects && std::find(kToConnect.begin(), kToConnect.end(), call) != kToConnect.end())
      continue;
    const int added = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, call, 0);
    // A call that this architecture does not have cannot be made either.
    if (added != 0 && added != -EDOM) return added;
  }
  if (const int added = allow_for_itself(filter); added != 0) return added;
  if (const int added = allow_threads(filter); added != 0) return added;
  return allow_names(filter);
}

}  // namespace

SandboxReport isolate_process(bool in_namespaces) {
  SandboxReport report;
  CHECK(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  report.on.emplace_back("no new privileges");
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0) {
    report.on.emplace_back("ends with the agent");
  }
  set_limit(report, RLIMIT_CORE, 0, "no core files");
  set_limit(report, RLIMIT_NOFILE, kDescriptorsMax, "at most 256 descriptors");
  if (!in_namespaces) {
    report.off.emplace_back("namespaces: not in any of its own");
    return report;
  }
  report.on.emplace_back("own user, process, network, IPC and host name namespaces");
  if (empty_file_system()) {
    report.on.emplace_back("empty file system");
  } else {
    report.off.push_back("empty file system: " + why());
  }
  if (drop_capabilities()) {
    report.on.emplace_back("no capabilities");
  } else {
    report.off.push_back("no capabilities: " + why());
  }
  return report;
}

ErrorOr<void> install_syscall_filter(bool connects) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (filter == nullptr) return fail(ErrorCode::kIo, "cannot make a system call filter");
  int result = add_rules(filter.get(), connects);
  if (result == 0) result = seccomp_load(filter.get());
  if (result == 0) return {};
  errno = -result;
  return fail_errno("cannot install the system call filter (does this kernel have seccomp?)");
}

ErrorOr<void> limit_data_bytes(std::uint64_t bytes, bool for_good) {
  if (kSanitizer) return {};
  rlimit limit = {};
  if (::getrlimit(RLIMIT_DATA, &limit) != 0) return fail_errno("cannot read the memory limit");
  limit.rlim_cur = std::min<rlim_t>(bytes, limit.rlim_max);
  if (for_good) limit.rlim_max = limit.rlim_cur;
  if (::setrlimit(RLIMIT_DATA, &limit) != 0) return fail_errno("cannot set the memory limit");
  return {};
}

}  // namespace fog::executor
