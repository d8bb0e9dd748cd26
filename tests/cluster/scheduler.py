# SPDX-License-Identifier: Apache-2.0
"""A scheduler for a cluster of one node: it binds each Pod of a namespace that names no node to this node. The Pods of the pages need it."""
import contextlib
import threading

from node import NAME

PERIOD_S = 0.2


@contextlib.contextmanager
def scheduler(cluster, namespace):
    path, end = f"/api/v1/namespaces/{namespace}/pods", threading.Event()

    def bind():
        while not end.wait(PERIOD_S):
            with contextlib.suppress(OSError):
                for pod in cluster.api.ask("GET", f"{path}?fieldSelector=spec.nodeName%3D").json.get("items", []):
                    name = pod["metadata"]["name"]
                    cluster.api.ask("POST", f"{path}/{name}/binding", {"metadata": {"name": name}, "target": {"apiVersion": "v1", "kind": "Node", "name": NAME}})
    thread = threading.Thread(target=bind, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(20)
