# SPDX-License-Identifier: Apache-2.0
"""Makes the certificates that test_verifier.c and the fuzz targets use, and writes them as a C source: make_certs.py OUT.c
Each has a name; the cases that use it are in tests/unit/trust/test_verifier.c. All are valid 30 days around NOW unless they say otherwise.
tests/trust/ imports this file and makes them anew around another time."""
import hashlib
import os
import sys
import time

from der import (BMP, EC, IA5, PRINTABLE, PSS, RSA, T61, UTF8, Opaque, authority_key_id, basic, bits, certificate, constraints,
                 general_name, integer, name, octets, oid, purpose, san, seq, subject_key_id, tlv, usage, when)
from malformed import malformed_certificates, sized_certificate

NOW = int(os.environ.get("STS_TEST_CERTS_NOW", 1767225600))  # 2026-01-01T00:00:00Z, as in the C tests
DAY = 86400
HOST = san("DNS:sts.example.com")

made = {}
keys = {}
key_of = {}  # each certificate's own


def ec(seed, curve="P-256"):
    return keys.setdefault((seed, curve), EC(seed, curve))


class CA:
    """Who can sign: a name and a key."""

    def __init__(self, subject, key=None, digest="sha256"):
        self.name = subject if isinstance(subject, bytes) else name(subject)
        self.key = key or ec(repr(subject))
        self.digest = digest


def add(label, der):
    assert label not in made, label
    made[label] = der
    return der


def key_id(key):
    return hashlib.sha1(key.spki()[-32:]).digest()  # without the algorithm: that is written in more than one way


def cert(label, issuer, subject, key, extensions, start=-30 * DAY, end=30 * DAY, digest=None, serial=None, ids=True, **more):
    """Make a certificate under this label. ids: with key identifiers, as CAs do, where there are extensions at all."""
    subject = subject if isinstance(subject, bytes) else name(subject)
    has = {one[0] for one in extensions}
    if ids and extensions and not has & {"2.5.29.14", "2.5.29.35"}:
        extensions = [*extensions, subject_key_id(key_id(key)), authority_key_id(key_id(issuer.key))]
    key_of[label] = key
    return add(label, certificate(subject, issuer.name, key, issuer.key, NOW + start, NOW + end, extensions,
                                  digest or issuer.digest, serial=serial or len(made) + 1, **more))


def leaf(label, issuer, *extensions, subject="CN=STS", key=None, names=HOST, **more):
    extensions = [names, *extensions] if names else list(extensions)
    return cert(label, issuer, subject, key or ec("leaf"), extensions, **more)


def ca_cert(label, issuer, ca, *extensions, bc=basic(), **more):
    """CA:TRUE and keyCertSign unless told otherwise."""
    extensions = [*([bc] if bc else []), *extensions]
    if not any(one[0] == "2.5.29.15" for one in extensions):
        extensions.append(usage("keyCertSign", "cRLSign"))
    return cert(label, issuer, ca.name, ca.key, extensions, **more)


def new_ca(label, issuer, subject, *extensions, key=None, digest="sha256", **more):
    """An intermediate (or, with issuer None, a root) and its certificate."""
    ca = CA(subject, key, digest)
    ca_cert(label, issuer or ca, ca, *extensions, **more)
    return ca


root = new_ca("root", None, "O=Tests,CN=Root")
other = new_ca("other-root", None, "O=Tests,CN=Other Root")
inter = new_ca("inter", root, "O=Tests,CN=Intermediate")


