#!/usr/bin/env python3
"""A component of the world wasi:http/proxy, from the End User's side: it gets requests in parts, its head and body come
back as it gave them; and however it misbehaves, the End User gets a clear 5xx, the Host lives, the account is exact."""
import fogtest
from fogtest import http as exchange, until
from served import ServedTest, make_component

MANIFEST = """
name: in-parts
runtime: wasm-http
artifact: service.wasm
limits: {memory_mib: 32, fuel_per_request: 1000000000, wall_ms: 60000, request_bytes: 1048576, response_bytes: 2097152}
env: {GREETING: from the manifest}
bid:
  resources: {cpu_milli: 1000, memory_mib: 64}
  price_cap_per_hour: 5 FOG
  spend_cap_per_hour: 50 FOG
  deposit: 40 FOG
"""


class ServeHttp(ServedTest):
    @classmethod
    def prepare(cls):
        folder = cls.stage.folder
        make_component(folder, "service")
        (folder / "service.yaml").write_text(MANIFEST)
        cls.serve("in-parts", folder / "service.yaml")

    def ask(self, target="/echo", method="GET", body=None, headers=None):
        type(self).sent += 1
        return exchange(f"{self.url}/in-parts{target}", method, body, headers)

    def assert_lives(self):
        status, _, answer = self.ask("/echo", "POST", b"still there")
        self.assertEqual((status, answer.splitlines()[-1]), (200, b"STILL THERE"))

    def test_the_request_arrives_in_parts(self):
        status, fields, answer = self.ask("/a%20path/%C3%A9?x=1&y=a%26b", "PUT", b"body \xff",
                                          {"Accept": "image/png", "X-Two": "one, two"})
        self.assertEqual((status, fields["Content-Type"]), (200, "text/plain"))
        lines = answer.split(b"\n")
        self.assertTrue(lines[0].startswith(b"put http "), lines[0])
        self.assertTrue(lines[0].endswith(b"/a%20path/%C3%A9?x=1&y=a%26b"), lines[0])
        self.assertLessEqual({b"accept=image/png", b"x-two=one, two"}, set(lines))
        self.assertFalse([line for line in lines if line.startswith((b"host=", b"connection=", b"fog-"))], lines)
        self.assertEqual(lines[-1], b"BODY \xff")

    def test_status_and_method_are_its_own(self):
        self.assertEqual(self.ask("/teapot")[0], 418)
        status, fields, answer = self.ask("/echo", "HEAD")
        self.assertEqual((status, fields["Content-Type"], answer), (200, "text/plain", b""))

    def test_it_sees_what_the_manifest_grants_and_no_more(self):
        lines = self.ask("/world")[2].decode().splitlines()
        self.assertEqual(lines[1], "slept 3600 first 1")
        self.assertIn("GREETING=from the manifest", lines)
        self.assertEqual(lines[-1], "folders 0 socket 11 outgoing 115")

    def test_a_large_body_both_ways(self):
        body = bytes(range(256)) * 4096
        status, _, answer = self.ask("/echo", "POST", body)
        self.assertEqual(status, 200)
        self.assertTrue(answer.endswith(body.upper()))

    def test_however_it_misbehaves_the_end_user_is_told_and_the_next_one_is_served(self):
        for how, status, word in (
                ("nothing", 502, "without an answer"), ("error", 502, "HttpResponseTimeout"),
                ("unfinished", 502, "before its answer"), ("exit", 502, ""), ("fields", 502, "resources"),
                ("churn", 502, "keep more than"), ("random", 502, ""), ("pointer", 502, ""), ("huge", 502, ""),
                ("trap", 502, "unreachable"), ("spin", 504, "budget"), ("memory", 502, "memory"),
                ("flood", 502, "more than its publisher allows"), ("deep", 502, "stack")):
            with self.subTest(how):
                found, _, answer = self.ask(f"/{how}")
                self.assertEqual(found, status, answer)
                self.assertIn(word, answer.decode())
                self.assert_lives()
        self.assertIsNone(self.host.program.process.poll())

    def test_a_manifest_that_names_the_other_runtime_is_told_before_it_costs(self):
        folder = self.stage.folder
        for runtime, artifact, word in (("wasm", "service.wasm", "runtime: wasm-http"),
                                        ("wasm-http", "service.core.wasm", "core module")):
            (folder / "wrong.yaml").write_text(f"name: wrong\nruntime: {runtime}\nartifact: {artifact}\n")
            refused = self.owner.fails(2, "service", "publish", folder / "wrong.yaml")
            self.assertIn(word, refused)

    def test_zz_every_request_is_billed_once(self):
        until("all requests are billed", lambda: self.requests_billed() >= self.sent)
        self.assertEqual(self.requests_billed(), self.sent)
        self.assertIs(self.node.rpc("supply_verify")["conserved"], True)


if __name__ == "__main__":
    fogtest.main()
