# SPDX-License-Identifier: Apache-2.0
"""Runs tools that analyse the sources, and compares what they find with accepted.toml: tools/analyse.sh calls it.

Each tool is a function that returns its findings. A finding that no row of accepted.toml describes is an error, and so is a row
that describes no finding. C is the program's own: the files of lib/ and sidecar/, with the options that they are compiled with in
build-asan/."""
import concurrent.futures
import fnmatch
import json
import os
import platform
import plistlib
import re
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build-asan"
ACCEPTED = TOP / "tests/analysis/accepted.toml"
# What gcc and clang print: lib/net/url.c:12:3: warning: text [check]
LINE = re.compile(r"^(?P<file>[^:\s][^:]*):(?P<line>\d+)(?::\d+)?: (?:fatal )?(?:warning|error|note|style|performance|portability|information): (?P<text>.*) \[(?P<check>[^\]]+)\]$")
# Files that are no prose and no program: what was recorded, what is drawn, what a fuzzer made, what another program makes.
NOT_SPELLED = ("tests/analysis/accepted.toml", "tests/fuzz/corpus/*", "tests/oracle/recorded/*", "*.svg", "*/go.sum", "lib/base/pairs.json", "*.cast", "*/Cargo.lock")
TIDY_CHECKS = "-*,bugprone-*,cert-*,clang-analyzer-security*"


@dataclass(frozen=True)
class Finding:
    file: str
    line: int
    check: str
    text: str

    def source(self):
        try:
            return (TOP / self.file).read_text().splitlines()[self.line - 1]
        except (OSError, IndexError):
            return ""

    def __str__(self):
        return f"{self.file}:{self.line}: {self.text} [{self.check}]"


def output(*command, good=(0, 1), **options):
    """What a tool prints. A status that is not one of its verdicts means that it did not do its work."""
    done = subprocess.run(command, cwd=options.pop("cwd", TOP), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "LC_ALL": "C"}, **options)
    if done.returncode not in good:
        raise SystemExit(f"{shlex.join(command[:6])} ... ends with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def findings(text, base=TOP):
    """The findings in what a tool prints, with the paths from the top of the sources."""
    for line in text.splitlines():
        if match := LINE.match(line):
            path = os.path.relpath(os.path.normpath(Path(base, match["file"])), TOP)
            yield Finding(path, int(match["line"]), match["check"].split(",")[0], match["text"])


def tracked(*patterns):
    return output("git", "ls-files", "-z", *patterns).rstrip("\0").split("\0")


def each(function, items):
    """Calls the function for each item, as many at a time as there are processors. A finding in a header that several files
    include is one finding."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return sorted({finding for found in pool.map(function, items) for finding in found}, key=str)


def shell_files():
    return [name for name in tracked() if (TOP / name).is_file()
            and (TOP / name).open("rb").readline().rstrip() in (b"#!/bin/sh", b"#!/bin/bash", b"#!/usr/bin/env bash")]


def shellcheck():
    """A script says itself where a check does not count, and why. The scripts are also read without these comments: a comment that
    hides nothing is a finding."""
    names = shell_files()
    found = list(findings(output("shellcheck", "-f", "gcc", *names)))
    with tempfile.TemporaryDirectory() as folder:
        comments = {}
        for name in names:
            copy = Path(folder, name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            lines = (TOP / name).read_text().splitlines()
            for number, line in enumerate(lines, 1):
                if match := re.match(r"\s*# shellcheck disable=([A-Z0-9,]+)( # .)?", line):
                    comments[name, number] = match[1].split(",")
                    if not match[2]:
                        found.append(Finding(name, number, "reason", "the comment does not say why"))
            copy.write_text("\n".join(re.sub("# shellcheck ", "# ", line) for line in lines) + "\n")
        hidden = {(finding.file, finding.line, finding.check) for finding in
                  findings(output("shellcheck", "-f", "gcc", *names, cwd=folder))}
    for (name, number), checks in comments.items():
        # The command may go on in the lines after the first.
        found += [Finding(name, number, "stale", f"{check} would find nothing here") for check in checks
                  if not any((name, number + after, check) in hidden for after in range(1, 5))]
    return found


def codespell():
    names = [name for name in tracked() if not any(fnmatch.fnmatch(name, pattern) for pattern in NOT_SPELLED)
             and (TOP / name).is_file()]
    found = []
    for line in output("codespell", *names, good=(0, 64, 65)).splitlines():
        if match := re.match(r"^(.+?):(\d+): (\S+) ==> (.*)$", line):
            found.append(Finding(match[1], int(match[2]), match[3], f"{match[3]} may be {match[4]}"))
    return found


def compiled():
    """The C files of the program, with the options of the preprocessor. Two files replace functions of the C library in the release alone."""
    found = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        name = os.path.relpath(os.path.normpath(Path(entry["directory"], entry["file"])), TOP)
        if not name.startswith(("lib/", "sidecar/")) or name in found:
            continue
        kept = [word for word in shlex.split(entry["command"]) if re.match("-(I|D|isystem|std|funsigned)", word)]
        found[name] = [re.sub(r"^(-I|-isystem)(?!/)", rf"\g<1>{BUILD}/", word) for word in kept]
    musl = ["-nostdinc", f"-isystem{next(TOP.glob('subprojects/musl/out-*/include'))}"]
    for name in ("sidecar/sandbox/c_library.c", "sidecar/sandbox/heap.c"):
        found[name] = [*found["sidecar/sandbox/sandbox.c"], *musl]
    return found


def gcc():
    def one(item):
        name, options = item
        return findings(output("gcc", *options, "-O0", "-fanalyzer", "-fdiagnostics-path-format=none", "-S",
                               "-o", "/dev/null", name, good=(0,)))
    return each(one, compiled().items())


def clang_tidy():
    def one(item):
        name, options = item
        return findings(output("clang-tidy-14", "--quiet", f"--checks={TIDY_CHECKS}", f"--header-filter={TOP}/(lib|sidecar)/.*", name, "--", *options))
    return each(one, compiled().items())


def scan_build():
    """analyze-build is the part of scan-build that reads a compilation database."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "compile_commands.json").write_text(json.dumps(
            [{"directory": str(TOP), "file": name, "command": shlex.join(["clang", *options, "-c", name])} for name, options in compiled().items()]))
        output("analyze-build-14", "--cdb", f"{folder}/compile_commands.json", "--plist", "--output", f"{folder}/out", good=(0,))
        found = set()
        reports = list(Path(folder, "out").rglob("*.plist"))
        if len(reports) != len(compiled()):
            raise SystemExit(f"analyze-build-14 has looked at {len(reports)} of {len(compiled())} files")
        for path in reports:
            report = plistlib.loads(path.read_bytes())
            for item in report["diagnostics"]:
                file = os.path.relpath(os.path.normpath(TOP / report["files"][item["location"]["file"]]), TOP)
                found.add(Finding(file, item["location"]["line"], item["check_name"], item["description"]))
        return sorted(found, key=str)


