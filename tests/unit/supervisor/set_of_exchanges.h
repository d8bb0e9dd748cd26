/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running set for the tests of running_set.c and inputs.c: plans that are made here, a clock that
 * the test sets, a sandbox that the test opens and closes, and attempts without workers. Files and
 * directories are real, in a folder of the test.
 */
#ifndef STS_TEST_SET_OF_EXCHANGES_H
#define STS_TEST_SET_OF_EXCHANGES_H

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/identity.h"
#include "output/status.h"
#include "sandbox/sandbox.h"
#include "supervisor/inputs.h"
#include "supervisor/running_set.h"
#include "test.h"

/* ---- in place of the clock and the sandbox ---- */

static int64_t set_boot_ms = 5000000;
static bool set_sandbox_is_closed;

int64_t sts_clock_boot_ms(void)
{
	return set_boot_ms;
}

int64_t sts_clock_real_ms(void)
{
	return set_boot_ms + 1768233157000;
}

bool sts_clock_boot_id(char out[STS_BOOT_ID_BYTES])
{
	strcpy(out, "00000000-0000-4000-8000-000000000001");
	return true;
}

int sts_clock_left_ms(int64_t deadline_boot_ms)
{
	return (int)(deadline_boot_ms - set_boot_ms);
}

bool sts_sandbox_may_write(const char *dir)
{
	(void)dir;
	return !set_sandbox_is_closed;
}

/* ---- plans ---- */

/* One exchange of the plans. What is left out is "" or 0; a mode of 0 stands for auto. */
struct set_row {
	const char *name, *token_file, *dir;
	const char *cas[3];
	uint64_t request_id;
	mode_t mode;
	int after; /* it reads the token of the exchange with this number, counted from 1 */
	bool once, single_use, to_stdout, create_dir;
	bool own_group; /* --group is this process's group, else auto */
};

static inline uint16_t set_text(struct sts_plans *plans, const char *text)
{
	size_t at = plans->bytes, len = text ? strlen(text) : 0;

	memcpy(plans->text + at, text ? text : "", len + 1);
	plans->bytes += (uint32_t)len + 1;
	return (uint16_t)at;
}

static inline void set_plan(struct sts_plans *plans, struct sts_plan *plan,
			    const struct set_row *row)
{
	*plan = (struct sts_plan){
		.timeout_ms = 30000,
		.request_id = row->request_id,
		.mode = row->mode ? row->mode : STS_MODE_AUTO,
		.group = row->own_group ? getgid() : STS_GROUP_AUTO,
		.depends_on = (int8_t)(row->after - 1),
		.once = row->once,
		.adopt = true,
		.to_stdout = row->to_stdout,
		.create_dir = row->create_dir,
		.subject_use = row->single_use ? STS_USE_ONCE : STS_USE_AGAIN,
		.configured = true,
	};
	strcpy(plan->name, row->name);
	plan->token_file = set_text(plans, row->token_file);
	plan->output_dir = set_text(plans, row->dir);
	plan->route = set_text(plans, NULL);
	set_text(plans, "https://sts.example/");
	set_text(plans, "--url");
	plan->cas = (uint16_t)plans->bytes;
	for (size_t i = 0; i < 3 && row->cas[i]; i++)
		set_text(plans, row->cas[i]);
	set_text(plans, NULL);
}

