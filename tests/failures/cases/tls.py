# SPDX-License-Identifier: Apache-2.0
"""TLS: versions, alerts, client certificates."""
import ssl
import subprocess
import threading

from cryptography.hazmat.primitives import serialization

from case import case
from harness import pki, servers
from peers import identity, mock, nginx, sts
from pod import HOST, STS, UID

NEVER = ("emptyDir", "no such name", "/etc/resolv.conf", "NetworkPolicy")


@case("tls13_only", "answer", None, 0, ok=0)
def _(pod):
    sts(pod, lowest=ssl.TLSVersion.TLSv1_3)


@case("tls10_only", "tls", "tls_version|tls_refused", 69, [HOST, "TLS 1.2|version"], never=(*NEVER, "Ed25519"))
def _(pod):
    sts(pod, lowest=ssl.TLSVersion.TLSv1, highest=ssl.TLSVersion.TLSv1, ciphers="DEFAULT:@SECLEVEL=0")


@case("tls11_only", "tls", "tls_version|tls_refused", 69, [HOST, "TLS 1.2|version"], never=(*NEVER, "Ed25519"))
def _(pod):
    sts(pod, lowest=ssl.TLSVersion.TLSv1_1, highest=ssl.TLSVersion.TLSv1_1, ciphers="DEFAULT:@SECLEVEL=0")


@case("tls_cbc_only", "tls", "tls_refused", 69, [HOST, "AES-GCM|cipher suite"], never=NEVER)
def _(pod):
    sts(pod, highest=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-AES256-SHA384")


def wants_client(pod, ca, highest=None):
    context = servers.tls_context(pod.world.identity, pod.folder, highest=highest)
    context.verify_mode = ssl.CERT_REQUIRED
    path = pod.folder / "clients.pem"
    path.write_bytes(ca.pem)
    context.load_verify_locations(path)
    return sts(pod, context=context)


def gives_client(pod, ca, **more):
    who = pki.issue(ca, cn="cart", purpose="client", **more)
    pod.write("/certs/tls.crt", who.pem)
    pod.write("/certs/tls.key", who.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                      serialization.NoEncryption()))
    pod.set(client_cert="/certs/tls.crt", client_key="/certs/tls.key")
    return who


@case("tls_client_cert_required", "tls", "client_cert", 69, [HOST, "client certificate", "--client-cert"], never=NEVER)
def _(pod):
    wants_client(pod, pod.ca, ssl.TLSVersion.TLSv1_2)


@case("tls_client_cert_required_13", "tls", "client_cert", 69, [HOST, "client certificate", "--client-cert"], never=NEVER)
def _(pod):
    wants_client(pod, pod.ca)


@case("tls_client_cert_required_nginx", "answer|tls", None, None, [HOST, "client certificate", "--client-cert"], never=NEVER, short=True)
def _(pod):
    path = pod.folder / "clients.pem"
    path.write_bytes(pod.ca.pem)
    nginx(pod, f"ssl_client_certificate {path}; ssl_verify_client on; location / {{ return 200 x; }}")


@case("tls_client_cert_wrong_ca", "tls", "client_cert", 69, [HOST, "client certificate", "unknown CA|refused"], fetch=["/certs/tls.crt"], never=NEVER)
def _(pod):
    wants_client(pod, pod.ca, ssl.TLSVersion.TLSv1_2)
    gives_client(pod, pki.authority(cn="Other CA"))


@case("tls_client_cert_wrong_ca_13", "tls", "client_cert", 69, [HOST, "client certificate", "unknown CA|refused"], fetch=["/certs/tls.crt"], never=NEVER)
def _(pod):
    wants_client(pod, pod.ca)
    gives_client(pod, pki.authority(cn="Other CA"))


@case("tls_client_cert_wrong_ca_nginx", "answer|tls", None, None, [HOST, "client certificate", "SSL certificate error|refused"], never=NEVER)
def _(pod):
    path = pod.folder / "clients.pem"
    path.write_bytes(pod.ca.pem)
    nginx(pod, f"ssl_client_certificate {path}; ssl_verify_client on; location / {{ return 200 x; }}")
    gives_client(pod, pki.authority(cn="Other CA"))


@case("tls_client_cert_expired", "tls", "client_cert", 69, ["client certificate", "expired", "enew"], fetch=["/certs/tls.crt"],
      never=(*NEVER, "that the STS accepts"))
def _(pod):
    wants_client(pod, pod.ca)
    gives_client(pod, pod.ca, since=-30, until=-1)


@case("tls_client_key_mismatch", "tls", "client_cert", 69, ["--client-key", "/certs/other.key", "does not belong"], never=NEVER)
def _(pod):
    sts(pod)
    gives_client(pod, pod.ca)
    pod.write("/certs/other.key", pki.new_key().private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                              serialization.NoEncryption()))
    pod.set(client_key="/certs/other.key")


