# SPDX-License-Identifier: Apache-2.0
"""Tests of the comparison itself. It can fail, masks hide what they are for and nothing else, and recordings are read as they were written."""
import re
import stat
import tomllib

import pytest

from harness.sidecar import build_folder
from oracle import ERRORS, cases, suite  # noqa: F401
from oracle.masks import MASKS, Masker
from tables import packing

CASE = "usage/argument-of-fetch"
FEW = ["help/version", CASE, "requests/plain", "protocols/unknown"]
FOLDER = "/tmp/o-abcdefgh"


def masked(text):
    mask = Masker(FOLDER, 65532, 65532)
    mask.ports.add(40001)
    mask.lives.add(7777)
    return mask([text])[0]


# ---- can it fail? ----

@pytest.fixture
def other(tmp_path):
    """other(old, new): a copy of the program in which other words of the same length stand."""
    def make(old, new):
        data = (build_folder() / "sts-sidecar").read_bytes()
        assert len(old) == len(new) and old in data
        path = tmp_path / "sts-sidecar"
        path.write_bytes(data.replace(old, new))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path
    return make


def with_another_letter(words):
    """The format that begins with these words as the release has it, and one that differs in a letter and has as many bytes."""
    symbols = packing.symbols_of_the_project()
    (text,) = {text for path in packing.TOP.glob("sidecar/*/*.c") for _, _, text in packing.formats(path.read_text()) if text.startswith(words)}
    old = symbols.pack(text)
    return old, next(new for at in range(len(words)) for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if len(new := symbols.pack(text[:at] + letter + text[at + 1:])) == len(old) and new != old)


def test_a_program_with_one_other_letter_is_noticed(other, wanted):
    words = 'unexpected argument "'
    seen = suite.play_all(other(*with_another_letter(words)), FEW)
    assert [name for name in FEW if seen[name] != wanted[name]] == [CASE]
    shown = suite.diff(CASE, wanted[CASE], seen[CASE])
    assert f"\n-err| sts-sidecar: {words}" in shown
    line = next(line for line in shown.splitlines() if line.startswith("+err|")).removeprefix("+err| sts-sidecar: ")
    assert sum(a != b for a, b in zip(line, words)) == 1


def test_another_exit_status_is_noticed(tmp_path, wanted):
    path = tmp_path / "sts-sidecar"
    path.write_text("#!/bin/sh\necho 'sts-sidecar: unexpected argument \"https://a.example/\"; see sts-sidecar fetch --help' >&2\nexit 65\n")
    path.chmod(0o755)
    seen = suite.play_all(path, [CASE])[CASE]
    assert seen == wanted[CASE].replace("exit 64", "exit 65")


def test_a_missing_newline_and_a_control_character_are_noticed(tmp_path, wanted):
    path = tmp_path / "sts-sidecar"
    path.write_text("#!/bin/sh\nprintf 'sts-sidecar: unexpected argument \"https://a.example/\"; see sts-sidecar fetch --help' >&2\nexit 64\n")
    path.chmod(0o755)
    seen = suite.play_all(path, [CASE])[CASE]
    assert seen == wanted[CASE].replace("--help\n", "--help\N{NOT SIGN}\n") != wanted[CASE]


def test_a_case_that_breaks_is_noticed(monkeypatch):
    def breaks(scene):
        scene.run("--version")
        raise OSError("no room")
    monkeypatch.setitem(suite.CASES, "self/breaks", suite.Case("self/breaks", breaks, 0))
    assert "CANNOT BE PLAYED" in suite.play_all(build_folder() / "sts-sidecar", ["self/breaks"])["self/breaks"]


# ---- masks ----

@pytest.mark.parametrize("number", range(len(MASKS)))
def test_a_mask_hides_its_example(number):
    assert masked(MASKS[number].example) != MASKS[number].example, MASKS[number]


WORDS = re.findall(r'^(?:meaning|hint|help) = "(.*)"$', ERRORS.read_text(), re.M)


def test_no_mask_hides_a_word(recordings):
    """Without the digits in what the program says, masks find nothing. Only the two exceptions match words."""
    assert len(WORDS) > 100
    lines = [re.sub(r"\d", "", line) for text in recordings.values() for line in text.splitlines()]
    bad = [line for line in WORDS + lines if masked(line) not in (line, line.replace("just now", "AGO"))]
    assert not bad


def test_what_is_masked_stays_so(recordings):
    bad = {name for name, text in recordings.items() for line in text.splitlines() if masked(line) != line}
    assert not bad


