# SPDX-License-Identifier: Apache-2.0
"""The Helm chart is what tools/chart.py makes of the plain manifests of deploy/, and its files of values keep its schema."""
import json
import shutil
import subprocess
import sys

import jsonschema
import pytest
import yaml
from test_style import TOP

CHART = TOP / "deploy/chart/sts-sidecar"
VALUES = sorted((TOP / "deploy/chart/values").glob("*.yaml"))


def check(top):
    return subprocess.run([sys.executable, "-B", top / "tools/chart.py", "--check"], capture_output=True, text=True, timeout=30)


def test_the_chart_is_made_of_the_manifests():
    done = check(TOP)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def copied(tmp_path):
    shutil.copytree(TOP / "deploy", tmp_path / "deploy")
    (tmp_path / "tools").mkdir()
    shutil.copy(TOP / "tools/chart.py", tmp_path / "tools")
    return tmp_path


@pytest.mark.parametrize("name, old, new, words", [
    ("inject/policy/mutating.yaml", "failureThreshold': dyn(180)", "failureThreshold': dyn(60)", "templates/mutating.yaml is stale"),
    ("inject/profiles/crd.yaml", "maximum: 3600", "maximum: 7200", "values.schema.json is stale"),
    ("monitoring/rules.yaml", "for: 5m", "for: 6m", "files/rules.yaml is stale"),
    ("chart/sts-sidecar/templates/rbac.yaml", "get, list, watch", "get, list", "templates/rbac.yaml is stale"),
    ("inject/policy/validating.yaml", "- name: image\n", "- name: picture\n", "inject/policy/validating.yaml: "),
    ("inject/openunison/policy/mutating.yaml", "tremolo.io/vault-sts,", "tremolo.io/aws-sts,", "inject/openunison/policy/mutating.yaml: "),
    ("inject/openunison/sidecar/policy.yaml", "failurePolicy: Ignore", "failurePolicy: Fail", "templates/openunison-sidecar.yaml is stale"),
    ("inject/policy/mutating.yaml", "'Always'", "'{{Always'", "which Helm takes for a template"),
])
def test_a_change_is_seen(copied, name, old, new, words):
    path = copied / "deploy" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    done = check(copied)
    assert done.returncode == 1 and words in done.stderr


def test_the_schema_is_one():
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"


def errors(values):
    schema = json.loads((CHART / "values.schema.json").read_text())
    return [f"{error.json_path}: {error.message}" for error in jsonschema.Draft7Validator(schema).iter_errors(values)]


@pytest.mark.parametrize("path", [CHART / "values.yaml", *VALUES], ids=lambda path: path.stem)
def test_values_keep_the_schema(path):
    assert errors(yaml.safe_load(path.read_text())) == []


@pytest.mark.parametrize("values", [
    {"profiles": {"a": {"url": "https://sts.example.com/ a"}}}, {"profiles": {"a": {"url": "https://$(HOST)/"}}}, {"profiles": {"a": {"expirationSeconds": 7200}}},
    {"profiles": {"a": {"args": {"client-key": "/k"}}}}, {"image": {"digest": "latest"}}, {"image": {"repository": "https://registry.example.com/a"}}, {"image": {"repository": 'a"b'}},
    {"image": {"repository": "a\\b"}}, {"image": {"repository": "a@sha256:b"}}, {"image": {"pullSecrets": ["a'b"]}}, {"monitoring": {"docs": "docs"}},
    {"openunison": {"endpoints": {"vault-sts": {"url": "https://openunison.example.com/vault/token/user", "ca": "none", "tokenVariable": "A", "valueVariable": "B"}}}},
    {"openunison": {"endpoints": {"vault-sts": {"url": "https://openunison.example.com/vault/token/user", "ca": "own", "tokenVariable": "A"}}}},
    {"openunison": {"endpoints": {"vault-sts": {"url": "https://o.example.com/$(HOST)", "ca": "own", "tokenVariable": "A", "valueVariable": "B"}}}}], ids=str)
def test_values_that_break_the_schema(values):
    assert len(errors(values)) == 1


def test_the_version_is_that_of_the_program():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    [version] = [line.split("'")[1] for line in (TOP / "meson.build").read_text().splitlines() if line.strip().startswith("version:")]
    assert chart["version"] == chart["appVersion"] == version
