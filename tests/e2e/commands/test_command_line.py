# SPDX-License-Identifier: Apache-2.0
"""The command line: help, versions, and names that are nearly right."""
import re

import pytest

from harness.sidecar import is_one_line

COMMANDS = ["run", "fetch", "check", "inspect", "exchange"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command, sidecar):
    run = sidecar.run(command, "--help")
    assert run.status == 0, run.err
    text = run.out.decode()
    assert text.startswith(f"usage: sts-sidecar {command} "), text
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


@pytest.mark.parametrize("words", [["--help"], ["fetch", "--help"], ["--version"], ["inspect", "TOKEN"], ["inspect", "--json", "TOKEN"],
                                   ["fetch", "--url", "https://a.test/", "--dry-run"]])
def test_an_answer_that_cannot_be_printed_is_no_success(words, sidecar, space):
    words = [space.token_file if word == "TOKEN" else word for word in words]
    with open("/dev/full", "wb") as full:
        run = sidecar.run(*words, stdout=full)
    assert run.status == 73 and "no space left" in run.err and is_one_line(run), run.err
