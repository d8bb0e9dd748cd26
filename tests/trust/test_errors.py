# SPDX-License-Identifier: Apache-2.0
"""What the program says when TLS fails, word for word where a user can act on the words. The servers are real ones if possible."""
import contextlib
import datetime
import re
import shutil
import ssl
import subprocess

import pytest
import tls12
import tls13
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding
from cryptography.x509.oid import NameOID
from harness import pki, servers

CA = pki.authority(cn="Acme Internal CA")
OTHER = pki.authority(cn="Some Other CA")
DATE = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def days_from_now(days):
    return (pki.now() + pki.days(days)).strftime("%Y-%m-%dT")


def sign(key, signer, *, issuer=CA, digest=hashes.SHA256(), **how):
    """A server certificate for a key that harness/pki.py does not make, or with a signature that it does not."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "odd")])
    builder = (x509.CertificateBuilder().subject_name(name).issuer_name(issuer.certificate.subject).public_key(key.public_key())
               .serial_number(7).not_valid_before(pki.now() - pki.days(1)).not_valid_after(pki.now() + datetime.timedelta(1))
               .add_extension(x509.SubjectAlternativeName([x509.DNSName("sts.example.com")]), critical=False))
    return pki.Identity(builder.sign(signer, digest, **how), key)


@pytest.fixture
def ask(stand):
    """ask(identity, ...): the verdict on an OpenSSL server with that certificate."""
    def run(identity, host="sts.example.com", anchors=(CA,), options=("--cacert-only",), env=None, talk=None, deadline="10s", **tls):
        bundle = stand.space.write("acme.pem", b"".join(anchor.pem for anchor in anchors))
        context = servers.tls_context(identity, stand.folder, **tls) if identity else None

        def openssl(raw):
            return stand.exchange(context.wrap_socket(raw, server_side=True))
        options = [*options, *(["--cacert-path", bundle] if anchors else [])]
        verdict = stand.try_once(talk or openssl, host, *options, env=env, deadline=deadline)
        verdict.bundle = bundle
        return verdict
    return run


def expect(verdict, code, *says):
    assert verdict.code == code, verdict.message
    assert verdict.run.status == 69
    assert not verdict.asked
    for part in says:
        assert re.search(part, verdict.message), verdict.message


def good(**more):
    return pki.server(CA, names=["sts.example.com"], ips=[], **more)


def test_a_good_one_first(ask):
    assert ask(good()).code == "ok"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_one_version_only(version, ask):
    assert ask(good(), lowest=version, highest=version).code == "ok"


def test_tls_1_1_only(ask):
    rsa = pki.server(CA, names=["sts.example.com"], key="rsa2048")
    verdict = ask(rsa, lowest=ssl.TLSVersion.TLSv1_1, highest=ssl.TLSVersion.TLSv1_1, ciphers="ALL:@SECLEVEL=0", deadline="1s")
    expect(verdict, "tls_version", r"^the server speaks neither TLS 1\.2 nor TLS 1\.3 \(alert 70\)$")


def test_no_common_suite(ask):
    expect(ask(good(), highest=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-AES128-SHA"), "tls_refused", "^the server found no cipher suite, group or signature scheme in common")


def test_an_ed25519_server(ask):
    """OpenSSL sees that the client offers no Ed25519, and shows no certificate."""
    key = ed25519.Ed25519PrivateKey.generate()
    expect(ask(sign(key, CA.key)), "tls_refused", "no cipher suite, group or signature scheme in common")


@pytest.fixture(params=[tls12, tls13], ids=["1.2", "1.3"])
def show(ask, request):
    """show(identity): the verdict on a server that shows its certificate, whatever the client's signature schemes are."""
    def run(identity, **more):
        chain = [identity.certificate.public_bytes(pki.serialization.Encoding.DER)]
        return ask(None, talk=lambda raw: request.param.Connection(raw, chain, None), **more)
    return run


def test_an_ed25519_server_that_shows_its_certificate(show):
    expect(show(sign(ed25519.Ed25519PrivateKey.generate(), CA.key)), "cert_algorithm",
           '^certificate "odd" has a key for Ed25519, which this program does not accept$')


def test_signed_with_ed25519(ask, show):
    """OpenSSL sees in signature_algorithms_cert that the client refuses this, and shows no certificate."""
    ca = sign(ed25519.Ed25519PrivateKey.generate(), CA.key)
    leaf = sign(pki.new_key(), ca.key, issuer=ca, digest=None)
    expect(ask(leaf, anchors=(CA, ca)), "tls_refused", "signature scheme in common")
    expect(show(leaf, anchors=(CA, ca)), "cert_algorithm", "is signed with Ed25519")


def test_signed_with_pss(ask, show):
    ca = pki.authority(key="rsa2048", cn="PSS CA")
    leaf = sign(pki.new_key(), ca.key, issuer=ca, rsa_padding=padding.PSS(padding.MGF1(hashes.SHA256()), 32))
    expect(ask(leaf, anchors=(ca,)), "tls_refused", "signature scheme in common")
    expect(show(leaf, anchors=(ca,)), "cert_algorithm", '^certificate "odd" is signed with RSA-PSS, which this program does not accept$')


def test_a_key_that_is_too_small(ask):
    leaf = sign(pki.new_key("rsa1024"), CA.key)
    expect(ask(leaf, ciphers="ALL:@SECLEVEL=0"), "cert_algorithm", "RSA key of 1024 bits: only 2048 to 4096 are accepted")


def test_expired(ask):
    verdict = ask(good(since=-20, until=-10, cn="Acme STS"))
    expect(verdict, "cert_expired", f'^certificate "Acme STS" expired at {days_from_now(-10)}.*; the node\'s clock says {days_from_now(0)}')
    assert len(re.findall(DATE, verdict.message)) == 2