@case("tls_client_key_encrypted", "tls", "client_cert", 69, ["--client-key", "/certs/enc.key", "encrypted", "ecrypt the key"], never=(*NEVER, "that the STS accepts"))
def _(pod):
    sts(pod)
    who = gives_client(pod, pod.ca)
    pod.write("/certs/enc.key", who.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                      serialization.BestAvailableEncryption(b"secret")))
    pod.set(client_key="/certs/enc.key")


@case("tls_client_cert_missing_file", "tls", "client_cert|input_file", None, ["--client-cert", "/certs/nosuch.crt", "no such file", "ount the file"],
      never=(*NEVER, "that the STS accepts"))
def _(pod):
    sts(pod)
    gives_client(pod, pod.ca)
    pod.set(client_cert="/certs/nosuch.crt")


@case("tls_ed25519", "tls", None, 69, [HOST, "Ed25519"], never=NEVER)
def _(pod):
    sts(pod, who=identity(pod, key="ed25519"))


def alerts(name, number, **more):
    says = more.pop("says", [HOST, str(number), *(["the server's log"] if number in (80, 86) else [])])

    @case(name, "tls", None, None, says, never=(*NEVER, *more.pop("never", ())), **more)
    def _(pod):
        mock(pod, "--fault", f"tls_alert={number}")


alerts("tls_alert_40", 40)
alerts("tls_alert_70", 70, says=[HOST, "version"])
alerts("tls_alert_80", 80)
alerts("tls_alert_112", 112, says=[HOST, "112", "does not know|host name"], never=("ECDHE", "AES-GCM"), short=True)


@case("tls_sni_mismatch_nginx", "tls", None, None, ["other.example.com", "does not know|host name|112"], never=(*NEVER, "AES-GCM"))
def _(pod):
    nginx(pod, "location / { return 200 x; } } server { listen 10.0.4.17:443 ssl default_server; ssl_reject_handshake on;")
    pod.hosts({"other.example.com": [STS]})
    pod.set(url="https://other.example.com/token")


@case("tls_http2_only", "tls", None, 69, [HOST, "HTTP/1.1|application protocol|h2"], never=NEVER)
def _(pod):
    # Python's ssl goes on without a common protocol, as most servers do; this one ends the handshake with alert 120.
    mock(pod, "--fault", "tls_alert=120")


@case("http2_answer", "answer", "http", 65, [HOST, "HTTP/2|HTTP/1"], never=NEVER)
def _(pod):
    sts(pod, b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\x00\x04\x00\x10\x00\x00\x00\x06\x00\x01\x00\x00", blind=True)


@case("tls_hang_handshake", "tls", "timeout", 75, [HOST, f"{STS}", "handshake"], never=("emptyDir", "no such name"))
def _(pod):
    sts(pod, stall="accept")
    pod.set(timeout="2s")
    pod.deadline = "2s"


@case("tls_closes_in_handshake", "tls", None, None, [HOST, "handshake|TLS", "closed"], never=("emptyDir", "no such name"))
def _(pod):
    mock(pod, "--fault", "close_handshake=1")


alerts("tls_alert_86", 86)


@case("tls_client_cert_revoked_nginx", "answer|tls", None, None, [HOST, "400", "client certificate|SSL certificate error"], never=NEVER)
def _(pod):
    path = pod.folder / "clients.pem"
    path.write_bytes(pod.ca.pem)
    nginx(pod, f"ssl_client_certificate {path}; ssl_verify_client on; location / {{ return 200 x; }}")
    gives_client(pod, pod.ca, since=-30, until=-1)


@case("tls_client_key_unreadable", "tls", "client_cert", 69, ["--client-key", "/certs/tls.key", f"UID {UID}|permission denied", "readable"],
      never=(*NEVER, "that the STS accepts"))
def _(pod):
    sts(pod)
    gives_client(pod, pod.ca)
    pod.path("/certs/tls.key").chmod(0o600)


@case("tls_client_cert_is_key", "tls", "client_cert", 69, ["--client-cert", "/certs/tls.key", "the file of the certificate"],
      never=(*NEVER, "that the STS accepts"))
def _(pod):
    sts(pod)
    gives_client(pod, pod.ca)
    pod.set(client_cert="/certs/tls.key")


@case("tls_client_key_missing_option", "configuration", None, 64, fetch=["--client-key"], never=("COMMAND --help",))
def _(pod):
    gives_client(pod, pod.ca)
    pod.set(client_key=None)


@case("tls_renegotiation", "tls|answer", None, None, [HOST, "renegotiat|client certificate"], never=NEVER)
def _(pod):
    certificate, key = pod.world.identity.files(pod.folder)
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"{STS}:443", "-cert", certificate, "-key", key, "-tls1_2"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask():
        for line in server.stdout:
            if b"CIPHER is" in line:
                server.stdin.write(b"R\n")
                server.stdin.flush()
    threading.Thread(target=ask, daemon=True).start()
    servers.wait_for_port(443, address=STS)
    pod.set(timeout="3s")
