# SPDX-License-Identifier: Apache-2.0
"""Certificates for both sides, made for each run: a CA for the servers, one for the clients, and one that the servers do not know."""
import functools
import subprocess

from harness import pki
from matrix import CERTIFICATES

PASSWORD = "changeit"  # of key stores, which want one


class Certificates:
    def __init__(self, folder):
        self.folder = folder
        self.authorities = {name: pki.authority(cn=f"{name} CA") for name in ("servers", "clients", "strangers")}
        for name, authority in self.authorities.items():
            (folder / f"{name}-ca.pem").write_bytes(authority.pem)

    def ca(self, name):
        return self.folder / f"{name}-ca.pem"

    @functools.cache
    def server(self, kind):
        """Paths of certificate and key. Each has a subject of its own: NSS gives certificates with the same subject the same nickname."""
        return pki.server(self.authorities["servers"], cn=f"server {kind}", key=CERTIFICATES[kind][0]).files(self.folder)

    @functools.cache
    def client(self, kind):
        issuer, key = ("strangers", "ec") if kind == "unknown" else ("clients", CERTIFICATES[kind][0])
        return pki.issue(self.authorities[issuer], cn=f"client {kind}", purpose="client", key=key).files(self.folder)

    @functools.cache
    def joined(self, kind):
        """Certificate and key of a server in one file."""
        path = self.folder / f"{kind}.pem"
        path.write_bytes(b"".join(open(file, "rb").read() for file in self.server(kind)))
        return path

    @functools.cache
    def pkcs12(self, kind):
        path = self.folder / f"{kind}.p12"
        cert, key = self.server(kind)
        subprocess.run(["openssl", "pkcs12", "-export", "-in", cert, "-inkey", key, "-name", kind, "-passout", f"pass:{PASSWORD}",
                        "-out", path], check=True, timeout=30)
        return path
