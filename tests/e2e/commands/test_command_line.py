# SPDX-License-Identifier: Apache-2.0
"""The command line: help, versions, names that are nearly right, the environment, where a token may be printed."""
import re

import pytest

from harness import tokens
from harness.tokens import http

COMMANDS = ["run", "fetch", "check", "inspect", "exchange"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command, sidecar):
    run = sidecar.run(command, "--help")
    assert run.status == 0, run.err
    text = run.out.decode()
    assert text.startswith(("usage: ", "Usage: ")), text
    assert f"sts-sidecar {command}" in text
    assert run.err == ""


OPTIONS = {
    "fetch": ["--url", "--protocol", "--token-file", "--output-dir", "--cacert-path", "--cacert-only", "--stdout", "--force",
              "--deadline", "--timeout", "--mode", "--log-format", "--insecure-http", "--param-file", "--client-secret-file"],
    "check": ["--wait", "--min-ttl", "--json"],
    "inspect": ["--json"],
    "exchange": ["--single-run", "--cacert-path", "--seconds-between-runs", "--minutes-before-refresh"],
}


@pytest.mark.parametrize("command", OPTIONS)
def test_help_lists_the_options(command, sidecar):
    text = sidecar.run(command, "--help").out.decode()
    for option in OPTIONS[command]:
        assert option in text


def test_general_help(sidecar):
    run = sidecar.run("--help")
    assert run.status == 0
    text = run.out.decode()
    for command in COMMANDS:
        assert re.search(rf"^\s+{command}\b", text, re.MULTILINE), command
    for status in (64, 65, 66, 69, 70, 71, 73, 75, 77):
        assert str(status) in text


def test_no_command(sidecar):
    run = sidecar.run()
    assert run.status == 64
    assert "--help" in run.last


@pytest.mark.parametrize("word,nearest", [("fecth", "fetch"), ("chekc", "check"), ("inspct", "inspect")])
def test_unknown_command(word, nearest, sidecar):
    run = sidecar.run(word)
    assert run.status == 64
    assert nearest in run.last
    assert word in run.last


def test_version(sidecar):
    run = sidecar.run("--version")
    assert run.status == 0
    text = run.out.decode()
    assert re.search(r"sts-sidecar \d+\.\d+\.\d+", text)
    assert re.search(r"BearSSL 0\.6", text)
    assert re.search(r"cJSON 1\.7", text)


@pytest.mark.parametrize("option,nearest", [("--ulr", "--url"), ("--token-fiel", "--token-file"), ("--outputdir", "--output-dir"),
                                            ("--cacert-paht", "--cacert-path")])
def test_unknown_option(option, nearest, sidecar):
    run = sidecar.run("fetch", option, "x")
    assert run.status == 64
    assert option in run.last and nearest in run.last


def test_an_unknown_option_far_from_all(sidecar):
    run = sidecar.run("fetch", "--xyzzyplugh")
    assert run.status == 64
    assert "--xyzzyplugh" in run.last
    assert run.last.isprintable()


def test_controls_in_an_option_do_not_reach_the_terminal(sidecar):
    run = sidecar.run("fetch", "--x\x1b[2J\r\ny")
    assert run.status == 64
    assert "\x1b" not in run.err and "\r" not in run.err


# ---- the environment

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


def test_service_links_are_no_options(fetch, serve):
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/x"), env={name: "tcp://10.0.0.1:443" for name in LINKS})
    assert run.status == 0, run.err
    assert "STS_" not in run.err


def test_a_wrong_value_in_the_environment(fetch):
    run = fetch("https://127.0.0.1:1/x", env={"STS_DEFAULT_TTL": "never"})
    assert run.status == 64
    assert "STS_DEFAULT_TTL" in run.last


def test_proxy_variables(fetch, serve):
    """Nothing goes through a proxy that nobody asked for by a flag."""
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/x"), env={"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1"})
    assert run.status == 0, run.err


# ---- --stdout

def test_stdout(fetch, serve, space):
    token = tokens.issued()
    server = serve(tokens.openunison(token))
    run = fetch(server.url("/x"), "--stdout")
    assert run.status == 0, run.err
    assert run.out == token.encode()
    assert list(space.out.iterdir()) == []


def test_stdout_needs_no_directory(fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    run = fetch(server.url("/x"), "--stdout", output_dir=None)
    assert run.status == 0, run.err


def test_stdout_of_a_failure_is_empty(fetch, serve):
    server = serve(http(403))
    run = fetch(server.url("/x"), "--stdout")
    assert run.status == 77
    assert run.out == b""


def test_stdout_that_is_closed(sidecar, serve, space):
    """A full or closed pipe is a failure of the output, not a success."""
    server = serve(tokens.openunison(tokens.issued()))
    with open("/dev/full", "wb") as full:
        run = sidecar.run("fetch", "--url", server.url("/x"), "--protocol", "openunison", "--token-file", space.token_file,
                          "--cacert-path", space.ca_file, "--stdout", "--deadline", "1s", stdout=full)
    assert run.status == 73, run.err


def test_plain_http_to_loopback_when_asked(fetch, serve, space):
    token = tokens.issued()
    server = serve(tokens.openunison(token), tls=False)
    run = fetch(f"http://127.0.0.1:{server.port}/x", "--insecure-http", cacert_path=None)
    assert run.status == 0, run.err
    assert (space.out / "token.jwt").read_text() == token


def test_directory_flag_spelt_cacert(fetch, serve, space):
    server = serve(tokens.openunison(tokens.issued()))
    assert fetch(server.url("/x"), "--cacert", space.ca_file, cacert_path=None).status == 0
