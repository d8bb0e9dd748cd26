/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold in each run of a script, at each step. It is derived from what the world did, and
 * compared with what the supervisor does and says. The first time that something does not hold, the
 * program says what, and how to repeat the run, and ends with 1.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind.h"
#include "chains.h"
#include "check.h"
#include "schedule/schedule.h"
#include "supervisor/members.h"

#define REFRESH_MS  (465 * SECOND) /* of a token of 900 s: never sooner by itself */
#define SLOW_MS     (9 * SECOND)   /* a refusal is retried after this by itself */
#define GRACE_MS    (2 * SECOND)   /* after the deadline */
#define PLAN_MS     1200           /* planning is done once in a second */
#define SPREAD_MS   (10 * SECOND)
#define NEXT_MS     (75 * SECOND) /* without a token: the longest wait, the spread, some slack */
#define LONGEST_MS  (90 * MINUTE) /* of a run */
#define PROMISE_MS  MINUTE        /* a life sign comes so soon after the last time that it may */
#define WORKERS_MAX 4

void check_fail(int exchange, const char *format, ...)
{
	va_list args;

	printf("chains: after %lld ms", (long long)(world.boot_ms - CHAINS_START_MS));
	if (exchange >= 0)
		printf(", exchange %d", exchange);
	printf(": ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\nTo repeat it: build/tests/chains --repeat ");
	script_print();
	exit(1);
}

