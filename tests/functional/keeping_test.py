#!/usr/bin/env python3
"""Keeping a wallet: backups that are tried before they count and restore what they were made of, a new passphrase,
the end of a wallet, names for people, and accounts found again on the chain."""
import os

import fogtest
from fogtest import DROPLETS, StagedTest, on_terminal, secret_file

NOWHERE = "http://127.0.0.1:1"


class Keeping(StagedTest):
    def cli(self, name, accounts=()):
        return self.stage.wallet(NOWHERE, f"{self.id().rsplit('.', 1)[1]}-{name}", accounts)

    def empty(self, name, node_url=NOWHERE):
        """A place where no wallet is yet."""
        return fogtest.Cli(self.stage.folder, node_url, self.stage.folder / f"{self.id().rsplit('.', 1)[1]}-{name}.json")

    def path(self, name):
        return self.stage.folder / f"{self.id().rsplit('.', 1)[1]}-{name}"


class Backups(Keeping):
    def test_what_is_restored_is_what_was_backed_up(self):
        cli, addresses = self.cli("w", ["savings"])
        cli("contact", "add", "bob", "fog19rl4cm2hmr8afy4kldpxz3fka4jguq0aydrj4k", "--label", "repairs the roof")
        cli("wallet", "label", "savings", "for the roof")
        made = cli("wallet", "backup", self.path("backup"))
        self.assertEqual([one["name"] for one in made["accounts"]], ["main", "savings"])
        self.assertEqual(os.stat(self.path("backup")).st_mode & 0o777, 0o600)
        text = self.path("backup").read_text()
        for hidden in (*addresses.values(), "savings", "bob", "roof"):
            self.assertNotIn(hidden, text)
        self.assertIn("exists already", cli.fails(1, "wallet", "backup", self.path("backup")))

        tried = cli("wallet", "verify-backup", self.path("backup"))
        self.assertEqual((tried["lacking"], tried["names"]), ([], 1))
        again = self.empty("again")
        self.assertEqual(again("wallet", "verify-backup", self.path("backup"))["accounts"], tried["accounts"])
        again("wallet", "restore", "--backup", self.path("backup"))
        self.assertEqual(again("wallet", "accounts"), cli("wallet", "accounts"))
        self.assertEqual(again("contact", "list"), cli("contact", "list"))
        self.assertEqual(again("wallet", "mnemonic"), cli("wallet", "mnemonic"))
        self.assertIn("never overwritten", again.fails(1, "wallet", "restore", "--backup", self.path("backup")))

        cli("wallet", "add", "later")
        self.assertEqual(cli("wallet", "verify-backup", self.path("backup"))["lacking"], ["later"])

    def test_a_backup_that_was_touched_or_another_passphrase_is_refused(self):
        cli, _ = self.cli("w")
        cli("wallet", "backup", self.path("backup"))
        good = self.path("backup").read_text()
        for bad, code in ((good.replace('"sealed": "0x', '"sealed": "0x00', 1), 5), (good[:-30], 1), ("{}", 1),
                          (cli.wallet.read_text(), 1)):
            self.path("backup").write_text(bad)
            self.assertIn("backup", cli.fails(code, "wallet", "verify-backup", self.path("backup")))
            self.empty("x").fails(code, "wallet", "restore", "--backup", self.path("backup"))
        self.assertFalse(self.empty("x").wallet.exists())

    def test_a_new_passphrase_opens_the_wallet_and_not_the_old_backup(self):
        cli, _ = self.cli("w")
        cli("wallet", "backup", self.path("old"))
        new = secret_file(self.path("new"), "another one\n")
        words = cli("wallet", "mnemonic")
        cli("wallet", "passphrase", "--new-passphrase-file", new)
        self.assertIn("wrong passphrase", cli.fails(5, "wallet", "mnemonic"))
        changed = fogtest.Cli(self.stage.folder, NOWHERE, cli.wallet)
        changed.passphrase_file = new
        self.assertEqual(changed("wallet", "mnemonic"), words)
        changed.fails(5, "wallet", "verify-backup", self.path("old"))
        cli("wallet", "verify-backup", self.path("old"))
        empty = secret_file(self.path("empty"), "\n")
        self.assertIn("must not be empty", changed.fails(2, "wallet", "passphrase", "--new-passphrase-file", empty))
        self.assertEqual(changed("wallet", "mnemonic"), words)