def chains():
    leaf("leaf", inter)
    leaf("leaf-root", root)
    leaf("stranger", other, subject="CN=Stranger")
    deep = new_ca("deep", inter, "CN=Deep")
    leaf("leaf-deep", deep)
    ca_cert("deep-expired", inter, deep, start=-60 * DAY, end=-DAY)

    # The same CA, certified by two roots; and a root that was renewed with another key under the same name.
    ca_cert("cross-other", other, inter)
    ca_cert("cross-expired", other, inter, start=-60 * DAY, end=-DAY)
    ca_cert("inter-expired", root, inter, start=-60 * DAY, end=-DAY)
    ca_cert("inter-future", root, inter, start=DAY)
    namesake = CA("O=Tests,CN=Root", ec("namesake"))
    ca_cert("namesake-root", namesake, namesake, ids=False)
    ca_cert("root-bare", root, root, ids=False)
    namesake_inter = CA("O=Tests,CN=Intermediate", ec("namesake inter"))
    ca_cert("namesake-inter", namesake_inter, namesake_inter)
    ca_cert("root-expired", root, root, start=-60 * DAY, end=-DAY)
    ca_cert("root-future", root, root, start=DAY)

    # The same with key identifiers.
    old, new = CA("CN=Renewed", ec("old")), CA("CN=Renewed", ec("new"))
    ca_cert("renewed-old", old, old, subject_key_id(b"old"))
    ca_cert("renewed-new", new, new, subject_key_id(b"new"))
    for i in range(9):
        wrong = CA("CN=Renewed", ec(f"wrong{i}"))
        ca_cert(f"renewed-wrong{i}", wrong, wrong, subject_key_id(b"wrong%d" % i))
    leaf("leaf-renewed", new, authority_key_id(b"new"))
    leaf("leaf-wrong-key-id", new, authority_key_id(b"else"))
    ca_cert("root-byte-id", root, root, subject_key_id(b"r"))
    leaf("leaf-byte-id", root, authority_key_id(b"l"))
    leaf("leaf-without-id", root, ids=False)

    # Names of anchors may differ in spelling.
    spelled = CA(name("O=Tests,CN=Spelled  root", PRINTABLE))
    ca_cert("spelled-root", spelled, spelled)
    variant = CA("O=tests,CN= spelled Root", spelled.key)
    leaf("leaf-spelled", variant)
    respelled = CA(name("O=Tests,CN=Intermediate", PRINTABLE), inter.key)
    leaf("leaf-respelled", respelled)
    longer = CA("O=Tests,OU=X,CN=Spelled  root", spelled.key)
    leaf("leaf-longer-name", longer)

    # Every certificate the issuer of every other: a maze.
    maze = [CA("CN=Maze", ec(f"maze{i}")) for i in range(9)]
    for i, ca in enumerate(maze):
        ca_cert(f"maze{i}", maze[(i + 1) % 9], ca)
    leaf("leaf-maze", maze[0])
    # Those that do not lead to the root have 244 ways: the search makes 488 steps before it comes to the one that does.
    way = CA("CN=Way", ec("way"))
    issuers = {"CN=Way": ["CN=Way 1"], "CN=Way 1": ["CN=Way 1"] * 3 + ["CN=Way 2"] * 2, "CN=Way 2": ["CN=Way 1"]}
    for i, (subject, issuer) in enumerate([(subject, issuer) for subject in issuers for issuer in issuers[subject]]):
        ca_cert(f"way{i}", CA(issuer, way.key), CA(subject, way.key), ids=False)
    ca_cert("way-out", root, way, ids=False)
    leaf("leaf-way", way, ids=False)

    # Five ways of four certificates, none of which the large root has signed. A search keeps four such roots.
    bush = [CA(f"CN=Bush {i}", ec("bush")) for i in range(3)]
    large = CA("CN=Large root", ec("large root"))
    ca_cert("large-root", large, large, ("1.3.6.1.4.1.99999.2", False, bytes(15000)), ids=False)
    for i in range(5):
        ca_cert(f"bush{i}", bush[1], bush[0], ids=False)
    ca_cert("bush5", bush[2], bush[1], ids=False)
    ca_cert("bush6", CA("CN=Large root", ec("bush")), bush[2], ids=False)
    leaf("leaf-bush", bush[0], ids=False)
    for i in range(8):
        new_ca(f"filler{i}", other, f"CN=Filler {i}")


def pinned():
    for label, extensions, more in (
            ("self", [HOST], {}),
            ("self-ca", [HOST, basic(), usage("keyCertSign", "digitalSignature")], {}),
            ("self-client", [HOST, purpose("client")], {}),
            ("self-expired", [HOST], {"start": -60 * DAY, "end": -DAY}),
            ("self-again", [HOST], {}),  # the same name and key, another certificate
            ("self-sha1", [HOST], {"digest": "sha1"}),
            ("self-small", [HOST], {"key": RSA(1024)})):
        key = more.pop("key", None) or ec("self")
        me = CA("CN=Self", key)
        cert(label, me, me.name, key, extensions, **more)


def names():
    for label, *texts in (
            ("wildcard", "DNS:*.example.com"), ("wildcard-upper", "DNS:*.EXAMPLE.com"), ("wildcard-tld", "DNS:*.com"),
            ("wildcard-partial", "DNS:s*.example.com"), ("wildcard-inner", "DNS:sts.*.com"), ("wildcard-only", "DNS:*"),
            ("wildcard-double", "DNS:*.*.com"), ("upper", "DNS:STS.Example.COM"), ("trailing-dot", "DNS:sts.example.com."),
            ("nul", "DNS:sts.example.com\0.evil.example"), ("nul-end", "DNS:sts.example.com\0"), ("ip4", "IP:10.0.0.1"),
            ("ip6", "IP:2001:db8::1"), ("ip-mapped", "IP:::ffff:10.0.0.1"), ("ip-as-dns", "DNS:10.0.0.1"),
            ("ip-wildcard", "DNS:*.0.0.1"), ("ip6-as-dns", "DNS:2001:db8::1"), ("uri-only", "URI:https://sts.example.com/"),
            ("email-only", "email:a@sts.example.com"), ("second", "DNS:a.example.com", "email:x@y", "other:", "DNS:sts.example.com"),
            ("many", *(f"DNS:n{i}.example.com" for i in range(8))), ("hostile", "DNS:\x1b[2J\r\nsts %s%n"),
            ("single", "DNS:sts"), ("sub", "DNS:a.b.example.com")):
        leaf(f"leaf-{label}", inter, names=san(*texts))
    leaf("leaf-cn", inter, subject="CN=sts.example.com", names=None)
    leaf("leaf-cn-ip", inter, subject="CN=10.0.0.1", names=None)
    leaf("leaf-cn-other-san", inter, subject="CN=sts.example.com", names=san("DNS:other.example.com"))
    leaf("leaf-empty-san", inter, names=san())
    leaf("leaf-critical-san", inter, subject="", names=san("DNS:sts.example.com", critical=True))
    leaf("leaf-ip-short", inter, names=("2.5.29.17", False, seq(tlv(0x87, b"\x0a\0\0"))))
    leaf("leaf-dns-constructed", inter, names=("2.5.29.17", False, seq(tlv(0xa2, b"sts.example.com"))))


