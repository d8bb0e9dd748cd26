#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wycheproof's vectors, what we must say of each of them, and what the program says.

    tests/tls/wycheproof/wycheproof.py [BUILD]...    compares, and prints the counts of each file
    tests/tls/wycheproof/wycheproof.py --write       writes counts.tsv anew, from the expectations alone

A vector that Wycheproof calls valid must be taken, and one that it calls invalid must be refused. DECISIONS has what we say of those that it
calls acceptable. STRICTER has the valid ones that our profile refuses, and LEFT_OUT what is not run; each with the reason.
"""
import collections
import concurrent.futures
import fnmatch
import json
import pathlib
import subprocess
import sys

import fetch

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent.parent
COUNTS = HERE / "counts.tsv"
TAKEN, REFUSED = "taken", "refused"
HASHES = {"SHA-256": 256, "SHA-384": 384, "SHA-512": 512}
CURVES = {"secp256r1": 23, "secp384r1": 24, "secp521r1": 25, "curve25519": 29}
SECRET_BYTES = {"secp256r1": 32, "secp384r1": 48, "secp521r1": 66, "curve25519": 32}
RSA_BITS = range(2048, 4097)

# What is acceptable, by a flag: the first row whose flag the vector has counts.
DECISIONS = [
    ("x25519_test.json", "ZeroSharedSecret", REFUSED, "RFC 8422 5.11 and RFC 8446 7.4.2 want a secret of zero refused"),
    ("x25519_test.json", "NonCanonicalPublic", TAKEN, "RFC 7748 5 wants numbers of the prime and above taken"),
    ("x25519_test.json", "Twist", TAKEN, "X25519 is safe on the twist, and RFC 7748 5 makes no difference"),
    ("ecdh_*_ecpoint_test.json", "CompressedPoint", REFUSED, "RFC 8446 4.2.8.2 and RFC 8422 5.4.1 know uncompressed points alone"),
    ("rsa_signature_*", "MissingNull", TAKEN, "RFC 5246 4.7 wants the parameters taken with NULL and without it"),
]

# What is valid and refused all the same: a function of the group says whether.
STRICTER = [
    ("rsa_pss_*", lambda group: group["mgfSha"] != group["sha"], "the mask is made with the hash of the scheme (RFC 8446 4.2.3)"),
    ("rsa_pss_*", lambda group: group["sLen"] * 8 != HASHES[group["sha"]], "the salt is as long as the hash (RFC 8446 4.2.3)"),
    ("rsa_signature_*", lambda group: group["keySize"] not in RSA_BITS, "an RSA key has 2048 to 4096 bits"),
]

# Single vectors.
OTHERWISE = {
    ("rsa_pss_2048_sha256_mgf1_0_test.json", 69): (TAKEN, "it is invalid for keys with an empty salt, since its salt is as long as the hash"),
}

NOT_OFFERED = "no signature scheme of the client has this hash"
# The other files. The first pattern that fits a file counts.
LEFT_OUT = [
    ("rsa_pss_*_params_test.json", "the same signatures, with parameters in the key: TLS calls such keys rsa_pss_pss, which are not offered"),
    ("rsa_pss_*shake*", NOT_OFFERED),
    ("rsa_*sha1_*", NOT_OFFERED),
    ("rsa_pss_2048_sha512_2*", NOT_OFFERED),
    ("rsa_signature_*_sha224_*", NOT_OFFERED),
    ("rsa_signature_*_sha3_*", NOT_OFFERED),
    ("rsa_signature_*_sha512_2*", NOT_OFFERED),
    ("rsa_oaep_*", "encryption with RSA is not offered"),
    ("rsa_pkcs1_*", "encryption with RSA is not offered"),
    ("ecdsa_*_p1363_test.json", "TLS has signatures in DER"),
    ("ecdsa_*sha3_*", NOT_OFFERED),
    ("ecdsa_*shake*", NOT_OFFERED),
    ("ecdsa_*sha224_*", NOT_OFFERED),
    ("ecdsa_brainpool*", "this curve is not offered"),
    ("ecdsa_secp1*", "this curve is not offered"),
    ("ecdsa_secp224*", "this curve is not offered"),
    ("ecdsa_secp256k1*", "this curve is not offered"),
    ("ecdh_brainpool*", "this curve is not offered"),
    ("ecdh_secp224*", "this curve is not offered"),
    ("ecdh_secp256k1*", "this curve is not offered"),
    ("ecdh_*", "the same keys as SubjectPublicKeyInfo: TLS has points, of which ecdh_*_ecpoint_test.json has vectors"),
    ("ec_prime_order_curves_test.json", "TLS has no curve with parameters of the peer's"),
    ("hkdf_sha1_*", "no suite has this hash"),
    ("hmac_*", "no suite has this hash"),
    ("*", "the program does not have this algorithm"),
]

# Vectors of a file that is run, but that cannot be given to our functions.
UNFIT = {
    "hash": NOT_OFFERED,
    "nonce": "TLS has nonces of 12 bytes",
    "key": "no suite has keys of this length",
    "size": "HKDF-Expand gives at most 255 times the hash; no caller asks for more than one",
}

Case = collections.namedtuple("Case", "id line want unfit")


def decided(name, test):
    for pattern, flag, verdict, _ in DECISIONS:
        if fnmatch.fnmatch(name, pattern) and flag in test["flags"]:
            return verdict
    raise LookupError(f"{name}: nothing is decided of {test['tcId']}, {test['flags']}")


def verdict_of(name, group, test):
    if (name, test["tcId"]) in OTHERWISE:
        return OTHERWISE[name, test["tcId"]][0]
    if test["result"] == "invalid" or any(fnmatch.fnmatch(name, pattern) and is_so(group) for pattern, is_so, _ in STRICTER):
        return REFUSED
    return TAKEN if test["result"] == "valid" else decided(name, test)


def line_of(*words):
    return " ".join(str(word) or "-" for word in words)


def signature(kind):
    def case(name, group, test):
        if group["sha"] not in HASHES:
            return None, None, "hash"
        key = group["publicKey"]
        if kind == "ecdsa":
            words = [CURVES[key["curve"]], HASHES[group["sha"]], key["uncompressed"]]
        else:
            words = [HASHES[group["sha"]], key["modulus"], key["publicExponent"]]
        return line_of(kind, *words, test["msg"], test["sig"]), None, None
    return case


def agreement(name, group, test):
    size = 2 * SECRET_BYTES[group["curve"]]
    secret = test["private"].lstrip("0").rjust(size, "0") if group["curve"] != "curve25519" else test["private"]
    return line_of("agree", CURVES[group["curve"]], secret, test["public"]), test["shared"], None


def hmac(name, group, test):
    return line_of("hmac", name[len("hmac_sha"):][:3], test["key"], test["msg"], test["tag"]), None, None


def hkdf(name, group, test):
    bits = int(name[len("hkdf_sha"):][:3])
    if test["size"] > 255 * bits // 8:
        return None, None, "size"
    return line_of("hkdf", bits, test["ikm"], test["salt"], test["info"], test["size"]), test["okm"], None


def aead(kind):
    def case(name, group, test):
        if group["ivSize"] != 96:
            return None, None, "nonce"
        if group["keySize"] == 192:
            return None, None, "key"
        return line_of("open", kind, test["key"], test["iv"], test["aad"], test["ct"], test["tag"]), test["msg"], None
    return case


# The files that are run, each with the function that makes a case for judge.c of a vector.
RUN = [
    ("rsa_pss_misc_test.json", signature("pss")),
    ("rsa_pss_*_sha256_*_test.json", signature("pss")),
    ("rsa_pss_*_sha384_*_test.json", signature("pss")),
    ("rsa_pss_*_sha512_mgf1*_test.json", signature("pss")),
    ("rsa_signature_*_sha256_test.json", signature("pkcs1")),
    ("rsa_signature_*_sha384_test.json", signature("pkcs1")),
    ("rsa_signature_*_sha512_test.json", signature("pkcs1")),
    *((f"ecdsa_{curve}_sha???_test.json", signature("ecdsa")) for curve in ("secp256r1", "secp384r1", "secp521r1")),
    *((f"ecdh_{curve}_ecpoint_test.json", agreement) for curve in ("secp256r1", "secp384r1", "secp521r1")),
    ("x25519_test.json", agreement),
    *((f"hmac_sha{bits}_test.json", hmac) for bits in (256, 384, 512)),
    *((f"hkdf_sha{bits}_test.json", hkdf) for bits in (256, 384, 512)),
    ("aes_gcm_test.json", aead("gcm")),
    ("chacha20_poly1305_test.json", aead("chacha")),
]


def runner(name):
    """How a file is run; None if it is left out."""
    if name.endswith("_params_test.json"):  # the patterns of RUN fit these as well
        return None
    return next((case for pattern, case in RUN if fnmatch.fnmatch(name, pattern)), None)


def reason(name):
    return next(why for pattern, why in LEFT_OUT if fnmatch.fnmatch(name, pattern))


def names():
    return sorted(path.name for path in fetch.folder().glob("*.json"))


def run_names():
    return [name for name in names() if runner(name)]


def vectors(name):
    """The vectors of a file, each with its group."""
    for group in json.loads((fetch.folder() / name).read_text())["testGroups"]:
        for test in group["tests"]:
            yield group, test


def cases(name):
    """The cases of a file, each with the line for judge.c and the line that it must answer."""
    for group, test in vectors(name):
        line, out, unfit = runner(name)(name, group, test)
        want = "" if unfit else verdict_of(name, group, test)
        yield Case(test["tcId"], line, f"{want} {out}" if want == TAKEN and out is not None else want, unfit)


def count(name):
    """Taken, refused, and not run, in words."""
    counts = collections.Counter(case.unfit or case.want.split(" ")[0] for case in cases(name))
    return "\t".join(f"{word} {counts[word]}" for word in (TAKEN, REFUSED, *UNFIT) if counts[word])


def kept():
    return dict(line.split("\t", 1) for line in COUNTS.read_text().splitlines())


def judge(build):
    return TOP / build / "tests/wycheproof-judge"


def thinned(name, run):
    """The cases that the build with the sanitizers runs: of P-384 and P-521 those that are refused and every eighth of the others. Each takes
    20 ms there, and touches the same memory whatever the numbers are (tests/tls/constant_time), so the other cases would show no more."""
    if not any(curve in name for curve in ("secp384r1", "secp521r1")):
        return run
    return [case for i, case in enumerate(run) if case.want == REFUSED or i % 8 == 0]


def differences(program, name, thin=False):
    """The cases of a file whose verdict is another one, in words."""
    run = [case for case in cases(name) if not case.unfit]
    if thin:
        run = thinned(name, run)
    done = subprocess.run([program], input="".join(case.line + "\n" for case in run), stdout=subprocess.PIPE, text=True, timeout=600, check=True)
    said = done.stdout.splitlines()
    assert len(said) == len(run), (name, len(said), len(run))
    return [f"{name} {case.id}: {answer}, and not {case.want}" for case, answer in zip(run, said)
            if (answer if case.want != REFUSED else answer.split(" ")[0]) != case.want]


def main(builds):
    if builds == ["--write"]:
        COUNTS.write_text("".join(f"{name}\t{count(name)}\n" for name in run_names()))
        return 0
    found = []
    for build in builds or ["build"]:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for lines in pool.map(lambda name: differences(judge(build), name), run_names()):
                found += lines
    print("\n".join([f"{name}\t{count(name)}" for name in run_names()] + found + [f"{len(found)} differences"]))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
