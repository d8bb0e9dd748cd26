/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "schedule/schedule.h"

struct world world;

#define SUBJECT_LIFE_MS    HOUR
#define SINGLE_USE_LIFE_MS (10 * MINUTE) /* the shortest that the kubelet gives */
#define LIFE_MS            (900 * SECOND)
#define LOST_PERCENT       10 /* of the events that only make things quicker */

/* ---- chance ---- */

uint32_t world_random32(void) /* xorshift64* */
{
	world.random ^= world.random >> 12;
	world.random ^= world.random << 25;
	world.random ^= world.random >> 27;
	return (uint32_t)((world.random * 0x2545f4914f6cdd1du) >> 32);
}

static int64_t between(int64_t low, int64_t high)
{
	return low + sts_schedule_jitter(high - low + 1, world_random32());
}

static bool chance(int percent)
{
	return between(0, 99) < percent;
}

static int64_t about(int64_t mean_ms)
{
	return world.boot_ms + between(0, 2 * mean_ms);
}

/* Most troubles are short, and some are long. */
static int64_t trouble_ms(void)
{
	int64_t kind = between(0, 9);

	return kind < 5   ? between(SECOND, 2 * MINUTE)
	       : kind < 8 ? between(2 * MINUTE, 30 * MINUTE)
			  : between(30 * MINUTE, 6 * HOUR);
}

/* ---- clocks ---- */

int64_t world_real_ms(void)
{
	return WORLD_EPOCH_MS + world.boot_ms + world.offset_ms;
}

static void lossy(unsigned event)
{
	if (chance(LOST_PERCENT))
		world.count.lost_events++;
	else
		world.pending |= event;
}

static void step_to(int64_t offset_ms)
{
	world.offset_ms = offset_ms;
	world.count.steps++;
	world.stepped = true;
	lossy(WORLD_CLOCK);
}

/* NTP corrects a little; a dead battery or a typing error is corrected within the hour. */
static void step(void)
{
	static const int64_t sizes[] = {2 * SECOND, 30 * SECOND, 10 * MINUTE, 3 * HOUR, 400 * DAY};
	int64_t size = sizes[between(0, 4)];

	world.next_step_ms = about(2 * DAY);
	world.step_back_at_ms = world.boot_ms + between(SECOND, HOUR);
	step_to(between(-size, size));
}

static void suspend(void)
{
	int64_t until_ms = world.boot_ms + trouble_ms();

	for (int i = 0; i < world.exchanges; i++)
		check_unwilling(i, until_ms);
	world.count.suspends++;
	check_time(until_ms);
	world.boot_ms = until_ms;
	world.next_suspend_ms = about(7 * DAY);
}

static void refresh(void)
{
	world.count.refreshes++;
	check_refreshed();
	world.pending |= WORLD_REFRESH;
	if (world.refreshes_in_a_row == 0 && chance(10))
		world.refreshes_in_a_row = (int)between(2, 100);
	if (world.refreshes_in_a_row > 0 && --world.refreshes_in_a_row > 0)
		world.next_refresh_ms = world.boot_ms + between(0, 200);
	else
		world.next_refresh_ms = about(DAY);
}

/* ---- subject tokens ---- */

static void renew_subject(struct place *p, int64_t until_ms)
{
	p->subject.inode++;
	p->subject.until_ms = until_ms;
	p->subject.renewed_ms = world.boot_ms;
	world.count.rotations++;
	lossy(WORLD_FILES);
}

/* The kubelet: at 80 % of its life, and sometimes far too late. */
static void rotate(struct place *p)
{
	int64_t life_ms = p->single_use ? SINGLE_USE_LIFE_MS : SUBJECT_LIFE_MS;

	renew_subject(p, world.boot_ms + life_ms);
	p->subject.rotates_ms = world.boot_ms + life_ms * 8 / 10 + between(0, 90 * SECOND) +
				(chance(2) ? trouble_ms() : 0);
}

/* ---- the STS, the disk, and the node ---- */

static void change_mood(int i)
{
	struct place *p = &world.place[i];

	p->next_mood_ms = about(2 * DAY);
	p->mood = (enum mood)between(MOOD_WILLING + 1, MOOD__COUNT - 1);
	p->mood_ends_ms = world.boot_ms + trouble_ms();
	world.count.outages++;
	check_unwilling(i, p->mood_ends_ms);
}

static void fill_disk(int i)
{
	struct place *p = &world.place[i];

	p->next_full_ms = about(15 * DAY);
	p->disk_full_until_ms = world.boot_ms + trouble_ms();
	world.count.full_disks++;
	check_unwilling(i, p->disk_full_until_ms);
}

