# SPDX-License-Identifier: Apache-2.0
"""judge.py CONSOLE LOG REVISION EMULATOR PART...: judges what the console of tools/arm64.sh's machine says, and writes it to LOG without what the tests
print on their way. Prints what failed, and "N passed, N failed"."""
import collections
import errno
import pathlib
import re
import sys

SECCOMP = {errno.EPERM, errno.ENOSYS}
LANDLOCK = {errno.EACCES, errno.EXDEV}
# Fewer are a mistake of the machine's: a part that ended early.
AT_LEAST = {"image": 6, "sandbox": 400, "unit": 120, "e2e": 20, "user": 1}
KEPT = re.compile(r"^(machine|image|image [a-z ]+|sandbox|sandbox \w+ log|unit|unit says|e2e|e2e says|e2e skipped|attempts|user|user log): |^\w+ took \d+ s$|^the end$")


def attempts(text):
    """What a hostile worker's attempts came to, judged as tests/sandbox/test_attempts.py does: {"sandbox: STAGE: ATTEMPT": ok}."""
    layers = re.search(r'"sandbox":"no-new-privs,seccomp,landlock-(\d+)"', text)
    abi, judged = int(layers[1]) if layers else 0, {"sandbox: Landlock is in force": bool(layers)}
    for stage, name, number in re.findall(r"^attempt: (confined|connected|answered): (\S.*) (\d+)$", text, re.M):
        number = int(number)
        kind = name.partition(":")[0]
        allowed = {"inside": {0}, "log": {errno.EBADF}, "file": LANDLOCK if stage == "confined" else LANDLOCK | {errno.EPERM}, "end 0": {0}}.get(kind, SECCOMP)
        if kind == "recv" and stage != "answered" or kind in ("net", "make") and stage == "confined" or name in ("begin", "end") or (stage, name) == ("confined", "call:landlock_create_ruleset"):
            continue
        if name == "file:truncate outside" and abi < 3 or name == "file:a terminal" and number == errno.ENXIO:
            continue
        judged[f"sandbox: {stage}: {name} ({errno.errorcode.get(number, number)})"] = number in allowed
    return judged


def main(console, log, revision, emulator, *parts):
    text = pathlib.Path(console).read_text(errors="replace").replace("\r", "")
    judged = {f"{part}: {name}": verdict == "ok" for part, name, verdict in re.findall(r"^(image|sandbox|unit|e2e|user): (.*): (ok|failed)(?: \(.*\))?$", text, re.M)}
    if "sandbox" in parts:
        judged |= attempts(text)
    judged["the machine came to its end"] = "\nthe end\n" in text
    counts = collections.Counter(name.partition(":")[0] for name in judged)
    for part in parts:
        judged[f"{part}: at least {AT_LEAST[part]} tests ran"] = counts[part] >= AT_LEAST[part]
    failed = sorted(name for name, ok in judged.items() if not ok)
    if "sandbox" in parts:
        text = re.sub(r"^the end$", f"attempts: {counts['sandbox']} outcomes of a hostile worker's attempts were judged\\nthe end", text, flags=re.M)
    lines = [f"tools/arm64.sh at {revision}, {emulator}: {' '.join(parts)}"] + [line.rstrip() for line in text.splitlines() if KEPT.match(line)]
    lines += [f"failed: {name}" for name in failed] + [f"{len(judged) - len(failed)} passed, {len(failed)} failed"]
    pathlib.Path(log).write_text("\n".join(lines) + "\n")
    print("\n".join(lines[-len(failed) - 1:]))
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:5], *sys.argv[5].split()))
