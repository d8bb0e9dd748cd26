# SPDX-License-Identifier: Apache-2.0
"""Pods with the label and the annotations of OpenUnison's injector, and what deploy/inject/openunison makes of them. tests/deploy/test_openunison.py holds them against
the API server's own library, test_openunison.py against the API server."""
import copy
from dataclasses import dataclass, field

IMAGE = "registry.example.com/sts-sidecar@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
ROLE = "auth_jwt_a8470dce"
ENV = [{"name": "VAULT_TOKEN_FILE", "value": "/tokens/token.jwt"}, {"name": "VAULT_TOKEN_ENABLED", "value": ROLE}]
MOUNT = {"name": "sts-tokens", "mountPath": "/tokens", "readOnly": True}
SUBJECT = {"name": "sts-sidecar-subject", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True}
CERTS = {"name": "certs", "mountPath": "/certs", "readOnly": True}
TOKENS_VOLUME = {"name": "sts-tokens", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}
CERTS_VOLUME = {"name": "certs", "configMap": {"name": "ouca"}}
SUBJECT_VOLUME = {"name": "sts-sidecar-subject", "projected": {"sources": [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}]}}
VOLUMES = [TOKENS_VOLUME, CERTS_VOLUME, SUBJECT_VOLUME]
PROBE = {"exec": {"command": ["/sts-sidecar", "check", "--wait", "20s", "/tokens"]}, "periodSeconds": 1, "timeoutSeconds": 25, "failureThreshold": 180}
CONTEXT = {"runAsNonRoot": True, "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
           "seccompProfile": {"type": "RuntimeDefault"}}
ARGS = ["exchange", "--cacert-path=/certs/ca.crt", "/var/run/secrets/kubernetes.io/serviceaccount/token", "https://openunison.example.com/vault/token/user", "/tokens"]
VAULT_AGENT = [{"name": "sts-tokens", "mountPath": "/tokens", "readOnly": True}, {"name": "home", "mountPath": "/home/vault"}]

# What OpenUnison's own webhook injects.
WEBHOOK = {"name": "sts-creds-sidecar", "image": IMAGE, "args": ARGS, "restartPolicy": "Always", "env": [],
           "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["all"]}, "runAsUser": 100},
           "volumeMounts": [{"name": "sts-tokens", "mountPath": "/tokens"}, {"name": "certs", "mountPath": "/certs"}]}
WEBHOOK_VOLUMES = [{"name": "sts-tokens", "emptyDir": {}}, CERTS_VOLUME]


@dataclass
class Case:
    what: str
    pod: dict
    expect: dict = None
    refused: list = field(default_factory=list)
    automount: bool = False     # the ServiceAccount plugin has its part, which only the API server has


def sidecar(mounts=(), **context):
    return {"name": "sts-creds-sidecar", "image": IMAGE, "restartPolicy": "Always", "args": ARGS, "startupProbe": PROBE,
            "terminationMessagePolicy": "FallbackToLogsOnError", "resources": {"requests": {"cpu": "1m", "memory": "2Mi"}}, "securityContext": CONTEXT | context,
            "volumeMounts": [{"name": "sts-tokens", "mountPath": "/tokens"}, *(mounts or [SUBJECT, CERTS])]}


def app(name="app", **more):
    return {"name": name, "image": "app:1"} | more


def given(**more):
    """An application's container with the variables and the mount."""
    return app(env=ENV, volumeMounts=[MOUNT]) | more


def pod(containers=None, annotations=None, labels=None, **spec):
    return {"metadata": {"name": "app", "labels": {"tremolo.io/vault-sts": "true"} | (labels or {}), "annotations": {"tremolo.io/vault-sts": ROLE} | (annotations or {})},
            "spec": {"automountServiceAccountToken": False, "containers": containers or [app()]} | spec}


def made(of, inits=None, containers=None, volumes=None, exempt="sts-sidecar-subject", **spec):
    """The Pod that comes out."""
    out = copy.deepcopy(of)
    out["metadata"]["annotations"]["sts-sidecar.io/injected"] = f"0.1.0@{IMAGE}"
    if exempt:
        out["metadata"]["labels"]["sts-sidecar.io/token-checklist-exempt"] = exempt
    out["spec"] |= {"initContainers": inits or [sidecar()], "containers": containers or [given()], "volumes": VOLUMES if volumes is None else volumes} | spec
    return out


def change(what, given_pod, **result):
    return Case(what, given_pod, made(given_pod, **result))


def refusal(what, given_pod, *words):
    return Case(what, given_pod, refused=["no sidecar for tremolo.io/vault-sts: ", *words])


def brought(**other):
    """A Pod that brings the sidecar along, with something else in it."""
    return pod(initContainers=[sidecar() | other], volumes=VOLUMES)


def unchanged(what, given_pod):
    return Case(what, given_pod, copy.deepcopy(given_pod))


