#!/usr/bin/env python3
"""Programs that mean harm to the Host that runs them: costly to compile, floods of all that can be written, answers that
never end, and machine code that has broken out of WebAssembly. Each is contained; a neighbour answers all the while, and
the Host goes on."""
import concurrent.futures
import errno
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import unittest

import fogtest
import wasm_bombs
from fogtest import http as exchange, until
from host_test import children
from injected import Injected, Killed, why_not
from served import ServedTest, make_component, make_guest
from worker import Refused, Worker

COMPILE_SECONDS = 300  # that a Host gives a program
NEIGHBOUR = """
name: neighbour
runtime: wasm
artifact: guest.wasm
limits: {memory_mib: 32, fuel_per_request: 100000000, wall_ms: 5000}
bid:
  resources: {cpu_milli: 500, memory_mib: 64}
  price_cap_per_hour: 5 FOG
  spend_cap_per_hour: 50 FOG
  deposit: 40 FOG
"""
HOSTILE = """
name: %s
runtime: %s
artifact: %s
limits: {memory_mib: 32, fuel_per_request: 1000000000000, wall_ms: 2000, response_bytes: 65536}
%s
bid:
  resources: {cpu_milli: 500, memory_mib: 64, storage_mib: 1}
  price_cap_per_hour: 5 FOG
  spend_cap_per_hour: 50 FOG
  deposit: 10 FOG
"""


class Bombs(unittest.TestCase):
    """What is costly to compile, in a worker as the Host compiles it."""

    def compile(self, artifact, component=False):
        """Why it was refused; "" if it was not."""
        try:
            with Worker(artifact, component=component):
                return ""
        except Refused as refused:
            return str(refused)

    def test_each_is_compiled_or_refused_with_a_reason_in_bounded_time_and_memory(self):
        for make in (*wasm_bombs.COMMANDS, *wasm_bombs.COMPONENTS):
            with self.subTest(make.__name__):
                artifact = make()
                self.assertLessEqual(len(artifact), wasm_bombs.LIMIT_BYTES)
                begin = time.monotonic()
                why = self.compile(artifact, make in wasm_bombs.COMPONENTS)
                self.assertLess(time.monotonic() - begin, COMPILE_SECONDS)
                # A reason of the library's, or the end of a worker that took more memory than it may.
                self.assertTrue(why == "" or why == "the worker ended" or len(why) > 20, why)

    def test_the_next_program_is_none_the_worse(self):
        with Worker(wasm_bombs.module()) as worker:
            self.assertEqual(worker.run().outcome, "ok")


