# SPDX-License-Identifier: Apache-2.0
"""The verdict of another program: openssl verify -x509_strict -purpose sslserver."""
import ipaddress
import re
import subprocess

import chains


def version():
    return subprocess.run(["openssl", "version"], capture_output=True, text=True, timeout=20).stdout


def is_address(host):
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def start(case, folder):
    """Files and process for one case. The first certificate is that of the server, and the others are the rest of its chain."""
    files = {name: folder / f"openssl-{name}.pem" for name in ("leaf", "others", "anchors")}
    files["leaf"].write_text(chains.bundle(case.chain[:1]))
    files["others"].write_text(chains.bundle(case.chain[1:]))
    files["anchors"].write_text(chains.bundle(case.anchors))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-attime", str(chains.NOW + case.offset_s),
               "-no-CApath", "-no-CAstore", "-CAfile", str(files["anchors"]),
               "-verify_ip" if is_address(case.host) else "-verify_hostname", case.host]
    if case.chain[1:]:
        command += ["-untrusted", str(files["others"])]
    return subprocess.Popen([*command, str(files["leaf"])], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process):
    """(does it accept?, what it says first)"""
    out, _ = process.communicate(timeout=20)
    why = re.search(r"error \d+ at \d+ depth lookup: (.*)", out)
    return process.returncode == 0, why[1] if why else re.sub(r" file from .*", "", out.strip().splitlines()[0])
