# SPDX-License-Identifier: Apache-2.0
"""`exchange`: the arguments of another program, kept as a contract."""
import json
import os
import signal
import stat
import time

import pytest

from harness import tokens
from harness.mock import wait_for
from harness.runs import USER, rig  # rig: fixture
from harness.sidecar import UID
from harness.tokens import http

PATH = "/vault/token/user"


@pytest.fixture
def exchange(sidecar, space):
    def run(*args, background=False, **more):
        return (sidecar.start if background else sidecar.run)("exchange", *args, **more)
    return run


def test_single_run(exchange, serve, space):
    token = tokens.issued()
    server = serve(tokens.openunison(token))
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out)
    assert run.status == 0, run.err
    expected = {"token.jwt": token, "expires": tokens.rfc3339(tokens.expiry(token)), "thumbprint": tokens.THUMBPRINT}
    for name, text in expected.items():
        path = space.out / name
        assert path.read_bytes() == text.encode()
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert path.stat().st_uid == UID
    assert run.out == b""


def test_everyone_may_read_the_files(exchange, serve, space):
    """Without the flag, only the user may read the files of a directory in which nobody else may write."""
    server = serve(tokens.openunison(tokens.issued()))
    for flags, mode in ([], 0o600), (["--token-global-read"], 0o644):
        out = space.out / f"{mode:o}"
        run = exchange("--single-run", f"--cacert-path={space.ca_file}", *flags, space.token_file, server.url(PATH), out)
        assert run.status == 0, run.err
        assert stat.S_IMODE((out / "token.jwt").stat().st_mode) == mode


def test_names_that_begin_with_a_hyphen(exchange, serve, space):
    """All that follows -- is a positional argument."""
    (space.out / "--single-run").write_bytes(space.token_file.read_bytes())
    server = serve(tokens.openunison(tokens.issued()))
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", "--", "--single-run", server.url(PATH), "-out", cwd=space.out)
    assert run.status == 0, run.err
    assert (space.out / "-out/token.jwt").exists()


ORDERS = {
    "flags last": lambda s, url: [s.token_file, url, s.out, "--single-run", "--cacert-path", s.ca_file],
    "flags between": lambda s, url: [s.token_file, "--cacert-path", s.ca_file, url, "--single-run=true", s.out],
    "more positionals": lambda s, url: ["--single-run", f"--cacert-path={s.ca_file}", s.token_file, url, s.out, "a", "b"],
    "every flag": lambda s, url: ["--single-run", f"--cacert-path={s.ca_file}", "--seconds-between-runs", "5",
                                  "--minutes-before-refresh=1", s.token_file, url, s.out],
}


@pytest.mark.parametrize("order", ORDERS)
def test_orders_of_arguments(order, exchange, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    run = exchange(*ORDERS[order](space, server.url(PATH)))
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").exists()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_arguments(count, exchange, space):
    run = exchange("--single-run", *[space.token_file, "https://127.0.0.1:1/token/user"][:count])
    assert run.status == 1
    assert run.lines and "TOKEN" in run.err.upper()


@pytest.mark.parametrize("flag,says", [("--singel-run", '"--singel-run": did you mean --single-run'),
                                       ("--seconds-between-runs=x", "--seconds-between-runs is not valid: it takes a whole number"),
                                       ("--single-run=maybe", "--single-run is not valid: it takes true or false")])
def test_wrong_flags(flag, says, exchange, space):
    run = exchange(flag, space.token_file, "https://127.0.0.1:1/token/user", space.out)
    assert run.status == 1 and says in run.last, run.err


def test_the_directory_is_made(exchange, serve, space):
    made = space.out / "made"
    server = serve(tokens.openunison(tokens.issued()))
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), made)
    assert run.status == 0, run.err
    assert stat.S_IMODE(made.stat().st_mode) == 0o755
    assert (made / "token.jwt").exists()


