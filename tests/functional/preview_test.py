#!/usr/bin/env python3
"""Before paying: `fogcoin bid preview` over Hosts that are registered and offer (but do not run), the auditors
whose word a bid can ask for, and manifests that are wrong. The Hosts' transactions are made here, byte by byte."""
import hashlib
import json
import struct
import time

import fogtest
import independent_wallet as wallet
from fogtest import DROPLETS, StagedTest, run_fogcoin

REGISTER_HOST, SET_OFFER, ADMIT_AUDITORS = 10, 13, 15
PRICE = 1_000_000  # the most that a unit may cost

SERVICE = """name: {name}
runtime: wasm
artifact: nowhere.wasm
bid:
  resources: {{cpu_milli: 1000, memory_mib: 128}}
"""


def text(value):
    return wallet.uleb128(len(value)) + value.encode()


class Owner:
    """An account that owns Hosts and operates them itself."""

    def __init__(self):
        self.secret = int.from_bytes(hashlib.sha256(b"preview's owner").digest(), "big")
        self.key = wallet.public_key(self.secret)
        self.address = wallet.address(self.key)
        self.sent = 0

    def send(self, node, kind, payload):
        """Final and without fault; the transaction's id."""
        chain = bytes.fromhex(node.rpc("chain_status")["chain_id"][2:])
        body = wallet.tx_body(chain, wallet.address_bytes(self.key), 0, self.sent, int(time.time() * 1000) + 600_000,
                              PRICE, 0, [(kind, payload)])
        made = wallet.tx_id(body)
        node.rpc("tx_submit", txs="0x" + wallet.signed_tx(body, self.key, wallet.sign(self.secret, made)).hex())
        status = node.rpc("tx_wait", id="0x" + made.hex(), timeout_ms="20000")
        assert status["place"] == "final" and status["outcome"]["fault"]["number"] == 0, status
        self.sent += 1
        return made

    def add_host(self, node, country, scale, disk):
        capacity = struct.pack("<IIII", 4_000, 4_096, 0, 0) + b"\0"
        location = text(country) + struct.pack("<II", 142_520, 193_405)
        made = self.send(node, REGISTER_HOST, self.key + text("http://127.0.0.1:9") + location + capacity
                         + wallet.uleb128(1) + text("disk") + text(disk)
                         + wallet.uleb128(1) + hashlib.sha256(b"runtime").digest()
                         + struct.pack("<Q", 200 * DROPLETS))
        host = wallet.tagged_hash("fog/host", made + b"\0")
        self.send(node, SET_OFFER, host + b"\0" + struct.pack("<I", scale) + capacity)
        return "0x" + host.hex()

    def admit(self, node, host, *auditors):
        self.send(node, ADMIT_AUDITORS,
                  bytes.fromhex(host[2:]) + wallet.uleb128(len(auditors)) + b"".join(auditors))


