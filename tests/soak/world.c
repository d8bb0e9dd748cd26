/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind.h"
#include "chance.h"
#include "check.h"
#include "world_parts.h"

struct world world;

#define SUBJECT_LIFE_MS    HOUR
#define SINGLE_USE_LIFE_MS (10 * MINUTE) /* the shortest life that the kubelet gives */
#define LOST_PERCENT       10            /* of the events that only make reactions faster */

/* ---- clocks ---- */

int64_t world_offset_at_ms(int64_t boot_ms)
{
	return world.offset_ms + (boot_ms - world.drift_from_ms) * world.drift_permille / 1000;
}

int64_t world_real_at_ms(int64_t boot_ms)
{
	return WORLD_EPOCH_MS + boot_ms + world_offset_at_ms(boot_ms);
}

int64_t world_real_ms(void)
{
	return world_real_at_ms(world.boot_ms);
}

static void lossy(unsigned event)
{
	if (chance_percent(LOST_PERCENT))
		world.count.lost_events++;
	else
		world.pending |= event;
}

static void step_to(int64_t offset_ms)
{
	world.offset_ms = offset_ms;
	world.drift_from_ms = world.step_ms = world.boot_ms;
	world.count.steps++;
	world.stepped = true;
	lossy(WORLD_CLOCK);
}

/* NTP corrects a little; a dead battery or a typing error is corrected within the hour. */
static void step(void)
{
	static const int64_t sizes[] = {2 * SECOND, 30 * SECOND, 10 * MINUTE, 3 * HOUR, 400 * DAY};
	int64_t size = sizes[chance_between(0, 4)];

	world.next_step_ms = chance_about(2 * DAY);
	world.step_back_at_ms = world.boot_ms + chance_between(SECOND, HOUR);
	step_to(chance_between(-size, size));
}

/* The clock begins to drift, or is disciplined again; the kernel does not tell of either. */
static void change_drift(void)
{
	world.offset_ms = world_offset_at_ms(world.boot_ms);
	world.drift_from_ms = world.boot_ms;
	if (world.drift_permille != 0) {
		world.drift_permille = 0;
		world.next_drift_ms = chance_about(3 * DAY);
		return;
	}
	world.drift_permille = chance_between(-50, 50);
	world.next_drift_ms = world.boot_ms + chance_between(10 * MINUTE, 3 * HOUR);
	world.count.drifts++;
}

static void suspend(void)
{
	int64_t until_ms = world.boot_ms + chance_trouble_ms();

	for (int i = 0; i < world.exchanges; i++)
		check_unwilling(i, until_ms);
	world.count.suspends++;
	check_time(until_ms);
	check_suspended(until_ms);
	world.boot_ms = until_ms;
	world.next_suspend_ms = chance_about(7 * DAY);
}

static void refresh(void)
{
	world.count.refreshes++;
	check_refreshed();
	world.pending |= WORLD_REFRESH;
	if (world.refreshes_in_a_row == 0 && chance_percent(10))
		world.refreshes_in_a_row = (int)chance_between(2, 100);
	if (world.refreshes_in_a_row > 0 && --world.refreshes_in_a_row > 0)
		world.next_refresh_ms = world.boot_ms + chance_between(0, 200);
	else
		world.next_refresh_ms = chance_about(DAY);
}

/* ---- subject tokens ---- */

void world_renew_subject(struct place *p, int64_t until_ms)
{
	p->subject.inode = ++world.next_inode;
	p->subject.until_ms = until_ms;
	p->subject.renewed_ms = world.boot_ms;
	world.count.rotations++;
	lossy(WORLD_FILES);
}

/* The kubelet replaces a token at 80 % of its life, and sometimes far too late. */
static void rotate(struct place *p)
{
	int64_t life_ms = p->single_use ? SINGLE_USE_LIFE_MS : SUBJECT_LIFE_MS;

	world_renew_subject(p, world.boot_ms + life_ms);
	p->subject.rotates_ms = world.boot_ms + life_ms * 8 / 10 + chance_between(0, 90 * SECOND) +
				(!world.calm && chance_percent(2) ? chance_trouble_ms() : 0);
}

/* ---- the STS, the disk, and the node ---- */

static void change_mood(int i)
{
	struct place *p = &world.place[i];

	p->next_mood_ms = chance_about(2 * DAY);
	p->mood = (enum mood)chance_between(MOOD_WILLING + 1, MOOD__COUNT - 1);
	p->mood_ends_ms = world.boot_ms + chance_trouble_ms();
	world.count.outages++;
	check_unwilling(i, p->mood_ends_ms);
}

/* The clock of the STS begins to differ, or is right again, and so is its Date; sometimes only the
 * Date changes. */
