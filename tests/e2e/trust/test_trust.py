# SPDX-License-Identifier: Apache-2.0
"""Which servers are accepted, and which never. A server that is refused has not seen a byte of the request."""
import re
import ssl
import time
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives import hashes

from harness import pki, tokens
from harness.runs import Projected
from harness.several import several  # fixture

CA = pki.authority()
OTHER = pki.authority(cn="other CA")
MIDDLE = pki.authority(CA, cn="intermediate")
LOWEST = pki.authority(MIDDLE, cn="second intermediate")
OLD_MIDDLE = pki.authority(CA, cn="expired intermediate", since=-20, until=-10)
CONSTRAINED = pki.authority(CA, cn="constrained", permitted=["allowed.test"])
CONSTRAINED_SOFTLY = pki.authority(CA, cn="constrained softly", permitted=["allowed.test"], constraints_critical=False)
OLD_CA = pki.authority(cn="expired CA", since=-20, until=-10)
SAME_NAME = pki.authority(cn="test CA")


def leaf(issuer=CA, *chain, **more):
    return pki.server(issuer, **more).sends(*chain)


@dataclass
class Refused:
    name: str
    error: str
    says: str
    identity: object
    host: str = "127.0.0.1"
    anchors: tuple = (CA,)
    tls: dict = field(default_factory=dict)


REFUSED = [
    Refused("CN alone, by name", "cert_name", "has no subjectAltName", leaf(names=(), ips=(), cn="localhost"), host="localhost"),
    Refused("CN alone, by address", "cert_name", "has no subjectAltName", leaf(names=(), ips=(), cn="127.0.0.1")),
    Refused("CN right, SAN wrong", "cert_name", r"not among .*DNS:other\.test", leaf(names=["other.test"], ips=(), cn="localhost"), host="localhost"),
    Refused("wrong name", "cert_name", r"not among .*DNS:other\.test", leaf(names=["other.test"], ips=()), host="localhost"),
    Refused("other names, which fill the message", "cert_name", r"not among .*DNS:host0\.a-long-domain\.test, .*DNS:host4\.",
            leaf(names=[f"host{i}.a-long-domain{'.further' * 4}.test" if i else "host0.a-long-domain.test" for i in range(40)], ips=()), host="localhost"),
    Refused("wrong address", "cert_name", r"not among .*IP:127\.0\.0\.2", leaf(names=(), ips=["127.0.0.2"])),
    Refused("an address written as a DNS name", "cert_name", r"not among .*DNS:127\.0\.0\.1", leaf(names=["127.0.0.1"], ips=())),
    Refused("a wildcard over an address", "cert_name", r"not among .*DNS:\*\.0\.0\.1", leaf(names=["*.0.0.1"], ips=())),
    Refused("a wildcard over a top-level domain", "cert_name", r"not among .*DNS:\*\.test", leaf(names=["*.test"], ips=()), host="sts.test"),
    Refused("a wildcard over two labels", "cert_name", r"not among .*DNS:\*\.corp\.test", leaf(names=["*.corp.test"], ips=()), host="a.sts.corp.test"),
    Refused("a wildcard that is the domain itself", "cert_name", r"not among .*DNS:\*\.corp\.test", leaf(names=["*.corp.test"], ips=()), host="corp.test"),
    Refused("a wildcard in part of a label", "cert_name", r"not among .*DNS:s\*\.corp\.test", leaf(names=["s*.corp.test"], ips=()), host="sts.corp.test"),
    Refused("a wildcard in the middle", "cert_name", r"not among .*DNS:sts\.\*\.corp\.test", leaf(names=["sts.*.corp.test"], ips=()), host="sts.a.corp.test"),
    Refused("for clients only", "cert_purpose", "not for TLS servers: its extended key usage lacks serverAuth", leaf(purpose="client")),
    Refused("for clients only, with only a CN", "cert_name", "has no subjectAltName",
            leaf(names=(), ips=(), cn="localhost", purpose="client"), host="localhost"),
    Refused("an unknown issuer", "cert_issuer", 'no trust anchor for issuer "other CA"', leaf(OTHER)),
    Refused("self-signed", "cert_issuer", 'self-signed and not trusted: "test"', pki.issue(None, names=["localhost"], ips=["127.0.0.1"], purpose="server")),
    Refused("an issuer of the same name, but another key", "cert_signature", "not signed by the trust anchor that has its issuer's name", leaf(SAME_NAME)),
    Refused("the intermediate is missing", "cert_issuer", 'no trust anchor for issuer "intermediate"', leaf(MIDDLE)),
    Refused("the root is sent, but not trusted", "cert_issuer", 'self-signed and not trusted: "other CA"', leaf(OTHER, OTHER.certificate)),
    Refused("expired", "cert_expired", 'certificate "test" expired at', leaf(since=-20, until=-10)),
    Refused("not valid yet", "cert_not_yet_valid", 'certificate "test" is valid only from', leaf(since=10, until=20)),
    Refused("the intermediate has expired", "cert_expired", 'certificate "expired intermediate" expired at', leaf(OLD_MIDDLE, OLD_MIDDLE.certificate)),
    Refused("the anchor has expired", "cert_expired", 'anchors.crt: certificate "expired CA" expired at', leaf(OLD_CA), anchors=(OLD_CA,)),
    Refused("a CA certificate as the server's", "cert_ca", 'certificate "sub" is a CA', pki.authority(CA, cn="sub", names=["localhost"], ips=["127.0.0.1"], signs=True)),
    Refused("issued by a certificate that is no CA", "cert_ca", 'certificate "no CA" issued another one',
            leaf(server := leaf(cn="no CA"), server.certificate)),
    Refused("against critical name constraints", "cert_constraint", 'constraints of CA "constrained" do not allow DNS:localhost', leaf(CONSTRAINED, CONSTRAINED.certificate), host="localhost"),
    Refused("against name constraints that are not critical", "cert_constraint", 'constraints of CA "constrained softly" do not allow DNS:localhost',
            leaf(CONSTRAINED_SOFTLY, CONSTRAINED_SOFTLY.certificate), host="localhost"),
    Refused("RSA of 1024 bits", "cert_algorithm", "RSA key of 1024 bits", leaf(key="rsa1024"), tls={"ciphers": "ALL:@SECLEVEL=0"}),
    Refused("eleven certificates", "cert_limit", "more than 10 certificates", leaf(CA, *[MIDDLE.certificate] * 11)),
]


