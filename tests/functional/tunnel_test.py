#!/usr/bin/env python3
"""A Host that nobody can reach serves all the same: it holds connections to a gateway, which leads to it whoever asks
for it there. Two gateways; the Host's own door is known to nobody."""
import concurrent.futures
import os
import socket

import fogtest
from fogtest import http as exchange, run_fogcoin, until
from host_test import Host
from served import SETTINGS, make_guest

MANIFEST = """
name: hidden
runtime: wasm
artifact: guest.wasm
limits: {memory_mib: 32, fuel_per_request: 2000000000, wall_ms: 20000, request_bytes: 4194304, response_bytes: 4198400}
bid:
  resources: {cpu_milli: 1000, memory_mib: 128}
  price_cap_per_hour: 5 FOG
  spend_cap_per_hour: 50 FOG
  deposit: 40 FOG
"""


class Tunnel(fogtest.StagedTest):
    @classmethod
    def prepare(cls):
        folder = cls.stage.folder
        make_guest(folder)
        (folder / "service.yaml").write_text(MANIFEST)
        cls.owner, addresses = cls.stage.wallet()
        settings = tuple(each for each in SETTINGS if "audit_window" not in each) + ("market.audit_window_ms=600000",)
        cls.node = cls.stage.node({addresses["main"]: 100_000}, settings)
        cls.owner.node_url = cls.node.url
        cls.holder, _ = cls.stage.gateway(cls.node, cls.owner, name="holder")
        cls.other, _ = cls.stage.gateway(cls.node, cls.owner, name="other")
        cls.host = Host(cls.stage, cls.node, cls.owner, "host", "1", tunnel=cls.holder)
        cls.owner("service", "publish", folder / "service.yaml")
        cls.bid = cls.owner("bid", "create", folder / "service.yaml")["bid"]
        for url in (cls.holder, cls.other):
            until("the service answers", lambda: exchange(f"{url}/hidden/")[0] == 200, 60)

    def tunnel(self):
        """What the agent says of it, once it has said anything."""
        return until("the agent's word", lambda: self.host("status")["agent"])["tunnel"]

    def stands(self):
        return self.host("status")["running"] and self.tunnel()["spare"] == 8

    def lease(self):
        return self.owner("bid", "show", self.bid)["leases"][0]

    def test_a_it_is_known_at_the_gateway_alone_and_serves_by_both(self):
        endpoint = self.owner("host", "show", self.host.id)["endpoint"]
        self.assertRegex(endpoint, f"^{self.holder}/.fog/host/0[23][0-9a-f]{{64}}$")
        self.assertEqual(exchange(endpoint + "/.fog/health")[:1], (200,))
        for url in (self.holder, self.other):
            body = os.urandom(2_000_000)
            status, _, answer = exchange(f"{url}/hidden/echo", "POST", body)
            self.assertEqual((status, answer == body), (200, True))
        until("the Host counts them", lambda: int(self.tunnel()["taken"]) > 0)

    def test_b_many_at_once(self):
        def one(number):
            return exchange(f"{(self.holder, self.other)[number % 2]}/hidden/{number}")[0]
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            self.assertEqual(set(pool.map(one, range(300))), {200})
        until("new ones wait", lambda: self.stands())

    def test_c_it_is_paid_verified_and_seen(self):
        sent = 20
        before = sum(int(log["root"]["sums"]["requests"]) for log in self.lease()["logs"])
        for number in range(sent):
            self.assertEqual(exchange(f"{self.holder}/hidden/{number}?log")[0], 200)
        until("the requests are billed", lambda: sum(
            int(log["root"]["sums"]["requests"]) for log in self.lease()["logs"]) >= before + sent, 60)
        self.assertGreater(int(self.lease()["paid"]), 0)
        self.assertIs(self.owner("verify", self.lease()["id"], "--leaves", 50)["clean"], True)
        self.assertIn("a line for the log", self.owner.run("logs", "hidden", json_output=False).out)
        self.assertGreater(int(self.owner("metrics", "hidden")[0]["meter"]["served"]), sent)

    def test_c_what_streams_does_so_through_it_and_is_billed(self):
        before = sum(int(log["root"]["sums"]["requests"]) for log in self.lease()["logs"])
        for url in (self.holder, self.other):
            for _ in range(2):
                self.assertEqual(exchange(f"{url}/hidden/?stream-")[2], b"data: one\n\ndata: two\n\n")
                self.assertEqual(exchange(f"{url}/hidden/")[0], 200)
        until("the requests are billed", lambda: sum(
            int(log["root"]["sums"]["requests"]) for log in self.lease()["logs"]) >= before + 8, 60)

    def test_d_status_and_doctor_show_it(self):
        text = run_fogcoin(["--dir", self.host.folder, "--node", self.node.url, "status"], "foghost").out
        self.assertIn(f"Tunnel    to {self.holder} stands", text)
        checks = {each["check"]: each for each in self.host("doctor")}
        self.assertIs(checks["tunnel"]["good"], True)

    def test_e_strangers_get_no_tunnel_and_lead_nowhere(self):
        address, port = self.holder.removeprefix("http://").split(":")
        for body in (b"", b"x" * 100, bytes(400), b"x" * 100_000):
            with socket.create_connection((address, int(port))) as line:
                line.sendall(b"POST /.fog/tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: fog-tunnel\r\n"
                             + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                self.assertRegex(line.recv(4096).decode(), r"^HTTP/1.1 4\d\d ")
        self.assertEqual(exchange(f"{self.holder}/.fog/host/{'02' * 33}/.fog/health")[0], 502)
        self.assertEqual(exchange(f"{self.holder}/.fog/host/nobody/.fog/health")[0], 404)
        self.assertEqual(exchange(f"{self.other}{self.owner('host', 'show', self.host.id)['endpoint'][len(self.holder):]}"
                                  "/.fog/health")[0], 502)

    def test_f_the_gateway_starts_again(self):
        self.stage.gateways["holder"].program.kill()
        until("the Host says so", lambda: self.tunnel()["why"] != "", 60)
        self.stage.gateways["holder"].start()
        until("it stands again", self.stands, 90)
        for url in (self.holder, self.other):
            until("the service answers", lambda: exchange(f"{url}/hidden/")[0] == 200, 60)

    def test_g_the_host_and_its_front_start_again(self):
        for what in ("front", "agent"):
            self.host.kill(what)
            for url in (self.holder, self.other):
                until("the service answers", lambda: exchange(f"{url}/hidden/")[0] == 200, 60)
        until("it stands again", self.stands, 60)

    def test_z_a_gateway_takes_only_whose_it_wants(self):
        holder = self.stage.gateways["holder"]
        holder.program.kill()
        holder.options = ("--tunnels", "0x" + "11" * 32)
        holder.start()
        until("the Host is told", lambda: "takes no tunnels of that Host" in self.tunnel()["why"], 90)
        holder.program.kill()
        holder.options = ("--tunnels", self.host.id)
        holder.start()
        until("it stands again", self.stands, 90)


if __name__ == "__main__":
    fogtest.main()
