# SPDX-License-Identifier: Apache-2.0
"""The file `.status`, written by hand, and a stand-in for the sidecar that owns a directory and answers HUP with such files."""
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ANOTHER_BOOT = "00000000-1111-4222-8333-444444444444"
THERE = pathlib.Path(__file__).resolve()


def boot_id():
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def boot_ms():
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)


def failing(ago_s=12, next_s=18, tries=4, **more):
    """The lines of a former version: a refusal that many seconds ago, the next attempt in so many."""
    now_s = int(time.time())
    return {"state": "failing", "error": "denied", "detail": 403, "http_status": 403, "tries": tries, "attempts": 17,
            "last_attempt": now_s - ago_s, "next_attempt": now_s + next_s, "last_success": 0, "waits": 0} | more


def of_boot(boot=None, tried_s=None, ended_s=None, next_s=None, trying_s=None, latest_s=None, source_tried_s=None):
    """The lines that belong to a boot; times in seconds from now."""
    now_ms = boot_ms()
    times = {"trying": trying_s, "tried": tried_s, "ended": ended_s, "next": next_s, "latest": latest_s, "source_tried": source_tried_s}
    return {"boot": boot or boot_id()} | {key: 0 if s is None else max(1, now_ms + int(s * 1000)) for key, s in times.items()}


def with_sum(lines):
    """The content of the file: the lines, and their sum (sts_hash() of lib/base/hash.h)."""
    total = 14695981039346656037
    for byte in lines.encode():
        total = (total ^ byte) * 1099511628211 & (1 << 64) - 1
    return f"{lines}\nsum {total & (1 << 32) - 1}"


def write(folder, lines):
    """Writes the file as the sidecar does: under another name, which is then renamed."""
    new = pathlib.Path(folder) / ".status.new"
    new.write_text(with_sum("\n".join(["sts-sidecar-status 1", *(f"{key} {value}" for key, value in lines.items())])))
    new.chmod(0o644)
    os.rename(new, pathlib.Path(folder) / ".status")


class Owner:
    """A process with the sidecar's name that has locked the directory. At HUP it writes the statuses, each after its delay in seconds:
    [(delay, lines of failing() and the like, arguments of of_boot() or None), ...]."""

    def __init__(self, folder, *answers, **popen):
        python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
        self.popen = subprocess.Popen([python, THERE, folder, json.dumps(answers)], stdout=subprocess.PIPE, cwd="/", **popen)
        assert self.popen.stdout.readline() == b"locked\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.communicate(timeout=5)


def own(folder, answers):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    pathlib.Path("/proc/self/comm").write_text("sts-sidecar")
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
    print("locked", flush=True)
    signal.sigwait([signal.SIGHUP])
    for delay_s, lines, times in answers:
        time.sleep(delay_s)
        write(folder, lines | (of_boot(**times) if times is not None else {}))
    time.sleep(60)


if __name__ == "__main__":
    own(sys.argv[1], json.loads(sys.argv[2]))
