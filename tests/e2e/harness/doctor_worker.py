# SPDX-License-Identifier: Apache-2.0
"""A worker of `doctor`, started as the command starts it. What it writes to its pipe is read by the layout in the headers."""
import ctypes
import os
import re
import subprocess
from dataclasses import dataclass

from harness.sidecar import PATIENCE_S, TOP

NUMBERS = {"int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32, "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64,
           "uint16_t": ctypes.c_uint16, "uint8_t": ctypes.c_uint8, "char": ctypes.c_char}
PIPE, TOKEN = 3, 9
HEADERS = [TOP / name for name in ("lib/base/sizes.h", "lib/base/error.h", "sidecar/wire/report.h", "sidecar/wire/findings.h")]


def _source():
    return re.sub(r"/\*.*?\*/", "", "\n".join(path.read_text() for path in HEADERS), flags=re.S)


def layout(name, source=_source()):
    """The ctypes structure of a struct in the headers."""
    constants = dict(re.findall(r"#define (\w+)\s+(\d+)\s*$", source, re.M))
    members = []
    for kind, names in re.findall(r"(struct \w+|\w+) ([^;]+);", re.search(rf"struct {name} {{(.*?)\n}};", source, re.S)[1]):
        base = layout(kind.split()[1], source) if kind.startswith("struct") else NUMBERS[kind]
        for field, size in re.findall(r"(\w+)(?:\[(\w+)\])?(?:,|$)", names.replace(" ", "").replace("\n", "")):
            members.append((field, base * int(constants.get(size, size)) if size else base))
    return type(name, (ctypes.Structure,), {"_fields_": members})


GATES = re.findall(r"^\[gate\.(\w+)\]", (TOP / "lib/base/errors.toml").read_text(), re.M)
NAMES = re.findall(r"^\[error\.\w+\.(\w+)\]", (TOP / "lib/base/errors.toml").read_text(), re.M)
USE = {name: number for number, name in enumerate(re.findall(r"STS_USE_(\w+),", _source()))}
Findings, Report = layout("sts_findings"), layout("sts_report")


@dataclass
class Looked:
    before: bytes  # what was written before the findings
    findings: Findings
    report: Report

    @property
    def text(self):
        return self.report.text.decode()


def look(sidecar, mode, *arguments, timeout_ms=20000, command="run", memory=None, **more):
    """Run a worker of this mode to its end. `memory` is for the token that one worker leaves and another one revokes."""
    ours, theirs = os.pipe()

    def inherit():
        os.dup2(theirs, PIPE)
        if memory is not None:
            os.dup2(memory, TOKEN)
    try:
        with sidecar.start("worker", mode, timeout_ms, "default", "-", "-", "0", command, *arguments,
                           preexec_fn=inherit, pass_fds=(PIPE,) if memory is None else (PIPE, TOKEN), **more) as process:
            os.close(theirs)
            theirs = None
            result = process.wait(PATIENCE_S)
        assert result.status == 0 and not result.err, result
        with os.fdopen(ours, "rb") as pipe:
            ours = None
            data = pipe.read()
    finally:
        for fd in (ours, theirs):
            if fd is not None:
                os.close(fd)
    sizes = ctypes.sizeof(Findings), ctypes.sizeof(Report)
    assert len(data) >= sum(sizes), data
    at = len(data) - sum(sizes)
    return Looked(data[:at], Findings.from_buffer_copy(data, at), Report.from_buffer_copy(data, at + sizes[0]))
