#!/usr/bin/env python3
"""The guides under contrib/doc are right: every command of the guides for wallets, Publishers, gateways and
Hosts is run as it stands there, in one story from an empty folder to a paid service."""
import shlex
import subprocess

import fogtest
from certificates import make_certificate
from fogtest import PASSPHRASE, ROOT, StagedTest, free_port, run_fogcoin, secret_file, until

HELLO = r"""
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  fputs("somebody asked\n", stderr);
  printf("Status: 200\nContent-Type: text/plain\n\n%s", getenv("GREETING"));
  return 0;
}
"""
SETTINGS = ("market.receipt_interval_ms=1500", "market.lease_timeout_ms=30000", "market.notice_ms=2000",
            "market.final_receipt_window_ms=5000", "market.audit_window_ms=60000")


class Guide:
    """The commands of a guide: its indented lines that begin with a program's name. Each must be run."""

    def __init__(self, test, name):
        self.test, self.name = test, name
        self.blocks = [line[4:] for line in (ROOT / "contrib/doc" / name).read_text().splitlines()
                       if line.startswith("    ")]
        self.left = [line.split("  ")[0] for line in self.blocks
                     if line.split(" ")[0] in ("fogcoin", "foggate", "foghost", "clang-14", "curl")]

    def words(self, command, replace):
        """The command as the guide has it, with what the reader puts in."""
        self.test.assertIn(command, self.left, f"{self.name} does not say this")
        self.left.remove(command)
        for what, by in replace.items():
            self.test.assertIn(what, command)
            command = command.replace(what, str(by))
        return shlex.split(command)

    def run(self, command, replace=None, env=None, **more):
        program, *words = self.words(command, replace or {})
        env = {**self.test.env, **(env or {})}
        if program in ("fogcoin", "foggate", "foghost"):
            done = run_fogcoin(words, program, env=env, cwd=self.test.stage.folder, **more)
            self.test.assertEqual(done.code, 0, (command, done.out, done.err))
            return done.out
        return subprocess.run([program, *words], cwd=self.test.stage.folder, check=True, capture_output=True,
                              text=True).stdout

    def service_yaml(self):
        """The guide's manifest."""
        start = next(i for i, line in enumerate(self.blocks) if line.startswith("name: "))
        end = next(i for i, line in enumerate(self.blocks) if line.startswith("  gateways:"))
        return "\n".join(self.blocks[start:end + 1]) + "\n"

    def is_done(self):
        self.test.assertEqual(self.left, [], f"{self.name}: not tried")


