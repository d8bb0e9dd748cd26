/* SPDX-License-Identifier: Apache-2.0 */
/* The world of world.h, in which the script says what happens. */
#include <ctype.h>
#include <string.h>

#include "chains.h"
#include "check.h"
#include "supervisor/exchange.h"
#include "world_shared.h"

#define LIFE_MS      (900 * SECOND)
#define ROTATION_MS  (120 * SECOND)
#define SILENCE_MS   (400 * SECOND)
#define CHANGE_MS    1500 /* after the start of an attempt */
#define CHANGED_MS   3000 /* how long that attempt takes */
#define QUIET_MS     MINUTE
#define EVENTS_MAX   16
#define SENT_MAX     64
#define LONG_TIMEOUT (150 * SECOND)

struct world world;
struct link links[WORLD_EXCHANGES_MAX];
struct chains_run run;

static struct event {
	int64_t at_ms;
	int kind, exchange;
} events[EVENTS_MAX];
static struct {
	int count;
	ino_t subject[SENT_MAX];
	int by[SENT_MAX];
} sent;

int64_t world_real_ms(void)
{
	return WORLD_EPOCH_MS + world.boot_ms;
}

uint32_t world_random32(void)
{
	world.random = world.random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(world.random >> 32);
}

/* ---- events ---- */

void chains_event(int64_t after_ms, int kind, int exchange)
{
	if (run.events == EVENTS_MAX)
		check_fail(exchange, "the simulation has too many events");
	events[run.events++] = (struct event){world.boot_ms + after_ms, kind, exchange};
}

void chains_close(void)
{
	run.closing = true;
	chains_event(QUIET_MS, 's', 0);
}

void chains_renew_subject(int file)
{
	world.place[file].subject.inode = ++world.next_inode;
	world.pending |= WORLD_FILES;
}

static void happen(const struct event *e)
{
	switch (e->kind) {
	case 's':
		run.stopped = true;
		world.pending |= WORLD_STOP;
		break;
	case 'h':
		for (int i = 0; i < CHAINS_EXCHANGES; i++)
			if (links[i].planned)
				links[i].asked_ms = world.boot_ms;
		world.pending |= WORLD_REFRESH;
		break;
	default:
		chains_change(e->kind, e->exchange);
	}
}

/* ---- workers ---- */

struct worker *world_worker(pid_t pid)
{
	for (int i = 0; i < CHAINS_EXCHANGES; i++)
		if (pid > 0 && world.worker[i].pid == pid)
			return &world.worker[i];
	return NULL;
}

int chains_running(void)
{
	int count = 0;

	for (int i = 0; i < CHAINS_EXCHANGES; i++)
		count += world.worker[i].pid > 0 && !world.worker[i].ended;
	return count;
}

static void say_token(struct worker *w, int64_t took_ms)
{
	world_report(w, STS_OK, took_ms);
	w->report.stage = STS_STAGE_DONE;
	w->report.http_status = 200;
	w->report.sent_boot_ms = w->started_ms;
	w->report.lifetime_s = LIFE_MS / SECOND;
	w->report.expires_s = (WORLD_EPOCH_MS + w->started_ms + LIFE_MS) / SECOND;
	w->writes = true;
	w->token_until_ms = w->started_ms + LIFE_MS;
}

static void say_adopted(struct worker *w)
{
	const struct link *l = &links[w->exchange];

	world_report(w, STS_OK, 2);
	w->report.flags = STS_REPORT_ADOPTED;
	w->report.sent_boot_ms = l->token_from_ms;
	w->report.lifetime_s = LIFE_MS / SECOND;
	w->report.expires_s = (WORLD_EPOCH_MS + l->token_until_ms) / SECOND;
	w->adopts = true;
}

int world_sent_by(ino_t subject)
{
	for (int i = 0; i < sent.count; i++)
		if (sent.subject[i] == subject)
			return sent.by[i];
	return -1;
}

static void send_subject(struct worker *w)
{
	w->sent = links[w->exchange].sent = true;
	if (!world.place[w->exchange].single_use)
		return;
	if (world_sent_by(w->subject) >= 0)
		check_fail(w->exchange, "a subject token that may be sent once was sent twice");
	if (sent.count == SENT_MAX)
		check_fail(w->exchange, "the simulation cannot remember so many tokens");
	sent.by[sent.count] = w->exchange;
	sent.subject[sent.count++] = w->subject;
}

