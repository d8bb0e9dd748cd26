# SPDX-License-Identifier: Apache-2.0
"""The defaults that the API server gives to a Pod before the policies see it; only those of fields that the policies or the cases have."""

CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent", "resources": {}}
PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
POD = {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30, "securityContext": {}}


def fill(mapping, defaults):
    for name, value in defaults.items():
        mapping.setdefault(name, value)


def container(each, host_network):
    fill(each, CONTAINER)
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        if each.get(name):
            fill(each[name], PROBE)
    for port in each.get("ports", []):
        fill(port, {"protocol": "TCP"} | ({"hostPort": port["containerPort"]} if host_network else {}))
    for variable in each.get("env", []):
        if "fieldRef" in variable.get("valueFrom", {}):
            fill(variable["valueFrom"]["fieldRef"], {"apiVersion": "v1"})


def volume(each):
    for kind in ("projected", "configMap", "secret", "downwardAPI"):
        if kind in each:
            fill(each[kind], {"defaultMode": 420})
    for source in each.get("projected", {}).get("sources", []):
        fill(source.get("serviceAccountToken", {}), {"expirationSeconds": 3600})
        for item in source.get("downwardAPI", {}).get("items", []):
            fill(item.get("fieldRef", {}), {"apiVersion": "v1"})


def with_defaults(pod):
    """The Pod, changed in place."""
    spec = pod["spec"]
    fill(spec, POD)
    for each in spec.get("initContainers", []) + spec["containers"]:
        container(each, spec.get("hostNetwork"))
    for each in spec.get("volumes", []):
        volume(each)
    return pod
