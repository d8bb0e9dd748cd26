# SPDX-License-Identifier: Apache-2.0
"""
A server of TLS 1.2 and 1.3 for one connection, which does as it is told: each step of the handshake can be left out, repeated, or be given
other bytes. It has one suite for each version and kind of key (AES-128-GCM with SHA-256), and calls the primitives of `cryptography`.
"""
import hashlib
import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CCS, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
HELLO_REQUEST, SERVER_HELLO, TICKET, ENCRYPTED_EXTENSIONS, CERTIFICATE, KEY_EXCHANGE, REQUEST, HELLO_DONE, VERIFY, CLIENT_KEY_EXCHANGE, \
    FINISHED, STATUS, KEY_UPDATE = 0, 2, 4, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24
SERVER_NAME, STATUS_REQUEST, POINT_FORMATS, SCHEMES, ALPN, EMS, TICKETS, PSK, VERSIONS, COOKIE, KEY_SHARE, RENEGOTIATION = \
    0, 5, 11, 13, 16, 23, 35, 41, 43, 44, 51, 0xFF01
X25519, P256, P384, P521 = 29, 23, 24, 25
CURVES = {P256: ec.SECP256R1, P384: ec.SECP384R1, P521: ec.SECP521R1}
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
SUITE_13, SUITE_13_OTHER, SUITE_ECDSA, SUITE_RSA = 0x1301, 0x1303, 0xC02B, 0xC02F
ECDSA_P256, ECDSA_P384, RSA_PSS, RSA_PKCS1 = 0x0403, 0x0503, 0x0804, 0x0401
ANSWER = b"HTTP/1.0 200 OK\r\n\r\nhello\n"


class Ended(Exception):
    """The client ended the connection, with an alert or without one."""


def number(value, size):
    return value.to_bytes(size, "big")


def vector(data, size):
    return number(len(data), size) + data


def extension(kind, data):
    return number(kind, 2) + vector(data, 2)


def extensions(pairs):
    return vector(b"".join(extension(*pair) for pair in pairs), 2)


def message(kind, body, length=None):
    return number(kind, 1) + number(len(body) if length is None else length, 3) + body


def mac(key, data):
    return hmac.new(key, data, "sha256").digest()


