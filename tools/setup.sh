#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that a task needs and that are missing. It must run as root if any is missing.
#
#   tools/setup.sh [build]         to build the release
#   tools/setup.sh build arm64     to build the release for this architecture, arm64 or amd64, as well
#   tools/setup.sh test            to build with the sanitizers, and to run the tests
#   tools/setup.sh analysis        to analyse the sources with all tools (tools/analyse.sh)
#   tools/setup.sh peers           to run the servers that the TLS client is tried with (tests/tls/peers/)
#   tools/setup.sh container       to build the image, and to run its tests
#   tools/setup.sh arm64           to run the tests on arm64 (tools/arm64.sh)
#   tools/setup.sh --help
set -eu
cd "$(dirname "$0")/.."

usage() { # the comment above
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/setup.sh
}

refuse() { # reason
	echo "tools/setup.sh: $1; tools/setup.sh --help says more" >&2
	exit 64
}

build='gcc libc6-dev make meson ninja-build patch dpkg-dev xz-utils ca-certificates linux-libc-dev debian-archive-keyring'
here=$(dpkg --print-architecture)
case "${*:-build}" in
build|"build $here")	want="$build" ;;
"build amd64")	want="$build gcc-x86-64-linux-gnu binutils-x86-64-linux-gnu linux-libc-dev-amd64-cross" ;;
"build arm64")	want="$build gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu linux-libc-dev-arm64-cross" ;;
test)		want="$build clang libclang-rt-14-dev llvm-14 clang-format binutils python3 python3-venv openssl curl
			shellcheck codespell cppcheck nginx-light tinyproxy jose strace libssl-dev pkg-config util-linux iproute2 iptables unbound procps libcap2-bin mandoc groff-base zsh fish" ;;
analysis)	want='clang-tidy-14 clang-tools-14' ;;
arm64)		want="$build gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu linux-libc-dev-arm64-cross qemu-system-arm qemu-user-static python3-pip" ;;
peers)		want='openssl gnutls-bin libnss3-tools nginx-light haproxy caddy openjdk-17-jdk-headless' ;;
container)	want="$build buildah podman crun catatonit debootstrap zopfli" ;;
--help)		usage; exit ;;
*)		refuse "it does not take \"$*\"" ;;
esac

# Any Go is good enough for the tests, and the one of the distribution is large.
[ "$*" != test ] || command -v go >/dev/null || want="$want golang-go"
# cargo downloads test vectors. Debian 12 has a cargo that is new enough under this name.
[ "$*" != test ] || command -v cargo >/dev/null || want="$want cargo-web"

missing=
for package in $want; do
	dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "tools/setup.sh: these packages are missing, install them as root:$missing" >&2
	exit 69
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null
