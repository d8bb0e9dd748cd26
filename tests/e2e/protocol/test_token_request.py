# SPDX-License-Identifier: Apache-2.0
"""Protocol `kubernetes`: what is asked of the API server, where the answer comes from, and what its refusals look like."""
import json
import uuid

import jwt
import pytest
from harness import tokens
from harness.api_server import ApiServer, status
from harness.mock import ISSUER, Mock

POD = {"name": "checkout-0", "uid": "0c4c3bd0-6a0c-4a0b-8d53-6a8a8c1f5f77"}
PATH = f"/api/v1/namespaces/{tokens.NAMESPACE}/serviceaccounts/{tokens.ACCOUNT}/token"
BOUND = {"name": POD["name"], "kind": "Pod", "apiVersion": "v1", "uid": POD["uid"]}
PROXIES = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def ends_with(space, claims, late_s=10):
    """`expires` is the token's own end, or a little earlier: it counts from when the request was sent."""
    return (space.out / "expires").read_text() in {tokens.rfc3339(claims["exp"] - early_s) for early_s in range(late_s)}


@pytest.fixture
def ask(fetch, serve):
    """`fetch` of a token from an API server at the address that the environment names."""
    def run(*more, api=None, address="127.0.0.1", env=None, **options):
        api = api or ApiServer()
        server = serve(api.answer, address=address)
        env = {"KUBERNETES_SERVICE_HOST": address, "KUBERNETES_SERVICE_PORT": str(server.port)} | (env or {})
        run.lines = lambda: [request.decode().split("\r\n")[0] for request in server.requests]
        return fetch(None, *more, protocol="kubernetes", deadline="2s", env=env, **options), api
    return run


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_fresh_token(ask, space, address):
    """The Pod's token says whose token is asked for, and the variables of the Pod where."""
    result, api = ask("--audience=https://sts.example", address=address)
    assert result.status == 0, result.err
    assert ask.lines() == [f"POST {PATH} HTTP/1.1"]
    assert api.bodies == [{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {
        "audiences": ["https://sts.example"], "expirationSeconds": 600, "boundObjectRef": BOUND}}]
    claims = claims_of((space.out / "token.jwt").read_text())
    assert claims["aud"] == ["https://sts.example"] and claims["kubernetes.io"]["pod"] == POD
    assert ends_with(space, claims)


def test_proxies(fetch):
    """The variables of a proxy do not count, and --proxy does. (A loopback address never needs a proxy, so another one is asked for.)"""
    def asked(protocol, *more):
        return fetch(None, "--audience=a", *more, protocol=protocol, deadline="1s", timeout="1s", env=PROXIES).err
    no_proxy = asked("kubernetes", "--param=host=192.0.2.1")
    assert "192.0.2.1" in no_proxy and "proxy" not in no_proxy, no_proxy
    assert "no way to the proxy" in asked("kubernetes", "--param=host=192.0.2.1", "--proxy=http://127.0.0.1:1")
    assert "no way to the proxy" in asked("token-exchange", "--url=https://192.0.2.1/token")


def test_the_api_server_may_give_less(ask, space):
    result, _ = ask("--audience=a", "--audience=b", "--param=expiration-seconds=3600", api=ApiServer(life=900))
    assert result.status == 0, result.err
    claims = claims_of((space.out / "token.jwt").read_text())
    assert claims["aud"] == ["a", "b"]
    assert ends_with(space, claims)


def test_without_a_pod(ask, space):
    """A token that is not bound to a Pod gives one that is not bound; a Pod that the user names has no UID of another Pod."""
    claims = {"kubernetes.io": {"namespace": tokens.NAMESPACE, "serviceaccount": {"name": tokens.ACCOUNT}}}
    space.token_file.write_text(tokens.subject(**claims))
    result, api = ask("--audience=a")
    assert result.status == 0, result.err
    assert api.bodies[0]["spec"] == {"audiences": ["a"], "expirationSeconds": 600}
    space.token_file.write_text(tokens.subject())
    result, api = ask("--audience=a", "--param=pod=checkout-0")
    assert result.status == 0, result.err
    assert api.bodies[0]["spec"]["boundObjectRef"] == {"name": "checkout-0", "kind": "Pod", "apiVersion": "v1"}


