/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer is stopped, or killed, before and after each system call of the token store. Each file
 * is then old or new, and whole, and `expires` is not later than the token beside it. The next
 * write mends what is there and leaves no temporary.
 */
#include "store/traced.h"

#define STOPS_MAX 1000

static void kill_writer(pid_t child)
{
	CHECK(kill(child, SIGKILL) == 0);
	CHECK_INT(tree_wait(child), 1000 + SIGKILL);
}

static void check_between(const struct found *old, const struct found *new)
{
	const struct found now = look();

	CHECK_STR(found_wrong(&now, old, new), "nothing");
}

/* Write from old to new, and kill the writer at the n-th stop. Returns false if there are fewer
 * stops. */
static bool kill_at(int n, const struct found *old, const char *forged_expires,
		    const struct found *new)
{
	struct found next = *new;
	struct found healed;
	bool killed = true;

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		next.s[i] += next.s[i] != EXP_NONE ? 7 : 0;
	set_up(old, forged_expires);
	pid_t child = start_writer(new);
	if (child < 0) {
		sts_test_skipped = "tracing is not permitted here";
		return false;
	}
	for (int i = 0; i < n && killed; i++)
		killed = next_stop(child);
	if (killed)
		kill_writer(child);
	/* A forged `expires` is gone, is still there, or is a new one. */
	if (!forged_expires || !tree_is("d/expires", forged_expires))
		check_between(old, new);
	CHECK_INT(write_state(&next, NULL), STS_OK);
	healed = look();
	CHECK(memcmp(&healed, &next, sizeof(healed)) == 0);
	CHECK_INT(tree_count("d"), found_count(&next));
	return killed;
}

static void kill_everywhere(const struct found *old, const char *forged_expires,
			    const struct found *new)
{
	int n = 1;

	while (n < STOPS_MAX && kill_at(n, old, forged_expires, new))
		n++;
	if (sts_test_skipped)
		return;
	printf("# %d stops\n", n - 1);
	/* There are three files, each with seven calls or more, in and out, and the start and
	 * the end of the process. */
	CHECK(n > 60);
	CHECK(n < STOPS_MAX);
}

static void test_kill_first(void)
{
	kill_everywhere(&none, NULL, &early);
}

static void test_kill_growing(void)
{
	kill_everywhere(&early, NULL, &late);
}

static void test_kill_shrinking(void)
{
	kill_everywhere(&late, NULL, &early);
}

static void test_kill_same(void)
{
	kill_everywhere(&late, NULL, &late);
}

/* `expires` is before the token's own end, and a thumbprint is removed. */
static void test_kill_without_thumbprint(void)
{
	const struct found new = {{TREE_TIME_S + 300, TREE_TIME_S + 250}};

	kill_everywhere(&late, NULL, &new);
}

static void test_kill_forged(void)
{
	/* The file cannot be believed, so that it is removed. There may be no `expires` for a
	 * moment. */
	const struct found old = {{TREE_TIME_S + 200, EXP_NONE, TREE_TIME_S + 200}};

	kill_everywhere(&old, "forged", &early);
}

static void test_kill_all_files(void)
{
	const struct found before = all_of(100), after = all_of(200);

	kill_everywhere(&before, NULL, &after);
	kill_everywhere(&after, NULL, &before);
}

/* Files that are not written any more are removed before `expires` is later than they are, with a
 * later and an earlier expiry. */
static void test_kill_other_files(void)
{
	const struct found aws = {{[STS_OUTPUT_EXPIRES] = TREE_TIME_S + 150,
				   [STS_OUTPUT_AWS_CREDENTIALS] = TREE_TIME_S + 150,
				   [STS_OUTPUT_AWS_PROCESS] = TREE_TIME_S + 160}};

	kill_everywhere(&early, NULL, &aws);
	kill_everywhere(&late, NULL, &aws);
}

/* Stop after stop through many writes, with expiries that go up and down, what is on disk is looked
 * at. */
static void test_on_disk(void)
{
	struct found old = AT(0);
	unsigned stops = 0;

	set_up(&old, NULL);
	for (int i = 1; i <= 60; i++) {
		int64_t s = TREE_TIME_S + i * 7919 % 500;
		const struct found new = {{s, s - i % 3, s, i % 5 ? s : EXP_NONE}};
		pid_t child = start_writer(&new);
		if (child < 0) {
			sts_test_skipped = "tracing is not permitted here";
			return;
		}
		while (next_stop(child)) {
			check_between(&old, &new);
			stops++;
		}
		old = new;
	}
	printf("# %u stops looked at\n", stops);
	CHECK(stops > 60 * 80);
}

/* Writers are killed at random, one after the other. Each finds what the last one has left, and the
 * rule always holds. */
static void test_kill_chain(void)
{
	struct found state = AT(0);
	unsigned random = 1, completed = 0;

	set_up(&state, NULL);
	for (int i = 1; i <= 300; i++) {
		int64_t s = TREE_TIME_S + i * 7919 % 500;
		const struct found new = {{s, s, s, i % 3 ? s : EXP_NONE}};
		pid_t child = start_writer(&new);
		if (child < 0) {
			sts_test_skipped = "tracing is not permitted here";
			return;
		}
		random = random * 1103515245 + 12345;
		bool alive = true;
		for (unsigned left = 1 + (random >> 16) % 140; left > 0 && alive; left--)
			alive = next_stop(child);
		if (alive)
			kill_writer(child);
		completed += !alive;
		check_between(&state, &new);
		state = look();
		CHECK(tree_count("d") <= 8); /* at most one temporary of each file */
	}
	CHECK_INT(write_state(&late, NULL), STS_OK);
	CHECK_INT(tree_count("d"), 3);
	printf("# %u of 300 writers lived to the end\n", completed);
}

static const struct sts_test tests[] = {
	{"killed at every system call: first write", test_kill_first},
	{"killed at every system call: later expiry", test_kill_growing},
	{"killed at every system call: earlier expiry", test_kill_shrinking},
	{"killed at every system call: same expiry", test_kill_same},
	{"killed at every system call: thumbprint removed", test_kill_without_thumbprint},
	{"killed at every system call: expires was forged", test_kill_forged},
	{"killed at every system call: all files", test_kill_all_files},
	{"killed at every system call: other files than before", test_kill_other_files},
	{"on disk at every system call, expiries going up and down", test_on_disk},
	{"a chain of killed writers", test_kill_chain},
};

int main(void)
{
	return tree_main(110, tests, sizeof(tests) / sizeof(tests[0]));
}
