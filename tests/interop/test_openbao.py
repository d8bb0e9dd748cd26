# SPDX-License-Identifier: Apache-2.0
"""An OpenBao that is set up by the commands of docs/servers/openbao.md: protocol vault, with each refusal that the page lists. It also trusts
mock-sts by OIDC discovery: the token that we wrote opens it, and policies by claim hold."""
import contextlib
import os
import re
import signal
import socket
import time

import hvac
import hvac.exceptions
import pytest

from cluster import Cluster
from harness import pki
from harness.mock import wait_for
from harness.servers import free_port
from pages import Page, Pod
from program import Program
from reading import LIFE, OFTEN, Node, while_refreshing

ROOT_TOKEN = "root-of-a-test"
# Who logs in says where it comes from in its claims; these go into its alias, and the policy is written with them.
POLICY = """
path "secret/data/{{identity.entity.aliases.ACCESSOR.metadata.cluster}}/{{identity.entity.aliases.ACCESSOR.metadata.namespace}}/*" {
  capabilities = ["read"]
}
"""


class OpenBao(Program):
    """A server in development mode: in memory, unsealed, with TLS certificates of its own. It is set up by the commands of its page."""

    NAME = "openbao"

    def __init__(self, folder, ca):
        super().__init__(folder, ca)
        self.port, self.audience = free_port(), "https://vault.example"
        self.url = f"https://127.0.0.1:{self.port}"
        self.put = {"https://kubernetes.default.svc.cluster.local": self.cluster.issuer, "cluster-ca.crt": self.ca_file,
                    "address=https://vault.example": f"address={self.url}"}
        self.ca_file = folder / "vault-ca.pem"

    def set_up(self):
        env = {"PATH": self.path_with("bao", os.environ["STS_INTEROP_OPENBAO"]), "HOME": str(self.folder)}
        self.start(["bao", "server", "-dev", "-dev-tls", f"-dev-tls-cert-dir={self.folder}", "-dev-no-store-token",
                    f"-dev-root-token-id={ROOT_TOKEN}", f"-dev-listen-address=127.0.0.1:{self.port}"], env)
        self.ca_file.chmod(0o644)
        Page("openbao.md", self.put).set_up(env | {"BAO_ADDR": self.url, "BAO_CACERT": str(self.ca_file), "BAO_TOKEN": ROOT_TOKEN})

    def is_ready(self):
        with contextlib.suppress(Exception):
            self.root = self.client(ROOT_TOKEN)
            return (self.root.sys.is_initialized() and not self.root.sys.is_sealed()
                    and "secret/" in self.root.sys.list_mounted_secrets_engines()["data"])

    def client(self, token=None):
        return hvac.Client(url=self.url, token=token, verify=str(self.ca_file))

    def role(self, name, **fields):
        """A role beside the page's own."""
        self.root.write_data(f"auth/jwt/role/{name}", data={"role_type": "jwt", "user_claim": "sub", "bound_audiences": self.audience} | fields)


@pytest.fixture(scope="module")
def bao(ca):
    with OpenBao.started(ca) as made:
        yield made


@pytest.fixture
def pod(sidecar, bao, folder):
    return Pod(sidecar, "openbao.md", bao, folder, "cart")


def test_page(bao, pod):
    """OpenBao, set up as its page says, takes a Pod's token again and again; hvac reads with the client token what the policy allows"""
    (command,) = pod.page.commands()
    for name in ("cart", "till"):
        bao.root.secrets.kv.v2.create_or_update_secret(f"shop/{name}", {"password": f"of-{name}"})
    for _ in range(2):
        result = pod.fetch(command, "--force")
        assert result.status == 0, (result.err, bao.last_log())
        client = bao.client((pod.out / "token.jwt").read_text())
        assert client.secrets.kv.v2.read_secret_version("shop/cart", raise_on_deleted_version=True)["data"]["data"]["password"] == "of-cart"
        with pytest.raises(hvac.exceptions.Forbidden):
            client.secrets.kv.v2.read_secret_version("shop/till", raise_on_deleted_version=True)
        assert 3500 < client.auth.token.lookup_self()["data"]["ttl"] <= 3600


