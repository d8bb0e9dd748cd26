#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the program in a real Kubernetes of one node, as root:
#   tests/cluster/run.sh [--build] [--all] [--image LAYOUT] [--jobs N] [PYTEST_ARGUMENT]...
# --build only fills the cache. --image takes the image of an OCI layout of tools/image.sh, and not one that is made of the program built here.
# --all adds the tests that have the mark `more`, which README.md names. An argument of pytest chooses some of all tests.
# --jobs is the number of clusters that share the tests: four, and one where an argument of pytest chooses some.
# The first run builds the API server, the controller manager, the kubelet, kubectl and helm with Go, and unpacks etcd, containerd and runc of Debian. They
# stay in $STS_CLUSTER_CACHE (default ~/.cache/sts-sidecar-cluster). Prints a line for each test; the last line is "N passed, N failed".
# Each cluster has mounts, processes, addresses and cgroups of its own (worker.sh), which are gone when this ends.
set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
cd "$top" || exit 70
[ "$(id -u)" = 0 ] || { echo "tests/cluster/run.sh: needs root" >&2; exit 69; }

version=$(sed -n 's|^require k8s.io/kubernetes v||p' "$here/go/go.mod")
commands="kube-apiserver kube-controller-manager kubelet kubectl"
packages="etcd-server containerd runc containernetworking-plugins busybox-static"
cache=${STS_CLUSTER_CACHE:-${HOME:-/tmp}/.cache/sts-sidecar-cluster}
digest=$(cat "$here/go/go.mod" "$here/go/go.sum" | sha256sum | cut -c1-16)
programs=$cache/$version-$digest
helm=$cache/helm-$(cat "$here/helm/go.mod" "$here/helm/go.sum" | sha256sum | cut -c1-16)
venv=$cache/venv-$(sha256sum "$top/tests/requirements.txt" | cut -c1-16)

build=false jobs= all=false
while [ $# -gt 0 ]; do
	case $1 in
	--build)	build=true; shift ;;
	--all)		all=true; shift ;;
	--image)	STS_CLUSTER_IMAGE=$(cd "${2:-}" && pwd) || exit 64; export STS_CLUSTER_IMAGE; shift 2 ;;
	--jobs)		jobs=${2:-}; shift 2 ;;
	*)		break ;;
	esac
done

fail() {
	echo "tests/cluster/run.sh: $*" >&2
	exit 69
}

build_commands() {
	mkdir -p "$programs/bin"
	for name in $commands; do
		[ ! -x "$programs/bin/$name" ] || continue
		echo "building $name $version (the first one takes up to half an hour)" >&2
		about=k8s.io/component-base/version
		(cd "$here/go" && CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-p=2 -mod=readonly" nice go build -trimpath \
			-ldflags "-s -w -X $about.gitVersion=v$version -X $about.gitMajor=1 -X $about.gitMinor=$(echo "$version" | cut -d. -f2)" \
			-o "$programs/bin/$name.new" "k8s.io/kubernetes/cmd/$name") && mv "$programs/bin/$name.new" "$programs/bin/$name" || return 1
	done
}

build_helm() {
	[ ! -x "$helm" ] || return 0
	echo "building helm (up to ten minutes)" >&2
	(cd "$here/helm" && CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-p=2 -mod=readonly" nice go build -trimpath -ldflags "-s -w" \
		-o "$helm.new" helm.sh/helm/v4/cmd/helm) && mv "$helm.new" "$helm"
}

unpack_packages() {
	[ ! -f "$programs/debian/done" ] || return 0
	rm -rf "$programs/debian" "$programs/debs"
	mkdir -p "$programs/debian" "$programs/debs"
	# shellcheck disable=SC2086 # a list of words
	(cd "$programs/debs" && apt-get download -qq $packages) || return 1
	for package in "$programs/debs"/*.deb; do
		dpkg -x "$package" "$programs/debian" || return 1
	done
	rm -rf "$programs/debs"
	touch "$programs/debian/done"
}

make_venv() {
	[ ! -f "$venv/done" ] || return 0
	rm -rf "$venv"
	python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$top/tests/requirements.txt" && touch "$venv/done"
}

unpack_packages || fail "the Debian packages $packages cannot be had"
build_commands || fail "Kubernetes $version does not build"
build_helm || fail "helm does not build"
make_venv || fail "the packages of tests/requirements.txt cannot be had"
"$venv/bin/python" tests/monitoring/fetch.py >/dev/null || fail "the CRDs of the Prometheus operator cannot be had"
kyverno=$(cd "$here/kyverno" && GOTOOLCHAIN=local GOFLAGS=-mod=readonly go mod download -json github.com/kyverno/kyverno | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
[ -d "$kyverno" ] || fail "the CRDs of Kyverno cannot be had"
! $build || exit 0
[ -n "${STS_SIDECAR:-}" ] || tools/build.sh --target sts-sidecar --target tests/mock-sts || exit 70

work=$(mktemp -d "${TMPDIR:-/tmp}/sts-cluster.XXXXXX") || exit 70
chmod 0755 "$work"
cgroup=$(basename "$work")
remove_cgroups() { # the kubelets', which are empty when their processes are gone
	find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} + 2>/dev/null
}
trap 'remove_cgroups; rm -rf "$work"' EXIT
pytest=
# A worker has noted its number. Otherwise it would end its test first.
trap '[ -z "$pytest" ] || kill -9 "$pytest" $(cat "$work"/*.pid 2>/dev/null); exit 130' HUP INT TERM

# The folders below have commands of their own.
if [ $# = 0 ]; then
	jobs=${jobs:-4}
	set -- tests/cluster/test_*.py
	$all || set -- -m "not more" "$@"
fi
STS_CLUSTER_OUTSIDE=$(readlink /proc/self/ns/net) \
	STS_CLUSTER_PROGRAMS=$programs STS_CLUSTER_HELM=$helm STS_CLUSTER_KYVERNO=$kyverno STS_CLUSTER_CGROUP=/$cgroup STS_CLUSTER_PYTHON=$venv/bin/python PYTHONDONTWRITEBYTECODE=1 TMPDIR=$work \
	"$venv/bin/pytest" -v -p no:cacheprovider --tb=short --basetemp="$work/pytest" --junitxml="$work/result.xml" \
	--dist=loadscope --tx="${jobs:-1}*popen//python=$here/worker.sh" "$@" &
pytest=$!
wait $pytest
status=$?
pytest=
# 0 and 1 are verdicts of pytest, anything else means that it ended early, and that the report is not of all tests.
[ $status -le 1 ] || { echo "tests/cluster/run.sh: pytest ended with $status" >&2; exit 70; }
counts=$(python3 "$top/tools/tally.py" junit "$work/result.xml") || exit 70
# shellcheck disable=SC2086 # $counts is three numbers
set -- $counts
[ "$3" = 0 ] || echo "$3 skipped"
echo "$1 passed, $2 failed"
[ "$2" = 0 ] && [ "$1" != 0 ]
