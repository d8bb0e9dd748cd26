#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs and builds what is missing, and runs the tests: all parts, or those that are named. The last line is "N passed, N failed"; the
# exit status is 0 only if something passed and nothing failed. Without a name, the parts asan and sim are shortened.
#
#   tools/test.sh [PART]...
#   tools/test.sh --help
#
#   unit        the unit tests and the replays of the corpora, in the release build and in the sanitizer build
#   e2e         the release binary against servers, over TLS
#   asan        the same tests with the sanitizer build, without those of the mock STS itself; shortened, without the slow ones
#   oracle      everything that a user sees, beside the recordings of an earlier program; needs root
#   failures    failures of every kind in Pods of their own, and what the program says of them: the short form of tests/failures/run.py; needs root
#   names       the release binary in a network of the tests' own: name servers, search lists, dead addresses; needs root
#   trust       every chain of tests/certs/verdicts.h over TLS, beside openssl verify, and servers that lie; uses both builds
#   tls         the TLS client against BoGo, the runner of BoringSSL's tests, and a server that lies, with the sanitizers; against OpenSSL's
#               and Go's servers; and with Wycheproof's vectors in both builds; numbers of its unit tests, which Python's cryptography
#               calculates again; BoGo and the vectors are downloaded
#   judges      answers of servers, texts in JSON and signatures of tokens from the suites of other projects, which are downloaded; uses both builds
#   sandbox     a worker that attacks, and the order of the worker's stages under strace; uses the release build
#   interop     SDKs and servers of other people: the short form of tests/interop/run.sh
#   monitoring  the alerts and the dashboard of deploy/monitoring with promtool and Prometheus, which are downloaded, and sidecars that they scrape
#   sim         a fleet, a year of the supervisor and all chains of exchanges, in simulated time; shortened, one random year and fewer chains
#   chaos       kills, stops, faults and a full disk at random, for STS_CHAOS_SECONDS (60)
#   deploy      the manifests of deploy/: their schemas, what kustomize makes of them, and the admission policies by the API server's own library, which
#               Go downloads and builds
#   container   the image of Dockerfile.scratch for x86-64 and the example Pods, with buildah and podman (the short form of tests/container/run.sh); needs root
#   fuzz        every libFuzzer target for STS_FUZZ_SECONDS (1), the verifier for twice as long
#   build       the binary: static PIE, hardening, size, the same bytes from another folder; beside the part container, which builds it in
#               an image, that image is the other folder
#   docs        the code blocks of README.md and docs/, and the recording of a terminal; uses the release binary; needs root
#   analysis    the sources with shellcheck, codespell and cppcheck; tools/analyse.sh has more tools
#   style       the sources as text: format, licence lines, sizes, the order of the folders, tables and pages
set -u
umask 022
cd "$(dirname "$0")/.." || exit 70
top=$PWD

usage() { # the comment above
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/test.sh
}

parts="unit e2e asan oracle names failures trust tls judges sandbox interop monitoring sim chaos deploy container fuzz build docs analysis style"
for part in "$@"; do
	case " $parts --help " in
	*" $part "*)	;;
	*)		echo "tools/test.sh: $part is not a part: $parts" >&2; exit 64 ;;
	esac
	[ "$part" != --help ] || { usage; exit; }
done
wanted=${*:-$parts}
shortened=
[ $# != 0 ] || shortened=yes
# The Python of the distribution is preferred, since tools/setup.sh installs the venv module for it.
python=/usr/bin/python3
[ -x $python ] || python=python3
fuzz_seconds=${STS_FUZZ_SECONDS:-1}

work=$(mktemp -d "${TMPDIR:-/tmp}/sts-test.XXXXXX") || exit 70
trap 'rm -rf "$work"; [ -z "$queues" ] || kill $queues 2>/dev/null' EXIT
trap 'exit 130' HUP INT TERM
queues=
: >"$work/costs"
: >"$work/counts"
: >"$work/failures"
part_log=- part_name="the whole run"

wants() { # part...: whether one of them is wanted
	for part in "$@"; do
		case " $wanted " in *" $part "*) return 0 ;; esac
	done
	return 1
}

count() { # passed failed skipped: parts run at the same time, so it is noted in a file
	echo "${1:-0} ${2:-0} ${3:-0}" >>"$work/counts"
	[ "${2:-0}" = 0 ] || echo "${part_log##*/} $part_name" >>"$work/failures"
}

failures_again() { # shows the end of what each part with a failure has said once more: a reader of a long log sees its end first
	sort -u "$work/failures" | while read -r log name; do
		echo
		echo "== a part with a failure: $name"
		[ ! -s "$work/$log" ] || tail -n 40 "$work/$log"
	done
}