def test_not_valid_yet(ask):
    expect(ask(good(since=10, until=20)), "cert_not_yet_valid",
           f'is valid only from {days_from_now(10)}.* on; the node\'s clock says {days_from_now(0)}')


def test_an_intermediate_that_has_expired_is_named(ask):
    middle = pki.authority(CA, cn="Old Intermediate", since=-20, until=-10)
    leaf = pki.server(middle, names=["sts.example.com"]).sends(middle.certificate)
    expect(ask(leaf), "cert_expired", '^certificate "Old Intermediate" expired')


def test_an_anchor_that_has_expired_is_hinted_at(ask):
    old = pki.authority(cn="Old Root", since=-20, until=-10)
    expect(ask(pki.server(old, names=["sts.example.com"]), anchors=(old, CA)), "cert_issuer", "Old Root", "one of that name has expired")
    expect(ask(pki.server(old, names=["sts.example.com"]), anchors=(old,)), "cert_expired", 'acme.pem: certificate "Old Root" expired at')


def test_wrong_name(ask):
    leaf = pki.server(CA, names=["sts.internal.example", "*.apps.example"], ips=["10.1.2.3"])
    expect(ask(leaf), "cert_name", "^sts.example.com is not among the certificate's names: "
           r"DNS:sts.internal.example, DNS:\*.apps.example, IP:10.1.2.3$")


def test_only_a_common_name(ask):
    leaf = pki.issue(CA, cn="sts.example.com")
    expect(ask(leaf), "cert_name", r"no subjectAltName \(its common name does not count\)")


def test_an_address_that_is_not_in_the_certificate(ask):
    expect(ask(good(), host="10.1.2.3"), "cert_name", "^10.1.2.3 is not among the certificate's names: DNS:sts.example.com$")


def test_unknown_issuer(ask):
    verdict = ask(pki.server(OTHER, names=["sts.example.com"]))
    expect(verdict, "cert_issuer", '^no trust anchor for issuer "Some Other CA"; searched 1 certificates in ' + re.escape(str(verdict.bundle)))


def test_unknown_issuer_names_every_bundle(ask, stand):
    system = stand.space.write("system.pem", CA.pem * 3)
    verdict = ask(pki.server(OTHER, names=["sts.example.com"]), options=(), env={"SSL_CERT_FILE": system})
    expect(verdict, "cert_issuer", "searched 4 certificates in .*acme.pem, .*system.pem$")


@pytest.mark.parametrize("is_ca", [False, True])
def test_self_signed(ask, is_ca):
    """A self-signed certificate, with or without CA:TRUE, as most people make first: it is not trusted, and the message says so."""
    made = pki.issue(None, cn="my first server", names=["sts.example.com"], ca=False) if not is_ca else self_signed_ca()
    verdict = ask(made)
    expect(verdict, "cert_issuer", '^self-signed and not trusted: "my first server"; searched 1 certificates in .*acme.pem$')
    assert ask(made, anchors=(made,)).code == "ok", "pinned"


def self_signed_ca():
    """As `openssl req -x509` does it: CA:TRUE, no key usage."""
    key = pki.new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "my first server")])
    builder = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
               .not_valid_before(pki.now() - pki.days(1)).not_valid_after(pki.now() + pki.days(1))
               .add_extension(x509.SubjectAlternativeName([x509.DNSName("sts.example.com")]), critical=False)
               .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True))
    return pki.Identity(builder.sign(key, hashes.SHA256()), key)


def test_the_wrong_ca_of_the_right_name(ask):
    namesake = pki.authority(cn="Acme Internal CA")
    expect(ask(good(), anchors=(namesake,)), "cert_signature", "is not signed by the trust anchor that has its issuer's name")


@pytest.mark.parametrize("chain,says", [([], "sent no certificate"), ([b""], "sent an empty certificate")], ids=["none", "empty"])
@pytest.mark.parametrize("server", [tls12, tls13], ids=["1.2", "1.3"])
def test_no_certificate_at_all(server, chain, says, ask):
    expect(ask(None, talk=lambda raw: server.Connection(raw, chain, None), deadline="1s"), "tls", f"^the server {says}$")


def test_not_tls(ask):
    expect(ask(None, talk=lambda raw: raw.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), deadline="1s"), "tls",
           "does not speak TLS on this port", "plain HTTP")


def test_an_empty_bundle(ask, stand):
    stand.space.write("empty.pem", b"nothing\n")
    verdict = ask(good(), anchors=(), options=("--cacert-only", "--cacert-path", stand.space.folder / "empty.pem"))
    expect(verdict, "ca_file", "empty.pem: no PEM certificate in it")


@pytest.mark.parametrize("options,speaks", [
    (["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "tls_refused"),
    (["-tls1_2", "-groups", "X448"], "tls_refused"),
    (["-tls1_3", "-groups", "X448"], "tls_refused"),
], ids=["no forward secrecy", "X448 only", "X448 only, 1.3"])
def test_openssl_s_server(stand, options, speaks):
    """The same from openssl s_server."""
    cert, key = pki.server(CA, names=["sts.example.com"], key="rsa2048").files(stand.folder)
    bundle = stand.space.write("acme.pem", CA.pem)
    port = servers.free_port()
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert, "-key", key, "-quiet", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        with contextlib.ExitStack() as stack:
            stack.callback(process.kill)
            servers.wait_for_port(port)
            verdict = stand.finish(stand.start("sts.example.com", "--cacert-only", "--cacert-path", bundle, port=port))
    assert verdict.code == speaks, verdict.message


def test_openssl_is_there():
    assert shutil.which("openssl")
