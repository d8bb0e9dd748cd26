# SPDX-License-Identifier: Apache-2.0
"""Images for containerd, as OCI archives. Ours holds what Dockerfile.scratch puts there, or is the image of tools/image.sh where run.sh is given its
layout (--image); its CA bundle is the test's. The others have busybox alone."""
import hashlib
import io
import json
import pathlib
import sys
import tarfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tools/image"))

import oci  # noqa: E402

OCI = "application/vnd.oci.image"
TAR = f"{OCI}.layer.v1.tar"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(files):
    """files: {path: (mode, bytes)}; a mode of None makes a link to the path in the bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder in sorted({"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 1)}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for path, (mode, data) in files.items():
            entry = tarfile.TarInfo(path)
            if mode is None:
                entry.type, entry.linkname = tarfile.SYMTYPE, data
                tar.addfile(entry)
            else:
                entry.size, entry.mode = len(data), mode
                tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def pack(path, names, image, layers):
    """An OCI archive at this path with an image under all of these names. image: its configuration; layers: [(kind, bytes)]."""
    configuration = json.dumps(image).encode()
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json",
        "config": {"mediaType": f"{OCI}.config.v1+json", "digest": digest(configuration), "size": len(configuration)},
        "layers": [{"mediaType": kind, "digest": digest(data), "size": len(data)} for kind, data in layers]}).encode()
    index = {"schemaVersion": 2, "manifests": [{
        "mediaType": f"{OCI}.manifest.v1+json", "digest": digest(manifest), "size": len(manifest),
        "platform": {"architecture": "amd64", "os": "linux"},
        "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}} for name in names]}
    blobs = {f"blobs/sha256/{digest(data)[7:]}": (0o644, data) for data in (*(data for _, data in layers), configuration, manifest)}
    path.write_bytes(layer({"oci-layout": (0o644, b'{"imageLayoutVersion":"1.0.0"}'), "index.json": (0o644, json.dumps(index).encode()), **blobs}))
    return path


def archive(path, names, files, **config):
    """The same with one layer of files."""
    tar_of_files = layer(files)
    image = {"architecture": "amd64", "os": "linux", "config": config, "rootfs": {"type": "layers", "diff_ids": [digest(tar_of_files)]}}
    return pack(path, names, image, [(TAR, tar_of_files)])


def of_layout(folder, layout, ca_bundle):
    """A layout like one of tools/image.sh, whose images have the test's CA bundle in a layer of its own above."""
    def blob(descriptor):
        return (layout / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()

    made, bundle = oci.Blobs(), layer({BUNDLE: (0o644, ca_bundle)})
    image = oci.image_of(layout)
    index = json.loads(blob(image))
    for each in index["manifests"]:
        manifest = json.loads(blob(each))
        config = json.loads(blob(manifest["config"]))
        config["rootfs"]["diff_ids"].append(digest(bundle))
        config.pop("history", None)
        manifest["config"] = made.add(oci.encode(config), oci.CONFIG)
        manifest["layers"] = [*(made.add(blob(old), old["mediaType"]) for old in manifest["layers"]), made.add(bundle, TAR)]
        each |= made.add(oci.encode(manifest), oci.MANIFEST)
    made.write(folder, [made.add(oci.encode(index), oci.INDEX, annotations=image["annotations"])])
    return folder


def ours(path, names, program, ca_bundle):
    return archive(path, names, {"sts-sidecar": (0o711, program.read_bytes()), BUNDLE: (0o644, ca_bundle)},
                   User="65532:65532", Entrypoint=["/sts-sidecar"])


def shell(path, names, busybox, script, commands):
    """An image whose own command is a script for busybox's shell."""
    files = {"bin/busybox": (0o755, busybox.read_bytes()), "tmp/empty": (0o644, b"")}
    files |= {f"bin/{command}": (None, "busybox") for command in commands}
    return archive(path, names, files, User="1000:1000", Env=["PATH=/bin"], Cmd=["/bin/sh", "-c", script])
