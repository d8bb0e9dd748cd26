# SPDX-License-Identifier: Apache-2.0
"""--write and --format: which files there are, what is in them, and what never gets there."""
import json
import os
import pty
import re
import signal
import subprocess
import time

import pytest

from harness import tokens
from harness.sidecar import GID, ROOT, UID
from harness.tokens import http

KEY_ID, SECRET, SESSION = "ASIATESTTESTTESTTEST", "Zm9v/YmFy+cXV4==", "IQoJb3JpZ2luX2VjE-test.token~/+="
FILES = {"token": "token.jwt", "json": "token.json", "gcp-executable": "gcp-executable.json", "aws-credentials": "aws-credentials",
         "aws-process": "aws-process.json"}
ROLE = ("--param", "role-arn=arn:aws:iam::123456789012:role/test")


def aws(key_id=KEY_ID, secret=SECRET, session=SESSION, lifetime_s=900):
    return http(body={"AssumeRoleWithWebIdentityResponse": {"AssumeRoleWithWebIdentityResult": {"Credentials": {
        "AccessKeyId": key_id, "SecretAccessKey": secret, "SessionToken": session,
        "Expiration": float(int(time.time()) + lifetime_s)}}}}, headers=["Content-Type: application/json"])


@pytest.fixture
def exchange(fetch, serve):
    """exchange(answer, options...): a fetch against a server with that answer."""
    def run(answer, *more, **options):
        server = serve(answer)
        options.setdefault("protocol", "token-exchange")
        if options["protocol"] == "aws":
            more = (*ROLE, *more)
        run = fetch(server.url("/"), *more, **options)
        run.server = server
        return run
    return run


def names(space):
    return {path.name for path in space.out.iterdir()} - {".status"}


def read(space, name):
    return (space.out / name).read_text()


# ---- token rows ----

@pytest.mark.parametrize("write", ["token", "json", "gcp-executable", "token,json", "expires,json", "token,json,gcp-executable"])
def test_files(write, exchange, space):
    token = tokens.issued()
    run = exchange(tokens.exchanged(token), write=write)
    assert run.status == 0, run.err
    assert names(space) == {"expires"} | {FILES[word] for word in write.split(",") if word != "expires"}
    check_token_files(space, token)


