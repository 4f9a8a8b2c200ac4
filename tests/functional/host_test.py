#!/usr/bin/env python3
"""The Host as its operator and its gateways see it: set-up, work, pay, kill -9 under load, the end of a lease.

    tests/functional/host_test.py [TEST...]       FOG_HOST_KILLS=N (6) kills in the test under load
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import threading
import time
import unittest

from fogtest import ROOT, StagedTest, free_port, http, programs_folder, run_fogcoin, until

KILLS = int(os.environ.get("FOG_HOST_KILLS", "6"))
SETTINGS = ("market.receipt_interval_ms=1500", "market.lease_timeout_ms=30000", "market.notice_ms=2000",
            "market.final_receipt_window_ms=6000", "market.audit_window_ms=8000")
REQUESTS = ROOT / "contrib/examples/thermostat/requests"


def children(pid):
    """{pid: command} of a process's children."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text().rsplit(") ", 1)[1].split()
            if int(stat[1]) == pid:
                found[int(entry.name)] = (entry / "cmdline").read_text().split("\0")[1]
        except (OSError, IndexError):
            continue
    return found


class Host:
    """One Host in a folder of its own, registered, offered and running."""

    def __init__(self, stage, node, owner, name, scale, private="", registries="", tunnel=""):
        self.stage, self.node, self.owner, self.name = stage, node, owner, name
        self.folder = stage.folder / name
        self.program = None
        self("init", "--listen", f"127.0.0.1:{free_port()}", "--country", "DE", "--cpu-milli", "2000",
             "--memory-mib", "1024", *(["--tunnel", tunnel] if tunnel else []))
        config = self.folder / "host.yaml"
        text = config.read_text().replace("private: []", f"private: [{private}]")
        config.write_text(text.replace("registries: [docker.io", f"registries: [{registries or 'docker.io'}"))
        self.id = self("register", "--yes", "--wallet", owner.wallet, "--passphrase-file", owner.passphrase_file,
                       "--account", "main")["host"]
        self("offer", "--scale", scale)
        self.start()

    def __call__(self, *args, code=0):
        done = run_fogcoin(["--dir", self.folder, "--node", self.node.url, "--json", *args], "foghost")
        if done.code != code:
            raise AssertionError(f"foghost {' '.join(map(str, args))}: exit status {done.code}\n{done.out}{done.err}")
        return done.json

    def start(self):
        self.program = self.stage.start("foghost", "--dir", self.folder, "--node", self.node.url, "run", log=self.name)

    def kill(self, what):
        """SIGKILL to the agent or to one of its processes, by its number."""
        agent = self.program.process
        if what == "agent":
            agent.kill()
            agent.wait()
            self.start()
            return
        for pid, command in children(agent.pid).items():
            if command == what:
                os.kill(pid, signal.SIGKILL)

    def leases(self):
        return self("leases")


def use_of(lease):
    return sum(int(log["root"]["sums"]["requests"]) for log in lease["logs"])


def vouched_of(lease):
    return sum(int(log["vouched_count"]) for log in lease["logs"])


