#!/usr/bin/env python3
"""What a Publisher sees of his running service: its log wherever it runs, its meter, and programs in its containers.
The part with containers is skipped, with the reason, where this machine cannot run them."""
import os
import pty
import select
import socket
import subprocess
import threading
import time
import unittest

import fogtest
from contained import Container, doctor_of_containers, run
from fogtest import ROOT, http as exchange, programs_folder, until
from host_test import Host
from served import SETTINGS, ServedTest, make_guest

MANIFEST = """
name: watched
runtime: wasm
artifact: guest.wasm
limits: {memory_mib: 32, fuel_per_request: 2000000000, wall_ms: 20000}
bid:
  resources: {cpu_milli: 500, memory_mib: 128}
  price_cap_per_hour: 5 FOG
  spend_cap_per_hour: 50 FOG
  deposit: 40 FOG
"""


class Following:
    """`fogcoin logs -f` in the background, and what it has printed so far."""

    def __init__(self, owner, *words):
        self.program = subprocess.Popen([programs_folder() / "fogcoin", *owner.options(), "logs", "-f", *words],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)
        self.lines = []
        self.reader = threading.Thread(target=lambda: [self.lines.append(line) for line in self.program.stdout])
        self.reader.start()

    def count(self, text):
        return sum(text in line for line in list(self.lines))

    def started(self):
        """Waits for the line that it begins with."""
        until("the log is followed", lambda: self.count("a line"), 60)
        return self

    def end(self):
        self.program.kill()
        self.program.wait()
        self.reader.join()
        self.program.stdout.close()


