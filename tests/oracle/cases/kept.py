# SPDX-License-Identifier: Apache-2.0
"""What `run`, `fetch` and `exchange` leave in .status and say in their logs, beside the mock STS; and `refresh` of what runs."""
import fcntl
import json
import os
import shutil
import signal

from oracle.suite import add, case

DENIED = {"status": 403, "error": "access_denied"}
# The STS says when the next attempt may come. So none comes while the case looks.
BUSY = {"status": 503, "retry_after": 300}
UNKNOWN = {"status": 400, "error": "a_code_of_its_own", "error_description": "look here"}
SILENT = {"delay_head_ms": 50_000}
LIFE_S = 900
# An exchange that follows a success waits so long.
FLOOR_S = 5.5
ONCE = ["--protocol=anthropic", "--param=federation_rule_id=fdrl_1", "--param=organization_id=11111111-2222-3333-4444-555555555555"]


def start(scene, *arguments, **fault):
    """A mock STS with this fault. Returns it and the URL of its token exchange."""
    sts = scene.mock(*arguments)
    scene.mask.lives.add(LIFE_S)
    if fault:
        sts.fault(**fault)
    return sts, f"https://localhost:{sts.port}/token"


# ---- .status after fetch ----

def fetched(name, **fault):
    def does(scene):
        _, url = start(scene, **fault)
        scene.fetch_one(url, status=True)
    add(f"status/fetch-{name}", does)


fetched("ok")
fetched("denied", **DENIED)
fetched("busy", **BUSY)
fetched("of-a-code-that-is-not-known", **UNKNOWN)
fetched("of-a-page", html=1)
fetched("closed", close_accept=1)


@case("status/fetch-untrusted")
def untrusted(scene):
    _, url = start(scene)
    scene.trust()
    scene.fetch(url, "--cacert-only", status=True)


@case("status/fetch-denied-after-ok")
def denied_after_ok(scene):
    sts, url = start(scene)
    scene.fetch(url)
    sts.fault(**DENIED)
    scene.fetch(url, "--force", status=True)


@case("status/fetch-stopped")
def fetch_stopped(scene):
    sts, url = start(scene, **SILENT)
    process = scene.start("fetch", *scene.words(url, {}))
    scene.wait_for(lambda: sts.stats()["connections"], "a connection")
    scene.stop(process)
    scene.status()


# ---- .status of run ----

def kept(name, *lines, **fault):
    """`run` until the status file has these lines, and after it was told to stop."""
    def does(scene):
        sts, url = start(scene, **fault)
        process = scene.keep(url)
        scene.has_status(*lines)
        scene.wait_for(lambda: sts.stats()["connections"], "a connection")
        scene.status()
        scene.stop(process)
        scene.status()
    add(f"status/run-{name}", does)


kept("ok", "state ok")
kept("denied", "error denied", **DENIED)
kept("busy", "error busy", **BUSY)
kept("of-a-code-that-is-not-known", "error refused", **UNKNOWN)
kept("starting", "state starting", **SILENT)


@case("status/run-adopts")
def adopts(scene):
    _, url = start(scene)
    scene.fetch(url)
    process = scene.keep(url)
    scene.said(process, "token adopted")
    # What fetch has left says that no attempt will follow.
    scene.has_status("state ok", without="next_attempt 0")
    scene.status()
    scene.stop(process)
    scene.status()


@case("status/run-without-a-subject-token")
def without_a_subject_token(scene):
    _, url = start(scene)
    scene.token_file.unlink()
    process = scene.keep(url)
    scene.has_status("error subject_missing")
    scene.status()
    scene.stop(process)


@case("status/run-waits-for-another-subject-token", 2)
def waits_for_another_subject_token(scene):
    """The STS takes each subject token once, and whether it has taken this one is not known."""
    sts, _ = start(scene, **BUSY | {"retry_after": 1})
    process = scene.keep(f"https://localhost:{sts.port}/v1/oauth/token", *ONCE)
    scene.has_status("error subject_used")
    scene.status()
    scene.run("check", "DIR/tokens")
    scene.stop(process)
    scene.status()


@case("status/run-has-sent-its-subject-token")
def has_sent_its_subject_token(scene):
    sts, _ = start(scene)
    process = scene.keep(f"https://localhost:{sts.port}/v1/oauth/token", *ONCE)
    scene.has_status("state ok")
    scene.status()
    scene.stop(process)


@case("status/run-whose-worker-is-killed")
def worker_is_killed(scene):
    sts, url = start(scene, **SILENT)
    process = scene.keep(url)
    scene.wait_for(lambda: sts.stats()["requests"], "a request")
    os.kill(process.worker(), signal.SIGKILL)
    scene.said(process, 'error="worker"')
    scene.stop(process)
    scene.status()


