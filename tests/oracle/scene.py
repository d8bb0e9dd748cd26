# SPDX-License-Identifier: Apache-2.0
"""What a case has while it runs: a folder of its own, servers, the program, and the lines of its recording."""
import contextlib
import os
import pathlib
import random
import shlex
import shutil
import signal
import socket
import tempfile

import oracle  # noqa: F401  (the path of the harness)
from harness import mock, pki, servers, tokens
from harness.sidecar import GID, UID, Space
from oracle.masks import Masker

PATIENCE_S = 60
# The mock STS is always the one of this tree, also beside the old program. Its words are a part of some recordings.
mock.MOCK = oracle.TOP / "build/tests/mock-sts"
SUBJECT = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
# A symbol of Unicode stands for each control character, so that a recording is a text. The program's own output is ASCII.
CONTROLS = {code: 0x2400 + code for code in range(32) if code != 10} | {127: 0x2421}


# It begins at a random place, so that two oracles that run at the same time seldom meet.
PORTS = iter(range(random.randrange(10_000, 25_000), 32_000))
CA = pki.authority(cn="Oracle CA")
SERVER = pki.server(CA, cn="oracle", names=["localhost", "sts.oracle.test"])


def readable(data):
    return data.decode("utf-8", "backslashreplace").translate(CONTROLS)


def visible_end(line):
    """The line with a visible symbol in place of each space at its end."""
    text = line.rstrip(" ")
    return text + "\N{SYMBOL FOR SPACE}" * (len(line) - len(text))


class Scene:
    def __init__(self, program, name):
        self.program, self.name = program, name
        # The path is short and always of the same length, since messages cut long paths.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="o-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.space = Space(self.folder)
        self.out, self.token_file = self.space.out, self.space.token_file
        self.write("sts-token", SUBJECT)
        self.mask = Masker(self.folder, UID, GID)
        self.lines = []
        self.order = None           # the key by which lines without an order are sorted
        self.logs = 0
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- files ----

    def path(self, text):
        """A text with the folder of the case in place of DIR."""
        return str(text).replace("DIR", str(self.folder))

    def write(self, name, data, mode=0o644, owner=None):
        """Write a file of this case. Returns its path."""
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
        """Write a file with the owner and the mode that the program gives it."""
        return self.write(name, data, mode, (UID, GID))

    # ---- servers ----

    def serve(self, answer=b"", *, tls=True, who=None, stall=None, blind=False, address="127.0.0.1", **more):
        """Start a server in Python. `more` are options of harness.servers.tls_context()."""
        context = servers.tls_context(who or SERVER, self.folder, **more) if tls else None
        made = self.stack.enter_context(servers.Server(answer, tls=context, stall=stall, blind=blind, address=address))
        self.mask.ports.add(made.port)
        self.trust()
        return made

    def trust(self, *authorities, name="ca.crt"):
        return self.write(name, b"".join(one.pem for one in authorities or [CA]))

    def mock(self, *arguments, **more):
        """Start a mock STS. The subject token becomes one that it accepts."""
        self.directory("sts", 0o755)
        made = self.stack.enter_context(contextlib.closing(mock.Mock(self.folder / "sts", *arguments, **more)))
        self.mask.ports |= {made.port, made.control_port}
        if made.tls:
            self.write("ca.crt", (made.folder / "ca.pem").read_bytes())
        self.write("sts-token", made.mint())
        return made

    def refused(self):
        """A port on which nobody listens. A socket holds it, so that no other case gets it."""
        holder = self.stack.enter_context(socket.socket(socket.AF_INET6))
        holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        holder.bind(("::", 0))
        port = holder.getsockname()[1]
        self.mask.ports.add(port)
        return port

    def port(self):
        """A port for the program to listen on. It lies below those that the kernel gives away by itself, so no other case gets it."""
        for port in PORTS:
            with contextlib.suppress(OSError), socket.create_server(("", port)):
                self.mask.ports.add(port)
                return port
        raise AssertionError("all ports are taken")

    # ---- the program ----

    def start(self, *args, **more):
        """Start the program. Its log goes into a file, so that a case can wait for a line of it."""
        self.logs += 1
        log = self.folder / f"log-{self.logs}"
        with open(log, "wb") as stderr:
            process = self.stack.enter_context(self.program.start(*(self.path(arg) for arg in args), stderr=stderr, **more))
        process.shown, process.log = args, log
        return process

    def said(self, process, words, count=1):
        """Wait for so many lines of the log with these words."""
        def look():
            assert process.popen.poll() is None, f"it ended: {process.log.read_text()}"
            return sum(words in line for line in process.log.read_text().split("\n")[:-1]) >= count
        self.wait_for(look, f"{count} lines with {words!r}")

    def has_status(self, *lines, without=None, folder=None):
        """Wait for a status file with these lines. The program writes it after the line of the log."""
        def look():
            seen = path.read_text().split("\n") if path.exists() else []
            return set(lines) <= set(seen) and without not in seen
        path = (folder or self.out) / ".status"
        self.wait_for(look, f"{lines} in {path}")

    @staticmethod
    def wait_for(condition, what):
        mock.wait_for(condition, what, PATIENCE_S)

    def show(self, prefix, data):
        """Record each line of some bytes, and whether the last line had an end."""
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

    def run(self, *args, input=None, env=None, timeout=PATIENCE_S, ordered=True, **more):
        """Run the program to its end, and record what it says. DIR in an argument is the folder of the case."""
        env = {key: self.path(value) for key, value in (env or {}).items()}
        self.command(args, env)
        run = self.program.run(*(self.path(arg) for arg in args), input=input, env=env, timeout=timeout, **more)
        self.ended(run, ordered)
        return run

    def ended(self, run, ordered=True):
        """ordered: false where two processes write the log, or two exchanges. Then its lines are sorted, with what is masked in them."""
        self.lines.append(f"exit {run.status}")
        self.show("out", run.out)
        first = len(self.lines)
        self.show("err", run.err.encode())
        if not ordered:
            self.lines[first:] = sorted(self.mask(self.lines[first:]), key=self.order)

    def stop(self, process, number=signal.SIGTERM, ordered=True):
        """End what start() began, and record its whole log."""
        process.signal(number)
        run = process.wait(PATIENCE_S)
        run.err = process.log.read_bytes().decode("utf-8", "replace")
        self.command(process.shown)
        self.ended(run, ordered)
        return run

    def words(self, url, options, **usual):
        """The usual options of `fetch` and `run`, with others in their place; None removes one."""
        usual = {"url": url, "token-file": "DIR/sts-token", "output-dir": "DIR/tokens",
                 "cacert-path": "DIR/ca.crt" if (self.folder / "ca.crt").exists() else None,
                 "timeout": "50s", "deadline": None, "log-format": "text"} | usual
        usual |= {key.replace("_", "-"): value for key, value in options.items()}
        return [f"--{key}={value}" for key, value in usual.items() if value is not None]

    def keep(self, url, *more, **options):
        """Start `run` with the usual options."""
        return self.start("run", *self.words(url, options), *more)

    def fetch(self, url, *more, one=False, status=False, **options):
        """Run `fetch` with the usual options. With `one` it makes a single attempt, since the subject token comes from standard input."""
        given = {key: options.pop(key) for key in ("env", "input", "stdout", "prefix", "uid", "gid") if key in options}
        words = self.words(url, options, deadline="50s", **({"token-file": "-"} if one else {}))
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
        """Record all files that readers use, in the order of their names, with their modes."""
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
