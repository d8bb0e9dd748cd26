/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of the world: what becomes of the workers that the supervisor starts. */
#include <string.h>

#include "chance.h"
#include "check.h"
#include "token/expiry.h"
#include "world_parts.h"
#include "world_shared.h"

/* A gateway's Date is missing in so many of a hundred answers. */
#define NO_DATE_PERCENT 20

static bool clock_is_mad(void)
{
	int64_t offset_ms = world_offset_at_ms(world.boot_ms);

	return offset_ms > 12 * HOUR || offset_ms < -12 * HOUR;
}

static void say_busy(struct worker *w)
{
	static const int32_t asks_s[] = {0, 1, 7, 60, 300, 86400};

	world_report(w, STS_EBUSY, chance_between(5, 300));
	w->report.http_status = 503;
	if (world.place[w->exchange].mood != MOOD_BUSY_ASKS)
		return;
	w->report.retry_after_s = asks_s[chance_between(0, 5)];
	/* The wait is spread over a quarter more, and the next attempt is made at its end. */
	check_unwilling(w->exchange,
			w->ends_ms +
				(w->report.retry_after_s < 300 ? w->report.retry_after_s : 300) *
					1250);
}

/* The STS refuses the subject token by its own clock. The worker compares the Date, as
 * protocol/untimely.c does. */
static bool refuses_subject(struct worker *w, int64_t now_ms, int64_t date_s)
{
	const struct subject *subject = &world.place[world.place[w->exchange].reads].subject;
	int64_t wait_s = (WORLD_EPOCH_MS + subject->renewed_ms) / SECOND - date_s + 1;

	if (now_ms >= subject->until_ms - SECOND) {
		world_report(w, STS_EUNAUTHORIZED, 20);
		w->report.http_status = 401;
		return true;
	}
	if (now_ms >= subject->renewed_ms)
		return false;
	world_report(w, STS_EEARLY, 20);
	w->report.http_status = 401;
	if (date_s >= 0 && wait_s > 1)
		w->report.retry_after_s = wait_s < 300 ? (int32_t)wait_s : 300;
	world.count.earlies++;
	check_unwilling(w->exchange,
			w->ends_ms +
				(w->report.retry_after_s > 0 ? w->report.retry_after_s * 1250 : 0));
	return true;
}

/* Read the times of the answer by the program's own rule. False if the token cannot be used. */
static bool read_times(struct worker *w, int64_t issued_s, int64_t exp_s, int64_t date_s)
{
	const struct sts_expiry_input input = {.absolute_s = -1,
					       .token_exp_s = exp_s,
					       .token_iat_s = issued_s,
					       .lifetime_s = INT64_MIN,
					       .default_ttl_s = 300,
					       .date_s = date_s,
					       .sent_real_s = world_real_ms() / SECOND,
					       .received_real_s = world_real_ms() / SECOND};
	struct sts_expiry expiry;

	if (!sts_expiry_combine(&input, &expiry)) {
		world_report(w, STS_ELIFETIME, 20);
		w->report.http_status = 200;
		return false;
	}
	w->report.lifetime_s = expiry.lifetime_s;
	w->report.expires_s = expiry.expires_s;
	return true;
}

static void say_success(struct worker *w)
{
	struct place *p = &world.place[w->exchange];
	int64_t sent_ms = w->started_ms, sts_ms = sent_ms + p->sts_offset_ms;
	int64_t until_ms = sts_ms + p->life_ms, cap_ms = world.place[p->reads].subject.until_ms;
	int64_t date_s = chance_percent(NO_DATE_PERCENT)
				 ? -1
				 : (WORLD_EPOCH_MS + sent_ms + p->date_offset_ms) / SECOND;
	bool capped = cap_ms <= until_ms;

	if (refuses_subject(w, sts_ms, date_s))
		return;
	until_ms = capped ? cap_ms : until_ms;
	world_report(w, STS_OK,
		     chance_percent(2) ? chance_between(100, 5000) : chance_between(15, 100));
	w->report.stage = STS_STAGE_DONE;
	w->report.http_status = 200;
	w->report.sent_boot_ms = sent_ms;
	if (!read_times(w, (WORLD_EPOCH_MS + sts_ms) / SECOND, (WORLD_EPOCH_MS + until_ms) / SECOND,
			date_s))
		return;
	w->writes = true;
	w->capped = capped;
	/* That much can be known. */
	w->token_until_ms = sent_ms + w->report.lifetime_s * SECOND;
	/* As the worker finds out. */
	if (w->report.expires_s >= (WORLD_EPOCH_MS + cap_ms) / SECOND - 1 &&
	    w->report.expires_s <= (WORLD_EPOCH_MS + cap_ms) / SECOND + 1)
		w->report.flags |= STS_REPORT_CAPPED;
	if (p->polls) {
		w->report.flags |= STS_REPORT_THUMBPRINT;
		w->report.thumbprint[0] = p->key;
	}
}

