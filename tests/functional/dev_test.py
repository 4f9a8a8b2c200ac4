#!/usr/bin/env python3
"""`fogcoin dev`: a service on the Publisher's own machine, in the Host's sandbox, with its meter and what it would cost;
without a chain, and with the prices of one."""
import json
import os
import signal
import subprocess
import unittest

import fogtest
from fogtest import ROOT, Stage, http as exchange, run_fogcoin, until
from contained import doctor_of_containers, make_image
from host_test import Host
from served import make_component

GUEST = ROOT / "tests/functional/serve_guest.c"
UNITS = ("cpu_core_hour=3.6", "memory_gib_hour=7.2", "gfuel=2", "egress_gib=1", "million_requests=5")


def manifest(**more):
    return json.dumps({"name": "mine", "runtime": "wasm", "artifact": "guest.wasm", "env": {"GREETING": "from the file"},
                       "limits": {"memory_mib": 32, "wall_ms": 1500, "fuel_per_request": 10**11},
                       "bid": {"resources": {"cpu_milli": 500, "memory_mib": 64}, "price_cap_per_hour": "50 FOG"},
                       **more})


def compile_guest(to, *words):
    subprocess.run(["clang-14", "--target=wasm32-wasi", "-O1", "-o", to.with_suffix(".new"), GUEST, *words], check=True)
    os.replace(to.with_suffix(".new"), to)


class Dev:
    """A running `fogcoin dev`, and what it has said."""

    def __init__(self, stage, folder, *words, within=(), name="service.json"):
        log = f"dev-{len(stage.programs)}"
        self.program = stage.start("fogcoin", "dev", folder / name, "--json", "--listen", "127.0.0.1:0", "--cache",
                                   folder / "cache", *words, log=log, within=within)
        try:
            self.url = self.wait("serving", 1)[0]["url"].rstrip("/")
        except AssertionError:
            print(self.program.log.read_text())
            raise

    def events(self, what):
        lines = self.program.log.read_text(errors="replace").splitlines()
        all_of_them = [json.loads(line) for line in lines if line.startswith('{"') and line.endswith("}")]
        return [event for event in all_of_them if event["event"] == what]

    def wait(self, what, count, seconds=60):
        def there():
            found = self.events(what)
            return found if len(found) >= count else None
        return until(f"{count} times {what}", there, seconds)

    def used_now(self):
        before = len(self.events("used"))
        self.program.process.send_signal(signal.SIGUSR1)
        return self.wait("used", before + 1)[-1]

    def ask(self, target="/", method="GET", body=None, headers=None):
        return exchange(self.url + target, method, body, headers or {})


