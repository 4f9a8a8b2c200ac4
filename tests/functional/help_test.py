#!/usr/bin/env python3
"""Every command of every program explains itself: --help ends with status 0, and each option, argument and
subcommand that it names has a description. A wrong command line ends with status 2 and a hint."""
import re
import tempfile
import unittest

import fogtest
from fogtest import run_fogcoin

PROGRAMS = ("fogcoin", "fogcoind", "foghost", "foggate")
# What must be there, so that a walk that finds too little fails. Commands as DESIGN and the guides name them.
COMMANDS = {
    "fogcoin": ["wallet create", "wallet restore", "wallet accounts", "wallet add", "wallet address",
                "wallet mnemonic", "wallet key", "wallet watch", "wallet multisig", "wallet discover", "wallet rename",
                "wallet label", "wallet forget", "wallet passphrase", "wallet backup", "wallet verify-backup", "wallet wipe",
                "contact add", "contact list", "contact remove", "balance", "send", "tx show", "tx wait",
                "tx decode", "tx sign", "tx combine", "tx send", "tx pending", "tx replace", "tx cancel", "fees", "config show", "doctor", "man",
                "completion bash", "completion zsh", "completion fish", "message sign", "message verify", "service publish", "dev", "secret set", "secret list", "secret remove",
                "service upload", "service list", "service show", "service retire", "service schema", "bid preview", "bid create", "bid topup",
                "bid update", "bid close", "events", "bid list", "bid show", "lease list", "lease show", "receipt list", "host list",
                "host show", "gateway list", "auditor attest", "auditor revoke", "auditor list", "node status", "node verify-supply", "params show",
                "params propose", "params vote", "validator list", "validator show", "validator create",
                "validator edit", "validator unjail", "validator evidence", "stake delegate", "stake redelegate",
                "stake undelegate", "stake withdraw", "stake list"],
    "fogcoind": ["run", "init", "keys new", "keys show", "keys register", "genesis make", "genesis show",
                 "signer init", "signer run"],
    "foghost": ["init", "register", "offer", "run", "earnings", "status", "leases", "withdraw", "retire", "doctor",
                "auditors", "drain", "open", "dev"],
    "foggate": ["init", "register", "demand", "ticket", "run", "explain"],
}
SECTION = re.compile(r"^(\w[\w ]*):$")
NAME_WIDTH = 30  # the column where descriptions begin


def entries(text):
    """{section: {name: description}} of a help text."""
    found, section, name = {}, None, None
    for line in text.splitlines():
        head = SECTION.match(line)
        if head:
            section, name = found.setdefault(head[1], {}), None
        elif section is not None and line.startswith("  ") and not line.startswith("   "):
            name = line[2:].strip() if len(line) < NAME_WIDTH or line[NAME_WIDTH - 1] != " " else line[:NAME_WIDTH]
            name = name.strip()
            section[name] = line[NAME_WIDTH:].strip() if len(line) > NAME_WIDTH and line[NAME_WIDTH - 1] == " " else ""
        elif section is not None and name and line.strip():
            section[name] = (section[name] + " " + line.strip()).strip()
    return found


class Help(unittest.TestCase):
    maxDiff = None

    def walk(self, program, words=()):
        """All commands below, checked on the way."""
        for flag in ("--help", "-h"):
            done = run_fogcoin([*words, flag], program)
            self.assertEqual(done.code, 0, (program, words, done.err))
        sections = entries(done.out)
        self.assertIn("Usage:", done.out)
        with self.subTest(program=program, command=" ".join(words)):
            self.assertGreater(len(done.out.splitlines()[0]), 10, "does not say what it does")
        for section in ("Options", "Transactions", "Positionals", "Subcommands"):
            for name, description in sections.get(section, {}).items():
                with self.subTest(program=program, command=" ".join(words), entry=name):
                    self.assertGreater(len(description), 3, "has no description")
        below = [name for name in sections.get("Subcommands", {})]
        if not below:
            return [" ".join(words)]
        return [command for name in below for command in self.walk(program, (*words, name))]

    def test_every_command_and_option_is_explained(self):
        for program in PROGRAMS:
            found = self.walk(program)
            self.assertLessEqual(set(COMMANDS[program]), set(found), program)

    def test_the_walk_would_notice_a_missing_description(self):
        text = "Does.\nUsage: x\n\nOptions:\n  --good TEXT                 said\n  --bad TEXT\n  --long-enough-to-wrap TEXT\n"
        text += " " * NAME_WIDTH + "below\n"
        self.assertEqual(entries(text)["Options"], {"--good TEXT": "said", "--bad TEXT": "",
                                                    "--long-enough-to-wrap TEXT": "below"})

    def test_a_wrong_command_line_ends_with_status_2_and_a_hint(self):
        for program in PROGRAMS:
            for words in ([], ["no-such-command"], ["--no-such-option"], [COMMANDS[program][0].split()[0], "--nonsense"]):
                with self.subTest(program=program, words=words):
                    done = run_fogcoin(words, program)
                    self.assertEqual(done.code, 2, done.out + done.err)
                    self.assertIn("--help", done.err)

    def test_fogcoin_and_foghost_say_so_in_json_too(self):
        for program, words in (("fogcoin", ["--json", "no-such-command"]), ("fogcoin", ["wallet", "--json"]),
                               ("fogcoin", ["send", "--json"]),
                               ("fogcoin", ["--json", "tx", "wait", "11" * 32, "--seconds", "soon"]),
                               ("foghost", ["--json", "no-such-command"]), ("foghost", ["logs", "--json"])):
            with self.subTest(program=program, words=words):
                done = run_fogcoin(words, program)
                self.assertEqual((done.code, done.json["error"]["code"]), (2, "invalid input"))

    def test_a_place_to_listen_that_is_none_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run_fogcoin(["--dir", folder, "init"], "foggate").code, 0)
            for place in ("7790", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:port", "::1:7790"):
                with self.subTest(place=place):
                    done = run_fogcoin(["--dir", folder, "run", "--listen", place], "foggate")
                    self.assertNotEqual(done.code, 0)
                    self.assertIn(f'not "{place}"', done.err)
                    done = run_fogcoin(["--dir", folder, "init", "--listen", place], "foghost")
                    self.assertEqual(done.code, 2)
                    self.assertIn("write ADDRESS:PORT", done.err)


if __name__ == "__main__":
    fogtest.main()
