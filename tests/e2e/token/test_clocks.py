# SPDX-License-Identifier: Apache-2.0
"""Clocks that differ: what is written to `expires`, when the next refresh comes, what `check` says and how `fetch` ends agree, even if the node's
clock or the answer's Date is ahead or behind."""
import json
import re
import time

import pytest

from harness import tokens
from harness.runs import rig  # rig: fixture
from harness.tokens import http


def dated(now, body, date_s=0):
    when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now + date_s))
    return http(body={key: value for key, value in body.items() if value is not None}, headers=[f"Date: {when}"])


def answer(sts_s=0, date_s=None, life_s=900, expires_in=None, iat=True, **claims):
    """A token by an STS whose clock differs by sts_s from the node's. A Date of a gateway differs by date_s."""
    now = int(time.time())
    times = {"iat": now + sts_s if iat else None, "nbf": now + sts_s - 60, "exp": now + sts_s + life_s} | claims
    token = tokens.unsigned(json.dumps({key: value for key, value in times.items() if value is not None}).encode())
    return dated(now, {"access_token": token, "expires_in": expires_in}, sts_s if date_s is None else date_s)


def credentials(left_s, date_s):
    """The answer of an STS that states an absolute time alone."""
    now = int(time.time())
    result = {"Credentials": {"AccessKeyId": "ASIAXXXXXXXXXXXXXXXX", "SecretAccessKey": "s" * 40, "SessionToken": "t" * 40, "Expiration": now + left_s}}
    return dated(now, {"AssumeRoleWithWebIdentityResponse": {"AssumeRoleWithWebIdentityResult": result}}, date_s)


AWS = {"protocol": "aws", "param": "role-arn=arn:aws:iam::123456789012:role/app"}
# name: answer, options, the life that is decided
GOOD = {
    "the node is 11 min ahead": (lambda: answer(-660), {}, 240),
    "the node is 20 min ahead": (lambda: answer(-1200), {}, 900),
    "the node is 2 h behind": (lambda: answer(7200), {}, 900),
    "20 s left, and a Date that is 10 min behind": (lambda: credentials(20, -600), AWS, 20),
    "a Date that is 16 min ahead": (lambda: answer(date_s=960, expires_in=900), {}, 900),
    "a Date that is 20 min ahead": (lambda: answer(date_s=1200, expires_in=900), {}, 900),
    "a Date that is 23.5 h ahead": (lambda: answer(date_s=84600, expires_in=900), {"max-lifetime": "15m"}, 900),
    "a Date that is 23.5 h behind": (lambda: answer(date_s=-84600), {"max-lifetime": "15m"}, 900),
}


@pytest.mark.parametrize("what", GOOD)
def test_a_token_that_is_taken(what, fetch, sidecar, serve, space):
    made, options, life_s = GOOD[what]
    now = int(time.time())
    run = fetch(serve(made()).url("/"), **({"protocol": "token-exchange", "log-format": "json"} | options))
    assert run.status == 0, run.err
    line, = [line for line in map(json.loads, run.lines) if line["msg"] == "token refreshed"]
    assert life_s - 2 <= line["lifetime_s"] <= life_s
    left_s = tokens.epoch(space.out / "expires") - now
    assert life_s - 2 <= left_s <= life_s + 3, "in the node's clock"
    checked = sidecar.run("check", space.out)
    assert checked.status == 0, checked.err


# name: answer, options, error, words
REFUSED = {
    "both clocks call it expired": (lambda: answer(-1200, date_s=-60, expires_in=900), {}, "lifetime", r" 5 min( \d s)? ago by the node's clock and 4 min( \d s)? ago by the answer's Date"),
    "24 h, and a Date that is 23.5 h ahead": (lambda: answer(life_s=86400, date_s=84600), {"max-lifetime": "1h"}, "expectation", r"lives 8(6400|639\d) s"),
    "the same, without an iat": (lambda: answer(life_s=86400, date_s=84600, iat=False), {"max-lifetime": "1h"}, "expectation", r"lives 8(6400|639\d) s"),
    "the same, of an absolute time": (lambda: credentials(86400, 84600), AWS | {"max-lifetime": "1h"}, "expectation", r"lives 8(6400|639\d) s"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_token_that_is_refused(what, fetch, serve, space):
    made, options, error, words = REFUSED[what]
    run = fetch(serve(made()).url("/"), **({"protocol": "token-exchange"} | options))
    assert run.status == 65 and f'error="{error}"' in run.err, run.err
    assert re.search(words, run.err), run.err
    assert not (space.out / "expires").exists()


@pytest.mark.parametrize("clock_s, least_s, most_s", [(-660, 100, 200), (-1200, 400, 740)])
def test_the_next_refresh_comes_before_the_end(rig, clock_s, least_s, most_s):
    """The refresh is planned from the same decision as `expires`, so that `check` says yes until then."""
    r = rig()
    r.space.write("sts-token", r.mock.mint("--issued-at=-30m", "--not-before=-30m"))
    r.mock.fault(clock_s=clock_s)
    process = r.run()
    r.has_refreshed()
    line = r.said("token refreshed")[0]
    assert least_s < line["next_refresh_s"] < most_s
    assert tokens.epoch(r.out / "expires") > time.time() + line["next_refresh_s"]
    assert r.command("check", r.out).status == 0
    assert r.stop(process).status == 0


# Claims that our strict reader refuses, and libraries of services read.
MALFORMED = {"half a surrogate pair": rb'"\ud83d"', "NUL": rb'"\u0000"', "17 levels": b"[" * 17 + b"]" * 17, "65 digits": b"9" * 65, "no UTF-8": b'"\xff"', "1e400": b"1e400"}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_jwt_ends_when_its_exp_says(what, fetch, serve, space):
    def returned(left_s, **options):
        token = tokens.unsigned(b'{"n":%s,"exp":%d}' % (MALFORMED[what], int(time.time()) + left_s))
        return fetch(serve(dated(int(time.time()), {"access_token": token, "expires_in": 900})).url("/"), protocol="token-exchange", **options)
    run = returned(-3600, max_lifetime="1h")
    assert run.status == 65 and "1 h ago by the node's clock" in run.last, run.err
    run = returned(600, expect_audience="a")
    assert run.status == 65 and "is a malformed JWT, so its audience cannot be checked" in run.last, run.err
    assert returned(600).status == 0
    assert tokens.epoch(space.out / "expires") - time.time() <= 600


@pytest.mark.parametrize("change", [lambda part: part.rstrip("=") + "=" * (-len(part.rstrip("=")) % 4), lambda part: part.replace("_", "/").replace("-", "+")])
def test_base64_of_another_kind(change, fetch, serve):
    header, claims, signature = tokens.unsigned(b'{"exp":%d,"n":"???>>>~~~"}' % (time.time() - 3600)).split(".")
    assert change(claims) != claims
    token = f"{header}.{change(claims)}.{signature}"
    run = fetch(serve(dated(int(time.time()), {"access_token": token, "expires_in": 900})).url("/"), protocol="token-exchange")
    assert run.status == 65 and "1 h ago by the node's clock" in run.last, run.err
