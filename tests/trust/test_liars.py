# SPDX-License-Identifier: Apache-2.0
"""Servers with a good certificate that lie in the handshake: tls12.py and tls13.py. Each is refused before the request, which has the
subject token."""
import pytest
import tls12
import tls13
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import x25519
from harness import pki

CA = pki.authority(cn="Lying CA")
LEAF = pki.server(CA, names=["sts.example.com"], ips=[])
DER = LEAF.certificate.public_bytes(serialization.Encoding.DER)
X25519, P256 = 29, 23
PRIME = 2**255 - 19
# The five points of small order that are below the prime, and one of them past it.
ZERO = [0, 1, PRIME - 1, 325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823, PRIME + 1]


@pytest.fixture(params=[tls12, tls13], ids=["1.2", "1.3"])
def lie(stand, request):
    """Plays the server, and gives the verdict. asked: it has seen a request, which it could decrypt."""
    anchors = stand.space.write("anchors.pem", CA.pem)

    def lie(more=(), **lies):
        return stand.try_once(lambda raw: stand.exchange(request.param.Connection(raw, [DER], LEAF.key, **lies)), "sts.example.com",
                              "--cacert-only", "--cacert-path", anchors, *more, deadline="1s")
    return lie


def honest_x25519(form=lambda number: number):
    """A key of X25519, of which the point may be sent in another form."""
    own = x25519.X25519PrivateKey.generate()
    point = int.from_bytes(own.public_key().public_bytes_raw(), "little")
    return X25519, form(point).to_bytes(32, "little"), lambda theirs: own.exchange(x25519.X25519PublicKey.from_public_bytes(theirs))


def test_the_truth_first(lie):
    for lies in ({}, {"share": honest_x25519()}, {"alpn": b"http/1.1"}):
        verdict = lie(**lies)
        assert (verdict.code, verdict.asked) == ("ok", True), verdict.message


def test_the_top_bit_of_a_point_does_not_count(lie):
    verdict = lie(share=honest_x25519(lambda point: point | 1 << 255))
    assert (verdict.code, verdict.asked) == ("ok", True), verdict.message


@pytest.mark.parametrize("point", ZERO, ids=["0", "1", "-1", "order 8", "order 8 too", "1, past the prime"])
def test_a_secret_that_everybody_knows(point, lie):
    verdict = lie(share=(X25519, point.to_bytes(32, "little"), bytes(32)))
    assert (verdict.code, verdict.asked) == ("tls", False)
    assert verdict.message == "the server sent a key that makes the shared secret zero, which everybody knows (X25519)"


@pytest.mark.parametrize("group,point,says", [
    (P256, b"\4" + bytes(64), "that is not a point of its curve"), (P256, b"\4" + bytes(63), "of a wrong length or form"),
    (X25519, bytes(31), "of a wrong length or form"), (X25519, b"\1" * 33, "of a wrong length or form"),
], ids=["P-256", "P-256, short", "X25519, short", "X25519, long"])
def test_a_point_beside_its_curve(group, point, says, lie):
    verdict = lie(share=(group, point, bytes(32)))
    assert (verdict.code, verdict.asked) == ("tls", False)
    assert verdict.message == f"the server sent a key for the key exchange {says}"


@pytest.mark.parametrize("share,says", [
    ((X25519, bytes(32), bytes(32)), "sent a key that makes the shared secret zero, which everybody knows (X25519)"),
    ((P256, b"\4" + bytes(64), bytes(32)), "sent a key for the key exchange that is not a point of its curve"),
], ids=["zero", "beside the curve"])
def test_the_clients_own_key_is_not_blamed(share, says, lie, stand):
    """The client sends its certificate before it uses the server's key."""
    client = pki.server(CA, names=["client.example.com"], ips=[])
    key = client.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = stand.space.write("client.pem", client.pem + key)
    verdict = lie(("--client-cert", file, "--client-key", file), share=share, asks=True)
    assert (verdict.code, verdict.asked) == ("tls", False)
    assert verdict.message == f"the server {says}"


@pytest.mark.parametrize("name", [b"h2", b"http/1.0", b"http/1.1 ", b"HTTP/1.1", b"x" * 255])
def test_a_protocol_that_was_not_offered(name, lie):
    verdict = lie(alpn=name)
    assert (verdict.code, verdict.asked) == ("tls", False)
    assert verdict.message == "the server chose an application protocol (ALPN) that was not offered"
