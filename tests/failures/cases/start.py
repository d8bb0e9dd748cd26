# SPDX-License-Identifier: Apache-2.0
"""The command line, and limits of the container."""
import contextlib
import os
import pathlib
import platform
import signal
import threading
import time

from case import case
from harness.fuse import Fuse
from harness.kernel import refuse
from peers import mock, sts, tunnel
from pod import HOST, OUT, sh

SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
NEVER = ("NetworkPolicy", "no such name", "COMMAND --help")


@case("healthy", "sidecar", None, 0, ok=0, short=True)
def _(pod):
    sts(pod)


@case("healthy_proxy", "sidecar", None, 0, ok=0)
def _(pod):
    sts(pod)
    tunnel(pod)
    pod.env["HTTPS_PROXY"] = "http://10.0.8.3:3128"


@case("url_missing", "configuration", None, 64, fetch=["--url"], never=NEVER)
def _(pod):
    pod.set(url=None)


@case("url_http", "configuration", None, 64, fetch=["http", "https"], never=NEVER)
def _(pod):
    pod.set(url=f"http://{HOST}/token")


@case("exchange_without_https", "configuration", None, None, fetch=["https"], never=(*NEVER, "--insecure-http"), short=True)
def _(pod):
    pod.set(url=f"http://{HOST}/token")
    words = ["/var/run/secrets/tokens/sts-token", f"http://{HOST}/token", OUT]
    pod.once, pod.arguments = ["exchange", "--single-run", *words], ["exchange", *words]


@case("url_without_scheme", "configuration", None, 64, fetch=["https", HOST], never=NEVER)
def _(pod):
    pod.set(url=f"{HOST}/token")


@case("unknown_option", "configuration", None, 64, fetch=["--audiance", "--audience"], never=NEVER)
def _(pod):
    pod.more = ["--audiance", "x"]


@case("unknown_protocol", "configuration", None, 64, fetch=["token-exchnge", "token-exchange"], never=NEVER)
def _(pod):
    pod.set(protocol="token-exchnge")


@case("parameter_missing", "configuration", None, 64, fetch=["role-arn"], never=NEVER)
def _(pod):
    pod.set(protocol="aws", url=None)
    pod.more = ["--param", "region=eu-west-1"]


@case("config_missing", "configuration", None, None, fetch=["/etc/sts/config.json", "no such file"], never=NEVER)
def _(pod):
    pod.set(config="/etc/sts/config.json")


@case("config_broken", "configuration", None, 64, fetch=["/etc/sts/config.json", "line|byte"], never=NEVER)
def _(pod):
    pod.write("/etc/sts/config.json", '{"exchanges": [{"name": "a", }]}')
    pod.set(config="/etc/sts/config.json")


@case("few_descriptors", "sidecar", None, None, fetch=["open files|no file can be opened|descriptors"], never=NEVER)
def _(pod):
    sts(pod)
    pod.prefix = ["prlimit", "--nofile=4"]


@case("no_processes", "sidecar", None, None, ["process", "pids|limit"], never=NEVER)
def _(pod):
    sts(pod)
    pod.prefix = ["prlimit", "--nproc=1"]
    pod.uid = pod.gid = 65533


@case("file_size_limit", "output", "output", 73, [OUT], fetch=["too big", "ulimit"], never=NEVER)
def _(pod):
    sts(pod)
    pod.prefix = ["prlimit", "--fsize=300"]


@case("read_only_root", "sidecar", None, 0, ok=0)
def _(pod):
    sts(pod)
    sh(f"mount --rbind {pod.root} {pod.root}")
    sh(f"mount -o remount,ro,bind {pod.root}")


@case("seccomp_denies_sockets", "connect|sidecar", None, None, ["permission|forbid|not permitted|seccomp"], never=("no such name",))
def _(pod):
    sts(pod)
    pod.preexec = lambda: refuse(SOCKET)


def refuses(name, says, *, never=(), env=None, more=(), **options):
    @case(name, "configuration", None, 64, fetch=says, never=(*NEVER, *never))
    def _(pod):
        pod.set(**options)
        pod.env |= env or {}
        pod.more += more


