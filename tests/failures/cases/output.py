# SPDX-License-Identifier: Apache-2.0
"""The output directory, and who can read the files."""
import contextlib
import os
import time

from case import case
from harness import tokens
from peers import sts
from pod import OUT, UID, sh

NONE = ["sidecar"]      # what check can say of a sidecar that does not run
NEVER = ("NetworkPolicy", "--cacert-path")


def writes(pod, **more):
    sts(pod, **more)


@case("dir_missing", "output", "output", 73, [OUT, "no such directory"], fetch=["mount an emptyDir"],
      never=(*NEVER, "is it running"))
def _(pod):
    writes(pod)
    sh(f"umount {pod.path(OUT)}")
    pod.path(OUT).rmdir()


@case("dir_readonly_mount", "output", "output", 73, [OUT], fetch=["read-only file system", "readOnly"], check=NONE, never=NEVER, short=True)
def _(pod):
    writes(pod)
    sh(f"mount -o remount,ro {pod.path(OUT)}")


@case("dir_not_writable_uid", "output", "output", 73, [OUT], fetch=[f"UID {UID}", "0:0", "0755", "fsGroup"], check=NONE, never=NEVER)
def _(pod):
    writes(pod)
    pod.path(OUT).chmod(0o755)


@case("dir_other_owner", "output", "output", 73, [OUT], fetch=[f"UID {UID}", "1000:1000", "0750|0770"], check=["permission denied|UID"],
      never=NEVER)
def _(pod):
    writes(pod)
    os.chown(pod.path(OUT), 1000, 1000)
    pod.path(OUT).chmod(0o770)


