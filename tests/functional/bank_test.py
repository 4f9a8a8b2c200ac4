#!/usr/bin/env python3
"""A bank over four validators while they are killed, paused and cut off from each other at random: every payment that
was acknowledged is there exactly once on every node, one that was not is there at most once, no sequence is skipped or
used twice, and the books of all nodes are those that the payments make.

FOG_SECONDS: how long (25); FOG_SEED: what happens, and to whom (drawn, and printed)."""
import json
import os
import random
import sys

import fogtest
import links
from bank import Bank, Nemesis

SECONDS = float(os.environ.get("FOG_SECONDS", "25"))
COUNT = 4


class BankUnderNemesis(fogtest.StagedTest):
    def test_the_books_hold(self):
        seed = os.environ.get("FOG_SEED") or str(random.SystemRandom().randrange(10**9))
        print(f"FOG_SEED={seed} FOG_SECONDS={SECONDS:g}", file=sys.stderr)
        bank = Bank(accounts=4)
        net = links.ProxiedValidators(self.stage, COUNT, bank.opening(), settings=["params.epoch_length=30"],
                                      options=["--delay-ms", "300", "--no-discover"])
        bank.open(net)
        nemesis = Nemesis(net, seed)
        with bank.tellers(seed):
            nemesis.run(SECONDS)
            before = net.height(0)
            net.wait_for_height(before + 2, seconds=60)  # whole again, it goes on
        figures = bank.audit()
        print(json.dumps({"seed": seed, "seconds": SECONDS, **figures, "acts": nemesis.done}), file=sys.stderr)
        self.assertGreater(figures["acknowledged"], 20, "payments went through meanwhile")
        self.assertGreater(figures["supply_checks"], 0)


if __name__ == "__main__":
    fogtest.main()
