# SPDX-License-Identifier: Apache-2.0
"""Trust in the server's certificate."""
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from case import case
from harness import pki
from peers import identity, sts
from pod import CA_FILE, HOST, STS, UID, sh

NEVER = ("NetworkPolicy", "emptyDir", "no such name", "ECDHE", "/etc/resolv.conf")


@case("tls_cert_expired", "tls", "cert_expired", 69, [HOST, "expired"], fetch=["clock says"], never=NEVER, short=True)
def _(pod):
    sts(pod, who=identity(pod, since=-30, until=-1))


@case("tls_cert_notyet", "tls", "cert_not_yet_valid", 69, [HOST, "valid only from|not valid yet", "clock"], fetch=["clock says"],
      never=NEVER)
def _(pod):
    sts(pod, who=identity(pod, since=1, until=30))


@case("tls_wrong_name", "tls", "cert_name", 69, [HOST, "DNS:keycloak.internal"], never=NEVER, short=True)
def _(pod):
    sts(pod, who=identity(pod, names=["keycloak.internal"], ips=[]))


@case("tls_cn_only", "tls", "cert_name", 69, [HOST, "subjectAltName"], never=(*NEVER, "se a host"))
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


@case("tls_self_signed", "tls", "cert_issuer", 69, ["self-signed", HOST, CA_FILE, "this certificate in --cacert-path"], never=(*NEVER, "intermediate"))
def _(pod):
    sts(pod, who=identity(pod, issuer=None))


@case("tls_client_purpose", "tls", None, 69, [HOST, "server|purpose|extended key usage"], never=NEVER)
def _(pod):
    sts(pod, who=identity(pod, purpose="client"))


@case("tls_key_usage", "tls", "cert_key_usage", 69, [HOST, "digitalSignature"], never=NEVER)
def _(pod):
    usage = x509.KeyUsage(digital_signature=False, content_commitment=False, key_encipherment=True, data_encipherment=False, key_agreement=False,
                          key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False)
    sts(pod, who=identity(pod, extensions=[(usage, True)]))


@case("tls_critical_extension", "tls", "cert_malformed", 69, [HOST, "critical|extension"], never=NEVER)
def _(pod):
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
    sts(pod, who=identity(pod, extensions=[(unknown, True)]))


@case("tls_too_many_certificates", "tls", "cert_limit", 69, [HOST, "10"], never=NEVER)
def _(pod):
    others = [pki.authority(cn=f"Corp CA of {year}").certificate for year in range(2012, 2024)]
    sts(pod, who=identity(pod).sends(pod.ca.certificate, *others))


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


@case("tls_intermediate_expired", "tls", "cert_expired", 69, ["Corp Issuing 1", "expired"], never=NEVER)
def _(pod):
    middle = pki.authority(pod.ca, cn="Corp Issuing 1", since=-30, until=-1)
    sts(pod, who=identity(pod, issuer=middle).sends(middle.certificate))


@case("tls_intermediate_given_as_ca", "answer", None, 0, ok=0)
def _(pod):
    middle = pki.authority(pod.ca, cn="Corp Issuing 1")
    sts(pod, who=identity(pod, issuer=middle).sends(middle.certificate))
    pod.write(CA_FILE, middle.pem)


@case("tls_server_sends_root_only", "answer", None, 0, ok=0)
def _(pod):
    sts(pod, who=identity(pod).sends(pod.ca.certificate))


@case("tls_leaf_signs_leaf", "tls", None, 69, ["sts-old", "CA|authority|basic constraints"], never=NEVER)
def _(pod):
    leaf = pki.server(pod.ca, cn="sts-old")
    sts(pod, who=identity(pod, issuer=leaf).sends(leaf.certificate))


@case("tls_name_constraint", "tls", None, 69, ["Corp CA 9", "constraint|permitted|not allowed"], never=NEVER)
def _(pod):
    tight = pki.authority(cn="Corp CA 9", permitted=["corp.internal"])
    sts(pod, who=identity(pod, issuer=tight))
    pod.write(CA_FILE, tight.pem)


@case("tls_sha1_signature", "tls", None, 69, [HOST, "SHA-1|signature|hash"], never=NEVER[:3])
def _(pod):
    files = pod.folder / "sha1"
    files.mkdir()
    certificate, key = identity(pod, key="rsa").files(files)
    ca_certificate, ca_key = pki.authority(cn="Corp CA 2", key="rsa").files(files)
    made = f"openssl req -new -key {key} -subj /CN={HOST} -addext subjectAltName=DNS:{HOST} -out {files}/csr"
    sh(made)
    sh(f"openssl x509 -req -sha1 -in {files}/csr -CA {ca_certificate} -CAkey {ca_key} -CAcreateserial -days 9 -copy_extensions copyall "
       f"-out {certificate}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(certificate, key)
    sts(pod, context=context)
    pod.write(CA_FILE, open(ca_certificate, "rb").read())


@case("tls_other_host_behind_ingress", "tls", "cert_name", 69, [HOST, "ingress.local|Kubernetes Ingress Controller", "the ingress"],
      never=(*NEVER, "se a host"))
def _(pod):
    sts(pod, who=identity(pod, cn="Kubernetes Ingress Controller Fake Certificate", names=["ingress.local"], ips=[]))


@case("ca_directory_empty", "tls", None, 69, ["/certs/empty", "--cacert-path|no PEM|empty"], never=NEVER)
def _(pod):
    sts(pod)
    pod.volume("/certs/empty", "size=1m,mode=0755")
    pod.set(cacert_path="/certs/empty")


@case("ca_key_and_text", "tls", "ca_file", 69, [CA_FILE, "PEM|certificate"], never=NEVER)
def _(pod):
    sts(pod)
    pod.write(CA_FILE, "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n")


@case("ca_truncated", "tls", "ca_file", 69, [CA_FILE], never=NEVER)
def _(pod):
    sts(pod)
    pod.write(CA_FILE, pod.ca.pem[:-60])


@case("ca_of_the_cluster", "tls", "cert_issuer", 69, ["Corp CA 3", "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"], never=NEVER)
def _(pod):
    sts(pod)
    path = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
    pod.write(path, pki.authority(cn="kubernetes").pem)
    pod.set(cacert_path=path)
