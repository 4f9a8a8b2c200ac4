"""What the functional tests share: FogCoin's real programs in a temporary folder, on free ports.

    with Stage() as stage:
        node = stage.node({address: "1000 FOG"})
        cli = stage.cli(node.url, wallet)

Everything that a Stage starts is ended when it closes: at the end, on a failure, on Ctrl-C and SIGTERM;
and if the test itself is killed, the system ends its children.
"""
import atexit
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

# What tests take from here too.
from calls import RpcError, http, rpc, rpc_as
from command_line import (PASSPHRASE, ROOT, Cli, Result, on_terminal, programs_folder, run_fogcoin, secret_file)

sys.path.append(str(ROOT / "contrib"))
from free_port import free_port  # noqa: E402

DROPLETS = 1_000_000_000  # in a FOG
START_S = 60  # a program that is not up by then will not be


def until(what, condition, seconds=30):
    """Polls until the condition gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Program:
    """A program that runs until it is stopped; its output is in LOG. `within`: the words of a command that becomes
    it."""

    def __init__(self, name, args, log, within=()):
        self.name, self.log = name, log
        with open(log, "ab") as out:
            self.process = subprocess.Popen([*within, programs_folder() / name, *map(str, args)],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            preexec_fn=_die_with_parent)

    def wait_for_port(self, port_file):
        def port():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.log.read_text()}")
            return port_file.exists() and port_file.read_text().strip()
        return int(until(f"{self.name} listens", port, START_S))

    def stop(self, number=signal.SIGTERM, seconds=30):
        """Its exit status; killed if it does not stop in time."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {seconds} s of signal {number}") from None

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def core_limits(self):
        """How large an image of its memory a crash may leave, and may be allowed to, as the system says."""
        limits = pathlib.Path(f"/proc/{self.process.pid}/limits").read_text().splitlines()
        return next(line.split()[4:6] for line in limits if line.startswith("Max core file size"))


class Node:
    """A network of one validator."""

    def __init__(self, stage, name, folder):
        self.stage, self.name, self.folder = stage, name, folder
        self.program = self.url = None
        self.start()

    def start(self, port=0):
        """Starts it (again)."""
        port_file = self.stage.folder / f"{self.name}.port"
        port_file.unlink(missing_ok=True)
        self.program = self.stage.start(
            "fogcoind", "run", "--dir", self.folder, "--rpc", f"127.0.0.1:{port}", "--port-file", port_file,
            log=self.name)
        self.url = f"http://127.0.0.1:{self.program.wait_for_port(port_file)}"

    def rpc(self, method, **params):
        return rpc(self.url, method, **params)


class Signer:
    """A validator's key in a process of its own, which begins with `init` and `start`."""

    def __init__(self, stage, number):
        self.stage, self.name = stage, f"signer-{number}"
        self.folder = stage.folder / self.name
        self.socket = stage.folder / f"{self.name}-socket/signer.sock"
        self.program = None

    def init(self, genesis, key):
        fogcoind("signer", "init", "--dir", self.folder, "--genesis", genesis, "--key", key)
        key.unlink()

    def start(self):
        """Starts it (again)."""
        self.socket.unlink(missing_ok=True)
        self.program = self.stage.start("fogcoind", "signer", "run", "--dir", self.folder, "--socket", self.socket,
                                        log=self.name)

        def listens():
            if self.program.process.poll() is not None:
                raise AssertionError(f"{self.name} ended:\n{self.program.log.read_text()}")
            return self.socket.exists()
        until(f"{self.name} listens", listens, START_S)


