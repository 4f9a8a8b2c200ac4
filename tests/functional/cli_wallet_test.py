#!/usr/bin/env python3
"""A person's wallet on the command line: made, restored, opened by passphrase in every allowed way, and
never overwritten. Needs no node."""
import json
import os
import stat

import fogtest
from fogtest import PASSPHRASE, StagedTest, on_terminal, run_fogcoin, secret_file

MNEMONIC = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
# The account m/44'/118'/0'/0/0 of MNEMONIC, with an address of which other wallets show the same 20 bytes.
ADDRESS = "fog19rl4cm2hmr8afy4kldpxz3fka4jguq0aydrj4k"


class CreateAndRestore(StagedTest):
    def test_a_new_wallet_is_restored_from_its_words_with_the_same_addresses(self):
        cli = fogtest.Cli(self.stage.folder, "http://127.0.0.1:1", self.stage.folder / "new.json")
        made = cli("wallet", "create")
        self.assertEqual(len(made["mnemonic"].split()), 24)
        self.assertEqual(made["account"]["name"], "main")
        self.assertEqual(made["account"]["path"], "m/44'/118'/0'/0/0")
        for name in ("savings", "shop"):
            cli("wallet", "add", name)

        words = secret_file(self.stage.folder / "words", made["mnemonic"] + "\n")
        again = fogtest.Cli(self.stage.folder, cli.node_url, self.stage.folder / "again.json")
        again("wallet", "restore", "--mnemonic-file", words)
        for name in ("savings", "shop"):
            again("wallet", "add", name)
        self.assertEqual(again("wallet", "accounts"), cli("wallet", "accounts"))
        self.assertEqual(again("wallet", "mnemonic")["mnemonic"], made["mnemonic"])

    def test_words_may_be_typed_and_a_word_count_chosen(self):
        cli = fogtest.Cli(self.stage.folder, "http://127.0.0.1:1", self.stage.folder / "typed.json")
        done = cli.run("wallet", "restore", stdin=None, input=f"  {MNEMONIC.upper()}  \n")
        self.assertEqual(done.json["account"]["address"], ADDRESS)
        for words in (12, 15, 18, 21):
            short = fogtest.Cli(self.stage.folder, cli.node_url, self.stage.folder / f"{words}.json")
            self.assertEqual(len(short("wallet", "create", "--words", words)["mnemonic"].split()), words)
        self.assertIn("12, 15, 18, 21 or 24",
                      fogtest.Cli(self.stage.folder, cli.node_url, self.stage.folder / "13.json")
                      .fails(2, "wallet", "create", "--words", 13))
        self.assertFalse((self.stage.folder / "13.json").exists())

    def test_the_mnemonics_own_passphrase_makes_another_wallet(self):
        folder = self.stage.folder
        words = secret_file(folder / "known", MNEMONIC)
        extra = secret_file(folder / "extra", "TREZOR\n")
        cli = fogtest.Cli(folder, "http://127.0.0.1:1", folder / "extra.json")
        done = cli("wallet", "restore", "--mnemonic-file", words, "--mnemonic-passphrase-file", extra)
        self.assertNotEqual(done["account"]["address"], ADDRESS)

    def test_wrong_words_are_refused_and_nothing_is_written(self):
        folder = self.stage.folder
        cli = fogtest.Cli(folder, "http://127.0.0.1:1", folder / "wrong.json")
        for bad, says in ((MNEMONIC.replace("about", "abandon"), "checksum"),
                          (MNEMONIC.replace("about", "abuot"), "abuot"),
                          (MNEMONIC.rsplit(" ", 1)[0], "11"), ("", "")):
            words = secret_file(folder / "bad", bad)
            self.assertIn(says, cli.fails(2, "wallet", "restore", "--mnemonic-file", words))
        self.assertFalse((folder / "wrong.json").exists())
        self.assertIn("missing-words", cli.fails(4, "wallet", "restore", "--mnemonic-file", folder / "missing-words"))


class Accounts(StagedTest):
    @classmethod
    def prepare(cls):
        cls.cli, cls.addresses = cls.stage.wallet(accounts=["savings"])

    def test_accounts_take_the_next_index_or_a_named_one(self):
        far = self.cli("wallet", "add", "far", "--index", 2147483647)
        self.assertEqual(far["path"], "m/44'/118'/0'/0/2147483647")
        next_one = self.cli("wallet", "add", "next")
        self.assertEqual(next_one["path"], "m/44'/118'/0'/0/2")
        self.assertEqual(self.cli("wallet", "address", "next")["address"], next_one["address"])
        self.assertEqual(self.cli.as_account("next")("wallet", "address")["address"], next_one["address"])
        self.assertEqual(self.cli("wallet", "address")["address"], self.addresses["main"])

    def test_a_name_or_an_index_in_use_and_a_bad_name_are_refused(self):
        self.assertIn("savings", self.cli.fails(1, "wallet", "add", "savings"))
        self.cli.fails(1, "wallet", "add", "other", "--index", 0)
        self.cli.fails(2, "wallet", "add", "a name")
        self.cli.fails(2, "wallet", "add", "other", "--index", 2147483648)
        self.assertEqual(self.cli.as_account("nobody").run("wallet", "address", code=4).code, 4)

    def test_the_file_shows_addresses_but_no_words_and_is_private(self):
        self.assertEqual(stat.S_IMODE(self.cli.wallet.stat().st_mode), 0o600)
        without = run_fogcoin(["--wallet", self.cli.wallet, "wallet", "accounts"])
        self.assertEqual(without.code, 0)
        self.assertIn(self.addresses["savings"], without.out)
        words = self.cli("wallet", "mnemonic")["mnemonic"].split()
        text = self.cli.wallet.read_text()
        self.assertFalse(any(f"{one} {two}" in text for one, two in zip(words, words[1:])))

    def test_a_damaged_wallet_is_told_from_a_wrong_passphrase(self):
        content = json.loads(self.cli.wallet.read_text())
        damaged = self.stage.folder / "damaged.json"
        damaged.write_text(json.dumps(content)[:-40])
        os.chmod(damaged, 0o600)
        broken = fogtest.Cli(self.stage.folder, self.cli.node_url, damaged)
        self.assertIn("damaged.json", broken.fails(1, "wallet", "mnemonic"))


