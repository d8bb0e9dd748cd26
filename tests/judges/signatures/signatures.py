# SPDX-License-Identifier: Apache-2.0
"""Tokens and sets of keys, judged by the program and by other libraries."""
import base64
import json
import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[3]
PATIENCE_S = 60


def ask(build, cases, kind=b"s"):
    """What the program says to pairs of a token and a JWKS: "taken", or "refused ERROR MESSAGE". One process for all. kind: see judge.c."""
    sent = b""
    for token, jwks in cases:
        case = f"{token}\n{jwks if isinstance(jwks, str) else json.dumps(jwks)}".encode()
        sent += kind + len(case).to_bytes(4, "big") + case
    done = subprocess.run([TOP / build / "tests/judge"], input=sent, capture_output=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    assert len(lines) == len(cases)
    return lines


def encode(data):
    text = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
