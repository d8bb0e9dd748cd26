# SPDX-License-Identifier: Apache-2.0
"""Forward proxies by CONNECT: tinyproxy as Debian has it, and peers that misbehave. Loopback is never proxied, so the STS goes by a
name that only the proxy knows, or by 0.0.0.0 and [::], which Linux connects to loopback."""
import base64
import json
import re

import pytest

from harness import pki, proxies, servers, tokens

needs_tinyproxy = pytest.mark.skipif(not proxies.TINYPROXY, reason="tinyproxy is not installed")

PASSWORD = "p@ss:w/rd 1"
ENCODED = "p%40ss%3Aw%2Frd%201"


@pytest.fixture(scope="session")
def elsewhere(ca):
    """A server under a name that is not a loopback name."""
    return pki.server(ca, names=["sts.example.test", "sts"], ips=["0.0.0.0", "::", "192.0.2.7", "2001:db8::7"])


@pytest.fixture
def sts(serve, elsewhere):
    return serve(tokens.openunison(tokens.issued()), identity=elsewhere)


@pytest.fixture
def tunnel(sts):
    with proxies.Tunnel(sts.port) as made:
        yield made


def url(sts, host="sts.example.test"):
    return f"https://{host}:{sts.port}/token"


# tinyproxy

@needs_tinyproxy
def test_tinyproxy(sts, fetch, space):
    with proxies.Tinyproxy() as proxy:
        run = fetch(url(sts, "0.0.0.0"), "--proxy", f"http://127.0.0.1:{proxy.port}", log_format="json")
        assert run.status == 0, run.err
        assert proxy.asked() == 1 and len(sts.requests) == 1
        assert json.loads(run.last)["proxy"] == f"127.0.0.1:{proxy.port}"


@needs_tinyproxy
def test_tinyproxy_over_ipv6(serve, elsewhere, fetch):
    sts = serve(tokens.openunison(tokens.issued()), identity=elsewhere, address="::1")
    with proxies.Tinyproxy(address="::1") as proxy:
        run = fetch(url(sts, "[::]"), env={"HTTPS_PROXY": f"http://[::1]:{proxy.port}/"}, log_format="json")
        assert run.status == 0, run.err
        assert json.loads(run.last)["proxy"] == f"[::1]:{proxy.port}" and proxy.asked() == 1


@needs_tinyproxy
def test_tinyproxy_with_credentials(sts, fetch):
    with proxies.Tinyproxy("BasicAuth user p-ss_w0rd") as proxy:
        at = f"127.0.0.1:{proxy.port}"
        good = fetch(url(sts, "0.0.0.0"), env={"HTTPS_PROXY": f"http://user:p%2Dss_w0rd@{at}"}, log_format="json")
        none = fetch(url(sts, "0.0.0.0"), env={"HTTPS_PROXY": f"http://{at}"}, log_format="json")
        wrong = fetch(url(sts, "0.0.0.0"), env={"HTTPS_PROXY": f"http://user:hunter2@{at}"}, log_format="json")
    assert good.status == 0, good.err
    assert json.loads(good.last)["proxy"] == at
    for run, says in ((none, "wants credentials, and none are given (407)"), (wrong, "refused the credentials (40")):
        assert run.status == 69 and '"error":"proxy_refused"' in run.err and says in run.err, run.err
    for run in (good, wrong):
        assert "p-ss_w0rd" not in run.err and "hunter2" not in run.err and "%2D" not in run.err
    assert len(sts.requests) == 1


@needs_tinyproxy
def test_tinyproxy_refuses(sts, fetch, folder):
    (folder / "filter").write_text("0.0.0.0\n")
    with proxies.Tinyproxy(f'Filter "{folder}/filter"') as proxy:
        run = fetch(url(sts, "0.0.0.0"), "--proxy", f"127.0.0.1:{proxy.port}", log_format="json")
    assert run.status == 69 and '"error":"proxy_refused"' in run.err and "did not connect to 0.0.0.0:" in run.err, run.err
    assert sts.connections == 0


