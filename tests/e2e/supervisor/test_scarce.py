# SPDX-License-Identifier: Apache-2.0
"""What runs out in a Pod: a reader for the log, processes, watches, descriptors, room on the disk. Refreshes go on."""
import contextlib
import fcntl
import os
import signal
import subprocess
import time

import pytest

from harness.mock import wait_for
from harness.runs import FLOOR_S, SHORT, rig  # fixtures
from harness.sidecar import ROOT, UID, sanitized

pytestmark = pytest.mark.slow

needs_root = pytest.mark.skipif(not ROOT, reason="needs root")


def refreshed(r, count, patience_s=20):
    """So many different tokens from now on."""
    def look():
        with contextlib.suppress(OSError):
            seen.add(r.token())
        return len(seen) > count
    seen = set()
    wait_for(look, f"{count} refreshes", patience_s)


@pytest.fixture
def full_pipe():
    """A pipe that nobody reads."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(write_end, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write_end, b"x" * 64)
    os.set_blocking(write_end, True)
    yield read_end, write_end
    os.close(read_end)
    os.close(write_end)


def test_a_stuck_log(rig, full_pipe):
    """Lines are dropped and counted (of the start, and of three refreshes), and the first that is heard again says how many."""
    read_end, write_end = full_pipe
    r = rig("--lifetime", SHORT)
    process = r.run(log=False, stderr=write_end)
    r.has_token()
    refreshed(r, 2)
    time.sleep(0.3)
    os.set_blocking(read_end, False)
    with contextlib.suppress(BlockingIOError):
        while os.read(read_end, 65536):
            pass
    refreshed(r, 1)
    wait_for(lambda: r.status()["attempts"] == "4", "the fourth")
    time.sleep(0.2)
    line = os.read(read_end, 65536).decode()
    assert line.startswith('{"level":"info"') and '"dropped_lines":4' in line
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == 0


def test_nobody_holds_the_other_end(rig):
    r = rig("--lifetime", SHORT)
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = r.run(log=False, stderr=write_end)
    os.close(write_end)
    r.has_token()
    refreshed(r, 1)
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == 0


def set_limit(process, uid, option):
    """As its own user: root alone may not, without CAP_SYS_RESOURCE."""
    subprocess.run(["prlimit", "--pid", str(process.pid), option], user=uid, group=uid, extra_groups=[], check=True, timeout=10)


@needs_root
@pytest.mark.skipif(sanitized(), reason="the sanitizers want threads")
def test_no_more_processes(rig):
    """The pids limit, as RLIMIT_NPROC of a UID that nobody else has: first from the start on, then for a while."""
    r = rig("--lifetime", SHORT)
    uid = 61000 + os.getpid() % 4000
    process = r.run(uid=uid, gid=uid)
    r.has_token()
    set_limit(process, uid, "--nproc=0:")
    line = r.said("could not be started")[0]
    assert line["error"] == "fork" and line["retry_in_s"] <= 2 and "pids" in line["hint"]
    set_limit(process, uid, "--nproc=512:")
    r.said("token refreshed", 2)
    assert r.status()["state"] == "ok"
    r.stop(process)
    assert process.popen.returncode == 0


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


@needs_root
def test_no_more_descriptors(rig):
    """A worker needs a pipe."""
    r = rig("--lifetime", SHORT)
    process = r.run()
    r.has_token()
    r.said("token refreshed")
    held = max(int(number) for number in os.listdir(f"/proc/{process.pid}/fd")) + 1
    set_limit(process, UID, f"--nofile={held}:")
    line = r.said("no pipe for a worker")[0]
    assert line["error"] == "fork"
    assert set(r.status()) >= {"state"}
    set_limit(process, UID, "--nofile=512:")
    r.said("token refreshed", 2)
    assert len(os.listdir(f"/proc/{process.pid}/fd")) <= held
    assert r.stop(process).status == 0


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
    r.has_token()
    r.said("token refreshed")
    links = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in os.listdir(f"/proc/{process.pid}/fd")]
    assert not [link for link in links if "inotify" in link], links
    r.said("token refreshed", 2)
    assert r.stop(process).status == 0


def test_a_watch_that_never_delivers(rig):
    """gVisor and Kata accept a watch and deliver nothing. Here: the folder is replaced, so the watch is on one that nobody changes."""
    r = rig("--cap-by-subject", "--lifetime", "1h")
    volume = r.folder / "volume"
    volume.mkdir()
    volume.chmod(0o755)
    r.token_file = volume / "sts-token"
    r.token_file.write_text(r.mock.mint("--expires-in", "9s"))
    process = r.run()
    r.has_token()
    volume.rename(r.folder / "old")
    volume.mkdir()
    volume.chmod(0o755)
    r.token_file.write_text(r.mock.mint("--expires-in", "1h"))
    wait_for(lambda: r.claims()["exp"] > time.time() + 3000, "a token of the new subject")
    assert r.stop(process).status == 0


def test_no_folder_to_watch(rig):
    """The volume comes later."""
    r = rig()
    r.token_file = r.folder / "later" / "sts-token"
    process = r.exchange("--seconds-between-runs=2")
    r.said("", 2)
    r.token_file.parent.mkdir()
    r.token_file.parent.chmod(0o755)
    r.token_file.write_text(r.mock.mint())
    r.has_token()
    assert r.stop(process).status == 0


@needs_root
def test_a_full_disk(rig):
    """Said, tried again, and the old token stays whole."""
    r = rig("--lifetime", "40s")
    size = 64 * 1024
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs", r.out], check=True)
    try:
        process = r.exchange("--seconds-between-runs=1")
        r.has_token()
        r.said("token refreshed")
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
        assert sorted(path.name for path in r.out.iterdir()) == [".status", "expires", "thumbprint", "token.jwt"]
        assert r.stop(process).status == 0
    finally:
        for process in r.processes:
            process.kill()
        subprocess.run(["umount", "-l", r.out], check=True)


SERVICE = {  # as the kubelet sets it for a Service called sts with the ports 443 and "metrics" 9090
    "STS_SERVICE_HOST": "10.96.7.9", "STS_SERVICE_PORT": "443", "STS_SERVICE_PORT_HTTPS": "443", "STS_SERVICE_PORT_METRICS": "9090",
    "STS_PORT": "tcp://10.96.7.9:443",
    "STS_PORT_443_TCP": "tcp://10.96.7.9:443", "STS_PORT_443_TCP_PROTO": "tcp", "STS_PORT_443_TCP_PORT": "443",
    "STS_PORT_443_TCP_ADDR": "10.96.7.9",
    "STS_PORT_9090_TCP": "tcp://10.96.7.9:9090", "STS_PORT_9090_TCP_PROTO": "tcp", "STS_PORT_9090_TCP_PORT": "9090",
    "STS_PORT_9090_TCP_ADDR": "10.96.7.9",
    "STS_SIDECAR_SERVICE_HOST": "10.96.7.10", "STS_SIDECAR_PORT": "udp://10.96.7.10:53", "STS_SIDECAR_PORT_53_UDP": "udp://10.96.7.10:53",
    "KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_PORT": "tcp://10.96.0.1:443",
}


@pytest.mark.parametrize("command", ["run", "exchange"])
def test_beside_a_service_called_sts(command, rig):
    r = rig()
    process = getattr(r, command)(env=SERVICE)
    r.said("token refreshed")
    assert r.stop(process).status == 0
    assert [line["level"] for line in r.lines()] == ["info", "info"]


needs_namespaces = pytest.mark.skipif(not ROOT or subprocess.run(["unshare", "--pid", "--fork", "true"],
                                                                 capture_output=True).returncode != 0, reason="needs namespaces")


@needs_namespaces
def test_orphans_of_pid_1(rig):
    """Whoever is left behind by `kubectl exec` is reaped, and is never taken for a worker."""
    r = rig("--lifetime", SHORT)
    process = r.run(uid=0, gid=0, prefix=["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"])
    r.has_token()
    r.said("token refreshed")
    first = wait_for(process.children, "PID 1")[0]
    for _ in range(20):
        subprocess.run(["nsenter", "--target", str(first), "--pid", "sh", "-c", "(sleep 0.2; kill -9 $(exec sh -c 'echo $PPID')) & exit 0"],
                       check=True, timeout=10)
    def zombies():
        with open(f"/proc/{first}/task/{first}/children") as children:
            return [pid for pid in children.read().split() if open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] == "Z"]
    r.said("token refreshed", 2)
    wait_for(lambda: not open(f"/proc/{first}/task/{first}/children").read().split(), "no children")
    assert zombies() == []
    os.kill(first, signal.SIGTERM)
    assert process.wait(5).status == 0
    assert [line["level"] for line in r.lines()] == ["info"] * len(r.lines())


@needs_namespaces
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1], ids=lambda s: s.name)
def test_pid_1_is_told_to_stop(number, rig):
    """The kernel keeps signals without a handler from PID 1. Told in the middle of an exchange."""
    r = rig()
    r.mock.fault(delay_head_ms=20000)
    process = r.run(uid=0, gid=0, prefix=["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"])
    wait_for(lambda: r.mock.stats()["connections"], "a connection")
    os.kill(wait_for(process.children, "PID 1")[0], number)
    assert process.wait(5).status == 0
