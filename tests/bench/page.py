# SPDX-License-Identifier: Apache-2.0
"""Makes docs/benchmarks.md and its plots of what the parts of the benchmark have measured."""
import pathlib
from xml.sax.saxutils import escape

import memory
import times
from rig import GO, OURS, TOP

PLOTS = TOP / "docs/pictures"
BAR, LEFT, WIDTH, TOP_PX = 26, 250, 880, 46
COLOURS = ["#0969da", "#8250df", "#bf8700", "#1a7f37", "#cf222e", "#57606a", "#0a7ea4", "#953800"]
STYLE = """
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600; font-size: 14px } .small { font-size: 12px; fill: #57606a }
  .spread { stroke: #1f2328; stroke-width: 1.5 } .back { fill: #ffffff }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .small { fill: #9198a1 } .spread { stroke: #e6edf3 } .back { fill: #0d1117 } }"""


def plot(name, title, unit, parts, rows, folder=PLOTS):
    """A horizontal bar for each row: (label, sizes of the parts, (low, high) or None). Several parts stand one after the other."""
    longest = max(max(sum(sizes), spread[1] if spread else 0) for _, sizes, spread in rows) or 1
    scale = (WIDTH - LEFT - 110) / longest
    height = TOP_PX + BAR * len(rows) + 18
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">', f"<style>{STYLE}</style>",
           f'<rect class="back" width="{WIDTH}" height="{height}"/>', f'<text class="title" x="12" y="20">{escape(title)}</text>']
    if len(parts) > 1:
        x = 12
        for colour, part in zip(COLOURS, parts):
            out.append(f'<rect x="{x}" y="29" width="10" height="10" fill="{colour}"/><text class="small" x="{x + 14}" y="38">{escape(part)}</text>')
            x += 30 + 7 * len(part)
    for number, (label, sizes, spread) in enumerate(rows):
        y, x = TOP_PX + BAR * number, LEFT
        out.append(f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(label)}</text>')
        for colour, size in zip(COLOURS, sizes):
            out.append(f'<rect x="{x:.1f}" y="{y + 2}" width="{max(size * scale, 0):.1f}" height="{BAR - 8}" fill="{colour}"/>')
            x += size * scale
        end = x
        if spread:
            low, high = (LEFT + value * scale for value in spread)
            out.append(f'<path class="spread" d="M{low:.1f} {y + 11}H{high:.1f}M{low:.1f} {y + 7}v8M{high:.1f} {y + 7}v8"/>')
            end = max(end, high)
        out.append(f'<text class="small" x="{end + 6:.1f}" y="{y + 15}">{sum(sizes):.4g} {unit}</text>')
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"bench-{name}.svg").write_text("\n".join(out + ["</svg>"]) + "\n")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def spread(one, digits=1):
    """The median, and the quartiles in parentheses."""
    return f"{one['median']:.{digits}f} ({one['low']:.{digits}f}–{one['high']:.{digits}f})"


def verdict(value, most):
    return f"{value:.2f} | {most:g} | {'met' if value <= most else '**not met**'}"


def memory_targets(found):
    rows = found["rows"]
    floor = rows[memory.FLOOR]["total"]["median"]
    named = ((OURS, 1.25, "memory of one more instance, beside the floor with the same files"), (memory.LISTEN, 2, "the same with `--listen`"))
    return [[what, verdict(rows[kind]["total"]["median"] / floor, most)] for kind, most, what in named if kind in rows]


def memory_page(found, folder):
    rows = sorted(found["rows"].items(), key=lambda item: item[1]["total"]["median"])
    floor = found["rows"][memory.FLOOR]["total"]["median"]
    plot("memory", "Memory of one more instance", "KiB", ["the process's own pages", "its files", "the kernel's memory for it"],
         [(kind, [row[key]["median"] for key in ("user", "cache", "kernel")], (row["total"]["low"], row["total"]["high"])) for kind, row in rows], folder)
    files = ", ".join(f"`{name}` {size}" for name, size in found["files"].items())
    text = f"""## Memory

One more instance costs what a memory cgroup (version {found['cgroup_version']}) counts for {found['many']} instances less what it counts for one, divided by {found['many'] - 1}. The kernel's memory for the processes is in it: page tables, stacks of the
kernel, filters, descriptors, inodes. (Python and the 16 exchanges: {found['many'] // 4} instances.) All instances write into one tmpfs, as with an `emptyDir` in memory. *Floor* is a static process of the same C library that waits for ever: `pause` has
written nothing, the other one has written files of the same sizes (in bytes: {files}), and the third one has started a second process that waits. KiB; medians of {rows[0][1]['total']['n']} turns, with the quartiles in parentheses.

![Memory of one more instance](pictures/bench-memory.svg)

"""
    columns = [("total", "in all"), ("user", "own pages"), ("cache", "files"), ("kernel", "kernel"), ("VmPTE", "page tables, of it"),
               ("Private_Dirty", "private dirty"), ("Pss", "Pss")]
    return text + table(["", *(head for _, head in columns), "beside the floor"], [
        [kind, spread(row["total"]), *(f"{row[key]['median']:.1f}" for key, _ in columns[1:]), f"{row['total']['median'] / floor:.2f}"] for kind, row in rows])


