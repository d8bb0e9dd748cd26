# SPDX-License-Identifier: Apache-2.0
"""ServerHello, HelloRetryRequest and the key exchange."""
import os

from row import row, rows
from server import (
    ALPN, COOKIE, EMS, ENCRYPTED_EXTENSIONS, HELLO_DONE, KEY_SHARE, P256, P384, P521, POINT_FORMATS, PSK, RENEGOTIATION, RETRY, SCHEMES,
    SERVER_HELLO, SERVER_NAME, STATUS_REQUEST, SUITE_13, SUITE_13_OTHER, SUITE_ECDSA, SUITE_RSA, TICKETS, VERSIONS, X25519, extension, message,
    number, vector)

SMALL_ORDER = [bytes(32), number(1, 32)[::-1],
               bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
               bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
               number((1 << 255) - 20, 32)[::-1], number((1 << 255) - 19, 32)[::-1], number((1 << 255) - 18, 32)[::-1]]


# --- ServerHello ---

@rows("hello_form", "a body of so many bytes", (0, 1, 33, 34, 37))
def _(s, size):
    s.client_hello()
    s.say(SERVER_HELLO, (b"\x03\x03" + s.random + b"\0\xc0\x2b\0")[:size])


@row("hello_form", "a session id of 33 bytes")
def _(s):
    s.client_hello()
    s.hello13(session=bytes(33), protect=False)


@rows("extensions_form", "a list", (b"\0", b"\0\5abc", b"\0\0\0"))
def _(s, end):
    s.client_hello()
    s.hello(None, SUITE_ECDSA, session=b"", end=end)


@row("extensions_form", "EncryptedExtensions with a byte behind them")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions(end=b"\0")


@rows("extension_form", "an extension", (b"\0", b"\0\x10", b"\0\x10\0", b"\0\x10\0\5abc"))
def _(s, cut):
    s.client_hello()
    s.hello13()
    s.say(ENCRYPTED_EXTENSIONS, vector(cut, 2))


@rows("extension_unasked", "in EncryptedExtensions", (STATUS_REQUEST, 1, 15, 20, 27, TICKETS, PSK, 42, 0x1234, 0x0A0A))
def _(s, kind):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions([(kind, b"")])


@rows("extension_unasked", "in a ServerHello of TLS 1.3", (PSK, 0x1234))
def _(s, kind):
    s.client_hello()
    s.hello13(more=[(kind, b"\0\0")], protect=False)


@rows("extension_unasked", "in a ServerHello of TLS 1.2", (STATUS_REQUEST, 1, 15, 18, 22, TICKETS, 13172, 0x1234))
def _(s, kind):
    s.client_hello()
    s.hello12([(kind, b"")])


