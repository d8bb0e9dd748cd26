#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the parts of the Helm chart deploy/chart/sts-sidecar/ that come from the plain manifests of deploy/: the policies and the roles as templates, the CRD, the
files of deploy/monitoring/, and the schema of the values.

    tools/chart.py [--check]

With --check nothing is written: it fails if a file of the chart is not what this program makes. If it does not find what it expects in a manifest, it ends with an error that says so.
It needs PyYAML."""
import hashlib
import json
import re
import sys
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[1]
CHART, INJECT, MONITORING = TOP / "deploy/chart/sts-sidecar", TOP / "deploy/inject", TOP / "deploy/monitoring"
NAMESPACE = "sts-sidecar-system"
MADE = "# Made by tools/chart.py of deploy/{}. Change that file, and run tools/chart.py.\n"
DIGEST = "^(sha256:[0-9a-f]{64})?$"


class Stale(Exception):
    """A manifest is not as this program expects it. The message is for people."""


def replaced(text, pattern, new, at_least=1, *, what):
    """The text with each match replaced. A pattern that matches too seldom is a manifest that has changed. what: the manifest, for the message."""
    text, count = re.subn(pattern, new, text, flags=re.M)
    if count < at_least:
        raise Stale(f"{what}: {pattern!r} is there {count} times; at least {at_least} are expected")
    return text


def expression(text, name, new, what):
    """The text with another expression for a variable that is a text in CEL."""
    return replaced(text, rf"""^(  - name: {name}(?: +#.*)?\n    expression: )"'[^']*'"$""", lambda found: f"""{found[1]}{{{{ printf "'%s'" ({new}) | toJson }}}}""", what=what)


def labelled(found):
    """The labels of the release, and those that the object has."""
    own = "".join(f"    {label.strip()}\n" for label in (found[2] or "").split(",") if label.strip())
    return found[1] + '  labels: {{- include "sts-sidecar.labels" $ | nindent 4 }}\n' + own


def with_labels(text, what):
    return replaced(text, r"^(metadata:\n  name: .*\n)(?:  labels: \{(.*)\}\n)?", labelled, what=what)


def policy(text, what, suffix="", more=""):
    """What all policies have: names, namespaces, the image. more: a further argument for the list of namespaces."""
    text = replaced(text, r"^(  name: |  policyName: )(sts-sidecar\S*)$", rf'\1\2{{{{ include "sts-sidecar.suffix" $ }}}}{suffix}', what=what)
    text = replaced(text, r"(key: sts-sidecar.io/injection, operator: In, values: )\[enabled\]", r'\1[{{ $.Values.revision | default "enabled" }}]', what=what)
    text = replaced(text, rf"^(.*operator: NotIn, values: )\[.*\b{NAMESPACE}\b.*\](.*)$", rf'\1{{{{ include "sts-sidecar.excluded" (list ${more}) }}}}\2', what=what)
    text = expression(text, "revision", 'include "sts-sidecar.revision" $', what)
    return expression(text, "image", 'include "sts-sidecar.image" $', what)


def mutating(text, what, revisions=1):
    """What the policies have that add something."""
    text = replaced(text, r"^(    sts-sidecar.io/image: )sts-sidecar .*$", r'\1{{ include "sts-sidecar.image" $ }}', what=what)
    text = replaced(text, r"^(    sts-sidecar.io/revision: ).*$", r'\1{{ include "sts-sidecar.revision" $ | toJson }}', at_least=revisions, what=what)
    return expression(text, "pullPolicy", "$.Values.image.pullPolicy", what)


def template(path):
    """A manifest of deploy/inject as a template."""
    what = str(path.relative_to(TOP / "deploy"))
    text = path.read_text()
    if "{{" in text:
        raise Stale(f"{what} has {{{{, which Helm takes for a template")
    first, rest = text.split("\n", 1)
    text = MAKERS[what.removeprefix("inject/")](with_labels(rest, what), what).replace(NAMESPACE, "{{ $.Release.Namespace }}")
    return f"{first}\n{MADE.format(what)}{text}"


def profiles_mutating(text, what):
    text = replaced(text, r"""^(  - name: pullSecrets .*\n    expression: )"\[\]"$""", r"""\1{{ include "sts-sidecar.pullSecrets" $ | toJson }}""", what=what)
    return mutating(policy(text, what), what)


def profiles_validating(text, what):
    return expression(policy(text, what), "pullPolicy", "$.Values.image.pullPolicy", what)


def rbac(text, _):
    return "{{- if not $.Values.revision }}\n" + text + "{{- end }}\n"


def of_an_endpoint(text, what, variables):
    """A policy of OpenUnison's injection, once for each endpoint of the values."""
    text = policy(text, what, suffix="-{{ $endpoint }}", more=" $.Values.openunison.namespace")
    text = replaced(text, r"key: tremolo.io/vault-sts,", "key: tremolo.io/{{ $endpoint }},", what=what)
    for name, new in {"endpoint": "$endpoint", "stsUrl": "$settings.url", "trust": "$settings.ca", **variables}.items():
        text = expression(text, name, new, what)
    return "{{- range $endpoint, $settings := $.Values.openunison.endpoints }}\n---\n" + text + "{{- end }}\n"


def openunison_mutating(text, what):
    return of_an_endpoint(mutating(text, what, revisions=0), what, {"tokenVariable": "$settings.tokenVariable", "valueVariable": "$settings.valueVariable"})


def openunison_validating(text, what):
    return of_an_endpoint(text, what, {})


def openunison_sidecar(text, _):
    return "{{- if and $.Values.openunison.webhook (not $.Values.revision) }}\n" + text + "{{- end }}\n"


# How each manifest of deploy/inject becomes a template, and the name of the template.
MAKERS = {
    "policy/mutating.yaml": profiles_mutating,
    "policy/validating.yaml": profiles_validating,
    "profiles/rbac.yaml": rbac,
    "openunison/policy/mutating.yaml": openunison_mutating,
    "openunison/policy/validating.yaml": openunison_validating,
    "openunison/sidecar/policy.yaml": openunison_sidecar,
}
TEMPLATES = {
    "policy/mutating.yaml": "mutating.yaml", "policy/validating.yaml": "validating.yaml", "profiles/rbac.yaml": "rbac.yaml",
    "openunison/policy/mutating.yaml": "openunison-mutating.yaml", "openunison/policy/validating.yaml": "openunison-validating.yaml",
    "openunison/sidecar/policy.yaml": "openunison-sidecar.yaml",
}


def crd():
    """The CRD with the mark by which the chart knows whether the cluster has this one."""
    text = (INJECT / "profiles/crd.yaml").read_text()
    mark = crd_revision(text)
    first, rest = text.split("\n", 1)
    rest = replaced(rest, r"^metadata:\n  name: .*\n", lambda found: found[0] + f'  annotations: {{sts-sidecar.io/crd-revision: "{mark}"}}\n', what="crd.yaml")
    return f"{first}\n{MADE.format('inject/profiles/crd.yaml')}{rest}"


def crd_revision(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def profile_schema():
    """The schema of a profile's spec in JSON Schema, draft 7. Rules in CEL are left to the API server."""
    document = yaml.safe_load((INJECT / "profiles/crd.yaml").read_text())
    return plain(document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"])


def plain(schema):
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: value for key, value in schema.items() if not key.startswith("x-kubernetes-") and key != "format"}
    if "pattern" in made:
        made["pattern"] = made["pattern"].replace("[:cntrl:]", r"\x00-\x1f\x7f").replace("[:space:]", r"\x09-\x0d ")
        if "[:" in made["pattern"]:
            raise Stale(f"crd.yaml: draft 7 does not know a class in {schema['pattern']}")
    for key in ("items", "anyOf"):
        if key in made:
            made[key] = plain(made[key])
    if isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = plain(made["additionalProperties"])
    if "properties" in made:
        made["properties"] = {name: plain(value) for name, value in made["properties"].items()}
        made["additionalProperties"] = False
    return made


def section(description, **properties):
    return {"description": description, "type": "object", "additionalProperties": False, "properties": properties}


def values_schema():
    name = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"}
    variable = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,127}$"}
    endpoint = section("An endpoint, as sts.endpoints of OpenUnison's chart has it.",
                       url={"type": "string", "pattern": "^https://[^'$\\\\ ]+$", "description": "https://, OpenUnison's host, the endpoint's path, /token/user"},
                       ca={"type": "string", "enum": ["own", "system"], "description": "own: the certificate in the ConfigMap ouca of the Pod's namespace"},
                       tokenVariable=variable, valueVariable=variable) | {"required": ["url", "ca", "tokenVariable", "valueVariable"]}
    made = section(
        "Values of the chart sts-sidecar.",
        image=section("The image of the sidecar. Both its repository and its digest are required.",
                      repository={"type": "string", "pattern": "^([A-Za-z0-9._-]+([:/][A-Za-z0-9._-]+)*)?$", "description": "such as registry.example.com/sts-sidecar"},
                      digest={"type": "string", "pattern": DIGEST, "description": "sha256: and 64 hexadecimal digits"},
                      pullPolicy={"type": "string", "enum": ["Always", "IfNotPresent", "Never"]},
                      pullSecrets={"type": "array", "items": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"},
                                   "description": "names of Secrets in the namespace of each Pod"}),
        revision={"type": "string", "pattern": "^([a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?)?$", "not": {"const": "enabled"},
                  "description": "name of a second revision beside the first, for namespaces with the label sts-sidecar.io/injection: NAME"},
        excludedNamespaces={"type": "array", "items": name, "description": "namespaces in which no Pod gets the sidecar, besides those of the chart"},
        profiles={"description": "TokenProfiles by their name", "type": "object", "propertyNames": name, "additionalProperties": profile_schema()},
        openunison=section("What OpenUnison's injector does, without its webhook (docs/openunison.md).",
                           namespace=name | {"description": "OpenUnison's own namespace, in which no Pod gets the sidecar"},
                           webhook={"type": "boolean", "description": "complete the sidecar that OpenUnison's webhook injects with our image"},
                           endpoints={"type": "object", "propertyNames": name, "description": "endpoints by the name of their label, without tremolo.io/", "additionalProperties": endpoint}),
        monitoring=section("PodMonitor, PrometheusRule and dashboard. The CRDs of the Prometheus operator must be there.",
                           enabled={"type": "boolean"},
                           labels={"type": "object", "additionalProperties": {"type": "string"}, "description": "labels by which your Prometheus selects PodMonitors and rules"},
                           docs={"type": "string", "pattern": "^https?://.*/$", "description": "where the pages of docs/ are, for the links of the alerts"}))
    made["properties"]["global"] = {"type": "object", "description": "Helm gives it to a chart that another chart depends on; it is not used."}
    return json.dumps({"$schema": "http://json-schema.org/draft-07/schema#"} | made, indent=2) + "\n"


def files():
    """{path: content} of everything that is made."""
    made = {f"templates/{name}": template(INJECT / path) for path, name in TEMPLATES.items()}
    made |= {f"files/{name}": (MONITORING / name).read_text() for name in ("podmonitor.yaml", "rules.yaml", "dashboard.json")}
    made |= {"crds/tokenprofiles.yaml": crd(), "files/crd-revision": crd_revision((INJECT / "profiles/crd.yaml").read_text()) + "\n", "values.schema.json": values_schema()}
    return {CHART / name: text for name, text in made.items()}


def main(arguments):
    if arguments == ["--help"]:
        print(__doc__.strip())
        return 0
    if arguments not in ([], ["--check"]):
        print("usage: tools/chart.py [--check]", file=sys.stderr)
        return 64
    try:
        made = files()
    except Stale as error:
        print(f"tools/chart.py: {error}", file=sys.stderr)
        return 1
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    if arguments:
        for path in stale:
            print(f"{path.relative_to(TOP)} is stale: run tools/chart.py", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
