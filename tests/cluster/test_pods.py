# SPDX-License-Identifier: Apache-2.0
"""The Pod of the README and the Pods of deploy/examples on a real kubelet with containerd and runc, as they stand in the files: only the images and the node
are named, since there is no scheduler. test_examples.py has the other kinds."""
import contextlib
import json
import os
import re
import signal
import subprocess
import time

import pytest

from cluster import PARTNER
from harness import pki, servers
from manifests import EXAMPLES, load, readme_pod
from node import NAME, apply, sidecar_process
from programs import until
from sts import NAMES, other_sts

VAULT, SERVICE = "https://vault.example", "https://api.example.com"


@contextlib.contextmanager
def following(pod, container):
    """The lines of a container's log, and a function that fills them in when the container has ended. The Pod may be gone then."""
    command = pod.cluster.api.kubectl_command("logs", "-f", "--timestamps", "-n", pod.namespace, pod.name, "-c", container)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = []
    try:
        yield lines, lambda: lines.extend(process.communicate(timeout=60)[0].splitlines())
    finally:
        process.kill()
        process.wait(20)


def entries(lines):
    """[(when it was said, the entry)] of a log of ours."""
    return [(when, json.loads(entry)) for when, _, entry in (line.partition(" ") for line in lines) if entry.startswith("{")]


def test_the_pod_of_the_readme(cluster, namespace, pods, sts):
    """The application starts with a valid token, and no container but the sidecar has the subject token."""
    apply(cluster, namespace, [readme_pod()])
    app = pods("app").started()
    token = app.first_read()
    assert sts.verify(token, VAULT)["sub"].endswith(f":{namespace}:default")
    assert app.status("sts")["ready"] and app.status("sts")["restartCount"] == 0
    assert app.exec("sts", "/sts-sidecar", "check", "/tokens").returncode == 0
    assert app.exec("app", "ls", "/var/run/secrets/tokens", status=None).returncode != 0


@pytest.mark.more
@pytest.mark.parametrize("file", ["init-fetch", "metrics", "native-sidecar", "sidecar-init-wait", "token-request"])
def test_an_example_runs(cluster, namespace, pods, sts, file):
    apply(cluster, namespace, load(EXAMPLES / f"{file}.yaml"))
    app = pods(file).started()
    assert sts.verify(app.first_read(), SERVICE)["sub"].endswith(f":{namespace}:{file}")
    if file == "metrics":
        until(lambda: app.status("sts-sidecar")["ready"], "the readiness probe")


@pytest.mark.more
def test_a_chain_runs(cluster, namespace, pods, sts, sts_ca, tmp_path):
    """The example with two exchanges: the second STS gets the token of the first, for its own audience."""
    issued, got, answer = other_sts(SERVICE)
    tls = servers.tls_context(pki.server(sts_ca, names=list(NAMES)), tmp_path)
    with contextlib.closing(servers.Server(answer, tls=tls, address=PARTNER, port=443)):
        apply(cluster, namespace, load(EXAMPLES / "several-exchanges.yaml"))
        assert pods("several-exchanges").started().first_read() == issued
    assert sts.verify(got[0], "https://sts.partner.example.com")["sub"].endswith(f":{namespace}:several-exchanges")


def test_a_job_completes(cluster, namespace, pods, sts):
    """A native sidecar does not hold the Job: it is ended after the application, with exit status 0."""
    pod = readme_pod()
    pod["spec"] |= {"restartPolicy": "Never", "nodeName": NAME}
    pod["spec"]["containers"][0]["command"] = ["sh", "-c", 'echo "token $(cat /tokens/token.jwt)"']
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"}, "spec": {"backoffLimit": 0, "template": {"spec": pod["spec"]}}}
    apply(cluster, namespace, [job])
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs/work"
    until(lambda: cluster.api.get(path)["status"].get("succeeded") == 1, "the Job is complete", limit_s=120, every_s=0.5)
    [made] = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector=job-name%3Dwork")["items"]
    run = pods(made["metadata"]["name"])
    assert sts.verify(run.first_read(), VAULT)
    assert run.status("sts")["state"]["terminated"]["exitCode"] == 0


