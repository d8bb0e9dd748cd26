# SPDX-License-Identifier: Apache-2.0
"""DER, RSA and ECDSA for test certificates: plain Python, so that what the verifier meets was made by other code than its own, and
can be wrong in every way that a test wants. The keys come out of constants: good for tests, and for nothing else."""
import hashlib
import ipaddress
import time


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def seq(*parts):
    return tlv(0x30, *parts)


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    out = b""
    for arc in [40 * first + second, *rest]:
        part = bytes([arc & 0x7f])
        while arc := arc >> 7:
            part = bytes([0x80 | arc & 0x7f]) + part
        out += part
    return tlv(0x06, out)


def octets(data):
    return tlv(0x04, data)


def bits(data, unused=0):
    return tlv(0x03, bytes([unused]), data)


def boolean(value):
    return tlv(0x01, b"\xff" if value else b"\0")


NULL = tlv(0x05)
UTF8, PRINTABLE, T61, IA5, BMP = 0x0c, 0x13, 0x14, 0x16, 0x1e


def when(epoch_s):
    t = time.gmtime(epoch_s)
    if 1950 <= t.tm_year < 2050:
        return tlv(0x17, time.strftime("%y%m%d%H%M%SZ", t).encode())
    return tlv(0x18, time.strftime("%Y%m%d%H%M%SZ", t).encode())


