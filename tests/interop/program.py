# SPDX-License-Identifier: Apache-2.0
"""The server of somebody else, which trusts the tokens of a Kubernetes cluster: started in a folder of its own, waited for, and ended."""
import base64
import contextlib
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import time

from cluster import Cluster
from harness import pki
from harness.mock import wait_for
from harness.sidecar import build_folder


@contextlib.contextmanager
def new_folder(name):
    """A folder into which every user may look. It is removed at the end."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"sts-{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Program:
    """What all servers have: the files of the CA and of the server's certificate, the cluster that the server trusts, and a log.

    A subclass has __init__(), which writes the server's configuration; set_up(), which calls start() and then tells the server what the
    tests need; and is_ready(), which says whether the server answers.
    """

    NAME, PATIENCE_S = None, 60

    def __init__(self, folder, ca):
        self.folder, self.log, self.process = folder, folder / f"{self.NAME}.log", None
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(ca.pem)
        self.context = ssl.create_default_context(cafile=str(self.ca_file))
        self.cert, self.key = pki.server(ca).files(folder)
        self.cluster = Cluster(ca, folder)

    @classmethod
    @contextlib.contextmanager
    def started(cls, ca, *more):
        """A server in a new folder, which is ready and set up, and which is ended at the end. more: further arguments of the subclass."""
        with new_folder(cls.NAME) as folder, contextlib.closing(cls(folder, ca, *more)) as server:
            server.set_up()
            yield server

    def start(self, words, env=None):
        """The program leads a process group, so that close() ends its children too."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True)
        wait_for(lambda: self.process.poll() is not None or self.is_ready(), self.NAME, self.PATIENCE_S)
        assert self.process.poll() is None, self.last_log()

    def start_page(self, script, env):
        """start() with commands of the server's page."""
        self.start(["bash", "-euo", "pipefail", "-c", script], env)

    def path_with(self, name, program):
        """PATH for the commands of a page, which call this program by this name."""
        (self.folder / "bin").mkdir()
        os.symlink(program, self.folder / "bin" / name)
        return f"{self.folder}/bin:/usr/bin:/bin"

    def also_verified(self, token, issuer, audience=None):
        """Our `verify` says of a token of this server what PyJWT says: it is verified for its issuer and audience, and for no other ones, not if it
        was changed, and not once it has expired."""
        wrong_clock = self.folder / "clock"

        def verify(*options, token=token, later_s=0):
            wrong_clock.write_text(str(later_s * 1000))
            program = build_folder() / ("tests/sts-sidecar-timefake" if later_s else "sts-sidecar")
            command = [program, "verify", "--json", "--cacert-only", "--cacert-path", self.ca_file, *options, "-"]
            done = subprocess.run(command, input=token.encode(), env={"SIDECAR_TEST_CLOCK": str(wrong_clock)}, capture_output=True, timeout=30)
            return done.returncode, json.loads(done.stdout)["reason"] if done.stdout else done.stderr
        options = ["--audience", audience] if audience else []
        assert verify("--issuer", issuer, *options) == (0, "verified")
        assert verify("--any-issuer", *options) == (0, "verified")
        assert verify(*options) == (1, "issuer_not_compared")
        assert verify("--issuer", issuer + "x") == (1, "issuer")
        assert verify("--issuer", issuer, "--audience", "somebody else") == (1, "audience")
        header, claims, signature = token.split(".")
        read = json.loads(base64.urlsafe_b64decode(claims + "==="))
        root = base64.urlsafe_b64encode(json.dumps(read | {"sub": "root"}).encode()).decode().rstrip("=")
        assert verify("--issuer", issuer, token=f"{header}.{root}.{signature}") == (1, "signature")
        assert verify("--any-issuer", token=f"{header}.{claims}.{signature[:9]}{'A' if signature[9] != 'A' else 'B'}{signature[10:]}") == (1, "signature")
        left_s = round(read["exp"] - time.time())
        assert verify("--issuer", issuer, *options, later_s=left_s + 70) == (1, "expired")
        assert verify("--issuer", issuer, *options, later_s=left_s + 30) == (0, "verified")  # clocks may differ by a minute

    def last_log(self):
        return self.log.read_text()[-3000:]

    def trust_store(self):
        """The CA in a file that Java reads, and the options that name this file."""
        path = self.folder / "trust.p12"
        subprocess.run(["keytool", "-importcert", "-noprompt", "-storetype", "PKCS12", "-alias", "ca", "-file", self.ca_file, "-keystore", path,
                        "-storepass", "changeit"], check=True, capture_output=True)
        return [f"-Djavax.net.ssl.trustStore={path}", "-Djavax.net.ssl.trustStorePassword=changeit", "-Djavax.net.ssl.trustStoreType=PKCS12"]

    def close(self):
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.cluster.close()
