#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Downloads the suites of other projects that judge our readers of HTTP and JSON, and prints the folder that they are in.

    tests/judges/fetch.py

pip downloads the source packages of requirements.txt, which has their digests. apt downloads the package of Go's sources, of which the files
of GO are kept, if they have the digests that are named there. Run it with the Python of the tests (.venv), which has what pip needs to look
into a source package. What is downloaded stays in $STS_JUDGES_CACHE (by default ~/.cache/sts-sidecar-judges), in a folder that has the digest
of the pins as its name. Nothing of it is executed.
"""
import hashlib
import pathlib
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

import downloads  # noqa: E402
from downloads import Unavailable  # noqa: E402

PINS = HERE / "requirements.txt"
GO_PACKAGE, GO_FOLDER = "golang-1.19-src", "./usr/share/go-1.19/src/net/http/"
GO = {
    "response_test.go": "8b399c04ff69d287f78fe5c119217750698534edec7ba16e1501709e2a520707",
    "transport_test.go": "f1fb11fadfc26f6f0852503d77f9b85747a730489ab3d40b983ab9d1a8604f9b",
    "clientserver_test.go": "fde8665f9292f820996934c20c5bec35f4a1f7ae5661706a088ed17ad52b9de8",
    "internal/chunked_test.go": "646c6406de0a6c7fb46df31e90aacec7c4ca1c829311a086f3d8dad5224b0e8a",
}


def folder():
    """Where the suites of the present pins are, or will be."""
    return downloads.folder("STS_JUDGES_CACHE", "sts-sidecar-judges", PINS.read_bytes() + repr((GO_PACKAGE, GO)).encode())


def fetch_python(to):
    downloads.run("a source package of tests/judges/requirements.txt", sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
                  "--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--require-hashes", "--requirement", PINS, "--dest", to, cwd=to)


def fetch_go(to):
    package = downloads.debian_package(GO_PACKAGE, to)
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpacked:
        with tarfile.open(fileobj=unpacked.stdout, mode="r|") as tar:
            found = {entry.name.removeprefix(GO_FOLDER): tar.extractfile(entry).read() for entry in tar
                     if entry.name.removeprefix(GO_FOLDER) in GO}
    package.unlink()
    for name, digest in GO.items():
        if hashlib.sha256(found.get(name, b"")).hexdigest() != digest:
            raise Unavailable(f"{package.name}: {name} is not the file that is pinned in tests/judges/fetch.py")
        (to / "go" / name).parent.mkdir(parents=True, exist_ok=True)
        (to / "go" / name).write_bytes(found[name])


def fetch_all(to):
    fetch_python(to)
    fetch_go(to)
    return to


def fetch():
    return downloads.fetch(folder(), fetch_all)


if __name__ == "__main__":
    try:
        print(fetch())
    except Unavailable as error:
        sys.exit(f"tests/judges/fetch.py: {error}")
