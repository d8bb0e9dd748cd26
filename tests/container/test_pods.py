# SPDX-License-Identifier: Apache-2.0
"""The example Pods, played by podman: everything runs as the files say, with the exception of the changes that manifests.Play names."""
import json

import pytest
from manifests import EXAMPLES, Play, container, load
from podman import APP, OURS, Container, until
from sts import AUDIENCE, EXCHANGE, FETCH, RUN, URL, Pod, Sts, output_folder, seen_by_app

# Prints a token with the time when it is first seen. The first line is the first thing that this application does.
WATCH = """
last=
while :; do
	token=$(cat "$TOKEN_FILE")
	[ "$token" = "$last" ] || echo "$(date +%s) $token"
	last=$token
	sleep 0.1
done
"""
READ = """
echo "$(date +%s) $(cat "$TOKEN_FILE")"
if echo x 2>/dev/null >/tokens/x || echo x 2>/dev/null >/x; then echo "can write"; fi
"""
WAIT = 'while ! [ -s "$TOKEN_FILE" ]; do sleep 0.1; done'


class Played:
    def __init__(self, podman, folder, file, script, **more):
        self.podman, self.sts = podman, Sts(folder, **more)
        play = Play(load(EXAMPLES / file))
        play.name("app")
        play.images(OURS, APP)
        play.host_volume("sts-token", self.sts.subject)
        play.host_volume("public", self.sts.public)
        play.host_volume("hosts", self.sts.public / "hosts")
        play.host_volume("private", self.sts.private)
        for each in play.ours():
            assert {f"--url={URL}", f"--audience={AUDIENCE}"} < set(each["args"])
            each["args"].append("--cacert-path=/public/ca.crt")
            play.mount(each, "public", "/public")
            play.mount(each, "hosts", "/etc/hosts")
        container(play.pod, "app")["command"] = ["/bin/sh", "-c", script.strip()]  # podman trips over a leading newline
        self.play = play

    def start(self, folder, ok=True):
        """The STS first, as the init containers need it, then the Pod in its own order."""
        self.play.add({"name": "sts", "image": APP, "command": self.sts.command(), "securityContext": {"runAsUser": 0, "runAsNonRoot": False},
                       "volumeMounts": [{"name": "private", "mountPath": "/sts"}, {"name": "public", "mountPath": "/public"}]})
        self.play.write(folder / "pod.yaml")
        self.podman("kube", "play", "--network=none", "--start=false", folder / "pod.yaml")
        self.podman("start", "app-sts")
        self.sts.ready()
        self.podman("pod", "start", "app", ok=ok, limit_s=120)
        return self

    def container(self, name):
        return Container(self.podman, f"app-{name}")

    def tokens(self):
        """(time, claims) of every token that the application saw; each must be valid when it is seen, and until the next one is."""
        log = self.container("app").log()
        seen = [(at_s, self.sts.verify(token, at_s)) for at_s, token in seen_by_app(log)]
        assert len(seen) == len(log.splitlines()), log
        for (_, claims), (next_s, _) in zip(seen, seen[1:]):
            assert next_s < claims["exp"]
        return seen


@pytest.fixture
def played(podman, folder):
    return lambda file, script, **more: Played(podman, folder, file, script, **more)


def messages(log):
    return [json.loads(line)["msg"] for line in log.splitlines() if line.startswith("{")]


def test_sidecar_with_a_waiting_init_container(played, folder):
    pod = played("sidecar-init-wait.yaml", WATCH).start(folder)
    seen = until(lambda: len(tokens := pod.tokens()) >= 4 and tokens, limit_s=60, every_s=1)
    assert len({claims["jti"] for _, claims in seen}) == len(seen)
    sidecar = pod.container("sts-sidecar")
    assert sidecar.exec("/sts-sidecar", "check", "--wait", "20s", "/tokens").returncode == 0
    assert messages(sidecar.log()).count("token refreshed") >= 3
    assert '"error"' not in sidecar.log()
    assert pod.container("sts-init").state()["ExitCode"] == 0


def test_native_sidecar(played, folder):
    """The sidecar runs as an ordinary container, since podman waits for ever for an init container that does not end. test_manifests.py tests the order."""
    pod = played("native-sidecar.yaml", f"{WAIT}\n{WATCH}")
    [sidecar] = pod.play.spec.pop("initContainers")
    probe = sidecar.pop("startupProbe")["exec"]["command"]
    del sidecar["restartPolicy"]
    pod.play.add(sidecar)
    pod.start(folder)
    assert pod.container("sts-sidecar").exec(*probe).returncode == 0
    until(lambda: len(pod.tokens()) >= 4, limit_s=60, every_s=1)


def test_init_container_alone(played, folder):
    pod = played("init-fetch.yaml", READ).start(folder)
    app = pod.container("app")
    assert app.wait() == 0
    assert len(pod.tokens()) == 1
    assert pod.container("sts-init").state()["ExitCode"] == 0


@pytest.mark.parametrize("file", ["init-fetch.yaml", "sidecar-init-wait.yaml"])
def test_the_application_waits_for_an_sts_that_is_late(played, folder, file):
    pod = played(file, READ, faults=["status=503&times=2"]).start(folder)
    assert pod.container("app").wait() == 0
    assert len(pod.tokens()) == 1
    assert "503" in pod.container("sts-init").log()


def test_the_application_does_not_start_when_the_sts_says_no(played, folder):
    pod = played("init-fetch.yaml", READ, faults=["status=403"]).start(folder, ok=False)
    assert pod.container("sts-init").state()["ExitCode"] == 77
    assert "unexpected status 403" in pod.container("sts-init").log()
    assert pod.container("app").log() == ""


def test_a_sidecar_that_is_killed_adopts_what_it_left(played, folder):
    pod = played("sidecar-init-wait.yaml", WATCH, lifetime="10m").start(folder)
    [(_, before)] = until(pod.tokens)
    sidecar = pod.container("sts-sidecar")
    asked = len(pod.sts.requests())
    pod.podman("kill", "--signal=KILL", sidecar.name)
    sidecar.wait()
    pod.podman("start", sidecar.name)
    until(lambda: sidecar.exec("/sts-sidecar", "check", "/tokens", ok=False).returncode == 0)
    [(_, after)] = pod.tokens()
    assert after == before and len(pod.sts.requests()) == asked


# What the kubelet tells every container of a namespace that has a Service called "sts".
SERVICE = {"STS_SERVICE_HOST": "10.96.0.7", "STS_SERVICE_PORT": "443", "STS_SERVICE_PORT_HTTPS": "443",
           "STS_PORT": "tcp://10.96.0.7:443", "STS_PORT_443_TCP": "tcp://10.96.0.7:443", "STS_PORT_443_TCP_PROTO": "tcp",
           "STS_PORT_443_TCP_PORT": "443", "STS_PORT_443_TCP_ADDR": "10.96.0.7"}


@pytest.mark.parametrize("command", [RUN, FETCH, EXCHANGE], ids=lambda command: command[0])
def test_beside_a_service_called_sts(podman, folder, command):
    pod = Pod(podman, folder)
    out = output_folder(folder / "tokens")
    ours = pod.start(out, *command, options=[f"--env={name}={value}" for name, value in SERVICE.items()])
    until(lambda: (out / "token.jwt").exists())
    log = ours.log()
    assert "STS_" not in log and '"warn' not in log
