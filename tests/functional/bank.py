"""A bank over a network of validators: tellers pay among accounts through whichever node they happen to ask, while a
nemesis kills, pauses and cuts off the nodes; then every node's books are held against what the tellers were told.

    bank = Bank(accounts=6)
    net = ...(accounts=bank.opening())
    bank.open(net)
    with bank.tellers(seed): nemesis.run(...)
    bank.audit()

The wallet is independent_wallet.py, so that a payment's id is known before anybody is asked to make it: an answer that
never came leaves a payment of which only one thing is certain, that it is there once or not at all. A teller goes on
after that either with the same payment through another node, or with a different one in its place; of all that ever
stood in one place, one at most may become final.
"""
import contextlib
import hashlib
import http.client
import random
import signal
import threading
import time

import fogtest
import independent_wallet as wallet
from fogtest import DROPLETS

OPENING = 1000 * DROPLETS  # of each account
PRICE = 100_000  # droplets a unit at most
INSUFFICIENT_FUNDS = 200
UNANSWERED = (OSError, ValueError, http.client.HTTPException)


class Payment:
    def __init__(self, source, target, lane, sequence, droplets, signed):
        self.source, self.target, self.lane, self.sequence, self.droplets = source, target, lane, sequence, droplets
        self.id, self.bytes = signed
        self.height = None  # once a node has said that it is final


