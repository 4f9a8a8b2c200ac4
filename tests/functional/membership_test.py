#!/usr/bin/env python3
"""Who joins and leaves a network of four validators, as real processes over short epochs: a fresh node takes over the
chain, registers, bonds, votes two epochs later, is needed for the quorum, and leaves the set again; one that is away
for an epoch is jailed, comes back, is let out and votes. Meanwhile people pay, and their books hold."""
import json

import fogtest
from bank import Bank

COUNT = 4
EPOCH = 20  # heights
JAIL_MS = 3000
SETTINGS = [f"params.epoch_length={EPOCH}", "staking.unbonding_ms=3600000", "staking.evidence_window_ms=2000",
            "staking.trusting_period_ms=1800000", f"staking.jail_ms={JAIL_MS}"]


class Membership(fogtest.StagedTest):
    @classmethod
    def prepare(cls):
        cls.bank = Bank(accounts=3, lanes=1)
        cls.cli, addresses = cls.stage.wallet(accounts=("owner",))
        cls.address = addresses
        cls.owner = cls.cli.as_account("owner")
        people = {address: "100000 FOG" for address in addresses.values()}
        cls.net = fogtest.Validators(cls.stage, COUNT, {**cls.bank.opening(), **people}, settings=SETTINGS,
                                     options=["--delay-ms", "300"], payout=addresses["owner"])
        cls.cli.node_url = cls.owner.node_url = cls.net.url(1)
        cls.net.wait_for_peers()
        cls.bank.open(cls.net)

    def key(self, number):
        return json.loads(fogtest.fogcoind("keys", "show", "--key", self.net.key_file(number)))["key"]

    def epoch(self, through=1):
        return self.net.rpc(through, "staking_epoch")

    def wait_for_epoch(self, epoch, through=1):
        def reached():
            view = self.epoch(through)
            return view if int(view["epoch"]["epoch"]) >= epoch else None
        return fogtest.until(f"epoch {epoch}", reached, 120)

    def validator(self, key):
        return self.net.rpc(1, "staking_validator", key=key)

    def blocks_signed(self, number, epoch):
        """The heights of the epoch's blocks, as node 1 has them, that it proposed or whose certificates have its
        vote."""
        key = self.key(number)
        found = []
        # The set of an epoch is in nobody's head for long: it is asked for while it stands.
        place = [one["key"] for one in self.epoch()["set"]["validators"]].index(key)
        for height in range(epoch * EPOCH + 1, min(self.net.height(1), (epoch + 1) * EPOCH) + 1):
            block = self.net.rpc(1, "chain_block", height=height)
            certificate = block["certificate"]
            self.assertEqual(int(block["header"]["epoch"]), epoch)
            if block["header"]["proposer"] == key or (
                    certificate and any(one["index"] == place for one in certificate["signatures"])):
                found.append(height)
        return found

    def wait_until_it_signs(self, number, epoch):
        """In this epoch or a later one."""
        def signed():
            now = int(self.epoch()["epoch"]["epoch"])
            return now >= epoch and self.in_set(number) and self.blocks_signed(number, now)
        return fogtest.until(f"validator {number}'s votes are in certificates", signed, 90)

    def in_set(self, number):
        return self.key(number) in [one["key"] for one in self.epoch()["set"]["validators"]]

    def go_on_without(self, victims):
        """What is left goes on without these, for less than an epoch: else they would be jailed for it."""
        with self.bank.resting():
            for victim in victims:
                self.net.programs[victim].kill()
            for _ in range(3):
                self.cli.as_account("main")("send", f"{self.address['owner']}=0.001")
            for victim in victims:
                self.net.start(victim)
            self.net.wait_for_height(self.net.height(1))

    def test_1_a_new_validator_joins_is_needed_and_leaves(self):
        net = self.net
        with self.bank.tellers("join"):
            self.wait_for_epoch(1)
            fogtest.fogcoind("keys", "new", "--out", net.key_file(COUNT))
            new = net.add("--key", net.key_file(COUNT))
            net.start(new)
            net.wait_for_height(net.height(1), [new])

            registration = self.stage.folder / "registration.json"
            registration.write_text(fogtest.fogcoind(
                "keys", "register", "--key", net.key_file(new), "--owner", self.address["owner"],
                "--chain", net.status(1)["chain_id"]))
            key = self.key(new)
            # Of 7000 FOG then, so that two of the old ones may be missing, and without it none.
            made = self.owner("validator", "create", registration, "--bond", "3000")
            bonded = (int(made["height"]) - 1) // EPOCH
            view = self.wait_for_epoch(bonded + 1)
            if int(view["epoch"]["epoch"]) == bonded + 1:
                self.assertNotIn(key, [one["key"] for one in view["set"]["validators"]], "this set was fixed before")
                self.assertIn(key, [one["key"] for one in view["next_set"]["validators"]])
            self.wait_for_epoch(bonded + 2)
            self.assertTrue(self.validator(key)["in_set"])
            self.wait_until_it_signs(new, bonded + 2)

            self.go_on_without((0, 2))

            # It stays on duty until its stake is in no set.
            gone = self.owner("stake", "undelegate", key)
            left = (int(gone["height"]) - 1) // EPOCH
            self.wait_for_epoch(left + 2)
            self.assertFalse(self.in_set(new))
            net.programs[new].stop()
            self.go_on_without((0,))
            # staking_test waits until such a bond is paid out.
            self.assertEqual(len(self.owner("stake", "list")["unbonding"]), 1)
        figures = self.bank.audit()
        self.assertGreater(figures["acknowledged"], 20)

    def test_2_one_that_is_away_is_jailed_returns_and_is_let_out(self):
        net, away = self.net, 3
        key = self.key(away)
        with self.bank.tellers("jail"):
            # From the middle of an epoch through the whole of the next.
            net.programs[away].stop()
            fogtest.until("it is jailed", lambda: self.validator(key)["record"]["jailed_until_ms"] != "0", 120)
            jailed = int(self.epoch()["epoch"]["epoch"])
            self.assertIn("still_jailed", self.owner.fails(1, "validator", "unjail", key).lower())
            self.wait_for_epoch(jailed + 1)
            self.assertFalse(self.in_set(away), "it is in no new set")
            net.start(away)
            net.wait_for_height(net.height(1))

            def let_out():
                done = self.owner.run("validator", "unjail", key, code=None)
                return done.code == 0 and int(done.json["height"])
            freed = (fogtest.until("the jail's time is over", let_out, JAIL_MS / 1000 + 30) - 1) // EPOCH
            self.assertEqual(self.validator(key)["record"]["jailed_until_ms"], "0")
            self.wait_for_epoch(freed + 2)
            self.wait_until_it_signs(away, freed + 2)
            # And the chain needs it again.
            self.go_on_without((0,))
        self.bank.audit()


if __name__ == "__main__":
    fogtest.main()
