#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fuzzes a target with libFuzzer, ASan and UBSan, and says which lines and branches its inputs reach.
#
#   tools/fuzz.sh NAME SECONDS          fuzzes tests/fuzz/fuzz_NAME.c; the NAME "all" means all targets, one after the other
#   tools/fuzz.sh --keep NAME SECONDS   the same; then it adds the inputs that reach new edges of the program to tests/fuzz/corpus/NAME
#   tools/fuzz.sh --help
#
# It begins with the kept corpus tests/fuzz/corpus/NAME and with what earlier runs have found, which is in build-asan/corpus/NAME. At the
# end it minimises that folder. An input that shows a mistake is in build-asan/findings/. The report build-coverage/fuzz/NAME.txt counts the
# lines and branches of each file of lib/ and sidecar/ that the inputs reach.
set -eu
umask 022
cd "$(dirname "$0")/.."
top=$PWD

refuse() { # reason
	echo "tools/fuzz.sh: $1; tools/fuzz.sh --help says more" >&2
	exit 64
}

keep=false
case ${1:-} in
--help)	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/fuzz.sh; exit ;;
--keep)	keep=true; shift ;;
-*)	refuse "$1 is not an argument" ;;
esac
[ $# = 2 ] || refuse "it takes a target and a number of seconds"
case $2 in ''|0|*[!0-9]*) refuse "\"$2\" is not a number of seconds" ;; esac
seconds=$2
targets=$1
[ "$1" != all ] || targets=$(cd tests/fuzz && printf '%s\n' fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')
for target in $targets; do
	[ -f "tests/fuzz/fuzz_$target.c" ] || refuse "there is no target \"$target\""
done

merge() { # target [option] folder corpus...: adds to the folder the inputs of the corpora that reach something new
	name=$1; shift
	build-asan/tests/fuzz_"$name" -merge=1 "$@" >"build-asan/merge-$name.log" 2>&1 || {
		tail -n 40 "build-asan/merge-$name.log" >&2
		echo "$name: the inputs could not be merged" >&2
		return 1
	}
}

fuzz() { # target
	found="build-asan/corpus/$1"
	mkdir -p "$found" build-asan/findings
	build-asan/tests/fuzz_"$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="build-asan/findings/$1-" "$found" "tests/fuzz/corpus/$1" >"build-asan/fuzz-$1.log" 2>&1 || {
		tail -n 40 "build-asan/fuzz-$1.log" >&2
		echo "$1: a mistake: the input is in build-asan/findings/" >&2
		return 1
	}
	rm -rf "$found.new"
	mkdir "$found.new"
	merge "$1" "$found.new" "tests/fuzz/corpus/$1" "$found" || return
	rm -rf "$found"
	mv "$found.new" "$found"
	! $keep || merge "$1" -use_counters=0 "tests/fuzz/corpus/$1" "$found" || return
	echo "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "build-asan/fuzz-$1.log") inputs in $seconds s, no mistake; \
$(find "$found" -type f | wc -l) inputs are left after minimising"
}

reached() { # target: what its inputs reach
	out="build-coverage/fuzz"
	mkdir -p "$out"
	rm -f "$out/$1.profraw"
	LLVM_PROFILE_FILE="$top/$out/$1.profraw" build-coverage/tests/replay_"$1" "build-asan/corpus/$1" >/dev/null 2>&1
	llvm-profdata-14 merge -sparse "$out/$1.profraw" -o "$out/$1.profdata"
	llvm-cov-14 report build-coverage/tests/replay_"$1" -instr-profile="$out/$1.profdata" -show-functions=0 2>/dev/null |
		awk -v top="$top/" '$1 ~ /(lib|sidecar)\// && $1 ~ /\.c$/ && $8 > 0 && $9 < $8 {
			sub(/^.*\.\.\//, "", $1); sub(top, "", $1); printf "  %-36s %5d of %5d lines %7s   branches %7s\n", $1, $8 - $9, $8, $10, $13 }' >"$out/$1.txt"
	cat "$out/$1.txt"
}

build=$(for target in $targets; do echo "--target tests/fuzz_$target"; done)
# shellcheck disable=SC2086 # a list of words
tools/build.sh --sanitize $build
# shellcheck disable=SC2046,SC2086 # a list of words
tools/build.sh --coverage $(echo $build | sed 's,tests/fuzz_,tests/replay_,g')
failed=0
for target in $targets; do
	if fuzz "$target"; then reached "$target"; else failed=1; fi
done
exit $failed