static void follow(struct worker *w, char letter, int64_t timeout_ms)
{
	switch (letter) {
	case 'o':
	case 's':
		say_token(w, 50);
		break;
	case 'd':
		world_report(w, STS_EDENIED, 40);
		break;
	case 't':
	case 'T':
		world_report(w, STS_ETIMEOUT, timeout_ms);
		break;
	default:
		if (islower((unsigned char)letter))
			say_token(w, CHANGED_MS);
		else
			world_report(w, STS_EDENIED, CHANGED_MS);
	}
	if (letter == 's')
		chains_event(20, 's', w->exchange);
	else if (!strchr("odtT", letter))
		chains_event(CHANGE_MS, tolower((unsigned char)letter), w->exchange);
	if (w->ends_ms - w->started_ms > timeout_ms) {
		w->writes = false;
		world_report(w, STS_ETIMEOUT, timeout_ms);
	}
	if (w->report.error == STS_EDENIED)
		w->report.http_status = 403;
}

static void meet_the_sts(struct worker *w, int64_t timeout_ms)
{
	struct link *l = &links[w->exchange];
	bool first = !l->drawn;

	send_subject(w);
	if (first && w->exchange < script.count) {
		l->drawn = true;
		l->letter = script_draw();
		if (l->letter == 'T')
			l->silent_until_ms = script.fetch ? INT64_MAX : world.boot_ms + SILENCE_MS;
		follow(w, l->letter, timeout_ms);
	} else {
		follow(w, world.boot_ms < l->silent_until_ms ? 'T' : 'o', timeout_ms);
	}
}

static bool is_among(ino_t subject, const ino_t *used, size_t used_count)
{
	for (size_t i = 0; i < used_count; i++)
		if (used[i] == subject)
			return true;
	return false;
}

static struct worker *begin(int exchange, int mode)
{
	struct worker *w = world.worker;
	struct link *l = &links[exchange];

	while (w->pid && !(w->ended && w->reaped))
		w++;
	*w = (struct worker){.pid = world.next_pid++,
			     .exchange = exchange,
			     .mode = mode,
			     .subject = world.place[l->reads].subject.inode,
			     .started_ms = world.boot_ms};
	l->running = true;
	l->sent = false;
	l->started_ms = world.boot_ms;
	l->tried_subject = w->subject;
	run.attempts++;
	return w;
}

pid_t world_fork(int exchange, int mode, int64_t timeout_ms, const ino_t *used, size_t used_count)
{
	const struct link *l = &links[exchange];
	struct worker *w;

	chains_check_fork(exchange);
	w = begin(exchange, mode);
	if (mode == STS_WORKER_ADOPT && l->token_until_ms > world.boot_ms)
		say_adopted(w);
	else if (w->subject == 0)
		world_report(w, STS_ESUBJECT_MISSING, 1);
	else if (world.place[exchange].single_use && is_among(w->subject, used, used_count))
		world_report(w, STS_ESUBJECT_USED, 1);
	else
		meet_the_sts(w, timeout_ms);
	return w->pid;
}

static void write_files(const struct worker *w)
{
	links[w->exchange].token_from_ms = w->started_ms;
	links[w->exchange].token_until_ms = w->token_until_ms;
	for (int i = 0; i < CHAINS_EXCHANGES; i++)
		if (world.place[i].chained_to == w->exchange)
			chains_renew_subject(i);
}

/* A reader may go on, if it has waited. */
static void release(int exchange)
{
	for (int i = 0; i < CHAINS_EXCHANGES; i++)
		if (links[i].source == exchange && !links[exchange].has_token)
			links[i].ready_ms = world.boot_ms;
}

/* A reader has sent the token of this exchange before, and needs another one. */
static void want(int exchange)
{
	struct link *l = &links[exchange];

	if (!l->running && l->has_token && l->error == STS_OK && l->wanted_ms < 0 &&
	    world.boot_ms >= l->token_from_ms + STS_EXCHANGE_WANTED_MS)
		l->wanted_ms = world.boot_ms;
}