def test_identity_tokens(bao):
    """Our `verify` takes OpenBao's own identity tokens, whose issuer has a path, in several algorithms"""
    bao.root.write_data("identity/oidc/config", data={"issuer": bao.url})
    bao.root.sys.create_or_update_policy("signer", 'path "identity/oidc/token/*" { capabilities = ["read"] }')
    bao.role("signer", token_policies=["signer"])
    client = bao.client(bao.client().auth.jwt.jwt_login("signer", bao.cluster.token(bao.audience), path="jwt")["auth"]["client_token"])
    for alg in ("RS256", "ES384", "ES512"):
        bao.root.write_data(f"identity/oidc/key/{alg}", data={"algorithm": alg, "allowed_client_ids": "*"})
        bao.root.write_data(f"identity/oidc/role/{alg}", data={"key": alg, "client_id": "orders"})
        bao.also_verified(client.read(f"identity/oidc/token/{alg}")["data"]["token"], f"{bao.url}/v1/identity/oidc", "orders")


@pytest.fixture
def issuer_down(bao, pod, ca, folder):
    """Auth methods that trust another cluster, which is closed: `used` has read its keys before that, `unused` has not."""
    (command,) = pod.page.commands()
    with contextlib.closing(Cluster(ca, folder)) as cluster:
        for mount in ("used", "unused"):
            bao.root.sys.enable_auth_method("jwt", path=mount)
            bao.root.auth.jwt.configure(oidc_discovery_url=cluster.issuer, oidc_discovery_ca_pem=ca.pem.decode(), path=mount)
            bao.root.write_data(f"auth/{mount}/role/cart", data={"role_type": "jwt", "user_claim": "sub", "bound_audiences": bao.audience})
        pod.refused(command, "error validating token: error verifying token signature: failed", "--param", "mount=used")


def test_refusals(bao, pod, issuer_down):
    """OpenBao refuses with the words of the page, and no other refusal is on it"""
    (command,) = pod.page.commands()
    met = set()

    def refused(text, role="cart", *more, status=77, **subject):
        pod.renew(**subject)
        met.add(pod.refused(command, text, "--force", *more, replace={"role=": f"role={role}"}, status=status))
    bao.role("till", bound_claims={"/kubernetes.io/serviceaccount/name": "till"})
    bao.role("no-audience", bound_audiences="", bound_subject="system:serviceaccount:shop:cart")
    bao.role("for-people", role_type="oidc", allowed_redirect_uris="https://vault.example/callback")
    refused("error validating token: invalid audience (aud) claim", audience="https://other.example")
    refused("audience claim found in JWT but no audiences bound to the role", "no-audience")
    refused("error validating token: invalid subject (sub) claim", name="till")
    refused("error validating claims: claim", "till")
    refused("error validating token: invalid issuer (iss) claim", iss="https://other.example")
    refused("error validating token: invalid not before (nbf) claim", nbf=int(time.time()) + 600)
    refused("error validating token: error verifying token signature: failed", key=pki.new_key("rsa"))
    refused("error validating token: error verifying token signature: fetching keys", "cart", "--param", "mount=used")
    refused("error configuring token validator", "cart", "--param", "mount=unused")
    cart = bao.root.read("auth/jwt/role/cart")["data"]
    bao.root.delete("auth/jwt/role/cart")
    refused('role "cart" could not be found')
    bao.root.write_data("auth/jwt/role/cart", data=cart)
    refused("role with oidc role_type is not allowed", "for-people")
    bao.root.sys.enable_auth_method("jwt", path="fresh")
    refused("could not load configuration", "cart", "--param", "mount=fresh")
    refused("permission denied", "cart", "--param", "mount=nowhere")
    refused("permission denied", "cart", "--param", "mount=token")
    refused("namespace not found", "cart", "--param", "namespace=team")
    bao.root.write_data("sys/namespaces/team")
    refused("permission denied", "cart", "--param", "namespace=team")
    pod.renew()
    at = command.index("role=cart")
    met.add(pod.refused(command[:at - 1] + command[at + 1:], "missing role", "--force"))
    # A server in development mode has one key to unseal it, which it logs.
    key = re.search(r"Unseal Key: (\S+)", bao.log.read_text())[1]
    bao.root.sys.seal()
    refused("Vault is sealed", status=75)
    bao.root.sys.submit_unseal_key(key)
    assert pod.fetch(command, "--force").status == 0
    assert met == set(pod.page.refusals())


