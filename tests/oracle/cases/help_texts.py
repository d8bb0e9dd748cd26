# SPDX-License-Identifier: Apache-2.0
"""What the program says of itself: version and protocols. The help is compared with the table that it is made of (tests/e2e/commands/test_help.py)."""
from oracle.cases.protocols import NAMES
from oracle.suite import add


def line(name, *args):
    add(name, lambda scene: scene.run(*args))


line("help/version", "--version")
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
