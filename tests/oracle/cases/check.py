# SPDX-License-Identifier: Apache-2.0
"""What `check` says of the files that it reads: `token.jwt`, `expires` and `.status`."""
import os
import time
import tomllib

from harness import tokens
from harness.status import with_sum
from oracle import ERRORS
from oracle.scene import answer, given
from oracle.suite import add, case

LATER, EARLIER = "2101-01-01T00:00:00Z", "2001-01-01T00:00:00Z"
OLD_S = 978307200   # 2001-01-01
SOON_S = 900        # from now on
NAMES = [name for group in tomllib.loads(ERRORS.read_text())["error"].values() for name in group]


def put(scene, token, expires):
    """The two files; None leaves one out. expires may be a number of seconds from now on."""
    if isinstance(expires, int):
        expires = tokens.rfc3339(int(time.time()) + expires)
    for file, text in (("token.jwt", token), ("expires", expires)):
        if text is not None:
            scene.own(f"tokens/{file}", text)


def check(name, *args, token="opaque", expires=LATER):
    """`check` of these two files."""
    def does(scene):
        put(scene, token, expires)
        scene.run("check", *args, "DIR/tokens")
    add(f"check/{name}", does)


check("valid")
check("valid-with-a-newline", expires=LATER + "\n")
check("no-token", token=None)
check("empty-token", token="")
check("huge-token", token="a" * 100_000)
check("no-expires", expires=None)
check("empty-expires", expires="")
check("empty-expires-json", "--json", expires="")
check("blank-expires", expires="\n")
check("expires-is-not-a-time", expires="soon")
check("expires-is-not-a-time-json", "--json", expires="soon")
check("huge-expires", expires="2" * 100_000)
check("expired", expires=EARLIER)


@case("check/expires-is-a-directory")
def expires_is_a_directory(scene):
    scene.own("tokens/token.jwt", "opaque")
    scene.directory("tokens/expires")
    scene.run("check", "DIR/tokens")


# ---- what .status adds ----

MAGIC = "sts-sidecar-status 1"


def status(scene, text="", now=None, **fields):
    """A status file. now: the time of the last attempt, and of the next one, from now on."""
    if now is not None:
        fields |= dict(zip(("last_attempt", "next_attempt"), (int(time.time()) + seconds for seconds in now)))
    text = text or "\n".join([MAGIC, *(f"{key} {value}" for key, value in fields.items())])
    if text.startswith(f"{MAGIC}\nstate"):
        lines = text.rstrip("\n")
        text = with_sum(lines) + text[len(lines):]
    scene.own("tokens/.status", text)


def explained(name, *args, token=None, expires=LATER, json=True, **more):
    """`check` beside a status file, in words and as JSON."""
    def does(scene):
        put(scene, token, expires)
        status(scene, **more)
        scene.run("check", *args, "DIR/tokens")
        if json:
            scene.run("check", "--json", *args, "DIR/tokens")
    add(f"check/{name}", does)


