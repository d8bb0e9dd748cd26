# SPDX-License-Identifier: Apache-2.0
"""What the program makes of the HTTP, the status and the content of an answer. The servers are written in Python and speak plain HTTP."""
import json
import time

from harness import servers, tokens
from oracle.scene import SUBJECT, answer, given
from oracle.suite import add

Answer = servers.Answer


def told(name, reply, *args, protocol=None, one=False, lives=(), subject=None, prefix="answer", files=False, **options):
    """One answer. With `one` the subject token comes from standard input, so that `fetch` does not try again."""
    def does(scene):
        server = scene.serve(reply, tls=False)
        scene.mask.lives |= set(lives)
        if subject:
            scene.write("sts-token", subject)
        scene.fetch(f"http://127.0.0.1:{server.port}/t", "--insecure-http", *args, one=one, cacert_path=None, protocol=protocol, **options)
        if files:
            scene.files()
    add(f"{prefix}/{name}", does)


def head(*lines, body=b"", status=b"HTTP/1.1 200 OK"):
    return b"\r\n".join([status, *lines]) + b"\r\n\r\n" + body


def oauth(status, code, description="no"):
    return answer(status, {"error": code, "error_description": description})


def at(offset_s):
    """An answer whose Date differs from the node's clock."""
    when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + offset_s))
    return answer(body={"access_token": "a.b.c", "expires_in": 900}, headers=[f"Date: {when}"])


# ---- statuses ----
FINAL = {
    "400-code": oauth(400, "invalid_request"), "400-target": oauth(400, "invalid_target"), "400-text": answer(400, b"bad"), "400-other-shape": answer(400, {"error": {"code": 7}}),
    "400-words": answer(400, {"errors": ["no such role"]}), "400-message": answer(400, {"code": 3, "message": "no such identity"}), "400-prose-for-a-code": answer(400, {"error": "Bad Request", "message": "No"}),
    "400-grant": oauth(400, "invalid_grant"), "400-scope": oauth(400, "invalid_scope"), "400-grant-type": oauth(400, "unsupported_grant_type"), "401-client": oauth(401, "invalid_client"),
    "401-unauthorized-client": oauth(401, "unauthorized_client"), "403": answer(403), "403-code": oauth(403, "access_denied"), "403-page": answer(403, b"<html>no</html>"), "405": answer(405), "405-words": answer(405, {"errors": ["unsupported operation"]}),
    "406": answer(406), "415": answer(415), "418": answer(418, b"I am a teapot"), "422": answer(422), "300": answer(300), "301": answer(301, headers=["Location: https://other.test/secret?x=y"]),
    "302-to-http": answer(302, headers=["Location: http://127.0.0.1/x"]), "307-to-the-same-host": answer(307, headers=["Location: /elsewhere"]), "308-no-location": answer(308),
    "304": head(status=b"HTTP/1.1 304 Not Modified"), "302-odd-location": answer(302, headers=["Location: javascript:alert(1)"]), "204": head(status=b"HTTP/1.1 204 No Content"), "201": answer(201, {"access_token": "a.b.c", "expires_in": 60}),
    "101": head(b"Upgrade: x", b"Connection: upgrade", status=b"HTTP/1.1 101 Switching Protocols"), "lines": answer(400, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}),
    "long-words": oauth(400, "invalid_request", "x" * 500), "odd-words": oauth(400, "invalid_request", "a\x1b[2Jb\u00e9\u202ec"), "long-code": oauth(400, "x" * 100), "code-of-a-later-version": oauth(400, "some_new_code"),
    "echo": oauth(400, "invalid_request", f"the token {SUBJECT} is wrong"), "echo-in-the-code": oauth(400, SUBJECT[:40]), "echo-in-a-location": answer(302, headers=[f"Location: https://{SUBJECT[:20]}.test/"]),
    "echo-in-the-reason": answer(403, reason=SUBJECT), "echo-escaped": oauth(400, "invalid_request", f"token {SUBJECT.replace('.', '%2E')}"),
}
for name, reply in FINAL.items():
    told(name, reply)
SOON = {
    "401": answer(401), "401-code": oauth(401, "invalid_token"), "404": answer(404), "404-text": answer(404, b"not here"), "404-code": oauth(404, "not_found"), "404-words": answer(404, {"errors": ["no handler for route"]}),
    "408": answer(408), "425": answer(425), "429": answer(429), "429-retry-after": answer(429, headers=["Retry-After: 1"]), "429-retry-after-long": answer(429, headers=["Retry-After: 3600"]),
    "429-retry-after-date": answer(429, headers=["Retry-After: Fri, 31 Dec 1999 23:59:59 GMT"]), "429-retry-after-odd": answer(429, headers=["Retry-After: soon"]), "500": answer(500), "500-page": answer(500, b"<html>oops</html>"),
    "502-code": oauth(502, "temporarily_unavailable"), "503": answer(503), "503-words": answer(503, {"errors": ["Vault is sealed"]}), "599": answer(599), "400-busy": oauth(400, "temporarily_unavailable"), "400-slow-down": oauth(400, "slow_down"),
    "400-server-error": oauth(400, "server_error"),
}
for name, reply in SOON.items():
    told(name, reply, one=True)
