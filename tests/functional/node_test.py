"""fogcoind from outside: directories, keys and genesis files are made and refused, the node starts, answers, and stops
cleanly; its door holds its bounds over real sockets."""
import json
import pathlib
import signal
import subprocess
import unittest

import fogtest

ADDRESS = "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"


class Fogcoind(unittest.TestCase):
    def setUp(self):
        self.stage = fogtest.Stage()
        self.addCleanup(self.stage.close)
        self.folder = pathlib.Path(self.stage.folder)
        self.program = str(fogtest.programs_folder() / "fogcoind")

    def say(self, *arguments):
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=120)

    def good(self, *arguments):
        done = self.say(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def bad(self, code, hint, *arguments):
        done = self.say(*arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(hint, done.stderr + done.stdout)

    def init(self, name, *options):
        directory = self.folder / name
        self.good("init", "--dir", directory, "--devnet", "--account", f"{ADDRESS}=1000", *options)
        return directory

    def start(self, directory, *options):
        """(the running program, its URL)"""
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        program = self.stage.start("fogcoind", "run", "--dir", directory, "--rpc", "127.0.0.1:0", "--port-file",
                                   port_file, *options, log=f"node{len(self.stage.programs)}")
        return program, f"http://127.0.0.1:{program.wait_for_port(port_file)}"

    def test_a_devnet_starts_answers_and_stops_on_each_signal(self):
        directory = self.init("net")
        for sig in (signal.SIGTERM, signal.SIGINT):
            program, url = self.start(directory)
            status = fogtest.rpc(url, "chain_status")
            self.assertEqual(status["chain_name"], "fog-local")
            self.assertEqual(fogtest.rpc(url, "account_get", address=ADDRESS)["balance_fog"], "1000 FOG")
            self.assertTrue(fogtest.rpc(url, "supply_verify")["conserved"])
            self.assertEqual(fogtest.http(url + "/health")[0], 200)
            metrics = fogtest.http(url + "/metrics")[2].decode()
            self.assertIn("fog_up 1\n", metrics)
            self.assertIn("fog_blocks_made_total", metrics)
            self.assertIn("fog_votes_signed_total", metrics)
            self.assertEqual(program.stop(sig), 0, program.log.read_text())
            self.assertIn(f"RPC on {url}", program.log.read_text())
            self.assertIn("stopped", program.log.read_text())

    def test_the_chain_id_is_the_genesis(self):
        directory = self.init("net")
        shown = self.good("genesis", "show", directory / "genesis.json")
        _, url = self.start(directory)
        self.assertIn(fogtest.rpc(url, "chain_status")["chain_id"], shown)

    def test_a_genesis_is_made_from_keys_accounts_and_settings(self):
        key, entry, out = self.folder / "v.key", self.folder / "v.json", self.folder / "genesis.json"
        self.good("keys", "new", "--out", key)
        entry.write_text(self.good("keys", "show", "--key", key, "--payout", ADDRESS, "--stake", "500"))
        self.assertEqual(json.loads(entry.read_text())["payout"], ADDRESS)
        self.good("genesis", "make", "--out", out, "--validator", entry, "--chain-name", "test", "--account",
                  f"{ADDRESS}=12.5", "--set", "market.ack_deadline_ms=5000", "--set", "params.base_price_min=20")
        shown = self.good("genesis", "show", out)
        self.assertIn("512.5 FOG", shown)
        directory = self.folder / "node"
        self.good("init", "--dir", directory, "--genesis", out, "--key", key)
        _, url = self.start(directory)
        params = fogtest.rpc(url, "params_get")
        self.assertEqual(params["market"]["ack_deadline_ms"], "5000")
        self.assertEqual(params["chain"]["base_price_min"], "20")

    def test_what_is_wrong_is_said_before_anything_is_written(self):
        directory = self.folder / "net"
        self.bad(2, "--genesis FILE", "init", "--dir", directory)
        self.bad(2, "--account", "init", "--dir", directory, "--devnet", "--account", f"{ADDRESS}=much")
        self.bad(2, "address", "init", "--dir", directory, "--devnet", "--account", "bob=1")
        self.bad(2, "market.no_such", "init", "--dir", directory, "--devnet", "--set", "market.no_such=1")
        self.bad(2, "--key is missing", "init", "--dir", directory, "--genesis", "x.json")
        self.bad(4, "nowhere", "genesis", "show", self.folder / "nowhere.json")
        self.bad(4, "", "run", "--dir", directory)
        self.assertFalse((directory / "validator.key").exists())
        self.init("net")
        self.bad(1, "", "init", "--dir", directory, "--devnet", "--account", f"{ADDRESS}=1")
        self.bad(1, "", "keys", "new", "--out", directory / "validator.key")
        self.bad(2, "--rpc", "run", "--dir", directory, "--rpc", "7780")
        self.bad(2, "--dir is required", "run")

    def test_a_crash_leaves_no_image_of_its_memory(self):
        program, _ = self.start(self.init("a"))
        self.assertEqual(program.core_limits(), ["0", "0"])

    def test_one_directory_runs_once(self):
        directory = self.init("net")
        self.start(directory)
        done = self.say("run", "--dir", directory, "--rpc", "127.0.0.1:0")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("fogcoind: ", done.stderr)

    def test_a_key_that_others_can_read_is_refused(self):
        directory = self.init("net")
        (directory / "validator.key").chmod(0o644)
        self.bad(5, "chmod", "run", "--dir", directory, "--rpc", "127.0.0.1:0")

    def test_the_operators_token_is_asked_for(self):
        directory = self.init("net")
        token = self.folder / "token"
        token.write_text("0123456789abcdef\n")
        token.chmod(0o644)
        self.bad(5, "chmod 600", "run", "--dir", directory, "--rpc-token-file", token)
        token.chmod(0o600)
        _, url = self.start(directory, "--rpc-token-file", str(token))
        with self.assertRaises(fogtest.RpcError) as refused:
            fogtest.rpc(url, "supply_verify")
        self.assertEqual(refused.exception.code, -32006)
        call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "supply_verify"}).encode()
        answer = fogtest.http(url, "POST", call, {"Authorization": "Bearer 0123456789abcdef"})
        self.assertTrue(json.loads(answer[2])["result"]["conserved"])

    def test_web_pages_cannot_reach_it(self):
        _, url = self.start(self.init("net"), "--rpc-host", "node.example")
        self.assertEqual(fogtest.http(url + "/health", headers={"Host": "evil.example"})[0], 403)
        self.assertEqual(fogtest.http(url + "/health", headers={"Host": "node.example"})[0], 200)
        self.assertEqual(fogtest.http(url + "/health", headers={"Origin": "http://evil.example"})[0], 403)

    def test_an_idle_node_makes_blocks_only_when_asked_to(self):
        program, url = self.start(self.init("net"), "--idle-interval-ms", "50")
        fogtest.until("three blocks", lambda: int(fogtest.rpc(url, "chain_status")["height"]) >= 3)
        waited = fogtest.rpc(url, "chain_wait_height", height="5", timeout_ms="20000")
        self.assertGreaterEqual(int(waited["height"]), 5)
        self.assertEqual(program.stop(), 0)


if __name__ == "__main__":
    fogtest.main()
