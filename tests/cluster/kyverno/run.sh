#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds the cases of tests/cluster/cases/ against deploy/inject/kyverno, with Kyverno's own command line:
#   tests/cluster/kyverno/run.sh [--build] [PYTEST_ARGUMENT]...	--build only fills the cache
# The first run builds the command with Go (3,000 packages, up to 20 minutes). It stays in $STS_CLUSTER_CACHE (default ~/.cache/sts-sidecar-cluster).
set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
cache=${STS_CLUSTER_CACHE:-${HOME:-/tmp}/.cache/sts-sidecar-cluster}
kyverno=$cache/kyverno-$(cat "$here/go.mod" "$here/go.sum" | sha256sum | cut -c1-16)
venv=$cache/venv-$(sha256sum "$top/tests/requirements.txt" | cut -c1-16)

fail() {
	echo "tests/cluster/kyverno/run.sh: $*" >&2
	exit 69
}

mkdir -p "$cache" || fail "there is no place for the cache"
if [ ! -x "$kyverno" ]; then
	(cd "$here" && CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-p=2 -mod=readonly" nice go build -trimpath -gcflags="all=-N -l" -ldflags "-s -w" \
		-o "$kyverno.new" github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno) && mv "$kyverno.new" "$kyverno" || fail "Kyverno does not build"
fi
[ "${1:-}" != --build ] || exit 0
if [ ! -f "$venv/done" ]; then
	rm -rf "$venv"
	python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$top/tests/requirements.txt" && touch "$venv/done" ||
		fail "the packages of tests/requirements.txt cannot be had"
fi
PYTHONDONTWRITEBYTECODE=1 STS_KYVERNO=$kyverno exec "$venv/bin/pytest" -p no:cacheprovider --tb=short "$here" "$@"
