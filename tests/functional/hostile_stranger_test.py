#!/usr/bin/env python3
"""Strangers against real validators: they never finish their handshake, get it wrong in every way, and say hello as
nobody does. The node ends each of them, runs, and serves honest peers as before.

Run by tests/functional/with_venv, which installs other people's curve and ciphers."""
import contextlib
import os
import socket
import time

import coincurve

import fogtest
import hostile
import noise_peer
from noise_peer import CONSENSUS, CONTROL, HELLO, Wire, hello


class HostileStranger(hostile.HostileTest):
    def test_strangers_that_never_finish_a_handshake(self):
        begun = time.monotonic()
        half_open = [socket.create_connection(self.place, 20) for _ in range(200)]
        garbage = socket.create_connection(self.place, 20)
        with contextlib.suppress(OSError):
            garbage.sendall(os.urandom(100_000))
        self.check_health()
        # Of those that were let in, each has its time and no more.
        for one in half_open:
            one.settimeout(20)
            self.assertEqual(one.recv(1), b"", "the node ends it")
        self.assertLess(time.monotonic() - begun, 60)
        garbage.close()

        loris = socket.create_connection(self.place, 20)
        act = noise_peer.Handshake(coincurve.PrivateKey(), self.node_id, self.prologue).act_one()
        with self.assertRaises(OSError):
            for byte in act + act:
                loris.sendall(bytes([byte]))
                time.sleep(0.25)
        self.peer().close()  # and now anybody may come in
        self.check_health()

    def test_handshakes_with_something_wrong(self):
        own = coincurve.PrivateKey()
        for what, prologue, node_id in (
                ("another chain", b"fogcoin/10x" + bytes(32).hex().encode(), self.node_id),
                ("another protocol", b"lightning", self.node_id),
                ("another node", self.prologue, own.public_key.format()),
                ("no chain", b"", self.node_id)):
            with self.subTest(what), self.assertRaises(OSError):
                self.wire(prologue, node_id)
        good = noise_peer.Handshake(own, self.node_id, self.prologue).act_one()
        for what, act in (("version", b"\x01" + good[1:]), ("no point", b"\x00\x05" + good[2:]),
                          ("not on the curve", b"\x00\x02" + b"\xff" * 32 + good[34:]), ("tag", good[:-1] + b"\x00")):
            with self.subTest(what):
                wire = Wire(self.place)
                wire.socket.sendall(act)
                self.assertTrue(wire.is_ended())
        with self.subTest("act three"):
            wire = Wire(self.place)
            handshake = noise_peer.Handshake(own, self.node_id, self.prologue)
            wire.socket.sendall(handshake.act_one())
            act = handshake.act_three(wire.receive(50))
            wire.socket.sendall(act[:20] + bytes(46))
            self.assertTrue(wire.is_ended())
        self.check_health()

    def test_hellos_with_something_wrong(self):
        for what, lane, kind, body in (("no hello first", CONSENSUS, 0x11, self.kinds["vote"].example),
                                       ("a channel that is not", CONTROL, HELLO, b"\x02" + hello(0)[1:]),
                                       ("cut short", CONTROL, HELLO, hello(0)[:-1]),
                                       ("too much", CONTROL, HELLO, hello(0) + b"\x00"),
                                       ("too large", CONTROL, HELLO, bytes(129)),
                                       ("a session that is not", CONTROL, HELLO, hello(1, session=12345))):
            with self.subTest(what):
                wire = self.wire(self.prologue, self.node_id)
                wire.send(lane, kind, body)
                self.assertTrue(wire.is_ended())
        with self.subTest("a second connection that never comes"):
            wire = self.wire(self.prologue, self.node_id)
            wire.send(CONTROL, HELLO, hello(0))
            self.assertTrue(wire.is_ended())
        self.check_health()


if __name__ == "__main__":
    fogtest.main()
