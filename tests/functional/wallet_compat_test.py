#!/usr/bin/env python3
"""Other people's wallet code and FogCoin agree: the packages mnemonic, bip32 and bech32 derive the same
addresses from the same words, and transactions that are built here byte by byte and signed with the package
ecdsa are accepted by the node, or refused with the fault that DESIGN's rules number.

Run by tests/functional/with_venv, which installs the packages.
"""
import hashlib
import json
import random
import struct
import time

import bech32
import ecdsa
from bip32 import BIP32
from ecdsa.util import sigdecode_string, sigencode_string_canonize
from mnemonic import Mnemonic

import fogtest
import independent_wallet as fog_bytes  # of it only the encoding and the tagged hash are used here
from fogtest import DROPLETS, ROOT, RpcError, StagedTest, secret_file

ORDER = ecdsa.SECP256k1.order
VECTORS = ROOT / "tests/data/vectors/bip39_vectors.json"


class Account:
    """m/44'/118'/0'/0/index of a mnemonic, by the packages."""

    def __init__(self, words, passphrase="", index=0):
        wallet = BIP32.from_seed(Mnemonic.to_seed(words, passphrase))
        path = f"m/44'/118'/0'/0/{index}"
        self.secret = wallet.get_privkey_from_path(path)
        self.key = wallet.get_pubkey_from_path(path)
        self.raw_address = hashlib.new("ripemd160", hashlib.sha256(self.key).digest()).digest()
        self.address = bech32.bech32_encode("fog", bech32.convertbits(self.raw_address, 8, 5))
        self.signer = ecdsa.SigningKey.from_string(self.secret, ecdsa.SECP256k1)

    def sign(self, digest):
        """64 bytes: RFC 6979 nonce, low S."""
        return self.signer.sign_digest_deterministic(digest, hashlib.sha256, sigencode_string_canonize)


def with_high_s(signature):
    s = int.from_bytes(signature[32:], "big")
    return signature[:32] + (ORDER - s).to_bytes(32, "big")


