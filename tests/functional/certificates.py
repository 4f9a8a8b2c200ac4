"""Certificates for servers of TLS, which sign themselves."""
import os
import subprocess


def make_certificate(folder, name, *more):
    """fullchain.pem and privkey.pem in the folder, for these names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ",".join(f"DNS:{one}" for one in (name, *more))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "30", "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}", "-keyout",
                    folder / "privkey.new", "-out", folder / "fullchain.new"], check=True, capture_output=True)
    # Key first: until both are there the old pair stays in use.
    os.replace(folder / "privkey.new", folder / "privkey.pem")
    os.replace(folder / "fullchain.new", folder / "fullchain.pem")