def cases():
    own = {"name": "sts-tokens", "emptyDir": {}}
    other_env = [{"name": "LANG", "value": "C"}, {"name": "VAULT_TOKEN_FILE", "value": "/elsewhere"}]
    double_env = [ENV[0], {"name": "LANG", "value": "C"}, *ENV]
    two = pod(containers=[app(), app("second", env=other_env)])
    inits = pod(containers=[app()], initContainers=[app("one"), app("two", volumeMounts=VAULT_AGENT), app("three", env=double_env)],
                volumes=[{"name": "home", "emptyDir": {}}])
    again = made(pod())
    behind = made(pod(), inits=[app("mesh", env=ENV, volumeMounts=[MOUNT]), sidecar()])
    twice = made(pod(), containers=[given(env=ENV + ENV)])
    automount = pod()
    del automount["spec"]["automountServiceAccountToken"]
    found = {
        "plain": change("A Pod with the label and the annotation.", pod()),
        "without-annotation": unchanged("The annotation decides; a label alone asks for nothing.", {"metadata": {"name": "app", "labels": {"tremolo.io/vault-sts": "true"}},
                                                                                                   "spec": {"containers": [app()], "automountServiceAccountToken": False}}),
        "without-label": unchanged("The label selects.", {"metadata": {"name": "app", "annotations": {"tremolo.io/vault-sts": ROLE}},
                                                          "spec": {"containers": [app()], "automountServiceAccountToken": False}}),
        "user-and-group": change("The UID and the GID of the sidecar.", pod(annotations={"tremolo.io/user": "100", "tremolo.io/group": "1000"}),
                                 inits=[sidecar(runAsUser=100, runAsGroup=1000)]),
        "user-0": change("A UID of 0 counts as no UID.", pod(annotations={"tremolo.io/user": "0", "tremolo.io/group": "0"})),
        "root": change("The Pod runs as root, and the sidecar does not.", pod(securityContext={"runAsUser": 0}), inits=[sidecar(runAsUser=65532)]),
        "non-root": change("It never runs as root.", pod(annotations={"tremolo.io/non-root": "true"})),
        "several-containers": change("Each container has each variable once; a value of the Pod stays.", two,
                                     containers=[given(), app("second", env=[*other_env, ENV[1]], volumeMounts=[MOUNT])]),
        "more-inits-than-containers": change("Init containers keep their own mounts.", inits, volumes=[{"name": "home", "emptyDir": {}}, *VOLUMES], inits=[
            sidecar(), app("one", env=ENV, volumeMounts=[MOUNT]), app("two", env=ENV, volumeMounts=VAULT_AGENT),
            app("three", env=[ENV[0], {"name": "LANG", "value": "C"}, ENV[1]], volumeMounts=[MOUNT])]),
        "own-volume": change("An own volume stays, and the one of the certificate comes all the same.", pod(volumes=[own]), volumes=[own, CERTS_VOLUME, SUBJECT_VOLUME]),
        "no-volume": change("create-volume=false drops the emptyDir alone.", pod(annotations={"tremolo.io/create-volume": "false"}, volumes=[own]),
                            volumes=[own, CERTS_VOLUME, SUBJECT_VOLUME]),
        "exempt-already": change("The label of the checklist gets one more name.", pod(labels={"sts-sidecar.io/token-checklist-exempt": "other"}),
                                 exempt="other.sts-sidecar-subject"),
        "again": unchanged("What is there stays.", again),
        "moved": Case("The sidecar goes to the first place.", behind, made(pod(), inits=[sidecar(), app("mesh", env=ENV, volumeMounts=[MOUNT])])),
        "variables-twice": Case("Each variable once.", twice, again),
        "with-automount": Case("The API token of the ServiceAccount plugin is the subject.", automount,
                               made(automount, inits=[sidecar(mounts=[CERTS])], volumes=[TOKENS_VOLUME, CERTS_VOLUME], exempt=""), automount=True),
        "user-text": refusal("A UID that is not a number.", pod(annotations={"tremolo.io/user": "x"}),
                             'the annotation tremolo.io/user is "x". Write a UID, or remove the annotation'),
        "group-text": refusal("A GID that is not a number.", pod(annotations={"tremolo.io/group": "-1"}), 'the annotation tremolo.io/group is "-1". Write a GID'),
        "two-endpoints": refusal("Two endpoints on one Pod.", pod(labels={"tremolo.io/aws-sts": "true"}, annotations={"tremolo.io/aws-sts": "role"}),
                                 "the Pod asks for the tokens of two endpoints (tremolo.io/aws-sts, tremolo.io/vault-sts)", "Use two Pods, or a sidecar with two exchanges"),
        "and-a-profile": refusal("A profile, too.", pod(labels={"sts-sidecar.io/profile": "example"}), "the Pod also names a profile of sts-sidecar"),
        "name-taken": refusal("A container of the name.", pod(containers=[app("sts-creds-sidecar")]), "Rename the container, or remove it"),
        "own-sidecar": refusal("An own sidecar.", brought(image="registry.example.com/other:1"),
                               "the Pod has its own init container sts-creds-sidecar, with another image, command or other arguments. Remove it"),
        "other-url": refusal("An own sidecar with our image and another URL.", brought(args=[*ARGS[:3], "https://sts.example.org/", "/tokens"]),
                             "with another image, command or other arguments"),
        "other-command": refusal("An own sidecar with our image and a command.", brought(command=["/sts-sidecar", "run"]),
                                 "with another image, command or other arguments"),
        "user-with-newline": refusal("A UID with a line break, which no message may have.", pod(annotations={"tremolo.io/user": "100\n"}),
                                     'the annotation tremolo.io/user is "100\\n". Write a UID, or remove the annotation'),
        "no-volume-at-all": refusal("create-volume=false without a volume.", pod(annotations={"tremolo.io/create-volume": "false"}),
                                    'the annotation tremolo.io/create-volume is "false", and the Pod has no volume sts-tokens. Add the volume, or remove the annotation'),
        "windows": refusal("A Pod for Windows.", pod(os={"name": "windows"}), "the Pod is for Windows, and the sidecar runs on Linux alone"),
    }
    return found


CASES = cases()
