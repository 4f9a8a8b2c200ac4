#!/usr/bin/env python3
"""The transport of noise_peer.py against BOLT 8's published vectors, so that what the hostile tests' client says is
right until it means to be wrong. Run by tests/functional/with_venv."""
import re
import unittest

import coincurve

import fogtest
import noise_peer

VECTORS = fogtest.ROOT / "tests/data/bolt8"


def stories(path):
    """Each a list of (key, value), in the notation of BOLT 8's appendix."""
    out = []
    for line in path.read_text().splitlines():
        match = re.match(r"([^:=#]+)[:=]\s*(.*)", line)
        if not match:
            continue
        if match[1] == "name":
            out.append([])
        if out:
            out[-1].append((match[1].strip(), match[2].strip()))
    return out


class Vectors(unittest.TestCase):
    """The client itself, against the published vectors."""

    @staticmethod
    def data(text):
        return bytes.fromhex(text.removeprefix("0x"))

    def check_keys(self, ciphers, line):
        names, values = line.split("=")
        found = {"sk": ciphers[0].key, "rk": ciphers[1].key}
        self.assertEqual([found[name].hex() for name in names.split(",")],
                         [self.data(value).hex() for value in values.split(",")])

    def play(self, story, handshake, initiates):
        said = handshake.act_one() if initiates else None
        acts = {}
        for key, value in story:
            if key == "output" and "ERROR" in value:
                self.assertIn("ERROR", str(acts.get("error")), story)
                self.assertIn(re.search(r"ACT\d_(?:READ_FAILED|BAD_\w+)", value)[0][5:], acts["error"])
            elif key == "output" and "k=" in value:
                self.check_keys(handshake.ciphers(initiates), value)
            elif key == "output":
                self.assertEqual(said.hex(), self.data(value).hex())
            elif key == "input":
                try:
                    if initiates:
                        said = handshake.act_three(self.data(value))
                    elif "one" not in acts:
                        acts["one"], said = True, handshake.act_two(self.data(value))
                    else:
                        handshake.read_act_three(self.data(value))
                except noise_peer.HandshakeError as error:
                    acts["error"] = f"ERROR {error}"

    def test_handshakes(self):
        played = 0
        for name, initiates in (("initiator", True), ("responder", False)):
            for story in stories(VECTORS / f"{name}.txt"):
                fields = dict(reversed(story))
                own = coincurve.PrivateKey(self.data(fields["ls.priv"]))
                responder = self.data(fields["rs.pub"]) if initiates else own.public_key.format()
                ephemeral = coincurve.PrivateKey(self.data(fields["e.priv"]))
                with self.subTest(fields["name"]):
                    self.play(story, noise_peer.Handshake(own, responder, b"lightning", ephemeral), initiates)
                played += 1
        self.assertEqual(played, 15)

    def test_messages(self):
        fields = dict(stories(VECTORS / "messages.txt")[0])
        cipher = noise_peer.Cipher(self.data(fields["ck"]), self.data(fields["sk"]))
        for number in range(1002):
            sealed = cipher.seal(b"hello")
            if f"output {number}" in fields:
                self.assertEqual(sealed.hex(), self.data(fields[f"output {number}"]).hex())


if __name__ == "__main__":
    unittest.main(verbosity=2)