def test_the_environment_is_not_read(exchange, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    env = {"STS_URL": "https://127.0.0.1:1/", "STS_OUTPUT_DIR": "/nowhere", "STS_TIMEOUT": "garbage", "STS_PROTOCOL": "garbage",
           "HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out, env=env)
    assert run.status == 0, run.err


def test_403_is_said_in_the_words_that_people_grep_for(exchange, serve, space):
    server = serve(http(403))
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out)
    assert run.status == 77
    assert "unexpected status 403" in run.err
    for line in run.lines:
        entry = json.loads(line)
        assert {"level", "ts", "msg"} <= set(entry)


def test_a_token_that_is_there_is_adopted(exchange, serve, space):
    token = tokens.issued(3600)
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    before = space.snapshot()
    server = serve(tokens.openunison(tokens.issued()))
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out)
    assert run.status == 0, run.err
    assert server.requests == []
    assert space.snapshot() == before


def test_a_token_that_is_nearly_due_is_not(exchange, serve, space):
    token, new = tokens.issued(120), tokens.issued(900)
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    server = serve(tokens.openunison(new))
    run = exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out)
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == new


SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda s: s.name)
@pytest.mark.parametrize("stage", ["between", "accept", "handshake", "request"])
def test_told_to_stop(stage, number, exchange, serve, space):
    server = serve(tokens.openunison(tokens.issued()), stall=None if stage == "between" else stage)
    with exchange(f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out, background=True) as process:
        if stage == "between":
            wait_for((space.out / "expires").exists, "a token")
            wait_for(lambda: not process.children(), "the end of the worker")
        else:
            assert server.stalled.wait(20)
        process.signal(number)
        # An attempt may take 30 s, and the server is silent for 20.
        run = process.wait(10)
        assert run.status == 0, run.err
        assert not process.children()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda s: s.name)
def test_a_single_run_that_is_stopped_has_not_succeeded(number, exchange, serve, space):
    server = serve(stall="request")
    with exchange("--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out,
                  background=True) as process:
        assert server.stalled.wait(10)
        process.signal(number)
        assert process.wait(5).status == 75


@pytest.mark.parametrize("number", SIGNALS, ids=lambda s: s.name)
def test_fetch_that_is_stopped_has_not_succeeded(number, fetch, serve):
    server = serve(stall="request")
    with fetch(server.url(PATH), background=True, timeout="60s", deadline="60s") as process:
        assert server.stalled.wait(20)
        process.signal(number)
        run = process.wait(10)
        assert run.status == 75, run.err
        assert run.lines


def test_fetch_is_stopped_while_it_waits_for_the_next_try(fetch, serve):
    server = serve(http(503, headers=["Retry-After: 60"]))
    with fetch(server.url(PATH), background=True, deadline="100s") as process:
        wait_for(lambda: server.requests, "a request")
        wait_for(lambda: not process.children(), "the end of the worker")
        process.signal(signal.SIGTERM)
        run = process.wait(10)
        assert run.status == 75, run.err


