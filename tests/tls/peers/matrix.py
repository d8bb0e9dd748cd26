# SPDX-License-Identifier: Apache-2.0
"""How the servers are set up, which connections are made to them, and what each connection must come to."""
import itertools
from dataclasses import dataclass, field, replace

GROUPS = ("x25519", "secp256r1", "secp384r1", "secp521r1")
CERTIFICATES = {  # name: (kind of key for pki.py, what the key signs with)
    "rsa2048": ("rsa2048", "RSA"),
    "rsa4096": ("rsa4096", "RSA"),
    "p256": ("ec", "ECDSA"),
    "p384": ("ec384", "ECDSA"),
    "p521": ("ec521", "ECDSA"),
}
SUITES_13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
SUITES_12 = tuple(f"TLS_ECDHE_{key}_WITH_{cipher}" for key, cipher in itertools.product(
    ("ECDSA", "RSA"), ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")))
SCHEMES_13 = {
    "rsa2048": ("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"),
    "rsa4096": ("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"),
    "p256": ("ecdsa_secp256r1_sha256",),
    "p384": ("ecdsa_secp384r1_sha384",),
    "p521": ("ecdsa_secp521r1_sha512",),
}
# What servers send when they refuse a client certificate, or miss one: handshake_failure, bad_certificate, unsupported_certificate,
# certificate_unknown, unknown_ca, access_denied, decrypt_error, certificate_required.
ALERTS_OF_REFUSAL = {40, 42, 43, 46, 48, 49, 51, 116}


@dataclass(frozen=True)
class Config:
    """A server. What is empty is left as the peer has it by itself."""
    versions: tuple = ("1.2", "1.3")
    ems: str = ""  # "off": the server does not know it; "required": it insists on it
    certificate: str = "p256"
    groups: tuple = ()
    suite: str = ""
    client: str = ""  # "asked": for a certificate, which it verifies; "required"

    @property
    def name(self):
        words = ["default" if self.versions == ("1.2", "1.3") else f"{self.versions[0]} only"]
        words += [self.certificate] + list(self.groups) + ([self.suite] if self.suite else [])
        words += [f"EMS {self.ems}"] if self.ems else []
        words += [f"client certificate {self.client}"] if self.client else []
        return ", ".join(words)


@dataclass(frozen=True)
class Attempt:
    """A connection to a server: with a certificate of the client ("unknown" is one of another CA), and whether it must be refused."""
    config: Config
    certificate: str = ""
    refused: bool = False
    offer: tuple = ()  # options of tls-client

    @property
    def name(self):
        words = f"; the client has {self.certificate or 'none'}" if self.config.client else ""
        return self.config.name + words + (f"; {' '.join(self.offer)}" if self.offer else "")


@dataclass(frozen=True)
class Abilities:
    """What a peer can be set up for."""
    versions: tuple = ("1.2", "1.3")
    ems: tuple = ()  # of "off" and "required"
    has_ems: bool = True  # in 1.2, when it is left as it is
    certificates: tuple = tuple(CERTIFICATES)
    groups: tuple = GROUPS
    suites: tuple = SUITES_12 + SUITES_13
    clients: tuple = ("rsa2048", "p256", "p384", "p521")  # certificates of the client that it verifies
    # How it refuses a client: "alert"; "close" as well; "answer" for one that it gives over TLS.
    refuses: str = "alert"
    default_group: str = "x25519"
    group_certificate: str = "p256"  # with which groups are tried
    posts: bool = True  # it answers a POST
    alerts: tuple = ()  # of a refusal, besides those of the others


def limited(abilities):
    """Every group, suite and kind of certificate, at each version alone; every kind of EMS."""
    for version in abilities.versions:
        only = Config(versions=(version,))
        yield only
        for certificate in abilities.certificates:
            yield replace(only, certificate=certificate)
        for group in abilities.groups:
            yield replace(only, groups=(group,), certificate=abilities.group_certificate)
        for suite in abilities.suites:
            if (suite in SUITES_13) == (version == "1.3"):
                yield replace(only, suite=suite, certificate="rsa2048" if "_RSA_" in suite else "p256")
        if version == "1.2":
            for ems, certificate in itertools.product(abilities.ems, ("p256", "rsa2048")):
                yield replace(only, ems=ems, certificate=certificate)


def attempts(abilities):
    """All connections, each once."""
    found = [Attempt(Config())] if set(abilities.versions) == {"1.2", "1.3"} else []
    if found:
        found.append(Attempt(Config(), offer=("--no-tls12",)))
        # A server that gets no group it likes best asks again; without NIST curves in the offer, X25519 must do.
        found.append(Attempt(Config(groups=tuple(group for group in ("secp256r1", "secp384r1") if group in abilities.groups))))
    found += [Attempt(config) for config in limited(abilities)]
    if abilities.clients:
        for version, client in itertools.product(abilities.versions, ("asked", "required")):
            config = Config(versions=(version,), client=client)
            found.append(Attempt(config, refused=client == "required"))
            found += [Attempt(config, certificate) for certificate in abilities.clients]
            found.append(Attempt(config, "unknown", refused=True))
    return list(dict.fromkeys(found))


def mistakes(attempt, got, abilities, answer):
    """What is wrong with a connection, in words. got is the line of tls-client; answer is what the server sent."""
    if attempt.refused:
        return mistakes_of_refusal(attempt, got, abilities, answer)
    config, version = attempt.config, attempt.config.versions[-1]
    want = {"stage": "read", "handshake": True, "failure": "fine" if got["closed"] else "ended", "version": version,
            "client_asked": bool(config.client), "client_sent": bool(attempt.certificate)}
    want["extended_master"] = version == "1.2" and (config.ems == "required" or (abilities.has_ems and config.ems != "off"))
    if config.suite:
        want["suite"] = config.suite
    groups = config.groups or (abilities.default_group,)
    want["group"] = "x25519" if "x25519" in groups else got["group"] if got["group"] in groups else groups[0]
    want["retried"] = version == "1.3" and "x25519" not in groups
    wrong = [f"{key} is {got[key]}, and not {value}" for key, value in want.items() if got[key] != value]
    kind = CERTIFICATES[config.certificate][1].lower()
    if got["scheme"] not in (SCHEMES_13[config.certificate] if version == "1.3" else [s for s in [got["scheme"]] if s and s.startswith(kind)]):
        wrong.append(f"the server signed with {got['scheme']}")
    if attempt.certificate and version == "1.3" and got["client_scheme"] not in SCHEMES_13[attempt.certificate]:
        wrong.append(f"the client signed with {got['client_scheme']}")
    if b"200" not in answer.split(b"\r\n")[0].split(b"\n")[0]:
        wrong.append(f"the answer begins with {answer[:40]!r}")
    return wrong


def mistakes_of_refusal(attempt, got, abilities, answer):
    """TLS 1.2 refuses within the handshake, TLS 1.3 after the client's last flight: before the first byte of an answer."""
    wrong = [] if got["client_asked"] else ["no certificate was asked for"]
    if abilities.refuses == "answer":
        return wrong + ([] if b" 400 " in answer[:20] or b" 403 " in answer[:20] else [f"the answer begins with {answer[:40]!r}"])
    if answer:
        wrong.append(f"there is an answer: {answer[:40]!r}")
    if attempt.config.versions[-1] == "1.3" and not got["handshake"]:
        wrong.append("the client's handshake failed")
    if attempt.config.versions[-1] == "1.2" and got["handshake"]:
        wrong.append("the client's handshake succeeded")
    is_alert = got["failure"] == "alerted" and got["alert"] in ALERTS_OF_REFUSAL.union(abilities.alerts)
    if is_alert and attempt.config.versions[-1] == "1.3" and not got["authenticated"]:
        wrong.append("the alert came in clear")
    if not is_alert and not (abilities.refuses == "close" and (got["failure"] in ("ended", "io") or got["closed"])):
        wrong.append(f"the connection ended with {got['failure']}, alert {got['alert']}")
    return wrong
