# SPDX-License-Identifier: Apache-2.0
"""`check`: yes or no, at once, with the reason."""
import contextlib
import json
import os
import re
import threading
import time

import pytest

from harness import status, tokens
from harness.mock import wait_for
from harness.servers import free_port
from harness.several import several  # fixture
from harness.sidecar import GID, ROOT, UID, needs_root, sanitized
from harness.tokens import http


@pytest.fixture
def check(sidecar, space):
    def run(*args, **more):
        return sidecar.run("check", *args, space.out, **more)
    return run


def says(run):
    """The one line, wherever it is printed."""
    lines = [line for line in (run.out.decode() + run.err).splitlines() if line]
    assert len(lines) == 1, (run.out, run.err)
    return lines[0]


def put(space, lifetime_s=600, token=None, expires=None):
    token = tokens.issued(lifetime_s) if token is None else token
    space.fill(token, tokens.rfc3339(int(time.time()) + lifetime_s) if expires is None else expires)


def test_yes(check, space):
    """It says for how long, on standard output. A probe may have the exit status alone."""
    put(space, 740)
    run = check()
    assert (run.status, run.err) == (0, "")
    assert re.fullmatch(f"the token in {space.out} is valid for 12 min (20|1[0-9]) s\n", run.out.decode()), run.out
    for quiet in (["--quiet"], ["--quiet", "--json"], ["--quiet", "--wait=5s", "--min-ttl=1m"]):
        run = check(*quiet)
        assert (run.status, run.out, run.err) == (0, b"", "")
    with open("/dev/full", "wb") as full:
        assert check(stdout=full).status == 73 and check("--quiet", stdout=full).status == 0


def test_quiet_says_what_is_wrong(check, space):
    run = check("--quiet")
    assert (run.status, run.out) == (1, b"") and run.err.startswith(f"no token in {space.out}: ")


def test_expires_counts_before_the_tokens_own_exp(check, space):
    """`expires` is in the node's clock. Where that clock is ahead, the exp of a good token lies in its past."""
    put(space, token=tokens.issued(-300))
    run = check()
    assert run.status == 0, run.err
    put(space, -20, token=tokens.issued(300))
    assert check().status == 1
    (space.out / "expires").unlink()
    run = check()
    assert run.status == 0, run.err


@pytest.mark.slow
def test_several_directories(sidecar, space):
    """All must be good; the first that is not is told, and the wait is for all of them together."""
    put(space)
    bad = space.folder / "bad"
    bad.mkdir()
    assert sidecar.run("check", space.out, space.out, f"{space.out}/").status == 0
    run = sidecar.run("check", space.out, bad, space.folder / "worse")
    assert run.status == 1 and run.out.startswith(b"the token in %s is valid for " % str(space.out).encode()) and run.out.count(b"\n") == 1
    assert run.err.startswith(f"no token in {bad}: ") and run.err.count("\n") == 1
    run = sidecar.run("check", bad, space.out)
    assert run.status == 1 and str(bad) in says(run)
    run = sidecar.run("check", "--wait=3s", bad, space.out, bad)
    assert run.status == 1 and 2.9 < run.seconds < 5.8, "not three seconds for each"
    run = sidecar.run("check", "--json", space.out, bad, space.out)
    assert [json.loads(line)["ok"] for line in run.out.splitlines()] == [True, False] and run.status == 1
    assert sidecar.run("check", space.out, "").status == 64
    assert sidecar.run("check", *[space.out] * 49).status == 0
    assert sidecar.run("check", *[space.out] * 50).status == 64


def test_the_default_directory(sidecar):
    run = sidecar.run("check")
    assert run.status == 1
    assert "/tokens" in says(run)


def test_the_directory_from_the_environment(sidecar, space):
    put(space)
    assert sidecar.run("check", env={"STS_OUTPUT_DIR": space.out}).status == 0
    assert sidecar.run("check", "--output-dir", space.out).status == 0
    assert sidecar.run("check", space.folder, env={"STS_OUTPUT_DIR": space.out}).status == 1


