# SPDX-License-Identifier: Apache-2.0
"""Subject tokens, files of options, and output directories that cannot be used."""
import fcntl
import os
import shutil

from harness import tokens
from harness.mock import wait_for
from harness.sidecar import GID, UID
from oracle.scene import given
from oracle.suite import add, case

EXPIRED = tokens.unsigned(b'{"exp":978307200}')     # 2001-01-01
URL = "https://127.0.0.1:1/"                        # it is never asked: the port is not what fails


def subject(name, prepare, *args, **options):
    def does(scene):
        prepare(scene)
        scene.trust()
        scene.fetch(URL, *args, status=True, **options)
    add(f"subject/{name}", does)


def content(data):
    return lambda scene: scene.write("sts-token", data)


def gone(scene):
    scene.token_file.unlink()


def instead(make):
    def prepare(scene):
        scene.token_file.unlink()
        make(scene.token_file)
    return prepare


def unreadable(mode, owner):
    def prepare(scene):
        scene.token_file.chmod(mode)
        os.chown(scene.token_file, *owner)
    return prepare


def behind_a_closed_directory(scene):
    scene.write("closed/sts-token", "a.b.c")
    scene.directory("closed", 0o700)


subject("missing", gone)
subject("missing-in-json", gone, log_format="json")
subject("missing-directory", lambda scene: None, token_file="/nowhere/at/all")
subject("dangling-link", instead(lambda path: path.symlink_to("..data/token")))
subject("empty", content(""))
subject("blank", content(" \r\n\t\n"))
subject("too-big", content("a" * 70_000))
subject("much-too-big", content("a" * 8_000_000))
subject("words", content("hello world, I am no token"))
subject("line-break-inside", content("a" * 40 + "\r\nX-Evil: 1"))
subject("nul", content(b"abc\0def"))
subject("not-ascii", content("gr\u00fc\u00df".encode()))
subject("two-tokens", content("a.b.c\nd.e.f"))
subject("expired", content(EXPIRED))
subject("root-s", unreadable(0o600, (0, 0)))
subject("of-another-group", unreadable(0o640, (0, 0)))
subject("unreadable-by-its-owner", unreadable(0o000, (UID, GID)))
subject("closed-directory", behind_a_closed_directory, token_file="DIR/closed/sts-token")
subject("is-a-directory", instead(lambda path: path.mkdir()))
subject("is-a-fifo", instead(os.mkfifo))
subject("other-audience", content(tokens.unsigned(b'{"aud":["a","b"]}')), subject_audience="other")
subject("audience-of-an-opaque-token", content("opaque-subject"), subject_audience="other")
subject("too-big-for-anthropic", content("a." + "b" * 20000 + ".c"), "--protocol=anthropic", "--param=federation_rule_id=f", "--param=organization_id=o")
subject("too-big-for-aws", content("a." + "b" * 30000 + ".c"), "--protocol=aws", "--param=role-arn=arn:aws:iam::123456789012:role/app")
subject("long-path", lambda scene: None, token_file="DIR/" + "x" * 150)


@case("subject/empty-standard-input")
def empty_input(scene):
    scene.write("sts-token", "")
    scene.fetch_one(URL)


# ---- other files that a request needs ----

def needed(name, *args, prepare=None, **options):
    def does(scene):
        if prepare:
            prepare(scene)
        scene.trust()
        scene.fetch(URL, *args, **options)
    add(f"inputs/{name}", does)


needed("secret-missing", "--client-id=a", "--client-auth=basic", "--client-secret-file=DIR/none")
needed("secret-empty", "--client-id=a", "--client-auth=basic", "--client-secret-file=DIR/s", prepare=lambda scene: scene.write("s", "\n"))
needed("secret-unreadable", "--client-id=a", "--client-auth=basic", "--client-secret-file=DIR/s", prepare=lambda scene: scene.write("s", "x", 0o600))
needed("secret-odd", "--client-id=a", "--client-auth=basic", "--client-secret-file=DIR/s", prepare=lambda scene: scene.write("s", b"a\xffb"))
needed("parameter-missing", "--param-file=p=DIR/none")
needed("parameter-odd", "--param-file=p=DIR/p", prepare=lambda scene: scene.write("p", b"a\0b"))
needed("parameter-of-aws", "--protocol=aws", "--param=role-arn=arn:aws:iam::123456789012:role/app", "--param-file=role-session-name=DIR/p", prepare=lambda scene: scene.write("p", "a b"))
needed("header-odd", "--header-file=X-A=DIR/h", prepare=lambda scene: scene.write("h", "a\nb"))
needed("actor-missing", "--actor-token-file=DIR/none")
needed("large-together", *(f"--param-file=p{i}=DIR/p" for i in range(8)), prepare=lambda scene: scene.write("p", "x" * 60000))


