# SPDX-License-Identifier: Apache-2.0
"""An OpenBao server whose jwt auth trusts mock-sts by OIDC discovery: the token that we wrote opens it, and policies by claim hold."""
import contextlib
import os
import signal
import socket
import subprocess
import time

import hvac
import hvac.exceptions
import pytest

from harness.mock import wait_for
from harness.servers import free_port
from reading import LIFE, OFTEN, Node, while_refreshing

ROOT_TOKEN = "root-of-a-test"
PATIENCE_S = 60
# Who logs in says where it comes from in its claims; these go into its alias, and the policy is written with them.
POLICY = """
path "secret/data/{{identity.entity.aliases.ACCESSOR.metadata.cluster}}/{{identity.entity.aliases.ACCESSOR.metadata.namespace}}/*" {
  capabilities = ["read"]
}
"""


class OpenBao:
    """A server in development mode: in memory, unsealed, with TLS certificates of its own."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.ca_file = folder / "vault-ca.pem"
        with open(folder / "openbao.log", "ab") as log:
            self.process = subprocess.Popen(
                [os.environ["STS_INTEROP_OPENBAO"], "server", "-dev", "-dev-tls", f"-dev-tls-cert-dir={folder}", "-dev-no-store-token",
                 f"-dev-root-token-id={ROOT_TOKEN}", f"-dev-listen-address=127.0.0.1:{self.port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"})
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(Exception):
                self.root = self.client(ROOT_TOKEN)
                if self.root.sys.is_initialized() and not self.root.sys.is_sealed() and "secret/" in self.root.sys.list_mounted_secrets_engines()["data"]:
                    self.ca_file.chmod(0o644)
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise AssertionError((folder / "openbao.log").read_text())
            time.sleep(0.1)

    def client(self, token=None):
        return hvac.Client(url=self.url, token=token, verify=str(self.ca_file))

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def bao(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openbao")
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.geteuid() and len(path.parts) > 2:
            path.chmod(0o755)
    made = OpenBao(folder)
    yield made
    made.close()


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
