# SPDX-License-Identifier: Apache-2.0
"""Records, alerts and change_cipher_spec."""
from row import row, rows
from server import ALERT, CCS, DATA, ENCRYPTED_EXTENSIONS, HANDSHAKE, KEY_UPDATE, SERVER_HELLO, TICKET, message, vector

FRAGMENT = 1 << 14


# --- records ---

@rows("record_type", "the type of the first record", (0, 19, 24, 25, 255))
def _(s, kind):
    s.client_hello()
    s.raw(kind, b"x")


@rows("record_version", "the version of the first record", (0x0200, 0x0400, 0x4854))
def _(s, version):
    s.client_hello()
    s.raw(HANDSHAKE, message(SERVER_HELLO, b""), version)


@row("record_size", "a record in clear")
def _(s):
    s.client_hello()
    s.raw(HANDSHAKE, bytes(FRAGMENT + 1))


@row("record_size", "a protected record")
def _(s):
    s.client_hello()
    s.hello13()
    s.raw(DATA, bytes(FRAGMENT + 257))


@rows("outer_type", "the type of a protected record", (HANDSHAKE, ALERT))
def _(s, kind):
    s.client_hello()
    s.hello13()
    s.raw(kind, message(ENCRYPTED_EXTENSIONS, b"\0\0") if kind == HANDSHAKE else b"\2\x28")


def spoil(keys):
    """The next record is protected with another key."""
    seal = keys.seal
    keys.seal = lambda *arguments: (lambda kind, data: (kind, data[:-1] + bytes([data[-1] ^ 1])))(*seal(*arguments))


@row("tag", "in the handshake of TLS 1.3")
def _(s):
    s.client_hello()
    s.hello13()
    spoil(s.out_keys)
    s.encrypted_extensions()


@row("tag", "an answer in TLS 1.3")
def _(s):
    s.whole13()
    spoil(s.out_keys)
    s.answer()


@row("tag", "an answer in TLS 1.2")
def _(s):
    s.whole12()
    spoil(s.out_keys)
    s.answer()


@row("tag", "a record twice")
def _(s):
    s.whole13()
    s.put(DATA, b"x")
    s.out_keys.count -= 1
    s.put(DATA, b"x")


@rows("tag", "a record without room for a tag", (0, 1, 15, 16))
def _(s, size):
    s.client_hello()
    s.hello13()
    s.raw(DATA, bytes(size))


@row("plain_size", "one byte too many")
def _(s):
    s.whole12()
    s.put(DATA, bytes(FRAGMENT + 1))


@row("inner_size", "one byte too many")
def _(s):
    s.whole13()
    s.put(DATA, b"x" * (FRAGMENT + 1))


@row("inner_size", "by padding")
def _(s):
    s.whole13()
    s.put(DATA, b"x", padding_bytes=FRAGMENT)


@rows("inner_type", "padding alone, bytes", (1, 100))
def _(s, size):
    s.client_hello()
    s.hello13()
    s.put(0, b"", padding_bytes=size - 1)


@rows("inner_kind", "the type within", (CCS, 24, 255))
def _(s, kind):
    s.client_hello()
    s.hello13()
    s.put(kind, b"\1")


# --- alerts ---

@rows("alert_size", "an alert", (b"\2", b"\2\x28\0", b"\1\x5a\1\x5a"))
def _(s, alert):
    s.client_hello()
    s.raw(ALERT, alert)


@rows("alert_level", "the level", (0, 3, 255))
def _(s, level):
    s.client_hello()
    s.raw(ALERT, bytes([level, 40]))


@row("warnings", "in TLS 1.2")
def _(s):
    s.whole12()
    for _ in range(5):
        s.put(ALERT, b"\1\x70")
    s.answer()


@row("warnings", "user_canceled in TLS 1.3")
def _(s):
    s.whole13()
    for _ in range(5):
        s.put(ALERT, b"\1\x5a")
    s.answer()


@row("interleaved_alert", "a warning in the midst of a message of TLS 1.2")
def _(s):
    s.client_hello()
    s.raw(HANDSHAKE, message(SERVER_HELLO, bytes(60))[:9])
    s.raw(ALERT, b"\1\x70")


# --- change_cipher_spec and the order of records ---

@row("ccs_time", "after the server's Finished")
def _(s):
    s.client_hello()
    s.hello13()
    s.flight13()
    s.raw(CCS, b"\1")
    s.client_flight13()


