#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the program of an older commit, with that commit's own tools/build.sh, and prints the path of the binary. What is built stays.
#
#   tests/oracle/old.sh [COMMIT]    the default is the commit in tests/oracle/COMMIT
set -eu
umask 022
cd "$(dirname "$0")/../.."
top=$PWD

commit=${1:-$(cat tests/oracle/COMMIT)}
folder=$top/build/oracle${1:+-$1}
binary=$folder/sts-sidecar
if [ -x "$binary" ] && [ "$(cat "$folder/commit" 2>/dev/null)" = "$commit" ]; then
	echo "$binary"
	exit 0
fi
if ! git cat-file -e "$commit^{commit}" 2>/dev/null; then
	echo "tests/oracle/old.sh: this clone does not have commit $commit: fetch the whole history with git fetch --unshallow" >&2
	exit 69
fi
rm -rf "$folder"
mkdir -p "$folder/source"
git archive "$commit" | tar -x -C "$folder/source"
# Dependencies that are here need no fetching. Where this commit wants others, its tools/deps.sh sees it. musl's specification has absolute
# paths, so musl is compiled again.
for package in bearssl cjson musl packagecache; do
	[ ! -d "subprojects/$package" ] || cp -a "subprojects/$package" "$folder/source/subprojects/"
done
rm -rf "$folder/source/subprojects/musl"/out-* "$folder/source/subprojects/musl"/obj-*
"$folder/source/tools/build.sh" --target sts-sidecar >&2
cp "$folder/source/build/sts-sidecar" "$binary"
rm -rf "$folder/source"
echo "$commit" >"$folder/commit"
echo "$binary"
