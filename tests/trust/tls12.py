# SPDX-License-Identifier: Apache-2.0
"""A TLS 1.2 server that can do little but send any list of certificates, with any key, for the chains that OpenSSL refuses to serve.
One suite per kind of key, P-256, AES-128-GCM (RFC 5246, 5288, 8422). It checks nothing.

It can lie in its handshake:
    alpn     the protocol that it says it has chosen
    share    (group, point, secret): what it sends as its key of the exchange, and takes for the secret whatever the client sends
    asks     whether it asks for a client certificate; it cannot read one, so the handshake must end before the client's key of the exchange"""
import hashlib
import hmac
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHANGE, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23


class Refused(Exception):
    """The client sent an alert, or closed."""


def number(value, size):
    return value.to_bytes(size, "big")


def vector(data, size):
    return number(len(data), size) + data


def prf(secret, label, seed, size):
    out, a = b"", label + seed
    while len(out) < size:
        a = hmac.digest(secret, a, "sha256")
        out += hmac.digest(secret, a + label + seed, "sha256")
    return out[:size]


def sign(key, data):
    """The signature of the key, or zeros if there is no key that can sign."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(data, ec.ECDSA(hashes.SHA256())) if key else bytes(64)


def p256():
    """An honest key of the exchange."""
    own = ec.generate_private_key(ec.SECP256R1())
    point = own.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return 23, point, lambda theirs: own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))


class Connection:
    def __init__(self, raw, chain, key, alpn=None, share=None, asks=False):
        self.raw, self.log, self.pending = raw, b"", b""
        self.sealer = self.opener = None
        self._shake(chain, key, alpn, share, asks)

    # Records

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.raw.recv(size - len(data))
            if not piece:
                raise Refused("closed")
            data += piece
        return data

    def _record(self):
        head = self._exactly(5)
        data = self._exactly(int.from_bytes(head[3:], "big"))
        if self.opener:
            data = self.opener.open(head[0], data)
        if head[0] == ALERT:
            raise Refused(f"alert {data[1]}")
        return head[0], data

    def _send(self, kind, data):
        for at in range(0, len(data), 16384):
            piece = data[at:at + 16384]
            piece = self.sealer.seal(kind, piece) if self.sealer else piece
            self.raw.sendall(bytes([kind, 3, 3]) + vector(piece, 2))

    # Handshake

    def _say(self, kind, data):
        message = bytes([kind]) + vector(data, 3)
        self.log += message
        self._send(HANDSHAKE, message)

    def _hear(self):
        while len(self.pending) < 4 or len(self.pending) < 4 + int.from_bytes(self.pending[1:4], "big"):
            kind, data = self._record()
            if kind == HANDSHAKE:
                self.pending += data
        size = 4 + int.from_bytes(self.pending[1:4], "big")
        message, self.pending = self.pending[:size], self.pending[size:]
        self.log += message
        return message[4:]

    def _shake(self, chain, key, alpn, share, asks):
        randoms = self._hear()[2:34], os.urandom(32)
        is_rsa = isinstance(key, rsa.RSAPrivateKey)
        suite = b"\xc0\x2f" if is_rsa else b"\xc0\x2b"
        chosen = b"\0\x10" + vector(vector(vector(alpn, 1), 2), 2) if alpn else b""
        self._say(2, b"\3\3" + randoms[1] + b"\0" + suite + b"\0" + vector(b"\xff\1\0\1\0" + chosen, 2))
        self._say(11, vector(b"".join(vector(der, 3) for der in chain), 3))
        group, point, secret = share or p256()
        params = b"\3" + number(group, 2) + vector(point, 1)
        self._say(12, params + (b"\4\1" if is_rsa else b"\4\3") + vector(sign(key, b"".join(randoms) + params), 2))
        if asks:
            self._say(13, vector(b"\x40", 1) + vector(b"\4\3\4\1", 2) + vector(b"", 2))
        self._say(14, b"")
        theirs = self._hear()[1:]
        self.master = prf(secret(theirs) if callable(secret) else secret, b"master secret", b"".join(randoms), 48)
        block = prf(self.master, b"key expansion", randoms[1] + randoms[0], 40)
        if self._record()[0] != CHANGE:
            raise Refused("no ChangeCipherSpec")
        self.opener = Gcm(block[:16], block[32:36])
        self._hear()
        self._send(CHANGE, b"\1")
        self.sealer = Gcm(block[16:32], block[36:])
        self._say(20, prf(self.master, b"server finished", hashlib.sha256(self.log).digest(), 12))

    # the methods that Python's ssl.SSLSocket has as well

    def recv(self, _):
        return self._record()[1]

    def sendall(self, data):
        self._send(DATA, data)

    def unwrap(self):
        self._send(ALERT, b"\1\0")
        return self.raw

    def close(self):
        self.raw.close()


class Gcm:
    def __init__(self, key, salt):
        self.key, self.salt, self.count = AESGCM(key), salt, 0

    def _about(self, kind, size):
        about = number(self.count, 8) + bytes([kind, 3, 3]) + number(size, 2)
        self.count += 1
        return about

    def seal(self, kind, data):
        nonce = number(self.count, 8)
        return nonce + self.key.encrypt(self.salt + nonce, data, self._about(kind, len(data)))

    def open(self, kind, data):
        return self.key.decrypt(self.salt + data[:8], data[8:], self._about(kind, len(data) - 24))
