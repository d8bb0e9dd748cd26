# SPDX-License-Identifier: Apache-2.0
"""One line at the start says who can read the files, if that is fewer than the files seem to be for. tests/unit/output/test_readers.c has the table
of modes."""
import os
import re
import signal

import pytest

from harness import tokens
from harness.sidecar import GID, ROOT, UID

ONLY = re.compile(r"warn: only UID (\d+)(?: and group (\d+))? can read the files in (\S+), which get mode (\d+): (.*?) exchange=.* hint=\"(.*?)\"")
ANOTHER_MODE = "or set --mode 0644"


def directory(space, mode, parent_mode=0o755):
    parent = space.folder / "above"
    out = parent / "out"
    out.mkdir(parents=True)
    for path, bits in ((out, mode), (parent, parent_mode)):
        if ROOT:
            os.chown(path, UID, GID)
        path.chmod(bits)
    return out


def said(run):
    lines = [line for line in run.lines if "can read the files" in line]
    assert len(lines) <= 1, run.err
    found = ONLY.search(lines[0]) if lines else None
    assert bool(found) == bool(lines), run.err
    return found


@pytest.fixture
def write(fetch, serve):
    def start(out, *more, **options):
        run = fetch(serve(tokens.openunison(tokens.issued())).url("/"), *more, output_dir=out, **options)
        assert run.status == 0, run.err
        return run
    return start


def test_files_of_ours_alone_in_a_directory_for_all(write, space):
    out = directory(space, 0o755)
    found = said(write(out))
    assert found and found[1] == str(UID) and not found[2] and found[4] == "0600"
    assert found[5] == f"the directory belongs to {UID}:{GID}, mode 0755"
    assert ANOTHER_MODE in found[6]
    assert (out / "token.jwt").stat().st_mode & 0o777 == 0o600
    # The user may say that this is meant.
    assert not said(write(out, mode="0600"))
    assert not said(write(out, mode="0644"))


def test_a_directory_that_nobody_else_may_enter(write, space):
    """Somebody has chosen that, so fetch does not mention it, unless --mode contradicts it."""
    out = directory(space, 0o700)
    assert not said(write(out))
    assert not said(write(out, mode="0600"))
    found = said(write(out, mode="0644"))
    assert found and found[4] == "0644" and found[5].endswith(f"/out belongs to {UID}:{GID}, mode 0700")
    assert ANOTHER_MODE not in found[6]


def test_a_directory_above_that_is_closed(write, space):
    out = directory(space, 0o777, parent_mode=0o750)
    found = said(write(out))
    assert found and (found[1], found[2], found[4]) == (str(UID), str(GID), "0644")
    assert found[5].endswith(f"/out/.. belongs to {UID}:{GID}, mode 0750")


@pytest.mark.parametrize("above, noticed", [(7, True), (8, False)])
def test_how_far_above_it_looks(above, noticed, write, space):
    closed = space.folder / "closed"
    out = closed.joinpath(*"abcdefgh"[:above])
    out.mkdir(parents=True)
    for path, mode in ((closed, 0o750), (out, 0o777)):
        if ROOT:
            os.chown(path, UID, GID)
        path.chmod(mode)
    assert bool(said(write(out))) == noticed


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o2770], ids=["emptyDir", "sticky", "fsGroup"])
def test_a_directory_for_others(mode, write, space):
    assert not said(write(directory(space, mode)))


def test_a_group_that_may_not_enter(write, space):
    found = said(write(directory(space, 0o2760)))
    assert found and not found[2] and found[4] == "0640"
    assert found[5].endswith(f"/out belongs to {UID}:{GID}, mode 0760")


def test_run_mentions_a_private_directory(sidecar, space):
    """A sidecar's files are for somebody else. It says so before the first attempt, and once."""
    out = directory(space, 0o700)
    with sidecar.start("run", "--url", "https://127.0.0.1:1/", "--token-file", space.folder / "none", "--cacert-path", space.ca_file,
                       "--output-dir", out, "--log-format", "text") as process:
        first = process.popen.stderr.readline().decode()
        found = ONLY.search(first)
        assert found and found[5] == f"the directory belongs to {UID}:{GID}, mode 0700", first
        assert ANOTHER_MODE not in found[6]
        process.signal(signal.SIGHUP)
        process.signal(signal.SIGTERM)
        assert not said(process.wait())


def test_standard_output_has_no_directory(fetch, serve):
    run = fetch(serve(tokens.openunison(tokens.issued())).url("/"), "--stdout")
    assert run.status == 0 and not said(run)