NOBODY_WROTE = ": no sidecar has written here yet: is it running, with this directory as its output?"
REASONS = {
    "no token": (lambda s: None, "no token in {out}"),
    "empty token": (lambda s: put(s, token=""), "the token in {out} cannot be used: it is empty"),
    "expired": (lambda s: put(s, -3620), "the token in {out} expired 1 h ago"),
    "no expires, expired by its own exp": (lambda s: (put(s, token=tokens.issued(-3620)), (s.out / "expires").unlink()), "the token in {out} expired 1 h ago"),
    "no expires": (lambda s: (put(s, token="opaque"), (s.out / "expires").unlink()), "the token in {out} has no expiry that can be read: expires: no such file"),
    "empty expires": (lambda s: put(s, token="opaque", expires=""), "the token in {out} has no expiry that can be read: expires: it is empty"),
    "garbage in expires": (lambda s: put(s, token="opaque", expires="soon"), "the token in {out} has no expiry that can be read: expires: not a time in RFC 3339"),
    "huge token": (lambda s: put(s, token="a" * 100_000), "the token in {out} cannot be used: too big"),
    "huge expires": (lambda s: put(s, token="opaque", expires="2" * 100_000), "the token in {out} has no expiry that can be read: expires: too big"),
}


@pytest.mark.parametrize("reason", REASONS)
def test_no(reason, check, space):
    prepare, words = REASONS[reason]
    prepare(space)
    run = check()
    assert run.status == 1
    assert says(run) == words.format(out=space.out) + NOBODY_WROTE


def test_a_token_that_was_removed(check, space):
    status.write(space.out, status.failing(error="ok", tries=0, state="ok", last_success=int(time.time()) - 12))
    run = check()
    assert run.status == 1
    assert says(run).startswith(f"no token in {space.out} any more (it was removed; sts-sidecar refresh gets a new one): ")


def test_no_directory(sidecar, space):
    run = sidecar.run("check", space.folder / "nowhere")
    assert run.status == 1
    assert "nowhere" in says(run)


@pytest.mark.skipif(not ROOT, reason="needs a file of another user")
@pytest.mark.parametrize("names", [["token.jwt"], ["token.jwt", "token.json"], ["token.json"]])
def test_a_token_that_may_not_be_read(names, check, space):
    put(space)
    (space.out / "token.json").write_text("{}")
    for name in names:
        os.chown(space.out / name, 0, 0)
        os.chmod(space.out / name, 0o600)
    run = check()
    assert run.status == 1
    assert says(run) == (f"the token in {space.out} cannot be used: {names[0]}: permission denied: mode 0600, owner 0, group 0, and this process "
                         f"is UID {UID}, GID {GID}: run check in the sidecar's container; if the application may not read it either, give "
                         "the Pod an fsGroup, or let both run as one UID")


@pytest.mark.skipif(not ROOT, reason="needs a directory of another user")
def test_a_directory_that_may_not_be_entered(check, space):
    put(space)
    os.chown(space.out, 0, 0)
    os.chmod(space.out, 0o700)
    run = check()
    assert run.status == 1
    assert says(run).startswith(f"cannot look into {space.out}: permission denied: mode 0700, owner 0, group 0, and this process is UID {UID}, GID {GID}: ")


def test_min_ttl(check, space):
    put(space, 120)
    assert check("--min-ttl", "60s").status == 0
    assert check("--min-ttl=60").status == 0
    run = check("--min-ttl", "5m")
    assert run.status == 1
    assert re.match(rf"the token in {space.out} is valid for only (2 min|1 min 5\d s) more: ", says(run)), says(run)


DENIED = "the STS, or a gateway in front of it, refused this ServiceAccount: check the authorization rules of both"
CLAIMS = ("; subject token: iss https://kubernetes.default.svc, sub system:serviceaccount:shop:checkout, aud https://kubernetes.default.svc, "
          "LEFT left")
