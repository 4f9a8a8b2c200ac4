#!/usr/bin/env python3
"""Components as a stranger makes them, with public tools: the examples in Rust and JavaScript are published, compiled
by a Host and answer. Each is skipped, and says so, where its tools are not installed."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import fogtest
from fogtest import ROOT, http as exchange
from served import ServedTest

EXAMPLES = ROOT / "contrib/examples"
OUT = ROOT / "build/examples"  # where their manifests look for them
NODE_MIN = 18
RUST_TARGET = "wasm32-wasip2"


def missing_for_rust():
    """What keeps the example in Rust from being built here; "" if nothing does."""
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True).stdout.strip()
    installed = (pathlib.Path(sysroot) / "lib/rustlib" / RUST_TARGET).is_dir()
    return "" if installed else f"Rust's target {RUST_TARGET} is not installed"


def missing_for_javascript():
    """What keeps the one in JavaScript from being built here; "" if nothing does."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return "" if int(version.lstrip("v").split(".")[0]) >= NODE_MIN else f"node is {version}, {NODE_MIN} is needed"


class Component(ServedTest):
    """An example, once built(), runs on a Host."""
    name = None

    @classmethod
    def prepare(cls):
        cls.build()
        # An engine of JavaScript has 8 MB of code, which the Host compiles once.
        cls.serve(cls.name, EXAMPLES / cls.name / "service.yaml", ("--service", cls.name), 400)

    @classmethod
    def ask(cls, method, body=None, content_type=None, path="/"):
        headers = {"Content-Type": content_type} if content_type else {}
        return exchange(f"{cls.url}/{cls.name}{path}", method, body, headers)


@unittest.skipIf(missing_for_rust(), f"{missing_for_rust()}; contrib/setup adds it")
class InRust(Component):
    name = "hello"

    @classmethod
    def build(cls):
        subprocess.run(["cargo", "build", "--release", "--locked", "--target", RUST_TARGET, "--manifest-path",
                        EXAMPLES / "hello/Cargo.toml", "--target-dir", OUT], check=True)

    def test_it_greets(self):
        status, fields, answer = self.ask("GET", path="/Ada?x=1")
        self.assertEqual((status, fields["Content-Type"]), (200, "text/plain; charset=utf-8"))
        self.assertEqual(answer, b"Good day, Ada!\n")

    def test_a_long_name_comes_back_whole(self):
        name = "a" * 6_000
        self.assertEqual(self.ask("POST", b"not read", path=f"/{name}")[2], f"Good day, {name}!\n".encode())


@unittest.skipIf(missing_for_rust(), f"{missing_for_rust()}; contrib/setup adds it")
class WithAStore(Component):
    name = "visits"

    @classmethod
    def build(cls):
        subprocess.run(["cargo", "build", "--release", "--locked", "--target", RUST_TARGET, "--manifest-path",
                        EXAMPLES / "visits/Cargo.toml", "--target-dir", OUT], check=True)

    def test_it_counts(self):
        for number in (1, 2, 3):
            self.assertEqual(self.ask("POST", path="/door")[2], f"{number}\n".encode())
        self.assertEqual(self.ask("POST", path="/window")[2], b"1\n")
        self.assertEqual(self.ask("GET")[2], b"/door 3\n/window 1\n")


@unittest.skipIf(missing_for_javascript(), f"{missing_for_javascript()}; contrib/examples/tables/README.md tells more")
class InJavaScript(Component):
    name = "tables"

    @classmethod
    def build(cls):
        subprocess.run([EXAMPLES / "tables/build"], check=True, env={**os.environ, "OUT": str(OUT)})

    def test_it_answers_its_samples(self):
        folder = EXAMPLES / "tables/requests"
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


del Component  # which is no test

if __name__ == "__main__":
    fogtest.main()
