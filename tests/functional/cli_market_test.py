#!/usr/bin/env python3
"""A Publisher on the command line: services, the programs' way to the gateways, bids and their money. No
Host runs here, so bids find nobody; what Hosts do is contrib/devnet's to check."""
import hashlib
import json
import os
import subprocess

import fogtest
from fogtest import DROPLETS, ROOT, StagedTest, http, until

MANIFEST = ROOT / "contrib/examples/thermostat/service.yaml"


def setting_up(test):
    test.cli, test.addresses = test.stage.wallet(accounts=["other"])
    test.node = test.stage.node({test.addresses["main"]: 100_000, test.addresses["other"]: 1_000})
    test.cli.node_url = test.node.url
    test.main, test.other = test.cli.as_account("main"), test.cli.as_account("other")
    params = test.cli("params")["market"]
    test.name_burn = int(params["service_fee_burn"])
    test.artifact = build_thermostat(test.stage.folder)


def build_thermostat(folder):
    """Debian's clang makes the example's program, as the example's README says."""
    out = folder / "artifacts"
    subprocess.run([ROOT / "contrib/examples/build", "thermostat"], check=True, capture_output=True,
                   env={**os.environ, "OUT": str(out)})
    return out / "thermostat.wasm"


def write_manifest(test, name="thermostat", extra="", **limits):
    """The example's manifest with the program that was built here, under another name."""
    lines = MANIFEST.read_text().splitlines()
    changed = []
    for line in lines:
        key = line.split(":")[0].strip()
        if key == "name":
            line = f"name: {name}"
        elif key == "artifact":
            line = f"artifact: {test.artifact}"
        elif key in limits:
            line = f"  {key}: {limits[key]}"
        changed.append(line)
    path = test.stage.folder / f"{name}.yaml"
    path.write_text("\n".join(changed) + "\n" + extra)
    return path


def balance(cli, who):
    return int(cli("balance", who)[0]["balance"])


