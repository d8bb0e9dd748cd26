# SPDX-License-Identifier: Apache-2.0
"""What is right: the client must come to an answer."""
from row import row, rows
from server import (
    ALERT, ALPN, CCS, COOKIE, DATA, EMS, HANDSHAKE, HELLO_DONE, HELLO_REQUEST, KEY_UPDATE, P256, P384, P521, POINT_FORMATS,
    RENEGOTIATION, SCHEMES, SERVER_NAME, TICKET, VERSIONS, extensions, vector)

FRAGMENT = 1 << 14


# --- what is right ---

@row("", "TLS 1.3")
def _(s):
    s.whole13()
    s.answer()


@row("", "TLS 1.2")
def _(s):
    s.whole12()
    s.answer()


@row("", "TLS 1.2 without extended master secret")
def _(s):
    s.client_hello()
    s.hello12([])
    s.flight12()
    s.client_flight12()
    s.finished12()
    s.request()
    s.answer()


@rows("", "HelloRetryRequest", (P256, P384, P521))
def _(s, group):
    s.client_hello()
    s.retry(group)
    s.hello13(group)
    s.flight13()
    s.client_flight13()
    s.request()
    s.answer()


@row("", "HelloRetryRequest with a cookie alone, and one with both")
def _(s):
    s.client_hello()
    s.retry(pairs=[(VERSIONS, b"\x03\x04"), (COOKIE, vector(b"c" * 1536, 2))])
    assert s.offered[COOKIE] == vector(b"c" * 1536, 2)
    s.hello13()
    s.flight13()
    s.client_flight13()
    s.request()
    s.answer()


@rows("", "a group in TLS 1.2", (P256, P384, P521))
def _(s, group):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(group=group)
    s.say(HELLO_DONE, b"")
    s.client_flight12()
    s.finished12()
    s.request()
    s.answer()


@rows("", "messages in records of so many bytes", (1, 5, 100, 4000))
def _(s, size):
    s.client_hello()
    s.hello13()
    s.gather()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13()
    s.gathered, whole = b"", s.gathered
    for at in range(0, len(whole), size):
        s.put(HANDSHAKE, whole[at:at + size])
    s.gathered = None
    s.finished13()
    s.client_flight13()
    s.request()
    s.answer()


@row("", "as much as may be passed over in TLS 1.3")
def _(s):
    s.client_hello()
    s.hello13()
    for _ in range(32):
        s.raw(CCS, b"\1")
    s.flight13()
    s.client_flight13()
    s.request()
    for _ in range(32):
        s.put(DATA, b"")
    for _ in range(4):
        s.put(ALERT, b"\1\x5a")
    for _ in range(32):
        s.say(TICKET, bytes(8) + vector(b"n", 1) + vector(b"ticket", 2) + extensions([(42, bytes(4))]))
    for _ in range(32):
        s.say(KEY_UPDATE, b"\0")
        s.next_out()
    s.put(DATA, b"x" * (FRAGMENT - 100), padding_bytes=100)
    s.answer()


@row("", "a KeyUpdate that wants an answer, which is due only before more data of the client")
def _(s):
    s.whole13()
    s.say(KEY_UPDATE, b"\1")
    s.next_out()
    s.answer()


@row("", "as much as may be passed over in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12([(EMS, b""), (RENEGOTIATION, b"\0"), (POINT_FORMATS, b"\2\1\0"), (SERVER_NAME, b""), (ALPN, vector(vector(b"http/1.1", 1), 2))])
    for _ in range(3):
        s.raw(ALERT, b"\1\x70")
    s.flight12()
    s.client_flight12()
    s.finished12()
    s.request()
    s.say(HELLO_REQUEST, b"", hashed=False)
    for _ in range(32):
        s.put(DATA, b"")
    s.put(DATA, b"x" * FRAGMENT)
    s.answer()


@row("", "extensions that may be in EncryptedExtensions")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions([(SERVER_NAME, b""), (ALPN, vector(vector(b"http/1.1", 1), 2)), (10, b"\0\2\0\x1d")])
    s.certificate13()
    s.verify13()
    s.finished13()
    s.client_flight13()
    s.request()
    s.answer()


@row("", "a CertificateRequest with extensions that nobody knows")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.request13([(0x1234, b"?"), (SCHEMES, b"\0\2\x04\x03"), (47, b"\0\0")])
    s.certificate13()
    s.verify13()
    s.finished13()
    s.client_flight13()
    s.request()
    s.answer()


@rows("", "a signature", (("rsa", 0x0804), ("rsa", 0x0805), ("rsa", 0x0806)))
def _(s, value):
    s.client_hello()
    s.hello13()
    s.flight13(*value)
    s.client_flight13()
    s.request()
    s.answer()
