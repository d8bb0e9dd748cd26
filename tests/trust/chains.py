# SPDX-License-Identifier: Apache-2.0
"""The certificates of tests/certs/make_certs.py, made anew around the present time, and the verdicts of tests/certs/verdicts.h."""
import base64
import functools
import os
import pathlib
import re
import sys
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, rsa

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests/certs"), str(TOP / "tools")]
os.environ["STS_TEST_CERTS_NOW"] = str(int(time.time()))

import der  # noqa: E402
import make_certs  # noqa: E402
from tables import errors  # noqa: E402

NOW = make_certs.NOW
CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}


@functools.cache
def made():
    make_certs.make()
    return make_certs.made


def pem(data):
    text = base64.encodebytes(data).decode() if data else "\n"
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


def bundle(labels):
    return "".join(pem(made()[label]) for label in labels)


@functools.cache
def private_key(label):
    """The key of a certificate for Python's cryptography, or None if there is no key that OpenSSL can sign with."""
    key = make_certs.key_of.get(label) or make_certs.ec("leaf")
    if isinstance(key, der.EC) and (curve := next((CURVES[name] for name in CURVES if der.CURVES[name] is key.curve), None)):
        return ec.derive_private_key(key.d, curve())
    if isinstance(key, der.RSA) and len(key.primes) == 2 and key.e > 1:
        p, q = key.primes
        numbers = rsa.RSAPrivateNumbers(p, q, key.d, key.d % (p - 1), key.d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(key.e, key.n))
        return numbers.private_key(unsafe_skip_rsa_key_validation=True)
    return None


def server_label(chain):
    """The certificate whose key the server has: the first one that is not the certificate of a CA."""
    return next((label for label in chain if label.startswith(("leaf", "self", "bad"))), chain[0] if chain else "leaf")


# The verdicts

@dataclass(frozen=True)
class Case:
    table: str
    chain: tuple
    anchors: tuple
    host: str
    code: str
    says: str
    offset_s: int

    @property
    def label(self):
        """The short name of one case: CHAIN < ANCHORS, with the name of the server and the time if they are not the usual ones."""
        label = f"{' '.join(self.chain)} < {' '.join(self.anchors)}"
        label += f" @ {self.host}" if self.host != "sts.example.com" else ""
        return label + (f" at {self.offset_s:+d}" if self.offset_s else "")

    @property
    def second_matters(self):
        return bool(self.offset_s) or "leaf-moment" in self.chain


TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|(\w+)|([{}*+,-])')
MACROS = {"TEST_DAY_S": 86400}


def string(text):
    return text.encode().decode("unicode_escape")


def value(field):
    """A field: strings next to each other, a name, or a sum of products."""
    if any(token[0] or not (token[1] or token[2]) for token in field):
        return "".join(string(token[0]) for token in field)
    words = [token[1] or token[2] for token in field]
    if words == ["HOST"]:
        return "sts.example.com"
    if words == ["NULL"]:
        return None
    if words[0].startswith("STS_"):
        return words[0]
    return eval("".join(str(MACROS.get(word, word)) for word in words), {})  # pylint: disable=eval-used


def rows(text):
    row, field, depth = [], [], 0
    for token in TOKEN.findall(text):
        if token[2] == "{":
            depth, row, field = depth + 1, [], []
        elif token[2] in ("}", ","):
            if field:
                row.append(value(field))
            field = []
            if token[2] == "}":
                yield row
        else:
            field.append(token)


def code_names():
    """STS_ECERT_NAME -> "cert_name", out of lib/base/errors.toml."""
    return errors.names()


@functools.cache
def cases():
    text = (TOP / "tests/certs/verdicts.h").read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    names, found = code_names(), []
    for table, body in re.findall(r"static const struct verdict (\w+)\[\] = \{\n(.*?)\n\};", text, re.DOTALL):
        for chain, anchors, host, code, *more in rows(body):
            says, offset_s, *_ = more + [None, 0][len(more):]
            found.append(Case(table, tuple(chain.split()), tuple(anchors.split()), host, names[code], says, offset_s))
    assert len({case.label for case in found}) == len(found), "two cases are the same"
    return found
