#!/usr/bin/env python3
"""Transactions that are built on one computer, signed on others that see no network, and sent by anybody: one key,
two of three keys, every command that sends, and what becomes of a file that somebody has touched."""
import json

import fogtest
from fogtest import DROPLETS, StagedTest, run_fogcoin

NOWHERE = "http://127.0.0.1:1"


class Offline(StagedTest):
    @classmethod
    def prepare(cls):
        """`cold` has the keys and no node; `hot` has a node and no keys; ann, bob and carol have a key each."""
        stage = cls.stage
        cls.cold, cls.addresses = stage.wallet(NOWHERE, "cold", ["savings"])
        cls.people = [stage.wallet(NOWHERE, name)[0] for name in ("ann", "bob", "carol")]
        cls.hot = fogtest.Cli(stage.folder, NOWHERE, stage.folder / "hot.json")
        cls.keys = [one("wallet", "key")["public_key"] for one in cls.people]
        cls.hot("wallet", "watch", "cold", cls.cold("wallet", "key", "main")["public_key"])
        team = cls.hot("wallet", "multisig", "team", "--threshold", 2, *cls.keys)
        cls.team = team["address"]
        cls.node = stage.node({cls.addresses["main"]: 1_000, cls.team: 1_000})
        cls.hot.node_url = cls.node.url
        cls.chain = cls.hot("node", "status")["chain_id"]

    def file(self, name):
        return self.stage.folder / f"{self.id().rsplit('.', 1)[1]}-{name}.json"

    def balance(self, address):
        return int(self.hot("balance", address)[0]["balance"])

    def unsigned(self, account, *words, name="tx"):
        """A transaction of this account, written where the keys are not."""
        path = self.file(name)
        made = self.hot.as_account(account)("--unsigned", path, *words)
        self.assertEqual(made["file"], str(path))
        self.assertEqual(made["missing"], made["needed"])
        return path, made


