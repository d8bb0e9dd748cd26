#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the numbers of tests/unit/tls/test_protection.c: records that Python's `cryptography` (OpenSSL) protects.

For each AEAD and version: the record of sequence number 0 with five bytes of plaintext, and a SHA-256 over the records with sequence numbers
from START on and a plaintext of each length of LENGTHS. Keys, IVs and plaintexts count up, as below.
"""
import hashlib
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

AEADS = {"AES_128_GCM": (AESGCM, 16), "AES_256_GCM": (AESGCM, 32), "CHACHA20_POLY1305": (ChaCha20Poly1305, 32)}
LENGTHS = [*range(300), 1024, 4095, 16383, 16384]
START = 0xFFFFFFFFFFFFFE00


def plaintext(length):
    return bytes((7 * i + length) % 256 for i in range(length))


def record(name, tls13, sequence, kind, text):
    aead, key_length = AEADS[name]
    key, iv = bytes(range(0x10, 0x10 + key_length)), bytes(range(0xA0, 0xAC))
    number = struct.pack(">Q", sequence)
    before = b"" if tls13 or aead is ChaCha20Poly1305 else number
    nonce = iv[:4] + number if before else bytes(a ^ b for a, b in zip(iv, bytes(4) + number, strict=True))
    header = bytes([kind, 3, 3]) + struct.pack(">H", len(before) + len(text) + 16)
    additional = header if tls13 else number + bytes([kind, 3, 3]) + struct.pack(">H", len(text))
    return header + before + aead(key).encrypt(nonce, text, additional)


def all_records(name, tls13):
    """The type is that of application data, or in TLS 1.2 by turns that of a handshake message."""
    for i, length in enumerate(LENGTHS):
        yield record(name, tls13, START + i, 23 if tls13 or i % 2 else 22, plaintext(length))


if __name__ == "__main__":
    for name in AEADS:
        for tls13 in (False, True):
            print(f"{name} {'1.3' if tls13 else '1.2'}")
            print(" ", record(name, tls13, 0, 23, plaintext(5)).hex())
            print(" ", hashlib.sha256(b"".join(all_records(name, tls13))).hexdigest())