@row("ccs_time", "between the parts of a message")
def _(s):
    s.client_hello()
    s.hello13()
    s.put(HANDSHAKE, message(ENCRYPTED_EXTENSIONS, b"\0\0")[:3])
    s.raw(CCS, b"\1")
    s.put(HANDSHAKE, message(ENCRYPTED_EXTENSIONS, b"\0\0")[3:])


@row("ccs_time", "after the handshake")
def _(s):
    s.whole13()
    s.raw(CCS, b"\1")
    s.answer()


@rows("ccs_value", "the content", (b"\0", b"\2", b"\1\1"))
def _(s, content):
    s.client_hello()
    s.hello13()
    s.raw(CCS, content)


@row("empty_record", "in clear")
def _(s):
    s.client_hello()
    s.raw(HANDSHAKE, b"")


@row("empty_record", "protected")
def _(s):
    s.client_hello()
    s.hello13()
    s.put(HANDSHAKE, b"")


@row("empty_record", "an alert in clear, without content")
def _(s):
    s.client_hello()
    s.raw(ALERT, b"")


@row("idle_records", "change_cipher_spec")
def _(s):
    s.client_hello()
    s.hello13()
    for _ in range(33):
        s.raw(CCS, b"\1")


@row("idle_records", "empty records in TLS 1.3")
def _(s):
    s.whole13()
    for _ in range(33):
        s.put(DATA, b"")


@row("idle_records", "empty records in TLS 1.2")
def _(s):
    s.whole12()
    for _ in range(33):
        s.put(DATA, b"")


@row("key_boundary", "behind the ServerHello")
def _(s):
    s.client_hello()
    s.gather()
    s.hello13(protect=False)
    s.flush(message(ENCRYPTED_EXTENSIONS, b"\0\0"))
    s.protect13()


@row("key_boundary", "a part of a message behind the ServerHello")
def _(s):
    s.client_hello()
    s.gather()
    s.hello13(protect=False)
    s.flush(b"\x08")
    s.protect13()


@row("key_boundary", "behind the server's Finished")
def _(s):
    s.client_hello()
    s.hello13()
    s.gather()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13()
    s.finished13(flush=message(TICKET, bytes(8) + vector(b"", 1) + vector(b"ticket", 2) + b"\0\0"))


@row("key_boundary", "behind a KeyUpdate")
def _(s):
    s.whole13()
    s.put(HANDSHAKE, message(KEY_UPDATE, b"\0") + message(TICKET, bytes(8) + b"\0" + vector(b"ticket", 2) + b"\0\0"))


@row("other_record", "application data before the ServerHello")
def _(s):
    s.client_hello()
    s.raw(DATA, b"x")


@row("other_record", "change_cipher_spec before the ServerHello")
def _(s):
    s.client_hello()
    s.raw(CCS, b"\1")


@row("other_record", "application data in the handshake of TLS 1.3")
def _(s):
    s.client_hello()
    s.hello13()
    s.put(DATA, b"x")


@row("other_record", "application data between the parts of a message")
def _(s):
    s.whole13()
    s.put(HANDSHAKE, message(TICKET, bytes(8) + b"\0" + vector(b"ticket", 2) + b"\0\0")[:9])
    s.put(DATA, b"x")


@row("other_record", "change_cipher_spec before the key exchange in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.raw(CCS, b"\1")


@row("other_record", "empty application data in the handshake of TLS 1.3")
def _(s):
    s.client_hello()
    s.hello13()
    s.put(DATA, b"")


@row("other_record", "empty application data in the handshake of TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.put(DATA, b"")


@row("other_record", "empty application data between the parts of a ticket")
def _(s):
    s.whole13()
    ticket = message(TICKET, bytes(8) + b"\0" + vector(b"ticket", 2) + b"\0\0")
    s.put(HANDSHAKE, ticket[:9])
    s.put(DATA, b"")
    s.put(HANDSHAKE, ticket[9:])
    s.answer()


@row("other_record", "empty application data between the parts of a HelloRequest")
def _(s):
    s.whole12()
    s.put(HANDSHAKE, b"\0\0")
    s.put(DATA, b"")
    s.put(HANDSHAKE, b"\0\0")
    s.answer()


@rows("record_version", "after a ServerHello of TLS 1.2", (0x0300, 0x0301, 0x0302, 0x0304))
def _(s, version):
    s.client_hello()
    s.hello12()
    s.raw(HANDSHAKE, message(SERVER_HELLO, b""), version)


@row("empty_record", "an alert that is protected in TLS 1.3, without content")
def _(s):
    s.client_hello()
    s.hello13()
    s.put(ALERT, b"")
