"""What the tests of malicious peers share: a network of four validators with people who pay, a peer of noise_peer.py
that attacks the first of them, and what must hold after each attack. FOG_LONG=1 floods for longer."""
import contextlib
import os
import pathlib
import re
import socket
import threading
import time

import coincurve

import fogtest
import wire_forms
from bank import Bank
from noise_peer import CONTROL, PING, Peer, Wire

LONG = bool(os.environ.get("FOG_LONG"))
COUNT = 4
TARGET = 0  # who is attacked
MEMORY_MIB = 400  # above what it took before, at most, whatever is done to it


class HostileTest(fogtest.StagedTest):
    """A network of four with people who pay, and what must hold whatever a peer does to the first of them."""
    @classmethod
    def make(cls, accounts):
        """The network."""
        return fogtest.Validators(cls.stage, COUNT, accounts, options=["--delay-ms", "500"])

    @classmethod
    def prepare(cls):
        cls.bank = Bank(accounts=2, lanes=1)
        cls.net = cls.make(cls.bank.opening())
        cls.net.wait_for_peers()
        cls.bank.open(cls.net)
        cls.paying = contextlib.ExitStack()
        cls.paying.enter_context(cls.bank.tellers("hostile"))
        cls.net.wait_for_height(3)
        cls.place = (cls.net.host(TARGET), cls.net.ports[TARGET])
        cls.node_id = bytes.fromhex(cls.net.ids[TARGET])
        cls.chain = cls.bank.chain
        cls.prologue = b"fogcoin/1" + b"0x" + cls.chain.hex().encode()
        cls.resting_kib = cls.memory_kib()
        cls.kinds = wire_forms.kinds(cls.chain)

    @classmethod
    def tearDownClass(cls):
        cls.paying.close()
        super().tearDownClass()

    # ---- what must hold after each attack ----

    @classmethod
    def memory_kib(cls):
        status = pathlib.Path(f"/proc/{cls.net.programs[TARGET].process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s*(\d+)", status)[1])

    def check_health(self):
        self.assertTrue(self.net.running(TARGET), "the node runs")
        self.assertLess((self.memory_kib() - self.resting_kib) / 1024, MEMORY_MIB, "its memory is bounded")
        self.net.wait_for_height(self.net.height(TARGET) + 2)
        for number in range(1, COUNT):
            self.assertNotIn(f"peer {self.net.ids[number]} banned", self.log())
            self.assertNotRegex(self.net.log_text(number), rf"peer {self.net.ids[TARGET]} (banned|down)")

    def peer(self, **more):
        return Peer(self.place, self.node_id, self.prologue, **more)

    def wire(self, prologue, node_id):
        wire = Wire(self.place)
        wire.shake_hands(coincurve.PrivateKey(), node_id, prologue)
        return wire

    def log(self):
        return self.net.log_text(TARGET)

    def is_banned(self, peer):
        """Whether its session is over, and the log says why."""
        return peer.is_ended() and fogtest.until("the log says so", lambda: f"peer {peer.id} banned: " in self.log())

    def reason(self, peer):
        return re.search(rf"peer {peer.id} banned: (.*)", self.log())[1]

    @contextlib.contextmanager
    def reading(self, peer):
        """What the node says to it is read and thrown away meanwhile, so that it never is a peer that does not read."""
        def read(wire):
            with contextlib.suppress(OSError):
                while wire.socket.recv(1 << 16):
                    pass
        readers = [threading.Thread(target=read, args=(wire,), daemon=True) for wire in (peer.consensus, peer.bulk)]
        for one in readers:
            one.start()
        yield
        for wire in (peer.consensus, peer.bulk):
            with contextlib.suppress(OSError):  # ended by the node
                wire.socket.shutdown(socket.SHUT_RDWR)
        for one in readers:
            one.join(20)

    def attack(self, act, times=60):
        """Does it until the node ends the session; the peer."""
        peer = self.peer()
        self.addCleanup(peer.close)
        with contextlib.suppress(OSError):
            for _ in range(times):
                act(peer)
        return peer

    def must_ban(self, what, act, times=60):
        with self.subTest(what):
            peer = self.attack(act, times)
            self.assertTrue(self.is_banned(peer), "it is banned")
            peer.close()
            return self.reason(peer)

    def must_pass_over(self, what, act, times=1):
        """What an honest peer may do too, at the wrong time: no blame, and no harm."""
        with self.subTest(what):
            peer = self.peer()
            with self.reading(peer):
                for _ in range(times):
                    act(peer)
                self.check_health()
                peer.bulk.send(CONTROL, PING, bytes(8))  # still there
                time.sleep(0.2)
                self.assertNotIn(f"peer {peer.id} banned", self.log())
                self.assertNotIn(f"peer {peer.id} down", self.log())
            peer.close()

    def test_zz_the_books_hold_after_all_that(self):
        """The last, for it ends the payments."""
        self.paying.close()
        self.bank.audit()
