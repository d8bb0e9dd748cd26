# SPDX-License-Identifier: Apache-2.0
"""The configuration file: what is refused and where, what counts more, and that what the documentation shows is taken."""
import contextlib
import json
import os
import re
import socket

import pytest
import yaml

from harness import tokens
from harness.mock import wait_for
from harness.servers import free_port
from harness.several import several  # fixture
from harness.sidecar import TOP, UID

# A text, the place and the words of the complaint. How each mistake is told is in tests/unit/options/test_config.c.
MISTAKES = [
    ("", "1:1: nothing"),
    ('{"exchanges": [\n  {"name": "a",}]}', "2:16: not usable JSON: something that is no key"),
    ('{"exchanges": [\n  {"name": "a",\n   "token_file": "x"}]}', '3:4: "token_file" is no option: did you mean "token-file"'),
    ('{"exchanges": [{"name": "a"}, {"name": "a"}]}', '1:40: "a" is the name of another exchange'),
    ('{"exchanges": [{"name": "a", "timeout": "x"}]}', "1:41: the value of timeout is not valid: it takes a duration"),
    ('{"exchanges": [{"name": "a", "stdout": true}]}', '1:30: "stdout" is for the command line alone'),
    ('{"exchanges": [{"name": "a", "listen": ":8080"}]}', '1:30: "listen" is of the whole process'),
    ('{"exchanges": [{"name": "a", "url": "\\u001b[31m", "urL": 1}]}', '"urL" is no option: did you mean "url"'),
    ('{"exchanges": [{"name": "\\u001b]0;x\\u0007"}]}', '1:25: "\\x1B]0;x\\x07" is no name'),
    ('{"exchanges": [{"name": "a", "param": {"client_secret": "hunter2"}}]}', "1:57: param client_secret holds a secret"),
]


def complaint(run):
    assert run.status == 64, run.err
    assert run.out == b"" and len(run.lines) == 1
    return run.last


