# SPDX-License-Identifier: Apache-2.0
"""Programs that run beside the tests. Each has a log file, is ended by its number, and is waited for with a deadline."""
import contextlib
import os
import pathlib
import signal
import subprocess
import time

READY_S = 120
END_S = 20


def until(condition, what, limit_s=60, every_s=0.1):
    """The first true value of condition(). An exception of it that still stands at the deadline is the cause of the failure."""
    deadline, last = time.monotonic() + limit_s, None
    while time.monotonic() < deadline:
        try:
            if value := condition():
                return value
            last = None
        except (OSError, AssertionError) as error:
            last = error
        time.sleep(every_s)
    raise AssertionError(f"{what}: not within {limit_s} s") from last


class Program:
    """A program with a log file. GOGC lets programs in Go use more memory and less processor time. A program that is given an environment gets it unchanged:
    containerd hands its environment on to runc, whose memory counts as that of the containers."""

    def __init__(self, folder, *argv, env=None):
        self.name = pathlib.Path(argv[0]).name
        self.log = folder / f"{self.name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*map(str, argv)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                                            env=env or os.environ | {"GOGC": "400"})

    @property
    def pid(self):
        return self.process.pid

    def tail(self):
        return self.log.read_text(errors="replace")[-6000:]

    def ready(self, condition, limit_s=READY_S):
        """Wait until the condition holds; the end of the program is the end of the waiting."""
        def look():
            assert self.process.poll() is not None or condition(), "it does not answer yet"
            return True
        try:
            until(look, f"{self.name} is ready", limit_s)
            assert self.process.poll() is None, f"{self.name} has ended with {self.process.returncode}"
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from error
        return self

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(END_S)


class Programs:
    """Programs that belong together, in one folder. `with` starts them, and ends them in the reverse order."""

    def __init__(self, folder):
        self.folder = folder
        self.stack = contextlib.ExitStack()

    def start(self):
        """What a kind of Programs starts, with run()."""
        raise NotImplementedError

    def run(self, *argv, **more):
        return self.stack.enter_context(contextlib.closing(Program(self.folder, *argv, **more)))

    def __enter__(self):
        began = time.monotonic()
        try:
            self.start()
        except BaseException:
            self.stack.close()
            raise
        self.start_s = time.monotonic() - began
        return self

    def __exit__(self, *_):
        self.stack.close()
