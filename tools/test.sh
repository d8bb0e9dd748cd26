#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs and builds what is missing, and runs the tests: all parts, or those that are named. The last line is "N passed, N failed"; the
# exit status is 0 only if something passed and nothing failed.
#
#   tools/test.sh [PART]...
#   tools/test.sh --help
#
#   unit        the unit tests and the replays of the corpora, in the release build and in the sanitizer build
#   e2e         the release binary against servers, over TLS
#   asan        the same tests with the sanitizer build
#   oracle      everything that a user sees, beside the recordings of an earlier program; needs root
#   names       the release binary in a network of the tests' own: name servers, search lists, dead addresses; needs root
#   trust       every chain of tests/certs/verdicts.h over TLS, beside openssl verify, and servers that lie; uses both builds
#   judges      answers of servers and texts in JSON from the suites of other projects, which are downloaded; uses both builds
#   sandbox     a worker that attacks, and the order of the worker's stages under strace; uses the release build
#   interop     SDKs and servers of other people: the short form of tests/interop/run.sh
#   sim         a fleet, and a year of the supervisor, in simulated time
#   chaos       kills, stops, faults and a full disk at random, for STS_CHAOS_SECONDS (60)
#   container   the image of Dockerfile.scratch and the example Pods, with buildah and podman; needs root
#   fuzz        every libFuzzer target for STS_FUZZ_SECONDS (4), the verifier for twice as long
#   build       the binary: static PIE, hardening, size, the same bytes from another folder
#   style       the sources as text: format, licence lines, sizes, the order of the folders, tables and pages
set -u
umask 022
cd "$(dirname "$0")/.."
top=$PWD

usage() { # the comment above
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/test.sh
}

parts="unit e2e asan oracle names trust judges sandbox interop sim chaos container fuzz build style"
for part in "$@"; do
	case " $parts --help " in
	*" $part "*)	;;
	*)		echo "tools/test.sh: $part is not a part: $parts" >&2; exit 64 ;;
	esac
	[ "$part" != --help ] || { usage; exit; }
done
wanted=${*:-$parts}
# The Python of the distribution is preferred, since tools/setup.sh installs the venv module for it.
python=/usr/bin/python3
[ -x $python ] || python=python3
fuzz_seconds=${STS_FUZZ_SECONDS:-4}

work=$(mktemp -d "${TMPDIR:-/tmp}/sts-test.XXXXXX") || exit 70
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
passed=0 failed=0 skipped=0
: >"$work/costs"

wants() { # part...: whether one of them is wanted
	for part in "$@"; do
		case " $wanted " in *" $part "*) return 0 ;; esac
	done
	return 1
}

count() { # passed failed skipped
	passed=$((passed + ${1:-0})) failed=$((failed + ${2:-0})) skipped=$((skipped + ${3:-0}))
}

finish() {
	echo
	echo "seconds  part"
	cat "$work/costs"
	[ "$skipped" = 0 ] || echo "$skipped skipped"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
	exit
}

timed() { # name command...: runs it, and notes its seconds for the table
	name=$1; shift
	echo "== $name"
	from=$(date +%s)
	"$@"
	status=$?
	printf '%7d  %s\n' "$(($(date +%s) - from))" "$name" >>"$work/costs"
	return $status
}

must() { # name command...: if it fails, the whole run ends as failed
	timed "$@" && return
	echo "tools/test.sh: $1 failed" >&2
	count 0 1 0
	finish
}

tally() { # kind file: adds the results of a report; a report that is missing or without a test is one failure
	if [ -s "$2" ] && counts=$($python tools/tally.py "$1" "$2") && [ "$counts" != "0 0 0" ]; then
		# shellcheck disable=SC2086 # three numbers
		count $counts
		return
	fi
	echo "tools/test.sh: no test in the report $2" >&2
	count 0 1 0
}

packages() { # installs the Debian packages
	tools/setup.sh test && return
	[ "$(id -u)" != 0 ] || echo "tools/test.sh: Debian packages are missing, and apt could not install them: is there no network?" >&2
	return 1
}