def time_targets(found):
    rows = []
    for certificate, words in (("p256", "P-256"), ("rsa2048", "RSA-2048")):
        for key, most, what in (("wall_ms", 0.5, "wall time"), ("cpu_ms", 0.4, "CPU")):
            value = times.ratio(found["at_once"], key, certificate=certificate, tls="1.3", bundle=False)
            rows.append([f"{what} from exec to token, {words} server, beside Go", verdict(value, most)])
    for row in found["delayed"]:
        if row["peer"] == OURS:
            other = next(one for one in found["delayed"] if one["peer"] == GO and one["tls"] == row["tls"] and one["delay_ms"] == row["delay_ms"])
            rows.append([f"round trips at {row['delay_ms']} ms, TLS {row['tls']}, beside Go", verdict(row["round_trips"] / other["round_trips"], 1)])
    return rows


def time_page(found, folder):
    first = [row for row in found["at_once"] if row["certificate"] == "p256" and row["tls"] == "1.3" and not row["bundle"]]
    for key, words in (("wall_ms", "Wall time"), ("cpu_ms", "CPU time")):
        plot(key.split("_")[0], f"{words} from exec to token: P-256, TLS 1.3, one CA, no delay", "ms", ["median"],
             [(row["peer"], [row[key]["median"]], (row[key]["low"], row[key]["high"])) for row in first], folder)
    text = f"""## From exec to token

A process starts, exchanges once and ends (`exchange --single-run`), by turns with its peers, against one server written in Go. CPU is that of all processes of the peer, system time included. *Bundle* is one CA, or the {found['bundle_count']} of this
machine beside it. Milliseconds; medians with the quartiles in parentheses.

All write their files into a directory in memory, as with an `emptyDir` of `medium: Memory`: sts-sidecar syncs its files, the others do not, and on a disk those syncs take most of its time.

![Wall time](pictures/bench-wall.svg)

![CPU time](pictures/bench-cpu.svg)

"""
    go = {(row["certificate"], row["tls"], row["bundle"]): row for row in found["at_once"] if row["peer"] == GO}
    text += table(["peer", "certificate", "TLS", "bundle", "wall", "CPU", "wall beside Go", "CPU beside Go"], [
        [row["peer"], row["certificate"], row["tls"], f"{found['bundle_count']} CAs" if row["bundle"] else "one CA",
         spread(row["wall_ms"]), spread(row["cpu_ms"]),
         *(f"{row[key]['median'] / go[row['certificate'], row['tls'], row['bundle']][key]['median']:.2f}" for key in ("wall_ms", "cpu_ms"))]
        for row in found["at_once"]])
    if found["stages"]:
        names = list(found["stages"][0]["stages"])
        plot("stages", "Where the wall time of one exchange goes", "ms", names,
             [(row["where"], list(row["stages"].values()), None) for row in found["stages"]], folder)
        text += "\nWhere the wall time goes, in ms: medians by the times of system calls under strace, which makes everything slower.\n\n"
        text += "![Stages](pictures/bench-stages.svg)\n\n"
        text += table(["", *names], [[row["where"], *(f"{ms:.2f}" for ms in row["stages"].values())] for row in found["stages"]])
    text += "\nBehind a relay in user space that delays every byte by half of the round trip:\n\n"
    text += table(["peer", "TLS", "round trip", "wall", "round trips after that of TCP"], [
        [row["peer"], row["tls"], f"{row['delay_ms']} ms", spread(row["wall_ms"]), f"{row['round_trips']:g}"] for row in found["delayed"]])
    if found["cold"]:
        text += "\nWith an empty page cache (`/proc/sys/vm/drop_caches`) before each run; what other running programs have mapped stays in it:\n\n"
        text += table(["peer", "wall", "CPU"], [[row["peer"], spread(row["wall_ms"]), spread(row["cpu_ms"])] for row in found["cold"]])
    return text


