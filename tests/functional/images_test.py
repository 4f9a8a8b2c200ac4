#!/usr/bin/env python3
"""Where containers come from and what they keep: images by digest from a registry, images larger than memory's share,
volumes, secrets. Skipped, with the reason, where this machine cannot run containers."""
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import threading
import unittest

import fogtest
from fogtest import http as exchange, until
from contained import doctor_of_containers, make_image
from dev_test import Dev
from served import ServedTest

SKIP = unittest.skipIf(doctor_of_containers(), f"no containers here: {doctor_of_containers()}")
MIB = int(os.environ.get("FOG_IMAGE_MIB", "150"))  # of the large one; more than a program may have in memory
VALUE = "hunter2-and-more"


class Registry:
    """Serves what stands in OCI layouts, as the distribution specification of OCI says; the bytes under one digest can
    be made to lie."""

    def __init__(self, layout):
        registry = self
        self.layout, self.asked, self.lie = layout, [], None

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                registry.asked.append(self.path)
                if self.path == "/v2/":
                    return self.answer(200, b"{}", "application/json")
                kind, digest = self.path.split("/")[-2:]
                file = registry.layout / "blobs" / digest.replace(":", "/")
                if kind not in ("manifests", "blobs") or not file.is_file():
                    return self.answer(404, b"{}", "application/json")
                content = file.read_bytes()
                if digest == registry.lie:
                    content = content[:-1] + bytes([content[-1] ^ 1])
                kind = "application/vnd.oci.image.manifest.v1+json" if kind == "manifests" else "application/octet-stream"
                self.answer(200, content, kind)

            do_HEAD = do_GET

            def answer(self, status, content, kind):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Docker-Content-Digest", "sha256:" + hashlib.sha256(content).hexdigest())
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.name = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def image(self):
        """(name@digest, the digest of a layer)"""
        index = json.loads((self.layout / "index.json").read_text())
        digest = index["manifests"][0]["digest"]
        manifest = json.loads((self.layout / "blobs" / digest.replace(":", "/")).read_text())
        return f"{self.name}/tests/guest@{digest}", manifest["layers"][-1]["digest"]


class Stored(ServedTest):
    storage_mib, volumes, secrets = 64, {}, []

    @classmethod
    def write_manifest(cls, folder, name, **program):
        path = folder / f"{name}.json"
        path.write_text(json.dumps({
            "name": name, "runtime": "container", "port": 8080, "volumes": cls.volumes, "secrets": cls.secrets,
            "limits": {"wall_ms": 20000, "request_bytes": 1_000_000}, **program,
            "bid": {"replicas": 1, "price_cap_per_hour": "5 FOG",
                    "resources": {"cpu_milli": 1000, "memory_mib": 128, "storage_mib": cls.storage_mib}}}))
        return path

    @classmethod
    def ask(cls, path, method="GET", body=None):
        return exchange(f"{cls.url}/{cls.name}{path}", method, body, {})

    def text(self, path, *more):
        status, _, body = self.ask(path, *more)
        self.assertEqual(status, 200, body)
        return body.decode()

    def restart_container(self):
        starts = self.host_log().count("its worker ended")
        self.ask("/exit")
        until("it is started again", lambda: self.host_log().count("its worker ended") > starts, 60)
        until("it answers again", lambda: self.ask("/")[0] == 200, 60)

    def host_log(self):
        return self.host.program.log.read_text()


@SKIP
class FromRegistry(Stored):
    """Pulled by the Host, by digest, from a registry that its configuration names."""

    @classmethod
    def prepare(cls):
        folder = cls.stage.folder / "image"
        folder.mkdir()
        make_image(folder, ("--config.cmd", "/srv/guest"))
        cls.registry = Registry(folder / "layout")
        cls.image, cls.layer = cls.registry.image()
        cls.serve("pulled", cls.write_manifest(folder, "pulled", image=cls.image), seconds=90,
                  registries=cls.registry.name)

    def test_it_answers(self):
        self.assertEqual(self.text("/"), "hello from a container\n")
        digest = self.image.split("@")[1]
        self.assertTrue(any(path.endswith(f"/manifests/{digest}") for path in self.registry.asked))
        shown = self.owner("service", "show", "pulled")["manifest"]
        self.assertEqual((shown["image"] + "@sha256:" + shown["artifact"].removeprefix("0x"), shown["artifact_bytes"]),
                         (self.image, "0"))
        self.assertIn("nothing is uploaded", self.owner.fails(2, "service", "upload", self.stage.folder / "image/pulled.json"))

    def test_its_publisher_runs_it_at_home(self):
        dev = Dev(self.stage, self.stage.folder / "image", name="pulled.json")
        until("it listens", lambda: dev.ask()[0] == 200)
        self.assertEqual(dev.ask()[2], b"hello from a container\n")
        self.assertEqual(dev.program.stop(), 0)

    def declined(self, name, why, **program):
        folder = self.stage.folder / "image"
        manifest = self.write_manifest(folder, name, **program)
        self.owner("service", "publish", manifest)
        bid = self.owner("bid", "create", manifest)["bid"]
        until(f"the Host says {why}", lambda: why in self.host_log(), 60)
        self.owner("bid", "close", bid)
        self.assertEqual(self.text("/"), "hello from a container\n")

    def another_image(self, name):
        """Its layout. What the Host has already it asks nobody for."""
        folder = self.stage.folder / f"image-{name}"
        folder.mkdir()
        make_image(folder, ("--config.cmd", "/srv/guest"), extra=lambda rootfs: (rootfs / "srv/x").write_text(name))
        return folder / "layout"

    def test_a_registry_that_the_host_does_not_name(self):
        other = Registry(self.another_image("x"))
        self.declined("stranger", f"this Host pulls no images from {other.name}", image=other.image()[0])
        self.assertEqual(other.asked, [])

    def test_a_layer_that_is_not_what_its_digest_says(self):
        self.registry.layout, before = self.another_image("y"), self.registry.layout
        image, self.registry.lie = self.registry.image()
        try:
            self.declined("lied", "the image cannot be pulled", image=image)
        finally:
            self.registry.layout, self.registry.lie = before, None


