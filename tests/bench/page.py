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
SLAB_KIB = 0.3
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

One more instance costs what a memory cgroup (version {found['cgroup_version']}) counts for {found['many']} instances less what it counts for one, divided by {found['many'] - 1}. The kernel's memory for the processes is in it, such as page tables,
stacks of the kernel, filters, descriptors and inodes. (Python and the 16 exchanges: {found['many'] // 4} instances.) All instances write into one tmpfs, as with an `emptyDir` in memory. *Floor* is a static process of the same C library that waits for ever: `pause` has
written nothing, the other one has written files of the same sizes (in bytes: {files}), and the third one has started a second process that waits. KiB; medians of {rows[0][1]['total']['n']} turns, with the quartiles in parentheses.

![Memory of one more instance](pictures/bench-memory.svg)

"""
    columns = [("total", "in all"), ("user", "own pages"), ("cache", "files"), ("kernel", "kernel"), ("VmPTE", "page tables, of it"),
               ("Private_Dirty", "private dirty"), ("Pss", "Pss")]
    return text + table(["", *(head for _, head in columns), "beside the floor"], [
        [kind, spread(row["total"]), *(f"{row[key]['median']:.1f}" for key, _ in columns[1:]), f"{row['total']['median'] / floor:.2f}"] for kind, row in rows]) + slabs(found)


def slabs(found):
    """The kernel's memory for one more instance, by slab."""
    kinds = [kind for kind in memory.SLABS if kind in found["slabs"]]
    names = sorted({name for kind in kinds for name, kib in found["slabs"][kind].items() if kib >= SLAB_KIB},
                   key=lambda name: -max(found["slabs"][kind].get(name, 0) for kind in kinds))
    return f"""
The kernel's memory for one more instance, by its slabs (`/proc/slabinfo`), in KiB. It is counted for the whole machine, before and after, so what other programs do at the time is in it, and it is not exactly the sum above. A slab has the name of one kind of
object, though the kernel may keep others of the same size there. Slabs below {SLAB_KIB} KiB are left out, and so are the inodes of `/proc`, which belong to those who read there.

""" + table(["", *kinds], [[name if " " in name else f"`{name}`", *(f"{found['slabs'][kind].get(name, 0):.2f}" for kind in kinds)] for name in names])


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

All write their files into a directory in memory, as with an `emptyDir` of `medium: Memory`: sts-sidecar syncs its files, and the others do not. What the syncs cost on a disk is in the table of stages below.

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
                   "bytes of the first log lines", "log bytes an hour", "exit ms", "bytes of the binary", "of it after gzip"], [
        [row["peer"], row["cpu_s"], row["wake_ups"], row["calls"] if row["calls"] is not None else "",
         row["requests"], row["first_log"], row["log_bytes"], row["exit_ms"], row["bytes"] or "", row["packed"] or ""]
        for row in found["rows"]])
    if found["images"]:
        text += "\nWhat a node downloads for an image: manifest, configuration and layer. `oci-without-ca` has no CA bundle.\n\n"
        text += table(["layout", "architecture", "commit", "bytes"], [[f"`{row['name']}`", row["architecture"], row["revision"], row["bytes"]] for row in found["images"]])
    text += "\nA reader reads `token.jwt` without a pause while exchanges write it anew. A read is torn if it is not a whole token:\n\n"
    return text + table(["peer", "exchanges", "whole reads", "torn reads"], [
        [row["peer"], row["exchanges"], row["whole"], row["torn"]] for row in found["torn"]]) + TIMES + LIMITS


