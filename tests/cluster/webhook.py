# SPDX-License-Identifier: Apache-2.0
"""A mutating webhook server: HTTPS, an AdmissionReview in, a JSON Patch out."""
import base64
import contextlib
import http.server
import json
import socketserver
import ssl
import threading

import yaml

import admission
from cluster import NODE
from harness import pki


class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):
        """Without asking a name server for its own name: nobody answers here."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address


@contextlib.contextmanager
def webhook(cluster, folder, name, patch, **more):
    """The API server asks this one about each Pod of the namespaces that are enabled. patch(pod) gives the operations. What comes back is the list of the Pods
    that were asked about."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            pod = review["request"]["object"]
            asked.append(pod)
            response = {"uid": review["request"]["uid"], "allowed": True, "patchType": "JSONPatch",
                        "patch": base64.b64encode(json.dumps(patch(pod)).encode()).decode()}
            body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    folder = folder / name
    folder.mkdir()
    cert, key = pki.server(cluster.ca, ips=[NODE]).files(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = Server((NODE, 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    config = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": name}, "webhooks": [{
        "name": f"{name}.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
        "clientConfig": {"url": f"https://{NODE}:{server.server_address[1]}/", "caBundle": base64.b64encode(cluster.ca.pem).decode()},
        "namespaceSelector": {"matchExpressions": [{"key": "sts-sidecar.io/injection", "operator": "Exists"}]},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]} | more]}
    try:
        with admission.installed(cluster, yaml.safe_dump(config)):
            yield asked
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()