@row("extension_unasked", "in a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry(more=[(0x1234, b"")])


@row("extension_twice", "ALPN in EncryptedExtensions")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions([(ALPN, vector(vector(b"http/1.1", 1), 2))] * 2)


@row("extension_twice", "the key share of a ServerHello")
def _(s):
    s.client_hello()
    share = number(X25519, 2) + vector(s.share(X25519), 2)
    s.hello13(pairs=[(VERSIONS, b"\x03\x04"), (KEY_SHARE, share), (KEY_SHARE, share)], protect=False)


@row("extension_twice", "extended master secret in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12([(EMS, b""), (EMS, b"")])


@rows("extension_place", "in EncryptedExtensions", (POINT_FORMATS, SCHEMES, EMS, VERSIONS, COOKIE, KEY_SHARE, 50, RENEGOTIATION))
def _(s, kind):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions([(kind, b"")])


@rows("extension_place", "in a ServerHello of TLS 1.3", (SERVER_NAME, 10, POINT_FORMATS, SCHEMES, ALPN, EMS, COOKIE, RENEGOTIATION))
def _(s, kind):
    s.client_hello()
    s.hello13(more=[(kind, b"")], protect=False)


@rows("extension_place", "in a ServerHello of TLS 1.2", (SCHEMES, COOKIE, KEY_SHARE, 50))
def _(s, kind):
    s.client_hello()
    s.hello12([(kind, b"")])


@rows("extension_place", "in a HelloRetryRequest", (SERVER_NAME, ALPN, EMS))
def _(s, kind):
    s.client_hello()
    s.retry(more=[(kind, b"")])


@row("server_name_empty", "in EncryptedExtensions")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions([(SERVER_NAME, b"\0")])


@row("server_name_empty", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12([(SERVER_NAME, b"\0")])


@rows("alpn_form", "the content", (b"", b"\0\0", b"\0\1\0", b"\0\x0a\x08http/1.", vector(vector(b"http/1.1", 1) * 2, 2), vector(b"\x08http/1.1", 2) + b"\0"))
def _(s, content):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions([(ALPN, content)])


@rows("alpn_choice", "the protocol", (b"h2", b"http/1.0", b"http/1.1x", b"HTTP/1.1"))
def _(s, protocol):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions([(ALPN, vector(vector(protocol, 1), 2))])


@row("alpn_choice", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12([(ALPN, vector(vector(b"h2", 1), 2))])


@rows("version", "the old field", (0x0200, 0x0300, 0x0301, 0x0302, 0x0304, 0x0305, 0xFEFD))
def _(s, version):
    s.client_hello()
    s.hello12(version=version)


@rows("version", "the old field beside the extension", (0x0200, 0x0300))
def _(s, version):
    s.client_hello()
    s.hello13(version=version, protect=False)


@rows("old_version", "the old field beside the extension", (0x0301, 0x0302, 0x0304))
def _(s, version):
    s.client_hello()
    s.hello13(version=version, protect=False)


@rows("versions_form", "the extension", (b"", b"\x03", b"\x03\x04\x03\x04", b"\2\x03\x04"))
def _(s, content):
    s.client_hello()
    s.hello13(pairs=[(VERSIONS, content), (KEY_SHARE, number(X25519, 2) + vector(s.share(X25519), 2))], protect=False)


@rows("version_choice", "the extension", (b"\x03\x03", b"\x03\x02", b"\x03\x05", b"\x7f\x1c"))
def _(s, content):
    s.client_hello()
    s.hello13(pairs=[(VERSIONS, content), (KEY_SHARE, number(X25519, 2) + vector(s.share(X25519), 2))], protect=False)


@row("compression", "in TLS 1.3")
def _(s):
    s.client_hello()
    s.hello13(compression=1, protect=False)


@row("compression", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12(compression=1)


@rows("suite", "in TLS 1.2", (0x0000, 0x002F, 0x009C, 0xC013, 0xC009, 0xC0AC, 0xCCAA, 0x00FF, 0x5600))
def _(s, suite):
    s.client_hello()
    s.hello12(suite=suite)


@rows("suite", "in TLS 1.3", (0x1304, 0x1305, 0x0A0A))
def _(s, suite):
    s.client_hello()
    s.hello13(suite=suite, protect=False)


@rows("suite_version", "a suite of TLS 1.2 in TLS 1.3", (SUITE_ECDSA, SUITE_RSA))
def _(s, suite):
    s.client_hello()
    s.hello13(suite=suite, protect=False)


@row("suite_version", "a suite of TLS 1.3 in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12(suite=SUITE_13)


@row("suite_kept", "another suite after HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry()
    s.hello13(P256, suite=SUITE_13_OTHER, protect=False)


@rows("session_echo", "the session id", (b"", bytes(32), bytes(31)))
def _(s, session):
    s.client_hello()
    s.hello13(session=session, protect=False)


# --- HelloRetryRequest ---

@row("retry_once", "two")
def _(s):
    s.client_hello()
    s.retry(P256)
    s.hello([(VERSIONS, b"\x03\x04"), (KEY_SHARE, number(P384, 2))], SUITE_13, random=RETRY)


@row("retry_end", "a ServerHello behind it")
def _(s):
    s.client_hello()
    s.gather()
    s.retry(behind=message(SERVER_HELLO, bytes(60)))


@row("retry_change", "nothing to change")
def _(s):
    s.client_hello()
    s.retry(pairs=[(VERSIONS, b"\x03\x04")])


@rows("retry_form", "the key share", (b"", b"\0", b"\0\x17\0", number(P256, 2) + vector(bytes(65), 2)))
def _(s, content):
    s.client_hello()
    s.retry(pairs=[(VERSIONS, b"\x03\x04"), (KEY_SHARE, content)])


@rows("retry_group", "the group", (0, 26, 30, 256, 0x11EC))
def _(s, group):
    s.client_hello()
    s.retry(group)


@row("retry_new_group", "that of the key share")
def _(s):
    s.client_hello()
    s.retry(X25519)


@rows("cookie_form", "the cookie", (b"", b"\0", b"\0\0", b"\0\5abc", b"\0\1ab"))
def _(s, content):
    s.client_hello()
    s.retry(more=[(COOKIE, content)])


@row("cookie_size", "1,537 bytes")
def _(s):
    s.client_hello()
    s.retry(more=[(COOKIE, vector(b"c" * 1537, 2))])


@row("retry_version", "a ServerHello of TLS 1.2 with the random of a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.hello12(random=RETRY)


@row("retry_version", "TLS 1.2 after a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry()
    s.hello12()


# --- the key exchange ---

@row("share_missing", "no key share")
def _(s):
    s.client_hello()
    s.share(X25519)
    s.hello13(pairs=[(VERSIONS, b"\x03\x04")], protect=False)


@rows("share_form", "the extension", (b"", b"\0\x1d", b"\0\x1d\0", b"\0\x1d\0\x20abc", b"\0\x1d" + vector(bytes(range(32)), 2) + b"\0"))
def _(s, content):
    s.client_hello()
    s.share(X25519)
    s.hello13(pairs=[(VERSIONS, b"\x03\x04"), (KEY_SHARE, content)], protect=False)


@rows("share_group", "the group", (P256, P384, P521, 30))
def _(s, group):
    s.client_hello()
    s.share(X25519)
    s.hello13(pairs=[(VERSIONS, b"\x03\x04"), (KEY_SHARE, number(group, 2) + vector(os.urandom(32), 2))], protect=False)


@rows("share_length", "a public key of so many bytes for X25519", (0, 31, 33))
def _(s, size):
    s.client_hello()
    s.hello13(point=os.urandom(size), protect=False)


@rows("share_length", "a point of P-256", (b"\0", b"\2" + bytes(32), b"\6" + bytes(64), b"\4" + bytes(63), b"\4" + bytes(65)))
def _(s, point):
    s.client_hello()
    s.retry(P256)
    s.hello13(P256, point=point, protect=False)


@rows("share_point", "a point off its curve", (P256, P384, P521))
def _(s, group):
    s.client_hello()
    s.retry(group)
    size = {P256: 32, P384: 48, P521: 66}[group]
    s.hello13(group, point=b"\4" + number(5, size) + number(5, size), protect=False)


@rows("share_point", "coordinates that are too large", (P256, P384))
def _(s, group):
    s.client_hello()
    s.retry(group)
    s.hello13(group, point=b"\4" + b"\xff" * {P256: 64, P384: 96}[group], protect=False)


@rows("share_zero", "a point of small order", SMALL_ORDER)
def _(s, point):
    s.client_hello()
    s.hello13(point=point, protect=False)


@row("share_zero", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(point=bytes(32))
    s.say(HELLO_DONE, b"")


@row("share_point", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(group=P256, point=b"\4" + number(5, 32) + number(5, 32))
    s.say(HELLO_DONE, b"")


@row("share_length", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(point=bytes(31))
    s.say(HELLO_DONE, b"")


# --- ServerHello of TLS 1.2 ---

@rows("downgrade", "the end of the random", (b"DOWNGRD\1", b"DOWNGRD\0"))
def _(s, mark):
    s.client_hello()
    s.random = s.random[:24] + mark
    s.hello12()


@row("session_resumed", "the client's session id")
def _(s):
    s.client_hello()
    s.hello12(session=s.session)


@row("extended_master_empty", "a byte")
def _(s):
    s.client_hello()
    s.hello12([(EMS, b"\0")])


@rows("renegotiation_info", "the content", (b"", b"\1", b"\1a", b"\0\0", b"\x0c" + bytes(12)))
def _(s, content):
    s.client_hello()
    s.hello12([(EMS, b""), (RENEGOTIATION, content)])


@rows("point_formats", "the list", (b"", b"\0", b"\1\1", b"\2\0", b"\1\0\0"))
def _(s, content):
    s.client_hello()
    s.hello12([(EMS, b""), (POINT_FORMATS, content)])
