# SPDX-License-Identifier: Apache-2.0
"""`verify`: a token is believed if its issuer has signed it, and nothing else makes it so."""
import base64
import hmac
import json
import pathlib
import re
import shutil
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from harness import pki, tokens
from harness.runs import rig  # fixture
from harness.sidecar import TOP, Sidecar, build_folder, can_trace, traced

DISCOVERY, KEYS = "/.well-known/openid-configuration", "/certs"
KID = "CN=key, O=a b"


def jwks(*keys):
    """A JWKS of (private key, members)."""
    made = []
    for key, more in keys:
        kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
        jwk = kind.to_jwk(key.public_key(), as_dict=True)
        jwk.pop("key_ops", None)
        made.append(jwk | more)
    return {"keys": made}


class Issuer:
    """A server that publishes its documents under a path, and signs tokens."""

    def __init__(self, serve, path=""):
        self.key = pki.new_key()
        self.pages = {}
        self.server = serve(self.answer)
        self.name = self.server.url(path)
        self.publish(jwks((self.key, {"kid": KID, "use": "sig", "alg": "ES256"})))

    def publish(self, keys=None, **discovery):
        base = self.name.rstrip("/").removeprefix(self.server.url(""))
        self.set(base + DISCOVERY, {"issuer": self.name, "jwks_uri": self.server.url(KEYS)} | discovery)
        if keys:
            self.set(KEYS, keys)

    def set(self, path, page, status=200, headers=()):
        self.pages[path] = tokens.http(status, page if isinstance(page, bytes) else json.dumps(page).encode(), headers=headers)

    def answer(self, request):
        return self.pages.get(request.split(b" ")[1].decode()) or tokens.http(404, b"")

    def token(self, key=None, alg="ES256", headers=None, **claims):
        now = int(time.time())
        usual = {"iss": self.name, "sub": "shop:cart", "aud": ["vault", "other"], "iat": now, "nbf": now, "exp": now + 900}
        return jwt.encode({name: value for name, value in (usual | claims).items() if value is not None}, key or self.key, alg,
                          headers={"kid": KID} if headers is None else headers)


@pytest.fixture
def issuer(serve):
    return Issuer(serve)


@pytest.fixture
def verify(sidecar, space):
    """Returns (exit status, the JSON object), after a run whose output has no byte of the signature."""
    def run(token, *args, env=None, json_=True):
        path = space.write("token", token)
        done = sidecar.run("verify", "--cacert-path", space.ca_file, "--cacert-only", "--timeout", "20s", *(["--json"] if json_ else []), *args, path, env=env)
        signature = token.rpartition(".")[2]
        assert len(signature) < 8 or signature[:8].encode() not in done.out + done.err.encode()
        assert all(line.isascii() and line.isprintable() for line in (done.out.decode() + done.err).splitlines())
        if not json_:
            return done
        return done.status, json.loads(done.out) if done.out else done.err
    return run


def test_verified(verify, issuer):
    token = issuer.token()
    status, said = verify(token, "--issuer", issuer.name, "--audience", "vault")
    assert status == 0
    assert {key: value for key, value in said.items() if key not in ("header", "claims", "not_before", "issued_at")} == {
        "reason": "verified", "message": "", "verified": True, "alg": "ES256", "kid": KID, "keys": issuer.server.url(KEYS),
        "expires": tokens.rfc3339(tokens.expiry(token)), "expires_in_s": said["expires_in_s"]}
    assert said["claims"]["sub"] == "shop:cart" and 880 <= said["expires_in_s"] <= 900
    done = verify(token, "--issuer", issuer.name, json_=False)
    assert done.status == 0 and done.err == ""
    assert done.out.decode().startswith(f"verified by the keys of {issuer.server.url(KEYS)}\nheader:\n")
    assert f'key "{KID}" (verified)\n' in done.out.decode()
    assert [request.split(b"\r\n")[0] for request in issuer.server.requests[:2]] == [b"GET %s HTTP/1.1" % DISCOVERY.encode(), b"GET /certs HTTP/1.1"]
    assert not any(token.encode() in request for request in issuer.server.requests)