def purposes():
    leaf("leaf-server", inter, purpose("server"))
    leaf("leaf-server-critical", inter, purpose("client", "server", critical=True))
    leaf("leaf-any", inter, purpose("any"))
    leaf("leaf-client", inter, purpose("client"))
    leaf("leaf-client-critical", inter, purpose("client", critical=True))
    leaf("leaf-client-cn", inter, purpose("client"), subject="CN=sts.example.com", names=None)
    leaf("leaf-empty-eku", inter, purpose())
    leaf("leaf-signs", inter, usage("digitalSignature"))
    leaf("leaf-encipher", inter, usage("keyEncipherment"))
    leaf("leaf-by-code", new_ca("inter-code", root, "CN=Code CA", purpose("code")))
    leaf("leaf-by-server", new_ca("inter-server", root, "CN=Server CA", purpose("server", "client")))
    leaf("leaf-by-code-root", new_ca("root-code", None, "CN=Code Root", purpose("code")))


def authorities():
    leaf("leaf-ca", inter, basic(), usage("digitalSignature", "keyCertSign"))
    leaf("leaf-not-ca", inter, basic(ca=False))
    leaf("leaf-not-ca-path", inter, basic(ca=False, path_len=0))
    for label, bc, extensions in (("no-bc", None, []), ("ca-false", basic(ca=False), []),
                                  ("no-cert-sign", basic(), [usage("digitalSignature", "cRLSign")])):
        leaf(f"leaf-by-{label}", new_ca(f"inter-{label}", root, f"CN=Inter {label}", *extensions, bc=bc))
        leaf(f"leaf-by-root-{label}", new_ca(f"root-{label}", None, f"CN=Root {label}", *extensions, bc=bc))
    leaf("leaf-by-plain", new_ca("inter-plain-bc", root, "CN=Plain", bc=basic(critical=False)))
    old = CA("CN=Version 1 root")
    cert("root-v1", old, old.name, old.key, [], version=1)
    leaf("leaf-by-v1", old)
    old_inter = CA("CN=Version 1 intermediate")
    cert("inter-v1", root, old_inter.name, old_inter.key, [], version=1)
    leaf("leaf-by-inter-v1", old_inter)

    # Path lengths.
    zero = new_ca("root-zero", None, "CN=Zero root", bc=basic(path_len=0))
    leaf("leaf-zero", zero)
    impostor = CA("CN=Zero root", ec("impostor"))
    ca_cert("namesake-zero", impostor, impostor, ids=False)
    leaf("leaf-zero-inter", new_ca("inter-below-zero", zero, "CN=Below zero"))
    short = new_ca("inter-zero", root, "CN=Zero intermediate", bc=basic(path_len=0))
    leaf("leaf-inter-zero", short)
    leaf("leaf-below-inter-zero", new_ca("inter-below-inter-zero", short, "CN=Below zero intermediate"))
    one = new_ca("root-one", None, "CN=One root", bc=basic(path_len=1))
    leaf("leaf-one", new_ca("inter-one", one, "CN=One intermediate"))


def times():
    leaf("leaf-expired", inter, start=-60 * DAY, end=-DAY)
    leaf("leaf-future", inter, start=DAY)
    leaf("leaf-moment", inter, start=0, end=0)
    leaf("leaf-centuries", inter, start=-60 * 365 * DAY, end=7900 * 365 * DAY)
    year = time.gmtime(NOW + 365 * DAY).tm_year
    short = b"%02d" % (year % 100)
    for label, text in (("fraction", b"%d0201000000.5Z" % year), ("zone", short + b"0201000000+0000"), ("short", short + b"02010000Z"),
                        ("february", short + b"0230000000Z"), ("minute", short + b"0201006000Z")):
        good = certificate(name("CN=STS"), inter.name, ec("leaf"), inter.key, NOW, NOW, [HOST])
        end = tlv(0x17 if text.startswith(short) else 0x18, text)
        add(f"leaf-time-{label}", resign(good, when(NOW) * 2, when(NOW) + end))


def resign(der, old, new):
    """Change bytes inside of a certificate of inter's and sign it again."""
    assert old in der
    tbs = der[4:]
    header = 4 if tbs[1] == 0x82 else 3
    size = int.from_bytes(tbs[2:header], "big")
    body = tlv(0x30, tbs[header:header + size].replace(old, new))
    return seq(body, inter.key.algorithm("sha256"), bits(inter.key.sign(body, "sha256")))


