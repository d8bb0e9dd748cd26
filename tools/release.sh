#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a release of this commit: every file that users download, in one folder.
#
#   tools/release.sh [OPTION]... DIR [-- OPTION_OF_BUILDAH_BUD...]
#
#   --source URL       where the sources are: for the label of the image, the bill of materials and the provenance
#   --base IMAGE       the builder's image, by digest; by default debian:bookworm-slim, whose digest is noted
#   --builder URI      who makes the release, for the provenance; by default urn:sts-sidecar:local
#   --layouts DIR      takes DIR/oci and DIR/oci-without-ca, which tools/image.sh has made of this commit, and builds nothing
#   --dirty            goes on where the tree or a layout differs from the commit: for trying this script
#   --help             prints this text
#
# DIR gets the binaries of both architectures, the image as OCI layouts with and without the CA bundle, the bill of materials (SPDX), the manual page,
# the completions, the chart, the provenance (an in-toto statement with SLSA's predicate), and SHA256SUMS over all of them. The same commit, packages
# and base should give the same bytes; no test makes a release twice. Relative paths are relative to the top folder of the sources. The last line of
# the output is the digest of the image.
set -eu
umask 022
cd "$(dirname "$0")/.."

usage() { # the comment above
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/release.sh
}

refuse() { # reason
	echo "tools/release.sh: $1; tools/release.sh --help says more" >&2
	exit 64
}

source= base=debian:bookworm-slim builder=urn:sts-sidecar:local layouts= dirty=false out=
while [ $# -gt 0 ]; do
	case $1 in
	--source|--base|--builder|--layouts)	[ $# -ge 2 ] || refuse "$1 needs a value" ;;
	esac
	case $1 in
	--source)	source=$2; shift ;;
	--base)		base=$2; shift ;;
	--builder)	builder=$2; shift ;;
	--layouts)	layouts=$2; shift ;;
	--dirty)	dirty=true ;;
	--help)		usage; exit ;;
	--)		shift; break ;;
	-*)		refuse "$1 is not an argument" ;;
	*)		[ -z "$out" ] || refuse "it takes one folder, not $out and $1"; out=$1 ;;
	esac
	shift
done
while [ "${out%/}" != "$out" ]; do out=${out%/}; done
[ -n "$out" ] || refuse "it needs a folder for the files"
[ ! -e "$out" ] || [ -d "$out" ] || refuse "$out is not a folder"
[ ! -e "$out" ] || [ -z "$(ls -A "$out")" ] || refuse "$out is not empty"
if [ ! -e .git ] || ! revision=$(git rev-parse HEAD) || ! changes=$(git status --porcelain); then refuse "git does not show a commit here, and a release is made of one"; fi
more=
! $dirty || more=--dirty
$dirty || [ -z "$changes" ] || refuse "the tree differs from the commit: git status shows how"
for name in oci oci-without-ca; do
	[ -z "$layouts" ] || [ -f "$layouts/$name/index.json" ] || refuse "$layouts/$name is not a layout"
done

# The folder of the layouts is one that git ignores: image.sh asks git whether the tree differs from the commit.
mkdir -p build-image "$(dirname "$out")"
made=$(mktemp -d build-image/release.XXXXXX)
work=
trap 'rm -rf "$made" "$work"' EXIT
trap 'exit 130' HUP INT TERM
work=$(mktemp -d "$out.XXXXXX")
if [ -z "$layouts" ]; then
	layouts=$made
	tools/image.sh --base "$base" ${source:+--source "$source"} --oci "$made/oci" "$@" >/dev/null
	tools/image.sh --base "$base" ${source:+--source "$source"} --oci "$made/oci-without-ca" --without-ca "$@" >/dev/null
fi
mkdir "$work/files"
python3 -B tools/tables/generate.py man_page sidecar/options/options.toml "$work/files/sts-sidecar.1"
python3 -B tools/tables/generate.py completions sidecar/options/options.toml "$work/files/sts-sidecar" "$work/files/_sts-sidecar" "$work/files/sts-sidecar.fish"
mv "$work/files/sts-sidecar" "$work/files/sts-sidecar.bash"
python3 -B tools/image/release.py --layouts "$layouts" --files "$work/files" --builder "$builder" --revision "$revision" $more
[ ! -d "$out" ] || rmdir "$out"
mv "$work/files" "$out"
