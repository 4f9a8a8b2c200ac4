#!/usr/bin/env python3
"""Four validators, one of them on a file system of its own that fills up: it stops with a message that says what to do,
the others go on; with space again it catches up and votes, and nothing is lost. The file system is a real one of a few
megabytes, so the error is the kernel's. Skipped, with a reason, where the machine does not let a program mount."""
import os
import subprocess

import fogtest
import links
from bank import Bank

COUNT = 4
FULL = 3  # who runs out of space
OTHERS = [0, 1, 2]
DISK_MIB = 64


class DiskFull(fogtest.StagedTest):
    @classmethod
    def prepare(cls):
        cls.bank = Bank(accounts=3)
        cls.disk = cls.stage.folder / "disk"
        cls.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "small", cls.disk], check=True)
        disk = cls.disk

        class Network(fogtest.Validators):
            def add(self, *words, folder=None):
                return super().add(*words, folder=disk / "node" if len(self.folders) == FULL else folder)

        cls.net = Network(cls.stage, COUNT, cls.bank.opening(), settings=["params.epoch_length=30"],
                          options=["--delay-ms", "300"])
        cls.net.wait_for_peers()
        cls.bank.open(cls.net)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        subprocess.run(["umount", "--lazy", cls.disk], check=False)

    def fill(self, leave):
        """Leaves so many bytes free on the small disk."""
        space = os.statvfs(self.disk)
        with open(self.disk / "filler", "wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, space.f_bavail * space.f_frsize - leave)

    def end_of(self, number, seconds=60):
        """What it said when it ended by itself."""
        program = self.net.programs[number]
        code = fogtest.until("the node stops by itself", lambda: program.process.poll(), seconds)
        self.assertEqual(code, 1)
        return program.log.read_text(errors="replace").strip().splitlines()[-1]

    def test_it_stops_says_why_and_comes_back(self):
        net = self.net
        with self.bank.tellers("disk"):
            net.wait_for_height(5)
            self.fill(leave=128 * 1024)
            said = self.end_of(FULL)
            self.assertIn("no space left", said.lower())
            self.assertIn(str(self.disk), said, "it names the place")
            self.assertIn("free", said.lower(), "it says what to do")
            height = net.height(0)
            net.wait_for_height(height + 10, OTHERS)

            # Still full: the start says the same, and touches nothing.
            net.launch(FULL)
            said = self.end_of(FULL)
            self.assertIn("no space left", said.lower())

            (self.disk / "filler").unlink()
            net.start(FULL)
            net.wait_for_height(net.height(0))
            # Now the chain needs its votes.
            net.programs[0].kill()
            height = net.height(1)
            net.wait_for_height(height + 10, [1, 2, FULL])
            net.start(0)
        figures = self.bank.audit()
        self.assertGreater(figures["acknowledged"], 20)


if __name__ == "__main__":
    links.enter_namespaces()
    fogtest.main()
