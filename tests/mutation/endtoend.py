# SPDX-License-Identifier: Apache-2.0
"""The second judge: the end-to-end tests, for the mutants that no unit test notices.

The mutant is linked into the whole program. Only the tests that enter its function run: first one instance of each test function, those of the mutant's own
subject before the others. A test that fails runs twice more, alone: it notices the mutant if it then passes with the unchanged program, and fails with the mutant.

The mutants run as root. So pytest and all that it starts are in namespaces of their own: no process and no network of the machine can be reached, every file
system is read-only, and what the tests write is in memory.
"""
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import workcopy
from workcopy import TOP, Failed

SUITES = ("e2e", "protocols")  # folders of tests/
NEEDED = ("tests/mock-sts", "tests/store/store_rewrite", "tests/sts-sidecar-timefake")  # programs that these tests start
LINKED = ("-static-pie",)  # as the release is: the sandbox lets the program execute no other file than its own, and so no dynamic linker
ALONE_S = 150  # for one test alone
MEASURED_S = 1200  # for all tests of one file
ENTERED = "/tmp/sts-entered"
ENTERED_BYTES = 4 << 20
INSIDE = """
work=$1 program=$2 list=$3 cache=$4 tree=$5 venv=$6
shift 6
mount -t tmpfs -o size=1m none /mnt && mkdir /mnt/work /mnt/venv /mnt/cache || exit 99
mount --bind "$work" /mnt/work && mount --bind "$venv" /mnt/venv && mount --bind "$work/cache" /mnt/cache || exit 99
[ -z "$program" ] || mount --bind "$program" /mnt/work/plain/sts-sidecar || exit 99
list=${list:+/mnt/work/${list#"$work"/}}
while read -r _ place _; do
	case "$place $cache" in
	"/mnt/cache writes"|"/proc "*)	;;
	*)	mount -o remount,ro,bind "$place" 2>/dev/null ;;
	esac
done </proc/self/mounts
for place in /tmp /run /var/tmp /dev/shm; do
	mount -t tmpfs -o size=512m,mode=1777 none "$place" || exit 99
done
for place in / /mnt/work /mnt/venv "$tree" "$work"; do
	[ ! -w "$place" ] || exit 99
done
ip link set lo up || exit 99
ulimit -c 0
cd /mnt/work/src/tests || exit 99
[ -z "$list" ] || export STS_LIST="$list"
[ -z "$cache$(ls /mnt/cache)" ] || export PYTHONPYCACHEPREFIX=/mnt/cache
PYTHONPATH=/mnt/work/src/tests/mutation "$@" </dev/null
status=$?
exit $status
"""


class Runner:
    """Runs pytest over the tests of a work copy with a program in the place of the copy's own."""

    def __init__(self, folder, unchanged=None):
        self.folder, self.unchanged = pathlib.Path(folder).resolve(), unchanged
        (self.folder / "cache").mkdir(exist_ok=True)

    def run(self, what, seconds, program=None, tests=None, job=None, environment=(), measures=False):
        """What note.py says of the tests of these files or folders, and whether they ended in time. tests: their seconds at most, by name."""
        listed = job / "tests.list" if tests is not None else ""
        if tests is not None:
            listed.write_text("".join(f"{test}\t{limit}\n" for test, limit in tests.items()))
        reader, writer = os.pipe()
        inside = sys.prefix != sys.base_prefix
        python = ["/mnt/venv/bin/python" if inside else sys.executable, "-m", "pytest", "-q", "-p", "note", "-p", "no:cacheprovider", "-p", "no:xdist",
                  "-m", "not slow and not alone", "--tb=no", *([] if measures else ["-x"]), *what]
        command = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child", "--mount-proc",
                   "sh", "-c", INSIDE, "sh", str(self.folder), str(program or self.unchanged or ""), str(listed), "writes" if measures else "", str(TOP),
                   sys.prefix if inside else "/usr", *python]
        known = {"PATH": os.environ["PATH"], "HOME": "/tmp", "STS_SIDECAR": "/mnt/work/plain/sts-sidecar", "STS_ANSWER": str(writer), **dict(environment)}
        with open(os.devnull, "wb") as nothing, concurrent.futures.ThreadPoolExecutor(1) as pool, \
                subprocess.Popen(command, env=known, stdin=subprocess.DEVNULL, stdout=nothing, stderr=nothing, pass_fds=[writer],
                                 start_new_session=True) as process:
            os.close(writer)
            with os.fdopen(reader, "rb") as answer:
                read = pool.submit(answer.read)
                try:
                    process.wait(timeout=seconds)
                    over = False
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                    over = True
                said = read.result(timeout=60)
        if process.returncode == 99:
            raise Failed("the namespaces of the end-to-end tests cannot be made: unshare(1) and mount(8) need root, or user namespaces")
        return [json.loads(line) for line in said.split(b"\n") if line.endswith(b"}")], over

    def passes(self, test, limit, program, job):
        """Whether this test passes when it runs alone."""
        rows, _ = self.run([test.split("::")[0]], ALONE_S, program, {test: limit}, job)
        return any(row.get("test") == test and row["outcome"] == "passed" for row in rows)

    def judge(self, program, tests, job, seconds):
        """What becomes of a program, and why. tests: their seconds at most, by name, in their order."""
        until, ran = time.monotonic() + seconds, 0
        for suite in dict.fromkeys(test.split("/")[0] for test in tests):
            left = {test: limit for test, limit in tests.items() if test.split("/")[0] == suite}
            while left:
                rows, over = self.run(sorted({test.split("::")[0] for test in left}), max(1, until - time.monotonic()), program, left, job)
                done = {row["test"]: row["outcome"] for row in rows if "test" in row}
                bad = next((test for test, outcome in done.items() if outcome == "failed"), None)
                if not bad and not over:
                    # The mutant may have killed pytest. Then the test that was the last one to begin has failed.
                    bad = next((row["begun"] for row in reversed(rows) if "begun" in row and row["begun"] not in done), None)
                if bad and self.passes(bad, left[bad], None, job) and not self.passes(bad, left[bad], program, job):
                    return "end to end", bad
                ran += len(done)
                left = {test: limit for test, limit in left.items() if test not in done and test != bad}
                if left and not bad:
                    return "not run", f"{ran} of {len(tests)} end-to-end tests ran"
        return "survived", ""


