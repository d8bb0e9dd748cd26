# SPDX-License-Identifier: Apache-2.0
"""What runs out: processes, watches, descriptors, timers, room on the disk. Refreshes go on, or an error says what is missing."""
import contextlib
import os
import pathlib
import platform
import re
import resource
import signal
import subprocess
import time

import pytest

from harness.kernel import refuse
from harness.listener import descriptors
from harness.mock import wait_for
from harness.runs import FLOOR_S, SHORT, rig  # rig: fixture
from harness.several import several  # fixture
from harness.sidecar import ROOT, UID, names_in, needs_root, sanitized
from harness.tokens import http


@pytest.mark.slow
@needs_root
@pytest.mark.skipif(sanitized(), reason="the sanitizers want threads")
def test_no_more_processes_for_several(several):
    several.lifetimes = {name: 7 for name in "abc"}
    several.configure(*(several.exchange(name) for name in "abc"))
    uid = 52000 + os.getpid() % 3000
    process = several.start(uid=uid, gid=uid)
    for name in "abc":
        several.said("token refreshed", name)
    limit = lambda number: subprocess.run(["prlimit", "--pid", str(process.pid), f"--nproc={number}:"], user=uid, group=uid, extra_groups=[],
                                          check=True, timeout=10)
    limit(0)
    for name in "abc":
        assert several.said("could not be started", name)[0]["error"] == "fork"
    process.signal(signal.SIGHUP)
    assert several.said("options cannot be checked")[0]["level"] == "warn"
    limit(512)
    for name in "abc":
        several.said("token refreshed", name, 2)
    assert several.stop(process).status == 0