class HostTest(StagedTest):
    @classmethod
    def prepare(cls):
        subprocess.run([ROOT / "contrib/examples/build", "thermostat"], check=True, capture_output=True, cwd=ROOT)
        plain, addresses = cls.stage.wallet()
        cls.node = cls.stage.node({addresses["main"]: "100000 FOG"}, SETTINGS)
        plain.node_url = cls.node.url
        cls.owner = plain
        cls.host = Host(cls.stage, cls.node, cls.owner, "cheap", "0.8")
        cls.url, _ = cls.stage.gateway(cls.node, cls.owner)
        manifest = ROOT / "contrib/examples/thermostat/service.yaml"
        cls.owner("service", "publish", manifest)
        cls.owner("bid", "create", "--service", "thermostat")
        until("the service answers", lambda: cls.ask()[0] == 200, 60)

    @classmethod
    def ask(cls):
        body = (REQUESTS / "heat.json").read_bytes()
        status, headers, text = http(f"{cls.url}/thermostat/", "POST", body, {"Content-Type": "application/json"})
        return status, headers, text

    def lease(self):
        return next(one for one in self.host.leases() if one["state"] == "active")

    def test_answers_and_is_paid_for_it(self):
        expected = json.loads((REQUESTS / "heat.expected.json").read_text())
        before = use_of(self.lease())
        status, _, text = self.ask()
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(text), expected)
        until("the request is billed", lambda: use_of(self.lease()) > before)
        earned = self.host("earnings")
        self.assertGreater(int(earned["earned"]), 0)
        self.assertTrue(earned["receipts"])
        days = until("the book has it", lambda: self.host("earnings")["days"])
        self.assertEqual({day["service"] for day in days}, {"thermostat"})
        for day in days:
            self.assertEqual(int(day["net"]), int(day["rent"]) + int(day["use"]) - int(day["burned"]))
        service = self.host("earnings")["services"]["thermostat"]
        self.assertGreater(int(service["requests"]), 0)
        next_day = self.host("earnings")["projected"]
        self.assertEqual(next_day["leases"], 1)
        self.assertGreater(int(next_day["rent_per_day"]), 0)
        shown = run_fogcoin(["--dir", self.host.folder, "--node", self.node.url, "earnings", "--days", "3"],
                            "foghost").out
        self.assertIn("█", shown)
        self.assertIn("Projected: ", shown)

    def test_the_book_of_earnings_adds_up_to_what_the_chain_says(self):
        def adds_up():
            paid = sum(int(one["paid"]) - int(one["burned"]) for one in self.host.leases())
            return paid > 0 and paid == sum(int(day["net"]) for day in self.host("earnings")["days"])
        until("the book has what the chain has paid", adds_up)

    def test_a_price_is_proposed_from_what_others_ask(self):
        folder = self.stage.folder / "newcomer"

        def foghost(*words, node=self.node.url):
            return run_fogcoin(["--dir", folder, "--node", node, "--json", *words], "foghost")
        made = foghost("init", "--listen", f"127.0.0.1:{free_port()}", "--country", "DE").json
        self.assertEqual(made["market"], {"class": "standard", "lowest": 8_000, "median": 8_000, "offers": 1})
        self.assertEqual(made["price"], {"class": "standard", "scale": 8_000})
        foghost("register", "--yes", "--wallet", self.owner.wallet, "--passphrase-file", self.owner.passphrase_file,
                "--account", "main")
        self.addCleanup(foghost, "withdraw")
        config = folder / "host.yaml"
        config.write_text(config.read_text().replace("scale: 0.8", "scale: much"))
        self.assertIn("0.01 to 100", foghost("offer").message)
        config.write_text(config.read_text().replace("scale: much", "scale: 7.5"))
        self.assertEqual(foghost("offer").json["scale"], 75_000)
        self.assertEqual(foghost("offer", "--scale", "9").json["scale"], 90_000)
        unseen = foghost("init", "--force", node="http://127.0.0.1:1").json
        self.assertIsNone(unseen["market"])
        self.assertEqual(unseen["price"]["scale"], 10_000)
        self.assertEqual(self.node.rpc("supply_verify")["conserved"], True)

    def test_says_what_it_is(self):
        def serving():
            status = self.host("status")
            return status if [one["phase"] for one in (status["agent"] or {}).get("replicas", [])] == ["serving"] else None
        status = until("the agent has written what it does", serving)
        self.assertTrue(status["running"])
        self.assertEqual(status["host"]["id"], self.host.id)
        for check in self.host("doctor"):
            self.assertTrue(check["good"] or not check["needed"], check)
        self.host("register", code=1)  # twice is refused
        for program in (self.host.program, self.stage.gateways["gateway"].program):
            self.assertEqual(program.core_limits(), ["0", "0"])

    def test_is_one_agent_a_folder(self):
        second = run_fogcoin(["--dir", self.host.folder, "--json", "run"], "foghost")
        self.assertEqual(second.code, 1)
        self.assertIn("another", second.message)

    def test_kill_9_under_load_loses_no_pay_and_bills_nothing_twice(self):
        stop, settled, failed = threading.Event(), [0], [0]
        lock = threading.Lock()

        def load():
            while not stop.is_set():
                status, headers, _ = self.ask()
                with lock:
                    # What the Host accounted for: an answer, or the crash of a worker under it.
                    if status == 200 or headers.get("fog-reason") == "crash":
                        settled[0] += 1
                    else:
                        failed[0] += 1
                if status != 200:
                    time.sleep(0.05)

        before = until("all is billed", self.all_billed)
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        chance = random.Random(7)
        for number in range(KILLS):
            time.sleep(chance.uniform(0.5, 2.0))
            self.host.kill(("agent", "front", "worker")[number % 3])
            reached = settled[0]
            until("it answers again", lambda: settled[0] > reached + 5, 40)
        stop.set()
        for thread in threads:
            thread.join()
        after = until("all is billed", self.all_billed, 40)
        self.assertEqual(after - before, settled[0], f"{failed[0]} requests failed")
        self.assertGreater(settled[0], 50)
        self.assertEqual(self.lease()["term"], 1)

    def all_billed(self):
        """The number of billed requests once receipts have caught up with vouchers, seen twice."""
        first = self.lease()
        time.sleep(4)
        second = self.lease()
        done = use_of(first) == use_of(second) and vouched_of(first) == vouched_of(second)
        return use_of(second) if done else None

    def test_zz_ends_with_the_bid(self):
        bid = self.owner("bid", "list")[0]
        self.owner("bid", "close", bid["id"])
        until("the Host lets go", lambda: not self.host("status")["agent"]["replicas"], 40)
        self.assertFalse(list((self.host.folder / "front/usage").iterdir()))
        self.assertEqual(self.host.program.stop(), 0)
        self.assertEqual(children(self.host.program.process.pid), {})


if __name__ == "__main__":
    unittest.main(verbosity=2)
