#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Downloads what the tests of deploy/monitoring/ need, and prints the folder that it is in: Prometheus and promtool, and the CRDs of the Prometheus operator.

    tests/monitoring/fetch.py

apt downloads Debian's package of Prometheus (19 MB), of which two programs are unpacked; nothing is installed. Go downloads the module of the Prometheus operator
(5 MB), of which the files of CRDS are kept, if they have the digests that are named there. What is downloaded stays in $STS_MONITORING_CACHE (by default
~/.cache/sts-sidecar-monitoring), in a folder that has the digest of the pins as its name.
"""
import hashlib
import json
import pathlib
import shutil
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))

import downloads  # noqa: E402
from downloads import Unavailable  # noqa: E402

PACKAGE = "prometheus"
PROGRAMS = ("prometheus", "promtool")
MODULE = "github.com/prometheus-operator/prometheus-operator@v0.92.1"
CRDS_FOLDER = "example/prometheus-operator-crd"
CRDS = {
    "monitoring.coreos.com_podmonitors.yaml": "b0d6a359b39fd7ffe22f3aaa0eb157cf5e2ce22fefee8e3f2b2e222669906285",
    "monitoring.coreos.com_prometheusrules.yaml": "d596a7ed0618fc29c36bb76ecd2ff11affa3595c683d413765097e43a339eb31",
}


def folder():
    """Where the files of the present pins are, or will be."""
    return downloads.folder("STS_MONITORING_CACHE", "sts-sidecar-monitoring", repr((PACKAGE, PROGRAMS, MODULE, CRDS)).encode())


def fetch_programs(to):
    package = downloads.debian_package(PACKAGE, to)
    downloads.run(PACKAGE, "dpkg-deb", "--extract", str(package), str(to / "debian"), cwd=to)
    for name in PROGRAMS:
        (to / "debian/usr/bin" / name).rename(to / name)
    package.unlink()
    shutil.rmtree(to / "debian")


def fetch_crds(to):
    shown = json.loads(downloads.run(MODULE, "go", "mod", "download", "-json", MODULE, cwd=to))
    (to / "crds").mkdir()
    for name, digest in CRDS.items():
        data = (pathlib.Path(shown["Dir"]) / CRDS_FOLDER / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise Unavailable(f"{MODULE}: {name} is not the file that is pinned in tests/monitoring/fetch.py")
        (to / "crds" / name).write_bytes(data)


def fetch_all(to):
    fetch_programs(to)
    fetch_crds(to)
    return to


def fetch():
    return downloads.fetch(folder(), fetch_all)


if __name__ == "__main__":
    try:
        print(fetch())
    except Unavailable as error:
        sys.exit(f"tests/monitoring/fetch.py: {error}")
