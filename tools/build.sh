#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds. The default is the release binary: a static PIE on musl, stripped, build/sts-sidecar.
#   tools/build.sh [--arch amd64|arm64] [--dir DIR] [--target NINJA_TARGET]...
#   tools/build.sh --sanitize [--dir DIR]	clang, the system's libc, ASan, UBSan and fuzz targets: build-asan/
# The same sources give the same bytes in whatever folder they are built.
set -eu
umask 022
cd "$(dirname "$0")/.."
top=$PWD

arch=$(dpkg --print-architecture 2>/dev/null || echo amd64)
host=$arch
dir= sanitize=false targets=
while [ $# -gt 0 ]; do
	case $1 in
	--arch)		arch=$2; shift ;;
	--arch=*)	arch=${1#*=} ;;
	--dir)		dir=$2; shift ;;
	--target)	targets="$targets $2"; shift ;;
	--sanitize)	sanitize=true ;;
	*)		echo "usage: tools/build.sh [--arch amd64|arm64] [--sanitize] [--dir DIR] [--target T]" >&2; exit 64 ;;
	esac
	shift
done

# What the C compiler is told for the release. No build path, no time, no build id may reach the binary.
hardening="'-fstack-protector-strong', '-fno-caller-saves', '-fno-asynchronous-unwind-tables', '-fno-unwind-tables'"
sections="'-Oz', '-flto', '-ffat-lto-objects', '-fno-tree-dominator-opts', '-fno-inline-small-functions', '-ffunction-sections', '-fdata-sections', '-fno-ident', '-fvisibility=hidden'"
link="'-Wl,--gc-sections', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack', '-Wl,-z,noseparate-code', '-Wl,--sort-section=name', '-Wl,-O2', '-Wl,--build-id=none', '-s'"

release() {
	case $arch in
	amd64)	gcc=gcc family=x86_64 extra=", '-malign-data=abi'"; link="$link, '-Wl,-z,pack-relative-relocs'" ;;
	arm64)	gcc=aarch64-linux-gnu-gcc family=aarch64 extra=", '-mno-outline-atomics'" ;;
	*)	echo "tools/build.sh: unknown architecture $arch: amd64 or arm64" >&2; exit 64 ;;
	esac
	if [ "$arch" = "$host" ]; then
		tools/setup.sh build
		dir=${dir:-build} kind=--native-file gcc=gcc
	else
		tools/setup.sh build "$arch"
		dir=${dir:-build-$arch} kind=--cross-file
	fi
	tools/deps.sh "$arch"
	mkdir -p "$dir"
	cat >"$dir/toolchain.ini.new" <<EOT
[binaries]
c = ['$gcc', '-specs=$top/subprojects/musl/out-$arch/static-pie.specs']
ar = '${gcc%gcc}gcc-ar'
strip = '${gcc%gcc}strip'
[built-in options]
c_args = ['-fPIE', $hardening, $sections, '-ffile-prefix-map=$top=.', '-ffile-prefix-map=$top/$dir=.', '-fno-math-errno'$extra]
c_link_args = [$link]
[host_machine]
system = 'linux'
cpu_family = '$family'
cpu = '$family'
endian = 'little'
EOT
	configure "$kind" -Drelease=true
}

sanitizers() {
	tools/setup.sh build
	tools/setup.sh test
	tools/deps.sh "$host"
	dir=${dir:-build-asan}
	mkdir -p "$dir"
	cat >"$dir/toolchain.ini.new" <<EOT
[binaries]
c = 'clang'
[built-in options]
c_args = ['-O1', '-fPIE', '-g', '-fno-omit-frame-pointer', '-fno-sanitize-recover=all']
EOT
	configure --native-file -Db_sanitize=address,undefined -Db_lundef=false -Dfuzzing=true -Dtest_time=true -Doptimization=1
}

configure() { # --native-file|--cross-file options...: meson runs again only when the toolchain file or the options changed
	option=$1; shift
	echo "# $*" >>"$dir/toolchain.ini.new"
	if [ ! -f "$dir/build.ninja" ] || ! cmp -s "$dir/toolchain.ini" "$dir/toolchain.ini.new"; then
		rm -rf "$dir/meson-private" "$dir/meson-info" "$dir/build.ninja"
		cp "$dir/toolchain.ini.new" "$dir/toolchain.ini"
		meson setup "$dir" "$option" "$dir/toolchain.ini" "$@" >"$dir/setup.log" ||
			{ cat "$dir/setup.log" >&2; rm -f "$dir/toolchain.ini"; exit 70; }
	fi
	rm -f "$dir/toolchain.ini.new"
	# shellcheck disable=SC2086 # a list of words
	ninja -C "$dir" $targets >"$dir/ninja.log" 2>&1 || { cat "$dir/ninja.log" >&2; exit 70; }
}

if $sanitize; then sanitizers; else release; fi
