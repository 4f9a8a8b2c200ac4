"""Runs one request through an example service the way a Host does (CGI/1.1, RFC 3875)."""

import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Request:
    body: bytes = b""
    method: str = "POST"
    query: str = ""
    content_type: str = ""

    def environment(self):
        env = {
            "GATEWAY_INTERFACE": "CGI/1.1",
            "REQUEST_METHOD": self.method,
            "PATH_INFO": "/",
            "SCRIPT_NAME": "",
            "QUERY_STRING": self.query,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "localhost",
        }
        if self.content_type:
            env["CONTENT_TYPE"] = self.content_type
        return env


@dataclass
class Answer:
    exit_code: int
    status: int
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    log: str = ""
    fuel: int = 0

    @property
    def fault(self):
        """What a Host would call a failed run, and what a sanitizer said; "" if all is well."""
        if self.exit_code != 0:
            return f"exit code {self.exit_code}: {self.log[-2000:]}"
        if self.log:
            return f"wrote to stderr: {self.log[-2000:]}"
        if self.status == 0:
            return "the answer is not a CGI response"
        return ""


def parse_response(output):
    """The status (0 if there is no proper one), the headers in lower case, the body."""
    head, separator, body = output.partition(b"\r\n\r\n")
    headers = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            return 0, {}, b""
        headers[name.lower()] = value.strip()
    if not separator or "content-type" not in headers:
        return 0, headers, body
    return int(headers.get("status", "200").split()[0]), headers, body


class NativeRunner:
    """Runs the sanitized native builds in a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def run(self, name, request):
        env = request.environment()
        env["ASAN_OPTIONS"] = "detect_leaks=1:allocator_may_return_null=1"
        env["UBSAN_OPTIONS"] = "print_stacktrace=1"
        done = subprocess.run([self.folder / name], input=request.body, env=env,
                              capture_output=True, timeout=120, check=False)
        status, headers, body = parse_response(done.stdout)
        return Answer(done.returncode, status, headers, body,
                      done.stderr.decode("utf-8", "replace"))


class WasmRunner:
    """Runs the WebAssembly builds in a folder with the wasmtime package from PyPI, which this
    project does not need otherwise, under each service's own limits for memory and fuel."""

    def __init__(self, folder, limits):
        import wasmtime  # pylint: disable=import-outside-toplevel
        self.wasmtime = wasmtime
        self.folder = Path(folder)
        self.limits = limits
        config = wasmtime.Config()
        config.consume_fuel = True
        self.engine = wasmtime.Engine(config)
        self.modules = {}

    def module(self, name):
        if name not in self.modules:
            self.modules[name] = self.wasmtime.Module.from_file(
                self.engine, str(self.folder / (name + ".wasm")))
        return self.modules[name]

    def run(self, name, request):
        limits = self.limits[name]
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, part) for part in ("stdin", "stdout", "stderr")]
            Path(paths[0]).write_bytes(request.body)
            wasi = self.wasmtime.WasiConfig()
            wasi.env = list(request.environment().items())
            wasi.stdin_file, wasi.stdout_file, wasi.stderr_file = paths
            store = self.wasmtime.Store(self.engine)
            store.set_limits(memory_size=limits["memory_mib"] << 20)
            store.set_fuel(limits["fuel_per_request"])
            store.set_wasi(wasi)
            linker = self.wasmtime.Linker(self.engine)
            linker.define_wasi()
            exit_code, log = 0, ""
            try:
                instance = linker.instantiate(store, self.module(name))
                instance.exports(store)["_start"](store)
            except self.wasmtime.ExitTrap as stop:
                exit_code = stop.code
            except (self.wasmtime.Trap, self.wasmtime.WasmtimeError) as trap:
                exit_code, log = -1, str(trap)
            fuel = limits["fuel_per_request"] - store.get_fuel()
            del store
            status, headers, body = parse_response(Path(paths[1]).read_bytes())
            log += Path(paths[2]).read_text(encoding="utf-8", errors="replace")
            if len(body) > limits["response_bytes"]:
                log += f"the answer of {len(body)} bytes exceeds response_bytes"
            return Answer(exit_code, status, headers, body, log, fuel)
