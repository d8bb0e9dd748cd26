# SPDX-License-Identifier: Apache-2.0
"""The recorded requests and answers of each protocol, one folder each: what goes over the wire, and what may come back.

    args           arguments of `fetch`, one a line
    url            further ones that say where, for a protocol that does not know by itself
    mock.toml      what the mock STS is asked, and says: see tests/e2e/protocol/test_every_protocol.py
    request.http   the request, byte for byte; lines end in LF here, and the last LF is not sent
    answer-*       bodies; a time is written as @RFC3339+900@, @EPOCH+900@, @EXPONENT+900@
    answers        a line for each: file, status, exit status, then lifetime and token, or words of the message
"""
import datetime
import pathlib
import re
import time
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
SUBJECT = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
NAMES = sorted(path.parent.name for path in HERE.glob("*/request.http"))


@dataclass
class Answer:
    file: str
    status: int
    exit: int
    words: str
    body: bytes


def _time(match):
    at = int(time.time()) + int(match[2])
    if match[1] == b"EPOCH":
        return str(at).encode()
    if match[1] == b"EXPONENT":
        return f"{at / 1e9:.9f}E9".encode()
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ").encode()


def fill(body):
    return re.sub(rb"@(EPOCH|EXPONENT|RFC3339)([+-]\d+)@", _time, body)


class Recorded:
    def __init__(self, name):
        self.name, self.folder = name, HERE / name

    def _lines(self, file):
        path = self.folder / file
        return path.read_text().splitlines() if path.exists() else []

    @property
    def args(self):
        return self._lines("args")

    @property
    def url(self):
        return self._lines("url")

    def request(self, version):
        head, _, body = (self.folder / "request.http").read_text().replace("VERSION", version).partition("\n\n")
        return head.replace("\n", "\r\n") + "\r\n\r\n", body.removesuffix("\n")

    @property
    def host(self):
        """The host of the request, without a port."""
        return re.search(r"^Host: ([^:\n]+)", (self.folder / "request.http").read_text(), re.M)[1]

    def body(self, file):
        return fill((self.folder / file).read_bytes())

    @property
    def answers(self):
        for line in self._lines("answers"):
            if not line.startswith("#"):
                file, status, exit_status, words = line.split(" ", 3)
                yield Answer(file, int(status), int(exit_status), words, self.body(file))
