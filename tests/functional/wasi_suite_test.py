#!/usr/bin/env python3
"""WASI preview 1 as a workload sees it: a program for each of its areas, judged by the specification, in a real worker;
and the runner that takes the public test suite finds what is wrong and says what it skips."""
import pathlib
import subprocess
import tempfile
import unittest

from fogtest import ROOT
import wasi_suite

SOURCES = ROOT / "tests/functional/wasi"


def compile_to(folder, source):
    out = folder / f"{source.stem}.wasm"
    subprocess.run(["clang-14", "--target=wasm32-wasi", "-O1", "-Wall", "-Werror", "-Wno-unused-command-line-argument",
                    "-o", out, source], check=True)
    spec = source.with_suffix(".json")
    if spec.exists():
        (folder / spec.name).write_text(spec.read_text())
    return out


class WasiSuite(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.said = []

    def suite(self):
        return wasi_suite.run_suite([self.folder], self.said.append)

    def test_every_area_is_as_specified(self):
        sources = sorted(SOURCES.glob("*.c"))
        for source in sources:
            compile_to(self.folder, source)
        self.assertEqual(self.suite(), {"passed": len(sources), "failed": 0, "skipped": 0}, "\n".join(self.said))

    def test_the_runner_sees_what_is_wrong(self):
        program = compile_to(self.folder, SOURCES / "exit_code.c")
        spec = program.with_suffix(".json")
        for text, fault in [('{"exit_code": 32}', "ended with exit (exit code 33)"),
                            ('{"exit_code": 33, "stdout": "behind"}', "stdout is b'before'"),
                            ('{"exit_code": 33, "stderr": "x"}', "stderr is b''")]:
            spec.write_text(text)
            self.assertEqual(self.suite()["failed"], 1)
            self.assertIn(fault, self.said[-2])
        program.write_bytes(b"no program")
        self.assertEqual(self.suite()["failed"], 1)
        self.assertIn("refused:", self.said[-2])

    def test_what_needs_a_folder_is_skipped_and_said(self):
        program = compile_to(self.folder, SOURCES / "exit_code.c")
        for text in ('{"dirs": ["fs-tests.dir"]}', '{"root": "fs-tests.dir"}'):
            program.with_suffix(".json").write_text(text)
            self.assertEqual(self.suite(), {"passed": 0, "failed": 0, "skipped": 1})
            self.assertEqual(self.said[-2], f"skipped exit_code: {wasi_suite.NO_FOLDER}")


if __name__ == "__main__":
    unittest.main()
