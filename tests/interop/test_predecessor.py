# SPDX-License-Identifier: Apache-2.0
"""openunison-cli beside `exchange`: the same bytes from one STS, the same files, the same forms of the command line. STS_OPENUNISON_CLI names
its binary (README.md says why it is not built here)."""
import json
import os
import pathlib
import shutil
import signal

import pytest

from harness.mock import wait_for

CLI = os.environ.get("STS_OPENUNISON_CLI")
FILES = ("token.jwt", "expires", "thumbprint")
pytestmark = pytest.mark.skipif(not CLI, reason="STS_OPENUNISON_CLI is not set: no registry here has the module of openunison-cli")

FORMS = {
    "the injector's": ["--cacert-path={ca}", "{token}", "{url}", "{out}"],
    "flags last": ["{token}", "{url}", "{out}", "--cacert-path", "{ca}"],
    "flags between": ["{token}", "--cacert-path", "{ca}", "{url}", "--seconds-between-runs=5", "{out}", "--minutes-before-refresh", "1"],
    "a boolean with a value": ["--single-run=false", "--cacert-path={ca}", "{token}", "{url}", "{out}"],
    "more positionals": ["--cacert-path={ca}", "{token}", "{url}", "{out}", "four", "five"],
    "a double dash": ["--cacert-path={ca}", "--", "{token}", "{url}", "{out}"],
    "seconds below one": ["--cacert-path={ca}", "--seconds-between-runs=-1", "{token}", "{url}", "{out}"],
}
WRONG = {
    "two positionals": ["--cacert-path={ca}", "{token}", "{url}"],
    "none": [],
    "an unknown flag": ["--cacert-file={ca}", "{token}", "{url}", "{out}"],
    "a number that is none": ["--seconds-between-runs=soon", "{token}", "{url}", "{out}"],
    "a flag without its value": ["{token}", "{url}", "{out}", "--cacert-path"],
    "a boolean that is none": ["--single-run=perhaps", "{token}", "{url}", "{out}"],
}


@pytest.fixture
def both(rig):
    """both(form, single): runs each program with these arguments and a directory of its own; an STS whose answer is frozen."""
    sts = rig("--lifetime", "20m")
    shutil.copy2(CLI, sts.folder / "openunison-cli")
    (sts.folder / "openunison-cli").chmod(0o755)
    ours = (sts.sidecar.path, sts.folder / "ours")
    theirs = (sts.folder / "openunison-cli", sts.folder / "theirs")
    sts.programs = {"ours": ours, "theirs": theirs}
    for _, out in sts.programs.values():
        out.mkdir()
        out.chmod(0o777)

    def freeze(**change):
        body = sts.mock.user(sts.token_file.read_text()).body
        sts.mock.control("DELETE", "faults")
        sts.mock.fault(body=body.decode(), content_type="application/json; charset=UTF-8", path="/vault/token/user", **change)
        return json.loads(body)["token"]

    def run(who, form, single=True, wait=True):
        program, out = sts.programs[who]
        words = [word.format(ca=sts.ca_file, token=sts.token_file, url=sts.url, out=out) for word in form]
        kept, sts.sidecar.path = sts.sidecar.path, pathlib.Path(program)
        try:
            process = sts.sidecar.start("exchange", *(["--single-run"] if single else []), *words)
        finally:
            sts.sidecar.path = kept
        sts.processes.append(process)
        return process.wait(20) if wait else process

    sts.freeze, sts.both = freeze, run
    sts.files = lambda who: {name: (sts.programs[who][1] / name).read_bytes() for name in FILES if (sts.programs[who][1] / name).exists()}
    return sts


@pytest.mark.parametrize("form", FORMS)
def test_same_files(both, form):
    """the same answer makes the same files, byte for byte, whatever the order of the arguments"""
    token = both.freeze()
    words = FORMS[form]
    for who in both.programs:
        single = not any(word.startswith("--single-run") for word in words)
        if single:
            assert both.both(who, words).status == 0
            continue
        process = both.both(who, words, single=False, wait=False)
        wait_for(lambda: len(both.files(who)) == len(FILES), f"files of {who}")
        process.signal(signal.SIGTERM)
        assert process.wait(5).status == 0
    assert both.files("ours") == both.files("theirs") == {
        "token.jwt": token["jwt"].encode(), "expires": token["expires"].encode(), "thumbprint": token["thumbprint"].encode()}
    asked = both.requests()
    ours, theirs = asked[-2:]
    for name in ("method", "path", "subject"):
        assert ours[name] == theirs[name]


@pytest.mark.parametrize("form", WRONG)
def test_same_refusals(both, form):
    """what one program does not take, the other does not: exit 1, nothing asked, nothing written"""
    for who in both.programs:
        result = both.both(who, WRONG[form], single=form != "a boolean that is none")
        assert result.status == 1, (who, result.err)
        assert both.files(who) == {}
    assert not both.requests()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_same_signals(both, number):
    """both stay after the first token, and end with 0 when told to"""
    both.freeze()
    for who in both.programs:
        process = both.both(who, FORMS["the injector's"], single=False, wait=False)
        wait_for(lambda: len(both.files(who)) == len(FILES), f"files of {who}")
        process.signal(number)
        assert process.wait(5).status == 0
    assert both.files("ours") == both.files("theirs")


def test_takes_over(both):
    """each goes on with what the other has left: nothing is asked while that token is good"""
    both.freeze()
    assert both.both("theirs", FORMS["the injector's"]).status == 0
    before = both.files("theirs")
    both.programs["ours"] = (both.programs["ours"][0], both.programs["theirs"][1])
    process = both.both("ours", FORMS["the injector's"], single=False, wait=False)
    wait_for(lambda: [entry for entry in both.requests("/vault/sig-cert")] or process.popen.poll() is not None, "the poll", 40)
    assert len(both.requests()) == 2  # the request whose answer was frozen, and the request of openunison-cli
    process.signal(signal.SIGTERM)
    assert process.wait(5).status == 0
    assert both.files("theirs") == before


def test_denied(both):
    """both say "unexpected status 403" """
    for who in both.programs:
        both.mock.fault(status=403)
        result = both.both(who, FORMS["the injector's"])
        assert result.status != 0 and "unexpected status 403" in result.err, (who, result.err)
        assert both.files(who) == {}
