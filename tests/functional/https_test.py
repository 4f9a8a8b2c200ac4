#!/usr/bin/env python3
"""The gateway's door for browsers: TLS, HTTP/2 and HTTP/1.1 behind it, certificates by name and read again when they
change, and HTTP/2 that is out of order is refused without harm to its neighbours."""
import concurrent.futures
import json
import random
import re
import signal
import socket
import ssl
import struct
import subprocess

import fogtest
from certificates import make_certificate
from fogtest import http as exchange, until
from served import ServedTest, make_guest

MANIFEST = """
name: anything
runtime: wasm
artifact: guest.wasm
limits: {memory_mib: 32, fuel_per_request: 100000000000, wall_ms: 3000, request_bytes: 2097152, response_bytes: 2101248}
bid:
  resources: {cpu_milli: 1000, memory_mib: 64}
  price_cap_per_hour: 5 FOG
  spend_cap_per_hour: 50 FOG
  deposit: 40 FOG
"""


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A field as HPACK has it without table and Huffman's code (RFC 7541, 6.2.2); short ones only."""
    name, value = name.encode("latin-1"), value.encode("latin-1")
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


GOOD = ((":method", "GET"), (":scheme", "https"), (":authority", "anything.fog.localhost"), (":path", "/"))


class Http2:
    """A client that says what it is told to, good or bad."""

    def __init__(self, port):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 30), server_hostname="one.example")
        self.socket.settimeout(30)
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0))

    def headers(self, stream, fields, end=True, more=b""):
        self.socket.sendall(frame(1, 4 | (1 if end else 0), stream, b"".join(literal(*one) for one in fields)) + more)

    def next(self):
        head = self.exactly(9)
        size = int.from_bytes(head[:3], "big")
        return head[3], head[4], int.from_bytes(head[5:], "big"), self.exactly(size)

    def exactly(self, size):
        out = b""
        while len(out) < size:
            part = self.socket.recv(size - len(out))
            if not part:
                raise EOFError
            out += part
        return out

    def end_of(self, stream):
        """("answer", None), ("reset", code) or ("gone", code): how the stream ended."""
        gone = None
        try:
            while True:
                kind, flags, at, payload = self.next()
                if kind == 7:
                    gone = int.from_bytes(payload[4:8], "big")
                elif kind == 3 and at == stream:
                    return "reset", int.from_bytes(payload, "big")
                elif kind in (0, 1) and at == stream and flags & 1:
                    return "answer", None
        except (EOFError, ConnectionError):
            return "gone", gone


