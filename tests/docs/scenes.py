# SPDX-License-Identifier: Apache-2.0
"""The Pods in which the commands of the pages are run. They are those of tests/failures: a network and a root file system of their own."""
import contextlib
import email.utils
import fcntl
import functools
import json
import os
import pathlib
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/failures"))

import pod as pods  # noqa: E402
import peers  # noqa: E402
from harness import tokens  # noqa: E402
from pod import CA_FILE, DNS, HOST, OUT, PATIENCE_S, STS, TOKEN_FILE, sh  # noqa: E402

SCENES = {}
COLUMNS, ROWS = 80, 40
AUDIENCE = "https://vault.example.com"
GROUP = 2000
ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
FILE = re.compile(r"(?:\w[\w-]*=)?(/(?:var/run/secrets|etc|certs|tokens|chain)/[\w./-]+)")


def scene(prepare):
    """The function prepares the Pod. It returns the arguments of the sidecar, or None where none runs."""
    SCENES[prepare.__name__] = prepare
    return prepare


# ---- what the Pods have in common ----

def volumes(pod):
    """The volumes as the kubelet makes them with fsGroup, and the variables and the search list of the container."""
    pod.groups = [GROUP]
    sh(f"umount {pod.path(OUT)}")
    pod.volume(OUT, f"size=1m,mode=2777,gid={GROUP}")
    pod.path(TOKEN_FILE).chmod(0o440)
    os.chown(pod.path(TOKEN_FILE), 0, GROUP)
    pod.env |= {"STS_CACERT_PATH": CA_FILE, "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    pod.hosts({})


def names(pod):
    peers.unbound(pod, f"local-zone: example.com static\n  local-data: '{HOST}. A {STS}'")


RUN = ["run", "--log-format", "text", "--url", f"https://{HOST}/token", "--audience", AUDIENCE]


def answering(pod, answer=None):
    """A name server, and an STS with TLS 1.3 that accepts a subject token any number of times."""
    def exchange(_):
        issued = tokens.issued(iss=f"https://{HOST}", aud=AUDIENCE, sub="system:serviceaccount:shop:cart")
        return tokens.http(body={"access_token": issued, "expires_in": 900}, headers=[peers.JSON, f"Date: {email.utils.formatdate(usegmt=True)}"])
    peers.sts(pod, answer or exchange)
    volumes(pod)
    names(pod)
    return [*RUN, "--subject-use", "again"]


def with_mock(pod):
    """A name server, and mock-sts, which knows the cluster and publishes its own keys."""
    peers.mock(pod, "--audience", AUDIENCE, claims=["--expires-in", "60m"])
    volumes(pod)
    names(pod)
    return RUN


def drop(pod):
    pod.drop("-p tcp --dport 443")


@scene
def dry(pod):
    """Nothing runs, and nothing is sent. The files that the commands name are there."""
    pod.write("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", pod.ca.pem)


@scene
def healthy(pod):
    return answering(pod)


@scene
def talkative(pod):
    return [*answering(pod), "--log-level", "debug"]


@scene
def signed(pod):
    """The token is one of mock-sts, whose keys can be fetched."""
    return with_mock(pod)


@scene
def cut(pod):
    """The first exchange succeeds. Then a NetworkPolicy drops what goes to the STS."""
    pod.after_first = lambda: drop(pod)
    return [*answering(pod), "--timeout", "3s"]


@scene
def filtered(pod):
    drop(pod)
    return [*answering(pod), "--timeout", "2s"]


@scene
def denied(pod):
    sh("ip addr add 10.0.0.7/32 dev lo")
    refusal = b'{"error":"access_denied","error_description":"no rule for this ServiceAccount"}'
    return [*answering(pod, tokens.http(403, refusal, headers=[peers.JSON])), "--listen", "10.0.0.7:8080"]


@scene
def files(pod):
    return [*answering(pod), "--write", "token,json,gcp-executable"]


@scene
def aws(pod):
    """mock-sts stands for AWS STS."""
    with_mock(pod)
    return ["run", "--log-format", "text", "--protocol", "aws", "--url", f"https://{HOST}/", "--param", "role-arn=arn:aws:iam::123456789012:role/app",
            "--write", "aws-credentials,aws-process"]


@scene
def openunison(pod):
    """The arguments of openunison-cli, with the token of the ServiceAccount."""
    with_mock(pod)
    pod.write(ACCOUNT_TOKEN, pod.path(TOKEN_FILE).read_bytes())
    pod.env.pop("STS_CACERT_PATH")


# ---- running commands in a Pod ----

def in_terminal(pod, *args):
    """What the program prints on a terminal of 80 columns, with its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = pod.start(*args, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):      # the other end is closed
        while more := os.read(ours, 65536):
            said += more
    os.close(ours)
    return {"status": process.wait(PATIENCE_S), "out": said.decode().replace("\r\n", "\n"), "err": ""}


def outside(words):
    """A command that is not ours, in the network of the Pod."""
    done = subprocess.run(words, capture_output=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL)
    return {"status": done.returncode, "out": done.stdout.decode(), "err": done.stderr.decode()}


def command(pod, words, terminal=False):
    """Runs a command of a page: `sts-sidecar`, the same behind `kubectl exec`, `cat` of a file in the Pod, or `curl`."""
    if words[:2] == ["kubectl", "exec"]:
        words = words[words.index("--") + 1:]
    if words[0] in ("sts-sidecar", "/sts-sidecar") and words[1] in ("run", "exchange"):
        process, log = begin(pod, words[1:])
        return {"status": ended(process), "out": "", "err": log.read_text()}
    if words[0] in ("sts-sidecar", "/sts-sidecar"):
        return in_terminal(pod, *words[1:]) if terminal else pod.ask(*words[1:])
    if words[0] == "cat":
        return {"status": 0, "out": pod.path(words[1]).read_text(), "err": ""}
    assert words[0] == "curl", f"a command that no scene has: {words[0]}"
    return outside([*words[:1], "-sS", *words[1:]])


def begin(pod, arguments):
    """Starts the sidecar, and waits until its first exchange has ended, and again after a change of the scene."""
    log = pod.folder / "log"
    with open(log, "wb") as stderr:
        process = pod.start(*arguments, stderr=stderr, stdout=subprocess.DEVNULL)
    until = time.monotonic() + PATIENCE_S
    while not re.search(r" (error|warn): |token (refreshed|adopted)", log.read_text()):
        assert time.monotonic() < until and process.poll() is None, log.read_text()
        time.sleep(0.02)
    pod.after_first()
    return process, log


def ended(process):
    process.terminate()
    return process.wait(PATIENCE_S)


def act(pod, name, jobs, terminal, files):
    """What each command of each job says, and the log of the sidecar."""
    pod.after_first = lambda: None
    arguments = SCENES[name](pod)
    for path, text in files.items():
        pod.write(path, text)
    for words in (words for commands in jobs.values() for words in commands):
        for path in FILE.findall(" ".join(words)) if name == "dry" else ():
            if not pod.path(path).exists():
                pod.write(path, tokens.subject(5000) if "token" in path else "placeholder")
    process, log = begin(pod, arguments) if arguments else (None, None)
    said = {job: [command(pod, words, terminal) for words in commands] for job, commands in jobs.items()}
    if process:
        ended(process)
    return {"jobs": said, "log": log.read_text() if log else ""}


@functools.cache
def world():
    return pods.World()


def play(name, jobs, terminal=False, files={}):
    """Runs the commands of the jobs in a Pod.

    name      the scene
    jobs      name of a job -> its commands, each a list of words
    terminal  whether the program prints on a terminal
    files     path -> text of further files in the Pod
    """
    work = pathlib.Path(tempfile.mkdtemp(prefix="sts-docs-"))
    work.chmod(0o755)
    try:
        (work / "pod").mkdir()
        report = work / "report.json"
        pid = pods.within(world(), lambda pod: act(pod, name, jobs, terminal, files), work / "pod", report)
        os.waitpid(pid, 0)
        said = json.loads(report.read_text()) if report.exists() else {"broken": "the Pod ended without a report"}
    finally:
        shutil.rmtree(work, ignore_errors=True)
    assert "broken" not in said, f"the scene {name} could not be played:\n{said['broken']}"
    return said
