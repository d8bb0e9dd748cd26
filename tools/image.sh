#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the image of Dockerfile.scratch for both architectures with buildah, without emulation, and writes it as an OCI layout.
#
#   tools/image.sh [OPTION]... [-- OPTION_OF_BUILDAH_BUD...]
#
#   --arch amd64|arm64   only this architecture; can be repeated
#   --without-ca         leaves out the CA bundle: for Pods that have --cacert-path
#   --name NAME:TAG      the image's name, by default sts-sidecar with the version
#   --oci DIR            the OCI layout; by default build-image/oci, or build-image/oci-without-ca
#   --archive FILE       the images alone as one file, for containerd, kind and minikube
#   --from DIR           takes this layout, which an earlier run has made, and builds nothing: for --archive and --load
#   --load PROGRAM       loads the image into podman or containerd (with ctr, in the namespace k8s.io); can be repeated
#   --source URL         where the sources are, for the label org.opencontainers.image.source
#   --base IMAGE         the builder's image, by default debian:bookworm-slim; a release names it by digest
#   --no-cache           builds without the layers of earlier builds, so that compiler and CA bundle are the newest
#   --help               prints this text
#
# The layout has an index with one image for each architecture, and a software bill of materials (SPDX) that refers to the index and to each image.
# The same commit, packages and base give the same digest in any folder and at any time: the times are those of the commit, or SOURCE_DATE_EPOCH.
# Where the tree differs from the commit, the label org.opencontainers.image.revision ends with "-dirty". Needs buildah, zopfli and Python 3.11.
# Relative paths are relative to the top folder of the sources. The last line of the output is the digest of the index.
set -eu
umask 022
cd "$(dirname "$0")/.."

usage() { # the comment above
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/image.sh
}

refuse() { # reason
	echo "tools/image.sh: $1; tools/image.sh --help says more" >&2
	exit 64
}

say() { echo "image: $*" >&2; }
die() { say "$*"; exit 70; }

version=$(sed -n "s/^\tversion: '\([^']*\)'.*/\1/p" meson.build)
archs= ca=true name=sts-sidecar:$version layout= from= archive= load= source= base=debian:bookworm-slim fresh=
while [ $# -gt 0 ]; do
	case $1 in
	--arch|--name|--oci|--from|--archive|--load|--source|--base)	[ $# -ge 2 ] || refuse "$1 needs a value" ;;
	esac
	case $1 in
	--arch)		archs="$archs $2"; shift ;;
	--without-ca)	ca=false ;;
	--name)		name=$2; shift ;;
	--oci)		layout=$2; shift ;;
	--from)		from=$2; shift ;;
	--archive)	archive=$2; shift ;;
	--load)		load="$load $2"; shift ;;
	--source)	source=$2; shift ;;
	--base)		base=$2; shift ;;
	--no-cache)	fresh=$(date +%s%N) ;;
	--help)		usage; exit ;;
	--)		shift; break ;;
	*)		refuse "$1 is not an argument" ;;
	esac
	shift
done
for arch in $archs; do
	case $arch in amd64|arm64) ;; *) refuse "--arch is amd64 or arm64, not $arch" ;; esac
done
archs=${archs:-amd64 arm64}
for program in $load; do
	case $program in podman|containerd) ;; *) refuse "--load is podman or containerd, not $program" ;; esac
done
case $name in *:*[!A-Za-z0-9._-]*|*[!A-Za-z0-9._:/-]*|:*|*:|*[!:]*/*:*/*) refuse "$name is not NAME:TAG" ;; *:*) ;; *) name=$name:$version ;; esac
[ -n "$layout" ] || { layout=build-image/oci; $ca || layout=$layout-without-ca; }
[ -z "$archive" ] || [ -d "$(dirname "$archive")" ] || refuse "$(dirname "$archive") is not a folder"
for program in $load; do
	[ "$program" != containerd ] || program=ctr
	command -v "$program" >/dev/null || die "$program is missing, which --load needs"
done
for program in buildah zopfli; do
	[ -n "$from" ] || command -v $program >/dev/null || die "$program is missing: tools/setup.sh container installs it"
done

layout=${from:-$layout}
[ -z "$from" ] || [ -f "$from/index.json" ] || die "$from is not a layout"
# The layout takes the place of what is in the folder, so it must be an earlier layout.
[ -n "$from" ] || [ ! -e "$layout" ] || [ -f "$layout/oci-layout" ] || [ -z "$(ls -A "$layout")" ] || refuse "$layout is there, and is not a layout"
mkdir -p "$layout"
layout=$(cd "$layout" && pwd)
work=$(mktemp -d "$layout.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

built() { # arch target buildah's arguments...: the log is shown if it fails
	arch=$1 target=$2; shift 2
	buildah bud --layers --platform "linux/$arch" --target "$target" ${fresh:+--build-arg "FRESH=$fresh"} \
		--build-arg "BUILDPLATFORM=linux/$here" --build-arg "CA_BUNDLE=$ca" --build-arg "BASE=$base" \
		-f "$work/context/Dockerfile.scratch" "$@" "$work/context" >"$work/log" 2>&1 || { tail -30 "$work/log" >&2; die "the image for $arch does not build"; }
}

build() { # buildah's arguments...
	# Older versions of buildah do not know the platform that they run on.
	case $(uname -m) in x86_64) here=amd64 ;; aarch64) here=arm64 ;; *) die "this machine is neither x86-64 nor arm64" ;; esac
	revision=unknown epoch=${SOURCE_DATE_EPOCH:-}
	if [ -e .git ]; then
		revision=$(git rev-parse HEAD)
		changes=$(git status --porcelain)
		[ -z "$changes" ] || revision=$revision-dirty
		epoch=${epoch:-$(git log -1 --format=%ct)}
	fi
	case $epoch in ''|*[!0-9]*) die "SOURCE_DATE_EPOCH is not a number of seconds, and there is no commit to take the time from" ;; esac
	# The builds of both architectures see the same sources, whatever happens to the tree meanwhile. The time of a file is no reason to build again.
	mkdir "$work/context"
	tar -c --mtime="@$epoch" --exclude=__pycache__ Dockerfile.scratch .dockerignore LICENSE meson.build meson_options.txt lib sidecar tools \
		subprojects/packagefiles | tar -x -C "$work/context"
	for arch in $archs; do
		say "building for $arch"
		built "$arch" image --iidfile "$work/$arch.id" "$@"
		buildah push --quiet "$(cat "$work/$arch.id")" "oci-archive:$work/$arch.tar" >/dev/null
		# The layers of the build before are there, so this takes what they have.
		built "$arch" made-with --output "type=local,dest=$work/made-with-$arch" "$@"
	done
	base_digest=${base##*@}
	[ "$base_digest" != "$base" ] || base_digest=$(buildah inspect --type image --format '{{.FromImageDigest}}' "$base")
	python3 -B tools/image/layout.py --work "$work" --layout "$layout" --name "$name" --epoch "$epoch" --revision "$revision" \
		--base-name "${base%@*}" --base-digest "$base_digest" ${source:+--source "$source"}
}

[ -n "$from" ] || build "$@"
if [ -n "$archive$load" ]; then
	archive=${archive:-$work/archive.tar}
	python3 -B tools/image/pack.py "$layout" "$archive"
fi
for program in $load; do
	say "loading into $program"
	case $program in
	podman)		podman pull --quiet "oci-archive:$archive" >/dev/null ;;
	containerd)	ctr --namespace k8s.io images import --all-platforms "$archive" >/dev/null ;;
	esac
done
python3 -B tools/image/pack.py --digest "$layout"
