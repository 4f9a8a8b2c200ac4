#!/usr/bin/env python3
"""Container services: images made with public tools run on a Host, answer, and get out of nothing. Skipped, with the
reason, where this machine cannot run containers."""
import concurrent.futures
import json
import os
import stat
import subprocess
import time
import unittest

import fogtest
from contained import Container, doctor_of_containers, make_image
from fogtest import until

@unittest.skipIf(doctor_of_containers(), f"no containers here: {doctor_of_containers()}")
class Guest(Container):
    service, port = "guest", 8080

    @staticmethod
    def extra(rootfs):
        # As good as any disk of the computer.
        os.mknod(rootfs / "srv/device", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        os.chmod(rootfs / "srv/device", 0o666)

    def test_it_answers_as_it_wants(self):
        self.assertEqual(self.text("/"), "hello from a container\n")
        self.assertEqual(self.text("/port"), "8080")
        self.assertEqual(self.text("/greeting"), "good day")
        status, fields, body = self.ask("/echo", "POST", b"\0\1\2" * 1000)
        self.assertEqual((status, fields["Content-Type"], fields["X-From"]), (201, "application/x-echo", "container"))
        self.assertEqual(body, b"\0\1\2" * 1000)

    def test_requests_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            bodies = [os.urandom(20_000) for _ in range(64)]
            answers = list(pool.map(lambda body: self.ask("/echo", "PUT", body), bodies))
        self.assertEqual([answer[2] for answer in answers], bodies)

    def test_the_head_that_it_gets(self):
        _, _, head = self.ask("/head", headers={"X-Mine": "yes", "Connection": "keep-alive"})
        lines = head.decode().lower().split("\r\n")
        self.assertEqual(lines[0], "get /head http/1.1")
        self.assertIn("x-mine: yes", lines)
        self.assertEqual([line for line in lines if line.startswith("fog-")], [])

    def test_answers_in_every_form(self):
        self.assertEqual(self.text("/chunked"), "hello again")
        status, fields, body = self.ask("/until-close")
        self.assertEqual((status, fields["X-Old"], body), (200, "yes", b"until the end"))
        status, _, body = self.ask("/", "HEAD")
        self.assertEqual((status, body), (200, b""))

    def test_no_answer_is_502_and_the_next_request_is_served(self):
        for path in ("/garbage", "/silence", "/bomb-length", "/upgrade", "/flood-output"):
            with self.subTest(path):
                status, _, body = self.ask(path)
                self.assertEqual(status, 502, body)
                self.assertIn(b"The service", body)
        started = time.monotonic()
        self.assertEqual(self.ask("/sleep")[0], 504)
        self.assertLess(time.monotonic() - started, 30)
        self.assertEqual(self.text("/"), "hello from a container\n")

    def test_it_gets_out_of_nothing(self):
        done = dict(line.split(": ") for line in self.text("/escape").splitlines())
        self.assertEqual({name for name, what in done.items() if what == "ok"}, set())
        self.assertEqual(done["write-root"], "EROFS")
        self.assertEqual(done["clone3"], "ENOSYS")
        for place in ("169.254.169.254", "8.8.8.8", "10.0.0.1"):
            self.assertEqual(done[place], "ENETUNREACH")

    def test_it_sees_nothing_of_the_computer(self):
        self.assertLessEqual(set(self.text("/list").split()),
                             {".", "..", "srv", "proc", "dev", "tmp", "run", "var", "etc"})
        self.assertEqual(set(self.text("/list/proc/self/fd/").split()) & {"9", "10", "11", "12"}, set())
        processes = [int(name) for name in self.text("/list/proc").split() if name.isdigit()]
        self.assertLess(len(processes), 40)
        self.assertEqual(set(self.text("/list/dev").split()) & {"sda", "vda", "mem", "kmsg", "fuse", "kvm"}, set())

    def test_it_has_what_every_program_expects(self):
        for name in ("null", "zero", "full", "random", "urandom"):
            self.assertEqual(self.text(f"/open/dev/{name}"), "ok", name)
        self.assertEqual(self.text("/open/etc/hosts"), "EACCES")
        self.assertEqual(self.text("/list/proc/self/ns").split().count("net"), 1)

    def test_floods_end_within_it(self):
        written, why = self.text("/fill/tmp/full").split()
        self.assertEqual(why, "ENOSPC")
        self.assertLessEqual(int(written), 64 << 20)
        children = int(self.text("/bomb"))
        self.assertLess(children, 600)
        self.assertNotEqual(self.ask("/flood-memory")[0], 200)
        until("it answers again", lambda: self.ask("/")[0] == 200, 60)

    def test_it_is_started_again_when_it_ends(self):
        self.ask("/exit")
        until("it answers again", lambda: self.ask("/")[0] == 200, 60)
        lease = self.lease()["id"]
        log = self.host("logs", lease)["text"]
        self.assertIn("listening on 8080", log)
        self.assertIn("the container ended with exit status 3", log)

    def test_it_ends_with_the_agent(self):
        def guests():
            found = subprocess.run(["pgrep", "-x", "-c", "guest"], capture_output=True, text=True)
            return int(found.stdout)
        self.assertGreater(guests(), 0)
        self.host.program.kill()
        until("no container is left", lambda: guests() == 0, 10)
        self.host.start()
        until("it answers again", lambda: self.ask("/")[0] == 200, 60)

    def test_an_image_that_unpacks_to_too_much(self):
        folder = self.stage.folder / "large"
        folder.mkdir()
        make_image(folder, self.config, extra=lambda rootfs: (rootfs / "zeros").write_bytes(bytes(100 << 20)))
        self.assertLess((folder / "oci-archive.tar").stat().st_size, 2 << 20)
        manifest = folder / "service.json"
        manifest.write_text(json.dumps({"name": "large", "runtime": "container", "artifact": "oci-archive.tar",
                                        "bid": self.bid_terms}))
        self.owner("service", "publish", manifest)
        bid = self.owner("bid", "create", manifest)["bid"]
        until("the Host gives the lease back",
              lambda: "the image unpacks to more than the 64 MiB" in self.host.program.log.read_text(), 60)
        self.owner("bid", "close", bid)
        left = [path.name for path in (self.host.folder / "images").iterdir() if path.name.endswith(".part")]
        self.assertEqual(left, [])
        self.assertEqual(self.text("/"), "hello from a container\n")

    def test_it_is_billed_rent_and_requests_and_no_fuel(self):
        self.assertEqual(self.ask("/")[0], 200)
        until("requests are claimed", lambda: self.requests_billed() > 0, 30)
        def processor_ms():
            return sum(int(each["cpu_ms"]) for each in self.host("status")["agent"]["replicas"])
        self.ask("/spin")
        until("the Host shows what it used", lambda: processor_ms() > 1000, 30)
        sums = [log["root"]["sums"] for log in self.lease()["logs"]]
        self.assertEqual({int(each["fuel"]) for each in sums}, {0})


@unittest.skipIf(doctor_of_containers(), f"no containers here: {doctor_of_containers()}")
class DockerArchive(Container):
    """As `docker save` writes it; another user, another folder, a low port, an entry point and a variable."""
    service, port, kind = "archive", 80, "docker-archive"
    config = ("--config.entrypoint", "/srv/guest", "--config.user", "1000:1000", "--config.workingdir", "/srv",
              "--config.env", "GREETING=from the image", "--config.env", "PORT=1")

    @staticmethod
    def extra(rootfs):
        # What an image may try on whoever unpacks it.
        (rootfs / "srv/out").symlink_to("/etc/passwd")
        (rootfs / "srv/up").symlink_to("../../../../../../../../etc")

    def test_it_answers(self):
        self.assertEqual(self.text("/port"), "80")
        self.assertEqual(self.text("/greeting"), "good day")
        self.assertNotIn("shadow", self.text("/list/srv/up"))


class Refused(fogtest.StagedTest):
    def publish(self, content, **more):
        owner, addresses = self.stage.wallet(name=f"wallet-{len(list(self.stage.folder.iterdir()))}")
        file = self.stage.folder / "image.tar"
        file.write_bytes(content)
        manifest = self.stage.folder / "refused.json"
        manifest.write_text(json.dumps({"name": "refused", "runtime": "container", "artifact": str(file), **more}))
        return owner.fails(2, "service", "publish", manifest)

    def test_what_is_no_image(self):
        self.assertIn("is not a container image in a file", self.publish(b"#!/bin/sh\n"))

    def test_a_port_of_what_is_no_container(self):
        self.assertIn("is for `runtime: container` only", self.publish(b"x", runtime="wasm", port=80))


del Container  # which is no test

if __name__ == "__main__":
    fogtest.main()