@pytest.fixture
def trusting(bao, rig):
    """trusting(*arguments of mock-sts): an STS, and OpenBao told to trust it under a mount of its own."""
    mounts = []

    def make(*serve):
        sts = rig("--cluster", "blue", *serve)
        mount = f"jwt-{sts.mock.port}"
        bao.root.sys.enable_auth_method("jwt", path=mount)
        mounts.append(mount)
        issuer = f"https://localhost:{sts.mock.port}"
        bao.root.auth.jwt.configure(oidc_discovery_url=issuer, oidc_discovery_ca_pem=(sts.mock.folder / "ca.pem").read_text(),
                                    bound_issuer=issuer, default_role="reader", path=mount)
        accessor = bao.root.sys.list_auth_methods()["data"][f"{mount}/"]["accessor"]
        bao.root.sys.create_or_update_policy(f"by-claim-{mount}", POLICY.replace("ACCESSOR", accessor))
        usual = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["mock-audience"], "allowed_redirect_uris": [],
                 "claim_mappings": {"namespace": "namespace", "cluster": "cluster"}, "token_policies": [f"by-claim-{mount}"], "path": mount}
        bao.root.auth.jwt.create_role("reader", **usual)
        bao.root.auth.jwt.create_role("shop-only", **usual, bound_claims={"namespace": "shop", "cluster": "blue"})
        bao.root.auth.jwt.create_role("green-only", **usual, bound_claims={"cluster": "green"})
        sts.mount = mount
        return sts
    for namespace in ("shop", "bank"):
        bao.root.secrets.kv.v2.create_or_update_secret(f"blue/{namespace}/db", {"password": f"of-{namespace}"})
    yield make
    for mount in mounts:
        bao.root.sys.disable_auth_method(mount)


def login(bao, sts, token, role="reader"):
    client = bao.client()
    return bao.client(client.auth.jwt.jwt_login(role, token, path=sts.mount)["auth"]["client_token"])


def password(client, namespace):
    answer = client.secrets.kv.v2.read_secret_version(f"blue/{namespace}/db", raise_on_deleted_version=True)
    return answer["data"]["data"]["password"]


def fetched(sts, namespace):
    sts.space.write("sts-token", sts.mock.mint("--namespace", namespace, "--serviceaccount", "app"))
    result = sts.command("fetch", *sts.options(deadline="10s"))
    assert result.status == 0, result.err
    return sts.token()


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_policy_by_claim(bao, trusting, alg):
    """OpenBao accepts the token we wrote; a policy by namespace and cluster lets each namespace read its own and nothing else"""
    sts = trusting("--alg", alg)
    for namespace, other in (("shop", "bank"), ("bank", "shop")):
        client = login(bao, sts, fetched(sts, namespace))
        assert password(client, namespace) == f"of-{namespace}"
        with pytest.raises(hvac.exceptions.Forbidden):
            password(client, other)


def test_bound_claims(bao, trusting):
    """a role bound to namespace and cluster lets one in and denies another"""
    sts = trusting()
    shop, bank = fetched(sts, "shop"), fetched(sts, "bank")
    assert password(login(bao, sts, shop, "shop-only"), "shop") == "of-shop"
    for token, role in ((bank, "shop-only"), (shop, "green-only")):
        with pytest.raises(hvac.exceptions.InvalidRequest):
            login(bao, sts, token, role)


