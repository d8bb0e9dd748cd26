# SPDX-License-Identifier: Apache-2.0
"""The alerts, judged by promtool: its unit tests are in rules_test.yaml. Where their links lead, and what docs/metrics.md says of them."""
import copy
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from prometheus import TOP, manifest

HERE = pathlib.Path(__file__).resolve().parent
RULES = [rule for group in manifest("rules.yaml")["spec"]["groups"] for rule in group["rules"]]
BASE = "https://sts-sidecar.io/docs/"
TEMPLATE = re.compile(r"\{\{.*?\}\}", re.S)


def promtool(downloaded, tmp_path, spec, *command):
    shutil.copy(HERE / "rules_test.yaml", tmp_path)
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(spec))
    return subprocess.run([downloaded / "promtool", *command], cwd=tmp_path, capture_output=True, text=True, timeout=60)


def test_the_rules_are_rules(downloaded, tmp_path):
    run = promtool(downloaded, tmp_path, manifest("rules.yaml")["spec"], "check", "rules", "rules.yaml")
    assert run.returncode == 0 and f"{len(RULES)} rules found" in run.stdout, run.stdout + run.stderr


def test_the_unit_tests_pass(downloaded, tmp_path):
    run = promtool(downloaded, tmp_path, manifest("rules.yaml")["spec"], "test", "rules", "rules_test.yaml")
    assert run.returncode == 0, run.stdout + run.stderr


def never(rule):
    rule["expr"] = f"({rule['expr']}) < -1e9"


def always(rule):
    rule["expr"] = "vector(1)"


def sooner(rule):
    if "for" in rule:
        rule["for"] = "1m"
    else:
        rule["expr"] = re.sub(r"(> \d+$)|\b0\.2\b", lambda found: "> -1" if found[1] else "0.3", rule["expr"])


@pytest.mark.parametrize("change", [never, always, sooner])
def test_the_unit_tests_see_a_change(downloaded, tmp_path, change):
    """Of each alert they know when it fires, and when it does not yet."""
    spec = copy.deepcopy(manifest("rules.yaml")["spec"])
    for group in spec["groups"]:
        for rule in group["rules"]:
            before = copy.deepcopy(rule)
            change(rule)
            assert rule != before
    run = promtool(downloaded, tmp_path, spec, "test", "rules", "rules_test.yaml")
    assert run.returncode == 1
    assert set(re.findall(r"alertname: (\w+)", run.stdout + run.stderr)) == {rule["alert"] for rule in RULES}


def anchors(page):
    """Those that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_the_links_lead_to_a_heading(rule):
    link = rule["annotations"]["runbook_url"]
    assert link.startswith(BASE)
    page, _, anchor = TEMPLATE.sub("", link).removeprefix(BASE).partition("#")
    assert (TOP / "docs" / page).is_file()
    if "{{" in link:
        assert page == "errors.md" and anchor == "" and re.search(r'label "error"|\$labels\.error', link), "the name of an error is the anchor"
    else:
        assert anchor in anchors(TOP / "docs" / page)


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_says_what_it_is(rule):
    assert rule["labels"] == {"severity": rule["labels"]["severity"]} and rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}


def test_the_page_has_them_all():
    text = (TOP / "docs/metrics.md").read_text()
    assert dict(re.findall(r"^\| `(StsSidecar\w+)` \| (critical|warning|info) \|", text, re.M)) == {rule["alert"]: rule["labels"]["severity"] for rule in RULES}
