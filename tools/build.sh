#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the program and its tests, after fetching what is missing.
#
#   tools/build.sh                 the release: build/sts-sidecar, a stripped static PIE on musl
#   tools/build.sh --sanitize      the same sources with clang, ASan, UBSan, the system's libc and the fuzz targets: build-asan/
#   tools/build.sh --coverage      the same sources with clang and the system's libc, counting which lines run: build-coverage/
#
#   --arch amd64|arm64   the architecture of the release; the one that this machine does not have is cross-compiled into build-arm64/ or build-amd64/
#   --dir DIR            the folder to build in, from the top of the sources
#   --target TARGET      builds only this target of ninja; can be repeated
#   --help               prints this text
#
# The same sources give the same bytes in any folder.
set -eu
umask 022
cd "$(dirname "$0")/.."
top=$PWD

usage() { # the comment above
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/build.sh
}

refuse() { # reason
	echo "tools/build.sh: $1; tools/build.sh --help says more" >&2
	exit 64
}

arch=$(dpkg --print-architecture 2>/dev/null || echo amd64)
host=$arch
dir= kind=release targets=
while [ $# -gt 0 ]; do
	case $1 in
	--arch|--dir|--target)	[ $# -ge 2 ] || refuse "$1 needs a value" ;;
	esac
	case $1 in
	--arch)		arch=$2; shift ;;
	--arch=*)	arch=${1#*=} ;;
	--dir)		dir=$2; shift ;;
	--target)	targets="$targets $2"; shift ;;
	--sanitize)	kind=sanitizers ;;
	--coverage)	kind=coverage ;;
	--help)		usage; exit ;;
	*)		refuse "$1 is not an argument" ;;
	esac
	shift
done
case $arch in amd64|arm64) ;; *) refuse "--arch is amd64 or arm64, not $arch" ;; esac

# The options of the C compiler for the release. No build path, no time and no build id may reach the binary.
hardening="'-fstack-protector', '--param=ssp-buffer-size=1', '-fno-caller-saves', '-fno-asynchronous-unwind-tables', '-fno-unwind-tables'"
sections="'-O2', '-flto', '-ffat-lto-objects', '-fno-tree-dominator-opts', '-fno-thread-jumps', '-fno-shrink-wrap', '-fno-tree-loop-im', '-fno-inline-small-functions', '-fno-optimize-sibling-calls', '-fno-move-loop-invariants', '-fno-schedule-insns', '-fno-schedule-insns2', '-ffunction-sections', '-fdata-sections', '-fno-ident', '-fvisibility=hidden'"
link="'-Wl,--gc-sections', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack', '-Wl,-z,noseparate-code', '-Wl,--sort-section=name', '-Wl,-O2', '-Wl,--build-id=none', '-Wl,--hash-style=sysv', '-Wl,--spare-dynamic-tags=0', '-s'"

release() {
	case $arch in
	amd64)	gcc=x86_64-linux-gnu-gcc family=x86_64 extra=", '-malign-data=abi', '-mstack-protector-guard=global'"; link="$link, '-Wl,-z,pack-relative-relocs'" ;;
	arm64)	gcc=aarch64-linux-gnu-gcc family=aarch64 extra=", '-mno-outline-atomics'" ;;
	esac
	if [ "$arch" = "$host" ]; then
		tools/setup.sh build
		dir=${dir:-build} machine=--native-file gcc=gcc
	else
		tools/setup.sh build "$arch"
		dir=${dir:-build-$arch} machine=--cross-file
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
	configure "$machine" -Drelease=true
}

with_clang() { # the folder where --dir names none, more options of the compiler
	tools/setup.sh build
	tools/setup.sh test
	tools/deps.sh "$host"
	dir=${dir:-$1}
	mkdir -p "$dir"
	cat >"$dir/toolchain.ini.new" <<EOT
[binaries]
c = 'clang'
[built-in options]
c_args = ['-O1', '-fPIE', '-g'$2]
EOT
}

sanitizers() {
	with_clang build-asan ", '-fno-omit-frame-pointer', '-fno-sanitize-recover=all'"
	configure --native-file -Db_sanitize=address,undefined -Db_lundef=false -Dfuzzing=true -Dtest_time=true -Doptimization=1
}

coverage() {
	with_clang build-coverage ''
	mkdir -p "$dir/profiles"
	configure --native-file "-Dcoverage=$top/$dir/profiles" -Dtest_time=true -Doptimization=1
}

# Meson is run again only when the toolchain file or the options have changed.
configure() { # --native-file|--cross-file option...
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

$kind