def rest_targets(found):
    torn = next(row["torn"] for row in found["torn"] if row["peer"] == OURS)
    return [["torn reads of the token", verdict(torn, 0)]]


def rest_page(found, _):
    window = found["window_s"]
    text = f"""## Between two tokens

Each peer alone, after its first token, for {window} s; system calls in another {window} s, with strace. The figures are scaled to an hour, so one event in the window counts as {3600 / window:.0f}. Both sts-sidecar (`exchange`) and the Go program ask for the
signing certificate each 30 s, as `openunison-cli` does; the scripts only sleep. `sts-sidecar run` is told to poll each hour, and makes no system call between two refreshes, which `tests/e2e/supervisor/test_cost.py` holds. *Exit* is the time from TERM to the end.

"""
    text += table(["peer", "CPU s an hour", "wake-ups an hour", "system calls an hour", "requests an hour",
                   "bytes of the first log lines", "log bytes an hour", "exit ms", "bytes of the binary"], [
        [row["peer"], row["cpu_s"], row["wake_ups"], row["calls"] if row["calls"] is not None else "",
         row["requests"], row["first_log"], row["log_bytes"], row["exit_ms"], row["bytes"] or ""]
        for row in found["rows"]])
    text += "\nA reader reads `token.jwt` without a pause while exchanges write it anew. A read is torn if it is not a whole token:\n\n"
    return text + table(["peer", "exchanges", "whole reads", "torn reads"], [
        [row["peer"], row["exchanges"], row["whole"], row["torn"]] for row in found["torn"]]) + TIMES + LIMITS


TIMES = """
## Where the time goes

The CPU of one exchange with a P-256 server, TLS 1.3 and one CA, 4.4 ms, by 15,000 samples a second of 400 exchanges on 2026-11-30 (`perf record`). *Kernel* is what no other column names.

| process | P-256 | other cryptography | other code | texts of the log | filters of system calls | fork, exec, exit | page faults | kernel | in all |
|---|---|---|---|---|---|---|---|---|---|
| worker | 37 % | 6 % | 6 % | 1 % | 3 % | 3 % | 4 % | 14 % | 74 % |
| supervisor | | | 3 % | 4 % | 3 % | 4 % | 1 % | 9 % | 24 % |
| planning child | | | 1 % | | | | 1 % | 1 % | 2 % |

These changes are in use. Each was measured in turns with the state before it, in 80 exchanges each:

| change | CPU ms before | CPU ms after | bytes of code |
|---|---|---|---|
| the copies in constant time of P-256 take words and not bytes | 4.95 | 4.53 | -9 |
| P-256 takes four bits of a scalar at a time, in place of two | 4.47 | 4.23 | +19 |
| texts of the log are unpacked without a branch for each bit | 4.67 | 4.50 | -8 |

These were tried, and are not in use. The binary may grow by 32 bytes before its file has a page more than the limit of 320 KiB:

| change | CPU ms before | CPU ms after | why not |
|---|---|---|---|
| P-256 compiled with `-O3` in place of `-Oz` | 5.19 | 4.65 | 4,235 bytes of code: 5,920 bytes above the limit |
| P-256 compiled with `-O2` | 5.19 | 5.05 | 1,275 bytes of code: 1,824 bytes above the limit |
| the copies take eight bytes at a time | 4.53 | not measured | 80 bytes of code: 1,824 bytes above the limit |

What is left, and why the targets beside Go are not met:

- P-256, 1.6 ms: two signatures, each with two multiplications in the arithmetic of 32-bit words that BearSSL 0.6 has. Go has P-256 in assembly. One multiplication with both scalars would need a third less products; it was not tried, because it changes
  the exceptional cases of a verification that others have examined.
- The second process, about 1.1 ms of the kernel and of start-up: a worker that parses what strangers send, with a sandbox of its own. It is the price of a supervisor that has no socket. The Go program is one process and has no sandbox.
- The planning child costs 2 %, so leaving it out would change nothing. The loop that closes 250 descriptors in a child costs 0.3 %.
- On a disk, the syncs of the files and of their directory are most of the wall time. They are what keeps a file whole after a power cut. In a directory in memory they cost nothing.
"""

