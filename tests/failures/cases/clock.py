# SPDX-License-Identifier: Apache-2.0
"""Clocks that differ."""
import signal
import time

from case import case
from harness.sidecar import build_folder
from peers import mock
from pod import HOST

NEVER = ("emptyDir", "no such name", "NetworkPolicy")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def wrong(pod, milliseconds):
    pod.install(build_folder() / "tests/sts-sidecar-timefake")
    pod.clock_ms = milliseconds


@case("clock_plus_1h", "clock|subject", "subject_expired", 66, ["expired", "clock"], fetch=["35 min"], never=NEVER)
def _(pod):
    mock(pod)
    wrong(pod, 2 * HOUR + 30_000)


@case("clock_plus_20m", "clock", None, 0, ["20 min|1230|1229", "clock", "ahead"], ok=0, never=NEVER, short=True)
def _(pod):
    mock(pod, "--subject-audience", f"https://{HOST}", claims=["--expires-in", "2h"])
    wrong(pod, 20 * MINUTE + 30_000)


@case("clock_minus_1h", "clock", None, 0, ["1 h", "clock", "behind"], ok=0, never=NEVER)
def _(pod):
    mock(pod, claims=["--expires-in", "2h", "--not-before", "0", "--issued-at", "0"])
    wrong(pod, -HOUR - 10 * MINUTE)


@case("clock_1970", "clock|tls", None, 69, ["1970", "clock"], never=(*NEVER, "--cacert-path"), short=True)
def _(pod):
    mock(pod, claims=["--expires-in", "2h"])
    wrong(pod, -int(time.time()) * 1000 + 10 * DAY)


@case("clock_plus_60d", "clock|subject", "subject_expired", 66, ["expired", "clock"], fetch=["59 d|60 d"], never=NEVER)
def _(pod):
    mock(pod)
    wrong(pod, 60 * DAY)


@case("clock_plus_10y", "clock|subject", None, None, ["clock"], fetch=["expired"], never=NEVER)
def _(pod):
    mock(pod)
    wrong(pod, 3650 * DAY)


@case("ans_clock_skew_1h", "clock", None, 0, ["1 h|4230|4229", "clock", "ahead"], ok=0, never=NEVER)
def _(pod):
    mock(pod, "--fault", "clock_s=-4230", "--leeway", "2h")


@case("sts_clock_plus_1h", "clock|answer", "refused", 77, ["400", "1 h|60 min", "check the clocks"], fetch=["expired"], never=(*NEVER, "parameters"))
def _(pod):
    mock(pod, "--clock", "4230s", claims=["--expires-in", "1830s"])


@case("sts_clock_minus_1h", "clock|answer", "early", 77, ["400", "1 h|60 min", "clock"], fetch=["not valid|nbf|early|future"],
      never=(*NEVER, "wait:", "Wait:"))
def _(pod):
    mock(pod, "--clock", "-4230s")


@case("node_behind_cert_not_yet", "clock|tls", "cert_not_yet_valid|ca_file", 69, ["Corp CA 3|/certs/ca.crt", "clock"], fetch=["valid only from|not valid yet"], never=NEVER)
def _(pod):
    mock(pod, claims=["--expires-in", "2h"])
    wrong(pod, -2 * DAY)


@case("clock_plus_100d_certificate", "clock|tls", "cert_expired|ca_file", 69, ["Corp CA 3|/certs/ca.crt|sts.example.com", "clock"], fetch=["expired"],
      never=NEVER)
def _(pod):
    mock(pod, claims=["--expires-in", "4000d"])
    wrong(pod, 100 * DAY)


@case("clock_jumps_while_running", "clock", None, 0, ok=0, never=NEVER)
def _(pod):
    mock(pod, claims=["--expires-in", "3h"])
    wrong(pod, 0)

    def jump():
        time.sleep(0.5)
        pod.write("/clock", str(40 * MINUTE))
        pod.sidecar.send_signal(signal.SIGCHLD)
        time.sleep(1)
    pod.before_check.append(jump)


@case("sts_without_date_expired", "clock|answer", None, 77, ["400", HOST, "check the clocks"], fetch=["expire"], never=(*NEVER, "parameters"))
def _(pod):
    mock(pod, "--clock", "4230s", "--fault", "date=", claims=["--expires-in", "1830s"])
