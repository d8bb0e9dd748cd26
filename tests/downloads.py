# SPDX-License-Identifier: Apache-2.0
"""What tests download is kept in a cache, in a folder that has the digest of the pins as its name. judges/fetch.py and
tls/wycheproof/fetch.py fill it."""
import hashlib
import os
import pathlib
import shutil
import tempfile


class Unavailable(Exception):
    """Something cannot be downloaded. The message is for people."""


def folder(variable, name, pins):
    """Where the files for these pins are, or will be: in the folder that the variable names, by default ~/.cache/NAME."""
    cache = os.environ.get(variable) or pathlib.Path.home() / ".cache" / name
    return pathlib.Path(cache) / hashlib.sha256(pins).hexdigest()[:16]


def fetch(done, download):
    """Returns the folder done. If it is not there, download(work) downloads into the empty folder work, and returns the folder that becomes
    done: it is there as a whole or not at all."""
    if done.is_dir():
        return done
    done.parent.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="new-", dir=done.parent))
    try:
        download(work).rename(done)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return done
