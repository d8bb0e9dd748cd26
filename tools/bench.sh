#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures the program beside its peers, and writes docs/benchmarks.md, docs/benchmarks.json and the plots of that page.
#
#   tools/bench.sh [--short] [--page] [PART]...
#
#   memory   what one more instance costs, in a memory cgroup and slab by slab; needs root
#   times    from exec to token: CPU, wall time, round trips; with an empty page cache, if it is run by root
#   rest     between two tokens: CPU, wake-ups, system calls, requests, log; torn reads; the time to exit; sizes, also of the images that tools/image.sh has built; needs root
#
# With --short (few rounds) or the name of a part, the results go to build/bench/ and the page stays as it is, unless --page is given. The whole takes about 15 minutes on 2 processors; nothing
# else should run meanwhile. It needs Go, curl, jq and openssl. STS_OPENUNISON_CLI names a binary of openunison-cli, which is then a peer as well.
set -eu
umask 022
cd "$(dirname "$0")/.."

usage() {
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tools/bench.sh
}

for argument in "$@"; do
	case $argument in
	--help)	usage; exit ;;
	--short|--page|memory|times|rest) ;;
	*)	echo "tools/bench.sh: $argument is not an argument: it takes --short, --page, memory, times and rest" >&2; exit 64 ;;
	esac
done
for program in go curl jq openssl; do
	command -v $program >/dev/null || { echo "tools/bench.sh: $program is not there; Debian has it (Go is in the package golang-go)" >&2; exit 69; }
done
tools/build.sh --target sts-sidecar
python=/usr/bin/python3
[ -x $python ] || python=python3
if ! cmp -s tests/bench/requirements.txt build/bench-venv/requirements.txt; then
	rm -rf build/bench-venv
	$python -m venv build/bench-venv
	build/bench-venv/bin/pip install -q --disable-pip-version-check -r tests/bench/requirements.txt
	cp tests/bench/requirements.txt build/bench-venv/
fi
exec build/bench-venv/bin/python tests/bench/bench.py "$@"
