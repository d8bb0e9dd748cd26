# SPDX-License-Identifier: Apache-2.0
"""A worker that was taken over tries everything, in each of its stages, and every attempt fails with an errno."""
import contextlib
import errno
import os
import pathlib
import subprocess
import tempfile

import pytest

from harness.mock import wait_for
from harness.servers import free_port
from harness.sidecar import UID
from hostility import ABI, HostileRig

SECCOMP = {errno.EPERM, errno.ENOSYS}
LANDLOCK = {errno.EACCES, errno.EXDEV}
BESIDE = ("notify", "signal", "listener")
STAGES = ("start", "confined", "connected", "answered")


@contextlib.contextmanager
def new_rig(hostile):
    with tempfile.TemporaryDirectory(prefix="sts-hostile-") as folder:
        pathlib.Path(folder).chmod(0o755)
        rig = HostileRig(hostile, folder)
        try:
            yield rig
        finally:
            rig.close()


@contextlib.contextmanager
def run_attempts(hostile, stage, expect=0, who=None, **env):
    """One fetch, with the attempts of a stage or of all. A worker that may do all does not come to its end, and is not waited for."""
    with new_rig(hostile) as rig:
        rig.behave(stage, "attempts")
        with hostile.start("fetch", *rig.options(timeout="30s"), "--deadline", "30s", "--log-level", "debug", env=rig.environment(**env),
                           **(who or {})) as process:
            if expect is None:
                wait_for(lambda: rig.has_tried(stage), f"the attempts of {stage}")
            else:
                run = process.wait()
                assert run.status == expect, run.err
                rig.log = run.err
        yield rig


@contextlib.contextmanager
def application(rig, user):
    """A process of the UID, which is to get a signal, and the option that names it."""
    with subprocess.Popen(["sleep", "60"], **({"user": user} if os.geteuid() == 0 else {})) as process:
        yield ["--notify-pid-file", rig.space.write("pid", f"{process.pid}\n")]
        process.kill()


def run_beside(hostile, user, stage, *stages, without=""):
    """What processes that `fetch` does not have got in some stages: the worker that notifies, and the listener."""
    who = {} if user else {"uid": 0, "gid": 0}
    with new_rig(hostile) as rig, application(rig, user) as notify:
        rig.behave(stage, "attempts", without)
        process = rig.run(*notify, "--listen", f"127.0.0.1:{free_port()}", env=rig.environment(HOSTILE_WITHOUT=without), **who)
        for each in stages:
            wait_for(lambda each=each: rig.has_tried(each), f"the attempts of {each}, log: {rig.log_file.read_text()}")
        results = {each: rig.results(each) for each in stages}
        rig.stop(process)
        return results


@pytest.fixture(scope="module", params=["an ordinary user", "root"])
def user(request):
    if request.param == "root" and os.geteuid() != 0:
        pytest.skip("needs root")
    return 0 if request.param == "root" else UID


@pytest.fixture(scope="module")
def attempts(user, hostile):
    """The attempts of all stages."""
    with run_attempts(hostile, "all", who={} if user else {"uid": 0, "gid": 0}) as rig:
        found = {stage: rig.results(stage) for stage in STAGES}
    return found | run_beside(hostile, user, "all", *BESIDE)


@pytest.fixture(scope="module")
def all_free(user, hostile):
    """The same without the layers, which shows what the layers stop. One stage at a time: a worker that could do all does not go on."""
    found = {}
    for stage in BESIDE:
        found |= run_beside(hostile, user, stage, stage, without="seccomp,landlock")
    for stage in STAGES:
        with run_attempts(hostile, stage, expect=None, who={} if user else {"uid": 0, "gid": 0}, HOSTILE_WITHOUT="seccomp,landlock") as rig:
            found[stage] = rig.results(stage)
    return found


@pytest.fixture(scope="module")
def free(hostile):
    with run_attempts(hostile, "connected", expect=None, HOSTILE_WITHOUT="seccomp,landlock") as rig:
        yield rig.results("connected")


def kind(results, prefix):
    found = {name: number for name, number in results.items() if name.startswith(prefix)}
    assert found
    return found


def named(results):
    return {name: errno.errorcode.get(number, number) for name, number in results.items()}


OUTSIDE = {"file:open /etc/passwd", "file:list /etc", "file:the subject token", "file:another's secret", "file:/proc/self/exe",
           "file:.. of the output directory", "file:.. of a descriptor", "file:list /proc/self/fd", "file:list the output directory"}
MOVES = {"file:rename out of it", "file:rename into it", "file:remove outside"}
INSIDE = {"inside:read", "inside:rename"}
# The output directory is the application's, too: from "connected" on, a worker can neither fill it nor write to its files.
MAKE = {"make:files of 1 MiB", "make:a file", "make:a file, for reading", "make:a file without a name", "make:write to a file",
        "make:write and read a file"} | ({"make:a file, the old call"} if os.uname().machine == "x86_64" else set())