class OneKey(Offline):
    def test_built_without_keys_signed_without_a_node_sent_without_a_wallet(self):
        receiver = self.addresses["savings"]
        path, made = self.unsigned("cold", "--memo", "for the roof", "send", f"{receiver}=12.5")
        self.assertEqual(made["leaves"], str(12_500_000_000))
        text = self.cold.run("tx", "decode", path, json_output=False).out
        for said in (f"pay 12.5 FOG to savings ({receiver})", "in all 12.5 FOG leaves the account",
                     "for the roof", f"from main ({self.addresses['main']})", "needs 1 signature, has 0",
                     f"of chain {self.chain}", "valid until 20"):
            self.assertIn(said, text)
        # Nobody sends what nobody has signed.
        self.assertIn("1 of 1 signatures are missing", self.hot.fails(2, "tx", "send", path))

        before = self.balance(self.addresses["main"])
        signed = self.cold("tx", "sign", path)
        self.assertEqual((signed["missing"], signed["id"]), (0, made["id"]))
        self.assertIn("signed it already", self.cold.fails(1, "tx", "sign", path))
        nobody = fogtest.Cli(self.stage.folder, self.node.url, self.stage.folder / "nobody.json")
        sent = nobody("tx", "send", path)
        self.assertEqual(sent["tx"], made["id"])
        self.assertLessEqual(int(sent["fee"]), int(made["fee_max"]))
        self.assertEqual(self.balance(self.addresses["main"]), before - 12_500_000_000 - int(sent["fee"]))
        self.assertEqual(nobody("tx", "show", made["id"])["outcome"]["fault"]["number"], 0)
        # Again is no second time.
        self.assertEqual(nobody.run("tx", "send", path, code=None).code, 1)
        self.assertEqual(self.balance(self.addresses["main"]), before - 12_500_000_000 - int(sent["fee"]))

    def test_with_chain_sequence_and_price_it_is_built_without_a_node_too(self):
        path = self.file("tx")
        account = self.node.rpc("account_get", address=self.addresses["main"])
        lane = 15
        following = next((one["next"] for one in account["lanes"] if one["lane"] == lane), "0")
        made = self.cold.as_account("main")(
            "--unsigned", path, "--chain", self.chain, "--lane", lane, "--sequence", following, "--base-price",
            self.hot("node", "status")["base_price"], "--expires-in", "2h", "send", "main=1")
        self.assertEqual((made["body"]["lane"], made["body"]["sequence"]), (lane, following))
        self.cold("tx", "sign", path)
        self.hot("tx", "send", path)
        # The node says what is wrong with a place that is taken.
        self.cold.as_account("main")("--unsigned", path, "--chain", self.chain, "--lane", lane, "--sequence", following,
                                     "--price-max", 100, "--tip", 3, "send", "main=2")
        self.assertEqual(self.cold("tx", "decode", path)["body"]["tip"], "3")
        self.cold("tx", "sign", path)
        self.assertIn("sequence_too_low", self.hot.fails(1, "tx", "send", path))

    def test_a_file_goes_through_pipes(self):
        made = self.hot.as_account("cold").run("--unsigned", "-", "send", "cold=1").out
        signed = self.cold.run("tx", "sign", "-", stdin=None, input=made).out
        self.assertEqual(json.loads(signed)["body"], json.loads(made)["body"])
        self.assertEqual(len(self.hot.run("tx", "send", "-", stdin=None, input=signed).json["tx"]), 66)

    def test_what_was_touched_or_is_for_another_chain_is_refused(self):
        path, _ = self.unsigned("cold", "send", "cold=1")
        self.cold("tx", "sign", path)
        good = json.loads(path.read_text())
        body = bytearray.fromhex(good["body"][2:])
        body[-2] ^= 1
        for bad, says in (({**good, "body": "0x" + body.hex()}, "does not belong to this transaction"),
                          ({**good, "body": good["body"][:-2]}, "its body"),
                          ({**good, "format": "x"}, "fogcoin-transaction"),
                          ({**good, "note": "pay somebody else"}, "does not know")):
            path.write_text(json.dumps(bad))
            for words in (["tx", "decode"], ["tx", "sign"], ["tx", "send"]):
                self.assertIn(says, self.hot.fails(2, *words, path))
        self.cold.as_account("main")("--unsigned", path, "--chain", "0x" + "11" * 32, "--sequence", 0, "--price-max", 50,
                                     "send", "main=1")
        self.cold("tx", "sign", path)
        self.assertIn("it is for the chain 0x1111", self.hot.fails(2, "tx", "send", path))
        self.assertIn("no key that can sign", self.people[0].fails(4, "tx", "sign", path))
        self.assertIn("neither a file", self.hot.fails(2, "tx", "decode", "no-such-file"))

    def test_without_the_keys_nothing_is_sent_at_once_and_no_file_is_left_out(self):
        says = self.hot.as_account("cold").fails(5, "send", "cold=1")
        self.assertIn("--unsigned FILE", says)
        read = self.hot.run("--unsigned", self.file("none"), "balance", code=2)
        self.assertEqual([one["account"] for one in read.json], ["cold", "team"])
        self.assertIn("makes no transaction", read.err)
        self.assertFalse(self.file("none").exists())
        self.assertEqual(run_fogcoin(["--lane", "16", "balance"]).code, 2)

    def test_on_a_terminal_whoever_signs_reads_every_effect_first(self):
        path, _ = self.unsigned("cold", "send", f"{self.addresses['savings']}=7", f"{self.team}=0.5")
        words = ["--wallet", self.cold.wallet, "--passphrase-file", self.cold.passphrase_file, "tx", "sign", path]
        code, shown = fogtest.on_terminal(words, ("[y/N] ", "n"))
        self.assertNotEqual(code, 0, shown)
        for said in ("pay 7 FOG to savings", f"pay 0.5 FOG to {self.team}", "in all 7.5 FOG leaves", "fee at most",
                     "Sign this as 'main'?"):
            self.assertIn(said, shown)
        self.assertEqual(self.cold("tx", "decode", path)["missing"], 1)
        code, shown = fogtest.on_terminal(words, ("[y/N] ", "y"))
        self.assertEqual(code, 0, shown)
        words = ["--node", self.node.url, "tx", "send", path]
        code, shown = fogtest.on_terminal(words, ("Send this? [y/N] ", "y"))
        self.assertEqual(code, 0, shown)
        self.assertIn("Final at height", shown)


class Messages(Offline):
    def test_a_signature_proves_who_said_exactly_what(self):
        said = "The roof is paid.\n"
        made = self.cold.as_account("main")("message", "sign", said)
        self.assertEqual(made["address"], self.addresses["main"])
        checked = self.hot("message", "verify", "cold", made["signature"], said)
        self.assertEqual(checked, {"address": self.addresses["main"], "valid": True})
        self.assertIn("has not signed this text", self.hot.fails(1, "message", "verify", "cold", made["signature"],
                                                                 said.strip()))
        self.assertIn("is by fog1", self.hot.fails(1, "message", "verify", "team", made["signature"], said))
        self.assertIn("97 bytes", self.hot.fails(2, "message", "verify", "cold", "0x00", said))

        text = self.file("text")
        text.write_text(said)
        self.assertEqual(self.cold.as_account("main")("message", "sign", "--file", text), made)
        self.assertEqual(self.hot.run("message", "verify", "cold", made["signature"], "--file", "-", stdin=None,
                                      input=said).json, checked)
        self.assertIn("--file", self.cold.as_account("main").fails(2, "message", "sign"))
        self.assertIn("--unsigned", self.hot.as_account("cold").fails(5, "message", "sign", said))


