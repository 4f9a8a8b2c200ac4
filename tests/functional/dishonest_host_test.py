#!/usr/bin/env python3
"""A Host's operator who wants more than is due, with real programs and a client of his own that signs what foghost
never would: receipts again, twice in one message, of others, touched up; acknowledgements that never come; a second
Host of the same owner that is to set the price of the first."""
import struct
import subprocess
import time
import unittest

from fogtest import ROOT, RpcError, StagedTest, http, until
from host_test import REQUESTS, SETTINGS, Host
import independent_wallet as wallet

PRICE = 1_000_000  # droplets a unit at most


class Raw:
    """A signed transaction's bytes, taken apart as far as needed."""

    def __init__(self, text):
        self.bytes = bytes.fromhex(text[2:])
        self.at = 32 + 20 + 1 + 4 * 8
        self.messages = [(self.number("<H"), self.take(self.size())) for _ in range(self.size())]

    def take(self, count):
        self.at += count
        return self.bytes[self.at - count:self.at]

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def size(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value


class DishonestHostTest(StagedTest):
    @classmethod
    def prepare(cls):
        subprocess.run([ROOT / "contrib/examples/build", "thermostat"], check=True, capture_output=True, cwd=ROOT)
        cls.owner, first = cls.stage.wallet()
        cls.second_owner, second = cls.stage.wallet(name="second")
        cls.node = cls.stage.node({first["main"]: "100000 FOG", second["main"]: "100000 FOG"},
                                  (*SETTINGS, "market.ack_deadline_ms=4000"))
        cls.owner.node_url = cls.second_owner.node_url = cls.node.url
        cls.chain = bytes.fromhex(cls.node.rpc("chain_status")["chain_id"][2:])
        cls.url, _ = cls.stage.gateway(cls.node, cls.owner)
        cls.cheap = Host(cls.stage, cls.node, cls.owner, "cheap", "0.5")
        cls.same = Host(cls.stage, cls.node, cls.owner, "same-owner", "0.6")
        cls.other = Host(cls.stage, cls.node, cls.second_owner, "other-owner", "0.9")
        cls.owner("service", "publish", ROOT / "contrib/examples/thermostat/service.yaml")
        cls.bid = cls.owner("bid", "create", "--service", "thermostat", "--deposit", "50 FOG")["bid"]
        for host in (cls.cheap, cls.other):
            cls.owner("send", f"{host('status')['host']['operator_account']}=100")
        until("the bid is served", cls.lease, 60)

    @classmethod
    def lease(cls):
        return next((one for one in cls.owner("bid", "show", cls.bid)["leases"] if one["state"] == "active"), None)

    @classmethod
    def ask(cls):
        body = (REQUESTS / "heat.json").read_bytes()
        return http(f"{cls.url}/thermostat/", "POST", body, {"Content-Type": "application/json"})

    # ---- what an operator may do with his own key ----

    def operator_key(self, host):
        return int((host.folder / "operator.key").read_text(), 16)

    def last_receipts(self):
        """(the transaction's bytes, its message) of the last that claimed use."""
        for height in range(int(self.node.rpc("chain_status")["height"]), 0, -1):
            said = self.node.rpc("chain_block", height=height, decode=True)["txs"]
            raw = self.node.rpc("chain_block", height=height)["txs"]
            for one, text in zip(said, raw):
                message = one["body"]["messages"][0]
                if message["name"] == "submit_receipts" and message["body"]["receipts"][0]["logs"]:
                    return text, Raw(text).messages[0]
        raise AssertionError("no such receipts on the chain")

    def send(self, host, message, lane=7):  # the running Host has lanes of its own
        """The name of the fault that the message met on the chain, None when it did what it says."""
        secret = self.operator_key(host)
        key = wallet.public_key(secret)
        lanes = self.node.rpc("account_get", address=wallet.address(key))["lanes"]
        sequence = next((int(one["next"]) for one in lanes if one["lane"] == lane), 0)
        body = wallet.tx_body(self.chain, wallet.address_bytes(key), lane, sequence,
                              int(time.time() * 1000) + 60_000, PRICE, 0, [message])
        made = wallet.tx_id(body)
        signed = wallet.signed_tx(body, key, wallet.sign(secret, made))
        self.node.rpc("tx_submit", txs="0x" + signed.hex())
        status = self.node.rpc("tx_wait", id="0x" + made.hex())
        self.assertEqual(status["place"], "final", status)
        fault = status["outcome"]["fault"]
        return fault["name"] if int(fault["number"]) else None

    def use(self):
        """What the lease has been billed for use, in droplets, and its requests."""
        lease = self.lease()
        return int(lease["use_due"]), sum(int(log["count"]) for log in lease["logs"])

    def serve_and_bill(self):
        before = self.use()[1]
        for _ in range(3):
            self.assertEqual(self.ask()[0], 200)
        until("they are billed", lambda: self.use()[1] == before + 3)

    def test_receipts_are_paid_once_whatever_is_done_with_them(self):
        self.serve_and_bill()
        billed = self.use()
        text, (kind, payload) = self.last_receipts()
        host, receipts = payload[:32], payload[33:]
        self.assertEqual(host.hex(), self.cheap.id[2:])
        self.assertEqual(payload[32], 1)
        with self.assertRaises(RpcError) as refused:
            self.node.rpc("tx_submit", txs=text)
        self.assertEqual(refused.exception.fault, "sequence_too_low")
        self.assertEqual(self.send(self.cheap, (kind, payload)), "receipt_not_extending")
        self.assertEqual(self.send(self.cheap, (kind, host + b"\x02" + receipts * 2)), "receipt_not_extending")
        self.assertEqual(self.send(self.other, (kind, payload)), "not_host_operator")
        own = bytes.fromhex(self.other.id[2:])
        self.assertEqual(self.send(self.other, (kind, own + payload[32:])), "not_lease_host")
        self.assertEqual(self.use(), billed)
        self.assertIs(self.node.rpc("supply_verify")["conserved"], True)

    def test_no_byte_of_a_receipt_can_be_touched_up(self):
        self.serve_and_bill()
        billed = self.use()
        _, (kind, payload) = self.last_receipts()
        met = set()
        for place in range(0, len(payload), 7):
            changed = bytearray(payload)
            changed[place] ^= 0x41
            try:
                fault = self.send(self.cheap, (kind, bytes(changed)))
            except RpcError as error:
                fault = error.fault
            met.add(fault)
        self.assertNotIn(None, met)
        self.assertLessEqual({"bad_voucher", "receipt_bad_sums", "lease_not_found"}, met)
        self.assertEqual(self.use(), billed)

    def test_a_second_host_of_his_own_does_not_set_the_price(self):
        lease = self.lease()
        self.assertEqual((lease["host"], lease["scale"]), (self.cheap.id, 9_000))

    def test_an_acknowledgement_that_never_comes_costs_standing_and_earns_nothing(self):
        silent = Host(self.stage, self.node, self.second_owner, "silent", "0.1")
        silent.program.kill()
        bid = self.owner("bid", "create", "--service", "thermostat", "--deposit", "10 FOG")["bid"]
        self.addCleanup(lambda: self.owner("bid", "close", bid))

        def lease():
            return next(iter(self.owner("bid", "show", bid)["leases"]), None)
        self.assertEqual(until("it is proposed", lease)["host"], silent.id)
        taken = until("another takes its place", lambda: lease() if lease()["host"] != silent.id else None)
        self.assertEqual(taken["term"], 2)
        until("that one serves", lambda: lease()["state"] == "active")
        shown = self.owner("host", "show", silent.id)
        self.assertLess(shown["standing"], 10_000)
        self.assertEqual(shown["earned"], "0")


if __name__ == "__main__":
    unittest.main(verbosity=2)
