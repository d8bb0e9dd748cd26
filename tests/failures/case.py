# SPDX-License-Identifier: Apache-2.0
"""The table of cases: what is prepared, and which words the answers must have and must not have."""
import json
import pathlib
import re
import tomllib
from dataclasses import dataclass

CASES = {}
GATES = ["configuration", "subject", "output", "clock", "name", "proxy", "connect", "tls", "answer", "files", "sidecar"]
PARTS = ["fetch", "run", "check", "doctor"]
MARKS = pathlib.Path(__file__).resolve().parent / "marks.toml"


@dataclass
class Case:
    """
    gate     the gate that fails; where doctor may find it at several, they are divided by "|", and the first one is that of the page
    error    the name of the error in the lines of fetch, or several with "|"; None: any, or none at all
    status   the exit status of fetch; None: any
    says     words for the line of fetch, for that of run and for that of check: the cause, the object and the next step
    first    further words for the line of fetch
    fetch    further words for the lines of fetch and run
    check    further words for the line of check
    never    words that none of them may have: wrong causes, and hints that do not fit
    ok       the exit status of check

    "a|b" is one of them. Upper and lower case are the same.
    """
    name: str
    prepare: object
    gate: str
    error: str
    status: int
    says: tuple
    first: tuple
    fetch: tuple
    check: tuple
    never: tuple
    ok: int
    short: bool


def words(value):
    return (value,) if isinstance(value, str) else tuple(value)


def case(name, gate, error=None, status=None, says=(), first=(), fetch=(), check=(), never=(), ok=1, short=False):
    """The function below it prepares the Pod."""
    assert set(gate.split("|")) <= set(GATES), gate
    assert name not in CASES, name

    def note(prepare):
        CASES[name] = Case(name, prepare, gate, error, status, words(says), words(first), words(fetch), words(check), words(never), ok, short)
        return prepare
    return note


def has(text, wanted):
    return any(part.lower() in text.lower() for part in wanted.split("|"))


def line_of(text):
    """The line that counts: the first one about an error, else about a warning, else the last one. Later ones of fetch are about attempts that
    had less time."""
    lines = [re.sub(r"^\d{4}-\d\d-\d\dT[\d:.]+Z ", "", line) for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if line != "info: told to stop"]
    for level in ("error: ", "sts-sidecar: ", "warn: "):
        for line in lines:
            if line.startswith(level):
                return line
    return lines[-1] if lines else ""


def check_of(said):
    return (said["check"]["err"] + said["check"]["out"]).strip()


def lacking(case, said):
    """What each part lacks, as clauses after "must be mended so that it": {"fetch": [...], ...}."""
    texts = {"fetch": line_of(said["fetch"]["err"]), "run": said["run"]["err"], "check": check_of(said)}
    wanted = {"fetch": case.says + case.fetch + case.first, "run": case.says + case.fetch, "check": case.says + case.check}
    lacks = {part: [f'says "{word}"' for word in wanted[part] if not has(text, word)] for part, text in texts.items()}
    texts["fetch"] = said["fetch"]["err"]
    for part, text in texts.items():
        lacks[part] += [f'does not say "{word}"' for word in case.never if has(text, word)]
    if case.error and not any(f'error="{name}"' in texts["fetch"] for name in case.error.split("|")):
        lacks["fetch"].append(f"has the error {case.error}")
    if case.status not in (None, said["fetch"]["status"]):
        lacks["fetch"].append(f"ends with {case.status}")
    if said["check"]["status"] != case.ok:
        lacks["check"].append(f"ends with {case.ok}")
    if said["run"]["status"] is None and not said["check"]["elsewhere"] and has(texts["check"], "is it running"):
        lacks["check"].append("does not ask whether the sidecar runs, for it does")
    if "doctor" in said:
        lacks["doctor"] = lacking_doctor(case, said)
    lacks["run"] = [clause for clause in lacks["run"] if clause not in lacks["fetch"]]      # both have the same line
    return {part: what for part, what in lacks.items() if what}


def gates_of(said):
    """What doctor says of the gates: {gate: {"result": "ok", "fail", "warn" or "skip", ...}}. It is empty where the options are wrong."""
    try:
        return {gate["gate"]: gate for gate in json.loads(said["doctor"]["out"])["exchanges"][0]["gates"]}
    except (ValueError, KeyError, IndexError):
        return {}


def verdict_of(said, names=None):
    """Lines about the gates that are not good, or about those of them that are named; or doctor's complaint about its options."""
    return "\n".join(f"{name} {gate['result']}: {gate.get('message', '')}" + (f" [{gate['error']}]" if "error" in gate else "") +
                     (f" {gate['hint']}" if "hint" in gate else "")
                     for name, gate in gates_of(said).items() if gate["result"] in ("fail", "warn") and (names is None or name in names)) or said["doctor"]["err"].strip()


def lacking_doctor(case, said):
    gates, verdict, status = gates_of(said), verdict_of(said), said["doctor"]["status"]
    names = case.gate.split("|")
    lacks = [f'says "{word}"' for word in case.says + case.fetch if not has(verdict + said["doctor"]["out"], word)]
    lacks += [f'does not say "{word}"' for word in case.never if has(verdict_of(said, names), word)]
    if not (case.says + case.fetch + case.check) and case.status in (None, 0):
        return lacks if status == 0 else [*lacks, "ends with 0"]
    if not (case.says + case.fetch):
        return lacks
    if gates and not any(gates[name]["result"] in ("fail", "warn") for name in names if name in gates):
        lacks.append(f"names the gate {case.gate}")
    if case.status not in (None, 0) and status not in (1, 64):
        lacks.append("ends with 1")
    return lacks


def marks():
    """What is expected to be mended: {case: {part: [clauses]}}."""
    found = {}
    for part, table in (tomllib.loads(MARKS.read_text()) if MARKS.exists() else {}).items():
        for name, clauses in table.items():
            found.setdefault(name, {})[part] = clauses
    return found


def write_marks(chosen, lacks):
    """Writes the file anew; cases that were not chosen keep their marks."""
    kept = {name: mark for name, mark in marks().items() if name not in chosen}
    new = kept | {name: lacks[name] for name in chosen if lacks[name]}
    lines = ["# SPDX-License-Identifier: Apache-2.0",
             "# Answers that are expected to be mended: what each part of a case lacks. `tests/failures/run.py --marks` writes this file; a mark whose",
             "# answer has been mended is a failure until it is removed."]
    for part in PARTS:
        lines += ["", f"[{part}]"]
        lines += [f"{name} = {json.dumps(new[name][part])}" for name in CASES if new.get(name, {}).get(part)]
    MARKS.write_text("\n".join(lines) + "\n")


def judge(name, lacks, marked):
    """Complaints about a case: what is lacking without a mark, and marks that may go."""
    said = []
    for part in PARTS:
        now, then = set(lacks.get(part, ())), set(marked.get(part, ()))
        said += [f"{name}: {part} must be mended so that it {clause}" for clause in sorted(now - then)]
        said += [f"{name}: {part} has been mended; remove the mark: {clause}" for clause in sorted(then - now)]
    return said