class Https(ServedTest):
    @classmethod
    def prepare(cls):
        folder = cls.stage.folder
        make_guest(folder)
        (folder / "service.yaml").write_text(MANIFEST)
        cls.certificates = folder / "live"
        make_certificate(cls.certificates / "a", "one.example", "*.fog.localhost")
        make_certificate(cls.certificates / "b", "two.example", "*.wild.example")
        cls.acme = folder / "acme"
        (cls.acme / ".well-known/acme-challenge").mkdir(parents=True)
        cls.tls_port_file = folder / "tls-port"
        cls.gateway_options = ("--listen-tls", "127.0.0.1:0", "--tls-port-file", cls.tls_port_file, "--certificates",
                               cls.certificates, "--acme-folder", cls.acme, "--access-log", folder / "access.log")
        cls.serve("anything", folder / "service.yaml")
        cls.gateway = cls.stage.gateways["gateway"]
        cls.tls_port = int(cls.tls_port_file.read_text())
        cls.base = f"https://anything.fog.localhost:{cls.tls_port}"

    def curl(self, *words, path="/", counts=1, body=None):
        type(self).sent += counts
        return subprocess.run(["curl", "-sS", "--insecure", "--max-time", "60", "--resolve",
                               f"anything.fog.localhost:{self.tls_port}:127.0.0.1", *words, self.base + path],
                              input=body, capture_output=True, check=True).stdout

    def test_both_versions_carry_requests_as_they_are(self):
        for version, said in (("--http2", b"2"), ("--http1.1", b"1.1")):
            out = self.curl(version, "-X", "PUT", "--data-binary", "a body", "-H", "Accept: image/png", "-w",
                            "\n%{http_version} %{http_code}", "-D", "-", path="/some/path?x=1")
            self.assertTrue(out.endswith(b"a body\n" + said + b" 200"), out)
            lines = {line.lower() for line in out.split(b"\r\n")}
            self.assertLessEqual({b"x-method: put", b"x-path: /some/path", b"x-query: x=1", b"x-accept: image/png"},
                                 lines)

    def test_large_bodies_pass_both_ways(self):
        body = random.Random(2).randbytes(2 << 20)
        for words in (("--http2",), ("--http2", "-H", "Transfer-Encoding: chunked"), ("--http1.1",),
                      ("--http1.1", "-H", "Transfer-Encoding: chunked")):
            self.assertTrue(self.curl(*words, "--data-binary", "@-", body=body) == body, words)
        out = self.curl("--http2", "--data-binary", "@-", "-w", "%{http_code}", "-o", "/dev/null", "-H", "Expect:",
                        body=body + b"!", counts=0)
        self.assertEqual(out, b"413")

    def test_head_and_statuses(self):
        self.assertIn(b"HTTP/2 200", self.curl("--http2", "-I"))
        self.assertEqual(self.curl("--http2", "-w", "%{http_code}", path="/?teapot"), b"short and stout\n418")
        self.assertIn(b"no-such-path", self.curl("--http2", "-D", "-", path="/.fog/nothing", counts=0))
        big = self.curl("--http2", "-H", "X-Big: " + "x" * 40_000, "-w", "%{http_code}", counts=0)
        self.assertTrue(big.endswith(b"431"), big)

    def test_many_streams_at_once(self):
        type(self).sent += 400
        out = subprocess.run(["h2load", "-n", "400", "-c", "4", "-m", "50", "-d", self.stage.folder / "service.yaml",
                              f"--connect-to=127.0.0.1:{self.tls_port}", f"{self.base}/"],
                             capture_output=True, text=True, check=True, timeout=120).stdout
        self.assertIn("400 succeeded, 0 failed, 0 errored, 0 timeout", out)
        self.assertIn("400 2xx", out)

    def test_http2_without_tls(self):
        port = int(self.url.rsplit(":", 1)[1])
        type(self).sent += 1
        out = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "--data-binary", "plain", "-w", " %{http_version}",
                              f"http://127.0.0.1:{port}/anything/"], capture_output=True, check=True).stdout
        self.assertEqual(out, b"plain 2")

    def shown(self, name):
        """Names in the certificate that is shown to who asks for this one."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.tls_port), 30) as raw:
            with context.wrap_socket(raw, server_hostname=name) as tls:
                der = tls.getpeercert(binary_form=True)
        out = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-ext", "subjectAltName"], input=der,
                             capture_output=True, check=True).stdout.decode()
        return [one.strip().removeprefix("DNS:") for one in out.splitlines()[1].split(",")]

    def test_certificates_by_name_and_read_again(self):
        self.assertEqual(self.shown("one.example")[0], "one.example")
        self.assertEqual(self.shown("TWO.example")[0], "two.example")
        self.assertEqual(self.shown("x.wild.example")[0], "two.example")
        for name in ("x.y.wild.example", "wild.example", "unknown.example", None):
            self.assertEqual(self.shown(name)[0], "one.example", name)
        make_certificate(self.certificates / "c", "three.example")
        until("the new certificate is shown", lambda: self.shown("three.example") == ["three.example"])
        # One that cannot be used takes none of the others away.
        (self.certificates / "c/privkey.pem").write_text("not a key")
        until("it is said", lambda: "privkey.pem" in (self.stage.folder / "gateway.log").read_text())
        self.assertEqual(self.shown("three.example"), ["three.example"])
        make_certificate(self.certificates / "c", "four.example")
        until("it is replaced", lambda: self.shown("four.example") == ["four.example"])

    def test_what_an_authority_asks_for(self):
        (self.acme / ".well-known/acme-challenge/a_Token-1").write_text("a_Token-1.thumbprint")
        self.assertEqual(exchange(f"{self.url}/.well-known/acme-challenge/a_Token-1")[::2], (200, b"a_Token-1.thumbprint"))
        for path in ("nothing", "", "..%2f..%2flive", "../../live/a/privkey.pem", "a_Token-1/x"):
            self.assertEqual(exchange(f"{self.url}/.well-known/acme-challenge/{path}")[0], 404, path)

    def test_each_request_is_a_line_of_the_log_and_can_be_followed(self):
        log, trace = self.stage.folder / "access.log", "4bf92f3577b34da6a3ce929d0e0e4736"

        def line_of(path):
            for line in log.read_text().splitlines():
                if json.loads(line)["target"] == path:
                    return json.loads(line)
        out = self.curl("--http2", "-D", "-", "-H", f"traceparent: 00-{trace}-00f067aa0ba902b7-01", path="/followed")
        self.assertIn(f"fog-trace: {trace}".encode(), out)
        line = until("it is logged", lambda: line_of("/followed"))
        self.assertEqual({name: line[name] for name in ("service", "from", "http", "tls", "method", "status", "outcome",
                                                        "tries", "trace")},
                         {"service": "anything", "from": "127.0.0.1", "http": "2", "tls": True, "method": "GET",
                          "status": 200, "outcome": "ok", "tries": 1, "trace": trace})
        self.assertEqual("0x" + line["lease"], self.lease()["id"])
        log.rename(log.with_suffix(".1"))
        self.gateway.program.process.send_signal(signal.SIGHUP)
        until("the log is a new file", log.exists)
        self.curl("--http1.1", path="/rotated")
        line = until("it is logged", lambda: line_of("/rotated"))
        self.assertEqual((line["http"], len(line["trace"])), ("1.1", 32))

    def test_the_board_asks_for_what_the_gateway_has(self):
        self.curl("--http2")
        there = set(re.findall(r"^(foggate_\w+)", exchange(f"{self.url}/.fog/metrics")[2].decode(), re.M))
        asked = set(re.findall(r"\bfoggate_\w+", (fogtest.ROOT / "contrib/grafana/gateway.json").read_text()))
        self.assertGreater(len(asked), 10)
        self.assertLessEqual(asked, there)

    def test_malformed_requests_end_their_stream_only(self):
        good = GOOD
        bad = {
            "capital letters": good + (("X-Big", "1"),),
            "a connection's field": good + (("connection", "close"),),
            "a transfer's coding": good + (("transfer-encoding", "chunked"),),
            "two hosts": good + (("host", "other.example"),),
            "a line in a value": good + (("x", "1\r\nhost: other"),),
            "a line in the path": good[:3] + ((":path", "/ HTTP/1.1\r\nx: y"),),
            "no path": good[:3],
            "a pseudo-field after others": good[:3] + (("x", "1"), (":path", "/")),
            "an unknown pseudo-field": good + ((":what", "1"),),
            "a body shorter than said": good + (("content-length", "5"),),
        }
        client = Http2(self.tls_port)
        stream = 1
        for what, fields in bad.items():
            client.headers(stream, fields)
            how = client.end_of(stream)
            self.assertIn(how[0], ("reset", "gone"), what)
            if how[0] == "gone":  # nghttp2 gives up the connection for some
                client, stream = Http2(self.tls_port), -1
            stream += 2
        type(self).sent += 1
        client.headers(stream, good)
        self.assertEqual(client.end_of(stream), ("answer", None))

    def test_opening_and_breaking_off_buys_no_work(self):
        client = Http2(self.tls_port)
        slow = GOOD[:3] + ((":path", "/?loop"),)
        try:
            for stream in range(1, 2 * 3_000, 2):
                client.headers(stream, slow, more=frame(3, 0, stream, b"\0\0\0\x08"))
        except OSError:
            pass
        self.assertEqual(client.end_of(-1)[0], "gone")
        until("the neighbours are served", lambda: self.curl("--http2", "-w", "%{http_code}", "-o", "/dev/null") == b"200", 60)

    def test_floods_end_their_connection_only(self):
        floods = {
            "pings": frame(6, 0, 0, b"12345678") * 50_000,
            "settings": frame(4, 0, 0) * 50_000,
            "a head without end": frame(1, 0, 1, b"") + frame(9, 0, 1, b"") * 50_000,
            "not HTTP/2": b"\xff" * 100_000,
        }

        def flood(bytes_):
            client = Http2(self.tls_port)
            try:
                client.socket.sendall(bytes_)
            except OSError:
                pass
            with client.socket:
                return client.end_of(-1)[0]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            running = {what: pool.submit(flood, bytes_) for what, bytes_ in floods.items()}
            self.assertEqual(self.curl("--http2", "-w", "%{http_code}", "-o", "/dev/null"), b"200")
            for what, how in running.items():
                self.assertEqual(how.result(), "gone", what)


if __name__ == "__main__":
    fogtest.main()
