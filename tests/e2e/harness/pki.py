# SPDX-License-Identifier: Apache-2.0
"""Certificates and keys, made at test time and never kept."""
import datetime
import ipaddress
import pathlib
import tempfile
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PURPOSES = {
    "server": [ExtendedKeyUsageOID.SERVER_AUTH],
    "client": [ExtendedKeyUsageOID.CLIENT_AUTH],
    "both": [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH],
    "any": [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE],
}


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def days(count):
    return datetime.timedelta(days=count)


def new_key(kind="ec"):
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "ec384":
        return ec.generate_private_key(ec.SECP384R1())
    if kind == "ec521":
        return ec.generate_private_key(ec.SECP521R1())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, int(kind.removeprefix("rsa") or 2048))


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclass
class Identity:
    """A certificate, its key, and what is sent after it."""
    certificate: x509.Certificate
    key: object
    chain: tuple = ()

    def sends(self, *chain):
        return Identity(self.certificate, self.key, tuple(chain))

    @property
    def pem(self):
        return pem(self.certificate)

    def files(self, folder):
        """Writes certificate with chain, and key; returns both paths."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
        cert, key = folder / "tls.crt", folder / "tls.key"
        cert.write_bytes(self.pem + b"".join(pem(c) for c in self.chain))
        key.write_bytes(self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        key.chmod(0o600)
        return str(cert), str(key)


def issue(issuer=None, *, cn="test", names=(), ips=(), purpose=None, purpose_critical=False, ca=False, since=-1, until=30,
          key="ec", digest=None, permitted=(), constraints_critical=True, signs=False,
          extensions=()):
    """One certificate. Without an issuer it signs itself. since and until are days from now. signs: a CA's key
    may be used in a handshake, too. extensions: further ones, as (extension, critical)."""
    own = new_key(key)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])
    signer = issuer.key if issuer else own
    builder = (x509.CertificateBuilder()
               .subject_name(subject)
               .issuer_name(issuer.certificate.subject if issuer else subject)
               .public_key(own.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(now() + days(since))
               .not_valid_after(now() + days(until))
               .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False))
    if issuer:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    if ca:
        builder = builder.add_extension(x509.KeyUsage(
            digital_signature=signs, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False), critical=True)
    alternatives = [x509.DNSName(name) for name in names] + [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if purpose:
        builder = builder.add_extension(x509.ExtendedKeyUsage(PURPOSES[purpose]), critical=purpose_critical)
    if permitted:
        builder = builder.add_extension(x509.NameConstraints([x509.DNSName(name) for name in permitted], None),
                                        critical=constraints_critical)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Identity(builder.sign(signer, digest or hashes.SHA256()), own)


def authority(issuer=None, cn="test CA", **more):
    return issue(issuer, cn=cn, ca=True, **more)


def server(issuer, **more):
    """A certificate for a server on loopback, unless told otherwise."""
    more.setdefault("names", ["localhost"])
    more.setdefault("ips", ["127.0.0.1", "::1"])
    more.setdefault("purpose", "server")
    return issue(issuer, **more)