class TwoOfThree(Offline):
    def test_copies_that_two_have_signed_are_combined_and_sent(self):
        path, made = self.unsigned("team", "send", f"{self.addresses['savings']}=3")
        self.assertEqual(made["needed"], 2)
        before = self.balance(self.team)
        for number, person in enumerate(self.people[:2]):
            one = person("tx", "sign", path, "--out", self.file(str(number)))
            self.assertEqual(one["missing"], 1)
            self.assertIn("are missing", self.hot.fails(2, "tx", "send", self.file(str(number))))
        done = self.hot("tx", "combine", self.file("0"), self.file("1"), "--out", self.file("both"))
        self.assertEqual(done["missing"], 0)
        sent = self.hot("tx", "send", self.file("both"))
        self.assertEqual(self.balance(self.team), before - 3 * DROPLETS - int(sent["fee"]))
        # What the chain has is what they signed.
        block = self.node.rpc("chain_block", height=sent["height"])
        again = self.hot("tx", "decode", next(tx for tx in block["txs"] if made["body"]["sender"] and tx))
        self.assertEqual(again["id"], made["id"])

    def test_one_file_may_go_round_instead(self):
        path, _ = self.unsigned("team", "send", f"{self.team}=1")
        self.people[2]("tx", "sign", path)
        self.assertEqual(self.people[0]("tx", "sign", path)["missing"], 0)
        self.hot("tx", "send", path)

    def test_the_same_keys_in_any_order_are_the_same_account(self):
        other = fogtest.Cli(self.stage.folder, NOWHERE, self.stage.folder / "other.json")
        again = other("wallet", "multisig", "ours", "--threshold", 2, *reversed(self.keys))
        self.assertEqual(again["address"], self.team)
        three = other("wallet", "multisig", "strict", "--threshold", 3, *self.keys)
        self.assertNotEqual(three["address"], self.team)
        shown = {one["name"]: one for one in other("wallet", "accounts")}
        self.assertEqual((shown["ours"]["kind"], shown["ours"]["threshold"]), ("multisig", 2))
        self.assertEqual(sorted(self.keys), shown["ours"]["keys"])
        self.assertIn("already", other.fails(1, "wallet", "watch", "ours", self.addresses["main"]))
        self.assertIn("can be required", other.fails(2, "wallet", "multisig", "x", "--threshold", 4, *self.keys))
        self.assertIn("comes twice", other.fails(2, "wallet", "multisig", "x", "--threshold", 1, *self.keys[:1] * 2))
        self.assertIn("neither a public key", other.fails(2, "wallet", "multisig", "x", "--threshold", 1, "nobody"))

    def test_shares_of_different_transactions_do_not_add_up(self):
        one, _ = self.unsigned("team", "send", f"{self.team}=1", name="one")
        two, _ = self.unsigned("team", "send", f"{self.team}=2", name="two")
        self.people[0]("tx", "sign", one)
        self.people[1]("tx", "sign", two)
        says = self.hot.fails(2, "tx", "combine", one, two, "--out", self.file("both"))
        self.assertIn("not of one transaction", says)


class EveryCommand(Offline):
    def test_every_command_that_sends_can_write_what_it_would_send(self):
        validator, bid = "0x" + "02" * 32, "0x" + "03" * 32
        for words, says in (
                (["send", "cold=1"], "pay 1 FOG"),
                (["stake", "delegate", validator, 5], f"put 5 FOG behind validator {validator}"),
                (["stake", "undelegate", validator], "take all stake back"),
                (["stake", "redelegate", validator, "0x" + "04" * 32, 2], "move 2 FOG from validator"),
                (["stake", "withdraw", validator], "has earned you"),
                (["validator", "unjail", validator], "out of jail"),
                (["validator", "edit", validator, "--commission", 500], "keeps a commission of 5.00 %"),
                (["params", "propose", "staking.jail_ms=900000"], "staking.jail_ms = 900000"),
                (["params", "vote", 3, "no"], "vote no on proposal 3"),
                (["service", "retire", "hello"], "retire 'hello'"),
                (["bid", "topup", bid, 4], f"deposit 4 FOG into bid {bid}"),
                (["bid", "close", bid], f"close bid {bid}"),
                (["auditor", "attest", bid, "region=eu", "--for", "30d"], "region = eu"),
                (["auditor", "revoke", bid], "revoke what this account attests")):
            with self.subTest(words):
                path, made = self.unsigned("cold", *words)
                self.assertIn(says, " ".join(made["effects"]))
                self.assertEqual(self.cold("tx", "sign", path)["missing"], 0)


if __name__ == "__main__":
    fogtest.main()
