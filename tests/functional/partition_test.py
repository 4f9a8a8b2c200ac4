#!/usr/bin/env python3
"""Four validators as separate processes whose links are cut in every way: in halves, one off, one way only, flapping,
one that a single other reaches. Nothing becomes final without a quorum, a quorum goes on, and once the links are
whole all nodes have the same blocks and results. Every way between two nodes goes through a proxy of this program; in
network namespaces of their own the same stories run in namespaces_test.py.

FOG_ROUNDS=N runs each story N times."""
import os
import random
import threading
import time

import fogtest
import links

SINK = "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"
COUNT = 4
ALL = set(range(COUNT))
ROUNDS = int(os.environ.get("FOG_ROUNDS", "1"))
SETTINGS = ["params.epoch_length=20"]  # epochs change while links are cut
OPTIONS = ["--delay-ms", "300", "--no-discover"]


def proxied(test, accounts):
    return links.ProxiedValidators(test.stage, COUNT, accounts, settings=SETTINGS, options=OPTIONS)


class Payment(threading.Thread):
    """`fogcoin send` in the background: it ends when the payment is final."""

    def __init__(self, test, through):
        super().__init__(daemon=True)
        self.test, self.through = test, through
        self.start()

    def run(self):
        self.sent = self.test.send(self.through)

    def height(self):
        """Of its block, once it is final."""
        self.join()
        self.test.assertEqual(self.sent.code, 0, self.sent.err or self.sent.out)
        return int(self.sent.json["height"])


class LinkedValidators:
    """What the stories share. `make(accounts)` gives the network."""

    @classmethod
    def prepare(cls):
        cls.cli, addresses = cls.stage.wallet(accounts=[f"payer-{i}" for i in range(COUNT)])
        cls.net = cls.make({address: "100000 FOG" for address in addresses.values()})
        cls.cli.node_url = cls.net.url(0)
        cls.net.wait_for_peers()

    def send(self, through):
        cli = fogtest.Cli(self.cli.folder, self.net.url(through), self.cli.wallet, f"payer-{through}")
        return cli.run("send", f"{SINK}=1", code=None)

    def pay(self, through):
        return Payment(self, through).height()

    def heal(self):
        self.net.heal()
        self.net.wait_for_peers()

    def agree(self):
        """After every story: each node has each block, the same."""
        height = max(self.pay(through) for through in (0, COUNT - 1))
        self.net.wait_for_height(height)
        self.net.check_agreement()


class Partitions(LinkedValidators):
    """The stories."""

    def test_in_halves_nothing_is_final_until_they_meet_again(self):
        for _ in range(ROUNDS):
            self.net.check_agreement()
            height = self.net.height(0)
            self.net.cut({0, 1}, {2, 3})
            payments = [Payment(self, 0), Payment(self, 2)]
            time.sleep(3)
            # What was on its way when the links went may still have come through to either side.
            heights = [self.net.height(i) for i in ALL]
            self.assertLessEqual(max(heights), height + 1)
            time.sleep(2)
            self.assertEqual([self.net.height(i) for i in ALL], heights, "no half is a quorum")
            self.assertTrue(all(one.is_alive() for one in payments), "nobody is told that his payment is final")
            self.heal()
            for payment in payments:
                payment.height()
            self.agree()

    def test_a_majority_goes_on_and_the_one_that_was_cut_off_catches_up(self):
        for number in range(ROUNDS):
            alone = number % COUNT
            others = ALL - {alone}
            self.net.cut({alone}, others)
            mine = Payment(self, alone)
            before = self.net.height(alone)
            for _ in range(2):
                for through in others:
                    self.pay(through)
            self.assertLessEqual(self.net.height(alone), before + 1)
            self.assertTrue(mine.is_alive())
            self.heal()
            mine.height()
            self.agree()

    def test_who_hears_nothing_and_who_is_not_heard(self):
        for number in range(ROUNDS):
            one = (number + 1) % COUNT
            others = ALL - {one}
            for other in others:  # nobody hears it
                self.net.cut_one_way(one, other)
            for through in others:
                self.pay(through)
            self.heal()
            self.agree()
            for other in others:  # it hears nobody
                self.net.cut_one_way(other, one)
            for through in others:
                self.pay(through)
            self.heal()
            self.agree()

    def test_a_single_way_that_is_dead_in_one_direction_delays_nobody_for_long(self):
        for number in range(ROUNDS):
            self.net.cut_one_way(number % COUNT, (number + 1) % COUNT)
            for through in ALL:
                self.pay(through)
            self.heal()
            self.agree()

    def test_links_that_flap(self):
        dice = random.Random(ROUNDS)
        for _ in range(ROUNDS):
            payments = [Payment(self, through) for through in ALL]
            end = time.monotonic() + 6
            while time.monotonic() < end:
                some = set(dice.sample(sorted(ALL), dice.randrange(1, 3)))
                self.net.cut(some, ALL - some)
                time.sleep(dice.uniform(0.05, 0.5))
                self.net.heal()
                time.sleep(dice.uniform(0.05, 0.5))
            self.heal()
            for payment in payments:
                payment.height()
            self.agree()

    def test_one_that_only_one_other_reaches_keeps_up(self):
        # Of all votes together it is told by that one; its own proposals reach nobody else, and are passed over.
        for _ in range(ROUNDS):
            self.net.cut({3}, {1, 2})
            height = max(self.pay(through) for through in (0, 1, 2, 3))
            self.net.wait_for_height(height)
            self.heal()
            self.net.programs[1].kill()
            height = max(self.pay(through) for through in (2, 3))
            self.net.wait_for_height(height, [0, 2, 3])
            self.net.start(1)
            self.heal()
            self.agree()


class Proxied(Partitions, fogtest.StagedTest):
    make = classmethod(proxied)


if __name__ == "__main__":
    fogtest.main()
