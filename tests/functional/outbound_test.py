#!/usr/bin/env python3
"""A component that asks other servers: those that its manifest names answer, all else is refused by a word that the
component sees, and what it sent is on the bill."""
import http.server
import threading

import fogtest
from fogtest import http as exchange, until
from served import ServedTest, make_component

DENIED, PROHIBITED, REFUSED, LIMIT, TOO_LARGE = 15, 4, 6, 11, 28  # places in wasi:http's error-code
BODY_MAX = 4 << 20
METADATA = "169.254.169.254"
MANIFEST = """
name: fetcher
runtime: wasm-http
artifact: fetch.wasm
limits: {{memory_mib: 32, fuel_per_request: 1000000000, wall_ms: 60000, response_bytes: 8388608, outbound_bytes: 65536}}
outbound: ["localhost:{port}", "169.254.169.254", "localhost:1", "10.0.0.1"]
bid:
  resources: {{cpu_milli: 1000, memory_mib: 64}}
  price_cap_per_hour: 5 FOG
  spend_cap_per_hour: 50 FOG
  deposit: 40 FOG
"""


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A server of somebody else's."""
    protocol_version = "HTTP/1.1"
    seen = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((self.command, self.path, body, dict(self.headers)))
        if self.path == "/metadata":
            self.send_response(302)
            self.send_header("X-Location", f"http://{METADATA}/latest/meta-data")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        answer = b"x" * int(self.path[6:]) if self.path.startswith("/size/") else b"heard " + body
        self.send_response(200)
        self.send_header("X-Where", "elsewhere")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        try:
            self.wfile.write(answer)
        except OSError:
            pass  # who asked has heard enough

    do_GET = do_POST

    def log_message(self, *_):
        pass


class Outbound(ServedTest):
    @classmethod
    def prepare(cls):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.there = f"localhost:{server.server_port}"
        folder = cls.stage.folder
        make_component(folder, "fetch")
        (folder / "service.yaml").write_text(MANIFEST.format(port=server.server_port))
        cls.serve("fetcher", folder / "service.yaml", private="127.0.0.1")

    def ask(self, *lines, path="/"):
        """What the component says of each request, line by line."""
        type(self).sent += 1
        status, _, answer = exchange(f"{self.url}/fetcher{path}", "POST", "\n".join(lines).encode())
        self.assertEqual(status, 200)
        return answer.decode().splitlines()

    def error(self, line):
        [said] = self.ask(line)
        self.assertTrue(said.startswith("error "), said)
        return int(said.removeprefix("error "))

    def test_a_server_that_the_manifest_names_answers(self):
        self.assertEqual(self.ask(f"POST http {self.there} /one?two=3 hello"), ["200 x-where=elsewhere heard hello"])
        method, path, body, headers = Elsewhere.seen[-1]
        self.assertEqual((method, path, body), ("POST", "/one?two=3", b"hello"))
        self.assertEqual((headers["Host"], headers["x-sent"]), (self.there, "yes"))
        self.assertEqual(len(self.ask(*[f"GET http {self.there} /{i}" for i in range(8)])), 8)

    def test_all_else_is_denied(self):
        for line in ("GET https example.org /", "GET http localhost /", f"GET http 127.0.0.1:{self.there[10:]} /",
                     "GET http sub.localhost:1 /"):
            with self.subTest(line):
                self.assertEqual(self.error(line), DENIED)

    def test_metadata_and_private_networks_are_prohibited_even_where_named(self):
        self.assertEqual(self.error(f"GET http {METADATA} /latest/meta-data"), PROHIBITED)
        self.assertEqual(self.error("GET http 10.0.0.1 /"), PROHIBITED)

    def test_a_redirect_is_shown_and_not_followed(self):
        before = len(Elsewhere.seen)
        [said] = self.ask(f"GET http {self.there} /metadata")
        self.assertEqual(said.strip(), f"302 x-location=http://{METADATA}/latest/meta-data")
        self.assertEqual(len(Elsewhere.seen), before + 1)

    def test_a_server_that_is_not_there(self):
        self.assertEqual(self.error("GET http localhost:1 /"), REFUSED)

    def test_answers_up_to_the_limit_and_one_byte_more(self):
        [said] = self.ask(f"GET http {self.there} /size/{BODY_MAX}")
        self.assertEqual(said, "200 x-where=elsewhere " + "x" * BODY_MAX)
        self.assertEqual(self.error(f"GET http {self.there} /size/{BODY_MAX + 1}"), TOO_LARGE)

    def test_no_more_is_sent_than_the_manifest_allows(self):
        line = f"POST http {self.there} / {'y' * 40_000}"
        first, second = self.ask(line, line)
        self.assertTrue(first.startswith("200 "), first[:80])
        self.assertEqual(second, f"error {LIMIT}")

    def test_zz_what_was_sent_is_billed(self):
        egress = self.egress()
        self.ask(f"POST http {self.there} / {'y' * 50_000}")
        until("all requests are billed", lambda: self.requests_billed() == self.sent)
        # The component's answer repeats what it sent.
        self.assertGreater(self.egress() - egress, 2 * 50_000)

    def egress(self):
        until("all requests are billed", lambda: self.requests_billed() == self.sent)
        return sum(int(log["root"]["sums"]["egress_bytes"]) for log in self.lease()["logs"])


if __name__ == "__main__":
    fogtest.main()
