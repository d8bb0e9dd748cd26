# SPDX-License-Identifier: Apache-2.0
"""Tokens as the API server and an STS make them, and the answers that an STS wraps them in."""
import base64
import datetime
import json
import time

import jwt

from . import pki

KEY = pki.new_key("ec")
NAMESPACE, ACCOUNT = "shop", "checkout"


def subject(lifetime_s=3600, **claims):
    """A bound ServiceAccount token, as a projected volume holds it."""
    now = int(time.time())
    return jwt.encode({
        "aud": ["https://kubernetes.default.svc"], "exp": now + lifetime_s, "iat": now, "nbf": now,
        "iss": "https://kubernetes.default.svc", "jti": "6f2f0c2e-3f07-4b5e-9f43-0d6a6d5b8a11",
        "kubernetes.io": {"namespace": NAMESPACE, "pod": {"name": "checkout-0", "uid": "0c4c3bd0-6a0c-4a0b-8d53-6a8a8c1f5f77"},
                          "serviceaccount": {"name": ACCOUNT, "uid": "7f1d2f6e-2c55-4f1e-8a3b-3c3c0fb0c2b4"}},
        "sub": f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}", **claims,
    }, KEY, algorithm="ES256", headers={"kid": "test"})


def issued(lifetime_s=900, **claims):
    """What an STS gives back."""
    now = int(time.time())
    return jwt.encode({
        "iss": "https://sts.test/issuer", "aud": "test", "exp": now + lifetime_s, "nbf": now - 60, "iat": now, "jti": str(now),
        "sub": f"test:{NAMESPACE}:{ACCOUNT}", **claims,
    }, KEY, algorithm="ES256", headers={"kid": "CN=test, O=a b"})


def unsigned(claims):
    """A token whose claims are these bytes."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    return f'{part(json.dumps({"alg": "none"}).encode())}.{part(claims)}.c2ln'


def expiry(token):
    return jwt.decode(token, options={"verify_signature": False})["exp"]


def rfc3339(epoch_s):
    return datetime.datetime.fromtimestamp(epoch_s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch(path):
    """The time in a file `expires`, in seconds since the epoch."""
    return int(datetime.datetime.fromisoformat(path.read_text()).timestamp())


def is_end(written, exp_s):
    """Is this text of `expires` the end of a token? It may be a second earlier, where a second passes between the STS's clock and ours; never later."""
    return written in (rfc3339(exp_s), rfc3339(exp_s - 1))


def http(status=200, body=b"", reason="X", headers=()):
    """An answer with a length. A body of any other type than bytes is sent as JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


THUMBPRINT = "0123456789ABCDEF" * 4


def openunison(token, **more):
    inner = {"expires": rfc3339(expiry(token)), "jwt": token, "thumbprint": THUMBPRINT, **more}
    return http(body={"displayName": f"test:{NAMESPACE}:{ACCOUNT}", "token": {k: v for k, v in inner.items() if v is not None}},
                headers=["Content-Type: application/json; charset=UTF-8"])


def exchanged(token, **more):
    body = {"access_token": token, "issued_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_type": "N_A",
            "expires_in": expiry(token) - int(time.time()), **more}
    return http(body={k: v for k, v in body.items() if v is not None}, headers=["Content-Type: application/json"])
