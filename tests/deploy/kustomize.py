# SPDX-License-Identifier: Apache-2.0
"""kustomize, and overlays as a user writes them over deploy/kustomize."""
import os
import subprocess

import yaml

from manifests import KUSTOMIZE

KINDS = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]
# What a user combines. Every component is in one of these at least.
OVERLAYS = {
    "sidecar": ["sidecar"],
    "init-only": ["init-only"],
    "metrics": ["sidecar", "metrics"],
    "private-ca": ["sidecar", "private-ca"],
    "mutual-tls": ["sidecar", "private-ca", "mutual-tls"],
    "proxy": ["sidecar", "proxy"],
    "fs-group": ["sidecar", "fs-group"],
    "openshift": ["sidecar", "openshift"],
    "limit-range": ["sidecar", "limit-range"],
    "quota": ["sidecar", "quota"],
    "ratio": ["sidecar", "limit-range", "quota"],
    "init-only-everything": ["init-only", "private-ca", "mutual-tls", "fs-group", "limit-range", "quota"],
    "everything": ["sidecar", "metrics", "private-ca", "mutual-tls", "proxy", "fs-group", "limit-range", "quota"],
}
DIGEST = "sha256:" + "0" * 64
CONFIG = '{"exchanges": [{"name": "api", "url": "https://sts.example.com/token", "audience": "https://api.example.com"}]}\n'


def app(kind, name="cart", spec=None):
    """A user's workload, which passes the Pod Security Standard *restricted*. spec: more of the Pod's."""
    labels = {"app": name}
    context = {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    pod = {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
           "containers": [{"name": "app", "image": "app", "securityContext": context, "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}]}
    pod |= {"restartPolicy": "Never"} if kind in ("Job", "CronJob") else {}
    pod |= spec or {}
    template = {"metadata": {"labels": labels}, "spec": pod}
    selector = {"selector": {"matchLabels": labels}}
    spec = {"Deployment": selector, "DaemonSet": selector, "StatefulSet": selector | {"serviceName": name}, "Job": {}, "CronJob": {"schedule": "0 * * * *"}}[kind]
    spec = spec | {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else spec | {"template": template}
    return {"apiVersion": "batch/v1" if kind in ("Job", "CronJob") else "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def settings(**more):
    data = {"subject-audience": "https://sts.example.com", "proxy": "http://proxy.example.com:3128", "config.json": CONFIG}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sts-sidecar"}, "data": data | more}


def overlay(folder, docs, components, *, ca="a CA\n", client=("a certificate\n", "a key\n"), images=None, more=None):
    """A user's folder with these documents as resources. Files come from `ca` and `client` where a component wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "docs.yaml").write_text(yaml.safe_dump_all(docs))
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": ["docs.yaml"],
        "components": [os.path.relpath(KUSTOMIZE / "components" / name, folder) for name in components],
        "images": [{"name": "sts-sidecar", "newName": "registry.example.com/sts-sidecar", "digest": DIGEST}] if images is None else images}
    if "private-ca" in components:
        (folder / "ca.crt").write_text(ca)
        kustomization["configMapGenerator"] = [{"name": "sts-sidecar-ca", "files": ["ca.crt"]}]
    if "mutual-tls" in components:
        for name, text in zip(("tls.crt", "tls.key"), client):
            (folder / name).write_text(text)
        kustomization["secretGenerator"] = [{"name": "sts-sidecar-client", "type": "kubernetes.io/tls", "files": ["tls.crt", "tls.key"]}]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization | (more or {})))
    return folder


def run(command, folder, status=0):
    """The documents that kustomize makes of a folder; with another status, what it says on standard error."""
    done = subprocess.run([*map(str, command), str(folder)], capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr if status else [doc for doc in yaml.safe_load_all(done.stdout) if doc]
