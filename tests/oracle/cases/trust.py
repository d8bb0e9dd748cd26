# SPDX-License-Identifier: Apache-2.0
"""Certificates that are refused, and TLS that fails. The servers use Python's ssl where it can do this, and else tests/trust/tls12.py."""
import contextlib
import datetime
import ssl
import threading

import tls12
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from harness import pki, servers
from oracle.scene import CA, given
from oracle.suite import add, case

OTHER = pki.authority(cn="Other CA")
MIDDLE = pki.authority(CA, cn="Intermediate")
OLD_MIDDLE = pki.authority(CA, cn="Old Intermediate", since=-20, until=-10)
NARROW = pki.authority(CA, cn="Narrow CA", permitted=["allowed.test"])
OLD_CA = pki.authority(cn="Old CA", since=-20, until=-10)
NAMESAKE = pki.authority(cn="Oracle CA")
HOST = "sts.example.com"


def leaf(issuer=CA, *chain, **more):
    more = {"names": [HOST], "ips": (), "cn": "Leaf"} | more
    return pki.server(issuer, **more).sends(*chain)


def sign(key, signer, *, issuer=CA, digest=hashes.SHA256(), **how):
    """A certificate with a key or a signature that harness/pki.py does not make."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Odd")])
    builder = (x509.CertificateBuilder().subject_name(name).issuer_name(issuer.certificate.subject).public_key(key.public_key())
               .serial_number(7).not_valid_before(pki.now() - pki.days(1)).not_valid_after(pki.now() + datetime.timedelta(1))
               .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False))
    return pki.Identity(builder.sign(signer, digest, **how), key)


def ask(scene, port, *args, host=HOST, anchors=(CA,), **options):
    if anchors:
        scene.trust(*anchors)
    else:
        options.setdefault("cacert-path", None)
    scene.fetch_one(f"https://{host}:{port}/", f"--connect=127.0.0.1:{port}", *args, **options)


def served(name, who, *args, host=HOST, anchors=(CA,), tls=None, options=None):
    """A server with an identity. `who` is an identity, or a function that makes one when the case is played."""
    def does(scene):
        server = scene.serve(given(), who=who() if callable(who) else who, **(tls or {}))
        ask(scene, server.port, "--cacert-only", *args, host=host, anchors=anchors, **(options or {}))
    add(f"trust/{name}", does)


served("good", leaf())
served("wrong-name", leaf(names=["sts.internal.example", "*.apps.example"], ips=["10.1.2.3"]))
served("wrong-name-in-json", leaf(names=["other.test"]), options={"log_format": "json"})
served("wrong-name-long-list", leaf(names=[f"n{i}.example" for i in range(40)]))
served("wrong-name-odd", leaf(names=["a\x1b[2J.test"]))
served("common-name-alone", leaf(names=(), cn=HOST))
served("address", leaf(names=()), host="10.1.2.3")
served("address-not-among-names", leaf(), host="10.1.2.3")
served("address-6", leaf(), host="[2001:db8::1]")
served("wildcard-of-a-top-level-domain", leaf(names=["*.com"]), host="example.com")
served("wildcard-over-two-labels", leaf(names=["*.example.com"]), host="a.sts.example.com")
served("for-clients", leaf(purpose="client"))
served("unknown-issuer", leaf(OTHER))
served("unknown-issuer-long-name", leaf(pki.authority(cn="x" * 60)))
served("unknown-issuer-odd-name", leaf(pki.authority(cn="CA \u00e9\x1b[2J")))
served("self-signed", pki.issue(None, cn="my first server", names=[HOST]))
served("namesake", leaf(NAMESAKE))
served("intermediate-missing", leaf(MIDDLE))
served("intermediate", leaf(MIDDLE, MIDDLE.certificate))
served("root-sent-but-not-trusted", leaf(OTHER, OTHER.certificate))
served("expired", leaf(since=-20, until=-10))
served("not-valid-yet", leaf(since=10, until=20))
served("intermediate-expired", leaf(OLD_MIDDLE, OLD_MIDDLE.certificate))
served("anchor-expired", leaf(OLD_CA), anchors=(OLD_CA,))
served("anchor-expired-beside-another", leaf(OLD_CA), anchors=(OLD_CA, CA))
served("ca-as-a-server", pki.authority(CA, cn="Sub CA", names=[HOST]))
served("no-ca-as-an-issuer", lambda: leaf(between := leaf(cn="No CA"), between.certificate))
served("constraints", leaf(NARROW, NARROW.certificate))
served("rsa-1024", leaf(key="rsa1024"), tls={"ciphers": "ALL:@SECLEVEL=0"})
served("eleven-certificates", leaf(CA, *[MIDDLE.certificate] * 11))
served("signed-with-ed25519", lambda: leaf_of_odd(ed25519.Ed25519PrivateKey.generate()), anchors=(CA,))
served("signed-with-pss", lambda: signed_with_pss(), anchors=(OTHER,))  # pylint: disable=unnecessary-lambda
served("pinned", PINNED := pki.issue(None, cn="Pinned", names=[HOST]), anchors=(PINNED,))


def leaf_of_odd(key):
    middle = sign(key, CA.key)
    return sign(pki.new_key(), middle.key, issuer=middle, digest=None).sends(middle.certificate)


def signed_with_pss():
    rsa = pki.new_key("rsa2048")
    issuer = pki.Identity(sign(rsa, rsa, issuer=OTHER).certificate, rsa)
    return sign(pki.new_key(), rsa, issuer=issuer, rsa_padding=padding.PSS(padding.MGF1(hashes.SHA256()), 32))


@case("trust/system-bundle-named")
def system_bundle(scene):
    system = scene.trust(CA, CA, CA, name="system.pem")
    server = scene.serve(given(), who=leaf(OTHER))
    ask(scene, server.port, env={"SSL_CERT_FILE": system})


# ---- CA files ----

def bundle(name, *args, files=None, env=None, **options):
    """What fails before a connection is made."""
    def does(scene):
        for file, data in (files or {}).items():
            scene.write(file, data)
        ask(scene, scene.refused(), *args, anchors=(), env={"SSL_CERT_FILE": "/nonexistent"} | (env or {}), **options)
    add(f"anchors/{name}", does)


BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
bundle("missing", "--cacert-path=DIR/none.pem")
bundle("missing-in-json", "--cacert-path=DIR/none.pem", log_format="json")
bundle("empty", "--cacert-path=DIR/empty.pem", files={"empty.pem": b"nothing\n"})
bundle("broken", "--cacert-path=DIR/broken.pem", "--cacert-only", files={"broken.pem": BROKEN * 3})
bundle("directory-empty", "--cacert-path=DIR/cas", files={"cas/.hidden": b"x"})
bundle("none-at-all")
bundle("directories-of-the-environment", env={"SSL_CERT_DIR": "/nonexistent:/nowhere", "SSL_CERT_FILE": ""})
bundle("too-many", *(f"--cacert-path=DIR/{i}.pem" for i in range(40)), files={f"{i}.pem": OTHER.pem for i in range(40)})
bundle("long-path", "--cacert-path=/" + "x" * 5000)
bundle("too-big", "--cacert-path=DIR/big.pem", files={"big.pem": b"x" * (9 << 20)})


@case("anchors/unreadable")
def unreadable(scene):
    scene.write("secret.pem", CA.pem, 0o600)
    ask(scene, scene.refused(), "--cacert-path=DIR/secret.pem", anchors=())


# ---- handshakes ----
served("tls-1.3-only", leaf(), tls={"lowest": ssl.TLSVersion.TLSv1_3})
served("tls-1.1-only", leaf(key="rsa2048"), tls={"lowest": ssl.TLSVersion.TLSv1_1, "highest": ssl.TLSVersion.TLSv1_1, "ciphers": "ALL:@SECLEVEL=0"})
served("cbc-only", leaf(), tls={"highest": ssl.TLSVersion.TLSv1_2, "ciphers": "ECDHE-ECDSA-AES128-SHA"})
served("ed25519-server", lambda: sign(ed25519.Ed25519PrivateKey.generate(), CA.key))
served("alpn", leaf(), tls={"alpn": ["h2"]})


def played(name, talk, *args, **options):
    """A server that sends bytes of its own in place of TLS."""
    def does(scene):
        listener = scene.stack.enter_context(contextlib.closing(servers.socket.create_server(("127.0.0.1", 0))))
        port = listener.getsockname()[1]
        scene.mask.ports.add(port)

        def serve():
            with contextlib.suppress(OSError, ssl.SSLError, tls12.Refused), listener.accept()[0] as raw:
                raw.settimeout(30)
                talk(raw)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        ask(scene, port, "--cacert-only", *args, **options)
        thread.join(30)
    add(f"tls/{name}", does)


def alert(number):
    return lambda raw: (raw.recv(4096), raw.sendall(b"\x15\3\3\0\2\2" + bytes([number])), raw.recv(4096))


for number in (0, 10, 20, 22, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 70, 71, 80, 86, 90, 112, 116, 120, 200):
    played(f"alert-{number}", alert(number))
# The client goes on after a warning, so the server ends the connection.
played("alert-warning", lambda raw: (raw.recv(4096), raw.sendall(b"\x15\3\3\0\2\1\x70")))
played("plain-http", lambda raw: (raw.recv(4096), raw.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), raw.recv(4096)))
played("ssh", lambda raw: (raw.recv(4096), raw.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"), raw.recv(4096)))
played("closes", lambda raw: raw.recv(4096))
played("closes-in-a-record", lambda raw: (raw.recv(4096), raw.sendall(b"\x16\3\3\0\x40\2")))
played("resets", lambda raw: (raw.recv(4096), raw.setsockopt(servers.socket.SOL_SOCKET, servers.socket.SO_LINGER, servers.struct.pack("ii", 1, 0))))
played("record-too-long", lambda raw: (raw.recv(4096), raw.sendall(b"\x16\3\3\xff\xff" + bytes(100)), raw.recv(4096)))
played("record-of-no-kind", lambda raw: (raw.recv(4096), raw.sendall(b"\x63\3\3\0\1\0"), raw.recv(4096)))
played("no-server-hello", lambda raw: (raw.recv(4096), raw.sendall(b"\x16\3\3\0\4\x0b\0\0\0"), raw.recv(4096)))
played("version-of-old", lambda raw: (raw.recv(4096), raw.sendall(b"\x16\3\0\0\x2a\2\0\0\x26\3\0" + bytes(36)), raw.recv(4096)))


def chain(name, *ders, key=None):
    """A list of certificates that OpenSSL will not send."""
    played(name, lambda raw: tls12.Connection(raw, list(ders), key))


GOOD = leaf()
DER = GOOD.certificate.public_bytes(Encoding.DER)
ODD = sign(ed25519.Ed25519PrivateKey.generate(), CA.key)
chain("no-certificate")
chain("ed25519-certificate", ODD.certificate.public_bytes(Encoding.DER))
chain("certificate-empty", b"")
chain("certificate-of-text", b"-----BEGIN CERTIFICATE-----")
chain("certificate-cut", DER[:-20])
chain("certificate-with-a-tail", DER + b"\0")
chain("certificate-large", b"\x30\x83\x01\x20\x00" + bytes(0x12000))
chain("signature-wrong", DER[:-1] + bytes([DER[-1] ^ 1]))
chain("key-exchange-wrong", DER, key=pki.new_key())


# ---- the client's certificate ----
CLIENTS = pki.authority(cn="Client CA")
CLIENT = pki.issue(CLIENTS, cn="client", purpose="client")
STRANGER = pki.issue(OTHER, cn="client", purpose="client")
OLD_CLIENT = pki.issue(CLIENTS, cn="client", purpose="client", since=-9, until=-1)


def client(name, prepare=None, *args, mode=ssl.CERT_REQUIRED, reply=given(), **options):
    """A server that asks for a certificate of the client CA."""
    def does(scene):
        context = servers.tls_context(GOOD, scene.folder, highest=ssl.TLSVersion.TLSv1_2)
        context.verify_mode = mode
        context.load_verify_locations(cadata=CLIENTS.pem.decode())
        server = scene.stack.enter_context(servers.Server(reply, tls=context))
        scene.mask.ports.add(server.port)
        if prepare:
            cert, key = prepare.files(scene.folder) if isinstance(prepare, pki.Identity) else prepare(scene)
            scene.write("client.crt", scene.read(cert))
            scene.write("client.key", scene.read(key))
        ask(scene, server.port, *(["--client-cert=DIR/client.crt", "--client-key=DIR/client.key"] if prepare else []), *args, **options)
    add(f"client/{name}", does)


def other(*, cert=None, key=None):
    """The client's files with another content."""
    def prepare(scene):
        files = list(CLIENT.files(scene.folder))
        for place, data in ((0, cert), (1, key)):
            if data is not None:
                files[place] = scene.write(f"other-{place}", data)
        return files
    return prepare


