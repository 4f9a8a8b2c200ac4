#!/usr/bin/env python3
"""Staking with real programs: a chain of one validator with short epochs, on which people delegate, earn, leave, vote on
parameters, and register a second validator that is slashed for equivocation."""
import hashlib
import json
import struct

import fogtest
from fogtest import DROPLETS, StagedTest, until
from independent_wallet import G, N, point_mul

SETTINGS = ("params.epoch_length=4", "staking.unbonding_ms=3000", "staking.evidence_window_ms=2000",
            "staking.trusting_period_ms=500", "staking.jail_ms=100", "staking.voting_ms=1500", "staking.lock_ms=500")


def tagged(tag, *parts):
    head = hashlib.sha256(tag.encode()).digest()
    return hashlib.sha256(head + head + b"".join(parts)).digest()


def schnorr(secret, message):
    """BIP-340's default signing, with 32 zero bytes as auxiliary randomness."""
    d = int.from_bytes(secret, "big")
    x, y = point_mul(d, G)
    d = d if y % 2 == 0 else N - d
    mask = bytes(a ^ b for a, b in zip(d.to_bytes(32, "big"), tagged("BIP0340/aux", bytes(32))))
    k = int.from_bytes(tagged("BIP0340/nonce", mask, x.to_bytes(32, "big"), message), "big") % N
    rx, ry = point_mul(k, G)
    k = k if ry % 2 == 0 else N - k
    e = int.from_bytes(tagged("BIP0340/challenge", rx.to_bytes(32, "big"), x.to_bytes(32, "big"), message), "big") % N
    return rx.to_bytes(32, "big") + ((k + e * d) % N).to_bytes(32, "big")


