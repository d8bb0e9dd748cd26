# SPDX-License-Identifier: Apache-2.0
"""What a HelloRetryRequest shares with a ServerHello (RFC 8446 section 4.1.4), and the ServerHello behind it."""
import os

from row import row, rows
from server import (
    COOKIE, EMS, KEY_SHARE, P256, P384, PSK, RETRY, SUITE_13, SUITE_ECDSA, VERSIONS, X25519, number, vector)


@rows("session_echo", "in a HelloRetryRequest", (b"", bytes(32), bytes(31)))
def _(s, session):
    s.client_hello()
    s.retry(session=session)


@row("session_echo", "in the ServerHello behind a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry()
    s.hello13(P256, session=bytes(32), protect=False)


@row("compression", "in a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry(compression=1)


@rows("suite", "in a HelloRetryRequest", (0x1304, 0x00FF))
def _(s, suite):
    s.client_hello()
    s.retry(suite=suite)


@row("suite_version", "in a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry(suite=SUITE_ECDSA)


@rows("old_version", "in a HelloRetryRequest", (0x0301, 0x0304))
def _(s, version):
    s.client_hello()
    s.retry(version=version)


@rows("version_choice", "in a HelloRetryRequest", (b"\x03\x03", b"\x7f\x1c"))
def _(s, content):
    s.client_hello()
    s.retry(pairs=[(VERSIONS, content), (KEY_SHARE, number(P256, 2))])


@row("version_choice", "in the ServerHello behind a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry()
    s.hello13(pairs=[(VERSIONS, b"\x03\x03"), (KEY_SHARE, number(P256, 2) + vector(s.share(P256), 2))], protect=False)


@row("versions_form", "in a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry(pairs=[(VERSIONS, b"\x03\x04\0"), (KEY_SHARE, number(P256, 2))])


@row("extension_twice", "the group of a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry(pairs=[(VERSIONS, b"\x03\x04"), (KEY_SHARE, number(P256, 2)), (KEY_SHARE, number(P384, 2))])


@row("extension_unasked", "a choice of a key that was not offered in a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry(more=[(PSK, b"\0\0")])


@row("extension_place", "a cookie in the ServerHello behind a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry()
    s.hello13(P256, more=[(COOKIE, vector(b"c", 2))], protect=False)


@row("retry_version", "a HelloRetryRequest without supported_versions")
def _(s):
    s.client_hello()
    s.hello([(EMS, b"")], SUITE_13, random=RETRY)


@row("share_missing", "behind a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry()
    s.hello13(P256, pairs=[(VERSIONS, b"\x03\x04")], protect=False)


@row("share_group", "the group of the first ClientHello behind a HelloRetryRequest")
def _(s):
    s.client_hello()
    s.retry()
    s.hello13(X25519, point=os.urandom(32), protect=False)


@row("retry_once", "the second with a cookie alone")
def _(s):
    s.client_hello()
    s.retry(pairs=[(VERSIONS, b"\x03\x04"), (COOKIE, vector(b"c", 2))])
    s.hello([(VERSIONS, b"\x03\x04"), (COOKIE, vector(b"d", 2))], SUITE_13, random=RETRY)
