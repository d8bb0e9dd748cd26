# SPDX-License-Identifier: Apache-2.0
"""Fixtures that several folders of tests share; each conftest.py takes those that it names. Nothing here leaves loopback; every test has a
limit of its own."""
import contextlib
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

from harness import pki, servers, tokens
from harness.sidecar import Sidecar, Space


def limit_of(seconds):
    """A test that hangs is a test that fails."""
    @pytest.fixture(autouse=True)
    def limit():
        def late(*_):
            raise TimeoutError(f"the test took more than {seconds} s")
        before = signal.signal(signal.SIGALRM, late)
        signal.alarm(seconds)
        yield
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return limit


limit = limit_of(120)


@pytest.fixture(scope="session")
def sidecar():
    program = Sidecar()
    yield program
    shutil.rmtree(program.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ca():
    return pki.authority()


@pytest.fixture(scope="session")
def identity(ca):
    """The ordinary server certificate."""
    return pki.server(ca)


@pytest.fixture
def folder():
    """Like tmp_path, but every user may look into it."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="sts-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def subject():
    return tokens.subject()


@pytest.fixture
def space(folder, ca, subject):
    made = Space(folder)
    made.write("sts-token", subject)
    made.write("ca.crt", ca.pem)
    return made


@pytest.fixture
def mount(space):
    """Mount a tmpfs as the output directory."""
    mounted = []

    def make(options):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(space.out)], capture_output=True, timeout=10)
        if done.returncode != 0:
            pytest.skip("mounting is not allowed here")
        mounted.append(space.out)
    yield make
    for path in mounted:
        subprocess.run(["umount", str(path)], check=True, timeout=10)


@pytest.fixture
def serve(folder, identity):
    """Start a server: serve(answer, stall=..., identity=..., tls=False, blind=True, ...)."""
    with contextlib.ExitStack() as stack:
        def start(answer=b"", *, stall=None, identity=identity, address="127.0.0.1", tls=True, blind=False, **more):
            context = servers.tls_context(identity, folder, **more) if tls else None
            return stack.enter_context(servers.Server(answer, tls=context, stall=stall, blind=blind, address=address))
        yield start


@pytest.fixture
def fetch(sidecar, space):
    """Run `fetch` with the usual options; keyword arguments replace or remove (None) them: fetch(url, "--stdout", deadline="9s")."""
    def run(url, *more, background=False, env=None, uid=None, input=None, **options):
        usual = {"protocol": "openunison", "token-file": space.token_file, "output-dir": space.out, "cacert-path": space.ca_file,
                 "timeout": "20s", "deadline": "30s", "log-format": "text"}
        usual |= {key.replace("_", "-"): value for key, value in options.items()}
        args = ["fetch", *(["--url", url] if url else [])]
        for key, value in usual.items():
            args += [f"--{key}", value] if value is not None else []
        who = {} if uid is None else {"uid": uid}
        if background:
            return sidecar.start(*args, *more, env=env, **who)
        return sidecar.run(*args, *more, env=env, input=input, **who)
    return run
