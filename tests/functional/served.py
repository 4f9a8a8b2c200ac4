"""A service on a network of its own: one node, one Host and one gateway, all real."""
from fogtest import StagedTest, http as exchange, until
from host_test import Host

SETTINGS = ("market.receipt_interval_ms=1500", "market.lease_timeout_ms=60000", "market.notice_ms=2000",
            "market.final_receipt_window_ms=5000", "market.audit_window_ms=5000")


class ServedTest(StagedTest):
    sent = 0  # requests that the Host must account for

    @classmethod
    def serve(cls, name, manifest, bid=None, seconds=60):
        """Publishes the service, bids for it and waits until it answers. `bid`: the words that say for what, where
        the manifest does not."""
        cls.name = name
        cls.owner, addresses = cls.stage.wallet()
        cls.node = cls.stage.node({addresses["main"]: 100_000}, SETTINGS)
        cls.owner.node_url = cls.node.url
        cls.host = Host(cls.stage, cls.node, cls.owner, "host", "1")
        cls.url, _ = cls.stage.gateway(cls.node, cls.owner)
        cls.owner("service", "publish", manifest)
        cls.bid = cls.owner("bid", "create", *(bid or [manifest]))["bid"]

        def answers():
            status = exchange(f"{cls.url}/{name}/")[0]
            cls.sent += status == 200
            return status == 200
        until("the service answers", answers, seconds)

    def lease(self):
        return self.owner("bid", "show", self.bid)["leases"][0]

    def requests_billed(self):
        return sum(int(log["root"]["sums"]["requests"]) for log in self.lease()["logs"])
