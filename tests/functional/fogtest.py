"""What the functional tests share: FogCoin's real programs in a temporary folder, on free ports.

    with Stage() as stage:
        node = stage.node({address: "1000 FOG"})
        cli = stage.cli(node.url, wallet)

Everything that a Stage starts is ended when it closes: at the end, on a failure, on Ctrl-C and SIGTERM;
and if the test itself is killed, the system ends its children.
"""
import atexit
import ctypes
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DROPLETS = 1_000_000_000  # in a FOG
START_S = 60  # a program that is not up by then will not be
PASSPHRASE = "correct horse battery staple"


def programs_folder():
    """Where the programs are: $FOG_PROGRAMS, else the debug build."""
    return pathlib.Path(os.environ.get("FOG_PROGRAMS", ROOT / "build/debug")).resolve()


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.data = error.get("data", {})

    @property
    def fault(self):
        """The name of the fault of a refused transaction."""
        return self.data.get("fault", {}).get("name")


def rpc(url, method, **params):
    """One JSON-RPC call; raises RpcError for an error in the answer."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=90) as answer:
        out = json.load(answer)
    if "error" in out:
        raise RpcError(out["error"])
    return out["result"]


def http(url, method="GET", body=None, headers=None):
    """(status, headers, body) of one HTTP exchange, whatever the status."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers, answer.read()


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
    """A program that runs until it is stopped; its output is in LOG."""

    def __init__(self, name, args, log):
        self.name, self.log = name, log
        with open(log, "ab") as out:
            self.process = subprocess.Popen([programs_folder() / name, *map(str, args)], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, preexec_fn=_die_with_parent)

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


class Result:
    """How a command ended. `json` is its output, which is one JSON document with --json."""

    def __init__(self, args, done):
        self.args, self.code, self.out, self.err = args, done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(f"fogcoin {' '.join(self.args)}: not one JSON document:\n{self.out}") from None

    @property
    def message(self):
        """What a failed command with --json says is wrong."""
        return self.json["error"]["message"]


class Cli:
    """`fogcoin --json` with a wallet and a node. Calling it runs a command and gives its JSON; `run`
    gives the whole Result."""

    def __init__(self, folder, node_url, wallet, account=None):
        self.folder, self.node_url, self.wallet, self.account = folder, node_url, wallet, account
        self.passphrase_file = folder / "passphrase"
        if not self.passphrase_file.exists():
            secret_file(self.passphrase_file, PASSPHRASE + "\n")

    def as_account(self, account):
        return Cli(self.folder, self.node_url, self.wallet, account)

    def options(self):
        return ["--node", self.node_url, "--wallet", str(self.wallet), "--passphrase-file", str(self.passphrase_file),
                *(["--account", self.account] if self.account else [])]

    def __call__(self, *args, code=0):
        return self.run(*args, code=code).json

    def fails(self, code, *args):
        """Runs a command that must end with this exit status; what it says."""
        return self.run(*args, code=code).message

    def run(self, *args, code=0, json_output=True, options=None, **more):
        words = [*(self.options() if options is None else options), *(["--json"] if json_output else []),
                 *map(str, args)]
        result = run_fogcoin(words, **more)
        if code is not None and result.code != code:
            raise AssertionError(f"fogcoin {' '.join(map(str, args))}: exit status {result.code}, expected {code}\n"
                                 f"{result.out}{result.err}")
        return result


def run_fogcoin(words, program="fogcoin", **more):
    """Runs without a terminal, so that nothing can wait for a person."""
    more.setdefault("stdin", subprocess.DEVNULL)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FOGCOIN_")}
    environment.update(more.pop("env", {}))
    done = subprocess.run([programs_folder() / program, *map(str, words)], text=True, capture_output=True,
                          timeout=180, start_new_session=True, env=environment, **more)
    return Result(words, done)


