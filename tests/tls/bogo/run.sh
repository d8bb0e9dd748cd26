#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs BoGo, the runner of BoringSSL's tests, against the TLS client in the build with the sanitizers. It fetches and builds what is missing.
# README.md explains what is judged. The last line is "N passed, N failed".
#
#   tests/tls/bogo/run.sh
#   tests/tls/bogo/run.sh --only 'PATTERN;...'   runs some tests and prints what they did; this is never a pass
#   tests/tls/bogo/run.sh --help
#
# STS_BOGO_SHIM names a shim that is built already, such as build-msan/tests/bogo-shim.
set -eu
umask 022
cd "$(dirname "$0")/../../.."
top=$PWD

case ${1:-} in
--help)	sed -n '3,/^[^#]/s/^# \{0,1\}//p' tests/tls/bogo/run.sh; exit ;;
esac
command -v go >/dev/null || { echo "tests/tls/bogo/run.sh: Go is missing: tools/setup.sh test installs it" >&2; exit 69; }
if [ -z "${STS_BOGO_SHIM:-}" ]; then
	tools/build.sh --sanitize --target tests/bogo-shim
	STS_BOGO_SHIM=$top/build-asan/tests/bogo-shim
	export STS_BOGO_SHIM
fi
tools/deps.sh bogo
runner=$top/subprojects/bogo/runner
if [ ! -x "$runner" ]; then
	# The versions of the modules and their digests are those of the package's go.mod and go.sum.
	(cd subprojects/bogo && HOME=${HOME:-/tmp} GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0 go test -c -o "$runner.new" ./ssl/test/runner) ||
		{ echo "tests/tls/bogo/run.sh: the runner could not be built" >&2; exit 69; }
	mv "$runner.new" "$runner"
fi
exec python3 -B tests/tls/bogo/judge.py --runner "$runner" --shim "$STS_BOGO_SHIM" "$@"
