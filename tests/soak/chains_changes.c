/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of the configuration file in a script, and the plan that is made of it. */
#include <string.h>

#include "chains.h"
#include "world_shared.h"

#define ABSENCE_MS    (40 * SECOND)
#define OTHER_TIMEOUT (20 * SECOND)
#define OTHER_PART    700
#define EVENT_RETURN  1 /* an event that has no letter: a removed exchange comes back */

static void configure(int exchange, bool first)
{
	if (first) {
		memmove(&world.order[1], world.order,
			(size_t)world.configured * sizeof(world.order[0]));
		world.order[0] = exchange;
		world.configured++;
	} else {
		world.order[world.configured++] = exchange;
	}
}

/* Where two exchanges have one directory, none is removed: the other one would get the directory,
 * and keep it. */
static void remove_exchange(int exchange)
{
	int kept = 0;

	if (world_is_configured(CHAINS_CLASH(script.count)))
		return;
	for (int i = 0; i < world.configured; i++)
		if (world.order[i] != exchange)
			world.order[kept++] = world.order[i];
	if (kept == world.configured || kept == 0)
		return;
	world.configured = kept;
	chains_event(ABSENCE_MS, EVENT_RETURN, exchange);
}

static bool in_circle(int exchange)
{
	int at = exchange;

	for (int i = 0; i <= CHAINS_EXCHANGES && at >= 0; i++)
		at = world_source(at);
	return at >= 0;
}

static void swap_files(int a, int b)
{
	int file = world.place[a].reads;

	world.place[a].reads = world.place[b].reads;
	world.place[b].reads = file;
}

/* Swap the token files of this exchange and of another one, if that makes no circle. */
static void swap(int exchange)
{
	for (int i = 1; i < script.count; i++) {
		int other = (exchange + i) % script.count;

		swap_files(exchange, other);
		if (!in_circle(exchange) && !in_circle(other))
			return;
		swap_files(exchange, other);
	}
}

static void add(int exchange, int source, int dir)
{
	struct place *p = &world.place[exchange];

	if (world_is_configured(exchange))
		return;
	*p = (struct place){.chained_to = source,
			    .reads = exchange,
			    .dir = dir,
			    .timeout_ms = CHAINS_TIMEOUT_MS};
	if (source < 0 || links[source].token_until_ms > 0)
		chains_renew_subject(exchange);
	configure(exchange, true);
}

static void change_times(void)
{
	for (int i = 0; i < CHAINS_EXCHANGES; i++) {
		world.place[i].fraction_permille = OTHER_PART;
		world.place[i].timeout_ms = world.place[i].timeout_ms == CHAINS_TIMEOUT_MS
						    ? OTHER_TIMEOUT
						    : CHAINS_TIMEOUT_MS;
	}
}

void chains_change(int kind, int exchange)
{
	int source = world_source(exchange);

	switch (kind) {
	case 'q':
		world.place[exchange].request++;
		break;
	case 'm':
		change_times();
		break;
	case 'l':
		world.log_level = !world.log_level;
		break;
	case 'r':
		remove_exchange(exchange);
		break;
	case 'u':
		remove_exchange(source < 0 ? exchange : source);
		break;
	case EVENT_RETURN:
		configure(exchange, false);
		break;
	case 'a':
		add(CHAINS_ADDED(script.count), exchange, CHAINS_ADDED(script.count));
		break;
	case 'k':
		if (world_is_configured(exchange))
			add(CHAINS_CLASH(script.count), -1, world.place[exchange].dir);
		break;
	case 'p':
		world_reverse_order();
		break;
	default:
		swap(exchange);
	}
	world.config++;
	world.pending |= WORLD_FILES;
}

/* ---- the plan in use ---- */

static void join(struct link *l, const struct place *p)
{
	*l = (struct link){.planned = true,
			   .drawn = l->drawn,
			   .letter = l->letter,
			   .silent_until_ms = l->silent_until_ms,
			   .token_from_ms = l->token_from_ms,
			   .token_until_ms = l->token_until_ms,
			   .reads = p->reads,
			   .request = p->request,
			   .source = -1,
			   .ready_ms = world.boot_ms,
			   .asked_ms = -1,
			   .wanted_ms = -1,
			   .renewed_ms = -1};
}

static void go_on(struct link *l, const struct place *p)
{
	if (l->reads != p->reads || l->request != p->request)
		l->renewed_ms = world.boot_ms;
	l->reads = p->reads;
	l->request = p->request;
}

static void find_source(int exchange)
{
	struct link *l = &links[exchange];
	int source = world_source(exchange);

	l->source = source >= 0 && world_is_configured(source) ? source : -1;
	l->waited = l->waited || (l->source >= 0 && !links[l->source].has_token);
	l->ready_ms = world.boot_ms;
}

void world_planned(void)
{
	for (int i = 0; i < CHAINS_EXCHANGES; i++) {
		struct link *l = &links[i];
		bool planned = world_is_configured(i);

		if (l->planned && !planned) {
			l->planned = l->has_token = false;
			world.place[i].was_removed = true;
		} else if (planned && !l->planned) {
			join(l, &world.place[i]);
		} else if (planned) {
			go_on(l, &world.place[i]);
		}
	}
	for (int i = 0; i < CHAINS_EXCHANGES; i++)
		if (links[i].planned)
			find_source(i);
}
