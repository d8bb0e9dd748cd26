#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the tests on arm64, under Debian's kernel in a full-system emulator, since the emulation of single programs has neither seccomp nor Landlock.
#
#   tools/arm64.sh [OPTION]... [PART]...
#
#   --layout DIR   the OCI layout whose image for arm64 is tried, by default build-image/oci, which tools/image.sh makes
#   --record       keeps the log in tests/arm64/
#   --help         prints this text
#
# The parts are, by default all of them:
#   image      the image's program, as an ordinary user on the image's own files, gets and refreshes tokens of mock-sts; the kernel says whether its sandbox holds
#   sandbox    a worker that is made to attack its sandbox, as in tests/sandbox/
#   unit       the unit tests, the replays of the fuzzers' corpora and the tests of the store
#   e2e        those end-to-end tests that tests/arm64/e2e.txt lists
#   user       the emulation of single programs (qemu-user) where the kernel does not start programs for arm64 by itself: the worker's hint says so
#
# Needs qemu-system-aarch64 (qemu-system-arm), Python with pip, and apt, which downloads 100 MB of arm64's packages into build-arm64/system/ and installs none.
# The emulated machine is given an hour. The last line is "N passed, N failed".
set -eu
umask 022
cd "$(dirname "$0")/.."

usage() { # the comment above
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/arm64.sh
}

refuse() { # reason
	echo "tools/arm64.sh: $1; tools/arm64.sh --help says more" >&2
	exit 64
}

say() { echo "arm64: $*" >&2; }

layout=build-image/oci record=false parts=
while [ $# -gt 0 ]; do
	case $1 in
	--layout)			[ $# -ge 2 ] || refuse "$1 needs a value"; layout=$2; shift ;;
	--record)			record=true ;;
	--help)				usage; exit ;;
	image|sandbox|unit|e2e|user)	parts="$parts $1" ;;
	*)				refuse "$1 is not an argument" ;;
	esac
	shift
done
parts=${parts:-image sandbox unit e2e user}
wants() { case " $parts " in *" $1 "*) ;; *) false ;; esac; }

command -v qemu-system-aarch64 >/dev/null || { say "qemu-system-aarch64 is missing: tools/setup.sh arm64 installs it"; exit 69; }
! wants image || [ -f "$layout/index.json" ] || { say "$layout is missing: tools/image.sh makes it"; exit 69; }
say "building"
tools/build.sh --arch arm64
system=$PWD/build-arm64/system
root=$system/root
mkdir -p "$system/state/lists/partial" "$system/cache/archives/partial"

# apt has a state of its own here, so this machine does not have to know the other architecture. What Python needs for the end-to-end tests comes as wheels.
packages="linux-image-arm64 busybox-static bash python3 openssl procps strace util-linux coreutils"
if [ "$(cat "$system/packages.of" 2>/dev/null)" != "$packages $(sha256sum <tests/requirements.txt)" ]; then
	say "downloading arm64's packages"
	# What an earlier run has downloaded would be unpacked, too: an older kernel beside the new one.
	[ ! -e "$system/packages.of" ] || rm -f "$system"/cache/archives/*.deb
	rm -rf "$system/packages" "$system/packages.of"
	mkdir -p "$system/packages/usr/bin" "$system/packages/usr/lib" "$system/packages/usr/sbin"
	for folder in bin lib sbin; do ln -s "usr/$folder" "$system/packages/$folder"; done
	apt="-q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root
		-o Dir::State=$system/state -o Dir::State::status=/dev/null -o Dir::Cache=$system/cache"
	# shellcheck disable=SC2086 # lists of words
	apt-get $apt update >/dev/null && apt-get $apt install --download-only -y --no-install-recommends $packages >/dev/null
	for package in "$system"/cache/archives/*.deb; do
		case ${package##*/} in perl*|libperl*|usrmerge*|initramfs*|udev*) continue ;; esac
		dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$system/packages" --exclude=./usr/share/doc --exclude=./usr/share/locale --exclude=./usr/share/man
	done
	mv "$system"/packages/boot/vmlinuz-* "$system/kernel"
	rm -rf "$system/packages/boot" "$system"/packages/usr/lib/modules
	python3 -m pip install --quiet --disable-pip-version-check --target "$system/packages/usr/lib/python3/dist-packages" --no-deps --only-binary=:all: \
		--platform manylinux_2_34_aarch64 --platform manylinux_2_28_aarch64 --platform manylinux2014_aarch64 --platform manylinux_2_17_aarch64 --python-version 3.11 --requirement tests/requirements.txt
	# Big packages that no test of the list needs.
	(cd "$system/packages/usr/lib/python3/dist-packages" && rm -rf kubernetes_validate botocore beartype rdflib spdx_tools google in_toto_attestation)
	echo "$packages $(sha256sum <tests/requirements.txt)" >"$system/packages.of"
fi

say "making the machine's files"
rm -rf "$root"
cp -a "$system/packages" "$root"
mkdir -p "$root/src/build/tests/store"
git ls-files -z | grep -zv -e '^tests/oracle/' -e '^docs/' -e '^subprojects/' | tar -c --null -T - | tar -x -C "$root/src"
cp build-arm64/sts-sidecar build-arm64/*.h "$root/src/build/"
for folder in tests tests/store; do
	find "build-arm64/$folder" -maxdepth 1 -type f -perm -u+x -exec cp {} "$root/src/build/$folder/" \;
done
cp tests/arm64/init "$root/init"
chmod 755 "$root/init"
echo "$parts" >"$root/parts"
python3 -B tests/arm64/unit_list.py build-arm64 >"$root/unit"
! wants image || python3 -B tests/arm64/unpack.py "$layout" "$root/image"
python3 -B tests/arm64/initramfs.py "$root" "$system/initramfs"

say "starting the machine: $parts"
timeout 3600 qemu-system-aarch64 -M virt -cpu max -smp 2 -accel tcg,thread=multi -m 3072 -display none -serial "file:$system/console" -no-reboot -net none -kernel "$system/kernel" \
	-initrd "$system/initramfs" -append "console=ttyAMA0 quiet panic=-1" </dev/null || say "the emulator ended with status $?; 124 means that an hour was not enough"
if wants user && [ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
	mkdir -p "$system/user"
	echo a.b.c >"$system/user/subject"
	timeout 60 qemu-aarch64-static build-arm64/sts-sidecar fetch --url https://localhost:1/token --token-file "$system/user/subject" --output-dir "$system/user" \
		--deadline 1s --log-format text >"$system/user/log" 2>&1 || true
	verdict=failed
	! grep -q 'use the image of the node' "$system/user/log" || verdict=ok
	printf 'user log: %s\nuser: the hint of a worker that cannot be executed speaks of the image: %s\n' "$(tail -n 1 "$system/user/log")" "$verdict" >>"$system/console"
elif wants user; then
	say "the part user is left out: this machine's kernel starts programs for arm64 in the emulator by itself"
	parts=$(echo "$parts" | sed 's/user//')
fi
$record && log=tests/arm64/log.txt || log=$system/log
revision=$(git rev-parse --short=12 HEAD)
changes=$(git status --porcelain -- . ':!tests/arm64/log.txt')
[ -z "$changes" ] || revision=$revision-dirty
python3 -B tests/arm64/judge.py "$system/console" "$log" "$revision" "$(qemu-system-aarch64 --version | head -1)" "$parts"
