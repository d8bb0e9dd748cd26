# SPDX-License-Identifier: Apache-2.0
"""Subject tokens that are not sent: what is wrong with the file, or with what is in it."""
import os

from harness import tokens
from harness.bad_input import Row, check, each
from harness.sidecar import ROOT


def token_is(data):
    def prepare(space):
        space.token_file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return prepare


def token_missing(space):
    space.token_file.unlink()


def token_unreadable(space):
    space.token_file.chmod(0o600 if ROOT else 0)
    if ROOT:
        os.chown(space.token_file, 0, 0)


def token_is_a_directory(space):
    space.token_file.unlink()
    space.token_file.mkdir()


def token_is_a_fifo(space):
    space.token_file.unlink()
    os.mkfifo(space.token_file)
    space.token_file.chmod(0o666)


def token_link_dangles(space):
    space.token_file.unlink()
    space.token_file.symlink_to("..data/token")


SUBJECTS = [
    Row("no subject token", 66, "subject_missing", r"no subject token at .*: no such file", prepare=token_missing, asked=False),
    Row("subject token behind a dangling link", 66, "subject_missing", r"no subject token at .*: no such file", prepare=token_link_dangles, asked=False),
    Row("subject token empty", 66, "subject_malformed", "token is empty", prepare=token_is(""), asked=False),
    Row("subject token of white space", 66, "subject_malformed", "token is empty", prepare=token_is(" \r\n\t\n"), asked=False),
    Row("subject token over 64 KiB", 66, "subject_too_big", "is over 64 KiB", prepare=token_is("a" * 70_000), asked=False),
    Row("subject token of many MiB", 66, "subject_too_big", "is over 64 KiB", prepare=token_is("a" * 8_000_000), asked=False),
    Row("subject token is no token", 66, "subject_malformed", r"a byte .* at byte 5", prepare=token_is("hello world, I am no token"), asked=False),
    Row("subject token with CR LF inside", 66, "subject_malformed", "a line break inside, at byte 40",
        prepare=lambda s: token_is(tokens.subject()[:40] + "\r\nX-Evil: 1\r\n\r\n" + tokens.subject()[40:])(s), asked=False),
    Row("subject token with NUL inside", 66, "subject_malformed", r"a byte .* at byte 3", prepare=token_is(b"abc\0def"), asked=False),
    Row("subject token is two tokens", 66, "subject_malformed", r"a line break inside, at byte \d{3}", prepare=lambda s: token_is(tokens.subject() + "\n" + tokens.subject())(s),
        asked=False),
    Row("subject token is not ASCII", 66, "subject_malformed", r"a byte .* at byte 2", prepare=token_is("gr\u00fc\u00df".encode()), asked=False),
    Row("subject token expired", 66, "subject_expired", r"expired at .*, 2 min( \d+ s)? ago", prepare=lambda s: token_is(tokens.subject(-120))(s), asked=False),
    Row("subject token unreadable", 66, "subject_unreadable", r"mode 0600, owner 0|permission denied", prepare=token_unreadable, asked=False, needs_user=True),
    Row("subject token is a directory", 66, "subject_unreadable", "is a directory", prepare=token_is_a_directory, asked=False),
    Row("subject token is a FIFO", 66, "subject_unreadable", "not a regular file", prepare=token_is_a_fifo, asked=False),
    Row("subject token for another audience", 66, "subject_audience", 'not for audience "other"', options={"subject-audience": "other"}, asked=False),
]


@each(*SUBJECTS)
def test_subject_tokens_that_are_not_sent(row, fetch, serve, space):
    check(row, fetch, serve, space)