TIMES = """
## Where the time goes

One exchange with a P-256 server, TLS 1.3 and one CA took 1.9 ms of CPU time on 2026-12-01, in another run than that of the tables above. `perf record` took 15,000 samples a second during 400 exchanges of the program before 968ac5a. The table has the share of each part in percent of all samples. Each figure is rounded by itself, so a row may add up to one
more than it has *in all*. *Kernel* is the time in the kernel that no other column has: sockets, files, signals, the scheduler. [trust.md](trust.md#what-a-full-bundle-costs) says what a bundle of CAs costs in addition.

| process | P-256, X25519 | other cryptography | other code | texts of the log | filters of system calls | fork, exec, exit | page faults | kernel | in all |
|---|---|---|---|---|---|---|---|---|---|
| worker | 24 % | 4 % | 10 % | 1 % | 7 % | 5 % | 4 % | 19 % | 73 % |
| supervisor | | | 4 % | 2 % | 5 % | 3 % | 2 % | 11 % | 27 % |

These changes are in use. For each, the program before it and the program after it took turns: 80 exchanges of each program for the first three rows, and at least 200 for the others. *Difference* is the median of the differences of the pairs. Other programs ran on the machine, so
only the figures of one row can be compared. *Bytes of code* is the change of the program's size. The server has a P-256 key, unless the row says RSA.

| change | commit | CPU ms before | CPU ms after | difference | bytes of code |
|---|---|---|---|---|---|
| The copies in constant time, of which P-256 makes many, take words and not bytes. | e4b50f9 | 4.95 | 4.53 | | -9 |
| P-256 takes four bits of a scalar at a time, in place of two. | e4b50f9 | 4.47 | 4.23 | | +19 |
| The texts of the log, which are packed in the binary, are unpacked without a branch for each bit. | 3a16c98 | 4.67 | 4.50 | | -8 |
| P-256 and X25519 calculate on words of 64 bits, with code of our own in place of BearSSL's, which has words of 30 bits. | d8f6286 | 4.59 | 3.72 | -0.87 | -2,816 |
| A check of a signature on P-256 multiplies both points in one loop. | b1aa474 | 3.86 | 3.59 | -0.32 | +416 |
| The inverse in such a check is calculated on words of 64 bits, too. | 53fc874 | 3.63 | 3.50 | -0.12 | +320 |
| Each prime has a reduction of its own, and the short loops are unrolled. | 3294d3c | 4.02 | 3.86 | -0.16 | +368 |
| A short exponent of RSA, which is a public one, is taken bit by bit (RSA). | c465ed9 | 4.01 | 3.65 | -0.33 | +240 |
| When a process enters a filter of system calls, the kernel runs the filter once for each number of a system call. A filter now compares a number with the rows of its group alone, and no longer with all rows. | 82679c7 | 3.63 | 3.40 | -0.27 | +160 |
| Texts of the log are unpacked with eight steps of the table at a time. | c8b1a1e | 3.50 | 3.35 | -0.10 | +80 |
| The supervisor is not woken by each byte on a worker's pipe. | 57470f8 | 3.60 | 3.37 | -0.18 | +16 |
| `fetch` and `exchange --single-run` check their options in the supervisor if there is no configuration file. Before, a child process did this. | 9f9b798 | 3.89 | 3.53 | -0.41 | +48 |
| Memory that was not used is not wiped, and not set to zero, which saves 24 page faults. | e2c3bec | 3.17 | 3.09 | -0.05 | -32 |
| The functions that P-256 and X25519 call most often are compiled into their callers. | 2d0ef3d | 2.62 | 2.57 | -0.07 | +112 |
| An inverse takes four bits of its exponent at a time. | 2d0ef3d | 2.57 | 2.54 | -0.03 | +80 |
| Before a file is written, an old temporary file of it is removed only if there is one. | 2d0ef3d | 2.54 | 2.53 | -0.01 | +48 |
| The format of a number in `.status`, which an exchange uses some 50 times, is not packed. | 2d0ef3d | 2.53 | 2.49 | -0.07 | +16 |
| The other formats of each `.status` and of each line of the log are not packed. | 08ffc3c | 2.27 | 2.25 | -0.06 | +40 |
| Only the defaults of the options of `run`, `fetch` and the command itself are unpacked, each of them once. | a23a170 | 2.92 | 2.83 | -0.06 | -80 |
| The name of a temporary file is made without a packed format. | 9e06027 | 2.56 | 2.48 | -0.05 | -8 |
| A check of an RSA signature reaches Montgomery's form with one long division. Before, each word had a division of its own, in constant time, which a public operation does not need (RSA). | ee5b895 | 2.44 | 2.36 | -0.09 | +352 |
| Texts of the log are unpacked with 64 steps of the table at a time. | 89062f7 | 2.32 | 2.27 | -0.06 | +112 |
| With TLS 1.3, change_cipher_spec goes in one packet with the Finished message and the request. | 968ac5a | 1.91 | 1.89 | -0.02 | 0 |

These changes are attempts, which are not in use. Each is one commit on top of 968ac5a. The merges 8f1ceab1 and 938a0df have all of them as parents and take nothing of them. `git worktree add ../attempt COMMIT` shows one. On 2026-12-01, the program of 968ac5a and the attempts took turns in random order, 1,000 exchanges
each. That program took 1.89 ms. The attempts 27ddcbf and bff4837 took turns with it later, when it took 1.95 ms. *Difference* is the median of the differences in a turn, in ms of CPU; a negative one says that the attempt is faster. The standard error is 0.005. An attempt that is less than 0.02 ms faster has *no gain*, and one that takes at least 0.03 ms more is *slower*. Smaller differences say
little: a few other programs ran on the machine, and where the linker places a function changes the time, too. The program's file may have at most 320 KiB, and it grows by whole pages of 4 KiB. So
an attempt that needs one page more does not fit.

| attempt | commit | difference | why it is not in use |
|---|---|---|---|
| The worker goes on in the process that `fork(2)` made, and does not execute the program. | 80d9113 | -0.10 | Each worker would have the memory of the supervisor, and the same addresses. Who takes over a worker would know the addresses of the supervisor, which lives as long as the Pod. Who guesses an address and fails could try the next one with the next worker |
| The supervisor enters no filter of system calls. | d9a1d68 | -0.08 | The filter is what keeps the process that lives longest from every system call that it does not need |
| The worker enters no filter when it starts. | 27ddcbf | -0.07 | Until it has connected, the worker could make what only the supervisor needs: new processes, and signals to others |
| The worker enters no filter after it has connected. | 398c0bd | -0.02 | While the worker parses what the server sends, it could open further connections. Landlock allows it the ports of the STS and of DNS, on any host |
| The worker enters no filter after the answer. | 001679a | -0.01 | no gain. The filter takes `sendto` and `recvfrom` from the worker once the answer was read, before it parses the token |
| The numbers of system calls stand in groups of 53 in a filter, in place of 106. | abb8d3c | +0.01 | no gain. The longest filter would be 6 instructions below 256, the most that a filter of this form can have |
| The supervisor enters no Landlock domain. | 6f5a8f8 | -0.02 | A supervisor that was taken over could write files outside of the output directory |
| The worker enters no Landlock domain. | 624ff2f | +0.01 | no gain. The worker, which parses what the server sends, could read any file that its UID may read. Until it has connected, it could connect to any port |
| A worker is started with `vfork(2)` in place of `fork(2)`. | 97f6848 | -0.01 | no gain. The supervisor would stand still until the worker has executed the program, and no deadline ends this wait if the file system of the image does not answer |
| The supervisor keeps its stack while it waits for a child. | 4b9ac0c | +0.02 | no gain |
| The code is mapped at once (`MADV_POPULATE_READ`). | 253a912 | 0.00 | no gain |
| No temporary file of a former process is looked for. | 203caa3 | 0.00 | no gain. A process that was killed may have left a file with a token |
| No `.status` is written before the first worker starts. | 5b20277 | 0.00 | no gain. Whoever looks at the directory sees at once that a sidecar has begun |
| No room is reserved for the files before the exchange. | 3d83dc9 | -0.01 | no gain. On a full disk, a token would be fetched that cannot be written |
| The connection is closed without `close_notify`. | 57bafb4 | +0.01 | no gain |
| The texts of five source files of the supervisor are not packed. | 1a1b5bf | 0.00 | no gain; 372 bytes |
| The arithmetic of P-256 and X25519 is compiled with `-O2` in place of `-Oz`. | d578d79 | +0.02 | no gain; a page above the limit |
| A product modulo a prime is calculated whole before it is reduced. | 1139acc | +0.04 | slower. P-256 keeps its own reduction in this attempt, and X25519 has the general one, which may be a part of the difference |
| A step of such a product is written in assembly for x86-64. | d6961a7 | +0.01 | no gain |
| All code is compiled with `-O2`. | bff4837 | -0.01 | no gain; 70 KiB above the limit |
| SHA-256 and ChaCha20 are compiled with `-O2`. | 87f16ad | +0.03 | slower; a page above the limit |
| BearSSL's reader of certificates is compiled with `-O2`. | f47974e | +0.01 | no gain; a page above the limit |

The columns of the first table are these parts of the 1.9 ms, each rounded:

| part | ms | why it is there, and what was tried to make it smaller |
|---|---|---|
| P-256, X25519 | 0.46 | The worker checks two signatures, that of the certificate and that of the handshake, which took 0.71 ms each before these changes and take 0.13 now, measured in a program that does nothing else. X25519 makes a key and a secret, 0.09 ms each (0.13 before). These are 0.44 ms. P-256 in place of X25519 would take 0.14 ms each. A product modulo a prime takes 25 ns. `-O2` for it, another order of its steps and assembly for a step did not make it faster (d578d79, 1139acc, d6961a7). Go's code for P-256 and X25519 is partly in assembly |
| other cryptography | 0.07 | SHA-256 has 2.2 %, ChaCha20-Poly1305 0.9 %, SHA-384 0.3 %, and a part of X25519 that is counted here 0.2 %. `-O2` for SHA-256 and ChaCha20 made them no faster (87f16ad). For Poly1305 and SHA-384, which take less than 0.01 ms together, nothing was tried. AES-GCM in place of ChaCha20-Poly1305 would gain nothing: four records of 900 bytes take 17 µs with ChaCha20-Poly1305, 43 with AES-GCM, and 19 with AES-GCM and BearSSL's code for AES-NI, which has 4,120 bytes |
| other code | 0.27 | TLS, certificates, HTTP and JSON in the worker; options and schedule in the supervisor. The function with most is in BearSSL's reader of certificates and has 2.2 %; `-O2` for the reader gained nothing (f47974e). The code that writes the filters has 0.6 %. The rest is spread over some 400 functions with at most 0.5 % each, which is less than 0.01 ms. To compile all of it with `-O2` gained nothing (bff4837) |
| texts of the log | 0.04 | Texts are packed in the binary to keep it below its limit, and unpacked when a line is written. 3a16c98, c8b1a1e and 89062f7 made that faster by 0.33 ms in all. 2d0ef3d, 08ffc3c, a23a170 and 9e06027 unpack less, which saved 0.24 ms. To unpack even less gained nothing (1a1b5bf) |
| filters of system calls | 0.22 | The supervisor enters one filter, and the worker enters three more, each of which allows it less. By the samples, the kernel checks and translates them in 0.13 ms, gets memory for them in 0.03, and runs each for every number of a system call in 0.06. To run them at each system call is a part of *kernel*, and takes some 0.01 ms. After 82679c7, a filter costs 14 µs, and 0.09 µs for each of its instructions; a filter has between 54 and 242 of them. A program that entered filters of different lengths, one after the other, measured this. By these figures, the four would take some 0.1 of the 0.22 ms. No measurement explains why they take more in an exchange. Without the supervisor's filter an exchange takes 0.08 ms less (d9a1d68), and without one of the worker's later two 0.01 or 0.02 (001679a, 398c0bd). Smaller groups gained nothing (abb8d3c). The worker's first filter has 0.07 ms (27ddcbf): it takes from the worker what only the supervisor needs, such as `fork`, `execve` and `kill` |
| fork, exec, exit | 0.15 | The supervisor forks the worker, which executes the program again, so that it has no memory of the supervisor. 9f9b798 removed another process. `vfork(2)` gained nothing (97f6848). A worker that does not execute the program would save 0.10 ms in this row and the next two (80d9113) |
| page faults | 0.11 | e2c3bec and 9f9b798 left 55 page faults of 84: 25 in the supervisor, and 30 in the worker. Each is at a page that the process touches for the first time. Mapping the code at once gained nothing (253a912). The worker cannot do so: the supervisor's filter, which it inherits, refuses the system call |
| kernel | 0.57 | 0.36 ms in the worker, for the connection, its files and its sandbox; 0.21 ms in the supervisor, for its files, its sandbox and its waits. The next table divides it by system calls. The two processes make 364 of them together; before these changes there were 682 |

The 0.57 ms of the kernel, by the samples in each system call:

| system calls | ms | what was tried to make it smaller |
|---|---|---|
| the connection: `sendto`, `connect` and others, with what the kernel does for the loopback device in them | 0.15 | 968ac5a removed a packet. The connection without `close_notify` gained nothing (57bafb4). The rest is one connection and the packets of TLS 1.3, which the Go program has, too |
| opening and renaming files | 0.11 | One `.status` less gained nothing (5b20277). Each file is written under another name and then renamed, so that a reader never sees a part of it |
| reading, writing, closing, modes, room | 0.07 | No room reserved for the files gained nothing (3d83dc9) |
| looking for files, removing temporary files | 0.07 | 2d0ef3d removes an old temporary file only if there is one. No search for those of a former process gained nothing (203caa3) |
| `poll` | 0.04 | 57470f8 removed waits, and 5 are left |
| the way into the kernel and out of it, with the filters at each system call | 0.04 | The changes that are in use removed 318 of 682 system calls |
| memory: `mprotect`, `munmap`, `prlimit64` and others | 0.02 | A supervisor that keeps its stack gained nothing (4b9ac0c). Nothing was tried for the rest |
| child processes, signals, timers, pipes | 0.02 | 9f9b798 removed a child process. Nothing was tried for the rest |
| Landlock | 0.02 | An exchange without one of the two domains takes at most 0.02 ms less (6f5a8f8, 624ff2f) |
| interrupts, the clock, random numbers, and the rest | 0.03 | 61 of the system calls read a clock, in 0.01 ms together. Nothing was tried for the rest, of which no part has more than 0.01 ms |

The targets of time beside Go are not met. The ratio depends on the state of the machine, too: in the run of the tables above, and in five runs on 2026-11-30 and 2026-12-01 in which sts-sidecar took turns with Go alone (100 to 160 exchanges each), the median of Go's CPU time was between 3.7 and 8 ms. The CPU of sts-sidecar was between
0.38 and 0.48 of Go's with a P-256 server, and between 0.40 and 0.49 with RSA-2048. In the first four of the five runs, the program before the nine changes from 2d0ef3d to 89062f7 took the same turns, and was between 0.43 and 0.52, and between 0.44 and 0.54. So these changes saved about a tenth. Before all changes of the
table, sts-sidecar took 4.8 ms with a P-256 server, where Go took 5.0, and 3.7 ms with RSA-2048, where Go took 4.7.

- The Go program is one process without a sandbox. The worker's filters, page faults, start, end and kernel are 35 %, or 0.7 ms. A single process would save a part of it, but then the process that lives as long as the Pod would parse what a server sends.
- The target of wall time beside Go is missed by the same parts. The supervisor and the worker run one after the other, so the wall time is their CPU time and the time that they wait for the server. In the table of peers (TLS 1.3, one CA), 1.8 ms are CPU time and 0.7 ms is the wait with a P-256 server; with RSA-2048, these are 1.8 and 1.7 ms. No change of the sidecar removes the server's time. While other programs use all
processors, each start of a process and each wait for one may also cost a turn of the scheduler.
- On a disk, the syncs of the files and of their directory take a part of the wall time, which the table of stages shows. They keep a file whole after a power cut. The targets are measured with a directory in memory, so the syncs are not the reason why they are missed.
"""

