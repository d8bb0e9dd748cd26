# SPDX-License-Identifier: Apache-2.0
"""containerd and the kubelet, in whose containers the tests' Pods run."""
import contextlib
import json
import os
import pathlib
import re
import subprocess

import yaml

import images
import manifests
import oci
from cluster import BRIDGE, GATEWAY, NODE, PODS, debian, program
from harness.sidecar import build_folder
from programs import Programs, until

NAME = "node-1"
CGROUP = os.environ.get("STS_CLUSTER_CGROUP", "")
PAUSE = "registry.example.com/pause:1"
# What a user names in place of the images of deploy/, and the images of the README's Pod.
OURS, APPLICATION = "registry.example.com/sts-sidecar:0.1.0", "registry.example.com/app:1.0"
OUR_NAMES = [OURS, "docker.io/library/sts-sidecar:0.1.0"]
APP_NAMES = [APPLICATION, "docker.io/library/app:1"]
# The first line of this application's log is what it reads first; then come the tokens that follow. After TERM it waits, and reads once more.
APP = """
last=
end() { sleep 2; echo "end $(cat /tokens/token.jwt)"; exit 0; }
trap end TERM
while :; do
	token=$(cat /tokens/token.jwt) || token=none
	[ "$token" = "$last" ] || echo "token $token"
	last=$token
	sleep 0.2
done
"""
COMMANDS = ["sh", "cat", "sleep", "ls", "id", "stat"]

CONTAINERD = """version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
address = "{folder}/socket"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
disable_apparmor = true
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{cni}"
conf_dir = "{folder}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "{runc}"
SystemdCgroup = false
"""


class Node(Programs):
    def __init__(self, cluster, ca_bundle):
        super().__init__(cluster.folder / "node")
        self.folder.mkdir()
        self.cluster, self.ca_bundle = cluster, ca_bundle
        self.environment = os.environ | {"PATH": f"{debian('usr/bin')}:{debian('usr/sbin')}:{os.environ['PATH']}"}

    def start(self):
        self.start_containerd()
        self.load_images()
        self.start_kubelet()

    def start_containerd(self):
        (self.folder / "cni").mkdir()
        (self.folder / "cni" / "10-bridge.conflist").write_text(json.dumps({
            "cniVersion": "0.4.0", "name": "pods", "plugins": [{
                "type": "bridge", "bridge": BRIDGE, "isGateway": False,
                "ipam": {"type": "host-local", "dataDir": str(self.folder / "addresses"), "ranges": [[{"subnet": PODS, "gateway": GATEWAY}]],
                         "routes": [{"dst": "0.0.0.0/0"}]}}]}))
        config = self.folder / "containerd.toml"
        config.write_text(CONTAINERD.format(folder=self.folder, pause=PAUSE, cni=debian("usr/lib/cni"), runc=debian("usr/sbin/runc")))
        containerd = self.run(debian("usr/bin/containerd"), f"--config={config}", env=self.environment)
        containerd.ready(lambda: self.ctr("version"))

    def ctr(self, *args):
        done = subprocess.run([debian("usr/bin/ctr"), f"--address={self.folder}/socket", "--namespace=k8s.io", *map(str, args)],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def by_digest(self):
        """Our image by its digest, as the injection names it: a name that the node gets, too."""
        name = OUR_NAMES[0]
        [digest] = re.findall(r"sha256:[0-9a-f]{64}", self.ctr("images", "ls", f"name=={name}"))
        made = f"{name.partition(':')[0]}@{digest}"
        self.ctr("images", "tag", "--force", name, made)
        return made

    def load_images(self):
        busybox = debian("bin/busybox")
        for path in (images.shell(self.folder / "app.tar", APP_NAMES, busybox, APP, COMMANDS),
                     images.shell(self.folder / "pause.tar", [PAUSE], busybox, "exec sleep 1000000", ["sh", "sleep"])):
            self.ctr("images", "import", path)
        if layout := os.environ.get("STS_CLUSTER_IMAGE"):
            self.load_layout(images.of_layout(self.folder / "ours", pathlib.Path(layout), self.ca_bundle))
        else:
            self.ctr("images", "import", images.ours(self.folder / "ours.tar", OUR_NAMES, build_folder() / "sts-sidecar", self.ca_bundle))

    def load_layout(self, layout):
        """As docs/release.md has it. The image gets the names that the tests use."""
        subprocess.run([manifests.TOP / "tools/image.sh", "--from", layout, "--load", "containerd"], check=True, capture_output=True, timeout=120,
                       env=self.environment | {"CONTAINERD_ADDRESS": f"{self.folder}/socket"})
        name = oci.image_of(layout)["annotations"][oci.CONTAINERD_NAME]
        for ours in OUR_NAMES:
            self.ctr("images", "tag", "--force", name, ours)

    def start_kubelet(self):
        (self.folder / "resolv.conf").write_text(f"nameserver {NODE}\n")
        config = self.folder / "kubelet.json"
        config.write_text(json.dumps({
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "address": NODE, "readOnlyPort": 0,
            "containerRuntimeEndpoint": f"unix://{self.folder}/socket", "failCgroupV1": False, "cgroupDriver": "cgroupfs", "cgroupRoot": CGROUP,
            "enforceNodeAllocatable": [], "failSwapOn": False, "makeIPTablesUtilChains": False, "podLogsDir": str(self.folder / "logs"),
            "volumePluginDir": str(self.folder / "volume-plugins"),
            "clusterDNS": [NODE], "clusterDomain": "cluster.local", "resolvConf": str(self.folder / "resolv.conf"),
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}}, "authorization": {"mode": "AlwaysAllow"},
            "evictionHard": {"memory.available": "1Mi"}, "imageGCHighThresholdPercent": 100}))
        kubelet = self.run(program("kubelet"), f"--config={config}", f"--kubeconfig={self.cluster.kubeconfig('system:node:node-1')}",
                           f"--root-dir={self.folder / 'kubelet'}", f"--cert-dir={self.folder / 'kubelet-pki'}", f"--hostname-override={NAME}", f"--node-ip={NODE}")
        kubelet.ready(self.is_ready)

    def is_ready(self):
        answer = self.cluster.api.ask("GET", f"/api/v1/nodes/{NAME}")
        return answer.status == 200 and any(each["type"] == "Ready" and each["status"] == "True" for each in answer.json["status"]["conditions"])


