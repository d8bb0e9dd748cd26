# SPDX-License-Identifier: Apache-2.0
"""A FUSE file system of a few files that stops answering when a test says so. It speaks the protocol of /dev/fuse itself.

A process that asks while the file system does not answer waits in the kernel. Once the request has been read here, not even SIGKILL ends the wait."""
import ctypes
import errno
import os
import stat
import struct
import threading

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = \
    1, 2, 3, 14, 15, 17, 18, 25, 26, 27, 28, 29, 36, 42
MNT_FORCE, MNT_DETACH = 1, 2
libc = ctypes.CDLL(None, use_errno=True)


def can_mount():
    """Why there can be no FUSE file system here; None if there can."""
    if os.geteuid() != 0:
        return "needs root"
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"/dev/fuse: {error.strerror}"
    return None


class Fuse:
    """Mounted at a folder, which is made. `files`: name -> bytes."""

    def __init__(self, folder, files):
        self.folder, self.files = folder, dict(files)
        self.lock = threading.Lock()
        self.hangs, self.held = False, []
        folder.mkdir()
        self.fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self.fd},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if libc.mount(b"sts-test", bytes(folder), b"fuse", 0, options) != 0:
            number = ctypes.get_errno()
            os.close(self.fd)
            raise OSError(number, os.strerror(number))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def hang(self):
        """From now on no request is answered."""
        with self.lock:
            self.hangs = True

    def waiting(self):
        """How many requests wait for an answer."""
        with self.lock:
            return len(self.held)

    def go_on(self):
        """Answer all requests that wait, and those that follow."""
        with self.lock:
            self.hangs = False
            held, self.held = self.held, []
        for request in held:
            self.answer(*request)

    def close(self):
        """Unmount. Each process that waits gets an error."""
        libc.umount2(bytes(self.folder), MNT_FORCE | MNT_DETACH)
        self.thread.join(5)
        os.close(self.fd)

    def serve(self):
        while True:
            try:
                data = os.read(self.fd, 1 << 17 | 4096)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    continue
                return
            _, operation, unique, node = struct.unpack_from("<IIQQ", data)
            if operation in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            with self.lock:
                if self.hangs and operation != INIT:
                    self.held.append((operation, unique, node, data[40:]))
                    continue
            self.answer(operation, unique, node, data[40:])

    def answer(self, operation, unique, node, body):
        try:
            reply, error = self.reply(operation, node, body), 0
        except OSError as problem:
            reply, error = b"", -problem.errno
        try:
            os.write(self.fd, struct.pack("<IiQ", 16 + len(reply), error, unique) + reply)
        except OSError:
            pass  # the process that asked is gone, or the file system is

    def reply(self, operation, node, body):
        if operation == INIT:
            _, _, ahead, _ = struct.unpack_from("<IIII", body)
            return struct.pack("<IIIIHHIIHHI28x", 7, 31, ahead, 0, 16, 12, 1 << 16, 1, 0, 0, 0)
        if operation == LOOKUP:
            number = self.number(body.split(b"\0")[0].decode())
            return struct.pack("<QQQQII", number, 0, 0, 0, 0, 0) + self.attributes(number)
        if operation == GETATTR:
            return struct.pack("<QII", 0, 0, 0) + self.attributes(node)
        if operation in (OPEN, OPENDIR):
            return struct.pack("<QII", 0, 1, 0)
        if operation == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            return self.content(node)[offset:offset + size]
        if operation in (READDIR, FLUSH, RELEASE, RELEASEDIR):
            return b""
        raise OSError(errno.ENOSYS, "not here")

    def number(self, name):
        if name not in self.files:
            raise OSError(errno.ENOENT, "no such file")
        return 2 + sorted(self.files).index(name)

    def content(self, node):
        return self.files[sorted(self.files)[node - 2]]

    def attributes(self, node):
        mode, size = (stat.S_IFDIR | 0o755, 0) if node == 1 else (stat.S_IFREG | 0o644, len(self.content(node)))
        return struct.pack("<QQQQQQIIIIIIIIII", node, size, 1, 0, 0, 0, 0, 0, 0, mode, 1, os.geteuid(), os.getegid(), 0, 4096, 0)
