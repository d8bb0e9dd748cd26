# SPDX-License-Identifier: Apache-2.0
"""A fresh Keycloak that is set up by the commands of docs/servers/keycloak.md, and the sidecar by those of the same page: client assertion,
a second hop, the JWT authorization grant, and each refusal that the page lists."""
import json
import os
import subprocess
import urllib.request

import jwt
import pytest

from harness import pki
from harness.mock import wait_for
from harness.servers import free_port
from pages import Page, Pod
from program import Program
from reading import while_refreshing

PASSWORD = "password-of-a-test"
VAULT = "https://vault.example"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


class Keycloak(Program):
    """The server, with its database in memory."""

    NAME, PATIENCE_S = "keycloak", 240

    def __init__(self, folder, ca):
        super().__init__(folder, ca)
        self.port, self.home = free_port(), os.environ["STS_INTEROP_KEYCLOAK"]
        self.url = f"https://localhost:{self.port}"
        self.audience = self.realm = f"{self.url}/realms/shop"
        self.put = {"https://keycloak.example": self.url, "https://kubernetes.default.svc.cluster.local": self.cluster.issuer}

    def set_up(self):
        common = {"PATH": f"{self.home}/bin:{os.environ['PATH']}", "HOME": str(self.folder)}
        self.start(["nice", f"{self.home}/bin/kc.sh", "start", "--optimized", "--cache=local", "--http-enabled=false", "--http-host=127.0.0.1",
                    f"--https-port={self.port}", f"--http-management-port={free_port()}", f"--https-certificate-file={self.cert}",
                    f"--https-certificate-key-file={self.key}", f"--hostname={self.url}", f"--truststore-paths={self.ca_file}"],
                   common | {"JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m", "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
                             "KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD}
                   | {name: value for name, value in os.environ.items() if name == "JAVA_HOME"})
        # What kcadm.sh needs: the CA, a folder for its session, and the administrator's password.
        self.admin_env = common | {"ADMIN_PASSWORD": PASSWORD, "JAVA_OPTS": " ".join(["-Xmx128m", "-XX:TieredStopAtLevel=1", *self.trust_store()])}
        Page("keycloak.md", self.put).set_up(self.admin_env)

    def is_ready(self):
        return b"Bootstrap completed" in self.log.read_bytes()

    def admin(self, *words):
        return subprocess.run(["kcadm.sh", *words], env=self.admin_env, check=True, capture_output=True, timeout=self.PATIENCE_S).stdout.decode()

    def verify(self, token, audience):
        with urllib.request.urlopen(f"{self.realm}/protocol/openid-connect/certs", context=self.context, timeout=20) as answer:
            keys = {key["kid"]: jwt.PyJWK(key) for key in json.load(answer)["keys"] if key["use"] == "sig"}
        self.also_verified(token, self.realm, audience)
        return jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]], algorithms=["RS256"], audience=audience, issuer=self.realm)


@pytest.fixture(scope="module")
def keycloak(ca):
    with Keycloak.started(ca) as made:
        made.met = set()
        yield made


@pytest.fixture
def pod(sidecar, keycloak, folder):
    return lambda name: Pod(sidecar, "keycloak.md", keycloak, folder, name)


def assertion_of(words):
    return next(command for command in words if "client-assertion" in command)


def test_assertion(keycloak, pod):
    """Keycloak, set up as its page says, takes a Pod's token as the client's assertion, again and again, with and without the client's id"""
    cart = pod("cart")
    words = assertion_of(cart.page.commands())
    for more in ((), ("--force",)):
        result = cart.fetch(words, *more)
        assert result.status == 0, (result.err, keycloak.last_log())
        claims = keycloak.verify((cart.out / "token.jwt").read_text(), VAULT)
        assert claims["azp"] == "cart", claims
    at = words.index("--client-id")
    assert cart.fetch(words[:at] + words[at + 2:], "--force").status == 0


def test_assertion_refused(keycloak, pod):
    """a wrong audience, another ServiceAccount, another client, a foreign key and an unknown scope are refused with the words of the page"""
    cart = pod("cart")
    words = assertion_of(cart.page.commands())
    keycloak.met |= {cart.refused(words, "Invalid scopes", "--scope", "nothing")}
    cart.renew("https://kubernetes.default.svc")
    keycloak.met |= {cart.refused(words, "Invalid token audience")}
    unknown = "Invalid client or Invalid client credentials"
    cart.renew(name="stranger")
    keycloak.met |= {cart.refused(words, unknown)}
    cart.renew(key=pki.new_key("rsa"))
    keycloak.met |= {cart.refused(words, unknown)}
    cart.renew()
    at = words.index("--client-id")
    keycloak.met |= {cart.refused([*words[:at + 1], "other", *words[at + 2:]], unknown)}