/*
 * Is the token that lies there valid by its own times, and not yet due? With another clock than the
 * one by which it was written, the answer would be wrong. That can happen to any program with a
 * wrong clock, and is not tested here.
 */
static bool on_disk(const struct worker *w, bool *due)
{
	const struct place *p = &world.place[w->exchange];
	int64_t now_ms = world_real_ms(), life_ms = p->expires_s * SECOND - p->written_real_ms;

	*due = now_ms >= p->written_real_ms + life_ms * 2 / 3;
	return w->mode == STS_WORKER_ADOPT && p->has_files &&
	       p->offset_ms == world_offset_at_ms(world.boot_ms) &&
	       p->expires_s * SECOND > now_ms && life_ms >= SECOND;
}

static void tell_on_disk(struct worker *w)
{
	const struct place *p = &world.place[w->exchange];

	w->report.flags |= STS_REPORT_ADOPTED;
	w->report.expires_s = p->expires_s;
	w->report.lifetime_s = p->expires_s - p->written_real_ms / SECOND;
	if (w->report.error == STS_OK)
		w->report.sent_boot_ms = w->started_ms - (world_real_ms() - p->written_real_ms);
}

int world_sent_by(ino_t subject)
{
	for (int i = 0; i < WORLD_TAKEN_MAX; i++)
		if (world.taken[i] == subject)
			return world.taken_by[i];
	return -1;
}

/* The STS says that the subject token was sent before. */
static void say_used(struct worker *w)
{
	world_report(w, STS_ESUBJECT_USED, 20);
	w->report.http_status = 400;
	w->report.sent_boot_ms = w->started_ms;
	w->sent = true;
	w->subject = world.place[world.place[w->exchange].reads].subject.inode;
	world.count.refusals++;
	check_refused(w->exchange);
}

/* The result does not matter: the STS may have taken the subject token. */
static void send_subject(struct worker *w)
{
	struct place *p = &world.place[w->exchange];

	w->sent = true;
	w->subject = world.place[p->reads].subject.inode;
	check_sent(w->exchange);
	if (!p->single_use || world_sent_by(w->subject) >= 0)
		return;
	world.taken_next = (world.taken_next + 1) % WORLD_TAKEN_MAX;
	world.taken[world.taken_next] = w->subject;
	world.taken_by[world.taken_next] = w->exchange;
}

static void meet_the_sts(struct worker *w, int64_t timeout_ms)
{
	struct place *p = &world.place[w->exchange];
	enum mood mood = clock_is_mad() ? MOOD_DISTRUSTED : p->mood;

	w->asks = true;
	if (mood == MOOD_WILLING && p->learns &&
	    world_sent_by(world.place[p->reads].subject.inode) >= 0) {
		say_used(w);
		return;
	}
	if (mood != MOOD_REFUSES && mood != MOOD_DISTRUSTED)
		send_subject(w);
	switch (mood) {
	case MOOD_REFUSES:
		world_report(w, STS_ECONNECT, 3);
		break;
	case MOOD_SILENT:
		world_report(w, STS_ETIMEOUT, timeout_ms);
		break;
	case MOOD_BUSY:
	case MOOD_BUSY_ASKS:
		say_busy(w);
		break;
	case MOOD_DENIES:
		world_report(w, STS_EDENIED, 40);
		w->report.http_status = 403;
		break;
	case MOOD_NONSENSE:
		world_report(w, STS_EJSON, 40);
		break;
	case MOOD_DISTRUSTED:
		world_report(w, STS_ECERT_ISSUER, 30);
		break;
	default:
		say_success(w);
	}
}

static void attempt(struct worker *w, int64_t timeout_ms, bool used)
{
	struct place *p = &world.place[w->exchange];
	bool due, there = on_disk(w, &due);

	w->adopts = there && !due;
	if (w->adopts)
		world_report(w, STS_OK, 2);
	else if (WORLD_EPOCH_MS + world.place[p->reads].subject.until_ms <= world_real_ms())
		world_report(w, STS_ESUBJECT_EXPIRED, 1);
	else if (p->single_use && used)
		world_report(w, STS_ESUBJECT_USED, 1);
	else
		meet_the_sts(w, timeout_ms);
	if (there && (!due || w->report.error != STS_OK))
		tell_on_disk(w);
	if (w->adopts)
		return;
	w->report.subject_exp_s = (WORLD_EPOCH_MS + world.place[p->reads].subject.until_ms) /
				  SECOND;
	w->report.subject_iat_s = (WORLD_EPOCH_MS + world.place[p->reads].subject.renewed_ms) /
				  SECOND;
}

