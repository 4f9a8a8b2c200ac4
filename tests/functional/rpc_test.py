#!/usr/bin/env python3
"""The node's door as any JSON-RPC client sees it: the specification's examples, its exact error codes, bounds,
and the pages for monitoring."""
import http.client
import json
import socket

import fogtest
from fogtest import StagedTest, http as exchange


class Rpc(StagedTest):
    @classmethod
    def prepare(cls):
        cls.cli, cls.addresses = cls.stage.wallet()
        cls.node = cls.stage.node({cls.addresses["main"]: 1000})
        cls.cli.node_url = cls.url = cls.node.url

    def post(self, body):
        """(status, parsed answer or None) of raw bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, _, answer = exchange(self.url, "POST", data, {"Content-Type": "application/json"})
        return status, json.loads(answer) if answer else None

    def assert_error(self, body, code, request_id=None):
        _, answer = self.post(body)
        self.assertEqual((answer["jsonrpc"], answer["id"], answer["error"]["code"]), ("2.0", request_id, code), answer)
        self.assertNotIn("result", answer)

    def test_a_call_by_name_and_by_position(self):
        for params in ({}, [], None):
            call = {"jsonrpc": "2.0", "method": "chain_status", "id": "x"}
            if params is not None:
                call["params"] = params
            status, answer = self.post(call)
            self.assertEqual((status, answer["id"]), (200, "x"))
            self.assertEqual(answer["result"]["chain_name"], "fog-local")
        by_position = self.post({"jsonrpc": "2.0", "method": "account_get", "params": [self.addresses["main"]],
                                 "id": 7})[1]
        by_name = self.post({"jsonrpc": "2.0", "method": "account_get", "params": {"address": self.addresses["main"]},
                             "id": 7})[1]
        self.assertEqual(by_position, by_name)
        self.assertEqual(by_name["result"]["balance"], str(1000 * fogtest.DROPLETS))

    def test_the_specifications_errors(self):
        self.assert_error(b'{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]', -32700)
        self.assert_error(b"", -32700)
        self.assert_error(b'[{"jsonrpc": "2.0", "method"', -32700)
        self.assert_error([], -32600)
        self.assert_error(b"1", -32600)
        self.assert_error({"jsonrpc": "2.0", "method": 1, "params": "bar"}, -32600)
        self.assert_error({"jsonrpc": "1.0", "method": "chain_status", "id": 1}, -32600, 1)
        self.assert_error({"jsonrpc": "2.0", "method": "foobar", "id": "1"}, -32601, "1")
        self.assert_error({"jsonrpc": "2.0", "method": "tx_get", "params": {}, "id": 1}, -32602, 1)
        self.assert_error({"jsonrpc": "2.0", "method": "tx_get", "params": {"id": "0x11"}, "id": 1}, -32602, 1)
        self.assert_error({"jsonrpc": "2.0", "method": "tx_get", "params": {"ID": "0x11"}, "id": 1}, -32602, 1)
        self.assert_error({"jsonrpc": "2.0", "method": "chain_block", "params": {"height": "999"}, "id": 1}, -32001, 1)

    def test_a_batch_answers_each_call_and_no_notification(self):
        status, answers = self.post([
            {"jsonrpc": "2.0", "method": "chain_status", "id": "1"},
            {"jsonrpc": "2.0", "method": "chain_status"},
            {"foo": "boo"},
            {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
            1])
        self.assertEqual(status, 200)
        found = sorted((str(one["id"]), one.get("error", {}).get("code", 0)) for one in answers)
        self.assertEqual(found, [("1", 0), ("5", -32601), ("None", -32600), ("None", -32600)])

    def test_notifications_are_carried_out_and_not_answered(self):
        for body in ({"jsonrpc": "2.0", "method": "chain_status"}, [{"jsonrpc": "2.0", "method": "chain_status"}]):
            status, answer = self.post(body)
            self.assertIn(status, (200, 202, 204))
            self.assertIsNone(answer)

    def test_it_describes_itself_and_names_only_what_works(self):
        document = self.node.rpc("rpc.discover")
        self.assertTrue(document["openrpc"].startswith("1."))
        names = [method["name"] for method in document["methods"]]
        self.assertLessEqual({"chain_status", "tx_submit", "tx_wait", "account_get", "market_bids"}, set(names))
        for name in names:
            answer = self.post({"jsonrpc": "2.0", "method": name, "params": {"no-such": 1}, "id": 1})[1]
            self.assertNotEqual(answer.get("error", {}).get("code"), -32601, name)

    def test_too_much_is_refused_and_the_node_lives(self):
        deep = b'{"jsonrpc":"2.0","id":1,"method":"chain_status","params":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
        self.assertIn(self.post(deep)[1]["error"]["code"], (-32700, -32600))
        calls = [{"jsonrpc": "2.0", "method": "chain_status", "id": n} for n in range(20_000)]
        self.assertIn("error", self.post(calls)[1])
        host, port = self.url.removeprefix("http://").split(":")
        client = http.client.HTTPConnection(host, int(port), timeout=30)
        client.putrequest("POST", "/")
        client.putheader("Content-Length", str(10**12))
        client.endheaders()
        self.assertEqual(client.getresponse().status, 413)
        client.close()
        with socket.create_connection((host, int(port)), timeout=30) as raw:
            raw.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            raw.recv(4096)
        self.assertEqual(self.node.rpc("chain_status")["chain_name"], "fog-local")

    def test_a_web_page_of_another_site_cannot_call_it(self):
        call = json.dumps({"jsonrpc": "2.0", "method": "chain_status", "id": 1}).encode()
        for header in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            status, _, body = exchange(self.url, "POST", call, {"Content-Type": "application/json", **header})
            self.assertEqual(status, 403, (header, body))
        self.assertEqual(exchange(self.url, "POST", call, {"Origin": self.url})[0], 200)

    def test_health_and_metrics(self):
        self.assertEqual(exchange(self.url + "/health")[0], 200)
        self.cli("send", f"{self.addresses['main']}=1")
        status, headers, text = exchange(self.url + "/metrics")
        self.assertEqual(status, 200)
        self.assertTrue(headers["Content-Type"].startswith("text/plain"))
        values = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                  for line in text.decode().splitlines() if not line.startswith("#")}
        self.assertGreaterEqual(values["fog_transactions_final_total"], 1)
        self.assertEqual(exchange(self.url + "/no-such-page")[0], 404)


if __name__ == "__main__":
    fogtest.main()
