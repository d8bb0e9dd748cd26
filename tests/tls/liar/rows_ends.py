# SPDX-License-Identifier: Apache-2.0
"""Alerts and ends of a connection that no check is about, and keys at the edge that must be accepted."""
import hashlib

from row import row, rows
from server import (
    ALERT, ANSWER, DATA, EMS, HELLO_DONE, KEY_SHARE, RENEGOTIATION, RSA_PKCS1, RSA_PSS, SUITE_ECDSA, SUITE_RSA, X25519, number)

FIELD = (1 << 255) - 19  # the prime of Curve25519


# --- ends ---

@rows("", "a fatal alert in place of the ServerHello", (40,), end="alerted 40")
def _(s, alert):
    s.client_hello()
    s.raw(ALERT, bytes([2, alert]))


@rows("", "an alert of an unknown number", (255,), end="alerted 255")
def _(s, alert):
    s.client_hello()
    s.raw(ALERT, bytes([2, alert]))


@row("", "an alert that is fatal by its number, with the level of a warning, in TLS 1.3", end="alerted 80")
def _(s):
    s.client_hello()
    s.hello13()
    s.put(ALERT, b"\1\x50")


@row("", "an alert of an unknown number with the level of a warning, in TLS 1.3", end="alerted 200")
def _(s):
    s.whole13()
    s.put(ALERT, b"\1\xc8")


@row("", "a fatal alert in the middle of the answer", end="alerted 80")
def _(s):
    s.whole12()
    s.put(DATA, ANSWER)
    s.put(ALERT, b"\2\x50")


@row("", "no close_notify in TLS 1.3", end="ended")
def _(s):
    s.whole13()
    s.put(DATA, ANSWER)


@row("", "no close_notify in TLS 1.2", end="ended")
def _(s):
    s.whole12()
    s.put(DATA, ANSWER)


@row("", "the end in the middle of a record", end="ended")
def _(s):
    s.whole13()
    s.raw(DATA, bytes(40), length=41)


@row("", "the end in place of Finished", end="ended")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13()


@row("", "data behind close_notify, which is not read")
def _(s):
    s.whole13()
    s.answer()
    s.put(DATA, b"more")


@row("", "user_canceled before close_notify")
def _(s):
    s.whole13()
    s.put(DATA, ANSWER)
    s.put(ALERT, b"\1\x5a")
    s.put(ALERT, b"\1\0")


# --- what must be accepted ---

def finish13(s):
    s.protect13()
    s.flight13()
    s.client_flight13()
    s.request()
    s.answer()


@row("", "X25519: the highest bit of the server's key is ignored")
def _(s):
    s.client_hello()
    own = s.share(X25519)
    s.share = lambda group: own
    s.hello13(point=own[:31] + bytes([own[31] | 0x80]), protect=False)
    finish13(s)


@row("", "X25519: a key that is not the smallest of its kind is accepted")
def _(s):
    # The number FIELD + 9 stands for the base point, so that the secret is the client's public key.
    s.client_hello()
    s.share(X25519)
    s.share = lambda group: None
    s.shared = s.offered[KEY_SHARE][6:]
    s.hello13(point=number(FIELD + 9, 32)[::-1], protect=False)
    finish13(s)


@row("", "random bytes that only look like the mark of a downgrade")
def _(s):
    s.client_hello()
    s.random = s.random[:24] + b"DOWNGRD\2"
    s.hello12()
    s.flight12()
    s.client_flight12()
    s.finished12()
    s.request()
    s.answer()


@row("", "a mark of a downgrade in TLS 1.3")
def _(s):
    s.client_hello()
    s.random = s.random[:24] + b"DOWNGRD\1"
    s.hello13()
    s.flight13()
    s.client_flight13()
    s.request()
    s.answer()


@row("", "a downgrade where TLS 1.3 is not offered", "--no-tls13")
def _(s):
    s.client_hello()
    s.random = s.random[:24] + b"DOWNGRD\1"
    s.hello12()
    s.flight12()
    s.client_flight12()
    s.finished12()
    s.request()
    s.answer()


@row("", "a session id of the server's own in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12(session=hashlib.sha256(s.random).digest())
    s.flight12()
    s.client_flight12()
    s.finished12()
    s.request()
    s.answer()


@row("", "a ServerHello of TLS 1.2 without a list of extensions")
def _(s):
    s.client_hello()
    s.ems = False
    s.hello(None, SUITE_ECDSA, session=b"")
    s.flight12()
    s.client_flight12()
    s.finished12()
    s.request()
    s.answer()


@rows("", "a signature of RSA in TLS 1.2", (RSA_PKCS1, 0x0501, 0x0601, RSA_PSS, 0x0805, 0x0806))
def _(s, scheme):
    s.client_hello()
    s.hello12([(EMS, b""), (RENEGOTIATION, b"\0")], suite=SUITE_RSA)
    s.certificate12("rsa")
    s.exchange12("rsa", scheme)
    s.say(HELLO_DONE, b"")
    s.client_flight12()
    s.finished12()
    s.request()
    s.answer()


@rows("", "a signature of P-256 with another hash in TLS 1.2", (0x0503, 0x0603))
def _(s, scheme):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(scheme=scheme)
    s.say(HELLO_DONE, b"")
    s.client_flight12()
    s.finished12()
    s.request()
    s.answer()


@row("", "a CertificateRequest in TLS 1.3, while the client has no certificate")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.request13()
    s.certificate13()
    s.verify13()
    s.finished13()
    s.client_flight13()
    s.request()
    s.answer()


@row("", "a CertificateRequest in TLS 1.2, while the client has no certificate")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12()
    s.request12()
    s.say(HELLO_DONE, b"")
    s.client_flight12()
    s.finished12()
    s.request()
    s.answer()


# --- without random bytes ---

NO_RANDOM = {"end": "no_random", "told": (2, 80, False)}


@row("", "no random bytes for the ClientHello", "--random", "0", **NO_RANDOM)
def _(s):
    s.client_hello()


@row("", "no random bytes for the key share", "--random", "2", **NO_RANDOM)
def _(s):
    s.client_hello()


@row("", "no random bytes for the key that a HelloRetryRequest asks for", "--random", "3", **NO_RANDOM)
def _(s):
    s.client_hello()
    s.retry()


@row("", "no random bytes for the key of TLS 1.2", "--random", "3", **NO_RANDOM)
def _(s):
    s.client_hello()
    s.hello12()
    s.flight12()
    s.client_flight12()