client("accepted", CLIENT)
client("none-given")
client("none-given-in-json", log_format="json")
client("stranger", STRANGER)
client("expired", OLD_CLIENT)
client("asked-in-http", mode=ssl.CERT_OPTIONAL, reply=b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
client("asked-in-http-with-words", mode=ssl.CERT_OPTIONAL, reply=b'HTTP/1.1 400 Bad Request\r\nContent-Length: 26\r\n\r\n{"error":{"message":"no"}}')
client("certificate-missing", None, "--client-cert=/nowhere/x", "--client-key=/nowhere/y")
client("key-missing", CLIENT, "--client-key=/nowhere/y")
client("key-empty", other(key=b""))
client("certificate-of-text", other(cert=b"nothing\n"))
client("certificate-broken", other(cert=BROKEN))
client("eleven", CLIENT.sends(*[CLIENTS.certificate] * 10))
client("key-of-another", other(key=pki.new_key().private_bytes(Encoding.PEM, ssl_format := pki.serialization.PrivateFormat.PKCS8, pki.serialization.NoEncryption())))
client("key-encrypted", other(key=pki.new_key().private_bytes(Encoding.PEM, ssl_format, pki.serialization.BestAvailableEncryption(b"secret words"))))
client("key-of-rsa", other(key=pki.new_key("rsa2048").private_bytes(Encoding.PEM, ssl_format, pki.serialization.NoEncryption())))
client("ed25519", pki.issue(CLIENTS, cn="client", key="ed25519"))
client("rsa-1024", pki.issue(CLIENTS, cn="client", key="rsa1024"))