def name_constraints():
    for label, names_, permitted, excluded in (
            ("permit", None, ["DNS:example.com"], []),
            ("permit-exact", None, ["DNS:sts.example.com"], []),
            ("permit-upper", None, ["DNS:EXAMPLE.com"], []),
            ("permit-dot", None, ["DNS:.example.com"], []),
            ("permit-dot-self", None, ["DNS:.sts.example.com"], []),
            ("permit-other", None, ["DNS:example.org"], []),
            ("permit-suffix", None, ["DNS:ts.example.com"], []),
            ("permit-ip-only", None, ["IP:10.0.0.0/8"], []),
            ("permit-second-name", ["DNS:sts.example.com", "DNS:sts.example.org"], ["DNS:example.com"], []),
            ("exclude", None, [], ["DNS:example.com"]),
            ("exclude-all", None, [], ["DNS:"]),
            ("exclude-other", None, [], ["DNS:example.org"]),
            ("exclude-dot", None, ["DNS:example.com"], ["DNS:.sts.example.com"]),
            ("exclude-inside", None, ["DNS:example.com"], ["DNS:sts.example.com"]),
            ("exclude-wildcard", ["DNS:*.example.com"], [], ["DNS:sts.example.com"]),
            ("exclude-wildcard-deeper", ["DNS:*.example.com"], [], ["DNS:a.sts.example.com"]),
            ("permit-wildcard", ["DNS:*.example.com"], ["DNS:example.com"], []),
            ("permit-wildcard-part", ["DNS:*.example.com"], ["DNS:sts.example.com"], []),
            ("exclude-trailing-dot", None, [], ["DNS:example.com."]),
            ("ip-permit", ["IP:10.0.0.1"], ["IP:10.0.0.0/8"], []),
            ("ip-permit-other", ["IP:10.0.0.1"], ["IP:192.168.0.0/16"], []),
            ("ip-permit-v6-only", ["IP:10.0.0.1"], ["IP:2001:db8::/32"], []),
            ("ip-exclude", ["IP:10.0.0.1"], [], ["IP:10.0.0.0/30"]),
            ("ip-exclude-other", ["IP:10.0.0.1"], [], ["IP:10.0.0.2/32", "IP:2001:db8::/32"]),
            ("ip-exclude-all", ["IP:10.0.0.1"], [], ["IP:0.0.0.0/0"]),
            ("ip6-permit", ["IP:2001:db8::1"], ["IP:2001:db8::/32"], []),
            ("ip6-permit-other", ["IP:2001:db8::1"], ["IP:2001:db9::/32"], []),
            ("ip-dns-permit", ["IP:10.0.0.1"], ["DNS:example.com"], []),
            ("dir", None, ["dir:O=Tests"], []),
            ("email", None, ["email:example.com"], []),
            ("email-name", ["DNS:sts.example.com", "email:a@example.com"], ["email:example.com"], []),
            ("uri", None, ["URI:.example.com"], []),
            ("uri-name", ["DNS:sts.example.com", "URI:spiffe://example.com/x"], ["URI:example.com"], []),
            ("other", ["DNS:sts.example.com", "other:"], ["other:"], []),
            ("empty", None, [], [])):
        ca = new_ca(f"nc-{label}", root, f"CN=Constrained {label}", constraints(permitted, excluded))
        leaf(f"leaf-nc-{label}", ca, names=san(*(names_ or ["DNS:sts.example.com"])))
    loose = new_ca("nc-loose", root, "CN=Constrained loosely", constraints(excluded=["DNS:example.com"], critical=False))
    leaf("leaf-nc-loose", loose)
    leaf("leaf-nc-root", new_ca("nc-root", None, "CN=Constrained root", constraints(["DNS:example.org"])))
    below = new_ca("nc-below", CA("CN=Constrained permit"), "CN=Below constrained")
    leaf("leaf-nc-below", below)
    leaf("leaf-nc-below-other", below, names=san("DNS:sts.example.org"))
    leaf("leaf-nc-email-subject", CA("CN=Constrained email"), subject="CN=STS,email=a@example.com")

    # A certificate that has its issuer's name: a CA's is exempt from the constraints, a server's is not (RFC 5280 section 6.1.3).
    permit = CA("CN=Constrained permit")
    again = CA("CN=Constrained permit", ec("constrained again"))
    ca_cert("nc-again", permit, again, san("DNS:ca.example.org"))
    leaf("leaf-nc-again", again)
    leaf("leaf-nc-named", new_ca("nc-named", permit, "CN=Named", san("DNS:ca.example.org")))
    leaf("leaf-nc-own-name", permit, subject=permit.name, names=san("DNS:sts.example.org"))

    def odd(label, value):
        leaf(f"leaf-nc-{label}", new_ca(f"nc-{label}", root, f"CN=Constrained {label}", ("2.5.29.30", True, value)))

    host = general_name("DNS:example.com")
    odd("maximum", seq(tlv(0xa0, seq(host, tlv(0x81, b"\1")))))
    odd("minimum", seq(tlv(0xa0, seq(host, tlv(0x80, b"\1")))))
    odd("one-byte-more", seq(tlv(0xa0, seq(host, b"\0"))))
    odd("two-dots", seq(tlv(0xa1, seq(general_name("DNS:..com")))))
    odd("trailing", seq(tlv(0xa0, seq(host)), tlv(0x05)))
    odd("mask", seq(tlv(0xa0, seq(tlv(0x87, b"\x0a\0\0\0\xff\0\xff\0")))))
    odd("mask-short", seq(tlv(0xa0, seq(tlv(0x87, b"\x0a\0\0\0\xff")))))
    odd("unknown-kind", seq(tlv(0xa0, seq(tlv(0x8a, b"x")))))
    odd("kind-9", seq(tlv(0xa0, seq(tlv(0x89, b"x")))))
    odd("kind-8", seq(tlv(0xa0, seq(tlv(0x88, b"x")))))
    odd("no-kind", seq(tlv(0xa0, seq(tlv(0x0c, b"example.com")))))
    leaf("leaf-nc-dir-empty-subject", CA("CN=Constrained dir"), subject="", names=san("DNS:sts.example.com", critical=True))
    odd("many", seq(tlv(0xa1, *(seq(general_name(f"DNS:n{i}.example.org")) for i in range(400)))))
    leaf("leaf-nc-many-names", CA("CN=Constrained many"), names=san(*(f"DNS:n{i}.example.com" for i in range(300))))