def on_terminal(words, *answers):
    """Runs fogcoin on a terminal of its own and types each (prompt, answer) as it is asked. Returns the
    exit status and all that the terminal showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "dumb"
        os.execv(programs_folder() / "fogcoin", ["fogcoin", *map(str, words)])
    shown, waiting = b"", list(answers)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                piece = os.read(terminal, 4096)
            except OSError:  # the other side is closed
                piece = b""
            if not piece:
                break
            shown += piece
        if waiting and shown.endswith(waiting[0][0].encode()):
            os.write(terminal, waiting.pop(0)[1].encode() + b"\r")
    else:
        os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    if waiting:
        raise AssertionError(f"never asked '{waiting[0][0]}'; the terminal showed: {shown.decode()}")
    return os.waitstatus_to_exitcode(status), shown.decode()


def secret_file(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    return path


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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Validators:
    """A network of several validators, each a process with its own ledger, that know each other."""

    def __init__(self, stage, count, accounts, settings=(), options=()):
        self.stage, self.options = stage, list(options)
        self.genesis = stage.folder / "genesis.json"
        self.ids, self.ports, self.rpc_ports, self.programs, self.folders = [], [], [], [], []
        words = ["genesis", "make", "--out", self.genesis]
        for number in range(count):
            key, entry = stage.folder / f"key-{number}", stage.folder / f"entry-{number}.json"
            fogcoind("keys", "new", "--out", key)
            entry.write_text(fogcoind("keys", "show", "--key", key))
            words += ["--validator", entry]
        for address, balance in accounts.items():
            words += ["--account", f"{address}={balance}"]
        for setting in settings:
            words += ["--set", setting]
        fogcoind(*words)
        for number in range(count):
            self.add("--key", stage.folder / f"key-{number}")
        for number in range(count):
            self.start(number)

    def add(self, *words):
        """A further directory, not started: of a validator with --key FILE, of a follower with --follow."""
        number = len(self.folders)
        self.folders.append(self.stage.folder / f"node-{number}")
        shown = fogcoind("init", "--dir", self.folders[-1], "--genesis", self.genesis, *words)
        self.ids.append(next(line.split()[-1] for line in shown.splitlines() if line.startswith("node id")))
        self.ports.append(free_port())
        self.rpc_ports.append(free_port())
        self.programs.append(None)
        return number

    def start(self, number):
        """Starts it (again, on the same ports)."""
        words = ["run", "--dir", self.folders[number], "--rpc", f"127.0.0.1:{self.rpc_ports[number]}",
                 "--listen", f"127.0.0.1:{self.ports[number]}", *self.options]
        port_file = self.stage.folder / f"node-{number}.port"
        port_file.unlink(missing_ok=True)
        for other in range(len(self.ids)):
            if other != number:
                words += ["--peer", f"{self.ids[other]}@127.0.0.1:{self.ports[other]}"]
        self.programs[number] = self.stage.start("fogcoind", *words, "--port-file", port_file, log=f"node-{number}")
        self.programs[number].wait_for_port(port_file)

    def url(self, number):
        return f"http://127.0.0.1:{self.rpc_ports[number]}"

    def status(self, number):
        return rpc(self.url(number), "chain_status")

    def height(self, number):
        return int(self.status(number)["height"])


def fogcoind(*words):
    """What it prints; it must succeed."""
    done = run_fogcoin(list(words), "fogcoind")
    if done.code != 0:
        raise AssertionError(f"fogcoind {' '.join(map(str, words))}: {done.out}{done.err}")
    return done.out


class Gateway:
    """A gateway in a folder of its own."""

    def __init__(self, stage, node, name):
        self.stage, self.node, self.name, self.folder = stage, node, name, stage.folder / name
        self.program = self.url = None
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
                                        f"127.0.0.1:{port}", "--port-file", port_file, log=self.name)
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

    def start(self, program, *args, log):
        started = Program(program, args, self.folder / f"{log}.log")
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

    def gateway(self, node, owner, country="DE", name="gateway"):
        """A registered, running gateway whose key `owner` (a Cli) gives 10 FOG. (url, address); it is
        self.gateways[name]."""
        gateway = self.gateways[name] = Gateway(self, node, name)
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