def connect_to(server, host):
    """The URL, and what leads to the server when its name does not."""
    url = server.url("/vault/token/user", host=host)
    return (url,) if host in ("127.0.0.1", "localhost", "[::1]") else (url, "--connect", f"127.0.0.1:{server.port}")


def ca_file(space, anchors):
    return space.write("anchors.crt", b"".join(anchor.pem for anchor in anchors))


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.name)
def test_refused(row, fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()), identity=row.identity, **row.tls)
    run = fetch(*connect_to(server, row.host), cacert_path=ca_file(space, row.anchors), deadline="2s")
    assert run.status == 69, run.err
    assert re.search(row.says, run.last) and f'error="{row.error}"' in run.last, run.err
    assert server.connections == 1, "a certificate that is refused is not asked for again at once"
    assert server.requests == []
    assert not (space.out / "token.jwt").exists()


@dataclass
class Accepted:
    name: str
    identity: object
    host: str = "localhost"
    anchors: tuple = (CA,)
    tls: dict = field(default_factory=dict)


ACCEPTED = [
    Accepted("a DNS name", leaf(ips=())),
    Accepted("a DNS name in another case", leaf(names=["LOCALHOST"], ips=())),
    Accepted("a DNS name with a trailing dot in the URL", leaf(names=["sts.corp.test"], ips=()), host="sts.corp.test."),
    Accepted("an address", leaf(names=()), host="127.0.0.1"),
    Accepted("an IPv6 address among others", leaf(names=(), ips=["10.0.0.1", "::1", "127.0.0.1"]), host="127.0.0.1"),
    Accepted("a wildcard", leaf(names=["*.corp.test"], ips=()), host="sts.corp.test"),
    Accepted("one of many names", leaf(names=[f"n{i}.test" for i in range(200)] + ["localhost"])),
    Accepted("no extended key usage", leaf(purpose=None)),
    Accepted("a critical extended key usage", leaf(purpose_critical=True)),
    Accepted("for servers and clients", leaf(purpose="both")),
    Accepted("any extended key usage", leaf(purpose="any")),
    Accepted("an intermediate", leaf(MIDDLE, MIDDLE.certificate)),
    Accepted("two intermediates", leaf(LOWEST, LOWEST.certificate, MIDDLE.certificate)),
    Accepted("two intermediates out of order", leaf(LOWEST, MIDDLE.certificate, LOWEST.certificate)),
    Accepted("the root sent as well", leaf(MIDDLE, MIDDLE.certificate, CA.certificate)),
    Accepted("an unrelated certificate in the chain", leaf(MIDDLE, OTHER.certificate, MIDDLE.certificate)),
    Accepted("an intermediate as the anchor", leaf(MIDDLE, MIDDLE.certificate), anchors=(MIDDLE,)),
    Accepted("an expired anchor beside the right one", leaf(), anchors=(OLD_CA, OTHER, CA)),
    Accepted("two anchors of the same name", leaf(), anchors=(SAME_NAME, CA)),
    Accepted("within the name constraints", leaf(CONSTRAINED, CONSTRAINED.certificate, names=["sts.allowed.test"], ips=()),
             host="sts.allowed.test"),
    Accepted("RSA 2048", leaf(key="rsa2048")),
    Accepted("RSA 3072 with SHA-512", leaf(key="rsa3072", digest=hashes.SHA512())),
    Accepted("P-384 with SHA-384", leaf(key="ec384", digest=hashes.SHA384())),
    Accepted("ECDHE-ECDSA-AES128-GCM-SHA256", leaf(), tls={"ciphers": "ECDHE-ECDSA-AES128-GCM-SHA256"}),
    Accepted("ECDHE-ECDSA-AES256-GCM-SHA384", leaf(), tls={"ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384"}),
    Accepted("ECDHE-ECDSA-CHACHA20-POLY1305", leaf(), tls={"ciphers": "ECDHE-ECDSA-CHACHA20-POLY1305"}),
    Accepted("ECDHE-RSA-AES128-GCM-SHA256", leaf(key="rsa2048"), tls={"ciphers": "ECDHE-RSA-AES128-GCM-SHA256"}),
    Accepted("ECDHE-RSA-AES256-GCM-SHA384", leaf(key="rsa2048"), tls={"ciphers": "ECDHE-RSA-AES256-GCM-SHA384"}),
    Accepted("ECDHE-RSA-CHACHA20-POLY1305", leaf(key="rsa2048"), tls={"ciphers": "ECDHE-RSA-CHACHA20-POLY1305"}),
    Accepted("ALPN http/1.1", leaf(), tls={"alpn": ["http/1.1"]}),
]


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row.name)
def test_accepted(row, fetch, serve, space):
    token = tokens.issued()
    server = serve(tokens.openunison(token), identity=row.identity, **row.tls)
    run = fetch(*connect_to(server, row.host), cacert_path=ca_file(space, row.anchors))
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token
    assert f"Host: {row.host.rstrip('.')}:{server.port}\r\n".encode() in server.requests[0]


