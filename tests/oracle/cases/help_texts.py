# SPDX-License-Identifier: Apache-2.0
"""What the program says of itself: help, version, protocols."""
from oracle.cases.protocols import NAMES
from oracle.suite import add

COMMANDS = ["run", "fetch", "check", "refresh", "inspect", "protocols", "exchange"]


def line(name, *args):
    add(name, lambda scene: scene.run(*args))


line("help/program", "--help")
line("help/short", "-h")
line("help/word", "help")
line("help/version", "--version")
for command in COMMANDS:
    line(f"help/{command}", command, "--help")
line("help/fetch-short", "fetch", "-h")
line("help/after-options", "fetch", "--url=x", "--help")
line("help/not-after-the-end-of-flags", "fetch", "--", "--help")

line("protocols/list", "protocols")
line("protocols/list-json", "protocols", "--json")
for protocol in NAMES:
    line(f"protocols/{protocol}", "protocols", protocol)
    line(f"protocols/{protocol}-json", "protocols", "--json", protocol)
line("protocols/unknown", "protocols", "vualt")
line("protocols/unknown-json", "protocols", "--json", "vualt")
line("protocols/far-from-any", "protocols", "kerberos")
line("protocols/two", "protocols", "vault", "aws")
