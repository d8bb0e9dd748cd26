# SPDX-License-Identifier: Apache-2.0
"""A plugin of pytest for endtoend.py: it runs the tests of a list, in that order, and says at once what each has come to.

STS_LIST names the list: a test and its seconds at most on each line; without it, all tests run. Each line of the answer, which goes to the descriptor
STS_ANSWER, is JSON. Where STS_ENTERED is named, it becomes a file of STS_ENTERED_BYTES, in which the program marks the functions that it enters (entered.c).
"""
import json
import os
import pathlib
import signal
import time

import pytest

ANSWER = int(os.environ["STS_ANSWER"])
LIST = os.environ.get("STS_LIST")
ENTERED = os.environ.get("STS_ENTERED")
limits = {}
outcomes = {}
of_file = {}  # what the fixtures of a file have entered: a test may look at what a program has done that ran before it


def pytest_configure():
    if ENTERED:
        pathlib.Path(ENTERED).touch()
        pathlib.Path(ENTERED).chmod(0o666)
        os.truncate(ENTERED, int(os.environ["STS_ENTERED_BYTES"]))


def pytest_collection_modifyitems(config, items):
    if not LIST:
        return
    rows = [line.rsplit("\t", 1) for line in pathlib.Path(LIST).read_text().split("\n") if line]
    limits.update({name: int(seconds) for name, seconds in rows})
    order = {name: at for at, name in enumerate(limits)}
    wanted = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in order])
    items[:] = wanted


def say(**row):
    os.write(ANSWER, json.dumps(row).encode() + b"\n")


def entered():
    """The places that are marked; they are marked no longer after that."""
    found = []
    if not ENTERED:
        return found
    fd = os.open(ENTERED, os.O_RDWR)
    at, end = 0, os.fstat(fd).st_size
    while at < end:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:
            break
        data = os.pread(fd, 1 << 16, at)
        found += [at + i for i, mark in enumerate(data) if mark]
        os.pwrite(fd, bytes(len(data)), at)
        at += len(data)
    os.close(fd)
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    try:
        return (yield)
    finally:
        of_file.setdefault(item.path, set()).update(entered())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if item.nodeid in limits and callable(signal.getsignal(signal.SIGALRM)):
        own = signal.alarm(0)
        signal.alarm(min(own, limits[item.nodeid]) if own else limits[item.nodeid])
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    say(begun=item.nodeid)
    began, outcomes[item.nodeid] = time.monotonic(), "passed"
    result = yield
    say(test=item.nodeid, outcome=outcomes[item.nodeid], seconds=round(time.monotonic() - began, 2),
        entered=sorted(of_file.get(item.path, set()) | set(entered())))
    return result


def pytest_runtest_logreport(report):
    if report.outcome != "passed":
        outcomes[report.nodeid] = report.outcome
