"""The TypeScript SDK (contrib/sdk) on a real network of one validator: types, shared vectors, examples, proofs.

The package is made ready in the build folder, so nothing is installed in the source tree; what is tested stands in
contrib/sdk/tests.
"""
import os
import shutil
import subprocess
import unittest

from fogtest import ROOT, StagedTest, Validators, main, programs_folder

FOLDER = ROOT / "build" / "npm" / "sdk"
WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"


def run(*words, seconds=500, **environment):
    """Runs it in the package's folder; its output is shown on a failure."""
    ran = subprocess.run(words, cwd=FOLDER, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=seconds)
    if ran.returncode != 0:
        raise AssertionError(f"{words[0]} {words[1]} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def rich_address():
    return run("node", "-e", "import('@fogcoin/sdk').then((sdk) => "
               f"console.log(sdk.signerFromMnemonic('{WORDS}').address))").strip()


class Sdk(StagedTest):
    @classmethod
    def prepare(cls):
        if not shutil.which("node"):
            raise unittest.SkipTest("node is not here; contrib/setup says how to get it")
        ran = subprocess.run([ROOT / "contrib" / "sdk" / "stage", FOLDER], capture_output=True, text=True)
        if ran.returncode != 0:
            raise AssertionError(f"contrib/sdk/stage failed:\n{ran.stdout}{ran.stderr}")
        run("npm", "run", "--silent", "compile-tests")  # which checks all types

    def test_believes_a_quorum_of_four_validators(self):
        net = Validators(self.stage, 4, {rich_address(): "1000000 FOG"})
        net.wait_for_peers()
        shown = run("node", "examples/proof.mjs", FOG_NODE=net.url(2), FOG_MNEMONIC=WORDS)
        for line in ("holds 2.99999 FOG", "no such account null", "found out true"):
            self.assertIn(line, shown)

    def test_works_on_a_real_node(self):
        # Short epochs, so that a light client sees some end.
        node = self.stage.node({rich_address(): "1000000 FOG"}, settings=["params.epoch_length=12"])
        tests = sorted(FOLDER.glob("build/tests/*.test.js"))
        run("node", "--test", *tests, FOG_NODE=node.url, FOG_MNEMONIC=WORDS, FOG_PROGRAMS=str(programs_folder()),
            FOG_VECTORS=str(ROOT / "tests" / "data" / "vectors"))


if __name__ == "__main__":
    main()
