#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches BearSSL, cJSON and musl as source packages of the distribution, verifies them, applies the patches of the distribution and ours,
# and puts them into subprojects/. It compiles musl for the given architecture, by default amd64. tools/build.sh runs it.
#
#   tools/deps.sh [amd64|arm64]
#   tools/deps.sh sources          compiles nothing
#   tools/deps.sh bogo             fetches what tests/tls/bogo/ needs instead: the runner of BoringSSL's tests
#   tools/deps.sh --help
#
# apt checks the signatures of the archive; the upstream tarballs are pinned below by SHA-256. Nothing outside the checkout is changed.
# What is there and current is kept.
set -eu
umask 022
cd "$(dirname "$0")/.."
top=$PWD

usage() { # the comment above
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/deps.sh
}

refuse() { # reason
	echo "tools/deps.sh: $1; tools/deps.sh --help says more" >&2
	exit 64
}

arch=${1:-amd64}
case $arch in
amd64|arm64|sources|bogo)	[ $# -le 1 ] || refuse "$2 is not an argument" ;;
--help)			usage; exit ;;
*)			refuse "$arch is not an argument: it takes amd64, arm64, sources or bogo" ;;
esac
cache=$top/subprojects/packagecache
overlay=$top/subprojects/packagefiles

# package	suite		SHA-256 of the upstream tarball
table='bearssl	bookworm	102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004
cjson	trixie	3aa806844a03442c00769b83e99970be70fbef03735ff898f4811dd03b9f5ee5
musl	trixie	a9a118bbe84d8764da0ea0d28b3ab3fae8477fc7e4085d90102b8596fc7c75e4'

# The same for the runner of BoringSSL's tests, and what is unpacked of the tarball's folder src/ into subprojects/bogo/.
bogo='android-platform-external-boringssl	trixie	f9223e8c15ad5d9e3f1cd50861f4c272658864661e2332bea5d60952aa0930cd'
bogo_members='go.mod go.sum ssl/test/runner util/testresult'

say() { echo "deps: $*" >&2; }
die() { say "$*"; exit 69; }

# The mirror that this machine already uses, with the newer suite of the same distribution beside it.
# The machine's own apt configuration and lists are not touched.
private_apt_setup() {
	[ ! -f "$cache/sources/deps.list" ] || return 0
	command -v apt-get >/dev/null || die "apt-get is missing: run this on Debian, or in the Dockerfile's builder"
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -r "$keyring" ] || die "$keyring is missing: install debian-archive-keyring"
	mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 == "bookworm" || $1 == "stable" || $1 == "trixie" {print $2; exit}')
	[ -n "$mirror" ] || die "no Debian mirror in this machine's apt sources"
	security=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 ~ /-security$/ {print $2; exit}')
	mkdir -p "$cache/sources" "$cache/lists/partial" "$cache/apt/archives/partial"
	{
		for suite in bookworm trixie; do
			echo "deb-src [signed-by=$keyring] $mirror $suite main"
			[ -z "$security" ] || echo "deb-src [signed-by=$keyring] $security $suite-security main"
		done
	} >"$cache/sources/deps.list.new"
	private_apt update -qq -o Dir::Etc::SourceList="$cache/sources/deps.list.new" ||
		die "the package lists could not be fetched from $mirror"
	mv "$cache/sources/deps.list.new" "$cache/sources/deps.list"
}

private_apt() {
	apt-get -q -o Dir::Etc::SourceList="$cache/sources/deps.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$cache/lists" -o Dir::Cache="$cache/apt" -o APT::Sandbox::User=root \
		-o APT::Get::Only-Source=true "$@"
}

fetch() { # package suite sha256 [option of apt-get source...]
	private_apt_setup
	say "fetching $1 from $2"
	(package=$1/$2; shift 3; cd "$cache" && private_apt source -qq --download-only "$@" "$package" >/dev/null) || die "$1 could not be fetched"
	tarball=$(find "$cache" -maxdepth 1 -name "$1_*.orig.tar.*z")
	[ -f "$tarball" ] || die "$1: expected one upstream tarball in $cache: remove the folder and try again"
	echo "$3  $tarball" | sha256sum --check --quiet - || die "$1: the upstream tarball is not the one that is pinned"
}

