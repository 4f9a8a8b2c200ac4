"""System calls made in the name of another process, as its machine code would make them: what a guest could do that had
broken out of WebAssembly. Needs the right to trace (root) and x86-64."""
import ctypes
import os
import platform
import signal
import time

ATTACH, DETACH, STEP, GETREGS, SETREGS, POKE = 16, 17, 9, 12, 13, 4
WORD = 8
NO_CALL = (1 << 64) - 1  # orig_rax of a process that is in no system call
REGISTERS = ("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi",
             "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs")
NUMBERS = {"read": 0, "write": 1, "open": 2, "poll": 7, "ioctl": 16, "socket": 41, "connect": 42, "sendmsg": 46,
           "bind": 49, "socketpair": 53, "clone": 56, "fork": 57, "execve": 59, "fcntl": 72, "kill": 62, "chdir": 80, "mkdir": 83,
           "unlink": 87, "symlink": 88, "readlink": 89, "chmod": 90, "ptrace": 101, "setuid": 105, "personality": 135,
           "mount": 165, "reboot": 169, "tkill": 200, "getdents64": 217, "tgkill": 234, "openat": 257, "unshare": 272,
           "prlimit64": 302, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321, "execveat": 322,
           "userfaultfd": 323, "io_uring_setup": 425, "pidfd_open": 434, "clone3": 435, "openat2": 437,
           "pidfd_getfd": 438}


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in REGISTERS]


class Killed(Exception):
    """The kernel ended the process for it; `args[0]` is the signal."""


def why_not():
    """What keeps these tests from running here; "" if nothing does."""
    if platform.machine() != "x86_64":
        return "written for x86-64"
    return "" if os.geteuid() == 0 else "needs root to trace a worker"


class Injected:
    """A process that stands still in a system call; to be used in a `with`, which lets it go on."""

    def __init__(self, pid):
        self.pid, self.gone = pid, False
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.restype = ctypes.c_long
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

    def _ptrace(self, request, address=0, data=0):
        ctypes.set_errno(0)
        got = self.libc.ptrace(request, self.pid, address, data)
        if got == -1 and ctypes.get_errno():
            raise OSError(ctypes.get_errno(), f"ptrace {request}: {os.strerror(ctypes.get_errno())}")
        return got

    def _wait(self):
        _, status = os.waitpid(self.pid, 0x40000000)  # __WALL
        if os.WIFSTOPPED(status):
            return os.WSTOPSIG(status)
        self.gone = True
        raise Killed(os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status))

    def __enter__(self):
        self.saved = Registers()
        while True:
            self._ptrace(ATTACH)
            self._wait()
            self._ptrace(GETREGS, 0, ctypes.addressof(self.saved))
            # On its way to the call that it will wait in, it stands behind some other instruction.
            if self.saved.orig_rax != NO_CALL:
                return self
            self._ptrace(DETACH)
            time.sleep(0.01)

    def __exit__(self, *_):
        if not self.gone:
            self._ptrace(SETREGS, 0, ctypes.addressof(self.saved))
            self._ptrace(DETACH)

    def call(self, name, *args):
        """What the kernel returns: below 0 an error's number. Bytes among the arguments are put into its memory."""
        place, values = self.saved.rsp - 4096, []
        for arg in args:
            if isinstance(arg, bytes):
                arg += bytes(WORD - len(arg) % WORD)
                for at in range(0, len(arg), WORD):
                    self._ptrace(POKE, place + at, int.from_bytes(arg[at:at + WORD], "little"))
                arg, place = place, place + len(arg)
            values.append(arg & (1 << 64) - 1)
        registers = Registers.from_buffer_copy(self.saved)
        for register, value in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), values):
            setattr(registers, register, value)
        registers.rax, registers.orig_rax = NUMBERS[name], NO_CALL
        registers.rip -= 2  # it stands behind the instruction that made the call it waits in
        self._ptrace(SETREGS, 0, ctypes.addressof(registers))
        self._ptrace(STEP)
        stopped = self._wait()
        if stopped != signal.SIGTRAP:
            raise Killed(stopped)
        self._ptrace(GETREGS, 0, ctypes.addressof(registers))
        return ctypes.c_long(registers.rax).value
