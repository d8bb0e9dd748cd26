# SPDX-License-Identifier: Apache-2.0
"""unit_list.py BUILD: the tests that Meson knows, one a line as "NAME<tab>COMMAND", with the paths that they have in the emulated machine."""
import json
import pathlib
import shlex
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
build = (TOP / sys.argv[1]).resolve()
done = subprocess.run(["meson", "introspect", "--tests", build], stdout=subprocess.PIPE, check=True, timeout=60)
for test in json.loads(done.stdout):
    words = [f"{name}={value}" for name, value in test["env"].items()] + test["cmd"]
    command = shlex.join(word.replace(str(build), "/src/build").replace(str(TOP), "/src") for word in words)
    print(f"{test['name']}\tcd {(test['workdir'] or '/src/build').replace(str(build), '/src/build').replace(str(TOP), '/src')}; {'env ' if test['env'] else ''}{command}")
