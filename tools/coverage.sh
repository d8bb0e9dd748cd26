#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Counts which lines and branches of lib/ and sidecar/ the tests run: the unit tests, the tests of the store, the corpora of the fuzz targets,
# the simulations, BoGo and the lying server of tests/tls, and the end-to-end tests with every process of the program. It prints a table with a
# row for each folder, and fails if a folder is below its limit, or if tests/coverage/uncovered.toml does not describe the lines that no test
# runs. Each line of lib/tls and lib/trust has to run.
#
#   tools/coverage.sh              everything
#   tools/coverage.sh PART...      only these parts: unit fuzz sim e2e protocols trust names tls. What an earlier run of the same build has counted still counts
#   tools/coverage.sh report       counts nothing, and makes the table of what was counted before
#   tools/coverage.sh --help
#
# build-coverage/uncovered.txt then has the lines that no test runs.
set -u
umask 022
cd "$(dirname "$0")/.." || exit 70
top=$PWD parts='unit fuzz sim e2e protocols trust names tls'
build=$top/build-coverage

for part in "$@"; do
	case " $parts report " in
	*" $part "*)	;;
	*)
		if [ "$part" = --help ]; then
			sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/coverage.sh
			exit
		fi
		echo "tools/coverage.sh: $part is not a part: $parts report" >&2
		exit 64 ;;
	esac
done

# Some tests run the program as another user, so every user may write into the profiles.
begin() { # all: what earlier runs have counted is removed; some: it is kept, unless another build has counted it
	if [ "$1" = all ]; then
		rm -f "$build"/profiles/*
	else
		find "$build/profiles" -type f ! -newer "$build/sts-sidecar" -delete
	fi
	chmod 777 "$build/profiles"
	"$build/sts-sidecar" --version >/dev/null
	chmod 666 "$build"/profiles/*
}

# Each process has a profile of its own. %m is the same for two programs of the same size, of which only the first would be counted, and %p is the same for two processes once the
# numbers of processes have begun anew, of which only the last would be counted.
suite() { # name: of Meson
	LLVM_PROFILE_FILE=$build/profiles/$1-%p-%m%c.profraw meson test --no-rebuild -C "$build" --quiet --suite "$1"
}

pytest() { # folder [option...]
	STS_SIDECAR=$build/sts-sidecar .venv/bin/pytest -q -o cache_dir="$build/pytest-cache" --tb=short -n 2 "$@"
}

# A test may fail here because this program is slower. A real failure also shows in tools/test.sh, so a test that fails here is no error.
run() { # part
	echo "== $1"
	case $1 in
	unit)		suite unit; suite store ;;
	fuzz)		suite fuzz ;;
	sim)		pytest tests/soak tests/fleet ;;
	e2e)		pytest tests/e2e -m "not alone" ;;
	protocols)	pytest tests/protocols ;;
	trust)		pytest tests/trust ;;
	names)		pytest tests/names ;;
	tls)		STS_BOGO_SHIM=$build/tests/bogo-shim tests/tls/bogo/run.sh; .venv/bin/python tests/tls/liar/run.py --client "$build/tests/tls-client" ;;
	esac || echo "-- not everything passed in $1"
}

if [ "$*" != report ]; then
	[ -x .venv/bin/pytest ] || { echo "tools/coverage.sh: there is no .venv/bin/pytest, which tools/test.sh installs" >&2; exit 69; }
	tools/build.sh --coverage || exit
	if [ $# = 0 ]; then begin all; else begin some; fi
	# shellcheck disable=SC2086 # a list of words
	[ $# != 0 ] || set -- $parts
	for part in "$@"; do
		run "$part"
	done
fi
exec python3 tests/coverage/report.py