def extensions():
    unknown = "1.3.6.1.4.1.99999.1"
    leaf("leaf-unknown-critical", inter, (unknown, True, b"\5\0"))
    leaf("leaf-unknown", inter, (unknown, False, b"\5\0"))
    policies = seq(seq(oid("1.2.3.4")))
    leaf("leaf-policies-critical", inter, ("2.5.29.32", True, policies))
    leaf("leaf-by-policy", new_ca("inter-policy", root, "CN=Policy CA", ("2.5.29.36", True, seq(tlv(0x80, b"\0")))))
    leaf("leaf-by-unknown-root", new_ca("root-unknown", None, "CN=Unknown root", (unknown, True, b"\5\0")))
    leaf("leaf-twice", inter, purpose("client"), purpose("server"))
    leaf("leaf-unknown-twice", inter, (unknown, False, b"\5\0"), (unknown, False, b"\5\0"))
    leaf("leaf-two-sans", inter, san("DNS:sts.example.com"))
    leaf("leaf-32-extensions", inter, *((f"{unknown}.{i}", False, b"\5\0") for i in range(29)))
    leaf("leaf-33-extensions", inter, *((f"{unknown}.{i}", False, b"\5\0") for i in range(30)))
    leaf("leaf-boolean", inter, ("2.5.29.19", True, seq(tlv(0x01, b"\1"))))
    leaf("leaf-distribution-points", inter, ("2.5.29.31", True, seq(seq(tlv(0xa0, tlv(0xa0, general_name("URI:http://x/")))))))
    for i in range(5):
        leaf(f"big{i}", other, (unknown, False, bytes(14000)), subject=f"CN=Big {i}")


def algorithms():
    for size in (2048, 2049, 3072, 4096):
        ca = new_ca(f"root-rsa{size}", None, f"CN=RSA {size}", key=RSA(size))
        leaf(f"leaf-by-rsa{size}", ca, digest={2048: "sha256", 2049: "sha256", 3072: "sha384", 4096: "sha512"}[size])
        leaf(f"leaf-rsa{size}", inter, key=RSA(size))
    leaf("leaf-rsa-e17", inter, key=RSA(2048, 17))
    leaf("leaf-rsa-e1", inter, key=RSA(2048, 1))
    leaf("leaf-by-e1", new_ca("root-e1", None, "CN=Exponent one", key=RSA(2048, 1)))
    for size in (1024, 2047, 4097):
        leaf(f"leaf-by-rsa{size}", new_ca(f"root-rsa{size}", None, f"CN=RSA {size}", key=RSA(size)))
        leaf(f"leaf-by-inter-rsa{size}", new_ca(f"inter-rsa{size}", root, f"CN=RSA {size} intermediate", key=RSA(size)))
        leaf(f"leaf-rsa{size}", inter, key=RSA(size))
    rsa = CA("CN=RSA 2048", RSA(2048))
    for digest in ("sha1", "sha224", "sha512"):
        leaf(f"leaf-rsa-{digest}", rsa, digest=digest)
        leaf(f"leaf-ecdsa-{digest}", inter, digest=digest)
    for curve, digest in (("P-384", "sha384"), ("P-521", "sha512")):
        ca = new_ca(f"root-{curve}", None, f"CN={curve}", key=ec("root", curve), digest=digest)
        leaf(f"leaf-by-{curve}", ca)
        leaf(f"leaf-{curve}", inter, key=ec("leaf", curve))
    leaf("leaf-by-P-384-sha256", CA("CN=P-384", ec("root", "P-384")))
    leaf("leaf-secp256k1", inter, key=ec("leaf", "secp256k1"))
    leaf("leaf-by-secp256k1", new_ca("root-secp256k1", None, "CN=secp256k1", key=ec("root", "secp256k1")))
    ca_cert("inter-sha1", root, inter, digest="sha1")
    ca_cert("root-sha1", root, root, digest="sha1")

    ed25519 = Opaque("1.3.101.112", "1.3.101.112", 64)
    pss_key = Opaque("1.2.840.113549.1.1.10", "1.2.840.113549.1.1.10", 256)
    strange = Opaque("1.2.3.4", "1.2.3.4", 64)
    for label, key in (("ed25519", ed25519), ("pss", pss_key), ("strange", strange)):
        leaf(f"leaf-{label}", inter, key=key)
        leaf(f"leaf-signed-{label}", CA("O=Tests,CN=Intermediate", key))
        leaf(f"leaf-by-{label}", new_ca(f"root-{label}", None, f"CN=Root {label}", key=key))


