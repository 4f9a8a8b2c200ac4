#!/usr/bin/env python3
"""Subscriptions over a WebSocket, by another implementation of it (the package websockets): every call works there, and
a client that is cut off again and again sees each block and each payment once.

Run by tests/functional/with_venv, which installs the package.
"""
import itertools
import json
import threading

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

import fogtest
from fogtest import StagedTest


class Door:
    """A WebSocket to a node."""

    def __init__(self, url, **options):
        self.socket = connect(url.replace("http://", "ws://"), open_timeout=60, **options)
        self.numbers = itertools.count(1)
        self.notifications = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def receive(self):
        return json.loads(self.socket.recv(timeout=60))

    def call(self, method, **params):
        """The whole answer."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
        while True:
            message = self.receive()
            if message.get("id") == number:
                return message
            self.notifications.append(message["params"])

    def next(self):
        """The next notification's params."""
        return self.notifications.pop(0) if self.notifications else self.receive()["params"]


class Sockets(StagedTest):
    @classmethod
    def prepare(cls):
        cls.cli, cls.addresses = cls.stage.wallet(accounts=["shop"])
        cls.node = cls.stage.node({cls.addresses["main"]: 1000, cls.addresses["shop"]: 10})
        cls.cli.node_url = cls.node.url

    def pay(self, droplets):
        self.cli("send", f"{self.addresses['shop']}={droplets} droplets")

    def test_calls_and_batches(self):
        with Door(self.node.url) as door:
            self.assertEqual(door.call("chain_status")["result"]["chain_name"], "fog-local")
            self.assertEqual(door.call("nonsense")["error"]["code"], -32601)
            door.socket.send(json.dumps([{"jsonrpc": "2.0", "id": n, "method": "chain_status"} for n in "ab"]))
            self.assertEqual([one["id"] for one in door.receive()], ["a", "b"])

    def test_a_client_that_is_cut_off_sees_each_payment_once(self):
        amounts = list(range(1, 13))
        with Door(self.node.url) as door:
            cursor = door.call("subscribe_transactions", address=self.addresses["shop"])["result"]["cursor"]
            blocks = door.call("subscribe_blocks")["result"]["cursor"]
        payer = threading.Thread(target=lambda: [self.pay(amount) for amount in amounts])
        payer.start()
        seen, heights = [], []
        while len(seen) < len(amounts):
            with Door(self.node.url) as door:
                mine = door.call("subscribe_transactions", address=self.addresses["shop"], cursor=cursor)["result"]
                door.call("subscribe_blocks", cursor=blocks)
                for _ in range(3):
                    told = door.next()
                    if told["subscription"] != mine["subscription"]:
                        blocks = told["cursor"]
                        heights.append(int(told["item"]["header"]["height"]))
                        continue
                    cursor = told["cursor"]
                    self.assertEqual(told["item"]["outcome"]["fault"]["number"], 0)
                    seen.append(int(told["item"]["tx"]["body"]["messages"][0]["body"]["outputs"][0]["amount"]))
                    if len(seen) == len(amounts):
                        break
                door.socket.socket.close()  # without a word
        payer.join()
        self.assertEqual(seen, amounts)
        self.assertEqual(heights, list(range(heights[0], heights[0] + len(heights))))

    def test_a_subscription_ends_when_it_is_told_to(self):
        with Door(self.node.url) as door:
            one = door.call("subscribe_blocks")["result"]["subscription"]
            self.assertTrue(door.call("unsubscribe", subscription=one)["result"])
            self.assertEqual(door.call("unsubscribe", subscription=one)["error"]["code"], -32001)

    def test_a_web_page_of_another_site_cannot_connect(self):
        with self.assertRaises(InvalidStatus) as refused:
            Door(self.node.url, origin="http://evil.example")
        self.assertEqual(refused.exception.response.status_code, 403)
        with Door(self.node.url, origin=self.node.url) as door:
            self.assertIn("result", door.call("chain_status"))

    def test_a_node_that_stops_says_so_and_its_client_goes_on_where_it_was(self):
        with Door(self.node.url) as door:
            cursor = door.call("subscribe_blocks")["result"]["cursor"]
            self.node.program.stop()
            with self.assertRaises(ConnectionClosed) as ended:
                door.receive()
            self.assertEqual(ended.exception.rcvd.code, 1001)
        self.node.start()
        self.cli.node_url = self.node.url
        with Door(self.node.url) as door:
            door.call("subscribe_blocks", cursor=cursor)
            self.pay(1)
            self.assertEqual(door.next()["item"]["header"]["height"], cursor)


if __name__ == "__main__":
    fogtest.main()
