# SPDX-License-Identifier: Apache-2.0
"""Tokens and sets of keys that are odd in one respect each: what two readers could read differently, or read at all. cases() makes them anew,
with signatures that are right unless a case is about the signature."""
import base64
import functools
import hashlib
import hmac
import json
import re
import time

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from signatures import encode

ALGORITHMS = [kind + bits for kind in ("RS", "PS", "ES") for bits in ("256", "384", "512")]
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
ISSUER = "https://sts.example"
P256_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
LEFT_OUT = object()
HEADER = {"alg": "RS256", "kid": "k"}


@functools.cache
def new_rsa(name, bits=2048, e=65537):
    return rsa.generate_private_key(public_exponent=e, key_size=bits)


@functools.cache
def key_of(alg):
    return ec.generate_private_key(CURVES[alg]()) if alg in CURVES else new_rsa("usual")


def jwk(alg, key, /, **more):
    made = jwt.get_algorithm_by_name(alg).to_jwk(key, as_dict=True)
    made.pop("key_ops", None)
    return {name: value for name, value in (made | more).items() if value is not LEFT_OUT}


def public(alg, key=None, /, **more):
    return jwk(alg, (key or key_of(alg)).public_key(), **more)


def number(value, size=None):
    return encode(value.to_bytes(size or (value.bit_length() + 7) // 8 or 1, "big"))


def claims(**changes):
    """The claims as JSON."""
    now = int(time.time())
    usual = {"iss": ISSUER, "sub": "cart", "aud": "a", "iat": now, "nbf": now, "exp": now + 900}
    return json.dumps({name: value for name, value in (usual | changes).items() if value is not LEFT_OUT}).encode()


def with_member(text, name, value):
    """JSON with one more member, which is given as it is written."""
    return text[:-1] + f',"{name}":{value}}}'.encode()


def sign(header=HEADER, payload=None, alg="RS256", key=None, parts=(None, None)):
    """A token. header: JSON or its bytes. parts: header and claims as they are written in the token, if they are written in another way."""
    first = parts[0] or encode(header)
    second = parts[1] or encode(claims() if payload is None else payload)
    signature = jwt.get_algorithm_by_name(alg).sign(f"{first}.{second}".encode(), key or key_of(alg))
    return f"{first}.{second}.{encode(signature)}"


def headers():
    odd = {"crit": [None, [], ["exp"], ["b64"], "exp", {}, 1], "b64": [False, True, None], "typ": ["at+jwt", 1, None], "cty": ["JWT"],
           "zip": ["DEF"], "enc": ["A128GCM"], "kid": [None, 1, ["k"], "K", "", "k" * 3000, "k\0"], "jwk": [public("RS256", new_rsa("other"))],
           "jku": ["https://a.example"], "x5c": [["AAAA"]], "x5u": [1], "p2c": [10**9], "alg": ["rs256", "none", "RS256 ", "RS256\0", None, ["RS256"]]}
    for name, values in odd.items():
        for value in values:
            yield f"header {name}={json.dumps(value)[:20]}", sign(HEADER | {name: value})
    for name, text in {
            "alg twice": '{"alg":"RS256","kid":"k","alg":"RS256"}', "alg twice, none first": '{"alg":"none","kid":"k","alg":"RS256"}',
            "kid twice": '{"alg":"RS256","kid":"x","kid":"k"}', "typ twice": '{"alg":"RS256","typ":"a","typ":"JWT","kid":"k"}',
            "crit twice": '{"alg":"RS256","crit":null,"kid":"k","crit":["x"]}', "crit with an escape": '{"alg":"RS256","\\u0063rit":["x"],"kid":"k"}',
            "Crit": '{"alg":"RS256","Crit":["x"],"kid":"k"}', "alg with an escape": '{"\\u0061lg":"RS2\\u00356","kid":"k"}',
            "__proto__": '{"alg":"RS256","kid":"k","__proto__":{"crit":["x"]}}', "white space": ' {"alg" : "RS256" ,"kid":"k"} \n',
            "more": '{"alg":"RS256","kid":"k"}x', "NUL at the end": '{"alg":"RS256","kid":"k"}\0', "array": '[{"alg":"RS256"}]',
            "comma at the end": '{"alg":"RS256","kid":"k",}', "comment": '{"alg":"RS256",/**/"kid":"k"}', "BOM": '\ufeff{"alg":"RS256","kid":"k"}',
            "NaN": '{"alg":"RS256","kid":"k","x":NaN}', "1e400": '{"alg":"RS256","kid":"k","x":1e400}',
            "half a surrogate pair": '{"alg":"RS256","kid":"k","x":"\\ud800"}', "deep": '{"alg":"RS256","kid":"k","x":' + "[" * 20 + "]" * 20 + "}",
            "very deep": '{"alg":"RS256","kid":"k","x":' + "[" * 2000 + "]" * 2000 + "}"}.items():
        yield f"header: {name}", sign(text.encode())
    yield "header: no UTF-8", sign(b'{"alg":"RS256","kid":"k","x":"\xff"}')
    yield "header: UTF-16", sign('{"alg":"RS256","kid":"k"}'.encode("utf-16"))


def times():
    now = int(time.time())
    values = {"1e308": 1e308, "-1": -1, "0": 0, "-1e308": -1e308, "2**53": 2**53, "2**63": 2**63, "2**64 later": 2**64 + now + 900, "2**32+5": 2**32 + 5,
              "40 digits": 10**40, "401 digits": 10**400, "text later": str(now + 900), "text past": str(now - 900), "text RFC 3339": "2099-01-01T00:00:00Z",
              "text empty": "", "text x": "x", "true": True, "false": False, "null": None, "[]": [], "[later]": [now + 900], "{}": {},
              "fraction": now + 900.5, "past": now - 900, "59 s past": now - 50, "61 s past": now - 70, "50 s later": now + 50, "70 s later": now + 70,
              "later": now + 900, "ms": (now + 900) * 1000, "-0.0": -0.0, "left out": LEFT_OUT}
    written = ["1E400", "-1E400", "NaN", "Infinity", "0x7fffffff", "01900000000", "+1900000000", "1_900_000_000", ".5e10", "19e8", "1900000000.",
               "1e2147483648", "1900000000e-0", "190000000000000000000e-11"]
    for claim in ("exp", "nbf", "iat"):
        for name, value in values.items():
            yield f"{claim} {name}", sign(payload=claims(**{claim: value}))
        for text in written:
            yield f"{claim} written {text}", sign(payload=with_member(claims(**{claim: LEFT_OUT}), claim, text))
        yield f"{claim} twice", sign(payload=with_member(claims(), claim, now))
        yield f"{claim} twice, with an escape", sign(payload=with_member(claims(), f"\\u{ord(claim[0]):04x}{claim[1:]}", now))


def payloads():
    for value in (LEFT_OUT, None, 1, [], [ISSUER], {"a": ISSUER}, "", ISSUER + "/", "https://STS.example", ISSUER + " ", ISSUER + "\0", ISSUER + ":443",
                  ISSUER.replace("https", "http")):
        yield f"iss {'left out' if value is LEFT_OUT else json.dumps(value)}", sign(payload=claims(iss=value))
    yield "iss twice", sign(payload=with_member(claims(), "iss", '"https://a.example"'))
    yield "iss twice, ours last", sign(payload=with_member(claims(iss="https://a.example"), "iss", f'"{ISSUER}"'))
    yield "iss with escapes", sign(payload=with_member(claims(iss=LEFT_OUT), "iss", '"https:\\/\\/sts.e\\u0078ample"'))
    for name, value in (("sub", 1), ("sub", None), ("sub", LEFT_OUT), ("jti", 1), ("aud", 1), ("aud", {}), ("aud", None), ("aud", []), ("aud", LEFT_OUT)):
        yield f"{name} {'left out' if value is LEFT_OUT else json.dumps(value)}", sign(payload=claims(**{name: value}))
    text = claims()
    for name, payload in {
            "array": b"[]", "text": b'"x"', "number": b"1", "null": b"null", "empty object": b"{}", "BOM": b"\xef\xbb\xbf" + text, "twice": text + text,
            "white space": b" \n" + text + b"\n ", "more": text + b"x", "comma at the end": text[:-1] + b",}", "NUL at the end": text + b"\0",
            "UTF-16": text.decode().encode("utf-16"), "UTF-16LE": text.decode().encode("utf-16-le"), "UTF-32": text.decode().encode("utf-32"),
            "no UTF-8": text[:-1] + b',"x":"\xff"}', "half a surrogate pair": with_member(text, "x", '"\\ud800"'), "u0000": with_member(text, "x", '"\\u0000"'),
            "raw control character": with_member(text, "x", '"\x01"'), "raw tab": with_member(text, "x", '"\t"'), "NaN": with_member(text, "x", "NaN"),
            "1e400": with_member(text, "x", "1e400"), "01": with_member(text, "x", "01"), "comment": text[:-1] + b"/**/}",
            "single quotation marks": text.replace(b'"', b"'"), "form feed": b"\x0c" + text, "no-break space": "\u00a0".encode() + text,
            "16 levels": with_member(text, "x", "[" * 15 + "]" * 15), "17 levels": with_member(text, "x", "[" * 16 + "]" * 16),
            "5000 digits": with_member(text, "x", "9" * 5000)}.items():
        yield f"claims: {name}", sign(payload=payload)


def other_spelling(part):
    """The same bytes, with a bit that does not count, where there is one."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return part[:-1] + alphabet[alphabet.index(part[-1]) ^ 1] if len(part) % 4 else part


def forms():
    token = sign()
    header, payload, signature = token.split(".")
    standard = base64.b64encode(json.dumps(HEADER | {"x": "~~~???>>>~~"}).encode() + b"  ").decode()
    for name, text in {
            "= behind the header": f"{header}=.{payload}.{signature}", "= behind the claims": f"{header}.{payload}=.{signature}", "= at the end": token + "=",
            "== at the end": token + "==", "A at the end": token + "A", "AA at the end": token + "AA", "four parts": token + ".", "five parts": token + "..x",
            "a dot first": "." + token, "two parts": f"{header}.{payload}", "no signature": f"{header}.{payload}.", "a space inside": f"{header} .{payload}.{signature}",
            "Bearer": "Bearer " + token, "quotation marks": f'"{token}"', "empty": "", "a signature of zeros": f"{header}.{payload}.{encode(bytes(256))}",
            "a signature of 255 bytes": f"{header}.{payload}.{encode(bytes(255))}", "percent": token.replace(".", "%2E")}.items():
        yield f"form: {name}", text
    for spaces in range(3):
        first, second = encode(json.dumps(HEADER).encode() + b" " * spaces), encode(claims() + b" " * spaces)
        yield f"form: bits left over in the header, {spaces}", sign(parts=(other_spelling(first), second))
        yield f"form: bits left over in the claims, {spaces}", sign(parts=(first, other_spelling(second)))
        yield f"form: padding that is signed, {spaces}", sign(parts=(first, base64.urlsafe_b64encode(claims() + b" " * spaces).decode()))
    yield "form: bits left over in the signature", f"{header}.{payload}.{other_spelling(signature)}"
    yield "form: the alphabet of base64", sign(parts=(standard, None))


def keys():
    token, k = sign(), public("RS256", kid="k")
    n = key_of("RS256").public_key().public_numbers().n
    odd = {"use": ["sig", "enc", None, 1, "", "Sig"], "alg": ["RS256", "RS384", "PS256", "ES256", "RSA-OAEP", None, 1, ["RS256"]],
           "key_ops": [["verify"], ["sign"], ["sign", "verify"], [], None, "verify", ["verify", "verify"], {"0": "verify"}], "kid": [None, 1, LEFT_OUT, "x", ""],
           "kty": ["rsa", "EC", "oct", None, LEFT_OUT], "ext": [False], "x5c": [["AAAA"]], "x5t": ["x"], "oth": [[1]], "crv": ["P-256"], "p": ["AQAB"],
           "d": ["AQAB", None, 1], "n": [k["n"] + "==", "AA" + k["n"], number(n, 257), number(n - 1), k["n"].replace("-", "+").replace("_", "/"), [k["n"]], 1, "",
                                         number((1 << 16383) + 1), number((1 << 511) + 1)],
           "e": ["AQ", "Ag", "Aw", "AA", "AQAB=", "AAEAAQ", 65537, "AQAC", "AQ\nAB", "AQAAAAAAAAAB"]}
    for name, values in odd.items():
        for i, value in enumerate(values):
            said = "left out" if value is LEFT_OUT else f"number {i}" if name == "n" else json.dumps(value)
            yield f"key {name}={said}", token, [{a: b for a, b in (k | {name: value}).items() if b is not LEFT_OUT}]
    yield "key use=enc and key_ops=verify", token, [k | {"use": "enc", "key_ops": ["verify"]}]
    yield "key use=sig and key_ops=encrypt", token, [k | {"use": "sig", "key_ops": ["encrypt"]}]
    for alg in ("RS256", "ES256"):
        yield f"key private, {alg}", sign({"alg": alg}, alg=alg), [jwk(alg, key_of(alg), kid="k")]
    yield "key private, and key_ops", token, [jwk("RS256", key_of("RS256"), kid="k", key_ops=["sign", "verify"])]
    text = json.dumps(k)
    for name, more in {"n": f'"n":"{public("RS256", new_rsa("other"))["n"]}"', "kty": '"kty":"EC"', "kid": '"kid":"x"', "use": '"use":"enc","use":"sig"',
                       "alg": '"alg":"ES256","alg":"RS256"', "key_ops": '"key_ops":["sign"],"key_ops":["verify"]'}.items():
        yield f"key {name} twice", token, '{"keys":[{%s,%s]}' % (more, text[1:])
    for bits, e in ((1024, 65537), (3072, 65537), (2048, 3)):
        key = new_rsa("odd", bits, e)
        yield f"key of {bits} bits, e={e}", sign(key=key), [public("RS256", key, kid="k")]


def sets():
    token, k = sign(), public("RS256", kid="k")
    other, of_ec = public("RS256", new_rsa("other")), public("ES256")
    for name, jwks in {
            "none": [], "an object": {"keys": {}}, "an object of keys": {"keys": {"0": k}}, "null": {"keys": None}, "left out": {}, "a list": json.dumps([k]),
            "the key itself": json.dumps(k), "twice": '{"keys":[],"keys":[%s]}' % json.dumps(k), "more": json.dumps({"keys": [k]}) + "x",
            "a private key of another kid beside it": [jwk("RS256", new_rsa("other"), kid="z"), k],
            "a secret beside it": [{"kty": "oct", "k": "AAAA", "kid": "k"}, k], "junk beside it": [1, "x", None, [], {}, k], "{} beside it": [{}, k],
            "an unknown kty beside it": [{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "k"}, k],
            "a short key of its kid beside it": [k | {"n": k["n"][:100]}, k], "another key of its kid beside it": [other | {"kid": "k"}, k],
            "two keys without kid": [other, public("RS256")]}.items():
        yield f"keys: {name}", token, jwks
    for count in (64, 65, 300):
        filler = [of_ec | {"kid": f"o{i}"} for i in range(count - 1)]
        yield f"keys: {count}, the last", token, [*filler, k]
        yield f"keys: {count}, the first", token, [k, *filler]
    token = sign({"alg": "RS256"})
    for name, jwks in {"one": [k], "of two kinds": [of_ec | {"kid": "e"}, k], "two": [other | {"kid": "e"}, k], "another": [other | {"kid": "e"}]}.items():
        yield f"no kid, keys: {name}", token, jwks


def curves():
    token, k = sign({"alg": "ES256", "kid": "k"}, alg="ES256"), public("ES256", kid="k")
    point = key_of("ES256").public_key().public_numbers()
    for name, more in {
            "right": {}, "off the curve": {"y": number((point.y + 1) % P256_P, 32)}, "the other y": {"y": number(P256_P - point.y, 32)},
            "0, 0": {"x": number(0, 32), "y": number(0, 32)}, "x + p": {"x": number(point.x + P256_P, 33)}, "x = p": {"x": number(P256_P, 32)},
            "x of 1 byte": {"x": number(5)}, "x of 33 bytes": {"x": number(point.x, 33)}, "no y": {"y": LEFT_OUT}, "no crv": {"crv": LEFT_OUT},
            "P-384": {"crv": "P-384"}, "secp256k1": {"crv": "secp256k1"}, "prime256v1": {"crv": "prime256v1"}, "p-256": {"crv": "p-256"},
            "alg ES384": {"alg": "ES384"}, "alg ES256K": {"alg": "ES256K"}, "alg ECDH-ES": {"alg": "ECDH-ES"}, "kty RSA": {"kty": "RSA"}}.items():
        yield f"point: {name}", token, [{a: b for a, b in (k | more).items() if b is not LEFT_OUT}]
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    for name, (a, b) in {"n - s": (r, P256_N - s), "r = 0": (0, s), "s = 0": (r, 0), "s = n": (r, P256_N), "r = n": (P256_N, s), "0, 0": (0, 0), "1, 1": (1, 1)}.items():
        yield f"signature: {name}", f"{signed}.{encode(a.to_bytes(32, 'big') + b.to_bytes(32, 'big'))}", [k]
    yield "signature: DER", f"{signed}.{encode(encode_dss_signature(r, s))}", [k]
    yield "signature: 66 bytes", f"{signed}.{encode(r.to_bytes(33, 'big') + s.to_bytes(33, 'big'))}", [k]
    yield "signature: a byte more", f"{signed}.{encode(raw + b'x')}", [k]


def confusion():
    """Another algorithm than that of the key, or of the signature."""
    k, key = public("RS256", kid="k"), key_of("RS256")
    for a in ALGORITHMS:
        for b in ALGORITHMS:
            yield f"{a} with the key of {b}", sign({"alg": a}, alg=a), [public(b)]
            yield f"{a} with a key for {b}", sign({"alg": a}, alg=a), [public(b, alg=b)]
            if a != b:
                yield f"{a} said, {b} signed", sign({"alg": a}, alg=b), [public(b)]
    signed = encode({"alg": "HS256", "kid": "k"}) + "." + encode(claims())
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    yield "HS256 with the public key", f"{signed}.{encode(hmac.digest(pem, signed.encode(), 'sha256'))}", [k]
    yield "HS256 with a secret of the set", f"{signed}.{encode(hmac.digest(b'0' * 32, signed.encode(), 'sha256'))}", [{"kty": "oct", "k": encode(b"0" * 32), "kid": "k"}]
    unsigned = encode({"alg": "none"}) + "." + encode(claims()) + "."
    yield "none", unsigned, [k]
    yield "none, with a signature", unsigned + sign().rpartition(".")[2], [k]
    signed = sign().rpartition(".")[0]
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(signed.encode()).digest()
    padded = encode(b"\0\1" + b"\xff" * (256 - 3 - len(digest)) + b"\0" + digest)
    n = key.public_key().public_numbers().n
    yield "forged, with e = 1", f"{signed}.{padded}", [k | {"e": "AQ"}]
    yield "forged, with e = 1 and an even n", f"{signed}.{padded}", [k | {"e": "AQ", "n": number(n - 1)}]
    signed, _, signature = sign().rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    yield "signature: a zero before it", f"{signed}.{encode(bytes(1) + raw)}", [k]
    yield "signature: plus n", f"{signed}.{encode((int.from_bytes(raw, 'big') + n).to_bytes(257, 'big'))}", [k]
    signed = encode({"alg": "PS256", "kid": "k"}) + "." + encode(claims())
    for mgf in (hashes.SHA256, hashes.SHA1):
        for salt in (0, 20, 32, 64):
            pss = key.sign(signed.encode(), padding.PSS(padding.MGF1(mgf()), salt), hashes.SHA256())
            yield f"PSS: a salt of {salt}, MGF1 with {mgf.name}", f"{signed}.{encode(pss)}", [k]


def cases():
    """(name, token, text of the JWKS)"""
    usual = [public("RS256", kid="k")]
    with_usual = ((name, token, usual) for part in (headers, times, payloads, forms) for name, token in part())
    for part in (with_usual, keys(), sets(), curves(), confusion()):
        for name, token, jwks in part:
            yield name, token, jwks if isinstance(jwks, str) else json.dumps({"keys": jwks} if isinstance(jwks, list) else jwks)


# ---- the verdicts of others ----

WE, THEY = "the program", "the library"
# What every library takes that is refused here: (a pattern for the names of cases, who takes them, why).
STRICT = [
    (r"header: (alg|kid) twice.*|(exp|nbf|iat|iss) twice.*|key \w+ twice|keys: twice", THEY, "two readers could choose two values"),
    (r"(header|claims): (1e400|half a surrogate pair|u0000)|exp 401 digits", THEY, "readers of JSON differ in what they make of it"),
    (r"header: deep|claims: 17 levels|keys: (65|300), the last", THEY, "a limit: 16 levels, 64 keys, 64 KiB"),
    (r"form: (== at the end|padding that is signed, [12])|key n=number [04]|key e=\"(AQAB=|AQ\\nAB)\"", THEY, "base64url has no padding, no space and no + or / (RFC 7515 section 2)"),
]


def compare(cases, taken, taken_by_them, otherwise):
    """The verdicts are the same, except for the cases that a pattern names; no pattern is superfluous."""
    wrong, used = [], set()
    for (name, _, _), we, they in zip(cases, taken, taken_by_them, strict=True):
        if we == they:
            continue
        who = WE if we else THEY
        known = {pattern for pattern, by, _ in otherwise if by == who and re.fullmatch(pattern, name)}
        used |= known
        if not known:
            wrong.append((name, f"taken by {who} alone"))
    superfluous = [pattern for pattern, _, _ in otherwise if pattern not in used]
    assert not wrong and not superfluous, (wrong, superfluous)
