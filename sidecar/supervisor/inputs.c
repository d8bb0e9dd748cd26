/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/inputs.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/identity.h"
#include "base/resident.h"
#include "supervisor/examiner.h"

/* The time that an examining child has. It makes a dozen system calls. */
#define EXAMINATION_MS 10000
/* The least time between the starts of two examinations of the same files. */
#define FLOOR_MS 1000
/* The wait after an event, before the examination and before more events are read: a file that
 * appears is written in the next moment. */
#define EVENT_MS 50
/* A watch with a higher number than this leads to a new descriptor. The numbers are never used
 * again, and old watches may be left over. */
#define LAST_WATCH_MAX 4096

/* In the messages of a child that looks at the configuration file, the place is this one. */
#define CONFIG_PLACE STS_EXCHANGES_MAX

static struct {
	const char *config;
	int watch_fd;
	uint8_t round;       /* counts the descriptors of the watches */
	bool renew;          /* a new descriptor is wanted, and all examinations */
	int64_t rest_ms;     /* no events are read until this time (BOOTTIME); 0: they are read */
	bool warned;         /* it was logged that watches are missing */
	bool config_changed; /* see sts_inputs_config_changed() */
	uint64_t config_identity;
	struct sts_look config_look;
} in STS_RESIDENT;

void sts_inputs_init(const char *config)
{
	memset(&in, 0, sizeof(in));
	in.config = config;
	in.watch_fd = -1;
}

int sts_inputs_watch_fd(void)
{
	return in.rest_ms > 0 ? -1 : in.watch_fd;
}

/* ---- when to examine ---- */

static void want(struct sts_look *look, int64_t at_ms)
{
	if (at_ms < look->started_ms + FLOOR_MS)
		at_ms = look->started_ms + FLOOR_MS;
	if (look->due_ms == 0 || at_ms < look->due_ms)
		look->due_ms = at_ms;
}

static void want_config(int64_t at_ms)
{
	if (in.config && !sts_members_once())
		want(&in.config_look, at_ms);
}

void sts_inputs_examine(struct sts_member *t)
{
	if (!sts_members_once())
		want(&t->look, sts_clock_boot_ms());
}

void sts_inputs_attempted(struct sts_member *t, const struct sts_report *report)
{
	if (report->subject_identity != STS_IDENTITY_UNKNOWN)
		t->subject = report->subject_identity;
	if (report->cas_identity != STS_IDENTITY_UNKNOWN)
		t->trust = report->cas_identity;
	sts_inputs_examine(t);
	want_config(sts_clock_boot_ms());
}

void sts_inputs_watch_again(void)
{
	in.renew = true;
}

void sts_inputs_read_events(void)
{
	int64_t at_ms = sts_clock_boot_ms() + EVENT_MS;
	struct sts_watch_reader reader;
	struct sts_watch_event event;

	if (sts_members_once())
		return;
	/* Others may make files in a watched directory all the time. The kernel keeps the events
	 * meanwhile. */
	in.rest_ms = at_ms;
	sts_watches_read(&reader, in.watch_fd);
	while (sts_watches_next(&reader, &event)) {
		for (STS_EACH_MEMBER(t))
			if (sts_watch_counts(&t->look.names, &event))
				want(&t->look, at_ms);
		if (sts_watch_counts(&in.config_look.names, &event))
			want_config(at_ms);
	}
}

/* ---- file systems that do not answer ---- */

/* Returns the path at which a process hangs. */
static const char *path_of(const struct sts_plan *plan, const char *texts, uint8_t reads)
{
	const char *path;

	if (reads == STS_READS_CONFIG && in.config)
		return in.config;
	if (reads == STS_READS_OUTPUT)
		return texts + plan->output_dir;
	if (reads == STS_READS_SUBJECT)
		return texts + plan->token_file;
	path = texts + plan->cas;
	for (; reads > STS_READS_CA && *path; reads--)
		path = sts_text_at(path, 1);
	return reads == STS_READS_CA && *path ? path : "a file that the options name";
}

enum sts_err sts_inputs_say_hang(const struct sts_plan *plan, const char *texts, uint8_t reads,
				 int64_t started_ms, struct sts_error *e)
{
	return sts_fail(e, STS_EHANGS, 0, "the file system of %.100s has not answered for %lld s",
			path_of(plan, texts, reads),
			(long long)(sts_clock_boot_ms() - started_ms) / 1000);
}

/* The message about the configuration file has no time, since it is logged only once: see
 * log_refusal() in supervisor.c. */
