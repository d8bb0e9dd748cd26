# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/servers: their blocks, which the tests run, and the refusals that they list, which the tests must meet."""
import json
import os
import pathlib
import re
import shlex
import subprocess

from harness.sidecar import Space

TOP = pathlib.Path(__file__).resolve().parents[2]
LIMIT_S = 500  # nine programs in Java on a busy machine


class Page:
    """put: what of the page's text is replaced by what there is here, such as addresses. Each must be in the page."""

    def __init__(self, name, put):
        self.text = (TOP / "docs/servers" / name).read_text()
        missing = [old for old in put if old not in self.text]
        assert not missing, f"{name} does not have {missing}"
        self.put = put

    def blocks(self, language):
        return [self.replaced(block) for block in re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.M | re.S)]

    def replaced(self, text):
        for old, new in self.put.items():
            text = text.replace(old, str(new))
        return text

    def server(self, part=slice(None)):
        """The blocks for the server, or a part of them, as one script."""
        return "".join([block for block in self.blocks("sh") if not block.startswith("sts-sidecar ")][part])

    def set_up(self, env, part=slice(None)):
        """Runs that script to its end."""
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.server(part)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
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
        section = self.replaced(self.text.partition("\n## Refusals\n")[2].partition("\n## ")[0])
        return [text.strip("`") for text in re.findall(r"^\| (`[^`]+`|``.+?``) \|", section, re.M)]


class Pod:
    """The files of a Pod, and the page with their paths in place of its own.

    server   has `cluster`, `audience` (of the Pod's tokens), `ca_file`, and `put` (see Page)
    """

    PATHS = {"/var/run/secrets/tokens/sts-token": "subject", "/tokens": "out", "/chain": "chain"}

    def __init__(self, sidecar, page, server, folder, name):
        self.sidecar, self.server, self.name = sidecar, server, name
        self.space = Space(folder)
        self.out, self.subject = self.space.out, self.space.token_file
        self.chain = folder / "chain"
        self.chain.mkdir()
        self.chain.chmod(0o777)
        self.common = ["--cacert-path", str(server.ca_file)]
        text = Page(page, {}).text
        self.page = Page(page, server.put | {path: getattr(self, mine) for path, mine in self.PATHS.items() if path in text})
        self.log = folder / "stderr"
        self.renew()

    def renew(self, audience=None, name=None, **more):
        """As the kubelet renews the token, with another audience, another ServiceAccount or another key if a test wants it."""
        self.space.write("sts-token.new", self.server.cluster.token(audience or self.server.audience, name=name or self.name, **more))
        os.rename(self.space.folder / "sts-token.new", self.subject)

    def fetch(self, words, *more):
        """The page's command with `fetch` in place of `run`."""
        return self.sidecar.run("fetch", *words[1:], *self.common, "--deadline", "20s", *more)

    def refused(self, words, text, *more, replace=(), status=77):
        """The command is refused with this text of the page, which is returned.

        status    66 where the refusal says that the subject token was used before
        replace   a word that starts so -> the word in its place
        """
        words = [next((new for old, new in dict(replace).items() if word.startswith(old)), word) for word in words]
        result = self.fetch(words, *more, "--deadline", "1s")
        assert result.status == status and f": {text}" in json.loads(result.last)["msg"], result.err
        assert text in self.page.refusals(), text
        return text

    def run(self, *words):
        with open(self.log, "ab") as stderr:
            return self.sidecar.start("run", *words, *self.common, stderr=stderr)

    def lines(self):
        return [line for line in map(json.loads, self.log.read_text().splitlines()) if line["msg"] != "started"]