def test_words_beside_a_mask_are_compared():
    assert masked("err| TIME error: x retry_in_s=2 hint=\"a\"") == "err| TIME error: x retry_in_s=N hint=\"a\""
    assert masked("retry_after_s=2") == "retry_after_s=2"
    assert masked("lifetime_s=600") == "lifetime_s=600"
    assert masked("tries 3") == "tries 3"
    assert masked("http_status 403") == "http_status 403"
    assert masked("token_valid_s=0") == "token_valid_s=0"
    assert masked("127.0.0.1:40002") == "127.0.0.1:40002"
    assert masked("2001-01-01T00:00:00Z 2101-01-01T00:00:00Z") == "2001-01-01T00:00:00Z 2101-01-01T00:00:00Z"


@pytest.mark.parametrize("text, shown", [("just now", "AGO"), ("3 s ago", "AGO"), ("1 min ago", "LONG AGO"), ("15 min 1 s ago", "LONG AGO"),
                                         ("2 h 5 min ago", "LONG AGO"), ("9131 d ago", "LONG AGO")])
def test_how_long_ago_something_was_is_hidden_as_a_whole(text, shown):
    assert masked(f"try 4 failed {text}: 403") == f"try 4 failed {shown}: 403"


# ---- files ----

def test_recordings_are_read_as_they_were_written(recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(suite, "RECORDED", tmp_path)
    suite.write(recordings)
    assert suite.read() == recordings
    assert len(list(tmp_path.iterdir())) == len(suite.groups())


def test_every_line_of_a_recording_has_a_kind(recordings):
    kind = re.compile(r"(\$ |exit \d+$|# |file \S+ [0-7]{4}$|[\w.-]+\|(?: |$))")
    assert not [(name, line) for name, text in recordings.items() for line in text.splitlines() if not kind.match(line)]


# ---- intended differences ----

def differences(tmp_path, text):
    path = tmp_path / "differences.toml"
    path.write_text(text)
    return suite.differences(path)


def test_a_whole_new_text(tmp_path, recordings):
    made = differences(tmp_path, "[[difference]]\ncase = 'usage/no-command'\nreason = 'words'\ntext = '''\n$ sts-sidecar\nexit 64\n'''\n")
    assert suite.expected(recordings, made)["usage/no-command"] == "$ sts-sidecar\nexit 64\n" and made[0].used


def test_replaced_words_in_many_cases(tmp_path, recordings):
    made = differences(tmp_path, "[[difference]]\ncase = 'usage/*'\nreason = 'words'\nold = 'see sts-sidecar COMMAND'\nnew = 'run sts-sidecar COMMAND'\n")
    want = suite.expected(recordings, made)
    changed = [name for name in want if want[name] != recordings[name]]
    assert len(changed) > 50 and all(name.startswith("usage/") for name in changed) and made[0].used


@pytest.mark.parametrize("row", ["case = 'usage/no-command'\nold = 'words that nobody says'\nnew = 'x'", "case = 'no/case'\nold = 'a'\nnew = 'b'"])
def test_an_entry_that_is_not_needed(tmp_path, recordings, row):
    made = differences(tmp_path, f"[[difference]]\nreason = 'none'\n{row}\n")
    assert suite.expected(recordings, made) == recordings and not made[0].used


def test_an_entry_without_a_reason(tmp_path):
    with pytest.raises(AssertionError):
        differences(tmp_path, "[[difference]]\ncase = 'a/b'\nreason = ' '\ntext = 'x'\n")


# ---- coverage ----

# Errors that no recording shows, each with the reason.
NOT_RECORDED = {
    "again": "it never leaves a parser",
    "url": "the command line does not name its error, it prints the message and the hint: usage/",
    "stopped": "a command that is told to stop says so in words alone: status/fetch-stopped",
    "early": "the recorded program did not have it",
    "hangs": "the recorded program did not have it",
    "request_too_big": "the recorded program named it status or refused",
    "tls_name": "the recorded program named it tls: tls/alert-112",
    "tls_alpn": "the recorded program named it tls: tls/alert-120",
    "tls_renegotiation": "it takes a server that renegotiates: tests/trust/test_renegotiation.py",
    "cert_key_usage": "the recorded program named it tls_refused: trust/ca-as-a-server",
    "files": "it takes a limit of open files",
    "fork": "it takes a limit of processes",
    "stdout": "the recorded program named it output: output/stdout-full",
    "port": "the recorded program had no name for it: listen/port-is-taken",
    "sandbox": "it takes a kernel without a layer",
    "bug": "it takes a bug",
}


def test_every_error_is_recorded_but_those_with_a_reason(recordings):
    groups = tomllib.loads(ERRORS.read_text())["error"].values()
    names = {name for group in groups for name in group}
    text = "\n".join(recordings.values())
    shown = {name for name in names if re.search(rf'error="{name}"|"error":"{name}"|\berror {name}\n', text)}
    assert len(names) > 50
    assert names - shown == set(NOT_RECORDED)
