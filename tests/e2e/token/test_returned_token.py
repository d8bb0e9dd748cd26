# SPDX-License-Identifier: Apache-2.0
"""Which returned values are tokens that may be written, and which answers have none."""
import pytest

from harness.answers import KiB, exchange
from harness.bad_input import Row, check, each, value
from harness.sidecar import is_one_line
from harness.tokens import http

LONG_LIVED = "eyJhbGciOiJub25lIn0." + "YQ" * 10 + ".x"
VALUES = [
    Row("no token in it", 65, "answer", "has no /token/jwt", answer=http(200, {"displayName": "x"})),
    Row("token is a string", 65, "answer", "has no /token/jwt", answer=http(200, {"token": "a.b.c"})),
    Row("jwt is null", 65, "answer", "has no /token/jwt", answer=http(200, {"token": {"jwt": None}})),
    Row("jwt is a number", 65, "answer", "/token/jwt is a number", answer=http(200, {"token": {"jwt": 7}})),
    Row("jwt is an object", 65, "answer", "/token/jwt is an object", answer=http(200, {"token": {"jwt": {}}})),
    Row("jwt is empty", 65, "token", "/token/jwt is empty", answer=value(jwt="")),
    Row("jwt in another case", 65, "answer", "has no /token/jwt", answer=http(200, {"token": {"JWT": "a.b.c"}})),
    Row("jwt with a newline", 65, "token", "/token/jwt has white space in it, or a byte", answer=value(jwt=LONG_LIVED + "\n[evil]")),
    Row("jwt with a final newline", 65, "token", "/token/jwt has white space in it, or a byte", answer=value(jwt=LONG_LIVED + "\n")),
    Row("jwt with a space", 65, "token", "/token/jwt has white space in it, or a byte", answer=value(jwt="a.b.c d")),
    Row("jwt with DEL", 65, "token", "/token/jwt has white space in it, or a byte", answer=value(jwt="a.b.c\x7f")),
    Row("jwt that is not ASCII", 65, "token", "/token/jwt has white space in it, or a byte", answer=value(jwt="a.b.\u00fc")),
    Row("jwt over 64 KiB", 65, "token", "/token/jwt is over 64 KiB", answer=value(jwt="a" * 66_000)),
    Row("thumbprint is not hex", 65, "token", "/token/thumbprint is not 64 hex", answer=value(thumbprint="../../etc/passwd")),
    Row("thumbprint of the wrong type", 65, "answer", "/token/thumbprint is a number", answer=value(thumbprint=7)),
]


@each(*VALUES)
def test_answers_without_a_usable_token(row, fetch, serve, space):
    check(row, fetch, serve, space)


ODD = ["a", "a" * (64 * KiB), "-._~+/=", "".join(map(chr, range(33, 127))), "../../etc/passwd", "%s%n%x", "$(id)`id`", "'\";--", "a" * 63 + ".." + "=" * 9]


@pytest.mark.parametrize("token", ODD, ids=range(len(ODD)))
def test_odd_but_legal_tokens_are_kept_byte_for_byte(token, fetch, serve, space):
    run = exchange(fetch, serve, http(body={"access_token": token, "expires_in": 300}))
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token


BAD = ["", "a b", "a\n", "\na", "a\rb", "a\tb", "a\u00a0b", "\u00e9", "\x7f", "\U0001f600", "\ufeffa", "a" * (64 * KiB + 1)]


@pytest.mark.parametrize("token", BAD, ids=range(len(BAD)))
def test_values_that_no_file_may_hold(token, fetch, serve, space):
    run = exchange(fetch, serve, http(body={"access_token": token, "expires_in": 300}))
    assert run.status == 65 and is_one_line(run), run.err
    assert not (space.out / "token.jwt").exists()
