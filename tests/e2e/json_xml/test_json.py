# SPDX-License-Identifier: Apache-2.0
"""Bodies that are not JSON, or JSON that would be read in two ways."""
import pytest

from harness.answers import exchange
from harness.bad_input import Row, check, each
from harness.sidecar import is_one_line
from harness.tokens import http

BODIES = [
    Row("empty 200", 65, "empty", "answered with no body", answer=http(200, b"")),
    Row("200 of white space", 65, "empty", "answered with no body", answer=http(200, b" \n")),
    Row("HTML", 65, "html", "is a web page", answer=http(200, b"<!DOCTYPE html><html><body>Sign in</body></html>")),
    Row("HTML after white space", 65, "html", "is a web page", answer=http(200, b"\r\n  <html></html>")),
    Row("plain text", 65, "json", "no JSON value at byte 0", answer=http(200, b"it works")),
    Row("JSON that ends early", 65, "json", "the end, inside of an object", answer=http(200, b'{"token":{"jwt":"a.b.c"')),
    Row("JSON and more after it", 65, "json", "text after its end at byte 26", answer=http(200, b'{"token":{"jwt":"a.b.c"}} x')),
    Row("two JSON documents", 65, "json", "text after its end at byte 25", answer=http(200, b'{"token":{"jwt":"a.b.c"}}{"token":{"jwt":"d.e.f"}}')),
    Row("JSON with NUL", 65, "json", "a control character", answer=http(200, b'{"token":{"jwt":"a.b.c\0"}}')),
    Row("JSON with an escaped NUL", 65, "json", "a NUL character", answer=http(200, b'{"token":{"jwt":"a.b.c\\u0000d"}}')),
    Row("JSON that is not UTF-8", 65, "json", "no UTF-8 at byte 22", answer=http(200, b'{"token":{"jwt":"a.b.c\xff"}}')),
    Row("JSON of great depth", 65, "json", "nested over 16 levels deep", answer=http(200, b'{"token":' * 3000 + b"1" + b"}" * 3000)),
    Row("a duplicate key", 65, "json", 'the key "jwt" twice', answer=http(200, b'{"token":{"jwt":"a.b.c","jwt":"d.e.f"}}')),
    Row("an array", 65, "answer", "has no /token/jwt", answer=http(200, b"[]")),
]


@each(*BODIES)
def test_bodies_that_are_no_json(row, fetch, serve, space):
    check(row, fetch, serve, space)


JSON = {
    "UTF-16": '{"access_token":"opaque","expires_in":300}'.encode("utf-16"),
    "UTF-16, no mark": '{"access_token":"opaque","expires_in":300}'.encode("utf-16-le"),
    "UTF-32": '{"access_token":"opaque","expires_in":300}'.encode("utf-32"),
    "two marks": b'\xef\xbb\xbf\xef\xbb\xbf{"access_token":"opaque","expires_in":300}',
    "17 levels": b'{"access_token":"opaque","expires_in":300,"x":' + b"[" * 16 + b"]" * 16 + b"}",
    "100,000 levels": b'{"access_token":"opaque","expires_in":300,"x":' + b"[" * 100000 + b"}",
    "two tokens": b'{"access_token":"opaque","access_token":"opaque","expires_in":300}',
    "two tokens, one escaped": b'{"access_token":"opaque","acc\\u0065ss_token":"other","expires_in":300}',
    "two lifetimes": b'{"access_token":"opaque","expires_in":300,"expires_in":86400}',
    "NUL in it": b'{"access_token":"opaque\\u0000x","expires_in":300}',
    "half a pair": b'{"access_token":"opaque\\ud800","expires_in":300}',
    "two documents": b'{"access_token":"opaque","expires_in":300}{}',
    "comment": b'{"access_token":"opaque",/**/"expires_in":300}',
    "trailing comma": b'{"access_token":"opaque","expires_in":300,}',
    "leading zero": b'{"access_token":"opaque","expires_in":0300}',
    "overlong": b'{"access_token":"opaque\xc0\xaf","expires_in":300}',
    "values without end": b'{"access_token":"opaque","expires_in":300,"x":[' + b"0," * 100000 + b"0]}",
}


@pytest.mark.parametrize("body", JSON)
def test_json_that_is_none(body, fetch, serve, space):
    run = exchange(fetch, serve, http(body=JSON[body]))
    assert run.status == 65 and is_one_line(run), run.err
    assert not (space.out / "token.jwt").exists()