def cppcheck():
    def one(item):
        name, options = item
        kept = [option for option in options if option.startswith(("-I", "-D"))] + [f"-D__{platform.machine()}__=1"]
        return findings(output("cppcheck", "--quiet", "--std=c11", "--enable=warning,performance,portability", "--inline-suppr",
                               "--library=posix,gnu", "--suppress=missingIncludeSystem", "--template={file}:{line}:{column}: {severity}: {message} [{id}]", *kept, name))
    return each(one, compiled().items())


TOOLS = {"shellcheck": shellcheck, "codespell": codespell, "cppcheck": cppcheck, "gcc": gcc, "clang-tidy": clang_tidy, "scan-build": scan_build}
KEYS = {"check", "files", "text", "reason"}


def accepts(row, finding):
    files = row["files"] if isinstance(row["files"], list) else [row["files"]]
    return (row["check"] == finding.check and any(fnmatch.fnmatch(finding.file, pattern) for pattern in files)
            and ("text" not in row or row["text"] in finding.source() or row["text"] in finding.text))


def judge(tool, found, rows):
    """The lines to print: each is an error."""
    used = set()
    errors = []
    for finding in found:
        by = [number for number, row in enumerate(rows) if accepts(row, finding)]
        used.update(by)
        if not by:
            errors.append(f"{tool}: {finding}")
    return errors + [f"tests/analysis/accepted.toml: no finding of {tool} is {row['check']} in {row['files']}" + (f" with {row['text']!r}" if "text" in row else "")
                     for number, row in enumerate(rows) if number not in used]


def main(names):
    accepted = {}
    for tool, rows in tomllib.loads(ACCEPTED.read_text()).items():
        accepted[tool] = [{**row, "check": check} for row in rows
                          for check in (row["check"] if isinstance(row.get("check"), list) else [row.get("check")])]
        for row in rows:
            if tool not in TOOLS or not {"check", "files", "reason"} <= set(row) <= KEYS or not row["reason"].strip():
                raise SystemExit(f"tests/analysis/accepted.toml: a row of {tool} lacks a key, or has one that is not known: {row}")
    failed = 0
    for name in names:
        start = time.monotonic()
        errors = judge(name, TOOLS[name](), accepted.get(name, []))
        print(*errors, sep="\n", end="\n" if errors else "")
        print(f"{name}: {len(errors) or 'no'} findings, {time.monotonic() - start:.0f} s", flush=True)
        failed += bool(errors)
    print(f"{len(names) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
