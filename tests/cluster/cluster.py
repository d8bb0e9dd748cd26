# SPDX-License-Identifier: Apache-2.0
"""etcd, kube-apiserver and kube-controller-manager on addresses that only this network namespace has (tests/cluster/run.sh makes it).

All addresses are on one bridge. NODE is the node, and the name server of the Pods. STS and PARTNER are where a Pod finds an STS. API is the address
of the Service `kubernetes`: the API server listens there itself, so no kube-proxy is needed."""
import json
import os
import pathlib
import secrets
import subprocess
import uuid

from cryptography.hazmat.primitives import serialization

from api import Api
from harness import pki
from programs import Programs, until

CACHE = pathlib.Path(os.environ.get("STS_CLUSTER_PROGRAMS", "/nonexistent"))
HELM = pathlib.Path(os.environ.get("STS_CLUSTER_HELM", "/nonexistent"))
BRIDGE, NODE, STS, PARTNER, API = "sts0", "192.0.2.1", "192.0.2.2", "192.0.2.3", "10.96.0.1"
PODS, GATEWAY, SERVICES = "10.244.0.0/24", "10.244.0.1", "10.96.0.0/24"
ISSUER = "https://kubernetes.default.svc.cluster.local"
USERS = {"admin": "system:masters", "system:kube-controller-manager": "system:masters", "system:node:node-1": "system:nodes",
         "editor": "people"}
CONTROLLERS = ["serviceaccount-controller", "root-ca-certificate-publisher-controller", "namespace-controller", "garbage-collector-controller",
               "deployment-controller", "replicaset-controller", "statefulset-controller", "job-controller", "cronjob-controller",
               "resourcequota-controller", "validatingadmissionpolicy-status-controller", "clusterrole-aggregation-controller"]
RESTRICTED = {f"pod-security.kubernetes.io/{mode}{more}": value
              for mode in ("enforce", "warn", "audit") for more, value in (("", "restricted"), ("-version", "latest"))}


def program(name):
    return CACHE / "bin" / name


def debian(path):
    """A file of the unpacked Debian packages."""
    return CACHE / "debian" / path


def make_network():
    assert "STS_CLUSTER_PROGRAMS" in os.environ, "tests/cluster/run.sh runs these tests, in a network of their own"

    def ip(*args):
        subprocess.run(["ip", *args], check=True, timeout=20)
    ip("link", "set", "lo", "up")
    # Without an address of its own, a bridge takes the lowest of its ports: it would change with each Pod, and the others would send to the old one for seconds.
    # An option such as -n of pytest-xdist starts workers without worker.sh, so they would change the addresses of this machine.
    assert os.readlink("/proc/self/ns/net") != os.environ.get("STS_CLUSTER_OUTSIDE", ""), "a cluster needs a network of its own: run tests/cluster/run.sh without -n"
    ip("link", "add", BRIDGE, "address", "02:00:00:00:00:01", "type", "bridge")
    ip("link", "set", BRIDGE, "up")
    for address in (f"{NODE}/24", f"{STS}/24", f"{PARTNER}/24", f"{API}/32", f"{GATEWAY}/24"):
        ip("address", "add", address, "dev", BRIDGE)
    # kube-apiserver and the kubelet take the node for one that can be reached only if it has a route to elsewhere.
    ip("route", "add", "default", "via", "192.0.2.254", "dev", BRIDGE)


class Cluster(Programs):
    def __init__(self, folder):
        super().__init__(folder)
        self.ca = pki.authority(cn="kubernetes")
        self.ca_file = folder / "ca.crt"
        self.ca_file.write_bytes(self.ca.pem)
        self.tokens = {user: secrets.token_urlsafe(24) for user in USERS}
        (folder / "users.csv").write_text("".join(f'{self.tokens[user]},{user},{user},"{group}"\n' for user, group in USERS.items()))
        self.api = Api(API, self.ca_file, self.tokens["admin"], program("kubectl"), self.kubeconfig("admin"))

    def kubeconfig(self, user):
        """JSON is YAML."""
        path = self.folder / f"kubeconfig-{user.replace(':', '-')}"
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": f"https://{API}", "certificate-authority": str(self.ca_file)}}],
            "users": [{"name": user, "user": {"token": self.tokens[user]}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": user}}]}))
        path.chmod(0o600)
        return path

    def new_key(self, kind):
        path = self.folder / f"service-accounts-{kind}.key"
        path.write_bytes(pki.new_key(kind).private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                                         serialization.NoEncryption()))
        path.chmod(0o600)
        return path

    def start(self):
        etcd = self.run(debian("usr/bin/etcd"), f"--data-dir={self.folder / 'etcd'}", "--listen-client-urls=http://127.0.0.1:2379",
                        "--advertise-client-urls=http://127.0.0.1:2379", "--listen-peer-urls=http://127.0.0.1:2380", "--unsafe-no-fsync")
        etcd.ready(lambda: b"ready to serve client requests" in etcd.log.read_bytes())
        cert, key = pki.server(self.ca, names=["kubernetes.default.svc", "localhost"], ips=[API, NODE, "127.0.0.1"]).files(self.folder)
        # The second key is one that has signed before: the API server still shows it.
        signing, before = self.new_key("rsa"), self.new_key("ec")
        self.server = self.run(
            program("kube-apiserver"), "--etcd-servers=http://127.0.0.1:2379", f"--bind-address={API}", "--secure-port=443", f"--advertise-address={NODE}",
            f"--service-cluster-ip-range={SERVICES}", "--endpoint-reconciler-type=none", "--enable-priority-and-fairness=false", "--kubelet-preferred-address-types=InternalIP", "--authorization-mode=Node,RBAC",
            f"--tls-cert-file={cert}", f"--tls-private-key-file={key}", f"--token-auth-file={self.folder / 'users.csv'}",
            f"--service-account-key-file={signing}", f"--service-account-key-file={before}", f"--service-account-signing-key-file={signing}", f"--service-account-issuer={ISSUER}")
        self.server.ready(self.api.is_ready)
        self.run(program("kube-controller-manager"), f"--kubeconfig={self.kubeconfig('system:kube-controller-manager')}", "--leader-elect=false",
                 f"--root-ca-file={self.ca_file}", f"--controllers={','.join(CONTROLLERS)}", "--secure-port=0")

    def shell(self, command, folder, limit_s=180):
        """A command of a page in a shell, as the administrator."""
        commands = self.folder / "commands"
        if not commands.exists():
            commands.mkdir()
            (commands / "kubectl").symlink_to(program("kubectl"))
            (commands / "helm").symlink_to(HELM)
        environment = {"PATH": f"{commands}:{os.environ['PATH']}", "KUBECONFIG": str(self.kubeconfig("admin")), "HOME": str(self.folder)}
        return subprocess.run(["bash", "-euo", "pipefail", "-c", command], capture_output=True, text=True, env=environment, cwd=folder, timeout=limit_s)

    def keys(self):
        """The JWKS of ServiceAccount tokens, as the API server shows it."""
        return self.api.must("GET", "/openid/v1/jwks")

    def namespace(self, restricted=True, labels=None):
        """A new namespace that has its ServiceAccount and its CA. It stays: to delete one costs the API server more than all else in most tests."""
        name = f"test-{uuid.uuid4().hex[:10]}"
        self.api.must("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                                     "metadata": {"name": name, "labels": (RESTRICTED if restricted else {}) | (labels or {})}})
        for path in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
            until(lambda path=path: self.api.ask("GET", f"/api/v1/namespaces/{name}/{path}").status == 200, f"{path} in {name}")
        return name
