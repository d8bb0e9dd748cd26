# SPDX-License-Identifier: Apache-2.0
"""The parsers that applications use, reading AWS credentials while they are rewritten a thousand times: whole, and of one time, always."""
import configparser
import datetime
import json
import os
import pathlib
import subprocess
import tempfile

import botocore.configloader
import botocore.credentials
import pytest

from harness.runs import running  # fixture
from harness.sidecar import build_folder

WRITES = 1000
KEYS = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"]


def number(values):
    """Which generation the files belong to: every file consists of one number, repeated."""
    seen = {part for value in values for part in value.split("/")[:-1]}
    assert len(values) == 3 and len(seen) == 1, seen
    assert all(value == f"{value[:8]}/" * (len(value) // 9) for value in values)
    return int(seen.pop())


def by_configparser(folder):
    parser = configparser.ConfigParser()
    with open(folder / "aws-credentials", encoding="ascii") as file:
        parser.read_file(file)
    assert parser.sections() == ["default"] and list(parser["default"]) == KEYS
    return number(list(parser["default"].values()))


def by_botocore(folder):
    parsed = botocore.configloader.raw_config_parse(str(folder / "aws-credentials"))
    assert list(parsed) == ["default"] and list(parsed["default"]) == KEYS
    got = botocore.credentials.SharedCredentialProvider(str(folder / "aws-credentials")).load()
    return number([got.access_key, got.secret_key, got.token])


def by_botocore_process(folder):
    config = {"profiles": {"default": {"credential_process": f"cat {folder}/aws-process.json"}}}
    got = botocore.credentials.ProcessProvider("default", lambda: config).load()
    frozen = got.get_frozen_credentials()
    which = number([frozen.access_key, frozen.secret_key, frozen.token])
    assert got._expiry_time == datetime.datetime.fromtimestamp(1800000000 + which, datetime.timezone.utc)
    return which


def by_json(folder):
    made = json.loads((folder / "aws-process.json").read_text())
    assert list(made) == ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] and made["Version"] == 1
    return number([made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]])


@pytest.fixture
def folder():
    """What a Pod has is memory; a disk would be waited for at every write."""
    with tempfile.TemporaryDirectory(prefix="sts-test-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as path:
        yield pathlib.Path(path)


@pytest.mark.parametrize("read", [by_configparser, by_botocore, by_botocore_process, by_json])
def test_readers(read, folder):
    writer = build_folder() / "tests/store/store_rewrite"
    subprocess.run([writer, folder, "1"], check=True)
    seen, reads, last = set(), 0, 0
    with subprocess.Popen([writer, folder, str(WRITES)]) as process:
        while (running := process.poll() is None) or reads == 0:
            which = read(folder)
            assert which >= last, "never an older one after a newer"
            last = which if running else last
            seen.add(which)
            reads += 1
        assert process.returncode == 0
    assert read(folder) == WRITES
    assert len(seen) > 5, f"{reads} reads saw {len(seen)} times: the writer was not running beside them"
