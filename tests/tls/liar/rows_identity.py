# SPDX-License-Identifier: Apache-2.0
"""Certificates, signatures, CertificateRequest and Finished."""
from row import row, rows
from server import (
    CERTIFICATE, ECDSA_P256, ECDSA_P384, FINISHED, HELLO_DONE, RSA_PKCS1, RSA_PSS, SCHEMES, STATUS_REQUEST, SUITE_ECDSA, SUITE_RSA, extension,
    extensions, message, number, vector)


# --- certificates ---

@row("certificate_context", "a byte")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13(context=b"x")


@rows("certificate_list", "a length that differs by", (-1, 1, 1000))
def _(s, more):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    entry = vector(s.identities["p256"][0][0], 3) + b"\0\0"
    s.certificate13(listed=number(len(entry) + more, 3) + entry)


@row("certificate_list", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    entry = vector(s.identities["p256"][0][0], 3)
    s.certificate12(listed=number(len(entry) + 1, 3) + entry)


@row("certificate_none", "in TLS 1.3")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13(chain=[])


@row("certificate_none", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12(chain=[])


@rows("certificate_size", "in TLS 1.3, of which nothing comes but the length", (65587, (1 << 24) - 5))
def _(s, size):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.say(CERTIFICATE, b"\0" + number(size, 3), length=size + 4)


@rows("certificate_size", "in TLS 1.2, of which nothing comes but the length", (65587, (1 << 24) - 4))
def _(s, size):
    s.client_hello()
    s.hello12()
    s.say(CERTIFICATE, number(size, 3), length=size + 3)


@row("certificate_empty", "in TLS 1.3")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13(chain=[b"", *s.identities["p256"][0]])


@row("certificate_empty", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12(chain=[*s.identities["p256"][0], b""])


@row("certificate_length", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12(listed=vector(number(1000, 3) + bytes(500), 3))


@row("certificate_length", "in TLS 1.3")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13(listed=vector(number(1000, 3) + bytes(500), 3))


@rows("certificate_extension", "the extension", (STATUS_REQUEST, 18, 0x1234))
def _(s, kind):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13(pairs=[(kind, b"\1\0\0\0")])


@row("key_usage", "in TLS 1.3", "--no-signing")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13()


@row("key_usage", "in TLS 1.2", "--no-signing")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12()


@rows("key_type", "suite and certificate", ((SUITE_ECDSA, "rsa"), (SUITE_RSA, "p256")))
def _(s, value):
    s.client_hello()
    s.hello12(suite=value[0])
    s.certificate12(value[1])


# --- ServerKeyExchange and signatures ---

@rows("exchange_form", "the body", (b"", b"\3", b"\3\0", b"\3\0\x1d", b"\3\0\x1d\x20abc"))
def _(s, body):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(body=body)


@rows("curve_type", "the type", (0, 1, 2))
def _(s, kind):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(curve_type=kind)


@rows("group", "the group", (0, 22, 26, 30, 256))
def _(s, group):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(group=group)


@row("signature_form", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(end=b"\0")


@row("signature_form", "in TLS 1.3")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13(end=b"\0")


@rows("scheme_offered", "in TLS 1.3", (0x0000, 0x0201, 0x0203, 0x0303, 0x0807, 0x0809, 0x0704))
def _(s, scheme):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13(scheme=scheme)


@rows("scheme_offered", "in TLS 1.2", (0x0201, 0x0203, 0x0303, 0x0807))
def _(s, scheme):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(scheme=scheme)


@rows("scheme_fits", "in TLS 1.3", (("rsa", RSA_PKCS1), ("rsa", ECDSA_P256), ("p256", ECDSA_P384), ("p256", RSA_PSS), ("p384", ECDSA_P256)))
def _(s, value):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13(value[0])
    s.verify13(*value)


@rows("scheme_fits", "in TLS 1.2", ((SUITE_ECDSA, "p256", RSA_PKCS1), (SUITE_RSA, "rsa", ECDSA_P256)))
def _(s, value):
    s.client_hello()
    s.hello12(suite=value[0])
    s.certificate12(value[1])
    s.exchange12(*value[1:])


def flip(signature):
    return signature[:-1] + bytes([signature[-1] ^ 1])


@rows("signature", "a bit is wrong, in TLS 1.3", (("p256", ECDSA_P256), ("rsa", RSA_PSS), ("p384", ECDSA_P384)))
def _(s, value):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13(value[0])
    s.verify13(*value, change=flip)


@row("signature", "over another handshake")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13(content=b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + bytes(32))


@row("signature", "with the client's words")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13(content=b" " * 64 + b"TLS 1.3, client CertificateVerify\0" + s.digest())


@row("signature", "by another key")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13("other")


@row("signature", "empty")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13(change=lambda signature: b"")


@row("signature", "in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(change=flip)


@row("signature", "over the random of another connection, in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12(random=bytes(32))


@row("signature", "PKCS#1 with a bit that is wrong, in TLS 1.2")
def _(s):
    s.client_hello()
    s.hello12(suite=SUITE_RSA)
    s.certificate12("rsa")
    s.exchange12("rsa", RSA_PKCS1, change=flip)


# --- CertificateRequest ---

def requested13(s, *arguments, **more):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.request13(*arguments, **more)


@row("request_context", "a byte")
def _(s):
    requested13(s, context=b"x")


@row("request_form", "a byte behind the extensions")
def _(s):
    requested13(s, end=b"\0")


@row("extension_twice", "two lists of schemes")
def _(s):
    requested13(s, [(SCHEMES, b"\0\2\x04\x03")] * 2)


@rows("extension_place", "in a CertificateRequest", (0, 10, 11, 16, 23, 43, 44, 51, 0xFF01))
def _(s, kind):
    requested13(s, [(SCHEMES, b"\0\2\x04\x03"), (kind, b"")])


@rows("request_schemes", "the list in TLS 1.3", (b"\0\0", b"\0\1\x04", b"\0\3\x04\x03\x05"))
def _(s, content):
    requested13(s, [(SCHEMES, content)])


@rows("request_schemes", "the list in TLS 1.2", (b"\0\0", b"\0\1\x04"))
def _(s, content):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12()
    s.request12(schemes=content)


@row("request_schemes_end", "a byte behind the list")
def _(s):
    requested13(s, [(SCHEMES, b"\0\2\x04\x03\0")])


@row("request_no_schemes", "no list")
def _(s):
    requested13(s, [])


@row("request_types", "no type of certificates")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12()
    s.request12(types=b"")


# --- ChangeCipherSpec and Finished ---

@row("ccs_boundary", "a message behind ServerHelloDone")
def _(s):
    s.client_hello()
    s.hello12()
    s.certificate12()
    s.exchange12()
    s.gather()
    s.say(HELLO_DONE, b"")
    s.flush(message(FINISHED, bytes(12)))
    s.client_flight12()


@row("ccs_due", "Finished without ChangeCipherSpec")
def _(s):
    s.client_hello()
    s.hello12()
    s.flight12()
    s.client_flight12()
    s.finished12(ccs=None)


@rows("ccs_body", "the content", (b"\0", b"\2", b"\1\1"))
def _(s, content):
    s.client_hello()
    s.hello12()
    s.flight12()
    s.client_flight12()
    s.finished12(ccs=content)


@rows("finished_size", "bytes", (0, 11, 13, 32))
def _(s, size):
    s.client_hello()
    s.hello12()
    s.flight12()
    s.client_flight12()
    s.finished12(change=lambda data: (data + bytes(20))[:size])


@row("finished_data", "a bit is wrong")
def _(s):
    s.client_hello()
    s.hello12()
    s.flight12()
    s.client_flight12()
    s.finished12(change=flip)


@row("finished_data", "that of the client")
def _(s):
    s.client_hello()
    s.hello12()
    s.flight12()
    s.client_flight12()
    s.finished12(label=b"client finished")


@rows("finished_size_13", "bytes", (0, 12, 31, 33, 48))
def _(s, size):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13()
    s.finished13(change=lambda data: (data + bytes(20))[:size])


@row("finished_data_13", "a bit is wrong")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13()
    s.finished13(change=flip)


@row("finished_data_13", "with the client's key")
def _(s):
    s.client_hello()
    s.hello13()
    s.encrypted_extensions()
    s.certificate13()
    s.verify13()
    s.finished13(secret=s.client_secret)
