# SPDX-License-Identifier: Apache-2.0
"""What /metrics says, as Prometheus's own client library reads it. tests/monitoring/ gives it to promtool and to Prometheus."""
import contextlib
import re
import signal
import socket
import time

import pytest

from harness import tokens
from harness.listener import PATH, answer, metrics, page, start, up, value  # answer, start: fixtures
from harness.mock import wait_for
from harness.servers import free_port
from harness.several import several  # fixture
from harness.sidecar import TOP


def sum_of(seen, name):
    return sum(number for (one, _), number in seen.items() if one == f"sts_sidecar_{name}")


def errors_of(seen):
    """The names of the errors of the last attempts: {exchange: name}."""
    found = [dict(labels) | {"value": number} for (name, labels), number in seen.items() if name == "sts_sidecar_last_error_info"]
    assert all(each["value"] == 1 for each in found)
    return {each["exchange"]: each["error"] for each in found}


RESULTS = {"success", "subject", "network", "tls", "unavailable", "denied", "answer", "output", "internal"}


def test_series_that_exist_from_the_start(start):
    """Also the results that have not happened, so that increase() sees the first."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _, port = start(url=f"https://127.0.0.1:{silent.getsockname()[1]}/")
        with silent.accept()[0]:
            seen = metrics(port)
    assert {dict(labels)["result"] for name, labels in seen if name == "sts_sidecar_exchanges_total"} == RESULTS
    of_exchange = {key: number for key, number in seen.items() if dict(key[1]).get("exchange")}
    running = {("sts_sidecar_next_attempt_timestamp_seconds", (("exchange", "default"),))}
    assert {key for key, number in of_exchange.items() if number != 0} == running, "the attempt that runs"
    assert len(of_exchange) == 8 + len(RESULTS) + 2 * 13
    text = (TOP / "docs/metrics.md").read_text()
    assert f"An exchange has {len(of_exchange)} series; 26 of them" in text
    assert set(re.findall(r"^\| `([a-z_]+)` \| (?!gauge|counter|histogram|meaning)", text, re.M)) == RESULTS


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_without_the_histogram(start, way):
    _, port = start(*(["--no-histogram"] if way == "flag" else []), **({"env": {"STS_NO_HISTOGRAM": "true"}} if way == "variable" else {}))
    wait_for(lambda: value(metrics(port), "exchanges_total", result="success") == 1, "a success")
    assert "duration" not in page(port, "/metrics")[2]
    assert len([1 for _, labels in metrics(port) if labels]) == 8 + len(RESULTS) + 1


def test_metrics_of_a_success(start, space):
    began = time.time()
    _, port = start()
    wait_for(lambda: value(metrics(port), "exchanges_total", result="success") == 1, "a success")
    seen = metrics(port)
    expires = tokens.expiry((space.out / "token.jwt").read_text())
    assert value(seen, "token_expiration_timestamp_seconds") == expires
    assert value(seen, "subject_token_expiration_timestamp_seconds") == tokens.expiry(space.token_file.read_text())
    assert began - 1 <= value(seen, "last_success_timestamp_seconds") <= time.time()
    assert value(seen, "consecutive_failures") == 0 and value(seen, "ready") == 1
    assert 890 <= value(seen, "token_lifetime_seconds") <= 901
    assert began < value(seen, "next_attempt_timestamp_seconds") < expires
    assert value(seen, "exchange_duration_seconds_count", result="success") == 1
    assert value(seen, "exchange_duration_seconds_bucket", result="success", le="+Inf") == 1
    assert 0 < value(seen, "exchange_duration_seconds_sum", result="success") < 10
    assert value(seen, "exchange_duration_seconds_count", result="failure") == 0
    assert sum_of(seen, "exchanges_total") == 1
    assert errors_of(seen) == {}
    assert seen[("sts_sidecar_config_last_reload_successful", ())] == 1
    assert began - 1 <= seen[("sts_sidecar_config_last_reload_success_timestamp_seconds", ())] <= time.time()
    assert began - 0.1 <= seen[("process_start_time_seconds", ())] <= time.time()
    assert seen[("sts_sidecar_log_lines_dropped_total", ())] == 0
    info, = [dict(labels) for name, labels in seen if name == "sts_sidecar_build_info"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", info["version"]) and info["bearssl"] and info["libc"]


def test_metrics_of_failures(start, serve):
    _, port = start(url=serve(tokens.http(403, {"error": "access_denied"})).url(PATH))
    wait_for(lambda: value(metrics(port), "exchanges_total", result="denied"), "a failure")
    seen = metrics(port)
    failed = value(seen, "exchanges_total", result="denied")
    assert sum_of(seen, "exchanges_total") == failed
    assert value(seen, "consecutive_failures") == failed == value(seen, "exchange_duration_seconds_count", result="failure")
    assert value(seen, "exchange_duration_seconds_count", result="success") == 0
    assert errors_of(seen) == {"default": "denied"}
    assert value(seen, "next_attempt_timestamp_seconds") > time.time() - 1
    for name in ("ready", "token_expiration_timestamp_seconds", "token_lifetime_seconds", "last_success_timestamp_seconds"):
        assert value(seen, name) == 0, name


def test_metrics_of_a_connection_that_is_refused(start):
    _, port = start(url=f"https://127.0.0.1:{free_port()}/")
    wait_for(lambda: errors_of(metrics(port)), "a failure")
    assert errors_of(metrics(port)) == {"default": "connect"}
    assert value(metrics(port), "exchanges_total", result="network") == 1


def test_ready_looks_at_the_files_again(start, space):
    _, port = start()
    wait_for(lambda: value(metrics(port), "ready") == 1, "a token")
    (space.out / "token.jwt").unlink()
    assert value(metrics(port), "ready") == 0


def test_metrics_of_a_token_that_was_there(start, space):
    token = tokens.issued(3600)
    space.fill(token, tokens.rfc3339(tokens.expiry(token)))
    _, port = start()
    wait_for(lambda: value(metrics(port), "token_expiration_timestamp_seconds") == tokens.expiry(token), "the token's expiry")
    seen = metrics(port)
    assert value(seen, "exchanges_total", result="success") == 0
    assert 3590 <= value(seen, "token_lifetime_seconds") <= 3601 and value(seen, "ready") == 1


def test_the_documentation_has_them_all(start):
    """And no others; the alerts, the dashboard and the PodMonitor of deploy/monitoring/ are made of them."""
    _, port = start()
    text = (TOP / "docs/metrics.md").read_text()
    families = set(re.findall(r"^# TYPE sts_sidecar_(\S+) (\w+)$", page(port, "/metrics")[2], re.M))
    assert re.findall(r"^# TYPE ((?!sts_sidecar_)\S+) gauge$", page(port, "/metrics")[2], re.M) == ["process_start_time_seconds"]
    assert families == set(re.findall(r"^\| `(\w+)` \| (gauge|counter|histogram) \|", text, re.M))
    known = {name + end for name, kind in families for end in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))}
    for words in (text, *(path.read_text() for path in (TOP / "deploy/monitoring").glob("*.*"))):
        assert set(re.findall(r"sts_sidecar_(\w+)", words)) <= known | {"exchange_duration_seconds_"}


# What `promtool check metrics` asks of a family: its name has no abbreviated unit, no unit that is not a base unit, and not its type; counters alone end with _total.
UNITS = "seconds|bytes|ratio|celsius|meters|volts|amperes|joules|grams"
ABBREVIATED = re.compile(r"_(s|ms|us|ns|sec|m|h|d|b|kb|mb|gb|pct)(_total)?$")
NOT_BASE = re.compile(r"_(nano|micro|milli|centi|kilo|mega)\w*|_(minutes|hours|days|weeks|bits|kilobytes|percent|fahrenheit|kelvin)(_|$)")


def mistakes(text):
    """What is against Prometheus's conventions, as promtool would say it: [(name, mistake)]."""
    found = []
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M):
        wrong = {
            "has no help": not re.search(rf"^# HELP {name} \S.*\n# TYPE {name} ", text, re.M),
            "is not in snake_case": not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name),
            "has an abbreviated unit": ABBREVIATED.search(name),
            "has a unit that is no base unit": NOT_BASE.search(name),
            "has its type in its name": kind in name.split("_"),
            "is a counter without _total": kind == "counter" and not name.endswith("_total"),
            "is no counter, and ends with _total": kind != "counter" and name.endswith("_total"),
            "is a time without _timestamp_seconds": "timestamp" in name and not name.endswith("_timestamp_seconds"),
            "has a suffix of histograms": re.search(r"_(count|sum|bucket)$", name),
            "has a unit in the middle": re.search(rf"_({UNITS})_(?!total$)", name),
            "is an _info that is no gauge": name.endswith("_info") and kind != "gauge",
            "stands twice": len(re.findall(rf"^# TYPE {name} ", text, re.M)) > 1,
        }
        found += [(name, mistake) for mistake, holds in wrong.items() if holds]
    return found