FAILING = {"state": "failing", "error": "denied", "http_status": 403, "sts_error": "access_denied", "tries": 4, "attempts": 9}
explained("status-starting", state="starting", error="ok")
explained("status-ok", token="opaque", state="ok", error="ok", tries=0, attempts=7, last_success=OLD_S, now=(-3, 900))
explained("status-ok-and-no-token", state="ok", error="ok", tries=0, attempts=7, last_success=OLD_S, now=(-3, 900))
explained("status-ok-and-expired", token="opaque", expires=EARLIER, state="ok", error="ok", attempts=7, last_success=OLD_S, now=(-3, 900))
explained("status-failing", **FAILING, now=(-3, 60))
explained("status-failing-while-the-token-is-valid", token="opaque", **FAILING, now=(-3, 60))
explained("status-failing-and-expired", token="opaque", expires=EARLIER, **FAILING, now=(-3, 60))
explained("status-failing-and-too-short", "--min-ttl=1h", token="opaque", expires=SOON_S, **FAILING, now=(-3, 60))
explained("status-under-way", **FAILING, now=(-60, -2))
explained("status-overdue", **FAILING, now=(-900, -600))
explained("status-overdue-for-long", **FAILING, last_attempt=OLD_S, next_attempt=OLD_S + 60)
explained("status-ok-and-overdue", token="opaque", expires=EARLIER, state="ok", error="ok", attempts=7, last_success=OLD_S, next_attempt=OLD_S + 600)
explained("status-of-a-clock-that-was-set-back", **FAILING, now=(500, 600))
explained("status-stopped", state="stopped", error="ok", attempts=7, last_success=OLD_S)
explained("status-stopped-while-the-token-is-valid", token="opaque", state="stopped", error="ok", attempts=7, last_success=OLD_S)
explained("status-stopped-and-failing", **FAILING | {"state": "stopped"}, last_attempt=OLD_S)
explained("status-stopped-before-an-attempt", state="stopped", error="ok", attempts=0)
explained("status-waits-for-an-exchange", state="starting", error="ok", waits=1, waits_for="hub")
explained("status-waits-for-an-exchange-that-fails", **FAILING, waits=1, waits_for="hub", now=(-3, 60))
explained("status-waits-for-a-subject-token", state="failing", error="subject_used", tries=1, attempts=2, waits=2, now=(-3, 60))
explained("status-stopped-while-it-waits", state="stopped", error="ok", waits=1, waits_for="hub")
explained("status-of-a-code-that-is-not-known", **FAILING | {"sts_error": "some_new_code"}, now=(-3, 60))
explained("status-without-a-code", **{key: value for key, value in FAILING.items() if key != "sts_error"}, now=(-3, 60))
explained("status-of-many-tries", **FAILING | {"tries": 4294967295}, now=(-3, 60))

# Errors that the recorded program did not have yet.
NEW_ERRORS = {"files", "stdout", "early", "hangs", "request_too_big", "port", "tls_name", "tls_alpn", "tls_renegotiation", "cert_key_usage"}
# Errors as they stand in a status file: with a status and a code of the STS, and alone with a number of the system.
for error in [name for name in NAMES if name not in NEW_ERRORS]:
    explained(f"error-{error}", state="failing", error=error, http_status=400, tries=2, now=(-3, 60), json=False)
    explained(f"error-{error}-alone", state="failing", error=error, detail=13, tries=2, now=(-3, 60), json=False)
for detail in (1, 2, 5, 11, 12, 13, 20, 21, 22, 23, 24, 27, 28, 30, 36, 40, 97, 98, 99, 101, 104, 105, 110, 111, 113, 122, 9999):
    explained(f"errno-{detail}", state="failing", error="connect", detail=detail, tries=2, now=(-3, 60), json=False)

# A program that may write in the directory may write this file.
ODD = {
    "empty": "\n", "of-another-program": "state failing\nerror denied\n", "of-a-later-version": "sts-sidecar-status 2\nstate failing", "no-state": MAGIC, "unknown-state": f"{MAGIC}\nstate 99",
    "unknown-error": f"{MAGIC}\nstate failing\nerror %s%n", "unknown-key": f"{MAGIC}\nstate failing\nerror denied\ntries 2\nfuture yes", "key-twice": f"{MAGIC}\nstate failing\nerror denied\nerror busy\ntries 1",
    "code-with-markup": f"{MAGIC}\nstate failing\nerror denied\nsts_error <script>\ntries 1", "number-too-large": f"{MAGIC}\nstate failing\nerror denied\ntries 99999999999999999999",
    "number-negative": f"{MAGIC}\nstate failing\nerror denied\ntries -1", "status-too-large": f"{MAGIC}\nstate failing\nerror denied\nhttp_status 600\ntries 1", "nul": f"{MAGIC}\nstate failing\0\nerror denied\n",
    "newline-at-the-end": f"{MAGIC}\nstate failing\nerror denied\ntries 1\n", "large": f"{MAGIC}\nstate failing\n" + "x" * 2000, "carriage-returns": f"{MAGIC}\r\nstate failing\r\nerror denied\r\n",
    "name-with-controls": f"{MAGIC}\nstate starting\nerror ok\nwaits 1\nwaits_for a\x1b[2J", "name-long": f"{MAGIC}\nstate starting\nerror ok\nwaits 1\nwaits_for " + "a" * 40,
}
for name, text in ODD.items():
    explained(f"odd-{name}", text=text)


