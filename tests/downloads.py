# SPDX-License-Identifier: Apache-2.0
"""What tests download is kept in a cache, in a folder that has the digest of the pins as its name. judges/fetch.py, judges/signatures/vectors.py,
monitoring/fetch.py and tls/wycheproof/fetch.py fill it."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

LIMIT_S = 600


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


def run(what, *command, cwd, **more):
    """Runs the command that downloads this, and returns its standard output. Whatever goes wrong is Unavailable, in words."""
    try:
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S, **more)
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is not there: tools/setup.sh test installs it") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{what}: {command[0]} did not end within {LIMIT_S // 60} minutes") from None
    if done.returncode:
        raise Unavailable(f"{what} cannot be downloaded; is there no network?\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def debian_package(name, to):
    """Downloads a package of Debian into the folder, and returns its path. apt checks the signature of the archive. Lists that are too old, or
    missing, are renewed once."""
    command = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", name]
    try:
        run(name, *command, cwd=to)
    except Unavailable:
        run("the lists of Debian's packages", "apt-get", "update", "-qq", cwd=to)
        run(name, *command, cwd=to)
    return next(to.glob(f"{name}_*.deb"))
