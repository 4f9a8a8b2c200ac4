"""Several validators as separate processes over real sockets: the chain goes on while any one of them is killed, stopped
or paused; whoever was away comes back; a follower joins late; epochs change."""
import json
import threading
import time

import fogtest

SINK = "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"
COUNT = 4


class FourValidators(fogtest.StagedTest):
    @classmethod
    def prepare(cls):
        cls.cli, addresses = cls.stage.wallet()
        cls.net = fogtest.Validators(
            cls.stage, COUNT, {address: "100000 FOG" for address in addresses.values()},
            settings=["params.epoch_length=20"], options=["--delay-ms", "300"])
        cls.cli.node_url = cls.net.url(0)
        cls.net.wait_for_peers()

    def send(self, through):
        cli = fogtest.Cli(self.cli.folder, self.net.url(through), self.cli.wallet)
        return cli.run("send", f"{SINK}=1", code=None)

    def all_at(self, height, numbers=range(COUNT), seconds=60):
        fogtest.until(f"everybody has block {height}", lambda: all(self.net.height(i) >= height for i in numbers),
                      seconds)
        blocks = {fogtest.rpc(self.net.url(i), "chain_block", height=height)["id"] for i in numbers}
        self.assertEqual(len(blocks), 1, "all have the same block")

    def test_a_payment_through_any_of_them_is_final_everywhere(self):
        for number in range(COUNT):
            sent = self.send(number)
            self.assertEqual(sent.code, 0, sent.err)
            self.all_at(int(sent.json["height"]))

    def test_each_may_be_killed_and_comes_back(self):
        for victim in range(COUNT):
            self.net.programs[victim].kill()
            others = [i for i in range(COUNT) if i != victim]
            for through in others:
                sent = self.send(through)
                self.assertEqual(sent.code, 0, sent.err)
            self.net.start(victim)
            self.all_at(int(sent.json["height"]))

    def test_all_may_be_killed_at_once(self):
        height = int(self.send(0).json["height"])
        for number in range(COUNT):
            self.net.programs[number].process.kill()
        for number in range(COUNT):
            self.net.programs[number].kill()
            self.net.start(number)
        self.all_at(height)
        sent = self.send(1)
        self.assertEqual(sent.code, 0, sent.err)
        self.all_at(int(sent.json["height"]))

    def test_without_a_quorum_nothing_is_final_and_with_it_again_all_is(self):
        self.net.programs[2].stop()
        self.net.programs[3].stop()
        height = self.net.height(0)
        tellers = threading.Thread(target=self.send, args=(0,))
        tellers.start()
        time.sleep(3)
        self.assertEqual(self.net.height(0), height, "two of four are no quorum")
        self.net.start(2)
        self.net.start(3)
        tellers.join()
        self.all_at(height + 1)

    def test_a_follower_joins_late_and_keeps_up(self):
        for _ in range(3):
            self.send(0)
        follower = self.net.add("--follow")
        self.net.start(follower)
        self.all_at(self.net.height(0), [0, follower])
        sent = self.send(follower)
        self.assertEqual(sent.code, 0, "a payment through a follower reaches the validators: " + sent.err)
        self.all_at(int(sent.json["height"]), [0, follower])
        # Away, behind, and back, twice.
        for _ in range(2):
            self.net.programs[follower].stop()
            for _ in range(5):
                height = int(self.send(1).json["height"])
            self.net.start(follower)
            self.all_at(height, [1, follower])
        self.net.programs[follower].stop()


class DoubleSigner(fogtest.StagedTest):
    """One key in two places."""

    @classmethod
    def prepare(cls):
        cls.cli, addresses = cls.stage.wallet()
        cls.net = fogtest.Validators(cls.stage, COUNT, {addresses["main"]: "100000 FOG"}, options=["--delay-ms", "200"])
        cls.cli.node_url = cls.net.url(0)

    def test_it_is_seen_accused_and_slashed_while_the_chain_goes_on(self):
        before = {one["record"]["key"]: one for one in fogtest.rpc(self.net.url(0), "staking_validators")["items"]}
        twin = self.net.add("--key", self.stage.folder / "key-3")
        self.net.start(twin)

        def seen():
            self.cli("send", f"{SINK}=1")
            return fogtest.rpc(self.net.url(0), "staking_evidence")["items"]

        key = fogtest.until("the twins contradict each other", seen, 120)[0]["validator"]
        self.assertEqual(key, json.loads(fogtest.fogcoind("keys", "show", "--key",
                                                                  self.stage.folder / "key-3"))["key"])
        self.cli("validator", "evidence")
        after = fogtest.rpc(self.net.url(0), "staking_validator", key=key)["record"]
        self.assertTrue(after["tombstoned"])
        self.assertLess(int(after["stake"]), int(before[key]["record"]["stake"]))
        self.assertEqual(self.cli.run("validator", "evidence", code=None).code, 4, "there is nobody left to accuse")
        self.cli("send", f"{SINK}=1")
        self.assertTrue(fogtest.rpc(self.net.url(1), "supply_verify")["conserved"])


if __name__ == "__main__":
    fogtest.main()