class Contained(ServedTest):
    """On a Host, with a neighbour who is asked all the time."""

    @classmethod
    def prepare(cls):
        cls.folder = cls.stage.folder
        make_guest(cls.folder)
        make_component(cls.folder, "keep")
        (cls.folder / "service.yaml").write_text(NEIGHBOUR)
        cls.serve("neighbour", cls.folder / "service.yaml")
        cls.agent_pid = cls.host.program.process.pid
        cls.stop, cls.statuses = threading.Event(), []
        cls.asking = threading.Thread(target=cls.ask_the_neighbour)
        cls.asking.start()

    @classmethod
    def tearDownClass(cls):
        if hasattr(cls, "asking"):
            cls.stop.set()
            cls.asking.join()
        super().tearDownClass()

    @classmethod
    def ask_the_neighbour(cls):
        while not cls.stop.is_set():
            status, _, body = exchange(f"{cls.url}/neighbour/", "POST", b"still there")
            cls.statuses.append((status, body))
            time.sleep(0.05)

    def setUp(self):
        self.before = len(self.statuses)

    def tearDown(self):
        """The neighbour has been answered all the while, and answers still; the agent never died."""
        asked = len(self.statuses)
        until("the neighbour is asked once more", lambda: len(self.statuses) > asked + 1, 30)
        wrong = [each for each in self.statuses[self.before:] if each != (200, b"still there")]
        self.assertEqual(wrong, [])
        self.assertIsNone(self.host.program.process.poll())
        self.assertEqual(self.host.program.process.pid, self.agent_pid)

    def publish(self, name, artifact, runtime="wasm", more=""):
        path = self.folder / f"{name}.yaml"
        path.write_text(HOSTILE % (name, runtime, artifact, more))
        self.owner("service", "publish", path)
        return path

    def bid_and_wait(self, name, path):
        self.owner("bid", "create", path)
        until(f"{name} answers", lambda: exchange(f"{self.url}/{name}/", "POST", b"")[0] not in (503, 404), 60)

    def host_log(self):
        return self.host.program.log.read_text(errors="replace")

    def test_a_program_that_cannot_be_compiled_in_bounds_is_given_back_and_not_tried_again(self):
        (self.folder / "bomb.wasm").write_bytes(wasm_bombs.many_functions())
        path = self.publish("bomb", "bomb.wasm")
        bid = self.owner("bid", "create", path)["bid"]
        reason = "ends the worker that compiles it"
        until("the lease is given back", lambda: f"cannot run here: {reason}" in self.host_log(), 200)
        # The next lease is given back at once.
        until("the next lease is given back", lambda: "not tried again for" in self.host_log(), 60)
        self.owner("bid", "close", bid)

    def test_floods_of_log_store_memory_and_answers(self):
        keeper = self.publish("flooder", "keep.wasm", "wasm-http", "keyvalue: {mib: 1}")
        self.bid_and_wait("flooder", keeper)
        guest = self.publish("floods", "guest.wasm")
        self.bid_and_wait("floods", guest)

        def flood(number):
            if number % 2 == 0:
                return exchange(f"{self.url}/flooder/", "POST", b"flood")[0]
            how = ("memory", "endless", "logs", "drip", "loop")[number // 2 % 5]
            return exchange(f"{self.url}/floods/?{how}")[0]
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            statuses = list(pool.map(flood, range(40)))
        self.assertLessEqual(set(statuses), {200, 502, 503, 504})
        self.assertNotEqual(set(statuses), {503})
        for store in (self.host.folder / "front/keyvalue").iterdir():
            self.assertLess(sum(path.stat().st_size for path in store.iterdir()), 24 << 20)
        for log in (self.host.folder / "logs").iterdir():
            self.assertLessEqual(log.stat().st_size, 2 << 20)

    @unittest.skipIf(why_not(), why_not())
    def test_machine_code_in_a_worker_finds_an_empty_room(self):
        def workers():
            found = children(self.agent_pid)
            return [pid for pid, command in found.items() if command == "worker"]
        for pid in workers():
            status = dict(line.split(":\t", 1) for line in
                          pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"), pid)
            for capabilities in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                if self.own_namespace(pid, "user"):
                    self.assertEqual(int(status[capabilities], 16), 0, capabilities)
            open_files = {number: os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")}
            for number, target in open_files.items():
                # Its socket and its log; nothing of the agent's, of files, of the network.
                known = ("socket:", "pipe:", "/dev/null", "/memfd:", "anon_inode:")
                self.assertTrue(target.startswith(known), (number, target))
            self.assertLessEqual(sum(target.startswith("socket:") for target in open_files.values()), 1, open_files)
            if self.own_namespace(pid, "mnt"):
                self.assertEqual(os.listdir(f"/proc/{pid}/root"), [])

    @staticmethod
    def own_namespace(pid, kind):
        return os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}")


@unittest.skipIf(why_not(), why_not())
class Escapes(unittest.TestCase):
    """What machine code in a worker without namespaces can do: there the filter of system calls stands alone."""

    def setUp(self):
        self.worker = Worker(wasm_bombs.module())
        self.addCleanup(self.worker.__exit__)
        self.pid = self.worker.process.pid

    def outcome(self, name, *args):
        """The number of the error, or "killed"; each time in a worker of its own."""
        with Worker(wasm_bombs.module()) as worker:
            try:
                with Injected(worker.process.pid) as injected:
                    result = injected.call(name, *args)
            except Killed as killed:
                self.assertEqual(killed.args[0], signal.SIGSYS)
                return "killed"
            return -result if result < 0 else f"did it: {result}"

    def test_what_is_injected_is_really_done(self):
        with Injected(self.pid) as injected:
            self.assertEqual(injected.call("write", 2, b"machine code was here\n", 22), 22)
        run = self.worker.run()
        self.assertEqual((run.outcome, run.stderr), ("ok", b"machine code was here\n"))

    def test_files_of_the_host_and_of_other_leases(self):
        with_path = {"openat": (-100, b"/etc/passwd\0", 0, 0), "open": (b"/etc/passwd\0", 0), "mkdir": (b"/tmp/x\0", 0o777),
                     "unlink": (b"/tmp/x\0",), "symlink": (b"/etc\0", b"/tmp/x\0"), "chdir": (b"/\0",),
                     "chmod": (b"/tmp\0", 0o777), "openat2": (-100, b"/etc/passwd\0", b"\0" * 24, 24),
                     "readlink": (b"/proc/self/exe\0", b"\0" * 64, 64)}
        for name, args in with_path.items():
            with self.subTest(name):
                self.assertIn(self.outcome(name, *args), (errno.EPERM, "killed"))

    def test_the_network_metadata_and_the_agents_socket(self):
        for name, args in {"socket": (socket.AF_INET, socket.SOCK_STREAM, 0), "connect": (3, b"\2\0\0\x50" + bytes(12), 16),
                           "bind": (3, b"\1\0/tmp/x\0", 9), "socketpair": (1, 1, 0, b"\0" * 8),
                           "pidfd_open": (os.getpid(), 0), "pidfd_getfd": (3, 3, 0)}.items():
            with self.subTest(name):
                self.assertIn(self.outcome(name, *args), (errno.EPERM, "killed"))

    def test_other_processes(self):
        ours = os.getpid()
        sleeper = subprocess.Popen(["sleep", "600"])
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        tries = {"kill": (sleeper.pid, 9), "tkill": (sleeper.pid, 9), "tgkill": (sleeper.pid, sleeper.pid, 9),
                 "ptrace": (16, sleeper.pid, 0, 0), "process_vm_readv": (ours, 0, 0, 0, 0, 0),
                 "process_vm_writev": (ours, 0, 0, 0, 0, 0), "execve": (b"/bin/sh\0", 0, 0), "execveat": (3, b"\0", 0, 0, 0),
                 "fork": (), "clone": (signal.SIGCHLD, 0, 0, 0, 0),
                 "prlimit64": (sleeper.pid, 7, b"\1" + bytes(15), 0)}
        for name, args in tries.items():
            with self.subTest(name):
                self.assertIn(self.outcome(name, *args), (errno.EPERM, "killed"))
        self.assertEqual(self.outcome("clone3", b"\0" * 64, 64), errno.ENOSYS)
        # A signal by way of a descriptor: its owner, the signal's number, and that it be sent.
        self.assertEqual(self.outcome("fcntl", 3, 8, sleeper.pid), errno.EPERM)
        self.assertEqual(self.outcome("fcntl", 3, 10, 9), errno.EPERM)
        self.assertIsNone(sleeper.poll())

    def test_the_kernel(self):
        for name, args in {"mount": (b"x\0", b"/\0", b"tmpfs\0", 0, 0), "unshare": (0x10000000,), "setns": (3, 0),
                           "bpf": (0, 0, 0), "userfaultfd": (0,), "io_uring_setup": (8, b"\0" * 120), "setuid": (0,),
                           "reboot": (0, 0, 0, 0), "personality": (0x40000,), "ioctl": (3, 0x5401, 0)}.items():
            with self.subTest(name):
                self.assertIn(self.outcome(name, *args), (errno.EPERM, "killed"))


del ServedTest  # which is no test

if __name__ == "__main__":
    fogtest.main()
