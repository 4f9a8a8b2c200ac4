#!/usr/bin/env python3
"""A component as a stranger makes it: the JavaScript example, built by componentize-js, is published, compiled by a
Host and answers its samples to the byte. Skipped, and says so, where node and npm are not installed."""
import json
import os
import shutil
import subprocess
import sys

import fogtest
from fogtest import ROOT, StagedTest, http as exchange, until
from host_test import Host
from serve_test import SETTINGS

EXAMPLE = ROOT / "contrib/examples/tables"
SKIPPED = 77
NODE_MIN = 18


def missing():
    """What keeps the example from being built here; "" if nothing does."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return "" if int(version.lstrip("v").split(".")[0]) >= NODE_MIN else f"node is {version}, {NODE_MIN} is needed"


class Component(StagedTest):
    @classmethod
    def prepare(cls):
        # Under the name that its manifest gives it.
        out = ROOT / "build/examples"
        subprocess.run([EXAMPLE / "build"], check=True, env={**os.environ, "OUT": str(out)})
        manifest = EXAMPLE / "service.yaml"
        cls.owner, addresses = cls.stage.wallet()
        cls.node = cls.stage.node({addresses["main"]: 100_000}, SETTINGS)
        cls.owner.node_url = cls.node.url
        cls.host = Host(cls.stage, cls.node, cls.owner, "host", "1")
        cls.url, _ = cls.stage.gateway(cls.node, cls.owner)
        cls.owner("service", "publish", manifest)
        cls.owner("bid", "create", "--service", "tables")
        # Its engine has 8 MB of code, which the Host compiles once.
        until("the service answers", lambda: cls.ask("GET")[0] == 200, 300)

    @classmethod
    def ask(cls, method, body=None, content_type=None):
        headers = {"Content-Type": content_type} if content_type else {}
        return exchange(f"{cls.url}/tables/", method, body, headers)

    def test_it_answers_its_samples(self):
        folder = EXAMPLE / "requests"
        for case in json.loads((folder / "cases.json").read_text()):
            with self.subTest(case["name"]):
                status, fields, answer = self.ask("POST", (folder / case["body"]).read_bytes(), case["content_type"])
                self.assertEqual((status, fields["Content-Type"]), (case["status"], case["content_type_expected"]))
                self.assertEqual(answer, (folder / case["expected"]).read_bytes())

    def test_a_large_body_both_ways(self):
        rows = [{"number": str(n), "square": str(n * n)} for n in range(10_000)]
        status, _, csv = self.ask("POST", json.dumps(rows).encode(), "application/json")
        self.assertEqual((status, csv.count(b"\r\n")), (200, 10_001))
        status, _, answer = self.ask("POST", csv, "text/csv")
        self.assertEqual((status, json.loads(answer)), (200, rows))

    def test_methods_and_types_are_its_own(self):
        self.assertEqual(self.ask("HEAD")[2], b"")
        status, fields, _ = self.ask("DELETE")
        self.assertEqual((status, fields["Allow"]), (405, "GET, HEAD, POST"))
        self.assertEqual(self.ask("POST", b"x", "image/png")[0], 415)


if __name__ == "__main__":
    why = missing()
    if why:
        print(f"skipped: {why}; contrib/examples/tables/README.md says what the example needs")
        sys.exit(SKIPPED)
    fogtest.main()