LIMITS = """
## What the tests hold on any machine

| budget | test |
|---|---|
| private dirty memory of a sleeping supervisor, at most 28 KiB; of sixteen exchanges; its variables and plans, two pages | `tests/e2e/supervisor/test_cost.py` |
| no system call between two refreshes, no socket and no sync ever in the supervisor | `tests/e2e/supervisor/test_cost.py` |
| descriptors of each process at rest, and how many filters it has | `tests/sandbox/test_holdings.py` |
| memory of the listener | `tests/e2e/listener/test_listen.py` |
| size of the binary | `tests/build/test_binary.py` |
| size of the images | `tests/container/test_image.py` |
| round trips of an exchange: 2 with TLS 1.3, 3 with TLS 1.2, after that of TCP | `tests/e2e/tls/test_round_trips.py` |
| requests of a fleet and of a year | `tests/fleet/run.py`, `tests/soak` |
| time to exit, 100 ms | `tests/e2e/supervisor/test_stop.py` |
| no allocation: a release has no heap | `sidecar/sandbox/heap.c` |

## What was not measured

- spiffe-helper and OpenBao's agent: the Go module proxy that was at hand did not have their modules.
- openunison-cli, unless the table of peers names it: `STS_OPENUNISON_CLI` names its binary.
- Images; [release.md](release.md) says what a node downloads. The predecessor's image was not at hand.
- A day of log and a day of system calls: the figures are scaled from the window.
- Slabs of the kernel one by one: a memory cgroup has one figure for the kernel's memory.

## Where the memory of one more instance goes

Private pages of a sleeping `sts-sidecar`: relocated constants, variables, plans, and what the stack needs, a page each; the floor has the same without the plans. Each step below was measured with 60 instances less one, on 2026-11-30.

| step | KiB before | KiB after |
|---|---|---|
| the supervisor's variables stand behind the initialised ones, on their page: a page and a page table less | 110.5 | 103.7 |
| the stack of deeper calls is given back before a sleep (`madvise`); the pipe of the examining children is closed at rest | 103.7 | 89.5 |
| the options are not kept in a frame that sleeps; the plans are near the variables and not in a mapping of their own | 89.5 | 85.5 |
| the plans' pages no longer align the variables | 85.5 | 81.1 |

What remains above the floor, about 16 KiB:

| what remains | KiB | why |
|---|---|---|
| the page of the plans | 4 | the variables of one exchange leave 336 bytes on their page, and its plan needs more. It would fit if the texts of the log were on a page that is given back; that was not tried |
| the filter of system calls | 6.2 | in the build of the sandbox's tests, which can leave a layer out, 126.0 KiB with all layers became 119.6 without seccomp, and 125.8 without Landlock. A filter takes at least a page of the kernel. Each instance enters one of its own, since no process outlives a container from which it could be inherited |
| two timers | 0.9 | one timer instead of two was not tried: it would save 0.5 KiB and need absolute times, which follow the node's clock |
| inotify with its watches | 1.4, and 0.2 for each watch | without it the supervisor would have to look at the token file at regular times |
| a descriptor for signals, the locked directory, Landlock | 0.9 | each is an object of the kernel |
| areas of memory and the rest | about 2 | the difference of the figures above to what was measured |

What these objects cost was measured on the same day with static processes that make ten of each and then wait, 40 processes less one. A pipe costs 2.4 KiB, a listening socket 3.8, a memory file of one page 5.2, and one more process that only waits 74.6:
its page tables are 22 KiB, its own pages 15, and the rest is its stack in the kernel and the kernel's data about it.

So `--listen` cannot reach 2 floors as long as it is a process of its own: two processes of the floor cost 138 KiB, which is 2.1 floors, before either of them does anything (*floor, two processes*). `--listen` costs 1.35 times as much as these two. Of its
106 KiB the process is 75, the socket 4, its filter 6, the page of the metrics and its file 5, and the rest are 8 KiB of own pages, for connections and variables, and areas of memory. The supervisor could only take over its work if it had a socket and parsed
what strangers send.
"""

PARTS = {"memory": (memory_page, memory_targets), "times": (time_page, time_targets), "rest": (rest_page, rest_targets)}


def page(found, folder=PLOTS):
    """The text of the page."""
    where = found["where"]
    text = f"""# Benchmarks

[Index of the documentation](README.md)

This page is made by `tools/bench.sh`, which measures each part of it with all peers in one run. Figures of time belong to the machine; the ratios between programs that took turns in the same run say more.

| | |
|---|---|
| machine | {where['cpu']}, {where['processors']} processors, {where['memory_gib']} GiB |
| kernel | {where['kernel']} |
| date, commit | {where['date']}, {where['commit']}; {where['run']} |
| peers | {where['peers']} |

## Targets

"""
    targets = [row for name, (_, make) in PARTS.items() if name in found for row in make(found[name])]
    text += table(["target", "measured", "at most", ""], [[what, *rest.split(" | ")] for what, rest in targets]) + "\n"
    return text + "\n".join(make(found[name], folder) for name, (make, _) in PARTS.items() if name in found)
