# SPDX-License-Identifier: Apache-2.0
"""The TokenRequest endpoint of a Kubernetes API server. It checks a request with the schemas that Kubernetes publishes, and with what the API server
checks besides, and answers with the API server's objects."""
import json
import re
import time

import jwt
import kubernetes_validate

from harness import tokens

VERSIONS = ("1.25", "1.29", "1.33", "1.37")
PATH = re.compile(r"/api/v1/namespaces/([a-z0-9-]+)/serviceaccounts/([a-z0-9.-]+)/token")
SHORTEST_S, LONGEST_S = 600, 2 ** 32


def status(code, reason, message):
    return tokens.http(code, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason,
                              "code": code}, headers=["Content-Type: application/json"])


def invalid(field, what):
    return status(422, "Invalid", f'TokenRequest.authentication.k8s.io "" is invalid: {field}: Invalid value: {what}')


class ApiServer:
    """answer(request) is for harness.servers.Server. A Role lets each ServiceAccount ask for tokens of its own alone.

    mint   mint(claims) makes a token of these claims
    known  ServiceAccounts that exist, (namespace, name); None: every one
    life   the longest life that this API server gives
    """

    def __init__(self, mint=lambda claims: tokens.subject(**claims), known=None, life=LONGEST_S):
        self.mint, self.known, self.life, self.bodies = mint, known, life, []

    def answer(self, request):
        head, _, body = request.decode().partition("\r\n\r\n")
        lines = head.split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        method, path, _ = lines[0].split(" ")
        try:
            caller = jwt.decode(headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False})
        except (KeyError, jwt.InvalidTokenError):
            return status(401, "Unauthorized", "Unauthorized")
        if caller["exp"] < time.time():
            return status(401, "Unauthorized", "Unauthorized")
        wanted = PATH.fullmatch(path)
        if not wanted:
            return status(404, "NotFound", "the server could not find the requested resource")
        if method != "POST":
            return status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        return self._authorize(caller, *wanted.groups(), headers, body)

    def _authorize(self, caller, namespace, name, headers, body):
        own = caller["sub"].split(":")[2:]
        if [namespace, name] != own:
            return status(403, "Forbidden", f'serviceaccounts "{name}" is forbidden: User "{caller["sub"]}" cannot create resource '
                                            f'"serviceaccounts/token" in API group "" in the namespace "{namespace}"')
        if self.known is not None and (namespace, name) not in self.known:
            return status(404, "NotFound", f'serviceaccounts "{name}" not found')
        if headers.get("content-type") != "application/json":
            return status(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
        return self._check(namespace, name, json.loads(body), caller)

    def _check(self, namespace, name, asked, caller):
        self.bodies.append(asked)
        if (asked.get("apiVersion"), asked.get("kind")) != ("authentication.k8s.io/v1", "TokenRequest"):
            return status(400, "BadRequest", f'no kind "{asked.get("kind")}" is registered for version "{asked.get("apiVersion")}"')
        for version in VERSIONS:
            kubernetes_validate.validate(asked, version, strict=True)
        spec, bound = asked["spec"], asked["spec"].get("boundObjectRef")
        life = spec.get("expirationSeconds", 3600)
        if life < SHORTEST_S:
            return invalid("spec.expirationSeconds", f"{life}: may not specify a duration less than 10 minutes")
        if life > LONGEST_S:
            return invalid("spec.expirationSeconds", f"{life}: may not specify a duration larger than 2^32 seconds")
        if bound and (bound.get("kind"), bound.get("apiVersion")) not in (("Pod", "v1"), ("Secret", "v1"), ("Node", "v1")):
            return status(400, "BadRequest", f"cannot bind token to object of type {bound.get('kind')}")
        pod = caller["kubernetes.io"].get("pod")
        if bound and (not pod or bound["name"] != pod["name"]):
            return status(404, "NotFound", f'pods "{bound["name"]}" not found')
        if bound and bound.get("uid", pod["uid"]) != pod["uid"]:
            return status(409, "Conflict", f'Operation cannot be fulfilled on pods "{pod["name"]}": the UID in the bound object reference '
                                           f'({bound["uid"]}) does not match the UID in record. The object might have been deleted and then recreated')
        life = min(life, self.life)
        now = int(time.time())
        claims = {"aud": spec["audiences"], "exp": now + life, "iat": now, "nbf": now, "sub": f"system:serviceaccount:{namespace}:{name}",
                  "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name}, **({"pod": pod} if bound else {})}}
        return tokens.http(201, asked | {"status": {"token": self.mint(claims), "expirationTimestamp": tokens.rfc3339(claims["exp"])}},
                           headers=["Content-Type: application/json", "Audit-Id: 1"])
