#!/usr/bin/env python3
"""A malicious peer, written from the specification, against real validators: it violates each bound of the transport
in turn, and sends every kind of message in every wrong form. After each, the node runs, its memory stays bounded,
blocks go on, its honest peers stay connected, and the offender is gone, banned where the rules say so
(chain/net/README.md), with a reason in the log.

Run by tests/functional/with_venv, which installs other people's curve and ciphers. FOG_LONG=1 floods for longer."""
import contextlib
import os
import socket
import struct
import time

import coincurve

import fogtest
import hostile
import noise_peer
import wire_forms
from noise_peer import BULK, CONSENSUS, CONTROL, GET_PEERS, HELLO, PEERS, PING, Wire, frames, hello


class HostilePeer(hostile.HostileTest):
    # ---- frames ----

    def test_frames_that_no_honest_node_sends(self):
        def frame(on, *more):
            return lambda peer: [peer.wire(on).send_frame(one) for one in more]
        head = bytes([0x80 | BULK, 0x1A])
        for what, act in {
                "longer than a frame may be": frame(BULK, bytes(40_000)),
                "empty": frame(BULK, b""),
                "unknown bits": frame(BULK, b"\x7c\x00"),
                "a head cut short": frame(BULK, head + bytes(3)),
                "a piece of no message": frame(BULK, bytes([BULK]) + bytes(10)),
                "a piece that is neither full nor the rest": frame(BULK, head + struct.pack("<I", 100_000) + bytes(10)),
                "a message within a message": frame(
                    BULK, head + struct.pack("<I", 100_000) + bytes(noise_peer.PIECE), *frames(BULK, 0x1A, bytes(10))),
                "a second hello": lambda peer: peer.bulk.send(CONTROL, HELLO, hello(1)),
                "a ping of another size": lambda peer: peer.bulk.send(CONTROL, PING, bytes(9)),
        }.items():
            self.must_ban(what, act)
        for number in (0x00, 0x0F, 0x20, 0x99, 0xFF):
            for lane in (CONSENSUS, BULK, CONTROL):
                self.must_ban(f"kind {number:#x} on lane {lane}", lambda peer: peer.wire(lane).send(lane, number))
        self.check_health()

    def test_frames_that_were_changed_or_repeated_end_the_session_without_blame(self):
        for what, change in (("changed", lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1])),
                             ("repeated", lambda sealed: sealed + sealed)):
            with self.subTest(what):
                peer = self.peer()
                peer.bulk.socket.sendall(change(peer.bulk.sealer.seal(frames(CONTROL, PING, bytes(8))[0])))
                self.assertTrue(peer.is_ended())
                self.assertNotIn(f"peer {peer.id} banned", self.log())
                self.peer(key=peer.key).close()  # who stands between could have done it: it may come back
        self.check_health()

    def test_who_is_banned_is_not_let_in_again(self):
        peer = self.attack(lambda peer: peer.bulk.send_frame(b""))
        self.assertTrue(self.is_banned(peer))
        with self.assertRaises(OSError):
            self.peer(key=peer.key).close()

    # ---- messages ----

    def test_every_kind_in_every_wrong_form(self):
        for name, kind in self.kinds.items():
            other = self.other_wire(kind.lane)
            self.must_ban(f"{name}: over its bound", lambda peer: peer.wire(kind.lane).send_frame(
                bytes([0x80 | kind.lane, kind.number]) + struct.pack("<I", kind.bytes_max + 1) + bytes(32768)))
            self.must_ban(f"{name}: of four gigabytes", lambda peer: peer.wire(kind.lane).send_frame(
                bytes([0x80 | kind.lane, kind.number]) + struct.pack("<I", 2**32 - 1) + bytes(32768)))
            self.must_ban(f"{name}: on the other connection", lambda peer: other(peer).send(
                kind.lane, kind.number, kind.example))
            self.must_ban(f"{name}: on another lane", lambda peer: peer.consensus.send(
                CONTROL, kind.number, kind.example))
            for what, body in wire_forms.misshapen(kind):
                self.must_ban(f"{name}: {what}", lambda peer: peer.wire(kind.lane).send(kind.lane, kind.number, body))
        self.check_health()

    @staticmethod
    def other_wire(lane):
        return lambda peer: peer.bulk if lane == CONSENSUS else peer.consensus

    def test_faster_than_a_kind_may_be(self):
        for name in ("get final", "get certificates", "status", "get block"):
            kind = self.kinds[name]
            with self.subTest(name):
                peer = self.peer()
                with self.reading(peer):
                    with contextlib.suppress(OSError):
                        for _ in range(5_000):
                            peer.wire(kind.lane).send(kind.lane, kind.number, kind.example)
                    fogtest.until("it is banned", lambda: f"peer {peer.id} banned: " in self.log())
                self.assertIn("beyond their rate", self.reason(peer))
        for what, kind in (("pings", PING), ("requests for peers", GET_PEERS)):
            self.must_ban(what, lambda peer: peer.bulk.send(CONTROL, kind, bytes(8 if kind == PING else 0)), 500)
        self.check_health()

    # ---- addresses ----

    def test_a_peer_that_hands_out_addresses_of_nobody(self):
        """The node finds it, dials it, asks it for peers, and is told of places that lead nowhere."""
        for count in (65, 64):  # one too many is no list; after the other, the node has places to try for a while
            name = self.be_dialled(self.bogus(count))
            if count > 64:
                fogtest.until("it is banned", lambda: f"peer {name} banned: " in self.log())
            self.check_health()

    def be_dialled(self, peers):
        """Hands these out to the node that has dialled; the name that it did it under. A place in the node's book is for
        one, and a newcomer is not written down where another stands: then it comes under another name."""
        for _ in range(4):
            key = coincurve.PrivateKey()
            with socket.create_server(("127.0.0.1", 0)) as door:
                door.settimeout(15)
                self.peer(key=key, port=door.getsockname()[1]).close()  # the node learns of it
                with contextlib.suppress(TimeoutError):
                    self.answer_dials(door, key, peers)
                    return key.public_key.format().hex()
        return self.fail("the node dialled none of four")

    @staticmethod
    def bogus(count):
        """Ids at multicast, unspecified, private and public places, some with no port."""
        places = ("224.0.0.1", "0.0.0.0", "255.255.255.255", "10.1.2.3", "127.0.0.1", "203.0.113.9")
        return wire_forms.listed([
            coincurve.PrivateKey().public_key.format() + bytes(10) + b"\xff\xff"
            + socket.inet_aton(places[i % len(places)]) + struct.pack("<H", i % 3) for i in range(count)])

    def answer_dials(self, door, key, peers):
        """Plays the node that was dialled until it has been asked for peers."""
        wires = []
        for channel in range(2):
            wire = object.__new__(Wire)
            wire.socket, wire.lanes = door.accept()[0], {}
            wire.socket.settimeout(30)
            self.assertEqual(wire.answer_handshake(key, self.prologue), self.node_id)
            kind, body = wire.receive_message()
            self.assertEqual((kind, body[0]), (HELLO, channel))
            wire.send(CONTROL, HELLO, hello(channel, session=1, port=door.getsockname()[1]))
            wires.append(wire)
        while wires[1].receive_message()[0] != GET_PEERS:
            pass
        wires[1].send(CONTROL, PEERS, peers)
        time.sleep(0.5)
        for wire in wires:
            wire.close()


if __name__ == "__main__":
    fogtest.main()
