# SPDX-License-Identifier: Apache-2.0
"""Every protocol: the request byte for byte, and what the program makes of the answers that its service gives, and
of hostile ones."""
import concurrent.futures
import datetime
import json
import re
import time

import pytest

from harness import pki
from recorded import HERE, NAMES, SUBJECT, Recorded

TOP = HERE.parents[1]
AT_A_TIME = 3


def fetch(sidecar, *args, env=None):
    return sidecar.run("fetch", "--log-format=text", "--timeout=5s", "--deadline=1s", *args, env=env)


def table(sidecar):
    return {one["name"]: one for one in json.loads(sidecar.run("protocols", "--json").out)}


def test_every_protocol_has_a_folder(sidecar):
    assert sorted(table(sidecar)) == NAMES


def users_values(recorded, known):
    """The values of headers, and of parameters that the protocol does not know: what they are is the user's secret."""
    for arg in recorded.args:
        option, name, value = (arg.split("=", 2) + ["", ""])[:3]
        if option == "--header" or (option == "--param" and name not in known):
            yield value


@pytest.mark.parametrize("name", NAMES)
def test_request_as_dry_run_prints_it(sidecar, version, name):
    recorded = Recorded(name)
    head, masked = recorded.request(version)
    length = len(masked)
    run = sidecar.run("fetch", "--dry-run", *recorded.args, *recorded.url)
    assert run.status == 0, run.err
    shown = run.out.decode()
    for secret in (SUBJECT, *users_values(recorded, {field["name"] for field in table(sidecar)[name]["fields"]})):
        head, masked = head.replace(secret, "***"), masked.replace(secret, "***")
    want = head.replace(f"Content-Length: {length}\r", f"Content-Length: {len(masked)}\r")
    assert shown == want + (masked + "\n" if masked else "")


@pytest.mark.parametrize("name", NAMES)
def test_request_on_the_wire(sidecar, space, serve, ca, version, name):
    recorded = Recorded(name)
    ok = next(recorded.answers)
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(ok.body), ok.body),
                   identity=pki.server(ca, names=[recorded.host]))
    run = fetch(sidecar, *recorded.args, *recorded.url, f"--connect=127.0.0.1:{server.port}", f"--cacert-path={space.ca_file}",
                f"--token-file={space.token_file}", f"--output-dir={space.out}")
    assert run.status == 0, run.err
    assert [request.decode() for request in server.requests] == ["".join(recorded.request(version))]


def written(out):
    return {path.name: path.read_text() for path in out.iterdir() if not path.name.startswith(".")}


