#!/usr/bin/env python3
"""End Users ask and the network brings the service: nothing runs while nobody asks, the first request starts it, load
brings more replicas, silence takes them away, and a Host that dies is replaced while its End Users wait."""
import concurrent.futures
import json
import threading
import time
import unittest

from fogtest import StagedTest, http as exchange, run_fogcoin, until
from host_test import SETTINGS, Host
from served import make_guest

# Ten readings a second or so: what takes a while, so that requests are at the service at once.
MANIFEST = """
name: NAME
runtime: wasm
artifact: guest.wasm
limits: {memory_mib: 32, fuel_per_request: 2000000000, wall_ms: 10000, request_bytes: 65536, response_bytes: 65536}
bid:
  replicas: {min: 0, max: 2}
  resources: {cpu_milli: 700, memory_mib: 64}
  price_cap_per_hour: CAP FOG
  spend_cap_per_hour: 50 FOG
  deposit: 40 FOG
  demands_per_hour: 30
"""


class OnDemandTest(StagedTest):
    @classmethod
    def prepare(cls):
        folder = cls.stage.folder
        make_guest(folder)
        cls.owner, addresses = cls.stage.wallet()
        cls.node = cls.stage.node({addresses["main"]: "100000 FOG"}, SETTINGS)
        cls.owner.node_url = cls.node.url
        cls.hosts = [Host(cls.stage, cls.node, cls.owner, name, scale) for name, scale in
                     (("cheap", "0.8"), ("dear", "0.9"))]
        cls.url, cls.gateway = cls.stage.gateway(cls.node, cls.owner, options=("--idle-seconds", "4"))

    def publish(self, name, cap=5, more=""):
        manifest = self.stage.folder / f"{name}.yaml"
        manifest.write_text(MANIFEST.replace("NAME", name).replace("CAP", str(cap)) + more)
        self.owner("service", "publish", manifest)
        bid = self.owner("bid", "create", manifest)["bid"]
        self.addCleanup(lambda: self.owner.run("bid", "close", bid, code=None))
        until("the gateway knows the bid", lambda: exchange(f"{self.url}/.fog/explain/{name}")[0] == 200)
        return bid

    def explain(self, name):
        return json.loads(exchange(f"{self.url}/.fog/explain/{name}")[2])

    def leases(self, bid, *states):
        return [one for one in self.owner("bid", "show", bid)["leases"] if one["state"] in (states or ("active",))]

    def ask(self, name, query="", method="GET", body=None):
        return exchange(f"{self.url}/{name}/{query}", method, body)

    def test_the_first_request_starts_the_service_and_silence_ends_it(self):
        bid = self.publish("sleeper")
        time.sleep(1)
        shown = self.owner("bid", "show", bid)
        self.assertEqual((shown["replicas_held"], shown["spent"], shown["leases"]), (0, "0", []), "nobody has asked")
        # So few that their load does not call for a second replica where a start takes its time.
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda n: self.ask("sleeper", f"?n={n}", "POST", b"body"), range(2)))
        self.assertEqual([(status, body) for status, _, body in answers], [(200, b"body")] * 2)
        leases = self.leases(bid, "active", "closing", "closed", "proposed")
        self.assertEqual(len(leases), 1, "both of them have started one")
        demands = self.node.rpc("market_demands", bid=bid)["items"]
        self.assertEqual([(one["gateway"], one["replicas"], one["raised_in_hour"]) for one in demands],
                         [(self.gateway, 1, 1)])
        says = run_fogcoin(["explain", "sleeper", "--gateway", self.url], "foggate").out
        self.assertRegex(says, r"runs +1 replicas, 0 starting, 0 in reserve; its bid allows 0 to 2")
        self.assertRegex(says, r"asked for 1: .* requests at once")
        until("it is gone again", lambda: not self.leases(bid), 40)
        self.assertIn("no request for", self.explain("sleeper")["why"])
        self.assertEqual(self.explain("sleeper")["asked"], 0)
        self.assertIn("demand_changed", [one["kind"] for one in self.owner("events", "--bid", bid)])
        self.assertEqual(self.ask("sleeper", "?again")[0], 200)

    def test_load_brings_more_replicas(self):
        bid = self.publish("busy")
        stop = threading.Event()
        statuses = []

        def load():
            while not stop.is_set():
                statuses.append(self.ask("busy", "?work=60000000")[0])
        threads = [threading.Thread(target=load) for _ in range(6)]
        for thread in threads:
            thread.start()
        try:
            until("there are two", lambda: len(self.leases(bid)) == 2, 60)
            self.assertEqual(self.explain("busy")["wanted"], 2, "the bid's most")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(set(statuses), {200})
        self.assertEqual(len({one["host"] for one in self.leases(bid)}), 2)
        until("they go", lambda: not self.leases(bid), 120)

    def test_a_warm_reservation_answers_before_any_block(self):
        bid = self.publish("warm", more="  warm: 1\n")
        for ticket in (1, 2):
            until("nothing serves", lambda: not self.leases(bid), 40)
            [reserved] = until("a reservation is held", lambda: self.leases(bid, "reserved"), 60)
            until("the gateway has it", lambda: self.explain("warm")["reserved"] == 1)
            height = int(self.node.rpc("chain_status")["height"])
            status, _, body = self.ask("warm", "?n", "POST", b"at once")
            self.assertEqual((status, body), (200, b"at once"))
            [active] = until("the chain knows", lambda: self.leases(bid), 30)
            self.assertEqual((active["id"], active["term"]), (reserved["id"], reserved["term"]))
            self.assertGreater(int(active["opened_ms"]), 0)
            self.assertGreater(int(self.node.rpc("chain_status")["height"]), height)
            self.assertEqual(self.explain("warm")["steps"][-1]["why"], "a warm reservation is opened", ticket)
            [demand] = self.node.rpc("market_demands", bid=bid)["items"]
            self.assertEqual((demand["replicas"], demand["raised_in_hour"]), (1, 0), "the ticket was enough")
            until("it is billed", lambda: any(
                int(log["root"]["sums"]["requests"]) == 1
                for one in self.owner("bid", "show", bid)["leases"] if one["id"] == active["id"]
                for log in one["logs"]), 30)

    def test_a_demand_says_how_far_hosts_are(self):
        bid = self.publish("near", more="  near: {country: DE, lat: 52.5, lon: 13.4}\n  latency_weight: 100\n")
        measured = until("both Hosts are measured", lambda: len(self.explain("near")["measured"]) == 2
                         and self.explain("near")["measured"], 30)
        says = run_fogcoin(["explain", "near", "--gateway", self.url], "foggate").out
        self.assertRegex(says, r"measured  2 Hosts, the nearest [0-9.]+ ms away")
        self.assertEqual(self.ask("near")[0], 200)
        [demand] = self.node.rpc("market_demands", bid=bid)["items"]
        self.assertEqual({one["host"] for one in demand["round_trips"]}, {one["host"] for one in measured})
        self.assertEqual({one["host"] for one in measured}, {host.id for host in self.hosts})
        self.assertTrue(all(0 < int(one["micros"]) < 1_000_000 for one in demand["round_trips"]))

    def test_what_cannot_be_started_is_said_and_why(self):
        self.publish("poor", cap="0.000001")
        status, headers, body = self.ask("poor")
        self.assertEqual((status, headers["fog-reason"]), (503, "no-host"), body)
        self.assertIn("Retry-After", headers)
        self.assertIn(b"price within its cap", body)
        trouble = self.explain("poor")["trouble"]
        self.assertIn("no Host", trouble)
        status, headers, _ = self.ask("poor")
        self.assertEqual((status, headers["fog-reason"]), (503, "no-host"), "at once, nobody waits again")
        self.assertEqual(exchange(f"{self.url}/.fog/explain/unheard")[0], 404)

    def test_zz_a_host_that_dies_is_replaced_while_its_end_users_wait(self):
        bid = self.publish("mortal")
        self.assertEqual(self.ask("mortal")[0], 200)
        [lease] = self.leases(bid)
        victim = next(host for host in self.hosts if host.id == lease["host"])
        victim.program.kill()
        status, _, body = self.ask("mortal", "?late", "PUT", b"still here")
        self.assertEqual((status, body), (200, b"still here"))
        self.assertEqual([one["host"] for one in self.leases(bid) if one["host"] != victim.id],
                         [host.id for host in self.hosts if host is not victim])


if __name__ == "__main__":
    unittest.main(verbosity=2)
