# SPDX-License-Identifier: Apache-2.0
"""What a hostile STS, a hostile caller or a poor environment can do: each of these was tried against the program, and some once worked."""
import base64
import fcntl
import json
import os
import resource
import subprocess
import threading
import time
import urllib.parse

import jwt
import pytest

from harness import tokens
from harness.servers import Answer
from harness.sidecar import sanitized
from harness.tokens import http

KiB = 1024


def exchange(fetch, serve, answer, **options):
    server = serve(answer)
    return fetch(server.url("/token"), protocol="token-exchange", deadline=options.pop("deadline", "1s"), **options)


def expires(space):
    return (space.out / "expires").read_text()


def is_one_line(run):
    return run.err.count("\n") == 1 and all(" " <= c <= "~" for c in run.err.rstrip("\n"))


# ---- what an answer may hold ----

def unsigned(claims):
    """A token whose claims are these bytes."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    return f'{part(json.dumps({"alg": "none"}).encode())}.{part(claims)}.c2ln'


@pytest.mark.parametrize("claims", [b'{"exp":%d,"exp":%d}', b'{"exp":"%.0s%d\\u0020"}', b'{"exp":[%.0s%d]}', b'{"exp":true%.0s%.0s}'])
def test_an_exp_that_cannot_be_read_is_no_token(claims, fetch, serve, space):
    now = int(time.time())
    token = unsigned(claims % (now + 60, now + 86400) if b"%.0s" not in claims else claims.replace(b"%.0s", b"").replace(b"%d", b"%d" % now))
    run = exchange(fetch, serve, http(body={"access_token": token, "expires_in": 86400}))
    assert run.status == 65, run.err
    assert "exp" in run.err
    assert not (space.out / "token.jwt").exists()


def test_an_exp_in_a_string_bounds_expires(fetch, serve, space):
    now = int(time.time())
    run = exchange(fetch, serve, http(body={"access_token": unsigned(b'{"exp":"%d"}' % (now + 60)), "expires_in": 86400}))
    assert run.status == 0, run.err
    assert expires(space) == tokens.rfc3339(now + 60)


@pytest.mark.parametrize("lifetime", ["1e308", "-1e308", "1e-308", "-0.0", "0", "0.99", "-1", "NaN", "Infinity", '"NaN"', '"inf"', '"0x10"', '" 5"',
                                      '"1e99"', "1e400", "9" * 64, '"' + "9" * 64 + '"', "[5]", "{}", "true", '""'])
def test_lifetimes_that_are_none(lifetime, fetch, serve, space):
    body = b'{"access_token":"opaque","expires_in":' + lifetime.encode() + b"}"
    run = exchange(fetch, serve, http(body=body))
    assert run.status == 65, run.err
    assert is_one_line(run)
    assert not (space.out / "token.jwt").exists()


@pytest.mark.parametrize("offset_s", [-90000, -86399, -3600, -61, 61, 3600, 86399, 90000, 10 ** 10])
def test_no_date_makes_expires_later_than_exp(offset_s, fetch, serve, space):
    now = int(time.time())
    token = tokens.issued(900)
    when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(min(now + offset_s, 253402300799)))
    body = json.dumps({"access_token": token, "expires_in": 10 ** 6}).encode()
    run = exchange(fetch, serve, http(body=body, headers=[f"Date: {when}"]))
    if run.status == 0:
        assert expires(space) <= tokens.rfc3339(tokens.expiry(token))
    else:
        assert run.status == 65 and "life" in run.err, run.err


ODD = ["a", "a" * (64 * KiB), "-._~+/=", "".join(map(chr, range(33, 127))), "../../etc/passwd", "%s%n%x", "$(id)`id`", "'\";--", "a" * 63 + ".." + "=" * 9]


@pytest.mark.parametrize("token", ODD, ids=range(len(ODD)))
def test_odd_but_legal_tokens_are_kept_byte_for_byte(token, fetch, serve, space):
    run = exchange(fetch, serve, http(body={"access_token": token, "expires_in": 300}))
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token


BAD = ["", "a b", "a\n", "\na", "a\rb", "a\tb", "a\u00a0b", "\u00e9", "\x7f", "\U0001f600", "\ufeffa", "a" * (64 * KiB + 1)]


@pytest.mark.parametrize("token", BAD, ids=range(len(BAD)))
def test_values_that_no_file_may_hold(token, fetch, serve, space):
    run = exchange(fetch, serve, http(body={"access_token": token, "expires_in": 300}))
    assert run.status == 65 and is_one_line(run), run.err
    assert not (space.out / "token.jwt").exists()


# ---- bounds, one below, at, one above ----

def body_of(size):
    head, tail = b'{"access_token":"opaque","expires_in":300,"pad":"', b'"}'
    return head + b"x" * (size - len(head) - len(tail)) + tail


FRAMES = {
    "length": lambda body: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
    "close": lambda body: b"HTTP/1.1 200 OK\r\n\r\n" + body,
    "one chunk": lambda body: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n",
    "many chunks": lambda body: (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                 b"".join(b"%x\r\n" % len(body[i:i + 100]) + body[i:i + 100] + b"\r\n" for i in range(0, len(body), 100)) +
                                 b"0\r\n\r\n"),
}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_body_of_256_kib(frame, more, fetch, serve):
    run = exchange(fetch, serve, FRAMES[frame](body_of(256 * KiB + more)))
    assert run.status == (65 if more > 0 else 0), run.err


def test_heads_about_32_kib(fetch, serve):
    body = body_of(100)
    for size, status in ((32 * KiB - 64, 0), (32 * KiB, 0), (33 * KiB, 65)):
        start = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nX: "
        run = exchange(fetch, serve, start + b"x" * (size - len(start) - 4) + b"\r\n\r\n" + body)
        assert run.status == status, (size, run.err)


@pytest.mark.parametrize("count,status", [(8, 0), (9, 65), (100000, 65)])
def test_a_flood_of_interim_answers(count, status, fetch, serve):
    run = exchange(fetch, serve, b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * count + http(body={"access_token": "opaque", "expires_in": 300}))
    assert run.status == status, run.err


# ---- answers that mean two things ----

SMUGGLED = {
    "both framings": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}",
    "a signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
    "chunked twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "gzip, chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}",
    "folded": b"HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 2\r\n\r\n{}",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "bare CR": b"HTTP/1.1 200 OK\r\nX: a\rContent-Length: 2\r\n\r\n{}",
    "NUL": b"HTTP/1.1 200 OK\r\nX: a\0\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.0 chunked": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n{}",
    "a chunk size past 64 bits": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
    "a signed chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    "a long chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n",
    "an interim answer with a body": b"HTTP/1.1 100 C\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n",
    "101": b"HTTP/1.1 101 X\r\n\r\n",
    "status 600": b"HTTP/1.1 600 X\r\n\r\n",
    "status 099": b"HTTP/1.1 099 X\r\n\r\n",
}


@pytest.mark.parametrize("answer", SMUGGLED)
def test_answers_that_mean_two_things(answer, fetch, serve):
    run = exchange(fetch, serve, SMUGGLED[answer])
    assert run.status == 65 and is_one_line(run), run.err
    assert 'error="http"' in run.err


JSON = {
    "UTF-16": '{"access_token":"opaque","expires_in":300}'.encode("utf-16"),
    "UTF-16, no mark": '{"access_token":"opaque","expires_in":300}'.encode("utf-16-le"),
    "UTF-32": '{"access_token":"opaque","expires_in":300}'.encode("utf-32"),
    "two marks": b'\xef\xbb\xbf\xef\xbb\xbf{"access_token":"opaque","expires_in":300}',
    "17 levels": b'{"access_token":"opaque","expires_in":300,"x":' + b"[" * 16 + b"]" * 16 + b"}",
    "100,000 levels": b'{"access_token":"opaque","expires_in":300,"x":' + b"[" * 100000 + b"}",
    "two tokens": b'{"access_token":"opaque","access_token":"opaque","expires_in":300}',
    "two tokens, one escaped": b'{"access_token":"opaque","acc\\u0065ss_token":"other","expires_in":300}',
    "two lifetimes": b'{"access_token":"opaque","expires_in":300,"expires_in":86400}',
    "NUL in it": b'{"access_token":"opaque\\u0000x","expires_in":300}',
    "half a pair": b'{"access_token":"opaque\\ud800","expires_in":300}',
    "two documents": b'{"access_token":"opaque","expires_in":300}{}',
    "comment": b'{"access_token":"opaque",/**/"expires_in":300}',
    "trailing comma": b'{"access_token":"opaque","expires_in":300,}',
    "leading zero": b'{"access_token":"opaque","expires_in":0300}',
    "overlong": b'{"access_token":"opaque\xc0\xaf","expires_in":300}',
    "values without end": b'{"access_token":"opaque","expires_in":300,"x":[' + b"0," * 100000 + b"0]}",
}


@pytest.mark.parametrize("body", JSON)
def test_json_that_is_none(body, fetch, serve, space):
    run = exchange(fetch, serve, http(body=JSON[body]))
    assert run.status == 65 and is_one_line(run), run.err
    assert not (space.out / "token.jwt").exists()


# ---- time ----

@pytest.mark.parametrize("where", ["head", "body", "chunk", "interim"])
def test_a_byte_now_and_then_does_not_move_the_deadline(where, sidecar, space, identity, folder):
    """Slow loris: each byte arrives well within any time-out of an idle connection."""
    from harness.servers import Server, read_request, tls_context
    start = {"head": b"HTTP/1.1 200 OK\r\n", "body": b"HTTP/1.1 200 OK\r\n\r\n", "interim": b"HTTP/1.1 100 C\r\n",
             "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n"}[where]

    class Slow(Server):
        def _serve(self, raw):
            connection = self.tls.wrap_socket(raw, server_side=True)
            self.requests.append(read_request(connection))
            connection.sendall(start)
            while not self.released.is_set():
                connection.sendall(b"x")
                time.sleep(0.05)

    with Slow(tls=tls_context(identity, folder)) as server:
        begin = time.monotonic()
        run = sidecar.run("fetch", "--url", server.url("/"), "--token-file", space.token_file, "--output-dir", space.out, "--cacert-path",
                          space.ca_file, "--timeout", "1s", "--deadline", "2s", "--log-format", "text")
        assert run.status == 75, run.err
        assert time.monotonic() - begin < 2 + 1 + 2
        assert "within the time" in run.last or "time ran out" in run.last


# ---- echoes in other clothes ----

SECRET = "s3cr3t/of+the=client&0123"

WRAPPED = {
    "percent-encoded": lambda t: urllib.parse.quote(t, safe=""),
    "every byte percent-encoded": lambda t: "".join(f"%{ord(c):02x}" for c in t),
    "base64": lambda t: base64.b64encode(t.encode()).decode(),
    "base64url": lambda t: base64.urlsafe_b64encode(t.encode()).decode(),
    "Basic": lambda t: "Basic " + base64.b64encode(f"me:{urllib.parse.quote(t, safe='')}".encode()).decode(),
    "upper case": str.upper,
    "lower case": str.lower,
}


@pytest.mark.parametrize("how", WRAPPED)
@pytest.mark.parametrize("what", ["subject", "client secret", "actor token", "parameter file"])
def test_an_echo_in_other_clothes(how, what, fetch, serve, space, subject):
    secret = subject[subject.index(".") + 9:] if what == "subject" else SECRET
    options = {
        "client secret": {"client_auth": "basic", "client_id": "me", "client_secret_file": space.write("secret", SECRET)},
        "actor token": {"actor_token_file": space.write("actor", SECRET), "param": "actor_token_type=x"},
        "parameter file": {"param_file": f"k={space.write('value', SECRET)}"},
    }.get(what, {})
    shown = WRAPPED[how](secret)
    run = exchange(fetch, serve, http(400, {"error": "invalid_client", "error_description": f"bad: {shown}"}), **options)
    assert run.status == 77, run.err
    assert "repeat a secret" in run.err
    assert shown[:12] not in run.err


# ---- what the caller gives ----

def test_messages_are_one_line_of_ascii_whatever_a_path_holds(sidecar, space):
    odd = space.folder / "d\u00e9\n\x1b[31m"
    for option in ("output-dir", "token-file", "cacert-path", "subject-audience", "actor-token-file", "url", "protocol", "connect"):
        run = sidecar.run("fetch", "--url", "https://127.0.0.1:1/", "--token-file", space.token_file, "--output-dir", space.out,
                          "--deadline", "1s", f"--{option}", odd, "--log-format", "text")
        assert run.status in (64, 66, 69, 73), run.err
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


# ---- a poor environment ----

@pytest.mark.parametrize("words", [["--help"], ["fetch", "--help"], ["--version"], ["inspect", "TOKEN"], ["inspect", "--json", "TOKEN"],
                                   ["fetch", "--url", "https://a.test/", "--dry-run"]])
def test_an_answer_that_cannot_be_printed_is_no_success(words, sidecar, space):
    words = [space.token_file if word == "TOKEN" else word for word in words]
    with open("/dev/full", "wb") as full:
        run = sidecar.run(*words, stdout=full)
    assert run.status == 73 and "no space left" in run.err and is_one_line(run), run.err


def test_stdout_that_is_full(fetch, serve, sidecar, space):
    server = serve(http(body={"access_token": "opaque", "expires_in": 300}))
    with open("/dev/full", "wb") as full:
        run = sidecar.run("fetch", "--url", server.url("/"), "--token-file", space.token_file, "--cacert-path", space.ca_file, "--stdout", "--deadline",
                          "2s", "--log-format", "text", stdout=full)
    assert run.status == 73 and "standard output" in run.err, run.err


def test_pipes_that_do_not_block(sidecar, serve, space, subject):
    """Whoever shares our standard input and output may have made them non-blocking."""
    big = "x" * (64 * KiB)
    server = serve(http(body={"access_token": big, "expires_in": 300}))
    (given, give), (take, taken) = os.pipe(), os.pipe()
    for fd in (given, taken):
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK)
    fcntl.fcntl(taken, fcntl.F_SETPIPE_SZ, 4096)
    with sidecar.start("fetch", "--url", server.url("/"), "--token-file", "-", "--cacert-path", space.ca_file, "--stdout", "--deadline", "10s",
                       stdin=given, stdout=taken) as process:
        os.close(given)
        os.close(taken)
        time.sleep(0.1)
        os.write(give, subject.encode())
        os.close(give)
        time.sleep(0.1)
        with os.fdopen(take) as out:
            assert out.read() == big
        assert process.wait().status == 0


@pytest.mark.skipif(sanitized(), reason="a sanitizer writes, and needs descriptors of its own")
def test_no_file_may_grow(fetch, serve, sidecar, space):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    run = sidecar.run("fetch", "--url", "https://127.0.0.1:1/", "--token-file", space.token_file, "--output-dir", space.out, "--deadline", "1s",
                      "--log-format", "text", preexec_fn=limit)
    assert run.status == 73 and "too big" in run.err, run.err


@pytest.mark.skipif(sanitized(), reason="a sanitizer needs descriptors of its own")
def test_few_descriptors(serve, sidecar, space):
    """However few there are: a success, or an error that says so, and never a crash or a torn file."""
    server = serve(http(body={"access_token": "opaque", "expires_in": 300}))
    statuses = []
    for count in range(3, 16):
        run = sidecar.run("fetch", "--url", server.url("/"), "--token-file", space.token_file, "--output-dir", space.out, "--cacert-path", space.ca_file,
                          "--deadline", "1s", "--log-format", "text", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count)))
        assert run.status in (0, 66, 69, 73, 75), (count, run.err)
        assert run.status == 0 or run.err, count
        statuses.append(run.status)
    assert statuses[-1] == 0
    assert sorted(path.name for path in space.out.iterdir()) == [".status", "expires", "token.jwt"]


def test_a_worker_is_not_started_by_hand(sidecar, space):
    report = space.folder / "report"
    for redirect in ("3>&-", f"3>{report}", "3</dev/null"):
        line = f"exec {sidecar.path} worker exchange 1000 fetch --url https://127.0.0.1:1/ --token-file {space.token_file} --output-dir {space.out} {redirect}"
        run = subprocess.run(["bash", "-c", line], capture_output=True, timeout=20, env=sidecar.environment())
        assert run.returncode == 64, run.stderr
    assert not report.exists() or report.read_bytes() == b""
    assert not list(space.out.iterdir())


def test_an_expiry_in_the_year_9999_is_not_adopted(fetch, serve, space, sidecar):
    """A token without exp, and a neighbour that wrote what it liked."""
    server = serve(tokens.openunison(tokens.issued()))
    space.fill(unsigned(b'{"sub":"x"}'), "9999-12-31T23:59:59Z")
    run = sidecar.run("exchange", "--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url("/token/user"), space.out)
    assert run.status == 0, run.err
    assert len(server.requests) == 1


def test_the_last_attempt_does_not_hide_why_the_others_failed(fetch, serve, space):
    """A retry that falls just before the deadline has no time for more than a time-out."""
    server = serve(http(401, {"error": "invalid_token"}))
    runs = []
    for i in range(24):
        out = space.folder / f"out-{i}"
        out.mkdir()
        out.chmod(0o777)
        runs.append(fetch(server.url("/"), background=True, protocol="token-exchange", output_dir=out, deadline="2s"))
    assert [run.wait().status for run in runs] == [77] * len(runs)


def test_too_many_values_in_the_environment(fetch):
    run = fetch("https://127.0.0.1:1/", protocol="token-exchange", env={"STS_PARAM": "\n".join(f"k{i}=v" for i in range(500))})
    assert run.status == 64 and "too often" in run.err, run.err


@pytest.mark.parametrize("value", ["", "-1", "1e3", "0x10", "1.5s", "1h1h", "5 s", "9" * 30 + "h", "1s\n"])
def test_durations_that_are_none(value, fetch):
    run = fetch("https://127.0.0.1:1/", timeout=value)
    assert run.status == 64 and "duration" in run.err and is_one_line(run), run.err
