#!/usr/bin/env python3
"""`fogcoin` as one tool: it says what may have been meant, bash completes it, manual pages are made of the same tree as
--help, options come from a file, the environment and flags, lists are tables, JSON or CSV, and the doctor looks."""
import csv
import io
import os
import shutil
import subprocess

import fogtest
from fogtest import StagedTest, programs_folder, run_fogcoin

NOWHERE = "http://127.0.0.1:1"


class DidYouMean(StagedTest):
    def test_a_slip_is_answered_with_what_is_near(self):
        for words, meant in ((["walet", "accounts"], "fogcoin wallet"), (["wallet", "acounts"], "fogcoin wallet accounts"),
                             (["blance"], "fogcoin balance"), (["wallet", "accounts", "--jsno"], "--json"),
                             (["verify-backup"], "fogcoin wallet verify-backup"), (["tx", "sing", "x"], "fogcoin tx sign"),
                             (["--nod", "x", "balance"], "--node"), (["stake", "delegat", "x", "1"], "stake delegate"),
                             (["balance", "--acount", "main"], "--account")):
            with self.subTest(words):
                done = run_fogcoin(words)
                self.assertEqual(done.code, 2)
                self.assertIn("Did you mean: ", done.err)
                self.assertIn(meant, done.err.split("Did you mean: ")[1])
                self.assertIn(meant, run_fogcoin([*words, "--json"]).message)
        self.assertNotIn("Did you mean", run_fogcoin(["xyzzyplugh"]).err)
        self.assertIn("'fogcoin wallet' has no command 'xyzzy'", run_fogcoin(["wallet", "xyzzy"]).err)
        self.assertIn("foghost offer", run_fogcoin(["ofer"], "foghost").err)


