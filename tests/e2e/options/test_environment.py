# SPDX-License-Identifier: Apache-2.0
"""The environment: what counts more, what is warned about, and what is left alone."""
import pytest

from harness import tokens
from harness.runs import rig  # fixture


def asked_at(server):
    return [request.split(b" ")[1].decode() for request in server.requests]


def test_everything_from_the_environment(sidecar, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    run = sidecar.run("fetch", env={"STS_URL": server.url("/env"), "STS_PROTOCOL": "openunison", "STS_TOKEN_FILE": space.token_file,
                                    "STS_OUTPUT_DIR": space.out, "STS_CACERT_PATH": space.ca_file, "STS_MODE": "0600"})
    assert run.status == 0, run.err
    assert asked_at(server) == ["/env"]
    assert (space.out / "token.jwt").stat().st_mode & 0o777 == 0o600


def test_flags_outrank_the_environment(fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/flag"), env={"STS_URL": server.url("/env"), "STS_PROTOCOL": "nonsense", "STS_MODE": "0600"}, mode="0640")
    assert run.status == 0, run.err
    assert asked_at(server) == ["/flag"]
    assert (space.out / "token.jwt").stat().st_mode & 0o777 == 0o640


def test_the_environment_outranks_the_default(fetch, serve):
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/x"), protocol=None, env={"STS_PROTOCOL": "openunison"})
    assert run.status == 0, run.err
    assert server.requests[0].startswith(b"GET ")


def test_several_values_in_the_environment(fetch, serve):
    server = serve(tokens.exchanged(tokens.issued()))
    run = fetch(server.url("/x"), protocol="token-exchange", env={"STS_AUDIENCE": "first\nsecond"})
    assert run.status == 0, run.err
    assert b"audience=first&audience=second" in server.requests[0]


def test_an_unknown_variable_is_a_warning(fetch, serve):
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/x"), env={"STS_CACERT_PAHT": "x"})
    assert run.status == 0, run.err
    warnings = [line for line in run.lines if "STS_CACERT_PAHT" in line]
    assert len(warnings) == 1
    assert "STS_CACERT_PATH" in warnings[0]


LINKS = ["STS_SERVICE_HOST", "STS_SERVICE_PORT", "STS_SERVICE_PORT_HTTPS", "STS_PORT", "STS_PORT_443_TCP", "STS_PORT_443_TCP_PROTO",
         "STS_PORT_443_TCP_PORT", "STS_PORT_443_TCP_ADDR", "STS_URL_SERVICE_HOST"]


@pytest.mark.parametrize("level, form, first", [("info", "json", "{"), ("info", "text", "2"), ("error", "text", "")])
def test_the_warning_has_the_format_and_the_level_that_were_asked_for(level, form, first, fetch, serve):
    run = fetch(serve(tokens.openunison(tokens.issued())).url("/"), log_format=form, log_level=level, env={"STS_CACERT_PAHT": "/x"})
    warnings = [line for line in run.lines if "STS_CACERT_PAHT" in line]
    assert [line[0] for line in warnings] == list(first)


def test_service_links_are_no_options(fetch, serve):
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/x"), env={name: "tcp://10.0.0.1:443" for name in LINKS})
    assert run.status == 0, run.err
    assert "STS_" not in run.err


def test_a_wrong_value_in_the_environment(fetch):
    run = fetch("https://127.0.0.1:1/x", env={"STS_DEFAULT_TTL": "never"})
    assert run.status == 64
    assert "STS_DEFAULT_TTL" in run.last


def test_too_many_values_in_the_environment(fetch):
    run = fetch("https://127.0.0.1:1/", protocol="token-exchange", env={"STS_PARAM": "\n".join(f"k{i}=v" for i in range(500))})
    assert run.status == 64 and "too often" in run.err, run.err


SERVICE = {  # as the kubelet sets it for a Service called sts with the ports 443 and "metrics" 9090
    "STS_SERVICE_HOST": "10.96.7.9", "STS_SERVICE_PORT": "443", "STS_SERVICE_PORT_HTTPS": "443", "STS_SERVICE_PORT_METRICS": "9090",
    "STS_PORT": "tcp://10.96.7.9:443",
    "STS_PORT_443_TCP": "tcp://10.96.7.9:443", "STS_PORT_443_TCP_PROTO": "tcp", "STS_PORT_443_TCP_PORT": "443",
    "STS_PORT_443_TCP_ADDR": "10.96.7.9",
    "STS_PORT_9090_TCP": "tcp://10.96.7.9:9090", "STS_PORT_9090_TCP_PROTO": "tcp", "STS_PORT_9090_TCP_PORT": "9090",
    "STS_PORT_9090_TCP_ADDR": "10.96.7.9",
    "STS_SIDECAR_SERVICE_HOST": "10.96.7.10", "STS_SIDECAR_PORT": "udp://10.96.7.10:53", "STS_SIDECAR_PORT_53_UDP": "udp://10.96.7.10:53",
    "KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_PORT": "tcp://10.96.0.1:443",
}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "exchange"])
def test_beside_a_service_called_sts(command, rig):
    r = rig()
    process = getattr(r, command)(env=SERVICE)
    r.said("token refreshed")
    assert r.stop(process).status == 0
    assert [line["level"] for line in r.lines()] == ["info", "info"]
