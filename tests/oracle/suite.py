# SPDX-License-Identifier: Apache-2.0
"""The registry of the cases, how they are played, and the files of the recordings."""
import concurrent.futures
import difflib
import fnmatch
import functools
import pathlib
import re
import shutil
import tomllib
import traceback
from dataclasses import dataclass

from harness.sidecar import Sidecar
from oracle import HERE
from oracle.scene import Scene

RECORDED = HERE / "recorded"
DIFFERENCES = HERE / "differences.toml"
# This many cases are played at a time. Most of them wait for the program, and compute little.
AT_A_TIME = 6
HEAD = "== "


@dataclass(frozen=True)
class Case:
    name: str           # GROUP/NAME
    does: object        # called with a Scene
    seconds: float      # how long it waits; the cases that wait longest start first

    @property
    def group(self):
        return self.name.split("/")[0]


CASES = {}


def add(name, does, seconds=0.0):
    assert name not in CASES and name.count("/") == 1 and not name.startswith("/"), name
    CASES[name] = Case(name, does, seconds)


def case(name, seconds=0.0):
    """A decorator for a function that is a case."""
    def take(does):
        add(name, does, seconds)
        return does
    return take


def play(program, one):
    """The recording of one case. Where a case cannot be played, its traceback stands in the recording, so the comparison fails."""
    with Scene(program, one.name) as scene:
        scene.order = order
        try:
            one.does(scene)
        except Exception:  # pylint: disable=broad-except
            scene.lines += ["CANNOT BE PLAYED", *traceback.format_exc().splitlines()]
        return scene.recording()


def play_all(binary, names=None):
    """Play the cases with these names, or all. Returns {name: recording} in the order of the registry."""
    program = Sidecar(pathlib.Path(binary))
    cases = [CASES[name] for name in (names if names is not None else CASES)]
    try:
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
            jobs = {one.name: pool.submit(play, program, one) for one in sorted(cases, key=lambda one: -one.seconds)}
            return {one.name: jobs[one.name].result() for one in cases}
    finally:
        shutil.rmtree(program.folder, ignore_errors=True)


# ---- files ----

def groups():
    return list(dict.fromkeys(one.group for one in CASES.values()))


def write(recordings):
    """Write the whole of recorded/ anew."""
    RECORDED.mkdir(exist_ok=True)
    for path in RECORDED.glob("*.txt"):
        path.unlink()
    for group in groups():
        text = "".join(f"{HEAD}{name}\n{recordings[name]}\n" for name in recordings if CASES[name].group == group)
        (RECORDED / f"{group}.txt").write_text(text.removesuffix("\n"))


def read():
    found = {}
    for path in sorted(RECORDED.glob("*.txt")):
        for section in sections(path.read_text()):
            name, _, text = section.partition("\n")
            found[name] = text
    return found


def sections(text):
    """The name and the recording of each case. Every line of a recording begins with its kind, so no line looks like the head of a section."""
    for section in re.split(rf"(?m)^{HEAD}", text)[1:]:
        yield section.removesuffix("\n\n") + "\n" if section.endswith("\n\n") else section


# ---- differences that are intended ----

@dataclass
class Difference:
    case: str           # the name of a case, or a pattern for names
    reason: str
    text: str = None    # the whole new recording
    old: str = None     # or: words of the recording, and what stands there now
    new: str = None
    pattern: bool = False  # `old` is a regular expression, and `new` may have its groups
    used: bool = False

    def apply(self, name, recording):
        if recording is None or not fnmatch.fnmatchcase(name, self.case):
            return recording
        if self.pattern:
            changed = re.sub(self.old, self.new, recording)
        else:
            changed = self.text if self.text is not None else recording.replace(self.old, self.new)
        self.used = self.used or changed != recording
        return changed


def differences(path=DIFFERENCES):
    found = [Difference(**row) for row in tomllib.loads(path.read_text()).get("difference", [])]
    for one in found:
        assert one.reason.strip() and (one.text is None) == (one.old is not None) == (one.new is not None), f"{one} needs a reason, and text or old and new"
    return found


@dataclass
class Addition:
    words: str          # a pattern
    reason: str
    used: bool = False

    def leave_out(self, recording):
        left = re.sub(self.words, "", recording)
        self.used = self.used or left != recording
        return left


def additions(path=DIFFERENCES):
    return [Addition(**row) for row in tomllib.loads(path.read_text()).get("addition", [])]


@functools.cache
def words_added():
    return [re.compile(one.words) for one in additions()]


def order(line):
    """Where a line stands among others: words that were added change nothing."""
    for words in words_added():
        line = words.sub("", line)
    return line


def without(seen, added):
    """What is compared: what was seen, without the words that were added on purpose."""
    made = {}
    for name, recording in seen.items():
        for one in added:
            recording = one.leave_out(recording)
        made[name] = recording
    return made


def expected(recordings, intended):
    """What must be seen: the recordings with the differences that are intended."""
    made = {}
    for name, recording in recordings.items():
        for one in intended:
            recording = one.apply(name, recording)
        made[name] = recording
    return made


def diff(name, old, new):
    return "".join(difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), f"recorded {name}", f"seen {name}", n=2))
