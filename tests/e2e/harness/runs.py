# SPDX-License-Identifier: Apache-2.0
"""Long runs: a mock STS, a subject token that it trusts, and the program beside it. Test modules import the fixtures."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import tempfile
import time

import jwt
import pytest

from harness import tokens
from harness.mock import Mock, wait_for
from harness.sidecar import Space, check_no_bug

USER = "/vault/token/user"
# A life for which the floor of 5 s decides: every refresh comes 5 to 6 s after the one before.
SHORT = "7s"
FLOOR_S = 5
# What a line about a success has, in this order.
SUCCESS = ["level", "ts", "msg", "exchange", "expires", "lifetime_s", "next_refresh_s", "duration_ms"]


def wait_for_status(read, wanted):
    def look():
        with contextlib.suppress(FileNotFoundError):
            status = read()
            return status if wanted.items() <= status.items() else None
    return wait_for(look, f"the status {wanted}")


class Rig:
    """One STS, one output directory."""

    def __init__(self, sidecar, folder, *serve, **more):
        self.sidecar, self.folder = sidecar, pathlib.Path(tempfile.mkdtemp(dir=folder, prefix="rig-"))
        self.folder.chmod(0o755)
        self.space = Space(self.folder)
        (self.folder / "sts").mkdir()
        self.mock = Mock(self.folder / "sts", *serve, **more)
        self.ca_file = self.space.write("ca.crt", (self.mock.folder / "ca.pem").read_bytes())
        self.token_file = self.space.write("sts-token", self.mock.mint())
        self.out = self.space.out
        self.log_file = self.folder / "stderr"
        self.processes = []

    @property
    def url(self):
        return f"https://localhost:{self.mock.port}{USER}"

    def close(self):
        for process in self.processes:
            process.__exit__()
        self.mock.close()
        if self.log_file.exists():
            check_no_bug(self.log_file.read_text(errors="replace"))

    def start(self, *args, log=True, **more):
        if log:
            with open(self.log_file, "ab") as stderr:
                process = self.sidecar.start(*args, stderr=stderr, **more)
        else:
            process = self.sidecar.start(*args, **more)
        self.processes.append(process)
        return process

    def options(self, **options):
        """The options of run and fetch. An option with the value None is left out."""
        usual = {"url": self.url, "protocol": "openunison", "token-file": self.token_file, "output-dir": self.out,
                 "cacert-path": self.ca_file, "timeout": "5s"}
        usual |= {key.replace("_", "-"): value for key, value in options.items()}
        return [word for key, value in usual.items() if value is not None for word in (f"--{key}", str(value))]

    def run(self, *flags, options=(), **more):
        return self.start("run", *self.options(**dict(options)), *flags, **more)

    def exchange(self, *flags, **more):
        return self.start("exchange", f"--cacert-path={self.ca_file}", *flags, self.token_file, self.url, self.out, **more)

    def command(self, *args, **more):
        return self.sidecar.run(*args, **more)

    def lines(self):
        """The log so far, without the line that only says which layers of the sandbox hold."""
        if not self.log_file.exists():
            return []
        text = self.log_file.read_text()
        return [line for line in map(json.loads, text[:text.rfind("\n") + 1].splitlines()) if line["msg"] != "started"]

    def said(self, words, count=1, patience_s=20):
        """Wait for so many lines with these words in their message."""
        def look():
            found = [line for line in self.lines() if words in line["msg"]]
            return found if len(found) >= count else None
        return wait_for(look, f"{count} lines with {words!r}, log: {self.lines()}", patience_s)

    def requests(self, path=USER):
        text = self.mock.log.read_text() if self.mock.log.exists() else ""
        return [entry for entry in map(json.loads, text[:text.rfind("\n") + 1].splitlines()) if entry.get("path") == path]

    def asked(self, count, path=USER, patience_s=20):
        return wait_for(lambda: (seen := self.requests(path)) and len(seen) >= count and seen, f"{count} requests for {path}", patience_s)

    def has_token(self, patience_s=20):
        wait_for((self.out / "expires").exists, f"a token, log: {self.lines()}", patience_s)

    def has_refreshed(self):
        """Wait for the first token, for its line in the log, which comes after the files, and for the status, which comes after the line."""
        self.has_token()
        self.said("token refreshed")
        self.shows(state="ok")

    def token(self):
        return (self.out / "token.jwt").read_text()

    def claims(self):
        return jwt.decode(self.token(), options={"verify_signature": False})

    def status(self):
        lines = (self.out / ".status").read_text().splitlines()
        return dict(line.partition(" ")[::2] for line in lines[1:])

    def shows(self, **wanted):
        """Wait for a status with these words. It is written after the line in the log."""
        return wait_for_status(self.status, wanted)

    def stop(self, process, number=signal.SIGTERM):
        process.signal(number)
        return process.wait(10)


@pytest.fixture
def rig(sidecar, folder):
    """rig(*arguments of `mock-sts serve`): a new one."""
    with contextlib.ExitStack() as stack:
        def make(*serve, **more):
            return stack.enter_context(contextlib.closing(Rig(sidecar, folder, *serve, **more)))
        yield make


class Projected:
    """A projected volume as the kubelet keeps it: a timestamped folder, ..data that points at it, and a link per file. The steps of an
    update, in the order of the kubelet's atomic writer."""

    def __init__(self, folder, name, text):
        self.folder, self.name, self.count = folder, name, 0
        folder.mkdir()
        folder.chmod(0o755)
        first = self._payload(text)
        os.symlink(first, folder / "..data")
        os.symlink(f"..data/{name}", folder / name)

    @property
    def path(self):
        return self.folder / self.name

    def _payload(self, text):
        self.count += 1
        made = pathlib.Path(tempfile.mkdtemp(dir=self.folder, prefix=time.strftime("..%Y_%m_%d_%H_%M_%S.")))
        made.chmod(0o755)
        (made / self.name).write_text(text)
        (made / self.name).chmod(0o644)
        return made.name

    def swap(self, text):
        old = os.readlink(self.folder / "..data")
        new = self._payload(text)
        os.symlink(new, self.folder / "..data_tmp")
        os.rename(self.folder / "..data_tmp", self.folder / "..data")
        shutil.rmtree(self.folder / old)

    def touch(self):
        """What happens in a folder without the token being another one."""
        (self.folder / "other").write_text(str(self.count))
        os.rename(self.folder / "other", self.folder / "another")


@pytest.fixture
def running(sidecar, serve, space):
    """`run` that has a token and sleeps, and the server that gave it."""
    server = serve(tokens.openunison(tokens.issued(), thumbprint=None))
    with sidecar.start("run", "--url", server.url(USER), "--protocol", "openunison", "--token-file", space.token_file,
                       "--output-dir", space.out, "--cacert-path", space.ca_file) as process:
        wait_for((space.out / "expires").exists, "a token")
        wait_for(lambda: process.children() == [], "the end of the worker")
        yield process, server
