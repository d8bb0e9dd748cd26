# SPDX-License-Identifier: Apache-2.0
"""The configuration file: what is refused and where, what counts more, and that what the documentation shows is taken."""
import contextlib
import json
import os
import re
import socket

import jsonschema
import pytest
import yaml

from harness import tokens
from harness.mock import wait_for
from harness.servers import free_port
from harness.several import several  # fixture
from harness.sidecar import GID, TOP, UID

# A text, the place and the words of the complaint. How each mistake is told is in tests/unit/options/test_config.c.
MISTAKES = [
    ("", "1:1: nothing"),
    ('{"exchanges": [\n  {"name": "a",}]}', "2:16: not usable JSON: a key in quotation marks is missing"),
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
    if UID:  # of `run`, too, whose stack has moved
        said = complaint(several.sidecar.run("run", f"--config={several.folder / 'secret'}"))
        assert said.count(f"and this process is UID {UID}, GID {GID}") == 1, said
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


def test_a_request_that_cannot_be_shown(several):
    """One directory would be that of both exchanges; and a request may be too big."""
    several.configure(several.exchange("a"), several.exchange("b"))
    run = several.sidecar.run("fetch", "--config", several.config_file, "--dry-run", "--output-dir", several.out)
    assert run.status == 64 and "--output-dir would be that of all exchanges" in run.last and run.out == b"", run.err
    run = several.sidecar.run("fetch", "--config", several.config_file, "--dry-run", "--scope", "&" * 100_000)
    assert run.status == 65 and "the request is too big to be sent" in run.last and run.out == b"", run.err


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
    docs = yaml.safe_load_all((TOP / "deploy/examples/several-exchanges.yaml").read_text())
    [manifest] = [doc["data"]["config.json"] for doc in docs if doc["kind"] == "ConfigMap"]
    return {"docs": config, "manifest": manifest}


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


# ---- the JSON Schema ----

SCHEMA = jsonschema.Draft202012Validator(json.loads((TOP / "docs/config.schema.json").read_text()))
# Parts of the complaints about what no schema can say; the words of the complaints about what is not JSON.
BEYOND_A_SCHEMA = ("is the name of another exchange", "holds a secret")
NOT_JSON = (": nothing", "not usable JSON")


@pytest.mark.parametrize("where", shown())
def test_the_schema_takes_what_is_shown(where):
    SCHEMA.validate(json.loads(shown()[where]))


@pytest.mark.parametrize("text, words", MISTAKES, ids=range(len(MISTAKES)))
def test_the_schema_refuses_mistakes(text, words):
    if any(part in words for part in NOT_JSON):
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
    else:
        assert SCHEMA.is_valid(json.loads(text)) == any(part in words for part in BEYOND_A_SCHEMA)


def agree(several, documents):
    """The documents of which the schema and the program say different things."""
    differ = []
    for document in documents:
        several.write("config.json", json.dumps(document))
        run = several.sidecar.run("fetch", "--config", several.config_file, "--dry-run")
        refused = run.status == 64 and re.match(rf"sts-sidecar: {re.escape(str(several.config_file))}:\d+:\d+: ", run.last)
        if bool(refused) == SCHEMA.is_valid(document):
            differ.append((document, run.last))
    return differ


def with_option(**options):
    return {"exchanges": [{"name": "a", "url": "https://sts.example.com/"} | {key.replace("_", "-"): value for key, value in options.items()}]}


TEXTS = ["", "x", "true", "f", "1", "30s", "1h30m", "1m1h", "1s500ms", "0640", "640", "0777", "auto", "0.5", ".25", "0.95", "0.1234", "a=b", "a=",
         "=b", "json", "HUP", "none", "-1"]
OTHERS = [True, False, None, 0, 1, -1, 640, 666, 999, 0.5, 0.95, 31536000, 31536001, 4294967294, 4294967295, [], {}, ["x"], ["a=b"], [""],
          ["x", 1], {"k": "v"}, {"k": ""}, {"k": 1}, {"k=": "v"}, {"": "v"}]


# One of each kind: a text, a flag, a duration, and so on.
@pytest.mark.parametrize("option", ["url", "cacert_only", "timeout", "mode", "group", "refresh_fraction", "body", "notify_signal", "scope", "cacert",
                                    "param", "header_file"])
def test_the_schema_and_the_program_agree_on_values(option, several):
    assert agree(several, [with_option(**{option: value}) for value in TEXTS + OTHERS]) == []


def test_the_schema_and_the_program_agree_on_shapes(several):
    exchange = {"name": "a", "url": "https://sts.example.com/"}
    names = ["", "a", "A", "-a", "a-", "a-b", "a.b", "0", "a" * 31, "a" * 32, 1, None]
    several_of = [[{"name": f"e{i}", "url": "https://sts.example.com/", "output-dir": f"/t/{i}"} for i in range(count)] for count in (0, 2, 16, 17)]
    documents = [[], {}, 1, {"exchanges": {}}, {"exchanges": None}, {"exchanges": [1]}, {"exchanges": [{}]}, {"url": "x"}, {"exchange": [exchange]},
                 {"exchanges": [exchange], "name": "a"}, {"exchanges": [exchange], "log-level": "debug"}, {"exchanges": [exchange], "timeout": 7},
                 {"exchanges": [exchange], "timeout": "x"}, {"exchanges": [exchange], "config": "x"}, {"exchanges": [exchange], "dry-run": True},
                 {"exchanges": [exchange | {"exchanges": []}]}, {"exchanges": [exchange], "listen": ":8080"},
                 *({"exchanges": [exchange | {"name": name}]} for name in names), *({"exchanges": list_} for list_ in several_of)]
    assert agree(several, documents) == []


def test_the_schema_and_the_program_agree_on_keys(several):
    """Every option of --help, and some names that are not options, in an exchange and at the top level."""
    found = re.findall(r"^  --([a-z-]+)", "".join(several.sidecar.run(command, "--help").out.decode()
                                                  for command in ("run", "fetch", "check", "exchange")), re.MULTILINE)
    names = sorted({*found, "cacert", "token_file", "URL", "--url", ""})
    assert len(names) > 50
    exchange = {"name": "a", "url": "https://sts.example.com/"}
    for value in ("x", "30s", True, "json"):
        assert agree(several, [{"exchanges": [{"name": "a", name: value}]} for name in names]
                     + [{"exchanges": [exchange], name: value} for name in names]) == []
