# SPDX-License-Identifier: Apache-2.0
"""The image holds one program, one CA bundle and four licences, and runs as anybody."""
import datetime
import re
import ssl
import struct
import subprocess

import pytest
from conftest import needs_all_images
from manifests import TOP
from podman import OURS

BINARY = "sts-sidecar"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
# Each asks that its text goes with every copy, and the image is all that most people get.
LICENCES = {"licenses/bearssl": b"Thomas Pornin", "licenses/cjson": b"Dave Gamble", "licenses/musl": b"Rich Felker"}
OURS_LICENCE = "licenses/sts-sidecar"
# What a node downloads, and what it then has on its disk: the binary may have 320 KiB, or 400 on arm64; the rest is the bundle of CAs and the licences.
DOWNLOAD_MAX_BYTES = {"oci": {"amd64": 333 * 1024, "arm64": 338 * 1024}, "oci-without-ca": {"amd64": 206 * 1024, "arm64": 212 * 1024}}
IMAGE_MAX_BYTES = {"amd64": (320 + 256) * 1024, "arm64": (400 + 256) * 1024}
PT_DYNAMIC, PT_INTERP, DT_NEEDED = 2, 3, 1
MACHINES = {"amd64": 62, "arm64": 183}
LABEL = "org.opencontainers.image."


@pytest.fixture(scope="module", params=["oci", pytest.param("oci-without-ca", marks=needs_all_images)])
def made(request, layout):
    return layout(request.param)


@pytest.fixture(params=["amd64", pytest.param("arm64", marks=needs_all_images)])
def image(request, made):
    return made.images[request.param]


@needs_all_images
def test_the_layouts_have_both_architectures(made):
    assert list(made.images) == list(MACHINES)


def test_the_binary_is_of_its_image_s_architecture(made):
    for name, image in made.images.items():
        assert image.config["architecture"] == name and image.config["os"] == image.platform["os"] == "linux"
        assert struct.unpack_from("<H", image.data[BINARY], 18) == (MACHINES[name],)


def test_nothing_but_the_program_and_the_bundle(made, image):
    found = {name: (member.isdir(), oct(member.mode & 0o7777), member.uid, member.gid) for name, member in image.files.items() if name}
    folder, file = (True, "0o755", 0, 0), (False, "0o644", 0, 0)
    bundle = {"etc": folder, "etc/ssl": folder, "etc/ssl/certs": folder, BUNDLE: file}
    assert found == {
        BINARY: (False, "0o711", 0, 0),
        "licenses": folder, OURS_LICENCE: file, **{name: file for name in LICENCES},
        **(bundle if made.path.name == "oci" else {}),
    }
    assert all(member.isdir() or member.isfile() for member in image.files.values())
    assert image.layers == 1


def test_licences(image):
    for name, words in LICENCES.items():
        text = image.data[name]
        assert words in text and b"Permission is hereby granted" in text and b'"AS IS"' in text and len(text) < 8192, name
    assert image.data[OURS_LICENCE] == (TOP / "LICENSE").read_bytes()


def test_size(made, image):
    assert sum(map(len, image.data.values())) <= IMAGE_MAX_BYTES[image.platform["architecture"]]
    assert image.download_bytes <= DOWNLOAD_MAX_BYTES[made.path.name][image.platform["architecture"]]


def test_configuration(image):
    config = image.config["config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/sts-sidecar"]
    assert config.keys() == {"User", "Entrypoint", "Labels"}


def git(*args):
    return subprocess.run(["git", *args], cwd=TOP, stdout=subprocess.PIPE, text=True, timeout=60).stdout.strip()


def test_labels(image):
    labels = {key.removeprefix(LABEL): value for key, value in image.config["config"]["Labels"].items()}
    assert labels["title"] == BINARY and labels["licenses"] == "Apache-2.0" and labels["description"]
    assert labels["version"] == re.search(r"version: '([^']+)'", (TOP / "meson.build").read_text())[1]
    assert labels["source"] == "https://example.com/sts-sidecar"
    assert labels["base.name"] == "debian:bookworm-slim" and re.fullmatch("sha256:[0-9a-f]{64}", labels["base.digest"])
    assert image.config["created"] == labels["created"]
    if (TOP / ".git").exists():
        assert labels["revision"].removesuffix("-dirty") == git("rev-parse", "HEAD")
        assert datetime.datetime.fromisoformat(labels["created"]).timestamp() == int(git("log", "-1", "--format=%ct"))


