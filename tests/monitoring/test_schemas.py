# SPDX-License-Identifier: Apache-2.0
"""PodMonitor and PrometheusRule by the schemas of the operator's CRDs, as strictly as `kubectl apply --validate=strict`: an unknown field is a mistake."""
import jsonschema
import pytest
import yaml
from prometheus import DEPLOY, manifest

MANIFESTS = {"podmonitor.yaml": "podmonitors", "rules.yaml": "prometheusrules"}


def strict(schema):
    """A structural schema as a JSON Schema that allows no other field."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    made = {key: value for key, value in schema.items() if not key.startswith("x-") and key not in ("format", "description")}
    for key in ("items", "additionalProperties"):
        if key in made:
            made[key] = strict(made[key])
    if "properties" in made:
        made["properties"] = {name: strict(value) for name, value in made["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            made.setdefault("additionalProperties", False)
    return made


def errors(downloaded, plural, document):
    crd = yaml.safe_load((downloaded / f"crds/monitoring.coreos.com_{plural}.yaml").read_text())
    group, version = document["apiVersion"].split("/")
    assert (crd["spec"]["group"], crd["spec"]["names"]["kind"]) == (group, document["kind"])
    [served] = [each for each in crd["spec"]["versions"] if each["name"] == version and each["served"]]
    schema = strict(served["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object", "required": ["name"]}
    return [f"{error.json_path}: {error.message}" for error in jsonschema.Draft4Validator(schema).iter_errors(document)]


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_keeps_its_schema(downloaded, name):
    assert errors(downloaded, MANIFESTS[name], manifest(name)) == []


def test_every_manifest_has_a_schema():
    kinds = {path.name: manifest(path.name)["kind"] for path in DEPLOY.glob("*.yaml")}
    assert kinds.keys() == MANIFESTS.keys() | {"kustomization.yaml"} and kinds["kustomization.yaml"] == "Kustomization"


@pytest.mark.parametrize("name, change, words", [
    ("podmonitor.yaml", lambda spec: spec["podMetricsEndpoints"][0].update(scrapeInterval="60s"), "scrapeInterval"),
    ("podmonitor.yaml", lambda spec: spec["podMetricsEndpoints"][0].update(interval="often"), "often"),
    ("podmonitor.yaml", lambda spec: spec["podMetricsEndpoints"][0]["metricRelabelings"][0].update(action="forget"), "forget"),
    ("podmonitor.yaml", lambda spec: spec.pop("selector"), "selector"),
    ("rules.yaml", lambda spec: spec["groups"][0]["rules"][0].update(severity="critical"), "severity"),
    ("rules.yaml", lambda spec: spec["groups"][0]["rules"][0].pop("expr"), "expr"),
])
def test_a_mistake_is_seen(downloaded, name, change, words):
    document = manifest(name)
    change(document["spec"])
    assert any(words in error for error in errors(downloaded, MANIFESTS[name], document))