static void turn_bad(int i)
{
	struct place *p = &world.place[i];

	p->next_bad_ms = about(6 * DAY);
	p->bad_until_ms = world.boot_ms + trouble_ms();
}

/* ---- workers ---- */

static bool clock_is_mad(void)
{
	return world.offset_ms > 12 * HOUR || world.offset_ms < -12 * HOUR;
}

static void say(struct worker *w, enum sts_err err, int64_t took_ms)
{
	w->report = (struct sts_report){.magic = STS_REPORT_MAGIC,
					.version = STS_REPORT_VERSION,
					.error = (int32_t)err,
					.retry_after_s = -1,
					.subject_exp_s = -1};
	w->has_report = true;
	w->ends_ms = w->started_ms + took_ms;
}

static void say_busy(struct worker *w)
{
	static const int32_t asks_s[] = {0, 1, 7, 60, 300, 86400};

	say(w, STS_EBUSY, between(5, 300));
	w->report.http_status = 503;
	if (world.place[w->exchange].mood != MOOD_BUSY_ASKS)
		return;
	w->report.retry_after_s = asks_s[between(0, 5)];
	/* It is spread over a quarter more, and the next one is made then. */
	check_unwilling(w->exchange,
			w->ends_ms +
				(w->report.retry_after_s < 300 ? w->report.retry_after_s : 300) *
					1250);
}

static void say_success(struct worker *w)
{
	struct place *p = &world.place[w->exchange];
	int64_t sent_ms = w->started_ms + 5, until_ms = sent_ms + LIFE_MS;

	if (p->subject.until_ms <= until_ms)
		until_ms = p->subject.until_ms;
	if (until_ms - sent_ms < SECOND) {
		say(w, STS_EUNAUTHORIZED, 20);
		return;
	}
	say(w, STS_OK, chance(2) ? between(100, 5000) : between(15, 100));
	w->report.stage = STS_STAGE_DONE;
	w->report.http_status = 200;
	w->report.sent_boot_ms = sent_ms;
	w->report.lifetime_s = (until_ms - sent_ms) / SECOND;
	w->report.expires_s = world_real_ms() / SECOND + w->report.lifetime_s;
	/* Never later than the time that the server wrote. */
	if (w->report.expires_s > (WORLD_EPOCH_MS + until_ms) / SECOND)
		w->report.expires_s = (WORLD_EPOCH_MS + until_ms) / SECOND;
	w->writes = true;
	w->token_until_ms = until_ms;
	if (until_ms < sent_ms + LIFE_MS)
		w->report.flags |= STS_REPORT_CAPPED;
	if (p->polls) {
		w->report.flags |= STS_REPORT_THUMBPRINT;
		w->report.thumbprint[0] = p->key;
	}
}

/*
 * What lies there: is it valid by its own times, and not yet due? With another clock than it was written by it would be misjudged; that can
 * happen to whoever starts by a wrong clock, and is not what is tested here.
 */
