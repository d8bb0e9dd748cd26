# SPDX-License-Identifier: Apache-2.0
"""The table of failures in docs/doctor.md: what fetch and check say, or run where only the sidecar says it, and the verdict of doctor. What differs
from run to run is replaced. docs/errors.md takes its examples from here."""
import re

from case import CASES, GATES, check_of, line_of, verdict_of
from pod import TOP

PAGE = TOP / "docs/doctor.md"
BEGIN, END = "<!-- made by tests/failures: the failures -->\n", "<!-- end -->\n"
# In this order. The figures that matter (how wrong a clock is, how long ago a token expired) are whole minutes.
VOLATILE = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r' (exchange|mode|token_valid_s|retry_in_s|duration_ms|lifetime_s|next_refresh_s|clock_skew_s|largest|expires|proxy|attempt|ms)=("[^"]*"|\S+)', ""),
    (r"is valid for [^;)\n]*", "is valid for N s"),
    (r"(left|written|ends in|expires in|last success) \d+ \w+( \d+ \w+)?", r"\1 N s"),
    (r"\b(after|in) \d+ (attempts?|s|ms|min)( \d+ s)?\b", r"\1 N \2"),
    (r"(next|latest) in [^;)\n]*", r"\1 in N s"),
    (r"the next is (under way|due now)", "next in N s"),
    (r"\((before|after) the request was sent\)", "(before the request was sent)"),
    (r"succeeded just now", "succeeded N s ago"),
    (r"\S+: no answer from (\S+) in \S+ m?s; the address is from /etc/hosts", r"no answer from \1 in N s"),
    # Two timers may end a connection to a proxy, each with its words.
    (r"no way to the proxy: no answer from (\S+) in \S+ m?s", r"the proxy \1 did not answer within the time"),
    (r"try \d+ failed (just now|\d+ s ago)", "try N failed N s ago"),
    (r"(\d+ (min|h|d)) \d+ (s|min|h)\b", r"\1"),
    (r"\bin \d+ ms\b", "in N ms"),
    (r"\d+ of \d+ inodes", "N of N inodes"),
    (r"\b(process|PID) \d+", r"\1 N"),
    (r"\b\d+ s ago", "N s ago"), (r"has been running for \d+ s", "has been running for N s"), (r"has not answered for \d+ s", "has not answered for N s"),
    (r"took 0 of \d+ bytes", "took 0 of N bytes"),
    (r"-?\d+ bytes\b", "N bytes"), (r"a body of \d+", "a body of N"), (r"a subject token of \d+", "a subject token of N"),
]


def steady(text):
    for pattern, replacement in VOLATILE:
        text = re.sub(pattern, replacement, text)
    return text.strip()


def entry(name, said):
    lines = [f"#### {name}", "", f"    fetch   {steady(line_of(said['fetch']['err']))} (exit status {said['fetch']['status']})"]
    lines.append(f"    check   {steady(check_of(said)) or 'nothing'} (exit status {said['check']['status']})")
    then = line_of(said["run"]["err"])
    if 'error="' in then and said["fetch"]["status"] == 0:
        lines.insert(3, f"    run     {steady(then)}")
    if "doctor" in said:
        # What doctor says of the sidecar is the line of check again.
        verdict = [line for line in steady(verdict_of(said)).splitlines() if not line.startswith("sidecar warn: ")]
        lines += [f"    doctor  {line}" for line in verdict or ["no problems found"]]
    return "\n".join(lines) + "\n"


def entries():
    """The entries of the page as it is: {name: text}."""
    if not PAGE.exists() or BEGIN not in PAGE.read_text():
        return {}
    block = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    return {text.split("\n")[0]: "#### " + text.rstrip() + "\n" for text in re.split(r"^#### ", re.sub(r"^### .*\n", "", block, flags=re.M), flags=re.M)[1:]}


def write(said):
    """Replaces the entries of these cases."""
    now = entries() | {name: entry(name, answer) for name, answer in said.items() if "broken" not in answer}
    parts = []
    for gate in GATES:
        names = [name for name, case in CASES.items() if case.gate.split("|")[0] == gate and name in now]
        parts += [f"### {gate}\n"] + [now[name] for name in names] if names else []
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    PAGE.write_text(before + BEGIN + "\n".join(parts) + END + rest.split(END, 1)[1])


def stale(name, answer):
    """A complaint if the entry of a case is not what was said now."""
    if entries().get(name) == entry(name, answer):
        return []
    return [f"{name}: docs/doctor.md says something else; tests/failures/run.py --page writes it anew"]


def gone():
    """The cases that only the page has."""
    return [name for name in entries() if name not in CASES]
