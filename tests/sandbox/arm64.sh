#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The sandbox on arm64: the release binary and the hostile worker under a kernel of the distribution in a full-system emulator, since
# emulation of single programs has neither seccomp nor Landlock. Takes minutes, and 60 MB of packages; not part of tools/test.sh.
#   tests/sandbox/arm64.sh
# Needs qemu-system-aarch64 (qemu-system-arm) and apt. Everything is in build-arm64/system/.
set -eu
umask 022
cd "$(dirname "$0")/../.."
tools/build.sh --arch arm64 --target sts-sidecar --target tests/sts-sidecar-hostile --target tests/mock-sts
system=$PWD/build-arm64/system
mkdir -p "$system/state/lists/partial" "$system/cache/archives/partial" "$system/packages"

# Another architecture's packages without telling the machine that it has one.
apt="-q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root
	-o Dir::State=$system/state -o Dir::State::status=/dev/null -o Dir::Cache=$system/cache"
if [ ! -e "$system/kernel" ]; then
	# shellcheck disable=SC2086 # a list of words
	(
		apt-get $apt update >/dev/null
		image=$(apt-cache $apt depends linux-image-arm64 | sed -n 's/.*Depends: \(linux-image-.*\)/\1/p')
		cd "$system" && rm -f ./*.deb && apt-get $apt download "$image" busybox-static >/dev/null
		for package in ./*.deb; do dpkg-deb -x "$package" packages; done
		cp packages/boot/vmlinuz-* kernel
	)
fi

rm -rf "$system/root"
mkdir -p "$system/root/bin"
cp tests/sandbox/arm64-init "$system/root/init"
cp "$system/packages/bin/busybox" build-arm64/sts-sidecar build-arm64/tests/sts-sidecar-hostile build-arm64/tests/mock-sts "$system/root/bin/"
chmod 755 "$system/root/init"
ln -s busybox "$system/root/bin/sh"
python3 tests/sandbox/initramfs.py "$system/root" "$system/initramfs"

timeout 900 qemu-system-aarch64 -M virt -cpu max -m 512 -nographic -no-reboot -net none -kernel "$system/kernel" \
	-initrd "$system/initramfs" -append "console=ttyAMA0 quiet panic=-1" </dev/null | tr -d '\r' >"$system/console"
python3 tests/sandbox/arm64_judge.py "$system/console"
