#!/usr/bin/env python3
"""A service that nobody knows, from the End User's side: requests of every shape reach it and its answers come
back unchanged; and however it misbehaves, the End User gets a clear 5xx, the Host lives, and the account is exact."""
import concurrent.futures
import http.client
import json
import random

import fogtest
from fogtest import http as exchange, until
from served import ServedTest, make_guest

BODY_MAX = 4 << 20
MANIFEST = f"""
name: anything
runtime: wasm
artifact: guest.wasm
limits: {{memory_mib: 32, fuel_per_request: 100000000000, wall_ms: 1500, request_bytes: {BODY_MAX}, response_bytes: {BODY_MAX + 4096}}}
env: {{GREETING: from the manifest}}
bid:
  resources: {{cpu_milli: 1000, memory_mib: 64}}
  price_cap_per_hour: 5 FOG
  spend_cap_per_hour: 50 FOG
  deposit: 40 FOG
"""


class Serve(ServedTest):
    @classmethod
    def prepare(cls):
        folder = cls.stage.folder
        make_guest(folder)
        (folder / "service.yaml").write_text(MANIFEST)
        cls.serve("anything", folder / "service.yaml")
        cls.port = int(cls.url.rsplit(":", 1)[1])

    def ask(self, target="/", method="GET", body=None, headers=None):
        status, fields, answer = exchange(f"{self.url}/anything{target}", method, body, headers)
        if fields["fog-reason"] != "request-too-large":
            type(self).sent += 1
        return status, fields, answer

    def assert_lives(self):
        status, _, answer = self.ask("/", "POST", b"still there")
        self.assertEqual((status, answer), (200, b"still there"))

    def test_what_was_asked_arrives_as_it_was_asked(self):
        status, fields, answer = self.ask("/a%20path/%C3%A9?x=1&y=a%26b", "PUT", b"\0\xff body",
                                          {"Content-Type": "text/x-test", "Accept": "image/png"})
        self.assertEqual((status, answer), (200, b"\0\xff body"))
        self.assertEqual([fields[f"X-{name}"] for name in ("Method", "Query", "Type", "Accept", "Length", "Env")],
                         ["PUT", "x=1&y=a%26b", "text/x-test", "image/png", "7", "from the manifest"])
        self.assertEqual(fields["X-Path"].encode("latin-1").decode(), "/a path/é")
        for method in ("GET", "DELETE", "PATCH", "OPTIONS"):
            self.assertEqual(self.ask("/", method)[1]["X-Method"], method)
        status, fields, answer = self.ask("/", "HEAD")
        self.assertEqual((status, fields["X-Method"], answer), (200, "HEAD", b""))

    def test_the_services_own_status_and_redirect(self):
        status, _, answer = self.ask("/?teapot")
        self.assertEqual((status, answer), (418, b"short and stout\n"))
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        client.request("GET", "/anything/?move")
        moved = client.getresponse()
        type(self).sent += 1
        self.assertEqual((moved.status, moved.getheader("Location")), (303, "/elsewhere"))
        client.close()

    def test_bodies_up_to_the_limit_and_one_byte_more(self):
        body = random.Random(1).randbytes(BODY_MAX)
        status, _, answer = self.ask("/", "POST", body)
        self.assertEqual(status, 200)
        self.assertTrue(answer == body)
        status, fields, _ = self.ask("/", "POST", body + b"!")
        self.assertEqual((status, fields["fog-reason"]), (413, "request-too-large"))
        self.assert_lives()

    def test_a_chunked_body_and_one_connection_for_many(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for size in (0, 1, 70_000, 300_000):
            body = random.Random(size).randbytes(size)
            client.request("POST", "/anything/", iter([body[i:i + 9_000] for i in range(0, size, 9_000)]),
                           {"Transfer-Encoding": "chunked"}, encode_chunked=True)
            answer = client.getresponse()
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.read() == body)
            type(self).sent += 1
        client.close()

    def test_many_at_once_get_each_his_own_answer(self):
        def one(number):
            body = str(number).encode() * 100
            status, _, answer = exchange(f"{self.url}/anything/?{number}", "POST", body)
            return status == 200 and answer == body
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            results = list(pool.map(one, range(400)))
        type(self).sent += len(results)
        self.assertTrue(all(results), results.count(False))

    def test_however_it_misbehaves_the_end_user_is_told_and_the_next_one_is_served(self):
        for how, status in (("loop", 504), ("memory", 502), ("endless", 502), ("trap", 502), ("deep", 502),
                            ("exit", 502), ("nothing", 502), ("garbage", 502), ("half", 502)):
            with self.subTest(how):
                found, fields, answer = self.ask(f"/?{how}")
                self.assertEqual(found, status, answer)
                self.assertRegex(answer.decode(), r"[A-Za-z ]{12,}")
                self.assert_lives()
        self.assertIsNone(self.host.program.process.poll())

    def test_misbehaviour_does_not_disturb_the_others(self):
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            bad = [pool.submit(self.ask, "/?trap") for _ in range(10)]
            good = [pool.submit(self.ask, "/", "POST", b"good") for _ in range(60)]
            self.assertEqual({one.result()[0] for one in bad}, {502})
            self.assertEqual({(one.result()[0], one.result()[2]) for one in good}, {(200, b"good")})

    def test_what_it_logs_is_the_hosts_to_read(self):
        self.ask("/?log")
        def logged():
            return any("a line for the log" in log.read_text() for log in (self.host.folder / "logs").glob("*.log"))
        until("the line is in the log", logged)

    def test_the_gateway_may_be_killed_and_comes_back_to_its_account(self):
        gateway = self.stage.gateways["gateway"]
        for kill in (True, True, False):
            for _ in range(20):
                self.assert_lives()
            if kill:  # what is not vouched for in the last tenth of a second is lost to the Host; see it vouched
                until("all is vouched for", self.all_is_vouched_for)
                gateway.program.kill()
            else:  # asked to stop, it vouches for everything before it goes
                self.assertEqual(gateway.program.stop(), 0)
            with self.assertRaises(OSError):
                exchange(f"{self.url}/.fog/health")
            gateway.start()
            until("the service is back", self.answered)
        self.assert_lives()

    def all_is_vouched_for(self):
        status = json.loads(exchange(f"{self.url}/.fog/status")[2])
        replica = status["services"]["anything"][0]
        return replica["forwarded"] == replica["vouched"] == replica["confirmed"]

    def test_the_host_may_be_killed(self):
        self.host.kill("agent")
        until("the service is back", self.answered)
        self.assert_lives()

    def answered(self):
        status = exchange(f"{self.url}/anything/")[0]
        type(self).sent += status == 200
        return status == 200

    def test_zz_every_request_is_billed_once_and_the_books_balance(self):
        until("all requests are billed", lambda: self.requests_billed() >= self.sent)
        self.assertEqual(self.requests_billed(), self.sent)
        lease = self.lease()
        receipts = self.owner("receipt", "list", lease["id"])
        self.assertTrue(receipts)
        for receipt in receipts:
            due = int(receipt["rent"]) + int(receipt["use"])
            self.assertEqual(sum(int(receipt[part]) for part in ("to_host", "held", "burned", "short_by")), due)
        self.assertIs(self.node.rpc("supply_verify")["conserved"], True)


if __name__ == "__main__":
    fogtest.main()
