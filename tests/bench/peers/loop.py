#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same exchange in Python with requests, for tests/bench: loop.py [--single-run] CA_FILE TOKEN_FILE URL DIRECTORY"""
import datetime
import os
import sys
import time

import requests

once = sys.argv[1] == "--single-run"
ca, token, url, folder = sys.argv[-4:]
while True:
    with open(token, encoding="utf-8") as file:
        answer = requests.get(url, headers={"Authorization": "Bearer " + file.read().strip()}, verify=ca, timeout=30)
    answer.raise_for_status()
    got = answer.json()["token"]
    for name, key in (("expires", "expires"), ("thumbprint", "thumbprint"), ("token.jwt", "jwt")):
        path = os.path.join(folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(got[key])
        os.rename(path + ".new", path)
    if once:
        break
    expires = datetime.datetime.fromisoformat(got["expires"].replace("Z", "+00:00"))
    time.sleep(max(1, expires.timestamp() - time.time() - 300))
