# SPDX-License-Identifier: Apache-2.0
"""Trust in the server's certificate."""
import ssl

from cryptography.hazmat.primitives import serialization

from case import case
from harness import pki
from peers import identity, sts
from pod import CA_FILE, HOST, STS, UID

NEVER = ("NetworkPolicy", "emptyDir", "no such name", "ECDHE", "/etc/resolv.conf")


@case("tls_cert_expired", "tls", "cert_expired", 69, [HOST, "expired"], fetch=["the local clock says"], never=NEVER, short=True)
def _(pod):
    sts(pod, who=identity(pod, since=-30, until=-1))


@case("tls_cert_notyet", "tls", "cert_not_yet_valid", 69, [HOST, "valid only from|not valid yet", "clock"], fetch=["the local clock says"],
      never=NEVER)
def _(pod):
    sts(pod, who=identity(pod, since=1, until=30))


@case("tls_wrong_name", "tls", "cert_name", 69, [HOST, "DNS:keycloak.internal"], never=NEVER, short=True)
def _(pod):
    sts(pod, who=identity(pod, names=["keycloak.internal"], ips=[]))


@case("tls_cn_only", "tls", "cert_name", 69, [HOST], fetch=["subjectAltName|common name"], never=NEVER)
def _(pod):
    sts(pod, who=identity(pod, names=[], ips=[]))


@case("tls_wildcard_too_deep", "tls", "cert_name", 69, [HOST, "DNS:*.example.org"], never=NEVER)
def _(pod):
    sts(pod, who=identity(pod, names=["*.example.org"], ips=[]))


@case("tls_unknown_ca", "tls", "cert_issuer", 69, ["Corp CA 3", CA_FILE, "--cacert-path"], never=NEVER, short=True)
def _(pod):
    sts(pod)
    pod.write(CA_FILE, pki.authority(cn="Old CA 1").pem)


@case("tls_same_name_other_key", "tls", None, 69, ["Corp CA 3", CA_FILE], fetch=["another key|signature|same name"], never=NEVER)
def _(pod):
    sts(pod)
    pod.write(CA_FILE, pki.authority(cn="Corp CA 3").pem)


@case("tls_intermediate_missing", "tls", "cert_issuer", 69, ["Corp Issuing 1"], fetch=["intermediate|chain"], never=NEVER)
def _(pod):
    middle = pki.authority(pod.ca, cn="Corp Issuing 1")
    sts(pod, who=identity(pod, issuer=middle))


@case("tls_self_signed", "tls", "cert_issuer", 69, ["self-signed", HOST, CA_FILE], never=NEVER)
def _(pod):
    sts(pod, who=identity(pod, issuer=None))


@case("tls_client_purpose", "tls", None, 69, [HOST, "server|purpose|extended key usage"], never=NEVER)
def _(pod):
    sts(pod, who=identity(pod, purpose="client"))


@case("tls_rsa_1024", "tls", None, 69, [HOST, "1024|short|bits"], never=NEVER)
def _(pod):
    who = identity(pod, key="rsa1024")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(*who.files(pod.folder))
    sts(pod, context=context)


@case("ca_expired", "tls", None, 69, ["Corp CA 1", "expired"], never=NEVER)
def _(pod):
    old = pki.authority(cn="Corp CA 1", since=-30, until=-2)
    sts(pod, who=identity(pod, issuer=old))
    pod.write(CA_FILE, old.pem)


@case("ca_path_missing", "tls", "ca_file", 69, ["/certs/nope.pem", "no such file", "--cacert-path"], never=NEVER)
def _(pod):
    sts(pod)
    pod.set(cacert_path="/certs/nope.pem")


@case("ca_path_unreadable", "tls", "ca_file", 69, [CA_FILE, f"UID {UID}"], never=NEVER)
def _(pod):
    sts(pod)
    pod.path(CA_FILE).chmod(0o600)


@case("ca_path_der", "tls", "ca_file", 69, ["/certs/ca.der", "PEM"], never=NEVER)
def _(pod):
    sts(pod)
    pod.write("/certs/ca.der", pod.ca.certificate.public_bytes(serialization.Encoding.DER))
    pod.set(cacert_path="/certs/ca.der")


@case("ca_path_is_key", "tls", "ca_file", 69, ["/certs/ca.key", "no PEM certificate|private key"], never=NEVER)
def _(pod):
    sts(pod)
    pod.write("/certs/ca.key", pod.ca.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                        serialization.NoEncryption()))
    pod.set(cacert_path="/certs/ca.key")


@case("ca_path_empty", "tls", "ca_file", 69, [CA_FILE, "empty|no PEM"], never=NEVER)
def _(pod):
    sts(pod)
    pod.write(CA_FILE, "")


@case("tls_by_ip_not_in_cert", "tls", "cert_name", 69, [STS, "DNS:keycloak.internal"], never=NEVER)
def _(pod):
    sts(pod, who=identity(pod, names=["keycloak.internal"], ips=[]))
    pod.set(url=f"https://{STS}/token")


@case("ca_no_option_private_ca", "tls", "cert_issuer", 69, ["Corp CA 3", "/etc/ssl/certs/ca-certificates.crt", "--cacert-path"], never=NEVER)
def _(pod):
    sts(pod)
    pod.write("/etc/ssl/certs/ca-certificates.crt", pki.authority(cn="Public Root 1").pem + pki.authority(cn="Public Root 2").pem)
    pod.set(cacert_path=None)


@case("ca_none_at_all", "tls", None, 69, ["/etc/ssl/certs", "--cacert-path"], never=NEVER)
def _(pod):
    sts(pod)
    pod.set(cacert_path=None)