finish() {
	failures_again
	echo
	echo "seconds  processors  part"
	cat "$work/costs"
	# shellcheck disable=SC2046 # three numbers
	set -- $(awk '{ passed += $1; failed += $2; skipped += $3 } END { print passed + 0, failed + 0, skipped + 0 }' "$work/counts")
	passed=$1 failed=$2 skipped=$3
	[ "$skipped" = 0 ] || echo "$skipped skipped"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
	exit
}

timed() { # name command...: runs it, prints what it said as one piece when it has ended, and notes its seconds, and those of the processors
	name=$1; shift
	log=$(mktemp "$work/log.XXXXXX")
	part_log=$log part_name=$name
	from=$(date +%s)
	("$@"; status=$?; times >"$log.times"; exit $status) >"$log" 2>&1
	status=$?
	spent=$(tr 'ms\n' '   ' <"$log.times" 2>/dev/null | awk '{ print int(60 * ($5 + $7) + $6 + $8) }') # the second line, of the children: 0m0.00s 0m0.00s
	printf '%7d  %10d  %s\n' "$(($(date +%s) - from))" "${spent:-0}" "$name" >>"$work/costs"
	{ echo "== $name"; cat "$log"; } | flock "$work/costs" cat
	return $status
}

queue() { # name: runs the parts of the function with this name, beside whatever else runs
	{ "$1"; : >"$work/$1.ended"; } &
	queues="$queues $!"
}

joined() { # name...: waits for the queues. One that has ended early is a failure.
	# shellcheck disable=SC2086 # a list of numbers
	wait $queues
	queues=
	for queue in "$@"; do
		[ ! -e "$work/$queue.ended" ] || continue
		echo "tools/test.sh: the parts of the queue $queue have ended early" >&2
		part_log=- part_name="the queue $queue has ended early"
		count 0 1 0
	done
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
		set -- $counts
		# A test that has failed, and is left out when it runs alone, has failed.
		[ -z "$alone" ] || set -- "$1" $(($2 + $3)) 0
		count "$@"
		return
	fi
	echo "tools/test.sh: no test in the report $2" >&2
	count 0 1 0
}

packages() { # installs the Debian packages; without those for containers, only the container tests fail
	! wants container || tools/setup.sh container
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
	part_log=- part_name="python packages"
	count 0 1 0
	wants unit fuzz || finish
	wanted=$(for part in unit fuzz; do ! wants "$part" || echo "$part"; done | tr '\n' ' ')
}

meson_tests() { # build folder
	rm -f "$1/meson-logs/testlog.json"
	$low meson test --no-rebuild -C "$1" --print-errorlogs --quiet
	# If a signal has ended it, the report is not of all tests.
	[ $? -lt 128 ] || rm -f "$1/meson-logs/testlog.json"
	# shellcheck disable=SC2046 # three numbers
	set -- "$1" $($python tools/tally.py meson "$1/meson-logs/testlog.json" 2>/dev/null)
	if a_few "${3:-0}"; then
		count "$2" 0 "$4"
		cp "$1/meson-logs/testlog.json" "$work/$1.first"
		{ echo "$3"; echo "$1"; $python tools/tally.py failed "$work/$1.first"; } >"$work/unit tests of $1.units"
		return
	fi
	tally meson "$1/meson-logs/testlog.json"
}

units_again() { # build folder, program...
	folder=$1
	shift
	rm -f "$folder/meson-logs/testlog.json"
	meson test --no-rebuild -C "$folder" --print-errorlogs --num-processes 1 "$@"
	# Meson exits with 0, too, where it finds no such program, and where the tests are left out.
	$python tools/tally.py mended "$work/$folder.first" "$folder/meson-logs/testlog.json"
}

whole() { # status name: removes a report that is not of all tests: 0 and 1 are verdicts of pytest, anything else means that it ended early
	[ "$1" -le 1 ] || rm -f "$work/$2.xml"
	return "$1"
}

pytest() { # name folder binary [option...]: its report is in $work
	report=$1 folder=$2 binary=$3
	shift 3
	STS_SIDECAR=$binary $low .venv/bin/pytest -q -o cache_dir="$work/$report.cache" --tb=short --junitxml="$work/$report.xml" "$@" "$folder"
	whole $? "$report"
}

