# SPDX-License-Identifier: Apache-2.0
"""Every code block of README.md and docs/ is run here, or by the file that a comment before it names, or has a comment that says why it is
not run. The comments are invisible on the page:

    <!-- run in: SCENE -->         its commands are run in this Pod of scenes.py. After the scene, WORD=VALUE replaces a word of the block
    <!-- run by: FILE -->          the test in this file reads the page
    <!-- not run: REASON -->

`sh`       without a note: if all commands are sts-sidecar, each is run as `fetch --dry-run`; else they are run as a script, in a new folder
           and a network of their own
`console`  commands after "$ ", and what they print; "..." stands for what the page leaves out. Without a note they are run in the sources
`text`     lines that the program prints in a scene, as output or log
`json`     configuration files are run with --dry-run; others are parsed
`yaml`     parts of Kubernetes objects, by the schema of the API server
`ini`, `python`  parsed
"""
import ast
import configparser
import functools
import json
import os
import re
import shlex
import subprocess

import kubernetes_validate
import pytest
import scenes
import yaml
from blocks import TOP, all_blocks, blocks_of, shows, steady

BLOCKS = all_blocks()
LIMIT_S = 600    # tools/build.sh may have something to build
VERSION = "1.33"
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}}


def lines_of(text):
    """The commands of a script. A line that ends in a backslash goes on."""
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


def dialogue(text):
    """The commands of a console block with what the page shows after each: [(command, output)]."""
    parts = re.split(r"^\$ ", text, flags=re.M)
    assert not parts[0].strip(), "a console block begins with a command after $"
    return [(command, output) for part in parts[1:] for command, output in [part.replace("\\\n", " ").split("\n", 1)]]


def is_dry(block):
    """Are its commands ours alone, so that each can be run without sending anything?"""
    return block.kind == "sh" and not block.scene and all(line.startswith("sts-sidecar ") for line in lines_of(block.text))


def as_dry(line):
    words = shlex.split(line, comments=True)
    assert words[1] in ("run", "fetch"), f"name a scene for {' '.join(words[:2])}"
    return ["sts-sidecar", "fetch", "--dry-run", *words[2:]]


def is_configuration(block):
    return block.kind == "json" and '"exchanges"' in block.text


def jobs_of(block):
    """The commands of a block that are run in a Pod, and the scene."""
    if block.kind == "console":
        return block.scene, [shlex.split(command) for command, _ in dialogue(block.replaced)]
    if block.kind == "text":
        return block.scene, []
    if is_dry(block):
        return "dry", [as_dry(line) for line in lines_of(block.text)]
    if is_configuration(block):
        return "dry", [["sts-sidecar", "fetch", "--dry-run", "--config", f"/etc/config-{block.line}.json"]]
    return block.scene, [shlex.split(line) for line in lines_of(block.replaced)] if block.scene else []


def by_us(block):
    """The generated lines of docs/errors.md are run by test_errors.py."""
    return not (block.made_by and block.kind == "text") and block.made_by != "tests/failures" and not {"not run", "run by"} & set(block.notes)


MINE = [block for block in BLOCKS if by_us(block)]


@functools.cache
def played(scene):
    """What was said in a scene, in which the commands of all its blocks were run."""
    of_scene = [block for block in MINE if jobs_of(block)[0] == scene]
    files = {f"/etc/config-{block.line}.json": block.text for block in of_scene if is_configuration(block)}
    return scenes.play(scene, {block.name: jobs_of(block)[1] for block in of_scene}, terminal=scene != "dry", files=files)


def said_by(block):
    return played(jobs_of(block)[0])["jobs"][block.name]


def name(block):
    return block.name


# ---- every block ----

KINDS = {"sh", "console", "text", "json", "yaml", "ini", "python"}


@pytest.mark.parametrize("block", BLOCKS, ids=name)
def test_it_is_run_or_says_why_not(block):
    if by_us(block):
        assert block.kind in KINDS, f"give it a kind of {sorted(KINDS)}, or a note: {__doc__}"
    else:
        assert len(block.notes) == (not block.made_by), f"one note says how it is run: {block.notes}"
    if "not run" in block.notes:
        assert len(block.notes["not run"].split()) >= 3, "the reason is a clause"


@pytest.mark.parametrize("block", [block for block in BLOCKS if "run by" in block.notes], ids=name)
def test_the_file_that_runs_it_reads_the_page(block):
    assert block.page.rsplit("/", 1)[1 if "/" in block.page else 0] in (TOP / block.notes["run by"]).read_text()


# ---- by kind ----

@pytest.mark.parametrize("block", [block for block in MINE if is_dry(block)], ids=name)
def test_a_command_makes_a_request(block):
    for done in said_by(block):
        assert done["status"] == 0 and " HTTP/1.1\r\n" in done["out"], done["err"]


@pytest.mark.parametrize("block", [block for block in MINE if block.kind == "sh" and block.scene], ids=name)
def test_a_command_in_a_pod(block):
    for done in said_by(block):
        assert done["status"] == 0, done["out"] + done["err"]


def script(text, folder):
    """Runs a script in the folder of the sources, with a network that has loopback alone."""
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "TMPDIR": str(folder), "LANG": "C.UTF-8"}
    begin = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-euo", "pipefail", "-c"]    # nothing is left of it
    return subprocess.run([*begin, f"ip link set lo up\n{text}"], cwd=TOP, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S)


