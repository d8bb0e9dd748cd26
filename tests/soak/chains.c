/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the real supervisor with all chains of exchanges, in which an exchange reads the output of
 * another one. The configuration file has the exchanges in all orders, and for each order, all
 * results of the first request of each exchange are tried. In `fetch`, a run ends by itself. In
 * `run`, it ends when all exchanges have their tokens and no event is to come. chains_world.c has
 * what happens, chains_check.c what must hold.
 *
 *   chains [--short] [--mode fetch|run] [--bug NAME]
 *   chains --repeat MODE,PARENTS,ORDER,SINGLE_USE,LETTERS [--bug NAME]
 *
 * The result of a first request is a letter:
 *   o  a token
 *   d  a refusal (403)
 *   t  no answer until the time-out
 *   T  the same, and no answer to the requests after it for a while (`fetch`: never)
 *   s  a token, but the program is told to stop before
 * With the other letters, something happens while the request is on its way. After that a small
 * letter brings a token, and a capital letter a refusal:
 *   h  somebody asks for a refresh (HUP)
 *   q  the configuration has another request of this exchange
 *   m  it has other times
 *   l  it has nothing new but the log level
 *   p  it has the exchanges in reverse order
 *   r  this exchange is not there any more, and comes back later
 *   u  the same of the exchange that this one reads from
 *   a  there is another exchange, which reads from this one
 *   k  there is another exchange, which has the directory of this one
 *   w  this exchange has swapped its token file with another one
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bind.h"
#include "bugs.h"
#include "chains.h"
#include "check.h"
#include "supervisor/running_set.h"
#include "supervisor/sent_tokens.h"
#include "supervisor/supervisor.h"

#define IN_FETCH    "odtTshH"
#define IN_RUN      "odtTshHqQmMlLpPrRuUaAkKwW"
#define CHANGES     "hqmlpruakwHQMLPRUAKW"
#define ALTERNATELY "odts*"

static enum bug bug;
static bool is_short;

static void play(void)
{
	static char program[] = "sts-sidecar", command[] = "run", config[] = BIND_CONFIG;
	static char *const arguments[] = {program, command, NULL};
	const struct sts_options options = {
		.command = script.fetch ? STS_COMMAND_FETCH : STS_COMMAND_RUN, .config = config};
	int status;

	chains_world_init(bug);
	bind_start();
	sts_members_use(NULL);
	sts_sent_clear();
	status = sts_supervisor_start(&options, arguments);
	if (status < 0)
		status = sts_supervise();
	chains_check_end(status);
	for (STS_EACH_MEMBER(t))
		sts_member_remove(t);
	run.runs++;
}

static void play_all(const char *alphabet)
{
	script_begin(alphabet, CHANGES);
	do {
		play();
	} while (script_advance());
}

/* ---- orders, sources, and tokens that may be sent once ---- */

/* The next one in the order of the alphabet; false after the last. */
static bool next_order(void)
{
	int *order = script.order, n = script.count, i = n - 2, j = n - 1;

	while (i >= 0 && order[i] > order[i + 1])
		i--;
	if (i < 0)
		return false;
	while (order[j] < order[i])
		j--;
	int swapped = order[i];

	order[i] = order[j];
	order[j] = swapped;
	for (int left = i + 1, right = n - 1; left < right; left++, right--) {
		swapped = order[left];
		order[left] = order[right];
		order[right] = swapped;
	}
	return true;
}

/* The next choice of sources, each of a smaller number; false after the last. */
static bool next_parents(void)
{
	for (int i = script.count - 1; i > 0; i--) {
		if (++script.parent[i] < i)
			return true;
		script.parent[i] = -1;
	}
	return false;
}

static bool is_chain(void)
{
	for (int i = 0; i < script.count; i++)
		if (script.parent[i] != i - 1)
			return false;
	return true;
}

/* none, the first, all but the first, all */
static void set_single_use(int pattern)
{
	for (int i = 0; i < script.count; i++)
		script.single_use[i] = pattern & (i == 0 ? 1 : 2);
}

static void all_orders(const char *alphabet, bool all_patterns)
{
	static int pattern;

	for (int i = 0; i < script.count; i++)
		script.order[i] = i;
	do {
		for (int i = 0; i < (all_patterns ? 4 : 1); i++) {
			/* A reader whose subject token was sent looks for another one for long: of
			 * the longest chains, few are so. */
			set_single_use(script.count < CHAINS_MAX || pattern % 16 > 13
					       ? pattern & 3
					       : pattern & 1);
			pattern++;
			play_all(alphabet);
		}
	} while (next_order());
}

static void all_sources(void)
{
	const char *all = script.fetch ? IN_FETCH : IN_RUN;

	for (int i = 0; i < script.count; i++)
		script.parent[i] = -1;
	do {
		if (script.count <= 2)
			all_orders(all, true);
		else if (script.count == 3)
			all_orders(ALTERNATELY, true);
		else if (is_chain() && script.count == CHAINS_MAX && !is_short)
			all_orders(script.fetch ? "odTsh" : ALTERNATELY, false);
		else if (is_chain() || script.count == 4)
			all_orders(script.fetch ? "odTs" : "ods*", false);
	} while (next_parents());
}

static void play_everything(const char *mode)
{
	for (int fetch = 1; fetch >= 0; fetch--) {
		if (mode && strcmp(mode, fetch ? "fetch" : "run") != 0)
			continue;
		for (int count = 1; count <= CHAINS_MAX; count++) {
			clock_t from = clock();
			uint64_t runs = run.runs;

			script.fetch = fetch;
			script.count = count;
			all_sources();
			printf("%s of %d: %llu runs, %.1f s\n", fetch ? "fetch" : "run", count,
			       (unsigned long long)(run.runs - runs),
			       (double)(clock() - from) / CLOCKS_PER_SEC);
			fflush(stdout);
		}
	}
}

int main(int argc, char **argv)
{
	const char *repeat = NULL, *mode = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--short") == 0)
			is_short = true;
		else if (strcmp(argv[i], "--mode") == 0 && i + 1 < argc)
			mode = argv[++i];
		else if (strcmp(argv[i], "--bug") == 0 && i + 1 < argc)
			bug = bugs_find(argv[++i]);
		else if (strcmp(argv[i], "--repeat") == 0 && i + 1 < argc)
			repeat = argv[++i];
		else
			return 64;
	}
	if (repeat && !script_parse(repeat)) {
		fprintf(stderr, "chains: not a script: %s\n", repeat);
		return 64;
	}
	if (repeat)
		play();
	else
		play_everything(mode);
	printf("%llu runs, %llu attempts, %llu times asleep\n", (unsigned long long)run.runs,
	       (unsigned long long)run.attempts, (unsigned long long)run.sleeps);
	puts("chains: all that must hold held");
	return 0;
}