class WithoutGateway(StagedTest):
    @classmethod
    def prepare(cls):
        setting_up(cls)

    def test_the_service_stands_although_its_program_has_nowhere_to_go(self):
        manifest = write_manifest(self, "stands")
        before = balance(self.cli, "main")
        says = self.main.fails(4, "service", "publish", manifest)
        self.assertIn("no gateway is registered", says)
        self.assertIn("fogcoin service upload", says)
        shown = self.cli("service", "show", "stands")
        self.assertEqual(shown["owner"], self.addresses["main"])
        self.assertEqual(shown["manifest"]["artifact"], "0x" + hashlib.sha256(self.artifact.read_bytes()).hexdigest())
        self.assertEqual(int(shown["manifest"]["artifact_bytes"]), self.artifact.stat().st_size)
        self.assertGreater(before - balance(self.cli, "main"), self.name_burn)
        self.assertIn("no gateway is registered", self.main.fails(4, "service", "upload", manifest))

    def test_the_examples_own_manifest_names_what_its_build_makes(self):
        path = next(line.split(": ")[1] for line in MANIFEST.read_text().splitlines() if line.startswith("artifact"))
        self.assertEqual((MANIFEST.parent / path).resolve(), ROOT / "build/examples/thermostat.wasm")

    def test_a_name_burns_its_price_and_the_fee_and_nothing_else(self):
        before = balance(self.cli, "main")
        sent = self.main("service", "publish", write_manifest(self, "burns"), "--no-upload")
        self.assertEqual(before - balance(self.cli, "main"), self.name_burn + int(sent["fee"]))

    def test_publishing_again_makes_a_version_only_if_something_changed(self):
        self.main("service", "publish", write_manifest(self, "versions"), "--no-upload")
        before = balance(self.cli, "main")
        again = self.main("service", "publish", write_manifest(self, "versions"), "--no-upload")
        self.assertIsNone(again["tx"])
        self.assertEqual(balance(self.cli, "main"), before)
        sent = self.main("service", "publish", write_manifest(self, "versions", wall_ms=3000), "--no-upload")
        shown = self.cli("service", "show", "versions")
        self.assertEqual((shown["version"], shown["manifest"]["wall_ms"]), (2, 3000))
        self.assertEqual(before - balance(self.cli, "main"), int(sent["fee"]))

    def test_lists_are_of_all_of_an_owner_or_of_oneself(self):
        self.main("service", "publish", write_manifest(self, "of-main"), "--no-upload")
        self.other("service", "publish", write_manifest(self, "of-other"), "--no-upload")
        def names(cli, *options):
            return {one["name"] for one in cli("service", "list", *options)}
        self.assertLessEqual({"of-main", "of-other"}, names(self.cli))
        self.assertIn("of-main", names(self.main, "--mine"))
        for of_other in (names(self.other, "--mine"), names(self.cli, "--owner", self.addresses["other"])):
            self.assertIn("of-other", of_other)
            self.assertNotIn("of-main", of_other)

    def test_a_name_that_is_taken_or_wrong_and_a_service_of_somebody_else(self):
        self.main("service", "publish", write_manifest(self, "taken"), "--no-upload")
        self.assertIn(self.addresses["main"],
                      self.other.fails(1, "service", "publish", write_manifest(self, "taken"), "--no-upload"))
        self.assertIn("not_service_owner", self.other.fails(1, "service", "retire", "taken"))
        for bad in ("ab", "Capital", "-x-", "a" * 64):
            self.assertIn("service name", self.main.fails(2, "service", "publish", write_manifest(self, bad)))

    def test_a_retired_name_is_free_again(self):
        self.main("service", "publish", write_manifest(self, "retired"), "--no-upload")
        self.main("service", "retire", "retired")
        self.assertIn("retired", self.cli.fails(4, "service", "show", "retired"))
        self.assertIn("service_not_found", self.main.fails(1, "service", "retire", "retired"))
        self.other("service", "publish", write_manifest(self, "retired"), "--no-upload")
        self.assertEqual(self.cli("service", "show", "retired")["owner"], self.addresses["other"])

    def test_a_manifest_error_names_file_line_and_key(self):
        for extra, says in (("memmory: 1\n", "memmory"), ("bid:\n  replicas: 0\n", "replicas"),
                            ("bid: {price_cap_per_hour: 1, deposits: 2}\n", "deposit"), ("]\n", "yaml")):
            path = write_manifest(self, "wrong", extra)
            message = self.main.fails(2, "service", "publish", path)
            self.assertIn(says, message)
            self.assertIn(f"{path}:", message)
        missing = write_manifest(self, "missing")
        missing.write_text(missing.read_text().replace(str(self.artifact), "nowhere.wasm"))
        self.assertIn("nowhere.wasm", self.main.fails(4, "service", "publish", missing))
        self.main.run("service", "publish", self.stage.folder / "none.yaml", code=2)

    def test_what_no_host_could_run_is_refused_before_it_costs_anything(self):
        before = balance(self.cli, "main")
        program = self.stage.folder / "strange"
        for content, says in ((b"#!/bin/sh\n", "not a WebAssembly module"), (b"\0asm\x0d\0\1\0", "component"),
                              (b"\0asm", "not a WebAssembly module"), (b"", "is empty")):
            program.write_bytes(content)
            path = write_manifest(self, "strange")
            path.write_text(path.read_text().replace(str(self.artifact), str(program)))
            self.assertIn(says, self.main.fails(2, "service", "publish", path))
        path = write_manifest(self, "container")
        path.write_text(path.read_text().replace("runtime: wasm", "runtime: container"))
        self.assertIn("runtime", self.main.fails(2, "service", "publish", path))
        self.assertEqual(balance(self.cli, "main"), before)

    def test_a_bid_needs_a_gateway_and_a_service(self):
        self.main("service", "publish", write_manifest(self, "lonely"), "--no-upload")
        self.assertIn("no gateway is registered", self.main.fails(4, "bid", "create", "--service", "lonely"))
        self.assertIn("publish it first", self.main.fails(4, "bid", "create", "--service", "unheard-of"))
        self.assertIn("gateway_not_found",
                      self.main.fails(1, "bid", "create", "--service", "lonely", "--gateway", "other"))
        self.assertEqual(self.main("bid", "list"), [])

    def test_an_empty_market_lists_nothing(self):
        for command in (["lease", "list"], ["lease", "list", "--service", "nothing"], ["host", "list"],
                        ["gateway", "list"], ["receipt", "list", "11" * 32], ["lease", "list", "--bid", "11" * 32]):
            self.assertEqual(self.main(*command), [])
        for command in (["lease", "show"], ["host", "show"], ["bid", "show"]):
            self.assertIn("11" * 32, self.main.fails(4, *command, "11" * 32))
            self.assertIn("64 hex digits", self.main.fails(2, *command, "11"))
        self.assertIn("bid_not_found", self.main.fails(1, "bid", "close", "11" * 32))


