"""A network that is many epochs old: a node without blocks joins it by a snapshot of the state, follows, restarts, and
answers as the others do; checkpoints of somebody trusted stand in for the epochs before, and a wrong one is refused."""
import random
import time

import fogtest

SINK = "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"
COUNT = 4
EPOCH = 20


class JoiningBySnapshot(fogtest.StagedTest):
    @classmethod
    def prepare(cls):
        cls.cli, addresses = cls.stage.wallet()
        cls.address = addresses["main"]
        cls.net = fogtest.Validators(cls.stage, COUNT, {cls.address: "100000 FOG"},
                                     settings=[f"params.epoch_length={EPOCH}"],
                                     options=["--delay-ms", "300", "--idle-interval-ms", "100"])
        cls.cli.node_url = cls.net.url(0)
        for _ in range(3):
            cls.cli("send", f"{SINK}=1")
        fogtest.until("several epochs are over", lambda: cls.net.height(0) > 5 * EPOCH, 180)
        fogtest.until("there is a snapshot", lambda: cls.sync(0)["snapshots"], 60)

    @classmethod
    def sync(cls, number):
        return fogtest.rpc(cls.net.url(number), "chain_sync")

    def join(self, *words):
        """A new follower with further options, which may not be up yet."""
        number = self.net.add("--follow")
        self.net.options += words
        try:
            self.net.launch(number)
        finally:
            self.net.options = self.net.options[:len(self.net.options) - len(words)]
        return number

    def stopped(self, number):
        """The log of one that stops by itself."""
        fogtest.until("it has stopped", lambda: not self.net.running(number), 60)
        self.assertNotEqual(self.net.programs[number].process.returncode, 0)
        return self.net.log_text(number)

    def expect_same(self, number):
        """It has the same blocks as another from where it joined on, and the same state."""
        height = self.net.height(0)
        fogtest.until("it has caught up", lambda: self.net.height(number) >= height, 60)
        a, b = (fogtest.rpc(self.net.url(i), "chain_block", height=str(height)) for i in (0, number))
        self.assertEqual(a["id"], b["id"])
        sent = fogtest.Cli(self.cli.folder, self.net.url(number), self.cli.wallet)("send", f"{SINK}=1")
        height = int(sent["height"])
        fogtest.until("the payment is everywhere", lambda: all(self.net.height(i) >= height for i in (0, number)), 60)
        for address in (SINK, self.address):
            a, b = (fogtest.rpc(self.net.url(i), "account_get", address=address) for i in (0, number))
            self.assertEqual(a, b)
        self.assertTrue(fogtest.rpc(self.net.url(number), "supply_verify")["conserved"])

    def expect_joined(self, number):
        self.net.programs[number].wait_for_port(self.net.port_file(number))
        fogtest.until("it has joined", lambda: self.sync(number)["phase"] == "installed", 60)
        self.assertGreater(int(self.sync(number)["first_height"]), EPOCH, "it does not have the old blocks")

    def test_a_late_node_joins_follows_and_restarts(self):
        number = self.join("--snapshot")
        self.expect_joined(number)
        report = self.sync(number)
        self.assertEqual(report["chunks"], report["chunks_total"])
        self.expect_same(number)
        first = report["first_height"]
        for stop in ("kill", "stop"):
            getattr(self.net.programs[number], stop)()
            self.net.start(number)
            self.assertEqual(self.sync(number)["first_height"], first, "the log begins where it began")
            self.expect_same(number)
        with self.assertRaisesRegex(fogtest.RpcError, "not stored"):
            fogtest.rpc(self.net.url(number), "chain_block", height="1")
        # It serves others in its turn.
        fogtest.until("it has a snapshot itself", lambda: self.sync(number)["snapshots"], 60)
        self.net.programs[number].stop()

    def test_killed_again_and_again_it_joins_all_the_same(self):
        number = self.join("--snapshot")
        dice = random.Random(1)
        self.net.options.append("--snapshot")
        try:
            for _ in range(6):
                time.sleep(dice.uniform(0.1, 1.6))
                self.net.programs[number].kill()
                self.net.launch(number)
            self.net.programs[number].wait_for_port(self.net.port_file(number))
        finally:
            self.net.options.pop()
        fogtest.until("it has joined", lambda: int(self.sync(number)["first_height"]) > EPOCH, 60)
        self.expect_same(number)
        self.net.programs[number].stop()

    def test_a_checkpoint_stands_in_for_what_was_before(self):
        shown = fogtest.Cli(self.cli.folder, self.net.url(1), self.cli.wallet)("node", "checkpoint")
        trusted = f"{shown['height']}:{shown['block']}"
        self.assertEqual(int(shown["height"]) % EPOCH, 0)
        fogtest.until("that epoch has a snapshot", lambda: any(
            int(height) + 1 >= int(shown["height"]) for height in self.sync(0)["snapshots"]), 60)
        number = self.join("--snapshot", "--trusted", trusted)
        self.expect_joined(number)
        self.expect_same(number)
        self.net.programs[number].stop()

    def test_a_wrong_checkpoint_is_refused(self):
        shown = fogtest.rpc(self.net.url(0), "chain_checkpoint")
        wrong = shown["block"][:-4] + ("0000" if shown["block"][-4:] != "0000" else "1111")
        self.assertIn("no peer has the block that --trusted names",
                      self.stopped(self.join("--snapshot", "--trusted", f"{shown['height']}:{wrong}")))
        # With all blocks too.
        self.assertIn("where --trusted says", self.stopped(self.join("--trusted", f"{EPOCH}:{wrong}")))


if __name__ == "__main__":
    fogtest.main()