@pytest.mark.parametrize("command", ["fetch", "run"])
@pytest.mark.parametrize("text, words", MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes(text, words, command, several):
    several.write("config.json", text)
    said = complaint(several.sidecar.run(command, "--config", several.config_file))
    assert said.startswith(f"sts-sidecar: {several.config_file}:")
    assert words in said and "hunter2" not in said and said.isprintable()
    assert several.asked == []


def test_files_that_are_none(several):
    os.mkfifo(several.folder / "fifo")
    several.write("big", "{" + " " * 65536 + "}")
    several.write("secret", "{}").chmod(0)
    for name, words in {"none": "no such file", "fifo": "not a regular file", "big": "too big", "out": "directory",
                        **({"secret": "permission denied"} if UID else {})}.items():
        said = complaint(several.sidecar.run("fetch", f"--config={several.folder / name}"))
        assert f"/{name}: " in said and words in said
    assert several.sidecar.run("exchange", "--config=x", "/t", "https://h/", "/o").status == 1


def test_a_config_map(several):
    """Mounted as the kubelet does: links to a folder that is replaced as a whole. STS_CONFIG names it."""
    text = json.dumps(several.top | {"exchanges": [several.exchange("a")]})
    (several.folder / "..1").mkdir()
    several.write("..1/config.json", text)
    os.symlink("..1", several.folder / "..data")
    os.symlink("..data/config.json", several.config_file)
    run = several.sidecar.run("fetch", env={"STS_CONFIG": several.config_file})
    assert run.status == 0, run.err
    assert tokens.expiry(several.token("a"))


def body_of(several, *more, env=None):
    run = several.sidecar.run("fetch", "--config", several.config_file, "--dry-run", *more, env=env)
    assert run.status == 0, run.err
    return run.out.decode()


def test_what_counts_more(several):
    several.configure(several.exchange("a", scope="of-a", audience=["a1", "a2"]), several.exchange("b"),
                      scope="of-all", resource="of-all", audience="of-all")
    first, second = body_of(several).split("POST ")[1:]
    assert "scope=of-a\n" in first and "of-all" not in first.replace("resource=of-all", "")
    assert "audience=a1" in first and "audience=a2" in first
    assert "scope=of-all" in second and "audience=of-all" in second and "resource=of-all" in second
    env = {"STS_SCOPE": "of-env", "STS_AUDIENCE": "of-env"}
    for request in body_of(several, "--scope=of-flag", env=env).split("POST ")[1:]:
        assert "scope=of-flag" in request and "audience=of-env" in request and "resource=of-all" in request
        assert not re.search("scope=of-(a|all|env)|audience=(a1|of-all)", request)


def test_options_of_the_process(several):
    """They come from the file as well, and flags count more."""
    port = free_port()
    several.configure(several.exchange("a"), listen=f"127.0.0.1:{port}", log_level="error")
    process = several.start()

    def ready():
        with contextlib.suppress(OSError):
            return b" 200 " in ask(port, "/readyz")
    wait_for(ready, "/readyz")
    assert several.stop(process).status == 0
    assert several.lines() == []
    assert several.start("run", "--listen=127.0.0.1:0x").wait(10).status == 64
    process = several.start("run", "--log-level=info")
    several.said("token", "a")
    assert several.stop(process).status == 0


def ask(port, path):
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return connection.recv(65536).split(b"\r\n")[0]


@pytest.mark.parametrize("flags, env", [(["--output-dir=/x"], {}), ([], {"STS_OUTPUT_DIR": "/x"})])
def test_no_directory_for_all(flags, env, several):
    several.configure(several.exchange("a"), several.exchange("b"))
    assert "--output-dir would be that of all" in complaint(several.fetch(*flags, env=env))
    several.configure(several.exchange("a", output_dir=None))
    assert several.fetch("--output-dir", several.out / "a").status == 0


def test_a_missing_directory_is_made(several):
    """Several of them in one volume."""
    several.configure(*(several.exchange(name, output_dir=str(several.out / f"new-{name}")) for name in "ab"))
    run = several.fetch()
    assert run.status == 0, run.err
    assert tokens.expiry(several.token("new-a")) and tokens.expiry(several.token("new-b"))
    several.configure(several.exchange("a", output_dir=str(several.out / "x" / "y")))
    assert several.fetch().status == 73


def test_secrets_come_from_files(several):
    several.configure(several.exchange("a", param_file={"client_secret": str(several.write("s", "hunter2\n"))}))
    assert several.fetch().status == 0
    assert "hunter2" not in body_of(several)


# ---- the documentation ----

def shown():
    config = re.search(r"```json\n(.*?)```", (TOP / "docs/config.md").read_text(), re.DOTALL)[1]
    readme = re.search(r'    \{"exchanges": \[\n.*?\]\}\n', (TOP / "README.md").read_text(), re.DOTALL)[0]
    docs = yaml.safe_load_all((TOP / "deploy/examples/several-exchanges.yaml").read_text())
    [manifest] = [doc["data"]["config.json"] for doc in docs if doc["kind"] == "ConfigMap"]
    return {"docs": config, "readme": readme, "manifest": manifest}


@pytest.mark.parametrize("where", shown())
def test_what_is_shown_works(where, several):
    several.write("config.json", shown()[where])
    hosts = re.findall(r"^Host: (.*?)\r?$", body_of(several), re.MULTILINE)
    assert len(hosts) == 2 and all(host.endswith(".example.com") for host in hosts)


def test_the_complaint_that_is_shown(several):
    text = (TOP / "docs/config.md").read_text()
    [line] = re.findall(r"^    sts-sidecar: (.*)$", text, re.MULTILINE)
    several.write("config.json", '{"exchanges": [{"name": "a",\n"token_file": "x"}]}')
    assert complaint(several.fetch()).split(": ", 2)[2] == line.split(": ", 1)[1]