class Guides(StagedTest):
    def test_the_story_that_the_guides_tell(self):
        folder = self.stage.folder
        passphrase = secret_file(folder / "passphrase", PASSPHRASE)
        (folder / "home").mkdir()
        self.env = {"HOME": str(folder / "home"), "FOGCOIN_PASSPHRASE_FILE": str(passphrase)}
        self.wallet_guide()
        self.publisher_and_gateway_guides()

    def wallet_guide(self):
        guide = Guide(self, "wallet.md")
        shown = guide.run("fogcoin wallet create")
        words = next(line.strip() for line in shown.splitlines() if len(line.split()) == 24)
        main = run_fogcoin(["wallet", "address"], env=self.env).out.strip()
        self.assertIn(main, guide.run("fogcoin wallet restore", stdin=None, input=words + "\n",
                                      env={"FOGCOIN_WALLET": str(self.stage.folder / "again.json")}))
        extra = secret_file(self.stage.folder / "extra", "more")
        self.assertNotIn(main, guide.run("fogcoin wallet restore --mnemonic-passphrase-file FILE", {"FILE": extra},
                                         stdin=None, input=words + "\n",
                                         env={"FOGCOIN_WALLET": str(self.stage.folder / "extra.json")}))
        guide.run("fogcoin wallet add savings")
        self.assertIn(main, guide.run("fogcoin wallet accounts"))
        savings = guide.run("fogcoin wallet address savings").strip()

        self.node = self.stage.node({main: 100_000}, SETTINGS)
        self.env["FOGCOIN_NODE"] = self.node.url
        self.cli = fogtest.Cli(self.stage.folder, self.node.url, self.stage.folder / "home/.fogcoin/wallet.json")
        self.main = self.cli.as_account("main")
        self.assertIn("100000 FOG", guide.run("fogcoin balance"))
        paid = guide.run("fogcoin send fog1...=12.5 savings=3", {"fog1...": savings})
        guide.run('fogcoin --memo "rent for May" send savings=1')
        self.names_and_backups(guide, main, savings)
        self.assertIn("succeeded", guide.run("fogcoin tx show ID", {"ID": paid.split("Transaction ")[1].strip()}))
        self.assertIn("pay 3 FOG to savings", guide.run("fogcoin history"))
        self.cli("wallet", "add", "shop")
        self.main("send", "shop=5")
        guide.run("fogcoin --json --passphrase-file /etc/shop/passphrase --account shop send fog1...=2",
                  {"/etc/shop/passphrase": self.cli.passphrase_file, "fog1...": savings})
        self.one_that_waits(guide, savings)
        self.keys_elsewhere(guide, savings)
        signature = guide.run('fogcoin message sign "This address is mine. 2026-12-01"').strip()
        guide.run('fogcoin message verify fog1... SIGNATURE "This address is mine. 2026-12-01"',
                  {"fog1...": "main", "SIGNATURE": signature})
        self.one_tool(guide)
        guide.run("fogcoin --node http://127.0.0.1:7780 node status", {"http://127.0.0.1:7780": self.node.url})
        self.assertIn("yes", guide.run("fogcoin node verify-supply"))
        guide.is_done()

    def one_tool(self, guide):
        start = next(i for i, line in enumerate(guide.blocks) if line.startswith("# ~/.fogcoin/fogcoin.conf"))
        config = self.stage.folder / "home/.fogcoin/fogcoin.conf"
        config.write_text("\n".join(guide.blocks[start:start + 7]) + "\n")
        self.assertIn("profile home", guide.run("fogcoin config show", env={"FOGCOIN_NODE": ""}))
        self.assertIn("node.example.org", guide.run("fogcoin --profile shop config show", env={"FOGCOIN_NODE": ""}))
        config.unlink()
        self.assertIn("account,address,balance", guide.run("fogcoin --output csv balance"))
        self.assertIn("complete -o default", guide.run("fogcoin completion bash"))
        guide.run("fogcoin man --out man/man1")
        self.assertTrue((self.stage.folder / "man/man1/fogcoin.1").exists())
        guide.run("fogcoin doctor")

    def names_and_backups(self, guide, main, savings):
        guide.run('fogcoin wallet label savings "for the roof"')
        self.assertIn("Found 0 more", guide.run("fogcoin wallet discover"))
        guide.run("fogcoin wallet rename savings roof")
        self.cli("wallet", "rename", "roof", "savings")
        bob = self.stage.wallet(name="bob")[1]["main"]
        guide.run('fogcoin contact add bob fog1... --label "who repairs the roof"', {"fog1...": bob})
        self.assertIn(bob, guide.run("fogcoin contact list"))
        guide.run("fogcoin send bob=12.5")
        guide.run("fogcoin contact remove bob")
        guide.run("fogcoin wallet backup wallet.backup")
        guide.run("fogcoin wallet verify-backup wallet.backup")
        again = {"FOGCOIN_WALLET": str(self.stage.folder / "restored.json")}
        self.assertIn(savings, guide.run("fogcoin wallet restore --backup wallet.backup", env=again))
        new = secret_file(self.stage.folder / "new", "another")
        guide.run("fogcoin wallet passphrase", {"passphrase": f"passphrase --new-passphrase-file {new}"}, env=again)
        guide.run("fogcoin wallet wipe", {"wipe": "wipe --yes"}, env=again)

    def one_that_waits(self, guide, savings):
        self.assertIn("normal", guide.run("fogcoin fees"))
        guide.run("fogcoin --fee fast send fog1...=2", {"fog1...": savings})
        # They wait for one before them in their lane.
        lanes = self.node.rpc("account_get", address=self.cli("wallet", "address", "main")["address"])["lanes"]
        first = next((int(one["next"]) for one in lanes if one["lane"] == 9), 0)
        after = [str(first + 1), str(first + 2)]
        for sequence in after:
            self.main.run("--timeout", 1, "--lane", 9, "--sequence", sequence, "send", "savings=1", code=3)
        waiting = {one["body"]["sequence"]: one["id"] for one in self.main("tx", "pending")}
        self.assertIn("waiting", guide.run("fogcoin tx pending"))
        for command, what, sequence in (("fogcoin tx replace ID", "ID", after[0]),
                                        ("fogcoin tx cancel ID2", "ID2", after[1])):
            # The newcomer waits for the same: it is given before its place can be reached, and is final after.
            program = guide.words(command, {what: waiting[sequence]})
            ended = self.stage.start(program[0], "--node", self.node.url, "--wallet", self.cli.wallet,
                                     "--passphrase-file", self.cli.passphrase_file, *program[1:], log=f"waits-{sequence}")
            until("it has taken the place", lambda: self.node.rpc("chain_status")["mempool_txs"] == "2" and
                  waiting[sequence] not in [one["id"] for one in self.main("tx", "pending") if one["fate"] == "waiting"])
            self.waiters = [*getattr(self, "waiters", []), ended]
        self.main("--lane", 9, "--sequence", first, "send", "savings=1")
        self.assertEqual([one.process.wait(60) for one in self.waiters], [0, 0])

    def keys_elsewhere(self, guide, savings):
        """A computer with a network and without keys, and an account of three people of whom two sign."""
        folder = self.stage.folder
        online = {"FOGCOIN_WALLET": str(folder / "online.json")}
        offline = {"FOGCOIN_NODE": "http://127.0.0.1:1"}
        key = guide.run("fogcoin wallet key main", env=offline).strip()
        guide.run("fogcoin wallet watch cold PUBLICKEY", {"PUBLICKEY": key}, env=online)
        here = {"fog1...": savings}
        guide.run("fogcoin --account cold --unsigned payment.json send fog1...=2", here, env=online)
        self.assertIn("pay 2 FOG to savings", guide.run("fogcoin tx decode payment.json", env=offline))
        self.assertIn("complete", guide.run("fogcoin tx sign payment.json", env=offline))
        self.assertIn("Final", guide.run("fogcoin tx send payment.json", env=online))
        guide.run("fogcoin --account cold --unsigned later.json --chain CHAIN --lane 3 --sequence 0 --base-price 10 send "
                  "fog1...=2", {**here, "CHAIN": self.cli("node", "status")["chain_id"]}, env={**online, **offline})

        others = [self.stage.wallet(name=name)[0] for name in ("second", "third")]
        keys = [one("wallet", "key")["public_key"] for one in others]
        guide.run("fogcoin wallet multisig team --threshold 2 PUBLICKEY PUBLICKEY2 PUBLICKEY3",
                  {"PUBLICKEY2": keys[0], "PUBLICKEY3": keys[1], "PUBLICKEY ": key + " "})
        self.main("send", "team=5")
        guide.run("fogcoin --account team --unsigned rent.json send savings=1")
        others[0]("tx", "sign", folder / "rent.json", "--out", folder / "rent-by-you.json")
        guide.run("fogcoin tx sign rent.json --out rent-by-me.json", env=offline)
        guide.run("fogcoin tx combine rent-by-me.json rent-by-you.json --out rent-by-us.json")
        self.assertIn("Final", guide.run("fogcoin tx send rent-by-us.json"))

    def start_gateway(self, guide):
        """The set-up part of the gateway's guide; its URL."""
        port = free_port()
        node = {"http://127.0.0.1:7780": self.node.url}
        address = guide.run("foggate --dir gateway init").strip()
        guide.run("fogcoin send ADDRESS=2", {"ADDRESS": address})
        guide.run("foggate --dir gateway --node http://127.0.0.1:7780 register --endpoint http://203.0.113.5:7790 "
                  "--country DE", {**node, "203.0.113.5:7790": f"127.0.0.1:{port}"})
        words = guide.words("foggate --dir gateway --node http://127.0.0.1:7780 run --listen 0.0.0.0:7790",
                            {**node, "0.0.0.0:7790": f"127.0.0.1:{port}", "--dir gateway": f"--dir {self.stage.folder}/gateway"})
        self.gateway_program = self.stage.start(*words, log="gateway")
        url = f"http://127.0.0.1:{port}"
        until("the gateway serves", lambda: self.gateway_program.process.poll() is None and is_up(url))
        return address, url, port

    def with_tls(self, guide):
        folder = self.stage.folder
        run_fogcoin(["--dir", folder / "tls", "init"], "foggate")
        make_certificate(folder / "live/apps.example.org", "*.apps.example.org")
        plain, tls = free_port(), free_port()
        _, *words = guide.words(
            "foggate run --listen 0.0.0.0:80 --listen-tls 0.0.0.0:443 --redirect-to-tls 443 --domain apps.example.org "
            "--certificates /etc/letsencrypt/live --acme-folder /var/lib/foggate/acme",
            {"0.0.0.0:80": f"127.0.0.1:{plain}", "0.0.0.0:443": f"127.0.0.1:{tls}",
             "/etc/letsencrypt/live": f"{folder}/live", "/var/lib/foggate/acme": f"{folder}/acme"})
        gateway = self.stage.start("foggate", "--dir", folder / "tls", "--node", self.node.url, *words, log="tls")
        until("it listens", lambda: "by TLS" in gateway.log.read_text())
        asked = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "-H",
                                "Host: thermostat.apps.example.org", f"http://127.0.0.1:{plain}/now"],
                               capture_output=True, text=True, check=True).stdout
        self.assertEqual(asked, "308 https://thermostat.apps.example.org/now")
        asked = subprocess.run(["curl", "-sS", "--cacert", folder / "live/apps.example.org/fullchain.pem", "--resolve",
                                f"thermostat.apps.example.org:{tls}:127.0.0.1", "-w", "%{http_version}",
                                f"https://thermostat.apps.example.org:{tls}/.fog/health"],
                               capture_output=True, text=True, check=True).stdout
        self.assertEqual(asked, "ok\n2")

    def start_host(self):
        """The set-up part of the Host's guide."""
        guide, port = Guide(self, "host.md"), free_port()
        guide.run("foghost init --endpoint http://203.0.113.5:7795 --country DE --latitude 52.5 --longitude 13.4",
                  {"203.0.113.5:7795": f"127.0.0.1:{port} --listen 127.0.0.1:{port}"})
        guide.run('foghost register --bond "100 FOG"')
        guide.run("foghost offer")
        program, *words = guide.words("foghost run", {})
        self.stage.start(program, "--dir", self.stage.folder / "home/.fogcoin/host", "--node", self.node.url, *words,
                         log="host")
        return guide

    def work_of_the_host(self, guide, lease, gateway):
        """Its every day."""
        self.assertIn("hello", guide.run("foghost leases"))
        guide.run("foghost status")
        auditor = self.cli("wallet", "address", "savings")
        guide.run("foghost auditors fog1...", {"fog1...": auditor["address"]})
        self.assertIn("(nothing)", guide.run("fogcoin auditor list HOST", {"HOST": self.cli("host", "list")[0]["id"]}))
        until("a receipt", lambda: self.cli("receipt", "list", lease), 30)
        guide.run("foghost earnings")
        self.assertIn("somebody asked", guide.run("foghost logs LEASE", {"LEASE": lease}))
        guide.run("foghost doctor")
        self.assertIn("0 mismatch", guide.run("foghost replay LEASE.TERM/GATEWAY/INDEX",
                                              {"LEASE.TERM/GATEWAY/INDEX": f"{lease}.1/{gateway}/0"}))
        [leaves] = (self.stage.folder / "home/.fogcoin/host/front/usage").glob("*/*.leaves")
        self.assertIn("0 mismatch", guide.run("foghost replay FILE --digest", {"FILE": leaves}))
        guide.is_done()

    def try_it_here(self, guide):
        program, *words = guide.words("fogcoin dev service.yaml", {})
        dev = self.stage.start(program, "--node", self.node.url, *words[:1], self.stage.folder / words[1], "--listen",
                               "127.0.0.1:0", "--cache", self.stage.folder / "dev", log="dev")
        def url():
            return next((line.split()[2] for line in dev.log.read_text().splitlines() if "Serving at" in line), None)
        self.assertEqual(fogtest.http(until("it serves", url, 60))[2], b"hello")
        self.assertEqual(dev.stop(), 0)
        self.assertIn("the cheapest of 1 matching Offers", dev.log.read_text())

    def publisher_and_gateway_guides(self):
        gateway_guide, guide = Guide(self, "gateway.md"), Guide(self, "publisher.md")
        folder = self.stage.folder
        gateway, url, port = self.start_gateway(gateway_guide)
        host_guide = self.start_host()

        (folder / "hello.c").write_text(HELLO)
        guide.run("clang-14 --target=wasm32-wasi -O2 -o hello.wasm hello.c")
        (folder / "service.yaml").write_text(guide.service_yaml().replace("fog1...", gateway))
        self.try_it_here(guide)
        self.assertIn("1 of 1 replica wanted would be leased", guide.run("fogcoin bid preview service.yaml"))
        self.assertIn("Uploaded", guide.run("fogcoin service publish service.yaml"))
        self.assertIn("Kept by the gateway", guide.run("fogcoin secret set hello DB_PASSWORD", stdin=None, input="x\n"))
        made = guide.run("fogcoin bid create service.yaml")
        bid = made.split()[1]

        def serving():
            leases = self.cli("bid", "show", bid)["leases"]
            return leases and leases[0]["state"] == "active" and leases[0]
        lease = until("a Host runs it", serving, 60)["id"]
        until("the gateway knows", lambda: fogtest.http(f"{url}/hello/")[0] == 200, 30)
        self.assertEqual(gateway_guide.run("curl http://127.0.0.1:7790/thermostat/",
                                           {"127.0.0.1:7790": f"127.0.0.1:{port}", "thermostat": "hello"}), "hello")
        self.assertEqual(gateway_guide.run("curl http://thermostat.fog.localhost:7790/",
                                           {":7790": f":{port}", "thermostat": "hello"}), "hello")
        self.assertIn("runs      1 replicas", gateway_guide.run("foggate explain thermostat",
                                                                {"thermostat": f"hello --gateway {url}"}))
        self.with_tls(gateway_guide)
        gateway_guide.is_done()
        self.work_of_the_host(host_guide, lease, gateway)

        self.assertIn(lease, guide.run("fogcoin bid show BID", {"BID": bid}))
        self.assertIn("hello", guide.run("fogcoin lease list"))
        until("a receipt", lambda: self.cli("receipt", "list", lease), 30)
        self.assertIn("NUMBER", guide.run("fogcoin receipt list LEASE", {"LEASE": lease}))
        self.assertIn("0 missing, 0 mismatch", guide.run("fogcoin verify LEASE", {"LEASE": lease}))
        guide.run("fogcoin verify LEASE --leaves 200 --seed 7", {"LEASE": lease})
        self.assertIn("somebody asked", guide.run("fogcoin logs hello"))
        self.assertIn("P99 MS", guide.run("fogcoin metrics hello"))
        self.assertIn("lease_active", guide.run("fogcoin events"))
        guide.run("fogcoin bid topup BID 5", {"BID": bid})
        guide.run("fogcoin bid update BID --replicas-min 2", {"BID": bid})
        guide.run("fogcoin bid close BID", {"BID": bid})
        guide.run("fogcoin service retire hello")
        guide.is_done()
        until("what is not owed comes back", lambda: self.refunded(bid), 60)
        self.assertIs(self.cli("node", "verify-supply")["conserved"], True)

    def refunded(self, bid):
        shown = self.cli("bid", "show", bid)
        if int(shown["free"]) or int(shown["locked"]):
            return False
        self.assertEqual(int(shown["spent"]) + int(shown["refunded"]), 10 * fogtest.DROPLETS)
        self.assertGreater(int(shown["spent"]), 0)
        return True


def is_up(url):
    try:
        return fogtest.http(f"{url}/.fog/health")[0] == 200
    except OSError:
        return False


if __name__ == "__main__":
    fogtest.main()
