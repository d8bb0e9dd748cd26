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
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NEAR_AN_AXIS = [(5, 0x459243B9AA581806FE913BCE99817ADE11CA503C64D9A3C533415C083248FBCC),  # points of the curve
                (0xD7325D7646CD60D80A92738CEB345F844CFFAF35841022CAB176F692DE8DE1D7, 5)]
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
    u1, u2 = (draw.choice([draw.randrange(1, ORDER), draw.randrange(1, 2**12), (draw.randrange(1, ORDER) >> draw.randrange(250)) or 1]) for _ in range(2))
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


def infinite(draw):
    """A case whose sum is infinity. Its r is the x of a point that the last addition may leave in the memory of the result."""
    u1, u2 = (draw.choice([draw.randrange(1, ORDER), draw.randrange(1, 2**12)]) for _ in range(2))
    secret = -u1 * pow(u2, -1, ORDER) % ORDER
    name, kind = draw.choice("GQ"), draw.choice(["bits", "fours", "odd", "all"])
    scalar = u1 if name == "G" else u2
    last = scalar if kind == "all" else min((k << i for i, k in windows(scalar, kind).items()), key=lambda term: term & -term)
    left = point(draw.choice([1, 2, 2]) * last * (1 if name == "G" else secret))
    return signed(u1, u2, secret, left.public_numbers().x % ORDER or 1)


def any_case(draw):
    u1, u2, secret = (draw.randrange(1, ORDER) for _ in range(3))
    return signed(u1, u2, secret, draw.choice([None, None, draw.randrange(1, ORDER)]))


def key_exchange(draw):
    """P-256 with any scalar, also one near the order."""
    mine, theirs = (draw.choice([draw.randrange(1, ORDER), draw.randrange(1, 50), ORDER - draw.randrange(1, 50)]) for _ in range(2))
    shared = ec.derive_private_key(mine, CURVE).exchange(ec.ECDH(), point(theirs))
    return f"agree 23 {bytes_of(mine).hex()} {encoded(point(theirs)).hex()}", f"taken {shared.hex()}"


def beside(draw):
    """A point beside the curve, for which y^2 and x^3 - 3x + b differ in one word of their difference in Montgomery's form."""
    while True:
        x, word = draw.randrange(P256), draw.choice([1, draw.randrange(1, 2**32)]) << 64 * draw.randrange(4)
        square = (x**3 - 3 * x + B - word * pow(2, -256, P256)) % P256
        y = pow(square, (P256 + 1) // 4, P256)
        if y * y % P256 == square:
            return x, y


def off_curve(draw):
    """A point that is not on the curve, whose coordinate is not below the prime, or that has another form."""
    secret = draw.randrange(1, ORDER)
    numbers = point(secret).public_numbers()
    x, y = draw.choice([(numbers.x, numbers.y ^ 1 << draw.randrange(256)), (numbers.y, numbers.x), (0, 0), (P256 - numbers.x, numbers.y), beside(draw),
                        beside(draw), (numbers.x, 2**256 - 1), (NEAR_AN_AXIS[0][0] + P256, NEAR_AN_AXIS[0][1]), (NEAR_AN_AXIS[1][0], NEAR_AN_AXIS[1][1] + P256)])
    kind = draw.choice(["agree", "digest", "form"])
    if kind == "agree":
        return f"agree 23 {bytes_of(draw.randrange(1, ORDER)).hex()} 04{bytes_of(x).hex()}{bytes_of(y).hex()}", "refused off-curve"
    form, r = "04", x % P256 % ORDER
    if kind == "form":
        form, x, y, r = draw.choice(["00", "02", "03", "05", "06", "07", "84"]), numbers.x, numbers.y, numbers.x % ORDER
    # r = s and a digest of zero are a signature of every key whose x is r: u1 is 0 and u2 is 1.
    signature = utils.encode_dss_signature(r or 1, r or 1)
    return f"digest 23 {form}{bytes_of(x).hex()}{bytes_of(y).hex()} {bytes(32).hex()} {signature.hex()}", "refused"


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
    words = [draw.choice([0, 1, 2**64 - 1, 2**64 - 2, 2**63, 2**32, 2**32 - 1, 2**64 - 2**32, draw.getrandbits(64)]) for _ in range(4)]
    some = sum(word << 64 * i for i, word in enumerate(words)) % prime
    return draw.choice([some, some, some, draw.randrange(prime), prime - draw.randrange(1, 40), 2**256 % prime - draw.randrange(2), prime >> 1, draw.randrange(40)])


def arithmetic(draw):
    prime = draw.choice([P256, P255, ORDER])
    a, b = number(draw, prime), number(draw, prime)
    if draw.randrange(8) == 0:
        b = a
    op = draw.choice(["add"] * 6 + ["sub"] * 6 + ["mul"] * 12 + ["fits"] * 3 + ["invert"])
    if op in ("mul", "fits") and draw.randrange(4) == 0:
        a = draw.choice([2**256 - draw.randrange(1, 40), prime + draw.randrange(40), draw.getrandbits(256), prime | a])
    want = {"add": a + b, "sub": a - b, "mul": a * b * pow(2, -256, prime), "invert": pow(a, -1, prime) * 2**512 if a % prime else 0,
            "fits": a < prime}[op] % prime
    field = [prime, -pow(prime, -1, 2**64) % 2**64, 2**256 % prime, 2**512 % prime]
    return " ".join(["words", op, *(bytes_of(x).hex() for x in [*field, a, b])]), f"taken {bytes_of(want).hex()}"


KINDS = {"solved": solved, "special": special, "infinite": infinite, "any": any_case, "key exchange": key_exchange, "off the curve": off_curve,
         "X25519": montgomery, "arithmetic": arithmetic}
REFUSED = {"infinite", "off the curve"}  # all cases of these kinds


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