@needs_tinyproxy
def test_tinyproxy_cannot_reach_the_sts(fetch):
    with proxies.Tinyproxy() as proxy:
        run = fetch(f"https://0.0.0.0:{servers.free_port()}/", "--proxy", f"http://127.0.0.1:{proxy.port}", deadline="1s", log_format="json")
        assert proxy.asked() >= 1
    assert run.status == 69 and '"error":"proxy"' in run.err and re.search(r"did not connect to 0\.0\.0\.0:\d+ \(50\d\)", run.err), run.err


# what is asked for

def test_what_the_proxy_is_asked_for(tunnel, sts, fetch):
    run = fetch(url(sts), env={"https_proxy": f"http://us%65r:{ENCODED}@127.0.0.1:{tunnel.port}"})
    assert run.status == 0, run.err
    assert tunnel.requests == [
        f"CONNECT sts.example.test:{sts.port} HTTP/1.1\r\nHost: sts.example.test:{sts.port}\r\nUser-Agent: sts-sidecar\r\n"
        f"Proxy-Authorization: Basic {base64.b64encode(f'user:{PASSWORD}'.encode()).decode()}\r\n\r\n".encode()]
    assert b"Proxy-Authorization" not in sts.requests[0]
    assert PASSWORD not in run.err and ENCODED not in run.err


def test_the_default_port_is_named(tunnel, sts, fetch):
    assert fetch("https://sts.example.test/x", "--proxy", f"127.0.0.1:{tunnel.port}").status == 0
    assert tunnel.requests[0].startswith(b"CONNECT sts.example.test:443 HTTP/1.1\r\n")
    assert b"\r\nHost: sts.example.test\r\n" in sts.requests[0]


def test_ipv6_target(tunnel, sts, fetch):
    assert fetch(f"https://[2001:db8::7]:{sts.port}/x", "--proxy", f"127.0.0.1:{tunnel.port}").status == 0
    assert tunnel.requests[0].startswith(f"CONNECT [2001:db8::7]:{sts.port} HTTP/1.1\r\n".encode())


def test_the_proxys_name_is_ours_to_resolve(tunnel, sts, fetch):
    run = fetch(url(sts), "--proxy", f"http://localhost:{tunnel.port}", log_format="json")
    assert run.status == 0 and json.loads(run.last)["proxy"] == f"localhost:{tunnel.port}", run.err


def test_the_certificate_is_the_sts_s(tunnel, sts, fetch):
    """The tunnel leads to a server with another name."""
    run = fetch("https://other.example.test/x", "--proxy", f"127.0.0.1:{tunnel.port}", log_format="json")
    assert run.status == 69 and '"error":"cert_name"' in run.err, run.err
    assert sts.requests == []


OPEN = {
    "201": b"HTTP/1.1 201 Created\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
    "two framings": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
}


@pytest.mark.parametrize("case", OPEN)
def test_any_success_opens_the_tunnel(case, sts, fetch):
    """Headers about a body mean nothing in the answer to CONNECT."""
    with proxies.Tunnel(sts.port, say=OPEN[case]) as tunnel:
        run = fetch(url(sts), "--proxy", f"127.0.0.1:{tunnel.port}")
    assert run.status == 0 and len(sts.requests) == 1, run.err


# when a proxy is used

NEVER = "http://127.0.0.1:1"  # nothing listens there


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_loopback_is_never_proxied(host, serve, fetch):
    server = serve(tokens.openunison(tokens.issued()), address="::1" if ":" in host else "127.0.0.1")
    for args, env in ((["--proxy", NEVER], {}), ([], {"HTTPS_PROXY": NEVER, "NO_PROXY": ""})):
        run = fetch(f"https://{host}:{server.port}/x", *args, env=env)
        assert run.status == 0 and "proxy" not in run.err, run.err


def test_exchange_has_no_proxy(sts, sidecar, space, tunnel):
    """`exchange` reads no variables, so no proxy is used."""
    run = sidecar.run("exchange", "--single-run", f"--cacert-path={space.ca_file}", space.token_file, url(sts, "0.0.0.0"), space.out,
                      env={"HTTPS_PROXY": f"http://127.0.0.1:{tunnel.port}"})
    assert run.status == 0, run.err
    assert tunnel.requests == []


