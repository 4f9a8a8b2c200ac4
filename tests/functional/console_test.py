#!/usr/bin/env python3
"""The web console in a real browser (headless Chromium) against a real node, Host and gateway.

    tests/functional/console_test.py       FOG_SHOTS=FOLDER keeps a picture of every page

The journeys stand in contrib/explorer/test/journeys.mjs, which drives the browser; the build has put it, with what it
needs, into build/console/explorer. Here are the network, the money and the last word on what the chain says.
"""
import json
import os
import shutil
import subprocess
import unittest

from fogtest import DROPLETS, ROOT, StagedTest, http, programs_folder
from host_test import Host
from served import make_guest

# Receipts come soon; what is closed stays to be looked at.
SETTINGS = ("market.receipt_interval_ms=1500", "market.lease_timeout_ms=60000", "market.notice_ms=2000",
            "market.final_receipt_window_ms=5000", "market.audit_window_ms=600000")
STAGED = ROOT / "build/console/explorer"
SECONDS = 540  # for the busiest machine


class ConsoleTest(StagedTest):
    @classmethod
    def prepare(cls):
        cls.owner, addresses = cls.stage.wallet()
        cls.address = addresses["main"]
        cls.node = cls.stage.node({cls.address: 100_000}, SETTINGS)
        cls.owner.node_url = cls.node.url
        cls.host = Host(cls.stage, cls.node, cls.owner, "host", "1")
        cls.gateway, _ = cls.stage.gateway(cls.node, cls.owner)
        make_guest(cls.stage.folder)

    def test_1_the_node_serves_it_from_memory(self):
        """What a browser gets before any script runs: the page, its policy, nothing from elsewhere."""
        status, fields, page = http(self.node.url + "/")
        self.assertEqual(status, 200)
        policy = fields["Content-Security-Policy"]
        for rule in ("default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"):
            self.assertIn(rule, policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(fields["X-Content-Type-Options"], "nosniff")
        self.assertNotIn(b"://", page.replace(b"http://www.w3.org", b""))
        frame = http(self.node.url + "/upload.html")[1]["Content-Security-Policy"]
        self.assertTrue(frame.startswith("sandbox allow-scripts;"), frame)

    def test_2_the_journeys(self):
        chromium = shutil.which("chromium")
        self.assertTrue(chromium, "chromium is missing; contrib/setup installs it")
        self.assertTrue((STAGED / "node_modules/puppeteer-core").exists(),
                        "the console was not built: contrib/build says why")
        plan = self.stage.folder / "plan.json"
        plan.write_text(json.dumps({
            "url": self.node.url, "chromium": chromium, "profile": str(self.stage.folder / "browser"),
            "shots": os.environ.get("FOG_SHOTS"), "program": str(self.stage.folder / "guest.wasm"),
            "gateway": self.gateway, "host": self.host.id, "owner": self.address,
            "pay": [str(programs_folder() / "fogcoin"), "--node", self.node.url, "--wallet", str(self.owner.wallet),
                    "--passphrase-file", str(self.owner.passphrase_file), "--yes", "--json", "send"]}))
        done = subprocess.run(["node", STAGED / "test/journeys.mjs", plan], capture_output=True, text=True,
                              timeout=SECONDS)
        print("\n" + done.stdout, end="", flush=True)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-4000:])
        told = json.loads(done.stdout.strip().splitlines()[-1])
        # The chain's own word, not the page's.
        burn = int(self.node.rpc("params_get")["chain"]["account_creation_burn"])
        self.assertEqual(int(self.node.rpc("account_get", address=told["receiver"])["balance"]),
                         15 * DROPLETS // 10 - burn)
        stake = self.node.rpc("staking_stake", delegator=told["address"])["delegations"]
        self.assertEqual([one["amount"] for one in stake], [str(25 * DROPLETS)])
        self.assertEqual(self.node.rpc("market_service", name="from-a-browser")["owner"], told["address"])
        self.assertEqual(self.node.rpc("market_bid", id=told["bid"])["closed"], "by_publisher")
        self.assertTrue(self.node.rpc("supply_verify")["conserved"])


if __name__ == "__main__":
    unittest.main()