refuses("duration_wrong", ["--timeout", "duration", "soon"], timeout="soon")
refuses("variable_wrong", ["STS_TIMEOUT", "duration"], env={"STS_TIMEOUT": "soon"}, timeout=None)
refuses("url_with_user", ["URL", "user"], url="https://user:pw@sts.example.com/token", never=["pw@"])
refuses("url_with_fragment", ["URL", "fragment"], url="https://sts.example.com/token#x")
refuses("url_port_wrong", ["URL", "port"], url="https://sts.example.com:99999/token")
refuses("url_is_empty_variable", ["STS_URL|--url"], env={"STS_URL": ""}, url=None)
refuses("mode_wrong", ["--mode", "octal", "rw"], mode="rw")
refuses("write_wrong", ["--write", "tokn"], write="tokn")
refuses("insecure_k", ["-k", "no option|there is none|purpose|skip"], more=["-k"])
refuses("insecure_long", ["--insecure", "none|purpose|skip|--insecure-http"], more=["--insecure"])
refuses("extra_argument", ["/tokens2|argument"], more=["/tokens2"])
refuses("token_field_wrong", ["--token-field", "a b"], token_field="a b")
refuses("protocol_of_keycloak", ["keycloak", "client-assertion"], protocol="keycloak")
refuses("param_without_value", ["--param"], more=["--param", "audience"])


@case("config_unknown_option", "configuration", None, 64, fetch=["/etc/sts/config.json", "audiance", "audience"], never=NEVER)
def _(pod):
    pod.write("/etc/sts/config.json", '{"exchanges": [{"name": "a", "audiance": "x"}]}')
    pod.set(config="/etc/sts/config.json", url=None)


@case("config_unreadable", "configuration", None, None, fetch=["/etc/sts/config.json", "permission denied"], never=NEVER)
def _(pod):
    pod.write("/etc/sts/config.json", "{}", mode=0o600)
    pod.set(config="/etc/sts/config.json")


@case("sandbox_required_without_landlock", "sidecar", None, None, fetch=["landlock"], never=NEVER)
def _(pod):
    sts(pod)
    pod.more = ["--require-sandbox"]
    pod.preexec = lambda: refuse(444)


@case("listen_port_taken", "sidecar", None, 0, ok=0)
def _(pod):
    sts(pod)
    sts(pod, tls=False, address="0.0.0.0", port=8080)
    pod.arguments = ["run", *pod.words(), "--listen", ":8080", "--log-format", "text"]


@case("stdout_full", "output", "stdout", 73, first=["standard output took 0 of", "no space left"], ok=0, never=NEVER)
def _(pod):
    sts(pod)
    pod.once = ["fetch", *pod.words(), "--stdout", "--log-format", "text"]
    pod.preexec = lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    pod.doctor = None


@case("fetch_is_stopped", "connect", None, 75, first=["told to stop before it was done", "attempt 1"], never=("cacert", "COMMAND --help"))
def _(pod):
    pod.drop("-p tcp --dport 443")
    pod.prefix = ["timeout", "--preserve-status", "-s", "TERM", "1"]
    pod.before_run.append(pod.prefix.clear)
    pod.set(timeout="3s")


def hangs(name, gate, option, file):
    """The option names a file on a file system that does not answer."""
    @case(name, gate, "hangs", 75, fetch=[f"/fuse/{file}", "has not answered"], never=NEVER)
    def _(pod):
        sts(pod)
        mount = Fuse(pod.path("/fuse"), {file: b""})
        mount.hang()
        pod.set(**{option: f"/fuse/{file}"}, timeout="1s")


hangs("file_system_hangs", "subject", "token_file", "token")
hangs("file_system_of_the_ca_hangs", "tls", "cacert_path", "ca.pem")


@case("option_of_run", "configuration", None, 64, fetch=["--listen", "run"], never=NEVER)
def _(pod):
    pod.once = pod.arguments = ["fetch", *pod.words(), "--listen", ":8080"]
    pod.doctor = None


@case("option_of_fetch", "configuration", None, 64, fetch=["--deadline", "fetch"], never=NEVER)
def _(pod):
    pod.once = pod.arguments = ["run", *pod.words(), "--deadline", "9s"]
    pod.doctor = None


@case("worker_killed_for_memory", "sidecar", "worker", 70, ["memory", "signal 9|killed"], never=NEVER)
def _(pod):
    sts(pod, stall="request")

    def kill():
        while True:
            time.sleep(0.02)
            for entry in os.listdir("/proc"):
                with contextlib.suppress(OSError):
                    if entry.isdigit() and b"\0worker\0" in pathlib.Path(f"/proc/{entry}/cmdline").read_bytes():
                        os.kill(int(entry), signal.SIGKILL)
    threading.Thread(target=kill, daemon=True).start()


@case("doctor_spares_the_subject_token", "answer|sidecar", "denied", 77, ["403"], fetch=["access_denied"], never=NEVER)
def _(pod):
    mock(pod, "--allow-namespace", "other")
    pod.doctor = []
