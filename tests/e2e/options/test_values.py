# SPDX-License-Identifier: Apache-2.0
"""Values of options: what is refused before anything is sent, and what a value may not do to the request."""
import json
import re
import urllib.parse

import pytest

from harness.bad_input import Row, check, each
from harness.sidecar import is_one_line
from harness.tokens import http

USAGE = [
    Row("unknown option", 64, None, 'unknown option "--audiance": did you mean --audience', more=("--audiance", "x"), asked=False),
    Row("an option of another command", 64, None, '--min-ttl is an option of check, not of fetch', more=("--min-ttl", "5"), asked=False),
    Row("a value that is missing", 64, None, "--audience needs a value", more=("--audience",), asked=False),
    Row("a duration that is none", 64, None, "value of --timeout is not valid", options={"timeout": "soon"}, asked=False),
    Row("a mode that is none", 64, None, "value of --mode is not valid", options={"mode": "rw"}, asked=False),
    Row("an executable mode", 64, None, "value of --mode is not valid", options={"mode": "0755"}, asked=False),
    Row("an unknown protocol", 64, None, 'unknown protocol "openunisn": did you mean openunison?', protocol="openunisn", asked=False),
    Row("a positional argument", 64, None, 'unexpected argument "extra"', more=("extra",), asked=False),
    Row("http to a foreign host", 64, None, r'to loopback only: "sts\.test" is not', url=lambda port: "http://sts.test/", asked=False, more=("--insecure-http",)),
    Row("http without leave", 64, None, r'plain http to "127\.0\.0\.1" is refused.*--insecure-http', url=lambda port: f"http://127.0.0.1:{port}/", asked=False),
    Row("URL with a user", 64, None, "has a user name or password", url=lambda port: f"https://me:pw@127.0.0.1:{port}/", asked=False),
    Row("URL with a fragment", 64, None, "has a fragment", url=lambda port: f"https://127.0.0.1:{port}/#x", asked=False),
    Row("URL with a space", 64, None, "has white space", url=lambda port: f"https://127.0.0.1:{port}/a b", asked=False),
    Row("URL with CR LF", 64, None, "has white space", url=lambda port: f"https://127.0.0.1:{port}/a\r\nX-Evil: 1", asked=False),
    Row("URL without a host", 64, None, "has no host", url=lambda port: "https:///token/user", asked=False),
    Row("URL with port 0", 64, None, "no number from 1 to 65535", url=lambda port: "https://127.0.0.1:0/", asked=False),
    Row("URL with port 65536", 64, None, "no number from 1 to 65535", url=lambda port: "https://127.0.0.1:65536/", asked=False),
    Row("URL of another scheme", 64, None, "does not begin with https://", url=lambda port: "ftp://127.0.0.1/", asked=False),
    Row("a relative URL", 64, None, "does not begin with https://", url=lambda port: "/token/user", asked=False),
    Row("a header with CR LF", 64, None, "header X-A has a byte in its value", more=("--header", "X-A=b\r\nX-Evil: 1"), asked=False),
    Row("a header that cannot be set", 64, None, "header Host may not be set", more=("--header", "Host=evil.test"), asked=False),
    Row("a secret in an argument", 64, None, r"--param client_secret holds a secret.*--param-file", more=("--param", "client_secret=hunter2"), protocol="token-exchange",
        asked=False),
    Row("a secret in a header", 64, None, r"--header Authorization holds a secret.*--header-file", more=("--header", "Authorization=Basic aHVudGVyMg=="),
        protocol="token-exchange", asked=False),
]


@each(*USAGE)
def test_usage(row, fetch, serve, space):
    check(row, fetch, serve, space)


def test_messages_are_one_line_of_ascii_whatever_a_path_holds(sidecar, space):
    odd = space.folder / "d\u00e9\n\x1b[31m"
    for option, status in {"output-dir": 73, "token-file": 66, "cacert-path": 69, "subject-audience": 66, "actor-token-file": 66, "url": 64,
                           "protocol": 64, "connect": 64}.items():
        run = sidecar.run("fetch", "--url", "https://127.0.0.1:1/", "--token-file", space.token_file, "--output-dir", space.out,
                          "--deadline", "1s", f"--{option}", odd, "--log-format", "text")
        assert run.status == status, run.err
        assert is_one_line(run), (option, run.err)


