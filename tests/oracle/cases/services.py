# SPDX-License-Identifier: Apache-2.0
"""Each protocol with the answers of its service that stand in answers.toml."""
import datetime
import pathlib
import re
import time
import tomllib

from harness import tokens
from oracle.cases.protocols import ARGUMENTS
from oracle.suite import add

ANSWERS = tomllib.loads((pathlib.Path(__file__).parent / "answers.toml").read_text())
FORMS = {
    "EPOCH": str,
    "EXPONENT": lambda at: f"{at / 1e9:.9f}E9",
    "RFC3339": lambda at: datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
}


def fill(body):
    return re.sub(r"@(\w+)\+(\d+)@", lambda match: FORMS[match[1]](int(time.time()) + int(match[2])), body).encode()


def answer(protocol, row):
    def does(scene):
        server = scene.serve(lambda _: tokens.http(row["status"], fill(row["body"])), tls=False)
        scene.mask.lives |= {int(match) for match in re.findall(r"@\w+\+(\d+)@", row["body"])}
        scene.fetch_one(f"http://127.0.0.1:{server.port}/t", "--insecure-http", *given, cacert_path=None)
        scene.files()
    # What is a part of the URL has no place beside a URL.
    given = [word for word in ARGUMENTS[protocol] if not word.startswith("--protocol=token")]
    add(f"services/{protocol}-{row['name']}", does)


for protocol, rows in ANSWERS.items():
    for row in rows:
        answer(protocol, row)