static void change_clock(int i)
{
	static const int64_t sizes[] = {2 * SECOND, 90 * SECOND, 20 * MINUTE};
	int64_t size = sizes[chance_between(0, 2)];
	struct place *p = &world.place[i];

	if (world.boot_ms >= p->clock_ends_ms) {
		p->sts_offset_ms = p->date_offset_ms = 0;
		p->clock_ends_ms = INT64_MAX;
		p->next_clock_ms = chance_about(4 * DAY);
		return;
	}
	p->date_offset_ms = chance_between(-size, size);
	p->sts_offset_ms = chance_percent(60) ? p->date_offset_ms : 0;
	p->clock_ends_ms = world.boot_ms + chance_trouble_ms();
	p->next_clock_ms = INT64_MAX;
	world.count.wrong_clocks++;
}

static void fill_disk(int i)
{
	struct place *p = &world.place[i];

	p->next_full_ms = chance_about(15 * DAY);
	p->disk_full_until_ms = world.boot_ms + chance_trouble_ms();
	world.count.full_disks++;
	check_unwilling(i, p->disk_full_until_ms);
}

static void turn_bad(int i)
{
	struct place *p = &world.place[i];

	p->next_bad_ms = chance_about(6 * DAY);
	p->bad_until_ms = world.boot_ms + chance_trouble_ms();
}

/* The signing certificate is another one. */
static void change_key(int i)
{
	world.place[i].key++;
	world.place[i].next_key_ms = chance_about(DAY);
	world.count.keys++;
	check_key_changed(i);
}

/* An ingress in a rollout knows nothing of the endpoint. */
static void lose_endpoint(int i)
{
	struct place *p = &world.place[i];

	p->next_absent_ms = chance_about(DAY);
	p->absent_until_ms = world.boot_ms + chance_trouble_ms();
	world.count.absences++;
}

/* ---- time ---- */

/* What happens by itself, and when. */
static int64_t next_of_place(const struct place *p)
{
	int64_t at_ms = p->chained_to < 0 ? p->subject.rotates_ms : INT64_MAX;

	at_ms = p->next_mood_ms < at_ms ? p->next_mood_ms : at_ms;
	at_ms = p->next_full_ms < at_ms ? p->next_full_ms : at_ms;
	at_ms = p->next_bad_ms < at_ms ? p->next_bad_ms : at_ms;
	at_ms = p->next_key_ms < at_ms ? p->next_key_ms : at_ms;
	at_ms = p->next_absent_ms < at_ms ? p->next_absent_ms : at_ms;
	at_ms = p->next_clock_ms < at_ms ? p->next_clock_ms : at_ms;
	at_ms = p->clock_ends_ms < at_ms ? p->clock_ends_ms : at_ms;
	if (p->mood != MOOD_WILLING && p->mood_ends_ms < at_ms)
		at_ms = p->mood_ends_ms;
	return at_ms;
}

static int64_t next_event_ms(void)
{
	const int64_t common[] = {world.end_ms,          world.next_step_ms,
				  world.step_back_at_ms, world.next_suspend_ms,
				  world.next_stop_ms,    world.next_refresh_ms,
				  world.next_noise_ms,   world.next_change_ms,
				  world.return_ms,       world.next_drift_ms};
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
	if (world.boot_ms >= p->next_key_ms)
		change_key(i);
	if (world.boot_ms >= p->next_absent_ms)
		lose_endpoint(i);
	if (world.boot_ms >= p->next_clock_ms || world.boot_ms >= p->clock_ends_ms)
		change_clock(i);
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
	if (world.boot_ms >= world.next_drift_ms)
		change_drift();
	if (world.boot_ms >= world.next_refresh_ms)
		refresh();
	if (world.boot_ms >= world.next_noise_ms) {
		/* Somebody writes a file beside the token. */
		world.pending |= WORLD_FILES;
		world.next_noise_ms = chance_about(6 * HOUR);
	}
	if (world.boot_ms >= world.return_ms)
		world_return_exchange();
	if (world.boot_ms >= world.next_change_ms)
		world_change_config();
	for (int i = 0; i < world.exchanges; i++)
		happen_to_place(i);
	for (int i = 0; i < WORLD_WORKERS_MAX; i++)
		if (world.worker[i].pid > 0 && !world.worker[i].ended &&
		    world.worker[i].ends_ms <= world.boot_ms)
			world_end_worker(&world.worker[i]);
}

/* The supervisor wakes, and may see that the clock was set. */
static void wake(void)
{
	if (world.told_ms < world.step_ms)
		world.told_ms = world.boot_ms;
}

static bool timer_works(void)
{
	return world.bug != BUG_TIMER || !world.stepped;
}

