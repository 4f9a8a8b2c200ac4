"""A service on a network of its own: one node, one Host and one gateway, all real."""
import subprocess

from fogtest import ROOT, StagedTest, http as exchange, until
from host_test import Host

SETTINGS = ("market.receipt_interval_ms=1500", "market.lease_timeout_ms=60000", "market.notice_ms=2000",
            "market.final_receipt_window_ms=5000", "market.audit_window_ms=5000")


GUESTS = ROOT / "executor/wasm/tests/guests/http"


def make_guest(folder):
    """serve_guest.c, a command that does what its query says, as folder/guest.wasm."""
    subprocess.run(["clang-14", "--target=wasm32-wasi", "-O1", "-o", folder / "guest.wasm",
                    ROOT / "tests/functional/serve_guest.c"], check=True)


def make_component(folder, name):
    """The component of the guest NAME.c, as folder/NAME.wasm."""
    core = folder / f"{name}.core.wasm"
    subprocess.run(["clang-14", "--target=wasm32-wasi", "-O2", "-nostartfiles",
                    "-Wl,--no-entry,--strip-debug,-z,stack-size=8388608", "-o", core, GUESTS / f"{name}.c"], check=True)
    subprocess.run([ROOT / "build/cargo/release/examples/component", core, GUESTS / "proxy.wit",
                    folder / f"{name}.wasm"], check=True)


class ServedTest(StagedTest):
    sent = 0  # requests that the Host must account for
    settings = SETTINGS
    gateway_options = ()

    @classmethod
    def serve(cls, name, manifest, bid=None, seconds=60, private="", registries=""):
        """Publishes the service, bids for it and waits until it answers. `bid`: the words that say for what, where
        the manifest does not. `private`: addresses that the Host lets services ask besides public ones; `registries`:
        those that it pulls images from."""
        cls.name = name
        cls.owner, addresses = cls.stage.wallet()
        cls.node = cls.stage.node({addresses["main"]: 100_000}, cls.settings)
        cls.owner.node_url = cls.node.url
        cls.host = Host(cls.stage, cls.node, cls.owner, "host", "1", private, registries)
        cls.url, _ = cls.stage.gateway(cls.node, cls.owner, options=cls.gateway_options)
        cls.owner("service", "publish", manifest)
        cls.before_bid()
        cls.bid = cls.owner("bid", "create", *(bid or [manifest]))["bid"]

        def answers():
            status = exchange(f"{cls.url}/{name}/")[0]
            cls.sent += status == 200
            return status == 200
        until("the service answers", answers, seconds)

    @classmethod
    def before_bid(cls):
        """What is to be done once the service is published."""

    @classmethod
    def lease(cls):
        return cls.owner("bid", "show", cls.bid)["leases"][0]

    @classmethod
    def requests_billed(cls):
        return sum(int(log["root"]["sums"]["requests"]) for log in cls.lease()["logs"])