def start_without(several, limit):
    """Starts the program in a user namespace in which this limit of the kernel is 0."""
    several.folder.chmod(0o777)
    unshare = ["unshare", "--user", "--map-root-user"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
        pytest.skip("no user namespaces")
    return several.start(uid=0, gid=0, prefix=[*unshare, "sh", "-c", f'echo 0 >/proc/sys/user/{limit} && exec "$0" "$@"'])


@pytest.mark.slow
@needs_root
def test_no_watch_is_left(several):
    """The limit of watches is told once, with its name."""
    several.lifetimes = {"a": 7}
    several.configure(several.exchange("a"))
    process = start_without(several, "max_inotify_watches")
    several.said("token refreshed", "a", 2, patience_s=25)
    warnings = [line for line in several.lines() if "they cannot be watched" in line["msg"]]
    assert [line["hint"] for line in warnings] == ["raise fs.inotify.max_user_watches on the node"]
    assert several.stop(process).status == 0


@pytest.mark.slow
@needs_root
def test_no_events_at_all(several):
    """No watch is given: chains, a new configuration and a new subject token are found by the schedule alone."""
    several.lifetimes = {"a": 7, "b": 3600}
    several.caps = {"b"}
    several.configure(several.exchange("a"), several.exchange("b", reads="a"))
    process = start_without(several, "max_inotify_instances")
    several.said("token refreshed", "b", 2, patience_s=25)
    several.configure(several.exchange("a"))
    several.said("removed", "b", patience_s=15)
    several.said("token refreshed", "a", 3)
    assert several.stop(process).status == 0


def set_limit(process, uid, option):
    """Runs as a user of its own: root without CAP_SYS_RESOURCE may not do it."""
    subprocess.run(["prlimit", "--pid", str(process.pid), option], user=uid, group=uid, extra_groups=[], check=True, timeout=10)


@pytest.mark.slow
@needs_root
@pytest.mark.skipif(sanitized(), reason="the sanitizers want threads")
def test_no_more_processes(rig):
    """The limit of processes, as RLIMIT_NPROC of a UID that no other process has: first from the start on, then for a while."""
    r = rig("--lifetime", SHORT)
    uid = 61000 + os.getpid() % 4000
    process = r.run(uid=uid, gid=uid)
    r.has_token()
    set_limit(process, uid, "--nproc=0:")
    line = r.said("could not be started")[0]
    assert line["error"] == "fork" and line["retry_in_s"] <= 2 and "pids" in line["hint"]
    set_limit(process, uid, "--nproc=512:")
    r.said("token refreshed", 2)
    r.shows(state="ok")
    r.stop(process)
    assert process.popen.returncode == 0


@pytest.mark.slow
@needs_root
@pytest.mark.skipif(sanitized(), reason="the sanitizers want threads")
def test_no_more_processes_at_the_start(rig):
    r = rig()
    uid = 56000 + os.getpid() % 4000
    process = r.run(uid=uid, gid=uid, prefix=["prlimit", "--nproc=0:", "--"])
    r.said("could not be started")
    set_limit(process, uid, "--nproc=512:")
    r.has_token()
    assert r.stop(process).status == 0


@pytest.mark.slow
@needs_root
def test_no_more_descriptors(rig):
    """A worker needs a pipe."""
    r = rig("--lifetime", SHORT)
    process = r.run()
    r.has_refreshed()
    # A child that examines a file has a pipe for as long as it lives.
    wait_for(lambda: not any(one.startswith("pipe:") for one in descriptors(process.pid)[3:]), "the end of an examination")
    held = max(int(number) for number in os.listdir(f"/proc/{process.pid}/fd")) + 1
    set_limit(process, UID, f"--nofile={held}:")
    line = r.said("no pipe for a worker")[0]
    assert line["error"] == "files"
    assert set(r.status()) >= {"state"}
    set_limit(process, UID, "--nofile=512:")
    r.said("token refreshed", 2)
    # A child that examines a file has a pipe for as long as it lives.
    wait_for(lambda: len(os.listdir(f"/proc/{process.pid}/fd")) <= held, "the descriptors of before")
    assert r.stop(process).status == 0


@pytest.mark.slow
@needs_root
def test_no_more_watches(rig):
    """inotify_init fails with EMFILE in a user namespace that may have none. The schedule alone is enough."""
    r = rig("--lifetime", SHORT)
    for path in (r.folder, r.out):
        path.chmod(0o777)
    if subprocess.run(["unshare", "--user", "--map-root-user", "true"], capture_output=True).returncode != 0:
        pytest.skip("no user namespaces")
    process = r.run(uid=0, gid=0, prefix=["unshare", "--user", "--map-root-user", "sh", "-c",
                                          'echo 0 >/proc/sys/user/max_inotify_instances && exec "$0" "$@"'])
    r.has_refreshed()
    links = descriptors(process.pid)
    assert not [link for link in links if "inotify" in link], links
    r.said("token refreshed", 2)
    assert r.stop(process).status == 0


@pytest.mark.slow
@needs_root
def test_a_full_disk(rig):
    """Said, tried again, and the old token stays whole."""
    r = rig("--lifetime", "40s")
    size = 64 * 1024
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs", r.out], check=True)
    try:
        process = r.exchange("--seconds-between-runs=1")
        r.has_refreshed()
        token = r.token()
        (r.out / "ballast").touch()
        with open(r.out / "ballast", "ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(b"x" * 512)
        time.sleep(FLOOR_S)
        process.signal(signal.SIGHUP)
        line = r.said("no space left")[0]
        assert line["error"] == "output"
        assert r.token() == token
        assert r.command("check", r.out).status == 0
        (r.out / "ballast").unlink()
        r.said("token refreshed", 2)
        assert r.token() != token
        assert names_in(r.out) == {".status", "expires", "thumbprint", "token.jwt"}
        assert r.stop(process).status == 0
    finally:
        for process in r.processes:
            process.kill()
        subprocess.run(["umount", "-l", r.out], check=True)


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
def test_a_limit_that_is_lowered(several):
    """poll(2) refuses more descriptors than the limit allows, at once and for ever: no reason to spin, or to be deaf."""
    several.lifetimes = {"a": 7}
    several.configure(several.exchange("a"))
    process = several.start()
    several.said("token refreshed", "a")
    subprocess.run(["prlimit", "--pid", str(process.pid), "--nofile=4:4"], check=True, timeout=10,
                   **(dict(user=UID, group=UID, extra_groups=[]) if ROOT else {}))
    before = cpu_s(process.pid)
    process.signal(signal.SIGHUP)
    several.said("cannot be checked")
    time.sleep(2)
    assert cpu_s(process.pid) - before < 0.4
    assert several.stop(process).status == 0


@pytest.mark.slow
def test_a_timer_that_is_refused(several):
    """timerfd_settime(2) fails: without a timer, the clock is looked at; what is due is done, and nothing spins."""
    several.lifetimes = {"a": 7}
    several.configure(several.exchange("a"))
    process = several.start(preexec_fn=lambda: refuse({"x86_64": 286, "aarch64": 86}[platform.machine()]))
    several.said("token refreshed", "a", 2)
    before = cpu_s(process.pid)
    time.sleep(2)
    assert cpu_s(process.pid) - before < 0.4
    assert several.stop(process).status == 0


@pytest.mark.skipif(sanitized(), reason="a sanitizer writes, and needs descriptors of its own")
def test_no_file_may_grow(fetch, serve, sidecar, space):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    run = sidecar.run("fetch", "--url", "https://127.0.0.1:1/", "--token-file", space.token_file, "--output-dir", space.out, "--deadline", "1s",
                      "--log-format", "text", preexec_fn=limit)
    assert run.status == 73 and "too big" in run.err, run.err


@pytest.mark.skipif(sanitized(), reason="a sanitizer needs descriptors of its own")
def test_few_descriptors(serve, sidecar, space):
    """However few there are: an error that says so, and from some number on a success; never a crash or a torn file."""
    server = serve(http(body={"access_token": "opaque", "expires_in": 300}))
    failed, succeeded = [], []
    for count in range(3, 16):
        run = sidecar.run("fetch", "--url", server.url("/"), "--token-file", space.token_file, "--output-dir", space.out, "--cacert-path", space.ca_file,
                          "--deadline", "1s", "--log-format", "text", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count)))
        if run.status == 0:
            succeeded.append(count)
            continue
        failed.append(count)
        error = re.search(r' error="(\w+)"', run.last)[1]
        assert "too many open files in this process" in run.last and (error, run.status) == ("files", 75) and "limit of open files" in run.last, (count, run.err)
    # Standard streams, the directory, its files and a pipe: fewer than six cannot do, and twelve are enough.
    assert {3, 4, 5} <= set(failed) and {12, 13, 14, 15} <= set(succeeded) and max(failed) < min(succeeded), (failed, succeeded)
    assert sorted(path.name for path in space.out.iterdir()) == [".status", "expires", "token.jwt"]
