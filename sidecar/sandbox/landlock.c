/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/layers.h"

#include <asm/unistd.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* From include/uapi/linux/landlock.h of Linux 6.12 (ABI 6), since the headers that we build with
 * may be older. See landlock(7). */
struct ruleset_attr {
	uint64_t fs, net, scoped;
};
struct path_attr {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));
struct port_attr {
	uint64_t access, port;
};

/* The types of rules. CREATE_VERSION is the flag with which landlock_create_ruleset(2) returns the
 * version of the ABI. */
enum { RULE_PATH = 1, RULE_PORT = 2, CREATE_VERSION = 1 };
/* Access rights to TCP ports. */
enum { BIND = 1, CONNECT = 2 };

#define EXECUTE_TO_MAKE_SYM 0x1fff /* the access rights of ABI 1 */
#define REFER               (1 << 13)
#define TRUNCATE            (1 << 14)
#define IOCTL_DEV           (1 << 15)
#define OF_FILES            (1 | 2 | 4) /* the rights that apply to a single file */
#define NET_ALL             (BIND | CONNECT)
#define SCOPED_ALL          (1 | 2) /* abstract UNIX sockets, signals */

void sts_landlock_init(struct sts_landlock *l, bool alone)
{
	long abi = syscall(__NR_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
	struct ruleset_attr attr = {
		.fs = EXECUTE_TO_MAKE_SYM | (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0) |
		      (abi >= 5 ? IOCTL_DEV : 0),
		.net = alone && abi >= 4 ? NET_ALL : 0,
		.scoped = alone && abi >= 6 ? SCOPED_ALL : 0,
	};

	*l = (struct sts_landlock){-1, abi > 0 ? (int)abi : 0};
	if (l->abi > 0)
		l->fd = (int)syscall(__NR_landlock_create_ruleset, &attr, sizeof(attr), 0);
}

static bool add_rule(const struct sts_landlock *l, int type, const void *attr)
{
	return syscall(__NR_landlock_add_rule, l->fd, type, attr, 0) == 0;
}

/* Drop the domain, since a rule could not be added. Without that rule, the domain would forbid
 * something that the process needs. */
static void give_up(struct sts_landlock *l)
{
	close(l->fd);
	l->fd = -1;
}

void sts_landlock_allow(struct sts_landlock *l, int fd, enum sts_landlock_access access)
{
	struct path_attr attr = {access, fd};

	if (l->fd < 0 || fd < 0 || add_rule(l, RULE_PATH, &attr))
		return;
	/* The descriptor may not be that of a directory. Then only some rights apply. */
	attr.access &= OF_FILES;
	if (errno != EINVAL || !add_rule(l, RULE_PATH, &attr))
		give_up(l);
}

bool sts_landlock_allow_path(struct sts_landlock *l, int dir_fd, const char *path,
			     enum sts_landlock_access access)
{
	int fd = l->fd < 0 ? -1 : openat(dir_fd, path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return false;
	sts_landlock_allow(l, fd, access);
	close(fd);
	return true;
}

void sts_landlock_allow_links(struct sts_landlock *l, int dir_fd)
{
	_Alignas(struct dirent) char buffer[2048];
	long got = 0;

	sts_landlock_allow(l, dir_fd, STS_LANDLOCK_READ);
	if (l->fd < 0 || lseek(dir_fd, 0, SEEK_SET) < 0)
		return;
	while ((got = syscall(__NR_getdents64, dir_fd, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < got;) {
			const struct dirent *entry = (const void *)(buffer + at);

			if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN)
				sts_landlock_allow_path(l, dir_fd, entry->d_name,
							STS_LANDLOCK_READ);
			at += entry->d_reclen;
		}
}

void sts_landlock_allow_port(struct sts_landlock *l, uint16_t port, bool bind)
{
	struct port_attr attr = {bind ? BIND : CONNECT, port};

	if (l->fd >= 0 && l->abi >= 4 && !add_rule(l, RULE_PORT, &attr))
		give_up(l);
}

int sts_landlock_enter(struct sts_landlock *l)
{
	bool holds;

	if (l->fd < 0)
		return 0;
	holds = syscall(__NR_landlock_restrict_self, l->fd, 0) == 0;
	close(l->fd);
	l->fd = -1;
	return holds ? l->abi : 0;
}