@case("status/exchange")
def exchange(scene):
    sts, _ = start(scene)
    process = scene.start("exchange", "--cacert-path=DIR/ca.crt", "DIR/sts-token", f"https://localhost:{sts.port}/vault/token/user", "DIR/tokens")
    scene.has_status("state ok")
    scene.status()
    scene.stop(process, signal.SIGUSR1)
    scene.status()


# ---- several exchanges ----

def configure(scene, sts, *exchanges, **top):
    """A configuration file. An exchange is (name, path of the URL, name of the exchange whose token it reads)."""
    made = []
    for name, path, reads in exchanges:
        folder = scene.directory(f"out/{name}")
        made.append({"name": name, "url": f"https://localhost:{sts.port}{path}", "output-dir": str(folder),
                     "token-file": scene.path(f"DIR/out/{reads}/token.jwt" if reads else "DIR/sts-token")})
    top = {"cacert-path": scene.path("DIR/ca.crt"), "log-format": "text", "timeout": "50s"} | top
    scene.write("config.written", json.dumps(top | {"exchanges": made}))
    (scene.folder / "config.written").rename(scene.folder / "config.json")


def statuses(scene, *names):
    for name in names:
        scene.note(name)
        scene.status(scene.folder / "out" / name)


def settle(scene, **lines):
    for name, line in lines.items():
        scene.has_status(line, folder=scene.folder / "out" / name)


@case("status/several-that-run")
def several_that_run(scene):
    """a has a token, b has none, c waits for b."""
    sts, _ = start(scene, path="/token/b", **BUSY)
    configure(scene, sts, ("a", "/token", None), ("b", "/token/b", None), ("c", "/token", "b"))
    process = scene.start("run", "--config=DIR/config.json")
    settle(scene, a="state ok", b="error busy", c="waits_for b")
    statuses(scene, *"abc")
    scene.run("check", "DIR/out/a", "DIR/out/c", "DIR/out/b")
    scene.run("check", "--json", "DIR/out/c", "DIR/out/a")
    scene.run("check", "--json", "DIR/out/a", "DIR/out/b")
    scene.stop(process, ordered=False)
    statuses(scene, *"abc")


@case("status/several-fetched")
def several_fetched(scene):
    sts, _ = start(scene, path="/token/b", **DENIED)
    configure(scene, sts, ("a", "/token", None), ("b", "/token/b", None), ("c", "/token", "b"))
    scene.run("fetch", "--config=DIR/config.json", "--deadline=50s", ordered=False)
    statuses(scene, *"abc")


# ---- whole logs ----

def log(name, *args, **options):
    """A token, a failure while it is valid, another token, and the end."""
    def does(scene):
        sts, url = start(scene)
        process = scene.keep(url, *args, **options)
        scene.said(process, "token refreshed")
        sts.fault(**DENIED)
        process.signal(signal.SIGHUP)
        scene.said(process, "access_denied")
        sts.control("DELETE", "faults")
        process.signal(signal.SIGHUP)
        scene.said(process, "token refreshed", 2)
        scene.stop(process)
        scene.files()
    add(f"log/{name}", does, FLOOR_S + 1.5)


log("in-text")
log("in-json", log_format="json")
log("with-debug", "--log-level=debug")


@case("log/on-a-terminal-none")
def not_a_terminal(scene):
    """A log that is not a terminal is JSON."""
    _, url = start(scene)
    process = scene.keep(url, log_format=None)
    scene.said(process, "token refreshed")
    scene.stop(process, signal.SIGINT)


@case("log/warnings-alone", 2)
def warnings_alone(scene):
    sts, url = start(scene, **BUSY | {"retry_after": 1, "times": 1})
    process = scene.keep(url, "--log-level=warn")
    scene.has_status("state ok")
    scene.stop(process, signal.SIGUSR1)
    assert sts.stats()


@case("log/another-subject-token")
def another_subject_token(scene):
    """The STS refuses the first subject token. The program asks again when another one is there."""
    sts, url = start(scene)
    good = scene.token_file.read_bytes()
    scene.write("sts-token", sts.mint("--bad-signature"))
    process = scene.keep(url)
    scene.said(process, "error=")
    scene.write("written", good).rename(scene.token_file)
    scene.said(process, "token refreshed")
    scene.stop(process)


@case("log/notify")
def notify(scene):
    _, url = start(scene)
    process = scene.keep(url, "--notify-pid-file=DIR/none")
    scene.said(process, "no signal was sent")
    scene.stop(process)


@case("log/clock-of-the-sts-is-off")
def clock_is_off(scene):
    sts, url = start(scene, clock_s=3600)
    scene.write("sts-token", sts.mint("--expires-in", "3h"))
    process = scene.keep(url)
    scene.said(process, "token refreshed")
    scene.stop(process)


@case("log/chain")
def chain(scene):
    """b waits for a's first token, which the mock STS does not accept as a subject token."""
    sts, _ = start(scene)
    configure(scene, sts, ("a", "/token", None), ("b", "/token", "a"))
    process = scene.start("run", "--config=DIR/config.json")
    scene.said(process, 'exchange="a"')
    settle(scene, a="state ok", b="state failing")
    scene.stop(process)
    statuses(scene, *"ab")


