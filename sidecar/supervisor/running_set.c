/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/running_set.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "process/resident.h"
#include "sandbox/sandbox.h"

static struct {
	struct sts_plans *plans;
	bool watch_again;
	struct sts_seat seats[STS_EXCHANGES_MAX];
} all STS_AWAKE_LAST;

_Static_assert(sizeof(struct sts_seat) + sizeof(struct sts_plan) + 256 <= 1024,
	       "an exchange, its plan and its paths cost less than 1 KiB");

struct sts_moment sts_now(void)
{
	struct sts_moment m = {.boot_ms = sts_clock_boot_ms(), .real_ms = sts_clock_real_ms()};

	/* An entropy pool that is not ready yet must not stop the schedule; the jitter is then none. */
	if (getrandom(&m.random, sizeof(m.random), GRND_NONBLOCK) != (ssize_t)sizeof(m.random))
		m.random = (uint32_t)m.boot_ms * 2654435761u;
	return m;
}

const char *sts_seats_text(uint16_t at)
{
	return sts_plans_text(all.plans, at);
}

struct sts_seat *sts_seat_next(struct sts_seat *t)
{
	for (t = t ? t + 1 : all.seats; t < all.seats + STS_EXCHANGES_MAX; t++)
		if (t->x.plan)
			return t;
	return NULL;
}

const struct sts_plans *sts_seats_plans(void)
{
	return all.plans;
}

static struct sts_seat *seat_of(const struct sts_plan *plan)
{
	for (struct sts_seat *t = NULL; (t = sts_seat_next(t));)
		if (t->x.plan == plan)
			return t;
	return NULL;
}

struct sts_seat *sts_seat_of(uint32_t i)
{
	return seat_of(&all.plans->plan[i]);
}

static bool once(void)
{
	return all.plans->plan[0].once;
}

/* A full or read-only disk is told by the token's own failure; the status is a convenience. */
static void write_status(struct sts_seat *t)
{
	if (!t->x.status_changed)
		return;
	t->x.status_changed = false;
	sts_tell_status(&t->x, &t->store, NULL);
}

void sts_seats_write_status(void)
{
	for (struct sts_seat *t = NULL; (t = sts_seat_next(t));)
		write_status(t);
}

/* ---- files ---- */