# ---- output directories ----

def output(name, prepare, *args, mock=given(), **options):
    def does(scene):
        server = scene.serve(mock, tls=False)
        prepare(scene)
        scene.fetch(f"http://127.0.0.1:{server.port}/", "--insecure-http", *args, **({"cacert_path": None} | options))
        if scene.out.is_dir():
            scene.files()
    add(f"output/{name}", does)


def owner(uid, gid, mode):
    def prepare(scene):
        os.chown(scene.out, uid, gid)
        scene.out.chmod(mode)
    return prepare


def there(name, make):
    return lambda scene: make(scene.out / name)


def of_root(path):
    path.write_text("foreign")
    path.chmod(0o600)


def sticky(scene):
    """A file of another user in a sticky directory cannot be replaced."""
    of_root(scene.out / "token.jwt")
    scene.out.chmod(0o1777)


def full(path):
    path.mkdir()
    (path / "x").write_text("x")


output("missing", lambda scene: shutil.rmtree(scene.out))
output("missing-in-json", lambda scene: shutil.rmtree(scene.out), log_format="json")
output("is-a-file", lambda scene: (scene.out.rmdir(), scene.out.write_text("x")))
output("root-s", owner(0, 0, 0o755))
output("closed", owner(0, 0, 0o700))
output("own-but-closed", owner(UID, GID, 0o500))
output("own", owner(UID, GID, 0o700))
output("setgid", owner(0, GID, 0o2775))
output("sticky-of-others", sticky)
output("group-of-others", owner(0, 0, 0o777), "--group=2000")
output("group-own", owner(0, 0, 0o777), f"--group={GID}")
output("mode", owner(0, 0, 0o777), "--mode=0640")
output("token-is-a-directory", there("token.jwt", lambda path: path.mkdir()))
output("token-is-a-full-directory", there("token.jwt", full))
output("token-is-root-s", there("token.jwt", of_root))
output("temporary-is-a-full-directory", there(".token.jwt.new", full))
output("expires-is-a-full-directory", there("expires", full))
output("status-is-a-full-directory", there(".status", full))
output("long-path", lambda scene: None, output_dir="DIR/" + "x" * 150)
output("write-all", owner(0, 0, 0o777), "--write=token,json,gcp-executable")
output("stdout", owner(0, 0, 0o777), "--stdout")
output("stdout-json", owner(0, 0, 0o777), "--stdout", "--format=json")
output("stdout-gcp", owner(0, 0, 0o777), "--stdout", "--format=gcp-executable")


@case("output/stdout-full")
def stdout_full(scene):
    server = scene.serve(given(), tls=False)
    with open("/dev/full", "wb") as device:
        scene.fetch(f"http://127.0.0.1:{server.port}/", "--insecure-http", "--stdout", stdout=device, cacert_path=None)


@case("output/help-full")
def help_full(scene):
    with open("/dev/full", "wb") as device:
        scene.run("fetch", "--help", stdout=device)


@case("output/locked", 0.5)
def locked(scene):
    """Another sidecar writes there already."""
    server = scene.serve(given(), tls=False)
    args = ["run", f"--url=http://127.0.0.1:{server.port}/", "--insecure-http", "--token-file=DIR/sts-token", "--output-dir=DIR/tokens", "--log-format=text"]
    first = scene.start(*args)
    wait_for((scene.out / "expires").exists, "a token")
    scene.run(*args)
    scene.fetch(f"http://127.0.0.1:{server.port}/", "--insecure-http", cacert_path=None)
    scene.stop(first)


@case("output/locked-by-a-stranger")
def locked_by_a_stranger(scene):
    handle = os.open(scene.out, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        scene.fetch(URL)
    finally:
        os.close(handle)
