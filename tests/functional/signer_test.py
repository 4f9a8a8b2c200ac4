"""A validator whose key is in a process of its own: it votes like the others; while its signer is killed, stopped or
silent its node follows, and afterwards it votes again; nothing is ever signed twice."""
import json
import signal
import stat
import threading
import time

import fogtest

SINK = "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"
COUNT = 4
OWN = 3  # the validator with a signer


class RemoteSigner(fogtest.StagedTest):
    @classmethod
    def prepare(cls):
        cls.cli, addresses = cls.stage.wallet()
        cls.net = fogtest.Validators(
            cls.stage, COUNT, {addresses["main"]: "100000 FOG"}, settings=["params.epoch_length=20"],
            options=["--delay-ms", "300"], with_signer=[OWN])
        cls.signer = cls.net.signers[OWN]

    def tearDown(self):
        for number in range(COUNT):
            self.assertEqual(fogtest.rpc(self.net.url(number), "staking_evidence")["items"], [],
                             "nobody has voted against himself")

    def pay(self, through=0):
        """The height at which a payment became final."""
        cli = fogtest.Cli(self.cli.folder, self.net.url(through), self.cli.wallet)
        return int(cli("send", f"{SINK}=1")["height"])

    def reached(self):
        text = fogtest.http(self.net.url(OWN) + "/metrics")[2].decode()
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("fog_signer_reached "))

    def wait_reached(self, yes=True):
        fogtest.until(f"the signer is {'' if yes else 'not '}reached", lambda: self.reached() == yes, 30)

    def follows(self, height):
        fogtest.until(f"its node has block {height}", lambda: self.net.height(OWN) >= height, 60)

    def votes(self):
        """Without one of the others there is no quorum but with this validator's votes."""
        self.net.programs[0].stop()
        try:
            height = self.pay(through=1)
        finally:
            self.net.start(0)
        self.follows(height)
        fogtest.until("the other is back", lambda: self.net.height(0) >= height, 60)

    def test_the_node_has_no_secret_and_the_signer_a_closed_door(self):
        names = {path.name for path in self.net.folders[OWN].iterdir()}
        self.assertNotIn("validator.key", names)
        self.assertNotIn("validator.votes", names)
        key = json.loads(fogtest.fogcoind("keys", "show", "--key", self.signer.folder / "validator.key"))["key"]
        self.assertEqual((self.net.folders[OWN] / "validator.signer").read_text().strip(), key)
        self.assertEqual(stat.S_IMODE(self.signer.socket.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.signer.socket.parent.stat().st_mode), 0o700)
        self.assertEqual(self.reached(), 1)
        self.votes()

    def test_killed_it_costs_its_votes_only_until_it_is_back(self):
        self.signer.program.kill()
        self.follows(self.pay())
        self.wait_reached(False)
        self.signer.start()
        self.wait_reached()
        self.votes()

    def test_the_node_starts_without_it_and_votes_when_it_comes(self):
        self.net.programs[OWN].kill()
        self.signer.program.kill()
        self.net.start(OWN)
        self.follows(self.pay())
        self.assertEqual(self.reached(), 0)
        self.signer.start()
        self.wait_reached()
        self.votes()

    def test_silent_it_does_not_stop_its_node(self):
        self.signer.program.process.send_signal(signal.SIGSTOP)
        for _ in range(3):
            height = self.pay()
        self.follows(height)
        self.wait_reached(False)
        self.signer.program.process.send_signal(signal.SIGCONT)
        self.wait_reached()
        self.votes()

    def test_votes_that_it_missed_are_cast_when_all_wait_for_them(self):
        self.net.programs[0].stop()
        before = self.net.height(1)
        self.signer.program.kill()
        paid = []
        payer = threading.Thread(target=lambda: paid.append(self.pay(through=1)))
        payer.start()
        time.sleep(3)
        self.assertEqual(self.net.height(1), before, "two of four are no quorum")
        self.signer.start()
        payer.join()
        self.net.start(0)
        self.assertGreater(paid[0], before)
        fogtest.until("the other is back", lambda: self.net.height(0) >= paid[0], 60)

    def test_both_may_be_killed_in_turn_and_at_once(self):
        for round_ in range(4):
            self.signer.program.kill()
            self.pay()
            if round_ % 2:
                self.net.programs[OWN].kill()
                self.pay()
            self.signer.start()
            self.pay()
            if round_ % 2 == 0:
                self.net.programs[OWN].kill()
                self.pay()
            self.net.programs[OWN].kill()
            self.net.start(OWN)
            self.wait_reached()
        self.votes()

    def test_a_second_node_is_turned_away(self):
        twin = self.net.add("--follow")
        started = fogtest.run_fogcoin(["run", "--dir", self.net.folders[twin], "--rpc", "127.0.0.1:0", "--signer",
                                       f"unix:{self.signer.socket}"], "fogcoind")
        self.assertEqual(started.code, 1)
        self.assertIn("another node is connected", started.err)
        self.assertEqual(self.reached(), 1)
        second = fogtest.run_fogcoin(["signer", "run", "--dir", self.signer.folder, "--socket",
                                      self.signer.socket.with_name("other.sock")], "fogcoind")
        self.assertEqual(second.code, 1, "one signer for a record: " + second.err)

    def test_a_key_votes_in_one_place_only(self):
        run = ["run", "--rpc", "127.0.0.1:0", "--dir"]
        twin = self.net.folders[self.net.add("--key", self.stage.folder / "key-0")]
        local = fogtest.run_fogcoin([*run, twin, "--signer", f"unix:{self.signer.socket}"], "fogcoind")
        self.assertEqual((local.code, "validator.key is there" in local.err), (2, True), local.err)
        self.net.programs[OWN].stop()
        without = fogtest.run_fogcoin([*run, self.net.folders[OWN]], "fogcoind")
        self.assertEqual((without.code, "validator.signer says" in without.err), (2, True), without.err)
        wrong = fogtest.run_fogcoin([*run, self.net.folders[OWN], "--signer", str(self.signer.socket)], "fogcoind")
        self.assertEqual((wrong.code, "unix:PATH" in wrong.err), (2, True), wrong.err)
        again = fogtest.run_fogcoin(["signer", "init", "--dir", self.signer.folder, "--genesis", self.net.genesis],
                                    "fogcoind")
        self.assertEqual(again.code, 1, "the directory holds another key: " + again.err)
        self.net.start(OWN)
        self.wait_reached()
        self.votes()

    def test_a_signer_without_its_record_does_not_start(self):
        empty = self.stage.folder / "empty"
        empty.mkdir()
        socket = empty / "signer.sock"
        done = fogtest.run_fogcoin(["signer", "run", "--dir", empty, "--socket", socket], "fogcoind")
        self.assertEqual((done.code, "vote record" in done.err), (4, True), done.err)
        fresh = self.stage.folder / "fresh"
        fogtest.fogcoind("signer", "init", "--dir", fresh, "--genesis", self.net.genesis)
        (self.stage.folder / "open").mkdir(mode=0o755)
        done = fogtest.run_fogcoin(["signer", "run", "--dir", fresh, "--socket", self.stage.folder / "open/s"],
                                   "fogcoind")
        self.assertEqual((done.code, "chmod 700" in done.err), (5, True), done.err)
        (fresh / "validator.votes").unlink()
        done = fogtest.run_fogcoin(["signer", "run", "--dir", fresh, "--socket", socket], "fogcoind")
        self.assertEqual((done.code, "vote record" in done.err), (4, True), done.err)


if __name__ == "__main__":
    fogtest.main()