TRUNCATE = {"make:truncate a file"}     # no right of ours includes it, where Landlock knows it
FOR_WRITING = {"file:write outside", "file:truncate outside", "file:create outside", "file:temporary outside", "file:/proc/self/mem", "file:/proc/1/mem",
               "file:the parent's memory", "file:a device", "file:a terminal"}
SOCKETS = {"net:tcp", "net:tcp6", "net:udp", "net:udp6"}
DATA = {"recv:recvfrom", "recv:sendto"}     # of something that is no socket
LOG = {"log:standard error", "log:standard output"}
# All that is not refused.
ALLOWED = {
    "start": OUTSIDE | INSIDE | MAKE | SOCKETS | DATA | LOG | {"net:port 9", "call:landlock_create_ruleset"},
    "confined": INSIDE | MAKE | SOCKETS | DATA | LOG | {"call:landlock_create_ruleset"},
    "connected": INSIDE | DATA | LOG,
    "answered": INSIDE | LOG,
    "notify": OUTSIDE | LOG | {"inside:read", "pidfd:open the parent", "pidfd:the signal to the parent"},
    "signal": LOG,
    "listener": SOCKETS | DATA | LOG,
}
# Of root, a process that is not dumpable hides nothing.
ALLOWED_TO_ROOT = {"start": {"file:/proc/self/environ", "file:the parent's environment", "file:the parent's descriptors"},
                   "notify": {"file:/proc/self/environ", "file:the parent's environment", "file:the parent's descriptors"}}
# An attempt that is not refused and fails all the same.
OTHERWISE = {"net:port 9": errno.ECONNREFUSED} | dict.fromkeys(DATA, errno.ENOTSOCK)
# What is refused to an unconfined process, too, so that its attempts show nothing about the layers: to an ordinary user, and to root.
BLIND = {"call:giving a file away", "call:raw socket", "call:packet", "call:ptrace", "call:process_vm_readv", "call:kcmp", "call:setgroups",
         "call:pivot_root", "call:move_mount", "call:fsopen", "call:swapon", "file:/proc/self/mem", "file:/proc/self/environ",
         "file:the parent's memory", "file:the parent's environment", "file:the parent's descriptors"}
BLIND_TO_ROOT = {"file:/proc/1/mem", "call:ping socket", "call:setsid", "call:prlimit64", "call:init_module", "call:finit_module",
                 "call:delete_module", "call:kexec_load", "call:reboot", "call:swapon", "call:acct", "call:sethostname", "call:syslog",
                 "call:fanotify_init", "call:x32", "call:iopl", "call:ioperm", "call:unknown", "call:unknown, old"}


def refused(results):
    """Also a file of another process that is not there for this UID."""
    return {name for name, number in results.items() if number in SECCOMP | LANDLOCK or (name, number) == ("file:a terminal", errno.ENXIO)}


@pytest.mark.skipif(ABI < 1, reason="this kernel has no Landlock")
@pytest.mark.parametrize("stage", [*STAGES, *BESIDE])
def test_only_this_is_allowed(attempts, user, stage):
    found = attempts[stage]
    allowed = ALLOWED[stage] | (set() if user else ALLOWED_TO_ROOT.get(stage, set()))
    if ABI < 3 and stage in ("start", "confined"):
        allowed = allowed | TRUNCATE
    if ABI < 4 and stage == "confined":
        allowed = allowed | {"net:port 9"}
    got = set(found) - refused(found)
    # Root sees no descriptor of a parent that is a process of another root, and a node may have no IPv6.
    optional = {"file:the parent's descriptors", "file:the parent's environment", "net:tcp6", "net:udp6"}
    assert got - allowed == set() and allowed - got <= optional, (got - allowed, allowed - got, named(found))
    wrong = {name: found[name] for name in got if name not in LOG and found[name] not in (OTHERWISE.get(name, 0), errno.EAFNOSUPPORT, errno.EOPNOTSUPP)}
    assert not wrong, named(wrong)


@pytest.mark.skipif(ABI < 1, reason="this kernel has no Landlock")
@pytest.mark.parametrize("stage", [*STAGES, *BESIDE])
def test_which_layer_refuses(attempts, stage):
    """System calls by seccomp with EPERM or ENOSYS, whatever their arguments are; files by Landlock where a file may be opened at all."""
    found = {name: attempts[stage][name] for name in refused(attempts[stage])}
    def layer(name):
        if name == "net:port 9":
            return LANDLOCK if stage == "confined" else SECCOMP
        by_call = (stage in ("signal", "listener") or stage == "notify" and name in MOVES | INSIDE
                   or stage not in ("start", "confined") and name in FOR_WRITING)
        by_landlock = name.startswith(("file:", "inside:")) or name in TRUNCATE and stage in ("start", "confined")
        return LANDLOCK if by_landlock and not by_call else SECCOMP
    wrong = {name: number for name, number in found.items() if number not in layer(name)}
    wrong = {name: number for name, number in wrong.items() if (name, number) != ("file:a terminal", errno.ENXIO)}
    assert not wrong, named(wrong)


