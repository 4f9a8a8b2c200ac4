#!/usr/bin/env python3
"""What a transaction should offer, and what can be done about one that waits: it is remembered, found again,
replaced or cancelled, and never happens together with what took its place.

Here a transaction waits because the one before it in its lane is missing, so that nothing depends on time."""
import fogtest
from fogtest import DROPLETS, StagedTest, until

LANES = iter(range(1, 16))


class Pending(StagedTest):
    @classmethod
    def prepare(cls):
        cls.cli, cls.addresses = cls.stage.wallet(accounts=["savings"])
        cls.node = cls.stage.node({cls.addresses["main"]: 100_000})
        cls.cli.node_url = cls.node.url
        cls.main = cls.cli.as_account("main")
        cls.main("send", "savings=1")

    def savings(self):
        return int(self.cli("balance", "savings")[0]["balance"])

    def stuck(self, amount, lane, sequence=1):
        """The id of a payment that waits for the one before it."""
        says = self.main.fails(3, "--timeout", 1, "--lane", lane, "--sequence", sequence, "send", f"savings={amount}")
        self.assertIn("still may be included", says)
        self.assertIn("fogcoin tx pending", says)
        return next(word for word in says.split() if word.startswith("0x"))

    def waiting(self):
        return {one["id"]: one["fate"] for one in self.cli("tx", "pending")}

    def started(self, *words):
        """A command that is to wait, started, once the node has what it sent."""
        before = {one["id"] for one in self.cli("tx", "pending")}
        program = self.stage.start("fogcoin", *self.main.options(), *words, log="-".join(words[:2]) + words[-1][-6:])
        [fresh] = until("it is sent", lambda: {one["id"] for one in self.cli("tx", "pending")
                                               if one["fate"] == "waiting"} - before)
        return program, fresh


class InTheMempool(Pending):
    def test_what_did_not_become_final_is_remembered_until_it_does(self):
        lane = next(LANES)
        tx = self.stuck(2, lane)
        self.assertEqual(self.waiting()[tx], "waiting")
        self.assertIn("pay 2 FOG to savings", self.cli.run("tx", "pending", json_output=False).out)
        before = self.savings()
        self.main("--lane", lane, "--sequence", 0, "send", "savings=1")
        self.cli("tx", "wait", tx)
        self.assertEqual(self.waiting()[tx], "final")
        self.assertNotIn(tx, self.waiting())
        self.assertEqual(self.savings() - before, 3 * DROPLETS)
        self.assertIn("has sent no transaction", self.main.fails(4, "tx", "replace", tx))

    def test_cancelled_it_never_happens(self):
        lane = next(LANES)
        tx = self.stuck(5, lane)
        before = self.savings()
        program, cancels = self.started("tx", "cancel", tx)
        self.main("--lane", lane, "--sequence", 0, "send", "savings=1")
        self.assertEqual(program.process.wait(60), 0, program.log.read_text())
        self.assertEqual(self.cli("tx", "show", cancels)["place"], "final")
        self.cli.fails(4, "tx", "show", tx)
        self.assertEqual(self.savings() - before, DROPLETS)
        self.assertEqual({one for one in self.waiting() if one in (tx, cancels)}, set())

    def test_replaced_it_happens_once(self):
        lane = next(LANES)
        tx = self.stuck(7, lane)
        old = next(one["body"] for one in self.cli("tx", "pending") if one["id"] == tx)
        says = self.main.fails(2, "--price-max", old["price_max"], "--tip", old["tip"], "tx", "replace", tx)
        self.assertIn("a tenth more", says)
        before = self.savings()
        program, fresh = self.started("tx", "replace", tx)
        new = next(one["body"] for one in self.cli("tx", "pending") if one["id"] == fresh)
        self.assertEqual([new[k] for k in ("lane", "sequence", "messages", "memo")],
                         [old[k] for k in ("lane", "sequence", "messages", "memo")])
        for name in ("price_max", "tip"):
            self.assertGreaterEqual(10 * int(new[name]), 11 * int(old[name]))
        self.main("--lane", lane, "--sequence", 0, "send", "savings=1")
        self.assertEqual(program.process.wait(60), 0, program.log.read_text())
        self.assertEqual(self.savings() - before, 8 * DROPLETS)

    def test_what_is_final_or_unknown_cannot_be_undone(self):
        lane = next(LANES)
        tx = self.stuck(1, lane)
        self.main("--lane", lane, "--sequence", 0, "send", "savings=1")
        self.cli("tx", "wait", tx)
        self.assertIn("cannot be undone", self.main.fails(1, "tx", "cancel", tx))
        self.assertIn("has sent no transaction", self.main.fails(4, "tx", "cancel", "0x" + "11" * 32))

    def test_one_whose_keys_are_elsewhere_is_replaced_by_file(self):
        lane = next(LANES)
        path = self.stage.folder / "waits.json"
        self.main("--unsigned", path, "--lane", lane, "--sequence", 1, "send", "savings=9")
        self.cli("tx", "sign", path)
        hot = fogtest.Cli(self.stage.folder, self.node.url, self.stage.folder / "hot.json")
        hot("wallet", "watch", "cold", self.addresses["main"])
        hot.fails(3, "--timeout", 1, "tx", "send", path)
        made = hot("--unsigned", self.stage.folder / "cancels.json", "tx", "cancel", path)
        self.assertEqual((made["body"]["lane"], made["body"]["sequence"], made["leaves"]), (lane, "1", "1"))
        self.cli("tx", "sign", self.stage.folder / "cancels.json")
        self.assertEqual(hot.run("--timeout", 1, "tx", "send", self.stage.folder / "cancels.json", code=None).code, 3)
        before = self.savings()
        self.main("--lane", lane, "--sequence", 0, "send", "savings=1")
        self.cli("tx", "wait", made["id"])
        self.assertEqual(self.savings() - before, DROPLETS)


class Fees(Pending):
    def test_levels_are_in_order_and_are_what_is_offered(self):
        shown = self.cli("fees")
        levels = {one["fee"]: one for one in shown["levels"]}
        self.assertEqual(list(levels), ["slow", "normal", "fast"])
        base = int(shown["base_price"])
        self.assertGreater(base, 0)
        for low, high in (("slow", "normal"), ("normal", "fast")):
            for name in ("price_max", "payment_max"):
                self.assertLess(int(levels[low][name]), int(levels[high][name]), (name, low))
            for name in ("tip", "payment"):
                self.assertLessEqual(int(levels[low][name]), int(levels[high][name]), (name, low))
        for level, terms in levels.items():
            path = self.stage.folder / f"{level}.json"
            made = self.main("--fee", level, "--unsigned", path, "send", "savings=1")
            self.assertEqual(made["body"]["tip"], terms["tip"])
            self.assertEqual(made["body"]["price_max"], terms["price_max"])
            self.assertEqual(made["fee_max"], terms["payment_max"])
            sent = self.main("--fee", level, "send", "savings=1")
            self.assertEqual(sent["fee"], terms["payment"])
        self.assertEqual(self.main.run("--fee", "free", "send", "savings=1", code=None).code, 2)


if __name__ == "__main__":
    fogtest.main()
