# SPDX-License-Identifier: Apache-2.0
"""What a case has while it runs: a folder of its own, servers, the program, and the lines of its recording."""
import contextlib
import os
import pathlib
import shlex
import shutil
import signal
import tempfile

import oracle  # noqa: F401  (the path of the harness)
from harness import mock, pki, servers, tokens
from harness.sidecar import GID, UID, Space
from oracle.masks import Masker

PATIENCE_S = 60
# The mock STS is of this tree, whatever program is run. Its words are a part of some recordings.
mock.MOCK = oracle.TOP / "build/tests/mock-sts"
SUBJECT = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
# Control characters as what Unicode has for them, so that a recording is a text; the program's own output is ASCII.
CONTROLS = {code: 0x2400 + code for code in range(32) if code != 10} | {127: 0x2421}


CA = pki.authority(cn="Oracle CA")
SERVER = pki.server(CA, cn="oracle", names=["localhost", "sts.oracle.test"])


def readable(data):
    return data.decode("utf-8", "backslashreplace").translate(CONTROLS)


def visible_end(line):
    """Spaces at the end of a line as what Unicode has for them."""
    text = line.rstrip(" ")
    return text + "\N{SYMBOL FOR SPACE}" * (len(line) - len(text))


class Scene:
    def __init__(self, program, name):
        self.program, self.name = program, name
        # Short, and always as long: messages cut long paths.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="o-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.space = Space(self.folder)
        self.out, self.token_file = self.space.out, self.space.token_file
        self.write("sts-token", SUBJECT)
        self.mask = Masker(self.folder, UID, GID)
        self.lines = []
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- files ----

    def path(self, text):
        """DIR at the beginning of a word, or after = or :, is the folder of the case."""
        return str(text).replace("DIR", str(self.folder))

    def write(self, name, data, mode=0o644, owner=None):
        """A file of this case. Returns its path."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(data if isinstance(data, bytes) else self.path(data).encode())
        path.chmod(mode)
        if owner is not None:
            os.chown(path, *owner)
        return path

    @staticmethod
    def read(path):
        return pathlib.Path(path).read_bytes()

    def directory(self, name, mode=0o777):
        path = self.folder / name
        path.mkdir(exist_ok=True, parents=True)
        path.chmod(mode)
        return path

    def own(self, name, data, mode=0o640):
        """A file as the program leaves it."""
        return self.write(name, data, mode, (UID, GID))

    # ---- servers ----

    def serve(self, answer=b"", *, tls=True, who=None, stall=None, blind=False, address="127.0.0.1", **more):
        """A server in Python; tls: with its options for harness.servers.tls_context."""
        context = servers.tls_context(who or SERVER, self.folder, **more) if tls else None
        made = self.stack.enter_context(servers.Server(answer, tls=context, stall=stall, blind=blind, address=address))
        self.mask.ports.add(made.port)
        self.trust()
        return made

    def trust(self, *authorities, name="ca.crt"):
        return self.write(name, b"".join(one.pem for one in authorities or [CA]))

    def mock(self, *arguments, **more):
        """A mock STS; the subject token becomes one that it takes."""
        self.directory("sts", 0o755)
        made = self.stack.enter_context(contextlib.closing(mock.Mock(self.folder / "sts", *arguments, **more)))
        self.mask.ports |= {made.port, made.control_port}
        if made.tls:
            self.write("ca.crt", (made.folder / "ca.pem").read_bytes())
        self.write("sts-token", made.mint())
        return made

    def refused(self):
        """A port on which nobody listens."""
        port = servers.free_port()
        self.mask.ports.add(port)
        return port

    # ---- the program ----

    def start(self, *args, **more):
        process = self.stack.enter_context(self.program.start(*(self.path(arg) for arg in args), **more))
        process.shown = args
        return process

    def show(self, prefix, data):
        """Each line of some bytes, and whether the last one ended."""
        text = readable(data)
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        else:
            lines[-1] += "\N{NOT SIGN}"     # there is no newline at the end
        self.lines += [f"{prefix}| {line}" if line else f"{prefix}|" for line in map(visible_end, lines)]

    def command(self, args, env=None):
        words = [f"{key}={shlex.quote(str(value))}" for key, value in (env or {}).items()]
        line = " ".join([*words, "sts-sidecar", shlex.join(map(str, args))]).rstrip()
        self.lines.append("$ " + readable(line.encode()).replace("\n", "\N{SYMBOL FOR NEWLINE}"))

    def run(self, *args, input=None, env=None, timeout=PATIENCE_S, **more):
        """Run the program to its end, and record what it says. DIR in an argument is the folder of the case."""
        env = {key: self.path(value) for key, value in (env or {}).items()}
        self.command(args, env)
        run = self.program.run(*(self.path(arg) for arg in args), input=input, env=env, timeout=timeout, **more)
        self.ended(run)
        return run

    def ended(self, run):
        self.lines.append(f"exit {run.status}")
        self.show("out", run.out)
        self.show("err", run.err.encode())

    def stop(self, process, number=signal.SIGTERM):
        process.signal(number)
        run = process.wait(PATIENCE_S)
        self.command(process.shown)
        self.ended(run)
        return run

    def fetch(self, url, *more, one=False, status=False, **options):
        """`fetch` with the usual options; None removes one. one: a single attempt, by reading the subject token from standard input."""
        usual = {"url": url, "token-file": "-" if one else "DIR/sts-token", "output-dir": "DIR/tokens",
                 "cacert-path": "DIR/ca.crt" if (self.folder / "ca.crt").exists() else None,
                 "timeout": "50s", "deadline": "50s", "log-format": "text"}
        given = {key: options.pop(key) for key in ("env", "input", "stdout", "prefix", "uid", "gid") if key in options}
        usual |= {key.replace("_", "-"): value for key, value in options.items()}
        words = [f"--{key}={value}" for key, value in usual.items() if value is not None]
        if one:
            given["input"] = self.token_file.read_bytes()
        run = self.run("fetch", *words, *more, **given)
        if status:
            self.status()
        return run

    def fetch_one(self, url, *more, **options):
        return self.fetch(url, *more, one=True, **options)

    # ---- what is on disk ----

    def status(self, folder=None):
        path = (folder or self.out) / ".status"
        self.show(".status", path.read_bytes() if path.exists() else b"(there is none)\n")

    def files(self, folder=None):
        """All files that readers use, with their modes; in the order of their names."""
        for path in sorted((folder or self.out).iterdir()):
            if path.name != ".status":
                self.lines.append(f"file {path.name} {path.lstat().st_mode & 0o7777:04o}")
                self.show(path.name, path.read_bytes() if path.is_file() else b"(not a file)\n")

    def note(self, text):
        self.lines.append(f"# {text}")

    def recording(self):
        return "".join(f"{line}\n" for line in self.mask(self.lines))


def answer(status=200, body=b"", *, reason="X", headers=()):
    return tokens.http(status, body, reason, headers)


def given(token="issued.token-1", **more):
    """The answer of a token exchange, whose life does not depend on the clock."""
    return answer(body={"access_token": token, "issued_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_type": "Bearer",
                        "expires_in": 900} | more, headers=["Content-Type: application/json"])
