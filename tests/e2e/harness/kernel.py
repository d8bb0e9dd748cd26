# SPDX-License-Identifier: Apache-2.0
"""What this kernel has, and system calls that it is made to refuse."""
import ctypes
import struct

import pytest

CREATE_RULESET = 444


def landlock_abi():
    """0: this kernel has none."""
    return max(0, ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, 1))


def refuse(call):
    """Makes a system call fail with EPERM in this process and its children, from now on."""
    rows = [(0x20, 0, 0, 0), (0x15, 0, 1, call), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rows), ctypes.addressof(code)))
    libc = ctypes.CDLL(None)
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0


@pytest.fixture(params=[pytest.param(True, marks=pytest.mark.skipif(not landlock_abi(), reason="this kernel has no Landlock")), False],
                ids=["Landlock", "no Landlock"])
def landlock(request):
    """The test runs with Landlock and without it."""
    return request.param


def without(landlock):
    """Options of a start: without Landlock, where that is wanted."""
    return {} if landlock else {"preexec_fn": lambda: refuse(CREATE_RULESET)}
