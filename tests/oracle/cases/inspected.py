# SPDX-License-Identifier: Apache-2.0
"""What `inspect` says of tokens: good ones, odd ones, and files that are not tokens."""
import base64
import json

from oracle.suite import add, case

FAR, LONG_AGO = 4102444800, 978307200   # 2100-01-01, 2001-01-01


def encode(data):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=")


def token(claims, header={"alg": "none"}, signature=b"sig"):
    return b".".join([encode(header), encode(claims), encode(signature)])


def shown(name, data, *args, formats=("", "--json"), **more):
    """`inspect` of a file with these bytes, in words and as JSON."""
    def does(scene):
        scene.write("token", data)
        for form in formats:
            scene.run("inspect", *filter(None, [form]), *args, "DIR/token", **more)
    add(f"inspect/{name}", does)


ACCOUNT = {
    "aud": ["https://kubernetes.default.svc"], "exp": FAR, "iat": LONG_AGO, "nbf": LONG_AGO, "iss": "https://kubernetes.default.svc", "jti": "6f2f",
    "kubernetes.io": {"namespace": "shop", "pod": {"name": "checkout-0", "uid": "0c4c"}, "serviceaccount": {"name": "checkout", "uid": "7f1d"}, "warnafter": FAR},
    "sub": "system:serviceaccount:shop:checkout",
}
shown("service-account", token(ACCOUNT, {"alg": "RS256", "kid": "CN=test, O=a b"}))
shown("newline-at-the-end", token(ACCOUNT) + b"\n")
shown("expired", token({"exp": LONG_AGO, "sub": "x"}))
shown("not-yet-valid", token({"nbf": FAR, "iat": FAR, "exp": FAR + 900}))
shown("no-times", token({"sub": "x"}))
shown("no-algorithm", token({"sub": "x"}, {"kid": "x"}))
shown("algorithm-is-a-number", token({}, {"alg": 1, "kid": []}))
shown("no-signature", encode({"alg": "none"}) + b"." + encode({"a": 1}) + b".")
shown("long-kid", token({"a": 1}, {"alg": "ES256", "kid": "k" * 300}))
shown("kid-with-controls", token({"sub": "x\a\x1b]0;evil\a\r\n\u202etxt"}, {"alg": "none", "kid": "a\x1b[2Jb"}))
shown("every-kind-of-value", token({"null": None, "yes": True, "no": False, "text": 'q " \\ / \u00fc \U0001f511', "empty": "", "list": [], "object": {}, "nested": {"a": [1, [2, {"b": None}]]}}))
shown("numbers", token(b'{"a":0,"b":-1,"c":1.5,"d":1e3,"e":1e300,"f":-1e-9,"g":9007199254740993,"h":0.1,"i":1700000000.123456,"j":1e-5}'))
shown("largest-number", token(b'{"a":1.7976931348623157e308}'))
shown("too-large-a-number", token(b'{"a":1e309}'))
shown("zero-with-a-sign", token(b'{"a":-0}'))
shown("key-twice", token(b'{"a":1,"a":2}'))
shown("opaque-claims", encode({"alg": "none"}) + b"." + encode(b"\xff\xfe") + b".c2ln")
TIMES = {"zero": 0, "negative": -1, "fraction": 1.5, "32-bit": 2 ** 31, "far": 2 ** 53, "huge": 1e300, "text": "1700000000", "null": None, "true": True, "list": [1], "last": 253402300799, "after-the-last": 253402300800}
for name, value in TIMES.items():
    shown(f"time-{name}", token({"exp": value, "iat": value, "nbf": value}))
BAD = {
    "empty": b"", "blank": b" \n", "word": b"hello", "one-dot": b"eyJhbGciOiJub25lIn0.eyJhIjoxfQ", "three-dots": token({}) + b".e30", "dots-alone": b"..", "not-base64": b"a!b.c!d.e!f",
    "padded": base64.urlsafe_b64encode(b'{"alg":"none"}') + b".e30.c2ln", "not-json": token(b"yy", b"xx"), "list-of-claims": token([]), "header-is-a-text": token({}, "x"), "nul": token({})[:-3] + b"\0\0\0",
    "deep": token(b'{"a":' * 5000 + b"1" + b"}" * 5000), "space-inside": token({}).replace(b".", b". ", 1), "bearer": b"Bearer " + token({}), "json": b'{"access_token":"x"}', "web-page": b"<html></html>",
    "large": b"a" * 70_000, "huge": b"a" * 1_000_000, "encrypted": b"e30.e30.e30.e30.e30", "odd-length": b"e30a1.e30.c2ln", "bits-left": b"e30.e31.c2ln",
}
for name, data in BAD.items():
    shown(f"bad-{name}", data)
shown("as-large-as-can-be", token({"x": "a" * 49_000}), formats=["--json"])


@case("inspect/standard-input")
def standard_input(scene):
    scene.run("inspect", "-", input=token(ACCOUNT))
    scene.run("inspect", "--json", "-", input=b"hello")
    scene.run("inspect", "-", input=b"")


@case("inspect/output-directory")
def output_directory(scene):
    scene.own("tokens/token.jwt", token({"sub": "x", "exp": FAR}))
    scene.run("inspect", "--output-dir=DIR/tokens")
    scene.run("inspect", env={"STS_OUTPUT_DIR": "DIR/tokens"})
    scene.run("inspect", "--output-dir=DIR/none")
    scene.run("inspect", "DIR/tokens")
    scene.run("inspect", "DIR/tokens/token.jwt", "--output-dir=DIR/none")


@case("inspect/files-that-cannot-be-read")
def unreadable(scene):
    scene.write("secret", token({}), 0o600)
    (scene.folder / "link").symlink_to("none")
    (scene.out / "token.jwt").symlink_to(scene.folder / "sts-token")
    scene.run("inspect", "DIR/secret")
    scene.run("inspect", "DIR/link")
    scene.run("inspect", "DIR/none")
    scene.run("inspect", "DIR/" + "x" * 150)
    scene.run("inspect", "DIR/a\nb")
    scene.run("inspect", "--output-dir=DIR/tokens")


@case("inspect/output-full")
def output_full(scene):
    scene.write("token", token(ACCOUNT))
    with open("/dev/full", "wb") as device:
        scene.run("inspect", "DIR/token", stdout=device)