# Arguments, what the API server is made of, words of the message.
REFUSALS = {
    "403": (["--param=service-account=other"], {}, '403: Forbidden: serviceaccounts "other" is forbidden: User "system:serviceaccount:'),
    "404": ([], {"known": set()}, f'404: NotFound: serviceaccounts "{tokens.ACCOUNT}" not found'),
    "409": (["--param=pod=checkout-0", "--param=pod-uid=0"], {}, '409: Conflict: Operation cannot be fulfilled on pods "checkout-0"'),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(ask, space, name):
    args, api, words = REFUSALS[name]
    result, _ = ask("--audience=a", *args, api=ApiServer(**api))
    assert result.status == 77 and words in result.err, result.err
    assert not [path for path in space.out.iterdir() if path.name != ".status"]
    assert f"\nsts_error {words.split(': ')[1]}\n" in (space.out / ".status").read_text()


def test_unauthorized(ask):
    """401: the API server does not accept the Pod's token"""
    class Refuses(ApiServer):
        def answer(self, request):
            return status(401, "Unauthorized", "Unauthorized")
    result, _ = ask("--audience=a", api=Refuses())
    assert result.status == 77 and "401: Unauthorized: Unauthorized" in result.err, result.err


# Arguments, the claims that the token has in place of its own, words of the message.
MISSING = {
    "no claims": ([], {"kubernetes.io": None}, "parameter namespace is missing, and protocol kubernetes needs it: --param namespace=..., or the claim /kubernetes.io/namespace"),
    "a claim of another kind": ([], {"kubernetes.io": {"namespace": ["x"], "serviceaccount": {"name": "y"}}}, "parameter namespace is missing"),
    "a claim that leads elsewhere": ([], {"kubernetes.io": {"namespace": "a/../b", "serviceaccount": {"name": "y"}}}, "parameter namespace"),
    "no name": ([], {"kubernetes.io": {"namespace": "x"}}, "parameter service-account is missing"),
}


@pytest.mark.parametrize("name", MISSING)
def test_claims_that_do_not_fit(ask, space, name):
    args, claims, words = MISSING[name]
    space.token_file.write_text(tokens.subject(**claims))
    result, api = ask("--audience=a", *args)
    assert result.status == 66 and words in result.err, result.err
    assert ask.lines() == []


def test_no_jwt(ask, space):
    space.token_file.write_text("opaque-token")
    result, _ = ask("--audience=a")
    assert result.status == 66 and "parameter namespace is missing" in result.err, result.err
    result, _ = ask("--audience=a", "--param=namespace=x", "--param=service-account=y")
    assert result.status == 77 and "401: Unauthorized" in result.err, result.err


def test_what_is_refused_at_the_start(sidecar):
    for args, words in ((["--param=expiration-seconds=599"], "needs a whole number from 600 to 43200"), (["--body=form"], "needs a JSON body"),
                        (["--param=kind=Pod"], "is filled in by the program"), (["--param=host=a/b"], "may have letters, digits and .:- only")):
        result = sidecar.run("fetch", "--dry-run", "--protocol=kubernetes", "--audience=a", *args)
        assert result.status == 64 and words in result.err, (args, result.err)
    result = sidecar.run("fetch", "--dry-run", "--protocol=kubernetes")
    assert result.status == 64 and "parameter audience is missing" in result.err, result.err


def test_files_of_the_service_account(ask, space):
    """Without options, the token and the CA are those of the Pod's ServiceAccount, and no other CA is trusted."""
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    result, _ = ask("--audience=a", token_file=None)
    assert result.status == 66 and f"{folder}/token" in result.err, result.err
    result, _ = ask("--audience=a", cacert_path=None, env={"SSL_CERT_FILE": str(space.ca_file)})
    assert result.status == 69 and f"{folder}/ca.crt" in result.err, result.err
    assert ask.lines() == []


def test_first_link_of_a_chain(sidecar, serve, space, tmp_path):
    """An STS takes the fresh token, which is for its own audience, as the subject token of the second exchange."""
    sts = Mock(tmp_path, "--allow-namespace", "shop")
    api = ApiServer(mint=lambda claims: sts.sign(claims | {"jti": str(uuid.uuid4())}))
    server = serve(api.answer)
    pod = {"namespace": "shop", "serviceaccount": {"name": "cart"}, "pod": POD}
    space.token_file.write_text(tokens.subject(sub="system:serviceaccount:shop:cart", **{"kubernetes.io": pod}))
    space.ca_file.write_text(space.ca_file.read_text() + (sts.folder / "ca.pem").read_text())
    exchanges = [
        {"name": "fresh", "protocol": "kubernetes", "audience": ISSUER, "token-file": str(space.token_file)},
        {"name": "sts", "url": f"https://localhost:{sts.port}/token", "token-file": str(space.out / "fresh" / "token.jwt")},
    ]
    for exchange in exchanges:
        exchange["output-dir"] = str(space.out / exchange["name"])
        (space.out / exchange["name"]).mkdir()
        (space.out / exchange["name"]).chmod(0o777)
    config = space.write("config.json", json.dumps({"cacert-path": [str(space.ca_file)], "exchanges": exchanges}))
    env = {"KUBERNETES_SERVICE_HOST": "localhost", "KUBERNETES_SERVICE_PORT": str(server.port)}
    result = sidecar.run("fetch", "--config", config, "--deadline", "10s", env=env)
    sts.close()
    assert result.status == 0, result.err
    assert claims_of((space.out / "sts" / "token.jwt").read_text())["sub"] == "mock:shop:cart"