unpack() { # package: the distribution's patches are applied by dpkg-source, ours after them
	rm -rf "$top/subprojects/$1" "$top/subprojects/$1.new"
	dsc=$(find "$cache" -maxdepth 1 -name "$1_*.dsc")
	dpkg-source --no-check --no-copy -q -x "$dsc" "$top/subprojects/$1.new" 2>/dev/null >&2 || die "$1: dpkg-source failed on $dsc"
	for ours in "$overlay/$1"-*.patch; do
		[ ! -f "$ours" ] || patch -s -d "$top/subprojects/$1.new" -p1 <"$ours" || die "$1: $ours does not apply"
	done
	[ ! -d "$overlay/$1" ] || cp "$overlay/$1"/* "$top/subprojects/$1.new/"
	basename "$dsc" .dsc | sed 's/^[^_]*_//' | tr -d '\n' >"$top/subprojects/$1.new/VERSION.package"
	mv "$top/subprojects/$1.new" "$top/subprojects/$1"
}

# A digest of what a folder was made from. The package is unpacked again when its pin, a patch or our files for it change.
recipe() { # package suite sha256
	{ echo "$@"; cat "$overlay/$1"-*.patch "$overlay/$1"/* 2>/dev/null || true; } | sha256sum | cut -c1-16
}

# The patches of the distribution do not concern the runner, so its upstream tarball is enough.
bogo() { # package suite sha256
	[ "$(cat "$top/subprojects/bogo/.recipe" 2>/dev/null)" != "$*" ] || return 0
	rm -rf "$top/subprojects/bogo" "$top/subprojects/bogo.new"
	fetch "$@" --tar-only
	mkdir "$top/subprojects/bogo.new"
	# shellcheck disable=SC2046,SC2086 # a list of words
	tar -C "$top/subprojects/bogo.new" --strip-components=2 --wildcards -xf "$tarball" $(printf '*/src/%s ' $bogo_members) ||
		die "$1: the runner could not be unpacked from $tarball"
	echo "$*" >"$top/subprojects/bogo.new/.recipe"
	mv "$top/subprojects/bogo.new" "$top/subprojects/bogo"
	rm "$tarball"
}

if [ "$arch" = bogo ]; then
	# shellcheck disable=SC2086 # three words
	bogo $bogo
	exit
fi

echo "$table" | while read -r package suite sha256; do
	stamp=$top/subprojects/$package/.recipe
	now=$(recipe "$package" "$suite" "$sha256")
	[ "$(cat "$stamp" 2>/dev/null)" != "$now" ] || continue
	[ -n "$(find "$cache" -maxdepth 1 -name "${package}_*.dsc" 2>/dev/null)" ] || fetch "$package" "$suite" "$sha256"
	unpack "$package"
	echo "$now" >"$stamp"
done

[ "$arch" != sources ] || exit 0

# musl is compiled as a static library only, position independent, with our hardening flags.
case $arch in
amd64)	triplet=x86_64-linux-gnu cc=x86_64-linux-gnu-gcc extra= ;;
arm64)	triplet=aarch64-linux-gnu cc=aarch64-linux-gnu-gcc extra=-mno-outline-atomics ;;
esac
prefix=$top/subprojects/musl/out-$arch
flags="-Oz -fPIE -ffunction-sections -fdata-sections -fstack-protector --param=ssp-buffer-size=4 $extra"
if [ "$(cat "$prefix/.done" 2>/dev/null)" != "$flags" ]; then
	say "compiling musl for $arch"
	rm -rf "$prefix" "$top/subprojects/musl/obj-$arch"
	mkdir -p "$prefix" "$top/subprojects/musl/obj-$arch"
	(
		cd "$top/subprojects/musl/obj-$arch"
		CC=$cc CROSS_COMPILE=${cc%gcc} AR=${cc%gcc}ar RANLIB=${cc%gcc}ranlib \
		CFLAGS="$flags -ffile-prefix-map=$top=." \
			../configure --target="$triplet" --prefix=/ --disable-shared --disable-wrapper >configure.log
		make -j"$(nproc)" >make.log 2>&1
		make install DESTDIR="$prefix" >/dev/null
	) || die "musl did not compile: see subprojects/musl/obj-$arch/make.log"
	# musl does not carry the headers of Linux (seccomp, Landlock): the distribution's are linked in.
	for dir in linux asm-generic; do ln -s "/usr/include/$dir" "$prefix/include/$dir"; done
	for asm in /usr/include/$triplet/asm /usr/${triplet}/include/asm; do
		[ ! -d "$asm" ] || [ -e "$prefix/include/asm" ] || ln -s "$asm" "$prefix/include/asm"
	done
	echo "$flags" >"$prefix/.done"
fi
# The specs that musl installs do not know static PIE; ours do.
sed "s|@MUSL@|$prefix|g" "$overlay/musl-static-pie.specs" >"$prefix/static-pie.specs"