class Watched(ServedTest):
    settings = tuple(each for each in SETTINGS if "notice" not in each) + ("market.notice_ms=2000",)

    @classmethod
    def prepare(cls):
        folder = cls.stage.folder
        make_guest(folder)
        (folder / "service.yaml").write_text(MANIFEST)
        cls.serve("watched", folder / "service.yaml")
        cls.stranger, addresses = cls.stage.wallet(cls.node.url, "stranger")
        cls.owner("send", f"{addresses['main']}=10")

    def write(self, count):
        for _ in range(count):
            self.assertEqual(exchange(f"{self.url}/watched/?log")[0], 200)

    def test_a_the_log_is_shown_to_its_owner_alone(self):
        self.write(5)
        lease = self.lease()["id"]
        until("the lines are there", lambda: self.owner.run("logs", lease, json_output=False).out.count("a line") == 5)
        text = self.owner.run("logs", "watched", "-n", 3, json_output=False).out
        self.assertEqual(text, "a line for the log\n" * 3)
        [first, *_] = self.owner.run("logs", lease, "-n", 2).out.splitlines()
        self.assertIn('"line":"a line for the log"', first)
        self.assertIn("refused (403): that is for the service's owner", self.stranger.fails(1, "logs", lease))
        self.assertIn("403", self.stranger.fails(1, "metrics", lease))
        self.assertIn("there is no lease or service", self.owner.fails(4, "logs", "nothing"))

    def test_b_the_meter_counts_what_was_served(self):
        before = self.owner("metrics", "watched")[0]["meter"]
        self.write(3)
        exchange(f"{self.url}/watched/?trap")
        def counted():
            meter = self.owner("metrics", "watched")[0]["meter"]
            return meter if int(meter["served"]) == int(before["served"]) + 4 else None
        until("all requests are counted", counted)
        meter = counted()
        self.assertEqual(int(meter["failed"]) - int(before["failed"]), 1)
        self.assertGreater(int(meter["fuel"]), int(before["fuel"]))
        self.assertGreater(int(meter["response_bytes"]), int(before["response_bytes"]))
        self.assertGreater(int(meter["request_memory_peak_bytes"]), 0)
        self.assertGreater(int(meter["up_ms"]), 0)
        self.assertEqual((meter["phase"], meter["restarts"]), ("serving", "0"))
        self.assertEqual(sum(int(each["requests"]) for each in meter["took"]), int(meter["served"]))
        self.assertGreaterEqual(int(meter["took_us"]["p99"]), int(meter["took_us"]["p50"]))
        table = self.owner.run("metrics", self.lease()["id"], json_output=False).out
        self.assertIn("P99 MS", table.splitlines()[0])

    def test_c_there_is_no_program_without_a_container(self):
        self.assertIn("there is no container", self.owner.fails(1, "exec", self.lease()["id"], "--", "ls"))

    def test_d_what_is_no_question_is_refused(self):
        host = self.host("status")["host"]["endpoint"]
        address, port = host.removeprefix("http://").split(":")
        for body, head in ((b"x" * 40, "Upgrade: fog-view\r\nConnection: Upgrade\r\n"), (b"", ""),
                           (b"x" * 4000, "Upgrade: fog-view\r\nConnection: Upgrade\r\n")):
            with socket.create_connection((address, int(port))) as line:
                line.sendall(f"POST /.fog/view HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode()
                             + body)
                self.assertRegex(line.recv(4096).decode(), r"^HTTP/1.1 4\d\d ")

    def test_e_more_than_may_look_are_refused_and_then_not(self):
        lease = self.lease()["id"]
        self.write(1)
        followers = [Following(self.owner, lease, "-n", "1") for _ in range(8)]
        try:
            # Each opens its wallet first, which takes a second of a core.
            until("eight follow", lambda: all(each.count("a line") for each in followers), 90)
            self.assertIn("as many look at this replica", self.owner.fails(1, "metrics", lease))
        finally:
            for each in followers:
                each.end()
        until("it can be seen again", lambda: self.owner.run("metrics", lease, code=None).code == 0)

    def test_y_a_killed_front_and_agent_are_followed(self):
        self.write(1)
        follower = Following(self.owner, "watched", "-n", "1").started()
        try:
            for what in ("front", "agent"):
                before = follower.count("a line")
                self.host.kill(what)
                until("it serves again", lambda: exchange(f"{self.url}/watched/?log")[0] == 200, 60)
                until("and is followed", lambda: follower.count("a line") > before)
        finally:
            follower.end()

    def test_z_it_is_followed_to_another_host(self):
        first = self.lease()["id"]
        self.write(1)
        follower = Following(self.owner, "watched", "-n", "1").started()
        try:
            self.write(1)
            until("the line comes", lambda: follower.count("a line") == 2)
            other = Host(self.stage, self.node, self.owner, "other", "1")
            self.host("drain", "--after", "1")
            until("the other Host serves it", lambda: any(
                each["host"] == other.id and each["state"] == "active"
                for each in self.owner("bid", "show", self.bid)["leases"]), 90)
            def answers():
                exchange(f"{self.url}/watched/?log")
                return follower.count(f"@{other.id[2:10]} | a line")
            until("lines come from there", answers, 60)
            self.assertGreater(follower.count("runs now"), 0)
            until("the first has closed", lambda: self.owner("lease", "show", first)["state"] == "closed", 60)
            # What a replica wrote can be read after its end, within the audit window.
            self.assertIn("a line", self.owner.run("logs", first, json_output=False).out)
        finally:
            follower.end()


