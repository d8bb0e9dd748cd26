# SPDX-License-Identifier: Apache-2.0
"""tools/test.sh in a small tree of its own, whose programs fail in every way: the run must fail with them, and only a test that passes later is forgiven."""
import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
MESON = """\
project('small')
foreach name : ['good', 'group/other', 'two words']
  test(name, find_program('program.sh'), args: name, protocol: 'tap', suite: 'unit', timeout: 2)
endforeach
test('replay', find_program('program.sh'), args: 'replay', suite: 'fuzz', timeout: 2)
"""
# FAILS names the program that does what FIRST says when it runs first, and LATER when it runs again.
PROGRAM = """\
#!/bin/sh
does="echo 1..2; echo ok 1; echo ok 2"
if [ "$1" = "$FAILS" ]; then
	if [ -e "$RAN" ]; then does=$LATER; else does=$FIRST; : >"$RAN"; fi
fi
eval "$does"
"""
COMMAND = """\
#!/bin/sh
if [ -e "$RAN" ]; then eval "$LATER"; else : >"$RAN"; eval "$FIRST"; fi
"""
PYTEST = """\
#!/bin/sh
for word in "$@"; do case $word in --junitxml=*) report=${word#*=} ;; esac; done
if [ -e "$RAN" ]; then says=$LATER; else says=$FIRST; : >"$RAN"; fi
echo "<testsuites><testsuite>$says</testsuite></testsuites>" >"$report"
case $says in *failure*) exit 1 ;; esac
"""
FILES = {
    "meson.build": MESON,
    "program.sh": PROGRAM,
    "tools/setup.sh": "#!/bin/sh\n",
    "tools/build.sh": '#!/bin/sh\n[ $# = 0 ] || set -- -asan\n[ -e "build$1" ] || meson setup "build$1"\n',
    "tests/interop/run.sh": COMMAND,
    "tests/requirements.txt": "",
    ".venv/requirements.txt": "",
    ".venv/bin/pytest": PYTEST,
}
GOOD = "echo 1..2; echo ok 1; echo ok 2"
BAD = "echo 1..2; echo ok 1; echo not ok 2; exit 1"
CRASH = "echo 1..2; echo ok 1; kill -SEGV $$"
FOUR = "echo 1..4; for i in 1 2 3 4; do echo not ok $i; done; exit 1"
SKIPS = "echo 1..2; echo ok 1; echo 'ok 2 # SKIP not here'"
LEAVES_OUT = "echo '1..0 # SKIP not here'"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    top = tmp_path_factory.mktemp("a tree")
    for name, text in FILES.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    for name in ("tools/test.sh", "tools/tally.py"):
        shutil.copy(TOP / name, top / name)
    return top


@pytest.fixture
def run(tree, tmp_path):
    def one(part, first, later, fails=""):
        result = subprocess.run(["tools/test.sh", part], cwd=tree, capture_output=True, text=True, timeout=120, env=os.environ | {
            "FAILS": fails, "FIRST": first, "LATER": later, "RAN": str(tmp_path / "ran"), "TMPDIR": str(tmp_path)})
        assert (result.returncode == 0) == (" 0 failed" in result.stdout.splitlines()[-1]), result.stdout
        return result.returncode, result.stdout
    return one


@pytest.mark.parametrize("program", ["two words", "replay"])
def test_a_unit_program_that_passes_later_is_forgiven(run, program):
    assert run("unit", BAD, GOOD, program)[0] == 0


@pytest.mark.parametrize("program, first, later", [
    ("two words", BAD, BAD),
    ("group/other", BAD, CRASH),
    ("group/other", FOUR, GOOD),
    ("group/other", BAD, SKIPS),
    ("group/other", BAD, LEAVES_OUT),
    ("group/other", "echo 1..2; echo ok 1", "echo 1..2; echo ok 1"),
    ("group/other", "exit 0", "exit 0"),
    ("group/other", "echo 1..2; echo Bail out!", "echo Bail out!"),
    ("group/other", GOOD + "; exec sleep 60", GOOD + "; exec sleep 60"),
    ("replay", "echo not ok 1", "echo not ok 1"),
    ("replay", "exit 1", "exit 77"),
])
def test_a_unit_program_that_fails(run, program, first, later):
    status, said = run("unit", first, later, program)
    assert status == 1
    assert "== a part with a failure: " in said


def test_a_unit_program_that_leaves_itself_out(run):
    assert run("unit", LEAVES_OUT, LEAVES_OUT, "group/other")[0] == 0
    assert run("unit", "exit 77", "exit 77", "replay")[0] == 0


