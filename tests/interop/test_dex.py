# SPDX-License-Identifier: Apache-2.0
"""A Dex that is started with the configuration and the commands of docs/servers/dex.md: token exchange with connector_id and Basic
authentication, each refusal that the page lists, and a chain after an exchange at mock-sts."""
import contextlib
import json
import os
import time
import urllib.request

import jwt
import pytest

from harness import pki
from harness.mock import wait_for
from harness.servers import free_port
from harness.sidecar import Space
from pages import Page, Pod
from program import Program
from reading import LIFE, OFTEN, while_refreshing

# Both halves are form-encoded before they are joined and base64-encoded (RFC 6749 section 2.3.1); Dex decodes them so.
SECRET = "p%41ss+w&rd /~:=?"
RESERVED = "sidecar:of shop"
TYPE = "urn:ietf:params:oauth:token-type:"


class Dex(Program):
    """The server of the page. put: more of the page's text that is replaced."""

    NAME = "dex"

    def __init__(self, folder, ca, put=()):
        super().__init__(folder, ca)
        port = free_port()
        self.url, self.audience = f"https://localhost:{port}", "https://dex.example"
        secret = folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o644)
        self.put = {"issuer: https://dex.example": f"issuer: {self.url}", "--url https://dex.example": f"--url {self.url}",
                    "0.0.0.0:5554": f"127.0.0.1:{port}", "/etc/dex/tls.crt": self.cert, "/etc/dex/tls.key": self.key, "/var/dex": folder,
                    "https://kubernetes.default.svc.cluster.local": self.cluster.issuer, "/etc/dex/cluster-ca.crt": self.ca_file,
                    "/etc/dex/config.yaml": folder / "config.yaml", "/var/run/secrets/dex/secret": secret} | dict(put)

    def set_up(self):
        page = Page("dex.md", self.put)
        _, configuration = page.blocks("yaml")
        (self.folder / "config.yaml").write_text(configuration)
        self.start_page(page.server(), {"PATH": self.path_with("dex", os.environ["STS_INTEROP_DEX"]), "HOME": str(self.folder),
                                        "CART_SECRET": SECRET, "ORDERS_SECRET": "unused"})

    def is_ready(self):
        with contextlib.suppress(OSError):
            return self.keys()

    def keys(self):
        with urllib.request.urlopen(f"{self.url}/keys", context=self.context, timeout=5) as answer:
            return {key["kid"]: jwt.PyJWK(key) for key in json.load(answer)["keys"]}

    def verify(self, token, audience):
        key = self.keys()[jwt.get_unverified_header(token)["kid"]]
        self.also_verified(token, self.url, audience)
        return jwt.decode(token, key, algorithms=[key.algorithm_name], audience=audience, issuer=self.url)


@pytest.fixture(scope="module")
def dex(ca):
    with Dex.started(ca) as made:
        yield made


@pytest.fixture
def pod(sidecar, dex, folder):
    return Pod(sidecar, "dex.md", dex, folder, "cart")


def without(words, *names):
    """The command without these options."""
    left = list(words)
    for name in names:
        at = left.index(name)
        del left[at:at + 2]
    return left


def test_exchange(dex, pod):
    """Dex, set up as its page says, takes a Pod's token again and again, of every audience and ServiceAccount, and issues tokens of both types"""
    (command,) = pod.page.commands()
    for words, name in (command, "cart"), (without(command, "--requested-token-type"), "cart"), (command, "stranger"):
        pod.renew("https://other.example" if name == "stranger" else None, name)
        result = pod.fetch(words, "--force")
        assert result.status == 0, (result.err, dex.last_log())
        claims = dex.verify((pod.out / "token.jwt").read_text(), "orders")
        assert (claims["name"], set(claims["aud"])) == (f"system:serviceaccount:shop:{name}", {"cart", "orders"}), claims
        assert 3500 < claims["exp"] - time.time() <= 3600, claims