def test_two_writers_are_kept_apart(exchange, fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    with exchange(f"--cacert-path={space.ca_file}", space.token_file, server.url(PATH), space.out, background=True) as process:
        wait_for((space.out / "expires").exists, "a token")
        wait_for(lambda: not process.children(), "the end of the worker")
        before = space.snapshot()
        run = fetch(server.url(PATH))
        assert run.status == 73, run.err
        assert f"process {process.pid} already writes" in run.last, run.err
        assert space.snapshot() == before
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(5).status == 0
    assert fetch(server.url(PATH)).status == 0


def test_an_expiry_in_the_year_9999_is_not_adopted(fetch, serve, space, sidecar):
    """A token without exp, and a neighbour that wrote what it liked."""
    server = serve(tokens.openunison(tokens.issued()))
    space.fill(tokens.unsigned(b'{"sub":"x"}'), "9999-12-31T23:59:59Z")
    run = sidecar.run("exchange", "--single-run", f"--cacert-path={space.ca_file}", space.token_file, server.url("/token/user"), space.out)
    assert run.status == 0, run.err
    assert len(server.requests) == 1


SIG_CERT = "/vault/sig-cert"


EVERY_SECOND = "--seconds-between-runs=1"


@pytest.mark.slow
def test_as_the_injector_starts_it(rig):
    """It writes three files without newlines, with mode 0644 in an emptyDir of the kubelet so that the other containers can read them, and then keeps running."""
    r = rig()
    process = r.exchange()
    r.has_token()
    answer = r.mock.user(r.token_file.read_text()).json["token"]
    line = r.said("token refreshed")[0]
    assert (r.out / "thumbprint").read_text() == answer["thumbprint"]
    assert (r.out / "expires").read_text() == line["expires"] and tokens.is_end(line["expires"], r.claims()["exp"])
    r.mock.verify(r.token())
    for name in ("token.jwt", "expires", "thumbprint"):
        about = (r.out / name).stat()
        assert stat.S_IMODE(about.st_mode) == 0o644 and about.st_uid == UID
    # 15 minutes, refreshed from 5 minutes before the end, spread over the 90 s before that.
    assert 500 <= line["next_refresh_s"] <= 600
    assert process.popen.poll() is None
    assert r.stop(process).status == 0


@pytest.mark.slow
def test_the_key_is_rotated(rig):
    """A new thumbprint means a new token, not sooner than 5 s after the last one; then peace."""
    r = rig()
    process = r.exchange(EVERY_SECOND)
    r.has_token()
    old = (r.out / "thumbprint").read_text()
    polls = len(r.asked(1, SIG_CERT))
    r.mock.control("POST", "rotate", keep=0)
    r.asked(2)
    r.said("token refreshed", 2)
    assert (r.out / "thumbprint").read_text() != old
    r.mock.verify(r.token())
    first, second = (line["ts"] for line in r.said("token refreshed", 2))
    assert second - first >= 4.5
    r.asked(polls + 6, SIG_CERT)
    assert len(r.requests()) == 2
    assert r.stop(process).status == 0
    assert [line["msg"] for line in r.lines()][1:-1] == ["token refreshed: the signing certificate changed"]
    assert [line["level"] for line in r.lines()] == ["info"] * len(r.lines())
    assert all(entry["method"] == "GET" for entry in r.requests(SIG_CERT))


NOT_THERE = {
    "404": dict(status=404),
    "redirect": dict(redirect="https://elsewhere.test/"),
    "307": dict(status=307, redirect="/login"),
    "HTML": dict(html=1),
    "no thumbprint": dict(body='{"other":"x"}'),
    "not a string": dict(body='{"thumbprint":17}'),
    "empty": dict(empty=1),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", NOT_THERE)
def test_there_is_no_such_endpoint(what, rig):
    """One line, and questions that come ever more rarely: after 1 s, 2 s, and 4 s. The token is not concerned."""
    r = rig()
    r.mock.fault(path=SIG_CERT, **NOT_THERE[what])
    process = r.exchange(EVERY_SECOND)
    r.said("no sig-cert endpoint")
    waits, last = [], time.monotonic()
    for count in (2, 3):
        r.asked(count, SIG_CERT)
        waits.append(time.monotonic() - last)
        last = time.monotonic()
    assert waits[0] > 1.3 and waits[1] > 2.7, waits
    assert r.stop(process).status == 0
    assert len([line for line in r.lines() if "sig-cert" in line["msg"]]) == 1
    assert not [line for line in r.lines() if line["level"] != "info"]
    assert len(r.requests()) == 1


@pytest.mark.slow
def test_the_endpoint_is_gone_for_a_while(rig):
    """An ingress in a rollout answers 404: the next rotation of the key is noticed all the same."""
    r = rig()
    process = r.exchange(EVERY_SECOND)
    r.asked(2, SIG_CERT)
    r.mock.fault(path=SIG_CERT, status=404)
    r.said("is not there now")
    r.asked(len(r.requests(SIG_CERT)) + 3, SIG_CERT)
    r.mock.fault("DELETE")
    old = (r.out / "thumbprint").read_text()
    r.mock.control("POST", "rotate", keep=0)
    r.said("token refreshed", 2)
    assert (r.out / "thumbprint").read_text() != old
    assert len([line for line in r.lines() if "is not there now" in line["msg"]]) == 1
    assert r.stop(process).status == 0


@pytest.mark.slow
def test_no_thumbprint_no_poll(rig):
    r = rig("--no-thumbprint")
    process = r.exchange(EVERY_SECOND)
    r.said("token refreshed")
    time.sleep(2.5)
    assert r.requests(SIG_CERT) == []
    assert r.stop(process).status == 0
    assert not (r.out / "thumbprint").exists()


@pytest.mark.slow
def test_the_poll_fails(rig):
    """Tried again at the interval, said once for each cause; the token is not concerned."""
    r = rig()
    r.mock.fault(status=500, path=SIG_CERT)
    process = r.exchange(EVERY_SECOND)
    r.asked(3, SIG_CERT)
    r.mock.fault(status=503, path=SIG_CERT)
    r.asked(6, SIG_CERT)
    r.mock.fault("DELETE")
    r.asked(8, SIG_CERT)
    r.mock.fault(status=503, path=SIG_CERT)
    r.asked(11, SIG_CERT)
    assert r.status()["state"] == "ok"
    assert r.stop(process).status == 0
    warnings = [line["msg"] for line in r.lines() if line["level"] == "warn"]
    request = f"; request: GET https://localhost:{r.mock.port}{SIG_CERT}"
    assert warnings == [f"unexpected status {status}{request}" for status in (500, 503, 503)]
    assert len(r.requests()) == 1


@pytest.mark.slow
def test_a_poll_that_hangs_holds_up_nothing(rig):
    r = rig("--lifetime", "7s")
    r.mock.fault(delay_head_ms=20000, path=SIG_CERT)
    process = r.exchange(EVERY_SECOND)
    r.said("token refreshed", 2, patience_s=12)
    assert r.stop(process).status == 0
    assert not [line for line in r.lines() if line["level"] != "info"]


@pytest.mark.slow
def test_adoption(rig):
    """The request log of the STS proves it: nothing is sent, for as long as `expires` is further away than the minutes."""
    r = rig()
    first = r.exchange()
    r.has_refreshed()
    first.kill()
    first.wait(5)
    before = r.space.snapshot()
    second = r.exchange("--minutes-before-refresh", "14")
    r.said("token adopted")
    time.sleep(1)
    assert r.stop(second).status == 0
    # One question comes at once, since the certificate may have changed meanwhile; the second poll would come after 24 s.
    assert (len(r.requests()), len(r.requests(SIG_CERT)), r.mock.stats()["connections"]) == (1, 1, 2)
    assert r.space.snapshot() == before
    third = r.exchange("--minutes-before-refresh=16")
    r.said("token refreshed", 2)
    assert r.stop(third).status == 0
    assert len(r.requests()) == 2


@pytest.mark.slow
def test_the_poll_goes_on_after_adoption(rig):
    r = rig()
    first = r.exchange()
    r.has_refreshed()
    assert r.stop(first).status == 0
    r.mock.control("POST", "rotate")
    second = r.exchange("--seconds-between-runs=300")
    r.said("token refreshed: the signing certificate changed")
    assert r.stop(second).status == 0


@pytest.mark.slow
def test_two_replicas_are_out_of_step(rig):
    """The polls find a new key, and the exchanges give the old one: an exchange every 5 s at most, and one line for each."""
    r = rig()
    r.mock.fault(path=SIG_CERT, body=json.dumps({"thumbprint": "AB" * 32}))
    process = r.exchange(EVERY_SECOND)
    r.asked(3, patience_s=40)
    r.said("still with the old signing certificate", 2)
    assert r.stop(process).status == 0
    *lines, _ = r.lines()  # the last one says that it was told to stop
    assert all(later["ts"] - line["ts"] >= 4.5 for line, later in zip(lines, lines[1:]))
    assert {line["msg"] for line in lines[1:]} == {
        "token refreshed, still with the old signing certificate: two replicas of the STS may be out of step"}


@pytest.mark.slow
def test_403(rig):
    """The words that people grep for, whatever the body; tried again no later than the seconds say."""
    r = rig("--allow-namespace", "elsewhere")
    process = r.exchange("--seconds-between-runs", "2")
    lines = r.said("unexpected status 403", 3)
    assert all(line["error"] == "denied" and line["retry_in_s"] <= 2 for line in lines)
    assert {"level", "ts", "msg"} <= set(lines[0])
    assert r.stop(process).status == 0


@pytest.mark.slow
def test_longest_wait_of_zero_means_ten(rig):
    r = rig("--allow-namespace", "elsewhere")
    process = r.exchange("--seconds-between-runs", "0")
    assert 8 <= r.said("unexpected status 403")[0]["retry_in_s"] <= 10
    assert r.stop(process).status == 0


@pytest.mark.slow
def test_the_environment_of_a_pod(rig):
    """Neither STS_* nor a proxy; and what a Service called sts leaves in every Pod of its namespace."""
    r = rig()
    env = {"STS_URL": "https://127.0.0.1:1/", "STS_OUTPUT_DIR": "/nowhere", "STS_LOG_LEVEL": "error", "STS_PROTOCOL": "garbage",
           "STS_REFRESH_FRACTION": "x", "HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1",
           "HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1", "NO_PROXY": ""}
    process = r.exchange(env=env)
    r.has_refreshed()
    assert r.stop(process).status == 0
    assert len(r.lines()) == 2


@pytest.mark.slow
def test_the_directory_is_made_without_single_run(rig):
    r = rig()
    r.out = r.out / "made"
    process = r.exchange(umask=0o022)
    wait_for((r.out / "expires").exists, "a token")
    assert stat.S_IMODE(r.out.stat().st_mode) == 0o755
    assert stat.S_IMODE((r.out / "token.jwt").stat().st_mode) == 0o600
    assert r.stop(process).status == 0


@pytest.mark.slow
def test_positionals_past_the_third(rig):
    r = rig()
    process = r.start("exchange", r.token_file, "--cacert-path", r.ca_file, r.url, r.out, "and", "--single-run=false", "more")
    r.has_token()
    assert r.stop(process, signal.SIGUSR1).status == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1], ids=lambda s: s.name)
