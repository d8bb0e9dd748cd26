# SPDX-License-Identifier: Apache-2.0
"""The API server, asked by Python's http.client and by kubectl."""
import http.client
import json
import os
import select
import ssl
import subprocess
import threading
from dataclasses import dataclass, field

import yaml

from programs import until

PATIENCE_S = 30
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Answer:
    status: int
    body: bytes
    warnings: list = field(default_factory=list)

    @property
    def json(self):
        return json.loads(self.body)


class Api:
    """One user of the API server. With a kubeconfig kubectl is this user, too."""

    def __init__(self, address, ca_file, token, kubectl=None, kubeconfig=None):
        self.address, self.token, self.kubectl_path, self.kubeconfig = address, token, kubectl, kubeconfig
        self.resources, self.kept = {}, threading.local()
        self.context = ssl.create_default_context(cafile=str(ca_file))

    def ask(self, method, path, body=None, content_type="application/json", token=None):
        """Each thread keeps its connection. One that the server has closed meanwhile is opened anew, before anything was sent on it."""
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": content_type, "Accept": "application/json, */*"}
        connection = self.connection()
        try:
            connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body), headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), answer.headers.get_all("Warning") or [])
        except BaseException:
            connection.close()
            raise

    def connection(self):
        kept = getattr(self.kept, "connection", None)
        if kept and kept.sock and select.select([kept.sock], [], [], 0)[0]:    # nothing was asked, so this is the end
            kept.close()
        if not kept:
            kept = self.kept.connection = http.client.HTTPSConnection(self.address, 443, timeout=PATIENCE_S, context=self.context)
        return kept

    def must(self, method, path, body=None, **more):
        answer = self.ask(method, path, body, **more)
        assert answer.status in (200, 201, 202), f"{method} {path}: {answer.status} {answer.body.decode(errors='replace')[:2000]}"
        return answer.json

    def get(self, path):
        return self.must("GET", path)

    def is_ready(self):
        return self.ask("GET", "/readyz").status == 200

    def token_request(self, namespace, name, audience, pod=None, lifetime_s=3600):
        """A ServiceAccount's token. pod: the Pod, as the API server shows it, to which it is bound."""
        spec = {"audiences": [audience], "expirationSeconds": lifetime_s}
        if pod:
            spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        return self.must("POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})["status"]["token"]

    def review(self, token, audience):
        """The API server's opinion of a token."""
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token, "audiences": [audience]}}
        return self.must("POST", "/apis/authentication.k8s.io/v1/tokenreviews", asked)["status"]

    def kubectl_command(self, *args):
        return [str(self.kubectl_path), f"--kubeconfig={self.kubeconfig}", *map(str, args)]

    def kubectl(self, *args, input=None, status=0, limit_s=60):
        done = subprocess.run(self.kubectl_command(*args), input=input, capture_output=True, text=True, timeout=limit_s, env=os.environ | {"GOGC": "off"})
        assert status is None or done.returncode == status, f"kubectl {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def resource(self, api_version, kind):
        """What discovery says of a kind: its plural, and whether it stands in namespaces."""
        if (api_version, kind) not in self.resources:
            for each in self.get(self.root(api_version))["resources"]:
                if "/" not in each["name"]:
                    self.resources[api_version, each["kind"]] = each
        return self.resources[api_version, kind]

    @staticmethod
    def root(api_version):
        return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"

    def path(self, namespace, doc):
        """Of an object; namespace: that of an object which names none."""
        found = self.resource(doc["apiVersion"], doc["kind"])
        place = f"/namespaces/{doc['metadata'].get('namespace', namespace)}" if found["namespaced"] else ""
        return f"{self.root(doc['apiVersion'])}{place}/{found['name']}/{doc['metadata']['name']}"

    def apply(self, namespace, text, dry=False, force=False):
        """Server-side apply with strict validation, with the request that kubectl makes. Nothing may be warned of."""
        for doc in filter(None, yaml.load_all(text, LOADER)):
            path = f"{self.path(namespace, doc)}?fieldManager=kubectl&fieldValidation=Strict&force={str(force).lower()}{'&dryRun=All' if dry else ''}"
            answer = self.ask("PATCH", path, doc, content_type="application/apply-patch+yaml")
            assert answer.status in (200, 201) and not answer.warnings, f"{path}: {answer.status} {answer.warnings} {answer.body.decode(errors='replace')[:2000]}"

    def delete(self, text):
        """Deletes what is there of these objects, and waits until they are gone."""
        docs, gone = list(filter(None, yaml.load_all(text, LOADER))), []
        for doc in docs:
            # Without its CRD, an object is gone.
            if self.ask("GET", self.root(doc["apiVersion"])).status == 200:
                gone.append(self.path(None, doc))
                self.ask("DELETE", f"{gone[-1]}?propagationPolicy=Background")
        for path in gone:
            until(lambda path=path: self.ask("GET", path).status == 404, f"{path} is gone", limit_s=120)