USED = {
    "the option over the variable": (["--proxy", "{proxy}"], {"HTTPS_PROXY": NEVER}),
    "the option over NO_PROXY": (["--proxy", "{proxy}"], {"NO_PROXY": "*"}),
    "STS_PROXY": ([], {"STS_PROXY": "{proxy}", "HTTPS_PROXY": NEVER}),
    "upper case first": ([], {"HTTPS_PROXY": "{proxy}", "https_proxy": NEVER}),
    "an empty one is none": ([], {"HTTPS_PROXY": "", "https_proxy": "{proxy}"}),
    "no scheme": ([], {"HTTPS_PROXY": "127.0.0.1:{port}"}),
    "another case": ([], {"HTTPS_PROXY": "HTTP://127.0.0.1:{port}/path"}),
    "NO_PROXY of others": ([], {"HTTPS_PROXY": "{proxy}", "NO_PROXY": "localhost,.svc,10.0.0.0/8,example.com"}),
}


@pytest.mark.parametrize("case", USED)
def test_which_proxy_is_used(case, tunnel, sts, fetch):
    args, env = USED[case]
    at = {"proxy": f"http://127.0.0.1:{tunnel.port}", "port": tunnel.port}
    run = fetch(url(sts), *[a.format(**at) for a in args], env={k: v.format(**at) for k, v in env.items()})
    assert run.status == 0 and len(tunnel.requests) == 1, run.err


UNUSED = {
    "none": (["--proxy", "none"], {"HTTPS_PROXY": NEVER}),
    "NO_PROXY": ([], {"HTTPS_PROXY": NEVER, "NO_PROXY": "a.example, 0.0.0.0/8"}),
    "no_proxy": ([], {"HTTPS_PROXY": NEVER, "no_proxy": "*"}),
    "HTTP_PROXY is for others": ([], {"HTTP_PROXY": NEVER, "ALL_PROXY": NEVER}),
    "--connect": (["--connect", "127.0.0.1:{port}"], {"HTTPS_PROXY": NEVER}),
}


@pytest.mark.parametrize("case", UNUSED)
def test_when_none_is_used(case, sts, fetch):
    args, env = UNUSED[case]
    run = fetch(url(sts, "0.0.0.0"), *[a.format(port=sts.port) for a in args], env=env)
    assert run.status == 0 and "proxy" not in run.err, run.err


REFUSED = {
    "TLS to the proxy": ("https://proxy.example:3128", "http://"),
    "SOCKS": ("socks5://u:SECRET@proxy.example:1080", "http://"),
    "no host": ("http://", "no host"),
    "a bad port": ("http://u:SECRET@proxy.example:99999", "port"),
    "a colon in the user's name": ("http://u%3A:SECRET@proxy.example", "user or password"),
    "a line break in the password": ("http://u:SECRET%0d%0aX:%20y@proxy.example", "user or password"),
    "half an escape": ("http://u:SECRET%2@proxy.example", "user or password"),
    "a long password": ("http://u:" + "SECRET" * 100 + "@proxy.example", "user or password"),
    "a long URL": ("http://proxy.example/" + "x" * 2048, "longer than"),
}


@pytest.mark.parametrize("how", ["option", "variable"])
@pytest.mark.parametrize("case", REFUSED)
def test_urls_that_are_refused(case, how, sidecar, space):
    for command in ("run", "fetch"):
        text, says = REFUSED[case]
        args = ["--proxy", text] if how == "option" else []
        run = sidecar.run(command, "--url", "https://sts.example.test/", "--token-file", space.token_file, "--output-dir", space.out, *args,
                          env={"HTTPS_PROXY": text} if how == "variable" else {})
        assert run.status == 64 and says in run.err, run.err
        assert "SECRET" not in run.err


def test_connect_and_proxy_exclude_each_other(fetch):
    run = fetch("https://sts.example.test/", "--proxy", NEVER, "--connect", "192.0.2.1:443")
    assert run.status == 64 and "exclude each other" in run.err


# proxies that fail