def test_every_time_is_that_of_the_commit(image):
    created_s = datetime.datetime.fromisoformat(image.config["created"]).timestamp()
    assert {member.mtime for member in image.files.values()} == {created_s}


def test_the_bundle_is_a_bundle(layout, tmp_path):
    for image in layout("oci").images.values():
        path = tmp_path / "bundle.crt"
        path.write_bytes(image.data[BUNDLE])
        context = ssl.create_default_context(cafile=path)
        assert context.cert_store_stats()["x509_ca"] > 100
        assert b"PRIVATE KEY" not in image.data[BUNDLE]


def segments(elf):
    """(type, offset, size) of the program headers of a 64-bit little-endian ELF file."""
    assert elf[:6] == b"\x7fELF\x02\x01"
    start, = struct.unpack_from("<Q", elf, 32)
    each, count = struct.unpack_from("<HH", elf, 54)
    for index in range(count):
        kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", elf, start + index * each)
        yield kind, offset, size


def test_the_program_needs_nothing_else(image):
    elf = image.data[BINARY]
    kinds = {kind: (offset, size) for kind, offset, size in segments(elf)}
    assert PT_INTERP not in kinds
    offset, size = kinds[PT_DYNAMIC]
    tags = [struct.unpack_from("<q", elf, at)[0] for at in range(offset, offset + size, 16)]
    assert DT_NEEDED not in tags


def test_the_program_is_the_one_built_here(made):
    """The same sources make the same program in the image's builder, whose folder, user and root file system are others. The builder has the
    newest compiler of Debian 12, so the test is skipped where this machine has another one."""
    policy = subprocess.run(["apt-cache", "policy", "gcc-12", "binutils"], stdout=subprocess.PIPE, text=True, timeout=60).stdout
    installed = re.findall(r"Installed: (\S+)\s+Candidate: (\S+)", policy)
    if len(installed) != 2 or any(here != newest for here, newest in installed):
        pytest.skip("the compiler here is not the builder's: `tools/test.sh build` builds the program twice instead")
    assert made.images["amd64"].data[BINARY] == (TOP / "build/sts-sidecar").read_bytes()


def test_a_build_is_sent_sources_only(archive):
    sent = {name for name, member in archive("context").files.items() if member.isfile()}
    assert {"meson.build", "lib/tls/stream.c", "sidecar/main.c", "tools/build.sh"} <= sent
    allowed = re.compile(r"(LICENSE|meson\.build|meson_options\.txt|lib/.+|sidecar/.+|tools/(build|deps|setup)\.sh|tools/tables/(\w+\.py|meson\.build)"
                         r"|subprojects/[^/]+\.wrap|subprojects/packagefiles/.+)")
    assert [name for name in sent if not allowed.fullmatch(name)] == []


@pytest.mark.parametrize("user", [None, "0:0", "1000", "1000670000:0"])
def test_it_runs_as_anybody(podman, user):
    done = podman.run(OURS, "--version", options=[f"--user={user}"] if user else [])
    assert done.stdout.startswith("sts-sidecar ") and done.stderr == ""


def test_its_version_is_that_of_the_program_built_here(podman):
    here = subprocess.run([TOP / "build/sts-sidecar", "--version"], stdout=subprocess.PIPE, text=True, timeout=10).stdout
    assert podman.run(OURS, "--version").stdout == here


def test_without_arguments_it_says_how_to_use_it(podman):
    done = podman.run(OURS, ok=False)
    assert done.returncode == 64 and "sts-sidecar help COMMAND" in done.stderr


def test_the_root_is_read_only_for_the_tests_too(podman):
    """A shell in another image shows that podman applies the rules of STRICT."""
    done = podman.run("localhost/app:test", "/bin/sh", "-c", "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; "
                      "for d in / /tmp /run; do echo >$d/x && echo \"$d can be written\"; done; cat /proc/net/dev", ok=False)
    assert re.search(r"CapEff:\s+0+\n", done.stdout) and re.search(r"CapBnd:\s+0+\n", done.stdout)
    assert re.search(r"NoNewPrivs:\s+1\n", done.stdout)
    assert "can be written" not in done.stdout
    assert re.findall(r"(\w+):", done.stdout.partition("Receive")[2]) == ["lo"]
