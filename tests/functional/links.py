"""Ways between validators that a test can cut, slow down, make one-way and reset: as TCP proxies, which always work,
and as network namespaces of their own joined by a bridge, where the machine permits them.

    net = ProxiedValidators(stage, 4, accounts)          net = NamespacedValidators(stage, 4, accounts)
    net.cut({0, 1}, {2, 3})                              in a program begun with enter_namespaces()
    net.heal()

Both have cut(), cut_one_way() and heal(). A proxied network has delay(), reset() and refuse() as well."""
import asyncio
import os
import subprocess
import sys
import threading
import time

import fogtest

HELD_BYTES_MAX = 1 << 20  # of a direction that is cut; beyond, the sender's own buffers fill


class Direction:
    """What goes one way through a proxy. Cut, it keeps what has come, as a network does that will repeat it."""

    def __init__(self):
        self.open = True
        self.delay_s = 0


class Proxy:
    """Listens on a port of its own and forwards to another. Lives in the loop of Links."""

    def __init__(self, target):
        self.target = target
        self.forth, self.back = Direction(), Direction()
        self.refusing = False
        self.changed = asyncio.Condition()
        self.pairs = set()

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        ends = [writer]
        self.pairs.add(writer)
        try:
            if self.refusing:
                return
            # What is cut does not even get through to the other side's accept.
            async with self.changed:
                await self.changed.wait_for(lambda: self.forth.open)
            there_reader, there_writer = await asyncio.open_connection(*self.target)
            ends.append(there_writer)
            self.pairs.add(there_writer)
            tasks = [asyncio.ensure_future(self.forward(reader, there_writer, self.forth)),
                     asyncio.ensure_future(self.forward(there_reader, writer, self.back))]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        except OSError:
            pass
        finally:
            for end in ends:
                self.pairs.discard(end)
                end.transport.abort()

    async def forward(self, reader, writer, direction):
        held, held_bytes = [], 0
        more = asyncio.Condition()

        async def take():
            nonlocal held_bytes
            while True:
                async with more:
                    await more.wait_for(lambda: held_bytes < HELD_BYTES_MAX)
                piece = await reader.read(65536)
                async with more:
                    held.append((time.monotonic() + direction.delay_s, piece))
                    held_bytes += len(piece)
                    more.notify_all()
                if not piece:
                    return

        taker = asyncio.ensure_future(take())
        try:
            while True:
                async with more:
                    await more.wait_for(lambda: held)
                    due, piece = held[0]
                await asyncio.sleep(max(0, due - time.monotonic()))
                async with self.changed:
                    await self.changed.wait_for(lambda: direction.open)
                if not piece:
                    return
                writer.write(piece)
                await writer.drain()
                async with more:
                    held.pop(0)
                    held_bytes -= len(piece)
                    more.notify_all()
        except OSError:
            pass
        finally:
            taker.cancel()
            await asyncio.gather(taker, return_exceptions=True)

    async def tell(self):
        async with self.changed:
            self.changed.notify_all()

    def reset(self):
        for writer in list(self.pairs):
            writer.transport.abort()


class Links:
    """A proxy for each ordered pair: `way(a, b)` is where a dials b. A thread of its own runs them all."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.proxies = {}
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def way(self, a, b, target):
        if (a, b) not in self.proxies:
            async def make():
                proxy = Proxy(target)
                await proxy.listen()
                return proxy
            self.proxies[a, b] = self.run(make())
        return f"127.0.0.1:{self.proxies[a, b].port}"

    def change(self, act):
        """act(a, b, proxy) on each, then all that waits looks again."""
        async def do():
            for (a, b), proxy in self.proxies.items():
                act(a, b, proxy)
                await proxy.tell()
        self.run(do())


class ProxiedValidators(fogtest.Validators):
    """Each reaches each other through a proxy of that pair's. Who dialled whom does not matter to a cut."""

    kind = "proxies"

    def __init__(self, *args, **more):
        self.links = Links()
        super().__init__(*args, **more)

    def reach(self, number, other):
        return self.links.way(number, other, ("127.0.0.1", self.ports[other]))

    def cut_one_way(self, source, target):
        def act(a, b, proxy):
            if (a, b) == (source, target):
                proxy.forth.open = False
            if (a, b) == (target, source):
                proxy.back.open = False
        self.links.change(act)

    def cut(self, some, others):
        """Nothing between these sets gets through, in either direction."""
        for a in some:
            for b in others:
                self.cut_one_way(a, b)
                self.cut_one_way(b, a)

    def heal(self):
        def act(a, b, proxy):
            proxy.forth.open = proxy.back.open = True
            proxy.refusing = False
        self.links.change(act)

    def delay(self, some, others, seconds):
        def act(a, b, proxy):
            if (a in some and b in others) or (a in others and b in some):
                proxy.forth.delay_s = proxy.back.delay_s = seconds
        self.links.change(act)

    def reset(self, some, others, refuse=False):
        """Ends the connections between these sets; with `refuse`, new ones end at once until heal()."""
        def act(a, b, proxy):
            if (a in some and b in others) or (a in others and b in some):
                proxy.refusing = proxy.refusing or refuse
                proxy.reset()
        self.links.change(act)


