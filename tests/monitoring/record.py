#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records the answers that a real Prometheus gives to the queries of the dashboard, and draws docs/pictures/dashboard.svg from them.

    tests/monitoring/record.py [--seconds N]

Sidecars in several states run for N seconds (240), and are scraped each second. After a third of the time, one STS goes down and one configuration cannot be used.
"""
import argparse
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "e2e")]

import fetch  # noqa: E402
from prometheus import TOP, Prometheus, dashboard, filled  # noqa: E402
from sidecars import Fleet  # noqa: E402

STEPS, DIGITS = 60, 4


def named(template, labels):
    for label, value in labels.items():
        template = template.replace(f"{{{{{label}}}}}", value)
    return template


def number(text):
    return float(f"{float(text):.{DIGITS}g}")


def answer(prometheus, panel, start, end):
    """The series of a panel: name, labels, and points of (seconds since the start, value)."""
    made = []
    for target in panel["targets"]:
        expr = filled(target["expr"], "20s")
        found = prometheus.query(expr) if target.get("instant") else prometheus.query_range(expr, start, end, (end - start) / STEPS)
        made += [{"name": named(target.get("legendFormat", ""), each["metric"]), "labels": each["metric"],
                  "points": [[round(at - start), number(value)] for at, value in each.get("values") or [each["value"]] if value != "NaN"]} for each in found]
    return made


def record(folder, seconds):
    with Fleet(folder) as fleet, contextlib.closing(Prometheus(fetch.fetch(), folder, fleet.pods)) as prometheus:
        start = time.time()
        time.sleep(seconds / 3)
        fleet.turn()
        time.sleep(seconds * 2 / 3)
        return {panel["title"]: answer(prometheus, panel, start + 20, time.time()) for panel in dashboard()["panels"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=240)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="sts-test-") as folder:
        pathlib.Path(folder).chmod(0o755)
        answers = pathlib.Path(folder) / "answers.json"
        answers.write_text(json.dumps(record(pathlib.Path(folder), seconds)))
        return subprocess.run([sys.executable, TOP / "tools/pictures/dashboard.py", answers], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