def expand_label(secret, label, context, size):
    info, out, block = number(size, 2) + vector(b"tls13 " + label, 1) + vector(context, 1), b"", b""
    while len(out) < size:
        block = mac(secret, block + info + number(len(out) // 32 + 1, 1))
        out += block
    return out[:size]


def prf(secret, label, seed, size):
    seed, a, out = label + seed, label + seed, b""
    while len(out) < size:
        a = mac(secret, a)
        out += mac(secret, a + seed)
    return out[:size]


class Keys:
    """The protection of one direction."""

    def __init__(self, key, iv, tls13):
        self.aead, self.iv, self.tls13, self.count = AESGCM(key), iv, tls13, 0

    def nonce(self, explicit=None):
        if self.tls13:
            return number(int.from_bytes(self.iv, "big") ^ self.count, 12)
        return self.iv + (number(self.count, 8) if explicit is None else explicit)

    def seal(self, kind, data, padding_bytes=0):
        """The type and the fragment of a record."""
        if self.tls13:
            inner = data + number(kind, 1) + bytes(padding_bytes)
            out = DATA, self.aead.encrypt(self.nonce(), inner, struct.pack(">BHH", DATA, 0x0303, len(inner) + 16))
        else:
            extra = number(self.count, 8) + struct.pack(">BHH", kind, 0x0303, len(data))
            out = kind, number(self.count, 8) + self.aead.encrypt(self.nonce(), data, extra)
        self.count += 1
        return out

    def open(self, kind, fragment):
        if self.tls13:
            inner = self.aead.decrypt(self.nonce(), fragment, struct.pack(">BHH", DATA, 0x0303, len(fragment))).rstrip(b"\0")
            kind, data = inner[-1], inner[:-1]
        else:
            extra = number(self.count, 8) + struct.pack(">BHH", kind, 0x0303, len(fragment) - 24)
            data = self.aead.decrypt(self.nonce(fragment[:8]), fragment[8:], extra)
        self.count += 1
        return kind, data


class Server:
    """One connection. identities: {kind of key: (DER of the chain, key)}."""

    def __init__(self, sock, identities):
        self.sock, self.identities = sock, identities
        self.transcript = b""  # of all handshake messages
        self.buffer, self.pending = b"", b""
        self.in_keys = self.out_keys = None
        self.alert = None  # (level, alert, whether it was protected) of the client
        self.closed = False  # whether close_notify of the client came
        self.gathered = None
        self.random = os.urandom(32)
        self.tls13 = False
        self.first_hello = None  # the parts of the client's that must stay
        self.came_ccs = 0        # change_cipher_spec of the client in TLS 1.3

    # --- records ---

    def exactly(self, count):
        while len(self.buffer) < count:
            more = self.sock.recv(65536)
            if not more:
                raise Ended
            self.buffer += more
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def record(self):
        """The type and the content of the client's next record. An alert is kept, and ends the connection."""
        kind, version, length = struct.unpack(">BHH", self.exactly(5))
        versions = (0x0303,) if self.in_keys or self.tls13 or kind != HANDSHAKE else (0x0301, 0x0303)
        if version not in versions or not 0 < length <= (1 << 14) + 256:
            raise ValueError(f"a record of the client has the version {version:#x} and {length} bytes")
        data = self.exactly(length)
        if self.in_keys and not (self.tls13 and kind == CCS):
            kind, data = self.in_keys.open(kind, data)
            protected = True
        else:
            protected = False
        self.closed = self.closed or (kind == ALERT and data == b"\1\0")
        if kind == ALERT and data[0] == 2:
            self.alert = data[0], data[1], protected
            raise Ended
        return kind, data

    def raw(self, kind, data, version=0x0303, length=None):
        """A record as it stands, without protection."""
        self.sock.sendall(struct.pack(">BHH", kind, version, len(data) if length is None else length) + data)

    def put(self, kind, data, padding_bytes=0):
        """A record, protected as soon as there are keys."""
        if self.out_keys:
            kind, data = self.out_keys.seal(kind, data, padding_bytes)
        self.raw(kind, data)

    # --- messages ---

    def read(self, *due):
        """The body of the client's next handshake message."""
        while len(self.pending) < 4 or len(self.pending) < 4 + int.from_bytes(self.pending[1:4], "big"):
            kind, data = self.record()
            if kind == HANDSHAKE:
                self.pending += data
            elif kind == CCS and self.tls13 and data == b"\1":
                self.came_ccs += 1
            elif kind != ALERT:
                raise ValueError(f"a record of type {kind} came")
        size = 4 + int.from_bytes(self.pending[1:4], "big")
        whole, self.pending = self.pending[:size], self.pending[size:]
        if whole[0] not in due:
            raise ValueError(f"message {whole[0]} came, and {due} was due")
        self.transcript += whole
        self.came = whole[0]
        return whole[4:]

    def say(self, kind, body, length=None, hashed=True):
        """A handshake message in a record of its own, or with those that are gathered."""
        whole = message(kind, body, length)
        if hashed:
            self.transcript += whole
        if self.gathered is not None:
            self.gathered += whole
        else:
            self.put(HANDSHAKE, whole)

    def gather(self):
        self.gathered = b""

    def flush(self, more=b"", size=None):
        """Sends what was gathered in one record, or in records of a size."""
        data, self.gathered = self.gathered + more, None
        for at in range(0, len(data), size or len(data)):
            self.put(HANDSHAKE, data[at:at + (size or len(data))])

    def digest(self):
        return hashlib.sha256(self.transcript).digest()

    # --- hellos ---

    def client_hello(self):
        body = self.read(1)
        self.client_random, at = body[2:34], 34
        self.session = body[at + 1:at + 1 + body[at]]
        at += 1 + body[at]
        at += 2 + int.from_bytes(body[at:at + 2], "big")
        compression, at = body[at:at + 2], at + 2
        length, at = int.from_bytes(body[at:at + 2], "big"), at + 2
        end, same, self.offered = at + length, body[:at - 2], {}
        while at < len(body):
            kind, size = struct.unpack(">HH", body[at:at + 4])
            if kind in self.offered:
                raise ValueError(f"the ClientHello has the extension {kind} twice")
            self.offered[kind] = body[at + 4:at + 4 + size]
            at += 4 + size
        is_formed = body[:2] == b"\3\3" and len(self.session) == 32 and compression == b"\1\0" and len(body) == end
        self.check_hello(is_formed, (same, [pair for pair in self.offered.items() if pair[0] not in (COOKIE, KEY_SHARE)]))

    def check_hello(self, is_formed, parts):
        """A second ClientHello is the first one, but for cookie and key share (RFC 8446 section 4.1.2)."""
        if not is_formed:
            raise ValueError("the ClientHello is not well-formed")
        if self.first_hello not in (None, parts):
            raise ValueError("the second ClientHello is another one")
        self.first_hello = parts
        shares = self.offered.get(KEY_SHARE, bytes([0, 4, 0, 0, 0, 0]))
        if len(shares) != 6 + int.from_bytes(shares[4:6], "big") or int.from_bytes(shares[:2], "big") != len(shares) - 2:
            raise ValueError("the ClientHello has not one key share")

    def share(self, group):
        """Our public key for a group, and the secret that is shared with the client's."""
        theirs = self.offered[KEY_SHARE][6:]
        if group == X25519:
            own = x25519.X25519PrivateKey.generate()
            self.shared = own.exchange(x25519.X25519PublicKey.from_public_bytes(theirs))
            return own.public_key().public_bytes_raw()
        own = ec.generate_private_key(CURVES[group]())
        self.shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(own.curve, theirs))
        return point_of(own)

    def hello(self, pairs, suite, version=0x0303, session=None, compression=0, random=None, end=b"", hashed=True):
        body = number(version, 2) + (self.random if random is None else random) + vector(self.session if session is None else session, 1)
        self.say(SERVER_HELLO, body + number(suite, 2) + number(compression, 1) + (extensions(pairs) if pairs is not None else b"") + end,
                 hashed=hashed)

    def hello13(self, group=X25519, point=None, pairs=None, more=(), suite=SUITE_13, protect=True, **others):
        """The ServerHello of TLS 1.3, and the keys of the handshake."""
        own = self.share(group) if group == self.client_group() else os.urandom(32)
        share = number(group, 2) + vector(own if point is None else point, 2)
        self.hello([(VERSIONS, b"\x03\x04"), (KEY_SHARE, share), *more] if pairs is None else pairs, suite, **others)
        self.tls13 = True
        if protect:
            self.protect13()

    def client_group(self):
        return int.from_bytes(self.offered[KEY_SHARE][2:4], "big")

    def retry(self, group=P256, pairs=None, more=(), suite=SUITE_13, behind=b"", **others):
        """A HelloRetryRequest, in one record with what stands behind it if messages are gathered; the next ClientHello is read."""
        self.transcript = message(254, self.digest())
        self.tls13 = True
        pairs = [(VERSIONS, b"\x03\x04"), (KEY_SHARE, number(group, 2)), *more] if pairs is None else pairs
        before = self.offered[KEY_SHARE]
        self.hello(pairs, suite, random=RETRY, **others)
        if self.gathered is not None:
            self.flush(behind)
        self.client_hello()
        asked = dict(pairs).get(KEY_SHARE)
        if self.offered.get(COOKIE) != dict(pairs).get(COOKIE) or \
                (self.offered[KEY_SHARE][2:4] != asked if asked else self.offered[KEY_SHARE] != before):
            raise ValueError("the second ClientHello is not what was asked for")

    def hello12(self, pairs=((EMS, b""), (RENEGOTIATION, b"\0")), suite=SUITE_ECDSA, session=b"", **others):
        self.ems = any(pair[0] == EMS for pair in pairs)
        self.hello(pairs, suite, session=session, **others)

    # --- TLS 1.3 ---

    def protect13(self):
        zeros = bytes(32)
        early = mac(zeros, zeros)
        secret = mac(expand_label(early, b"derived", hashlib.sha256().digest(), 32), self.shared)
        self.client_secret = expand_label(secret, b"c hs traffic", self.digest(), 32)
        self.server_secret = expand_label(secret, b"s hs traffic", self.digest(), 32)
        self.master = mac(expand_label(secret, b"derived", hashlib.sha256().digest(), 32), zeros)
        self.in_keys, self.out_keys = self.keys13(self.client_secret), self.keys13(self.server_secret)

    @staticmethod
    def keys13(secret):
        return Keys(expand_label(secret, b"key", b"", 16), expand_label(secret, b"iv", b"", 12), True)

    def encrypted_extensions(self, pairs=(), end=b""):
        self.say(ENCRYPTED_EXTENSIONS, extensions(pairs) + end)

    def request13(self, pairs=((SCHEMES, b"\0\4\x04\x03\x08\x04"),), context=b"", end=b""):
        self.say(REQUEST, vector(context, 1) + extensions(pairs) + end)

    def certificate13(self, kind="p256", context=b"", chain=None, pairs=(), listed=None):
        chain = self.identities[kind][0] if chain is None else chain
        self.say(CERTIFICATE, vector(context, 1) + (vector(b"".join(vector(one, 3) + extensions(pairs) for one in chain), 3)
                                                    if listed is None else listed))

    def content13(self):
        return b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + self.digest()

    def verify13(self, kind="p256", scheme=ECDSA_P256, content=None, end=b"", change=lambda signature: signature):
        signature = sign(self.identities[kind][1], scheme, self.content13() if content is None else content)
        self.say(VERIFY, number(scheme, 2) + vector(change(signature), 2) + end)

    def finished13(self, change=lambda data: data, flush=b"", secret=None):
        data = mac(expand_label(secret or self.server_secret, b"finished", b"", 32), self.digest())
        self.say(FINISHED, change(data))
        if self.gathered is not None:
            self.flush(flush)
        application = [expand_label(self.master, label, self.digest(), 32) for label in (b"c ap traffic", b"s ap traffic")]
        self.client_application, self.server_secret = application
        self.out_keys = self.keys13(self.server_secret)

    def client_flight13(self):
        """The client's Certificate and CertificateVerify, if there are any, and its Finished, which must be right."""
        self.came = None
        while self.came != FINISHED:
            before = self.digest()
            body = self.read(CERTIFICATE, VERIFY, FINISHED)
        if body != mac(expand_label(self.client_secret, b"finished", b"", 32), before):
            raise ValueError("the client's Finished is wrong")
        if self.came_ccs != 1:
            raise ValueError(f"the client sent {self.came_ccs} change_cipher_spec")
        self.client_secret = self.client_application
        self.in_keys = self.keys13(self.client_secret)

    def next_out(self):
        """What follows a KeyUpdate of ours."""
        self.server_secret = expand_label(self.server_secret, b"traffic upd", b"", 32)
        self.out_keys = self.keys13(self.server_secret)

    def flight13(self, kind="p256", scheme=ECDSA_P256):
        """From EncryptedExtensions to Finished."""
        self.encrypted_extensions()
        self.certificate13(kind)
        self.verify13(kind, scheme)
        self.finished13()

    def whole13(self):
        """A whole handshake, and the request that follows it."""
        self.client_hello()
        self.hello13()
        self.flight13()
        self.client_flight13()
        self.request()

    # --- TLS 1.2 ---

    def certificate12(self, kind="p256", chain=None, listed=None):
        chain = self.identities[kind][0] if chain is None else chain
        self.say(CERTIFICATE, vector(b"".join(vector(one, 3) for one in chain), 3) if listed is None else listed)

    def exchange12(self, kind="p256", scheme=ECDSA_P256, group=X25519, point=None, curve_type=3, body=None, end=b"", random=None,
                   change=lambda signature: signature):
        self.own = x25519.X25519PrivateKey.generate() if group not in CURVES else ec.generate_private_key(CURVES[group]())
        public = self.own.public_key().public_bytes_raw() if group not in CURVES else point_of(self.own)
        parameters = number(curve_type, 1) + number(group, 2) + vector(public if point is None else point, 1)
        signature = sign(self.identities[kind][1], scheme, (random or self.client_random) + self.random + parameters)
        self.say(KEY_EXCHANGE, parameters + number(scheme, 2) + vector(change(signature), 2) + end if body is None else body)

    def request12(self, types=b"\x40\x01", schemes=b"\0\4\x04\x03\x08\x04", end=b"\0\0"):
        self.say(REQUEST, vector(types, 1) + schemes + end)

    def client_flight12(self):
        """Everything until the client's Finished, which must be right; the keys are there then."""
        body = self.read(CERTIFICATE, CLIENT_KEY_EXCHANGE)
        if self.came == CERTIFICATE:
            body = self.read(CLIENT_KEY_EXCHANGE)
        theirs = body[1:]
        if isinstance(self.own, x25519.X25519PrivateKey):
            shared = self.own.exchange(x25519.X25519PublicKey.from_public_bytes(theirs))
        else:
            shared = self.own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(self.own.curve, theirs))
        if self.ems:
            self.master = prf(shared, b"extended master secret", self.digest(), 48)
        else:
            self.master = prf(shared, b"master secret", self.client_random + self.random, 48)
        block = prf(self.master, b"key expansion", self.random + self.client_random, 40)
        while True:
            while self.pending:
                self.read(VERIFY)
            kind, data = self.record()
            if kind == CCS:
                break
            self.pending += data
        self.in_keys, self.next_keys = Keys(block[:16], block[32:36], False), Keys(block[16:32], block[36:40], False)
        expected = prf(self.master, b"client finished", self.digest(), 12)
        if self.read(FINISHED) != expected:
            raise ValueError("the client's Finished is wrong")

    def finished12(self, change=lambda data: data, ccs=b"\1", label=b"server finished"):
        if ccs is not None:
            self.put(CCS, ccs)
            self.out_keys = self.next_keys
        self.say(FINISHED, change(prf(self.master, label, self.digest(), 12)))

    def flight12(self):
        self.certificate12()
        self.exchange12()
        self.say(HELLO_DONE, b"")

    def whole12(self):
        self.client_hello()
        self.hello12()
        self.flight12()
        self.client_flight12()
        self.finished12()
        self.request()

    # --- afterwards ---

    def request(self):
        """Reads the client's request."""
        while self.record()[0] != DATA:
            pass

    def answer(self):
        self.put(DATA, ANSWER)
        self.put(ALERT, b"\1\0")

    def until_the_end(self):
        """Reads until the client ends: an alert is kept."""
        try:
            while True:
                self.record()
        except (Ended, ConnectionError):
            pass
        except InvalidTag:
            self.alert = "a record that cannot be opened"


def point_of(key):
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def sign(key, scheme, content):
    place = scheme & 0xFF if scheme >> 8 == 8 else scheme >> 8
    hash_class = {5: hashes.SHA384, 6: hashes.SHA512}.get(place, hashes.SHA256)()
    if isinstance(key, rsa.RSAPrivateKey):
        if scheme >> 8 == 8:
            return key.sign(content, padding.PSS(padding.MGF1(hash_class), hash_class.digest_size), hash_class)
        return key.sign(content, padding.PKCS1v15(), hash_class)
    return key.sign(content, ec.ECDSA(hash_class))
