# SPDX-License-Identifier: Apache-2.0
"""A copy of the sources with builds of its own, in which mutants are compiled, linked and tested.

Tests run in namespaces of their own (unshare): a mutant that kills every process, or that removes or fills what it can reach, harms nothing.
"""
import concurrent.futures
import hashlib
import json
import mmap
import os
import pathlib
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
SHORT_FLAGS = "-g1 -w -finstrument-functions -finstrument-functions-exclude-file-list=subprojects,tests/mutation"
KINDS = {  # of build: the options of the compiler, and those of Meson. BearSSL reads words that are not aligned where the processor can.
    "plain": (SHORT_FLAGS.split(), []),
    "sanitized": ("-w -fsanitize=address,undefined -fno-sanitize=alignment -fno-sanitize-recover=all".split(), ["-Db_lundef=false"]),
}
SUITES = {"unit", "store"}  # of Meson
OUTPUT_MAX_BYTES = 16 << 20  # of a test; a mutant may print without an end
GRACE_S = 4  # that a test may take longer than six times as long as with the unchanged program
INSIDE = """
mount --rbind "$1" /mnt || exit 99
[ "$3" = writes ] || mount -o remount,ro,bind /mnt || exit 99
mount -t tmpfs -o size=256m none /tmp || exit 99
ulimit -c 0
ulimit -t "$4"
cd /tmp && exec "$2" </dev/null
"""


class Failed(Exception):
    """The tool cannot go on."""


def run(command, folder, seconds=1200):
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False)
    if done.returncode:
        raise Failed(f"{shlex.join(map(str, command))}:\n{done.stdout.decode('utf-8', 'replace')[-3000:]}")
    return done.stdout.decode("utf-8", "replace")


def tracked():
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP, stdout=subprocess.PIPE, check=True,
                         timeout=60).stdout
    return sorted(name for name in out.decode().split("\0") if name and (TOP / name).is_file())


class WorkCopy:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.sources = self.folder / "src"
        self.builds = {}

    def update(self):
        """Copy what has changed, so that ninja builds no more than that."""
        self.sources.mkdir(parents=True, exist_ok=True)
        names = tracked()
        for name in ("bearssl", "cjson"):
            if not (TOP / "subprojects" / name).is_dir():
                raise Failed("the dependencies are missing; tools/build.sh fetches them")
            # Patches change it.
            names += sorted(str(path.relative_to(TOP)) for path in (TOP / "subprojects" / name).rglob("*") if path.is_file() and not path.is_symlink())
        names.append("subprojects/musl/VERSION.package")
        for name in names:
            source, target = TOP / name, self.sources / name
            if not target.is_file() or target.read_bytes() != source.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        for old in (self.folder / "names").read_text().split("\n") if (self.folder / "names").is_file() else []:
            if old not in names and old:
                (self.sources / old).unlink(missing_ok=True)
        (self.folder / "names").write_text("\n".join(names))

    def build(self, kind):
        if kind not in self.builds:
            self.builds[kind] = Build(self, kind)
        return self.builds[kind]


