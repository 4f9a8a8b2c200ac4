#!/usr/bin/env python3
"""Money on the command line against a real node: balances, payments to several at once, what became of a
transaction, the chain itself; and every error says what to do."""
import concurrent.futures
import os
import signal
import socket

import fogtest
from fogtest import DROPLETS, StagedTest, run_fogcoin

FUNDS = 1_000_000  # FOG of the first account
STRANGER = "fog19rl4cm2hmr8afy4kldpxz3fka4jguq0aydrj4k"


def setting_up(test):
    """A node whose genesis gives the wallet's account main FUNDS."""
    test.cli, test.addresses = test.stage.wallet(accounts=["savings", "shop"])
    test.node = test.stage.node({test.addresses["main"]: FUNDS})
    test.cli.node_url = test.node.url
    test.main = test.cli.as_account("main")
    if balances(test.cli) != {"main": FUNDS * DROPLETS, "savings": 0, "shop": 0}:
        raise AssertionError(f"the genesis gave {balances(test.cli)}")
    test.creation_burn = int(test.cli("params")["chain"]["account_creation_burn"])


def balances(cli, *who):
    return {one["account"]: int(one["balance"]) for one in cli("balance", *who)}


class Payments(StagedTest):
    @classmethod
    def prepare(cls):
        setting_up(cls)

    def test_one_transaction_pays_several_and_every_droplet_is_accounted_for(self):
        names = [self.cli("wallet", "add", name)["address"] for name in ("first", "second")]
        before = balances(self.cli)
        self.assertEqual((before["first"], before["second"]), (0, 0))
        sent = self.main("send", "first=12.5", f"{names[1]}=0.000010001", f"{STRANGER}=500000 droplets")
        shown = self.cli("tx", "show", sent["tx"])
        fee = int(shown["outcome"]["fee_burned"]) + int(shown["outcome"]["fee_tip"])
        self.assertEqual(int(sent["fee"]), fee)
        self.assertEqual(shown["height"], sent["height"])

        after = balances(self.cli)
        # Each of the three accounts was new: its creation is burned out of what it was paid.
        self.assertEqual(after["first"], 12_500_000_000 - self.creation_burn)
        self.assertEqual(after["second"], 10_001 - self.creation_burn)
        self.assertEqual(balances(self.cli, STRANGER)[STRANGER], 500_000 - self.creation_burn)
        paid = 12_500_000_000 + 10_001 + 500_000
        self.assertEqual(after["main"], before["main"] - paid - fee)

        # A second payment creates nothing, so all of it arrives.
        self.main("send", "first=1 FOG")
        self.assertEqual(balances(self.cli, "first")["first"], after["first"] + DROPLETS)

    def test_one_receiver_may_be_named_twice_and_oneself(self):
        self.main("send", "savings=1")
        before = balances(self.cli)
        sent = self.main("send", "savings=1", "savings=2", "main=3")
        after = balances(self.cli)
        self.assertEqual(after["savings"] - before["savings"], 3 * DROPLETS)
        self.assertEqual(before["main"] - after["main"], 3 * DROPLETS + int(sent["fee"]))

    def test_many_outputs_fit_into_one_transaction_and_too_many_are_refused(self):
        outputs = [f"savings={n} droplets" for n in range(100_001, 100_257)]
        self.main("send", "savings=1")
        before = balances(self.cli)["savings"]
        self.main("send", *outputs)
        self.assertEqual(balances(self.cli)["savings"] - before, sum(range(100_001, 100_257)))
        self.assertIn("256", self.main.fails(2, "send", *outputs, "savings=1 droplets"))

    def test_programs_that_pay_from_one_account_at_once_all_succeed(self):
        self.main("send", "shop=1")
        before = balances(self.cli)["shop"]
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            sent = list(pool.map(lambda n: self.main("send", f"shop={n} droplets"), range(1, 13)))
        self.assertEqual(len({one["tx"] for one in sent}), 12)
        self.assertEqual(balances(self.cli)["shop"] - before, sum(range(1, 13)))

    def test_the_supply_is_conserved_and_burns_add_up(self):
        burned = int(self.cli("node", "verify-supply")["supply"]["burned"])
        sent = self.main("send", f"{fresh_address(self.stage, self.cli)}=1")
        outcome = self.cli("tx", "show", sent["tx"])["outcome"]
        report = self.cli("node", "verify-supply")
        self.assertIs(report["conserved"], True)
        self.assertEqual(int(report["supply"]["burned"]) - burned,
                         int(outcome["fee_burned"]) + self.creation_burn)

    def test_refused_payments_change_nothing(self):
        before = balances(self.cli)
        for code, says, payment in (
                (1, "needs more", f"savings={FUNDS}"),
                (2, "neither an address", "fog1nonsense=1"),
                (2, "neither an address", STRANGER[:-1] + "q=1"),
                (2, "neither an address", STRANGER.replace("fog1", "cosmos1") + "=1"),
                (2, "neither an address", "nobody=1"),
                (2, "not TO=AMOUNT", "savings"),
                *((2, "not an amount", f"savings={bad}") for bad in (
                    "", "-1", "1e3", "1.0000000001", "18446744073.709551616", "1,5", "1 BTC", "0x10", "1 FOG FOG")),
                (2, "zero", "savings=0")):
            with self.subTest(payment):
                self.assertIn(says, self.main.fails(code, "send", payment))
        self.assertEqual(balances(self.cli), before)

    def test_too_little_for_a_new_account_is_a_fault_and_costs_the_fee(self):
        before = balances(self.cli)["main"]
        says = self.main.fails(1, "send", f"{fresh_address(self.stage, self.cli)}={self.creation_burn - 1} droplets")
        self.assertIn("below_creation", says)
        paid = before - balances(self.cli)["main"]
        self.assertGreater(paid, 0)
        self.assertLess(paid, self.creation_burn * 10)

    def test_an_account_without_money_and_a_locked_wallet(self):
        self.cli("wallet", "add", "poor")
        self.assertIn("has no account yet", self.cli.as_account("poor").fails(4, "send", "main=1"))
        wrong = fogtest.secret_file(self.stage.folder / "wrong", "no\n")
        done = run_fogcoin(["--wallet", self.cli.wallet, "--node", self.node.url, "--passphrase-file", wrong,
                            "--account", "main", "--json", "send", "savings=1"])
        self.assertEqual(done.code, 5)

    def test_a_memo_goes_along_up_to_128_bytes(self):
        self.main("--memo", "rent for May", "send", "main=1")
        self.main("--memo", "x" * 128, "send", "main=1")
        self.assertIn("memo", self.main.fails(2, "--memo", "x" * 129, "send", "main=1"))