class Passphrases(StagedTest):
    @classmethod
    def prepare(cls):
        cls.cli, cls.addresses = cls.stage.wallet()

    def with_passphrase(self, *options, **more):
        return run_fogcoin(["--wallet", self.cli.wallet, "--json", *options, "wallet", "mnemonic"], **more)

    def test_a_wrong_one_ends_with_status_5(self):
        wrong = secret_file(self.stage.folder / "wrong", "not it\n")
        done = self.with_passphrase("--passphrase-file", wrong)
        self.assertEqual(done.code, 5)
        self.assertIn("passphrase", done.message)
        self.assertNotIn("mnemonic", done.json)

    def test_by_descriptor(self):
        for text in (PASSPHRASE, PASSPHRASE + "\n"):
            reader, writer = os.pipe()
            os.write(writer, text.encode())
            os.close(writer)
            done = self.with_passphrase("--passphrase-fd", reader, pass_fds=[reader])
            os.close(reader)
            self.assertEqual(len(done.json["mnemonic"].split()), 24)
        self.assertEqual(self.with_passphrase("--passphrase-fd", 77).code, 1)

    def test_a_file_that_others_can_read_is_refused(self):
        open_file = secret_file(self.stage.folder / "open", PASSPHRASE)
        os.chmod(open_file, 0o644)
        done = self.with_passphrase("--passphrase-file", open_file)
        self.assertEqual(done.code, 5)
        self.assertIn("chmod 600", done.message)
        self.assertEqual(self.with_passphrase("--passphrase-file", self.stage.folder / "none").code, 4)

    def test_without_a_terminal_it_says_which_options_there_are(self):
        done = self.with_passphrase()
        self.assertEqual(done.code, 1)
        self.assertIn("--passphrase-file", done.message)

    def test_typed_on_a_terminal_it_is_not_shown(self):
        words = ["--wallet", self.cli.wallet, "wallet", "mnemonic"]
        code, shown = on_terminal(words, ("Passphrase: ", PASSPHRASE))
        self.assertEqual(code, 0, shown)
        self.assertIn(self.cli("wallet", "mnemonic")["mnemonic"], shown)
        self.assertNotIn(PASSPHRASE, shown)
        code, shown = on_terminal(words, ("Passphrase: ", "wrong"))
        self.assertEqual(code, 5, shown)
        code, shown = on_terminal(words, ("Passphrase: ", "\x03"))
        self.assertNotEqual(code, 0, shown)

    def test_a_new_one_is_typed_twice(self):
        path = self.stage.folder / "typed.json"
        words = ["--wallet", path, "wallet", "create"]
        code, shown = on_terminal(words, (f"New passphrase for {path}: ", "one"), ("The same again: ", "two"))
        self.assertEqual(code, 2, shown)
        self.assertFalse(path.exists())
        code, shown = on_terminal(words, (f"New passphrase for {path}: ", "one"), ("The same again: ", "one"))
        self.assertEqual(code, 0, shown)
        one = secret_file(self.stage.folder / "one", "one")
        done = run_fogcoin(["--wallet", path, "--passphrase-file", one, "--json", "wallet", "mnemonic"])
        self.assertIn(done.json["mnemonic"], shown)


class NeverOverwritten(StagedTest):
    def test_create_and_restore_leave_a_file_that_is_there(self):
        cli, _ = self.stage.wallet()
        before = cli.wallet.read_bytes()
        words = secret_file(self.stage.folder / "words", MNEMONIC)
        for command in (["create"], ["restore", "--mnemonic-file", words]):
            says = cli.fails(1, "wallet", *command)
            self.assertIn("never overwritten", says)
            self.assertIn("--wallet", says)
        self.assertEqual(cli.wallet.read_bytes(), before)

        other = self.stage.folder / "notes.txt"
        other.write_text("not a wallet")
        fogtest.Cli(self.stage.folder, cli.node_url, other).fails(1, "wallet", "create")
        self.assertEqual(other.read_text(), "not a wallet")

    def test_a_passphrase_is_not_asked_for_in_vain(self):
        cli, _ = self.stage.wallet(name="asked")
        done = run_fogcoin(["--wallet", cli.wallet, "--json", "wallet", "create"])
        self.assertIn("never overwritten", done.message)

    def test_a_folder_is_made_for_the_default_wallet(self):
        home = self.stage.folder / "home"
        home.mkdir()
        secret = secret_file(self.stage.folder / "secret", PASSPHRASE)
        done = run_fogcoin(["--passphrase-file", secret, "--json", "wallet", "create"], env={"HOME": str(home)})
        self.assertEqual(done.json["wallet"], str(home / ".fogcoin/wallet.json"))
        self.assertEqual(stat.S_IMODE((home / ".fogcoin/wallet.json").stat().st_mode), 0o600)

    def test_no_wallet_says_how_to_make_one(self):
        nobody = fogtest.Cli(self.stage.folder, "http://127.0.0.1:1", self.stage.folder / "none.json")
        for command in (["wallet", "accounts"], ["wallet", "add", "x"], ["wallet", "mnemonic"], ["balance"]):
            self.assertIn("fogcoin wallet create", nobody.fails(4, *command))


if __name__ == "__main__":
    fogtest.main()
