#!/usr/bin/env python3
"""Strangers at addresses of their own, which loopback is exempt from: one address gets so many handshakes and so many
peers, is banned for garbage, and takes nothing from others. Every validator is in a network namespace of its own; this
program has many addresses on their bridge. Skipped, with a reason, where the machine does not let a program make
namespaces.

Run by tests/functional/with_venv, which installs other people's curve and ciphers."""
import contextlib
import os
import socket

import coincurve

import fogtest
import hostile
import links
from noise_peer import Peer


class HostileAddress(hostile.HostileTest):
    @classmethod
    def make(cls, accounts):
        net = links.NamespacedValidators(cls.stage, hostile.COUNT, accounts, options=["--delay-ms", "500"])
        for last in range(100, 120):
            links.ip("address", "add", f"{cls.address(last)}/24", "dev", "fog")
        return net

    @staticmethod
    def address(last):
        return f"10.77.0.{last}"

    def knock(self, last):
        """A connection from this address, of which nothing is said."""
        return socket.create_connection(self.place, 20, source_address=(self.address(last), 0))

    def is_let_in(self, last):
        try:
            Peer(self.place, self.node_id, self.prologue, source=self.address(last)).close()
        except OSError:
            return False
        return True

    @staticmethod
    def is_ended(door, seconds):
        door.settimeout(seconds)
        try:
            return door.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True

    def test_one_address_does_not_take_all_handshakes(self):
        doors = [self.knock(100) for _ in range(20)]
        open_ones = [door for door in doors if not self.is_ended(door, 0.2)]
        self.assertLessEqual(len(open_ones), 8, "so many at a time of one address")
        self.assertTrue(self.is_let_in(101), "another comes in meanwhile")
        for door in open_ones:
            self.assertTrue(self.is_ended(door, 20), "each has its time")
        self.check_health()
        for door in doors:
            door.close()

    def test_an_address_that_sends_garbage_is_banned_and_no_other(self):
        text = f"address {self.address(102)} banned"

        def garbage():
            with contextlib.suppress(OSError), self.knock(102) as door:
                door.sendall(os.urandom(50))
                self.is_ended(door, 5)
            return text in self.log()
        fogtest.until("it is banned", garbage, 60)
        self.assertFalse(self.is_let_in(102))
        self.assertTrue(self.is_let_in(103))
        self.check_health()
        self.assertEqual(self.log().count(text), 1, "the log says it once")

    def test_one_address_gets_so_many_peers(self):
        peers = []
        for _ in range(6):
            with contextlib.suppress(OSError):
                peers.append(Peer(self.place, self.node_id, self.prologue, source=self.address(104)))
        self.assertEqual(len(peers), 4)
        self.assertTrue(self.is_let_in(105))
        self.check_health()
        for peer in peers:
            peer.close()

    def test_who_breaks_the_protocol_under_ever_new_ids_is_banned_by_address(self):
        for _ in range(3):
            with contextlib.suppress(OSError):
                peer = Peer(self.place, self.node_id, self.prologue, key=coincurve.PrivateKey(),
                            source=self.address(106))
                peer.bulk.send_frame(b"")
                peer.is_ended()
        fogtest.until("the address is banned", lambda: f"address {self.address(106)} banned" in self.log())
        self.assertFalse(self.is_let_in(106))
        self.assertTrue(self.is_let_in(107))
        self.check_health()


if __name__ == "__main__":
    links.enter_namespaces()
    fogtest.main()