class WithGateway(StagedTest):
    @classmethod
    def prepare(cls):
        setting_up(cls)
        cls.gateway_url, cls.gateway = cls.stage.gateway(cls.node, cls.main)

    def publish(self, name, extra=""):
        path = write_manifest(self, name, extra)
        return path, self.main("service", "publish", path)

    def test_the_program_is_uploaded_and_served_by_its_digest(self):
        _, done = self.publish("uploaded")
        self.assertEqual(done["uploads"], [{"gateway": self.gateway, "endpoint": self.gateway_url, "error": None}])
        digest = hashlib.sha256(self.artifact.read_bytes()).hexdigest()
        status, _, body = http(f"{self.gateway_url}/.fog/artifacts/{digest}")
        self.assertEqual((status, body), (200, self.artifact.read_bytes()))

    def test_a_gateway_takes_only_what_the_chain_names(self):
        unknown = hashlib.sha256(b"unknown").hexdigest()
        status, headers, body = http(f"{self.gateway_url}/.fog/artifacts/{unknown}", "PUT", b"unknown")
        self.assertEqual((status, headers["fog-reason"]), (403, "not-on-chain"), body)
        self.assertEqual(http(f"{self.gateway_url}/.fog/artifacts/{unknown}")[0], 404)
        program = self.stage.folder / "program.wasm"
        program.write_bytes(b"\0asm\1\0\0\0 another program")
        path = write_manifest(self, "tampered")
        path.write_text(path.read_text().replace(str(self.artifact), str(program)))
        self.main("service", "publish", path, "--no-upload")
        digest = hashlib.sha256(program.read_bytes()).hexdigest()
        status, headers, _ = http(f"{self.gateway_url}/.fog/artifacts/{digest}", "PUT", b"\0asm\1\0\0\0 another progra!")
        self.assertEqual((status, headers["fog-reason"]), (400, "bad-artifact"))
        self.assertEqual(http(f"{self.gateway_url}/.fog/artifacts/{digest}")[0], 404)
        self.main("service", "upload", path)
        self.assertEqual(http(f"{self.gateway_url}/.fog/artifacts/{digest}")[2], program.read_bytes())

    def test_an_end_user_is_told_what_is_missing(self):
        status, headers, _ = http(f"{self.gateway_url}/no-such-service/")
        self.assertEqual((status, headers["fog-reason"]), (404, "no-such-service"))
        self.publish("unfunded")
        def reason(name):
            status, headers, body = http(f"{self.gateway_url}/{name}/", "POST", b"{}")
            return status, headers["fog-reason"]
        until("the gateway sees the service", lambda: reason("unfunded") == (503, "no-bid"))
        self.main("bid", "create", "--service", "unfunded")
        until("the gateway sees the bid", lambda: reason("unfunded") == (503, "no-host"))
        host = {"Host": "unfunded.fog.localhost"}
        self.assertEqual(http(self.gateway_url, headers=host)[1]["fog-reason"], "no-host")

    def test_a_bid_takes_its_deposit_and_gives_back_what_nobody_earned(self):
        self.publish("funded")
        before = balance(self.cli, "main")
        made = self.main("bid", "create", "--service", "funded", "--price-cap", "0.5 FOG", "--spend-cap", "1 FOG",
                         "--deposit", "20")
        self.assertEqual(before - balance(self.cli, "main"), 20 * DROPLETS + int(made["fee"]))
        bid = self.cli("bid", "show", made["bid"])
        self.assertEqual((int(bid["free"]), int(bid["locked"]), int(bid["spent"])), (20 * DROPLETS, 0, 0))
        self.assertEqual(bid["terms"]["gateways"], [self.gateway])
        self.assertEqual(bid["leases"], [])
        self.assertIn("No Host yet", self.cli.run("bid", "show", made["bid"], json_output=False).out)

        # Anyone may top it up.
        others = balance(self.cli, "other")
        topped = self.other("bid", "topup", made["bid"], "5 FOG")
        self.assertEqual(others - balance(self.cli, "other"), 5 * DROPLETS + int(topped["fee"]))
        self.assertEqual(int(self.cli("bid", "show", made["bid"])["free"]), 25 * DROPLETS)
        self.assertIn("service_in_use", self.main.fails(1, "service", "retire", "funded"))
        self.assertIn("not_bid_owner", self.other.fails(1, "bid", "close", made["bid"]))

        # Closed, each gets back what he gave.
        mine, others = balance(self.cli, "main"), balance(self.cli, "other")
        closed = self.main("bid", "close", made["bid"])
        self.assertEqual(balance(self.cli, "main") - mine, 20 * DROPLETS - int(closed["fee"]))
        self.assertEqual(balance(self.cli, "other") - others, 5 * DROPLETS)
        bid = self.cli("bid", "show", made["bid"])
        self.assertEqual((int(bid["free"]), int(bid["refunded"])), (0, 25 * DROPLETS))
        self.assertIn("bid_closed", self.main.fails(1, "bid", "topup", made["bid"], "1"))
        self.main("service", "retire", "funded")
        self.assertIs(self.cli("node", "verify-supply")["conserved"], True)

    def test_a_bid_gets_other_terms_and_its_owner_is_told(self):
        self.publish("resized")
        bid = self.main("bid", "create", "--service", "resized", "--deposit", "20 FOG")["bid"]
        self.main("bid", "update", bid, "--replicas-min", 2, "--replicas-max", 4, "--warm", 1,
                  "--demands-per-hour", 7, "--spend-cap", "2 FOG", "--lease", "1h30m")
        terms = self.cli("bid", "show", bid)["terms"]
        self.assertEqual((terms["replicas_min"], terms["replicas_max"], terms["warm"], terms["demands_per_hour"]),
                         (2, 4, 1, 7))
        self.assertEqual(int(terms["spend_per_hour_max"]), 2 * DROPLETS)
        self.assertEqual(int(terms["lease_ms"]), 5_400_000)
        self.main("bid", "update", bid, "--lease", "none")
        self.assertEqual(int(self.cli("bid", "show", bid)["terms"]["lease_ms"]), 0)
        self.assertIn("--lease", self.main.fails(2, "bid", "update", bid, "--lease", "soon"))
        self.assertIn("bad_lease_time", self.main.fails(1, "bid", "update", bid, "--lease", "5s"))
        self.assertIn("not_bid_owner", self.other.fails(1, "bid", "update", bid, "--replicas-min", 1))
        self.assertIn("deposit_too_low", self.main.fails(1, "bid", "update", bid, "--replicas-min", 1000))
        self.other("bid", "topup", bid, "1 FOG")
        self.main("bid", "close", bid)
        kinds = [one["kind"] for one in self.main("events", "--bid", bid)]
        self.assertEqual(kinds, ["bid_created", "bid_updated", "bid_updated", "bid_funded", "bid_closed", "bid_refunded"])
        self.assertEqual([one["kind"] for one in self.other("events", "--bid", bid)], ["bid_refunded"])
        self.assertIn("bid_refunded", self.main.run("events", "--bid", bid, json_output=False).out)
        page = self.node.rpc("market_events", address=self.addresses["main"], limit=1)
        later = self.node.rpc("market_events", address=self.addresses["main"], cursor=page["next"])
        self.assertEqual(len(page["items"]), 1)
        self.assertNotIn(page["items"][0], later["items"])

    def test_lists_of_bids(self):
        self.publish("listed")
        made = self.main("bid", "create", "--service", "listed")["bid"]
        for options in ([], ["--service", "listed"], ["--owner", "main"]):
            self.assertIn(made, [one["id"] for one in self.main("bid", "list", *options)])
        self.assertEqual(self.other("bid", "list"), [])
        self.assertIn("listed", self.main.run("bid", "list", json_output=False).out)

    def test_the_manifests_bid_section_says_what_is_asked_for(self):
        section = """
bid:
  replicas: {min: 0, max: 3}
  resources: {cpu_milli: 250, memory_mib: 128}
  profile: {requests_per_hour: 7200, fuel_per_hour: 50000000000, egress_bytes_per_hour: 1048576}
  price_cap_per_hour: 0.2 FOG
  spend_cap_per_hour: 0.8 FOG
  countries: [DE, FR]
  spread: {host: 1, owner: 2}
  near: {country: DE, lat: 52.5, lon: 13.4}
  latency_weight: 100
  deposit: 3 FOG
"""
        path, _ = self.publish("asked", section)
        made = self.main("bid", "create", path)
        bid = self.cli("bid", "show", made["bid"])
        terms = bid["terms"]
        self.assertEqual((terms["replicas_min"], terms["replicas_max"]), (0, 3))
        self.assertEqual((terms["resources"]["cpu_milli"], terms["resources"]["memory_mib"]), (250, 128))
        self.assertEqual(int(terms["spend_per_hour_max"]), 800_000_000)
        self.assertEqual(terms["constraints"]["countries"], ["DE", "FR"])
        self.assertEqual(int(bid["free"]), 3 * DROPLETS)
        # An option on the command line wins over the file.
        other = self.main("bid", "create", path, "--replicas", 2, "--deposit", "7")
        bid = self.cli("bid", "show", other["bid"])
        self.assertEqual((bid["terms"]["replicas_min"], int(bid["free"])), (2, 7 * DROPLETS))

    def test_a_bid_that_cannot_be_is_refused_and_costs_only_the_fee(self):
        self.publish("refused")
        before = self.main("bid", "list")
        self.assertIn("deposit_too_low", self.main.fails(
            1, "bid", "create", "--service", "refused", "--deposit", "1 droplets"))
        self.assertIn("insufficient_funds", self.main.fails(
            1, "bid", "create", "--service", "refused", "--deposit", "1000000"))
        self.assertIn("not an amount", self.main.fails(2, "bid", "create", "--service", "refused", "--deposit", "x"))
        self.assertIn("bad_replicas", self.main.fails(1, "bid", "create", "--service", "refused", "--replicas", 0))
        self.main.run("bid", "create", code=2)
        self.assertEqual(self.main("bid", "list"), before)

    def test_the_gateway_is_listed_and_tells_of_itself(self):
        listed = self.cli("gateway", "list")
        self.assertEqual([(one["owner"], one["endpoint"]) for one in listed], [(self.gateway, self.gateway_url)])
        self.assertEqual(http(f"{self.gateway_url}/.fog/health")[2], b"ok\n")
        self.assertEqual(json.loads(http(f"{self.gateway_url}/.fog/status")[2])["gateway"], self.gateway)
        metrics = http(f"{self.gateway_url}/.fog/metrics")[2].decode()
        for name in ("requests_total", "failures_total", "voids_total", "vouchers_total", "connections", "replicas"):
            self.assertIn(f"\nfoggate_{name} ", metrics)


if __name__ == "__main__":
    fogtest.main()