def seconds_left(expires):
    at = datetime.datetime.strptime(expires, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    return at.timestamp() - time.time()


class Asker:
    """Runs a recorded request against a plain STS, each time into a directory of its own."""

    def __init__(self, sidecar, plain_sts, space, recorded):
        self.sidecar, self.plain_sts, self.space, self.recorded = sidecar, plain_sts, space, recorded

    def __call__(self, status, body):
        url = self.plain_sts.url(status, body)
        out = self.space.folder / f"out-{url.rsplit('/', 1)[1]}"
        out.mkdir()
        out.chmod(0o777)
        run = fetch(self.sidecar, *self.recorded.args, f"--url={url}", "--insecure-http", f"--token-file={self.space.token_file}",
                    f"--output-dir={out}")
        return run, written(out)


@pytest.fixture
def ask(sidecar, plain_sts, space):
    return lambda recorded: Asker(sidecar, plain_sts, space, recorded)


def wrong(answer, run, files):
    """What is wrong with the outcome, or None."""
    if run.status != answer.exit:
        return f"exit {run.status}, not {answer.exit}: {run.err}"
    if answer.exit:
        return None if answer.words in run.err and not files else f"{answer.words!r} is not in {run.err}, or files: {files}"
    lifetime, token = answer.words.split(" ", 1)
    left = seconds_left(files["expires"])
    if not int(lifetime) - 10 <= left <= int(lifetime) + 2:
        return f"{left} s are left, not {lifetime}"
    if not any(token in text for name, text in files.items() if name != "expires"):
        return f"{token} is in none of {files}"
    return "a newline at an end" if any(text != text.strip() for name, text in files.items() if name in ("token.jwt", "expires")) else None


@pytest.mark.parametrize("name", NAMES)
def test_answers(ask, name):
    recorded = Recorded(name)
    asker = ask(recorded)
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        jobs = {pool.submit(asker, answer.status, answer.body): answer for answer in recorded.answers}
        bad = {answer.file: what for job, answer in jobs.items() if (what := wrong(answer, *job.result()))}
    assert not bad


# ---- hostile answers, each made of the good one ----

def at(document, path):
    for key in path[:-1]:
        document = document[key]
    return document, path[-1]


def put(path, value):
    def change(document):
        parent, key = at(document, path)
        parent[key] = value
        return json.dumps(document).encode()
    return change


def drop(path):
    def change(document):
        parent, key = at(document, path)
        del parent[key]
        return json.dumps(document).encode()
    return change


def twice(path):
    """The key of the token once more, with another value."""
    def change(document):
        parent, key = at(document, path)
        return json.dumps(document).replace(f'"{key}": {json.dumps(parent[key])}', f'"{key}": "other", "{key}": "x"').encode()
    return change


def bare(path, text):
    def change(document):
        return put(path, "@@")(document).replace(b'"@@"', text)
    return change


def hostile(recorded, about):
    """Name and body of each: no answer of these may be taken."""
    base = [key for key in about.get("base", "").split("/") if key]
    custom = recorded.name == "custom"
    token = ["data", "value"] if custom else base + [about["token"][1:]]
    expiry = ["data", "until"] if custom else base + [about["expiry"][1:]] if "expiry" in about else None
    good = recorded.body("answer-ok.json")
    changes = {
        "no token": drop(token), "token null": put(token, None), "token a number": put(token, 7), "token true": put(token, True),
        "token a list": put(token, ["x"]), "token an object": put(token, {"a": "x"}), "token empty": put(token, ""),
        "token with a newline": put(token, "abc\nexport X=1"), "token with a carriage return": put(token, "abc\r"),
        "token with a space": put(token, "abc def"), "token with a tab": put(token, "a\tb"), "token with a NUL": put(token, "abc\0def"),
        "token not ASCII": put(token, "caf\u00e9"), "token with an escape": put(token, "\x1b[2J"), "token over 64 KiB": put(token, "a" * 65537),
        "token twice": twice(token), "token NaN": bare(token, b"NaN"),
        "an array": lambda _: b"[%s]" % good, "a string": lambda _: b'"eyJ"', "a number": lambda _: b"1", "null": lambda _: b"null",
        "nothing": lambda _: b"", "white space": lambda _: b" \r\n\t", "HTML": lambda _: b"<!DOCTYPE html><html><body>login</body></html>",
        "text": lambda _: b"OK", "cut short": lambda _: good[:len(good) // 2], "more after the end": lambda _: good + b"{}",
        "no UTF-8": lambda _: good.replace(b'{', b'{"x":"\xff\xfe",', 1), "a control byte": lambda _: good.replace(b'{', b'{"x":"\x01",', 1),
        "deep": lambda _: good.replace(b'{', b'{"x":' + b"[" * 40 + b"]" * 40 + b",", 1),
        "a huge number": lambda _: good.replace(b'{', b'{"x":1e999,', 1), "a lone surrogate": lambda _: good.replace(b'{', b'{"x":"\\ud800",', 1),
        "100,000 values": lambda _: good.replace(b'{', b'{"x":[' + b"1," * 100000 + b"1],", 1),
    }
    if expiry:
        changes |= {
            "expiry true": put(expiry, True), "expiry a word": put(expiry, "soon"), "expiry an object": put(expiry, {}),
            "expiry a list": put(expiry, [300]), "expiry negative": put(expiry, -300), "expiry zero": put(expiry, 0),
            "expiry 1e300": bare(expiry, b"1e300"), "expiry NaN": bare(expiry, b"NaN"), "expiry hexadecimal": put(expiry, "0x7fffffff"),
            "expiry long ago": put(expiry, "1999-01-01T00:00:00Z"), "expiry with a newline": put(expiry, "300\n"),
        }
    return {what: change(json.loads(good)) for what, change in changes.items()}


@pytest.mark.parametrize("name", NAMES)
def test_hostile_answers(sidecar, ask, name):
    recorded = Recorded(name)
    bodies = hostile(recorded, table(sidecar)[name])
    assert len(bodies) > 30
    asker = ask(recorded)
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        jobs = {what: pool.submit(asker, 200, body) for what, body in bodies.items()}
    bad = {}
    for what, job in jobs.items():
        run, files = job.result()
        if run.status != 65 or files or not re.fullmatch(r"[ -~]+", run.last):
            bad[what] = (run.status, run.err, files)
    assert not bad


# ---- the table is data ----

def test_no_function_knows_a_protocol():
    """No source names a protocol, with the exception of the arguments of `exchange`."""
    allowed = {"exchange_command.c": {"openunison"}}
    paths = [path for folder in ("lib", "sidecar") for path in (TOP / folder).rglob("*.[ch]")]
    assert len(paths) > 100
    known = []
    for path in paths:
        code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        strings = set(re.findall(r'"((?:[^"\\\n]|\\.)*)"', code))
        known += [(path.name, name) for name in strings & set(NAMES) - allowed.get(path.name, set())]
    assert not known