@case("check/status-is-a-link")
def status_is_a_link(scene):
    scene.own("elsewhere", f"{MAGIC}\nstate failing\nerror denied\ntries 1")
    (scene.out / ".status").symlink_to(scene.folder / "elsewhere")
    scene.run("check", "DIR/tokens")


# ---- the tokens' own times ----
def claims(exp):
    return tokens.unsigned(f'{{"exp":{exp}}}'.encode())


check("expired-by-its-own-claim", token=claims(OLD_S))
check("expired-by-its-own-claim-json", "--json", token=claims(OLD_S))
check("of-a-later-claim", token=claims(OLD_S), expires=EARLIER)
check("valid-json", "--json")
check("expired-json", "--json", expires=EARLIER)
check("no-token-json", "--json", token=None)
check("min-ttl", "--min-ttl=1h")
check("min-ttl-too-long", "--min-ttl=1h", expires=SOON_S)
check("min-ttl-too-long-json", "--json", "--min-ttl=1h", expires=SOON_S)
check("min-ttl-too-large", "--min-ttl=50000h")
check("wait", "--wait=300ms", token=None)
check("wait-json", "--wait=300ms", "--json", token=None)


@case("check/after-a-fetch")
def after_a_fetch(scene):
    server = scene.serve(given(), tls=False)
    scene.fetch(f"http://127.0.0.1:{server.port}/", "--insecure-http", cacert_path=None)
    scene.run("check", "DIR/tokens")
    scene.run("check", "--json", "DIR/tokens")
    scene.run("check", "--min-ttl=1h", "DIR/tokens")


@case("check/after-a-fetch-that-failed")
def after_a_fetch_that_failed(scene):
    server = scene.serve(answer(403, {"error": "access_denied"}), tls=False)
    scene.fetch(f"http://127.0.0.1:{server.port}/", "--insecure-http", cacert_path=None)
    scene.run("check", "DIR/tokens")
    scene.run("check", "--json", "DIR/tokens")


# ---- directories ----

@case("check/several-directories")
def several_directories(scene):
    put(scene, "opaque", LATER)
    for path in scene.out.iterdir():
        scene.own(f"more/{path.name}", path.read_bytes())
    scene.directory("bad")
    scene.run("check", "DIR/tokens", "DIR/more")
    scene.run("check", "DIR/tokens", "DIR/bad", "DIR/none")
    scene.run("check", "--json", "DIR/tokens", "DIR/more", "DIR/bad", "DIR/none")
    scene.run("check", "--output-dir=DIR/bad", "DIR/tokens")
    scene.run("check", env={"STS_OUTPUT_DIR": "DIR/tokens"})
    scene.run("check", "DIR/bad", env={"STS_OUTPUT_DIR": "DIR/tokens", "STS_JSON": "true"})


@case("check/directories-that-cannot-be-used")
def bad_directories(scene):
    scene.write("file", "x")
    scene.directory("closed", 0o700)
    (scene.folder / "loop").symlink_to("loop")
    for name in ("none", "file", "closed", "loop", "x" * 150, "a\nb"):
        scene.run("check", f"DIR/{name}")
        scene.run("check", "--json", f"DIR/{name}")


def spoiled(name, spoil):
    def does(scene):
        put(scene, "opaque", LATER)
        spoil(scene.out)
        scene.run("check", "DIR/tokens")
    add(f"check/{name}", does)


def instead(file, make):
    return lambda out: ((out / file).unlink(), make(out / file))


for file in ("token.jwt", "expires"):
    word = file.split(".")[0]
    spoiled(f"{word}-unreadable", lambda out, file=file: (os.chown(out / file, 0, 0), (out / file).chmod(0o600)))
    spoiled(f"{word}-a-link", instead(file, lambda path: path.symlink_to("/etc/hostname")))
    spoiled(f"{word}-a-fifo", instead(file, os.mkfifo))
spoiled("token-a-directory", instead("token.jwt", lambda path: path.mkdir()))
