# SPDX-License-Identifier: Apache-2.0
"""When a returned token ends, by what the STS says of it and by its own claims: the earliest counts, and what cannot be read is refused."""
import datetime
import json
import time

import pytest

from harness import tokens
from harness.answers import exchange, opaque
from harness.bad_input import Row, check, each, value
from harness.sidecar import is_one_line
from harness.tokens import http


def expires(space):
    return (space.out / "expires").read_text()


EXPIRIES = [
    Row("expires is an object", 65, "answer", "/token/expires is an object", answer=value(expires={})),
    Row("expires is true", 65, "answer", "/token/expires is a boolean", answer=value(expires=True)),
    Row("expires is no date", 65, "answer", "/token/expires is a string", answer=value(expires="tomorrow")),
    Row("expires on the 30th of February", 65, "answer", "/token/expires is a string", answer=value(expires="2030-02-30T00:00:00Z")),
    Row("expired on arrival", 65, "lifetime", "ended at 2020-01-01T00:00:00Z", answer=value(expires="2020-01-01T00:00:00Z")),
    Row("the returned token's exp is over", 65, "lifetime", r"no life left: it ended at .* \d\d s ago by the node's clock", answer=lambda _: value(jwt=tokens.issued(-10))),
    Row("a lifetime of zero", 65, "lifetime", "lifetime is 0 s", answer=tokens.exchanged(tokens.issued(), expires_in=0), protocol="token-exchange"),
    Row("a negative lifetime", 65, "lifetime", "lifetime is -5 s", answer=tokens.exchanged(tokens.issued(), expires_in=-5), protocol="token-exchange"),
    Row("a lifetime that is no number", 65, "answer", "expires_in is a string", answer=tokens.exchanged(tokens.issued(), expires_in="soon"),
        protocol="token-exchange"),
    Row("a lifetime of 1e400", 65, "json", "a number that is too large",
        answer=http(200, b'{"access_token":"a.b.c","expires_in":1e400}'), protocol="token-exchange"),
    Row("a lifetime in a list", 65, "answer", "expires_in is an array", answer=tokens.exchanged(tokens.issued(), expires_in=[1]), protocol="token-exchange"),
]


@each(*EXPIRIES)
def test_expiries_that_are_none(row, fetch, serve, space):
    check(row, fetch, serve, space)


@pytest.mark.parametrize("claims", [b'{"exp":%d,"exp":%d}', b'{"exp":"%.0s%d\\u0020"}', b'{"exp":[%.0s%d]}', b'{"exp":true%.0s%.0s}'])
def test_an_exp_that_cannot_be_read_is_no_token(claims, fetch, serve, space):
    now = int(time.time())
    token = tokens.unsigned(claims % (now + 60, now + 86400) if b"%.0s" not in claims else claims.replace(b"%.0s", b"").replace(b"%d", b"%d" % now))
    run = exchange(fetch, serve, http(body={"access_token": token, "expires_in": 86400}))
    assert run.status == 65, run.err
    assert "exp" in run.err
    assert not (space.out / "token.jwt").exists()


def test_an_exp_in_a_string_bounds_expires(fetch, serve, space):
    now = int(time.time())
    run = exchange(fetch, serve, http(body={"access_token": tokens.unsigned(b'{"exp":"%d"}' % (now + 60)), "expires_in": 86400}))
    assert run.status == 0, run.err
    assert expires(space) == tokens.rfc3339(now + 60)


@pytest.mark.parametrize("lifetime", ["1e308", "-1e308", "1e-308", "-0.0", "0", "0.99", "-1", "NaN", "Infinity", '"NaN"', '"inf"', '"0x10"', '" 5"',
                                      '"1e99"', "1e400", "9" * 64, '"' + "9" * 64 + '"', "[5]", "{}", "true", '""'])
