#!/usr/bin/env python3
"""Leases over time, with real Hosts and a gateway: replicas on demand, a resize, a warm reservation opened by a ticket,
a Host that leaves, and what both sides are told of it."""
import subprocess
import threading
import unittest

from fogtest import ROOT, StagedTest, until
from host_test import SETTINGS, Host


class LifecycleTest(StagedTest):
    @classmethod
    def prepare(cls):
        subprocess.run([ROOT / "contrib/examples/build", "thermostat"], check=True, capture_output=True, cwd=ROOT)
        cls.owner, addresses = cls.stage.wallet()
        cls.address = addresses["main"]
        cls.node = cls.stage.node({cls.address: "100000 FOG"}, SETTINGS)
        cls.owner.node_url = cls.node.url
        cls.url, cls.gateway = cls.stage.gateway(cls.node, cls.owner)
        cls.foggate = cls.stage.gateways["gateway"].foggate
        cls.hosts = [Host(cls.stage, cls.node, cls.owner, name, scale) for name, scale in
                     (("cheap", "0.8"), ("dear", "0.9"))]
        cls.owner("service", "publish", ROOT / "contrib/examples/thermostat/service.yaml")

    def shown(self, bid):
        return self.owner("bid", "show", bid)

    def leases(self, bid, state):
        return [one for one in self.shown(bid)["leases"] if one["state"] == state]

    def kinds(self, bid):
        return [one["kind"] for one in self.owner("events", "--bid", bid)]

    def open_bid(self):
        bid = self.owner("bid", "create", "--service", "thermostat", "--deposit", "100 FOG")["bid"]
        self.addCleanup(lambda: self.owner("bid", "close", bid))
        return bid

    def test_replicas_come_and_go_with_a_gateways_demand(self):
        bid = self.open_bid()
        until("the bid is served", lambda: self.leases(bid, "active"), 60)
        self.owner("bid", "update", bid, "--replicas-min", 0, "--replicas-max", 2, "--demands-per-hour", 5)
        self.assertEqual(self.shown(bid)["replicas_held"], 0)
        self.assertIn("lease_closed", self.kinds(bid))
        free = int(self.shown(bid)["free"])
        says = self.foggate("demand", bid, "--replicas", "1", "--minutes", "5",
                            "--round-trip", f"{self.hosts[0].id}=12.5").out
        self.assertIn("Asks for 1 replicas", says)
        until("the demand is served", lambda: self.leases(bid, "active"), 60)
        self.assertLess(int(self.shown(bid)["free"]), free)
        demand = self.node.rpc("market_demands", bid=bid)["items"]
        self.assertEqual([(one["gateway"], one["replicas"]) for one in demand], [(self.gateway, 1)])
        self.assertEqual(demand[0]["round_trips"], [{"host": self.hosts[0].id, "micros": 12_500}])
        self.foggate("demand", bid, "--replicas", "0")
        self.assertEqual(self.shown(bid)["replicas_held"], 0)
        self.assertIn("demand_changed", self.kinds(bid))
        self.assertIn("has these terms already", self.owner.fails(2, "bid", "update", bid))
        self.assertIn("bad_replicas", self.owner.fails(1, "bid", "update", bid, "--replicas-max", 2000))

    def test_a_reservation_waits_and_a_ticket_opens_it(self):
        bid = self.open_bid()
        until("the bid is served", lambda: self.leases(bid, "active"), 60)
        self.owner("bid", "update", bid, "--replicas-max", 2, "--warm", 1)
        until("a reservation is held", lambda: self.leases(bid, "reserved"), 60)
        lease = self.leases(bid, "reserved")[0]
        host = next(one for one in self.hosts if one.id == lease["host"])
        ticket = self.foggate("ticket", lease["id"]).out.strip()
        host("open", ticket)
        self.assertEqual(len(self.leases(bid, "active")), 2)
        host("open", ticket, code=1)  # once only
        host("open", "0x00", code=2)

    def test_zz_a_host_that_leaves_is_followed_before_it_goes(self):
        bid = self.open_bid()
        until("the bid is served", lambda: self.leases(bid, "active"), 60)
        leaver = next(one for one in self.hosts if one.id == self.leases(bid, "active")[0]["host"])
        told = []
        follower = threading.Thread(target=lambda: told.append(self.node.rpc(
            "market_events", address=self.address, wait_ms=30_000, limit=256,
            cursor=self.node.rpc("market_events", address=self.address, limit=256)["next"])))
        follower.start()
        leaver("drain", "--after", "1")
        follower.join()
        self.assertIn("lease_closing", [one["kind"] for one in told[0]["items"]])
        until("another has taken its place", lambda: [one for one in self.leases(bid, "active")
                                                      if one["host"] != leaver.id], 60)
        self.assertEqual([one["closed"] for one in self.leases(bid, "closing")], ["host_leaving"])
        leaver("offer", "--scale", "1", code=1)
        until("the first has gone", lambda: not self.leases(bid, "closing"), 90)
        self.assertEqual(self.owner("host", "show", leaver.id)["standing"], 10_000)
        self.assertIs(self.owner("node", "verify-supply")["conserved"], True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
