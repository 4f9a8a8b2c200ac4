#!/usr/bin/env python3
"""Runs a whole FogCoin network on this machine and performs the main job on it.

Four validators (fogcoind), two Hosts (foghost) with different prices and one gateway (foggate) run as separate
programs on free loopback ports. A Publisher publishes an example service and funds a bid; the block matches it to
the cheaper Host; requests go through the gateway to the workload; receipts arrive; and every payment is
recomputed here, from prices and counters, and compared with the chain to the droplet.

With --once: checks all that, closes the bid, checks the last settlement, stops everything, exits 0 or 1.
Without: leaves the network running until Ctrl-C. No process is left behind either way.
"""
import argparse
import concurrent.futures
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from free_port import free_port

ROOT = Path(__file__).resolve().parent.parent
FOG = 10**9
SCALE_ONE = 10_000
PR_SET_PDEATHSIG = 1

# Windows short enough to watch; everything else has its default.
MARKET = {
    "ack_deadline_ms": "15000",
    "receipt_interval_ms": "2000",
    "lease_timeout_ms": "20000",
    "notice_ms": "4000",
    "final_receipt_window_ms": "6000",
    "audit_window_ms": "6000",
    "bond_return_ms": "10000",
    "classes": [{"name": "standard", "prices": {
        "cpu_core_hour": "20000000", "memory_gib_hour": "5000000", "storage_gib_month": "50000000",
        "gpu_hour": "1000000000", "gfuel": "100000", "egress_gib": "50000000", "million_requests": "200000000"}}],
}


class Failure(Exception):
    """A check that did not hold, or a program that failed; the text is for the user."""


def say(text=""):
    print(text, flush=True)


def step(text):
    step.number += 1
    say(f"\n[{step.number}] {text}")


step.number = 0


def fog(droplets):
    whole, part = divmod(int(droplets), FOG)
    return f"{whole}.{part:09d}".rstrip("0").rstrip(".") + " FOG"


def wait_until(what, condition, seconds, poll=0.1):
    """Returns the condition's first true value; says what it waits for when that takes long."""
    start = last_word = time.monotonic()
    while time.monotonic() - start < seconds:
        value = condition()
        if value:
            return value
        if time.monotonic() - last_word > 5:
            say(f"    ... waiting for {what} ({int(time.monotonic() - start)} s)")
            last_word = time.monotonic()
        time.sleep(poll)
    raise Failure(f"{what} did not happen within {seconds} seconds")