def test_bad_tokens(bao, trusting):
    """OpenBao refuses what it must: the subject token itself, a token with a flipped byte, one of another audience"""
    sts = trusting("--any-audience")
    good = fetched(sts, "shop")
    head, body, signature = good.split(".")
    flipped = ".".join((head, body, ("A" if signature[0] != "A" else "B") + signature[1:]))
    other = sts.command("fetch", *sts.options(url=f"https://localhost:{sts.mock.port}/token", protocol="token-exchange", audience="elsewhere"),
                        "--stdout").out.decode()
    assert other.count(".") == 2
    for token in ((sts.folder / "sts-token").read_text(), flipped, other):
        with pytest.raises((hvac.exceptions.InvalidRequest, hvac.exceptions.Forbidden)):
            login(bao, sts, token)
    login(bao, sts, good)


def test_readers(bao, trusting):
    """hvac and node-vault log in with token.jwt across three refreshes while the signing key rotates, and are never refused"""
    # A reader may read the file just before the key rotates: OpenBao must know the old key then.
    sts = trusting(*LIFE, "--publish-all-keys")
    token_file = sts.out / "token.jwt"

    seen = set()

    def by_hvac():
        token = token_file.read_text()
        assert password(login(bao, sts, token), "default") == "of-default"
        seen.add(token)
        if len(seen) == 2:
            seen.add("")
            sts.mock.control("POST", "rotate")
        return token
    bao.root.secrets.kv.v2.create_or_update_secret("blue/default/db", {"password": "of-default"})
    sts.run(options=OFTEN)
    sts.has_token()
    with Node("vault.mjs", {"file": str(token_file), "endpoint": bao.url, "mount": sts.mount, "role": "reader", "path": "secret/data/blue/default/db"},
              {"NODE_EXTRA_CA_CERTS": str(bao.ca_file)}) as by_node:
        while_refreshing(sts, {"hvac": by_hvac, "node-vault": by_node})
    assert sts.mock.stats()["rotations"] == 1


def test_vault_row(bao, trusting, folder):
    """row vault: logs in with the token of mock-sts across three refreshes; hvac reads with the client token, and is never refused"""
    sts = trusting("--lifetime", "5m")
    assert sts.command("fetch", *sts.options()).status == 0
    assert sts.claims()["namespace"] == "default"
    bao.root.secrets.kv.v2.create_or_update_secret("blue/default/db", {"password": "of-default"})
    # The role gives tokens for 20 s: what is left of the older ones is over soon.
    bao.root.write_data(f"auth/{sts.mount}/role/reader", data={"token_ttl": "20s"} | bao.root.read(f"auth/{sts.mount}/role/reader")["data"] | {
        "token_ttl": "20s", "token_max_ttl": "20s"})
    second = folder / "second"
    second.mkdir()
    second.chmod(0o777)
    sts.run("--param", f"address={bao.url}", "--param", f"mount={sts.mount}", "--param", "role=reader",
            options=OFTEN | {"url": None, "protocol": "vault", "token-file": sts.out / "token.jwt", "output-dir": second,
                             "cacert-path": bao.ca_file})
    wait_for((second / "expires").exists, "a token of OpenBao's")

    def read():
        token = (second / "token.jwt").read_text()
        assert password(bao.client(token), "default") == "of-default"
        return token
    while_refreshing(sts, {"hvac": read})


def test_vault_row_refused(bao, trusting, folder):
    """protocol vault: the message of a refusal has OpenBao's words, and does not blame the client certificate, which OpenBao asks all clients for"""
    sts = trusting()
    assert sts.command("fetch", *sts.options()).status == 0
    subject = sts.space.write("jwt", sts.token())
    result = sts.command("fetch", "--param", f"address={bao.url}", "--param", f"mount={sts.mount}", "--param", "role=green-only",
                         *sts.options(url=None, protocol="vault", token_file=subject, cacert_path=bao.ca_file, deadline="3s"))
    # OpenBao refuses every login with 400, and words without a code.
    assert result.status == 77, result.err
    assert len(result.lines) == 1 and "parameters" in result.last, result.err
    assert "unexpected status 400: error validating claims: claim" in result.last and "certificate" not in result.last, result.err