class Validators:
    """A network of several validators, each a process with its own ledger, that know each other. `payout` is who owns
    them; without, nobody does. The keys of those in `with_signer` are in processes of their own: signers[number]. Who
    wants other ways between them overrides host, reach and within, and sets token."""

    token = None  # the operators', where calls do not come from the node's own machine

    def __init__(self, stage, count, accounts, settings=(), options=(), payout=None, with_signer=()):
        self.stage, self.options = stage, list(options)
        self.signers = {number: Signer(stage, number) for number in with_signer}
        self.genesis = stage.folder / "genesis.json"
        self.ids, self.ports, self.rpc_ports, self.programs, self.folders = [], [], [], [], []
        words = ["genesis", "make", "--out", self.genesis]
        for number in range(count):
            key, entry = self.key_file(number), stage.folder / f"entry-{number}.json"
            fogcoind("keys", "new", "--out", key)
            entry.write_text(fogcoind("keys", "show", "--key", key, *(["--payout", payout] if payout else [])))
            words += ["--validator", entry]
        for address, balance in accounts.items():
            words += ["--account", f"{address}={balance}"]
        for setting in settings:
            words += ["--set", setting]
        fogcoind(*words)
        for number in range(count):
            key = self.key_file(number)
            if number in self.signers:
                self.signers[number].init(self.genesis, key)
                self.signers[number].start()
                self.add("--follow")
            else:
                self.add("--key", key)
        for number in range(count):
            self.start(number)

    def key_file(self, number):
        return self.stage.folder / f"key-{number}"

    def add(self, *words, folder=None):
        """A further directory, not started: of a validator with --key FILE, of a follower with --follow."""
        number = len(self.folders)
        self.folders.append(folder or self.stage.folder / f"node-{number}")
        shown = fogcoind("init", "--dir", self.folders[-1], "--genesis", self.genesis, *words)
        self.ids.append(next(line.split()[-1] for line in shown.splitlines() if line.startswith("node id")))
        self.ports.append(free_port())
        self.rpc_ports.append(free_port())
        self.programs.append(None)
        return number

    def host(self, number):
        """The address where it listens, for peers and for calls."""
        return "127.0.0.1"

    def reach(self, number, other):
        """Where it finds the other one."""
        return f"{self.host(other)}:{self.ports[other]}"

    def within(self, number):
        """The words of a command that becomes it."""
        return ()

    def launch(self, number):
        """Starts it (again, on the same ports); it may not be up yet."""
        words = ["run", "--dir", self.folders[number], "--rpc", f"{self.host(number)}:{self.rpc_ports[number]}",
                 "--listen", f"{self.host(number)}:{self.ports[number]}", *self.options]
        if number in self.signers:
            words += ["--signer", f"unix:{self.signers[number].socket}"]
        port_file = self.port_file(number)
        port_file.unlink(missing_ok=True)
        for other in range(len(self.ids)):
            if other != number:
                words += ["--peer", f"{self.ids[other]}@{self.reach(number, other)}"]
        self.programs[number] = self.stage.start("fogcoind", *words, "--port-file", port_file, log=f"node-{number}",
                                                 within=self.within(number))

    def port_file(self, number):
        return self.stage.folder / f"node-{number}.port"

    def start(self, number):
        """Starts it (again, on the same ports)."""
        self.launch(number)
        self.programs[number].wait_for_port(self.port_file(number))

    def running(self, number):
        program = self.programs[number]
        return program is not None and program.process.poll() is None

    def url(self, number):
        return f"http://{self.host(number)}:{self.rpc_ports[number]}"

    def rpc(self, number, method, **params):
        return rpc_as(self.token, self.url(number), method, **params)

    def status(self, number):
        return rpc(self.url(number), "chain_status")

    def height(self, number):
        return int(self.status(number)["height"])

    def figure(self, number, name):
        """A figure of its /metrics."""
        text = http(self.url(number) + "/metrics")[2].decode()
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))

    def log_text(self, number):
        return (self.stage.folder / f"node-{number}.log").read_text(errors="replace")

    def those(self, numbers):
        """These nodes; None: all that run."""
        return [i for i in range(len(self.ids)) if self.running(i)] if numbers is None else list(numbers)

    def wait_for_peers(self, numbers=None, seconds=60):
        """Each of these nodes is connected to each other."""
        numbers = self.those(numbers)
        until(f"nodes {numbers} know each other",
              lambda: all(self.figure(i, "fog_peers") >= len(numbers) - 1 for i in numbers), seconds)

    def wait_for_height(self, height, numbers=None, seconds=60):
        numbers = self.those(numbers)
        until(f"nodes {numbers} have block {height}",
              lambda: all(self.height(i) >= height for i in numbers), seconds)

    def check_agreement(self, numbers=None):
        """Waits until these nodes stand at one height, then holds every block and result of each against the others':
        one block id a height (its header names the parent and the state after it), one app hash at the end, every
        droplet accounted for. Returns the height."""
        numbers = self.those(numbers)

        def together():
            seen = {(one["height"], one["block"], one["app_hash"]) for one in map(self.status, numbers)}
            return next(iter(seen)) if len(seen) == 1 else None
        height = int(until(f"nodes {numbers} agree on the last block and the state after it", together, 60)[0])
        for at in range(1, height + 1):
            blocks = [self.rpc(i, "chain_block", height=at) for i in numbers]
            if any((one["id"], one["outcomes"]) != (blocks[0]["id"], blocks[0]["outcomes"]) for one in blocks):
                raise AssertionError(f"at height {at} the nodes have {[one['id'] for one in blocks]}")
        for number in numbers:
            supply = self.rpc(number, "supply_verify")
            if not supply["conserved"]:
                raise AssertionError(f"node {number}: {supply}")
        return height


