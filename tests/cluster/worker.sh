#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A process of pytest-xdist among mounts, processes, addresses and cgroups of its own, for run.sh: worker.sh ARGUMENT_OF_PYTHON...
set -u
name=$STS_CLUSTER_CGROUP/$$
# The root of the kubelet's cgroups: one of version 2, or one for each controller of version 1.
roots=/sys/fs/cgroup/*/
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || roots=/sys/fs/cgroup/
for root in $roots; do
	[ ! -e "$root/cgroup.procs" ] || mkdir -p "$root$name"
done
echo $$ >"$TMPDIR/$$.pid"
STS_CLUSTER_CGROUP=$name exec unshare --mount --pid --net --uts --fork --mount-proc --kill-child --propagation private sh -uc '
	# containerd, its network plugins and the kubelet leave files there.
	for folder in /run /var/log /var/lib; do mount -t tmpfs tmpfs "$folder"; done
	# The kubelet sets some parameters of the kernel. They are those of this machine, so it gets files to write into.
	for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
		file=$TMPDIR/sysctl$STS_CLUSTER_CGROUP/$name
		mkdir -p "$(dirname "$file")"
		cp "/proc/sys/$name" "$file" && mount --bind "$file" "/proc/sys/$name"
	done
	"$@"' sh "$STS_CLUSTER_PYTHON" "$@"