class Network:
    """The programs, their folders and ports. close() ends every one of them."""

    def __init__(self, programs, folder):
        self.programs = Path(programs).resolve()
        self.folder = Path(folder).resolve()
        self.children = []
        self.rpc_url = self.rpc_urls = None  # the first validator's; all of them, comma-separated

    def start(self, name, command):
        log = open(self.folder / f"{name}.log", "ab")
        libc = ctypes.CDLL(None)

        def before_exec():
            # Ends with us even if we are killed; a group of its own, so that Ctrl-C reaches us alone first.
            os.setpgrp()
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

        child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 preexec_fn=before_exec)
        log.close()
        self.children.append((name, child))
        return child

    def kill(self, name):
        """At once, as a power failure would; returns the command to start it with again."""
        child = next(child for other, child in self.children if other == name)
        self.children.remove((name, child))
        child.kill()
        child.wait()
        return child.args

    def check_alive(self):
        for name, child in self.children:
            if child.poll() is not None:
                raise Failure(f"{name} ended by itself with status {child.returncode}; its last words:\n"
                              + self.tail(name))

    def tail(self, name, lines=15):
        text = (self.folder / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join("    " + line for line in text[-lines:])

    def close(self):
        for _, child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 15
        for name, child in reversed(self.children):
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"    {name} did not stop in time and is killed")
            # The group: what the program started itself goes too.
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()
        self.children.clear()

    def run(self, program, *arguments, check=True):
        command = [str(self.programs / program), *map(str, arguments)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            raise Failure(f"'{program} {' '.join(map(str, arguments))}' failed:\n{done.stdout}{done.stderr}".rstrip())
        return done.stdout

    def fogcoin(self, wallet, *arguments):
        options = ["--wallet", self.folder / f"{wallet}.json", "--passphrase-file", self.folder / "passphrase", "--yes",
                   "--json"]
        if self.rpc_url:
            options += ["--node", self.rpc_urls]
        return json.loads(self.run("fogcoin", *options, *arguments))

    def rpc(self, method, url=None, **params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(url or self.rpc_url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            result = json.load(answer)
        if "error" in result:
            raise Failure(f"{method}: {result['error']['message']}")
        return result["result"]

    def at_one_height(self, read):
        """Reads several things of one state: again, if a block came in between."""
        for _ in range(50):
            before = self.rpc("chain_status")["height"]
            value = read()
            if self.rpc("chain_status")["height"] == before:
                return value
        raise Failure("the chain does not stand still long enough to read it")


def http(url, body=None, headers=None, timeout=60):
    """(status, headers, body) of a request; an error status is an answer too."""
    request = urllib.request.Request(url, body, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


# ---- the market's arithmetic once more, from its description (contrib/doc/market.md), to check the chain with ----

def rent_due(prices, scale, resources, elapsed_ms):
    hour = 3_600_000
    gpu = resources["gpu"]["milli"] if resources["gpu"] else 0
    parts = [
        (prices["cpu_core_hour"], resources["cpu_milli"], 1000 * hour),
        (prices["memory_gib_hour"], resources["memory_mib"], 1024 * hour),
        (prices["storage_gib_month"], resources["storage_mib"], 1024 * 30 * 24 * hour),
        (prices["gpu_hour"], gpu, 1000 * hour),
    ]
    return sum(int(price) * quantity * scale * elapsed_ms // (unit * SCALE_ONE) for price, quantity, unit in parts)


def use_due(prices, scale, counters):
    parts = [
        (prices["gfuel"], counters["fuel"], 10**9),
        (prices["egress_gib"], counters["egress_bytes"], 2**30),
        (prices["million_requests"], counters["requests"], 10**6),
    ]
    return sum(int(price) * scale * quantity // (unit * SCALE_ONE) for price, quantity, unit in parts)


class Devnet:
    def __init__(self, options):
        self.options = options
        self.net = None
        self.folder = None

    # -- setting up --

    def prepare(self):
        self.folder = Path(self.options.dir) if self.options.dir else ROOT / "build" / "devnet"
        if self.folder.exists():
            if not (self.folder / ".fogcoin-devnet").exists() and any(self.folder.iterdir()):
                raise Failure(f"{self.folder} holds other things than a devnet; name another folder with --dir")
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        (self.folder / ".fogcoin-devnet").touch()
        passphrase = self.folder / "passphrase"
        passphrase.touch(0o600)
        passphrase.write_text("devnet\n")
        self.net = Network(self.options.programs, self.folder)

    def make_accounts(self):
        step("Accounts: a wallet each for the Publisher, two Host owners and Alice; a key for the gateway")
        self.address = {}
        for name in ("publisher", "host-a", "host-b", "alice"):
            made = self.net.fogcoin(name, "wallet", "create")
            self.address[name] = made["account"]["address"]
            say(f"    {name:10} {self.address[name]}")
        self.address["gateway"] = self.net.run("foggate", "--dir", self.folder / "gateway", "init").strip()
        say(f"    {'gateway':10} {self.address['gateway']}")

    def start_validators(self):
        count = self.options.validators
        step(f"The chain: {count} validator{'s' if count > 1 else ''}, each a process with the ledger on its own disk")
        base = self.folder / "base.json"
        base.write_text(json.dumps({"market": MARKET}))
        accounts = {"publisher": 10_000, "host-a": 1_000, "host-b": 1_000, "alice": 1_000, "gateway": 100}
        genesis = self.folder / "genesis.json"
        command = ["genesis", "make", "--base", base, "--chain-name", "fog-devnet", "--out", genesis]
        for number in range(count):
            self.net.run("fogcoind", "keys", "new", "--out", self.folder / f"validator-{number}.key")
            entry = self.folder / f"validator-{number}.json"
            entry.write_text(self.net.run("fogcoind", "keys", "show", "--key", self.folder / f"validator-{number}.key"))
            command += ["--validator", entry]
        for name, amount in accounts.items():
            command += ["--account", f"{self.address[name]}={amount}"]
        self.net.run("fogcoind", *command)
        peers = []
        for number in range(count):
            shown = self.net.run("fogcoind", "init", "--dir", self.folder / f"node-{number}", "--genesis", genesis, "--key",
                                 self.folder / f"validator-{number}.key")
            node_id = next(line.split()[-1] for line in shown.splitlines() if line.startswith("node id"))
            peers.append(f"{node_id}@127.0.0.1:{free_port()}")
        urls = []
        for number in range(count):
            port_file = self.folder / f"node-{number}.port"
            command = [self.net.programs / "fogcoind", "run", "--dir", self.folder / f"node-{number}", "--rpc",
                       f"127.0.0.1:{free_port()}", "--port-file", port_file, "--listen", peers[number].split("@")[1]]
            for other in peers:
                if other != peers[number]:
                    command += ["--peer", other]
            self.net.start(f"fogcoind-{number}", command)
        for number in range(count):
            port_file = self.folder / f"node-{number}.port"
            port = wait_until("the validator's RPC", lambda: self.alive() and port_file.exists()
                              and port_file.read_text().strip(), 30)
            urls.append(f"http://127.0.0.1:{port}")
        self.net.rpc_url = urls[0]
        self.net.rpc_urls = ",".join(urls)
        wait_until("the validators to meet", lambda: self.alive() and all(self.peers(url) == count - 1 for url in urls), 30)
        status = self.net.rpc("chain_status")
        say(f"    chain {status['chain_name']} {status['chain_id'][:18]}..., RPC at {', '.join(urls)}")

    @staticmethod
    def peers(url):
        text = http(url + "/metrics")[2].decode()
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("fog_peers "))

    def alive(self):
        self.net.check_alive()
        return True

    def start_gateway(self):
        step("The gateway: the door for End Users")
        port = free_port()
        self.gateway_url = f"http://127.0.0.1:{port}"
        common = ["--dir", self.folder / "gateway", "--node", self.net.rpc_urls]
        self.net.run("foggate", *common, "register", "--endpoint", self.gateway_url, "--country", "DE")
        self.net.start("foggate", [self.net.programs / "foggate", *common, "run", "--listen", f"127.0.0.1:{port}"])
        wait_until("the gateway", lambda: self.alive() and self.gateway_answers(), 30)
        say(f"    {self.gateway_url}/NAME/... and http://NAME.fog.localhost:{port}/...")

    def gateway_answers(self):
        try:
            return http(self.gateway_url + "/.fog/health", timeout=2)[0] == 200
        except OSError:
            return False

    def start_host(self, name, scale):
        folder = self.folder / name
        port = free_port()
        common = ["--dir", folder, "--node", self.net.rpc_urls]
        owner = ["--wallet", self.folder / f"{name}.json", "--passphrase-file", self.folder / "passphrase", "--yes"]
        self.net.run("foghost", *common, "init", "--listen", f"127.0.0.1:{port}", "--endpoint",
                     f"http://127.0.0.1:{port}", "--country", "DE", "--cpu-milli", 1000, "--memory-mib", 512)
        self.net.run("foghost", *common, "register", *owner)
        self.net.run("foghost", *common, "offer", "--scale", scale)
        self.net.start(name, [self.net.programs / "foghost", *common, "run"])
        say(f"    {name}: listening on port {port}, asks {scale} x the class 'standard'")

    def start_hosts(self):
        step("Two Hosts measure themselves, bond 100 FOG each and offer capacity at different prices")
        self.start_host("host-a", "1.3")
        self.start_host("host-b", "0.8")
        hosts = self.net.rpc("market_hosts")["items"]
        self.host_id = {}
        for host in hosts:
            for name in ("host-a", "host-b"):
                if host["owner"] == self.address[name]:
                    self.host_id[name] = host["id"]
        if len(self.host_id) != 2:
            raise Failure("the chain does not list both Hosts")

    # -- the main job --

    def publish(self):
        name = self.options.service
        step(f"The Publisher publishes the service '{name}' and uploads its program")
        manifest = ROOT / "contrib" / "examples" / name / "service.yaml"
        if not manifest.exists():
            raise Failure(f"there is no example service '{name}'")
        done = self.net.fogcoin("publisher", "service", "publish", manifest)
        say(f"    program {done['artifact'][:18]}..., uploaded to {done['uploads'][0]['endpoint']}")

    def fund(self):
        step("The Publisher funds a bid for one replica")
        self.before = {name: self.balance(name) for name in ("host-a", "host-b", "publisher")}
        done = self.net.fogcoin("publisher", "bid", "create", "--service", self.options.service, "--deposit", "20 FOG")
        self.bid_id = done["bid"]
        self.bid_fee = int(done["fee"])
        say(f"    bid {self.bid_id[:18]}..., escrow 20 FOG")

    def balance(self, name):
        return int(self.net.rpc("account_get", address=self.address[name])["balance"])

    def leases(self):
        return self.net.rpc("market_leases", bid=self.bid_id)["items"]

    def matched(self):
        step("The next block matches it; the Host fetches the program, starts it and acknowledges")
        lease = wait_until("the match", lambda: self.alive() and self.leases(), 20)[0]
        if lease["host"] != self.host_id["host-b"]:
            raise Failure("the bid went to the dearer Host")
        if lease["scale"] <= 8_000 - 1:
            raise Failure("the cleared scale is below the Host's ask")
        say(f"    lease {lease['id'][:18]}... to host-b, the cheaper one, at a cleared scale of {lease['scale'] / SCALE_ONE}"
            f" (it asked 0.8; the price is set by the next best, host-a at 1.3, within the cap)")
        wait_until("the replica", lambda: self.alive() and self.leases()[0]["state"] == "active", 60)
        self.lease_id = lease["id"]
        say("    active: rent runs from this block on")

    def requests(self):
        step("End Users call the service through the gateway")
        sample = ROOT / "contrib" / "examples" / self.options.service / "requests"
        cases = json.loads((sample / "cases.json").read_text())
        url = f"{self.gateway_url}/{self.options.service}"
        wait_until("the route", lambda: self.alive() and http(url + "/")[2] is not None
                   and http(url + "/")[0] != 503, 20)
        served = 0
        for case in cases:
            served += self.one_case(url, sample, case)
        shown = cases[0]
        body = (sample / shown["body"]).read_bytes() if shown.get("body") else None
        path = shown.get("path", "/") + ("?" + shown["query"] if shown.get("query") else "")
        say(f"    $ curl --data-binary @contrib/examples/{self.options.service}/requests/{shown.get('body')} {url}{path}")
        status, headers, answer = http(url + path, body, {"Content-Type": shown.get("type", "application/octet-stream")})
        kind = headers.get("Content-Type", "")
        if kind.startswith("text/") or "json" in kind:
            say("    " + answer[:400].decode(errors="replace").strip().replace("\n", "\n    "))
        else:
            say(f"    ({len(answer)} bytes of {kind})")
        say(f"    {served} sample requests answered exactly as their expected answers say")
        count = self.options.requests
        start = time.monotonic()

        def one(_):
            return http(url + path, body, {"Content-Type": shown.get("type", "application/octet-stream")})[0]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(one, range(count)))
        if any(one_status != status for one_status in statuses):
            raise Failure("some of the requests were answered otherwise: " + str(sorted(set(statuses))))
        say(f"    {count} more requests from 8 clients in {time.monotonic() - start:.1f} s")

    def one_case(self, url, sample, case):
        body = (sample / case["body"]).read_bytes() if case.get("body") else None
        path = case.get("path", "/") + ("?" + case["query"] if case.get("query") else "")
        request_headers = {"Content-Type": case["type"]} if case.get("type") else {}
        status, _, answer = http(url + path, body, request_headers)
        if status != case["status"]:
            raise Failure(f"{path}: status {status}, expected {case['status']}: {answer[:300]!r}")
        expected = case.get("expected")
        if expected and answer != (sample / expected).read_bytes():
            raise Failure(f"{path}: the answer differs from {expected}")
        return 1

    def receipts(self):
        step("Receipts arrive: the Host claims what the gateway has vouched for")
        forwarded = self.forwarded()

        def all_billed():
            self.net.check_alive()
            lease = self.leases()[0]
            return lease if sum(int(log["count"]) for log in lease["logs"]) >= forwarded else None

        lease = wait_until("the receipt for all requests", all_billed, 60)
        for receipt in self.net.rpc("market_receipts", lease=self.lease_id)["items"][-3:]:
            say(f"    receipt {receipt['number']}: {receipt['counters']['requests']} requests, rent "
                f"{fog(receipt['rent'])}, use {fog(receipt['use'])}, to the Host {fog(receipt['to_host'])}, held back "
                f"{fog(receipt['held'])}, burned {fog(receipt['burned'])}")
        counters = self.counters(lease)
        say(f"    {counters['requests']} requests, {counters['fuel']} fuel, {counters['egress_bytes']} bytes out")
        if counters["requests"] != forwarded:
            raise Failure(f"the gateway forwarded {forwarded} requests, the chain billed {counters['requests']}")

    def forwarded(self):
        status = json.loads(http(self.gateway_url + "/.fog/status")[2])
        return sum(int(replica["forwarded"]) - int(replica["voids"])
                   for replica in status["services"][self.options.service])

    @staticmethod
    def counters(lease):
        sums = {"requests": 0, "fuel": 0, "egress_bytes": 0}
        for log in lease["logs"]:
            for name in sums:
                sums[name] += int(log["root"]["sums"][name])
        return sums

    def read_books(self):
        """What the chain has; once the lease's last windows have passed it is erased, and then what it had last."""
        leases = self.leases()
        self.last_lease = leases[0] if leases else {**self.last_lease, "held": "0"}
        return {
            "lease": self.last_lease,
            "bid": self.net.rpc("market_bid", id=self.bid_id),
            "host": self.balance("host-b"),
            "publisher": self.balance("publisher"),
            "supply": self.net.rpc("supply_verify"),
        }

    def check(self, what, left, right):
        if left != right:
            raise Failure(f"{what}: {left} droplets here, {right} on the chain")
        say(f"    ok  {what}: {fog(left)}")

    def check_books(self):
        step("The books, recomputed here from prices, time and counters")
        books = self.net.at_one_height(self.read_books)
        lease, bid = books["lease"], books["bid"]
        elapsed = int(lease["billed_until_ms"]) - int(lease["active_since_ms"])
        rent = rent_due(lease["prices"], lease["scale"], lease["resources"], elapsed)
        use = use_due(lease["prices"], lease["scale"], self.counters(lease))
        self.check(f"rent for {elapsed / 1000:.3f} s", rent, int(lease["rent_due"]))
        self.check("vouchered use", use, int(lease["use_due"]))
        self.check("paid = rent + use", rent + use, int(lease["paid"]))
        self.check("the Host's balance grew by what was paid less burn and hold-back",
                   rent + use - int(lease["burned"]) - int(lease["held"]), books["host"] - self.before["host-b"])
        self.check("the escrow shrank by exactly what was paid", 20 * FOG - rent - use,
                   int(bid["free"]) + int(bid["locked"]))
        self.check_supply(books["supply"])

    def check_supply(self, supply):
        parts = sum(int(supply[name]) for name in ("accounts", "stakes", "bonds", "escrows"))
        self.check("supply: accounts + stakes + bonds + escrows + burned = minted",
                   parts + int(supply["supply"]["burned"]), int(supply["supply"]["minted"]))

    def close_bid(self):
        step("The Publisher closes the bid; the last receipt, the hold-back and the refund settle")
        close_fee = int(self.net.fogcoin("publisher", "bid", "close", self.bid_id)["fee"])

        def settled():
            self.net.check_alive()
            books = self.net.at_one_height(self.read_books)
            done = int(books["bid"]["free"]) + int(books["bid"]["locked"]) == 0 and int(books["lease"]["held"]) == 0
            return books if done else None

        books = wait_until("the settlement", settled, 90, poll=0.5)
        lease, bid = books["lease"], books["bid"]
        elapsed = int(lease["billed_until_ms"]) - int(lease["active_since_ms"])
        due = (rent_due(lease["prices"], lease["scale"], lease["resources"], elapsed)
               + use_due(lease["prices"], lease["scale"], self.counters(lease)))
        self.check("rent + use at the cleared scale", due, int(lease["paid"]))
        self.check("the Host earned it less the burn", due - int(lease["burned"]), books["host"] - self.before["host-b"])
        self.check("the escrow's rest came back to the Publisher", 20 * FOG - due, int(bid["refunded"]))
        self.check("the Publisher's account: less what was used and two fees",
                   self.before["publisher"] - due - self.bid_fee - close_fee, books["publisher"])
        self.check_supply(books["supply"])

    def wallet_job(self):
        step("Alice pays two people in one transaction")
        sent = self.net.fogcoin("alice", "send", f"{self.address['gateway']}=1.5", f"{self.address['host-a']}=2.25",
                                "--memo", "thanks")
        say(f"    final at height {sent['height']}, fee {fog(sent['fee'])}, transaction {sent['tx'][:18]}...")

    def kill_a_validator(self):
        if self.options.validators < 4:
            return
        step("A validator is killed; the others go on; it comes back")
        victim = f"fogcoind-{self.options.validators - 1}"
        command = self.net.kill(victim)
        start = time.monotonic()
        sent = self.net.fogcoin("alice", "send", f"{self.address['host-a']}=1")
        say(f"    Alice's payment without it: final at height {sent['height']} after {time.monotonic() - start:.1f} s")
        self.net.start(victim, command)
        port_file = self.folder / f"node-{self.options.validators - 1}.port"

        def caught_up():
            self.net.check_alive()
            try:
                port = port_file.read_text().strip()
                return int(self.net.rpc("chain_status", url=f"http://127.0.0.1:{port}")["height"]) >= int(sent["height"])
            except OSError:
                return False

        wait_until("the validator to catch up", caught_up, 30)
        say("    it is back and has all blocks")

    def show_urls(self):
        say(f"\nThe network runs. Its console, for a browser: {self.net.rpc_url}/")
        say("Or try:")
        programs = os.path.relpath(self.net.programs)
        wallet = f"--wallet {os.path.relpath(self.folder)}/alice.json --passphrase-file {os.path.relpath(self.folder)}/passphrase"
        say(f"    curl -s {self.gateway_url}/{self.options.service}/")
        say(f"    {programs}/fogcoin --node {self.net.rpc_url} node status")
        say(f"    {programs}/fogcoin --node {self.net.rpc_url} {wallet} balance")
        say(f"    {programs}/foghost --dir {os.path.relpath(self.folder)}/host-b --node {self.net.rpc_url} earnings")
        say(f"    RPC {self.net.rpc_url}   metrics {self.net.rpc_url}/metrics   gateway {self.gateway_url}/.fog/status")
        say(f"    logs in {os.path.relpath(self.folder)}/*.log")
        say("Ctrl-C stops everything.")

    def run(self):
        self.prepare()
        try:
            self.make_accounts()
            self.start_validators()
            self.start_gateway()
            self.start_hosts()
            self.publish()
            self.fund()
            self.matched()
            self.requests()
            self.receipts()
            self.check_books()
            self.wallet_job()
            self.kill_a_validator()
            if self.options.once:
                self.close_bid()
                say("\nEverything holds.")
                return
            self.show_urls()
            while True:
                self.net.check_alive()
                time.sleep(0.5)
        finally:
            say("\nStopping the network.")
            self.net.close()


def main():
    parser = argparse.ArgumentParser(prog="contrib/devnet", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--once", action="store_true", help="check everything, stop, exit 0 or 1")
    parser.add_argument("--validators", type=int, default=4, help="how many validators (default 4)")
    parser.add_argument("--dir", help="folder of the network (default: build/devnet; an earlier one there is removed)")
    parser.add_argument("--service", default="thermostat", help="example to run: thermostat, markdown, thumbnail")
    parser.add_argument("--requests", type=int, default=200, help="requests beyond the samples (default 200)")
    parser.add_argument("--preset", default="release", help="build to run, as --preset=NAME (default release)")
    parser.add_argument("--programs", default=str(ROOT / "build" / "release"), help=argparse.SUPPRESS)
    options = parser.parse_args()

    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    devnet = Devnet(options)
    try:
        devnet.run()
    except KeyboardInterrupt:
        if options.once:
            return 1
    except Failure as failure:
        say(f"\ndevnet: FAILED: {failure}")
        if devnet.net:
            for log in sorted(devnet.folder.glob("*.log")):
                say(f"  {log.name}:\n" + devnet.net.tail(log.stem, 8))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