@pytest.mark.parametrize("block", [block for block in MINE if block.kind == "sh" and not block.scene and not is_dry(block)], ids=name)
def test_a_script(block, tmp_path):
    done = script(block.text, tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("block", [block for block in MINE if block.kind == "console" and block.scene], ids=name)
def test_a_dialogue_in_a_pod(block):
    for (command, output), done in zip(dialogue(block.replaced), said_by(block)):
        said = done["out"] + done["err"]
        assert shows(output, said), f"{command} says now:\n{said}"


@pytest.mark.parametrize("block", [block for block in MINE if block.kind == "console" and not block.scene], ids=name)
def test_a_dialogue(block, tmp_path):
    for command, output in dialogue(block.text):
        done = script(command, tmp_path)
        assert done.returncode == 0 and shows(output, done.stdout), f"{command} says now:\n{done.stdout}"


@pytest.mark.parametrize("block", [block for block in MINE if block.kind == "text"], ids=name)
def test_lines_that_are_printed(block):
    scene = played(block.scene)
    said = steady(scene["log"] + "".join(done["out"] + done["err"] for job in scene["jobs"].values() for done in job))
    for line in block.replaced.splitlines():
        assert steady(line) in said, f"{line}\nis not in\n{said}"


@pytest.mark.parametrize("block", [block for block in MINE if block.kind == "json"], ids=name)
def test_json(block):
    if is_configuration(block):
        json.loads(block.text)
        (done,) = said_by(block)
        assert done["status"] == 0 and done["out"].count(" HTTP/1.1\r\n") == len(json.loads(block.text)["exchanges"]), done["err"]
        return
    with_lines = block.text.splitlines() if re.fullmatch(r"(\{.*\}\n)+", block.text) else [block.text]
    assert all(isinstance(json.loads(text), dict) for text in with_lines)


def in_an_object(part):
    """The part of an object that a page shows, in a whole object."""
    if isinstance(part, list):
        return POD | {"spec": {"containers": [{"name": "c", "image": "i"}], "volumes": part}}
    if "kind" in part:
        return part
    if "rules" in part:
        return ROLE | part
    if "spec" in part:
        return POD | part
    return POD | {"spec": {"containers": [{"name": "c", "image": "i"} | part]}}


@pytest.mark.parametrize("block", [block for block in MINE if block.kind == "yaml"], ids=name)
def test_the_api_server_knows_every_field(block):
    kubernetes_validate.validate(in_an_object(yaml.safe_load(block.text)), VERSION, strict=True)


@pytest.mark.parametrize("block", [block for block in MINE if block.kind == "ini"], ids=name)
def test_a_credentials_file(block):
    config = configparser.ConfigParser()
    config.read_string(block.text)
    for section in config.sections():
        command = config[section]["credential_process"]
        if command.startswith("/sts-sidecar fetch "):
            done = scenes.play("dry", {"it": [as_dry(command)]})["jobs"]["it"][0]
            assert done["status"] == 0, done["err"]
        else:
            assert re.fullmatch(r"cat /tokens/[\w.-]+", command)


@pytest.mark.parametrize("block", [block for block in MINE if block.kind == "python"], ids=name)
def test_python(block):
    ast.parse("def f():\n" + re.sub(r"^", "    ", block.text, flags=re.M))


def test_faults_of_mock_sts(tmp_path):
    """Each line of the examples begins with a fault that mock-sts takes."""
    (block,) = [block for block in BLOCKS if block.page == "docs/mock-sts.md" and "run by" in block.notes]
    faults = [line.split()[0] for line in block.text.splitlines()]
    assert len(faults) >= 5
    key = f"{TOP}/build/tests/mock-sts keygen --type ec --out key.pem"
    options = "--trust-key key.pem " + " ".join(f"--fault {shlex.quote(fault)}" for fault in faults)
    done = script(f'cd {tmp_path}\n{key}\n{TOP}/build/tests/mock-sts serve --port 0 --port-file port {options} &\n'
                  'until [ -s port ] || ! kill -0 $!; do sleep 0.1; done\nkill $!', tmp_path)
    assert done.returncode == 0, done.stdout


# ---- that the rules can fail ----

BAD = [
    "```\nls\n```\n", "    an indented line\n", "```sh\nls\n", "<!-- not run: no -->\n\n    ls\n", "<!-- run by: a -->\n<!-- not run: b c d -->\n    ls\n",
]


@pytest.mark.parametrize("page", BAD)
def test_a_block_without_a_kind_fails(page):
    with pytest.raises(AssertionError):
        for block in blocks_of("\n" + page, "page"):
            test_it_is_run_or_says_why_not(block)


@pytest.mark.parametrize(("shown", "said", "same"), [
    ("valid for 3 min 10 s\n", "valid for 15 min\n", True), ("try 4 failed 12 s ago\n", "try 1 failed just now\n", True),
    ("a\n...\nb\n", "a\nx\ny\nb\n", True), ("a\n...\n", "a\n", True), ('{"a":"eyJ..."}\n', '{"a":"eyJhbGci"}\n', True),
    ("a\n", "a\nb\n", False), ("valid\n", "not valid\n", False), ("a\n...\nb\n", "a\nb\nc\n", False), ("connect\n", "connect_timeout\n", False),
])
def test_what_is_the_same(shown, said, same):
    assert shows(shown, said) == same
