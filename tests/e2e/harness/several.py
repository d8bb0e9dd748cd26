# SPDX-License-Identifier: Apache-2.0
"""Several exchanges in one process: a configuration file, and an STS in Python that answers each path as a test wants. Test modules import
the fixture `several`."""
import contextlib
import json
import os
import signal
import time
import urllib.parse

import pytest

from harness import tokens
from harness.mock import wait_for
from harness.runs import wait_for_status
from harness.sidecar import check_no_bug


class Several:
    """Exchange NAME sends to /NAME, reads the subject token (or the output of another one), writes to out/NAME."""

    def __init__(self, sidecar, folder, serve, ca):
        self.sidecar, self.folder = sidecar, folder
        self.log_file = folder / "stderr"
        self.config_file = folder / "config.json"
        self.token_file = self.write("sts-token", tokens.subject())
        self.write("ca.crt", ca.pem)
        self.out = folder / "out"
        self.out.mkdir()
        self.out.chmod(0o777)
        self.top = {"protocol": "token-exchange", "cacert-path": [str(folder / "ca.crt")], "timeout": "3s"}
        self.lifetimes, self.failures, self.caps = {}, {}, set()
        self.padding = ""   # makes tokens longer
        self.asked = []     # (time, path, subject token)
        self.processes = []
        self.server = serve(self.answer)
        self.dead = None
        self.serve = serve

    def write(self, name, data):
        path = self.folder / name
        new = self.folder / (name + ".written")
        new.write_bytes(data if isinstance(data, bytes) else data.encode())
        new.chmod(0o644)
        os.rename(new, path)
        return path

    def answer(self, request):
        head, _, body = request.partition(b"\r\n\r\n")
        name = head.split(b" ")[1].decode().strip("/")
        subject = json.loads(body).get("assertion") if body.startswith(b"{") else urllib.parse.parse_qs(body.decode())["subject_token"][0]
        self.asked.append((time.monotonic(), name, subject))
        if name in self.failures:
            return tokens.http(self.failures[name])
        lifetime = self.lifetimes.get(name, 900)
        if name in self.caps:
            lifetime = min(lifetime, int(tokens.expiry(subject) - time.time()))
        return tokens.exchanged(tokens.issued(lifetime, jti=f"{name}-{len(self.asked)}{self.padding}"))

    def hang(self):
        """The URL of an STS that accepts and never answers."""
        if not self.dead:
            self.dead = self.serve(stall="accept")
        return self.dead.url("/")

    def exchange(self, name, reads=None, **options):
        folder = self.out / name
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
        made = {"name": name, "url": self.server.url(f"/{name}", host="localhost"), "output-dir": str(folder),
                "token-file": str(self.out / reads / "token.jwt" if reads else self.token_file)}
        made |= {key.replace("_", "-"): value for key, value in options.items()}
        return {key: value for key, value in made.items() if value is not None}

    def configure(self, *exchanges, text=None, **top):
        top = self.top | {key.replace("_", "-"): value for key, value in top.items()}
        self.write("config.json", text if text is not None else json.dumps(top | {"exchanges": list(exchanges)}))

    def start(self, command="run", *more, **popen):
        with open(self.log_file, "ab") as stderr:
            process = self.sidecar.start(command, "--config", self.config_file, *more, stderr=stderr, **popen)
        self.processes.append(process)
        return process

    def fetch(self, *more, **options):
        return self.sidecar.run("fetch", "--config", self.config_file, "--deadline", "8s", *more, **options)

    def once(self, name, **options):
        """An exchange whose subject tokens may be sent once."""
        return self.exchange(name, protocol="anthropic", param={"federation_rule_id": "fdrl_1", "organization_id": "x"}, **options)

    def lines(self, name=None):
        if not self.log_file.exists():
            return []
        text = self.log_file.read_text()
        found = []
        for line in text[:text.rfind("\n") + 1].splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return [line for line in found if name is None or line.get("exchange") == name]

    def said(self, words, name=None, count=1, patience_s=20):
        def look():
            found = [line for line in self.lines(name) if words in line["msg"]]
            return found if len(found) >= count else None
        return wait_for(look, f"{count} lines with {words!r}, log: {self.lines()}", patience_s)

    def token(self, name):
        return (self.out / name / "token.jwt").read_text()

    def status(self, name):
        lines = (self.out / name / ".status").read_text().splitlines()
        return dict(line.partition(" ")[::2] for line in lines[1:])

    def shows(self, name, **wanted):
        """Wait for a status with these words. It is written after the line in the log."""
        return wait_for_status(lambda: self.status(name), wanted)

    def requests(self, name):
        return [entry for entry in list(self.asked) if entry[1] == name]

    def stop(self, process):
        process.signal(signal.SIGTERM)
        return process.wait(10)

    def close(self):
        for process in self.processes:
            process.__exit__()
        if self.log_file.exists():
            check_no_bug(self.log_file.read_text(errors="replace"))


@pytest.fixture
def several(sidecar, folder, serve, ca):
    with contextlib.closing(Several(sidecar, folder, serve, ca)) as made:
        yield made