def test_readers(keycloak, pod):
    """run refreshes the token of Keycloak three times with one subject token, and each token is accepted"""
    cart = pod("cart")
    client = json.loads(keycloak.admin("get", "clients", "-r", "shop", "-q", "clientId=cart", "--fields", "id"))[0]["id"]
    keycloak.admin("update", f"clients/{client}", "-r", "shop", "-s", 'attributes."access.token.lifespan"=20')

    def read():
        token = (cart.out / "token.jwt").read_text()
        keycloak.verify(token, VAULT)
        return token
    with cart.run(*assertion_of(cart.page.commands())[1:], "--refresh-fraction", "0.1"):
        wait_for((cart.out / "expires").exists, "a token")
        while_refreshing(cart, {"verifier": read})


def test_second_hop(keycloak, pod):
    """the page's configuration of two exchanges: the realm's token is exchanged for one of fewer audiences"""
    gateway = pod("gateway")
    (configuration,) = gateway.page.configurations()
    file = gateway.space.write("config.json", json.dumps(configuration))
    result = gateway.fetch(["fetch", "--config", str(file)])
    assert result.status == 0, result.err
    first, second = (keycloak.verify((folder / "token.jwt").read_text(), "orders") for folder in (gateway.chain, gateway.out))
    assert "gateway" in first["aud"] and second["aud"] == "orders", (first, second)

    def hop(text, **change):
        hop = configuration["exchanges"][1] | {key.replace("_", "-"): value for key, value in change.items()}
        changed = gateway.space.write("hop.json", json.dumps(configuration | {"exchanges": [hop]}))
        keycloak.met |= {gateway.refused(["fetch", "--config", str(changed), "--force"], text)}
    hop("Audience not found", audience="nothing")
    hop("Parameter 'subject_token' supports access tokens only", subject_token_type="urn:ietf:params:oauth:token-type:jwt")
    hop("Invalid token", token_file=str(gateway.subject))
    orders = json.loads(keycloak.admin("get", "clients", "-r", "shop", "-q", "clientId=orders", "--fields", "id"))[0]["id"]
    keycloak.admin("update", f"clients/{orders}", "-r", "shop", "-s", "enabled=false")
    hop("Client disabled")
    keycloak.admin("update", f"clients/{orders}", "-r", "shop", "-s", "enabled=true")
    first_token = gateway.space.write("first", (gateway.chain / "token.jwt").read_text())
    gateway.renew(name="cart")
    assert gateway.fetch(assertion_of(gateway.page.commands()), "--force").status == 0
    of_cart = gateway.space.write("of-cart", (gateway.out / "token.jwt").read_text())
    gateway.renew()
    hop("Client is not within the token audience", token_file=str(of_cart))
    gateway.renew(name="cart")
    hop("Standard token exchange is not enabled for the requested client", token_file=str(first_token))


def test_grant(keycloak, pod):
    """jwt-bearer as the page says: each token of the Pod once, and the refusal of the second use is the page's"""
    billing = pod("billing")
    words = next(command for command in billing.page.commands() if "jwt-bearer" in command)
    for round in range(2):
        result = billing.fetch(words, "--force")
        assert result.status == 0, (result.err, keycloak.last_log())
        claims = keycloak.verify((billing.out / "token.jwt").read_text(), "account")
        assert claims["preferred_username"] == "billing", claims
        if round == 0:
            keycloak.met |= {billing.refused(words, "Token reuse detected", "--force", status=66)}
        else:  # it has learnt that Keycloak takes a token once, and sends none twice
            result = billing.fetch(words, "--force", "--deadline", "1s")
            assert result.status == 66 and "was sent already" in result.last, result.err
        billing.renew()
    user = json.loads(keycloak.admin("get", "users", "-r", "shop", "-q", "username=billing", "--fields", "id"))[0]["id"]
    keycloak.admin("delete", f"users/{user}/federated-identity/pods", "-r", "shop")
    keycloak.met |= {billing.refused(words, "User not found", "--force")}


def test_all_refusals(keycloak, pod):
    """each refusal that the page lists was met"""
    assert set(pod("cart").page.refusals()) == keycloak.met
