/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind.h"
#include "schedule/schedule.h"

/* If an STS has been willing for this long before a token ends it must have been asked. */
#define WILLING_MS (30 * SECOND) /* and a time-out */
/* After this time it must have been asked, whatever was before: the longest wait, and two
 * time-outs. */
#define WITHOUT_MS(timeout_ms) (300 * SECOND + 2 * ((timeout_ms) + SECOND) + 15 * SECOND)
#define LONGEST_TIMEOUT_MS     (200 * SECOND)
/* The poll's interval is spread by a fifth. */
#define POLL_MS (WORLD_POLL_MS * 6 / 5)
/* Another key is seen by the next poll, and a poll may have missed it by a moment. */
#define KEY_MS (2 * POLL_MS + 15 * SECOND)
/* If the node's clock belies `expires` for this long, the supervisor has not followed it. */
#define BELIED_MS MINUTE
/* The most attempts in an hour that were not asked for: one every 15 s. */
#define HOURLY_MAX    240
#define SHORT_LIFE_MS (30 * SECOND)
#define AT_ONCE_MAX   4
#define SPINS_MAX     2000

struct record {
	int64_t willing_since_ms; /* since then nothing has kept the exchange from a token */
	int64_t token_until_ms;   /* of the one on disk */
	int64_t without_since_ms; /* -1: there is a valid token */
	int64_t belied_since_ms;  /* by the node's clock `expires` is wrong; -1: it is not */
	bool capped;
	/* attempts */
	bool waits; /* for the first token of another exchange */
	bool running, last_failed, first;
	int64_t last_sent_ms, last_ended_ms;
	/* polls */
	bool absent;            /* it is not in the plan */
	bool polls, answered;   /* it knows the key of its token; a poll was answered */
	int64_t poll_from_ms;   /* a worker has ended: the interval counts from here */
	int64_t key_changed_ms; /* and no attempt was made since; -1: it has not */
	uint32_t minutes[60], in_hour;
	int64_t minute;
};

static struct record record[WORLD_EXCHANGES_MAX];
static uint32_t refreshed
	[2]; /* how often an attempt was asked for in the last hour but one, and in the last hour */
static int64_t refreshed_hour;
static int64_t resumed_ms; /* after it was suspended last */
static int64_t crowded_ms; /* when an attempt may have had to wait for another one, last */
static int running, spins;
static struct {
	int descriptors;
	long pages;
} before;
struct check_figures check_figures;