@unittest.skipIf(doctor_of_containers(), f"no containers here: {doctor_of_containers()}")
class Program(Container):
    service, port = "guest", 8080

    @staticmethod
    def extra(rootfs):
        run("gcc", "-O1", "-static", "-o", rootfs / "srv/tool", ROOT / "tests/functional/exec_guest.c")

    def exec(self, *words, code=0, given="", owner=None):
        options = [*(owner or self.owner).options(), "exec", self.lease()["id"], "--", "/srv/tool", *words]
        done = subprocess.run([programs_folder() / "fogcoin", *options], input=given, text=True, capture_output=True,
                              timeout=60)
        self.assertEqual(done.returncode, code, done.stderr[-2000:])
        return done

    def test_words_streams_and_the_exit_code_go_through(self):
        self.assertEqual(self.exec("a b", "--json", "-t", "").stdout, "[a b][--json][-t][]\n")
        text = "".join(f"line {i}\n" for i in range(200_000))
        done = self.exec("copy", given=text)
        self.assertEqual((done.stdout == text, done.stderr), (True, "that was all\n"))
        self.exec("exit", "42", code=42)
        self.exec("signal", "9", code=137)

    def test_it_is_as_confined_as_the_service(self):
        status = self.exec("status", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Uid").stdout
        fields = dict(line.split(":\t", 1) for line in status.splitlines())
        self.assertEqual(int(fields["CapEff"], 16), 0)
        self.assertEqual((fields["NoNewPrivs"], fields["Seccomp"]), ("1", "2"))
        self.assertEqual(self.exec("env", "GREETING").stdout, "good day\n")
        # Its memory is the container's.
        self.assertNotEqual(subprocess.run([programs_folder() / "fogcoin", *self.owner.options(), "exec",
                                            self.lease()["id"], "--", "/srv/tool", "memory"], stdin=subprocess.DEVNULL,
                                           capture_output=True, timeout=60).returncode, 0)
        until("it answers", lambda: self.ask("/")[0] == 200, 60)

    def test_a_terminal_is_given(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(programs_folder() / "fogcoin", ["fogcoin", *map(str, self.owner.options()), "exec", "-t",
                                                     self.lease()["id"], "--", "/srv/tool", "terminal"])
        shown, typed, end = b"", False, time.monotonic() + 60
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    shown += os.read(terminal, 4096)
                except OSError:
                    break
            if not typed and shown.endswith(b"name? "):
                typed = True
                os.write(terminal, b"you\r")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 7, shown)
        os.close(terminal)
        self.assertIn(b"1 1 ", shown)
        self.assertIn(b"good day you", shown)

    def test_it_ends_when_nobody_waits_for_it(self):
        def tools():
            return int(subprocess.run(["pgrep", "-x", "-c", "tool"], capture_output=True, text=True).stdout)
        options = [*self.owner.options(), "exec", self.lease()["id"], "--", "/srv/tool", "sleep"]
        waiting = subprocess.Popen([programs_folder() / "fogcoin", *options], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        self.assertEqual(waiting.stdout.readline(), b"sleeps\n")
        self.assertEqual(tools(), 1)
        waiting.kill()
        waiting.communicate()
        until("it has ended", lambda: tools() == 0)

    def test_only_so_many_and_for_the_owner_alone(self):
        stranger, addresses = self.stage.wallet(self.node.url, "stranger")
        self.assertIn("403", self.exec("x", code=1, owner=stranger).stderr)
        options = [programs_folder() / "fogcoin", *self.owner.options(), "exec", self.lease()["id"], "--", "/srv/tool",
                   "sleep"]
        waiting = [subprocess.Popen(options, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) for _ in range(4)]
        try:
            for each in waiting:
                self.assertEqual(each.stdout.readline(), b"sleeps\n")
            self.assertIn("as many programs", self.exec("x", code=1).stderr)
        finally:
            for each in waiting:
                each.kill()
                each.communicate()

    def test_the_meter_shows_the_container(self):
        meter = self.owner("metrics", "guest")[0]["meter"]
        self.assertIs(meter["container"], True)
        self.assertGreater(int(meter["memory_bytes"]), 0)

    def test_zz_a_host_may_refuse(self):
        config = self.host.folder / "host.yaml"
        config.write_text(config.read_text().replace("exec: owner", "exec: off"))
        self.host.kill("agent")
        until("it answers again", lambda: self.ask("/")[0] == 200, 60)
        self.assertIn("exec: off", self.exec("x", code=1).stderr)


del Container, ServedTest  # which are no tests

if __name__ == "__main__":
    fogtest.main()