def test_told_to_stop_between_runs(number, rig):
    r = rig()
    process = r.exchange()
    r.said("token refreshed")
    assert r.stop(process, number).status == 0
    assert r.lines()[-1]["msg"] == "told to stop"


@pytest.mark.slow
def test_another_make(sidecar, serve, space):
    """Refreshes, the poll and HUP with another server (Python's ssl) and an answer that mock-sts did not make."""
    count = []

    def answer(request):
        if request.startswith(b"GET /vault/sig-cert "):
            return http(body={"thumbprint": tokens.THUMBPRINT})
        assert request.startswith(b"GET /vault/token/user HTTP/1.1\r\n")
        count.append(1)
        return tokens.openunison(tokens.issued(7, jti=f"number {len(count)}"))

    server = serve(answer)
    with sidecar.start("exchange", f"--cacert-path={space.ca_file}", EVERY_SECOND, space.token_file, server.url(USER), space.out) as process:
        wait_for(lambda: len(count) == 2, "two exchanges")
        wait_for(lambda: len(server.requests) > 4, "polls")
        process.signal(signal.SIGHUP)
        wait_for(lambda: len(count) == 3, "a third")
        time.sleep(0.3)
        process.signal(signal.SIGTERM)
        assert process.wait(5).status == 0
    assert (space.out / "thumbprint").read_text() == tokens.THUMBPRINT