@pytest.mark.parametrize("stage", [*STAGES, *BESIDE])
def test_the_layers_are_what_refuses(attempts, all_free, user, stage):
    """The same process without the layers is not refused the same, with exceptions that are known."""
    assert set(attempts[stage]) - set(all_free[stage]) <= set(kind(attempts["connected"], "conn:"))
    both = refused(attempts[stage]) & refused(all_free[stage]) - {"file:a terminal"}
    assert both <= BLIND_TO_ROOT | (BLIND if user else set()), both


@pytest.mark.parametrize("stage", [*STAGES, "notify", "signal"])
def test_the_log_is_the_supervisors(attempts, stage):
    """Only the listener writes lines of its own."""
    assert set(kind(attempts[stage], "log:").values()) == {errno.EBADF}


def test_the_connection_that_stands(attempts):
    """The connection can be read and written, and nothing else."""
    found = kind(attempts["connected"], "conn:")
    assert set(found.values()) <= SECCOMP, named(found)
    assert len(found) >= 10


def test_what_an_unconfined_process_could_do(free):
    """The same attempts succeed without the layers. If they did not, the tests above would show nothing."""
    could = {name for name, number in free.items() if number == 0}
    for name in ("file:open /etc/passwd", "file:the subject token", "file:another's secret", "file:write outside", "file:create outside",
                 "file:rename out of it", "file:.. of the output directory", "net:tcp", "net:udp", "call:unix", "call:netlink",
                 *MAKE, *TRUNCATE, "call:fork", "signal:kill the parent", "call:F_SETOWN", "call:mmap executable", "call:memfd_create", "call:mkdir",
                 "call:PR_SET_DUMPABLE", "pidfd:open the parent", "pidfd:another signal", "call:readlink", "call:landlock_create_ruleset"):
        assert name in could, f"{name}: {errno.errorcode.get(free[name], free[name])}"
    refused = [name for name, number in free.items() if number in SECCOMP and name.startswith("call:")]
    assert len(refused) < len(kind(free, "call:")) / 2, refused


def test_landlock_alone(hostile):
    """Without seccomp: no file, no other port, no signal, no abstract socket, no memory of the parent."""
    if ABI < 6:
        pytest.skip(f"Landlock of this kernel has ABI {ABI}: no scopes")
    with run_attempts(hostile, "connected", expect=None, HOSTILE_WITHOUT="seccomp") as rig:
        found = rig.results("connected")
    assert found["call:openat2"] not in SECCOMP, "seccomp is still on"
    assert found["net:port 9"] == errno.EACCES
    assert found["signal:kill the parent"] == errno.EPERM
    assert found["call:ptrace"] in (errno.EPERM, errno.EACCES)
    assert found["call:execve of a shell"] == errno.EACCES
    assert found["call:mkdir"] == errno.EACCES
    assert {number for name, number in kind(found, "file:").items() if name != "file:a terminal"} <= LANDLOCK


def test_seccomp_alone(hostile):
    """Without Landlock, as on gVisor."""
    with run_attempts(hostile, "connected", HOSTILE_WITHOUT="landlock") as rig:
        found = rig.results("connected")
        assert '"sandbox":"no-new-privs,seccomp"' in rig.log
    assert found["file:open /etc/passwd"] == 0, "Landlock is still on"
    wrong = {name: number for name, number in found.items() if name.startswith(("call:", "signal:", "net:", "conn:", "make:")) and number not in SECCOMP}
    assert not wrong, named(wrong)


@pytest.mark.parametrize("layer, word", [("landlock", "Landlock"), ("seccomp", "seccomp")])
def test_a_layer_that_is_required(hostile, layer, word):
    """One line, and the status that the README names."""
    with tempfile.TemporaryDirectory(prefix="sts-hostile-") as folder:
        pathlib.Path(folder).chmod(0o755)
        rig = HostileRig(hostile, folder)
        try:
            for command in ("run", "fetch"):
                run = hostile.run(command, *rig.options(), "--require-sandbox", env=rig.environment(HOSTILE_WITHOUT=layer))
                assert run.status == 71, run.err
                assert len(run.lines) == 1 and word in run.err and '"error":"sandbox"' in run.err
            assert rig.requests() == []
        finally:
            rig.close()
