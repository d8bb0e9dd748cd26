# SPDX-License-Identifier: Apache-2.0
"""A rig whose worker attacks (hostile.h), and what this kernel has."""
import os

from harness.kernel import landlock_abi
from harness.runs import Rig
from harness.sidecar import GID, UID

ABI = landlock_abi()


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

    def behave(self, stage="", action="", without=""):
        new = self.mode.with_suffix(".new")
        new.write_text(f"{stage} {action} {without}\n")
        new.chmod(0o644)
        os.rename(new, self.mode)

    def environment(self, **more):
        return {"HOSTILE": self.mode, "HOSTILE_OUT": self.out, "HOSTILE_VICTIM": self.victim,
                "HOSTILE_TOKEN": self.token_file} | more

    def results(self, stage):
        """The result of each attempt: the name of an errno, or 0 if the attempt succeeded."""
        lines = [line.removeprefix(f"{stage} ") for line in (self.out / "attempts").read_text().splitlines() if line.startswith(f"{stage} ")]
        assert lines[0] == "begin 0" and lines[-1] == "end 0", lines
        last = len(lines) - lines[::-1].index("begin 0")
        return {name: int(number) for name, _, number in (line.rpartition(" ") for line in lines[last:-1])}

    def has_tried(self, stage):
        file = self.out / "attempts"
        return file.exists() and f"\n{stage} end 0\n" in file.read_text()
