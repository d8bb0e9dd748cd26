# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/servers: their blocks, which the tests run, and the refusals that they list, which the tests must meet."""
import json
import pathlib
import re
import shlex
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]
LIMIT_S = 150


class Page:
    """put: what of the page's text is replaced by what there is here, such as addresses. Each must be in the page."""

    def __init__(self, name, put):
        self.text = (TOP / "docs/servers" / name).read_text()
        missing = [old for old in put if old not in self.text]
        assert not missing, f"{name} does not have {missing}"
        self.put = put

    def blocks(self, language):
        found = re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.M | re.S)
        for old, new in self.put.items():
            found = [block.replace(old, str(new)) for block in found]
        return found

    def set_up(self, env):
        """Runs the blocks for the server, all in one shell, in order."""
        script = "".join(block for block in self.blocks("sh") if not block.startswith("sts-sidecar "))
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=env, timeout=LIMIT_S)
        assert done.returncode == 0, done.stdout.decode(errors="replace")
        return done.stdout.decode()

    def commands(self):
        """The arguments of each block that calls sts-sidecar."""
        return [shlex.split(block.replace("\\\n", " "))[1:] for block in self.blocks("sh") if block.startswith("sts-sidecar ")]

    def configurations(self):
        return [json.loads(block) for block in self.blocks("json")]

    def refusals(self):
        """The first column of the table under "Refusals"."""
        section = self.text.partition("\n## Refusals\n")[2].partition("\n## ")[0]
        return re.findall(r"^\| `([^`]+)` \|", section, re.M)
