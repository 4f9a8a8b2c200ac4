#!/usr/bin/env python3
"""What a Host was paid for, run again by somebody else: thousands of random requests give the same fuel and output in
another process; and a Host whose records are not what it was paid for is found.

    tests/functional/verify_test.py [TEST...]       FOG_VERIFY_REQUESTS=N (2000) random requests
    FOG_OTHER_FOGHOST=PATH: a foghost of the same release that was built apart, by other flags or another compiler, must
    say the same of all of them
"""
import concurrent.futures
import json
import os
import random
import struct
import subprocess
import unittest

import fogtest
from fogtest import http as exchange, run_fogcoin, until
from served import SETTINGS, ServedTest, make_guest

REQUESTS = int(os.environ.get("FOG_VERIFY_REQUESTS", "2000"))
OTHER = os.environ.get("FOG_OTHER_FOGHOST", "")
LONGEST = 70_000
MANIFEST = """
name: anything
runtime: wasm
artifact: guest.wasm
limits: {memory_mib: 32, fuel_per_request: 2000000000, wall_ms: 20000, request_bytes: 2097152, response_bytes: 2101248}
env: {GREETING: from the manifest}
bid:
  resources: {cpu_milli: 2000, memory_mib: 128}
  price_cap_per_hour: 5 FOG
  spend_cap_per_hour: 50 FOG
  deposit: 40 FOG
"""
HOW = ["", "", "", "", "", "", "teapot", "move", "exit", "nothing", "garbage", "half", "trap", "memory", "log"]


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def records(content):
    """The places (from, to) of a leaf file's records, the first with the terms left out."""
    at, out = 0, []
    while at < len(content):
        size = struct.unpack_from("<I", content, at)[0]
        out.append((at + 8, at + 8 + size))
        at += 8 + size
    return out[1:]


