# SPDX-License-Identifier: Apache-2.0
"""What `check` says of the two files that it reads, `token.jwt` and `expires`, where no sidecar has written a .status."""
from oracle.suite import add, case

LATER, EARLIER = "2101-01-01T00:00:00Z", "2001-01-01T00:00:00Z"


def check(name, *args, token="opaque", expires=LATER):
    """token and expires are the bytes of the two files; None leaves a file out."""
    def does(scene):
        for file, text in (("token.jwt", token), ("expires", expires)):
            if text is not None:
                scene.own(f"tokens/{file}", text)
        scene.run("check", *args, "DIR/tokens")
    add(f"check/{name}", does)


check("valid")
check("valid-with-a-newline", expires=LATER + "\n")
check("no-token", token=None)
check("empty-token", token="")
check("huge-token", token="a" * 100_000)
check("no-expires", expires=None)
check("empty-expires", expires="")
check("empty-expires-json", "--json", expires="")
check("blank-expires", expires="\n")
check("expires-is-not-a-time", expires="soon")
check("expires-is-not-a-time-json", "--json", expires="soon")
check("huge-expires", expires="2" * 100_000)
check("expired", expires=EARLIER)


@case("check/expires-is-a-directory")
def expires_is_a_directory(scene):
    scene.own("tokens/token.jwt", "opaque")
    scene.directory("tokens/expires")
    scene.run("check", "DIR/tokens")