class Staking(StagedTest):
    @classmethod
    def prepare(cls):
        stage = cls.stage
        cls.cli, addresses = stage.wallet(accounts=("rich", "owner"))
        cls.address = addresses
        folder = stage.folder / "node"
        words = ["init", "--dir", folder, "--devnet", "--payout", addresses["main"]]
        for name in ("main", "rich", "owner"):
            words += ["--account", f"{addresses[name]}=10000"]
        for setting in SETTINGS:
            words += ["--set", setting]
        fogtest.fogcoind(*words)
        cls.node = fogtest.Node(stage, "node", folder)
        cls.cli.node_url = cls.node.url
        cls.rich = cls.cli.as_account("rich")
        cls.owner = cls.cli.as_account("owner")
        cls.first = cls.node.rpc("staking_validators")["items"][0]["record"]["key"]

    # ---- the chain moves on ----
    def block(self):
        self.cli.as_account("main")("send", f"{self.address['main']}=0.000000001")

    def epoch(self):
        return int(self.node.rpc("staking_epoch")["epoch"]["epoch"])

    def pass_epochs(self, count):
        end = self.epoch() + count
        while self.epoch() < end:
            self.block()

    def validator(self, key):
        return self.node.rpc("staking_validator", key=key)

    def balance(self, name):
        return int(self.node.rpc("account_get", address=self.address[name])["balance"])

    def register(self, name):
        """A second validator's registration for `owner`; (its key, the file, the secret)."""
        key, file = self.stage.folder / f"{name}.key", self.stage.folder / f"{name}.json"
        fogtest.fogcoind("keys", "new", "--out", key)
        chain = self.node.rpc("chain_status")["chain_id"]
        file.write_text(fogtest.fogcoind("keys", "register", "--key", key, "--owner", self.address["owner"],
                                         "--chain", chain))
        return json.loads(file.read_text())["key"], file, bytes.fromhex(json.loads(key.read_text())["secret"][2:])

    # ---- stories ----
    def test_1_the_genesis_validator_and_the_parameters_are_shown(self):
        shown = self.cli("params", "show")
        self.assertEqual(shown["staking"]["unbonding_ms"], "3000")
        self.assertEqual(shown["proposals"], [])
        self.assertEqual(self.cli("params"), shown)
        self.assertEqual(self.node.rpc("params_get")["staking"], shown["staking"])
        [only] = self.cli("validator", "list")
        self.assertEqual(only["record"]["owner"], self.address["main"])
        self.assertTrue(only["in_set"] and only["in_next_set"])
        self.assertEqual(self.cli("validator", "show", self.first), only)
        text = self.cli.run("validator", "show", self.first, json_output=False).out
        self.assertIn("validating", text)
        self.assertIn("5.00 %", text)
        self.assertIn("no validator", self.cli.fails(4, "validator", "show", "11" * 32))

    def test_2_delegating_earns_and_comes_back(self):
        self.rich("stake", "delegate", self.first, "1000")
        [mine] = self.rich("stake", "list")["delegations"]
        self.assertEqual(int(mine["amount"]), 1000 * DROPLETS)
        self.pass_epochs(3)
        view = self.node.rpc("staking_epoch")
        self.assertEqual(view["set"]["validators"][0]["stake"], str(2000 * DROPLETS), "it votes with both")
        self.assertGreater(int(self.rich("stake", "list")["delegations"][0]["rewards"]), 0, "tips and inflation")
        self.rich("stake", "withdraw")
        before = int(self.validator(self.first)["record"]["commission_due"])
        self.assertGreater(before, 0)
        self.cli("stake", "withdraw")
        self.assertLess(int(self.validator(self.first)["record"]["commission_due"]), before)

        self.assertIn("smaller", self.rich.fails(1, "stake", "undelegate", self.first, "1000.1"))
        self.rich("stake", "undelegate", self.first, "400")
        [leaving] = self.rich("stake", "list")["unbonding"]
        self.assertEqual((int(leaving["amount"]), leaving["free_ms"]), (400 * DROPLETS, None))
        had = self.balance("rich")
        self.pass_epochs(2)
        [leaving] = self.rich("stake", "list")["unbonding"]
        self.assertIsNotNone(leaving["free_ms"])
        until("the stake is free", lambda: self.balance("rich") == had + 400 * DROPLETS)
        self.assertEqual(self.rich("stake", "list")["unbonding"], [])
        self.rich("stake", "undelegate", self.first)
        self.assertEqual(self.rich("stake", "list")["delegations"], [])

    def test_3_parameters_change_by_vote(self):
        self.assertIn("validator", self.rich.fails(1, "params", "propose", "staking.jail_ms=150"))
        self.assertIn("step", self.cli.fails(1, "params", "propose", "staking.jail_ms=250"))
        self.assertIn("NAME=VALUE", self.cli.fails(2, "params", "propose", "staking.jail_ms"))
        number = self.cli("params", "propose", "staking.jail_ms=150", "market.burn_permille=30")["proposal"]
        self.cli("params", "vote", number, "yes")
        self.assertEqual(self.cli("params", "show")["proposals"][0]["state"], "open")
        until("the vote is counted", lambda: self.cli("params", "show")["proposals"][0]["state"] != "open")
        until("the change applies", lambda: self.cli("params", "show")["proposals"][0]["state"] == "applied")
        shown = self.cli("params", "show")
        self.assertEqual(shown["staking"]["jail_ms"], "150")
        self.assertEqual(shown["market"]["burn_permille"], 30)
        self.assertIn("over", self.cli.fails(1, "params", "vote", number, "no"))
        self.assertIn("yes nor no", self.cli.fails(2, "params", "vote", number, "perhaps"))

    def test_4_a_second_validator_is_slashed_for_equivocation(self):
        key, file, secret = self.register("second")
        self.assertIn("another owner", self.rich.fails(2, "validator", "create", file, "--bond", "100"))
        self.assertIn("minimum", self.owner.fails(1, "validator", "create", file, "--bond", "99"))
        self.owner("validator", "create", file, "--bond", "200", "--commission", "300")
        self.assertEqual(self.validator(key)["record"]["stake"], str(200 * DROPLETS))
        self.owner("validator", "edit", key, "--payout", self.address["rich"])
        self.assertIn("nothing to change", self.owner.fails(2, "validator", "edit", key))
        self.assertIn("not jailed", self.owner.fails(1, "validator", "unjail", key))
        self.rich("stake", "delegate", self.first, "50")
        self.rich("stake", "redelegate", self.first, key, "40")
        self.assertEqual(len(self.rich("stake", "list")["redelegations"]), 1)

        # Nobody runs it, but the first alone is a quorum.
        until("it is in the set", lambda: self.block() or self.validator(key)["in_set"], 60)
        voted_in = self.epoch()
        stake = int(self.validator(key)["record"]["stake"])
        voting = next(int(one["stake"]) for one in self.node.rpc("staking_epoch")["set"]["validators"]
                      if one["key"] == key)
        evidence = self.stage.folder / "evidence.json"
        evidence.write_text(json.dumps(self.double_vote(key, secret, voted_in)))
        had = self.balance("rich")
        self.rich("validator", "evidence", evidence)
        self.assertGreater(self.balance("rich"), had, "the reporter has his part")
        record = self.validator(key)["record"]
        self.assertTrue(record["tombstoned"])
        self.assertEqual(int(record["stake"]), stake - voting // 20, "5 % of what it voted with")
        self.assertIn("already", self.rich.fails(1, "validator", "evidence", evidence))
        self.assertIn("equivocation", self.cli.run("validator", "list", json_output=False).out)

    def test_5_every_droplet_is_accounted_for(self):
        self.assertTrue(self.cli("node", "verify-supply")["conserved"])

    def double_vote(self, key, secret, epoch):
        chain = bytes.fromhex(self.node.rpc("chain_status")["chain_id"][2:])
        out = {"validator": key}
        for name, block in (("first", bytes(31) + b"\1"), ("second", bytes(31) + b"\2")):
            vote = struct.pack("<QQBQ", epoch, 1_000_000, 0, 999_999) + block
            out[name] = {"epoch": str(epoch), "view": "1000000", "kind": "notarize", "parent_view": "999999",
                         "block": "0x" + block.hex()}
            out[f"{name}_signature"] = "0x" + schnorr(secret, tagged("fog/vote", chain, vote)).hex()
        return out


if __name__ == "__main__":
    fogtest.main()
