# SPDX-License-Identifier: Apache-2.0
"""`inspect`: what is in a JWT, without the parts that open doors."""
import base64
import json
import re
import time

import pytest

from harness import tokens


def encode(data):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def forged(header, claims, signature=b"no signature"):
    return f"{encode(header)}.{encode(claims)}.{encode(signature)}"


def check_shown(shown, token):
    for part in ("test:shop:checkout", "https://sts.test/issuer", "CN=test, O=a b", tokens.rfc3339(tokens.expiry(token))):
        assert part in shown
    assert re.search(r"expires in 1[45] min", shown)
    assert token.rpartition(".")[2] not in shown
    assert token.split(".")[1] not in shown


def test_from_a_file_from_standard_input_from_the_directory(sidecar, space):
    token = tokens.issued(900)
    path = space.write("some.jwt", token + "\n")
    for run in (sidecar.run("inspect", path), sidecar.run("inspect", "-", input=token.encode())):
        assert run.status == 0, run.err
        check_shown(run.out.decode(), token)
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    for run in (sidecar.run("inspect", "--output-dir", space.out), sidecar.run("inspect", env={"STS_OUTPUT_DIR": space.out})):
        assert run.status == 0, run.err
        check_shown(run.out.decode(), token)


def test_json(sidecar, space):
    token = tokens.issued(900, nested={"a": [1, 2, {"b": None}]}, text="quote \" and \u00fc")
    run = sidecar.run("inspect", "--json", space.write("t", token))
    assert run.status == 0, run.err
    shape = json.loads(run.out)
    assert shape["header"]["alg"] == "ES256"
    claims = shape.get("claims") or shape.get("payload")
    assert claims["sub"] == "test:shop:checkout"
    assert claims["nested"] == {"a": [1, 2, {"b": None}]}
    assert token.rpartition(".")[2].encode() not in run.out


def test_expired(sidecar, space):
    run = sidecar.run("inspect", space.write("t", tokens.issued(-200)))
    assert run.status == 0, run.err
    assert re.search(r"expired 3 min 2\d s ago", run.out.decode())


def test_a_service_account_token(sidecar, space, subject):
    run = sidecar.run("inspect", space.token_file)
    assert run.status == 0, run.err
    assert b"system:serviceaccount:shop:checkout" in run.out
    assert b"kubernetes.default.svc" in run.out


def test_terminal_controls_do_not_come_out(sidecar, space):
    token = forged({"alg": "none", "kid": "a\u001b[2Jb"}, {"sub": "x\u0007\u001b]0;evil\u0007\r\n\u202etxt", "exp": int(time.time()) + 60})
    for more in ((), ("--json",)):
        run = sidecar.run("inspect", *more, space.write("t", token))
        assert run.status == 0, run.err
        assert b"\x1b" not in run.out and b"\x07" not in run.out and b"\r" not in run.out
        assert "\u202e" not in run.out.decode()


BAD = {
    "missing": (None, 66),
    "empty": (b"", None),
    "no JWT": (b"hello", None),
    "two parts": (b"eyJhbGciOiJub25lIn0.eyJhIjoxfQ", None),
    "no JSON": (forged(b"xx", b"yy").encode(), None),
    "claims are a list": (forged({"alg": "none"}, []).encode(), None),
    "not base64": (b"a!b.c!d.e!f", None),
    "huge": (b"a" * 1_000_000, None),
    "NUL": (forged({"alg": "none"}, {"sub": "x"}).encode()[:-3] + b"\0\0\0", None),
    "deep": (forged({"alg": "none"}, b'{"a":' * 5000 + b"1" + b"}" * 5000).encode(), None),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_token(what, sidecar, space):
    data, status = BAD[what]
    path = space.folder / "nowhere.jwt"
    if data is not None:
        path = space.write("t", data)
    run = sidecar.run("inspect", path)
    assert run.status in ((status,) if status else (1, 64, 65, 66)), run.err
    assert len(run.lines) == 1 and run.last.isprintable()
    assert run.out == b""


TIMES = [0, -1, 2**31, 2**53, 1e300, 1.5, "1700000000", None, True, [1], 253402300800]


@pytest.mark.parametrize("value", TIMES, ids=repr)
def test_odd_times(value, sidecar, space):
    run = sidecar.run("inspect", space.write("t", forged({"alg": "none"}, {"exp": value, "iat": value, "nbf": value, "sub": "x"})))
    assert run.status == 0, run.err
    assert b'"x"' in run.out or b"x" in run.out