static __attribute__((noinline)) enum sts_err describe_hang(const struct sts_member *t,
							    const struct sts_look *look,
							    struct sts_error *e)
{
	if (!t)
		return sts_fail(e, STS_EHANGS, 0,
				"the file system of the configuration file does not answer: %.100s",
				in.config ? in.config : "");
	return sts_inputs_say_hang(t->x.plan, sts_members_text(0), look->path, look->started_ms, e);
}

static bool hangs(struct sts_look *look, const struct sts_member *t, struct sts_error *e)
{
	if (look->pid == 0 || !look->hangs)
		return false;
	if (e) {
		look->refused = true;
		describe_hang(t, look, e);
	}
	return true;
}

bool sts_inputs_hangs(struct sts_member *t, struct sts_error *e)
{
	return hangs(&t->look, t, e);
}

bool sts_inputs_config_hangs(struct sts_error *e)
{
	return hangs(&in.config_look, NULL, e);
}

bool sts_inputs_in_use(const struct sts_member *t)
{
	return t->look.pid > 0 && !t->look.hangs;
}

bool sts_inputs_config_in_use(void)
{
	return in.config_look.pid > 0 && !in.config_look.hangs;
}

static void stuck(struct sts_look *look, pid_t pid, uint8_t reads, int64_t started_ms)
{
	look->pid = pid;
	look->hangs = true;
	look->path = reads;
	look->started_ms = started_ms;
}

void sts_inputs_stuck(struct sts_member *t, pid_t pid, uint8_t reads, int64_t started_ms)
{
	stuck(&t->look, pid, reads, started_ms);
}

enum sts_err sts_inputs_config_stuck(pid_t pid, int64_t started_ms, struct sts_error *e)
{
	if (pid > 0)
		stuck(&in.config_look, pid, STS_READS_CONFIG, started_ms);
	return describe_hang(NULL, &in.config_look, e);
}

void sts_inputs_forget(struct sts_member *t)
{
	if (sts_inputs_in_use(t))
		kill(t->look.pid, SIGKILL);
	t->look = (struct sts_look){0};
}

/* Kill a child whose time is over. */
static void kill_late(struct sts_look *look, const struct sts_member *t, int64_t now_ms)
{
	struct sts_error e;

	if (look->pid <= 0 || look->hangs || now_ms < look->started_ms + EXAMINATION_MS)
		return;
	kill(look->pid, SIGKILL);
	look->hangs = true;
	describe_hang(t, look, &e);
	sts_event_log_hang(&e, t ? t->x.plan->name : NULL);
}

/* The process of a look has ended. If it did not answer before, the files can be read again now. */
static void ended(struct sts_look *look, struct sts_member *t)
{
	struct sts_moment m = sts_now();
	bool did_hang = look->hangs, refused = look->refused;

	look->pid = 0;
	look->hangs = look->refused = false;
	if (did_hang && !sts_members_once())
		want(look, m.boot_ms);
	if (!refused)
		return;
	/* Attempts have failed for no other reason, so the next one is brought forward, as after a
	 * new subject token. It is spread, since the file system may serve many Pods. */
	if (!t)
		in.config_changed = true;
	else if (!sts_exchange_busy(&t->x))
		sts_exchange_subject_changed(&t->x, &m);
}

void sts_inputs_reaped(pid_t pid)
{
	/* Read the messages of this child before it is forgotten. */
	sts_inputs_read();
	for (STS_EACH_MEMBER(t))
		if (t->look.pid == pid)
			ended(&t->look, t);
	if (in.config_look.pid == pid)
		ended(&in.config_look, NULL);
}

/* ---- what a child has found out ---- */

static void warn(int err)
{
	if (!in.warned)
		sts_event_log_unwatched(err);
	in.warned = true;
}

/* Returns whether an identity has changed since it was last seen, and notes it. */
static bool is_news(uint64_t *seen, uint64_t now)
{
	bool news = now != *seen && *seen != STS_IDENTITY_UNKNOWN;

	*seen = now;
	return news;
}

static void judge(struct sts_member *t, const struct sts_examined *m)
{
	struct sts_moment now = sts_now();

	if (sts_exchange_busy(&t->x))
		return;
	if (is_news(&t->subject, m->identity))
		sts_exchange_subject_changed(&t->x, &now);
	if (m->cas_identity != STS_IDENTITY_UNKNOWN && sts_exchange_distrusts(&t->x) &&
	    is_news(&t->trust, m->cas_identity))
		sts_exchange_trust_changed(&t->x, &now);
}

/* Returns the member at a place of the set; NULL for none. */
static struct sts_member *member_at(uint8_t place)
{
	for (STS_EACH_MEMBER(t))
		if (sts_member_place(t) == place)
			return t;
	return NULL;
}

