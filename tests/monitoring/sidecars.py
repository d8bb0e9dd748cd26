# SPDX-License-Identifier: Apache-2.0
"""Sidecars in every state that the dashboard and the alerts speak of, each as if in a Pod of its own, and the STSs that they ask."""
import contextlib
import json
import shutil
import signal
import subprocess

from harness.listener import up
from harness.mock import Mock, mock
from harness.servers import free_port
from harness.sidecar import Sidecar

CONTAINER = "sts-sidecar"
PLAIN = {"protocol": "token-exchange", "path": "/token"}
# A chain as mock-sts knows it: a token of Google, and with it a token of a service account.
FIRST = {"protocol": "gcp", "path": "/v1/token", "audience": ["//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k"]}
SECOND = {"protocol": "gcp-impersonate", "path": "/v1/projects/-/serviceAccounts/app@p.iam.gserviceaccount.com:generateAccessToken"}


class Pod:
    """One `run --listen` with a configuration file: one exchange, or a chain of two that ask an STS each."""

    def __init__(self, fleet, namespace, name, *asked):
        self.namespace, self.name, self.port = namespace, name, free_port()
        self.folder = fleet.folder / name
        self.folder.mkdir()
        subject = self.folder / "sts-token"
        mock("mint", "--key", fleet.key, "--namespace", namespace, "--serviceaccount", name.rsplit("-", 1)[0], "--pod", name, "--out", subject)
        subject.chmod(0o644)
        self.config = self.folder / "config.json"
        exchanges = [self.exchange("default", asked[0], subject, PLAIN)] if len(asked) == 1 else [
            self.exchange("first", asked[0], subject, FIRST), self.exchange("second", asked[1], self.folder / "first/token.jwt", SECOND)]
        self.write({"exchanges": exchanges, "timeout": "3s"})
        self.process = fleet.program.start("run", "--config", self.config, "--listen", f"127.0.0.1:{self.port}", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        fleet.stack.callback(self.process.__exit__)
        up(self.port)

    def exchange(self, name, sts, subject, options):
        output = self.folder / name
        output.mkdir()
        output.chmod(0o777)
        more = {key: value for key, value in options.items() if key != "path"}
        return {"name": name, "url": f"https://localhost:{sts.port}{options['path']}", "cacert-path": [str(sts.folder / "ca.pem")], "output-dir": str(output),
                "token-file": str(subject), **more}

    def write(self, config):
        self.config.write_text(config if isinstance(config, str) else json.dumps(config))
        self.config.chmod(0o644)

    def labels(self):
        """What the operator makes of the Pod."""
        return {"namespace": self.namespace, "pod": self.name, "container": CONTAINER, "endpoint": "sts-metrics"}


class Fleet:
    def __init__(self, folder, lifetime_s=30):
        self.folder, self.lifetime_s = folder, lifetime_s
        self.stack = contextlib.ExitStack()
        self.key = folder / "cluster.pem"
        mock("keygen", "--type", "ec", "--out", self.key)
        self.pods = []

    def sts(self, name, *options):
        folder = self.folder / f"sts-{name}"
        folder.mkdir()
        shutil.copy(self.key, folder / "cluster-ec.pem")
        made = Mock(folder, "--lifetime", self.lifetime_s, *options)
        self.stack.callback(made.close)
        (folder / "ca.pem").chmod(0o644)
        return made

    def pod(self, *args):
        self.pods.append(Pod(self, *args))
        return self.pods[-1]

    def __enter__(self):
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self.stack.close)
            self.program = Sidecar()
            self.stack.callback(shutil.rmtree, self.program.folder, ignore_errors=True)
            self.start()
            cleanup.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def start(self):
        good, refuses, fast = self.sts("good"), self.sts("refuses", "--allow-namespace", "other"), self.sts("fast", "--clock", "90s")
        self.ends, down = self.sts("ends"), self.sts("down")
        for name in ("cart-0", "cart-1", "stock-0"):
            self.pod("shop", name, good)
        self.pod("shop", "report-0", refuses)
        self.pod("pay", "ledger-0", self.ends)
        self.pod("pay", "refund-0", down)
        down.close()
        self.pod("data", "import-0", good, good)
        self.pod("data", "export-0", down, good)
        self.reloads = self.pod("data", "sync-0", fast)

    def turn(self):
        """What happens later: an STS goes down, and a configuration cannot be used."""
        self.ends.close()
        self.reloads.write('{"exchanges": []}')
        self.reloads.process.signal(signal.SIGHUP)