def encodings():
    """What CAs have been seen to write, right or not."""
    leaf("leaf-t61", inter, subject=name("O=Caf\xe9,CN=STS", T61))
    leaf("leaf-bmp", inter, subject=name("CN=STS", BMP))
    for label, tag in (("t61", T61), ("printable", PRINTABLE), ("bmp", BMP)):
        leaf(f"leaf-by-{label}", new_ca(f"inter-{label}", root, name(f"O=Tests,CN=Encoded {label}", tag)))
    leaf("leaf-empty-subject", inter, subject="")
    leaf("leaf-set-subject", inter, subject=seq(tlv(0x31, *(seq(oid(f"2.5.4.{i}"), tlv(UTF8, b"STS")) for i in (3, 11)))))
    for label, serial in (("negative", b"\x80"), ("zero", b"\0"), ("20", b"\x7f" * 20), ("21", b"\x7f" * 21), ("40", b"\x7f" * 40),
                          ("padded", b"\0\1")):
        leaf(f"leaf-serial-{label}", inter, serial=tlv(0x02, serial))
    start = when(NOW - DAY)
    for label, end in (("utc-2049", tlv(0x17, b"491231235959Z")), ("general-2050", tlv(0x18, b"20500101000000Z")),
                       ("general-2049", tlv(0x18, b"20491231235959Z")), ("utc-1950", tlv(0x17, b"500101000000Z")),
                       ("9999", tlv(0x18, b"99991231235959Z"))):
        leaf(f"leaf-until-{label}", inter, validity=seq(start, end))
    leaf("leaf-since-1950", inter, validity=seq(tlv(0x17, b"500101000000Z"), when(NOW + DAY)))
    leaf("leaf-since-1949", inter, validity=seq(tlv(0x18, b"19491231235959Z"), when(NOW + DAY)))
    leaf("leaf-backwards", inter, validity=seq(when(NOW + DAY), when(NOW - DAY)))

    rsa, bare = CA("CN=RSA 2048", RSA(2048)), CA("CN=RSA 2048", RSA(2048, null=False))
    leaf("leaf-rsa-signature-bare", bare)
    leaf("leaf-rsa-key-bare", inter, key=RSA(2048, null=False))
    leaf("leaf-ecdsa-null", CA("O=Tests,CN=Intermediate", EC(repr("O=Tests,CN=Intermediate"), null=True)))
    leaf("leaf-by-pss-signature", CA(rsa.name, PSS(rsa.key)))
    leaf("leaf-explicit-false", inter, ("2.5.29.19", True, seq(tlv(0x01, b"\0"))))
    leaf("leaf-explicit-not-critical", inter, ("2.5.29.19", None, seq()))
    leaf("leaf-usage-padded", inter, ("2.5.29.15", True, bits(b"\x80", 0)))
    leaf("leaf-usage-empty", inter, ("2.5.29.15", True, bits(b"\0", 7)))
    leaf("leaf-key-id-by-serial", inter, ("2.5.29.35", False, seq(tlv(0xa1, tlv(0xa4, root.name)), tlv(0x82, b"\3"))))  # inter is the third
    leaf("leaf-bare", inter, names=None, ids=False)
    cert("leaf-v1", inter, "CN=sts.example.com", ec("leaf"), [], version=1)