def fresh_address(stage, cli):
    """An address that nothing was ever paid to."""
    fresh_address.count = getattr(fresh_address, "count", 0) + 1
    return cli("wallet", "add", f"fresh-{fresh_address.count}")["address"]


class Transactions(StagedTest):
    @classmethod
    def prepare(cls):
        setting_up(cls)
        cls.sent = cls.main("send", "savings=2")

    def test_show_and_wait_tell_the_outcome(self):
        shown = self.cli("tx", "show", self.sent["tx"])
        self.assertEqual(shown["place"], "final")
        self.assertEqual(shown["outcome"]["fault"]["number"], 0)
        self.assertEqual(self.cli("tx", "show", self.sent["tx"].removeprefix("0x")), shown)
        self.assertEqual(self.cli("tx", "wait", self.sent["tx"]), shown)
        text = self.cli.run("tx", "show", self.sent["tx"], json_output=False).out
        self.assertIn("succeeded", text)

    def test_one_that_failed_is_shown_with_its_fault(self):
        says = self.main.fails(1, "send", f"{STRANGER}=1 droplets")
        tx = next(word for word in says.split() if word.startswith("0x"))
        self.assertEqual(self.cli("tx", "show", tx)["outcome"]["fault"]["name"], "below_creation")
        self.assertIn("below_creation", self.cli.run("tx", "show", tx, json_output=False).out)

    def test_history_has_what_was_paid_and_what_was_received(self):
        for i in (3, 4, 5):
            self.main("send", f"savings={i}")
        newest = self.main("history", "--limit", 2)
        self.assertEqual([one["tx"]["body"]["messages"][0]["body"]["outputs"][0]["amount"] for one in newest["items"]],
                         [str(5 * DROPLETS), str(4 * DROPLETS)])
        rest = self.main("history", "--cursor", newest["next"], "--limit", 1)
        self.assertEqual(rest["items"][0]["tx"]["body"]["messages"][0]["body"]["outputs"][0]["amount"], str(3 * DROPLETS))
        oldest = self.main("history", "--oldest-first")
        self.assertEqual(oldest["items"][0]["id"], self.sent["tx"])
        text = self.cli.run("history", "savings", json_output=False).out
        self.assertIn("by main", text)
        self.assertIn("pay 5 FOG to savings", text)
        self.assertIn("There is more after: --cursor",
                      self.cli.run("history", "savings", "--limit", 1, json_output=False).out)
        self.assertEqual(self.cli("history", STRANGER)["items"], [])
        self.assertIn("--cursor", self.main.fails(2, "history", "--cursor", "x"))
        self.assertEqual(self.cli.run("history", "--limit", 101, code=2).code, 2)

    def test_one_that_nobody_knows(self):
        unknown = "0x" + "11" * 32
        says = self.cli.fails(4, "tx", "show", unknown)
        self.assertIn("never submitted", says)
        self.assertIn("never submitted", self.cli.fails(4, "tx", "wait", unknown, "--seconds", 1))
        for bad in ("11", "0x" + "11" * 33, "zz" * 32):
            self.assertIn("64 hex digits", self.cli.fails(2, "tx", "show", bad))

    def test_decode_shows_what_was_signed_and_needs_no_node(self):
        block = self.node.rpc("chain_block", height=self.sent["height"])
        offline = fogtest.Cli(self.stage.folder, "http://127.0.0.1:1", self.cli.wallet)
        decoded = offline("tx", "decode", block["txs"][0])
        self.assertEqual(decoded["id"], self.sent["tx"])
        self.assertEqual(decoded["body"]["sender"], self.addresses["main"])
        self.assertIn(self.addresses["savings"], str(decoded))
        self.assertIn("nor hex", offline.fails(2, "tx", "decode", "xyz"))
        self.assertIn("not a transaction", offline.fails(2, "tx", "decode", block["txs"][0] + "00"))
        self.assertIn("not a transaction", offline.fails(2, "tx", "decode", block["txs"][0][:-2]))