ATTRIBUTES = {"CN": "2.5.4.3", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6", "email": "1.2.840.113549.1.9.1"}


def name(text, tag=UTF8):
    """A Name from "C=XX,O=Acme,CN=Test"."""
    rdns = b""
    for part in filter(None, text.split(",")):
        key, value = part.split("=", 1)
        data = value.encode({BMP: "utf-16-be", T61: "latin-1"}.get(tag, "utf-8"))
        rdns += tlv(0x31, seq(oid(ATTRIBUTES[key]), tlv(tag, data)))
    return seq(rdns)


# Signatures

HASHES = {
    "md5": (hashlib.md5, "1.2.840.113549.2.5"),
    "sha1": (hashlib.sha1, "1.3.14.3.2.26"),
    "sha224": (hashlib.sha224, "2.16.840.1.101.3.4.2.4"),
    "sha256": (hashlib.sha256, "2.16.840.1.101.3.4.2.1"),
    "sha384": (hashlib.sha384, "2.16.840.1.101.3.4.2.2"),
    "sha512": (hashlib.sha512, "2.16.840.1.101.3.4.2.3"),
}


class RSA:
    """Two primes 2^a - k, each the greatest or the second greatest of its size: nothing to search for, and no secret. The biggest
    is a product of Mersenne primes, since only this file signs with it."""
    SIZES = {
        1024: ((512, 569), (512, 629)),
        2047: ((1024, 105), (1023, 361)),
        2048: ((1024, 105), (1024, 179)),
        2049: ((1025, 2673), (1024, 105)),
        3072: ((1536, 3453), (1536, 4977)),
        4096: ((2048, 1557), (2048, 2543)),
        4097: ((2049, 1449), (2048, 1557)),
        8192: ((4423, 1), (3217, 1), (521, 1), (31, 1)),
    }
    OIDS = {"md5": 4, "sha1": 5, "sha224": 14, "sha256": 11, "sha384": 12, "sha512": 13}

    def __init__(self, size, e=65537, null=True):
        self.primes = [2 ** a - k for a, k in self.SIZES[size]]
        self.n, self.e, phi = 1, e, 1
        for p in self.primes:
            self.n *= p
            phi *= p - 1
        assert self.n.bit_length() == size
        self.null = NULL if null else b""
        self.d = pow(e, -1, phi) if e > 1 else 1

    def spki(self):
        key = seq(integer(self.n), integer(self.e))
        return seq(seq(oid("1.2.840.113549.1.1.1"), self.null), bits(key))

    def algorithm(self, digest):
        return seq(oid(f"1.2.840.113549.1.1.{self.OIDS[digest]}"), self.null)

    def sign(self, data, digest):
        function, hash_oid = HASHES[digest]
        info = seq(seq(oid(hash_oid), NULL), octets(function(data).digest()))
        size = (self.n.bit_length() + 7) // 8
        padded = b"\0\1" + b"\xff" * (size - 3 - len(info)) + b"\0" + info
        return pow(int.from_bytes(padded, "big"), self.d, self.n).to_bytes(size, "big")


class PSS:
    """The same key, signing by RSASSA-PSS with SHA-256 (RFC 8017 section 9.1)."""

    def __init__(self, key):
        self.key, self.n, self.spki = key, key.n, key.spki

    def algorithm(self, digest):
        sha = seq(oid(HASHES["sha256"][1]), NULL)
        mgf = seq(oid("1.2.840.113549.1.1.8"), sha)
        return seq(oid("1.2.840.113549.1.1.10"), seq(tlv(0xa0, sha), tlv(0xa1, mgf), tlv(0xa2, integer(32))))

    def sign(self, data, digest):
        sha = hashlib.sha256
        size = (self.n.bit_length() + 6) // 8
        salt = bytes(32)
        hashed = sha(bytes(8) + sha(data).digest() + salt).digest()
        block = bytes(size - 66) + b"\1" + salt
        mask = b"".join(sha(hashed + i.to_bytes(4, "big")).digest() for i in range(size // 32 + 1))
        masked = bytearray(a ^ b for a, b in zip(block, mask))
        masked[0] &= 0xff >> (8 * size - (self.n.bit_length() - 1))
        padded = bytes(masked) + hashed + b"\xbc"
        return pow(int.from_bytes(padded, "big"), self.key.d, self.n).to_bytes((self.n.bit_length() + 7) // 8, "big")


class Curve:
    def __init__(self, dotted, p, n, a, b, x, y):
        self.dotted, self.p, self.n, self.a, self.b, self.g = dotted, p, n, a, b, (x, y)
        self.doubles = [self.g]  # 2^i times the generator

    def add(self, one, two):
        if one is None or two is None:
            return one or two
        (x1, y1), (x2, y2) = one, two
        if x1 == x2 and (y1 + y2) % self.p == 0:
            return None
        if one == two:
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p)
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.p)
        x = (slope * slope - x1 - x2) % self.p
        return x, (slope * (x1 - x) - y1) % self.p

    def times(self, k):
        while len(self.doubles) < k.bit_length():
            self.doubles.append(self.add(self.doubles[-1], self.doubles[-1]))
        result = None
        for i in range(k.bit_length()):
            if k >> i & 1:
                result = self.add(result, self.doubles[i])
        return result


def _curve(dotted, p, n, a, b, x, y):
    curve = Curve(dotted, p, n, a, int(b, 16), int(x, 16), int(y, 16))
    assert (curve.g[1] ** 2 - curve.g[0] ** 3 - curve.a * curve.g[0] - curve.b) % p == 0
    return curve


_P256 = 2 ** 256 - 2 ** 224 + 2 ** 192 + 2 ** 96 - 1
_P384 = 2 ** 384 - 2 ** 128 - 2 ** 96 + 2 ** 32 - 1
_P521 = 2 ** 521 - 1
_P256K1 = 2 ** 256 - 2 ** 32 - 977
CURVES = {
    "P-256": _curve(
        "1.2.840.10045.3.1.7", _P256, 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551, -3,
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
    "P-384": _curve(
        "1.3.132.0.34", _P384,
        0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973, -3,
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"),
    "P-521": _curve(
        "1.3.132.0.35", _P521,
        0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409,
        -3,
        "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
        "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
        "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650"),
    "secp256k1": _curve(
        "1.3.132.0.10", _P256K1, 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141, 0, "7",
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"),
}


class EC:
    OIDS = {"sha1": "1", "sha224": "3.1", "sha256": "3.2", "sha384": "3.3", "sha512": "3.4"}

    def __init__(self, seed, curve="P-256", null=False):
        self.curve = CURVES[curve]
        self.null = NULL if null else b""
        self.size = (self.curve.p.bit_length() + 7) // 8
        self.d = self._number(b"key", seed.encode())
        self.point = self.curve.times(self.d)

    def _number(self, *parts):
        digest = hashlib.shake_256(b"\0".join(parts)).digest(self.size + 8)
        return int.from_bytes(digest, "big") % (self.curve.n - 1) + 1

    def spki(self):
        x, y = (value.to_bytes(self.size, "big") for value in self.point)
        return seq(seq(oid("1.2.840.10045.2.1"), oid(self.curve.dotted)), bits(b"\4" + x + y))

    def algorithm(self, digest):
        return seq(oid("1.2.840.10045.4." + self.OIDS[digest]), self.null)

    def sign(self, data, digest):
        n = self.curve.n
        hashed = HASHES[digest][0](data).digest()
        e = int.from_bytes(hashed, "big") >> max(0, len(hashed) * 8 - n.bit_length())
        k = self._number(b"nonce", self.d.to_bytes(self.size, "big"), hashed)
        r = self.curve.times(k)[0] % n
        return seq(integer(r), integer(pow(k, -1, n) * (e + r * self.d) % n))


class Opaque:
    """A key of a kind that this file cannot sign with: the signature is this many zeros."""

    def __init__(self, key_oid, signature_oid, size):
        self.key_oid, self.signature_oid, self.size = key_oid, signature_oid, size

    def spki(self):
        return seq(seq(oid(self.key_oid)), bits(b"\1" * 32))

    def algorithm(self, digest):
        return seq(oid(self.signature_oid))

    def sign(self, data, digest):
        return bytes(self.size)


# Extensions: (OID, critical, value)

def basic(ca=True, path_len=None, critical=True):
    value = (boolean(True) if ca else b"") + (integer(path_len) if path_len is not None else b"")
    return "2.5.29.19", critical, seq(value)


KEY_USAGES = ["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign"]


def usage(*words):
    value = sum(0x80 >> KEY_USAGES.index(word) for word in words)
    unused = (value & -value).bit_length() - 1 if value else 7
    return "2.5.29.15", True, bits(bytes([value]), unused)


PURPOSES = {"server": "1.3.6.1.5.5.7.3.1", "client": "1.3.6.1.5.5.7.3.2", "code": "1.3.6.1.5.5.7.3.3", "any": "2.5.29.37.0"}


def purpose(*words, critical=False):
    return "2.5.29.37", critical, seq(*(oid(PURPOSES[word]) for word in words))


def general_name(text):
    """ "DNS:a", "IP:10.0.0.1", "IP:10.0.0.0/8" (a constraint), "URI:x", "email:x", "dir:CN=x", "other:" """
    kind, value = text.split(":", 1)
    if kind == "IP" and "/" in value:
        net = ipaddress.ip_network(value)
        return tlv(0x87, net.network_address.packed, net.netmask.packed)
    if kind == "IP":
        return tlv(0x87, ipaddress.ip_address(value).packed)
    if kind == "dir":
        return tlv(0xa4, name(value))
    if kind == "other":
        return tlv(0xa0, oid("1.3.6.1.4.1.311.20.2.3"), tlv(0xa0, tlv(UTF8, b"someone")))
    return tlv({"email": 0x81, "DNS": 0x82, "URI": 0x86}[kind], value.encode())


def san(*names, critical=False):
    return "2.5.29.17", critical, seq(*map(general_name, names))


def constraints(permitted=(), excluded=(), critical=True):
    value = b""
    for tag, names in ((0xa0, permitted), (0xa1, excluded)):
        if names:
            value += tlv(tag, *(seq(general_name(text)) for text in names))
    return "2.5.29.30", critical, seq(value)


def subject_key_id(data):
    return "2.5.29.14", False, octets(data)


def authority_key_id(data):
    return "2.5.29.35", False, seq(tlv(0x80, data))


def extension(dotted, critical, value):
    """critical None: FALSE, written although it is the default."""
    return seq(oid(dotted), boolean(critical) if critical or critical is None else b"", octets(value))


def certificate(subject, issuer, key, signer, not_before, not_after, extensions, digest="sha256", version=3, serial=1,
                inner_algorithm=None, tail=b"", validity=None):
    """A certificate; subject and issuer are DER Names, key and signer RSA, PSS, EC or Opaque. serial: a number, or the INTEGER."""
    algorithm = signer.algorithm(digest)
    tbs = tlv(0xa0, integer(version - 1)) if version > 1 else b""
    tbs += integer(serial) if isinstance(serial, int) else serial
    tbs += (inner_algorithm or algorithm) + issuer + (validity or seq(when(not_before), when(not_after))) + subject + key.spki()
    if extensions:
        tbs += tlv(0xa3, seq(*(extension(*one) for one in extensions)))
    tbs = seq(tbs + tail)
    return seq(tbs, algorithm, bits(signer.sign(tbs, digest)))