@case("log/new-configuration", FLOOR_S)
def new_configuration(scene):
    """A changed file is noticed. The first change is a mistake. After the second one b is gone and a has another URL."""
    sts, _ = start(scene)
    both = [("a", "/token", None), ("b", "/token", "a")]
    configure(scene, sts, *both)
    process = scene.start("run", "--config=DIR/config.json")
    settle(scene, a="state ok", b="state failing")
    configure(scene, sts, *both, timeout="soon")
    scene.said(process, "mend the file")
    configure(scene, sts, ("a", "/nothing", None))
    scene.said(process, "not_found")
    scene.stop(process)
    statuses(scene, *"ab")


# ---- exchange ----

def exchanged(name, *flags, mock=(), then=None, count=1, words="token refreshed", seconds=0.0, **fault):
    """The command of the predecessor; it is told to stop once these words are in its log."""
    def does(scene):
        sts, _ = start(scene, *mock, **fault)
        process = scene.start("exchange", "--cacert-path=DIR/ca.crt", *flags, "DIR/sts-token", f"https://localhost:{sts.port}/vault/token/user", "DIR/tokens")
        if then:
            scene.said(process, "token refreshed")
            then(sts)
        scene.said(process, words, count)
        scene.stop(process)
    add(f"log/exchange-{name}", does, seconds)


exchanged("ok")
exchanged("refused", words="unexpected status", **DENIED)
exchanged("no-poll", "--seconds-between-runs=1", mock=["--no-sig-cert"], words="no sig-cert", seconds=1)
exchanged("rotation", "--seconds-between-runs=7", then=lambda sts: sts.control("POST", "rotate"), count=2, seconds=7)


@case("log/exchange-single-run")
def single_run(scene):
    sts, _ = start(scene)
    scene.run("exchange", "--single-run", "--cacert-path=DIR/ca.crt", "DIR/sts-token", f"https://localhost:{sts.port}/vault/token/user", "DIR/tokens")
    scene.status()


# ---- refresh ----

def asked(name, line, *args, seconds=0.0, before=None, **fault):
    """`refresh` of what runs, once its status file has this line."""
    def does(scene):
        sts, url = start(scene, **fault)
        process = scene.keep(url)
        scene.has_status(line)
        if before:
            before(sts)
        scene.run("refresh", *args, "DIR/tokens")
        scene.status()
        scene.stop(process)
    add(f"refresh/{name}", does, seconds)


asked("ok", "state ok", seconds=FLOOR_S)
asked("ok-after-a-failure", "error denied", seconds=1, before=lambda sts: sts.control("DELETE", "faults"), **DENIED)
asked("denied", "error denied", seconds=1, **DENIED)
asked("denied-while-a-token-is-valid", "state ok", seconds=FLOOR_S, before=lambda sts: sts.fault(**DENIED))
asked("busy", "error busy", "--timeout=20s", seconds=1, **BUSY)
asked("no-result-in-time", "error denied", "--timeout=1500ms", seconds=1.5, before=lambda sts: sts.fault(**SILENT), **DENIED)


@case("refresh/one-of-several", 1)
def one_of_several(scene):
    sts, _ = start(scene, **DENIED)
    configure(scene, sts, ("a", "/token", None), ("b", "/token", None))
    process = scene.start("run", "--config=DIR/config.json")
    settle(scene, a="error denied", b="error denied")
    scene.run("refresh", "DIR/out/b")
    settle(scene, a="attempts 2", b="attempts 2")
    statuses(scene, *"ab")
    scene.stop(process, ordered=False)


@case("refresh/nobody-there")
def nobody_there(scene):
    scene.run("refresh", "DIR/tokens")


@case("refresh/nobody-there-any-more")
def nobody_there_any_more(scene):
    _, url = start(scene)
    process = scene.keep(url)
    scene.said(process, "token refreshed")
    scene.stop(process)
    scene.run("refresh", "DIR/tokens")


@case("refresh/a-stranger-there")
def stranger_there(scene):
    handle = os.open(scene.out, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        scene.run("refresh", "DIR/tokens")
    finally:
        os.close(handle)


@case("refresh/another-user-s", 1)
def another_users(scene):
    """This process may not send it a signal."""
    _, url = start(scene, **DENIED)
    process = scene.keep(url)
    scene.has_status("error denied")
    scene.run("refresh", "DIR/tokens", uid=65533, gid=65533)
    scene.stop(process)


@case("refresh/no-directory")
def no_directory(scene):
    shutil.rmtree(scene.out)
    scene.run("refresh", "DIR/tokens")
    scene.run("refresh", "--output-dir=DIR/sts-token")
    scene.run("refresh", env={"STS_OUTPUT_DIR": "DIR/" + "x" * 150})
