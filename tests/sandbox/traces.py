# SPDX-License-Identifier: Apache-2.0
"""What strace saw, sorted by the stages of the processes: which process has made which system calls behind which filter."""
import re

# The filters of a process, in order, after which its stages are named.
STAGES = {
    "worker": ["start", "connected", "answered"],
    "notify": ["notify", "signal"],
    "listener": ["listener"],
    "other": ["supervisor"],
}


def lines_of(trace):
    """(pid, call, arguments, result) in the order in which the calls ended."""
    unfinished = {}
    for line in trace.read_text(errors="replace").splitlines():
        pid, _, text = line.partition(" ")
        text = text.strip()
        if text.endswith("<unfinished ...>"):
            unfinished[pid] = text.removesuffix("<unfinished ...>").rstrip()
            continue
        text = re.sub(r"<\.\.\. \w+ resumed>", lambda _, pid=pid: unfinished.pop(pid, ""), text)
        found = re.match(r"(\w+)\((.*)\)\s+= (.*)", text)
        if found:
            yield pid, *found.groups()


def is_filter(call, arguments, result):
    return call == "prctl" and arguments.startswith("PR_SET_SECCOMP") and result == "0"


def kind_of(arguments):
    """Which process begins with this execve(2)?"""
    if '"worker"' in arguments:
        return "notify" if '"worker", "notify"' in arguments else "worker"
    return "listener" if '"listener"' in arguments else "other"


def calls_by_stage(trace):
    """{stage: [(call, arguments, result)]}. What happens before the supervisor's filter is left out. A child has the supervisor's filter
    until it enters one of its own."""
    stages, kinds, filters = {}, {}, {}
    for pid, call, arguments, result in lines_of(trace):
        if call == "execve" and result == "0":
            kinds[pid] = kind_of(arguments)
        kind = kinds.setdefault(pid, "other")
        stage = None
        if kind != "other":
            done = filters.get(pid, 0)
            stage = STAGES[kind][done - 1] if done else "supervisor"
        elif "supervisor" in filters:
            stage = "supervisor"
        if stage:
            stages.setdefault(stage, []).append((call, arguments, result))
        if is_filter(call, arguments, result):
            filters[pid if kind != "other" else "supervisor"] = filters.get(pid, 0) + 1
    return stages