class Bank:
    def __init__(self, accounts, lanes=2):
        self.lanes = lanes
        self.secrets = [int.from_bytes(hashlib.sha256(b"bank %d" % i).digest(), "big") for i in range(accounts)]
        self.keys = [wallet.public_key(secret) for secret in self.secrets]
        self.payments = {}  # id -> Payment: all that anybody was ever asked to make
        self.lock = threading.Lock()
        self.working = threading.Event()
        self.working.set()
        self.lookups = self.refused = 0
        self.problems = []

    def opening(self):
        return {wallet.address(key): f"{OPENING} droplets" for key in self.keys}

    def open(self, net):
        self.net = net
        self.chain = bytes.fromhex(net.status(0)["chain_id"][2:])

    # ---- paying ----

    def payment(self, source, lane, sequence, dice):
        target = dice.choice([i for i in range(len(self.keys)) if i != source])
        # Now and then more than anybody has: it must fail, and take nothing but its fee.
        droplets = OPENING * len(self.keys) + 1 if dice.random() < 0.05 else dice.randrange(1, DROPLETS // 1000)
        body = wallet.tx_body(self.chain, wallet.address_bytes(self.keys[source]), lane, sequence,
                              int(time.time() * 1000) + 3_600_000, PRICE, 0,
                              [wallet.transfer_message([(wallet.address_bytes(self.keys[target]), droplets)])])
        made = wallet.tx_id(body)
        signed = made, wallet.signed_tx(body, self.keys[source], wallet.sign(self.secrets[source], made))
        payment = Payment(source, target, lane, sequence, droplets, signed)
        with self.lock:
            self.payments.setdefault(payment.id, payment)
            return self.payments[payment.id]

    def try_to_pay(self, payment, number):
        """Whether node `number` says that it is final."""
        try:
            self.net.rpc(number, "tx_submit", txs="0x" + payment.bytes.hex())
        except fogtest.RpcError as error:
            if error.fault != "sequence_too_low":  # that one may be this very payment
                self.refused += 1
                return False
        status = self.net.rpc(number, "tx_wait", id="0x" + payment.id.hex(), timeout_ms="3000")
        if status["place"] != "final":
            return False
        payment.height = int(status["height"])
        return True

    def next_sequence(self, source, lane, dice):
        """As any node has it; it may be behind."""
        shown = self.net.rpc(dice.randrange(len(self.net.ids)), "account_get",
                             address=wallet.address(self.keys[source]))
        return max((int(one["next"]) for one in shown["lanes"] if one["lane"] == lane), default=0)

    def teller(self, source, lane, seed, stop):
        dice = random.Random(f"{seed}/{source}/{lane}")
        sequence, payment = 0, None
        while not stop.is_set():
            if not self.working.wait(0.1):
                continue
            if payment is None or dice.random() < 0.3:
                payment = self.payment(source, lane, sequence, dice)
            try:
                if self.try_to_pay(payment, dice.randrange(len(self.net.ids))):
                    sequence, payment = sequence + 1, None
                    continue
                # Perhaps another one of this place is final.
                sequence = max(sequence, self.next_sequence(source, lane, dice))
                if sequence > payment.sequence:
                    payment = None
            except UNANSWERED:
                pass
            except fogtest.RpcError:
                self.refused += 1
            stop.wait(dice.uniform(0, 0.05))

    def auditor(self, seed, stop):
        """While it all goes on: at any moment, on any node, every droplet is somewhere."""
        dice = random.Random(f"{seed}/auditor")
        while not stop.wait(0.3):
            try:
                report = self.net.rpc(dice.randrange(len(self.net.ids)), "supply_verify")
            except (*UNANSWERED, fogtest.RpcError):
                continue
            self.lookups += 1
            if not report["conserved"]:
                self.problems.append(f"not conserved: {report}")

    @contextlib.contextmanager
    def tellers(self, seed):
        """Meanwhile they pay: one for each account and lane."""
        stop = threading.Event()
        people = [threading.Thread(target=self.teller, args=(source, lane, seed, stop), daemon=True)
                  for source in range(len(self.keys)) for lane in range(self.lanes)]
        people.append(threading.Thread(target=self.auditor, args=(seed, stop), daemon=True))
        for one in people:
            one.start()
        try:
            yield
        finally:
            stop.set()
            for one in people:
                one.join(120)

    @contextlib.contextmanager
    def resting(self):
        """Meanwhile nobody begins to pay, so that soon no block is made but for others."""
        self.working.clear()
        try:
            yield
        finally:
            self.working.set()

    # ---- the books ----

    def audit(self, numbers=None):
        """Holds these nodes (all that run) against what was said. Returns figures; an AssertionError says what is
        wrong."""
        net = self.net
        numbers = net.those(numbers)
        height = net.check_agreement(numbers)
        owners = {wallet.address_bytes(key) for key in self.keys}
        books = [OPENING] * len(self.keys)
        places = {}  # id -> height
        sequences = {}
        for at in range(1, height + 1):
            block = net.rpc(numbers[0], "chain_block", height=at)
            for raw, outcome in zip(block["txs"], block["outcomes"], strict=True):
                body = bytes.fromhex(raw[2:])[:-1 - 33 - 64]
                if body[32:52] not in owners:
                    continue  # none of the bank's business
                made = wallet.tx_id(body)
                payment = self.payments.get(made)
                if payment is None:
                    raise AssertionError(f"block {at} has a transaction that nobody sent: {raw}")
                if made in places:
                    raise AssertionError(f"{made.hex()} is in block {places[made]} and in block {at}")
                places[made] = at
                lane = payment.source, payment.lane
                if payment.sequence != sequences.get(lane, 0):
                    raise AssertionError(f"lane {lane}: sequence {payment.sequence} after {sequences.get(lane, 0) - 1}")
                sequences[lane] = payment.sequence + 1
                self.book(books, payment, outcome)
        for payment in self.payments.values():
            if payment.height is not None and places.get(payment.id) != payment.height:
                raise AssertionError(f"{payment.id.hex()} was said to be final in block {payment.height}: it is in "
                                     f"{places.get(payment.id)}")
        for number in numbers:
            for owner, expected in enumerate(books):
                had = int(net.rpc(number, "account_get", address=wallet.address(self.keys[owner]))["balance"])
                if had != expected:
                    raise AssertionError(f"node {number}: account {owner} has {had} droplets, its payments make "
                                         f"{expected}")
        acknowledged = sum(payment.height is not None for payment in self.payments.values())
        self.look_up(net, numbers)
        if self.problems:
            raise AssertionError("; ".join(self.problems[:3]))
        return {"height": height, "asked": len(self.payments), "acknowledged": acknowledged, "final": len(places),
                "final_unacknowledged": len(places) - acknowledged, "supply_checks": self.lookups}

    @staticmethod
    def book(books, payment, outcome):
        fault = outcome["fault"]["number"]
        books[payment.source] -= int(outcome["fee_burned"]) + int(outcome["fee_tip"])
        if fault == 0:
            books[payment.source] -= payment.droplets
            books[payment.target] += payment.droplets
        if fault != (INSUFFICIENT_FUNDS if payment.droplets > OPENING else 0) or books[payment.source] < 0:
            raise AssertionError(f"{payment.id.hex()}: {outcome}; the account has {books[payment.source]} then")

    def look_up(self, net, numbers):
        """tx_get says the same at every node; a sample, for there are many."""
        told = [payment for payment in self.payments.values() if payment.height is not None]
        for payment in random.Random(1).sample(told, min(100, len(told))):
            for number in numbers:
                found = net.rpc(number, "tx_get", id="0x" + payment.id.hex())
                if (found["place"], int(found.get("height", 0))) != ("final", payment.height):
                    raise AssertionError(f"node {number} says {found} of {payment.id.hex()}, which is final in block "
                                         f"{payment.height}")


class Nemesis:
    """Does one bad thing after the other to a links.ProxiedValidators, by a seed."""

    def __init__(self, net, seed):
        self.net, self.dice = net, random.Random(f"{seed}/nemesis")
        self.done = {}

    def run(self, seconds):
        end = time.monotonic() + seconds
        acts = (self.kill, self.kill_all, self.pause, self.halves, self.isolate, self.one_way, self.flap, self.reset,
                self.slow)
        while time.monotonic() < end:
            act = self.dice.choices(acts, weights=(4, 1, 3, 2, 2, 2, 1, 1, 1))[0]
            self.done[act.__name__] = self.done.get(act.__name__, 0) + 1
            act()
            time.sleep(self.dice.uniform(0.1, 1.5))

    def some(self):
        return self.dice.sample(range(len(self.net.ids)), self.dice.choice((1, 1, 1, 2)))

    def kill(self):
        victims = self.some()
        for victim in victims:
            self.net.programs[victim].process.kill()
        time.sleep(self.dice.uniform(0, 1.5))
        self.start_again(victims)

    def kill_all(self):
        for program in self.net.programs:
            program.process.kill()
        self.start_again(range(len(self.net.ids)))

    def start_again(self, victims):
        for victim in victims:
            self.net.programs[victim].kill()
            self.net.launch(victim)
        for victim in victims:
            self.net.programs[victim].wait_for_port(self.net.port_file(victim))

    def pause(self):
        victims = self.some()
        for victim in victims:
            self.net.programs[victim].process.send_signal(signal.SIGSTOP)
        time.sleep(self.dice.uniform(0.1, 3))
        for victim in victims:
            self.net.programs[victim].process.send_signal(signal.SIGCONT)

    def cut_for_a_while(self, some):
        self.net.cut(some, set(range(len(self.net.ids))) - some)
        time.sleep(self.dice.uniform(0.5, 4))
        self.net.heal()

    def halves(self):
        self.cut_for_a_while(set(self.dice.sample(range(len(self.net.ids)), len(self.net.ids) // 2)))

    def isolate(self):
        self.cut_for_a_while({self.dice.randrange(len(self.net.ids))})

    def one_way(self):
        source, target = self.dice.sample(range(len(self.net.ids)), 2)
        self.net.cut_one_way(source, target)
        time.sleep(self.dice.uniform(0.5, 4))
        self.net.heal()

    def flap(self):
        for _ in range(self.dice.randrange(3, 8)):
            some = set(self.some())
            self.net.cut(some, set(range(len(self.net.ids))) - some)
            time.sleep(self.dice.uniform(0.02, 0.3))
            self.net.heal()
            time.sleep(self.dice.uniform(0.02, 0.3))

    def reset(self):
        everybody = range(len(self.net.ids))
        self.net.reset(set(self.some()), everybody, refuse=True)
        time.sleep(self.dice.uniform(0, 2))
        self.net.heal()

    def slow(self):
        everybody = range(len(self.net.ids))
        self.net.delay(everybody, everybody, self.dice.uniform(0.01, 0.3))
        time.sleep(self.dice.uniform(0.5, 3))
        self.net.delay(everybody, everybody, 0)