unsigned world_sleep(int64_t until_ms)
{
	unsigned events;

	check_sleep(until_ms);
	check_promises(world.boot_ms);
	if (world.bug == BUG_SPIN)
		return 0;
	for (int i = 0; i < 5 && world.bug == BUG_CROWD; i++)
		world_fork(WORLD_EXCHANGES_MAX - 1 - i, STS_WORKER_POLL, SECOND, NULL, 0);
	while (!world.pending) {
		int64_t at_ms = next_event_ms();

		if (until_ms >= 0 && timer_works() && until_ms <= at_ms) {
			if (until_ms > world.boot_ms) {
				check_time(until_ms);
				check_promises(until_ms);
				world.boot_ms = until_ms;
			}
			wake();
			return WORLD_TIMER;
		}
		check_time(at_ms);
		check_promises(at_ms);
		world.boot_ms = at_ms;
		happen();
	}
	wake();
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

	*p = (struct place){.chained_to = i % 3 == 2 ? i - 1 : -1,
			    .polls = i % 4 == 1,
			    .reads = i,
			    .dir = i,
			    .timeout_ms = i == 4 ? 200 * SECOND : 30 * SECOND};
	world.order[i] = i;
	p->single_use = i % 6 == 3;
	p->learns = i % 12 == 9;
	p->life_ms = 900 * SECOND;
	p->subject.until_ms = -1;
	if (p->chained_to < 0)
		rotate(p);
	p->next_mood_ms = chance_about(2 * DAY);
	p->next_full_ms = chance_about(15 * DAY);
	p->next_bad_ms = chance_about(6 * DAY);
	p->next_key_ms = p->polls ? chance_about(DAY) : INT64_MAX;
	p->next_absent_ms = p->polls ? chance_about(DAY) : INT64_MAX;
	p->next_clock_ms = chance_about(4 * DAY);
	p->clock_ends_ms = INT64_MAX;
}

/* No trouble but exchanges that leave the configuration and come back, and STSs that take each
 * subject token once and do not say so before, and whose tokens end before the kubelet's next
 * subject token comes. One of three sends the token of another exchange instead, which brings a new
 * one at any time. */
static void keep_calm(void)
{
	world.next_step_ms = world.next_drift_ms = world.next_suspend_ms = world.next_stop_ms =
		world.next_refresh_ms = INT64_MAX;
	for (int i = 0; i < world.exchanges; i++) {
		struct place *p = &world.place[i];

		p->next_mood_ms = p->next_full_ms = p->next_bad_ms = p->next_clock_ms = INT64_MAX;
		p->single_use = p->learns = i % 3 != 1;
		p->life_ms = (p->learns ? 300 : 900) * SECOND;
		if (p->chained_to < 0)
			rotate(p);
	}
}

void world_init(uint64_t seed, int64_t duration_ms, int exchanges, bool calm, enum bug bug)
{
	world = (struct world){.random = seed * 0x9e3779b97f4a7c15u + 1,
			       .exchanges = exchanges,
			       .configured = exchanges,
			       .config = 1,
			       .calm = calm,
			       .bug = bug,
			       .boot_ms = HOUR,
			       .end_ms = HOUR + duration_ms,
			       .next_pid = 100,
			       .step_back_at_ms = INT64_MAX};
	world.next_step_ms = chance_about(2 * DAY);
	world.next_drift_ms = chance_about(3 * DAY);
	world.next_suspend_ms = chance_about(7 * DAY);
	world.next_stop_ms = chance_about(10 * DAY);
	world.next_refresh_ms = chance_about(DAY);
	world.next_noise_ms = chance_about(6 * HOUR);
	world.return_ms = INT64_MAX;
	/* One exchange needs no configuration file. */
	world.next_change_ms = exchanges > 1 ? chance_about(DAY) : INT64_MAX;
	for (int i = 0; i < exchanges; i++)
		init_place(i);
	if (calm)
		keep_calm();
	world_start_planning();
	check_init();
}

/* Does the status file of an exchange in the configuration name this subject token? */
static bool is_told(ino_t subject)
{
	for (int i = 0; i < world.configured; i++)
		if (bind_has_sent(world.order[i], subject))
			return true;
	return false;
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
	world.next_stop_ms = chance_about(10 * DAY);
	world.pending = 0;
	/* A new container in the same Pod finds the files. A new Pod does not, and it starts with
	 * the right clock. */
	bool pod = chance_percent(50);
	for (int i = 0; i < world.exchanges; i++) {
		struct place *p = &world.place[i];

		if (pod || p->offset_ms != world_offset_at_ms(world.boot_ms))
			p->has_files = false;
		p->has_status = p->has_status && !pod;
		p->no_dir_until_ms = 0;
	}
	/* The new supervisor knows of what was sent before it only what the status files say, and
	 * its STS accepts the rest. */
	for (int i = 0; i < WORLD_TAKEN_MAX; i++)
		if (!is_told(world.taken[i]))
			world.taken[i] = 0;
	world_start_planning();
	check_restart();
	return true;
}
