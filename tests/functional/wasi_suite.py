#!/usr/bin/env python3
"""Runs programs in the layout of the public test suite of WASI preview 1 in a Host's worker: NAME.wasm beside
NAME.json, which says arguments, environment and what is expected (github.com/WebAssembly/wasi-testsuite,
doc/specification.md; its programs stand compiled on its branch prod/testsuite-base).

    tests/functional/wasi_suite.py FOLDER...     FOLDER is searched for *.wasm; FOG_PROGRAMS says where foghost is

Ends with 0 when no program failed. What is skipped is listed with its reason."""
import json
import pathlib
import sys

from worker import Refused, Worker

NO_FOLDER = "needs a folder: a workload has no file system"


def specification(program):
    path = program.with_suffix(".json")
    return json.loads(path.read_text()) if path.exists() else {}


def reason_to_skip(program, spec):
    """Why it cannot pass in a Host's world; "" where it must."""
    if spec.get("dirs") or spec.get("root"):
        return NO_FOLDER
    if "operations" in spec:
        return "talks to the program while it runs: a workload gets one request"
    if "wasm32-wasip3" in program.parts:
        return "is of WASI 0.3"
    return ""


def faults(program, spec):
    """What the program did otherwise than its specification says."""
    args = [program.name, *spec.get("args", [])]
    env = [(name.encode(), value.encode()) for name, value in spec.get("env", {}).items()]
    try:
        with Worker(program.read_bytes()) as worker:
            run = worker.run([arg.encode() for arg in args], env)
    except Refused as refused:
        return [f"refused: {refused}"]
    found = []
    if run.exit_code != spec.get("exit_code", 0):
        found.append(f"ended with {run.outcome} ({run.detail}) {run.stderr.decode(errors='replace')[:300]}")
    for stream in ("stdout", "stderr"):
        if stream in spec and getattr(run, stream) != spec[stream].encode():
            found.append(f"{stream} is {getattr(run, stream)!r}")
    return found


def run_suite(folders, say=print):
    """How many passed, failed and were skipped."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for program in sorted(program for folder in folders for program in pathlib.Path(folder).rglob("*.wasm")):
        spec = specification(program)
        reason = reason_to_skip(program, spec)
        wrong = [] if reason else faults(program, spec)
        end = "skipped" if reason else "failed" if wrong else "passed"
        counts[end] += 1
        say(f"{end:8}{program.stem}" + (f": {'; '.join(wrong) or reason}" if end != "passed" else ""))
    say(", ".join(f"{count} {end}" for end, count in counts.items()))
    return counts


def main(words):
    if not words or words[0] in ("-h", "--help"):
        print(__doc__)
        return 2 * (not words)
    return 1 if run_suite(words)["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