class Completion(StagedTest):
    @classmethod
    def prepare(cls):
        cls.cli, _ = cls.stage.wallet(accounts=["savings", "shop"])
        cls.cli("contact", "add", "bob", "fog19rl4cm2hmr8afy4kldpxz3fka4jguq0aydrj4k")
        script = run_fogcoin(["completion", "bash"])
        cls.script = cls.stage.folder / "completion.bash"
        cls.script.write_text(script.out)

    def complete(self, line):
        """What bash itself, with the script sourced, completes this line to."""
        ask = """
            source "$1"
            complete -p fogcoin >/dev/null || exit 9
            read -r -a COMP_WORDS <<< "$2"
            [[ "$2" == *' ' ]] && COMP_WORDS+=("")
            COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _fogcoin
            printf '%s\\n' "${COMPREPLY[@]}"
        """
        env = {**os.environ, "PATH": f"{programs_folder()}:{os.environ['PATH']}", "HOME": str(self.stage.folder),
               "FOGCOIN_WALLET": str(self.cli.wallet)}
        done = subprocess.run(["bash", "--norc", "-c", ask, "bash", self.script, line], env=env, capture_output=True,
                              text=True, check=True, timeout=60)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_completes_commands_options_and_names(self):
        self.assertEqual(self.complete("fogcoin wal"), ["wallet"])
        self.assertLessEqual({"accounts", "backup", "create"}, set(self.complete("fogcoin wallet ")))
        self.assertEqual(self.complete("fogcoin wallet verify-"), ["verify-backup"])
        self.assertEqual(self.complete("fogcoin wallet accounts --js"), ["--json"])
        self.assertEqual(self.complete("fogcoin --account s"), ["savings", "shop"])
        self.assertEqual(self.complete("fogcoin --account savings bal"), ["balance"])
        self.assertEqual(self.complete("fogcoin send b"), ["bob="])
        self.assertEqual(self.complete("fogcoin balance bob sh"), ["shop"])
        self.assertEqual(self.complete("fogcoin --fee "), ["slow", "normal", "fast"])
        self.assertIn("--unsigned", self.complete("fogcoin stake delegate --u"))
        # Where nothing of its own fits, bash completes files.
        self.assertEqual(self.complete("fogcoin tx sign "), [])
        self.assertIn("-o default", subprocess.run(["bash", "-c", f'source "{self.script}"; complete -p fogcoin'],
                                                   capture_output=True, text=True, check=True).stdout)

    def test_every_command_of_help_can_be_completed(self):
        for line in ("fogcoin ", "fogcoin tx ", "fogcoin contact "):
            text = run_fogcoin([*line.split()[1:], "--help"]).out.split("Subcommands:")[1]
            names = {row.split()[0] for row in text.splitlines() if row.startswith("  ") and row[2] != " "}
            self.assertEqual(set(self.complete(line)), names)

    def test_the_other_shells_scripts_are_what_these_shells_read(self):
        for shell, words in (("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])):
            script = self.stage.folder / f"completion.{shell}"
            script.write_text(run_fogcoin(["completion", shell]).out)
            self.assertIn("completion words", script.read_text())
            if shutil.which(shell):
                subprocess.run([*words, script], check=True, timeout=60)


class Manual(StagedTest):
    def test_pages_say_what_help_says_and_groff_takes_them(self):
        folder = self.stage.folder / "man1"
        run_fogcoin(["man", "--out", folder])
        pages = {path.name: path.read_text() for path in folder.iterdir()}
        text = run_fogcoin(["--help"]).out.split("Subcommands:")[1]
        names = [row.split()[0] for row in text.splitlines() if row.startswith("  ") and row[2] != " "]
        self.assertEqual(set(pages), {"fogcoin.1", *(f"fogcoin-{name}.1" for name in names)})
        for said in ("wallet verify\\-backup", "\\-\\-new\\-passphrase\\-file", "opens"):
            self.assertIn(said, pages["fogcoin-wallet.1"])
        self.assertIn("FOGCOIN_NODE", pages["fogcoin.1"])
        self.assertEqual(run_fogcoin(["man", "wallet"]).out, pages["fogcoin-wallet.1"])
        self.assertEqual(run_fogcoin(["man", "walet"]).code, 4)
        if shutil.which("groff"):
            for name in pages:
                done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", folder / name], capture_output=True,
                                      text=True, check=True, timeout=60)
                self.assertEqual(done.stderr, "", name)


class Configuration(StagedTest):
    @classmethod
    def prepare(cls):
        cls.home = cls.stage.folder / "home"
        (cls.home / ".fogcoin").mkdir(parents=True)
        cls.file = cls.home / ".fogcoin/fogcoin.conf"

    def show(self, *words, env=None, code=0):
        done = run_fogcoin([*words, "--json", "config", "show"], env={"HOME": str(self.home), **(env or {})})
        self.assertEqual(done.code, code, done.out + done.err)
        if code:
            return done.message
        return {one["name"]: (one["value"], one["from"]) for one in done.json["options"]}

    def test_flags_win_over_the_environment_and_that_over_the_file(self):
        self.file.write_text("# mine\ntimeout = 120\nnode = http://file:1  # at home\nmemo = \"a # b\"\n")
        self.assertEqual(self.show()["node"], ("http://file:1", f"file {self.file}"))
        self.assertEqual(self.show()["memo"][0], "a # b")
        self.assertEqual(self.show()["timeout"], ("120", f"file {self.file}"))
        env = {"FOGCOIN_NODE": "http://env:1"}
        self.assertEqual(self.show(env=env)["node"], ("http://env:1", "environment FOGCOIN_NODE"))
        self.assertEqual(self.show("--node", "http://flag:1", env=env)["node"], ("http://flag:1", "command line"))
        self.assertEqual(self.show("--node=http://flag:1")["node"], ("http://flag:1", "command line"))
        self.assertEqual(self.show()["wallet"], (str(self.home / ".fogcoin/wallet.json"), "default"))
        # What is shown is what is used.
        done = run_fogcoin(["--json", "node", "status"], env={"HOME": str(self.home), "FOGCOIN_NODE": "http://127.0.0.1:1"})
        self.assertIn("127.0.0.1:1", done.message)

    def test_each_network_has_a_profile(self):
        self.file.write_text("profile = main\ntimeout = 7\n[main]\nnode = http://main:1\n[test]\nnode = http://test:1\n"
                             "account = tester\ntimeout = 8\n")
        self.assertEqual(self.show()["node"], ("http://main:1", f"file {self.file}, profile main"))
        self.assertEqual(self.show()["timeout"][0], "7")
        test = self.show("--profile", "test")
        self.assertEqual((test["node"][0], test["account"][0], test["timeout"][0]), ("http://test:1", "tester", "8"))
        self.assertEqual(self.show(env={"FOGCOIN_PROFILE": "test"})["node"][0], "http://test:1")
        self.assertIn("it has: main, test", self.show("--profile", "tset", code=4))

    def test_what_the_file_says_wrong_is_told_with_its_line(self):
        for text, says in (("\nnod = x\n", ":2: there is no option 'nod' to set. Did you mean: --node"),
                           ("what\n", ":1: expected"), ("timeout = soon\n", ":1: "), ("fee = free\n", ":1: "),
                           ("config = other\n", ":1: there is no option 'config'")):
            with self.subTest(text):
                self.file.write_text(text)
                self.assertIn(f"{self.file}{says}", self.show(code=2))
                self.assertEqual(run_fogcoin(["--help"], env={"HOME": str(self.home)}).code, 0)
        self.file.unlink()
        self.assertIn("nowhere.conf", self.show("--config", self.stage.folder / "nowhere.conf", code=4))
        self.assertIn("there is no profile 'x'", self.show("--profile", "x", code=4))


class Lists(StagedTest):
    @classmethod
    def prepare(cls):
        cls.cli, cls.addresses = cls.stage.wallet(accounts=["savings"])
        cls.node = cls.stage.node({cls.addresses["main"]: 1_000})
        cls.cli.node_url = cls.node.url

    def test_csv_is_for_other_programs_and_json_for_all(self):
        self.cli("wallet", "label", "main", 'rent, food and "fun"')
        text = self.cli.run("--output", "csv", "wallet", "accounts", json_output=False).out
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual([(row["name"], row["address"]) for row in rows], list(self.addresses.items()))
        self.assertEqual(rows[0]["label"], 'rent, food and "fun"')
        self.assertEqual(self.cli.run("--output", "json", "balance", json_output=False).json, self.cli("balance"))
        for command in (["balance"], ["validator", "list"], ["service", "list"], ["host", "list"], ["contact", "list"],
                        ["tx", "pending"], ["fees"]):
            with self.subTest(command):
                text = self.cli.run("--output", "csv", *command, json_output=False).out
                rows = list(csv.reader(io.StringIO(text)))
                self.assertEqual({len(row) for row in rows}, {len(rows[0])})
                self.assertEqual(rows[0], [name.lower() for name in rows[0]])
        self.assertEqual(self.cli.run("--output", "xml", "balance", code=2, json_output=False).code, 2)

    def test_the_doctor_says_what_is_well_and_what_is_not(self):
        seen = {one["what"]: one for one in self.cli("doctor")}
        self.assertEqual({seen[what]["verdict"] for what in ("wallet", "address book", "outbox", "node", "chain", "clock",
                                                             "blocks", "account main")}, {"ok"})
        self.assertEqual(seen["account savings"]["verdict"], "note")

        sick = fogtest.Cli(self.stage.folder, NOWHERE, self.stage.folder / "sick.json")
        sick("wallet", "create")
        os.chmod(sick.wallet, 0o644)
        done = sick.run("doctor", code=1)
        seen = {one["what"]: one for one in done.json}
        self.assertEqual({what for what, one in seen.items() if one["verdict"] == "wrong"}, {"wallet", "node"})
        self.assertIn("chmod 600", seen["wallet"]["says"])
        other = self.cli.run("--chain", "0x" + "11" * 32, "doctor", code=1)
        self.assertIn("not of the chain", other.out)
        self.assertIn("nothing is sent", self.cli.as_account("main").fails(2, "--chain", "0x" + "11" * 32, "send", "main=1"))


if __name__ == "__main__":
    fogtest.main()
