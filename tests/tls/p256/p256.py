#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ECDSA and key exchange on P-256, X25519, and the arithmetic below them, beside OpenSSL (Python's cryptography) and Python's integers.

    tests/tls/p256/p256.py [--build DIR] [--cases N] [--seed N]

A verification adds multiples of the key and of the generator in one loop. Whoever chooses key and signature can make any sum of the loop infinity,
or equal or opposite to the point that is added next. Such cases are made on purpose: for each way to cut scalars into windows, the key is solved
for the exceptional case.
"""
import argparse
import pathlib
import random
import subprocess
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils, x25519
from cryptography.hazmat.primitives.hashes import SHA256

TOP = pathlib.Path(__file__).resolve().parents[3]
P256, P255 = 2**256 - 2**224 + 2**192 + 2**96 - 1, 2**255 - 19
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CURVE, SCHEME = ec.SECP256R1(), ec.ECDSA(utils.Prehashed(SHA256()))


def bytes_of(number):
    return number.to_bytes(32, "big")


def point(scalar):
    """scalar * G, by OpenSSL; None for infinity."""
    scalar %= ORDER
    return ec.derive_private_key(scalar, CURVE).public_key() if scalar else None


def encoded(key):
    numbers = key.public_numbers()
    return b"\x04" + bytes_of(numbers.x) + bytes_of(numbers.y)


def is_taken(key, digest, signature):
    """What OpenSSL says."""
    try:
        key.verify(signature, digest, SCHEME)
    except InvalidSignature:
        return False
    return True


def signed(u1, u2, secret, r=None):
    """A case whose verification calculates u1*G + u2*secret*G. It is right, unless the sum is infinity or r is another number."""
    key, total = point(secret), point(u1 + u2 * secret)
    if r is None:
        r = total.public_numbers().x % ORDER if total else 1
    s = r * pow(u2, -1, ORDER) % ORDER
    digest, signature = bytes_of(u1 * s % ORDER), utils.encode_dss_signature(r, s)
    return f"digest 23 {encoded(key).hex()} {digest.hex()} {signature.hex()}", "taken" if is_taken(key, digest, signature) else "refused"


def windows(scalar, kind):
    """The scalar as a sum of k * 2^i, as {i: k}: its bits, its groups of four bits, or odd numbers below 16 from the lowest bit on."""
    if kind == "bits":
        return {i: 1 for i in range(256) if scalar >> i & 1}
    if kind == "fours":
        return {i: scalar >> i & 15 for i in range(0, 256, 4) if scalar >> i & 15}
    out, i = {}, 0
    while i < 256:
        if scalar >> i & 1:
            out[i] = scalar >> i & 15
            i += 3
        i += 1
    return out


def solved(draw):
    """A case in which one addition of the loop is of equal or opposite points."""
    u1, u2 = (draw.choice([draw.randrange(1, ORDER), draw.randrange(1, 2**12), draw.randrange(1, ORDER) >> draw.randrange(250)]) for _ in range(2))
    kind, first = draw.choice(["bits", "fours", "odd"]), draw.choice("QG")
    by_point = {"G": windows(u1, kind), "Q": windows(u2, kind)}
    ways, a, b = [], 0, 0  # the sum is a*Q + b*G
    for i in range(255, -1, -1):
        a, b = 2 * a, 2 * b
        for name in first, "GQ"[first == "G"]:
            k = by_point[name].get(i, 0)
            if k:
                ways += [(a, b, sign * k, name) for sign in (1, -1)]
            a, b = (a + k, b) if name == "Q" else (a, b + k)
    a, b, k, name = draw.choice(ways)
    top, bottom = (k - b, a) if name == "G" else (-b, a - k)
    secret = top * pow(bottom, -1, ORDER) % ORDER if bottom % ORDER else 0
    return signed(u1, u2, secret or draw.randrange(1, ORDER))


def special(draw):
    """Keys and scalars that stand near the generator, zero and the order."""
    small = draw.randrange(1, 40)
    secret = draw.choice([1, 1, 2, small, pow(small, -1, ORDER), pow(2, draw.randrange(256), ORDER)]) * draw.choice([1, -1]) % ORDER
    u2 = draw.choice([1, small, draw.randrange(1, ORDER), 2**draw.randrange(256) % ORDER, ORDER - small])
    u1 = draw.choice([0, 1, u2, ORDER - u2, small, -u2 * secret, (small - u2) * secret, 2 * u2, draw.randrange(ORDER)]) % ORDER
    return signed(u1, u2, secret)


def any_case(draw):
    u1, u2, secret = (draw.randrange(1, ORDER) for _ in range(3))
    return signed(u1, u2, secret, draw.choice([None, None, draw.randrange(1, ORDER)]))


def key_exchange(draw):
    """P-256 with any scalar, also one near the order."""
    mine, theirs = (draw.choice([draw.randrange(1, ORDER), draw.randrange(1, 50), ORDER - draw.randrange(1, 50)]) for _ in range(2))
    shared = ec.derive_private_key(mine, CURVE).exchange(ec.ECDH(), point(theirs))
    return f"agree 23 {bytes_of(mine).hex()} {encoded(point(theirs)).hex()}", f"taken {shared.hex()}"


def off_curve(draw):
    """A point that is not on the curve, or whose coordinate is not below the prime."""
    numbers = point(draw.randrange(1, ORDER)).public_numbers()
    x, y = draw.choice([(numbers.x, numbers.y ^ 1 << draw.randrange(256)), (numbers.y, numbers.x), (0, 0), (P256 - numbers.x, numbers.y),
                        (P256 + draw.randrange(2**200), numbers.y), (numbers.x, 2**256 - 1)])
    return f"agree 23 {bytes_of(draw.randrange(1, ORDER)).hex()} 04{bytes_of(x).hex()}{bytes_of(y).hex()}", "refused off-curve"


def montgomery(draw):
    secret = draw.randbytes(32)
    theirs = draw.choice([draw.randbytes(32), (2**255 - draw.randrange(1, 20)).to_bytes(32, "little"), draw.randrange(40).to_bytes(32, "little"),
                          (P255 + draw.randrange(19) | draw.randrange(2) << 255).to_bytes(32, "little")])
    try:
        shared = x25519.X25519PrivateKey.from_private_bytes(secret).exchange(x25519.X25519PublicKey.from_public_bytes(theirs))
    except ValueError:  # a point of small order
        return f"agree 29 {secret.hex()} {theirs.hex()}", "refused zero"
    return f"agree 29 {secret.hex()} {theirs.hex()}", f"taken {shared.hex()}"


def number(draw, prime):
    """Below the prime, most often with words at their ends, so that carries run through."""
    words = [draw.choice([0, 1, 2**64 - 1, 2**64 - 2, 2**63, 2**32 - 1, draw.getrandbits(64)]) for _ in range(4)]
    return draw.choice([sum(word << 64 * i for i, word in enumerate(words)) % prime, draw.randrange(prime), prime - draw.randrange(1, 4), draw.randrange(3)])


def arithmetic(draw):
    prime = draw.choice([P256, P255, ORDER])
    a, b = number(draw, prime), number(draw, prime)
    op = draw.choice(["add", "sub", "mul", "mul", "invert"])
    if op == "mul" and draw.randrange(4) == 0:
        a = draw.choice([2**256 - draw.randrange(1, 4), draw.getrandbits(256)])
    want = {"add": a + b, "sub": a - b, "mul": a * b * pow(2, -256, prime), "invert": pow(a, -1, prime) * 2**512 if a else 0}[op] % prime
    field = [prime, -pow(prime, -1, 2**64) % 2**64, 2**256 % prime, 2**512 % prime]
    return " ".join(["words", op, *(bytes_of(x).hex() for x in [*field, a, b])]), f"taken {bytes_of(want).hex()}"


KINDS = {"solved": solved, "special": special, "any": any_case, "key exchange": key_exchange, "off the curve": off_curve, "X25519": montgomery,
         "arithmetic": arithmetic}


def differences(judge, kind, count, seed):
    """Returns the cases with another answer, in words, and how many must be taken."""
    draw = random.Random(f"{kind} {seed}")
    cases = [KINDS[kind](draw) for _ in range(count)]
    done = subprocess.run([judge], input="".join(line + "\n" for line, _ in cases), stdout=subprocess.PIPE, text=True, timeout=900, check=True)
    said = done.stdout.splitlines()
    assert len(said) == count
    return [f"{line}: {answer}, and not {want}" for (line, want), answer in zip(cases, said) if answer != want], sum(want[0] == "t" for _, want in cases)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", help="the folder of the build")
    parser.add_argument("--cases", type=int, default=10000, help="of each kind")
    parser.add_argument("--seed", default="1")
    options, found = parser.parse_args(), []
    for kind in KINDS:
        wrong, taken = differences(TOP / options.build / "tests/wycheproof-judge", kind, options.cases, options.seed)
        print(f"{kind}: {options.cases} cases, {taken} taken, {len(wrong)} differences")
        found += wrong
    print("\n".join(found[:20]))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