def runnable(docs):
    """The same documents with images that are on the node, and with the node's name, since there is no scheduler."""
    docs = manifests.with_images(docs, OURS, APPLICATION)
    for doc in docs:
        if doc["kind"] in manifests.WORKLOADS:
            manifests.template(doc)["spec"]["nodeName"] = NAME
    return docs


def apply(cluster, namespace, docs):
    """Applies the documents with images that are on the node."""
    cluster.api.apply(namespace, yaml.safe_dump_all(runnable(docs)))


def processes(pod):
    """{process number: command line} of what runs in the Pod's containers."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if pod["metadata"]["uid"] in (path / "cgroup").read_text().replace("_", "-"):
                found[int(path.name)] = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    return found


def sidecar_process(pod):
    """The oldest process of the sidecar: its children have the same command line for a moment."""
    return min(pid for pid, argv in processes(pod).items() if argv[:2] == ["/sts-sidecar", "run"])


class Running:
    """A Pod on the node."""

    def __init__(self, cluster, namespace, name):
        self.cluster, self.namespace, self.name = cluster, namespace, name
        self.path = f"/api/v1/namespaces/{namespace}/pods/{name}"

    def get(self):
        return self.cluster.api.get(self.path)

    def log(self, container):
        answer = self.cluster.api.ask("GET", f"{self.path}/log?container={container}")
        assert answer.status == 200, answer.body.decode(errors="replace")
        return answer.body.decode()

    def status(self, container):
        status = self.get()["status"]
        found = [each for key in ("initContainerStatuses", "containerStatuses") for each in status.get(key, []) if each["name"] == container]
        return found[0] if found else None

    def started(self, container="app", limit_s=120):
        def look():
            status = self.status(container)
            return status and ("running" in status["state"] or "terminated" in status["state"])
        try:
            until(look, f"{container} of {self.name} runs", limit_s, every_s=0.3)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.describe()}") from error
        return self

    def describe(self):
        return self.cluster.api.kubectl("describe", "pod", "-n", self.namespace, self.name).stdout

    def exec(self, container, *command, status=0):
        return self.cluster.api.kubectl("exec", "-n", self.namespace, self.name, "-c", container, "--", *command, status=status)

    def tokens(self, container="app"):
        """What the application has read, in its order."""
        return re.findall(r"^(?:token|end) (\S+)$", self.log(container), re.M)

    def first_read(self, container="app"):
        return until(lambda: self.tokens(container), "the application's first line")[0]

    def delete(self, grace_s=1):
        self.cluster.api.must("DELETE", f"{self.path}?gracePeriodSeconds={grace_s}")

    def is_gone(self):
        return self.cluster.api.ask("GET", self.path).status == 404
