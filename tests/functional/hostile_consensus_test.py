#!/usr/bin/env python3
"""A malicious peer whose messages are well-formed and false: votes that nobody signed, answers that nobody asked for,
claims that are not kept, questions without end. After each, the node runs, its memory stays bounded, blocks go on, its
honest peers stay connected, and the offender is banned where no honest peer does the like.

Run by tests/functional/with_venv, which installs other people's curve and ciphers. FOG_LONG=1 floods for longer."""
import contextlib
import os
import socket
import struct
import time

import fogtest
import hostile
import wire_forms
from noise_peer import BULK, CONSENSUS, CONTROL, PEERS, TRANSACTIONS


class HostileConsensus(hostile.HostileTest):
    def test_answers_that_nobody_asked_for(self):
        for name in ("final", "block", "block txs"):
            kind = self.kinds[name]
            self.must_ban(name, lambda peer: peer.wire(kind.lane).send(kind.lane, kind.number, kind.example), 60)
        # Large ones, as many as it takes: they are not even decoded.
        large = struct.pack("<Q", 1) + wire_forms.listed(
            [wire_forms.block(self.chain, txs=[bytes(100_000)] * 20)]) + wire_forms.NONE
        self.must_ban("final blocks of 2 MB", lambda peer: peer.bulk.send(BULK, 0x1A, large), 60)
        self.must_ban("peers", lambda peer: peer.bulk.send(CONTROL, PEERS, b"\x00"), 200)
        reason = self.must_ban("transactions of no form", lambda peer: peer.bulk.send(
            TRANSACTIONS, 0x1D, wire_forms.texts([os.urandom(200)])))
        self.assertIn("no honest node passes on", reason)
        self.check_health()

    # ---- consensus ----

    def present(self):
        """(epoch, view) of a vote that an honest node has just cast."""
        peer = self.peer()
        try:
            while True:
                kind, body = peer.consensus.receive_message()
                if kind == 0x11:
                    return struct.unpack("<QQ", body[:16])
        finally:
            peer.close()

    def test_votes_proposals_and_certificates_that_are_false(self):
        def spread(make):
            """Around the present view: whatever it is by the time that this arrives."""
            def act(peer):
                epoch, view = self.present()
                for ahead in range(3, 30):
                    for message in make(epoch, view + ahead):
                        peer.consensus.send(CONSENSUS, *message)
            return act
        block = bytes(31) + b"\x07"
        for what, make, why in (
                ("a vote that nobody signed",
                 lambda epoch, view: [(0x11, wire_forms.signed(wire_forms.vote(epoch, view, wire_forms.NULLIFY), 1))],
                 "wrong signature"),
                ("a proposal that no leader signed",
                 lambda epoch, view: [(0x10, wire_forms.signed(wire_forms.vote(epoch, view, block=block), i)
                                       + wire_forms.NONE * 2) for i in range(hostile.COUNT)],
                 "leader"),
                ("a certificate without a quorum",
                 lambda epoch, view: [(0x12, wire_forms.certificate(wire_forms.vote(epoch, view, block=block), []))],
                 "does not hold"),
                ("a certificate with false signatures",
                 lambda epoch, view: [(0x12, wire_forms.certificate(
                     wire_forms.vote(epoch, view, block=block), [(i, bytes(64)) for i in range(hostile.COUNT)]))],
                 "does not hold")):
            reason = self.must_ban(what, spread(make), 3)
            self.assertIn(why, reason)
        self.check_health()

    def test_votes_that_count_for_nothing_cost_nothing(self):
        epoch, view = self.present()
        flood = 20_000 if hostile.LONG else 3_000
        block = bytes(32)
        for what, body in (
                ("of a stranger", wire_forms.signed(wire_forms.vote(epoch, view + 2), 77)),
                ("of another epoch", wire_forms.signed(wire_forms.vote(epoch + 1000, view), 0)),
                ("of a view long past", wire_forms.signed(wire_forms.vote(epoch, 0, block=block), 0)),
                ("of a view far ahead", wire_forms.signed(wire_forms.vote(epoch, view + 10**9), 0))):
            self.must_pass_over(f"votes {what}", lambda peer: peer.consensus.send(CONSENSUS, 0x11, body), flood)
        # Kept for the next epoch, so many and no more.
        large = (wire_forms.signed(wire_forms.vote(epoch + 1, 1), 0)
                 + wire_forms.some(wire_forms.block(self.chain, txs=[bytes(100_000)] * 40)) + wire_forms.NONE)
        self.must_pass_over("proposals of the next epoch", lambda peer: peer.consensus.send(CONSENSUS, 0x10, large),
                            100 if hostile.LONG else 25)

    def test_what_others_said_said_again(self):
        listener = self.peer()
        heard = []
        while len(heard) < 60:
            kind, body = listener.consensus.receive_message()
            if kind in (0x10, 0x11, 0x12):
                heard.append((kind, body))
        listener.close()

        def again(peer):
            for kind, body in heard:
                peer.consensus.send(CONSENSUS, kind, body)
        self.must_pass_over("replays", again, 50 if hostile.LONG else 20)

    # ---- who asks and claims too much ----

    def test_claims_that_are_not_kept(self):
        def announce(peer):
            peer.bulk.send(TRANSACTIONS, 0x1B, wire_forms.listed([os.urandom(32) for _ in range(4096)]))
        peer = self.peer()
        with self.reading(peer):
            before = sum(self.height_of_bank())
            with contextlib.suppress(OSError):
                for _ in range(400 if hostile.LONG else 100):
                    announce(peer)
            self.check_health()
            fogtest.until("people are paid meanwhile", lambda: sum(self.height_of_bank()) > before, 30)
        peer.close()

        liar = self.peer()
        with self.reading(liar):
            liar.consensus.send(CONSENSUS, 0x18, struct.pack("<QQ", 2**63, 1) + bytes(32))
            self.check_health()
        liar.close()

    def height_of_bank(self):
        return [payment.height is not None for payment in list(self.bank.payments.values())]

    def test_questions_about_nothing(self):
        for what, lane, number, body in (
                ("blocks", CONSENSUS, 0x14, os.urandom(32)),
                ("transactions of a block", CONSENSUS, 0x16, os.urandom(32) + wire_forms.listed([bytes(4)] * 65536)),
                ("final blocks of the future", BULK, 0x19, struct.pack("<QI", 2**64 - 1, 2**32 - 1)),
                ("final blocks before the first", BULK, 0x19, struct.pack("<QI", 0, 1024)),
                ("certificates of all views", CONSENSUS, 0x13, struct.pack("<QQQ", 0, 0, 2**64 - 1)),
                ("certificates from the last to the first", CONSENSUS, 0x13, struct.pack("<QQQ", 0, 2**64 - 1, 0)),
                ("transactions", TRANSACTIONS, 0x1C, wire_forms.listed([os.urandom(32)] * 4096))):
            self.must_pass_over(what, lambda peer: peer.wire(lane).send(lane, number, body), 20)

    def test_one_that_asks_and_does_not_read(self):
        """Its answers wait in a bounded queue; it is gone after a while."""
        peer = self.peer()
        for wire in (peer.consensus, peer.bulk):
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.socket.settimeout(1)
        end = time.monotonic() + (40 if hostile.LONG else 8)
        with contextlib.suppress(OSError):
            while time.monotonic() < end:
                peer.bulk.send(BULK, 0x19, struct.pack("<QI", 1, 1024))
                peer.consensus.send(CONSENSUS, 0x13, struct.pack("<QQQ", 0, 1, 1000))
                time.sleep(0.06)
        self.check_health()
        if hostile.LONG:
            fogtest.until("it is gone", lambda: f"peer {peer.id} down: " in self.log(), 60)
        peer.close()


if __name__ == "__main__":
    fogtest.main()
