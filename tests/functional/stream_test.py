#!/usr/bin/env python3
"""Answers that reach the End User while the service still works on them: server-sent events from a command and from a
container, WebSocket to a container, and what is billed for them. The containers' part is skipped where none run."""
import base64
import concurrent.futures
import hashlib
import http.client
import os
import socket
import struct
import subprocess
import unittest
import urllib.parse

import fogtest
from contained import Container, doctor_of_containers
from fogtest import until
from served import ServedTest, make_guest

MANIFEST = """
name: anything
runtime: wasm
artifact: guest.wasm
limits: {memory_mib: 32, fuel_per_request: 3000000000, wall_ms: 60000, response_bytes: 2101248}
bid:
  resources: {cpu_milli: 1000, memory_mib: 64}
  price_cap_per_hour: 5 FOG
  spend_cap_per_hour: 50 FOG
  deposit: 40 FOG
"""


def opened(url, path):
    """An answer whose head has come."""
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    connection.request("GET", path)
    return connection, connection.getresponse()


class Events(ServedTest):
    @classmethod
    def prepare(cls):
        make_guest(cls.stage.folder)
        (cls.stage.folder / "service.yaml").write_text(MANIFEST)
        cls.serve("anything", cls.stage.folder / "service.yaml")

    def test_events_come_and_end(self):
        for _ in range(2):
            connection, answer = opened(self.url, "/anything/?stream-")
            self.assertEqual(answer.getheader("Content-Type"), "text/event-stream")
            self.assertEqual(answer.read(), b"data: one\n\ndata: two\n\n")
            connection.close()
            type(self).sent += 1

    def test_what_fails_later_is_cut_off(self):
        for how, outcome in (("loop", "fuel"), ("trap", "trap")):
            with self.subTest(how):
                before = self.requests_billed()
                connection, answer = opened(self.url, f"/anything/?stream-{how}")
                self.assertEqual(answer.status, 200)
                with self.assertRaises(http.client.IncompleteRead) as cut:
                    answer.read()
                self.assertEqual(cut.exception.partial, b"data: one\n\ndata: two\n\n")
                connection.close()
                type(self).sent += 1
                until("it is billed", lambda: self.requests_billed() > before)

    def test_over_http2_too(self):
        def curl(how):
            done = subprocess.run(["curl", "-sN", "--http2-prior-knowledge", f"{self.url}/anything/?stream-{how}"],
                                  capture_output=True, timeout=60)
            type(self).sent += 1
            return done.returncode, done.stdout
        self.assertEqual(curl(""), (0, b"data: one\n\ndata: two\n\n"))
        # 92: the stream was not closed cleanly. curl 7.88 may drop what it has not written by then.
        code, got = curl("trap")
        self.assertEqual(code, 92)
        self.assertTrue(b"data: one\n\ndata: two\n\n".startswith(got), got)

    def test_z_all_of_it_is_what_a_replay_says(self):
        until("all is claimed", lambda: self.requests_billed() >= self.sent)
        [log] = self.owner("verify", self.lease()["id"], "--leaves", 1000)["logs"]
        self.assertEqual((log["verified"], log["mismatch"]), (int(log["proven"]["requests"]), 0), log["notable"])
        self.assertGreaterEqual(log["verified"], self.sent)


def frame(payload, opcode=2, mask=b"fogs"):
    size = len(payload)
    length = bytes([size | 128]) if size < 126 else b"\xfe" + struct.pack(">H", size) if size < 65536 \
        else b"\xff" + struct.pack(">Q", size)
    return bytes([128 | opcode]) + length + mask + bytes(each ^ mask[at % 4] for at, each in enumerate(payload))


