# SPDX-License-Identifier: Apache-2.0
"""moto in server mode: a double of AWS that answers the SDKs' requests. It verifies nothing of a web identity."""
import pathlib
import subprocess
import sys
import time
import urllib.request

from harness.servers import free_port

PATIENCE_S = 40


class Moto:
    def __init__(self, folder):
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        with open(folder / "moto.log", "ab") as log:
            self.process = subprocess.Popen([pathlib.Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", str(self.port)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                urllib.request.urlopen(self.origin + "/moto-api/data.json", timeout=2).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__()
                    raise
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
