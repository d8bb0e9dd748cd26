# SPDX-License-Identifier: Apache-2.0
"""A worker that was taken over tries everything, in each of its stages, and every attempt fails with an errno."""
import contextlib
import errno
import os
import pathlib
import tempfile

import pytest

from hostility import ABI, HostileRig

SECCOMP = {errno.EPERM, errno.ENOSYS}
LANDLOCK = {errno.EACCES, errno.EXDEV}
STAGES = ("confined", "connected", "answered")


@contextlib.contextmanager
def run_attempts(hostile, stage, expect=0, who=None, **env):
    with tempfile.TemporaryDirectory(prefix="sts-hostile-") as folder:
        pathlib.Path(folder).chmod(0o755)
        rig = HostileRig(hostile, folder)
        try:
            rig.behave(stage, "attempts")
            run = hostile.run("fetch", *rig.options(), "--deadline", "1s", "--log-level", "debug", env=rig.environment(**env), **(who or {}))
            assert expect in (run.status, None), run.err
            rig.log = run.err
            yield rig
        finally:
            rig.close()


@pytest.fixture(scope="module", params=["an ordinary user", "root"])
def attempts(request, hostile):
    """One exchange: the attempts of all stages."""
    root = request.param == "root"
    if root and os.geteuid() != 0:
        pytest.skip("needs root")
    with run_attempts(hostile, "all", who={"uid": 0, "gid": 0} if root else {}) as rig:
        yield {stage: rig.results(stage) for stage in STAGES}


@pytest.fixture(scope="module")
def free(hostile):
    """The same without the layers, which shows what the layers stop."""
    with run_attempts(hostile, "connected", expect=None, HOSTILE_WITHOUT="seccomp,landlock") as rig:
        yield rig.results("connected")


def kind(results, prefix):
    found = {name: number for name, number in results.items() if name.startswith(prefix)}
    assert found
    return found


def named(results):
    return {name: errno.errorcode.get(number, number) for name, number in results.items()}


@pytest.mark.parametrize("stage", STAGES)
def test_system_calls(attempts, stage):
    """System calls that no worker needs in any stage fail with EPERM or ENOSYS for all arguments. Without the filter, these arguments give EFAULT, EINVAL or success."""
    later = {} if stage == "answered" else {"call:landlock_create_ruleset"} if stage == "confined" else {}
    wrong = {name: number for name, number in kind(attempts[stage], "call:").items() if number not in SECCOMP and name not in later}
    assert not wrong, named(wrong)


@pytest.mark.parametrize("stage", STAGES)
def test_signals(attempts, stage):
    wrong = {name: number for name, number in kind(attempts[stage], "signal:").items() if number not in SECCOMP}
    assert not wrong, named(wrong)


@pytest.mark.skipif(ABI < 1, reason="this kernel has no Landlock")
@pytest.mark.parametrize("stage", STAGES)
def test_files(attempts, stage):
    """Nothing outside of the output directory: not to read, not to write, not to move."""
    wrong = {name: number for name, number in kind(attempts[stage], "file:").items() if number not in LANDLOCK}
    # Without a terminal, this attempt fails for every process.
    wrong = {name: number for name, number in wrong.items() if (name, number) != ("file:a terminal", errno.ENXIO)}
    assert not wrong, named(wrong)


@pytest.mark.parametrize("stage", STAGES)
def test_the_log_is_the_supervisors(attempts, stage):
    assert set(kind(attempts[stage], "log:").values()) == {errno.EBADF}


@pytest.mark.parametrize("stage", STAGES)
def test_the_output_directory_stays(attempts, stage):
    assert set(kind(attempts[stage], "inside:").values()) == {0}


def test_the_network_before_the_connection(attempts):
    """Sockets, but a TCP port that leads nowhere near the STS is refused by Landlock."""
    found = kind(attempts["confined"], "net:")
    port = found.pop("net:port 9")
    assert set(found.values()) <= {0, errno.EAFNOSUPPORT}, named(found)
    assert port == (errno.EACCES if ABI >= 4 else errno.ECONNREFUSED)


@pytest.mark.parametrize("stage", ["connected", "answered"])
def test_no_other_connection(attempts, stage):
    found = kind(attempts[stage], "net:")
    assert set(found.values()) == {errno.EPERM}, named(found)


def test_the_connection_that_stands(attempts):
    """The connection can be read and written, and nothing else."""
    found = kind(attempts["connected"], "conn:")
    assert set(found.values()) <= SECCOMP, named(found)
    assert len(found) >= 10


def test_nothing_is_said_after_the_answer(attempts):
    assert set(kind(attempts["connected"], "recv:").values()) == {errno.ENOTSOCK}
    assert set(kind(attempts["answered"], "recv:").values()) == {errno.EPERM}


def test_what_an_unconfined_process_could_do(free):
    """The same attempts succeed without the layers. If they did not, the tests above would show nothing."""
    could = {name for name, number in free.items() if number == 0}
    for name in ("file:open /etc/passwd", "file:the subject token", "file:another's secret", "file:write outside", "file:create outside",
                 "file:rename out of it", "file:.. of the output directory", "net:tcp", "net:udp", "call:unix", "call:netlink",
                 "call:fork", "signal:kill the parent", "call:F_SETOWN", "call:mmap executable", "call:memfd_create", "call:mkdir",
                 "call:PR_SET_DUMPABLE", "call:pidfd_open", "call:readlink", "call:landlock_create_ruleset"):
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
    wrong = {name: number for name, number in found.items() if name.startswith(("call:", "signal:", "net:", "conn:")) and number not in SECCOMP}
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