def test_a_file_that_the_request_needs_is_named(fetch, space):
    for option in ("param_file", "header_file"):
        run = fetch("https://127.0.0.1:1/", protocol="token-exchange", **{option: "x=/no/such/file"})
        assert run.status == 66 and "/no/such/file" in run.last and "subject" not in run.last, run.err
    empty = space.write("empty", " \n")
    run = fetch("https://127.0.0.1:1/", protocol="token-exchange", client_auth="post", client_id="a", client_secret_file=empty)
    assert run.status == 66 and "it is empty" in run.last, run.err


@pytest.mark.parametrize("header", ["Host=x", "content-LENGTH=0", "Transfer-Encoding=chunked", "Connection=keep-alive", "TE=x", "Expect=100-continue",
                                    "Upgrade=h2c", "Trailer=x", "Proxy-Connection=x", "User-Agent=x", "Accept=*/*", "Content-Type=x",
                                    "X=a\r\nY: b", "X=a\nY: b", "X=a\rb", "X\r\nY=b", "X Y=b", "X:=b", "X=\u00e9", "X=a\x7f", "X=\x01",
                                    "Authorization=Bearer x", "X= a", "X=a\t"])
def test_headers_that_may_not_be_set(header, fetch):
    run = fetch("https://127.0.0.1:1/", protocol="token-exchange", header=header)
    assert run.status == 64 and is_one_line(run), run.err


@pytest.mark.parametrize("param", ["grant_type=x", "subject_token=x", "client_secret=x", "Client-Secret=x", "x=\x01", "x=\u00e9", "=x", "x",
                                   "\n=x", "a" * 129 + "=x"])
def test_params_that_may_not_be_set(param, fetch):
    run = fetch("https://127.0.0.1:1/", protocol="token-exchange", param=param)
    assert run.status == 64 and is_one_line(run), run.err


@pytest.mark.parametrize("body", ["form", "json"])
def test_a_param_stays_one_field(body, fetch, serve):
    value = 'a&grant_type=x\r\n\r\n{"b":"c"}\\'
    server = serve(http(body={"access_token": "opaque", "expires_in": 300}))
    assert fetch(server.url("/"), protocol="token-exchange", body=body, param=f'k"&=={value}').status == 0
    sent = server.requests[0].partition(b"\r\n\r\n")[2].decode()
    fields = json.loads(sent) if body == "json" else dict(urllib.parse.parse_qsl(sent, strict_parsing=True))
    assert fields['k"&'] == "=" + value
    assert fields["grant_type"].endswith("token-exchange")


URLS = ["", "http://127.0.0.1/", "https://", "https:///x", "https://u@127.0.0.1/", "https://u:p@127.0.0.1/", "https://127.1/", "https://0x7f.1/",
        "https://2130706433/", "https://0177.0.0.1/", "https://127.0.0.1./", "https://[::1]x/", "https://[::1%25lo]/", "https://[127.0.0.1]/",
        "https://a..b/", "https://a../", "https://./", "https://-a/", "https://a b/", "https://a%00b/", "https://\u0430.test/", "https://a/\x7f",
        "https://a/%0", "https://a/%zz", "https://a/#f", "https://a:0/", "https://a:65536/", "https://a:+1/", "https://a:000443/", "https://a:/",
        "https://a\\@b/", "https://a\t/", "HTTPS:/a/", "https://" + "a" * 64 + "/", "https://" + "a." * 127 + "test/", "https://a/" + "a" * 2048,
        "javascript:alert(1)", "file:///etc/passwd", "//a/", "https://a/\r\nX: y"]


@pytest.mark.parametrize("url", URLS, ids=range(len(URLS)))
def test_urls_that_are_none(url, sidecar, space):
    run = sidecar.run("fetch", f"--url={url}", "--token-file", space.token_file, "--output-dir", space.out, "--deadline", "1s")
    assert run.status == 64 and is_one_line(run), run.err
    assert ":p" not in run.err


@pytest.mark.parametrize("value", ["", "-1", "1e3", "0x10", "1.5s", "1h1h", "5 s", "9" * 30 + "h", "1s\n"])
def test_durations_that_are_none(value, fetch):
    run = fetch("https://127.0.0.1:1/", timeout=value)
    assert run.status == 64 and "duration" in run.err and is_one_line(run), run.err


@pytest.mark.parametrize("args,says", [
    ((), r"--url"),
    (("--url", ""), r"--url"),
])
def test_without_a_url(fetch, args, says):
    run = fetch(None, *args)
    assert run.status == 64
    assert re.search(says, run.last), run.err