class Wipe(Keeping):
    def test_it_takes_a_word_or_an_option_and_the_keys_are_gone(self):
        cli, _ = self.cli("w")
        cli("contact", "add", "bob", "fog19rl4cm2hmr8afy4kldpxz3fka4jguq0aydrj4k")
        book = cli.wallet.with_suffix(".book.json")
        os.link(cli.wallet, self.path("same"))
        self.assertIn("--yes", cli.fails(1, "wallet", "wipe"))
        code, shown = on_terminal(["--wallet", cli.wallet, "wallet", "wipe"], ("Type wipe to do it: ", "yes"))
        self.assertNotEqual(code, 0, shown)
        self.assertTrue(cli.wallet.exists())
        code, shown = on_terminal(["--wallet", cli.wallet, "wallet", "wipe"], ("Type wipe to do it: ", "wipe"))
        self.assertEqual(code, 0, shown)
        self.assertFalse(cli.wallet.exists())
        self.assertEqual(set(self.path("same").read_bytes()), {0})
        self.assertTrue(book.exists())
        # What is no wallet stays.
        other = self.path("notes.json")
        other.write_text("mine")
        fogtest.Cli(self.stage.folder, NOWHERE, other).fails(1, "--yes", "wallet", "wipe")
        self.assertEqual(other.read_text(), "mine")

    def test_all_takes_the_address_book_along(self):
        cli, _ = self.cli("w")
        cli("contact", "add", "bob", "fog19rl4cm2hmr8afy4kldpxz3fka4jguq0aydrj4k")
        self.assertEqual(len(cli("--yes", "wallet", "wipe", "--all")["wiped"]), 2)
        self.assertFalse(cli.wallet.with_suffix(".book.json").exists())


class Names(Keeping):
    STRANGER = "fog19rl4cm2hmr8afy4kldpxz3fka4jguq0aydrj4k"

    def test_a_name_stands_for_one_address_and_one_only(self):
        cli, addresses = self.cli("w", ["savings"])
        cli("contact", "add", "bob", self.STRANGER)
        self.assertEqual(cli("wallet", "address", "bob")["address"], self.STRANGER)
        for words in (["bob", addresses["main"]], ["robert", self.STRANGER], ["savings", self.STRANGER],
                      ["me", addresses["main"]]):
            self.assertIn("already" if words[0] in ("bob", "robert") and words[1] == self.STRANGER else "",
                          cli.fails(1, "contact", "add", *words))
        self.assertIn("checksum", cli.fails(2, "contact", "add", "eve", self.STRANGER[:-1] + "q"))
        self.assertIn("address book has", cli.fails(1, "wallet", "add", "bob"))
        cli("wallet", "rename", "bob", "robert")
        cli("wallet", "rename", "savings", "roof")
        self.assertIn("already", cli.fails(1, "wallet", "rename", "robert", "roof"))
        self.assertIn("already", cli.fails(1, "wallet", "rename", "roof", "robert"))
        self.assertEqual(cli("wallet", "address", "roof")["address"], addresses["savings"])
        self.assertIn("it has: robert", cli.fails(4, "contact", "remove", "bob"))
        cli("contact", "remove", "robert")
        self.assertEqual(cli("contact", "list"), [])
        cli.fails(2, "wallet", "address", "robert")

    def test_labels_are_for_the_eye_alone(self):
        cli, addresses = self.cli("w")
        cli("wallet", "label", "main", "rent and food")
        self.assertEqual(cli("wallet", "accounts")[0]["label"], "rent and food")
        self.assertIn("rent and food", cli.run("wallet", "accounts", json_output=False).out)
        self.assertIn("one line", cli.fails(2, "wallet", "label", "main", "two\nlines"))
        cli("wallet", "label", addresses["main"])
        self.assertEqual(cli("wallet", "accounts")[0]["label"], "")


class Discovery(Keeping):
    def test_accounts_that_were_paid_are_found_again_up_to_a_gap(self):
        cli, addresses = self.cli("w")
        for index in (3, 5, 30):
            addresses[index] = cli("wallet", "add", f"at-{index}", "--index", index)["address"]
        node = self.stage.node({addresses["main"]: 1_000})
        cli.node_url = node.url
        cli.as_account("main")("send", *(f"{addresses[index]}=1" for index in (3, 5, 30)))
        words = secret_file(self.path("words"), cli("wallet", "mnemonic")["mnemonic"])

        found = self.empty("found", node.url)
        shown = found("wallet", "restore", "--mnemonic-file", words, "--discover")
        self.assertEqual({one["path"].rsplit("/", 1)[1]: one["address"] for one in shown["accounts"]},
                         {"0": addresses["main"], "3": addresses[3], "5": addresses[5]})
        self.assertEqual([one["name"] for one in shown["accounts"]], ["main", "account-3", "account-5"])
        self.assertEqual(found("wallet", "discover")["found"], [])
        more = found("wallet", "discover", "--gap", 25)["found"]
        self.assertEqual([one["address"] for one in more], [addresses[30]])
        self.assertEqual(sum(int(one["balance"]) for one in found("balance")) // DROPLETS, 999)

        nobody = self.empty("nobody")
        self.assertIn("127.0.0.1:1", nobody.fails(3, "wallet", "restore", "--mnemonic-file", words, "--discover"))
        self.assertFalse(nobody.wallet.exists())


if __name__ == "__main__":
    fogtest.main()
