# SPDX-License-Identifier: Apache-2.0
"""The table of system calls agrees with the docs, and has every call that is in the program."""
import platform
import re
import shutil
import subprocess

import pytest
import table

from harness.sidecar import build_folder, sanitized

# In the binary, and never made behind a filter: calls that musl falls back on with kernels older than those that we run on, or calls that the
# flags that we use never lead to; mkdir() of an output directory, which comes before.
ELSEWHERE = {"pipe", "mkdir", "chmod", "chown", "gettimeofday", "setreuid", "setregid", "inotify_init", "signalfd", "faccessat2"}
# Before the supervisor's filter; in commands that have none; and after a call that never returns.
ELSEWHERE |= {"signalfd4", "timerfd_create", "getgid", "exit"}


def test_the_docs_show_it():
    text = (table.TOP / "docs/sandbox.md").read_text()
    assert table.table() in text, "paste the output of tests/sandbox/table.py"


def test_every_condition_has_words():
    conditions = re.search(r"enum \{\n\tANY,(.*?)\n\};", table.SOURCE.read_text(), re.S)[1]
    names = set(re.findall(r"^\t(\w+),", conditions, re.M)) - {"INTERNET_TYPE", "INTERNET_PROTOCOL", "NOT_DUMPABLE_0", "ARGUMENTS_MAP", "ANY_SIGNAL_FLAGS"} - {name for name in re.findall(r"\w+", conditions) if name.endswith("_NAME")}
    assert names == set(table.WORDS) - {"ANY"}


def calls_of(binary):
    """The numbers that are loaded before a syscall instruction."""
    lines = subprocess.run(["objdump", "-d", "--no-show-raw-insn", binary], capture_output=True, text=True, check=True).stdout.splitlines()
    for i, line in enumerate(lines):
        if not line.rstrip().endswith("\tsyscall"):
            continue
        for before in reversed(lines[max(0, i - 20):i]):
            found = re.search(r"\tmov\s+\$0x([0-9a-f]+),%[re]ax", before) or re.search(r"\tpush\s+\$0x([0-9a-f]+)", before)
            if found:
                yield int(found[1], 16)
                break
            if re.search(r"\txor\s+%eax,%eax", before):
                yield 0
                break
            if re.search(r"\t(call|ret|syscall|jmp)", before):
                break    # a wrapper, whose number is an argument


@pytest.mark.skipif(platform.machine() != "x86_64" or sanitized() or not shutil.which("objdump"), reason="reads x86-64 instructions")
def test_the_binary_makes_no_other_calls():
    headers = subprocess.run(["gcc", "-E", "-dM", "-include", "asm/unistd.h", "-x", "c", "/dev/null"], capture_output=True, text=True,
                             check=True).stdout
    names = {int(number): name for name, number in re.findall(r"#define __NR_(\w+) (\d+)", headers)}
    used = {names[number] for number in calls_of(build_folder() / "sts-sidecar") if number in names}
    known = {call for call, _, _ in table.rows()}
    assert len(used) > 40
    assert used - known <= ELSEWHERE, f"{used - known - ELSEWHERE}: rows for sidecar/sandbox/seccomp.c?"