static void take(const struct sts_examined *m)
{
	struct sts_member *t = member_at(m->place);
	struct sts_look *look = m->place == CONFIG_PLACE ? &in.config_look : t ? &t->look : NULL;

	if (!look || look->pid != m->pid)
		return;
	look->path = (uint8_t)(t ? STS_READS_SUBJECT + m->path : STS_READS_CONFIG);
	if (!m->done)
		return;
	ended(look, t);
	if (m->watches.error)
		warn(m->watches.error);
	/* The plans or the watches are new since the start of the child. */
	if (look->round != in.round) {
		want(look, sts_clock_boot_ms());
		return;
	}
	look->names = m->watches.names;
	in.renew = in.renew || m->watches.last > LAST_WATCH_MAX;
	if (t)
		judge(t, m);
	else if (is_news(&in.config_identity, m->identity))
		in.config_changed = true;
}

void sts_inputs_read(void)
{
	struct sts_examined message;

	while (sts_examiner_read(&message))
		take(&message);
}

bool sts_inputs_config_changed(void)
{
	bool changed = in.config_changed;

	in.config_changed = false;
	return changed;
}

void sts_inputs_config_planned(uint64_t identity)
{
	if (identity != STS_IDENTITY_UNKNOWN)
		in.config_identity = identity;
}

/* ---- the examining children ---- */

/* Make new watches if they are wanted: no name of an old watch counts any more. */
static void renew(int64_t now_ms)
{
	for (STS_EACH_MEMBER(t))
		in.renew = in.renew || (t->look.wants_cas && !sts_exchange_distrusts(&t->x));
	if (!in.renew)
		return;
	in.renew = false;
	in.round++;
	if (in.watch_fd >= 0)
		close(in.watch_fd);
	in.watch_fd = -1;
	for (STS_EACH_MEMBER(t)) {
		t->look.wants_cas = false;
		want(&t->look, now_ms);
	}
	want_config(now_ms);
}

static void start(struct sts_look *look, struct sts_examiner_job *job, int64_t now_ms)
{
	if (in.watch_fd < 0)
		in.watch_fd = sts_watches_make();
	if (in.watch_fd < 0)
		warn(errno);
	job->watch_fd = in.watch_fd;
	look->due_ms = 0;
	look->started_ms = now_ms;
	look->round = in.round;
	look->pid = sts_examiner_start(job);
	if (look->pid > 0)
		return;
	look->pid = 0;
	look->due_ms = now_ms + EXAMINATION_MS;
}

static void start_member(struct sts_member *t, int64_t now_ms)
{
	struct sts_examiner_job job = {.place = sts_member_place(t),
				       .file = sts_members_text(t->x.plan->token_file),
				       .cas = ""};

	t->look.wants_cas = sts_exchange_distrusts(&t->x);
	if (t->look.wants_cas)
		job.cas = sts_members_text(t->x.plan->cas);
	t->look.path = STS_READS_SUBJECT;
	start(&t->look, &job, now_ms);
}

static bool may_start(const struct sts_look *look)
{
	return look->pid == 0 && look->due_ms > 0;
}

void sts_inputs_start_due(int64_t now_ms, bool planning)
{
	struct sts_examiner_job job = {.place = CONFIG_PLACE, .file = in.config, .cas = ""};
	bool examines;

	if (sts_members_once())
		return;
	if (now_ms >= in.rest_ms)
		in.rest_ms = 0;
	renew(now_ms);
	for (STS_EACH_MEMBER(t)) {
		kill_late(&t->look, t, now_ms);
		if (may_start(&t->look) && !t->worker && now_ms >= t->look.due_ms)
			start_member(t, now_ms);
	}
	kill_late(&in.config_look, NULL, now_ms);
	if (may_start(&in.config_look) && !planning && now_ms >= in.config_look.due_ms) {
		in.config_look.path = STS_READS_CONFIG;
		start(&in.config_look, &job, now_ms);
	}
	examines = in.config_look.pid > 0;
	for (STS_EACH_MEMBER(t))
		examines = examines || t->look.pid > 0;
	if (!examines)
		sts_examiner_close();
}

/* Returns when a look needs the supervisor; -1 for no time. */
static int64_t wake_ms(const struct sts_look *look, bool waits)
{
	if (look->pid > 0)
		return look->hangs ? -1 : look->started_ms + EXAMINATION_MS;
	return look->due_ms > 0 && !waits ? look->due_ms : -1;
}

int64_t sts_inputs_wake_ms(bool planning)
{
	int64_t at_ms = wake_ms(&in.config_look, planning);

	if (in.rest_ms > 0)
		at_ms = sts_schedule_earlier_ms(at_ms, in.rest_ms);
	for (STS_EACH_MEMBER(t))
		at_ms = sts_schedule_earlier_ms(at_ms, wake_ms(&t->look, t->worker != NULL));
	return at_ms;
}