def test_lifetimes_that_are_none(lifetime, fetch, serve, space):
    body = b'{"access_token":"opaque","expires_in":' + lifetime.encode() + b"}"
    run = exchange(fetch, serve, http(body=body))
    assert run.status == 65, run.err
    assert is_one_line(run)
    assert not (space.out / "token.jwt").exists()


@pytest.mark.parametrize("offset_s", [-90000, -86399, -3600, -61, 61, 3600, 86399, 90000, 10 ** 10])
def test_no_date_makes_expires_later_than_exp(offset_s, fetch, serve, space):
    """By a Date that is ahead, the token has ended already. A lifetime and the node's clock say that it has not."""
    now = int(time.time())
    token = tokens.issued(900)
    when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(min(now + offset_s, 253402300799)))
    body = json.dumps({"access_token": token, "expires_in": 10 ** 6}).encode()
    run = exchange(fetch, serve, http(body=body, headers=[f"Date: {when}"]))
    assert run.status == 0, run.err
    assert expires(space) <= tokens.rfc3339(tokens.expiry(token))


def test_a_time_is_no_lifetime(fetch, serve, space):
    """Taken for one it lasts for 56 years, and no refresh would come."""
    run = fetch(serve(opaque(expires_in=int(time.time()) + 300)).url("/"), protocol="token-exchange")
    assert run.status == 65 and "absolute:" in run.last, run.err
    assert not (space.out / "token.jwt").exists()
    run = fetch(serve(opaque(expires_in=2147483647)).url("/"), protocol="token-exchange")
    assert run.status == 0, run.err


@pytest.mark.parametrize("value", [1e308, "NaN", "1e400", "soon", True, [300], 1795000000000])
def test_an_expiry_that_is_none_says_what_is_wanted(value, fetch, serve, space):
    for protocol, name, wanted in (("token-exchange", "expires_in", "a number of seconds up to 100 years is wanted"),
                                   ("gcp-impersonate", "expireTime", "a time up to 9999 (RFC 3339, or seconds since 1970) is wanted")):
        body = {"access_token": "t", "accessToken": "t", name: value}
        run = fetch(serve(http(body=json.dumps(body).encode())).url("/"), protocol=protocol)
        assert run.status == 65 and f"{name} is " in run.last and wanted in run.last, run.err
        assert not (space.out / "token.jwt").exists()


def form(expiry):
    now = int(time.time())
    return {
        "integer": now + 600, "text": tokens.rfc3339(now + 600), "fraction": now + 600.75,
        "zone": tokens.rfc3339(now + 600 + 7200).replace("Z", "+02:00"),
    }[expiry]


@pytest.mark.parametrize("kind", ["integer", "text", "fraction", "zone"])
def test_the_earliest_expiry_counts(fetch, serve, space, kind):
    token = tokens.issued(900)
    when = form(kind)
    server = serve(tokens.openunison(token, expires=when))
    run = fetch(server.url("/token/user"))
    assert run.status == 0, run.err
    written = (space.out / "expires").read_text()
    assert written < tokens.rfc3339(tokens.expiry(token))
    assert written.endswith("Z") and len(written) == 20


@pytest.mark.parametrize("lifetime", [300, 300.0, "300", "300.5"])
def test_lifetimes(fetch, serve, space, lifetime):
    token = tokens.issued(900)
    server = serve(tokens.exchanged(token, expires_in=lifetime))
    run = fetch(server.url("/token"), protocol="token-exchange")
    assert run.status == 0, run.err
    left = datetime.datetime.fromisoformat((space.out / "expires").read_text()).timestamp() - time.time()
    assert 290 <= left <= 301


def test_no_expiry_at_all_means_the_default(fetch, serve, space):
    server = serve(tokens.exchanged(tokens.issued(), access_token="opaque-token.1", expires_in=None))
    run = fetch(server.url("/token"), protocol="token-exchange", default_ttl="120s")
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == "opaque-token.1"
    left = datetime.datetime.fromisoformat((space.out / "expires").read_text()).timestamp() - time.time()
    assert 110 <= left <= 121