static inline struct sts_plans *set_plans(const struct set_row *rows, uint32_t count)
{
	struct sts_plans *plans = mmap(NULL, sizeof(*plans), PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	plans->count = count;
	plans->bytes = count * (uint32_t)sizeof(struct sts_plan);
	for (uint32_t i = 0; i < count; i++)
		set_plan(plans, &plans->plan[i], &rows[i]);
	return plans;
}

/* Go over to plans of these rows. */
#define TAKE_OVER(...) \
	sts_running_take_over( \
		set_plans((const struct set_row[]){__VA_ARGS__}, \
			  sizeof((const struct set_row[]){__VA_ARGS__}) / sizeof(struct set_row)))

/* End what an earlier test has left, so that the next plans are the first ones. */
static inline void set_empty(void)
{
	for (STS_EACH_MEMBER(t))
		sts_member_remove(t);
	sts_plans_free(sts_members_plans());
	sts_members_use(NULL);
	set_sandbox_is_closed = false;
}

static inline struct sts_member *set_member(const char *name)
{
	for (STS_EACH_MEMBER(t))
		if (strcmp(t->x.plan->name, name) == 0)
			return t;
	return NULL;
}

static inline int set_count(void)
{
	int count = 0;

	for (STS_EACH_MEMBER(t))
		count++;
	return count;
}

/* ---- attempts ---- */

/* The identities of the files, as the attempt that was started last has read them. */
static uint64_t set_read_subject, set_read_cas;

static inline void set_start(struct sts_member *t)
{
	struct sts_moment m = sts_now();

	sts_exchange_started(&t->x, STS_WORKER_EXCHANGE, &m);
	set_read_subject = sts_file_identity(sts_members_text(t->x.plan->token_file));
	set_read_cas = STS_IDENTITY_UNKNOWN;
	for (const char *ca = sts_members_text(t->x.plan->cas); *ca; ca = sts_text_at(ca, 1))
		set_read_cas = sts_files_identity(set_read_cas, ca);
}

static inline void set_finish(struct sts_member *t, struct sts_report report)
{
	struct sts_moment m = sts_now();

	report.retry_after_s = -1;
	report.sent_boot_ms = set_boot_ms;
	report.subject_identity = set_read_subject;
	report.cas_identity = set_read_cas;
	sts_exchange_finished(&t->x, &report, &m);
	sts_inputs_attempted(t, &report);
}

/* An attempt from its start to its failure. The next one is then not due within half a minute. */
static inline void set_fail(struct sts_member *t, enum sts_err error)
{
	set_start(t);
	set_finish(t, (struct sts_report){.error = error});
}

/* An attempt that brings a token of one hour. */
static inline void set_succeed(struct sts_member *t, uint32_t flags)
{
	set_start(t);
	set_finish(t, (struct sts_report){.flags = flags,
					  .lifetime_s = 3600,
					  .expires_s = sts_clock_real_ms() / 1000 + 3600});
}

/* When the next attempt is due, in ms from now; -1: it is not known. */
static inline int64_t set_wait_ms(const struct sts_member *t)
{
	int64_t at_ms = sts_exchange_attempt_ms(&t->x);

	return at_ms < 0 ? -1 : at_ms - set_boot_ms;
}

/* Is the next attempt brought forward, or due? */
static inline bool set_soon(const struct sts_member *t)
{
	int64_t wait_ms = set_wait_ms(t);

	return wait_ms >= 0 && wait_ms <= STS_EXCHANGE_SPREAD_MS;
}

/* ---- files ---- */

static inline void set_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* ---- examinations ---- */

/* Start the examinations that are due within the next second, and wait for them. */
static inline void set_examine(void)
{
	pid_t pid;

	set_boot_ms += 1000;
	sts_inputs_start_due(set_boot_ms, false);
	while ((pid = waitpid(-1, NULL, 0)) > 0)
		sts_inputs_reaped(pid);
}

/* ---- output directories ---- */

static inline bool set_is_locked(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool locked = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;

	close(fd);
	return locked;
}

/* Read the status file of a directory. False if there is none. */
static inline bool set_read_status(const char *path, struct sts_status *status)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool found = sts_status_read(fd, status);

	close(fd);
	return found;
}

static inline void set_check_status(const char *path, enum sts_state state)
{
	struct sts_status status = {.state = STS_STATE__COUNT};

	CHECK(set_read_status(path, &status));
	CHECK_INT(status.state, state);
}

static inline void set_fresh_dir(const char *path)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", path);
	CHECK(system(command) == 0 && mkdir(path, 0755) == 0);
}

/* ---- the first and the last test ---- */

static char set_dir[] = "/tmp/sts-set-XXXXXX";

static inline void set_begin(void)
{
	sts_test_enter_folder(set_dir);
	/* A folder that nobody else can enter would be warned about. */
	CHECK(chmod(".", 0755) == 0);
	sts_inputs_init(NULL);
}

static inline void set_end(void)
{
	set_empty();
	CHECK(system("rm -rf *") == 0 && rmdir(set_dir) == 0);
}

#define SET_BEGIN \
	{ \
		"the folder of this test is made", set_begin \
	}
#define SET_END \
	{ \
		"the folder of this test is removed", set_end \
	}

#endif
