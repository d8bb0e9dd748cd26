# SPDX-License-Identifier: Apache-2.0
"""The checks import the readers of the tables, which stand in tools/tables."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from tables.common import TableError  # noqa: E402


@pytest.fixture
def file(request, tmp_path):
    """The file that `read` writes. The test file names the module of its table in TABLE."""
    return tmp_path / pathlib.PurePath(request.module.TABLE.SOURCE).name


@pytest.fixture
def read(request, file):
    """read(text): the table that is made of a file with this text."""
    def read(text):
        file.write_text(text)
        return request.module.TABLE.read(file)
    return read


@pytest.fixture
def refused(read):
    """refused(text): the message with which a file with this text is refused."""
    def refused(text):
        with pytest.raises(TableError) as raised:
            read(text)
        return str(raised.value)
    return refused
