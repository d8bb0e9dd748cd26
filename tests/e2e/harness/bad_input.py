# SPDX-License-Identifier: Apache-2.0
"""Bad input, one row each: how it is made, the exit status, the one line that is printed last, and nothing on disk touched. The tables of rows
are beside the other tests of their subject."""
import re
from dataclasses import dataclass, field

import pytest

from harness import servers, tokens
from harness.sidecar import UID
from harness.tokens import http

OLD = ("old.token.value", "2030-01-01T00:00:00Z")
# What follows a message: the fields of the line, or what to do about an option.
MESSAGE = re.compile(r"^(?:\S+Z error|sts-sidecar): (.*?)(?: (?:exchange|error)=\"|; (?:see|give) )")
SAYS_WHAT_NEXT = re.compile(r"[(:;.,\-]\s*\S+\s+\S+")


@dataclass
class Row:
    name: str
    status: int
    error: str                          # the code of the error, as in lib/base/error.h; None: a mistake in the options
    says: str                           # found in the message of the last line on stderr, which ends before the hint
    hint: str = ""                      # stands in the line
    answer: object = None               # bytes, or an Answer; None: a good answer
    prepare: object = None              # called with the Space before the run
    path: str = "/vault/token/user"
    url: object = None                  # instead of the server's: a function of its port
    protocol: str = "openunison"
    server: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)
    more: tuple = ()
    asked: object = True                # whether the request may reach the server; None: either
    retried: bool = False               # then the deadline is what ends the run
    needs_user: bool = False            # root ignores the modes of files


def head(*lines, body=b"", status=b"HTTP/1.1 200 OK"):
    return b"\r\n".join([status, *lines]) + b"\r\n\r\n" + body


def good():
    return tokens.openunison(tokens.issued())


def cut(data, at):
    return servers.Answer(data[:at], "abrupt")


def value(**changes):
    """A good answer of openunison with other members in its token."""
    token = tokens.issued()
    made = {"jwt": token, "expires": tokens.rfc3339(tokens.expiry(token))} | changes
    return http(body={"displayName": "a:b:c", "token": {k: v for k, v in made.items() if v is not None}})


def each(*rows):
    """Parametrizes a test with rows. No two rows have the same name."""
    names = [row.name for row in rows]
    assert rows and len(set(names)) == len(names)
    return pytest.mark.parametrize("row", rows, ids=names)


def check(row, fetch, serve, space):
    if row.needs_user and UID == 0:
        pytest.skip("root ignores the modes of files")
    space.fill(*OLD)
    if row.prepare:
        row.prepare(space)
    server = serve(good() if row.answer is None else row.answer, **row.server)
    url = row.url(server.port) if row.url else server.url(row.path)
    before = space.snapshot() if space.out.is_dir() else None
    options = {"output_dir": space.out, "protocol": row.protocol, "deadline": "1s" if row.retried else "30s"}
    run = fetch(url, *row.more, **(options | row.options))
    assert (run.status, space.snapshot() if space.out.is_dir() else None) == (row.status, before), run.err
    # What was asked, and of whom, stands behind the cause.
    message, *about = re.split("; (?=request: |server: |file: )", MESSAGE.match(run.last)[1], maxsplit=1)
    assert re.search(row.says, message) and row.hint in run.last, run.err
    assert not server.requests or about and (about[0].startswith("server: ") or server.url("/").split("?")[0] in about[0]), run.err
    assert re.findall(r' error="(\w+)"', run.last) == ([row.error] if row.error else []), run.err
    assert SAYS_WHAT_NEXT.search(run.last), run.err
    assert run.out == b""
    assert len(run.last) < 1000 and run.last.isprintable(), run.last
    if row.asked is not None:
        assert bool(server.requests) == row.asked
    # What ends at once does not wait for the deadline, and asks once.
    if not row.retried and "deadline" not in row.options:
        assert len(server.requests) <= 1
        assert run.seconds < 20
