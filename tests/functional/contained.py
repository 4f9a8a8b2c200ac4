"""A service in a container, on a network of its own."""
import json
import subprocess

from fogtest import ROOT, http as exchange, run_fogcoin
from served import ServedTest

GUEST = ROOT / "tests/functional/container_guest.c"
BID = {"replicas": 1, "resources": {"cpu_milli": 1000, "memory_mib": 128, "storage_mib": 64},
       "price_cap_per_hour": "5 FOG"}


def run(*words, **more):
    subprocess.run([str(word) for word in words], check=True, capture_output=True, **more)


def make_image(folder, config, kind="oci-archive", extra=lambda rootfs: None):
    """An image in a file, as skopeo writes it; `config`: words for `umoci config`."""
    layout, bundle, out = folder / "layout", folder / "bundle", folder / f"{kind}.tar"
    run("umoci", "init", "--layout", layout)
    run("umoci", "new", "--image", f"{layout}:image")
    run("umoci", "unpack", "--image", f"{layout}:image", bundle)
    rootfs = bundle / "rootfs"
    (rootfs / "srv").mkdir()
    run("gcc", "-O1", "-static", "-o", rootfs / "srv/guest", GUEST)
    extra(rootfs)
    run("umoci", "repack", "--image", f"{layout}:image", bundle)
    run("umoci", "config", "--image", f"{layout}:image", *config)
    run("skopeo", "--insecure-policy", "copy", f"oci:{layout}:image", f"{kind}:{out}:guest:latest")
    return out


def doctor_of_containers():
    """What `foghost doctor` says about containers; "" if they run."""
    done = run_fogcoin(["--dir", "/nonexistent/host", "--json", "doctor"], "foghost")
    check = next(check for check in json.loads(done.out) if check["check"] == "containers")
    return "" if check["good"] else check["text"]


class Container(ServedTest):
    config = ("--config.cmd", "/srv/guest")
    kind = "oci-archive"
    bid_terms = BID
    limits = {"wall_ms": 4000, "response_bytes": 3_000_000, "request_bytes": 3_000_000}

    @classmethod
    def prepare(cls):
        folder = cls.stage.folder / "image"
        folder.mkdir()
        make_image(folder, cls.config, cls.kind, cls.extra)
        manifest = folder / "service.json"
        manifest.write_text(json.dumps({
            "name": cls.service, "runtime": "container", "artifact": f"{cls.kind}.tar", "port": cls.port,
            "limits": cls.limits, "env": {"GREETING": "good day"}, "bid": cls.bid_terms}))
        cls.serve(cls.service, manifest, seconds=90)

    @staticmethod
    def extra(rootfs):
        pass

    @classmethod
    def ask(cls, path, method="GET", body=None, headers=None):
        answer = exchange(f"{cls.url}/{cls.service}{path}", method, body, headers or {})
        return answer

    def text(self, path):
        status, _, body = self.ask(path)
        self.assertEqual(status, 200, body)
        return body.decode()