FAILURES = {
    "403": (http(403, {"error": "access_denied"}), 77, f"403: access_denied; request: POST URL{CLAIMS} ({DENIED})"),
    "503": (http(503), 75, "503; request: POST URL (the STS cannot answer now: "),
    "HTML": (http(200, b"<html>"), 65, "html: the answer (status 200) is a web page; request: POST URL ("),
    "empty": (http(200, b""), 65, "empty: the STS answered with no body (status 200)"),
    "bytes of the STS": (http(403, {"error": "ours", "error_description": "\x1b[2J\n\u20ac" + "x" * 200}), 77,
                         r"403: ours: \x1B[2J \xE2\x82\xAC"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_the_reason_of_the_last_failure(failure, check, fetch, serve, space):
    """It is the message of the log, which names the request and the claims of the subject token."""
    answer, status, words = FAILURES[failure]
    server = serve(answer)
    assert fetch(server.url("/token/user?secret=1"), protocol="token-exchange", deadline="1s").status == status
    run = check()
    assert run.status == 1
    words = re.escape(words.replace("URL", server.url("/token/user"))).replace("LEFT", r"(1 h|5\d min( \d+ s)?)")
    assert re.match(rf"no token in {space.out}: try \d failed (just now|\d s ago): {words}", says(run)), says(run)
    assert "secret" not in says(run) and len(says(run)) < 1000


def test_refused_connection(check, fetch, space):
    assert fetch(f"https://127.0.0.1:{free_port()}/x", deadline="1s").status == 69
    assert re.search(r": connect: 127\.0\.0\.1:\d+: connection refused \(the connection failed: ", says(check()))


def test_a_fetch_that_worked(check, fetch, serve):
    server = serve(tokens.openunison(tokens.issued()))
    assert fetch(server.url("/token/user")).status == 0
    assert check().status == 0
    assert check("--min-ttl", "10m").status == 0
    assert check("--min-ttl", "20m").status == 1


@pytest.mark.slow
def test_wait_sees_the_token_come(check, space):
    timer = threading.Timer(0.7, put, [space])
    timer.start()
    try:
        run = check("--wait", "60s")    # more than anybody has patience for here
    finally:
        timer.join()
    assert run.status == 0
    assert run.seconds > 0.6


@pytest.mark.slow
def test_wait_gives_up(check):
    run = check("--wait", "1s")
    assert run.status == 1
    assert run.seconds > 0.95
    says(run)


def test_json(check, space):
    run = check("--json")
    assert run.status == 1
    assert json.loads(run.out) == {"ok": False, "dir": str(space.out), "reason": f"no token in {space.out}" + NOBODY_WROTE}
    put(space)
    run = check("--json")
    assert run.status == 0
    said = json.loads(run.out)
    assert 500 < said.pop("expires_in_s") <= 600
    assert said == {"ok": True, "dir": str(space.out), "reason": "", "expires": (space.out / "expires").read_text()}
    lines = status.failing() | {"sts_error": "access_denied"}
    status.write(space.out, lines)
    said = json.loads(check("--json").out)
    assert {key: said[key] for key in ("error", "http_status", "sts_error", "tries", "next_attempt")} == {
        "error": "denied", "http_status": 403, "sts_error": "access_denied", "tries": 4, "next_attempt": tokens.rfc3339(lines["next_attempt"])}


STATUS_FILES = [b"", b"\0" * 100, b"state failing\nerror denied\n" * 100, b"a" * 100_000, b"state 99\n", b"state failing\nerror %s%n\n",
                b"state failing\nsts_error <script>\n", b"tries 99999999999999999999\n", b"\xff\xfe", b"sts-sidecar-status 99\nstate ok\n"]
ODD_STATUS = ": .status is damaged, no file, or of another version: look at it (ls -ld), run check from the sidecar's image, or restart the sidecar"


@pytest.mark.parametrize("data", STATUS_FILES, ids=range(len(STATUS_FILES)))
def test_a_status_file_is_not_trusted(data, check, space):
    (space.out / ".status").write_bytes(data)
    run = check()
    assert run.status == 1
    assert says(run) == f"no token in {space.out}" + ODD_STATUS
    put(space)
    assert check().status == 0


# ---- what the status tells of the next attempt

DEAD = ": the sidecar seems to be dead or stopped, look at its container"
RESTARTED = "the node was restarted since the sidecar wrote here, and the sidecar has not started again yet: look at its container"
HOUR_S = 3600
REFUSED = rf"try 4 failed 1[234] s ago: 403 ({DENIED})".replace("(", r"\(").replace(")", r"\)")
# The lines that a status has, those of its boot (None: it is of a former version), and what `check` says.
NEXTS = {
    "planned": ({}, {"tried_s": -12.5, "next_s": 18, "latest_s": 138}, REFUSED + r"; next in 1[678] s"),
    "planned, and the clock was set forward": ({"ago_s": 12 + HOUR_S, "next_s": 18 - HOUR_S}, {"tried_s": -12.5, "ended_s": -12.4, "next_s": 18, "latest_s": 138},
                                               REFUSED + r"; next in 1[678] s"),
    "planned, and the clock was set back": ({"ago_s": 12 - HOUR_S, "next_s": 18 + HOUR_S}, {"tried_s": -12.5, "ended_s": -12.4, "next_s": 18, "latest_s": 138},
                                            REFUSED + r"; next in 1[678] s"),
    "an attempt with a long --timeout": ({"next_s": -1800}, {"tried_s": -1900, "trying_s": -1800, "latest_s": 1920}, REFUSED + "; the next is under way"),
    "an attempt that should have ended": ({"next_s": -10}, {"tried_s": -30, "trying_s": -7200, "latest_s": -1},
                                          REFUSED + r"; the attempt that was started \d[^;]* ago has not ended" + DEAD),  # 2 h, or since the boot
    "not started in time": ({"next_s": 18}, {"tried_s": -30, "next_s": -180, "latest_s": -60}, REFUSED + r"; the next was due 3 min( [123] s)? ago" + DEAD),
    "due": ({"next_s": -300}, {"tried_s": -30, "next_s": -1, "latest_s": 119}, REFUSED + "; the next is due now"),
    "another boot": ({}, {"boot": status.ANOTHER_BOOT, "tried_s": -12.5, "next_s": 18, "latest_s": 138}, RESTARTED),
    "another boot, long ago": ({"ago_s": HOUR_S, "next_s": -HOUR_S}, {"boot": status.ANOTHER_BOOT, "next_s": -3, "latest_s": -1}, RESTARTED),
    "a boot that is not an id": ({}, {"boot": "unknown", "next_s": -300, "latest_s": -200}, REFUSED + r"; next in 1[678] s"),
    "a former version": ({}, None, REFUSED + r"; next in 1[678] s"),
    "a former version, under way": ({"next_s": -100}, None, REFUSED + "; the next is under way"),
    "a former version, overdue": ({"next_s": -180}, None, REFUSED + r"; the next was due 3 min( [123] s)? ago" + DEAD),
    "lost": ({"state": "starting", "error": "ok", "tries": 0, "waits": 3, "waits_for": "first"}, {}, "not tried: exchange first, whose token it sends, has failed"),
}


@pytest.mark.parametrize("case", NEXTS)
def test_the_next_attempt(case, check, space):
    lines, times, words = NEXTS[case]
    status.write(space.out, status.failing(**lines) | (status.of_boot(**times) if times is not None else {}))
    line = says(check())
    assert re.fullmatch(f"no token in {space.out}: {words}", line), line
    assert json.loads(check("--json").out)["reason"].startswith(f"no token in {space.out}: ")


# ---- clocks

AHEAD = "the node's clock is 11 min ahead of the STS's clock: check the time synchronisation of both"


def test_clocks_that_differ(check, space):
    """Named on failure and on success; a success stays one."""
    status.write(space.out, status.failing() | status.of_boot(tried_s=-12.5, next_s=18, latest_s=138) | {"clock_ahead": 660})
    line = says(check())
    assert re.search(rf"; next in 1[678] s; {AHEAD}$", line), line
    put(space)
    run = check()
    assert (run.status, run.out[:13], run.err) == (0, b"the token in ", f"the token in {space.out} is valid, but {AHEAD}\n")
    assert check("--quiet").err == ""
    said = json.loads(check("--json").out)
    assert said["ok"] and said["reason"] == "" and said["clock_skew_s"] == -660 and said["note"] == f"the token in {space.out} is valid, but {AHEAD}"
    status.write(space.out, status.failing() | {"clock_behind": 7200})
    assert check().err.endswith(" but the node's clock is 2 h behind the STS's clock: check the time synchronisation of both\n")


def test_a_token_that_is_not_valid_yet(check, space):
    put(space)
    at = int(time.time()) + 305
    status.write(space.out, status.failing(error="ok", tries=0, state="ok", last_success=at - 317) | {"not_before": at})
    run = check()
    assert run.status == 1
    assert re.match(rf"the token in {space.out} is valid only from {tokens.rfc3339(at)} on, in 5 min( \d s)?: the last exchange succeeded ", says(run)), says(run)
    said = json.loads(check("--json").out)
    assert not said["ok"] and said["not_before"] == tokens.rfc3339(at) and "valid only from" in said["reason"]
    status.write(space.out, status.failing() | {"not_before": int(time.time()) + 1})
    assert check("--wait", "20s").status == 0


def test_a_clock_that_was_set(check, space):
    """An hour ahead since the last attempt."""
    put(space, -600)
    status.write(space.out, status.failing(ago_s=12 + HOUR_S) | status.of_boot(tried_s=-12.5, ended_s=-12, next_s=18, latest_s=138))
    line = says(check())
    assert line.startswith(f"the token in {space.out} expired 10 min") and line.endswith("; the node's clock was set ahead by 1 h since the last attempt"), line


# ---- a file system that is full

NEXT_STEP = "so nothing can be written there: raise the emptyDir's sizeLimit, or free space on the node's disk"


@needs_root
def test_a_fetch_into_a_full_file_system(check, fetch, serve, space, mount):
    mount("size=64k,nr_inodes=16,mode=0777")
    (space.out / "of-the-application").write_bytes(b"x" * 65536)
    server = serve(tokens.openunison(tokens.issued()))
    assert fetch(server.url("/token/user")).status == 73
    assert not (space.out / ".status").exists()
    full = (f"the file system of this directory is full (0 KiB of 64 KiB free, 14 of 16 inodes free), {NEXT_STEP}; "
            f"the largest files: of-the-application (64 KiB, UID {os.getuid()})")
    assert says(check()) == f"no token in {space.out}: {full}"
    assert json.loads(check("--json").out)["reason"] == f"no token in {space.out}: {full}"
    # A status that could not be replaced.
    (space.out / "of-the-application").unlink()
    status.write(space.out, status.failing() | status.of_boot(tried_s=-30, next_s=-180, latest_s=-60))
    (space.out / "of-the-application").write_bytes(b"x" * (65536 - 4096))
    line = says(check())
    assert re.search(r"; the next was due 3 min( [123] s)? ago" + DEAD + "; the file system of this directory is full ", line), line


@needs_root
def test_a_fetch_into_a_file_system_without_inodes(check, fetch, serve, space, mount):
    """There is room, so no more room is asked for."""
    mount("size=64k,nr_inodes=4,mode=0777")
    for name in "abc":
        (space.out / name).touch()
    run = fetch(serve(tokens.openunison(tokens.issued())).url("/token/user"))
    assert run.status == 73 and "no inode left" in run.last and "remove files from this file system" in run.last, run.err
    assert "sizeLimit" not in run.err and "emptyDir" not in run.err and "largest" not in run.err
    full = "the file system of this directory has no inode left (64 KiB of 64 KiB free, 0 of 4 inodes free), so no file can be made there: remove files from it"
    assert says(check()) == f"no token in {space.out}: {full}"


class Fills:
    """The lifetime of a token, for which the disk is filled before it is told, and then kept full."""

    def __init__(self, path):
        self.path, self.stopped, self.thread = path, threading.Event(), None

    def fill(self):
        with contextlib.suppress(OSError), open(self.path, "ab", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass

    def keep_full(self):
        while not self.stopped.wait(0.001):
            self.fill()

    def get(self, *_):
        self.fill()
        if not self.thread:
            self.thread = threading.Thread(target=self.keep_full, daemon=True)
            self.thread.start()
        return 900

    def stop(self):
        self.stopped.set()
        if self.thread:
            self.thread.join()


@needs_root
@pytest.mark.parametrize("command", ["fetch", "run"])
def test_a_disk_that_fills_up_during_the_attempt(command, several, space, mount):
    """The status is overwritten where it lies: it does not say for ever that the attempt runs."""
    mount("size=64k,mode=0777")
    several.lifetimes = Fills(space.out / "of-the-application")
    several.padding = 6000 * "x"    # more than the room that is reserved for a first token
    several.configure(several.exchange("a") | {"output-dir": str(space.out)})
    process = several.start(command, *(["--deadline", "3s"] if command == "fetch" else []))
    several.said("no space left", "a")
    if command == "fetch":
        assert process.wait().status == 73
    def told():
        line = several.sidecar.run("check", space.out).err
        return line if "try 1 failed" in line else None
    try:
        line = wait_for(lambda: (line := told()) and "the file system of this directory is full" in line and line, "the failure")
    finally:
        several.lifetimes.stop()
    assert "under way" not in line
    (space.out / "of-the-application").unlink()
    assert ("; next in" in told()) == (command == "run")
    if command == "run":
        assert several.stop(process).status == 0


@needs_root
def test_room_is_reserved_before_the_request(several, space, mount):
    mount("size=64k,mode=0777")
    several.lifetimes = Fills(space.out / "of-the-application")
    several.configure(several.exchange("a") | {"output-dir": str(space.out)})
    try:
        assert several.start("fetch", "--deadline", "3s").wait().status == 0
    finally:
        several.lifetimes.stop()
    assert (space.out / "of-the-application").exists() and (space.out / "token.jwt").exists()


@needs_root
def test_no_inodes(check, space, mount):
    mount("size=1m,nr_inodes=3,mode=0777")
    for name in ("a", "b"):
        (space.out / name).touch()
    assert says(check()) == (f"no token in {space.out}: the file system of this directory has no inode left "
                             "(1024 KiB of 1024 KiB free, 0 of 3 inodes free), so no file can be made there: remove files from it")
    (space.out / "a").unlink()
    assert says(check()) == f"no token in {space.out}" + NOBODY_WROTE


@pytest.mark.skipif(sanitized(), reason="measures the release binary")
def test_it_is_quick(check, sidecar, space):
    """`check` takes hardly longer than a command that does nothing."""
    put(space)
    nothing = min(sidecar.run("--version").seconds for _ in range(10))
    assert min(check().seconds for _ in range(10)) < 4 * nothing + 0.005
