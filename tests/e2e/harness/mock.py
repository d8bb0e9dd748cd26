# SPDX-License-Identifier: Apache-2.0
"""A running mock STS, spoken to with other people's code (Python's ssl and http.client, PyJWT). Test modules that want the fixtures
import them from here."""
import contextlib
import http.client
import json
import ssl
import subprocess
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from harness.sidecar import build_folder

MOCK = build_folder() / "tests" / "mock-sts"
PATIENCE_S = 30
ISSUER = "https://kubernetes.default.svc.cluster.local"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
TYPE = "urn:ietf:params:oauth:token-type:"


def mock(*args, status=0, input=None):
    run = subprocess.run([MOCK, *map(str, args)], capture_output=True, timeout=PATIENCE_S, input=input)
    assert run.returncode == status, run.stderr
    return run.stdout.decode() if status == 0 else run.stderr.decode()


def wait_for(condition, what, patience_s=PATIENCE_S):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what}: not within {patience_s} s")


@dataclass
class Answer:
    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Mock:
    """A running mock STS and its control port."""

    def __init__(self, folder, *args, cluster="ec", tls=True, **popen):
        self.folder = folder
        self.cluster = folder / f"cluster-{cluster}.pem"
        if not self.cluster.exists():
            mock("keygen", "--type", cluster, "--out", self.cluster)
        (folder / "jwks.json").write_text(mock("jwks", self.cluster))
        self.log = folder / "log"
        files = {"port-file": folder / "port", "control-port-file": folder / "control", "jwks": folder / "jwks.json", "log": self.log}
        for name in ("port-file", "control-port-file"):
            files[name].unlink(missing_ok=True)  # a mock STS that was started here before has left them
        if tls and "--cert" not in args:
            files["ca-out"] = folder / "ca.pem"
        command = [MOCK, "serve", "--port", "0", "--control-port", "0", "--exit-with-parent"]
        for option, path in files.items():
            command += [f"--{option}", path]
        if not tls:
            command.append("--insecure-http")
        if "--signing-key" not in args and "--alg" not in args:
            command += ["--alg", "ES256"]
        self.tls = tls
        self.process = subprocess.Popen([*map(str, command), *map(str, args)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, **popen)
        try:
            wait_for(lambda: (folder / "port").exists() or self.process.poll() is not None, "the mock's port")
            assert self.process.poll() is None, self.process.stderr.read()
        except BaseException:
            self.close()
            raise
        self.port, self.control_port = (int((folder / name).read_text()) for name in ("port", "control"))

    def close(self):
        self.process.kill()
        self.process.communicate()

    def context(self):
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        context.set_alpn_protocols(["http/1.1"])
        return context

    def connection(self, host="localhost", timeout=PATIENCE_S):
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        return http.client.HTTPSConnection(host, self.port, timeout=timeout, context=self.context())

    def ask(self, method, path, body=None, timeout=PATIENCE_S, **headers):
        with contextlib.closing(self.connection(timeout=timeout)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.reason, answer.headers, answer.read())

    def user(self, token, path="/vault/token/user", method="GET", **more):
        return self.ask(method, path, Authorization=f"Bearer {token}", **more)

    def exchange(self, token, path="/token", change=(), **fields):
        """change: a list of pairs in place of the form."""
        form = [("grant_type", GRANT), ("subject_token", token), ("subject_token_type", TYPE + "jwt"), *fields.items()]
        return self.ask("POST", path, urllib.parse.urlencode(change or form), **{"Content-Type": "application/x-www-form-urlencoded"})

    def control(self, verb, what, /, **query):
        url = f"http://127.0.0.1:{self.control_port}/control/{what}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(urllib.request.Request(url, method=verb), timeout=PATIENCE_S) as answer:
            return answer.read()

    def fault(self, verb="PUT", /, **fault):
        return self.control(verb, "faults", **fault)

    def stats(self):
        return json.loads(self.control("GET", "stats"))

    def keys(self):
        return {key["kid"]: jwt.PyJWK(key) for key in self.ask("GET", "/certs").json["keys"]}

    def verify(self, token, audience="mock-audience"):
        """Claims of an issued token, verified with the published keys."""
        key = self.keys()[jwt.get_unverified_header(token)["kid"]]
        return jwt.decode(token, key, algorithms=[key.algorithm_name], audience=audience, issuer=f"https://localhost:{self.port}",
                          options={"require": ["exp", "nbf", "iat", "jti", "sub"]})

    def mint(self, *args):
        return mock("mint", "--key", self.cluster, *args).strip()

    def sign(self, claims, key=None, alg="ES256", **headers):
        """A subject token that PyJWT signs."""
        if key is None:
            key = serialization.load_pem_private_key(self.cluster.read_bytes(), None)
        now = int(time.time())
        usual = {"iss": ISSUER, "aud": [ISSUER], "sub": "system:serviceaccount:shop:cart", "iat": now, "nbf": now, "exp": now + 600}
        return jwt.encode({k: v for k, v in (usual | claims).items() if v is not None}, key or None, algorithm=alg, headers=headers)

    def log_lines(self, count):
        """The request log, once it has that many lines."""
        lines = wait_for(lambda: (text := self.log.read_text()).count("\n") >= count and text, f"{count} lines in the log")
        return [json.loads(line) for line in lines.splitlines()]


@pytest.fixture
def start(tmp_path):
    with contextlib.ExitStack() as stack:
        def run(*args, **more):
            return stack.enter_context(contextlib.closing(Mock(tmp_path, *args, **more)))
        yield run


@pytest.fixture(scope="module")
def sts(tmp_path_factory):
    """A mock STS that the tests share which leave nothing behind in it."""
    made = Mock(tmp_path_factory.mktemp("sts"), "--subject-audience", ISSUER, "--allow-namespace", "default", "--allow-namespace", "shop",
                "--audience", "mock-audience", "--audience", "other", "--audience", "https://api.example/v1", "--control", "--cluster", "k8s=<1>&'")
    yield made
    made.close()


@pytest.fixture
def faulty(sts):
    yield sts
    sts.control("DELETE", "faults")
