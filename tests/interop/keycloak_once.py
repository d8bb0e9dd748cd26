# SPDX-License-Identifier: Apache-2.0
"""Half an hour of a server that takes each subject token once. It waits so long that
`tests/interop/run.sh` runs it only if its part, keycloak-once, is named.

A fresh Keycloak, set up by the commands of its page, gives tokens of 300 s for the JWT authorization grant, and takes each token of a Pod once.
The Pod's tokens live for 600 s, and a thread renews them as the kubelet does: at 80 % of their life, and up to 90 s later. Two sidecars run:

  chain    its first exchange gets a fresh token from the API server (TokenRequest): there must be a valid token in every second
  volume   has the projected token alone: the gaps must be as long as the warning at the start said, within 10 s, plus the kubelet's sync

Prints a line for each gap, a table, and "ok - ..." or "not ok - ..." for both. Exit status: 0 if both are ok.
"""
import argparse
import contextlib
import json
import pathlib
import random
import shutil
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import jwt  # noqa: E402

from harness import pki  # noqa: E402
from harness.mock import wait_for  # noqa: E402
from harness.sidecar import Sidecar  # noqa: E402
from pages import Pod  # noqa: E402
from program import new_folder  # noqa: E402
from test_keycloak import Keycloak  # noqa: E402

ISSUED_S, SUBJECT_S, SYNC_S, SLACK_S = 300, 600, 90, 10
FIRST_S = 20  # the first token may take so long


class Kubelet:
    """Renews the token of a Pod. syncs: how late each renewal was."""

    def __init__(self, pod):
        self.pod, self.syncs, self.stop = pod, [], threading.Event()
        pod.renew(lifetime_s=SUBJECT_S)
        threading.Thread(target=self._renew, daemon=True).start()

    def _renew(self):
        draw = random.Random(1)
        while True:
            late_s = draw.uniform(0, SYNC_S)
            if self.stop.wait(SUBJECT_S * 0.8 + late_s):
                return
            self.syncs.append(late_s)
            self.pod.renew(lifetime_s=SUBJECT_S)


def until(path):
    """When the token on disk ends; 0: there is none."""
    try:
        return jwt.decode((path / "token.jwt").read_text(), options={"verify_signature": False})["exp"]
    except OSError:
        return 0


def watch(outs, seconds):
    """Looks twice a second. Returns the seconds without a valid token for each directory, as pairs of begin and end."""
    began, gaps, open_ = time.time(), {out: [] for out in outs}, {}
    while time.time() - began < seconds:
        now = time.time()
        for out in outs:
            valid = until(out) > now
            if not valid and out not in open_:
                open_[out] = now
            elif valid and out in open_:
                gaps[out].append((open_.pop(out), now))
                print(f"{time.strftime('%H:%M:%S')} {out}: {gaps[out][-1][1] - gaps[out][-1][0]:.0f} s without a token", flush=True)
        time.sleep(0.5)
    return gaps


def grant(page):
    return next(command for command in page.commands() if "jwt-bearer" in command)


def start_chain(pod, keycloak):
    """TokenRequest, then Keycloak: the page's command as the second exchange of a file."""
    host, port = keycloak.cluster.issuer.removeprefix("https://").split(":")
    url = f"{keycloak.realm}/protocol/openid-connect/token"
    file = pod.space.write("config.json", json.dumps({"cacert-path": [str(keycloak.ca_file)], "exchanges": [
        {"name": "fresh", "protocol": "kubernetes", "audience": keycloak.realm, "param": {"host": host, "port": port},
         "token-file": str(pod.subject), "output-dir": str(pod.chain)},
        {"name": "user", "protocol": "jwt-bearer", "url": url, "token-file": str(pod.chain / "token.jwt"), "output-dir": str(pod.out),
         "param": {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
         "param-file": {"client_assertion": str(pod.subject)}}]}))
    with open(pod.log, "ab") as stderr:
        return pod.sidecar.start("run", "--config", str(file), stderr=stderr)


def judge_chain(pod, gaps):
    refused = [line["msg"] for line in pod.lines() if line["level"] == "error"]
    print(f"# chain: {len([line for line in pod.lines() if 'token refreshed' in line['msg']])} refreshes, errors: {refused}")
    return not gaps


def judge_volume(pod, gaps, kubelet):
    warnings = [line for line in pod.lines() if "gap_s" in line]
    print(f"# volume: {warnings}; syncs {[round(late_s) for late_s in kubelet.syncs]}")
    if not warnings or not gaps:
        return False
    said_s = warnings[0]["gap_s"]
    ok = True
    for (begin, end), late_s in zip(gaps, kubelet.syncs):
        off_s = end - begin - said_s - late_s
        print(f"# a gap of {end - begin:.0f} s; said: {said_s} s, and the kubelet was {late_s:.0f} s late: {off_s:+.0f} s")
        ok = ok and abs(off_s) <= SLACK_S
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=1800)
    seconds = parser.parse_args().seconds
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(new_folder("keycloak-once"))
        keycloak = stack.enter_context(Keycloak.started(pki.authority()))
        keycloak.admin("update", "realms/shop", "-s", f"accessTokenLifespan={ISSUED_S}")
        sidecar = Sidecar()
        stack.callback(shutil.rmtree, sidecar.folder, ignore_errors=True)
        pods, kubelets = {}, {}
        for name in ("chain", "volume"):
            (folder / name).mkdir()
            (folder / name).chmod(0o755)
            pods[name] = Pod(sidecar, "keycloak.md", keycloak, folder / name, "billing")
            kubelets[name] = Kubelet(pods[name])
            stack.callback(kubelets[name].stop.set)
        stack.enter_context(start_chain(pods["chain"], keycloak))
        stack.enter_context(pods["volume"].run(*grant(pods["volume"].page)[1:]))
        for pod in pods.values():
            wait_for((pod.out / "expires").exists, f"a first token; log: {pod.log.read_text()}", FIRST_S)
        gaps = watch([pod.out for pod in pods.values()], seconds)
        chain = judge_chain(pods["chain"], gaps[pods["chain"].out])
        volume = judge_volume(pods["volume"], gaps[pods["volume"].out], kubelets["volume"])
    print(f"{'ok' if chain else 'not ok'} - in {seconds} s there was no second without a valid token, with a chain that renews its subject")
    print(f"{'ok' if volume else 'not ok'} - without one, the gaps were as the warning at the start said, within {SLACK_S} s")
    return 0 if chain and volume else 1


if __name__ == "__main__":
    sys.exit(main())
