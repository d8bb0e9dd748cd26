#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""initramfs.py FOLDER FILE: a cpio archive (newc) of a folder, in which root owns every file, and /dev/console."""
import os
import pathlib
import stat
import sys


def entry(name, mode, data=b"", device=(0, 0), number=0):
    name = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def main(folder, out):
    folder = pathlib.Path(folder)
    archive = [entry("dev", stat.S_IFDIR | 0o755, number=1), entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1), number=2)]
    for number, path in enumerate(sorted(folder.rglob("*")), 3):
        mode = path.lstat().st_mode
        data = os.readlink(path).encode() if stat.S_ISLNK(mode) else path.read_bytes() if stat.S_ISREG(mode) else b""
        archive.append(entry(str(path.relative_to(folder)), mode, data, number=number))
    pathlib.Path(out).write_bytes(b"".join(archive) + entry("TRAILER!!!", 0))


main(*sys.argv[1:])