# ---- network namespaces ----

INSIDE = "FOG_INSIDE_NAMESPACES"
SKIPPED = 77  # what ctest takes for "skipped"


def enter_namespaces():
    """Runs this program anew with users, network and mounts of its own, so that it may make further networks and
    nothing of the machine's own changes; returns in that one. Where the machine forbids it, says so and ends as
    skipped."""
    if os.environ.get(INSIDE):
        subprocess.run(["mount", "-t", "tmpfs", "run", "/run"], check=True)
        os.makedirs("/run/netns")
        ip("link", "set", "lo", "up")
        return
    probe = ("mount -t tmpfs run /run && mkdir /run/netns && ip netns add a && ip link add name bridge0 type bridge && "
             "ip link add name veth0 type veth peer name eth0 netns a && nsenter --net=/run/netns/a ip link set lo up")
    words = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--"]
    try:
        tried = subprocess.run([*words, "sh", "-c", probe], text=True, capture_output=True)
        problem = tried.stderr.strip() or f"exit status {tried.returncode}" if tried.returncode else None
    except FileNotFoundError:
        problem = "there is no unshare"
    if problem:
        print(f"skipped: this machine does not let a program make network namespaces ({problem})", file=sys.stderr)
        sys.exit(SKIPPED)
    os.execvpe(words[0], [*words, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def ip(*words):
    done = subprocess.run(["ip", *words], text=True, capture_output=True)
    if done.returncode:
        raise AssertionError(f"ip {' '.join(words)}: {done.stderr}")


class NamespacedValidators(fogtest.Validators):
    """Each in a network namespace of its own, all on one bridge, on which this program sits too. A way is cut by an
    entry that sends one node's frames for another to a machine that does not exist: they are lost without a word, as
    on a cable that was cut."""

    kind = "namespaces"
    NOWHERE = "02:00:00:00:00:ff"
    token = "tests of many validators"

    def __init__(self, stage, *args, options=(), **more):
        self.cuts = set()
        token_file = fogtest.secret_file(stage.folder / "token", self.token + "\n")
        ip("link", "add", "name", "fog", "type", "bridge")
        ip("address", "add", "10.77.0.254/24", "dev", "fog")
        ip("link", "set", "fog", "up")
        super().__init__(stage, *args, options=[*options, "--rpc-token-file", token_file], **more)

    def host(self, number):
        return f"10.77.0.{number + 1}"

    def add(self, *words, **more):
        number = super().add(*words, **more)
        ip("netns", "add", f"n{number}")
        ip("link", "add", "name", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", f"n{number}")
        ip("link", "set", f"v{number}", "master", "fog", "up")
        for more in (("link", "set", "lo", "up"), ("address", "add", f"{self.host(number)}/24", "dev", "eth0"),
                     ("link", "set", "eth0", "up")):
            ip("-n", f"n{number}", *more)
        return number

    def within(self, number):
        return ("nsenter", f"--net=/run/netns/n{number}")

    def cut_one_way(self, source, target):
        ip("-n", f"n{source}", "neighbour", "replace", self.host(target), "lladdr", self.NOWHERE, "dev", "eth0",
           "nud", "permanent")
        self.cuts.add((source, target))

    cut = ProxiedValidators.cut

    def heal(self):
        for source, target in self.cuts:
            ip("-n", f"n{source}", "neighbour", "delete", self.host(target), "dev", "eth0")
        self.cuts.clear()