@SKIP
class Large(Stored):
    """An image of which more stands on disk than a program may have in memory. FOG_IMAGE_MIB makes it larger."""
    storage_mib = MIB + 400

    @classmethod
    def prepare(cls):
        folder = cls.stage.folder / "image"
        folder.mkdir()
        make_image(folder, ("--config.cmd", "/srv/guest"),
                   extra=lambda rootfs: cls.make_noise(rootfs / "srv/noise"))
        assert (folder / "oci-archive.tar").stat().st_size > MIB << 20
        cls.serve("large", cls.write_manifest(folder, "large", artifact="oci-archive.tar"), seconds=300)

    def test_it_answers(self):
        self.assertEqual(self.text("/"), "hello from a container\n")
        self.assertEqual(self.text("/open/srv/noise"), "EROFS")

    @staticmethod
    def make_noise(path):
        with open(path, "wb") as file:
            for _ in range(MIB):
                file.write(os.urandom(1 << 20))

    def test_a_gateway_gives_the_rest_of_a_file(self):
        digest = self.owner("service", "show", "large")["manifest"]["artifact"].removeprefix("0x")
        size = (self.stage.folder / "image/oci-archive.tar").stat().st_size
        status, fields, body = exchange(f"{self.url}/.fog/artifacts/{digest}", "GET", None, {"Range": f"bytes={size - 10}-"})
        self.assertEqual((status, fields["Content-Range"], len(body)), (206, f"bytes {size - 10}-{size - 1}/{size}", 10))
        self.assertEqual(exchange(f"{self.url}/.fog/artifacts/{digest}", "GET", None, {"Range": f"bytes={size}-"})[0], 200)


@SKIP
class Keeps(Stored):
    """Volumes and a secret."""
    storage_mib, volumes, secrets = 64, {"/data": 16, "/srv/more": 8}, ["GREETING"]

    @classmethod
    def prepare(cls):
        folder = cls.stage.folder / "image"
        folder.mkdir()
        make_image(folder, ("--config.cmd", "/srv/guest", "--config.user", "1000:1000"))
        cls.serve("keeps", cls.write_manifest(folder, "keeps", artifact="oci-archive.tar"), seconds=90)

    @classmethod
    def before_bid(cls):
        value = cls.stage.folder / "value"
        value.write_text(VALUE + "\n")
        cls.owner("secret", "set", cls.name, "GREETING", "--file", value)
        value.unlink()

    def test_what_is_written_to_a_volume_stays_while_the_lease_lasts(self):
        self.assertEqual(self.text("/write/data/note", "PUT", b"remember"), "ok")
        self.assertEqual(self.text("/write/srv/more/note", "PUT", b"this too"), "ok")
        self.assertEqual(self.text("/write/srv/note", "PUT", b"x"), "EROFS")
        self.restart_container()
        self.assertEqual(self.text("/read/data/note"), "remember")
        self.host.program.kill()
        self.host.start()
        until("it answers again", lambda: self.ask("/")[0] == 200, 60)
        self.assertEqual((self.text("/read/data/note"), self.text("/read/srv/more/note")), ("remember", "this too"))

    def test_a_volume_has_its_size_and_no_more(self):
        written, why = self.text("/fill/data/full").split()
        self.assertEqual(why, "ENOSPC")
        self.assertLess(int(written), 16 << 20)
        self.assertGreater(int(written), 8 << 20)
        self.assertEqual(self.text("/write/srv/more/x", "PUT", b"room here"), "ok")

    def test_the_secret_is_in_its_environment_and_nowhere_on_disk(self):
        self.assertEqual(self.text("/greeting"), VALUE)
        for folder in (self.host.folder, self.stage.gateways["gateway"].folder):
            found = subprocess.run(["grep", "-rlaF", VALUE, folder], capture_output=True, text=True)
            self.assertEqual(found.stdout, "")
        self.assertNotIn(VALUE, self.host_log())

    def test_zz_volumes_are_wiped_with_the_lease(self):
        def files():
            return [path.name for path in pathlib.Path(self.host.folder / "volumes").rglob("*.img")]
        self.assertEqual(sorted(files()), ["0.img", "1.img"])
        self.owner("bid", "close", self.bid)
        until("they are gone", lambda: not files(), 60)


del ServedTest, Stored  # which are no tests

if __name__ == "__main__":
    fogtest.main()
