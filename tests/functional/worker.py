"""A worker, as the front drives it (executor/worker_frames.h): a process that runs one WebAssembly program in the
Host's sandbox, request after request."""
import ctypes
import dataclasses
import os
import select
import signal
import socket
import struct
import subprocess

from command_line import programs_folder
from independent_wallet import uleb128

RUN, INPUT = 2, 3
READY, FAILED, OUTPUT, DONE = 16, 17, 19, 20
OUTCOMES = ("ok", "exit", "trap", "fuel", "memory", "wall", "output", "header", "stack", "host-memory", "crash",
            "no-answer")
CHUNK = 64 * 1024


def blob(value):
    return uleb128(len(value)) + value


def blobs(values):
    return uleb128(len(values)) + b"".join(map(blob, values))


@dataclasses.dataclass
class Run:
    """How a request ended."""
    outcome: str
    detail: str
    stdout: bytes
    stderr: bytes

    @property
    def exit_code(self):
        """What the program ended with; None where it did not end by itself."""
        if self.outcome == "exit":
            return int(self.detail.removeprefix("exit code "))
        return 0 if self.outcome == "ok" else None


class Refused(Exception):
    """The worker does not run that program."""


class Worker:
    """Takes a command module of WASI preview 1, or a component, to be compiled only; to be used in a `with`."""

    def __init__(self, artifact, memory_mib=64, wall_ms=60_000, component=False):
        self.ours, theirs = socket.socketpair()
        read, write = os.pipe()
        os.set_blocking(read, False)

        def prepare():
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
            os.dup2(theirs.fileno(), 3)
        self.process = subprocess.Popen([programs_folder() / "foghost", "worker", "--no-namespaces"], stderr=write,
                                        stdin=subprocess.DEVNULL, preexec_fn=prepare, close_fds=False)
        theirs.close()
        os.close(write)
        self.log, self.id, self.wall_ms = read, 0, wall_ms
        self.said = b""  # on standard error, while a request runs
        self._bind(artifact, memory_mib, component)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ours.close()
        self.process.kill()
        self.process.wait()
        os.close(self.log)

    def _bind(self, artifact, memory_mib, component):
        program, code = os.memfd_create("program"), os.memfd_create("code")
        with open(program, "r+b") as file, open(code, "r+b"):
            file.write(artifact)
            file.flush()
            file.seek(0)
            frame = struct.pack("<4BI7Q", component, 0, 0, 0, 1, 10**12, memory_mib << 20, self.wall_ms, 1 << 30, 1 << 20, 1 << 30,
                                (memory_mib + 256) << 20)
            frame = struct.pack("<IB", len(frame) + 1, 1) + frame
            socket.send_fds(self.ours, [frame], [program, code])
        kind, payload = self._frame()
        if kind != READY:
            self.__exit__()
            raise Refused(payload[2:].decode(errors="replace") if kind == FAILED else f"frame {kind}")
        self._log()  # what it says of its sandbox

    def run(self, args=(b"service",), env=(), stdin=b""):
        """`args` and `stdin` as bytes, `env` as pairs of bytes."""
        self.id, self.said = self.id + 1, b""
        pairs = uleb128(len(env)) + b"".join(blob(name) + blob(value) for name, value in env)
        self._send(RUN, struct.pack("<Q", self.id) + blobs(args) + pairs + struct.pack("<Q", 1_700_000_000_000)
                   + bytes([7] * 32) + b"\0" + b"\0" + struct.pack("<Q", 0))  # no parts, no audit, the bind's fuel
        pieces = [stdin[at:at + CHUNK] for at in range(0, len(stdin), CHUNK)] or [b""]
        for number, piece in enumerate(pieces):  # no more than the window of 256 KiB: that is up to the caller
            self._send(INPUT, struct.pack("<QB", self.id, number == len(pieces) - 1) + blob(piece))
        out = err = b""
        while True:
            kind, payload = self._frame(self._log)
            if kind == OUTPUT:
                out += self._blob(payload, 8)
            if kind == DONE:
                err = self.said + self._log()
                break
        outcome, detail = OUTCOMES[payload[8]], self._blob(payload, 34).decode()
        # The worker's own last line is no output of the program's.
        err = err.removesuffix(f"[{outcome}] {detail}\n".encode())
        return Run(outcome, detail, out, err)

    @staticmethod
    def _blob(payload, at):
        length = shift = 0
        while True:
            length |= (payload[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if payload[at - 1] < 0x80:
                return payload[at:at + length]

    def _log(self):
        """What has come from standard error."""
        out = b""
        while select.select([self.log], [], [], 0)[0]:
            piece = os.read(self.log, CHUNK)
            if not piece:
                break
            out += piece
        return out

    def _send(self, kind, payload):
        self.ours.sendall(struct.pack("<IB", len(payload) + 1, kind) + payload)

    def _exactly(self, count, meanwhile):
        out = b""
        while len(out) < count:
            if not select.select([self.ours], [], [], 0.02)[0]:
                self.said += meanwhile()
                continue
            piece = self.ours.recv(count - len(out))
            if not piece:
                raise Refused("the worker ended")
            out += piece
        return out

    def _frame(self, meanwhile=bytes):
        length, kind = struct.unpack("<IB", self._exactly(5, meanwhile))
        return kind, self._exactly(length - 1, meanwhile)
