# SPDX-License-Identifier: Apache-2.0
"""A Hydra that is started and set up by the commands of docs/servers/hydra.md: jwt-bearer, with each of the Pod's tokens once, and a
client's assertion of another STS."""
import contextlib
import json
import os
import urllib.request

import jwt
import pytest

from harness import pki
from harness.mock import wait_for
from harness.servers import free_port
from pages import Page, Pod
from program import Program

SECRET = "secret-of-a-test"
ORDERS = "https://orders.example"


class Hydra(Program):
    NAME = "hydra"

    def __init__(self, folder, ca):
        super().__init__(folder, ca)
        port, admin = free_port(), free_port()
        self.url, self.admin = f"https://localhost:{port}", f"http://127.0.0.1:{admin}"
        self.audience = f"{self.url}/oauth2/token"
        (folder / "hydra.yaml").write_text(json.dumps({
            "dsn": "memory", "secrets": {"system": ["a-secret-of-sixteen-characters-and-more"]}, "urls": {"self": {"issuer": self.url + "/"}},
            "sqa": {"opt_out": True},
            "serve": {"public": {"port": port, "host": "127.0.0.1", "tls": {"enabled": True, "cert": {"path": self.cert}, "key": {"path": self.key}}},
                      "admin": {"port": admin, "host": "127.0.0.1", "tls": {"enabled": False}}}}))
        secret = folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o644)
        self.put = {"https://hydra.example": self.url, "http://127.0.0.1:4445": self.admin, "/etc/hydra/hydra.yaml": folder / "hydra.yaml",
                    "https://kubernetes.default.svc.cluster.local": self.cluster.issuer, "/var/run/secrets/hydra/secret": secret}

    def set_up(self):
        page = Page("hydra.md", self.put)
        env = {"PATH": self.path_with("hydra", os.environ["STS_INTEROP_HYDRA"]), "HOME": str(self.folder), "CURL_CA_BUNDLE": str(self.ca_file),
               "CLIENT_SECRET": SECRET, "SSL_CERT_FILE": str(self.ca_file)}
        self.start_page(page.server(slice(0, 1)), env)
        page.set_up(env, slice(1, None))

    def is_ready(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.admin}/health/ready", timeout=5) as answer:
            return answer.status == 200

    def ask(self, path, about):
        request = urllib.request.Request(self.admin + path, json.dumps(about).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def verify(self, token, audience=None):
        with urllib.request.urlopen(f"{self.url}/.well-known/jwks.json", context=self.context, timeout=20) as answer:
            keys = {key["kid"]: jwt.PyJWK(key) for key in json.load(answer)["keys"]}
        self.also_verified(token, self.url + "/", audience)
        return jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]], algorithms=["RS256"], audience=audience, issuer=self.url + "/",
                          options={"verify_aud": audience is not None})


@pytest.fixture(scope="module")
def hydra(ca):
    with Hydra.started(ca) as made:
        yield made


@pytest.fixture
def pod(sidecar, hydra, folder):
    return Pod(sidecar, "hydra.md", hydra, folder, "cart")


def test_grant(hydra, pod):
    """Hydra, set up as its page says, takes each token of a Pod once; the refusals are those of the page, and no other is on it"""
    (command,) = pod.page.commands()
    met = set()
    for round in range(2):
        result = pod.fetch(command, "--force")
        assert result.status == 0, (result.err, hydra.last_log())
        claims = hydra.verify((pod.out / "token.jwt").read_text(), ORDERS)
        assert (claims["sub"], claims["scp"]) == ("system:serviceaccount:shop:cart", ["orders"])
        if round == 0:
            met.add(pod.refused(command, "jti_known", "--force", status=66))
        else:  # it has learnt that Hydra takes a token once, and sends none twice
            result = pod.fetch(command, "--force", "--deadline", "1s")
            assert result.status == 66 and "was sent already" in result.last, result.err
        pod.renew()
    pod.renew("https://other.example")
    met.add(pod.refused(command, "invalid_grant", "--force"))
    pod.renew(name="stranger")
    met.add(pod.refused(command, "invalid_grant", "--force"))
    pod.renew(key=pki.new_key("rsa"))
    met.add(pod.refused(command, "invalid_grant", "--force"))
    pod.renew()
    met.add(pod.refused(command, "invalid_client", "--force", replace={"cart": "nobody"}))
    pod.renew()
    met.add(pod.refused(command, "invalid_client", "--force", "--client-auth", "post"))
    pod.renew()
    hydra.ask("/admin/clients", {"client_id": "till", "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic",
                                 "grant_types": ["client_credentials"], "scope": "orders"})
    met.add(pod.refused(command, "unauthorized_client", "--force", replace={"cart": "till"}))
    pod.renew()
    result = pod.fetch([word.replace(ORDERS, "https://other.example") for word in command], "--force")
    assert result.status == 65 and "https://other.example" in result.last, result.err
    pod.renew()
    met.add(pod.refused(command, "invalid_scope", "--force", replace={"orders": "more"}))
    url = command[command.index("--url") + 1]
    bare = ["run", "--protocol", "jwt-bearer", "--url", url, "--token-file", str(pod.subject), "--output-dir", str(pod.out)]
    met.add(pod.refused(bare, "invalid_request", "--force"))
    assert met == set(pod.page.refusals())


def test_run(hydra, pod):
    """run learns that Hydra takes a token once, and exchanges each new token of the Pod as soon as it is there"""
    (command,) = pod.page.commands()
    pod.renew(lifetime_s=600)
    seen = []
    with pod.run(*command[1:], "--refresh-before", "895s"):
        for _ in range(3):
            token = wait_for(lambda: (pod.out / "token.jwt").exists() and (text := (pod.out / "token.jwt").read_text()) not in seen and text,
                             f"another token, log: {pod.log.read_text()}", 60)
            hydra.verify(token, ORDERS)
            seen.append(token)
            done = pod.sidecar.run("refresh", "--timeout", "10s", pod.out)  # with the same token: Hydra refuses, or the sidecar waits
            assert done.status != 0, done
            pod.renew(lifetime_s=600)
    assert not [line for line in pod.lines() if line["level"] == "error"], pod.lines()


def test_assertion(hydra, pod):
    """a JWT whose issuer and subject are the client's id is taken as its assertion, once; a Pod's token is not"""
    client = "reporter"
    hydra.ask("/admin/clients", {"client_id": client, "grant_types": ["client_credentials"], "scope": "orders", "token_endpoint_auth_method": "private_key_jwt",
                                 "jwks_uri": f"{hydra.cluster.issuer}/openid/v1/jwks", "token_endpoint_auth_signing_alg": "RS256"})
    command = ["run", "--protocol", "client-assertion", "--url", hydra.audience, "--client-id", client, "--scope", "orders",
               "--token-file", str(pod.subject), "--output-dir", str(pod.out)]
    assert pod.fetch(command, "--deadline", "1s").status == 77
    pod.renew(iss=client, sub=client)
    result = pod.fetch(command)
    assert result.status == 0, (result.err, hydra.last_log())
    assert hydra.verify((pod.out / "token.jwt").read_text())["client_id"] == client
    again = pod.fetch(command, "--force", "--deadline", "1s")
    assert again.status == 66 and "jti_known" in again.last, again.err
