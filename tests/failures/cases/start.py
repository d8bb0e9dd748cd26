# SPDX-License-Identifier: Apache-2.0
"""The command line, and limits of the container."""
import platform

from case import case
from harness.kernel import refuse
from peers import sts, tunnel
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


@case("few_descriptors", "sidecar", None, None, ["open files|no file can be opened|descriptors"], never=NEVER)
def _(pod):
    sts(pod)
    pod.prefix = ["prlimit", "--nofile=4"]


@case("no_processes", "sidecar", None, None, ["process", "pids|limit"], never=NEVER)
def _(pod):
    sts(pod)
    pod.prefix = ["prlimit", "--nproc=1"]
    pod.uid = pod.gid = 65533


@case("little_memory", "sidecar", None, None, fetch=["memory"], never=NEVER, dies=True)
def _(pod):
    sts(pod)
    pod.memory_kib(300)


@case("file_size_limit", "output", "output", 73, [OUT, "ulimit|limit|file too large|large"], never=NEVER)
def _(pod):
    sts(pod)
    pod.prefix = ["prlimit", "--fsize=100"]


@case("read_only_root", "sidecar", None, 0, ok=0)
def _(pod):
    sts(pod)
    sh(f"mount --rbind {pod.root} {pod.root}")
    sh(f"mount -o remount,ro,bind {pod.root}")


@case("seccomp_denies_sockets", "sidecar", None, None, ["permission|forbid|not permitted|seccomp"], never=("no such name",))
def _(pod):
    sts(pod)
    pod.preexec = lambda: refuse(SOCKET)