def check_token_files(space, token):
    expires, exp = read(space, "expires"), tokens.expiry(token)
    assert abs(time.mktime(time.strptime(expires, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - exp) <= 1
    for name in names(space) - {"expires"}:
        text = read(space, name)
        if name == "token.jwt":
            assert text == token
        elif name == "token.json":
            made = json.loads(text)
            assert list(made) == ["token", "expires", "expires_s"]
            assert made["token"] == token and made["expires"] == expires and tokens.rfc3339(made["expires_s"]) == expires
        else:
            made = json.loads(text)
            assert list(made) == ["version", "success", "token_type", "id_token", "expiration_time"]
            assert made["version"] == 1 and made["success"] is True and made["id_token"] == token
            assert made["token_type"] == "urn:ietf:params:oauth:token-type:jwt"
            assert tokens.rfc3339(made["expiration_time"]) == expires


def test_the_row_says_it_without_the_option(exchange, space):
    assert exchange(tokens.openunison(tokens.issued()), protocol="openunison").status == 0
    assert names(space) == {"token.jwt", "expires", "thumbprint"}


def test_a_thumbprint_is_written_with_any_list(exchange, space):
    assert exchange(tokens.openunison(tokens.issued()), protocol="openunison", write="json").status == 0
    assert names(space) == {"token.json", "expires", "thumbprint"}


def test_from_the_environment(exchange, space):
    assert exchange(tokens.exchanged(tokens.issued()), env={"STS_WRITE": "json"}).status == 0
    assert names(space) == {"token.json", "expires"}


def test_what_is_not_written_any_more_is_removed(exchange, space):
    """It would go stale beside an expires that grows. A temporary that a killed writer left goes with it."""
    assert exchange(tokens.exchanged(tokens.issued()), write="token,json").status == 0
    (space.out / ".token.jwt.new").write_text("left by a killed writer")
    (space.out / "mine").write_text("mine")
    assert exchange(tokens.exchanged(tokens.issued()), write="gcp-executable").status == 0
    assert names(space) == {"gcp-executable.json", "expires", "mine"}


def test_nothing_is_removed_when_the_exchange_fails(exchange, space):
    assert exchange(tokens.exchanged(tokens.issued()), write="token,json").status == 0
    before = space.snapshot()
    assert exchange(http(403), write="gcp-executable").status == 77
    assert space.snapshot() == before


@pytest.mark.parametrize("mode, directory, want", [(None, 0o777, 0o644), (None, 0o755, 0o600), ("0440", 0o777, 0o440), (None, 0o2770, 0o640)])
def test_modes_and_groups_are_those_of_all_files(mode, directory, want, exchange, space):
    if ROOT:
        os.chown(space.out, UID, GID)
    space.out.chmod(directory)
    assert exchange(tokens.exchanged(tokens.issued()), write="token,json,gcp-executable", mode=mode).status == 0
    for name in names(space):
        about = (space.out / name).lstat()
        assert about.st_mode & 0o7777 == want, name
        assert about.st_uid == UID and about.st_gid == GID


WRONG = {
    "unknown word": (["--write", "jwt"], r'--write: "jwt" is none of token, expires, json, '),
    "empty word": (["--write", "token,"], r'--write: "" is none of'),
    "space": (["--write", "token, json"], r'--write: " json" is none of'),
    "thumbprint is no word": (["--write", "thumbprint"], r"is none of"),
    "hostile word": (["--write", "a\x1b[2Jb\n"], r'"a\\x1B\[2Jb\\x0A" is none of'),
    "no token at all": (["--write", "expires"], r"names no file with a token"),
    "AWS from a row that gives a token": (["--write", "aws-credentials"], r"protocol token-exchange gives no aws-credentials; these do:"),
    "the same in a list": (["--write", "token,aws-process"], r"gives no aws-process"),
    "format: AWS": (["--stdout", "--format", "aws-process"], r"--format: protocol token-exchange gives no aws-process"),
    "format: unknown": (["--stdout", "--format", "yaml"], r'--format: "yaml" is none of'),
    "format: two": (["--stdout", "--format", "token,json"], r"--format is one word"),
    "format: expires": (["--stdout", "--format", "expires"], r"--format is one word"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_options_cost_no_request(what, exchange, space):
    options, pattern = WRONG[what]
    run = exchange(tokens.exchanged(tokens.issued()), *options)
    assert run.status == 64
    assert re.search(pattern, run.err), run.err
    assert run.server.connections == 0 and names(space) == set()


# ---- standard output ----

@pytest.mark.parametrize("word", ["token", "json", "gcp-executable"])
def test_formats_on_standard_output(word, exchange, space):
    token = tokens.issued()
    run = exchange(tokens.exchanged(token), "--stdout", format=word)
    assert run.status == 0, run.err
    assert names(space) == set()
    if word == "token":
        assert run.out.decode() == token
    else:
        assert json.loads(run.out)[{"json": "token", "gcp-executable": "id_token"}[word]] == token


@pytest.mark.parametrize("force", [False, True])
def test_a_terminal_needs_force(force, serve, sidecar, space):
    token = tokens.issued()
    server = serve(tokens.exchanged(token))
    ours, theirs = pty.openpty()
    try:
        run = sidecar.run("fetch", "--url", server.url("/"), "--token-file", space.token_file, "--cacert-path", space.ca_file, "--stdout",
                          "--format=json", *(["--force"] if force else []), stdout=theirs, stderr=subprocess.PIPE)
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:
            pass
    finally:
        os.close(ours)
    assert run.status == (0 if force else 64)
    assert (token.encode() in shown) == force


# ---- adoption and check ----

def test_check_without_token_jwt(exchange, sidecar, space):
    for write in ("json", "gcp-executable"):
        assert exchange(tokens.exchanged(tokens.issued()), write=write).status == 0
        assert not (space.out / "token.jwt").exists()
        assert sidecar.run("check", space.out).status == 0
        assert sidecar.run("check", "--min-ttl", "20m", space.out).status == 1


SPOILT = {
    "empty": (lambda path: path.write_text(""), "empty"),
    "gone": (lambda path: path.unlink(), "no token"),
    "link": (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "link"),
    "directory": (lambda path: (path.unlink(), path.mkdir()), "directory"),
    "FIFO": (lambda path: (path.unlink(), os.mkfifo(path)), "regular"),
    "huge": (lambda path: path.write_text("x" * (1 << 20)), "big"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_check_of_what_was_spoilt(how, exchange, sidecar, space):
    assert exchange(tokens.exchanged(tokens.issued()), write="json").status == 0
    spoil, word = SPOILT[how]
    spoil(space.out / "token.json")
    run = sidecar.run("check", space.out)
    assert run.status == 1 and word in run.err, run.err


def test_check_wants_every_file_that_is_there(exchange, sidecar, space):
    assert exchange(tokens.exchanged(tokens.issued()), write="token,json").status == 0
    (space.out / "token.json").write_text("")
    assert sidecar.run("check", space.out).status == 1
    (space.out / "token.json").unlink()
    assert sidecar.run("check", space.out).status == 0


def test_check_needs_expires(exchange, sidecar, space):
    assert exchange(tokens.exchanged(tokens.issued()), write="json").status == 0
    (space.out / "expires").unlink()
    run = sidecar.run("check", space.out)
    assert run.status == 1 and "expires" in run.err


ADOPTED, FETCHED = "token adopted", "token refreshed"


@pytest.fixture
def restart(serve, sidecar, space):
    """restart(answer, options...): starts `run` where something lies already. Returns what it says first: ADOPTED or FETCHED."""
    def start(answer, *options):
        server = serve(answer)
        with sidecar.start("run", "--url", server.url("/"), "--token-file", space.token_file, "--output-dir", space.out, "--cacert-path",
                           space.ca_file, "--log-format", "json", *options) as process:
            for line in process.popen.stderr:
                said = json.loads(line)["msg"]
                if said in (ADOPTED, FETCHED) or "error" in json.loads(line):
                    break
            process.signal(signal.SIGTERM)
            assert process.wait().status == 0
        assert len(server.requests) == (said != ADOPTED)
        return said
    return start


@pytest.mark.parametrize("before, after, want", [
    ("json", "json", ADOPTED), ("gcp-executable,json", "json", ADOPTED), ("token,json", "json,token,expires", ADOPTED),
    ("json", "token", FETCHED), ("token", "json", FETCHED), ("token,json", "token,gcp-executable", FETCHED)])
def test_adoption_wants_every_file(before, after, want, exchange, restart, space):
    assert exchange(tokens.exchanged(tokens.issued()), write=before).status == 0
    old = space.snapshot()
    assert restart(tokens.exchanged(tokens.issued()), "--write", after) == want
    if want == ADOPTED:
        assert space.snapshot() == old
    else:
        assert names(space) == {"expires"} | {FILES[word] for word in after.split(",")}


@pytest.mark.parametrize("how", SPOILT)
def test_what_was_spoilt_is_not_adopted(how, exchange, restart, space):
    assert exchange(tokens.exchanged(tokens.issued()), write="gcp-executable").status == 0
    SPOILT[how][0](space.out / "gcp-executable.json")
    assert restart(tokens.exchanged(tokens.issued()), "--write", "gcp-executable") != ADOPTED


@pytest.mark.skipif(not ROOT, reason="needs a file of another user")
def test_a_file_of_another_user_is_not_adopted(exchange, restart, space):
    assert exchange(tokens.exchanged(tokens.issued()), write="json").status == 0
    os.chown(space.out / "token.json", UID + 1, GID)
    assert restart(tokens.exchanged(tokens.issued()), "--write", "json") == FETCHED
    assert (space.out / "token.json").stat().st_uid == UID


def test_adoption_with_expectations(exchange, restart, space):
    """What holds a JWT in JSON alone is not looked into: an exchange costs less."""
    token = tokens.issued()
    assert exchange(tokens.exchanged(token), write="json").status == 0
    assert restart(tokens.exchanged(token), "--write", "json", "--expect-audience", "test") == FETCHED
    assert exchange(tokens.exchanged(token), write="json,token").status == 0
    assert restart(tokens.exchanged(token), "--write", "json,token", "--expect-audience", "test") == ADOPTED


def test_adoption_goes_by_the_tokens_own_exp(exchange, restart, space):
    """If another program has cut `expires` short, the token counts as valid for as long as before."""
    assert exchange(tokens.exchanged(tokens.issued(7200))).status == 0
    (space.out / "expires").unlink()
    (space.out / "expires").write_text(tokens.rfc3339(int(time.time()) + 600))
    assert restart(tokens.exchanged(tokens.issued()), "--max-lifetime", "1h") == FETCHED
    assert restart(tokens.exchanged(tokens.issued()), "--max-lifetime", "1h") == ADOPTED


# ---- what the STS must not bring in ----

HOSTILE = ["a\ncredential_process=touch /tmp/x", "a\rb", "a b", "a\tb", "a\x7f", "a\x1b[2J", "aé", "a\u2028b", "", "a" * (64 * 1024 + 1)]


@pytest.mark.parametrize("token", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("write", ["token", "json,gcp-executable"])
def test_a_hostile_token_is_not_written(token, write, exchange, space):
    run = exchange(http(body={"access_token": token, "expires_in": 60}), write=write)
    assert run.status == 65, run.err
    assert names(space) == set()


def test_quotes_and_backslashes_are_escaped(exchange, space):
    token = 'a"b\\c/<&}]$T%s\'`;#'
    assert exchange(http(body={"access_token": token, "expires_in": 60}), write="token,json,gcp-executable").status == 0
    assert read(space, "token.jwt") == token
    assert json.loads(read(space, "token.json"))["token"] == token
    assert json.loads(read(space, "gcp-executable.json"))["id_token"] == token


# ---- AWS credentials ----

def check_aws_files(space):
    expires = read(space, "expires")
    for name in names(space) - {"expires"}:
        if name == "aws-credentials":
            assert read(space, name) == (f"[default]\naws_access_key_id={KEY_ID}\naws_secret_access_key={SECRET}\n"
                                         f"aws_session_token={SESSION}\n")
        else:
            made = json.loads(read(space, name))
            assert made == {"Version": 1, "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "SessionToken": SESSION, "Expiration": expires}
            assert list(made) == ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]


@pytest.mark.parametrize("write", [None, "aws-credentials", "aws-process", "aws-credentials,aws-process", "expires,aws-process"])
def test_aws_files(write, exchange, sidecar, space):
    run = exchange(aws(), protocol="aws", write=write)
    assert run.status == 0, run.err
    assert names(space) == {"expires"} | {FILES[word] for word in (write or "aws-credentials").split(",") if word != "expires"}
    check_aws_files(space)
    assert sidecar.run("check", space.out).status == 0
    assert sidecar.run("check", "--min-ttl", "20m", space.out).status == 1


@pytest.mark.parametrize("word", ["aws-process", "aws-credentials", None])
def test_aws_on_standard_output(word, exchange, space):
    run = exchange(aws(), "--stdout", protocol="aws", format=word)
    assert run.status == 0, run.err
    assert names(space) == set()
    if word == "aws-credentials":
        assert run.out.decode().splitlines()[0] == "[default]"
    else:
        made = json.loads(run.out)
        assert (made["Version"], made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]) == (1, KEY_ID, SECRET, SESSION)


AWS_WRONG = {
    "token": (["--write", "token"], r"protocol aws gives no token; these do: openunison token-exchange .*custom"),
    "json": (["--write", "aws-process,json"], r"protocol aws gives no json; these do: "),
    "gcp": (["--write", "gcp-executable"], r"gives no gcp-executable"),
    "format": (["--stdout", "--format", "token"], r"--format: protocol aws gives no token"),
    "audience": (["--expect-audience", "a"], r"protocol aws gives no JWT"),
    "issuer": (["--expect-issuer", "i"], r"protocol aws gives no JWT"),
}


@pytest.mark.parametrize("what", AWS_WRONG)
def test_what_aws_cannot_give(what, exchange, space):
    options, pattern = AWS_WRONG[what]
    run = exchange(aws(), *options, protocol="aws")
    assert run.status == 64 and re.search(pattern, run.err), run.err
    assert run.server.connections == 0 and names(space) == set()


def test_a_list_for_aws_names_the_protocol(exchange):
    run = exchange(tokens.exchanged(tokens.issued()), write="aws-process")
    assert re.search(r"these do: aws\b", run.err), run.err


@pytest.mark.parametrize("lifetime, limit, status", [(900, "15m", 0), (3600, "15m", 65)])
def test_max_lifetime_of_aws_credentials(lifetime, limit, status, exchange, space):
    run = exchange(aws(lifetime_s=lifetime), protocol="aws", max_lifetime=limit)
    assert run.status == status, run.err
    assert names(space) == ({"aws-credentials", "expires"} if status == 0 else set())


INJECTIONS = ["x\ncredential_process=touch /tmp/run", "x\ncredential_process=touch", "x\rcredential_process=touch", "x\r\n[profile p]", "x\n", "\nx",
              "x]", "[default]", '"x"', "'x'", "x\x7f", "x\x1b[2J", "xé", "x\u2028y", "x\xa0y", "x y", "x\ty", "#x", ";x", "x;y", "%(x)s", "x:y", "",
              "x" * (64 * 1024 + 1)]


@pytest.mark.parametrize("value", INJECTIONS, ids=range(len(INJECTIONS)))
def test_hostile_aws_credentials_are_not_written(value, fetch, serve, space):
    """A line feed in a session token has been shown to run a command in the SDK that reads the file."""
    answers = [aws(**{place: value}) for place in ("key_id", "secret", "session")]
    server = serve(lambda request: answers[len(server.requests) - 1])
    for count, _ in enumerate(answers, 1):
        run = fetch(server.url("/"), *ROLE, protocol="aws", write="aws-credentials,aws-process")
        assert run.status == 65, run.err
        assert names(space) == set(), "nothing was begun"
        assert "credential_process" not in run.err and "touch" not in run.err
        assert len(server.requests) == count


def test_hostile_aws_credentials_leave_the_old_ones(exchange, space):
    assert exchange(aws(), protocol="aws").status == 0
    before = space.snapshot()
    assert exchange(aws(session="x\ncredential_process=touch"), protocol="aws").status == 65
    assert exchange(aws(session="x]"), protocol="aws").status == 65
    assert space.snapshot() == before


def test_nul_in_aws_credentials(exchange, space):
    body = aws(secret="xNULy").replace(b"xNULy", b"x\\u0000y")
    body = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body.partition(b"\r\n\r\n")[2]), body)
    assert exchange(body, protocol="aws").status == 65
    assert names(space) == set()


def test_from_aws_to_a_token_and_back(exchange, space):
    assert exchange(aws(), protocol="aws").status == 0
    assert exchange(tokens.exchanged(tokens.issued())).status == 0
    assert names(space) == {"token.jwt", "expires"}
    assert exchange(aws(), protocol="aws").status == 0
    assert names(space) == {"aws-credentials", "expires"}


def aws_xml(session):
    expires = tokens.rfc3339(int(time.time()) + 900)
    return http(body=f"""<?xml version="1.0" encoding="UTF-8"?>
<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>{KEY_ID}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{session}</SessionToken>
<Expiration>{expires}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>""".encode(),
                headers=["Content-Type: text/xml"])


def test_aws_files_from_xml(exchange, space):
    assert exchange(aws_xml(SESSION), protocol="aws", write="aws-credentials,aws-process").status == 0
    check_aws_files(space)


@pytest.mark.parametrize("session", ["x&#10;credential_process=touch", "x&#xA;credential_process=touch", "x&#13;y", "x&#0;y", "x\ny", "x]", "x&quot;y",
                                     "x&#127;y", "x&#xE9;y", "<![CDATA[x\ny]]>", ""])
def test_hostile_aws_credentials_in_xml(session, exchange, space):
    run = exchange(aws_xml(session), protocol="aws", write="aws-credentials,aws-process")
    assert run.status == 65, run.err
    assert names(space) == set()


def test_adoption_of_aws_credentials(exchange, restart, space):
    assert exchange(aws(), protocol="aws").status == 0
    assert restart(aws(), "--protocol", "aws", *ROLE) == ADOPTED
    assert restart(aws(), "--protocol", "aws", *ROLE, "--write", "aws-credentials,aws-process") == FETCHED
    assert restart(aws(), "--protocol", "aws", *ROLE, "--max-lifetime", "10m") != ADOPTED
