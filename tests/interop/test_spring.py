# SPDX-License-Identifier: Apache-2.0
"""A program with Spring Authorization Server that has the lines of docs/servers/spring-authorization-server.md: the client is known by a
Pod's token."""
import contextlib
import json
import os
import pathlib
import re
import textwrap
import urllib.request

import jwt
import pytest

from harness import pki
from harness.mock import wait_for
from harness.servers import free_port
from pages import Page, Pod
from program import Program
from reading import while_refreshing

PAGE = "spring-authorization-server.md"
SOURCE = pathlib.Path(__file__).resolve().parent / "spring/src/main/java/sts/Server.java"


class Spring(Program):
    NAME, PATIENCE_S = "spring", 120

    def __init__(self, folder, ca):
        super().__init__(folder, ca)
        self.port = free_port()
        self.audience = self.url = f"https://localhost:{self.port}"
        self.put = {"https://auth.example": self.url}

    def set_up(self):
        self.start(["nice", "java", "-Xmx192m", "-XX:TieredStopAtLevel=1", *self.trust_store(), "-jar", os.environ["STS_INTEROP_SPRING"],
                    "--server.address=127.0.0.1", f"--server.port={self.port}", f"--server.ssl.certificate={self.cert}",
                    f"--server.ssl.certificate-private-key={self.key}", f"--sts.issuer={self.url}", f"--sts.cluster={self.cluster.issuer}"])

    def is_ready(self):
        return self.keys()

    def keys(self):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/oauth2/jwks", context=self.context, timeout=20) as answer:
            return {key["kid"]: jwt.PyJWK(key, "RS256") for key in json.load(answer)["keys"]}

    def verify(self, token):
        key = self.keys()[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key, algorithms=["RS256"], audience="cart", issuer=self.url)
        assert claims["scope"] == ["orders"], claims
        return claims


@pytest.fixture(scope="module")
def spring(ca):
    with Spring.started(ca) as made:
        yield made


@pytest.fixture
def pod(sidecar, spring, folder):
    return Pod(sidecar, PAGE, spring, folder, "cart")


def test_lines_of_the_page():
    """the server has the lines of the page, byte for byte"""
    source = SOURCE.read_text()
    parts = re.findall(r"// BEGIN \w+\n(.*?)\t*// END", source, re.S)
    assert len(parts) == 2 and [textwrap.dedent(part).replace("\t", "    ") for part in parts] == Page(PAGE, {}).blocks("java")


def test_readers(spring, pod):
    """a Pod's token is the client's assertion again and again, across three refreshes"""
    (command,) = pod.page.commands()
    seen = []

    def read():
        token = (pod.out / "token.jwt").read_text()
        spring.verify(token)
        # Its tokens live for 300 s, so the sidecar is asked for the next one when this one has been read twice.
        seen.append(token)
        if seen.count(token) == 2:
            done = pod.sidecar.run("refresh", pod.out)
            assert done.status == 0, done.err
        return token
    with pod.run(*command[1:]):
        wait_for((pod.out / "expires").exists, f"a token, log: {pod.log.read_text()}")
        while_refreshing(pod, {"verifier": read})


def test_refusals(pod):
    """another audience, ServiceAccount, client or key, an unknown scope and another grant are refused with the words of the page"""
    (command,) = pod.page.commands()
    met = {pod.refused(command, "invalid_scope", "--force", replace={"orders": "more"})}
    met.add(pod.refused(command, "invalid_client", "--force", replace={"cart": "nobody"}))
    for change in ({"audience": "https://other.example"}, {"name": "stranger"}, {"key": pki.new_key("rsa")}, {"iss": "https://other.example"}):
        pod.renew(**change)
        met.add(pod.refused(command, "invalid_client", "--force"))
    pod.renew()
    proof = ["--param", "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "--param-file", f"client_assertion={pod.subject}"]
    words = ["run", "--protocol", "jwt-bearer", *command[command.index("--url"):], *proof]
    met.add(pod.refused(words, "unsupported_grant_type", "--force"))
    assert met == set(pod.page.refusals())