class Verify(ServedTest):
    settings = tuple(each for each in SETTINGS if "audit_window" not in each) + ("market.audit_window_ms=600000",)

    @classmethod
    def prepare(cls):
        folder = cls.stage.folder
        make_guest(folder)
        (folder / "service.yaml").write_text(MANIFEST)
        cls.serve("anything", folder / "service.yaml")
        cls.ask_at_random(REQUESTS)
        until("all requests are billed", lambda: cls.requests_billed() == cls.sent, 60)
        cls.id = cls.lease()["id"]
        cls.saved = folder / "leaves"

    @classmethod
    def ask_at_random(cls, count):
        def one(number):
            draw = random.Random(number)
            body = draw.randbytes(draw.choice((0, 1, 50, 3000, LONGEST)))
            query = draw.choice(HOW) or f"n={draw.random()}"
            status, _, answer = exchange(f"{cls.url}/anything/{number}?{query}", draw.choice(("POST", "PUT")), body,
                                         {"X-Random": str(draw.random()), "Content-Type": "application/x-test"})
            return status in (200, 303, 418, 502, 404), answer
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for good, answer in pool.map(one, range(count)):
                if not good:
                    raise AssertionError(answer)
        cls.sent += count

    def verify(self, *args, code=0):
        return self.owner("verify", self.id, *args, code=code)

    def replay(self, *args, code=0):
        done = run_fogcoin(["--dir", self.host.folder, "--json", "replay", *map(str, args)], "foghost")
        self.assertEqual(done.code, code, done.out + done.err)
        return done.json

    def files(self):
        return sorted((self.host.folder / "front/usage").glob("*/*.leaves"))

    def test_a_all_that_was_paid_for_is_replayed_with_equal_fuel_and_output(self):
        result = self.verify("--leaves", 1_000_000, "--save", self.saved)
        [log] = result["logs"]
        self.assertEqual((log["verified"], log["attested"], log["unverifiable"], log["missing"], log["mismatch"]),
                         (self.sent, 0, 0, 0, 0), log["notable"])
        self.assertEqual(log["proven"], log["claimed"])
        self.assertEqual(int(log["proven"]["requests"]), self.sent)
        self.assertIs(result["clean"], True)

    def test_b_a_sample_is_drawn_by_its_seed(self):
        first, second = (self.verify("--leaves", 20, "--seed", 5)["logs"][0] for _ in range(2))
        self.assertEqual((first["verified"], first["proven"]["leaves"]), (20, "20"))
        self.assertEqual(first["proven"], second["proven"])
        self.assertNotEqual(first["proven"], self.verify("--leaves", 20, "--seed", 6)["logs"][0]["proven"])

    def test_c_the_host_and_whoever_saved_the_leaves_can_replay_them(self):
        [saved] = self.saved.glob("*.leaves")
        result = self.replay(saved, "--digest")
        self.assertEqual((result["verified"], result["mismatch"]), (self.sent, 0))
        again = {leaf["index"]: leaf["digest"] for leaf in self.replay(saved, "--digest")["leaves"]}
        self.assertEqual({leaf["index"]: leaf["digest"] for leaf in result["leaves"]}, again)
        [log] = self.lease()["logs"]
        [own] = self.replay(f"{self.id}.1/{log['gateway']}/7", "--digest")["leaves"]
        self.assertEqual((own["verdict"], own["digest"]), ("verified", again["7"]))
        self.replay(f"{self.id}.1/{log['gateway']}/{self.sent + 5}", code=4)

    @unittest.skipUnless(OTHER, "no FOG_OTHER_FOGHOST is named")
    def test_c_another_build_of_the_host_says_the_same(self):
        [log] = self.verify("--leaves", 1_000_000, "--foghost", OTHER)["logs"]
        self.assertEqual((log["verified"], log["mismatch"]), (self.sent, 0), log["notable"])
        [saved] = self.saved.glob("*.leaves")
        done = subprocess.run([OTHER, "--dir", self.host.folder, "--json", "replay", saved, "--digest"], check=True,
                              capture_output=True, text=True)

        def told(leaves):
            return {leaf["index"]: [leaf[key] for key in ("verdict", "fuel", "memory_peak", "host_calls", "digest")]
                    for leaf in leaves}
        ours = told(self.replay(saved, "--digest")["leaves"])
        self.assertEqual(told(json.loads(done.stdout)["leaves"]), ours)
        self.assertEqual(len(ours), self.sent)

    def test_d_a_receipt_is_named_by_its_transaction_too(self):
        receipt = next(each for each in self.owner("receipt", "list", self.id) if int(each["counters"]["requests"]) > 0)
        block = self.node.rpc("chain_block", height=receipt["height"], decode=True)
        done = [self.owner.run("verify", tx["id"], "--leaves", 5, code=None) for tx in block["txs"]]
        [found] = [each.json for each in done if each.code == 0]
        self.assertEqual(found["logs"][0]["verified"], 5)
        self.assertEqual(found["logs"][0]["lease"], self.id)

    def test_e_strangers_get_nothing(self):
        stranger, _ = self.stage.wallet(self.node.url, "stranger")
        self.assertIn("403", stranger.fails(1, "verify", self.id))
        self.assertIn("neither a lease nor a final transaction", stranger.fails(4, "verify", "11" * 32))

    def test_f_a_changed_record_is_found(self):
        for path in self.files():
            path.with_suffix(".good").write_bytes(path.read_bytes())
        path = self.files()[0]
        content = bytearray(path.read_bytes())
        begin, end = next(each for each in records(content) if each[1] - each[0] > 2 * LONGEST)  # an echo
        index = struct.unpack_from("<Q", content, begin)[0]
        content[end - 1] ^= 1  # of the response's body; the disk's own checksum is made to fit
        struct.pack_into("<I", content, begin - 4, crc32c(content[begin:end]))
        path.write_bytes(content)
        log = self.verify("--leaves", 1_000_000, code=1)["logs"][0]
        self.assertEqual((log["mismatch"], log["missing"], log["verified"]), (1, 0, self.sent - 1))
        self.assertEqual(log["notable"][0]["index"], str(index))
        self.assertEqual(log["notable"][0]["findings"], ["the response is not the one that its entry names"])
        result = self.replay(path, code=1)
        self.assertEqual(result["mismatch"], 1)

        # A meter that says more than was used, in record and entry alike: fuel stands after index and hashes.
        content = bytearray(path.with_suffix(".good").read_bytes())
        fuel = begin + 8 + 32 + 32 + 8 + 8
        struct.pack_into("<Q", content, fuel, struct.unpack_from("<Q", content, fuel)[0] + 1)
        struct.pack_into("<I", content, begin - 4, crc32c(content[begin:end]))
        path.write_bytes(content)
        log = self.verify("--leaves", 1_000_000, code=1)["logs"][0]
        self.assertEqual((log["mismatch"], log["missing"]), (1, 0))
        self.assertEqual(log["notable"][0]["findings"], ["the record is not the one that the log binds"])
        [wrong] = [leaf for leaf in self.replay(path, code=1)["leaves"] if leaf["verdict"] == "mismatch"]
        self.assertIn("fuel", " ".join(wrong["findings"]))

        # A damaged disk.
        content = bytearray(path.with_suffix(".good").read_bytes())
        content[end - 1] ^= 1
        path.write_bytes(content)
        log = self.verify("--leaves", 1_000_000, code=1)["logs"][0]
        self.assertEqual((log["mismatch"], log["missing"]), (0, 1))
        self.assertEqual(self.replay(path, code=1)["damaged"], True)
        for path in self.files():
            path.write_bytes(path.with_suffix(".good").read_bytes())
        self.assertIs(self.verify("--leaves", 50)["clean"], True)

    def test_g_records_survive_a_kill_of_the_host(self):
        self.host.kill("agent")
        until("the service is back", self.answers)
        self.assertIs(self.verify("--leaves", 100)["clean"], True)

    def answers(self):
        status = exchange(f"{self.url}/anything/")[0]
        type(self).sent += status == 200
        return status == 200


if __name__ == "__main__":
    fogtest.main()