def test_refusals(dex, pod):
    """Dex refuses with the words of the page, and no other refusal is on it"""
    (command,) = pod.page.commands()
    met = {pod.refused(command, "Requested connector does not exist", "--force", replace={"connector_id=": "connector_id=other"}),
           pod.refused(without(command, "--param"), "Requested connector does not exist", "--force"),
           pod.refused(without(command, "--subject-token-type"), "Invalid subject_token_type", "--force"),
           pod.refused(command, "Invalid requested_token_type", "--force", "--requested-token-type", TYPE + "jwt"),
           pod.refused(command, "Invalid client credentials", "--force", replace={"cart": "nobody"}),
           pod.refused(without(command, "--client-id", "--client-auth", "--client-secret-file"), "Invalid client credentials", "--force"),
           pod.refused(command, "server_error", "--force", replace={"openid": "openid audience:server:client_id:nobody"}, status=75),
           pod.refused(command, "unsupported_grant_type", "--force", replace={"token-exchange": "jwt-bearer"})}
    wrong = pod.space.write("wrong", "another secret")
    pod.refused(command, "Invalid client credentials", "--force", "--client-secret-file", wrong)
    pod.renew(key=pki.new_key("rsa"))
    met.add(pod.refused(command, "access_denied", "--force"))
    assert met == set(pod.page.refusals())


@pytest.mark.parametrize("line", ["    scopes: [openid]\n", "    userNameKey: sub\n"], ids=["scopes", "userNameKey"])
def test_a_line_that_is_missing(sidecar, ca, folder, line):
    """without a line of the page's configuration that looks superfluous, Dex refuses every token of a Pod, as the page says"""
    with Dex.started(ca, {line: ""}) as dex:
        pod = Pod(sidecar, "dex.md", dex, folder, "cart")
        (command,) = pod.page.commands()
        pod.refused(command, "access_denied")


@pytest.fixture
def chain(rig, ca, folder):
    """An exchange at mock-sts that is done, a Dex that trusts mock-sts, and the options of the exchange that follows."""
    sts = rig(*LIFE)
    with Dex.started(ca, {"https://kubernetes.default.svc.cluster.local": f"https://localhost:{sts.mock.port}",
                          "/etc/dex/cluster-ca.crt": sts.mock.folder / "ca.pem", "idTokens: 1h": "idTokens: 20s",
                          "{id: cart,": f'{{id: "{RESERVED}",'}) as dex:
        (folder / "second").mkdir()
        (folder / "second").chmod(0o755)
        second = Space(folder / "second")
        yield sts, dex, second, {
            "url": f"{dex.url}/token", "protocol": "token-exchange", "token-file": sts.out / "token.jwt", "output-dir": second.out,
            "cacert-path": dex.ca_file, "subject-token-type": TYPE + "id_token", "param": "connector_id=cluster", "scope": "openid",
            "client-id": RESERVED, "client-secret-file": dex.folder / "secret", "client-auth": "basic"}


def test_chain(chain):
    """Dex exchanges the token of mock-sts, with a client id and a secret full of reserved characters"""
    sts, dex, second, options = chain
    assert sts.command("fetch", *sts.options(deadline="10s")).status == 0
    for wanted in ("access_token", "id_token"):
        result = sts.command("fetch", *sts.options(**options, requested_token_type=TYPE + wanted))
        assert result.status == 0, result.err
        claims = dex.verify((second.out / "token.jwt").read_text(), RESERVED)
        assert claims["sub"]
        expires = (second.out / "expires").read_text()
        assert abs(time.mktime(time.strptime(expires, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - claims["exp"]) <= 1, (expires, claims)


def test_readers(chain):
    """two exchanges in a chain, mock-sts then Dex, across three refreshes of both: each token is accepted with Dex's keys"""
    sts, dex, second, options = chain
    sts.run(options=OFTEN)
    sts.has_token()
    sts.run(options=options | OFTEN)

    def read():
        token = (second.out / "token.jwt").read_text()
        dex.verify(token, RESERVED)
        return token
    wait_for((second.out / "expires").exists, "a token of Dex's")
    while_refreshing(sts, {"verifier": read})
