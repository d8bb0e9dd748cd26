# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes real sidecars as the PodMonitor says. Every query of the dashboard has an answer, and the page's numbers of series are those that Prometheus counts."""
import re
import subprocess

import pytest
from harness.listener import page
from harness.mock import wait_for
from prometheus import JOB, TOP, dashboard, queries

PANELS = {panel["title"]: panel for panel in dashboard()["panels"]}
PODS = 10_000


@pytest.fixture(scope="module")
def later(fleet, prometheus):
    """The sidecars have tokens, and then some of them are in trouble."""
    wait_for(lambda: len(prometheus.query("sts_sidecar_ready == 1")) >= 7, "seven exchanges with a token")
    fleet.turn()
    return prometheus


def known(expr):
    """Without the zero that stands for no answer."""
    return expr.removesuffix(" or vector(0)")


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_is_not_empty(later, title):
    for expr in queries()[title]:
        assert wait_for(lambda expr=expr: later.query(known(expr)), f"an answer to {expr}"), title
        assert later.query(expr), title


def test_the_answers_are_those_of_the_sidecars(later):
    """Each state is there, and seen for what it is."""
    ask = {title: exprs[0] for title, exprs in queries().items()}
    wait_for(lambda: later.query(ask["Old configuration"])[0]["value"][1] == "1", "the configuration that is refused")
    wait_for(lambda: len(later.query(ask["Exchanges that fail, by error"])) == 2, "two errors")
    assert {each["metric"]["error"] for each in later.query(ask["Exchanges that fail, by error"])} == {"denied", "connect"}
    failing = ask["Exchanges that fail: failures since the last success"]
    wait_for(lambda: {each["metric"]["pod"] for each in later.query(failing)} >= {"report-0", "refund-0", "export-0"}, "three that fail")
    assert all(float(each["value"][1]) for each in later.query(failing))
    wait_for(lambda: later.query(ask["Waiting"])[0]["value"][1] == "1", "one that waits")
    wait_for(lambda: abs(float(later.query(ask["Clocks differ by"])[0]["value"][1]) - 90) <= 2, "a node whose clock differs")
    wait_for(lambda: {each["metric"]["result"] for each in later.query(ask["Attempts by result"])} >= {"success", "network"}, "two results")


def test_the_variable_of_the_dashboard(later):
    [variable] = [each for each in dashboard()["templating"]["list"] if each["type"] == "query"]
    metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]).groups()
    assert variable["definition"] == variable["query"]["query"]
    assert later.ask(f"label/{label}/values", **{"match[]": metric}) == ["data", "pay", "shop"]


def test_every_query_heeds_the_namespace():
    """The panel of the alerts is for all namespaces."""
    for title, panel in PANELS.items():
        for each in panel["targets"]:
            series = re.findall(r"sts_sidecar_\w+(\{[^}]*\})?", each["expr"])
            assert (series or title == "Alerts") and all('namespace=~"$namespace"' in selector for selector in series), title


def test_panels_lie_beside_one_another():
    taken = {}
    for title, panel in PANELS.items():
        at = panel["gridPos"]
        assert 0 <= at["x"] and at["x"] + at["w"] <= 24, title
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            assert cell not in taken, f"{title} lies over {taken[cell]}"
            taken[cell] = title
    assert len(PANELS) == len(dashboard()["panels"]) == len({panel["id"] for panel in dashboard()["panels"]})


@pytest.mark.parametrize("title, change", [("Attempts fail", ("last_error_info", "last_error")), ("Attempts by result", ("exchanges_total", "attempts_total"))])
def test_an_empty_panel_is_seen(later, title, change):
    expr = queries()[title][0].replace(*change)
    assert later.query(known(expr)) == []


OF_PROMETHEUS = "up|scrape_.+"


def shown_by(fleet, name):
    """The series that a sidecar shows at /metrics."""
    pod = next(each for each in fleet.pods if each.name == name)
    return [re.match(r"\w+", line)[0] for line in page(pod.port, "/metrics")[2].splitlines() if line and not line.startswith("#")]


def kept_of(prometheus, name):
    """Those that Prometheus has kept, and those that it adds for each scrape."""
    of_pod = f'job="{JOB}", pod="{name}"'
    kept = prometheus.query(f'{{{of_pod}, __name__!~"{OF_PROMETHEUS}|ALERTS.*"}}')
    return [each["metric"]["__name__"] for each in kept], len(prometheus.query(f'{{{of_pod}, __name__=~"{OF_PROMETHEUS}"}}'))


def test_series_before_and_after(later, fleet):
    """The table of docs/metrics.md: one Pod with one exchange, and 10,000 of them."""
    kept, added = kept_of(later, "cart-0")
    text = (TOP / "docs/metrics.md").read_text()
    rows = {kind: [int(number.replace(",", "")) for number in numbers] for kind, *numbers in
            re.findall(r"^\| (all of them|as the PodMonitor keeps them) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", text, re.M)}
    assert rows == {kind: [number, number * PODS, (number + added) * PODS]
                    for kind, number in (("all of them", len(shown_by(fleet, "cart-0"))), ("as the PodMonitor keeps them", len(kept)))}


def test_the_histogram_alone_is_dropped(later, fleet):
    kept, _ = kept_of(later, "cart-0")
    assert set(shown_by(fleet, "cart-0")) - set(kept) == {f"sts_sidecar_exchange_duration_seconds_{end}" for end in ("bucket", "count", "sum")}
    assert set(kept) < set(shown_by(fleet, "cart-0"))


def test_promtool_finds_no_mistake(downloaded, later, fleet):
    """Names, types, units and help texts, as Prometheus wants them."""
    for pod in fleet.pods:
        run = subprocess.run([downloaded / "promtool", "check", "metrics"], input=page(pod.port, "/metrics")[2], text=True, capture_output=True, timeout=20)
        assert (run.returncode, run.stdout + run.stderr) == (0, "")


def test_the_picture_has_these_panels():
    run = subprocess.run([TOP / "tools/pictures/dashboard.py", "--check"], capture_output=True, text=True, timeout=20)
    assert run.returncode == 0, run.stderr