uint64_t sts_file_identity(const char *path)
{
	struct stat st;
	uint64_t h = 0;

	if (stat(path, &st) != 0)
		return 0;
	const uint64_t parts[] = {st.st_dev, st.st_ino, (uint64_t)st.st_size,
				  (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		h = (h ^ parts[i]) * 0x9e3779b97f4a7c15u;
	return h | 1;
}

static uint64_t identity_of_cas(const struct sts_plan *plan)
{
	uint64_t h = 0;

	for (const char *ca = sts_seats_text(plan->cas); *ca; ca += strlen(ca) + 1)
		h = h * 31 + sts_file_identity(ca);
	return h;
}

/* Something changed beside the subject token. In a directory that others write in, that may happen all the time. */
static void check_subject(struct sts_seat *t)
{
	uint64_t seen;
	struct sts_moment m;

	/* A worker may have the old one: what it brings is judged when it ends. */
	if (sts_exchange_busy(&t->x))
		return;
	seen = sts_file_identity(sts_seats_text(t->x.plan->token_file));
	if (seen == t->subject)
		return;
	t->subject = seen;
	m = sts_now();
	sts_exchange_subject_changed(&t->x, &m);
}

static void check_trust(struct sts_seat *t)
{
	uint64_t seen;
	struct sts_moment m;

	if (!t->x.distrusts || sts_exchange_busy(&t->x))
		return;
	seen = identity_of_cas(t->x.plan);
	if (seen == t->trust)
		return;
	t->trust = seen;
	m = sts_now();
	sts_exchange_trust_changed(&t->x, &m);
}

void sts_seat_look(struct sts_seat *t)
{
	t->subject = sts_file_identity(sts_seats_text(t->x.plan->token_file));
	if (t->x.distrusts)
		t->trust = identity_of_cas(t->x.plan);
}

void sts_seats_files_changed(void)
{
	for (struct sts_seat *t = NULL; (t = sts_seat_next(t));) {
		check_subject(t);
		check_trust(t);
	}
}

static void watch_one(struct sts_events *ev, struct sts_seat *t)
{
	const struct sts_plan *plan = t->x.plan;

	t->watches_cas = t->x.distrusts;
	sts_events_watch(ev, sts_seats_text(plan->token_file));
	for (const char *ca = sts_seats_text(plan->cas); t->watches_cas && *ca;
	     ca += strlen(ca) + 1)
		sts_events_watch(ev, ca);
}

void sts_seats_watch(struct sts_events *ev, const char *config)
{
	bool again = all.watch_again;

	for (struct sts_seat *t = NULL; (t = sts_seat_next(t));)
		again = again || t->watches_cas != t->x.distrusts;
	if (!again || once())
		return;
	all.watch_again = false;
	sts_events_unwatch(ev);
	for (struct sts_seat *t = NULL; (t = sts_seat_next(t));)
		watch_one(ev, t);
	if (config)
		sts_events_watch(ev, config);
	/* What happened before it was watched. */
	sts_seats_files_changed();
}

/* ---- who waits for whom ---- */

/* Does an exchange have what those need that read its output? */
static bool has_token(const struct sts_seat *t)
{
	return t->x.expires_s > 0 && (!once() || t->x.exit_status == STS_EXIT_OK);
}

static const char *waits_for(const struct sts_plan *plan)
{
	const struct sts_plan *first = plan->depends_on < 0 ? NULL
							    : &all.plans->plan[plan->depends_on];
	const struct sts_seat *t = first ? seat_of(first) : NULL;

	return !first || (t && has_token(t)) ? NULL : first->name;
}

/* What waited for a token of another one, and what reads that, after it has one; what waits in vain, after it ended without. */
static void pass_on(void)
{
	struct sts_moment m = sts_now();

	for (struct sts_seat *t = NULL; (t = sts_seat_next(t));) {
		const struct sts_plan *plan = t->x.plan;
		const struct sts_seat *first =
			plan->depends_on < 0 ? NULL : seat_of(&all.plans->plan[plan->depends_on]);

		if (!waits_for(plan))
			sts_exchange_input_ready(&t->x, &m);
		else if (first && first->x.exit_status > 0 &&
			 sts_exchange_input_lost(&t->x, first->x.exit_status))
			sts_tell_named(
				STS_LEVEL_ERROR,
				"not tried: the exchange whose token it sends has failed (see its "
				"line)",
				plan->name);
		if (first && !once())
			check_subject(t);
	}
}

/* Not inlined: a buffer in the frame that sleeps would be memory that is never given back. */
__attribute__((noinline)) enum sts_err sts_seat_own(struct sts_seat *t, struct sts_error *e)
{
	const struct sts_plan *plan = t->x.plan;
	const char *dir = sts_seats_text(plan->output_dir);
	enum sts_err err;
	struct stat st;

	/* Of one that was removed, descriptor and lock are left: what is there by its name now is another one. */
	if (t->store.dir_fd >= 0 && fstat(t->store.dir_fd, &st) == 0 && st.st_nlink == 0)
		sts_store_close(&t->store);
	if (plan->to_stdout || t->store.dir_fd >= 0)
		return STS_OK;
	if (!sts_sandbox_may_write(dir))
		return sts_fail(e, STS_EOUTPUT, 0,
				"%.100s: the sandbox was closed without it: start this program "
				"again",
				dir);
	err = sts_store_open(&t->store, dir, plan->create_dir, plan->mode, plan->group, e);
	if (err == STS_OK)
		err = sts_store_lock(&t->store, e);
	if (err == STS_OK)
		err = sts_tell_status(&t->x, &t->store, e);
	/* A full disk may have room again. */
	if (err == STS_OK || e->detail == ENOSPC || e->detail == EDQUOT)
		return STS_OK;
	sts_store_close(&t->store);
	return err;
}

void sts_seat_attempted(struct sts_seat *t)
{
	if (t->x.distrusts && !t->watches_cas)
		t->trust = identity_of_cas(t->x.plan);
	if (!once()) {
		check_subject(t);
		check_trust(t);
	}
	pass_on();
}

/* ---- new plans ---- */

/* Was this the directory of another exchange? Then what lies in it is that one's token. */
static bool of_another(const struct sts_plan *plan, const struct sts_plans *before)
{
	for (uint32_t i = 0; before && i < before->count; i++) {
		const char *rest =
			sts_path_beneath(sts_plans_text(before, before->plan[i].output_dir),
					 sts_seats_text(plan->output_dir));

		if (rest && !*rest && strcmp(before->plan[i].name, plan->name) != 0)
			return true;
	}
	return false;
}

/* A subject token that may be sent once, and was, by an exchange that stopped. */
struct spent {
	const char *file;
	uint8_t id[STS_SUBJECT_ID_BYTES];
};

static void sit_down(const struct sts_plan *plan, const struct sts_plans *before,
		     const struct spent *spent)
{
	struct sts_moment m = sts_now();
	struct sts_seat *t = all.seats;

	while (t->x.plan)
		t++;
	*t = (struct sts_seat){.store = {.dir_fd = -1}};
	sts_exchange_init(&t->x, plan, &m);
	t->x.no_adoption = of_another(plan, before);
	for (; plan->single_use && spent->file; spent++)
		if (strcmp(spent->file, sts_seats_text(plan->token_file)) == 0) {
			t->x.used = true;
			memcpy(t->x.used_id, spent->id, sizeof(t->x.used_id));
		}
}

/* For the first token of another one, unless an attempt is under way: that sees what there is. */
static void make_wait(struct sts_seat *t)
{
	const char *name = waits_for(t->x.plan);

	if (!name || sts_exchange_busy(&t->x) ||
	    (t->x.status.wait == STS_WAIT_EXCHANGE && strcmp(name, t->x.status.wait_name) == 0))
		return;
	sts_exchange_wait(&t->x, name);
	sts_tell_wait(&t->x);
}

void sts_seat_stand_up(struct sts_seat *t)
{
	if (t->worker) {
		sts_child_end(t->worker->pid);
		t->worker->pid = -1;
		/* Its last word: what it has sent was sent. */
		sts_child_read(t->worker);
		if (t->worker->stage_len > 0)
			sts_exchange_sent(&t->x, t->worker->stage + 1);
		sts_child_drop(t->worker);
	}
	t->worker = NULL;
	sts_exchange_stopped(&t->x);
	write_status(t);
	if (t->store.dir_fd >= 0)
		sts_store_close(&t->store);
	t->x.plan = NULL;
}

/* The plan that goes on where another one stops: the same name, the same files. */
static const struct sts_plan *successor(const struct sts_plan *old, struct sts_plans *plans,
					struct sts_plans *before)
{
	for (uint32_t i = 0; i < plans->count; i++) {
		const struct sts_plan *plan = &plans->plan[i];

		if (strcmp(plan->name, old->name) == 0 && plan->mode == old->mode &&
		    plan->group == old->group &&
		    strcmp(sts_plans_text(plans, plan->output_dir),
			   sts_plans_text(before, old->output_dir)) == 0)
			return plan;
	}
	return NULL;
}

void sts_seats_take_over(struct sts_plans *plans)
{
	struct sts_plans *before = all.plans;
	struct sts_moment m = sts_now();
	struct spent spent[STS_EXCHANGES_MAX + 1] = {{0}}, *end = spent;

	for (struct sts_seat *t = NULL; (t = sts_seat_next(t));) {
		const struct sts_plan *old = t->x.plan;

		if (successor(old, plans, before))
			continue;
		sts_tell_named(STS_LEVEL_INFO, "removed from the configuration", old->name);
		sts_seat_stand_up(t);
		if (!t->x.used)
			continue;
		end->file = sts_plans_text(before, old->token_file);
		memcpy(end++->id, t->x.used_id, sizeof(end->id));
	}
	all.plans = plans;
	for (struct sts_seat *t = NULL; (t = sts_seat_next(t));) {
		const struct sts_plan *plan = successor(t->x.plan, plans, before);

		sts_exchange_replanned(&t->x, plan, plan->options_id != t->x.plan->options_id, &m);
		t->store.dir = sts_seats_text(plan->output_dir);
	}
	for (uint32_t i = 0; i < plans->count; i++)
		if (!seat_of(&plans->plan[i]))
			sit_down(&plans->plan[i], before, spent);
	for (struct sts_seat *t = NULL; (t = sts_seat_next(t));)
		make_wait(t);
	sts_plans_free(before);
	pass_on();
	all.watch_again = true;
}
