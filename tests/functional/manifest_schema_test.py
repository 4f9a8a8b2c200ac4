#!/usr/bin/env python3
"""The JSON Schema of manifests (contrib/doc/service.schema.json): a valid schema of draft 2020-12, and of one mind
with the parser about manifests that are right and wrong. Needs PyPI's jsonschema and PyYAML (with_venv)."""
import json
import pathlib
import tempfile
import unittest

import jsonschema
import yaml

from fogtest import ROOT, run_fogcoin

SCHEMA = json.loads((ROOT / "contrib/doc/service.schema.json").read_text())
HEAD = "name: echo\nruntime: wasm\nartifact: echo.wasm\n"
BID = HEAD + "bid:\n  price_cap_per_hour: 0.5 FOG\n"
SOMEBODY = "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"
RIGHT = [
    HEAD, BID,
    HEAD + "summary: Says hello\nlimits: {memory_mib: 64, wall_ms: 5}\nenv: {A: 1, B: two}\n",
    HEAD + "bid: {price_cap_per_hour: 2}\n",
    BID + "  replicas: {min: 0, max: 3}\n  spread: {host: 2, owner: 4, country: 6}\n  deposit: 500 droplets\n",
    BID + "  near: {country: DE, lat: 52.52, lon: -13.4}\n  latency_max: 20ms\n  distance_max_km: 800\n  cells: [u33]\n",
    BID + "  attributes:\n    tier: gold\n    disk: {in: [ssd, nvme]}\n    mbps: {at_least: 1000}\n    sgx: {exists: true}\n",
    BID + f"  attributes: {{tier: {{is: gold, audited: true}}}}\n  auditors: [{SOMEBODY}]\n  not_owners: [{SOMEBODY}]\n",
    BID + "  lease: 12h\n  start_by: 2h\n  unit_caps: {gpu_hour: 2 FOG}\n  resources: {gpu: {model: l4, milli: 500}}\n",
    BID + "  start_by: 2026-12-24T18:00Z\n",
    json.dumps({"name": "echo", "runtime": "wasm", "artifact": "a", "bid": {"price_cap_per_hour": "1 FOG"}}),
]
WRONG = [
    "name: echo\n", "- a\n", HEAD + "sumary: x\n", HEAD + "limits: {wall_ms: 0}\n", HEAD + "limits: {wall_ms: soon}\n",
    "name: Echo\nruntime: wasm\nartifact: a\n", "name: echo\nruntime: native\nartifact: a\n", HEAD + "bid: {}\n",
    BID + "  replicas: 0\n", BID + "  replicas: {max: 3}\n", BID + "  countries: [Germany]\n", BID + "  countries: DE\n",
    BID + "  cells: [u3a]\n", BID + "  lease: 12\n", BID + "  start_by: tomorrow\n", BID + "  standing_min: 10001\n",
    BID + "  near: {country: DE, lat: 91, lon: 0}\n", BID + "  attributes: {tier: {or: a}}\n",
    BID + "  attributes: {mbps: {at_least: fast}}\n", BID + "  unit_caps: {gpu: 1 FOG}\n",
    BID + "  resources: {gpu: {model: l4}}\n", BID + "  auditors: [bob]\n", BID + "  deposit: much\n",
]


class ManifestSchemaTest(unittest.TestCase):
    def valid(self, text):
        return jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.safe_load(text))

    def parsed(self, text):
        """Whether the program reads it: it then looks for a node, where there is none (exit status 3)."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "service.yaml"
            path.write_text(text)
            done = run_fogcoin(["--node", "http://127.0.0.1:1", "bid", "preview", path])
        self.assertIn(done.code, (2, 3), done.out + done.err)
        if done.code == 2:
            self.assertIn("service.yaml:", done.err)
        return done.code == 3

    def test_it_is_a_schema_of_draft_2020_12(self):
        self.assertEqual(SCHEMA["$schema"], "https://json-schema.org/draft/2020-12/schema")
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_it_is_what_the_program_prints(self):
        done = run_fogcoin(["service", "schema"])
        self.assertEqual(json.loads(done.out), SCHEMA)

    def test_schema_and_parser_take_what_is_right(self):
        for text in RIGHT:
            with self.subTest(text=text):
                self.assertTrue(self.valid(text))
                self.assertTrue(self.parsed(text))

    def test_schema_and_parser_refuse_what_is_wrong(self):
        for text in WRONG:
            with self.subTest(text=text):
                self.assertFalse(self.valid(text))
                self.assertFalse(self.parsed(text))

    def test_the_examples_are_valid(self):
        manifests = sorted(ROOT.glob("contrib/examples/*/service.yaml"))
        self.assertGreater(len(manifests), 2)
        for path in manifests:
            with self.subTest(path=path):
                self.assertTrue(self.valid(path.read_text()))

    def test_the_guides_manifest_is_valid(self):
        lines = (ROOT / "contrib/doc/publisher.md").read_text().split("## Describe it", 1)[1].splitlines()
        block = []
        for line in lines[1:]:
            if line.startswith("    "):
                block.append(line[4:])
            elif block and line.strip():
                break
        self.assertIn("price_cap_per_hour", "\n".join(block))
        self.assertTrue(self.valid("\n".join(block).replace("fog1...", SOMEBODY)))


if __name__ == "__main__":
    unittest.main()