def test_the_sidecar_ends_after_the_application(cluster, namespace, pods, sts):
    """TERM order: the application still has its token at its end, two seconds after it was told to end."""
    apply(cluster, namespace, [readme_pod()])
    app = pods("app").started()
    app.first_read()
    with following(app, "app") as (app_lines, app_end), following(app, "sts") as (our_lines, our_end):
        time.sleep(1)
        app.delete(grace_s=30)
        app_end()
        our_end()
    [(ended, token)] = [(when, rest.split()[1]) for when, _, rest in (line.partition(" ") for line in app_lines) if rest.startswith("end ")]
    assert sts.verify(token, VAULT)
    when, last = entries(our_lines)[-1]
    assert when > ended, (ended, when, last)
    until(app.is_gone, "the Pod is gone")


def test_kill_9(cluster, namespace, pods, sts):
    """The kubelet starts the sidecar again. It adopts what it finds, without another exchange, and the application sees nothing of it."""
    apply(cluster, namespace, [readme_pod()])
    app = pods("app").started()
    token = app.first_read()
    asked = sts.requests()
    os.kill(sidecar_process(app.get()), signal.SIGKILL)
    until(lambda: (status := app.status("sts"))["restartCount"] == 1 and "running" in status["state"] and status["ready"], "the sidecar runs again", 60)
    until(lambda: app.exec("sts", "/sts-sidecar", "check", "/tokens", status=None).returncode == 0, "check is content")
    assert app.tokens() == [token] and sts.requests() == asked
    assert app.status("sts")["lastState"]["terminated"]["exitCode"] == 137
    assert app.status("app")["restartCount"] == 0


@pytest.mark.parametrize("down, words", [("closed", "connection refused"), ("refused", "403")])
def test_the_event_says_what_is_wrong(cluster, namespace, pods, sts, down, words):
    """With the STS down the application does not start, and `kubectl describe pod` shows the line of `check` in the event of the probe."""
    if down == "closed":
        sts.close()
    else:
        sts.fault(status=403)
    pod = readme_pod()
    command = pod["spec"]["initContainers"][0]["startupProbe"]["exec"]["command"]
    command[command.index("20s")] = "2s"    # so that the event comes sooner
    apply(cluster, namespace, [pod])
    app = pods("app")
    line = re.compile(rf"Startup probe failed: no token in /tokens: try \d+ failed (?=.*sts\.example).*{words}")

    def look():
        events = app.describe().partition("\nEvents:")[2]
        assert line.search(events), events
        return True
    until(look, "the event", limit_s=120, every_s=1)
    assert app.status("app")["state"].keys() == {"waiting"}


def test_fs_group(cluster, namespace, pods, sts):
    """With fsGroup the files are for the group alone, and the application is in it."""
    pod = readme_pod()
    pod["spec"]["securityContext"]["fsGroup"] = 2000
    apply(cluster, namespace, [pod])
    app = pods("app").started()
    assert sts.verify(app.first_read(), VAULT)
    assert app.exec("app", "stat", "-c", "%a %u %g", "/tokens/token.jwt").stdout.split() == ["640", "65532", "2000"]


def test_a_config_map_changes(cluster, namespace, pods, sts):
    """The sidecar takes a new configuration when the kubelet has written it, and the application gets a token for the new audience."""
    docs = load(EXAMPLES / "token-request.yaml")
    apply(cluster, namespace, docs)
    app = pods("token-request").started()
    sts.verify(app.first_read(), SERVICE)
    [config] = [doc for doc in docs if doc["kind"] == "ConfigMap"]
    config["data"]["config.json"] = config["data"]["config.json"].replace(SERVICE, VAULT)
    apply(cluster, namespace, [config])
    # A change of the Pod makes the kubelet look at its volumes now, and not within a minute or two.
    cluster.api.kubectl("annotate", "pod", "-n", namespace, "token-request", "touched=now")
    token = until(lambda: len(tokens := app.tokens()) > 1 and tokens[-1], "another token", limit_s=180, every_s=1)
    assert sts.verify(token, VAULT)