class Addresses(StagedTest):
    """The same words give the same addresses."""

    def restored(self, name, words, passphrase=""):
        """A wallet that fogcoin restores from words."""
        cli = fogtest.Cli(self.stage.folder, "http://127.0.0.1:1", self.stage.folder / f"{name}.json")
        options = ["--mnemonic-file", secret_file(self.stage.folder / "words", words)]
        if passphrase:
            options += ["--mnemonic-passphrase-file", secret_file(self.stage.folder / "extra", passphrase)]
        return cli, cli("wallet", "restore", *options)["account"]

    def test_all_published_english_mnemonics(self):
        vectors = json.loads(VECTORS.read_text())["english"]
        self.assertEqual(len(vectors), 24)
        for number, (_, words, seed, _) in enumerate(vectors):
            self.assertEqual(Mnemonic.to_seed(words, "TREZOR").hex(), seed)
            _, account = self.restored(f"vector-{number}", words, "TREZOR")
            outside = Account(words, "TREZOR")
            self.assertEqual((account["address"], account["public_key"]), (outside.address, "0x" + outside.key.hex()))

    def test_random_mnemonics_of_every_length_and_further_accounts(self):
        rng = random.Random(118)
        for bits in (128, 160, 192, 224, 256):
            words = Mnemonic("english").to_mnemonic(rng.randbytes(bits // 8))
            cli, account = self.restored(f"random-{bits}", words)
            self.assertEqual(account["address"], Account(words).address, words)
            for index in (1, rng.randrange(2, 2**31)):
                added = cli("wallet", "add", f"a{index}", "--index", index)
                self.assertEqual(added["address"], Account(words, index=index).address, (words, index))

    def test_words_that_fogcoin_makes_are_anybodys(self):
        cli, addresses = self.stage.wallet(name="made")
        words = cli("wallet", "mnemonic")["mnemonic"]
        self.assertTrue(Mnemonic("english").check(words))
        self.assertEqual(addresses["main"], Account(words).address)

    def test_a_passphrase_in_any_script(self):
        words = "legal winner thank year wave sausage worth useful legal winner thank yellow"
        for number, passphrase in enumerate(("pâté Ångström ㍍", "  spaces kept  ", "パスワード")):
            _, account = self.restored(f"script-{number}", words, passphrase)
            self.assertEqual(account["address"], Account(words, passphrase).address)


class Transactions(StagedTest):
    """Signed outside, judged by the node."""

    @classmethod
    def prepare(cls):
        words = Mnemonic("english").to_mnemonic(random.Random(44).randbytes(32))
        cls.alice, cls.bob, cls.poor = (Account(words, index=index) for index in range(3))
        cls.cli = fogtest.Cli(cls.stage.folder, "", cls.stage.folder / "wallet.json")
        cls.cli("wallet", "restore", "--mnemonic-file", secret_file(cls.stage.folder / "words", words))
        cls.node = cls.stage.node({cls.alice.address: "1000", cls.bob.address: "100"})
        cls.cli.node_url = cls.node.url
        status = cls.node.rpc("chain_status")
        cls.chain_id = bytes.fromhex(status["chain_id"].removeprefix("0x"))

    def balance(self, account):
        return int(self.node.rpc("account_get", address=account.address)["balance"])

    def sequence(self, account, lane):
        lanes = self.node.rpc("account_get", address=account.address)["lanes"]
        return next((int(one["next"]) for one in lanes if one["lane"] == lane), 0)

    def body(self, sender=None, **changed):
        """A good transfer's body, but for what is changed."""
        sender = sender or self.alice
        lane = changed.get("lane", 0)
        fields = {
            "chain_id": self.chain_id, "sender": sender.raw_address, "lane": lane, "sequence": 0,
            "expiry_ms": int(time.time() * 1000) + 60_000, "price_max": 100, "tip": 1,
            "messages": [fog_bytes.transfer_message([(self.bob.raw_address, 12_345)])], "memo": b""}
        if "sequence" not in changed and lane < 16 and sender is not self.poor:
            fields["sequence"] = self.sequence(sender, lane)
        return fog_bytes.tx_body(**{**fields, **changed})

    def signed(self, body, signer=None):
        signer = signer or self.alice
        return fog_bytes.signed_tx(body, signer.key, signer.sign(fog_bytes.tx_id(body)))

    def submit(self, tx):
        return self.node.rpc("tx_submit", txs="0x" + tx.hex())

    def final(self, tx_id):
        status = self.node.rpc("tx_wait", id="0x" + tx_id.hex(), timeout_ms="30000")
        self.assertEqual(status["place"], "final")
        return status["outcome"]

    def assert_refused(self, fault, number, tx):
        before = self.balance(self.alice), self.node.rpc("account_get", address=self.alice.address)
        with self.assertRaises(RpcError) as refusal:
            self.submit(tx)
        found = refusal.exception.data.get("fault", {})
        self.assertEqual((found.get("name"), found.get("number")), (fault, number), refusal.exception)
        self.assertTrue(found["help"])
        self.assertEqual((self.balance(self.alice), self.node.rpc("account_get", address=self.alice.address)), before)

    def test_a_transfer_is_accepted_final_and_exact(self):
        alice, bob = self.balance(self.alice), self.balance(self.bob)
        body = self.body(messages=[fog_bytes.transfer_message([(self.bob.raw_address, 3 * DROPLETS),
                                                               (self.bob.raw_address, 7)])], memo=b"from outside")
        tx_id = fog_bytes.tx_id(body)
        self.assertEqual(self.submit(self.signed(body))["id"], "0x" + tx_id.hex())
        outcome = self.final(tx_id)
        self.assertEqual(outcome["fault"]["number"], 0)
        fee = int(outcome["fee_burned"]) + int(outcome["fee_tip"])
        self.assertEqual(self.balance(self.bob) - bob, 3 * DROPLETS + 7)
        self.assertEqual(alice - self.balance(self.alice), 3 * DROPLETS + 7 + fee)

    def test_fogcoin_makes_the_same_signature_and_id(self):
        sent = self.cli("--memo", "from inside", "send", f"{self.bob.address}=2")
        block = self.node.rpc("chain_block", height=sent["height"])
        tx = bytes.fromhex(block["txs"][0].removeprefix("0x"))
        body, key, signature = tx[:-98], tx[-97:-64], tx[-64:]
        self.assertEqual(tx[-98], 0)  # signed by one key
        self.assertEqual("0x" + fog_bytes.tx_id(body).hex(), sent["tx"])
        self.assertEqual(key, self.alice.key)
        self.assertEqual(signature, self.alice.sign(fog_bytes.tx_id(body)))

    def test_signatures_that_must_not_pass(self):
        body = self.body()
        digest = fog_bytes.tx_id(body)
        good = self.alice.sign(digest)
        for bad in (with_high_s(good), bytes(64), good[:32] + bytes(32), bytes(32) + good[32:],
                    ORDER.to_bytes(32, "big") + good[32:], good[:32] + ORDER.to_bytes(32, "big"), b"\xff" * 64,
                    self.alice.sign(hashlib.sha256(body).digest()), good[32:] + good[:32], self.bob.sign(digest)):
            self.assert_refused("bad_signature", 8, fog_bytes.signed_tx(body, self.alice.key, bad))
        # The same high-S signature is one that the package itself calls valid.
        key = ecdsa.VerifyingKey.from_string(self.alice.key, ecdsa.SECP256k1)
        self.assertTrue(key.verify_digest(with_high_s(good), digest, sigdecode_string))
        self.assert_refused("sender_mismatch", 7, self.signed(body, self.bob))
        self.submit(fog_bytes.signed_tx(body, self.alice.key, good))
        self.final(digest)

    def test_keys_that_are_no_point(self):
        for lane, bad_key in enumerate((b"\x02" + b"\xff" * 32, b"\x05" + self.alice.key[1:], bytes(33))):
            # Even an account at the address that such a key hashes to, with money, can do nothing.
            address = hashlib.new("ripemd160", hashlib.sha256(bad_key).digest()).digest()
            gift = self.body(lane=lane, messages=[fog_bytes.transfer_message([(address, DROPLETS)])])
            self.submit(self.signed(gift))
            self.final(fog_bytes.tx_id(gift))
            body = self.body(sender=self.alice, sequence=0)
            body = body[:32] + address + body[52:]
            self.assert_refused("bad_public_key", 6, fog_bytes.signed_tx(
                body, bad_key, self.alice.sign(fog_bytes.tx_id(body))))

    def test_another_chain(self):
        self.assert_refused("wrong_chain", 3, self.signed(self.body(chain_id=hashlib.sha256(b"other").digest())))
        self.assert_refused("wrong_chain", 3, self.signed(self.body(chain_id=bytes(32))))

    def test_a_replay_pays_once(self):
        body = self.body(lane=3)
        tx = self.signed(body)
        self.submit(tx)
        self.final(fog_bytes.tx_id(body))
        bob, alice, status = self.balance(self.bob), self.balance(self.alice), self.node.rpc("chain_status")
        # A replay, of the same bytes or with another signature, comes too late.
        other = self.alice.signer.sign_digest(fog_bytes.tx_id(body), sigencode=sigencode_string_canonize)
        self.assertNotEqual(other, tx[-64:])
        for again in (tx, fog_bytes.signed_tx(body, self.alice.key, other)):
            self.assert_refused("sequence_too_low", 102, again)
        self.assertEqual(self.node.rpc("chain_status")["mempool_txs"], status["mempool_txs"])
        # Another transaction of the same place in the lane comes too late.
        self.assert_refused("sequence_too_low", 102, self.signed(self.body(lane=3, sequence=0, memo=b"again")))
        self.assertEqual((self.balance(self.bob), self.balance(self.alice)), (bob, alice))

    def test_lanes_and_sequences(self):
        self.assert_refused("bad_lane", 4, self.signed(self.body(lane=16)))
        # What is ahead in a lane waits for what is missing, and holds up no other lane.
        # `fogcoin send` of another test may have taken lane 7 before.
        start = self.sequence(self.alice, 7)
        first, second = (self.body(lane=7, sequence=start + n) for n in (0, 1))
        self.submit(self.signed(second))
        other = self.body(lane=8)
        self.submit(self.signed(other))
        self.final(fog_bytes.tx_id(other))
        self.assertEqual(self.node.rpc("tx_get", id="0x" + fog_bytes.tx_id(second).hex())["place"], "pending")
        self.submit(self.signed(first))
        self.final(fog_bytes.tx_id(second))
        self.assertEqual(self.sequence(self.alice, 7), start + 2)

    def test_expiry_and_fee(self):
        now = int(time.time() * 1000)
        self.assert_refused("expired", 100, self.signed(self.body(expiry_ms=1)))
        self.assert_refused("expiry_too_far", 101, self.signed(self.body(expiry_ms=now + 25 * 3600 * 1000)))
        self.assert_refused("expiry_too_far", 101, self.signed(self.body(expiry_ms=2**64 - 1)))
        self.assert_refused("fee_too_low", 104, self.signed(self.body(price_max=1, tip=0)))
        self.assert_refused("tip_above_max", 12, self.signed(self.body(price_max=100, tip=101)))
        self.assert_refused("cannot_pay_fee", 105, self.signed(self.body(price_max=2**64 - 1)))
        self.assert_refused("cannot_pay_fee", 105, self.signed(self.body(price_max=10**9)))
        self.assert_refused("no_account", 106, self.signed(self.body(self.poor), self.poor))

    def test_bytes_that_are_no_transaction(self):
        good = self.signed(self.body())
        messages_at = 32 + 20 + 1 + 8 * 4
        self.assertEqual(good[messages_at], 1)
        for bad in (b"", good[:-1], good + b"\0", good[:messages_at] + b"\x81\x00" + good[messages_at + 1:],
                    good[:-98] + b"\x02" + good[-97:], b"\0" * 1000):
            self.assert_refused("malformed", 1, bad)
        self.assert_refused("too_large", 2, good + bytes(128 * 1024))
        self.assert_refused("no_messages", 5, self.signed(self.body(messages=[])))
        kind, payload = fog_bytes.transfer_message([(self.bob.raw_address, 1)])
        self.assert_refused("unknown_message", 10, self.signed(self.body(messages=[(999, payload)])))
        for bad in (payload + b"\0", payload[:-1], b"\x81\x00" + payload[1:], b"",
                    fog_bytes.uleb128(257) + (self.bob.raw_address + struct.pack("<Q", 1)) * 257):
            self.assert_refused("malformed_message", 11, self.signed(self.body(messages=[(kind, bad)])))

    def test_messages_that_fail_are_included_pay_their_fee_and_do_nothing_else(self):
        transfer = fog_bytes.transfer_message
        for number, outputs in ((200, [(self.bob.raw_address, 10_000 * DROPLETS)]),
                                (201, [(self.bob.raw_address, 2**64 - 1), (self.bob.raw_address, 1)]),
                                (202, []), (202, [(self.bob.raw_address, 0)]),
                                (204, [(self.poor.raw_address, 1)])):
            alice, bob = self.balance(self.alice), self.balance(self.bob)
            # The first message alone would succeed: all or nothing.
            body = self.body(messages=[transfer([(self.bob.raw_address, 5)]), transfer(outputs)])
            self.submit(self.signed(body))
            outcome = self.final(fog_bytes.tx_id(body))
            self.assertEqual((outcome["fault"]["number"], outcome["failed_message"]), (number, 1), outcome)
            fee = int(outcome["fee_burned"]) + int(outcome["fee_tip"])
            self.assertGreater(fee, 0)
            self.assertEqual((alice - self.balance(self.alice), self.balance(self.bob)), (fee, bob))
        self.assertIs(self.node.rpc("supply_verify")["conserved"], True)

    def test_a_batch_is_judged_one_by_one(self):
        good = self.body(lane=12)
        bad = self.body(lane=13, chain_id=bytes(32))
        replies = self.node.rpc("tx_submit", txs=["0x" + self.signed(one).hex() for one in (bad, good)] + ["0x00"])
        self.assertEqual([one["fault"]["number"] for one in replies], [3, 0, 1])
        self.final(fog_bytes.tx_id(good))


if __name__ == "__main__":
    fogtest.main()
