/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/planner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "base/file.h"
#include "base/identity.h"
#include "base/resident.h"
#include "base/system_calls.h"
#include "supervisor/spawn.h"
#include "wire/snapshot.h"

/* The plans in use are in this place or in sts_resident_room, and those that are being made are in
 * the other one; `next` says whether that is this one. */
static union sts_plans_room second STS_RESIDENT_PAGES;
static bool next STS_RESIDENT;

_Static_assert(sizeof(union sts_plans_room) <= STS_RESIDENT_ROOM_BYTES, "its pages have room");

void sts_planner_init(struct sts_planner *p)
{
	*p = (struct sts_planner){.pid = -1, .fd = -1, .snapshot = -1};
}

void sts_planner_drop(struct sts_planner *p)
{
	if (p->pid > 0)
		kill(p->pid, SIGKILL);
	if (p->fd >= 0)
		close(p->fd);
	if (p->snapshot >= 0)
		close(p->snapshot);
	sts_plans_free(p->plans);
	sts_planner_init(p);
}

/* Returns the number of bytes of the plans that the child sends. */
static size_t used(const struct sts_plans *plans)
{
	return offsetof(struct sts_plans, text) + (plans->error.code == STS_OK ? plans->bytes : 0);
}

static void make(struct sts_planner *p, const struct sts_options *o, char *const *argv)
{
	if (o->config)
		p->plans->config_identity = sts_file_identity(o->config);
	sts_plans_make(p->plans, o, argv, p->snapshot);
}

static _Noreturn void plan_in_child(struct sts_planner *p, int fd, const struct sts_options *o,
				    char *const *argv)
{
	/* A reader of standard output must not wait for the end of a child that hangs. For `fetch`,
	 * the child finds out whether standard output is a terminal. */
	if (o->command != STS_COMMAND_FETCH)
		close(STDOUT_FILENO);
	sts_spawn_close_others(STDERR_FILENO + 1, fd, p->snapshot);
	make(p, o, argv);
	_exit(sts_file_write_fd(fd, p->plans, used(p->plans)) == 0 ? STS_EXIT_OK : STS_EXIT_BUG);
}

/* Start the planning child. Returns 0 or an errno. */
static int fork_child(struct sts_planner *p, const struct sts_options *o, char *const *argv)
{
	int fds[2], err;

	if (sts_pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
		return errno;
	p->pid = sts_spawn_fork();
	if (p->pid == 0)
		plan_in_child(p, fds[1], o, argv);
	err = errno;
	close(fds[1]);
	if (p->pid > 0) {
		p->fd = fds[0];
		return 0;
	}
	close(fds[0]);
	return err;
}

/* Is a child needed? Without a configuration file, planning reads no file, and a supervisor that
 * ends after one exchange need not keep its memory small. */
static bool needs_child(const struct sts_options *o)
{
	return o->config || (o->command != STS_COMMAND_FETCH && !o->single_run);
}

enum sts_err sts_planner_start(struct sts_planner *p, const struct sts_options *o,
			       char *const *argv, bool here, struct sts_error *e)
{
	int err = 0;

	sts_planner_init(p);
	p->plans = next ? &second.plans : (struct sts_plans *)(void *)sts_resident_room;
	p->kill_boot_ms = sts_clock_boot_ms() + STS_PLANNER_MS;
	if (o->config)
		p->snapshot = sts_snapshot_make();
	if (!here || needs_child(o)) {
		err = fork_child(p, o, argv);
		if (err == 0)
			return STS_OK;
	}
	if (here) {
		make(p, o, argv);
		p->len = used(p->plans);
		return STS_OK;
	}
	sts_planner_drop(p);
	return sts_fail(e, sts_errno_code(err, STS_EFORK), err, "the options cannot be checked: %s",
			sts_errno_words(err));
}

bool sts_planner_read(struct sts_planner *p, int64_t now_boot_ms)
{
	while (p->fd >= 0) {
		char *at = (char *)p->plans + p->len;
		ssize_t got = read(p->fd, at, sizeof(*p->plans) - p->len);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (got > 0) {
			p->len += (size_t)got;
			continue;
		}
		close(p->fd);
		p->fd = -1;
	}
	return p->plans && (p->fd < 0 || now_boot_ms >= p->kill_boot_ms);
}

uint64_t sts_planner_identity(const struct sts_planner *p)
{
	return p->len >= offsetof(struct sts_plans, text) ? p->plans->config_identity
							  : STS_IDENTITY_UNKNOWN;
}

enum sts_err sts_planner_finish(struct sts_planner *p, struct sts_plans **plans, int *snapshot,
				struct sts_error *e)
{
	bool whole = p->fd < 0 && p->len >= sizeof(struct sts_error) && p->len == used(p->plans);
	enum sts_err err;

	if (whole)
		*e = p->plans->error;
	else
		sts_fail(e, p->fd < 0 ? STS_EWORKER : STS_ETIMEOUT,
			 p->fd < 0 ? 0 : STS_TIMEOUT_HERE, "the process that checks the options %s",
			 p->fd < 0 ? "died" : "did not end in time");
	err = e->code;
	if (err == STS_OK) {
		int old = *snapshot;

		*plans = p->plans;
		*snapshot = p->snapshot;
		p->plans = NULL;
		next = !next;
		p->snapshot = old;
	}
	sts_planner_drop(p);
	return err;
}