/* Only the year looks at the warnings. */
void check_predicted(int exchange, int64_t gap_s)
{
	(void)exchange;
	(void)gap_s;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int number_of(const struct sts_member *t)
{
	return atoi(t->x.plan->name);
}

static const struct sts_member *member(int exchange)
{
	for (STS_EACH_MEMBER(t))
		if (number_of(t) == exchange)
			return t;
	return NULL;
}

/* Another exchange has its directory: it makes no request, and must say so. */
static bool clashes(int exchange)
{
	return exchange == CHAINS_CLASH(script.count);
}

/* ---- an attempt starts ---- */

static void check_reason(int exchange)
{
	const struct link *l = &links[exchange];
	ino_t subject = world.place[l->reads].subject.inode;

	if (l->attempts == 0 || l->asked_ms >= 0 || l->renewed_ms >= 0 || l->wanted_ms >= 0 ||
	    l->waited || subject != l->tried_subject)
		return;
	if (l->error == STS_OK && world.boot_ms < later(l->token_from_ms, 0) + REFRESH_MS)
		check_fail(exchange, "nothing asked for this attempt: its token is fresh");
	if (l->error == STS_EDENIED && world.boot_ms < l->ended_ms + SLOW_MS)
		check_fail(exchange, "nothing asked for this attempt so soon after a refusal");
}

static void check_floors(int exchange)
{
	const struct link *l = &links[exchange];

	if (l->attempts == 0 || l->error == STS_ESUBJECT_USED)
		return;
	if (l->error == STS_OK && world.boot_ms < l->token_from_ms + STS_SCHEDULE_FLOOR_MS)
		check_fail(exchange, "an attempt too soon after a token");
	if (l->error != STS_OK && world.boot_ms < l->ended_ms + STS_SCHEDULE_RETRY_FLOOR_MS)
		check_fail(exchange, "an attempt too soon after a failure");
}

void chains_check_fork(int exchange)
{
	struct link *l = &links[exchange];

	if (!l->planned)
		check_fail(exchange, "an attempt of an exchange that is not configured");
	if (clashes(exchange))
		check_fail(exchange, "an attempt whose directory is another exchange's");
	if (l->running)
		check_fail(exchange, "two attempts at once");
	if (chains_running() >= WORKERS_MAX)
		check_fail(exchange, "too many attempts at once");
	if (l->source >= 0 && !links[l->source].has_token)
		check_fail(exchange, "an attempt, but exchange %d has no token yet", l->source);
	check_reason(exchange);
	check_floors(exchange);
	l->started_request = l->request;
	l->started_reads = l->reads;
	l->asked_ms = l->renewed_ms = l->wanted_ms = -1;
	l->waited = false;
}

/* ---- the supervisor sleeps ---- */

/* When the last attempt was started of the exchange that it waits for in the end. */
static int64_t tried_in_the_end(int exchange)
{
	int at = links[exchange].source;

	while (links[at].source >= 0 && !links[links[at].source].has_token && !links[at].running)
		at = links[at].source;
	return links[at].tried_ms;
}

static void check_chained(int exchange, const struct sts_exchange *x)
{
	const struct link *l = &links[exchange];
	const struct sts_member *source;

	if (l->source < 0)
		check_fail(exchange, "it waits for an exchange that is not there");
	if (links[l->source].has_token)
		check_fail(exchange, "it waits, but exchange %d has a token", l->source);
	source = member(l->source);
	if (source->x.state == STS_EXCHANGE_ENDED)
		check_fail(exchange, "it waits for exchange %d, which has ended", l->source);
	if (x->status.wait != STS_WAIT_EXCHANGE || atoi(x->status.wait_name) != l->source)
		check_fail(exchange, "it waits for exchange %d, and says \"%s\"", l->source,
			   x->status.wait_name);
	if (x->status.source_tried_ms != tried_in_the_end(exchange))
		check_fail(exchange, "it does not say when the one that it waits for was tried");
}

/* An attempt of another exchange, whose request is another one now, may send the token that this
 * exchange is to send: this one waits for it. */
static bool waits_for_a_sender(int exchange)
{
	for (int i = 0; i < WORLD_EXCHANGES_MAX; i++)
		if (i != exchange && links[i].running &&
		    (links[i].started_request != links[i].request ||
		     links[i].started_reads != links[i].reads))
			return world.place[exchange].single_use;
	return false;
}

/* There must be an attempt by a time; the reasons are those of the world. */
static void check_progress(int exchange, const struct sts_exchange *x)
{
	struct link *l = &links[exchange];

	if (waits_for_a_sender(exchange))
		l->ready_ms = world.boot_ms;
	int64_t floor_ms = l->error == STS_OK ? l->token_from_ms + STS_SCHEDULE_FLOOR_MS
					      : l->ended_ms + SECOND;
	int64_t from_ms = later(l->ready_ms, floor_ms) + PLAN_MS;

	if (l->running || chains_running() >= WORKERS_MAX - 1)
		return;
	if (l->asked_ms >= 0 && world.boot_ms > later(l->asked_ms + PLAN_MS, from_ms))
		check_fail(exchange, "the refresh that was asked for has not come");
	if (l->renewed_ms >= 0 &&
	    world.boot_ms > later(l->renewed_ms + PLAN_MS, from_ms) + SPREAD_MS)
		check_fail(exchange, "its request has changed, and there was no new attempt");
	if (l->wanted_ms >= 0 && x->state == STS_EXCHANGE_HOLDS &&
	    world.boot_ms > later(l->wanted_ms + PLAN_MS, from_ms))
		check_fail(exchange, "the token that a reader needs has not come");
	if (!l->has_token && l->error != STS_ESUBJECT_USED && world.boot_ms > l->ready_ms + NEXT_MS)
		check_fail(exchange, "it has no token, and there was no new attempt");
	if (sts_exchange_attempt_ms(x) < 0)
		check_fail(exchange, "no attempt is planned");
}

static enum sts_state expected_state(const struct link *l)
{
	if (l->error == STS_ESUBJECT_USED && !script.fetch)
		return STS_STATE__COUNT; /* as it was before */
	if (l->attempts == 0)
		return STS_STATE_STARTING;
	return l->error == STS_OK ? STS_STATE_OK : STS_STATE_FAILING;
}

static void check_status(int exchange, const struct sts_exchange *x)
{
	const struct sts_status *s = bind_written(exchange);
	const struct link *l = &links[exchange];
	enum sts_state state = expected_state(l);

	if (x->status_changed || memcmp(s, &x->status, sizeof(*s)) != 0)
		check_fail(exchange, "its status is not written");
	if (state != STS_STATE__COUNT && s->state != state)
		check_fail(exchange, "its status is %d and not %d", s->state, state);
	if (s->error != l->error || s->attempts != l->attempts)
		check_fail(exchange, "its status tells of another attempt");
	if (l->running && s->trying_ms != l->started_ms)
		check_fail(exchange, "its status does not say that an attempt runs");
	if (s->tried_ms != l->tried_ms)
		check_fail(exchange, "its status does not say when it was tried");
}

/* The status says by which time another status is written. */
static void check_promise(int exchange, const struct sts_exchange *x)
{
	int64_t latest_ms = bind_written(exchange)->latest_ms, planned_ms;

	if (x->state == STS_EXCHANGE_CHAINED || x->state == STS_EXCHANGE_ENDED) {
		if (latest_ms != 0)
			check_fail(exchange, "it promises a life sign, but nothing is planned");
		return;
	}
	planned_ms = sts_exchange_busy(x) ? x->started_ms + x->timeout_ms
					  : x->next_ms + x->plan->queue_ms;
	if (latest_ms < world.boot_ms)
		check_fail(exchange, "the time of its next life sign is over");
	if (latest_ms > planned_ms + PROMISE_MS)
		check_fail(exchange, "its next life sign is promised too late");
}

static void check_member(const struct sts_member *t)
{
	int exchange = number_of(t);
	const struct link *l = &links[exchange];

	if (!l->planned)
		check_fail(exchange, "it is not removed");
	if (clashes(exchange)) {
		if (t->x.status.attempts > 0 && t->x.status.error != STS_EUSAGE)
			check_fail(exchange,
				   "it does not say that its directory is another exchange's");
		return;
	}
	if (sts_exchange_busy(&t->x) != l->running)
		check_fail(exchange, "an attempt runs, or does not, and it is not known");
	check_promise(exchange, &t->x);
	if (t->x.state == STS_EXCHANGE_ENDED && !script.fetch)
		check_fail(exchange, "it has ended");
	if (t->x.state == STS_EXCHANGE_ENDED)
		return;
	check_status(exchange, &t->x);
	if (t->x.state == STS_EXCHANGE_CHAINED)
		check_chained(exchange, &t->x);
	else
		check_progress(exchange, &t->x);
}

/* `fetch`: an exchange whose last attempt is not repeated has ended, and so have its readers. */
static bool has_ended(int exchange)
{
	const struct link *l = &links[exchange];

	if (l->source >= 0 && !links[l->source].has_token && has_ended(l->source))
		return true;
	return !l->running && l->attempts > 0 &&
	       (!sts_error_info(l->error).fetch_retries ||
		(l->sent && world.place[exchange].single_use));
}

static void check_fetch(void)
{
	int ended = 0;

	for (int i = 0; i < script.count; i++) {
		const struct sts_member *t = member(i);

		if (has_ended(i) && t->x.state != STS_EXCHANGE_ENDED)
			check_fail(i, "nothing can follow, and it has not ended");
		ended += t->x.state == STS_EXCHANGE_ENDED;
	}
	if (ended == script.count)
		check_fail(-1, "all have ended, and it sleeps");
}

/* `run`: is there nothing more to come? */
static bool is_done(void)
{
	for (int i = 0; i < CHAINS_EXCHANGES; i++) {
		const struct link *l = &links[i];

		if (!l->planned)
			continue;
		if (clashes(i) ? member(i)->x.status.attempts == 0
			       : l->running || !l->has_token || l->error != STS_OK ||
					 l->asked_ms >= 0 || l->renewed_ms >= 0 || l->waited)
			return false;
	}
	return true;
}

void chains_check_sleep(int64_t until_ms)
{
	if (until_ms < 0)
		check_fail(-1, "it sleeps for ever");
	for (STS_EACH_MEMBER(t))
		check_member(t);
	for (int i = 0; i < CHAINS_EXCHANGES; i++)
		if (links[i].planned && !member(i))
			check_fail(i, "it is not there");
	if (script.fetch)
		check_fetch();
	else if (run.events == 0 && !run.closing && is_done())
		chains_close();
}

void chains_check_time(int64_t to_ms)
{
	for (STS_EACH_MEMBER(t)) {
		int64_t latest_ms = bind_written(number_of(t))->latest_ms;

		if (t->store.dir_fd >= 0 && latest_ms > 0 && latest_ms < to_ms)
			check_fail(number_of(t), "it sleeps past the time of its next life sign");
	}
	if (script.fetch && to_ms > CHAINS_START_MS + CHAINS_DEADLINE_MS + GRACE_MS)
		check_fail(-1, "it does not end by its deadline");
	if (to_ms > CHAINS_START_MS + LONGEST_MS)
		check_fail(-1, "not all exchanges have got a token");
}

/* ---- the supervisor has ended ---- */

/* The exchange without which this one has no token: itself, or one that it waits for. */
static int culprit(int exchange)
{
	int source = links[exchange].source;

	return source >= 0 && !links[source].has_token ? culprit(source) : exchange;
}

static int expected_exit(void)
{
	if (run.stopped)
		return script.fetch ? (int)sts_error_info(STS_ESTOPPED).exit_status : STS_EXIT_OK;
	for (int i = 0; i < script.count; i++) {
		int exchange = script.order[i];

		if (!links[exchange].has_token)
			return (int)sts_error_info(links[culprit(exchange)].error).exit_status;
	}
	return STS_EXIT_OK;
}

/* A failure that `fetch` retries ends it only if the next attempt might be too late. */
static void check_gave_up(int exchange)
{
	const struct link *l = &links[exchange];
	int64_t wait_ms = l->failures > 5 ? 60 * SECOND : (1 << l->failures) * SECOND;

	if (l->has_token || run.stopped || culprit(exchange) != exchange)
		return;
	if (l->attempts == 0)
		check_fail(exchange, "it was never tried");
	if (sts_error_info(l->error).fetch_retries &&
	    !(world.place[exchange].single_use && l->sent) &&
	    l->ended_ms + wait_ms < CHAINS_START_MS + CHAINS_DEADLINE_MS - SECOND)
		check_fail(exchange, "it has given up with %lld ms left",
			   (long long)(CHAINS_START_MS + CHAINS_DEADLINE_MS - l->ended_ms));
}

/* Has it ended by itself? */
static bool is_over(int exchange)
{
	const struct sts_member *t = member(exchange);

	return script.fetch && (run.stopped ? has_ended(exchange) || links[exchange].has_token
					    : t && t->x.state == STS_EXCHANGE_ENDED);
}

static void check_last_words(int exchange)
{
	const struct link *l = &links[exchange];
	struct sts_status s = bind_status(exchange);
	bool over = is_over(exchange), lost = over && culprit(exchange) != exchange;

	if (!over && s.state != STS_STATE_STOPPED)
		check_fail(exchange, "its last status is %d, and not that it was stopped", s.state);
	if (over && s.state != (l->has_token ? STS_STATE_OK : STS_STATE_FAILING))
		check_fail(exchange, "its last status is %d", s.state);
	if (lost && (s.wait != STS_WAIT_LOST || atoi(s.wait_name) != l->source))
		check_fail(exchange, "its last status does not say that exchange %d has failed",
			   l->source);
	if (over && !lost && s.wait != STS_WAIT_NONE)
		check_fail(exchange, "its last status says that it waits");
	/* The supervisor does not hear of an attempt that ends in the moment of the stop. */
	if ((s.error != l->error || s.attempts != l->attempts) &&
	    !(run.stopped && l->ended_ms == world.boot_ms && s.attempts + 1 == l->attempts))
		check_fail(exchange, "its last status tells of another attempt");
	if (s.latest_ms != 0 || s.next_ms != 0 || s.trying_ms != 0)
		check_fail(exchange, "its last status says that something follows");
}

void chains_check_end(int status)
{
	if (!script.fetch && !run.stopped)
		check_fail(-1, "it has ended by itself with %d", status);
	if (status != expected_exit())
		check_fail(-1, "its exit status is %d and not %d", status, expected_exit());
	for (int i = 0; i < script.count; i++) {
		if (script.fetch)
			check_gave_up(i);
		if (links[i].planned)
			check_last_words(i);
	}
}
