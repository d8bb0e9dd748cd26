#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fuzzes a target with libFuzzer, ASan and UBSan, and says which lines and branches its inputs reach.
#
#   tools/fuzz.sh NAME SECONDS          fuzzes tests/fuzz/fuzz_NAME.c; the NAME "all" means all targets, one after the other
#   tools/fuzz.sh --keep NAME SECONDS   the same; then it adds the inputs that reach new edges of the program to tests/fuzz/corpus/NAME
#   tools/fuzz.sh --help
#
# It begins with the kept corpus tests/fuzz/corpus/NAME and with what earlier runs have found, which is in build-asan/corpus/NAME. At the
# end it minimises that folder; a run that is interrupted leaves it as it is. An input that shows a mistake is in build-asan/findings/. The
# report build-coverage/fuzz/NAME.txt counts the lines and branches of each file of lib/ and sidecar/ that the inputs reach. The exit status
# is 1 if a target has shown a mistake, or if its inputs cannot be kept.
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
# For libFuzzer, 0 seconds and a number that it cannot hold are no limit.
case $2 in ''|0*|*[!0-9]*|????????*) refuse "\"$2\" is not a number of seconds, from 1 to 9999999" ;; esac
seconds=$2
all=$(cd tests/fuzz && printf '%s ' fuzz_*.c | sed 's/fuzz_//g; s/\.c / /g; s/ $//')
case " all $all " in
*" $1 "*)	targets=$1 ;;
*)		refuse "there is no target \"$1\": the targets are $all" ;;
esac
[ "$1" != all ] || targets=$all

# The temporary files of a target that crashes or is interrupted are removed, too.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'echo "tools/fuzz.sh: interrupted" >&2; exit 130' INT
trap 'exit 143' TERM

failed() { # target reason
	echo "$1: $2" >&2
	return 1
}

merge() { # target [option] folder corpus...: adds to the folder the inputs of the corpora that reach something new
	name=$1; shift
	build-asan/tests/fuzz_"$name" -merge=1 "$@" >"build-asan/merge-$name.log" 2>&1 || {
		tail -n 40 "build-asan/merge-$name.log" >&2
		failed "$name" "the inputs could not be merged"
	}
}

# libFuzzer does not notice that a disk is full. The names of the files that it writes are the SHA-1 sums of what belongs into them.
whole() { # target folder: removes the inputs that were not written whole
	cut=$(cd "$2" && find . -type f | sed -nE 's,^\./([0-9a-f]{40})$,\1  \1,p' | sha1sum --check --quiet 2>/dev/null | sed 's/: .*//')
	[ -n "$cut" ] || return 0
	for file in $cut; do rm -f "$2/$file"; done
	failed "$1" "an input could not be written whole in $2, and was removed: is the disk full?"
}

count() { # folder
	find "$1" -type f | wc -l
}

fuzz() { # target
	found="build-asan/corpus/$1" kept="tests/fuzz/corpus/$1"
	mkdir -p "$found" build-asan/findings || return
	# libFuzzer measures real time, and another program may have the processor: an input of ES512 took 11 s then, and 0.2 s alone.
	build-asan/tests/fuzz_"$1" -max_total_time="$seconds" -timeout=60 -report_slow_units=60 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="build-asan/findings/$1-" "$found" "$kept" >"build-asan/fuzz-$1.log" 2>&1 || {
		tail -n 40 "build-asan/fuzz-$1.log" >&2
		input=$(sed -n 's/^.*Test unit written to //p' "build-asan/fuzz-$1.log" | tail -n 1)
		if [ -n "$input" ]; then
			failed "$1" "a mistake: build-asan/tests/fuzz_$1 $input shows it again" || return
		fi
		failed "$1" "it could not be fuzzed" || return
	}
	rm -rf "$found.new"
	mkdir "$found.new" || return
	merge "$1" "$found.new" "$kept" "$found" || return
	whole "$1" "$found.new" || return
	rm -rf "$found"
	mv "$found.new" "$found" || return
	echo "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "build-asan/fuzz-$1.log") inputs in $seconds s, no mistake; \
$(count "$found") inputs are left after minimising"
	$keep || return 0
	before=$(count "$kept")
	merge "$1" -use_counters=0 "$kept" "$found" || return
	whole "$1" "$kept" || return
	echo "$1: $(($(count "$kept") - before)) inputs are new in $kept"
}

reached() { # target: what its inputs reach
	out="build-coverage/fuzz"
	mkdir -p "$out" || return
	rm -f "$out/$1.profraw"
	LLVM_PROFILE_FILE="$top/$out/$1.profraw" build-coverage/tests/replay_"$1" "build-asan/corpus/$1" >"$out/$1.log" 2>&1 || {
		failed "$1" "build-coverage/tests/replay_$1 fails at the last input that $out/$1.log names" || return
	}
	llvm-profdata-14 merge -sparse "$out/$1.profraw" -o "$out/$1.profdata" || return
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
status=0
for target in $targets; do
	{ fuzz "$target" && reached "$target"; } || status=1
done
exit $status
