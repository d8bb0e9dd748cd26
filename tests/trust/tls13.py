# SPDX-License-Identifier: Apache-2.0
"""A TLS 1.3 server that can do little but send any list of certificates, with any key: what tls12.py is for TLS 1.2.
One suite, AES-128-GCM (RFC 8446). It checks nothing.

It can lie in its handshake:
    alpn     the protocol that it says it has chosen
    share    (group, point, secret): what it sends as its key of the exchange, and takes for the secret whatever the client sends.
             It asks for another group than X25519 by a HelloRetryRequest
    asks     whether it asks for a client certificate, which it reads and does not verify"""
import hashlib
import hmac
import os

import tls12
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tls12 import ALERT, CHANGE, DATA, Refused, number, vector

SUITE = b"\x13\1"
X25519 = 29
RETRY = hashlib.sha256(b"HelloRetryRequest").digest()
CONTEXT = b" " * 64 + b"TLS 1.3, server CertificateVerify\0"


def expand(secret, label, context, size):
    label = b"tls13 " + label
    info = number(size, 2) + vector(label, 1) + vector(context, 1) + b"\1"
    return hmac.digest(secret, info, "sha256")[:size]


def scheme(key):
    """The scheme of a signature of this key; that of P-256 if there is no key that can sign."""
    if isinstance(key, rsa.RSAPrivateKey):
        return b"\x08\4"
    size = key.curve.key_size if isinstance(key, ec.EllipticCurvePrivateKey) else 256
    return {384: b"\5\3", 521: b"\6\3"}.get(size, b"\4\3")


def sign(key, data):
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return bytes(64)
    digest = {b"\5\3": hashes.SHA384, b"\6\3": hashes.SHA512}.get(scheme(key), hashes.SHA256)
    return key.sign(data, ec.ECDSA(digest()))


def x25519_share():
    """An honest key of the exchange."""
    own = x25519.X25519PrivateKey.generate()
    return X25519, own.public_key().public_bytes_raw(), lambda theirs: own.exchange(x25519.X25519PublicKey.from_public_bytes(theirs))


def extension(kind, data):
    return number(kind, 2) + vector(data, 2)


def shares_of(hello):
    """The session id and the key shares of a ClientHello: {group: point}."""
    at = 34
    session, at = hello[at:at + 1 + hello[at]], at + 1 + hello[at]
    at += 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 1 + hello[at] + 2
    found = {}
    while at < len(hello):
        kind, size = int.from_bytes(hello[at:at + 2], "big"), int.from_bytes(hello[at + 2:at + 4], "big")
        body, at = hello[at + 4:at + 4 + size], at + 4 + size
        entry = 2
        while kind == 51 and entry < len(body):
            length = int.from_bytes(body[entry + 2:entry + 4], "big")
            found[int.from_bytes(body[entry:entry + 2], "big")] = body[entry + 4:entry + 4 + length]
            entry += 4 + length
    return session, found


class Connection(tls12.Connection):
    def _record(self):
        while True:
            head = self._exactly(5)
            data = self._exactly(int.from_bytes(head[3:], "big"))
            if head[0] == CHANGE:
                continue
            # A client without keys of the handshake sends its alert in clear.
            kind, data = self.opener.open(head, data) if self.opener and head[0] == DATA else (head[0], data)
            if kind == ALERT:
                raise Refused(f"alert {data[1]}")
            return kind, data

    def _send(self, kind, data):
        for at in range(0, len(data), 16384):
            piece = data[at:at + 16384]
            head = bytes([kind, 3, 3]) + number(len(piece), 2)
            self.raw.sendall(self.sealer.seal(kind, piece) if self.sealer else head + piece)

    def _hash(self):
        return hashlib.sha256(self.log).digest()

    def _hello(self, random, session, data):
        self._say(2, b"\3\3" + random + session + SUITE + b"\0" + vector(extension(43, b"\3\4") + data, 2))

    def _keys(self, secret, context):
        """Gcm for client and server, and their secrets."""
        made = [expand(secret, label + b" traffic", context, 32) for label in (b"c " + self.phase, b"s " + self.phase)]
        return [Gcm(expand(one, b"key", b"", 16), expand(one, b"iv", b"", 12)) for one in made], made

    def _shake(self, chain, key, alpn, share, asks):
        session, shares = shares_of(self._hear())
        group, point, secret = share or x25519_share()
        if group not in shares:
            self.log = bytes([254, 0, 0, 32]) + self._hash()
            self._hello(RETRY, session, extension(51, number(group, 2)))
            session, shares = shares_of(self._hear())
        self._hello(os.urandom(32), session, extension(51, number(group, 2) + vector(point, 2)))
        early = hmac.digest(bytes(32), bytes(32), "sha256")
        nothing = hashlib.sha256().digest()
        agreed = secret(shares[group]) if callable(secret) else secret
        middle = hmac.digest(expand(early, b"derived", nothing, 32), agreed, "sha256")
        self.phase = b"hs"
        (opener, self.sealer), (_, ours) = self._keys(middle, self._hash())
        self._say(8, vector(extension(16, vector(vector(alpn, 1), 2)) if alpn else b"", 2))
        if asks:
            self._say(13, b"\0" + vector(extension(13, vector(b"\4\3\x08\4", 2)), 2))
        self._say(11, b"\0" + vector(b"".join(vector(der, 3) + b"\0\0" for der in chain), 3))
        self._say(15, scheme(key) + vector(sign(key, CONTEXT + self._hash()), 2))
        self._say(20, hmac.digest(expand(ours, b"finished", b"", 32), self._hash(), "sha256"))
        self.phase = b"ap"
        last = hmac.digest(expand(middle, b"derived", nothing, 32), bytes(32), "sha256")
        after, _ = self._keys(last, self._hash())
        self.opener = opener
        for _ in range(3 if asks else 1):   # Certificate, CertificateVerify, Finished
            self._hear()
        self.opener, self.sealer = after


class Gcm:
    def __init__(self, key, nonce):
        self.key, self.nonce, self.count = AESGCM(key), int.from_bytes(nonce, "big"), 0

    def _next(self):
        self.count += 1
        return number(self.nonce ^ (self.count - 1), 12)

    def seal(self, kind, data):
        head = bytes([DATA, 3, 3]) + number(len(data) + 17, 2)
        return head + self.key.encrypt(self._next(), data + bytes([kind]), head)

    def open(self, head, data):
        plain = self.key.decrypt(self._next(), data, head).rstrip(b"\0")
        return plain[-1], plain[:-1]
