# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus that scrapes sidecars as the PodMonitor says, and the queries of the dashboard."""
import contextlib
import json
import re
import subprocess
import sys
import urllib.parse
import urllib.request

import yaml

from harness.mock import wait_for
from harness.servers import free_port
from harness.sidecar import TOP

DEPLOY = TOP / "deploy/monitoring"
JOB = "monitoring/sts-sidecar"
PATIENCE_S = 20


def manifest(name):
    return yaml.safe_load((DEPLOY / name).read_text())


def snake(key):
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", key)


def relabelings():
    """The metricRelabelings of the PodMonitor in the words of Prometheus' own configuration, as the operator writes them."""
    [endpoint] = manifest("podmonitor.yaml")["spec"]["podMetricsEndpoints"]
    return [{snake(key): value for key, value in each.items()} for each in endpoint["metricRelabelings"]]


def configuration(pods, every_s):
    targets = [{"targets": [f"127.0.0.1:{pod.port}"], "labels": pod.labels()} for pod in pods]
    return {"global": {"scrape_interval": f"{every_s}s", "scrape_timeout": f"{every_s}s", "evaluation_interval": f"{every_s}s"}, "rule_files": ["rules.yaml"],
            "scrape_configs": [{"job_name": JOB, "static_configs": targets, "metric_relabel_configs": relabelings()}]}


class Prometheus:
    """It scrapes the Pods each every_s seconds."""

    def __init__(self, programs, folder, pods, every_s=1):
        self.folder = folder
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration(pods, every_s)))
        (folder / "rules.yaml").write_text(yaml.safe_dump(manifest("rules.yaml")["spec"]))
        self.url = f"http://127.0.0.1:{free_port()}"
        command = [programs / "prometheus", f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'data'}",
                   f"--web.listen-address={self.url.removeprefix('http://')}"]
        with open(folder / "prometheus.log", "wb") as log:
            self.process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_for(self.ready, "Prometheus", PATIENCE_S)
        except BaseException:
            self.close()
            print((folder / "prometheus.log").read_text()[-3000:], file=sys.stderr)
            raise

    def ready(self):
        assert self.process.poll() is None, "Prometheus has ended"
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"{self.url}/-/ready", timeout=5).status == 200

    def ask(self, path, **parameters):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=PATIENCE_S) as answer:
            return json.load(answer)["data"]

    def query(self, expr):
        return self.ask("query", query=expr)["result"]

    def query_range(self, expr, start, end, step):
        return self.ask("query_range", query=expr, start=start, end=end, step=step)["result"]

    def close(self):
        self.process.kill()
        self.process.wait(PATIENCE_S)


def dashboard():
    return json.loads((DEPLOY / "dashboard.json").read_text())


def filled(expr, rate_interval):
    """The query with the variables that Grafana fills in."""
    expr = expr.replace("$namespace", ".*").replace("$__rate_interval", rate_interval)
    assert "$" not in expr, f"a variable is left: {expr}"
    return expr


def queries(rate_interval="10s"):
    """{title of the panel: [query]}"""
    return {panel["title"]: [filled(each["expr"], rate_interval) for each in panel["targets"]] for panel in dashboard()["panels"]}