def test_where_the_token_and_the_issuer_come_from(sidecar, space, issuer):
    """The options of the sidecar count as well, from its variables."""
    token = issuer.token()
    env = {"STS_OUTPUT_DIR": space.out, "STS_EXPECT_ISSUER": issuer.name, "STS_EXPECT_AUDIENCE": "other", "STS_CACERT_PATH": space.ca_file}
    assert sidecar.run("verify", env=env).status == 66
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    assert sidecar.run("verify", env=env).status == 0
    assert sidecar.run("verify", "-", input=token.encode() + b"\n", env=env).status == 0
    for name, value in (("STS_EXPECT_AUDIENCE", "nobody"), ("STS_EXPECT_ISSUER", "https://another.example")):
        assert sidecar.run("verify", env=env | {name: value}).status == 1
    assert sidecar.run("verify", "--issuer", issuer.name, "--audience", "vault", env=env | {"STS_EXPECT_ISSUER": "x", "STS_EXPECT_AUDIENCE": "x"}).status == 0


def test_an_issuer_that_was_not_compared(verify, issuer, serve):
    status, said = verify(issuer.token())
    assert (status, said["reason"], said["verified"]) == (1, "issuer_not_compared", False)
    assert said["message"].startswith(f"signed by the issuer that it names, {issuer.name}, which was not compared with yours")
    assert verify(issuer.token(), "--any-issuer")[0] == 0
    foreign = Issuer(serve)
    status, said = verify(foreign.token(), "--issuer", issuer.name)
    assert (status, said["reason"]) == (1, "issuer")
    assert foreign.server.connections == 0  # it is not asked


@pytest.mark.parametrize("path", ["/", "/realms/shop", "/a/b/"])
def test_issuers_with_a_path(verify, serve, path):
    issuer = Issuer(serve, path)
    assert verify(issuer.token(), "--issuer", issuer.name)[0] == 0
    assert verify(issuer.token(), "--issuer", issuer.name.rstrip("/") + ("" if path.endswith("/") else "/"))[0] == 1


def changed(token, which, change):
    parts = token.split(".")
    data = json.loads(base64.urlsafe_b64decode(parts[which] + "==="))
    return with_part(token, which, json.dumps(data | change))


def with_part(token, which, text):
    parts = token.split(".")
    parts[which] = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    return ".".join(parts)


def by_hmac(token, secret):
    """The same claims, with the algorithm HS256. PyJWT refuses a secret that is a key."""
    signed = changed(token, 0, {"alg": "HS256"}).rpartition(".")[0]
    return signed + "." + base64.urlsafe_b64encode(hmac.digest(secret.encode(), signed.encode(), "sha256")).rstrip(b"=").decode()


def test_what_the_page_shows(verify, issuer):
    """docs/verify.md has lines that say why a token is not verified, and an object of --json."""
    now, page = int(time.time()), (TOP / "docs/verify.md").read_text()
    other, expired = issuer.token(iss="https://other.example"), issuer.token(exp=now - 300)
    said = [verify(token, "--issuer", issuer.name, json_=False).out.decode() for token in (issuer.token(key=pki.new_key()), issuer.token(headers={"kid": "k1"}), expired, other)]
    _, object_ = verify(expired, "--issuer", issuer.name)
    issuer.set(DISCOVERY, b"<html>")
    said.append(verify(issuer.token(), "--issuer", issuer.name, json_=False).out.decode())
    said = [re.sub(r"5 min( \d+ s)?", "5 min", text).replace(issuer.name, "https://sts.example") for text in (*said, object_["message"])]
    steady = [line for line in "".join(said[:-1]).splitlines() if line.startswith("not verified: ")]
    assert re.findall(r"^not verified: .*", page, re.M) == steady
    shown = json.loads(re.search(r"```json\n(.*)\n```", page)[1])
    assert list(shown) == list(object_) and shown["reason"] == object_["reason"] and shown["message"] == said[-1]


