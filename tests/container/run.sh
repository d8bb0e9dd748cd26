#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the image and runs it, as root, with buildah and podman:
#   tests/container/run.sh [--short] [--images|--tests] [PYTEST_ARGUMENT]...
# --images builds the images alone, --tests runs the tests with the images that are there. --short leaves out what takes the most time, as tools/test.sh
# does: the image for arm64, the image without a CA bundle, and the tests that need them.
# Everything lives in build-container/ and among processes and mounts of its own, which are gone when this ends.
set -eu
umask 022
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "tests/container/run.sh: needs root" >&2; exit 69; }

[ "${1:-}" != --short ] || { export STS_CONTAINER_SHORT=1; shift; }
images=true tests=true
case ${1:-} in
--images)	tests=false; shift ;;
--tests)	images=false; shift ;;
esac
tools/setup.sh container
python=.venv/bin/python
! $tests || $python -c 'import jwt, kubernetes_validate, pytest, yaml' 2>/dev/null ||
	{ echo "tests/container/run.sh: packages of tests/requirements.txt are missing: run tools/test.sh container" >&2; exit 69; }
! $tests || tools/build.sh --target sts-sidecar --target tests/mock-sts

# In a hybrid cgroup tree podman takes the empty second half for the whole: it is put out of sight.
exec unshare --mount --pid --fork --mount-proc --kill-child --propagation private sh -euc '
	if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
	if '$images'; then tests/container/images.sh build-container; fi
	'$tests' || exit 0
	export CONTAINERS_CONF="$PWD/tests/container/containers.conf" PYTHONDONTWRITEBYTECODE=1
	status=0
	"$@" || status=$? # no exec: the shell is the first process here, and buries what others leave
	exit $status' sh $python -m pytest -q -p no:cacheprovider --tb=short tests/container "$@"