pytest_part() { # name folder [binary [option...]]
	part=$1 folder=$2 binary=${3:-}
	shift 2
	[ $# = 0 ] || shift
	pytest "$part" "$folder" "$binary" "$@"
	if few_failed "$part"; then
		cp "$work/$part.xml" "$work/$part.first"
		printf '%s\n' "$folder" "$binary" "$@" >"$work/$part.again"
		return
	fi
	tally junit "$work/$part.xml"
	# A test that has failed, and has another name or is not there when it runs alone, has failed.
	[ -z "$alone" ] || count 0 "$($python tools/tally.py gone "$work/$part.first" "$work/$part.xml")" 0
}

# Many tests measure times, and a busy machine can be too slow for one of them. So where at most a few tests of a part have failed, they run
# once more at the end, when nothing runs beside them, and only this second result counts. Where more have failed, the machine is not the cause.
few=3 alone=
a_few() { # failures
	[ "$1" != 0 ] && [ "$1" -le "$few" ] && [ -z "$alone" ]
}

few_failed() { # part: succeeds if some tests of the part have failed, but only a few; it counts those that have not failed
	# shellcheck disable=SC2046 # three numbers
	set -- "$1" $($python tools/tally.py junit "$work/$1.xml" 2>/dev/null)
	a_few "${3:-0}" && count "$2" 0 "$4"
}

again() { # runs what has failed once more
	alone=yes
	for list in "$work"/*.again; do
		[ -e "$list" ] || continue
		part=$(basename "$list" .again)
		# The file has the folder, the binary and the options, each on a line. The cache has what failed.
		(
			IFS='
'
			set -f
			# shellcheck disable=SC2046 # a line is a word
			set -- $(sed 's/^$/-/' "$list")
			unset IFS
			folder=$1 binary=${2#-}
			shift 2
			timed "once more: $part" pytest_part "$part" "$folder" "$binary" "$@" -n 0 --last-failed --last-failed-no-failures none -v
		)
	done
	for list in "$work"/*.units "$work"/*.command; do
		[ -e "$list" ] || continue
		part=$(basename "$list")
		# The file has the number of failures, and the words after units_again or counted_again, each on a line.
		(
			IFS='
'
			set -f
			# shellcheck disable=SC2046 # a line is a word
			set -- $(cat "$list")
			unset IFS
			failures=$1
			shift
			if [ "${list%.units}" != "$list" ]; then set -- units_again "$@"; else set -- counted_again "$@"; fi
			if timed "once more: ${part%.*}" "$@"; then count "$failures" 0 0; else count 0 "$failures" 0; fi
		)
	done
}

both() { # name marks option...: the end-to-end tests with these marks, with both builds at the same time
	what=$1 marks=$2
	shift 2
	! wants e2e || timed "$what: release" pytest_part "e2e $what" tests/e2e "$top/build/sts-sidecar" -m "$marks" "$@" &
	! wants asan || [ "$marks$shortened" = slowyes ] || timed "$what: sanitizers" pytest_part "asan $what" tests/e2e "$top/build-asan/sts-sidecar" -m "$marks" \
		--ignore tests/e2e/mock_sts "$@" &
	wait
}

protocols() {
	! wants e2e || timed "protocols: release" pytest_part "e2e protocols" tests/protocols "$top/build/sts-sidecar" &
	! wants asan || timed "protocols: sanitizers" pytest_part "asan protocols" tests/protocols "$top/build-asan/sts-sidecar" &
	wait
}

sim() {
	[ -z "$shortened" ] || { STS_SIM_SHORT=1; export STS_SIM_SHORT; }
	pytest_part fleet tests/fleet "$top/build/sts-sidecar"
	pytest_part soak tests/soak "$top/build/sts-sidecar" -n 2
}

chaos() { # binary
	if .venv/bin/python tests/chaos/chaos.py --binary "$1" --seconds "${STS_CHAOS_SECONDS:-60}"; then count 1 0 0; else count 0 1 0; fi
}

ended_well() { # name: did the command end with 0?
	[ "$(cat "$work/$1.status" 2>/dev/null)" = 0 ]
}

counted() { # name command...: the last line of what the command prints has the counts
	name=$1
	shift
	{ "$@"; echo $? >"$work/$name.status"; } | tee "$work/$name.log"
	counts=$(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$work/$name.log")
	[ "$counts" != "0 0" ] || counts=
	# A command that says that nothing failed, and fails then, has failed.
	[ "${counts#* }" != 0 ] || ended_well "$name" || counts=
	failures=${counts:-0 0}
	failures=${failures#* }
	if a_few "$failures"; then
		{ echo "$failures"; printf '%s\n' "$@"; } >"$work/$name.command"
		counts="${counts% *} 0"
	fi
	# shellcheck disable=SC2086 # two numbers
	count ${counts:-0 1}
}

counted_again() { # command...
	{ "$@"; echo $? >"$work/again.status"; } | tee "$work/again.log"
	ended_well again && sed -n '$p' "$work/again.log" | grep -Eq '^[1-9][0-9]* passed, 0 failed$'
}

tls() { # downloads BoGo
	counted bogo $low env "STS_BOGO_SHIM=$top/build-asan/tests/bogo-shim" tests/tls/bogo/run.sh
	counted liar $low .venv/bin/python tests/tls/liar/run.py --client build-asan/tests/tls-client
	counted peers $low .venv/bin/python tests/tls/peers/run.py short
	pytest_part "records of TLS" tests/tls/records
	pytest_part "P-256 and X25519" tests/tls/p256
}

wycheproof() { # downloads the vectors
	if tests/tls/wycheproof/fetch.py >/dev/null; then
		pytest_part wycheproof tests/tls/wycheproof "" -n 2
	else
		count 0 1 0
	fi
}

judges() { # downloads their suites
	if .venv/bin/python tests/judges/fetch.py >/dev/null && tests/judges/signatures/vectors.py >/dev/null; then
		pytest_part judges tests/judges
	else
		count 0 1 0
	fi
}

images() { # builds the image from Dockerfile.scratch, and those that stand in for an application
	$lower tests/container/run.sh --short --images
}

container() { # runs the image and the example Pods
	tests/container/run.sh --short --tests --junitxml="$work/container.xml" -q --tb=short
	whole $? container
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
	if $low "$1" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -artifact_prefix="build-asan/findings/$name-" \
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
	running=0
	for target in build-asan/tests/fuzz_*; do
		[ -f "$target" ] && [ -x "$target" ] || continue
		fuzz_one "$target" &
		running=$((running + 1))
		[ $((running % jobs)) != 0 ] || wait
	done
	wait
	[ "$running" != 0 ] || { echo "-- there is no fuzz target in build-asan/tests"; count 0 1 0; }
	# A target that ended without a verdict has failed, too.
	good=$(cat "$work"/*.fuzzed 2>/dev/null | grep -c pass)
	count "$good" $((running - good)) 0
}

containers() { # the images need neither our builds nor a Python package, so they are begun with the builds; the tests wait for both
	timed images images
	made=$?
	until [ -s "$work/ready" ]; do sleep 1; done
	wanted=$(cat "$work/ready")
	wants container || return 0
	[ "$made" != 0 ] || timed container container
	tally junit "$work/container.xml"
}

# What waits more than it computes.
waiting() {
	! wants e2e asan || both "slow ones" slow -n 6
	! wants failures || timed failures counted failures .venv/bin/python tests/failures/run.py --short
	! wants names || timed names pytest_part names tests/names "$top/build/sts-sidecar"
	! wants sandbox || timed sandbox pytest_part sandbox tests/sandbox "$top/build/sts-sidecar" -n 6
	! wants interop || timed interop counted interop tests/interop/run.sh short
	! wants monitoring || timed monitoring pytest_part monitoring tests/monitoring "$top/build/sts-sidecar"
	! wants chaos || timed chaos chaos "$top/build/sts-sidecar"
}

# What computes. It gets the time that the others leave, so that their waits stay as long as they are meant to be. Each part here keeps two
# processors busy.
computing() {
	low=$lower
	! wants unit || timed "unit: release" meson_tests build
	! wants unit || timed "unit: sanitizers" meson_tests build-asan
	! wants e2e asan || both e2e "not slow and not alone" -n 2
	! wants e2e asan || protocols
	! wants sim || timed sim sim
	! wants fuzz || timed fuzz fuzz
}

# What computes, too, but mostly with one processor. The build checks copy what the part tls downloads, so they come after it.
checking() {
	low=$lower
	! wants oracle || timed oracle pytest_part oracle tests/oracle "$top/build/sts-sidecar"
	! wants trust || timed trust pytest_part trust tests/trust "$top/build/sts-sidecar"
	! wants tls || timed tls tls
	! wants tls || timed wycheproof wycheproof
	! wants judges || timed judges judges
	! wants build || timed "build checks" pytest_part build tests/build "" $(! wants container || echo --deselect build/test_binary.py::test_the_same_bytes_in_another_folder)
	! wants deploy || timed deploy pytest_part deploy tests/deploy
	! wants docs || timed docs pytest_part docs tests/docs "$top/build/sts-sidecar"
	! wants analysis || timed analysis counted analysis $low tools/analyse.sh shellcheck codespell cppcheck
	! wants style || timed style pytest_part style tests/hygiene
}

PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
low= lower="nice -n 10"
must setup packages
! wants container || queue containers
installing=
if wants e2e asan oracle names failures trust tls judges sandbox monitoring sim chaos deploy container build docs style; then
	timed "python packages" venv &
	installing=$!
fi
! wants unit e2e asan oracle names failures trust tls judges sandbox interop monitoring sim chaos container build docs || must "build: release" tools/build.sh
! wants unit asan trust tls judges fuzz analysis || must "build: sanitizers" tools/build.sh --sanitize
# The steps above need only packages of Debian; most of those below need Python packages.
[ -z "$installing" ] || wait "$installing" || without_packages
echo "$wanted" >"$work/ready"
queue waiting
queue computing
queue checking
joined waiting computing checking $(! wants container || echo containers)
# Nothing runs beside these.
! wants e2e || timed "told to stop" pytest_part alone tests/e2e "$top/build/sts-sidecar" -m alone
again
finish