venv() {
	[ ! -x .venv/bin/pytest ] || ! cmp -s tests/requirements.txt .venv/requirements.txt || return 0
	rm -rf .venv
	$python -m venv .venv || return
	if .venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt >"$work/pip.log" 2>&1; then
		cp tests/requirements.txt .venv/requirements.txt
	elif grep -Eq 'Connection|Temporary failure|timed out|Network is unreachable|Could not fetch URL' "$work/pip.log"; then
		echo "tools/test.sh: pip cannot reach the registry of Python packages; only what needs none of them runs" >&2
		false
	else
		cat "$work/pip.log" >&2
		false
	fi
}

without_packages() { # counts a failure, and goes on with the parts that need no Python package
	count 0 1 0
	wants unit fuzz || finish
	wanted=$(for part in unit fuzz; do ! wants $part || echo $part; done | tr '\n' ' ')
}

meson_tests() { # build folder
	rm -f "$1/meson-logs/testlog.json"
	meson test --no-rebuild -C "$1" --print-errorlogs --quiet
	# If a signal has ended it, the report is not of all tests.
	[ $? -lt 128 ] || rm -f "$1/meson-logs/testlog.json"
	tally meson "$1/meson-logs/testlog.json"
}

whole() { # status name: removes a report that is not of all tests: 0 and 1 are verdicts of pytest, anything else means that it ended early
	[ "$1" -le 1 ] || rm -f "$work/$2.xml"
	return "$1"
}

pytest() { # name folder binary [option...]: its report is in $work
	report=$1 folder=$2 binary=$3
	shift 3
	STS_SIDECAR=$binary .venv/bin/pytest -q -p no:cacheprovider --tb=short --junitxml="$work/$report.xml" "$@" "$folder"
	whole $? "$report"
}

