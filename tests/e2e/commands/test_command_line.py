# SPDX-License-Identifier: Apache-2.0
"""The command line: versions, and names that are nearly right. test_help.py is about the help."""
import re

import pytest

from harness.sidecar import is_one_line

@pytest.mark.parametrize("word,nearest", [("fecth", "fetch"), ("chekc", "check"), ("inspct", "inspect")])
def test_unknown_command(word, nearest, sidecar):
    run = sidecar.run(word)
    assert run.status == 64
    assert nearest in run.last
    assert word in run.last


def test_an_option_before_the_command(sidecar):
    run = sidecar.run("--url=https://sts.example/", "fetch")
    assert run.status == 64 and run.out == b""
    assert run.err == "sts-sidecar: the command comes first, and its options follow; sts-sidecar help lists the commands\n"


@pytest.mark.parametrize("word", ["--version", "version"])
def test_version(word, sidecar):
    run = sidecar.run(word)
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


@pytest.mark.parametrize("words", [["--help"], ["help"], ["fetch", "--help"], ["--version"], ["version"], ["inspect", "TOKEN"], ["inspect", "--json", "TOKEN"],
                                   ["fetch", "--url", "https://a.test/", "--dry-run"]])
def test_an_answer_that_cannot_be_printed_is_no_success(words, sidecar, space):
    words = [space.token_file if word == "TOKEN" else word for word in words]
    with open("/dev/full", "wb") as full:
        run = sidecar.run(*words, stdout=full)
    assert run.status == 73 and "no space left" in run.err and is_one_line(run), run.err
