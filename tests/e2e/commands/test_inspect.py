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


def test_there_is_no_directory(sidecar, space):
    run = sidecar.run("inspect", "--output-dir", space.folder / "missing")
    assert run.status == 66 and run.last.startswith(f"sts-sidecar: cannot read {space.folder}/missing/token.jwt: no such file"), run.err


def test_json(sidecar, space):
    token = tokens.issued(900, nested={"a": [1, 2, {"b": None}]}, text="quote \" and \u00fc")
    run = sidecar.run("inspect", "--json", space.write("t", token))
    assert run.status == 0, run.err
    shape = json.loads(run.out)
    assert shape["header"]["alg"] == "ES256"
    claims = shape["claims"]
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
    "missing": (None, 66, "nowhere.jwt: no such file; "),
    "empty": (b"", 65, "it has not three parts"),
    "no JWT": (b"hello", 65, "it has not three parts"),
    "two parts": (b"eyJhbGciOiJub25lIn0.eyJhIjoxfQ", 65, "it has not three parts"),
    "no JSON": (forged(b"xx", b"yy").encode(), 65, "its header or its claims are no JSON object"),
    "claims are a list": (forged({"alg": "none"}, []).encode(), 65, "its header or its claims are no JSON object"),
    "not base64": (b"a!b.c!d.e!f", 65, "is not base64url"),
    "huge": (b"a" * 1_000_000, 66, ": too big; "),
    "NUL": (forged({"alg": "none"}, {"sub": "x"}).encode()[:-3] + b"\0\0\0", 65, "its signature is not base64url"),
    "deep": (forged({"alg": "none"}, b'{"a":' * 5000 + b"1" + b"}" * 5000).encode(), 65, "its header or its claims are no JSON object"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_token(what, sidecar, space):
    data, status, says = BAD[what]
    path = space.folder / "nowhere.jwt"
    if data is not None:
        path = space.write("t", data)
    run = sidecar.run("inspect", path)
    assert run.status == status, run.err
    assert len(run.lines) == 1 and run.last.isprintable() and says in run.last, run.err
    assert run.out == b""


# What is shown for them: the nearest time that can be, or none where it is not a number and not a string that holds one.
LAST = "9999-12-31T23:59:59Z"
TIMES = [(0, "1970-01-01T00:00:00Z"), (-1, "1970-01-01T00:00:00Z"), (2**31, "2038-01-19T03:14:08Z"), (2**53, LAST), (1e300, LAST),
         (1.5, "1970-01-01T00:00:01Z"), ("1700000000", "2023-11-14T22:13:20Z"), ("soon", "none"), (None, "none"), (True, "none"), ([1], "none"), (253402300800, LAST)]


@pytest.mark.parametrize("value, shown", TIMES, ids=[repr(value) for value, _ in TIMES])
def test_odd_times(value, shown, sidecar, space):
    run = sidecar.run("inspect", space.write("t", forged({"alg": "none"}, {"exp": value, "iat": value, "nbf": value, "sub": "x"})))
    assert run.status == 0, run.err
    lines = run.out.decode().splitlines()
    assert '    "sub": "x"' in lines
    for name in ("exp", "iat", "nbf"):
        line, = [line for line in lines if line.startswith(f"{name}: ")]
        assert line.split(" ")[1] == shown


@pytest.mark.parametrize("arguments", [
    ("inspect",), ("check",), ("refresh",), ("protocols",), (),
    ("fetch", "--url", "https://sts.test/t", "--stdout", "--token-file"),
    ("fetch", "--url", "https://sts.test/t", "--config"),
    ("fetch", "--dry-run", "--url"),
], ids=lambda arguments: "-".join(arguments[:1] + arguments[-1:]))
def test_a_token_in_place_of_a_path_is_in_no_message(arguments, sidecar):
    token = tokens.issued(900)
    run = sidecar.run(*arguments, token)
    assert run.status != 0 and run.err
    assert "eyJ" not in run.out.decode() + run.err
