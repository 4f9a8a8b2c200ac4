#!/usr/bin/env python3
"""Secrets of a service: the owner hands them to the gateway, the Host that holds the lease gets them, the program sees
them; a replica waits for them; nobody else learns them."""
import subprocess

import fogtest
from fogtest import StagedTest, http as exchange, until
from host_test import Host
from served import SETTINGS, make_guest

MANIFEST = """
name: keeper
runtime: wasm
artifact: guest.wasm
secrets: [GREETING, OTHER]
bid:
  resources: {cpu_milli: 1000, memory_mib: 64}
  price_cap_per_hour: 5 FOG
"""
FIRST, SECOND = "first-value-of-the-secret", "second-value-of-the-secret"


class Secrets(StagedTest):
    @classmethod
    def prepare(cls):
        folder = cls.stage.folder
        make_guest(folder)
        (folder / "service.yaml").write_text(MANIFEST)
        cls.owner, addresses = cls.stage.wallet()
        cls.other, others = cls.stage.wallet(name="other")
        cls.node = cls.stage.node({addresses["main"]: 100_000, others["main"]: 1_000}, SETTINGS)
        cls.owner.node_url = cls.other.node_url = cls.node.url
        cls.host = Host(cls.stage, cls.node, cls.owner, "host", "1")
        cls.url, cls.gateway = cls.stage.gateway(cls.node, cls.owner)
        cls.owner("service", "publish", folder / "service.yaml")
        cls.set("GREETING", FIRST)
        cls.owner("bid", "create", folder / "service.yaml")
        # One is missing: nothing runs before it has come.
        until("the replica waits", lambda: "keeper" in cls.log() and "does not have OTHER" in cls.log(), 30)
        cls.before = exchange(f"{cls.url}/keeper/")[0]
        cls.set("OTHER", "x")
        until("the service answers", lambda: exchange(f"{cls.url}/keeper/")[0] == 200, 30)

    @classmethod
    def log(cls):
        return cls.host.program.log.read_text()

    @classmethod
    def set(cls, name, value):
        file = cls.stage.folder / "value"
        file.write_text(value + "\n")
        done = cls.owner("secret", "set", "keeper", name, "--file", file)
        file.unlink()
        return done

    def greeting(self):
        return exchange(f"{self.url}/keeper/")[1]["X-Env"]

    def test_the_program_sees_it_and_did_not_start_before(self):
        self.assertEqual(self.before, 503)
        self.assertEqual(self.greeting(), FIRST)

    def test_it_stands_nowhere_in_the_clear(self):
        for _ in range(3):
            self.assertEqual(self.greeting(), FIRST)
        for place in (self.host.folder, self.stage.gateways["gateway"].folder, self.node.folder,
                      *self.stage.folder.glob("*.log")):
            found = subprocess.run(["grep", "-rlaF", "--exclude=*.leaves", FIRST, place], capture_output=True,
                                   text=True)
            self.assertEqual(found.stdout, "", place)
        # A record holds what the service itself has answered, and nothing else of it.
        for record in self.host.folder.glob("front/usage/*/*.leaves"):
            before = record.read_bytes().split(FIRST.encode())[:-1]
            self.assertEqual([part[-6:-1] for part in before], [b"x-env"] * len(before), record)

    def test_what_is_kept_is_listed_by_name(self):
        listed = self.owner("secret", "list", "keeper")
        self.assertEqual({(one["name"], one["gateway"]) for one in listed},
                         {("GREETING", self.gateway), ("OTHER", self.gateway)})

    def test_only_the_owner_sets_them(self):
        file = self.stage.folder / "forged"
        file.write_text("forged")
        self.assertIn("who alone sets its secrets",
                      self.other.fails(5, "secret", "set", "keeper", "GREETING", "--file", file))
        self.assertIn("no service 'nobody'", self.owner.fails(4, "secret", "set", "nobody", "A", "--file", file))
        self.assertIn("a secret's name", self.owner.fails(2, "secret", "set", "keeper", "HTTP_X", "--file", file))
        file.write_bytes(b"\xff")
        self.assertIn("UTF-8", self.owner.fails(2, "secret", "set", "keeper", "GREETING", "--file", file))

    def test_strangers_get_nothing(self):
        for body in (b"", b"\0" * 200):
            status, _, answer = exchange(f"{self.url}/.fog/secrets/wanted", "POST", body)
            self.assertEqual(status, 400)
            self.assertNotIn(FIRST.encode(), answer)
        self.assertEqual(exchange(f"{self.url}/.fog/secrets/keeper", "PUT", b"junk")[0], 400)

    def test_z_a_new_value_comes_with_the_next_start(self):
        self.set("GREETING", SECOND)
        self.assertEqual(self.greeting(), FIRST)
        self.stage.gateways["gateway"].program.kill()
        self.stage.gateways["gateway"].start()
        self.host.program.stop()
        self.host.start()
        until("the new value is there", lambda: self.greeting() == SECOND, 60)

    def test_zz_without_it_a_new_lease_waits(self):
        self.owner("secret", "remove", "keeper", "GREETING")
        self.assertEqual([one["name"] for one in self.owner("secret", "list", "keeper")], ["OTHER"])
        self.host.program.stop()
        self.host.start()
        until("the replica waits", lambda: "does not have GREETING" in self.log(), 60)
        self.set("GREETING", FIRST)
        until("the service answers again", lambda: self.greeting() == FIRST, 60)



if __name__ == "__main__":
    fogtest.main()
