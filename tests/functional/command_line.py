"""FogCoin's commands as people and scripts run them: with --json, without a terminal, and on one."""
import json
import os
import pathlib
import pty
import select
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSPHRASE = "correct horse battery staple"


def programs_folder():
    """Where the programs are: $FOG_PROGRAMS, else the debug build."""
    return pathlib.Path(os.environ.get("FOG_PROGRAMS", ROOT / "build/debug")).resolve()


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
