# SPDX-License-Identifier: Apache-2.0
"""Puts the files of a release together, from two OCI layouts and what tools/release.sh has made: binaries, layouts as files, bill of materials, chart,
provenance and SHA256SUMS. Prints the digest of the image."""
import argparse
import hashlib
import json
import pathlib
import re
import subprocess

import oci
import sbom

TOP = pathlib.Path(__file__).resolve().parents[2]
CHART = TOP / "deploy/chart/sts-sidecar"
BUILD_TYPE = "urn:sts-sidecar:tools/release.sh:v1"


class Layout:
    """What a release takes of an OCI layout of tools/image.sh."""

    def __init__(self, folder):
        self.folder = folder
        self.index, *referrers = json.loads((folder / "index.json").read_bytes())["manifests"]
        self.about = self.document(self.index)["annotations"]
        self.bill = self.blob(self.document(referrers[0])["layers"][0])
        self.images = {each["platform"]["architecture"]: self.document(each) for each in self.document(self.index)["manifests"]}

    def blob(self, descriptor):
        return (self.folder / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()

    def document(self, descriptor):
        return json.loads(self.blob(descriptor))

    def label(self, name):
        return self.about.get("org.opencontainers.image." + name)

    def labels(self):
        [one, *_] = [self.document(each["config"])["config"]["Labels"] for each in self.images.values()]
        return {key.removeprefix("org.opencontainers.image."): value for key, value in one.items()}

    def program(self, arch):
        [layer] = self.images[arch]["layers"]
        return oci.files_of(self.blob(layer))[sbom.PROGRAM][1]

    def whole(self):
        files = {str(each.relative_to(self.folder)): (0o755, None) if each.is_dir() else (0o644, each.read_bytes()) for each in self.folder.rglob("*")}
        return oci.tar_of(files, 0)


def chart():
    """The chart as `helm package` names it and lays it out."""
    version = re.search(r"^version: (\S+)$", (CHART / "Chart.yaml").read_text(), re.MULTILINE)[1].strip("\"'")
    names = subprocess.run(["git", "ls-files", "-z", "."], cwd=CHART, stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode().split("\0")
    files = {f"sts-sidecar/{name}": (0o644, (CHART / name).read_bytes()) for name in names if name}
    return f"sts-sidecar-{version}.tgz", oci.compressed(oci.tar_of(files, 0))


def dependencies(layouts, revision):
    """The sources of this commit, the builder's image, and what the bills of materials name: by digest where there is one."""
    labels = layouts[0].labels()
    commit = {"name": "sources", "digest": {"gitCommit": revision}}
    if "source" in labels:
        commit["uri"] = f"git+{labels['source']}@{revision}"
    kind, _, digest = labels["base.digest"].partition(":")
    found = {"sources": commit, "builder": {"name": "builder", "uri": "pkg:docker/" + labels["base.name"].replace(":", "@"), "digest": {kind: digest}}}
    for layout in layouts:
        for package in json.loads(layout.bill)["packages"]:
            for reference in package.get("externalRefs", []):
                if not reference["referenceLocator"].startswith("pkg:deb/"):
                    continue
                entry = found[package["name"]] = {"name": package["name"], "uri": reference["referenceLocator"]}
                if package.get("primaryPackagePurpose") == "LIBRARY":
                    entry["digest"] = {"sha256": package["checksums"][0]["checksumValue"]}
    return list(found.values())


def provenance(files, layouts, args):
    """An in-toto statement, version 1, with SLSA's predicate for provenance, version 1."""
    subjects = [{"name": name, "digest": {"sha256": hashlib.sha256(data).hexdigest()}} for name, data in sorted(files.items())]
    subjects += [{"name": f"{name} (image)", "digest": {"sha256": layout.index["digest"].removeprefix("sha256:")}}
                 for name, layout in zip(("sts-sidecar", "sts-sidecar without the CA bundle"), layouts)]
    labels = layouts[0].labels()
    parameters = {key: labels[key] for key in ("source", "revision", "base.name") if key in labels}
    return oci.encode({
        "_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"buildDefinition": {"buildType": BUILD_TYPE, "externalParameters": parameters,
                                          "resolvedDependencies": dependencies(layouts, args.revision)},
                      "runDetails": {"builder": {"id": args.builder}}}})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--layouts", type=pathlib.Path)
    parser.add_argument("--files", type=pathlib.Path, help="has what is made already; gets the rest")
    parser.add_argument("--builder")
    parser.add_argument("--revision")
    parser.add_argument("--dirty", action="store_true", help="take layouts of a tree that differed from the commit, too")
    args = parser.parse_args()
    layouts = [Layout(args.layouts / name) for name in ("oci", "oci-without-ca")]
    with_bundle, without = layouts
    for layout in layouts:
        if layout.label("revision") not in {args.revision, args.revision + "-dirty" * args.dirty}:
            raise SystemExit(f"{layout.folder} was made of {layout.label('revision')}, not of {args.revision}")
    version = with_bundle.label("version")
    files = {each.name: each.read_bytes() for each in args.files.iterdir()}
    for arch in with_bundle.images:
        files[f"sts-sidecar-{version}-linux-{arch}"] = with_bundle.program(arch)
        assert without.program(arch) == with_bundle.program(arch)
    files[f"sts-sidecar-{version}-oci.tar"] = with_bundle.whole()
    files[f"sts-sidecar-{version}-oci-without-ca.tar"] = without.whole()
    files[f"sts-sidecar-{version}.spdx.json"] = with_bundle.bill
    name, data = chart()
    files[name] = data
    files[f"sts-sidecar-{version}.intoto.json"] = provenance(files, layouts, args)
    files["SHA256SUMS"] = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()
    for name, data in files.items():
        (args.files / name).write_bytes(data)
        (args.files / name).chmod(0o755 if "-linux-" in name else 0o644)
    print(with_bundle.index["digest"])


main()
