# SPDX-License-Identifier: Apache-2.0
"""docs/protocols.md says what the table says: a section for each protocol, its parameters, and a command line that works."""
import json
import re
import shlex

import pytest

from recorded import HERE, NAMES

TOP = HERE.parents[1]
PAGE = (TOP / "docs/protocols.md").read_text()
SECTIONS = dict(re.findall(r"^## ([a-z][a-z0-9-]+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))


def test_sections():
    assert sorted(SECTIONS) == NAMES


def cells_of(field):
    """What the page says of a parameter: its name, whether it must be given, its default, and the variable or claim that stands for it."""
    flags, needed = field.get("flags", []), ""
    if "required" in flags and not {"value", "claim"} & set(field):
        needed = "without `--url" if "without-url" in flags else "yes"
    source = f"claim `{field['claim']}" if "claim" in field else field.get("variable", "").replace(" ", "`, else `")
    return field["name"], needed, field.get("value", ""), source


@pytest.mark.parametrize("name", NAMES)
def test_parameters(sidecar, name):
    protocol = json.loads(sidecar.run("protocols", "--json", name).out)
    plain = lambda cell: cell.strip().strip("`")    # noqa: E731
    documented = []
    for line in SECTIONS[name].splitlines():
        cells = line.strip("|").split("|")
        if re.match(r"\| `[\w-]+` \|", line) and len(cells) == 5:
            documented.append(tuple(map(plain, cells[:4])))
            assert len(cells[4].strip()) > 5
    assert documented == [cells_of(field) for field in protocol["fields"] if field["from"] == "parameter"]


@pytest.mark.parametrize("name", NAMES)
def test_files(sidecar, name):
    files = {"token": "token.jwt", "expires": "expires", "aws-credentials": "aws-credentials"}
    protocol = json.loads(sidecar.run("protocols", "--json", name).out)
    written = re.search(r"Written: ([^.]*(?:\.[^ .][^.]*)*)", SECTIONS[name])[1]
    for word in protocol["write"]:
        assert f"`{files[word]}`" in written


@pytest.mark.parametrize("name", NAMES)
def test_the_command_line_works(sidecar, name):
    command = re.search(r"^    sts-sidecar run ((?:.*\\\n)*.*)", SECTIONS[name], re.M)[1].replace("\\\n", " ")
    run = sidecar.run("fetch", "--dry-run", *shlex.split(command))
    assert run.status == 0, run.err
    assert (f"--protocol {name} " in command) == (name != "token-exchange")


def test_readme_lists_them():
    readme = (TOP / "README.md").read_text()
    assert not [name for name in NAMES if f"`{name}`" not in readme]


def test_keys_of_json_are_documented(sidecar):
    keys = set()
    for protocol in json.loads(sidecar.run("protocols", "--json").out):
        keys |= set(protocol) | {key for field in protocol["fields"] for key in field}
    assert not [key for key in keys if f"`{key}`" not in PAGE]


@pytest.mark.parametrize(("page", "body"), [
    ("tailscale", "jwt=***&client_id=***"), ("ibm-cloud", "cr_token=***&grant_type=***&profile_name=***"), ("hcp", '{"jwt_token":"***"}'),
])
def test_services_without_a_protocol(sidecar, page, body):
    """The page's command makes the request that the service's own client makes."""
    text = (TOP / f"docs/servers/{page}.md").read_text()
    command = re.search(r"^sts-sidecar run ((?:.*\\\n)*.*)", text, re.M)[1].replace("\\\n", " ")
    run = sidecar.run("fetch", "--dry-run", *shlex.split(command))
    assert run.status == 0 and run.out.decode().splitlines()[-1] == body, run.err