VERSIONS = [
    ("TLS 1.3 only", {"lowest": ssl.TLSVersion.TLSv1_3}, None),
    ("TLS 1.2 only", {"highest": ssl.TLSVersion.TLSv1_2}, None),
    ("TLS 1.1 only", {"lowest": ssl.TLSVersion.TLSv1_1, "highest": ssl.TLSVersion.TLSv1_1, "ciphers": "ALL:@SECLEVEL=0"}, "tls_version"),
    ("CBC only", {"highest": ssl.TLSVersion.TLSv1_2, "ciphers": "ECDHE-ECDSA-AES128-SHA"}, "tls_refused"),
    ("no forward secrecy", {"highest": ssl.TLSVersion.TLSv1_2, "ciphers": "AES128-GCM-SHA256"}, "tls_refused"),
    ("no ALPN in common", {"alpn": ["h2"]}, None),
]


@pytest.mark.parametrize("name,tls,error", VERSIONS, ids=[row[0] for row in VERSIONS])
def test_versions_and_suites(name, tls, error, fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()), identity=leaf(key="rsa2048" if "forward" in name else "ec"), **tls)
    run = fetch(server.url("/token/user"), cacert_path=ca_file(space, [CA]), deadline="2s")
    assert run.status == (69 if error else 0), run.err
    assert len(server.requests) == (0 if error else 1)
    assert not error or f'error="{error}"' in run.last, run.err