static bool on_disk(const struct worker *w, bool *due)
{
	const struct place *p = &world.place[w->exchange];
	int64_t now_ms = world_real_ms(), life_ms = p->expires_s * SECOND - p->written_real_ms;

	*due = now_ms >= p->written_real_ms + life_ms * 2 / 3;
	return w->mode == STS_WORKER_ADOPT && p->has_files && p->offset_ms == world.offset_ms &&
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

/* What came of it does not matter: it may have been taken. */
static void send_subject(struct worker *w)
{
	struct place *p = &world.place[w->exchange];

	w->sent = true;
	w->subject = p->subject.inode;
	check_sent(w->exchange);
	p->taken = p->subject.inode;
}

static void meet_the_sts(struct worker *w, int64_t timeout_ms)
{
	struct place *p = &world.place[w->exchange];
	enum mood mood = clock_is_mad() ? MOOD_DISTRUSTED : p->mood;

	w->asks = true;
	if (mood != MOOD_REFUSES && mood != MOOD_DISTRUSTED)
		send_subject(w);
	switch (mood) {
	case MOOD_REFUSES:
		say(w, STS_ECONNECT, 3);
		break;
	case MOOD_SILENT:
		say(w, STS_ETIMEOUT, timeout_ms);
		break;
	case MOOD_BUSY:
	case MOOD_BUSY_ASKS:
		say_busy(w);
		break;
	case MOOD_DENIES:
		say(w, STS_EDENIED, 40);
		w->report.http_status = 403;
		break;
	case MOOD_NONSENSE:
		say(w, STS_EJSON, 40);
		break;
	case MOOD_DISTRUSTED:
		say(w, STS_ECERT_ISSUER, 30);
		break;
	default:
		say_success(w);
	}
}

static void attempt(struct worker *w, int64_t timeout_ms, ino_t used)
{
	struct place *p = &world.place[w->exchange];
	bool due, there = on_disk(w, &due);

	w->adopts = there && !due;
	if (w->adopts)
		say(w, STS_OK, 2);
	else if (WORLD_EPOCH_MS + p->subject.until_ms <= world_real_ms())
		say(w, STS_ESUBJECT_EXPIRED, 1);
	else if (p->single_use && used == p->subject.inode)
		say(w, STS_ESUBJECT_USED, 1);
	else
		meet_the_sts(w, timeout_ms);
	if (there && (!due || w->report.error != STS_OK))
		tell_on_disk(w);
}

static void poll_the_key(struct worker *w)
{
	struct place *p = &world.place[w->exchange];

	say(w, p->mood == MOOD_WILLING ? STS_OK : STS_ECONNECT, 30);
	if (chance(1) && chance(10))
		p->key++;
	w->report.flags = w->report.error ? 0 : STS_REPORT_THUMBPRINT;
	w->report.thumbprint[0] = p->key;
}

/* Some die, and some hang, before or after their request. */
static void suffer(struct worker *w)
{
	if (chance(70))
		return;
	w->has_report = false;
	w->writes = w->writes && chance(30);
	if (chance(70)) {
		w->status = 11;
		w->ends_ms = w->started_ms + between(1, 50);
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

pid_t world_fork(int exchange, int mode, int64_t timeout_ms, ino_t used)
{
	struct place *p = &world.place[exchange];
	bool bad = world.boot_ms < p->bad_until_ms;
	struct worker *w;

	check_fork(exchange, mode, timeout_ms);
	if (bad && chance(20)) {
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
		attempt(w, timeout_ms, used);
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
		say(w, STS_EOUTPUT, w->ends_ms - w->started_ms);
		return;
	}
	p->has_files = true;
	p->expires_s = w->report.expires_s;
	p->written_real_ms = world_real_ms();
	p->offset_ms = world.offset_ms;
	p->token_from_ms = w->started_ms;
	p->token_until_ms = w->token_until_ms;
	p->capped = w->report.flags & STS_REPORT_CAPPED;
	for (int i = 0; i < world.exchanges; i++)
		if (world.place[i].chained_to == w->exchange)
			renew_subject(&world.place[i], w->token_until_ms);
}

static void end_worker(struct worker *w)
{
	if (w->writes)
		write_files(w);
	/* Who dies between the file and the report leaves a token that nobody knows of, until it is adopted. */
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
	end_worker(w);
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

/* ---- time ---- */

/* What happens by itself: when, and what. */
static int64_t next_of_place(const struct place *p)
{
	int64_t at_ms = p->chained_to < 0 ? p->subject.rotates_ms : INT64_MAX;

	at_ms = p->next_mood_ms < at_ms ? p->next_mood_ms : at_ms;
	at_ms = p->next_full_ms < at_ms ? p->next_full_ms : at_ms;
	at_ms = p->next_bad_ms < at_ms ? p->next_bad_ms : at_ms;
	if (p->mood != MOOD_WILLING && p->mood_ends_ms < at_ms)
		at_ms = p->mood_ends_ms;
	return at_ms;
}

static int64_t next_event_ms(void)
{
	const int64_t common[] = {world.end_ms,          world.next_step_ms, world.step_back_at_ms,
				  world.next_suspend_ms, world.next_stop_ms, world.next_refresh_ms,
				  world.next_noise_ms};
	int64_t at_ms = INT64_MAX;

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		at_ms = common[i] < at_ms ? common[i] : at_ms;
	for (int i = 0; i < world.exchanges; i++) {
		int64_t then_ms = next_of_place(&world.place[i]);

		at_ms = then_ms < at_ms ? then_ms : at_ms;
	}
	for (int i = 0; i < WORLD_WORKERS_MAX; i++)
		if (world.worker[i].pid > 0 && !world.worker[i].ended &&
		    world.worker[i].ends_ms < at_ms)
			at_ms = world.worker[i].ends_ms;
	return at_ms < world.boot_ms ? world.boot_ms : at_ms;
}

static void happen_to_place(int i)
{
	struct place *p = &world.place[i];

	if (p->mood != MOOD_WILLING && world.boot_ms >= p->mood_ends_ms)
		p->mood = MOOD_WILLING;
	if (world.boot_ms >= p->next_mood_ms)
		change_mood(i);
	if (world.boot_ms >= p->next_full_ms)
		fill_disk(i);
	if (world.boot_ms >= p->next_bad_ms)
		turn_bad(i);
	if (p->chained_to < 0 && world.boot_ms >= p->subject.rotates_ms)
		rotate(p);
}

static void happen(void)
{
	if (world.boot_ms >= world.end_ms)
		world.over = true;
	if (world.boot_ms >= world.next_stop_ms || world.over)
		world.pending |= WORLD_STOP;
	if (world.boot_ms >= world.next_suspend_ms)
		suspend();
	if (world.boot_ms >= world.step_back_at_ms) {
		world.step_back_at_ms = INT64_MAX;
		step_to(0);
	}
	if (world.boot_ms >= world.next_step_ms)
		step();
	if (world.boot_ms >= world.next_refresh_ms)
		refresh();
	if (world.boot_ms >= world.next_noise_ms) {
		/* Somebody writes beside the token. */
		world.pending |= WORLD_FILES;
		world.next_noise_ms = about(6 * HOUR);
	}
	for (int i = 0; i < world.exchanges; i++)
		happen_to_place(i);
	for (int i = 0; i < WORLD_WORKERS_MAX; i++)
		if (world.worker[i].pid > 0 && !world.worker[i].ended &&
		    world.worker[i].ends_ms <= world.boot_ms)
			end_worker(&world.worker[i]);
}

static bool timer_works(void)
{
	return world.bug != BUG_TIMER || !world.stepped;
}

unsigned world_sleep(int64_t until_ms)
{
	unsigned events;

	check_sleep(until_ms);
	if (world.bug == BUG_SPIN)
		return 0;
	for (int i = 0; i < 5 && world.bug == BUG_CROWD; i++)
		world_fork(WORLD_EXCHANGES_MAX - 1 - i, STS_WORKER_POLL, SECOND, 0);
	while (!world.pending) {
		int64_t at_ms = next_event_ms();

		if (until_ms >= 0 && timer_works() && until_ms <= at_ms) {
			if (until_ms > world.boot_ms) {
				check_time(until_ms);
				world.boot_ms = until_ms;
			}
			return WORLD_TIMER;
		}
		check_time(at_ms);
		world.boot_ms = at_ms;
		happen();
	}
	events = world.pending;
	world.pending = 0;
	if (!(events & WORLD_CLOCK))
		world.stepped = false;
	return events;
}

/* ---- beginning and end ---- */

static void init_place(int i)
{
	struct place *p = &world.place[i];

	*p = (struct place){.chained_to = i % 3 == 2 ? i - 1 : -1, .polls = i % 4 == 1};
	p->single_use = i == 3;
	p->subject.until_ms = -1;
	if (p->chained_to < 0)
		rotate(p);
	p->next_mood_ms = about(2 * DAY);
	p->next_full_ms = about(15 * DAY);
	p->next_bad_ms = about(6 * DAY);
}

void world_init(uint64_t seed, int64_t duration_ms, int exchanges, enum bug bug)
{
	world = (struct world){.random = seed * 0x9e3779b97f4a7c15u + 1,
			       .exchanges = exchanges,
			       .bug = bug,
			       .boot_ms = HOUR,
			       .end_ms = HOUR + duration_ms,
			       .next_pid = 100,
			       .step_back_at_ms = INT64_MAX};
	world.next_step_ms = about(2 * DAY);
	world.next_suspend_ms = about(7 * DAY);
	world.next_stop_ms = about(10 * DAY);
	world.next_refresh_ms = about(DAY);
	world.next_noise_ms = about(6 * HOUR);
	for (int i = 0; i < exchanges; i++)
		init_place(i);
	check_init();
}

bool world_restart(void)
{
	/* Workers die with their supervisor. */
	for (int i = 0; i < WORLD_WORKERS_MAX; i++) {
		if (world.worker[i].pid > 0 && !world.worker[i].ended)
			world_kill(world.worker[i].pid);
		world.worker[i] = (struct worker){0};
	}
	if (world.over)
		return false;
	world.count.stops++;
	world.next_stop_ms = about(10 * DAY);
	world.pending = 0;
	/* A new container in the same Pod finds the files; a new Pod does not, and it starts with the right clock. */
	bool pod = chance(50);
	for (int i = 0; i < world.exchanges; i++) {
		struct place *p = &world.place[i];

		if (pod || p->offset_ms != world.offset_ms)
			p->has_files = false;
		/* It does not know what the one before it sent, and its STS is patient with it. */
		p->taken = 0;
	}
	check_restart();
	return true;
}