def real_cas():
    """More of what is met in practice, and the edges of it."""
    for label, *texts in (("underscore", "DNS:my_sts.example.com"), ("punycode", "DNS:xn--bcher-kva.example.com"),
                          ("wildcard-punycode", "DNS:xn--*.example.com"), ("hundred", *(f"DNS:n{i}.example.com" for i in range(99)),
                          "DNS:sts.example.com"), ("mixed", "IP:10.0.0.1", "DNS:Sts.Example.Com", "IP:2001:db8::1"),
                          ("single-wildcard", "DNS:*"), ("empty-dns", "DNS:"), ("space", "DNS: sts.example.com"),
                          ("long-label", "DNS:" + "a" * 63 + ".example.com"), ("dot", "DNS:."), ("leading-dot", "DNS:.example.com"),
                          ("port", "DNS:sts.example.com:443"), ("url", "DNS:https://sts.example.com")):
        leaf(f"leaf-{label}", inter, names=san(*texts))
    leaf("leaf-wildcard-sub", inter, names=san("DNS:*.sts.example.com"))
    leaf("leaf-ip6-mapped-host", inter, names=san("IP:::ffff:10.0.0.1"))
    web = new_ca("inter-web", root, "C=XX,O=Web,CN=Web CA", purpose("server", "client"), bc=basic(path_len=0))
    policies = seq(seq(oid("2.23.140.1.2.1")), seq(oid("1.2.3.4"), seq(seq(oid("1.3.6.1.5.5.7.2.1"), tlv(IA5, b"http://x/cps")))))
    leaf("leaf-web", web, basic(ca=False), usage("digitalSignature", "keyEncipherment"), purpose("server", "client"),
         ("2.5.29.32", False, policies), ("2.5.29.31", False, seq(seq(tlv(0xa0, tlv(0xa0, general_name("URI:http://x/crl")))))),
         ("1.3.6.1.5.5.7.1.1", False, seq(seq(oid("1.3.6.1.5.5.7.48.1"), general_name("URI:http://x/ocsp")))),
         ("1.3.6.1.4.1.11129.2.4.2", False, octets(bytes(240))), subject_key_id(key_id(ec("leaf"))), authority_key_id(key_id(web.key)),
         subject="", names=san("DNS:sts.example.com", "DNS:www.sts.example.com", critical=True))
    leaf("leaf-precertificate", inter, ("1.3.6.1.4.1.11129.2.4.3", True, b"\5\0"))
    leaf("leaf-must-staple", inter, ("1.3.6.1.5.5.7.1.24", False, seq(integer(5))))
    leaf("leaf-rsa-usual", inter, usage("digitalSignature", "keyEncipherment"), purpose("server"), key=RSA(2048))
    leaf("leaf-rsa-encipher", inter, usage("keyEncipherment"), key=RSA(2048))
    leaf("leaf-agree", inter, usage("keyAgreement"))
    leaf("leaf-non-repudiation", inter, usage("nonRepudiation"))
    for label, words in (("client", ["client"]), ("any", ["any"]), ("code-server", ["code", "server"])):
        leaf(f"leaf-by-eku-{label}", new_ca(f"inter-eku-{label}", root, f"CN=EKU {label}", purpose(*words)))
    leaf("leaf-any-client-critical", inter, purpose("client", "any", critical=True))
    leaf("leaf-code", inter, purpose("code"))
    for label, above in (("inter", root), ("root", None)):
        ca = CA(f"CN=No usage {label}")
        cert(f"{label}-no-usage", above or ca, ca.name, ca.key, [basic()])
        leaf(f"leaf-by-no-usage-{label}", ca)

    # Nine intermediates are as many as fit with the server's own; a CA that rolled its key over under its own name.
    above = root
    for i in range(9):
        above = new_ca(f"ladder{i}", above, f"CN=Ladder {i}")
    leaf("leaf-ladder", above)
    old, new = CA("CN=Roll", ec("roll old")), CA("CN=Roll", ec("roll new"))
    ca_cert("roll-old", old, old, bc=basic(path_len=0))
    ca_cert("roll-new", old, new, bc=basic(path_len=0))
    leaf("leaf-roll", new)
    leaf("leaf-one-two", new_ca("inter-one-two", new_ca("inter-one-one", CA("CN=One root"), "CN=One one"), "CN=One two"))

    for label, names_, permitted, excluded in (
            ("ip6-exclude", ["IP:2001:db8::1"], [], ["IP:2001:db8::/32"]), ("ip6-exclude-other", ["IP:2001:db8::1"], [], ["IP:2001:db9::/32"]),
            ("ip-permit-exact", ["IP:10.0.0.1"], ["IP:10.0.0.1/32"], []), ("ip-permit-beside", ["IP:10.0.0.1"], ["IP:10.0.0.0/32"], []),
            ("ip-both", ["IP:10.0.0.1", "DNS:sts.example.com"], ["IP:10.0.0.0/8", "DNS:example.com"], []),
            ("ip-second", ["DNS:sts.example.com", "IP:11.0.0.1"], ["IP:10.0.0.0/8", "DNS:example.com"], []),
            ("two", None, ["DNS:example.org", "DNS:example.com"], []),
            ("carved", None, ["DNS:example.com"], ["DNS:test.example.com"])):
        ca = new_ca(f"nc-{label}", root, f"CN=Constrained {label}", constraints(permitted, excluded))
        leaf(f"leaf-nc-{label}", ca, names=san(*(names_ or ["DNS:sts.example.com"])))

    leaf("leaf-rsa8192", inter, key=RSA(8192))
    leaf("leaf-by-rsa8192", new_ca("root-rsa8192", None, "CN=RSA 8192", key=RSA(8192)))
    rsa = CA("CN=RSA 2048", RSA(2048))
    leaf("leaf-rsa-md5", rsa, digest="md5")
    leaf("leaf-rsa-sha384", rsa, digest="sha384")
    leaf("leaf-by-P-521-sha256", CA("CN=P-521", ec("root", "P-521")))
    for label, kind in (("p224", Curve("1.3.132.0.33", 57)), ("p192", Curve("1.2.840.10045.3.1.1", 49)),
                        ("brainpool", Curve("1.3.36.3.3.2.8.1.1.7", 65)), ("dsa", Opaque("1.2.840.10040.4.1", "2.16.840.1.101.3.4.3.2", 64)),
                        ("ed448", Opaque("1.3.101.113", "1.3.101.113", 114))):
        leaf(f"leaf-{label}", inter, key=kind)
    leaf("leaf-large", inter, ("1.3.6.1.4.1.99999.1", False, bytes(15000)))