# ---- --revoke-on-stop ----

@pytest.fixture
def revoking(bao, trusting, folder):
    """revoking(*more, role=...): a sidecar that holds a token of OpenBao's and revokes it when it is told to stop; with it the rig and the directory."""
    bao.root.secrets.kv.v2.create_or_update_secret("blue/default/db", {"password": "of-default"})
    sts = trusting("--lifetime", "5m")
    assert sts.command("fetch", *sts.options()).status == 0
    second = folder / "second"
    second.mkdir()
    second.chmod(0o777)

    def start(*more, role="reader"):
        return sts.run("--revoke-on-stop", "--param", f"address={bao.url}", "--param", f"mount=auth/{sts.mount}", "--param", f"role={role}", *more,
                          options={"url": None, "protocol": "vault", "token-file": sts.out / "token.jwt", "output-dir": second, "cacert-path": bao.ca_file})
    return sts, second, start


def works(bao, token):
    try:
        return password(bao.client(token), "default") == "of-default"
    except hvac.exceptions.Forbidden:
        return False


def test_revoked_on_stop(bao, revoking):
    """--revoke-on-stop: OpenBao does not take the token any more; a sidecar that restarts in place has a new one before `check` says yes"""
    sts, second, start = revoking
    process = start()
    wait_for(lambda: sts.command("check", second).status == 0, "a token")
    first = (second / "token.jwt").read_text()
    assert works(bao, first)
    assert sts.stop(process).status == 0
    sts.said("token revoked")
    assert not works(bao, first) and sts.command("check", second).status == 1
    start()
    wait_for(lambda: sts.command("check", second).status == 0, "a new token")
    assert (second / "token.jwt").read_text() != first and works(bao, (second / "token.jwt").read_text())


def test_a_batch_token(bao, revoking):
    """--revoke-on-stop: a batch token cannot be revoked, and the warning has OpenBao's words"""
    sts, second, start = revoking
    role = bao.root.read(f"auth/{sts.mount}/role/reader")["data"]
    bao.root.write_data(f"auth/{sts.mount}/role/batch", data=role | {"token_type": "batch"})
    process = start(role="batch")
    wait_for(lambda: sts.command("check", second).status == 0, "a token")
    token = (second / "token.jwt").read_text()
    assert sts.stop(process).status == 0
    [line] = sts.said("the token was not revoked")
    assert "batch tokens cannot be revoked" in line["reason"] and works(bao, token), line


def test_stopped_while_the_server_is_down(bao, revoking):
    """--revoke-on-stop: the sidecar ends at once, with a warning, if OpenBao is down, and within --revoke-timeout if it does not answer"""
    sts, second, start = revoking
    process = start()
    wait_for(lambda: sts.command("check", second).status == 0, "a token")
    bao.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert sts.stop(process).status == 0
        assert time.monotonic() - began < 10
    finally:
        bao.process.send_signal(signal.SIGCONT)
    assert "time ran out" in sts.said("the token was not revoked")[0]["reason"]
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    down = start("--revoke-url", f"https://127.0.0.1:{port}/v1/auth/token/revoke-self")
    sts.said("token refreshed", 2)
    assert sts.stop(down).status == 0
    assert "connection refused" in sts.said("the token was not revoked", 2)[-1]["reason"]
    assert works(bao, (second / "token.jwt").read_text()) and sts.command("check", second).status == 0


def test_an_unknown_mount(bao, revoking):
    """protocol vault: a refusal that may mean a wrong mount asks about it"""
    sts, _, _ = revoking
    subject = sts.space.write("jwt", sts.token())
    result = sts.command("fetch", "--param", f"address={bao.url}", "--param", "mount=auth/nowhere", "--param", "role=reader",
                         *sts.options(url=None, protocol="vault", token_file=subject, cacert_path=bao.ca_file, deadline="2s"))
    assert result.status == 77 and "(is mount=auth/nowhere right?)" in result.last, result.err