class WebSocket:
    """A client that has switched."""

    def __init__(self, url, path):
        place = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((place.hostname, place.port), 60)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status = self.file.readline().decode().strip()
        self.head = {}
        while line := self.file.readline().decode().strip():
            name, value = line.split(": ", 1)
            self.head[name.lower()] = value
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        self.accept = base64.b64encode(digest).decode()

    def send(self, payload, opcode=2):
        self.socket.sendall(frame(payload, opcode))

    def receive(self):
        """(opcode, payload); None at the end."""
        two = self.file.read(2)
        if len(two) < 2:
            return None
        size = two[1]
        if size == 126:
            size = struct.unpack(">H", self.file.read(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.file.read(8))[0]
        return two[0] & 15, self.file.read(size)

    def close(self):
        self.file.close()
        self.socket.close()


@unittest.skipIf(doctor_of_containers(), f"no containers here: {doctor_of_containers()}")
class Switched(Container):
    service, port = "guest", 8080
    limits = {"wall_ms": 60_000, "response_bytes": 3_000_000, "request_bytes": 100_000}

    def test_an_event_comes_before_the_next_is_made(self):
        connection, answer = opened(self.url, "/guest/events")
        self.assertEqual(answer.read(11), b"data: one\n\n")
        self.assertEqual(self.ask("/write/tmp/go", "PUT", b"")[0], 200)
        self.assertEqual(answer.read(), b"data: two\n\n")
        connection.close()

    def test_a_service_hears_that_its_reader_has_left(self):
        connection, answer = opened(self.url, "/guest/events-for-ever")
        self.assertTrue(answer.read(10).startswith(b"data"))
        answer.close()
        connection.close()
        until("it has heard", lambda: self.text("/read/tmp/left") == "")

    def test_it_hears_so_while_it_has_nothing_to_say(self):
        for words in ([], ["--http2-prior-knowledge"]):
            reader = subprocess.Popen(["curl", "-sN", *words, f"{self.url}/guest/events-then-none"], stdout=subprocess.PIPE)
            self.assertEqual(reader.stdout.read(11), b"data: one\n\n")
            self.assertEqual(self.ask("/read/tmp/heard")[2], b"ENOENT")
            reader.kill()
            reader.communicate()
            until("it has heard", lambda: self.text("/read/tmp/heard") == "")
            self.assertEqual(self.ask("/remove/tmp/heard")[0], 200)

    def test_messages_go_both_ways(self):
        client = WebSocket(self.url, "/guest/socket")
        self.assertIn("101", client.status)
        self.assertEqual(client.head["sec-websocket-accept"], client.accept)
        self.assertEqual(client.head["upgrade"], "websocket")
        sent = [b"", b"hello", os.urandom(300), os.urandom(70_000), os.urandom(1 << 20)]
        for payload in sent:
            client.send(payload)
            self.assertEqual(client.receive(), (2, payload))
        client.send(b"\x03\xe8", 8)
        self.assertEqual(client.receive(), (8, b"\x03\xe8"))
        self.assertIsNone(client.receive())
        client.close()
        self.assertEqual(self.text("/read/tmp/parted"), "")

    def test_many_at_once_and_the_service_ends_them(self):
        clients = [WebSocket(self.url, "/guest/socket-ends") for _ in range(8)]
        for turn in range(5):
            for number, client in enumerate(clients):
                client.send(b"%d %d" % (turn, number))
        for turn in range(5):
            for number, client in enumerate(clients):
                self.assertEqual(client.receive(), (2, b"%d %d" % (turn, number)))
        for client in clients:
            client.send(b"the sixth")
            self.assertIsNone(client.receive())
            client.close()

    def test_an_end_user_who_leaves_without_a_word(self):
        client = WebSocket(self.url, "/guest/socket")
        client.send(b"one")
        self.assertEqual(client.receive(), (2, b"one"))
        client.close()
        until("its program has ended", lambda: self.text("/read/tmp/parted") == "")

    def test_streams_make_way_for_the_account(self):
        client = WebSocket(self.url, "/guest/socket")
        connection, answer = opened(self.url, "/guest/events-then-none")
        self.assertEqual(answer.read(11), b"data: one\n\n")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(lambda _: self.ask("/")[0], range(1500))), {200})
        self.assertIsNone(client.receive())
        self.assertEqual(answer.read(), b"")
        client.close()
        connection.close()

    def test_more_than_the_publisher_allows_is_cut_off(self):
        client = WebSocket(self.url, "/guest/socket")
        got = 0
        while got < 4_000_000:
            client.send(bytes(500_000))
            message = client.receive()
            if message is None or len(message[1]) < 500_000:
                break
            got += len(message[1])
        self.assertLessEqual(got, 3_000_000)
        self.assertGreaterEqual(got, 2_000_000)
        client.close()

    def test_a_refusal_is_a_plain_answer(self):
        client = WebSocket(self.url, "/guest/head")
        self.assertIn("200", client.status)
        client.close()

    def test_z_the_books_agree(self):
        before = self.requests_billed()
        self.assertEqual(self.ask("/")[0], 200)
        until("requests after all that are claimed", lambda: self.requests_billed() > before)
        log = self.host.program.log.read_text()
        self.assertNotIn("voucher", log)


del Container  # which is no test

if __name__ == "__main__":
    fogtest.main()
