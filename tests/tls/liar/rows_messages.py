# SPDX-License-Identifier: Apache-2.0
"""The order and the length of messages, and what comes after the handshake."""
from row import row, rows
from server import (
    CCS, CERTIFICATE, ENCRYPTED_EXTENSIONS, FINISHED, HELLO_DONE, HELLO_REQUEST, KEY_EXCHANGE, KEY_UPDATE, REQUEST, SERVER_HELLO,
    SERVER_NAME, STATUS, TICKET, VERIFY, extensions, vector)


# --- the order of messages ---

@rows("message_due", "in place of the ServerHello", (HELLO_REQUEST, 1, 3, ENCRYPTED_EXTENSIONS, CERTIFICATE, FINISHED, 99))
def _(s, kind):
    s.client_hello()
    s.say(kind, b"")


@rows("message_due", "in place of EncryptedExtensions", (SERVER_HELLO, REQUEST, CERTIFICATE, VERIFY, FINISHED, TICKET, KEY_UPDATE))
def _(s, kind):
    s.client_hello()
    s.hello13()
    s.say(kind, b"")


@rows("message_due", "in place of Certificate", (ENCRYPTED_EXTENSIONS, VERIFY, FINISHED, STATUS, 25))
def _(s, kind):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.say(kind, b"")


@rows("message_due", "in place of CertificateVerify", (REQUEST, CERTIFICATE, FINISHED))
def _(s, kind):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.say(kind, b"")


@rows("message_due", "in place of Finished", (VERIFY, CERTIFICATE, TICKET, KEY_UPDATE))
def _(s, kind):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13()
    s.say(kind, b"")


@row("message_due", "two CertificateRequests")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.request13()
    s.request13()


@rows("message_due", "in place of Certificate in TLS 1.2", (KEY_EXCHANGE, HELLO_DONE, FINISHED, HELLO_REQUEST, TICKET))
def _(s, kind):
    s.client_hello()
    s.hello12()
    s.say(kind, b"")


@rows("message_due", "in place of ServerKeyExchange in TLS 1.2", (STATUS, REQUEST, HELLO_DONE, CERTIFICATE))
def _(s, kind):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.say(kind, b"")


@rows("message_due", "in place of ServerHelloDone in TLS 1.2", (KEY_EXCHANGE, FINISHED, HELLO_REQUEST))
def _(s, kind):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12()
    s.say(kind, b"")


@rows("message_due", "in place of Finished in TLS 1.2", (TICKET, HELLO_DONE, HELLO_REQUEST))
def _(s, kind):
    s.client_hello()
    s.hello12()
    s.flight12()
    s.client_flight12()
    s.put(CCS, b"\1")
    s.out_keys = s.next_keys
    s.say(kind, b"")


# --- the length of messages ---

@row("message_short", "a Certificate of TLS 1.3 without a body")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.say(CERTIFICATE, b"")


@row("message_short", "a Certificate of TLS 1.2 of two bytes")
def _(s):
    s.client_hello()
    s.hello12()
    s.say(CERTIFICATE, b"\0\0")


@row("message_short", "a certificate without extensions in TLS 1.3")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13(listed=vector(vector(s.identities["p256"][0][0], 3), 3))


@row("message_short", "a ticket whose nonce is cut")
def _(s):
    s.whole13()
    s.say(TICKET, bytes(8) + b"\5abc")


@row("message_short", "names of authorities that are cut, in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12()
    s.request12(end=b"\0\5abc")


@row("message_long", "ServerHelloDone")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12()
    s.say(HELLO_DONE, b"\0")


@row("message_long", "CertificateRequest in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12()
    s.request12(end=b"\0\0\0")


@row("message_long", "KeyUpdate")
def _(s):
    s.whole13()
    s.say(KEY_UPDATE, b"\0\0")


@row("ticket_form", "bytes behind the extensions")
def _(s):
    s.whole13()
    s.say(TICKET, bytes(8) + b"\0" + vector(b"ticket", 2) + b"\0\0\0")


@row("message_size", "ServerHello")
def _(s):
    s.client_hello()
    s.say(SERVER_HELLO, bytes(4097))


@row("message_size", "EncryptedExtensions")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions([(SERVER_NAME, bytes(4091))])


@row("message_size", "a length of 2^24 - 1")
def _(s):
    s.client_hello()
    s.hello13()
    s.say(ENCRYPTED_EXTENSIONS, bytes(8), length=0xFFFFFF)


# --- after the handshake ---

@row("tickets", "33")
def _(s):
    s.whole13()
    for _ in range(33):
        s.say(TICKET, bytes(8) + b"\0" + vector(b"ticket", 2) + b"\0\0")


@row("ticket_form", "extensions that end too early")
def _(s):
    s.whole13()
    s.say(TICKET, bytes(8) + b"\0" + vector(b"ticket", 2) + b"\0\4\0\x2a\0")


@row("message_short", "an extension that is longer than its ticket")
def _(s):
    s.whole13()
    s.say(TICKET, bytes(8) + b"\0" + vector(b"ticket", 2) + b"\0\4\0\x2a\0\1")


@rows("extension_place", "in a NewSessionTicket", (0, 13, 43, 50, 51))
def _(s, kind):
    s.whole13()
    s.say(TICKET, bytes(8) + b"\0" + vector(b"ticket", 2) + extensions([(kind, b"")]))


@row("ticket_empty", "no bytes")
def _(s):
    s.whole13()
    s.say(TICKET, bytes(8) + b"\0" + b"\0\0" + b"\0\0")


@row("key_updates", "33")
def _(s):
    s.whole13()
    for _ in range(33):
        s.say(KEY_UPDATE, b"\0")
        s.next_out()


@rows("key_update_value", "the value", (2, 255))
def _(s, value):
    s.whole13()
    s.say(KEY_UPDATE, bytes([value]))


@row("late_request", "a CertificateRequest")
def _(s):
    s.whole13()
    s.request13(context=b"later")


@rows("late_message", "the type", (HELLO_REQUEST, 1, SERVER_HELLO, 5, ENCRYPTED_EXTENSIONS, CERTIFICATE, VERIFY, FINISHED, 99))
def _(s, kind):
    s.whole13()
    s.say(kind, b"")


@rows("late_message_12", "the type", (1, SERVER_HELLO, TICKET, CERTIFICATE, REQUEST, FINISHED, KEY_UPDATE, 99))
def _(s, kind):
    s.whole12()
    s.say(kind, b"")


@row("hello_request_empty", "a byte")
def _(s):
    s.whole12()
    s.say(HELLO_REQUEST, b"\0")


@row("renegotiations", "asked twice")
def _(s):
    s.whole12()
    s.say(HELLO_REQUEST, b"")
    s.say(HELLO_REQUEST, b"")


@row("late_record", "ChangeCipherSpec in TLS 1.2")
def _(s):
    s.whole12()
    s.put(CCS, b"\1")
