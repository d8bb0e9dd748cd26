# SPDX-License-Identifier: Apache-2.0
"""The API server, asked by Python's http.client and by kubectl."""
import http.client
import json
import ssl
import subprocess
from dataclasses import dataclass, field

PATIENCE_S = 30


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
        self.context = ssl.create_default_context(cafile=str(ca_file))

    def ask(self, method, path, body=None, content_type="application/json", token=None):
        connection = http.client.HTTPSConnection(self.address, 443, timeout=PATIENCE_S, context=self.context)
        try:
            connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body),
                               {"Authorization": f"Bearer {token or self.token}", "Content-Type": content_type, "Accept": "application/json, */*"})
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), answer.headers.get_all("Warning") or [])
        finally:
            connection.close()

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
        done = subprocess.run(self.kubectl_command(*args), input=input, capture_output=True, text=True, timeout=limit_s)
        assert status is None or done.returncode == status, f"kubectl {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def apply(self, namespace, text, *args, **more):
        """Server-side apply with strict validation, as kubectl does it. Nothing may be warned of."""
        done = self.kubectl("apply", "--server-side", "--validate=strict", "-n", namespace, "-f", "-", *args, input=text, **more)
        assert "Warning" not in done.stderr, done.stderr
        return done
