# SPDX-License-Identifier: Apache-2.0
"""pack.py LAYOUT FILE: writes the images of a layout as one file, which containerd, kind and podman load.
pack.py --digest LAYOUT: prints the digest of its index."""
import pathlib
import sys

import oci

if sys.argv[1] == "--digest":
    print(oci.image_of(pathlib.Path(sys.argv[2]))["digest"])
else:
    oci.pack(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
