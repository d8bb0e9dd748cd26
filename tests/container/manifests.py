# SPDX-License-Identifier: Apache-2.0
"""Kubernetes manifests, in files and in pages: reading them, the rules that they must keep, and the smallest change that lets podman play them."""
import copy
import pathlib
import re

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = TOP / "deploy"
EXAMPLES = DEPLOY / "examples"
NETWORK = DEPLOY / "network"
KUSTOMIZE = DEPLOY / "kustomize"
# No manifest of ours names an image of a registry: the user's kustomization, or an edit of the file, gives these two.
OUR_IMAGE, APP_IMAGE = "sts-sidecar", "app"
WORKLOADS = {"Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}


def load(path):
    return [doc for doc in yaml.safe_load_all(pathlib.Path(path).read_text()) if doc]


def applied():
    """The files that a user gives to `kubectl apply -f`."""
    return sorted(path for folder in (EXAMPLES, NETWORK) for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")


def one(docs, kind):
    found = [doc for doc in docs if doc["kind"] == kind]
    assert len(found) == 1, f"{len(found)} of kind {kind}"
    return found[0]


def template(doc):
    """The Pod in a workload: what has `metadata` and `spec` of a Pod."""
    if doc["kind"] == "CronJob":
        doc = doc["spec"]["jobTemplate"]
    return doc if doc.get("kind") == "Pod" else doc["spec"]["template"]


def workload(docs):
    """The Pod, or the object that makes Pods."""
    [found] = [doc for doc in docs if doc["kind"] in WORKLOADS]
    return found


def pod_of(docs):
    return template(workload(docs))


def containers(pod):
    return pod["spec"].get("initContainers", []) + pod["spec"]["containers"]


def container(pod, name):
    return next(each for each in containers(pod) if each["name"] == name)


def is_ours(each):
    return each["image"] == OUR_IMAGE


def with_images(docs, ours, app):
    """The same documents with images that exist, as a user's kustomization names them."""
    docs = copy.deepcopy(docs)
    for doc in docs:
        for each in containers(template(doc)) if doc["kind"] in WORKLOADS else []:
            each["image"] = {OUR_IMAGE: ours, APP_IMAGE: app}.get(each["image"], each["image"])
    return docs


def blocks(page):
    return [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)]


def readme_pod():
    """The Pod of the README, which shows what stands under `spec`."""
    [doc] = [doc for doc in blocks(TOP / "README.md") if "spec" in doc]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}} | doc


def pods_of_pages():
    """{page: Pod}: the Pod of the README, and the same with the volume or the probe that another page shows in place of its own."""
    found = {"README": readme_pod()}
    for page in sorted((TOP / "docs").rglob("*.md")):
        for doc in blocks(page):
            pod = readme_pod()
            if isinstance(doc, list) and "projected" in doc[0]:
                pod["spec"]["volumes"] = [each for each in pod["spec"]["volumes"] if each["name"] != doc[0]["name"]] + doc
            elif isinstance(doc, dict) and doc.keys() == {"readinessProbe"}:
                pod["spec"]["initContainers"][0].update(doc)
            else:
                continue
            assert page.stem not in found, f"{page} has two of them"
            found[page.stem] = pod
    return found


# The "restricted" Pod Security Standard, and more that this project asks of a container. Field: what it must be.
POD_RULES = {
    "runAsNonRoot": lambda value: value is True,
    "seccompProfile": lambda value: value == {"type": "RuntimeDefault"},
}
CONTAINER_RULES = {
    "allowPrivilegeEscalation": lambda value: value is False,
    "readOnlyRootFilesystem": lambda value: value is True,
    "capabilities": lambda value: value == {"drop": ["ALL"]},
    "privileged": lambda value: value is None,
    "procMount": lambda value: value is None,
    "seLinuxOptions": lambda value: value is None,
    "runAsUser": lambda value: value is None,
    "runAsNonRoot": lambda value: value in (None, True),
    "seccompProfile": lambda value: value in (None, {"type": "RuntimeDefault"}),
}
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
HOST = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")


def violations(pod):
    """Everything in a Pod that the rules above forbid, as text."""
    spec = pod["spec"]
    context = spec.get("securityContext", {})
    found = [f"Pod: {field}" for field, rule in POD_RULES.items() if not rule(context.get(field))]
    found += [f"Pod: {field}" for field in ("runAsUser", "sysctls", "seLinuxOptions") if field in context]
    found += [f"Pod: {field}" for field in HOST if spec.get(field)]
    for each in containers(pod):
        context = each.get("securityContext", {})
        found += [f"{each['name']}: {field}" for field, rule in CONTAINER_RULES.items() if not rule(context.get(field))]
        found += [f"{each['name']}: hostPort" for port in each.get("ports", []) if "hostPort" in port]
        requests = each.get("resources", {}).get("requests", {})
        found += [f"{each['name']}: no {name} request" for name in ("cpu", "memory") if name not in requests]
    for volume in spec.get("volumes", []):
        found += [f"volume {volume['name']}: {kind}" for kind in set(volume) - {"name"} - VOLUMES]
    return found


class Play:
    """A manifest made ready for `podman kube play`, which knows no projected volume and no Always-restarting init container.

    Changed are the images, the subject token's volume, and the names that lead to the STS; added are a container that is the STS,
    and the trust anchor. What the program is told, who it runs as and what it may do stays as it is in the file.
    """

    def __init__(self, docs):
        self.docs = copy.deepcopy(docs)
        self.pod = one(self.docs, "Pod")
        self.spec = self.pod["spec"]
        # Otherwise podman runs a finished init container again, and removes it before its log can be read.
        self.spec["restartPolicy"] = "Never"
        self.pod["metadata"]["annotations"] = {"io.podman.annotations.init.container.type": "always"}

    def name(self, name):
        self.pod["metadata"]["name"] = name

    def images(self, ours, app):
        for each in containers(self.pod):
            each["image"] = ours if is_ours(each) else app

    def host_volume(self, name, path):
        """Put a path of this machine in the place of a volume, or beside the others."""
        self.spec["volumes"] = [each for each in self.spec["volumes"] if each["name"] != name]
        kind = "Directory" if pathlib.Path(path).is_dir() else "File"
        self.spec["volumes"].append({"name": name, "hostPath": {"path": str(path), "type": kind}})

    def mount(self, each, volume, path, read_only=True):
        each.setdefault("volumeMounts", []).append({"name": volume, "mountPath": path, "readOnly": read_only})

    def add(self, each):
        self.spec["containers"].insert(0, each)

    def ours(self):
        return [each for each in containers(self.pod) if each["image"].startswith("localhost/sts-sidecar")]

    def write(self, path):
        path.write_text(yaml.safe_dump_all(self.docs))
