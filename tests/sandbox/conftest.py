# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the sandbox tests: those of the end-to-end tests, and the program with a worker that attacks (hostile.h)."""
import ctypes
import importlib.util
import json
import os
import pathlib
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from harness.runs import Rig  # noqa: E402
from harness.sidecar import GID, UID, Sidecar, build_folder, sanitized  # noqa: E402

# The fixtures of tests/e2e/conftest.py: a second conftest.py can only be found by its path.
_spec = importlib.util.spec_from_file_location("e2e_conftest", HERE.parent / "e2e/conftest.py")
_e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_e2e)
ca, folder, identity, limit, serve, sidecar, space, subject = (
    _e2e.ca, _e2e.folder, _e2e.identity, _e2e.limit, _e2e.serve, _e2e.sidecar, _e2e.space, _e2e.subject)

CREATE_RULESET = 444


def landlock_abi():
    """0: this kernel has none."""
    return max(0, ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, 1))


ABI = landlock_abi()
needs_landlock = pytest.mark.skipif(ABI < 1, reason="this kernel has no Landlock")


@pytest.fixture(scope="session")
def hostile():
    if sanitized():
        pytest.skip("the release build alone has a hostile worker")
    program = Sidecar(build_folder() / "tests/sts-sidecar-hostile")
    yield program
    shutil.rmtree(program.folder, ignore_errors=True)


class HostileRig(Rig):
    """A rig whose worker does what self.mode says: self.behave("connected", "attempts")."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.mode = self.folder / "mode"
        self.victim = self.folder / "victim"
        self.victim.mkdir()
        (self.victim / "secret").write_text("secret")
        for path, mode in ((self.victim, 0o777), (self.victim / "secret", 0o666)):
            path.chmod(mode)
            if os.geteuid() == 0:
                os.chown(path, UID, GID)

    def behave(self, stage="", action=""):
        new = self.mode.with_suffix(".new")
        new.write_text(f"{stage} {action}\n")
        new.chmod(0o644)
        os.rename(new, self.mode)

    def environment(self, **more):
        return {"HOSTILE": self.mode, "HOSTILE_OUT": self.out, "HOSTILE_VICTIM": self.victim,
                "HOSTILE_TOKEN": self.token_file} | more

    def results(self, stage):
        """What came of each attempt: an errno by its name; 0: it could be done."""
        lines = (self.out / stage).read_text().splitlines()
        assert lines[-1] == "end 0", lines
        return {name: int(number) for name, _, number in (line.rpartition(" ") for line in lines[:-1])}

    def all_lines(self):
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]
