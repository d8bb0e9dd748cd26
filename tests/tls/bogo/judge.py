#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Runs BoGo's runner against the shim, and compares what happened with expectations.toml.

run.sh prepares both and starts this. Nothing may differ from the expectations: neither a result nor a count.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent.parent
LEAST_CONNECTED = 1000  # invocations of the shim that must have connected to the runner
SANITIZED = 90  # exit status of a sanitizer; the runner fails every test that has it
NO_OUTCOME = "no failure"

RESULT = re.compile(r"^(PASSED|FAILED|UNIMPLEMENTED) \((.+)\)$")
OUTCOME = re.compile(r"^outcome: (.*)$", re.MULTILINE)


def error_lines(errors):
    """The lines that the shim prints for a name of ours: all of BoringSSL's names that stand for it."""
    names = collections.defaultdict(list)
    for theirs, ours in errors.items():
        for name in ours:
            names[name].append(theirs)
    return "".join(f"{ours}\t{' '.join(theirs)}\n" for ours, theirs in names.items())


def run(options, expected, folder):
    """Runs the runner. Returns its output, and the lines of the shim's log."""
    log, errors, config = folder / "log", folder / "errors", folder / "config.json"
    log.touch()
    errors.write_text(error_lines(expected["errors"]))
    config.write_text(json.dumps({"DisabledTests": expected["disabled"], "AllCurves": expected["groups"]}))
    sanitizer = f"exitcode={SANITIZED}:log_path={folder}/sanitizer:handle_abort=1:halt_on_error=1"
    environment = dict(os.environ, STS_BOGO_SHIM=str(options.shim), STS_BOGO_LOG=str(log), STS_BOGO_ERRORS=str(errors),
                       ASAN_OPTIONS=sanitizer + ":detect_leaks=0",  # the client allocates nothing, and the search takes half the time of a run
                       UBSAN_OPTIONS=sanitizer, MSAN_OPTIONS=sanitizer)
    command = [options.runner, "-shim-path", str(HERE / "front.sh"), "-shim-config", str(config), "-pipe", "-allow-unimplemented",
               "-num-workers", str(2 * (os.cpu_count() or 1)), "-resource-dir", str(TOP / "subprojects/bogo/ssl/test/runner")]
    if options.only:
        command += ["-test", options.only]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900, check=False)
    return done.stdout.decode(errors="replace"), log.read_text(errors="replace").splitlines()


def results(output):
    """What the runner printed: {test: (result, details)}."""
    found, name = {}, None
    for line in output.splitlines():
        match = RESULT.match(line)
        if match:
            name = match[2]
            found[name] = [match[1], []]
        elif name:
            found[name][1].append(line)
    return {name: (result, "\n".join(lines).strip()) for name, (result, lines) in found.items()}


def outcome(details):
    """Why the shim says that its last connection ended."""
    found = OUTCOME.findall(details)
    return found[-1] if found else NO_OUTCOME


def judge_results(found, expected):
    """Compares the tests that the runner calls failed with those that are listed."""
    listed = {}
    for row in expected["different"]:
        for test in row["tests"]:
            if test in listed:
                yield f"{test} stands in expectations.toml twice"
            listed[test] = row["outcome"]
    for test, (result, details) in sorted(found.items()):
        if result == "FAILED" and test not in listed:
            yield f"{test} failed and is not listed: {outcome(details)}\n{details}"
        elif result == "FAILED" and outcome(details) != listed[test]:
            yield f"{test} is listed with \"{listed[test]}\" and ended with \"{outcome(details)}\""
    for test in listed:
        if found.get(test, ("unknown",))[0] != "FAILED":
            yield f"{test} is listed as different, and its result is {found.get(test, ('unknown',))[0]}"


def judge_log(lines, expected):
    """Compares the flags that were not supported with those that are listed, and looks for connections without an end."""
    flags = collections.Counter(line.removeprefix("flag ") for line in lines if line.startswith("flag "))
    for flag in sorted(flags.keys() | expected["never"].keys()):
        count = expected["never"].get(flag, {}).get("count")
        if count is None:
            yield f"the shim was given {flag} {flags[flag]} times, which is not listed"
        elif count != flags[flag]:
            yield f"the shim was given {flag} {flags[flag]} times, and {count} times are listed"
    begun, ended = lines.count("begin"), lines.count("end")
    if begun != ended:
        yield f"{begun} invocations began and {ended} ended: the others were ended by a signal or a sanitizer"
    if begun < LEAST_CONNECTED:
        yield f"only {begun} invocations connected to the runner, and {LEAST_CONNECTED} must"


def counts(found, lines, expected):
    results_found = collections.Counter(result for result, _ in found.values())
    return {"connected": lines.count("begin"), "passed": results_found["PASSED"], "different": results_found["FAILED"],
            "never": results_found["UNIMPLEMENTED"], "disabled": expected["counts"]["all"] - len(found)}


def judge(found, lines, expected, folder):
    yield from judge_results(found, expected)
    yield from judge_log(lines, expected)
    for what, count in counts(found, lines, expected).items():
        if count != expected["counts"][what]:
            yield f"{what}: {count} are counted, and {expected['counts'][what]} are expected"
    for report in sorted(folder.glob("sanitizer*")):
        yield "a sanitizer reports:\n" + report.read_text(errors="replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", required=True)
    parser.add_argument("--shim", required=True)
    parser.add_argument("--only", help="patterns of tests, with ; between them")
    parser.add_argument("--json", help="a file that the results are written to")
    options = parser.parse_args()
    expected = tomllib.loads((HERE / "expectations.toml").read_text())
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sts-bogo.") as name:
        folder = pathlib.Path(name)
        output, lines = run(options, expected, folder)
        found = results(output)
        problems = list(judge(found, lines, expected, folder))
    if options.json:
        summary = {test: [result, outcome(details), details] for test, (result, details) in found.items()}
        pathlib.Path(options.json).write_text(json.dumps({"results": summary, "log": lines}))
    if options.only:
        for test, (result, details) in sorted(found.items()):
            print(f"{result} {test}\n{details}\n")
        print("Only some tests ran, so there is no verdict.")
        return 1
    for problem in problems:
        print(f"not ok - {problem}")
    if not found:
        print(output)
    seen = counts(found, lines, expected)
    print(f"BoGo: {seen['passed']} passed, {len(problems)} failed, {seen['different']} different for a listed reason, "
          f"{seen['never']} ended with 89, {seen['disabled']} disabled; {seen['connected']} invocations connected; "
          f"{time.monotonic() - start:.0f} s")
    print(f"{seen['passed']} passed, {len(problems)} failed")
    return 1 if problems or not found else 0


if __name__ == "__main__":
    sys.exit(main())