def full(pod):
    fd = os.open(pod.path(OUT) / "big", os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while True:
            os.write(fd, b"x" * 4096)
    os.close(fd)


@case("dir_full", "output", "output", 73, ["no space|full", OUT, "sizeLimit"], never=(*NEVER, "mount a writable emptyDir", "is it running"),
      short=True)
def _(pod):
    writes(pod)
    full(pod)


@case("dir_no_inodes", "output", "output", 73, ["inode", OUT], never=(*NEVER, "mount a writable emptyDir", "is it running", "sizeLimit"))
def _(pod):
    writes(pod)
    sh(f"mount -o remount,nr_inodes=3 {pod.path(OUT)}")
    for i in range(10):
        try:
            (pod.path(OUT) / f"f{i}").touch()
        except OSError:
            break


@case("dir_is_file", "output", "output", 73, [OUT, "not a directory|no directory"], fetch=["--output-dir"],
      never=(*NEVER, "is it running"))
def _(pod):
    writes(pod)
    sh(f"umount {pod.path(OUT)}")
    pod.path(OUT).rmdir()
    pod.path(OUT).touch()


@case("dir_token_is_directory", "output", "output", 73, [OUT, "token.jwt", "directory"], fetch=["subPath"], never=(*NEVER, "mount a writable"))
def _(pod):
    writes(pod)
    (pod.path(OUT) / "token.jwt").mkdir()


@case("dir_token_mounted", "output", "output", 73, [OUT, "token.jwt", "mounted|busy"], never=(*NEVER, "mount a writable"))
def _(pod):
    writes(pod)
    pod.write(f"{OUT}/token.jwt", "old")
    sh(f"mount --bind {pod.path('/etc/hosts')} {pod.path(OUT)}/token.jwt")


@case("dir_two_sidecars", "output", "locked", 73, fetch=[OUT, "process 2", "directory of its own"], ok=0, never=NEVER)
def _(pod):
    writes(pod)
    pod.start("run", *pod.words(), stderr=-3, stdout=-3)
    until = time.monotonic() + 20
    while not (pod.path(OUT) / "token.jwt").exists() and time.monotonic() < until:
        time.sleep(0.02)
    pod.doctor = None


def old(pod, seconds):
    token = tokens.issued(seconds)
    pod.write(f"{OUT}/token.jwt", token, uid=UID, gid=UID)
    pod.write(f"{OUT}/expires", tokens.rfc3339(tokens.expiry(token)), uid=UID, gid=UID)


@case("dir_expired_token_there_sts_down", "connect", "connect", 69, ["10.0.4.17:443", "connection refused"], check=["expired", "ago"],
      never=["unknown host", "emptyDir"])
def _(pod):
    old(pod, -5)


@case("dir_valid_token_there_sts_down", "connect", "connect", 69, first=["10.0.4.17:443", "connection refused"], ok=0,
      never=["unknown host", "emptyDir"])
def _(pod):
    old(pod, 60)


@case("dir_mode_app_cannot_read", "files|output|sidecar", None, 0, fetch=[OUT, f"UID {UID}", "0600", "fsGroup"],
      check=["permission denied", "0600", f"{UID}", "1000"], never=["is it running", "no sidecar"])
def _(pod):
    writes(pod)
    pod.path(OUT).chmod(0o755)
    os.chown(pod.path(OUT), UID, UID)
    pod.check_uid = 1000


@case("dir_0700_app_cannot_enter", "files|output|sidecar", None, 0, fetch=[OUT, "0700", f"UID {UID}"],
      check=["permission denied", "0700", f"{UID}", "1000"], never=["is it running", "no sidecar"], short=True)
def _(pod):
    writes(pod)
    pod.path(OUT).chmod(0o700)
    os.chown(pod.path(OUT), UID, UID)
    pod.check_uid = 1000


@case("dir_noexec_nosuid", "sidecar", None, 0, ok=0)
def _(pod):
    writes(pod)
    sh(f"mount -o remount,noexec,nosuid,nodev {pod.path(OUT)}")


@case("out_other_uid_file", "output", "output", 73, [OUT, "token.jwt"], fetch=["UID|owner|sticky"], never=(*NEVER, "chattr"))
def _(pod):
    writes(pod)
    pod.path(OUT).chmod(0o1777)
    os.chown(pod.path(OUT), 0, 0)
    pod.write(f"{OUT}/token.jwt", "old", uid=1000, gid=1000)


@case("group_not_member", "output", "output", 73, [OUT], fetch=["2000", "supplementalGroups"], never=NEVER)
def _(pod):
    writes(pod)
    pod.set(group="2000")


@case("dir_removed_while_running", "output", None, 0, [], check=[OUT], ok=1, never=("NetworkPolicy",))
def _(pod):
    writes(pod)
    pod.before_check.append(lambda: sh(f"umount -l {pod.path(OUT)}"))
    pod.elsewhere = True


@case("dir_expires_is_directory", "output", "output", 73, [OUT, "expires", "directory"], never=(*NEVER, "mount a writable"))
def _(pod):
    writes(pod)
    (pod.path(OUT) / "expires").mkdir()


@case("dir_status_is_directory", "output", "output", 73, [OUT], fetch=[f"{OUT}/.status", "directory"], check=NONE, never=(*NEVER, "mount a writable"))
def _(pod):
    writes(pod)
    (pod.path(OUT) / ".status").mkdir()


@case("dir_is_a_volume_of_another_pod", "output", "output", 73, [OUT], fetch=[f"UID {UID}", "2000", "fsGroup to a group"], check=NONE,
      never=(*NEVER, "mount a writable"))
def _(pod):
    writes(pod)
    os.chown(pod.path(OUT), 0, 2000)
    pod.path(OUT).chmod(0o2775)


@case("dir_immutable_token", "output", "output", 73, [OUT, "token.jwt"], fetch=["attributes|not permitted"], never=NEVER)
def _(pod):
    writes(pod)
    pod.path(OUT).chmod(0o1777)
    pod.write(f"{OUT}/token.jwt", "old", uid=1000, gid=1000)


@case("dir_token_is_link", "output", None, None, ok=0)
def _(pod):
    writes(pod)
    os.symlink("/etc/hosts", pod.path(OUT) / "token.jwt")


@case("files_group_of_another", "files|output|sidecar", None, 0, fetch=[], check=["permission denied", "0640", "2000", "1000"], never=["is it running", "no sidecar"])
def _(pod):
    writes(pod)
    os.chown(pod.path(OUT), 0, 2000)
    pod.path(OUT).chmod(0o2770)
    pod.groups = [2000]
    pod.check_uid = 1000
    pod.path(OUT).chmod(0o2775)


@case("files_mode_0600_given", "files|output|sidecar", None, 0, check=["permission denied", "0600", f"{UID}", "1000"], never=["is it running", "no sidecar"])
def _(pod):
    writes(pod)
    pod.set(mode="0600")
    pod.check_uid = 1000


@case("check_wrong_directory", "sidecar", None, 0, check=["/empty", "is it running|no sidecar"])
def _(pod):
    writes(pod)
    pod.volume("/empty")
    pod.check_dir, pod.elsewhere = "/empty", True


@case("check_no_such_directory", "sidecar", None, 0, check=["/nosuch", "no such directory"])
def _(pod):
    writes(pod)
    pod.check_dir, pod.elsewhere = "/nosuch", True


@case("sidecar_killed", "sidecar|connect", "connect", 69, check=[OUT, "connection refused"])
def _(pod):
    # `check` reads files alone: a sidecar that was killed is told as dead when its next attempt is overdue. In a Pod the kubelet starts it again.
    pod.before_check.append(lambda: (time.sleep(0.5), pod.sidecar.kill(), pod.sidecar.wait()))


@case("sidecar_stopped_by_signal", "sidecar|connect", "connect", 69, check=[OUT, "connection refused"])
def _(pod):
    pod.before_check.append(lambda: (time.sleep(0.5), pod.sidecar.terminate(), pod.sidecar.wait()))


@case("sidecar_first_exchange_hangs", "answer", "timeout", None, check=[OUT, "starting|under way|waiting for"])
def _(pod):
    writes(pod, stall="request")
    pod.set(timeout="8s")
    pod.deadline = "1s"
    pod.impatient = True
