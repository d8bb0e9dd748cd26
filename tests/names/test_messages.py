# SPDX-License-Identifier: Apache-2.0
"""The parser of answers beside another one: lib/net/dns_message.c and dnspython read the same random messages, whole and damaged."""
import random
import struct
import subprocess

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from harness.sidecar import build_folder

READER = build_folder() / "tests" / "dns-read"
FOUND, NODATA, NONAME, SERVFAIL, REFUSED, CODE, MALFORMED, TRUNCATED, STRANGER = 0, 1, 2, 3, 4, 5, 6, 7, 10
NAMES = ["sts.example.", "a.example.", "b.a.example.", "C.example.", "sts.test.", "x" * 63 + ".example.", "example.", "."]
RCODES = ["NOERROR"] * 12 + ["NXDOMAIN"] * 4 + ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP"]
SEED = 20240607


def read_all(pairs):
    """What lib/net/dns.c makes of each pair of a query and an answer: (verdict, alias, addresses)."""
    given = b"".join(struct.pack("!II", len(query), len(answer)) + query + answer for query, answer in pairs)
    run = subprocess.run([READER], input=given, capture_output=True, check=True, timeout=50)
    for line in run.stdout.decode().splitlines():
        verdict, alias, *addresses = line.split()
        yield int(verdict), alias == "alias", addresses


def spell(name, rng):
    return "".join(rng.choice([c.upper(), c.lower()]) for c in name)


def record(rng):
    owner, kind = rng.choice(NAMES[:6]), rng.choice(["A", "A", "AAAA", "CNAME", "CNAME", "TXT", "MX"])
    data = {"A": lambda: f"10.{rng.randrange(256)}.{rng.randrange(256)}.1", "AAAA": lambda: f"2001:db8::{rng.randrange(1, 65536):x}",
            "CNAME": lambda: spell(rng.choice(NAMES), rng), "TXT": lambda: '"words"', "MX": lambda: f"10 {rng.choice(NAMES)}"}[kind]()
    return dns.rrset.from_text(spell(owner, rng), rng.randrange(1 << 31), "IN", kind, data)


def message(rng):
    query = dns.message.make_query(rng.choice(NAMES[:6]), rng.choice(["A", "AAAA"]), use_edns=False)
    made = dns.message.make_response(query)
    made.set_rcode(dns.rcode.from_text(rng.choice(RCODES)))
    made.flags |= rng.choice([dns.flags.RA, dns.flags.RA, dns.flags.AA, 0])
    made.flags |= dns.flags.TC if rng.random() < 0.05 else 0
    made.answer = [record(rng) for _ in range(rng.choice([0, 1, 2, 3, 5, 9]))]
    made.authority = [record(rng) for _ in range(rng.randrange(2))]
    made.additional = [record(rng) for _ in range(rng.randrange(2))]
    return query.to_wire(), made.to_wire(max_size=65535, want_shuffle=False)


def expected(query, wire):
    """What dnspython makes of it."""
    asked, made = dns.message.from_wire(query), dns.message.from_wire(wire)
    if not asked.is_response(made):
        return STRANGER, []
    rcode = dns.rcode.to_text(made.rcode())
    if rcode not in ("NOERROR", "NXDOMAIN"):
        return {"SERVFAIL": SERVFAIL, "REFUSED": REFUSED}.get(rcode, CODE), []
    if made.flags & dns.flags.TC:
        return TRUNCATED, []
    if rcode == "NXDOMAIN":
        return NONAME, []
    if not made.answer and not made.flags & (dns.flags.AA | dns.flags.RA) and not made.additional:
        return REFUSED, []
    try:
        chain = made.resolve_chaining()
    except dns.message.ChainTooLong:
        return NODATA, []
    return (FOUND, [rdata.address for rdata in chain.answer]) if chain.answer else (NODATA, [])


@pytest.mark.skipif(not READER.exists(), reason="no reader in this build")
def test_whole_messages():
    rng = random.Random(SEED)
    pairs = [message(rng) for _ in range(2000)]
    seen = set()
    for (query, wire), (verdict, _, addresses) in zip(pairs, read_all(pairs), strict=True):
        want = expected(query, wire)
        assert (verdict, list(dict.fromkeys(addresses))) == want, wire.hex()
        seen.add(verdict)
    assert seen == {FOUND, NODATA, NONAME, SERVFAIL, REFUSED, CODE, TRUNCATED}


@pytest.mark.skipif(not READER.exists(), reason="no reader in this build")
def test_damaged_messages():
    """Where both can read a damaged message, they read the same. Our parser does not read beyond the answer section."""
    rng = random.Random(SEED + 1)
    pairs = []
    for _ in range(4000):
        query, wire = message(rng)
        damaged = bytearray(wire)
        for _ in range(rng.choice([1, 1, 2, 4])):
            damaged[rng.randrange(len(damaged))] = rng.choice([0, 1, 0xc0, 0xff, rng.randrange(256)])
        pairs.append((query, bytes(damaged[:rng.choice([None, None, None, rng.randrange(12, len(damaged) + 1)])])))
    compared = 0
    for (query, wire), (verdict, _, addresses) in zip(pairs, read_all(pairs), strict=True):
        try:
            want = expected(query, wire)
        except (dns.exception.DNSException, NotImplementedError, ValueError):
            continue
        compared += 1
        # dnspython takes a class, an opcode or a type that we do not know for what it is; we say that it is not for us.
        if (verdict, list(dict.fromkeys(addresses))) != want:
            assert verdict in (STRANGER, MALFORMED), (verdict, want, wire.hex())
    assert compared > 1000