static void poll_the_key(struct worker *w)
{
	struct place *p = &world.place[w->exchange];

	world_report(w, p->mood == MOOD_WILLING ? STS_OK : STS_ECONNECT, 30);
	if (w->report.error != STS_OK)
		return;
	w->report.flags = world.boot_ms < p->absent_until_ms ? STS_REPORT_POLL_OFF
							     : STS_REPORT_THUMBPRINT;
	w->report.thumbprint[0] = p->key;
}

/* Some workers die, and some hang, before or after their request. */
static void suffer(struct worker *w)
{
	if (chance_percent(70))
		return;
	w->has_report = false;
	w->writes = w->writes && chance_percent(30);
	if (chance_percent(70)) {
		w->status = 11;
		w->ends_ms = w->started_ms + chance_between(1, 50);
		world.count.crashes++;
	} else {
		w->ends_ms = INT64_MAX;
		w->writes = false;
		world.count.hangs++;
	}
}

struct worker *world_worker(pid_t pid)
{
	for (int i = 0; i < WORLD_WORKERS_MAX; i++)
		if (pid > 0 && world.worker[i].pid == pid)
			return &world.worker[i];
	return NULL;
}

static struct worker *free_worker(void)
{
	for (int i = 0; i < WORLD_WORKERS_MAX; i++)
		if (world.worker[i].pid == 0 || (world.worker[i].reaped && world.worker[i].ended))
			return &world.worker[i];
	check_fail(-1, "workers are never reaped");
}

pid_t world_fork(int exchange, int mode, int64_t timeout_ms, const ino_t *used, size_t used_count)
{
	struct place *p = &world.place[exchange];
	bool bad = world.boot_ms < p->bad_until_ms, is_used = false;
	struct worker *w;

	check_fork(exchange, mode, timeout_ms);
	for (size_t i = 0; i < used_count; i++)
		is_used = is_used || memcmp(&used[i], &world.place[p->reads].subject.inode,
					    sizeof(ino_t)) == 0;
	if (bad && chance_percent(20)) {
		world.count.no_forks++;
		check_not_forked(exchange, mode);
		return -1;
	}
	w = free_worker();
	*w = (struct worker){.pid = world.next_pid++,
			     .exchange = exchange,
			     .mode = mode,
			     .started_ms = world.boot_ms,
			     .ends_ms = world.boot_ms + 1};
	if (mode == STS_WORKER_EXCHANGE || mode == STS_WORKER_ADOPT)
		attempt(w, timeout_ms, is_used);
	else
		poll_the_key(w);
	if (bad)
		suffer(w);
	check_started(w);
	return w->pid;
}

/* The files, as a worker leaves them. */
static void write_files(struct worker *w)
{
	struct place *p = &world.place[w->exchange];

	if (world.boot_ms < p->disk_full_until_ms) {
		world_report(w, STS_EOUTPUT, w->ends_ms - w->started_ms);
		return;
	}
	p->has_files = true;
	p->expires_s = w->report.expires_s;
	p->written_real_ms = world_real_ms();
	p->offset_ms = world_offset_at_ms(world.boot_ms);
	p->token_from_ms = w->started_ms;
	p->token_until_ms = w->token_until_ms;
	p->capped = w->capped;
	for (int i = 0; i < world.exchanges; i++)
		if (world.place[i].chained_to == w->exchange)
			world_renew_subject(&world.place[i], w->token_until_ms);
}

/* The STS has not used a subject token that it has refused as not valid yet. */
static void give_back_subject(const struct worker *w)
{
	for (int i = 0; i < WORLD_TAKEN_MAX; i++)
		if (world.taken[i] == w->subject && world.taken_by[i] == w->exchange)
			world.taken[i] = 0;
}

void world_end_worker(struct worker *w)
{
	if (w->has_report && w->report.error == STS_EEARLY)
		give_back_subject(w);
	if (w->writes)
		write_files(w);
	/* A worker that dies between the files and the report leaves a token that is not known
	 * until it is adopted. */
	if (w->has_report && (w->writes || w->adopts) && w->report.error == STS_OK)
		check_token_known(w->exchange);
	w->ended = true;
	world.pending |= WORLD_CHILD;
	check_ended(w);
}

void world_kill(pid_t pid)
{
	struct worker *w = world_worker(pid);

	if (!w || w->ended)
		return;
	w->has_report = w->writes = false;
	w->status = 9;
	world_end_worker(w);
}

pid_t world_reap(int *status)
{
	for (int i = 0; i < WORLD_WORKERS_MAX; i++) {
		struct worker *w = &world.worker[i];
		bool lie = world.bug == BUG_TWINS && w->ends_ms > world.boot_ms + 10 * SECOND;

		if (w->pid > 0 && !w->reaped && (w->ended || lie)) {
			w->reaped = true;
			*status = w->status;
			return w->pid;
		}
	}
	return 0;
}