REFUSED = {
    "expired": (lambda i: i.token(exp=int(time.time()) - 70), "expired"),
    "not yet valid": (lambda i: i.token(nbf=int(time.time()) + 100), "not_yet_valid"),
    "issued in the future": (lambda i: i.token(iat=int(time.time()) + 100), "not_yet_valid"),
    "another audience": (lambda i: i.token(aud="another"), "audience"),
    "no audience": (lambda i: i.token(aud=None), "audience"),
    "another issuer": (lambda i: i.token(iss="https://another.example"), "issuer"),
    "no issuer": (lambda i: i.token(iss=None), "issuer"),
    "two issuers": (lambda i: changed(i.token(), 1, {"iss": [i.name]}), "issuer"),
    "another claim": (lambda i: changed(i.token(), 1, {"sub": "root"}), "signature"),
    "another key": (lambda i: i.token(key=pki.new_key()), "signature"),
    "another key of another curve": (lambda i: i.token(key=pki.new_key("ec384"), alg="ES384"), "key"),
    "another algorithm": (lambda i: changed(i.token(), 0, {"alg": "RS256"}), "key"),
    "an unknown kid": (lambda i: i.token(headers={"kid": "x"}), "key"),
    "crit": (lambda i: i.token(headers={"kid": KID, "crit": ["exp"]}), "malformed"),
    "none": (lambda i: jwt.encode({"iss": i.name, "aud": "vault"}, None, "none"), "algorithm"),
    "none with a signature": (lambda i: changed(i.token(), 0, {"alg": "none"}), "algorithm"),
    "the public key as the secret of HMAC": (lambda i: by_hmac(i.token(), json.dumps(jwks((i.key, {})))), "algorithm"),
    "no signature": (lambda i: i.token().rpartition(".")[0] + ".", "malformed"),
    "no JWT": (lambda i: "opaque", "malformed"),
    "five parts": (lambda i: i.token() + ".a.b", "malformed"),
    "claims that are no object": (lambda i: with_part(i.token(), 1, "[]"), "malformed"),
    "an expiry that is no time": (lambda i: i.token(exp="soon"), "malformed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(verify, issuer, name):
    make, reason = REFUSED[name]
    status, said = verify(make(issuer), "--issuer", issuer.name, "--audience", "vault")
    assert (status, said["reason"], said["verified"]) == (1, reason, False), said
    assert len(said["message"]) > 10


def test_a_clock_may_differ_by_a_minute(verify, issuer):
    now = int(time.time())
    assert verify(issuer.token(exp=now - 30, nbf=now + 30, iat=now + 30), "--issuer", issuer.name)[0] == 0


def test_whose_clock_is_wrong(verify, issuer):
    """The issuer's clock is told beside a time that does not fit."""
    date = "Date: Mon, 12 Jan 2026 16:11:29 GMT"
    issuer.set(KEYS, jwks((issuer.key, {})), headers=[date])
    _, said = verify(issuer.token(exp=1768234300, nbf=None, iat=None), "--issuer", issuer.name)
    assert re.fullmatch(r"it cannot be used now: expired \d+ d( \d+ h)? ago, but the node's clock is \d+ d( \d+ h)? ahead of the issuer's", said["message"]), said


@pytest.mark.parametrize("kind, alg", [("rsa", "RS256"), ("rsa", "PS512"), ("ec384", "ES384"), ("ec521", "ES512")])
def test_algorithms(verify, issuer, kind, alg):
    key = pki.new_key(kind)
    issuer.publish(jwks((pki.new_key(), {"kid": KID}), (key, {"kid": KID}), (key, {"kid": "x"})))
    assert verify(issuer.token(key=key, alg=alg), "--issuer", issuer.name)[0] == 0
    assert verify(issuer.token(key=key, alg=alg, headers={}), "--issuer", issuer.name)[0] == 0


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
def test_a_weak_key(verify, issuer):
    key = pki.new_key("rsa1024")
    issuer.publish(jwks((key, {"kid": KID})))
    status, said = verify(issuer.token(key=key, alg="RS256"), "--issuer", issuer.name)
    assert (status, said["reason"]) == (1, "key") and "2048" in said["message"]


DOCUMENTS = {
    "of another issuer": (lambda i: i.publish(issuer=i.name + "/"), 1, "issuer"),
    "keys on plain http": (lambda i: i.publish(jwks_uri="http://127.0.0.1:1/certs"), 1, "issuer"),
    "keys at no URL": (lambda i: i.publish(jwks_uri="certs"), 1, "issuer"),
    "a URL that is too long": (lambda i: i.publish(jwks_uri="https://127.0.0.1/" + "a" * 3000), 1, "issuer"),
    "no keys' URL": (lambda i: i.set(DISCOVERY, {"issuer": i.name}), 1, "answer"),
    "a web page": (lambda i: i.set(DISCOVERY, b"<!doctype html><title>x</title>"), 1, "html"),
    "no JSON": (lambda i: i.set(DISCOVERY, b"{"), 1, "json"),
    "nothing there": (lambda i: i.set(DISCOVERY, b"", 404), 1, "not_found"),
    "a redirect": (lambda i: i.set(DISCOVERY, b"", 302, ["Location: /other"]), 1, "redirect"),
    "a server that is overloaded": (lambda i: i.set(DISCOVERY, b"", 503), 75, "busy"),
    "forbidden": (lambda i: i.set(DISCOVERY, b"", 403), 1, "status"),
    "too long": (lambda i: i.set(DISCOVERY, b" " * 65537), 1, "too_big"),
    "keys too long": (lambda i: i.set(KEYS, b" " * 65537), 1, "too_big"),
    "keys that are a discovery document": (lambda i: i.publish(jwks_uri=i.server.url(DISCOVERY)), 1, "issuer"),
    "too many keys": (lambda i: i.set(KEYS, {"keys": [{}] * 65}), 1, "too_big"),
    "no key": (lambda i: i.set(KEYS, {"keys": []}), 1, "key"),
    "keys of which one is unknown": (lambda i: i.set(KEYS, {"keys": [{"kty": "OKP"}, 7, *jwks((i.key, {}))["keys"]]}), 0, "verified"),
    "the key twice, once for encryption": (lambda i: i.set(KEYS, jwks((i.key, {"kid": KID, "use": "enc"}), (i.key, {"kid": KID}))), 0, "verified"),
    "the key for encryption": (lambda i: i.set(KEYS, jwks((i.key, {"kid": KID, "use": "enc"}))), 1, "key"),
    "the key for another algorithm": (lambda i: i.set(KEYS, jwks((i.key, {"kid": KID, "alg": "ES384"}))), 1, "key"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(verify, issuer, name):
    change, wanted, reason = DOCUMENTS[name]
    change(issuer)
    status, said = verify(issuer.token(), "--issuer", issuer.name)
    assert (status, said["reason"]) == (wanted, reason), said


def test_a_document_is_named(verify, issuer):
    issuer.set(DISCOVERY, b"{")
    done = verify(issuer.token(), "--issuer", issuer.name, json_=False)
    assert re.fullmatch(rf"not verified: not usable JSON: .* at byte 1 \({re.escape(issuer.name + DISCOVERY)}\)\n", done.out.decode()), done.out


def test_words(verify, issuer, space):
    """What is wrong is said with where the keys were looked for, and with a hint that fits."""
    def said(token, *args):
        done = verify(token, *args, json_=False)
        return (done.out.decode() or done.err).rstrip("\n")
    keys, mine = issuer.server.url(KEYS), ["--issuer", issuer.name]
    assert said(issuer.token(headers={"kid": "a\x1b"}), *mine) == f'not verified: of 1 keys, none is for its algorithm ES256 and its kid "a\\x1B" ({keys})'
    assert said(issuer.token(key=pki.new_key("ec384"), alg="ES384", headers={}), *mine) == f"not verified: of 1 keys, none is for its algorithm ES384 ({keys})"
    assert keys not in said(issuer.token(exp=1), *mine)
    issuer.set(DISCOVERY, {"issuer": issuer.name, "jwks_uri": "certs"})
    assert said(issuer.token(), *mine) == 'not verified: the URL "certs" does not begin with https:// (certs)'
    issuer.set(DISCOVERY, b"", 503)
    assert said(issuer.token(), *mine).startswith(f"sts-sidecar: the answer is 503 ({issuer.name}{DISCOVERY}); ")
    for path, what in ((space.folder / "missing", "no such file"), (space.folder, "it is a directory"), (space.write("long", " " * 65537), "too big")):
        assert said(issuer.token(), *mine, "--jwks", path) == \
            f"sts-sidecar: cannot read {path}: {what}; --jwks takes a JWKS or a discovery document of at most 64 KiB"


def test_keys_that_are_named(verify, issuer, space, serve):
    """--jwks: a file or a URL, with one of three kinds of documents."""
    keys, discovery = jwks((issuer.key, {})), {"issuer": issuer.name, "jwks_uri": issuer.server.url(KEYS)}
    docs = {"discovery": json.dumps(discovery), "keys": json.dumps(keys)}
    other = {"discovery": json.dumps(discovery | {"issuer": "https://another.example"}), "keys": json.dumps(keys)}
    elsewhere = Issuer(serve)
    for number, (page, wanted) in enumerate([(keys, 0), (discovery, 0), (docs, 0), (other, 1), ({"keys": []}, 1), ({}, 1)]):
        path = space.write("keys", json.dumps(page))
        elsewhere.set("/public", page)
        for source in (path, elsewhere.server.url("/public")):
            assert verify(issuer.token(), "--issuer", issuer.name, "--jwks", source)[0] == wanted, (number, source)
    path = space.write("keys", json.dumps(keys))
    asked = issuer.server.connections
    assert verify(issuer.token(), "--any-issuer", "--jwks", path)[0] == 0
    assert verify(issuer.token(iss=None), "--any-issuer", "--jwks", path)[0] == 0
    assert verify(issuer.token(iss="kubernetes/serviceaccount"), "--issuer", "kubernetes/serviceaccount", "--jwks", path)[0] == 0
    assert verify(issuer.token(), "--jwks", path)[1]["reason"] == "issuer_not_compared"
    assert issuer.server.connections == asked


@pytest.mark.parametrize("accepted, wanted", [(b"application/jwk-set+json", 0), (b"text/html", 0), (None, 1)])
def test_keys_of_another_media_type(verify, serve, accepted, wanted):
    """A kube-apiserver has its keys as application/jwk-set+json, and answers 406 to those who do not take that type."""
    def answer(request):
        [accepts] = re.findall(rb"\r\nAccept: (.*?)\r\n", request)
        takes = accepted and (accepted in accepts or b"*/*" in accepts)
        return issuer.answer(request) if takes or KEYS.encode() not in request.split(b"\r\n")[0] else tokens.http(406, b"")
    issuer = Issuer(lambda _: serve(answer))
    status, said = verify(issuer.token(), "--issuer", issuer.name)
    assert status == wanted and (wanted == 0 or "406" in said["message"]), said


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_token_that_was_exchanged(rig, alg):
    """The tokens of two mock-sts, which is as OpenUnison is: by the discovery document, and by issuer-docs."""
    sts, other = rig("--alg", alg), rig("--alg", alg)
    for one in (sts, other):
        assert one.command("fetch", *one.options()).status == 0
    name = sts.claims()["iss"]

    def verify(token, *args):
        path = sts.space.write("to-verify", token)
        done = sts.command("verify", "--json", "--cacert-only", "--cacert-path", sts.mock.folder / "ca.pem", *args, path)
        return done.status, json.loads(done.out)["reason"] if done.out else done.err
    docs = ["--jwks", f"https://localhost:{sts.mock.port}/vault/issuer-docs"]
    for where in ([], docs):
        assert verify(sts.token(), "--issuer", name, *where) == (0, "verified")
        assert verify(sts.token(), *where) == (1, "issuer_not_compared")
        assert verify(changed(sts.token(), 1, {"sub": "root"}), "--issuer", name, *where) == (1, "signature")
    assert verify(other.token(), "--issuer", name)[0] == 1
    assert verify(changed(other.token(), 1, {"iss": name}), "--issuer", name)[0] == 1


def test_what_cannot_be_asked(verify, issuer, space, sidecar, serve):
    token = issuer.token()
    assert verify(issuer.token(iss="kubernetes/serviceaccount"), "--any-issuer")[1]["reason"] == "issuer"
    assert verify(issuer.token(iss=None), "--any-issuer")[1]["reason"] == "issuer"
    assert verify(issuer.token(iss=issuer.name.replace("https", "http")), "--any-issuer")[1]["reason"] == "issuer"
    for length in (1990, 3000):
        assert verify(issuer.token(iss=issuer.name + "/" + "a" * length), "--any-issuer")[1]["message"] == "its issuer is too long"
    for args, wanted in ((["--jwks", space.folder / "missing"], 66), (["--jwks", "https://"], 64), (["--jwks", "http://a.example/"], 64),
                         (["--connect", "x"], 64), (["--client-cert", "x"], 64), (["--jwks", "/" + "k" * 3000], 64)):
        status, said = verify(token, "--issuer", issuer.name, *args)
        assert status == wanted, (args, said)
    closed = serve(b"")
    closed.close()
    status, said = verify(issuer.token(iss=closed.url("")), "--any-issuer")
    assert (status, said["reason"]) == (69, "connect")
    done = sidecar.run("verify", "--any-issuer", "--cacert-only", "--cacert-path", space.write("other", pki.authority().pem), "-", input=token.encode())
    assert done.status == 69 and "issuer" in done.err and done.out == b""
    done = sidecar.run("verify", space.folder / "missing")
    assert done.status == 66 and "missing" in done.err


def test_a_server_that_does_not_answer(verify, serve):
    issuer = Issuer(lambda answer: serve(answer, stall="request"))
    status, said = verify(issuer.token(), "--issuer", issuer.name, "--timeout", "1s")
    assert (status, said["reason"]) == (75, "timeout")


def test_options_for_one_server(verify, issuer, serve):
    """--connect leads to the server of the document, and not to another one that has the keys."""
    keys = Issuer(serve)
    keys.set(KEYS, jwks((issuer.key, {})))
    issuer.name = "https://localhost:1"
    issuer.pages[DISCOVERY] = tokens.http(200, json.dumps({"issuer": issuer.name, "jwks_uri": keys.server.url(KEYS)}).encode())
    assert verify(issuer.token(), "--issuer", issuer.name, "--connect", f"127.0.0.1:{issuer.server.port}")[0] == 0
    assert (issuer.server.connections, keys.server.connections) == (1, 1)


# The public keys of a kube-apiserver, two of them, and a token that it bound to a Pod for an hour. tests/cluster/ records them.
RECORDED = json.loads((pathlib.Path(__file__).parent / "kube-apiserver.json").read_text())
RECORDED_AT_S = jwt.decode(RECORDED["token"], options={"verify_signature": False})["iat"]


@pytest.fixture(scope="module")
def with_a_clock():
    """The program with a clock that can be set."""
    program = Sidecar(build_folder() / "tests/sts-sidecar-timefake")
    yield program
    shutil.rmtree(program.folder, ignore_errors=True)


@pytest.mark.parametrize("age_s, change, reason", [
    (60, {}, "verified"), (3500, {}, "verified"), (4000, {}, "expired"), (-4000, {}, "not_yet_valid"),
    (60, {"sub": "system:serviceaccount:kube-system:default"}, "signature")])
def test_the_token_of_a_kube_apiserver(with_a_clock, space, age_s, change, reason):
    token = changed(RECORDED["token"], 1, change) if change else RECORDED["token"]
    clock = space.write("clock", str((RECORDED_AT_S + age_s - int(time.time())) * 1000))
    done = with_a_clock.run("verify", "--json", "--jwks", space.write("keys", json.dumps(RECORDED["jwks"])), "--issuer", RECORDED["issuer"],
                            "--audience", RECORDED["audience"], space.write("token", token), env={"SIDECAR_TEST_CLOCK": clock})
    said = json.loads(done.out)
    assert said["reason"] == reason and said["verified"] is (reason == "verified") and said["claims"]["kubernetes.io"]["pod"]["name"] == "app", done


def test_the_sandbox(sidecar, space, issuer):
    """Each connection has a process of its own, which loses the right to connect, and then the network."""
    if not can_trace():
        pytest.skip("needs root and strace")
    trace = space.folder / "trace"
    done = sidecar.run("verify", "--require-sandbox", "--cacert-only", "--cacert-path", space.ca_file, "--issuer", issuer.name, space.write("t", issuer.token()),
                       prefix=traced(trace, "-e", "trace=prctl,landlock_restrict_self,connect,openat,open"), uid=0, gid=0)
    assert done.status == 0, done.err
    by_process = {}
    for line in trace.read_text().splitlines():
        pid, _, call = line.partition(" ")
        by_process.setdefault(pid, []).append(call.strip())
    to_issuer = f"htons({issuer.server.port})"
    children = [calls for calls in by_process.values() if any(to_issuer in call for call in calls)]
    assert len(children) == 2 and len(by_process) == 3
    for calls in children:
        filters = [at for at, call in enumerate(calls) if "PR_SET_SECCOMP" in call]
        connected = [at for at, call in enumerate(calls) if to_issuer in call]
        opened = [at for at, call in enumerate(calls) if "open" in call.split("(")[0]]
        assert len(filters) == 3 and filters[0] < min(connected) and max(connected) < filters[1]
        assert max(opened) < filters[1]
        assert sum("landlock_restrict_self" in call for call in calls) in (0, 1)
