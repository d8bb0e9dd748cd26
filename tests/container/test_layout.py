# SPDX-License-Identifier: Apache-2.0
"""The OCI layout, as the libraries of registries' clients read it: its referrers, its bill of materials, and its digest in another build."""
import hashlib
import json
import os
import re
import subprocess

import pytest
from conftest import BUILT, needs_all_images
from manifests import TOP
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

SPDX = "application/spdx+json"
DAY_S = 24 * 3600
pytestmark = needs_all_images


@pytest.fixture(scope="module")
def judge():
    """What go-containerregistry and oras-go say of a layout. The first refuses one whose blobs, sizes or platforms are not as they are described."""
    program = BUILT / "judge"
    done = subprocess.run(["go", "build", "-trimpath", "-o", program, "."], cwd=TOP / "tests/container/judge", capture_output=True, text=True, timeout=170,
                          env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-p=2 -mod=readonly", "CGO_ENABLED": "0"})
    assert done.returncode == 0, done.stderr

    def say(layout):
        done = subprocess.run([program, layout.path, layout.annotations["org.opencontainers.image.ref.name"]], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return say


@pytest.fixture(scope="module", params=["oci", "oci-without-ca"])
def made(request, layout):
    return layout(request.param)


@pytest.fixture(scope="module")
def bill(made, judge):
    [text] = set(judge(made)["Documents"].values())
    return text


def packages(text):
    return {each["name"]: each for each in json.loads(text)["packages"]}


def sha256(package):
    [checksum] = package["checksums"]
    assert checksum["algorithm"] == "SHA256"
    return checksum["checksumValue"]


def related(text):
    names = {each["SPDXID"]: each["name"] for each in json.loads(text)["packages"]}
    return {(names.get(each["spdxElementId"]), each["relationshipType"], names[each["relatedSpdxElement"]]) for each in json.loads(text)["relationships"]}


def test_clients_read_the_layout_and_find_the_bill_of_each_image(made, judge):
    said = judge(made)
    assert said["Digest"] == made.digest and said["Platforms"] == ["linux/amd64", "linux/arm64"]
    assert len(said["Referrers"]) == 3
    for referrers in said["Referrers"].values():
        assert [each["artifactType"] for each in referrers] == [SPDX]


def test_a_name_by_which_containerd_finds_it(made):
    tag = made.annotations["org.opencontainers.image.ref.name"]
    assert made.annotations["io.containerd.image.name"].endswith(f"/sts-sidecar:{tag}")


def test_the_bill_is_valid(bill, tmp_path):
    path = tmp_path / "bill.spdx.json"
    path.write_text(bill)
    assert [each.validation_message for each in validate_full_spdx_document(parse_file(str(path)))] == []


def test_the_bill_names_the_very_files(made, bill):
    found = packages(bill)
    for arch, image in made.images.items():
        assert sha256(found[f"sts-sidecar-linux-{arch}"]) == hashlib.sha256(image.data["sts-sidecar"]).hexdigest()
        bundle = image.data.get("etc/ssl/certs/ca-certificates.crt")
        assert bundle is None or sha256(found["ca-certificates"]) == hashlib.sha256(bundle).hexdigest()
    assert ("ca-certificates" in found) == (made.path.name == "oci")


def test_the_bill_names_what_is_linked_in_as_the_program_does(bill):
    found, linked = packages(bill), related(bill)
    said = subprocess.run([TOP / "build/sts-sidecar", "--version"], stdout=subprocess.PIPE, text=True, timeout=10).stdout
    versions = {name.lower(): version for name, version in (line.split() for line in said.splitlines())}
    assert len(versions) == 4
    pins = (TOP / "tools/deps.sh").read_text()
    for name, version in versions.items():
        assert found[name]["versionInfo"] == version
        if name != "sts-sidecar":
            assert re.search(rf"^(table=')?{name}\t\w+\t{sha256(found[name])}'?$", pins, re.MULTILINE)
            assert {(f"sts-sidecar-linux-{arch}", "STATIC_LINK", name) for arch in ("amd64", "arm64")} <= linked
    for patch in (TOP / "subprojects/packagefiles").glob("*.patch"):
        assert patch.name in found[patch.name.split("-")[0]]["sourceInfo"]


def test_the_bill_names_the_compilers(bill):
    linked = related(bill)
    assert ("gcc-12", "BUILD_TOOL_OF", "sts-sidecar-linux-amd64") in linked
    assert ("gcc-12-aarch64-linux-gnu", "BUILD_TOOL_OF", "sts-sidecar-linux-arm64") in linked


def test_the_archive_is_the_same_image_without_what_refers_to_it(podman, layout):
    said = json.loads(podman("image", "inspect", "localhost/sts-sidecar:test").stdout)[0]
    assert said["Id"] == layout("oci").images["amd64"].manifest["config"]["digest"].removeprefix("sha256:")


def test_image_sh_loads_it_into_podman(layout, tmp_path):
    conf = tmp_path / "storage.conf"
    conf.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{tmp_path}/storage"\nrunroot = "{tmp_path}/run"\n')
    env = os.environ | {"CONTAINERS_STORAGE_CONF": str(conf)}
    try:
        done = subprocess.run([TOP / "tools/image.sh", "--from", layout("oci").path, "--load", "podman"], capture_output=True, text=True, timeout=120, env=env)
        assert done.returncode == 0 and done.stdout == layout("oci").digest + "\n", done.stderr
        done = subprocess.run(["podman", "image", "inspect", layout("oci").annotations["io.containerd.image.name"]], capture_output=True, text=True, timeout=60, env=env)
        assert json.loads(done.stdout)[0]["Id"] == layout("oci").images["amd64"].manifest["config"]["digest"].removeprefix("sha256:")
    finally:
        subprocess.run(["umount", tmp_path / "storage/overlay"], stderr=subprocess.DEVNULL, timeout=60)


def test_another_build_in_another_folder_a_day_later_has_the_same_digest(layout):
    """For both architectures, and for the bill of materials too. The second build has no layer of the first."""
    log = BUILT / "again/log"
    clocks = dict(re.findall(r"^layout: (\w+): .* \((\d+)\)$", log.read_text(), re.MULTILINE))
    assert clocks.keys() == {"amd64", "arm64"}
    for clock_s in clocks.values():
        assert DAY_S - 3600 < int(clock_s) - log.stat().st_mtime <= DAY_S, "the clock of the second builder was not a day ahead"
    first, second = layout("oci"), layout("again/oci")
    assert {name: image.manifest for name, image in second.images.items()} == {name: image.manifest for name, image in first.images.items()}
    assert [second.digest, *(each["digest"] for each in second.others)] == [first.digest, *(each["digest"] for each in first.others)]