class Command(unittest.TestCase):
    def setUp(self):
        self.stage = Stage()
        self.addCleanup(self.stage.close)
        self.folder = self.stage.folder / "service"
        self.folder.mkdir()
        (self.folder / "service.json").write_text(manifest())
        compile_guest(self.folder / "guest.wasm")

    def prices(self):
        return [word for unit in UNITS for word in ("--price", unit)]

    def test_it_serves_and_says_what_each_request_took_and_all_would_cost(self):
        dev = Dev(self.stage, self.folder, *self.prices())
        status, fields, body = dev.ask("/a/path?q=1", "POST", b"hello")
        self.assertEqual((status, body), (200, b"hello"))
        self.assertEqual((fields["X-Path"], fields["X-Query"], fields["X-Env"]), ("/a/path", "q=1", "from the file"))
        self.assertEqual(dev.ask("/?trap")[0], 502)
        self.assertEqual(dev.ask("/?loop")[0], 504)
        first, trap, loop = dev.wait("request", 3)
        self.assertEqual((first["method"], first["target"], first["status"], first["outcome"]),
                         ("POST", "/a/path?q=1", 200, "ok"))
        self.assertGreater(int(first["fuel"]), 50_000)
        self.assertGreater(int(first["memory_peak_bytes"]), 65_536)
        self.assertGreater(int(first["wall_us"]), 0)
        self.assertEqual((trap["status"], trap["outcome"], loop["outcome"]), (502, "trap", "wall"))
        used = dev.used_now()
        self.assertEqual((used["requests"], used["failed"], used["refused"]), ("3", "2", "0"))
        self.assertEqual(int(used["fuel"]), sum(int(each["fuel"]) for each in (first, trap, loop)))
        self.assertEqual(dev.program.stop(signal.SIGINT), 0)
        last = dev.events("used")[-1]
        hours = int(last["served_ms"]) / 3_600_000
        # Half a core and a sixteenth of a GiB at the prices given; each part is rounded down.
        self.assertAlmostEqual(int(last["cost"]["rent"]), hours * (0.5 * 3.6e9 + 0.0625 * 7.2e9), delta=2)
        use = 2 * int(last["fuel"]) + int(last["egress_bytes"]) * 1e9 / 2**30 + 3 * 5e9 / 1e6
        self.assertAlmostEqual(int(last["cost"]["use"]), use, delta=3)
        self.assertEqual(int(last["cost"]["rent_an_hour"]), int(0.5 * 3.6e9 + 0.0625 * 7.2e9))

    def test_more_requests_than_a_host_serves_without_a_voucher(self):
        dev = Dev(self.stage, self.folder)
        for number in range(1100):
            self.assertEqual(dev.ask("/", "POST", b"x")[0], 200, number)
        self.assertEqual(int(dev.used_now()["requests"]), 1100)

    def test_what_it_writes_to_standard_error_is_shown(self):
        dev = Dev(self.stage, self.folder)
        dev.ask("/?log")
        until("the line is there", lambda: "a line for the log" in dev.program.log.read_text())

    def test_it_starts_again_when_manifest_or_program_change(self):
        dev = Dev(self.stage, self.folder)
        (self.folder / "service.json").write_text(manifest(env={"GREETING": "another"}))
        dev.wait("serving", 2)
        self.assertEqual(dev.ask()[1]["X-Env"], "another")
        compile_guest(self.folder / "guest.wasm", "-O3")
        dev.wait("serving", 3)
        # What is wrong is said, and what runs goes on.
        (self.folder / "service.json").write_text("runtime: wasm\nname: mine\nartifact: guest.wasm\nports: 3\n")
        self.assertIn("ports", dev.wait("not_reloaded", 1)[0]["text"])
        self.assertEqual(dev.ask()[1]["X-Env"], "another")
        (self.folder / "service.json").write_text(manifest(env={"GREETING": "at last"}))
        dev.wait("serving", 4)
        self.assertEqual(dev.ask()[1]["X-Env"], "at last")

    def test_secrets_come_from_its_own_environment(self):
        (self.folder / "service.json").write_text(manifest(env={}, secrets=["GREETING"]))
        words = ["dev", self.folder / "service.json", "--cache", self.folder / "cache"]
        self.assertIn("names the secret GREETING", run_fogcoin(words).err)
        dev = Dev(self.stage, self.folder, within=("env", "GREETING=a secret"))
        self.assertEqual(dev.ask()[1]["X-Env"], "a secret")

    def test_an_ordinary_user(self):
        os.chmod(self.stage.folder, 0o755)
        cache = self.folder / "cache"
        cache.mkdir()
        os.chown(cache, 65534, 65534)
        dev = Dev(self.stage, self.folder,
                  within=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
        self.assertEqual(dev.ask("/", "POST", b"as nobody")[2], b"as nobody")
        self.assertEqual(dev.ask("/?memory")[0], 502)
        self.assertTrue(dev.events("not_isolated"), "control groups are root's")

    def test_a_component(self):
        make_component(self.folder, "service")
        (self.folder / "service.json").write_text(manifest(runtime="wasm-http", artifact="service.wasm"))
        dev = Dev(self.stage, self.folder)
        self.assertEqual(dev.ask("/echo", "POST", b"component")[2].splitlines()[-1], b"COMPONENT")
        self.assertEqual(dev.wait("request", 1)[0]["outcome"], "ok")

    def test_a_component_with_a_key_value_store(self):
        make_component(self.folder, "keep")
        (self.folder / "service.json").write_text(json.dumps(
            {"name": "mine", "runtime": "wasm-http", "artifact": "keep.wasm", "keyvalue": {"mib": 1}}))
        dev = Dev(self.stage, self.folder)
        self.assertEqual(dev.ask("/", "POST", b"set a one\nadd n 2\n")[2], b"done\n2\n")
        self.assertEqual(dev.ask("/", "POST", b"get a\nadd n 2\n")[2], b"is one\n4\n")

    @unittest.skipIf(doctor_of_containers(), f"no containers here: {doctor_of_containers()}")
    def test_a_container(self):
        image = self.folder / "image"
        image.mkdir()
        make_image(image, ("--config.cmd", "/srv/guest"))
        (self.folder / "service.json").write_text(manifest(
            runtime="container", artifact="image/oci-archive.tar", limits={"wall_ms": 4000},
            bid={"resources": {"cpu_milli": 500, "memory_mib": 128, "storage_mib": 64}, "price_cap_per_hour": "5 FOG"}))
        dev = Dev(self.stage, self.folder)
        until("it listens", lambda: dev.ask()[0] == 200)
        self.assertEqual(dev.ask()[2], b"hello from a container\n")
        self.assertEqual(dev.program.stop(signal.SIGTERM), 0)

    def test_what_cannot_run_is_said(self):
        def refused(code, *words, **more):
            (self.folder / "service.json").write_text(manifest(**more))
            done = run_fogcoin(["dev", self.folder / "service.json", "--cache", self.folder / "cache", *words])
            self.assertEqual(done.code, code, done.out + done.err)
            return done.err
        self.assertIn("--price: write NAME=FOG", refused(2, "--price", "gfule=1"))
        self.assertIn("is a core module, not a component", refused(2, runtime="wasm-http"))
        self.assertIn("ADDRESS:PORT", refused(2, "--listen", "8080"))
        self.assertIn("names the artifact", refused(4, artifact="missing.wasm"))
        (self.folder / "guest.wasm").write_bytes(b"\0asm\1\0\0\0broken")
        self.assertIn("cannot run here", refused(1, "--no-watch"))

    def test_one_process_a_cache(self):
        Dev(self.stage, self.folder)
        done = run_fogcoin(["dev", self.folder / "service.json", "--cache", self.folder / "cache"])
        self.assertEqual(done.code, 1)
        self.assertIn("another `fogcoin dev` works in", done.err)

    def test_without_a_node_and_without_prices_it_says_so(self):
        dev = Dev(self.stage, self.folder)
        used = dev.used_now()
        self.assertIsNone(used["cost"])
        self.assertTrue(used["no_cost"])

    def test_prices_of_a_network(self):
        owner, addresses = self.stage.wallet()
        node = self.stage.node({addresses["main"]: 100_000})
        owner.node_url = node.url
        dev = Dev(self.stage, self.folder, "--node", node.url)
        self.assertIn("none of 0 Offers", dev.used_now()["no_cost"])
        Host(self.stage, node, owner, "host", "2")
        def cost():
            return dev.used_now()["cost"]
        found = until("the Offer takes part", cost)
        preview = owner("bid", "preview", self.folder / "service.json")["matches"][0]
        self.assertIn("the cheapest of 1 matching Offers", found["prices"])
        self.assertIn("at scale %.4f" % (int(preview["cleared"]) / 10_000), found["prices"])
        self.assertGreater(int(found["rent_an_hour"]), 0)


if __name__ == "__main__":
    fogtest.main()
