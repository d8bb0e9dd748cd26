# SPDX-License-Identifier: Apache-2.0
"""unpack.py LAYOUT FOLDER: the files of a layout's image for arm64, and its digest in FOLDER.digest."""
import io
import json
import pathlib
import sys
import tarfile

layout, folder = map(pathlib.Path, sys.argv[1:])


def blob(descriptor):
    return (layout / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()


[index] = [each for each in json.loads((layout / "index.json").read_bytes())["manifests"] if each["mediaType"].endswith("image.index.v1+json")]
[image] = [each for each in json.loads(blob(index))["manifests"] if each["platform"] == {"architecture": "arm64", "os": "linux"}]
folder.mkdir()
for layer in json.loads(blob(image))["layers"]:
    with tarfile.open(fileobj=io.BytesIO(blob(layer))) as files:
        for member in files:
            path = folder / member.name
            if member.isdir():
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.write_bytes(files.extractfile(member).read())
            path.chmod(member.mode)
pathlib.Path(f"{folder}.digest").write_text(f"{image['digest']} of {index['digest']}\n")
