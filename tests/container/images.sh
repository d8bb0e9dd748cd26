#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the image with tools/image.sh, from the very Dockerfile that users build, and the images that stand in for an application:
#   tests/container/images.sh DIR
# It leaves the archives sts-sidecar.tar, app.tar, beside.tar and context.tar in DIR, and the OCI layouts oci, oci-without-ca and again/oci. The last is the
# image with the CA bundle once more: from nothing, in another folder whose files are a day younger, with a clock that is a day ahead. If STS_CONTAINER_SHORT
# is set, oci has the image for amd64 alone, and there are no other layouts.
# There may be no Docker engine and no image registry here, so the base image is a tree made by debootstrap, imported under the name
# that the Dockerfile uses, and pulling is off. It has busybox besides, for the other images. Everything is kept in DIR, with
# the layers of the image. Those of the others are kept from the second run on, so a machine that makes the images once spends no time on them.
set -eu
umask 022
cd "$(dirname "$0")/../.."
mkdir -p "$1"
dir=$(cd "$1" && pwd)
base=debian:bookworm-slim
suite=bookworm

say() { echo "images: $*" >&2; }

# What is mounted where is forgotten with this run's mounts: tests/container/run.sh runs us among mounts of our own.
run=$(mktemp -d "$dir/run.XXXXXX")
trap 'rm -rf "$run"' EXIT
trap 'exit 130' HUP INT TERM

# Our own storage, which no other program looks into.
printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "%s"\n' "$dir/store" "$run" >"$run/storage.conf"
export CONTAINERS_STORAGE_CONF="$run/storage.conf"

# The mirror and the transport settings are this machine's, read when the tree is made.
debian_targets() {
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk -v suite="$suite" '$2 == suite || $2 == suite "-updates" || $2 == suite "-security"' | sort -u
}

import_base() {
	buildah inspect --type image "$base" >/dev/null 2>&1 && return 0
	mirror=$(debian_targets | awk -v suite="$suite" '$2 == suite {print $1; exit}')
	[ -n "$mirror" ] || { say "no mirror of Debian $suite in this machine's apt sources"; exit 69; }
	say "making $base with debootstrap"
	rm -rf "$dir/base"
	# As in Debian's own images, dpkg does not wait for the disk after each file.
	mkdir -p "$dir/base/etc/dpkg/dpkg.cfg.d"
	echo force-unsafe-io >"$dir/base/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
	debootstrap --variant=minbase --include=busybox-static "$suite" "$dir/base" "$mirror" >"$dir/debootstrap.log" 2>&1 ||
		{ tail -5 "$dir/debootstrap.log" >&2; exit 69; }
	debian_targets | sed 's/.*/deb & main/' >"$dir/base/etc/apt/sources.list"
	apt-config dump Acquire | grep -E '^Acquire::(Check-|http|https|ForceIPv|Retries)' >"$dir/base/etc/apt/apt.conf.d/90transport" || true
	rm -rf "$dir"/base/var/cache/apt/archives/*.deb "$dir"/base/var/lib/apt/lists/*
	container=$(buildah from scratch)
	buildah add --quiet "$container" "$dir/base" / >/dev/null
	buildah config --cmd /bin/bash "$container"
	buildah commit --quiet --rm "$container" "$base" >/dev/null
	rm -rf "$dir/base"
}

build() { # name dockerfile context
	# shellcheck disable=SC2086 # a list of words
	buildah bud --isolation chroot --pull-never $layers -t "localhost/$1:test" -f "$2" "$3" >"$dir/$1.log" 2>&1 ||
		{ tail -30 "$dir/$1.log" >&2; say "$2 does not build"; exit 70; }
	id=$(buildah inspect --type image --format '{{.FromImageID}}' "localhost/$1:test")
	[ "$(cat "$dir/$1.id" 2>/dev/null)" != "$id" ] || [ ! -f "$dir/$1.tar" ] || return 0
	rm -f "$dir/$1.tar"
	buildah push --quiet "localhost/$1:test" "docker-archive:$dir/$1.tar:localhost/$1:test"
	echo "$id" >"$dir/$1.id"
}

# Layers of old sources stay in the store, and packages of the day when it was made.
if [ -n "$(find "$dir/store.made" -mtime +5 2>/dev/null)" ] || [ "$(du -sm "$dir/store" 2>/dev/null | cut -f1)" -gt 4096 ] 2>/dev/null; then
	rm -rf "$dir/store" "$dir/store.made"
fi
layers='--layers --force-rm'
[ -f "$dir/store.made" ] || { layers=; touch "$dir/store.made"; }
import_base

image() { # folder option...: with tools/image.sh of that folder
	folder=$1; shift
	"$folder/tools/image.sh" --source https://example.com/sts-sidecar "$@" >"$dir/image.log" 2>&1 ||
		{ tail -30 "$dir/image.log" >&2; say "the image does not build"; exit 70; }
}

# A copy of the sources whose files are a day younger, and a clock that is a day ahead for all that the builder runs.
again() {
	rm -rf "$dir/again"
	mkdir -p "$dir/again/sources" "$dir/again/clock"
	tar -c --exclude='./build*' --exclude=./.venv --exclude=./subprojects/packagecache --exclude=./subprojects/musl --exclude=./subprojects/bearssl \
		--exclude=./subprojects/cjson . | tar -x -C "$dir/again/sources"
	find "$dir/again/sources" -type f -exec touch -d tomorrow {} +
	gcc -O2 -shared -fPIC -o "$dir/again/clock/tomorrow.so" tests/container/tomorrow.c
	echo /tomorrow.so >"$dir/again/clock/preload"
	GIT_OPTIONAL_LOCKS=0
	export GIT_OPTIONAL_LOCKS
	# shellcheck disable=SC2086 # a list of words
	image "$dir/again/sources" --no-cache --oci "$dir/again/oci" -- $isolated \
		--volume "$dir/again/clock/tomorrow.so:/tomorrow.so:ro" --volume "$dir/again/clock/preload:/etc/ld.so.preload:ro"
	mv "$dir/image.log" "$dir/again/log"
	rm -rf "$dir/again/sources"
}

isolated='--isolation chroot --pull-never'
# shellcheck disable=SC2086 # a list of words
image . ${STS_CONTAINER_SHORT:+--arch amd64} --name localhost/sts-sidecar:test --oci "$dir/oci" --archive "$dir/sts-sidecar.tar" -- $isolated
mv "$dir/image.log" "$dir/sts-sidecar.log"
# shellcheck disable=SC2086 # a list of words
if [ -z "${STS_CONTAINER_SHORT:-}" ]; then
	image . --without-ca --oci "$dir/oci-without-ca" -- $isolated
	again
fi
buildah pull --quiet "oci-archive:$dir/sts-sidecar.tar" >/dev/null
build context tests/container/context.Dockerfile .
build app tests/container/app.Dockerfile tests/container
build beside tests/container/beside.Dockerfile tests/container