PEM_FORMS = {
    "CRLF": lambda pem: pem.replace(b"\n", b"\r\n"),
    "no final newline": lambda pem: pem.rstrip(b"\n"),
    "text around it": lambda pem: b"Issuer: somebody\n\n" + pem + b"\n# end\n",
    "a broken certificate before it": lambda pem: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + pem,
    "a key beside it": lambda pem: b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pem,
    "500 others before it": lambda pem: OTHER.pem * 500 + pem,
}


@pytest.mark.parametrize("form", PEM_FORMS)
def test_forms_of_a_ca_file(form, fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()), identity=leaf())
    run = fetch(server.url("/token/user"), "--cacert-only", cacert_path=space.write("form.crt", PEM_FORMS[form](CA.pem)))
    assert run.status == 0, run.err


def test_a_directory_as_the_kubelet_mounts_it(fetch, serve, space):
    """A ConfigMap: a link to a link to the data."""
    mount = space.folder / "ca"
    (mount / "..2026_01_01").mkdir(parents=True)
    (mount / "..2026_01_01/ca.crt").write_bytes(CA.pem)
    (mount / "..data").symlink_to("..2026_01_01")
    (mount / "ca.crt").symlink_to("..data/ca.crt")
    server = serve(tokens.openunison(tokens.issued()), identity=leaf())
    run = fetch(server.url("/token/user"), cacert_path=mount)
    assert run.status == 0, run.err


def test_cacert_path_adds_to_the_system_bundle(fetch, serve, space):
    bundle, other = space.write("bundle.crt", CA.pem), space.write("other.crt", OTHER.pem)
    server = serve(tokens.openunison(tokens.issued()), identity=leaf())
    env = {"SSL_CERT_FILE": bundle}
    assert fetch(server.url("/token/user"), cacert_path=None, env=env).status == 0
    assert fetch(server.url("/token/user"), cacert_path=other, env=env).status == 0
    run = fetch(server.url("/token/user"), "--cacert-only", cacert_path=other, env=env, deadline="2s")
    assert run.status == 69
    assert "issuer" in run.last


def test_directory_flag_spelt_cacert(fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    assert fetch(server.url("/x"), "--cacert", space.ca_file, cacert_path=None).status == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_new_ca(kind, several):
    """After a failure of trust, the waits are long. Only a new CA file brings the next attempt forward."""
    volume = Projected(several.folder / "cas", "ca.crt", pki.authority().pem.decode())
    right = (several.folder / "ca.crt").read_bytes().decode()
    several.top["cacert-path"] = [str(volume.path if kind == "file" else volume.folder)]
    several.top["cacert-only"] = True
    several.configure(several.exchange("a"))
    process = several.start()
    line = several.said("", "a")[0]
    assert line["error"] == "cert_signature" and line["retry_in_s"] >= 30
    if kind == "file":
        # A change of another file in the same folder leads to no attempt, unless the folder itself is the source of CAs.
        for _ in range(5):
            volume.touch()
        time.sleep(1)
        assert len(several.lines("a")) == 1
    volume.swap(right)
    several.said("token refreshed", "a", patience_s=14)
    # After a success, a change of the file leads to no attempt.
    volume.swap(right + "\n")
    time.sleep(1)
    assert len(several.requests("a")) == 1
    assert several.stop(process).status == 0