def duties():
    """Duties of CAs that RFC 5280 states, and this program or another one does not insist on."""
    def ids(key, issuer_key, critical):
        return (("2.5.29.14", critical == "ski", octets(key_id(key))),
                ("2.5.29.35", critical == "aki", seq(tlv(0x80, key_id(issuer_key)))))

    for which in ("aki", "ski"):
        leaf(f"leaf-critical-{which}", inter, *ids(ec("leaf"), inter.key, which))
        key = ec(f"critical {which}")
        leaf(f"leaf-by-critical-{which}", new_ca(f"inter-critical-{which}", root, f"CN=Critical {which}", *ids(key, root.key, which), key=key))
        key = ec(f"root critical {which}")
        leaf(f"leaf-by-root-critical-{which}", new_ca(f"root-critical-{which}", None, f"CN=Critical root {which}", *ids(key, key, which), key=key))
    leaf("leaf-by-empty-subject", new_ca("inter-empty-subject", root, "", key=ec("empty")))
    leaf("leaf-by-root-empty-subject", new_ca("root-empty-subject", None, "", key=ec("root empty")))
    leaf("leaf-cert-sign", inter, usage("digitalSignature", "keyCertSign"))
    leaf("leaf-by-serial-negative", new_ca("inter-serial-negative", root, "CN=Negative", serial=tlv(0x02, b"\x80")))
    old, new = CA("CN=Roll below", ec("roll below old")), CA("CN=Roll below", ec("roll below new"))
    ca_cert("roll-below-old", root, old, bc=basic(path_len=0))
    ca_cert("roll-below-new", old, new, bc=basic(path_len=0))
    leaf("leaf-roll-below", new)
    leaf("leaf-wildcard-public-suffix", inter, names=san("DNS:*.co.uk"))


class Curve:
    """A key on a curve that this file cannot calculate on."""

    def __init__(self, dotted, size):
        self.dotted, self.size = dotted, size

    def spki(self):
        return seq(seq(oid("1.2.840.10045.2.1"), oid(self.dotted)), bits(b"\4" + b"\1" * (self.size - 1)))


def damage():
    good = made["leaf"]

    def swap(label, at, value):
        at %= len(good)
        assert good[at] != value
        add(label, good[:at] + bytes([value]) + good[at + 1:])

    add("bad-trailing", good + b"\0")
    add("bad-truncated", good[:-1])
    add("bad-empty", b"")
    add("bad-text", b"GET / HTTP/1.1\r\n")
    swap("bad-signature", -1, good[-1] ^ 1)
    swap("bad-serial", good.index(b"\xa0\3\2\1\2") + 7, 0x7e)
    add("bad-inter", made["inter"].replace(b"Intermediate", b"intermediate"))
    add("bad-inter-signature", made["inter"][:-1] + bytes([made["inter"][-1] ^ 1]))
    leaf("bad-inner-algorithm", inter, inner_algorithm=inter.key.algorithm("sha384"))
    leaf("bad-tail", inter, tail=octets(b"x"))
    # What BearSSL alone refuses.
    swap("bad-unused-bits", good.rindex(b"\0\x30"), 1)
    leaf("leaf-signed-by-rsa", CA("O=Tests,CN=Intermediate", RSA(2048)))
    notice = seq(oid("1.3.6.1.5.5.7.2.2"), seq())
    leaf("leaf-critical-notice", inter, ("2.5.29.32", True, seq(seq(oid("1.2.3.4"), seq(notice)))))
    leaf("bad-point", inter, key=BadPoint())
    cert("bad-version", inter, "CN=STS", ec("leaf"), [HOST], version=2)
    cert("bad-version-4", inter, "CN=STS", ec("leaf"), [HOST], version=4)


def malformed():
    for label, der in malformed_certificates(inter, ec("leaf").spki(), NOW):
        add("odd-" + label, der)
    # As long as what is left of 64 KiB.
    add("big-rest", sized_certificate(other, ec("leaf").spki(), NOW, 65536 - sum(len(made[f"big{i}"]) for i in range(4))))


class BadPoint:
    """A point on P-256 that is one byte short."""

    def spki(self):
        return seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), bits(b"\4" + bytes(63)))


def write(path):
    with open(path, "w", encoding="ascii") as out:
        out.write('/* Made by tests/certs/make_certs.py */\n#include "certs/certs.h"\n\n')
        for i, der in enumerate(made.values()):
            out.write(f"static const uint8_t c{i}[] = {{{','.join(map(str, der)) or '0'}}};\n")
        out.write("\nconst struct test_cert test_certs[] = {\n")
        for i, (label, der) in enumerate(made.items()):
            out.write(f'\t{{"{label}", c{i}, {len(der)}}},\n')
        out.write(f"}};\nconst size_t test_certs_count = {len(made)};\n")


def make():
    for part in (chains, pinned, names, purposes, authorities, times, name_constraints, extensions, algorithms, encodings, real_cas,
                 duties, damage, malformed):
        part()


if __name__ == "__main__":
    make()
    write(sys.argv[1])