class EndToEnd:
    """Knows which tests enter a function."""

    def __init__(self, copy, build, arguments):
        self.build, self.seconds = build, arguments.end_to_end
        self.runner = Runner(copy.folder, copy.folder / "unchanged")
        self.tests = copy.sources / "tests"
        workcopy.run(["ninja", "-C", str(build.folder), "sts-sidecar", *NEEDED], copy.folder)
        self.link(self.runner.unchanged)
        self.kept = copy.folder / "endtoend.json"
        self.entered = collections.defaultdict(dict)  # of a path and a function: the seconds of each test
        self.measure(arguments.jobs)

    def measure(self, jobs):
        """How long each test takes, and what it enters. A test that does not pass here is left out."""
        known = json.loads(self.kept.read_text()) if self.kept.is_file() else {}
        files = {str(path.relative_to(self.tests)): hashlib.sha256(path.read_bytes()).hexdigest()
                 for suite in SUITES for path in sorted((self.tests / suite).rglob("test_*.py"))}
        known = {name: facts for name, facts in known.items() if files.get(name) == facts["stamp"]}
        missing = [name for name in files if name not in known]
        program = self.measuring() if missing else None
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for name, rows in zip(missing, pool.map(lambda name: self.measure_one(program, name), missing)):
                known[name] = {"stamp": files[name], "tests": rows["tests"], "left out": rows["left out"]}
                workcopy.write_whole(self.kept, json.dumps(known))
                print(f"-- {name}: {len(rows['tests'])} tests" + (f", left out: {', '.join(rows['left out'])}" if rows["left out"] else ""),
                      file=sys.stderr, flush=True)
        for facts in known.values():
            for test, (seconds, functions) in facts["tests"].items():
                for path, function in functions:
                    self.entered[path, function][test] = self.entered[path, ""][test] = seconds

    def measuring(self):
        """The program with the hook that marks what is entered in a file of a known name: the tests empty the environment. Its sandbox allows that file."""
        sources, program = self.tests.parent, self.runner.folder / "entered-known"
        # Some tests read all memory of a process, so the marks are no larger than the program's code.
        options = [f'-DSTS_ENTERED="{ENTERED}"', f'-DSTS_WITH_COVERAGE="{ENTERED}"', f"-DSIZE_BYTES={ENTERED_BYTES}", "-I", sources / "lib", "-I", sources / "sidecar"]
        made = []
        for source in (self.tests / "mutation/entered.c", self.tests / "coverage/profiles.c"):
            made.append(self.runner.folder / f"known-{source.stem}.o")
            workcopy.run(["gcc", "-O1", "-c", "-fPIE", *map(str, options), str(source), "-o", str(made[-1])], self.runner.folder)
        self.link(program, [str(path) for path in made])
        return program

    def link(self, program, hook=()):
        words = [word for word in self.build.link_command("sts-sidecar") if not (hook and word.endswith("/entered.o"))]
        words[words.index("-o") + 1] = str(program)
        workcopy.run([*words, *hook, *(["-Wl,--wrap=sts_landlock_enter"] if hook else []), *LINKED], self.build.folder)

    def measure_one(self, program, name):
        rows, _ = self.runner.run([name], MEASURED_S, program, environment={"STS_ENTERED": ENTERED, "STS_ENTERED_BYTES": str(ENTERED_BYTES)}.items(), measures=True)
        rows = [row for row in rows if "test" in row]
        places = workcopy.places_of(program, sorted({at for row in rows for at in row["entered"]}))
        passed = [row for row in rows if row["outcome"] == "passed"]
        return {"tests": {row["test"]: [row["seconds"], sorted({places[at] for at in row["entered"] if at in places})] for row in passed},
                "left out": [row["test"] for row in rows if row["outcome"] == "failed"]}

    def tests_of(self, mutant):
        """The tests that enter its function, and for each the seconds that it may take at most, in the order in which they run."""
        found = self.entered[mutant.path, mutant.function]
        path, rounds, ranked = pathlib.Path(mutant.path), collections.Counter(), []
        for test, seconds in sorted(found.items(), key=lambda pair: (pair[1], pair[0])):
            function = test.split("[")[0]
            file = test.split("::")[0]
            far = 0 if path.stem in file else 1 if path.parent.name in file.split("/") else 2
            ranked.append((rounds[function], far, seconds, test))
            rounds[function] += 1
        return {test: round(30 + 6 * seconds) for _, _, seconds, test in sorted(ranked)}

    def judge(self, mutant, program, job):
        tests = self.tests_of(mutant)
        return self.runner.judge(program, tests, job, self.seconds) if tests else ("survived", "no end-to-end test enters it")