class TheNode(StagedTest):
    @classmethod
    def prepare(cls):
        setting_up(cls)

    def test_status_and_params_are_the_chains(self):
        status = self.cli("node", "status")
        self.assertEqual(status["chain_name"], "fog-local")
        self.main("send", "savings=1")
        self.assertGreater(int(self.cli("node", "status")["height"]), int(status["height"]))
        params = self.cli("params")
        self.assertEqual(params["market"]["classes"][0]["name"], "standard")
        self.assertGreater(int(params["chain"]["base_price_min"]), 0)

    def test_one_that_does_not_answer_ends_with_status_3(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
            nowhere = fogtest.Cli(self.stage.folder, f"http://127.0.0.1:{taken.getsockname()[1]}", self.cli.wallet,
                                  "main")
            for command in (["balance"], ["send", "savings=1"], ["node", "status"], ["tx", "show", "11" * 32],
                            ["service", "list"], ["params"]):
                self.assertIn("127.0.0.1", nowhere.fails(3, *command))
        bad = fogtest.Cli(self.stage.folder, "ftp://example", self.cli.wallet)
        self.assertIn("ftp://example", bad.fails(2, "node", "status"))

    def test_what_answers_but_is_no_node_is_told(self):
        url, _, = self.stage.gateway(self.node, self.main)
        self.assertIn(url.removeprefix("http://"), fogtest.Cli(self.stage.folder, url, self.cli.wallet).run(
            "node", "status", code=1).message)

    def test_options_come_from_the_environment_and_a_file(self):
        config = self.stage.folder / "fogcoin.conf"
        config.write_text(f"node={self.node.url}\nwallet={self.cli.wallet}\n")
        done = run_fogcoin(["--config", config, "--json", "balance", "main"])
        self.assertEqual(done.code, 0, done.err)
        done = run_fogcoin(["--json", "balance", "main"], env={
            "FOGCOIN_NODE": self.node.url, "FOGCOIN_WALLET": str(self.cli.wallet)})
        self.assertEqual(done.json[0]["exists"], True)
        # What is said on the command line wins.
        done = run_fogcoin(["--node", self.node.url, "--json", "node", "status"],
                           env={"FOGCOIN_NODE": "http://127.0.0.1:1"})
        self.assertEqual(done.code, 0)

    def test_money_is_still_there_after_a_stop_and_after_a_kill(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.main("send", "savings=5")
            before, status = balances(self.cli), self.cli("node", "status")
            port = int(self.node.url.rsplit(":", 1)[1])
            code = self.node.program.stop(number)
            self.assertEqual(code, 0 if number == signal.SIGTERM else -9)
            self.node.start(port)
            self.assertEqual(balances(self.cli), before)
            again = self.cli("node", "status")
            self.assertEqual([again[k] for k in ("height", "app_hash")], [status[k] for k in ("height", "app_hash")])
            self.assertIs(self.cli("node", "verify-supply")["conserved"], True)


class OnATerminal(StagedTest):
    """A person is shown what will happen and asked before money moves."""

    @classmethod
    def prepare(cls):
        setting_up(cls)
        cls.main("send", "savings=1")

    def pay(self, answer, *options):
        words = ["--node", self.node.url, "--wallet", self.cli.wallet, "--account", "main", "--passphrase-file",
                 self.cli.passphrase_file, *options, "send", "savings=7"]
        return fogtest.on_terminal(words, *answer)

    def test_nothing_is_sent_without_a_yes(self):
        before = balances(self.cli)
        for answer in ("n", "", "maybe"):
            code, shown = self.pay([("[y/N] ", answer)])
            self.assertNotEqual(code, 0, shown)
            self.assertIn("7 FOG", shown)
            self.assertIn(self.addresses["savings"], shown)
            self.assertIn("fee", shown)
        self.assertEqual(balances(self.cli), before)

    def test_a_yes_sends_and_an_option_says_it_beforehand(self):
        before = balances(self.cli)["savings"]
        code, shown = self.pay([("[y/N] ", "y")])
        self.assertEqual(code, 0, shown)
        code, shown = self.pay([], "--yes")
        self.assertEqual(code, 0, shown)
        self.assertEqual(balances(self.cli)["savings"] - before, 14 * DROPLETS)


if __name__ == "__main__":
    fogtest.main()