static void end_worker(struct worker *w)
{
	struct link *l = &links[w->exchange];

	w->ended = true;
	world.pending |= WORLD_CHILD;
	l->running = false;
	if (!w->has_report)
		return;
	if (w->writes)
		write_files(w);
	l->attempts++;
	l->error = (enum sts_err)w->report.error;
	l->failures = l->error == STS_OK ? 0 : l->failures + 1;
	l->tried_ms = l->started_ms;
	l->ended_ms = l->ready_ms = world.boot_ms;
	if (l->error == STS_ESUBJECT_USED && l->source >= 0)
		want(l->source);
	if (l->error == STS_OK) {
		release(w->exchange);
		l->has_token = true;
	}
}

void world_kill(pid_t pid)
{
	struct worker *w = world_worker(pid);

	if (!w || w->ended)
		return;
	w->has_report = w->writes = false;
	end_worker(w);
}

pid_t world_reap(int *status)
{
	for (int i = 0; i < CHAINS_EXCHANGES; i++) {
		struct worker *w = &world.worker[i];

		if (w->pid > 0 && !w->reaped && w->ended) {
			w->reaped = true;
			*status = w->status;
			return w->pid;
		}
	}
	return 0;
}

/* ---- time ---- */

static int64_t next_event_ms(void)
{
	int64_t at_ms = INT64_MAX;

	for (int i = 0; i < run.events; i++)
		at_ms = events[i].at_ms < at_ms ? events[i].at_ms : at_ms;
	for (int i = 0; i < CHAINS_EXCHANGES; i++) {
		const struct worker *w = &world.worker[i];
		const struct subject *s = &world.place[i].subject;

		if (w->pid > 0 && !w->ended && w->ends_ms < at_ms)
			at_ms = w->ends_ms;
		if (s->rotates_ms > 0 && s->rotates_ms < at_ms)
			at_ms = s->rotates_ms;
	}
	return at_ms;
}

static void pass(void)
{
	for (int i = 0; i < CHAINS_EXCHANGES; i++) {
		struct worker *w = &world.worker[i];
		struct subject *s = &world.place[i].subject;

		if (w->pid > 0 && !w->ended && w->ends_ms <= world.boot_ms)
			end_worker(w);
		if (s->rotates_ms > 0 && s->rotates_ms <= world.boot_ms) {
			chains_renew_subject(i);
			s->rotates_ms += ROTATION_MS;
		}
	}
	for (int i = 0; i < run.events;) {
		struct event e = events[i];

		if (e.at_ms > world.boot_ms) {
			i++;
			continue;
		}
		events[i] = events[--run.events];
		happen(&e);
	}
}

unsigned world_sleep(int64_t until_ms)
{
	unsigned pending;

	run.sleeps++;
	chains_check_sleep(until_ms);
	while (!world.pending) {
		int64_t at_ms = next_event_ms();

		if (until_ms >= 0 && until_ms <= at_ms) {
			chains_check_time(until_ms);
			world.boot_ms = until_ms > world.boot_ms ? until_ms : world.boot_ms;
			return WORLD_TIMER;
		}
		if (at_ms == INT64_MAX)
			check_fail(-1, "it sleeps for ever");
		chains_check_time(at_ms);
		world.boot_ms = at_ms;
		pass();
	}
	pending = world.pending;
	world.pending = 0;
	return pending;
}

/* ---- the beginning ---- */

void chains_world_init(enum bug bug)
{
	world = (struct world){.random = 1,
			       .exchanges = CHAINS_EXCHANGES,
			       .configured = script.count,
			       .config = 1,
			       .once = script.fetch,
			       .deadline_ms = script.fetch ? CHAINS_DEADLINE_MS : 0,
			       .bug = bug,
			       .boot_ms = CHAINS_START_MS,
			       .next_pid = 100};
	memset(links, 0, sizeof(links));
	run.events = 0;
	run.stopped = run.closing = false;
	sent.count = 0;
	for (int i = 0; i < CHAINS_EXCHANGES; i++)
		world.place[i] = (struct place){.chained_to = -1, .reads = i, .dir = i};
	for (int i = 0; i < script.count; i++) {
		struct place *p = &world.place[i];

		world.order[i] = script.order[i];
		p->chained_to = script.parent[i];
		p->single_use = script.single_use[i];
		p->timeout_ms = i == 1 && !script.fetch ? LONG_TIMEOUT : CHAINS_TIMEOUT_MS;
		if (p->chained_to >= 0)
			continue;
		p->subject.inode = ++world.next_inode;
		if (!script.fetch)
			p->subject.rotates_ms = world.boot_ms + ROTATION_MS + i * SECOND;
	}
	script.used = 0;
}