told("status-in-json", oauth(403, "access_denied"), log_format="json")
told("status-in-json-busy", oauth(503, "temporarily_unavailable"), one=True, log_format="json")
told("debug", answer(403), log_level="debug")
told("level-error", given(), log_level="error")
told("client-assertion-401", oauth(401, "invalid_client"), "--client-id=app", protocol="client-assertion")
told("entra-401", oauth(401, "invalid_client", "AADSTS700027: no"), "--client-id=app", "--scope=api://x/.default", protocol="entra", one=True)

# ---- HTTP ----
CHUNKED = b"Transfer-Encoding: chunked"
BROKEN = {
    "huge-head": head(b"X: " + b"a" * 40_000, body=b"{}"), "many-headers": head(*[b"X: y"] * 10_000), "body-by-its-length": head(b"Content-Length: 300000", body=b" " * 300_000),
    "body-in-chunks": head(CHUNKED, body=b"1000\r\n%s\r\n" % (b" " * 4096) * 80 + b"0\r\n\r\n"), "body-until-the-end": head(body=b" " * 300_000), "chunk-line": head(CHUNKED, body=b"1;" + b"x" * 40000),
    "two-framings": head(CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\n"), "two-lengths": head(b"Content-Length: 2", b"Content-Length: 3", body=b"{}x"), "list-of-lengths": head(b"Content-Length: 2, 2", body=b"{}"),
    "length-negative": head(b"Content-Length: -2", body=b"{}"), "length-overflow": head(b"Content-Length: 18446744073709551618", body=b"{}"), "chunk-overflow": head(CHUNKED, body=b"10000000000000002\r\n{}\r\n0\r\n\r\n"),
    "chunk-size": head(CHUNKED, body=b"zz\r\n{}\r\n0\r\n\r\n"), "chunk-longer": head(CHUNKED, body=b"2\r\n{}}\r\n0\r\n\r\n"), "gzip": head(b"Content-Encoding: gzip", b"Content-Length: 2", body=b"\x1f\x8b"),
    "coding": head(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), "chunked-1.0": head(CHUNKED, body=b"0\r\n\r\n", status=b"HTTP/1.0 200 OK"), "fold": head(b"X: a", b" b", b"Content-Length: 2", body=b"{}"),
    "bare-cr": head(b"X: a\rb", b"Content-Length: 2", body=b"{}"), "nul": head(b"X: a\0b", b"Content-Length: 2", body=b"{}"), "space-before-the-colon": head(b"Content-Length : 2", body=b"{}"), "no-colon": head(b"Content-Length", body=b"{}"),
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "http-2": b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\r\n\r\n", "status-word": head(status=b"HTTP/1.1 20x OK"), "status-600": head(status=b"HTTP/1.1 600 X"), "bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "interim-flood": b"HTTP/1.1 100 Continue\r\n\r\n" * 50, "interim-with-a-body": b"HTTP/1.1 100 C\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n", "reason-missing": head(b"Content-Length: 2", status=b"HTTP/1.1 200", body=b"{}"),
}
for name, reply in BROKEN.items():
    told(name, reply, prefix="http")
CUT = {
    "in-the-head": Answer(given()[:20], "abrupt"), "in-the-body": Answer(given()[:-10], "abrupt"), "in-a-chunk": Answer(head(CHUNKED, body=b'40\r\n{"token"'), "abrupt"), "no-last-chunk": Answer(head(CHUNKED, body=b"2\r\n{}\r\n"), "clean"),
    "nothing": Answer(b"", "clean"), "reset": Answer(b"", "reset"),
}
for name, reply in CUT.items():
    told(f"cut-{name}", reply, prefix="http", one=True)

# ---- the body ----
DOCUMENTS = {
    "empty": b"", "blank": b" \r\n\t", "page": b"<!DOCTYPE html><html><body>login</body></html>", "text": b"OK", "string": b'"eyJ"', "number": b"1", "null": b"null", "array": b"[]", "object": b"{}", "cut": b'{"access_token":"a.b',
    "more": b'{"access_token":"a.b.c"}{}', "not-utf-8": b'{"x":"\xff\xfe"}', "control": b'{"x":"\x01"}', "deep": b'{"x":' + b"[" * 40 + b"]" * 40 + b"}", "huge-number": b'{"x":1e999}', "surrogate": b'{"x":"\\ud800"}',
    "many-values": b'{"x":[' + b"1," * 100000 + b"1]}", "key-twice": b'{"access_token":"a","access_token":"b"}', "long-key-twice": b'{"' + b"k" * 100 + b'":1,"' + b"k" * 100 + b'":2}', "error": b'{"error":"access_denied","error_description":"no"}',
    "unknown-error": b'{"error":"something","access_token":7}', "error-unknown-code": b'{"error":"something"}', "error-echo": json.dumps({"error": "access_denied", "error_description": SUBJECT}).encode(),
}
for name, body in DOCUMENTS.items():
    told(name, answer(body=body), prefix="document")
VALUES = {
    "null": None, "number": 7, "true": True, "list": ["x"], "object": {"a": "x"}, "empty": "", "newline": "abc\nexport X=1", "space": "abc def", "nul": "abc\0def", "not-ascii": "caf\u00e9", "escape": "\x1b[2J", "over-64-kib": "a" * 65537, "64-kib": "a" * 65536,
}
for name, value in VALUES.items():
    told(f"token-{name}", given(value), prefix="document")
for name, value in {"true": True, "word": "soon", "object": {}, "list": [300], "negative": -300, "zero": 0, "fraction": 0.5, "hexadecimal": "0x7f", "newline": "300\n", "huge": 1e300, "long": 10 ** 12, "text": "300", "null": None}.items():
    told(f"expires-in-{name}", given(expires_in=value), prefix="document")
told("token-field-missing", given(), "--token-field=/data/token", prefix="document")
told("token-field-odd", given(), "--token-field=/a\x1bb/" + "x" * 200, prefix="document")
told("token-field-id-token", given(), "--token-field=id_token", prefix="document")
told("expiry-missing", given(), "--expiry-field=lifetime:/none", "--default-ttl=77s", prefix="document")
told("expiry-is-a-lifetime", given(), "--expiry-field=absolute:/expires_in", prefix="document")
told("expiry-in-the-year-2001", given(until="2001-01-01T00:00:00Z"), "--expiry-field=absolute:/until", prefix="document")
told("expiry-word", given(until="tomorrow"), "--expiry-field=absolute:/until", prefix="document")
told("expiry-far", given(until=10 ** 15), "--expiry-field=absolute:/until", prefix="document")
told("a-time-for-a-lifetime", lambda _: given(expires_in=tokens.expiry(tokens.issued())), prefix="document")
told("jwt-expired", given(tokens.unsigned(b'{"exp":978307200}')), prefix="document")
told("jwt-exp-twice", given(tokens.unsigned(b'{"exp":4102444800,"exp":4102444801}')), prefix="document")
told("jwt-exp-word", given(tokens.unsigned(b'{"exp":"soon"}')), prefix="document")
told("jwt-no-claims", given(tokens.unsigned(b"nonsense")), prefix="document")
told("openunison-thumbprint", answer(body={"token": {"jwt": "a.b.c", "thumbprint": "12AB"}}), protocol="openunison", prefix="document")
told("openunison-thumbprint-number", answer(body={"token": {"jwt": "a.b.c", "thumbprint": 7}}), protocol="openunison", prefix="document")
for name, offset_s in {"clock-ahead": 3600, "clock-behind": -3600, "clock-of-another-day": -200_000}.items():
    told(name, lambda _, offset_s=offset_s: at(offset_s), prefix="document")


# ---- expectations ----
def jwt(**claims):
    return given(tokens.unsigned(json.dumps(claims).encode()))


A, I = "https://api.test", "https://sts.test/issuer"
EXPECTED = {
    "audience": (jwt(aud=A), "--expect-audience", A), "another-audience": (jwt(aud="x"), "--expect-audience", A), "list-of-audiences": (jwt(aud=["x", "y"]), "--expect-audience", A), "no-audience": (jwt(), "--expect-audience", A),
    "audience-slash": (jwt(aud=A + "/"), "--expect-audience", A), "audience-opaque": (given(), "--expect-audience", A), "issuer": (jwt(iss=I), "--expect-issuer", I), "issuer-slash": (jwt(iss=I + "/"), "--expect-issuer", I),
    "issuer-empty": (jwt(iss=""), "--expect-issuer", I), "issuer-controls": (jwt(iss="a\n\x1b[2J"), "--expect-issuer", I), "issuer-opaque": (given(), "--expect-issuer", I), "issuer-long": (jwt(iss="x" * 300), "--expect-issuer", "y" * 300),
    "issuer-echo": (jwt(iss=SUBJECT), "--expect-issuer", I), "lifetime": (given(), "--max-lifetime", "15m"), "lifetime-long": (given(expires_in=901), "--max-lifetime", "15m"), "lifetime-untold": (given(expires_in=None), "--max-lifetime", "15m"),
}
for name, (reply, option, value) in EXPECTED.items():
    told(name, reply, f"{option}={value}", prefix="expected")

told("ok", given(), prefix="success", files=True)
told("ok-in-json", given(), prefix="success", log_format="json", files=True)
told("ok-debug", given(), prefix="success", log_level="debug")
told("no-expiry", given(expires_in=None), prefix="success", files=True)
told("default-ttl", given(expires_in=None), "--default-ttl=2m", prefix="success")
told("chunked", head(CHUNKED, body=b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (given().partition(b"\r\n\r\n")[2],)) + b"0\r\n\r\n"), prefix="success")
told("until-the-end", head(body=given().partition(b"\r\n\r\n")[2]), prefix="success")
told("interim", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 8 + given(), prefix="success")
told("thumbprint", lambda _: tokens.openunison(tokens.issued()), protocol="openunison", prefix="success", lives=[900], files=True)
