# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the interop tests, and their verdict lines. What they share with the end-to-end tests (mock-sts, certificates, the program as
an ordinary user) comes from tests/e2e/harness."""
import contextlib
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import pki, servers  # noqa: E402
from harness.fixtures import folder, limit_of, sidecar  # noqa: E402,F401
from harness.runs import rig  # noqa: E402,F401

limit = limit_of(180)


@pytest.fixture(scope="session")
def ca():
    """The certificates of the servers in this folder."""
    return pki.authority()


@pytest.fixture
def serve_tls(ca, folder):
    """serve_tls(answer): a server that gives the same bytes to whatever is asked, and keeps what was asked."""
    with contextlib.ExitStack() as stack:
        def start(answer):
            return stack.enter_context(servers.Server(answer, tls=servers.tls_context(pki.server(ca), folder)))
        yield start


@pytest.fixture
def aws_clean(monkeypatch, folder):
    """Nothing of the machine's own configuration."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": folder / "none", "AWS_REGION": "eu-central-1",
                        "AWS_DEFAULT_REGION": "eu-central-1", "AWS_SHARED_CREDENTIALS_FILE": folder / "none"}.items():
        monkeypatch.setenv(name, str(value))
    return monkeypatch


def pytest_runtest_makereport(item, call):
    """The first paragraph of a test's docstring is its line in the verdicts."""
    said = (item.function.__doc__ or item.name).split("\n\n")[0]
    which = f" [{item.callspec.id}]" if hasattr(item, "callspec") else ""
    item.user_properties[:] = [("said", " ".join(said.split()).rstrip(".") + which)]


def pytest_report_teststatus(report, config):
    """No letters; lines, as below."""
    if report.when == "call" or report.outcome != "passed":
        return report.outcome, "", ""
    return None


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report):
    if report.when != "call" and report.outcome == "passed":
        return
    said = dict(report.user_properties).get("said", report.nodeid)
    if report.outcome == "skipped":
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else report.longrepr
        print(f"ok - {said} # SKIP {reason}", flush=True)
    else:
        print(f"{'ok' if report.outcome == 'passed' else 'not ok'} - {said}", flush=True)
