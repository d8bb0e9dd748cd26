#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the program in a real Kubernetes of one node, as root:
#   tests/cluster/run.sh [--build] [--image LAYOUT] [PYTEST_ARGUMENT]...
# --build only fills the cache. --image takes the image of an OCI layout of tools/image.sh, and not one that is made of the program built here.
# The first run builds the API server, the controller manager, the kubelet, kubectl and helm with Go, and unpacks etcd, containerd and runc of Debian. They
# stay in $STS_CLUSTER_CACHE (default ~/.cache/sts-sidecar-cluster). Prints a line for each test; the last line is "N passed, N failed".
# Everything runs among mounts, processes, addresses and cgroups of its own, which are gone when this ends.
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
[ "${1:-}" != --build ] || exit 0
if [ "${1:-}" = --image ]; then
	STS_CLUSTER_IMAGE=$(cd "${2:-}" && pwd) || exit 64
	export STS_CLUSTER_IMAGE
	shift 2
fi
[ -n "${STS_SIDECAR:-}" ] || tools/build.sh --target sts-sidecar --target tests/mock-sts || exit 70

work=$(mktemp -d "${TMPDIR:-/tmp}/sts-cluster.XXXXXX") || exit 70
chmod 0755 "$work"
cgroup=$(basename "$work")
remove_cgroups() { # the kubelet's, which are empty when its processes are gone
	find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} + 2>/dev/null
}
trap 'remove_cgroups; rm -rf "$work"' EXIT
namespaces=
trap '[ -z "$namespaces" ] || kill -9 "$namespaces"; exit 130' HUP INT TERM
# The root of the kubelet's cgroups: one of version 2, or one for each controller of version 1.
roots=/sys/fs/cgroup/*/
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || roots=/sys/fs/cgroup/
for root in $roots; do
	[ ! -e "$root/cgroup.procs" ] || mkdir -p "$root/$cgroup"
done

# The kubelet sets some parameters of the kernel. They are those of this machine, so it gets files to write into.
STS_CLUSTER_PROGRAMS=$programs STS_CLUSTER_HELM=$helm STS_CLUSTER_CGROUP=/$cgroup PYTHONDONTWRITEBYTECODE=1 TMPDIR=$work \
	unshare --mount --pid --net --uts --fork --mount-proc --kill-child --propagation private sh -uc '
	work=$1; shift
	# containerd, its network plugins and the kubelet leave files there.
	for folder in /run /var/log /var/lib; do mount -t tmpfs tmpfs "$folder"; done
	for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
		mkdir -p "$work/sysctl/$name"
		cp "/proc/sys/$name" "$work/sysctl/$name/value" && mount --bind "$work/sysctl/$name/value" "/proc/sys/$name"
	done
	"$@"' sh "$work" "$venv/bin/pytest" -v -p no:cacheprovider --tb=short --basetemp="$work/pytest" --junitxml="$work/result.xml" "${@:-tests/cluster}" &
namespaces=$!
wait $namespaces
namespaces=
counts=$(python3 "$top/tools/tally.py" junit "$work/result.xml") || exit 70
# shellcheck disable=SC2086 # $counts is three numbers
set -- $counts
[ "$3" = 0 ] || echo "$3 skipped"
echo "$1 passed, $2 failed"
[ "$2" = 0 ] && [ "$1" != 0 ]