class Build:
    """One kind of build in the work copy."""

    def __init__(self, copy, kind):
        self.copy, self.kind = copy, kind
        self.folder = copy.folder / kind
        self.folder.mkdir(exist_ok=True)
        flags, options = KINDS[kind]
        links = [flag for flag in flags if "sanitize" in flag]
        if kind == "plain":
            links = [str(copy.folder / "entered.o")]
            run(["gcc", "-O1", "-c", "-fPIE", str(HERE / "entered.c"), "-o", links[0]], copy.folder)
        if not (self.folder / "build.ninja").is_file():
            native = copy.folder / f"{kind}.ini"
            native.write_text(f"[binaries]\nc = 'gcc'\n[built-in options]\nc_args = {flags!r}\nc_link_args = {links!r}\n")
            run(["meson", "setup", str(self.folder), str(copy.sources), "--native-file", str(native), "-Doptimization=0", "-Dwerror=false",
                 *options], copy.folder)
        self.hurry()
        listed = json.loads((self.folder / "meson-info/intro-tests.json").read_text())
        self.programs = {test["name"]: os.path.relpath(test["cmd"][0], self.folder) for test in listed
                         if {suite.split(":")[-1] for suite in test["suite"]} & SUITES}
        run(["ninja", "-C", str(self.folder), *self.programs.values()], copy.folder)
        self.compiles = {}
        for entry in json.loads((self.folder / "compile_commands.json").read_text()):
            path = os.path.relpath((self.folder / entry["file"]).resolve(), copy.sources)
            self.compiles.setdefault(path, []).append((entry["output"], shlex.split(entry["command"])))
        self.links = {}
        self.timings = {}

    def hurry(self):
        """The dependencies are optimised, since tests spend most of their time there. Meson has no option for that."""
        run(["ninja", "-C", str(self.folder), "build.ninja"], self.copy.folder)
        rules = self.folder / "build.ninja"
        lines, inside = rules.read_text().splitlines(), False
        for i, line in enumerate(lines):
            inside = line.startswith("build subprojects/") if line.startswith("build ") else inside
            if inside and line.startswith(" ARGS = ") and " -O0 " in line:
                lines[i] = line.replace(" -O0 ", " -O2 ").replace(" -finstrument-functions ", " ")
        text = "\n".join(lines) + "\n"
        if text != rules.read_text():
            rules.write_text(text)

    def link_command(self, target):
        if target not in self.links:
            lines = run(["ninja", "-C", str(self.folder), "-t", "commands", target], self.folder).splitlines()
            self.links[target] = shlex.split(lines[-1])
        return self.links[target]

    def compile(self, path, text, job, variant, extra=()):
        """The object of a changed source, or None if it does not compile. variant: a part of the object's path in the build."""
        chosen = [(output, command) for output, command in self.compiles[path] if variant in output]
        output, command = chosen[0]
        source, made = job / pathlib.Path(path).name, job / f"{variant or 'object'}.o"
        source.write_text(text)
        words, skip = [], False
        for word in command:
            if skip or word in ("-MD",) or "instrument-functions" in word or word in ("-g1",):
                skip = False
            elif word in ("-MQ", "-MF"):
                skip = True
            elif word == output:
                words.append(str(made))
            else:
                words.append(str(source) if word.endswith("/" + path) else word)
        made.unlink(missing_ok=True)
        done = subprocess.run([*words, *extra], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=120, check=False)
        return made if done.returncode == 0 else None

    def link(self, path, target, job, objects, extra=()):
        """The program target with the changed object, or None if the object has no part in it.

        objects: those that are made already, by variant."""
        words = list(self.link_command(target))
        testing = any("sts-tls-testing" in word for word in words) and path.startswith("lib/tls/")
        exposed = any("libexposed" in output for output, _ in self.compiles[path])
        library = "libexposed" if exposed else "libsts.a" if path.startswith("lib/") else "sts-sidecar.p"
        variant = "sts-tls-testing" if testing else library
        if variant not in objects:
            objects[variant] = self.compile(path, (job / pathlib.Path(path).name).read_text(), job, variant)
        made, program = objects[variant], job / "program"
        if not made:
            raise Failed(f"the mutant of {path} does not compile")
        if path.startswith("lib/"):
            # Before the archives, so that they do not give the unchanged object.
            first = next(i for i, word in enumerate(words) if word.endswith(".a"))
            words.insert(first, str(made))
        else:
            old = next(output for output, _ in self.compiles[path] if variant in output)
            words = [str(made) if word == old else word for word in words]
        words[words.index("-o") + 1] = str(program)
        words += ["-Wl,--strip-debug", *extra]
        done = subprocess.run(words, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                              check=False)
        if b"multiple definition" in done.stdout:
            return None  # the test has functions of its own in the place of this module
        if done.returncode:
            raise Failed(f"the link of {target} failed:\n{done.stdout.decode('utf-8', 'replace')[-2000:]}")
        return program

    def outcome(self, program, seconds, patience=1, writes=False, environment=()):
        """passed, failed or timed out. Each process may have `seconds` of CPU, and the program that time multiplied by `patience`."""
        inside = "/mnt/" + os.path.relpath(program, self.copy.folder)
        command = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                   "sh", "-c", INSIDE, "sh", str(self.copy.folder), inside, "writes" if writes else "", str(round(seconds))]
        known = {"PATH": os.environ["PATH"], "STS_TESTS": "/mnt/src/tests", "ASAN_OPTIONS": "detect_leaks=0:handle_segv=0", **dict(environment)}
        with subprocess.Popen(command, env=known, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              start_new_session=True) as process:
            out = output(process, time.monotonic() + patience * seconds)
            if out is None:
                os.killpg(process.pid, signal.SIGKILL)
                return "timed out"
        if process.returncode == 99:
            raise Failed("the namespaces of a test cannot be made: unshare(1) and mount(8) need root, or user namespaces")
        failed = process.returncode or b"\nnot ok" in out or b"Bail out!" in out
        return "failed" if failed else "passed"

    def stamp(self, test):
        """What a test enters is found out anew when its own source has changed."""
        own = [path for path, entries in self.compiles.items() if entries[0][0].startswith(self.programs[test] + ".p/")]
        return hashlib.sha256(b"".join((self.copy.sources / path).read_bytes() for path in sorted(own))).hexdigest()

    def measure(self, jobs):
        """How long each test takes; in the plain build also which functions it enters. A test that fails here is left out."""
        kept = self.folder / "measured.json"
        known = json.loads(kept.read_text()) if kept.is_file() else {}
        known = {test: facts for test, facts in known.items() if test in self.programs and facts["stamp"] == self.stamp(test)}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for test, facts in pool.map(self.measure_one, [test for test in sorted(self.programs) if test not in known]):
                if facts:
                    known[test] = facts
                    kept.write_text(json.dumps(known))
        self.timings = known
        return known

    def measure_one(self, test):
        program, entered = self.folder / self.programs[test], self.folder / (test.replace("/", "_") + ".entered")
        for _ in range(3):  # a busy machine can be too slow for a test once
            entered.unlink(missing_ok=True)
            begun = time.monotonic()
            result = self.outcome(program, 240, writes=True, environment={"STS_ENTERED": "/mnt/" + os.path.relpath(entered, self.copy.folder)}.items())
            if result == "passed":
                break
        facts = {"stamp": self.stamp(test), "seconds": round(time.monotonic() - begun, 2),
                 "entered": sorted(set(places_of(program, offsets_in(entered)).values())) if entered.is_file() else []}
        entered.unlink(missing_ok=True)
        if result != "passed":
            print(f"-- left out: the unit test {test} of the unchanged program {result}", file=sys.stderr, flush=True)
        return test, facts if result == "passed" else None


