# SPDX-License-Identifier: Apache-2.0
"""Mutual TLS: servers that ask for a client certificate, keys in every encoding, and what is wrong with them."""
import ssl
import subprocess
import time

import pytest
from cryptography.hazmat.primitives import serialization

from harness import pki, servers, tokens

KINDS = ["rsa2048", "rsa4096", "ec", "ec384", "ec521"]


@pytest.fixture(scope="session")
def client_ca():
    return pki.authority(cn="client CA")


@pytest.fixture(scope="session")
def clients(client_ca):
    """One identity for each kind of key."""
    return {kind: pki.issue(client_ca, cn=f"client {kind}", purpose="client", key=kind) for kind in KINDS}


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def strict(folder, identity, client_ca, request):
    """A server on loopback that wants a certificate of the client CA, over one version of TLS."""
    made = []

    def start(mode=ssl.CERT_REQUIRED, answer=None):
        context = servers.tls_context(identity, folder, lowest=request.param, highest=request.param)
        context.verify_mode = mode
        context.load_verify_locations(cadata=client_ca.pem.decode())
        made.append(servers.Server(answer or tokens.openunison(tokens.issued()), tls=context))
        return made[-1]
    yield start
    for server in made:
        server.close()


def key_file(space, key, form, name="client.key"):
    """A key as openssl writes it in a form; gives the path."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made = subprocess.run(["openssl", *FORMS[form][1]], input=pem, capture_output=True, check=True).stdout
    return space.write(name, FORMS[form][2](made, key), 0o644)


def with_parameters(pem, key):
    name = {256: "prime256v1", 384: "secp384r1", 521: "secp521r1"}[key.curve.key_size]
    return subprocess.run(["openssl", "ecparam", "-name", name], capture_output=True, check=True).stdout + pem


def plain(pem, _):
    return pem


FORMS = {
    "pkcs8": ("any", ["pkcs8", "-topk8", "-nocrypt"], plain),
    "pkcs1": ("rsa", ["rsa", "-traditional"], plain),
    "sec1": ("ec", ["ec"], plain),
    "sec1 behind EC PARAMETERS": ("ec", ["ec"], with_parameters),
    "sec1 without its public key": ("ec", ["ec", "-no_public"], plain),
    "pkcs8 with CRLF and text": ("any", ["pkcs8", "-topk8", "-nocrypt"], lambda pem, _: b"a key\r\n" + pem.replace(b"\n", b"\r\n")),
}
CASES = [(kind, form) for kind in KINDS for form, (family, *_) in FORMS.items()
         if family == "any" or kind.startswith(family)]


def mutual(space, client, key=None):
    return ["--client-cert", str(space.write("client.crt", client.pem + b"".join(pki.pem(c) for c in client.chain))),
            "--client-key", str(key or key_file(space, client.key, "pkcs8"))]


@pytest.mark.parametrize("kind,form", CASES)
def test_every_key_in_every_form(kind, form, strict, clients, fetch, space):
    server, client = strict(), clients[kind]
    run = fetch(server.url("/x"), *mutual(space, client, key_file(space, client.key, form)))
    assert run.status == 0, run.err
    assert len(server.requests) == 1


def test_a_chain(strict, client_ca, fetch, space):
    middle = pki.authority(client_ca, cn="client intermediate")
    client = pki.issue(middle, cn="client", purpose="client").sends(middle.certificate)
    server = strict()
    run = fetch(server.url("/x"), *mutual(space, client))
    assert run.status == 0, run.err
    short = fetch(server.url("/x"), *mutual(space, client.sends()))
    assert short.status == 69 and "48: unknown CA" in short.err, short.err


def test_certificate_and_key_in_one_file(strict, clients, fetch, space):
    client = clients["ec"]
    both = space.write("both.pem", key_file(space, client.key, "sec1 behind EC PARAMETERS").read_bytes() + client.pem)
    run = fetch(strict().url("/x"), "--client-cert", both, "--client-key", both)
    assert run.status == 0, run.err


@pytest.mark.parametrize("kind", ["rsa2048", "ec"])
def test_a_server_that_does_not_ask(kind, serve, clients, fetch, space):
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/x"), *mutual(space, clients[kind]))
    assert run.status == 0, run.err


def test_a_server_that_would_like_one_gets_none(strict, fetch, space):
    run = fetch(strict(ssl.CERT_OPTIONAL).url("/x"))
    assert run.status == 0, run.err


def test_a_server_that_wants_one_gets_none(strict, fetch, space):
    server = strict()
    run = fetch(server.url("/x"), log_format="json")
    assert run.status == 69, run.err
    assert '"error":"client_cert"' in run.err and "wants a client certificate, and none is given" in run.err
    assert "--client-cert" in run.err and server.requests == []


def test_the_environment(strict, clients, fetch, space):
    cert, key = mutual(space, clients["ec"])[1::2]
    run = fetch(strict().url("/x"), env={"STS_CLIENT_CERT": cert, "STS_CLIENT_KEY": key})
    assert run.status == 0, run.err


def test_a_server_that_speaks_of_it_in_http(serve, fetch, identity, folder, client_ca):
    """As with nginx, the handshake succeeds and the request is refused."""
    context = servers.tls_context(identity, folder, highest=ssl.TLSVersion.TLSv1_2)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=client_ca.pem.decode())
    for body, noted in ((b"", True), (b"<html>400 No required SSL certificate was sent</html>", True), (b'{"error":{"message":"no"}}', False)):
        answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        with servers.Server(answer, tls=context) as server:
            run = fetch(server.url("/x"))
        assert run.status == (69 if b"html" in body else 65 if noted else 77), run.err
        # The STS's own words come first, and are a denial: Vault asks every client for a certificate, and refuses for other reasons.
        assert ("asked for a client certificate, and was sent none" in run.err) == noted, run.err


def test_a_certificate_that_the_server_does_not_know(strict, fetch, space):
    stranger = pki.issue(pki.authority(cn="another"), cn="client", purpose="client")
    run = fetch(strict().url("/x"), *mutual(space, stranger))
    assert run.status == 69 and "refused the client certificate (alert 48: unknown CA)" in run.err, run.err


def test_one_that_has_expired(strict, client_ca, fetch, space):
    old = pki.issue(client_ca, cn="client", purpose="client", since=-9, until=-1)
    run = fetch(strict().url("/x"), *mutual(space, old))
    assert run.status == 69 and "alert 45: certificate expired" in run.err, run.err


@pytest.mark.slow
def test_read_afresh(strict, clients, sidecar, space):
    """`run` takes what is there at each exchange."""
    client, other = clients["ec"], clients["rsa2048"]
    server = strict(answer=lambda _: tokens.openunison(tokens.issued()))
    arguments = mutual(space, client)
    with sidecar.start("run", "--url", server.url("/x"), "--protocol", "openunison", "--token-file", space.token_file,
                       "--output-dir", space.out, "--cacert-path", space.ca_file, *arguments) as run:
        wait_until(lambda: (space.out / "token.jwt").exists())
        mutual(space, other)
        # A signal that comes while the first exchange is still ending asks for nothing more.
        wait_until(lambda: run.signal(1) or len(server.requests) == 2, 15)
        run.signal(15)
        assert run.wait().status == 0


def wait_until(condition, patience_s=10):
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


# What cannot be used: (how the files are made, what the message has). Nothing is sent.

def encrypted(space, clients, how):
    key_pem = clients["rsa2048"].key.private_bytes(serialization.Encoding.PEM, how,
                                                   serialization.BestAvailableEncryption(b"secret words"))
    return mutual(space, clients["rsa2048"], space.write("client.key", key_pem))


def broken_rsa(space, clients):
    """A key whose numbers have the right sizes, and one number has a wrong value."""
    numbers = clients["rsa2048"].key.private_numbers()
    fields = {"modulus": numbers.public_numbers.n, "pubExp": numbers.public_numbers.e, "privExp": numbers.d ^ 2, "p": numbers.p, "q": numbers.q,
              "e1": numbers.dmp1, "e2": numbers.dmq1, "coeff": numbers.iqmp}
    conf = space.write("asn1.cnf", "asn1=SEQUENCE:key\n[key]\nversion=INTEGER:0\n" +
                       "".join(f"{name}=INTEGER:{hex(value)}\n" for name, value in fields.items()))
    der = space.folder / "key.der"
    subprocess.run(["openssl", "asn1parse", "-genconf", conf, "-out", der], check=True, capture_output=True)
    label = "RSA PRIVATE " + "KEY"
    return mutual(space, clients["rsa2048"], space.write("client.key", ssl.DER_cert_to_PEM_cert(der.read_bytes()).replace("CERTIFICATE", label)))


WRONG = {
    "no certificate": (lambda s, c, ca: ["--client-cert", "/nowhere/x", "--client-key", str(key_file(s, c["ec"].key, "pkcs8"))],
                       "--client-cert /nowhere/x: no such file"),
    "no key": (lambda s, c, ca: mutual(s, c["ec"], "/nowhere/y"), "--client-key /nowhere/y: no such file"),
    "a key in place of the certificate": (lambda s, c, ca: ["--client-cert", str(key_file(s, c["ec"].key, "sec1")),
                                                            "--client-key", str(key_file(s, c["ec"].key, "sec1"))], "no certificate"),
    "a certificate in place of the key": (lambda s, c, ca: ["--client-cert", str(s.write("client.crt", c["ec"].pem)),
                                                            "--client-key", str(s.write("client.crt", c["ec"].pem))], "no RSA or EC key"),
    "an empty key": (lambda s, c, ca: mutual(s, c["ec"], s.write("client.key", b"")), "no RSA or EC key"),
    "an encrypted key": (lambda s, c, ca: encrypted(s, c, serialization.PrivateFormat.PKCS8), "the key is encrypted"),
    "an encrypted key, as of old": (lambda s, c, ca: encrypted(s, c, serialization.PrivateFormat.TraditionalOpenSSL), "the key is encrypted"),
    "another EC key": (lambda s, c, ca: mutual(s, c["ec"], key_file(s, pki.new_key("ec"), "pkcs8")), "does not belong"),
    "a key of another curve": (lambda s, c, ca: mutual(s, c["ec"], key_file(s, pki.new_key("ec384"), "pkcs8")), "does not belong"),
    "another RSA key": (lambda s, c, ca: mutual(s, c["rsa2048"], key_file(s, pki.new_key("rsa2048"), "pkcs1")), "does not belong"),
    "RSA for EC": (lambda s, c, ca: mutual(s, c["ec"], key_file(s, c["rsa2048"].key, "pkcs8")), "does not belong"),
    "EC for RSA": (lambda s, c, ca: mutual(s, c["rsa2048"], key_file(s, c["ec"].key, "pkcs8")), "does not belong"),
    "Ed25519": (lambda s, c, ca: mutual(s, pki.issue(ca, cn="client", key="ed25519")), "neither RSA"),
    "RSA of 1024 bits": (lambda s, c, ca: mutual(s, pki.issue(ca, cn="client", key="rsa1024")), "neither RSA"),
    "a damaged certificate": (lambda s, c, ca: mutual(s, c["ec"])[:1] + [str(s.write("client.crt", c["ec"].pem.replace(b"\nM", b"\n!", 1)))]
                              + mutual(s, c["rsa2048"])[2:], "no certificate"),
    "eleven certificates": (lambda s, c, ca: mutual(s, c["ec"].sends(*[ca.certificate] * 10)), "more than 10"),
    "one without the other": (lambda s, c, ca: mutual(s, c["ec"])[:2], "go together"),
}


def test_a_damaged_rsa_key(strict, clients, fetch, space):
    """It has the certificate's modulus, and signs what the certificate does not verify: that is seen here, before the server is sent it."""
    run = fetch(strict().url("/x"), *broken_rsa(space, clients))
    assert run.status == 69 and "--client-key: the key does not belong to the certificate" in run.err, run.err


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_used(case, strict, clients, client_ca, fetch, space):
    server = strict()
    make, says = WRONG[case]
    arguments = make(space, clients, client_ca)
    if case == "a damaged certificate":
        space.write("client.crt", clients["ec"].pem.replace(b"\nM", b"\n!", 1))
    run = fetch(server.url("/x"), *arguments)
    assert run.status == (64 if case == "one without the other" else 69), run.err
    assert says in run.err, run.err
    assert server.connections == 0
    assert "secret words" not in run.err