void check_fail(int exchange, const char *format, ...)
{
	int64_t ms = world.boot_ms - HOUR;
	va_list args;

	printf("soak: day %lld, %02lld:%02lld:%02lld.%03lld", (long long)(ms / DAY),
	       (long long)(ms / HOUR % 24), (long long)(ms / MINUTE % 60),
	       (long long)(ms / SECOND % 60), (long long)(ms % SECOND));
	if (exchange >= 0)
		printf(", exchange %d", exchange);
	printf(": ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	exit(1);
}

/* ---- nothing grows ---- */

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static long count_pages(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (f) {
		if (fscanf(f, "%ld", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return pages;
}

void check_end(void)
{
	if (before.descriptors == 0) {
		/* The first reading has costs of its own. */
		count_pages();
		before.descriptors = count_descriptors();
		before.pages = count_pages();
	}
	check_figures.descriptors = count_descriptors();
	check_figures.pages = count_pages();
	if (check_figures.descriptors != before.descriptors)
		check_fail(-1, "%d descriptors, %d at the start", check_figures.descriptors,
			   before.descriptors);
	if (check_figures.pages != before.pages)
		check_fail(-1, "%ld pages are mapped, %ld at the start", check_figures.pages,
			   before.pages);
}

/* ---- a valid token on disk ---- */

void check_unwilling(int exchange, int64_t until_ms)
{
	if (record[exchange].willing_since_ms < until_ms)
		record[exchange].willing_since_ms = until_ms;
}

/* Is the subject token too old or too young, by the clock of the STS or by the node's? Its last
 * seconds do not count. */
static bool is_refused(const struct place *p, const struct subject *subject, int64_t now_ms)
{
	int64_t sts_ms = now_ms + p->sts_offset_ms, real_ms = world_real_at_ms(now_ms);

	return sts_ms >= subject->until_ms - 2 * SECOND || sts_ms < subject->renewed_ms ||
	       real_ms >= WORLD_EPOCH_MS + subject->until_ms - 2 * SECOND;
}

/* Since when was there a willing STS, and a subject token for it that gives more than the old
 * one? */
static int64_t willing_since(int i, int64_t now_ms)
{
	const struct place *p = &world.place[i];
	const struct subject *subject = &world.place[p->reads].subject;
	const struct record *r = &record[i];
	bool needs_another = r->capped || r->without_since_ms >= 0;
	int64_t since_ms = r->willing_since_ms;

	/* An exchange that reads the output of another one waits for its first success after each
	 * start. */
	if ((needs_another && is_refused(p, subject, now_ms)) || r->waits)
		return now_ms;
	/* An attempt that may take so long may outlive the token. It begins in the last fifth of
	 * the token's life, which is short if the subject token has capped it. */
	if (r->running &&
	    (p->timeout_ms > MINUTE || (r->token_until_ms - r->last_sent_ms) / 6 < p->timeout_ms))
		return now_ms;
	if (p->single_use && world_sent_by(subject->inode) >= 0)
		return now_ms;
	/* Without an event the supervisor looks every minute for another subject token, and then
	 * sends it. */
	if (p->single_use && subject->renewed_ms + 6 * SECOND > r->willing_since_ms)
		return subject->renewed_ms + 6 * SECOND;
	/* A token may live for a few seconds only, if a clock differs by nearly its life. */
	if (r->last_sent_ms > since_ms)
		since_ms = r->last_sent_ms;
	return needs_another && subject->renewed_ms > since_ms ? subject->renewed_ms : since_ms;
}

static void token_ends(int i)
{
	struct record *r = &record[i];
	int64_t end_ms = r->token_until_ms, since_ms = willing_since(i, end_ms);

	if (since_ms <= end_ms - WILLING_MS - world.place[i].timeout_ms)
		check_fail(i,
			   "the token ended %lld s after there was nothing in the way of a new one",
			   (long long)((end_ms - since_ms) / SECOND));
	if (world.calm && world_source(i) >= 0)
		check_fail(i, "the token ended, and its source could have brought a new subject "
			      "token");
	r->without_since_ms = end_ms;
	check_figures.without++;
}

static void check_token(int i, int64_t to_ms)
{
	struct record *r = &record[i];

	if (r->absent)
		return;
	if (r->without_since_ms < 0 && r->token_until_ms <= to_ms)
		token_ends(i);
	if (r->without_since_ms < 0)
		return;
	if (willing_since(i, to_ms) <= to_ms - WITHOUT_MS(world.place[i].timeout_ms))
		check_fail(i, "no token, and no new one for %lld s with nothing in the way",
			   (long long)((to_ms - willing_since(i, to_ms)) / SECOND));
}

/* After the machine has slept all are due at once, and have waited already. */
static bool has_slept(int64_t to_ms)
{
	int64_t queue_ms = (world.exchanges - 1) / (AT_ONCE_MAX - 1) * LONGEST_TIMEOUT_MS;

	return to_ms < resumed_ms + queue_ms + MINUTE;
}

/* What is wrong with `expires` at this time, for others on the node; NULL for nothing. */
static const char *belied(int i, int64_t to_ms)
{
	const struct place *p = &world.place[i];
	int64_t left_ms = p->expires_s * SECOND - world_real_at_ms(to_ms);

	if (left_ms <= 0)
		return "`check` says that the token has expired";
	/* The second is for rounding. */
	return left_ms > p->token_until_ms - to_ms + MINUTE + SECOND
		       ? "`expires` promises more than the token lives"
		       : NULL;
}

/* Since when could the supervisor have written `expires` anew? */
static int64_t could_since(int i, int64_t to_ms)
{
	const struct place *p = &world.place[i];
	const struct record *r = &record[i];
	int64_t since_ms = willing_since(i, to_ms);

	/* It does not know of the step; the subject token is too old or the certificate is not
	 * valid, by this clock; an attempt runs. */
	if (world.told_ms < world.step_ms || r->running ||
	    is_refused(p, &world.place[p->reads].subject, to_ms) ||
	    world_offset_at_ms(to_ms) > 12 * HOUR || world_offset_at_ms(to_ms) < -12 * HOUR)
		return to_ms;
	since_ms = world.told_ms > since_ms ? world.told_ms : since_ms;
	return crowded_ms > since_ms ? crowded_ms : since_ms;
}

static void check_belied(int i, int64_t to_ms)
{
	struct record *r = &record[i];
	const struct place *p = &world.place[i];
	const char *what = belied(i, to_ms);
	int64_t since_ms;

	if (r->absent || !p->has_files || !what || has_slept(to_ms)) {
		r->belied_since_ms = -1;
		return;
	}
	if (r->belied_since_ms < 0)
		r->belied_since_ms = world.boot_ms;
	/* It may have become so on the way: no drift is faster. */
	if (!belied(i, world.boot_ms))
		r->belied_since_ms = to_ms - (world_real_at_ms(to_ms) - p->expires_s * SECOND);
	since_ms = could_since(i, to_ms);
	if (since_ms < r->belied_since_ms)
		since_ms = r->belied_since_ms;
	if (to_ms - since_ms > (r->last_failed ? WITHOUT_MS(p->timeout_ms) : BELIED_MS))
		check_fail(i, "%s for %lld s with nothing in the way", what,
			   (long long)((to_ms - since_ms) / SECOND));
}

static void check_poll(int i, int64_t to_ms)
{
	struct record *r = &record[i];
	int64_t since_ms = r->key_changed_ms;

	/* Polls come last. */
	if (r->absent || !r->polls || !r->answered || r->running || running >= AT_ONCE_MAX - 1) {
		r->poll_from_ms = to_ms;
		if (r->key_changed_ms >= 0)
			r->key_changed_ms = to_ms;
		return;
	}
	if (to_ms > r->poll_from_ms + POLL_MS)
		check_fail(i, "the key was not asked for in %lld s",
			   (long long)((to_ms - r->poll_from_ms) / SECOND));
	if (since_ms < 0)
		return;
	since_ms = r->willing_since_ms > since_ms ? r->willing_since_ms : since_ms;
	if (world.place[i].absent_until_ms > since_ms)
		since_ms = world.place[i].absent_until_ms;
	if (to_ms > since_ms + KEY_MS)
		check_fail(i, "the key has changed, and there was no attempt");
}

void check_key_changed(int exchange)
{
	if (record[exchange].key_changed_ms < 0)
		record[exchange].key_changed_ms = world.boot_ms;
}

static void check_begins(int exchange)
{
	struct record *r = &record[exchange];

	r->first = true;
	check_once_begins(exchange);
	r->absent = r->running = r->polls = r->answered = false;
	r->key_changed_ms = -1;
	r->waits = world_source(exchange) >= 0;
	check_unwilling(exchange, world.boot_ms);
}

void check_suspended(int64_t until_ms)
{
	resumed_ms = until_ms;
	for (int i = 0; i < world.exchanges; i++)
		record[i].poll_from_ms = until_ms;
}

void check_promises(int64_t to_ms)
{
	for (int i = 0; i < world.exchanges; i++) {
		int64_t latest_ms = bind_written(i)->latest_ms;

		if (latest_ms > 0 && latest_ms < to_ms && !has_slept(to_ms))
			check_fail(i, "the time of its next life sign is over");
		check_poll(i, to_ms);
	}
}

void check_time(int64_t to_ms)
{
	if (to_ms > world.boot_ms)
		spins = 0;
	if (running >= AT_ONCE_MAX - 1)
		crowded_ms = to_ms;
	for (int i = 0; i < world.exchanges; i++) {
		check_token(i, to_ms);
		check_belied(i, to_ms);
	}
}

void check_token_known(int exchange)
{
	const struct place *p = &world.place[exchange];
	struct record *r = &record[exchange];

	if (r->without_since_ms >= 0)
		check_figures.without_ms += world.boot_ms - r->without_since_ms;
	r->last_sent_ms = p->token_from_ms;
	r->token_until_ms = p->token_until_ms;
	r->without_since_ms = -1;
	r->capped = p->capped;
	check_figures.tokens++;
}

/* ---- how often the STS is asked ---- */

/* Minutes that were more than an hour ago do not count any more. */
static void forget(struct record *r, int64_t minute)
{
	for (int64_t m = r->minute + 1; m <= minute && m <= r->minute + 60; m++) {
		r->in_hour -= r->minutes[m % 60];
		r->minutes[m % 60] = 0;
	}
	r->minute = minute;
}

static void count_attempt(int i)
{
	struct record *r = &record[i];
	int64_t minute = world.boot_ms / MINUTE;

	check_figures.attempts++;
	/* If a clock differs by nearly the life of a token, each token lives for some seconds by
	 * that clock, and the floor alone bounds how often another one is asked for. */
	if (!r->last_failed && r->token_until_ms - r->last_sent_ms < SHORT_LIFE_MS)
		return;
	forget(r, minute);
	r->minutes[minute % 60]++;
	r->in_hour++;
	if (r->in_hour > check_figures.worst_hour)
		check_figures.worst_hour = r->in_hour;
	if (r->in_hour > HOURLY_MAX + refreshed[0] + refreshed[1])
		check_fail(i, "%u attempts within an hour", r->in_hour);
}

static bool is_attempt(int mode)
{
	return mode == STS_WORKER_EXCHANGE || mode == STS_WORKER_ADOPT;
}

static void check_floor(int i)
{
	const struct record *r = &record[i];
	int64_t floor_ms = r->last_failed ? r->last_ended_ms + STS_SCHEDULE_RETRY_FLOOR_MS
					  : r->last_sent_ms + STS_SCHEDULE_FLOOR_MS;

	if (!r->first && world.boot_ms < floor_ms)
		check_fail(i, "an attempt %lld ms before it may be made",
			   (long long)(floor_ms - world.boot_ms));
}

void check_fork(int exchange, int mode, int64_t timeout_ms)
{
	if (record[exchange].running)
		check_fail(exchange, "two workers at once");
	if (running >= AT_ONCE_MAX)
		check_fail(exchange, "%d workers at once", running + 1);
	if (timeout_ms < 1 || timeout_ms > world.place[exchange].timeout_ms)
		check_fail(exchange, "a worker with %lld ms", (long long)timeout_ms);
	/* A worker that finds the subject token used ends, however often an attempt is asked
	 * for. */
	if (is_attempt(mode) && !world.place[exchange].single_use)
		check_floor(exchange);
}

void check_sent(int exchange)
{
	const struct place *p = &world.place[exchange];

	if (p->single_use && (!p->learns || check_knows(exchange)) &&
	    world_sent_by(world.place[p->reads].subject.inode) >= 0)
		check_fail(exchange, "a subject token was sent twice");
}

void check_not_forked(int exchange, int mode)
{
	check_unwilling(exchange, world.boot_ms);
	record[exchange].poll_from_ms = world.boot_ms;
	if (!is_attempt(mode))
		return;
	record[exchange].first = false;
	record[exchange].last_failed = true;
	record[exchange].last_ended_ms = world.boot_ms;
}

void check_started(const struct worker *w)
{
	record[w->exchange].running = true;
	if (w->asks)
		record[w->exchange].key_changed_ms = -1;
	running++;
	if (running > check_figures.most_running)
		check_figures.most_running = running;
	if (w->asks)
		count_attempt(w->exchange);
}

/* The exchanges that wait for this token may go on. */
static void release(int exchange)
{
	for (int i = 0; i < world.exchanges; i++)
		if (record[i].waits && world.place[i].chained_to == exchange) {
			record[i].waits = false;
			check_unwilling(i, world.boot_ms);
		}
}

static void note_poll(const struct worker *w, struct record *r)
{
	bool ok = w->has_report && w->report.error == STS_OK;

	r->poll_from_ms = world.boot_ms;
	if (!ok)
		return;
	if (is_attempt(w->mode))
		r->polls = w->report.flags & STS_REPORT_THUMBPRINT;
	else if (w->report.flags & STS_REPORT_THUMBPRINT)
		r->answered = true;
}

void check_ended(const struct worker *w)
{
	struct record *r = &record[w->exchange];

	r->running = false;
	running--;
	note_poll(w, r);
	if (!w->has_report || w->report.error != STS_OK)
		check_unwilling(w->exchange, world.boot_ms);
	if (!is_attempt(w->mode))
		return;
	if (w->has_report && (w->report.error == STS_OK || w->report.flags & STS_REPORT_ADOPTED))
		release(w->exchange);
	r->first = false;
	r->last_failed = !w->has_report || w->report.error != STS_OK;
	r->last_ended_ms = world.boot_ms;
}

/* Some have another request, which comes within the spread. */
void check_configured(void)
{
	for (int i = 0; i < world.exchanges; i++) {
		check_unwilling(i, world.boot_ms + 20 * SECOND);
		record[i].answered = false;
	}
	check_refreshed();
}

void check_left(int exchange)
{
	struct record *r = &record[exchange];

	r->absent = true;
	release(exchange);
}

void check_joined(int exchange)
{
	struct record *r = &record[exchange];

	check_begins(exchange);
	if (r->without_since_ms < 0 && r->token_until_ms <= world.boot_ms)
		r->without_since_ms = r->token_until_ms;
	for (int i = 0; i < world.exchanges; i++)
		if (world_source(i) == exchange && !record[i].absent)
			record[i].waits = true;
}

void check_refreshed(void)
{
	int64_t hour = world.boot_ms / HOUR;

	if (hour != refreshed_hour) {
		refreshed[0] = hour == refreshed_hour + 1 ? refreshed[1] : 0;
		refreshed[1] = 0;
		refreshed_hour = hour;
	}
	refreshed[1]++;
}

/* ---- the supervisor itself ---- */

void check_sleep(int64_t until_ms)
{
	if (++spins > SPINS_MAX)
		check_fail(-1, "it does not sleep");
	if (until_ms < 0)
		check_fail(-1, "it sleeps for ever");
	if (until_ms > world.boot_ms + STS_SCHEDULE_MAX_MS)
		check_fail(-1, "it sleeps for %lld s",
			   (long long)((until_ms - world.boot_ms) / SECOND));
}

void check_restart(void)
{
	for (int i = 0; i < world.exchanges; i++) {
		struct record *r = &record[i];

		/* This is a new Pod: there was no token, and its life begins now. */
		if (!world.place[i].has_files && r->without_since_ms < 0)
			r->without_since_ms = world.boot_ms;
		check_begins(i);
		r->absent = i == world.absent && world.configured < world.exchanges;
		/* What is not there has no readers. */
		if (r->absent)
			check_left(i);
	}
	running = 0;
	check_end();
}

void check_init(void)
{
	memset(record, 0, sizeof(record));
	for (int i = 0; i < WORLD_EXCHANGES_MAX; i++) {
		record[i].without_since_ms = world.boot_ms;
		record[i].belied_since_ms = -1;
		record[i].willing_since_ms = world.boot_ms;
		record[i].minute = world.boot_ms / MINUTE;
		record[i].first = true;
		record[i].key_changed_ms = -1;
		record[i].waits = world.place[i].chained_to >= 0;
	}
	running = spins = 0;
	resumed_ms = crowded_ms = 0;
	check_end();
}
