# SPDX-License-Identifier: Apache-2.0
"""Certificates in which one thing is wrong, for tests/unit/trust/test_cert.c."""
from der import NULL, RSA, bits, boolean, extension, general_name, integer, name, octets, oid, san, seq, tlv, when


class Maker:
    def __init__(self, issuer, key, now):
        self.issuer, self.key, self.now = issuer, key, now
        self.made = []

    def odd(self, label, before=b"", after=b"", trailing=b"", **parts):
        """A certificate of a server in which some parts are replaced. Its signature is not one: who reads a certificate does not look at it.
        before, after: of the parts of the outer list; trailing: behind all."""
        algorithm = self.issuer.key.algorithm("sha256")
        whole = {"version": tlv(0xa0, integer(2)), "serial": integer(1), "algorithm": algorithm, "issuer": self.issuer.name,
                 "validity": seq(when(self.now), when(self.now)), "subject": name("CN=STS"), "key": self.key, "ids": b"",
                 "extensions": tlv(0xa3, seq(extension(*san("DNS:sts.example.com")))), "tail": b"", "outer_algorithm": algorithm, "signature": bits(b"\1" * 8)}
        assert set(parts) <= set(whole), parts
        whole.update(parts)
        outer = [whole.pop(part) for part in ("outer_algorithm", "signature")]
        self.made.append((label, seq(before, seq(*whole.values()), *outer, after) + trailing))