OK = b"HTTP/1.1 200 OK\r\n\r\n"
FAILS = {
    "407": (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 999999\r\n\r\nSECRET", "proxy_refused",
            "wants credentials, and none are given (407)"),
    "403 with a page": (b"HTTP/1.1 403 SECRET\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nSECRET\r\n0\r\n\r\n", "proxy_refused", "(403)"),
    "302": (b"HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\n\r\n", "proxy_refused", "(302)"),
    "503": (b"HTTP/1.0 503 Service Unavailable\r\n\r\n", "proxy", "(503)"),
    "garbage": (b"SSH-2.0-OpenSSH_9.2\r\n", "proxy", "answer in HTTP"),
    "TLS": (b"\x15\x03\x03\x00\x02\x02\x28", "proxy", "answer in HTTP"),
    "closes at once": (b"", "proxy", "closed the connection"),
    "closes in the head": (b"HTTP/1.1 200 OK\r\nVia: a", "proxy", "closed the connection"),
    "a long head": (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 8192, "proxy", "a head of over 8 KiB"),
    "more than its head": (OK + b"HTTP/1.1 200 OK\r\n\r\n", "proxy", "bytes of its own"),
    "one byte more": (OK + b"\x16", "proxy", "bytes of its own"),
}


@pytest.mark.parametrize("case", FAILS)
def test_proxies_that_fail(case, serve, fetch, subject):
    answer, error, says = FAILS[case]
    proxy = serve(servers.Answer(answer, "stall" if case.endswith("more") or "more than" in case else "clean"), tls=False)
    run = fetch("https://sts.example.test/", "--proxy", f"http://127.0.0.1:{proxy.port}", deadline="1s", log_format="json")
    line = json.loads(run.lines[0])
    assert run.status == 69 and line["error"] == error and says in line["msg"], run.err
    assert line["proxy"] == f"127.0.0.1:{proxy.port}" and line["msg"].startswith(f"the proxy 127.0.0.1:{proxy.port} "), run.err
    assert "SECRET" not in run.err
    assert all(subject.encode() not in request for request in proxy.requests)


def test_a_proxy_that_is_not_there(fetch):
    run = fetch("https://sts.example.test/", "--proxy", NEVER, deadline="1s", log_format="json")
    assert run.status == 69 and '"error":"proxy"' in run.err and "no way to the proxy: 127.0.0.1:1: connection refused" in run.err, run.err


@pytest.mark.slow
@pytest.mark.parametrize("stall", ["accept", "request"])
def test_a_proxy_that_hangs(stall, serve, fetch):
    proxy = serve(tls=False, stall=stall)
    run = fetch("https://sts.example.test/", "--proxy", f"http://127.0.0.1:{proxy.port}", timeout="1s", deadline="1s", log_format="json")
    assert run.status == 69 and '"error":"proxy"' in run.err and "did not answer within the time" in run.err, run.err
    assert run.seconds < 15, "the proxy is silent for 20 s"


@pytest.mark.slow
def test_a_proxy_that_hangs_in_its_head(serve, fetch):
    proxy = serve(servers.Answer(b"HTTP/1.1 200 OK\r\nVia: ", "stall"), tls=False)
    run = fetch("https://sts.example.test/", "--proxy", f"http://127.0.0.1:{proxy.port}", timeout="1s", deadline="1s", log_format="json")
    assert run.status == 69 and "did not answer within the time" in run.err, run.err


def test_an_interim_answer_and_headers(sts, fetch):
    say = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 200 Connection established\r\nVia: 1.1 here\r\nContent-Length: 0\r\n\r\n"
    with proxies.Tunnel(sts.port, say) as proxy:
        run = fetch(url(sts), "--proxy", f"127.0.0.1:{proxy.port}")
    assert run.status == 0, run.err


def test_the_first_line_of_run(sts, tunnel, sidecar, space):
    """Once: later lines don't repeat it."""
    secret = "http://user:SECRET@127.0.0.1"
    with sidecar.start("run", "--url", url(sts), "--protocol", "openunison", "--token-file", space.token_file, "--output-dir", space.out,
                       "--cacert-path", space.ca_file, "--proxy", f"{secret}:{tunnel.port}") as run:
        lines = [run.popen.stderr.readline().decode() for _ in range(2)]
        run.signal(15)
        result = run.wait()
    assert result.status == 0, result.err
    assert json.loads(lines[1])["proxy"] == f"127.0.0.1:{tunnel.port}"
    assert "proxy" not in lines[0] + result.err and "SECRET" not in lines[1] + result.err


def test_proxy_variables(fetch, serve):
    """NO_PROXY keeps a connection from the proxy that HTTPS_PROXY names."""
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/x"), env={"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1"})
    assert run.status == 0, run.err
