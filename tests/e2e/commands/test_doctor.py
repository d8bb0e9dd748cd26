# SPDX-License-Identifier: Apache-2.0
"""`doctor`: at which gate a sidecar fails, told without changing anything."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import pytest

from harness import tokens
from harness.mock import wait_for
from harness.runs import FLOOR_S, USER, rig, running  # fixtures
from harness.servers import free_port
from harness.several import several  # fixture
from harness.sidecar import GID, UID, needs_root, sanitized

def gates(run):
    """{gate: the worst mark}, of the text in a pipe."""
    found, gate = {}, None
    ranks = ["-", "ok", "warn", "FAIL"]
    for line in run.out.decode().splitlines():
        if match := re.match(r" ([a-z]*) +(ok|warn|FAIL|-) ", line):
            gate = match[1] or gate
            found[gate] = max(found.get(gate, "-"), match[2], key=ranks.index)
        elif match := re.match(r" ([a-z, ]+)  - not tried$", line):
            found |= dict.fromkeys(match[1].split(", "), "not tried")
    return found


def failed(run):
    return [gate for gate, mark in gates(run).items() if mark == "FAIL"]


def check_screen(run):
    for line in run.out.decode("ascii").splitlines():
        assert len(line) <= 80 or " " not in line.strip(), line


def tree(folder):
    """Everything that changes when something in a folder is written or made."""
    return {path: (about.st_ino, about.st_mtime_ns, about.st_ctime_ns, about.st_size)
            for path in [folder, *sorted(folder.rglob("*"))] if (about := path.lstat())}


@pytest.fixture
def doctor(sidecar, space):
    """Run `doctor` with the usual options of run; keyword arguments replace or remove (None) them."""
    def run(url, *more, env=None, **options):
        usual = {"protocol": "openunison", "token-file": space.token_file, "output-dir": space.out, "cacert-path": space.ca_file, "url": url}
        usual |= {key.replace("_", "-"): value for key, value in options.items()}
        return sidecar.run("doctor", *(word for key, value in usual.items() if value is not None for word in (f"--{key}", value)), *more, env=env)
    return run


def test_healthy(sidecar, running, space, subject):
    """The command line is that of the sidecar. Nothing on disk changes, and no token is printed."""
    process, server = running
    before = tree(space.folder)
    run = sidecar.run("doctor", "--output-dir", space.out)
    assert run.status == 0, run.out
    check_screen(run)
    assert gates(run) == dict.fromkeys(["configuration", "subject", "output", "clock", "name", "connect", "tls", "answer", "sidecar"], "ok") | {"clock": gates(run)["clock"]}
    said = run.out.decode()
    assert f"the command line of PID {process.popen.pid} (run)" in re.sub(r"\s+", " ", said)
    assert "sub system:serviceaccount:shop:checkout" in re.sub(r"\s+", " ", said)
    assert re.search(r"^No problems found \(9 checks, \d\.\d s\)\.$", said, re.M)
    assert subject.encode() not in run.out and subject.split(".")[2].encode() not in run.out
    assert tree(space.folder) == before
    assert len(server.requests) == 2


FAILURES = {
    "subject": (dict(token_file="/nowhere/token"), "subject_missing"),
    "output": (dict(output_dir="/nowhere/tokens"), "output"),
    "configuration": (dict(protocol="nothing"), "usage"),
    "name": (dict(url="https://sts.invalid/"), None),
    "tls": (dict(cacert_path="/etc/ssl/certs/ca-certificates.crt"), "cert_issuer"),
}


@pytest.mark.parametrize("gate", FAILURES)
def test_a_gate_that_fails(gate, doctor, serve, space):
    changes, name = FAILURES[gate]
    server = serve(tokens.openunison(tokens.issued()))
    before = tree(space.folder)
    run = doctor(**({"url": server.url(USER)} | changes))
    assert run.status == 1
    check_screen(run)
    assert failed(run) == [gate], run.out
    assert f"1 problem in 1 of 9 checks: {gate}." in run.out.decode()
    assert not name or f"[{name}]" in run.out.decode()
    assert tree(space.folder) == before and not any(server.requests)


def test_no_connection(doctor, space):
    space.fill(tokens.issued(), tokens.rfc3339(4102444800))
    run = doctor(f"https://127.0.0.1:{free_port()}/")
    assert run.status == 1 and failed(run) == ["connect"]
    assert gates(run)["tls"] == gates(run)["answer"] == "not tried"
    assert "The application's old token is valid for" in run.out.decode()


def test_a_refusal(doctor, serve):
    server = serve(tokens.http(403, {"error": "access_denied"}))
    run = doctor(server.url(USER))
    assert run.status == 1 and failed(run) == ["answer"] and b"access_denied" in run.out


def test_no_send(doctor, serve):
    server = serve(tokens.openunison(tokens.issued()))
    run = doctor(server.url(USER), "--no-send")
    assert run.status == 0 and gates(run)["answer"] == "-", run.out
    assert not any(server.requests)


def test_a_subject_token_that_may_be_sent_once(doctor, serve):
    """It is spared, unless --exchange says otherwise."""
    server = serve(tokens.exchanged(tokens.issued()))
    run = doctor(server.url("/token"), protocol="token-exchange")
    assert run.status == 0 and gates(run)["answer"] == "-", run.out
    assert not any(server.requests)
    run = doctor(server.url("/token"), "--exchange", protocol="token-exchange")
    assert run.status == 0 and gates(run)["answer"] == "ok", run.out
    assert len([request for request in server.requests if request]) == 1


@pytest.mark.slow
def test_a_subject_token_that_was_taken_twice(rig):
    """The sidecar has seen it, so `doctor` may send it, too."""
    made = rig("--lifetime", "20s")
    process = made.run(options={"protocol": "token-exchange", "url": f"https://localhost:{made.mock.port}/token"})
    made.has_refreshed()
    run = made.command("doctor", "--output-dir", made.out)
    assert gates(run)["answer"] == "-", run.out
    time.sleep(FLOOR_S + 0.5)
    assert made.command("refresh", made.out).status == 0
    run = made.command("doctor", "--output-dir", made.out)
    assert run.status == 0 and gates(run)["answer"] == "ok", run.out
    run = made.command("doctor", "--output-dir", made.out, "--no-send")
    assert gates(run)["answer"] == "-", run.out
    assert made.stop(process).status == 0


def test_openunisons_arguments(rig):
    """A Pod that the injector has configured: `doctor` has no arguments."""
    made = rig("--lifetime", "5m")
    process = made.exchange()
    made.has_refreshed()
    run = made.command("doctor", env={"STS_OUTPUT_DIR": made.out})
    assert run.status == 0 and gates(run)["answer"] == "ok", run.out
    assert "(exchange)" in run.out.decode()
    made.token_file.unlink()
    run = made.command("doctor", env={"STS_OUTPUT_DIR": made.out})
    assert run.status == 1 and failed(run) == ["subject"], run.out
    assert made.stop(process).status == 0


def test_a_directory_that_the_sidecar_makes(several):
    """An exchange of a configuration file, before the sidecar runs."""
    missing = several.out / "new"
    several.configure(several.exchange("a", subject_use="again", output_dir=str(missing)))
    run = several.sidecar.run("doctor", "--config", several.config_file)
    assert run.status == 0 and gates(run)["output"] == "ok" and gates(run)["answer"] == "ok", run.out
    assert not missing.exists()


IMPOSTOR = """
import fcntl, os, pathlib, sys, time
pathlib.Path("/proc/self/comm").write_text("sts-sidecar")
fcntl.flock(os.open(sys.argv[-1], os.O_RDONLY), fcntl.LOCK_EX)
print("locked", flush=True)
time.sleep(60)
"""


@needs_root
@pytest.mark.parametrize("ours", [True, False])
def test_a_command_line_of_another_user_is_not_followed(ours, sidecar, space):
    """The subject token would go to the URL in it."""
    space.write("run", IMPOSTOR)
    port = free_port()
    who = dict(user=UID if ours else UID - 1, group=GID, extra_groups=[])
    python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    args = ["sts-sidecar", "run", "--url", f"https://127.0.0.1:{port}/", "--output-dir", str(space.out)]
    with subprocess.Popen(args, executable=python, cwd=space.folder, stdout=subprocess.PIPE, **who) as impostor:
        try:
            assert impostor.stdout.readline() == b"locked\n"
            run = sidecar.run("doctor", "--output-dir", space.out)
        finally:
            impostor.kill()
    assert (f"127.0.0.1:{port}" in run.out.decode()) == ours, run.out
    assert ours or failed(run) == ["configuration"]


def test_usage(sidecar):
    assert sidecar.run("doctor", "--nothing").status == 64
    assert sidecar.run("doctor", "--color=blue").status == 64
    assert sidecar.run("doctor", "word").status == 64
    assert "--deadline is an option of fetch, not of doctor" in sidecar.run("doctor", "--deadline=5s").err


def test_no_configuration(sidecar):
    """No options, no variables, and no sidecar: that is told as such."""
    run = sidecar.run("doctor", "--output-dir", "/nowhere")
    assert run.status == 1 and failed(run) == ["configuration"]
    assert "no option of run is given and no sidecar of this UID is seen with this --output-dir" in re.sub(r"\s+", " ", run.out.decode())


def test_a_variable_of_the_sidecar_that_is_wrong(sidecar):
    """An option of `run` that `doctor` itself does not have: the mistake is one of the configuration that is examined."""
    run = sidecar.run("doctor", "--url", "https://sts.example", "--audience", "a", env={"STS_LISTEN": "8080"})
    assert run.status == 1 and failed(run) == ["configuration"]
    assert "--listen needs ADDR:PORT" in run.out.decode()


def on_terminal(sidecar, *args, env):
    """What the command prints on a terminal."""
    ours, theirs = os.openpty()
    try:
        run = sidecar.run(*args, env=env, stdout=theirs)
    finally:
        os.close(theirs)
    out = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:
            break
        if not more:
            break
        out += more
    os.close(ours)
    return run.status, out.replace(b"\r\n", b"\n")


@pytest.mark.parametrize("env, args, sign, colours", [
    ({"LANG": "C.UTF-8"}, (), True, True),
    ({"LANG": "C.UTF-8", "NO_COLOR": "1"}, (), True, False),
    ({"LANG": "C.UTF-8", "NO_COLOR": "1"}, ("--color=always",), True, True),
    ({"LC_ALL": "de_DE.utf8"}, ("--color=never",), True, False),
    ({"LC_ALL": "C", "LANG": "C.UTF-8"}, (), False, True),
    ({}, (), False, True),
])
def test_terminal(sidecar, space, env, args, sign, colours):
    status, out = on_terminal(sidecar, "doctor", "--url", f"https://127.0.0.1:{free_port()}/", "--token-file", space.token_file,
                              "--output-dir", space.out, *args, env=env)
    assert status == 1
    assert ("×".encode() in out) == sign and (b"FAIL" in out) != sign
    assert (b"\033[31m" in out) == colours


def test_pipe(doctor):
    """Plain ASCII, whatever the locale is."""
    env = {"LC_ALL": "C.UTF-8"}
    run = doctor(f"https://127.0.0.1:{free_port()}/", env=env)
    assert run.out.isascii() and b"FAIL" in run.out and b"\033" not in run.out
    run = doctor(f"https://127.0.0.1:{free_port()}/", "--color=always", env=env)
    assert run.out.isascii() and b"\033[31mFAIL\033[0m" in run.out


# ---- JSON ----

GATES = ["configuration", "subject", "output", "clock", "name", "proxy", "connect", "tls", "answer", "sidecar"]


def exchanges(run):
    """{name: {gate: its object}}."""
    assert run.out.count(b"\n") == 1 and run.out.isascii()
    return {one["name"]: {gate["gate"]: gate for gate in one["gates"]} for one in json.loads(run.out)["exchanges"]}


def test_json(sidecar, running, space, subject):
    process, _ = running
    run = sidecar.run("doctor", "--json", "--output-dir", space.out)
    whole = json.loads(run.out)
    assert run.status == 0 and whole["ok"] is True
    assert list(whole) == ["exchanges", "ok", "checks", "problems", "warnings", "took_ms", "token_valid_s"]
    assert (whole["checks"], whole["problems"]) == (9, 0) and 0 < whole["token_valid_s"] <= 900
    seen = exchanges(run)["default"]
    assert list(seen) == GATES
    assert seen["configuration"]["facts"] | {"source": "owner", "container": "same", "pid": process.popen.pid, "command": "run",
                                             "protocol": "openunison"} == seen["configuration"]["facts"]
    assert seen["subject"]["facts"]["bytes"] == len(subject) and seen["subject"]["facts"]["mode"] == "0644"
    assert seen["subject"]["facts"]["expires"] == tokens.rfc3339(tokens.expiry(subject))
    assert seen["output"]["facts"]["path"] == str(space.out) and "hint" not in seen["output"]
    assert seen["proxy"] == {"gate": "proxy", "result": "skip", "facts": {}}
    assert seen["tls"]["facts"]["version"] == "1.3" and seen["tls"]["facts"]["file"] == str(space.ca_file)
    assert seen["answer"]["facts"]["status"] == 200 and seen["answer"]["facts"]["iss"] == "https://sts.test/issuer"
    assert seen["sidecar"]["facts"]["pid"] == process.popen.pid
    assert subject.split(".")[2].encode() not in run.out
    (space.out / "token.jwt").unlink()
    assert "token_valid_s" not in json.loads(sidecar.run("doctor", "--json", "--output-dir", space.out).out)


def test_json_of_a_failure(doctor):
    port = free_port()
    run = doctor(f"https://127.0.0.1:{port}/", "--json")
    assert run.status == 1 and json.loads(run.out)["ok"] is False
    seen = exchanges(run)["default"]
    assert {name: gate["result"] for name, gate in seen.items() if name in ("connect", "tls", "answer")} == {"connect": "fail", "tls": "skip", "answer": "skip"}
    assert seen["connect"]["error"] == "connect" and f"127.0.0.1:{port}" in seen["connect"]["message"] and seen["connect"]["hint"]
    run = doctor(None, "--json")
    assert exchanges(run)[""]["configuration"]["error"] == "usage"


# ---- several exchanges ----

def test_each_exchange_of_a_configuration_file(several):
    several.failures = {"b": 503}
    several.configure(several.exchange("a", subject_use="again"), several.exchange("b", subject_use="again"), several.once("c"))
    several.start()
    several.said("token refreshed", "a")
    several.said("token refreshed", "c")
    run = several.sidecar.run("doctor", "--json", "--output-dir", several.out / "a")
    seen = exchanges(run)
    assert {name: gates["answer"]["result"] for name, gates in seen.items()} == {"a": "ok", "b": "fail", "c": "skip"}
    whole = json.loads(run.out)
    assert run.status == 1 and whole["problems"] == 1 and "token_valid_s" not in whole
    run = several.sidecar.run("doctor", "--output-dir", several.out / "a")
    assert b"1 problem in 1 of 27 checks: b answer." in run.out
    run = several.sidecar.run("doctor", "--exchange-name=a", "--output-dir", several.out / "a")
    assert run.status == 0 and b"(9 checks, " in run.out
    assert several.sidecar.run("doctor", "--exchange-name=d", "--output-dir", several.out / "a").status == 64


def test_no_subject_token_is_spent(rig):
    """Beside a sidecar whose STS takes each subject token once."""
    path = "/v1/oauth/token"
    made = rig()
    process = made.run("--param=federation_rule_id=fdrl_1", "--param=organization_id=o",
                       options={"protocol": "anthropic", "url": f"https://localhost:{made.mock.port}{path}"})
    made.has_refreshed()
    made.space.write("sts-token", made.mock.mint())   # nobody has sent this one
    for _ in range(2):
        run = made.command("doctor", "--output-dir", made.out)
        assert run.status == 0 and gates(run)["answer"] == "-", run.out
    assert all(entry["status"] == 200 for entry in made.requests(path))
    assert len(made.requests(path)) <= 2, "only the sidecar has sent something"
    run = made.command("doctor", "--exchange", "--output-dir", made.out)
    assert gates(run)["answer"] in ("ok", "warn", "FAIL")
    assert made.stop(process).status == 0


# ---- memory and time ----

@pytest.fixture
def four_mib():
    """What to run before a program so that it shares 4 MiB with the others: a memory cgroup of version 1 or 2."""
    top = pathlib.Path("/sys/fs/cgroup/memory")
    is_old = top.exists()
    group = (top if is_old else top.parent) / f"sts-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as e:
        pytest.skip(f"no memory cgroup can be made: {e}")
    try:
        (group / ("memory.limit_in_bytes" if is_old else "memory.max")).write_text(str(4 << 20))
        yield ["sh", "-c", f'echo $$ >{group}/cgroup.procs && exec setpriv --reuid {UID} --regid {GID} --clear-groups "$0" "$@"']
    except OSError as e:
        pytest.skip(f"the limit of a memory cgroup cannot be set: {e}")
    finally:
        wait_for(lambda: not (group / "cgroup.procs").read_text(), "the end of the processes in the cgroup")
        group.rmdir()


@needs_root
@pytest.mark.skipif(sanitized(), reason="the sanitizers need more memory")
def test_memory(four_mib, sidecar, serve, space):
    """`run` with its worker, and beside it `doctor`, `check` and `doctor` again, share 4 MiB."""
    in_group = {"prefix": four_mib, "uid": 0, "gid": 0}
    server = serve(tokens.openunison(tokens.issued(), thumbprint=None))
    with sidecar.start("run", "--url", server.url(USER), "--protocol", "openunison", "--token-file", space.token_file, "--output-dir", space.out,
                       "--cacert-path", space.ca_file, **in_group) as process:
        wait_for((space.out / "expires").exists, "a token")
        wait_for(lambda: process.children() == [], "the end of the worker")
        for args in (["doctor", "--output-dir", space.out], ["check", space.out], ["doctor", "--output-dir", space.out]):
            done = sidecar.run(*args, **in_group)
            assert done.status == 0, done
        assert process.popen.poll() is None


@pytest.mark.alone
@pytest.mark.skipif(sanitized(), reason="the release binary is timed")
def test_a_healthy_pod_takes_less_than_a_second(sidecar, running, space):
    """And all of it is on one screen."""
    runs = [sidecar.run("doctor", "--output-dir", space.out) for _ in range(3)]
    assert [run.status for run in runs] == [0, 0, 0]
    assert min(run.seconds for run in runs) < 1
    assert all(len(run.out.splitlines()) <= 24 for run in runs)