def test_conventions(start):
    _, port = start()
    assert mistakes(page(port, "/metrics")[2]) == []


@pytest.mark.parametrize("name, kind, mistake", [
    ("exchanges", "counter", "is a counter without _total"), ("failures_total", "gauge", "is no counter, and ends with _total"),
    ("duration_ms", "gauge", "has an abbreviated unit"), ("age_milliseconds", "gauge", "has a unit that is no base unit"),
    ("age_days", "gauge", "has a unit that is no base unit"), ("next_timestamp", "gauge", "is a time without _timestamp_seconds"),
    ("nextAttempt", "gauge", "is not in snake_case"), ("retry_gauge", "gauge", "has its type in its name"),
    ("tries_count", "gauge", "has a suffix of histograms"), ("life_seconds_left", "gauge", "has a unit in the middle"),
    ("build_info", "counter", "is an _info that is no gauge")])
def test_a_mistake_is_seen(name, kind, mistake):
    seen = [words for _, words in mistakes(f"# HELP x_{name} Words.\n# TYPE x_{name} {kind}\nx_{name} 1\n")]
    assert mistake in seen
    assert "has no help" in [words for _, words in mistakes(f"# TYPE x_{name} {kind}\n")]


def reloaded(port):
    seen = metrics(port)
    return tuple(seen["sts_sidecar_config_last_reload_" + name, ()] for name in ("successful", "success_timestamp_seconds"))


def test_a_configuration_with_a_mistake(several):
    """The metrics say so until the file is good again; without the histogram from then on."""
    port = free_port()
    a = several.exchange("a")
    several.configure(a, listen=f"127.0.0.1:{port}")
    process = several.start()
    up(port)
    several.said("token refreshed", "a")
    good, first_s = reloaded(port)
    assert good == 1
    several.configure(a, listen=f"127.0.0.1:{port}", colour="red")
    process.signal(signal.SIGHUP)
    wait_for(lambda: reloaded(port) == (0, first_s), "a refusal")
    assert "duration" in page(port, "/metrics")[2]
    several.configure(a, listen=f"127.0.0.1:{port}", no_histogram=True)
    process.signal(signal.SIGHUP)

    def is_new():
        # The listener is replaced by another one, which may cut an answer short.
        with contextlib.suppress(OSError, KeyError):
            return reloaded(port)[0] == 1 and "duration" not in page(port, "/metrics")[2]
    wait_for(is_new, "the new configuration")
    assert reloaded(port)[1] >= first_s
    assert several.stop(process).status == 0