@pytest.mark.parametrize("first", ["echo 5 passed, 0 failed", "echo 5 passed, 3 failed; exit 1"])
def test_a_command_that_passes_or_passes_later(run, first):
    assert run("interop", first, "echo 5 passed, 0 failed")[0] == 0


@pytest.mark.parametrize("first, later", [
    ("echo 5 passed, 1 failed; exit 1", "echo 5 passed, 1 failed; exit 1"),
    ("echo 5 passed, 1 failed; exit 1", "echo 5 passed, 0 failed; exit 1"),
    ("echo 5 passed, 1 failed; exit 1", "echo 5 passed, 0 failed; echo more"),
    ("echo 5 passed, 4 failed; exit 1", "echo 9 passed, 0 failed"),
    ("echo 0 passed, 0 failed", "echo 5 passed, 0 failed"),
    ("echo 5 passed, 0 failed; kill -SEGV $$", "echo 5 passed, 0 failed"),
    ("echo 5 passed, 0 failed; echo more", "echo 5 passed, 0 failed"),
    ("exit 0", "echo 5 passed, 0 failed"),
])
def test_a_command_that_fails(run, first, later):
    status, said = run("interop", first, later)
    assert status == 1
    assert "== a part with a failure: " in said
    assert "interop" in said.split("== a part with a failure: ")[1].splitlines()[0]


CASE = "<testcase classname='names' name='%s'>%s</testcase>"
PASSES, FAILS, LEFT_OUT = CASE % ("one", ""), CASE % ("one", "<failure/>"), CASE % ("one", "<skipped/>")


@pytest.mark.parametrize("first, later, good", [
    (PASSES, "", True),
    (FAILS, PASSES, True),
    (FAILS, FAILS, False),
    (FAILS, LEFT_OUT, False),
    (FAILS, "", False),
    (FAILS, CASE % ("two", ""), False),
    (FAILS + CASE % ("two", ""), CASE % ("two", ""), False),
])
def test_tests_of_pytest(run, first, later, good):
    assert (run("names", first, later)[0] == 0) == good


def test_what_the_part_said_is_shown_again(run):
    _, said = run("interop", "echo the words of it; echo 5 passed, 0 failed; exit 1", "")
    assert "the words of it" in said.split("== a part with a failure: interop")[1]


@pytest.mark.parametrize("says, status, good", [
    (PASSES, 0, True),
    (PASSES + CASE % ("two", "<failure/>"), 1, False),
    (PASSES, 2, False),
    (PASSES, 3, False),
    (PASSES, 139, False),
    ("", 0, False),
])
def test_a_part_of_interop(tmp_path, says, status, good):
    """tests/interop/run.sh with a pytest that ends early, before another part passes."""
    named = [TOP / "tests/requirements.txt", TOP / "tests/interop/requirements.txt"]
    made = hashlib.sha256(b"".join(path.read_bytes() for path in named)).hexdigest()[:16]
    folder = tmp_path / f"venv-{made}/bin"
    folder.mkdir(parents=True)
    (folder.parent / "done").touch()
    (folder / "pytest").write_text(
        '#!/bin/sh\nfor word in "$@"; do case $word in --junitxml=*) report=${word#*=} ;; esac; done\n'
        f'case "$*" in *predecessor*) says="{PASSES}" status=0 ;; *) says="{says}" status={status} ;; esac\n'
        'echo "<testsuites><testsuite>$says</testsuite></testsuites>" >"$report"\nexit $status\n')
    (folder / "pytest").chmod(0o755)
    result = subprocess.run([TOP / "tests/interop/run.sh", "python", "predecessor"], capture_output=True, text=True, timeout=60, env=os.environ | {
        "STS_SIDECAR": "/bin/true", "STS_INTEROP_CACHE": str(tmp_path), "TMPDIR": str(tmp_path)})
    assert (result.returncode == 0) == good, result.stdout


@pytest.mark.parametrize("says, status, good", [
    (PASSES, 0, True),
    (PASSES + CASE % ("two", "<failure/>"), 1, False),
    (PASSES, 2, False),
    (PASSES, 139, False),
    ("", 0, False),
])
def test_the_end_of_the_cluster_tests(tmp_path, says, status, good):
    """What tests/cluster/run.sh does from where it waits for pytest."""
    (tmp_path / "result.xml").write_text(f"<testsuites><testsuite>{says}</testsuite></testsuites>")
    end = (TOP / "tests/cluster/run.sh").read_text().partition("\nwait $pytest\n")
    assert end[1]
    script = f'(exit {status}) &\npytest=$!{"".join(end[1:])}'
    result = subprocess.run(["sh", "-u", "-c", script], capture_output=True, text=True, timeout=60, env=os.environ | {"work": str(tmp_path), "top": str(TOP)})
    assert (result.returncode == 0) == good, result.stdout + result.stderr