def fogcoind(*words):
    """What it prints; it must succeed."""
    done = run_fogcoin(list(words), "fogcoind")
    if done.code != 0:
        raise AssertionError(f"fogcoind {' '.join(map(str, words))}: {done.out}{done.err}")
    return done.out


class Gateway:
    """A gateway in a folder of its own."""

    def __init__(self, stage, node, name, options=()):
        self.stage, self.node, self.name, self.folder = stage, node, name, stage.folder / name
        self.program = self.url = None
        self.options = options  # of `run`
        self.address = self.foggate("init").out.strip()

    def foggate(self, *words):
        done = run_fogcoin(["--dir", self.folder, "--node", self.node.url, *words], "foggate")
        if done.code != 0:
            raise AssertionError(f"foggate {' '.join(words)}: {done.out}{done.err}")
        return done

    def start(self):
        """Starts it (again, on the same port)."""
        port = self.url.rsplit(":", 1)[1] if self.url else 0
        port_file = self.stage.folder / f"{self.name}.port"
        port_file.unlink(missing_ok=True)
        self.program = self.stage.start("foggate", "--dir", self.folder, "--node", self.node.url, "run", "--listen",
                                        f"127.0.0.1:{port}", "--port-file", port_file, *self.options, log=self.name)
        self.url = f"http://127.0.0.1:{self.program.wait_for_port(port_file)}"


class Stage:
    """A temporary folder with the programs that run in it. FOG_KEEP=1 keeps the folder."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fogtest-"))
        self.programs = []
        self.gateways = {}
        atexit.register(self.close)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close(show_logs=kind not in (None, KeyboardInterrupt, SystemExit))

    def close(self, show_logs=False):
        atexit.unregister(self.close)
        for program in reversed(self.programs):
            program.kill()
        if show_logs:
            for log in sorted(self.folder.glob("*.log")):
                print(f"---- last lines of {log.name}\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        if os.environ.get("FOG_KEEP") and self.folder.exists():
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, program, *args, log, within=()):
        started = Program(program, args, self.folder / f"{log}.log", within)
        self.programs.append(started)
        return started

    def node(self, accounts, settings=(), name="node"):
        """A new chain with these accounts ({address: "1000 FOG"}) and parameters ("market.x=5")."""
        folder = self.folder / name
        words = ["init", "--dir", folder, "--devnet"]
        for address, balance in accounts.items():
            words += ["--account", f"{address}={balance}"]
        for setting in settings:
            words += ["--set", setting]
        made = run_fogcoin(words, "fogcoind")
        if made.code != 0:
            raise AssertionError(f"fogcoind init: {made.out}{made.err}")
        return Node(self, name, folder)

    def wallet(self, node_url="http://127.0.0.1:1", name="wallet", accounts=()):
        """A new wallet with `main` and these accounts. Returns (cli, {account: address})."""
        cli = Cli(self.folder, node_url, self.folder / f"{name}.json")
        cli("wallet", "create")
        for account in accounts:
            cli("wallet", "add", account)
        return cli, {one["name"]: one["address"] for one in cli("wallet", "accounts")}

    def gateway(self, node, owner, country="DE", name="gateway", options=()):
        """A registered, running gateway whose key `owner` (a Cli) gives 10 FOG. (url, address); it is
        self.gateways[name]."""
        gateway = self.gateways[name] = Gateway(self, node, name, options)
        owner("send", f"{gateway.address}=10")
        gateway.start()
        gateway.foggate("register", "--endpoint", gateway.url, "--country", country)
        return gateway.url, gateway.address


class StagedTest(unittest.TestCase):
    """Tests that share one stage, set up once by `prepare`."""

    stage = None

    @classmethod
    def setUpClass(cls):
        cls.stage = Stage()
        try:
            cls.prepare()
        except BaseException:
            cls.stage.close(show_logs=True)
            raise

    @classmethod
    def prepare(cls):
        """Starts what the tests need."""

    @classmethod
    def tearDownClass(cls):
        cls.stage.close(show_logs=cls.failed)

    failed = False

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).failed = True
        return result


def main():
    """Runs the tests of the calling script; SIGTERM ends them like Ctrl-C."""
    def stop(*_):
        raise KeyboardInterrupt  # what unittest lets through
    signal.signal(signal.SIGTERM, stop)
    for name in ("fogcoin", "fogcoind"):
        if not (programs_folder() / name).exists():
            sys.exit(f"{programs_folder() / name} is not there: build first, or say where in FOG_PROGRAMS")
    unittest.main(verbosity=2)