def malformed_certificates(issuer, key, now):
    """One malformed certificate for each thing that the reader looks at, and some that are just right.

    issuer: the CA; key: the public key of the server; now: in seconds. Returns pairs of a label and a certificate."""
    maker = Maker(issuer, key, now)
    odd = maker.odd
    for label, dotted, value in (
            ("san-not-list", 17, octets(b"")), ("san-trailing", 17, seq(general_name("DNS:a")) + b"\0"), ("san-name-cut", 17, seq(b"\x82\5ab")),
            ("san-rest", 17, seq(general_name("DNS:a") + b"\x82")),
            ("bc-not-list", 19, octets(b"")), ("bc-trailing", 19, seq() + b"\0"), ("bc-boolean", 19, seq(tlv(1, b"\1"))),
            ("bc-length-negative", 19, seq(boolean(True), tlv(2, b"\xff"))), ("bc-rest", 19, seq(boolean(True), integer(1), b"\0")),
            ("bc-length-99", 19, seq(boolean(True), integer(99))), ("bc-length-100", 19, seq(boolean(True), integer(100))),
            ("bc-length-101", 19, seq(boolean(True), integer(101))),
            ("usage-not-bits", 15, octets(b"\0\x80")), ("usage-trailing", 15, bits(b"\x80") + b"\0"), ("usage-empty", 15, tlv(3, b"\0")),
            ("usage-unused-7", 15, tlv(3, b"\7\x80")), ("usage-unused-8", 15, tlv(3, b"\x08\x80")),
            ("eku-not-list", 37, octets(b"")), ("eku-trailing", 37, seq(oid("1.2.3")) + b"\0"), ("eku-empty", 37, seq()),
            ("eku-not-oid", 37, seq(oid("1.2.3"), NULL)), ("eku-rest", 37, seq(oid("1.2.3"), b"\6")),
            ("nc-not-list", 30, octets(b"")), ("nc-trailing", 30, seq() + b"\0"),
            ("ski-not-octets", 14, seq()), ("ski-trailing", 14, octets(b"a") + b"\0"),
            ("aki-not-list", 35, octets(b"")), ("aki-trailing", 35, seq() + b"\0")):
        odd(label, extensions=tlv(0xa3, seq(extension(f"2.5.29.{dotted}", False, value))))
    # A short OID, and one with the last arc of an extension that is known: neither is that extension.
    for label, dotted in (("oid-of-two", "2.5.29"), ("oid-of-four", "2.5.29.17.1"), ("oid-elsewhere", "2.5.28.17")):
        odd(label, extensions=tlv(0xa3, seq(extension(dotted, False, octets(b"")))))

    unknown = oid("1.2.3")
    for label, value in (("extensions-empty", seq()), ("extension-not-list", seq(octets(b""))), ("extension-no-oid", seq(seq(octets(b"")))),
                         ("extension-boolean", seq(seq(unknown, tlv(1, b"\1"), octets(b"")))),
                         ("extension-no-value", seq(seq(unknown, boolean(True)))),
                         ("extension-rest", seq(seq(unknown, octets(b""), b"\0"))), ("extensions-not-list", octets(b"")),
                         ("extensions-rest", seq(seq(unknown, octets(b"")), b"\x30")),
                         ("extensions-trailing", seq(seq(unknown, octets(b""))) + b"\0"),
                         ("extensions-critical", seq(extension("1.2.4", True, octets(b"")), extension("1.2.5", True, octets(b""))))):
        odd(label, extensions=tlv(0xa3, value))
    for label, value in (("not-number", octets(b"\2")), ("trailing", integer(2) + b"\0"), ("negative", tlv(2, b"\xff")), ("4", integer(3))):
        odd("version-" + label, version=tlv(0xa0, value))
    odd("extensions-in-v2", version=tlv(0xa0, integer(1)))
    odd("version-2", version=tlv(0xa0, integer(1)), extensions=b"")
    odd("unique-ids", ids=tlv(0x81, b"\0\1") + tlv(0x82, b"\0\1"))
    odd("tail", tail=b"\0")

    for part in ("serial", "algorithm", "issuer", "validity", "subject", "key"):
        odd(f"no-{part}", **{part: b""})
        odd(f"{part}-not-it", **{part: octets(b"\1")})
    odd("serial-empty", serial=tlv(2, b""))
    for label, value in (("first", seq(NULL, when(now))), ("second", seq(when(now), NULL)), ("rest", seq(when(now), when(now), b"\0")),
                         ("one", seq(when(now)))):
        odd("validity-" + label, validity=value)

    algorithm = seq(oid("1.2.3"))
    for label, value in (("algorithm-not-list", seq(octets(b""), bits(b"\1"))), ("no-oid", seq(seq(NULL), bits(b"\1"))),
                         ("no-bits", seq(algorithm, octets(b"\0\1"))),
                         ("rest", seq(algorithm, bits(b"\1"), b"\0")), ("bits-empty", seq(algorithm, tlv(3, b"\0"))),
                         ("bits-one", seq(algorithm, bits(b"\1"))),
                         ("bits-unused", seq(algorithm, tlv(3, b"\1\2")))):
        odd("key-" + label, key=value)
    n, e = integer(RSA(2048).n), integer(65537)
    for label, value in (("not-list", octets(b"\1")), ("trailing", seq(n, e) + b"\0"), ("rest", seq(n, e, b"\0")), ("no-n", seq(NULL, e)),
                         ("no-e", seq(n)),
                         ("n-empty", seq(tlv(2, b""), e)), ("n-zero", seq(tlv(2, b"\0"), e)), ("n-negative", seq(tlv(2, b"\x80\1"), e)),
                         ("n-minimal", seq(tlv(2, b"\0\x81"), e)), ("n-80", seq(tlv(2, b"\0\x80\1"), e)), ("n-padded", seq(tlv(2, b"\0\x7f"), e)), ("n-7f", seq(tlv(2, b"\x7f"), e)),
                         ("n-even", seq(tlv(2, b"\x7e"), e)),
                         ("n-1", seq(tlv(2, b"\1"), e)), ("e-1", seq(n, integer(1))), ("e-3", seq(n, integer(3))), ("e-even", seq(n, integer(65536))),
                         ("e-negative", seq(n, tlv(2, b"\xff"))), ("e-4", seq(n, integer(2 ** 32 - 1))), ("e-5", seq(n, integer(2 ** 32 + 1)))):
        odd("rsa-" + label, key=seq(seq(oid("1.2.840.113549.1.1.1"), NULL), bits(value)))
    for label, value in (("short", b"\4" + bytes(63)), ("long", b"\4" + bytes(65)), ("compressed", b"\2" + bytes(64)), ("right", b"\4" + bytes(64))):
        odd("point-" + label, key=seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), bits(value)))
    odd("point-no-curve", key=seq(seq(oid("1.2.840.10045.2.1")), bits(b"\4" + bytes(64))))

    # Not for signatures, although its parameter is the same curve (RFC 5480 section 2.1.2).
    odd("key-ecdh", key=seq(seq(oid("1.3.132.1.12"), oid("1.2.840.10045.3.1.7")), bits(b"\4" + bytes(64))))
    # Its last byte is the exponent.
    odd("rsa-e-zero", key=seq(seq(oid("1.2.840.113549.1.1.1"), NULL), bits(seq(n, tlv(2, b"\0")))), extensions=b"", outer_algorithm=b"", signature=b"")

    # The parameter of the first one's algorithm is the second one's algorithm outside.
    nested = seq(oid("1.2.3"), seq(oid("1.2.4")))
    odd("algorithm-nested", algorithm=nested, outer_algorithm=nested)
    odd("algorithm-outside-only", algorithm=octets(b"\1"), outer_algorithm=seq(oid("1.2.4")))

    odd("no-tbs", before=octets(b""))
    odd("outer-algorithm-missing", outer_algorithm=b"")
    odd("outer-algorithm-differs", outer_algorithm=issuer.key.algorithm("sha384"))
    odd("algorithm-no-oid", algorithm=seq(NULL), outer_algorithm=seq(NULL))
    odd("signature-not-bits", signature=octets(b"\0\1"))
    odd("signature-empty", signature=tlv(3, b"\0"))
    odd("signature-one", signature=tlv(3, b"\0\1"))
    odd("outer-rest", after=b"\0")
    odd("trailing", trailing=b"\0")
    odd("plain")
    return maker.made


def sized_certificate(issuer, key, now, size):
    """A certificate of this many bytes, some thousands."""
    def padded(count):
        maker = Maker(issuer, key, now)
        maker.odd("sized", subject=name("CN=Sized"), extensions=tlv(0xa3, seq(extension("1.3.6.1.4.1.99999.1", False, bytes(count)))))
        return maker.made[0][1]
    return padded(size - len(padded(1000)) + 1000)