def output(process, until):
    """What a process prints until it ends; None if it does not end in time, or prints too much."""
    out = bytearray()
    while len(out) <= OUTPUT_MAX_BYTES:
        ready, _, _ = select.select([process.stdout], [], [], max(until - time.monotonic(), 0))
        if not ready:
            break
        piece = os.read(process.stdout.fileno(), 1 << 16)
        if not piece:
            return out
        out += piece
    return None


def offsets_in(entered):
    """The places that entered.c has marked in this file."""
    with open(entered, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        offsets, at = [], data.find(b"\1")
        while at >= 0:
            offsets.append(at)
            at = data.find(b"\1", at + 1)
    return offsets


def places_of(program, offsets):
    """The path and the name of the function at each of these places."""
    lines = subprocess.run(["addr2line", "-f", "-e", str(program)], input="\n".join(map(hex, offsets)).encode(), stdout=subprocess.PIPE,
                           check=True, timeout=120).stdout.decode().splitlines()
    found = {}
    for at, name, line in zip(offsets, lines[::2], lines[1::2]):
        path = re.match(r".*src/((?:lib|sidecar)/\S+\.c):", line)
        if path:
            found[at] = path[1], re.match(r"\w+", name)[0]
    return found


def write_whole(path, text):
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    os.replace(new, path)