pytest_part() { # name folder [binary [option...]]
	part=$1 folder=$2 binary=${3:-}
	shift 2
	[ $# = 0 ] || shift
	pytest "$part" "$folder" "$binary" "$@"
	tally junit "$work/$part.xml"
}

# The tests run with both builds at the same time, since they wait more than they compute.
both() { # what suffix folder option...
	what=$1 suffix=$2 folder=$3
	shift 3
	if wants e2e asan; then
		! wants e2e || timed "$what: release" pytest "e2e$suffix" "$folder" "$top/build/sts-sidecar" "$@" >"$work/e2e$suffix.log" 2>&1 &
		! wants asan || timed "$what: sanitizers" pytest "asan$suffix" "$folder" "$top/build-asan/sts-sidecar" "$@" >"$work/asan$suffix.log" 2>&1 &
		wait
	fi
	for part in e2e asan; do
		wants $part || continue
		cat "$work/$part$suffix.log"
		tally junit "$work/$part$suffix.xml"
	done
}

end_to_end() {
	both e2e "" tests/e2e -m "not slow and not alone" -n 2
	both protocols -protocols tests/protocols
	both "slow ones" -slow tests/e2e -m slow -n 6
	! wants e2e || timed "told to stop" pytest_part alone tests/e2e "$top/build/sts-sidecar" -m alone
}

sim() {
	pytest_part fleet tests/fleet "$top/build/sts-sidecar"
	pytest_part soak tests/soak "$top/build/sts-sidecar" -n 2
}

chaos() { # binary: leaves its verdict, pass or fail, in $work
	if .venv/bin/python tests/chaos/chaos.py --binary "$1" --seconds "${STS_CHAOS_SECONDS:-60}"; then
		echo pass >"$work/chaos.verdict"
	else
		echo fail >"$work/chaos.verdict"
	fi
}

chaos_joined() { # adds the result of a run that was beside others and has ended
	cat "$work/chaos.log"
	if [ "$(cat "$work/chaos.verdict" 2>/dev/null)" = pass ]; then count 1 0 0; else count 0 1 0; fi
}

interop() { # the last line of what it prints has the counts
	tests/interop/run.sh short | tee "$work/interop.log"
	counts=$(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$work/interop.log")
	[ "$counts" != "0 0" ] || counts=
	# shellcheck disable=SC2086 # two numbers
	count ${counts:-0 1}
}

judges() { # downloads their suites
	if .venv/bin/python tests/judges/fetch.py >/dev/null; then
		pytest_part judges tests/judges
	else
		count 0 1 0
	fi
}

container() { # builds the image from Dockerfile.scratch, and runs it and the example Pods
	tests/container/run.sh --junitxml="$work/container.xml" -q --tb=short
	whole $? container
}

joined() { # part: adds the results of a part that ran beside others and has ended
	cat "$work/$1.log"
	tally junit "$work/$1.xml"
}

fuzz_one() { # target: leaves its verdict, pass or fail, in $work
	name=$(basename "$1")
	corpus=$work/corpus-$name
	mkdir -p "$corpus" "build-asan/findings"
	if ! cp "tests/fuzz/corpus/${name#fuzz_}"/* "$corpus/" 2>/dev/null; then
		echo "-- $name: there is no corpus tests/fuzz/corpus/${name#fuzz_}"
		echo fail >"$work/$name.fuzzed"
		return
	fi
	seconds=$fuzz_seconds
	[ "$name" != fuzz_verifier ] || seconds=$((2 * seconds))
	if "$1" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -artifact_prefix="build-asan/findings/$name-" \
		"$corpus" >"$work/$name.log" 2>&1; then
		echo pass >"$work/$name.fuzzed"
	else
		echo "-- $name: the input is in build-asan/findings/"
		tail -n 40 "$work/$name.log"
		echo fail >"$work/$name.fuzzed"
	fi
}

fuzz() { # runs as many targets at a time as there are processors
	jobs=$(nproc)
	running=0 pids=
	# shellcheck disable=SC2086 # a list of numbers: the container tests run beside and are waited for later
	for target in build-asan/tests/fuzz_*; do
		[ -f "$target" ] && [ -x "$target" ] || continue
		fuzz_one "$target" &
		running=$((running + 1)) pids="$pids $!"
		[ $((running % jobs)) != 0 ] && { wait $pids; pids=; }
	done
	[ -z "$pids" ] || wait $pids
	[ $running != 0 ] || { echo "-- there is no fuzz target in build-asan/tests"; count 0 1 0; }
	# A target that ended without a verdict has failed, too.
	good=$(cat "$work"/*.fuzzed 2>/dev/null | grep -c pass)
	count "$good" $((running - good)) 0
}

PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
must setup packages
! wants unit e2e asan oracle names trust judges sandbox interop sim chaos container build || must "build: release" tools/build.sh
! wants unit || timed "unit: release" meson_tests build
! wants unit asan trust judges fuzz || must "build: sanitizers" tools/build.sh --sanitize
! wants unit || timed "unit: sanitizers" meson_tests build-asan
# The steps above need only packages of Debian; those below need Python packages.
! wants e2e asan oracle names trust judges sandbox sim chaos container build style || timed "python packages" venv || without_packages
end_to_end
# The parts with an & wait more than they compute, so they run beside others. Each writes its own log and report.
! wants names || timed "names" pytest names tests/names "$top/build/sts-sidecar" >"$work/names.log" 2>&1 &
! wants oracle || timed "oracle" pytest_part oracle tests/oracle "$top/build/sts-sidecar"
wait
! wants names || joined names
! wants container || timed "container" container >"$work/container.log" 2>&1 &
! wants trust || timed "trust" pytest_part trust tests/trust "$top/build/sts-sidecar"
! wants judges || timed "judges" judges
! wants sandbox || timed "sandbox" pytest_part sandbox tests/sandbox "$top/build/sts-sidecar" -n 6
! wants sim || timed "sim" sim
! wants interop || timed "interop" interop
! wants chaos || timed "chaos" chaos "$top/build/sts-sidecar" >"$work/chaos.log" 2>&1 &
! wants fuzz || timed "fuzz" fuzz
! wants build || timed "build checks" pytest_part build tests/build
! wants style || timed "style" pytest_part style tests/hygiene
wait
! wants chaos || chaos_joined
! wants container || joined container
finish