class PreviewTest(StagedTest):
    @classmethod
    def prepare(cls):
        cls.cli, cls.addresses = cls.stage.wallet(accounts=["auditor"])
        cls.owner = Owner()
        cls.node = cls.stage.node({cls.owner.address: 100_000, **{one: 1_000 for one in cls.addresses.values()}})
        cls.cli.node_url = cls.node.url
        cls.main, cls.auditor = cls.cli.as_account("main"), cls.cli.as_account("auditor")
        cls.hosts = {name: cls.owner.add_host(cls.node, country, scale, disk)
                     for name, country, scale, disk in (("cheap", "DE", 9_000, "hdd"), ("middle", "DE", 12_000, "nvme"),
                                                        ("dear", "DE", 400_000, "nvme"), ("french", "FR", 10_000, "nvme"))}
        prices = cls.cli("params")["market"]["classes"][0]["prices"]
        # A core and 128 MiB for an hour at the class's own price.
        cls.hourly = int(prices["cpu_core_hour"]) + -(-int(prices["memory_gib_hour"]) * 128 // 1024)

    def manifest(self, lines, name="wanted"):
        path = self.stage.folder / f"{name}.yaml"
        path.write_text(SERVICE.format(name=name) + lines)
        return path

    def preview(self, lines, *options):
        return self.cli("bid", "preview", self.manifest(lines), *options)

    def cap(self, times):
        return f"  price_cap_per_hour: {int(self.hourly * times)} droplets\n"

    def names(self, report):
        by_id = {found: name for name, found in self.hosts.items()}
        return [by_id[match["host"]] for match in report["matches"]]

    def reasons(self, report):
        return {one["why"]: (int(one["hosts"]), int(one["alone"]), one["what"]) for one in report["reasons"]}

    def test_who_matches_in_which_order_and_at_what_price(self):
        report = self.preview(self.cap(3))
        self.assertEqual(self.names(report), ["cheap", "french", "middle"])
        first = report["matches"][0]
        # The same owner has them all, so nobody competes: he is paid the cap.
        self.assertEqual((report["found"], first["replicas"], first["asked"]), (1, 1, 9000))
        self.assertGreaterEqual(first["cleared"], 30_000)
        self.assertIsNone(report["matches"][1]["cleared"])
        self.assertEqual((int(report["offers"]), int(report["looked_at"]), int(report["can_serve"])), (4, 4, 3))
        self.assertEqual(self.reasons(report), {"price_cap": (1, 1, "")})
        self.assertEqual(int(report["reasons"][0]["nearest"]), self.hourly * 40)
        self.assertIn("raise price_cap_per_hour to", report["advice"])

    def test_why_the_others_do_not_and_what_would_help(self):
        report = self.preview(self.cap(3) + "  countries: [FR]\n  attributes: {disk: {in: [hdd, ssd]}}\n")
        self.assertEqual(self.names(report), [])
        self.assertEqual(self.reasons(report), {"country": (3, 1, "DE"), "attribute": (1, 1, "disk")})
        text = self.cli.run("bid", "preview", self.manifest(self.cap(3) + "  countries: [FR]\n"), json_output=False).out
        self.assertIn("3 Hosts cannot serve it", text)
        self.assertIn("are in a country that the bid does not accept", text)
        self.assertIn("What would help most: accept DE in countries", text)

    def test_it_pays_nothing_and_needs_no_wallet_program_or_published_service(self):
        before = self.cli("balance", "main")[0]["balance"]
        done = run_fogcoin(["--node", self.node.url, "--wallet", "/nowhere", "--json", "bid", "preview",
                            self.manifest(self.cap(3))])
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(self.cli("balance", "main")[0]["balance"], before)

    def test_what_no_bid_may_demand_is_refused_as_the_chain_would(self):
        self.assertIn("bad_constraint", self.cli.fails(
            2, "bid", "preview", self.manifest(self.cap(3) + "  verification: every\n")))

    def test_an_audited_rule_counts_the_word_of_a_trusted_auditor_until_it_is_revoked(self):
        trusted = f"  auditors: [{self.addresses['auditor']}]\n  attributes: {{tier: {{is: gold, audited: true}}}}\n"
        wanted = self.cap(3) + trusted
        self.assertEqual(self.names(self.preview(wanted)), [])
        host = self.hosts["middle"]
        self.assertIn("auditor_not_admitted", self.auditor.fails(1, "auditor", "attest", host, "tier=gold"))
        data = self.addresses["auditor"].removeprefix("fog1")[:-6]
        bits = "".join(f"{wallet.BECH32.index(c):05b}" for c in data)
        self.owner.admit(self.node, host, int(bits, 2).to_bytes(20, "big"))
        self.auditor("auditor", "attest", host, "tier=gold", "seen=2026", "--for", "12h")
        listed = self.cli("auditor", "list", host)["attestations"]
        self.assertEqual([(one["auditor"], one["attributes"]) for one in listed],
                         [(self.addresses["auditor"], {"seen": "2026", "tier": "gold"})])
        self.assertEqual(self.names(self.preview(wanted)), ["middle"])
        self.assertIn("tier=gold", self.cli.run("auditor", "list", host, json_output=False).out)
        self.auditor("auditor", "revoke", host)
        self.assertEqual(self.names(self.preview(wanted)), [])
        self.assertEqual(self.reasons(self.preview(wanted))["attestation"][2], "tier")
        self.assertIn("attestation_not_found", self.auditor.fails(1, "auditor", "revoke", host))
        self.owner.admit(self.node, host)
        self.assertEqual(self.cli("auditor", "list", host)["attestations"], [])
        for words in (["tier"], ["=gold"], ["tier=gold", "--for", "forever"], ["tier=gold", "--for", "366d"]):
            self.auditor.run("auditor", "attest", host, *words, code=2)

    def test_a_manifest_says_all_that_is_wrong_with_it_at_once(self):
        path = self.stage.folder / "wrong.yaml"
        path.write_text("name: Wrong\nruntime: wasm\nartifact: a\nbid:\n  countries: [Germany]\n  latency: 20ms\n"
                        "  lease: 12\n")
        message = self.cli.fails(2, "bid", "preview", path)
        for says in (":1:7: name:", ":5:14: bid.countries:", "e.g. countries: [DE, FR]", ":6:3: bid.latency:",
                     "bid.price_cap_per_hour: missing", ":7:10: bid.lease: expected a duration with its unit"):
            self.assertIn(says, message)

    def test_the_node_answers_by_rpc_and_bounds_what_is_asked(self):
        terms = json.loads(json.dumps(self.terms()))
        report = self.node.rpc("market_preview", terms=terms, matches_max=1)
        self.assertEqual((len(report["matches"]), report["more_matches"]), (1, True))
        for bad in ({"matches_max": 0}, {"matches_max": 257}, {"runtime": "native"}):
            with self.assertRaises(Exception):
                self.node.rpc("market_preview", terms=terms, **bad)

    def terms(self):
        return {"service": "wanted", "replicas_min": 1, "replicas_max": 1,
                "resources": {"cpu_milli": 1000, "memory_mib": 128, "storage_mib": 0, "egress_mbps": 0, "gpu": None},
                "profile": {"fuel": "0", "egress_bytes": "0", "requests": "0"}, "cap_step": 120,
                "unit_caps": dict.fromkeys(("cpu_core_hour", "memory_gib_hour", "storage_gib_month", "gpu_hour", "gfuel",
                                            "egress_gib", "million_requests")),
                "spend_per_hour_max": str(10**15),
                "constraints": {"countries": [], "not_countries": [], "cells": [], "distance_max_km": 0,
                                "latency_max_us": 0, "attributes": [], "auditors": [], "only_hosts": [],
                                "not_hosts": [], "only_owners": [], "not_owners": [], "runtime": None,
                                "standing_min": 0, "per_host_max": 1, "per_owner_max": 255, "per_country_max": 255},
                "near": None, "latency_weight": 0, "verification": "none", "gateways": [], "lease_ms": "0",
                "start_by_ms": "0", "warm": 0,
                "demands_per_hour": 0}


if __name__ == "__main__":
    fogtest.main()