LIMITS = """
## What the tests hold on any machine

| budget | test |
|---|---|
| private dirty memory of a sleeping supervisor, at most 16 KiB; of sixteen exchanges; its variables, one page; its stack near them | `tests/e2e/supervisor/test_cost.py` |
| no system call between two refreshes, no socket and no sync ever in the supervisor | `tests/e2e/supervisor/test_cost.py` |
| descriptors of each process at rest, and how many filters it has | `tests/sandbox/test_holdings.py` |
| private dirty memory of the listener, at most 16 KiB before the first request | `tests/e2e/listener/test_listen.py` |
| size of the binary | `tests/build/test_binary.py` |
| size of the images | `tests/container/test_image.py` |
| round trips of an exchange: 2 with TLS 1.3, 3 with TLS 1.2, after that of TCP | `tests/e2e/tls/test_round_trips.py` |
| requests of a fleet and of a year | `tests/fleet/run.py`, `tests/soak` |
| time to exit, 100 ms | `tests/e2e/supervisor/test_stop.py` |
| no allocation: a release has no heap | `sidecar/sandbox/heap.c` |

## What was not measured

- spiffe-helper and OpenBao's agent: the Go module proxy that was at hand did not have their modules.
- openunison-cli, unless the table of peers names it: `STS_OPENUNISON_CLI` names its binary.
- Images, unless a table above has them: `tools/image.sh` builds them first. [release.md](release.md) says how they became small. The predecessor's image was not at hand.
- A day of log and a day of system calls: the figures are scaled from the window.

## Where the memory of one more instance goes

A sleeping `sts-sidecar` has three private pages: relocated constants; variables; and the stack with the arguments, the environment and the plans (the options of its exchanges, as they were checked). The floor has four, of which two are its stack. Each step below was
measured on 2026-11-30 as the difference between 60 instances and one, divided by 59.

| step | commit | KiB before | KiB after |
|---|---|---|---|
| The supervisor's variables stand behind the initialised ones, on the same page: one page and one page table less. | 8269997 | 110.5 | 103.7 |
| The stack that deeper calls have used is given back before a sleep (`madvise`). The pipe of the children that look at changed files is closed in between. | 6581d93 | 103.7 | 89.5 |
| The options are not kept on the stack during a sleep. The plans stand near the variables, and have no mapping of their own. | e5438b1 | 89.5 | 85.5 |
| The alignment of the plans no longer moves the variables to another page. | e5438b1 | 85.5 | 81.1 |

For the steps above, an instance joined the cgroup after `fork(2)`. So the 26 KiB of the kernel's memory that `fork(2)` allocates were not counted for its first process. For the steps below, and for the table of memory, a shell in the cgroup starts the instances, and these 26 KiB are counted, as in a container:
81.1 KiB became 107. The table has an instance without `--listen` and one with it:

| step | commit | KiB before | KiB after | `--listen`, before | `--listen`, after |
|---|---|---|---|---|---|
| The metrics are mapped near the variables, which saves a page table in each of the two processes. | 60e8049 | 107.2 | 107.2 | 213.8 | 207.0 |
| The supervisor and the listener go on with a stack among their variables, and give back the stack that the kernel made. The kernel's stack is far from the program, and so needs two or three page tables of its own. | 1e865fb | 107.2 | 97.4 | 207.0 | 182.3 |
| The stack ends at a page. What the listener writes to before a client comes is on that page, and no longer on two others. | 1e865fb | 97.4 | 93.4 | 182.3 | 170.3 |
| The supervisor's plans begin on the page of the stack, too. | 75c6b4d | 93.4 | 89.3 | 170.3 | 166.3 |

So one instance costs 89 KiB, which is 2 to 3 KiB less than the floor with the same files, although it holds this:

| what it holds beside the floor | KiB | why |
|---|---|---|
| the filter of system calls | 6.1 | The build for the sandbox's tests can leave a layer out. An instance of it cost 126.0 KiB with all layers, and 119.6 without the filter. A shorter filter was tried: a static process with ten filters of 218 instructions pays 6.25 KiB for each, and with ten of 30 instructions 6.05. The kernel needs at least a page for a filter. Instances cannot share a filter: a process inherits it or enters its own, and the processes of two containers inherit none from a common parent |
| two timers | 0.7 | One wakes the supervisor, and one notices that the clock was set. One timer for both would save 0.4 KiB, but would wait until a time of the node's clock, which somebody may set |
| inotify | 1.4 | Without it the supervisor would have to look at the token file at regular times |
| watches of inotify, 0.2 each | 0.5 | Two or three directories are watched for changes of the token file and of the CAs |
| a descriptor for signals, the locked directory, Landlock | 0.9 | Each is an object of the kernel. Landlock is 0.2 of it: without it, an instance of the build for the sandbox's tests cost 125.8 KiB in place of 126.0 |
| the rest | about 2 | What no measurement separates: the kernel's records of the areas of memory, of open files and of what the process waits for |

The objects were measured with static processes that make ten of each and then wait: the difference between 40 such processes and one, divided by 39. A pipe costs 2.4 KiB.

With `--listen`, an instance costs 77 KiB more: 166 KiB, or 1.8 times the floor with the same files.

| what `--listen` adds | KiB | why |
|---|---|---|
| a second process that only waits | about 60 | The second process of the floor costs 73, and 14 of these are for the stack that the listener gives back, with its page tables. Of the 60, page tables are 12 and the process's own pages 12. The rest is its stack inside the kernel and the kernel's data about it |
| its filter | 6.1 | It may call less than the supervisor |
| its socket | 3.8 | It listens for the clients |
| the page of the metrics, which both processes map, and its file in memory | 5.2 | The supervisor writes there how its exchanges do, and the listener only reads |
| the rest | about 2 | The directory of the exchange, Landlock, and the kernel's records of the areas of memory that the metrics and the stack divide |

The listener has no timer, no pipe, no descriptor of the metrics and none of epoll: it waits in `poll(2)` for its socket alone. It gives back its stack before it waits, as the supervisor does. Its three private pages are relocated constants, variables of the C library and the log, and the
stack with what it knows of the exchange. Requests need up to four pages more, for the buffers of eight connections.

To remove what is left, another design would be needed. A process cannot do without its filter. Without the second process, the supervisor would need a socket, and would parse what strangers send. The table of memory has the cost of two processes of the floor
(*floor: the same files, two processes*). A kernel without PR_SET_MM_MAP of `prctl(2)` (CONFIG_CHECKPOINT_RESTORE) leaves each process on its first stack, which costs 14 KiB more for each process.
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
