/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application reads `expires` and then `token.jwt`, again and again, while tokens are written.
 * No file is torn, empty or missing, and as long as expiries grow `expires` is not later than the
 * end of the token.
 */
#include "store/tree.h"

#include <sys/mman.h>
#include <time.h>

#define WRITES_MIN 200 /* if there is no tmpfs, and each write waits for a disk */
#define SEEN_MIN   100 /* with fewer reads the reader was asleep, and nothing is shown */
#define TIME_MAX_S 20

struct seen {
	_Atomic bool done;
	_Atomic uint64_t reads, changes, torn, missing, promises_broken;
};

static struct seen *seen;

static void read_once(int64_t *last_s)
{
	char text[64], token[TREE_TOKEN_MAX_BYTES + 1];
	int64_t expires_s;
	int expires_len = tree_get("d/expires", text, sizeof(text));
	int token_len = tree_get("d/token.jwt", token, sizeof(token));

	seen->reads++;
	if (expires_len < 0 || token_len < 0) {
		seen->missing++;
		return;
	}
	int64_t exp_s = tree_token_exp(token, token_len);
	if (expires_len != STS_RFC3339_BYTES - 1 || exp_s < 0 ||
	    !sts_rfc3339_parse(sts_slice_of(text), &expires_s)) {
		seen->torn++;
		return;
	}
	seen->promises_broken += expires_s > exp_s;
	seen->changes += exp_s != *last_s;
	*last_s = exp_s;
}

static pid_t start_reader(void)
{
	int64_t last_s = 0;
	pid_t child;

	memset(seen, 0, sizeof(*seen));
	child = tree_fork();
	if (child == 0) {
		while (!seen->done)
			read_once(&last_s);
		_exit(0);
	}
	return child;
}

/* Write what next() says while a reader reads. */
static void write_many(int count, int64_t (*next)(int i))
{
	struct sts_store store;
	struct sts_error error;
	time_t end = time(NULL) + TIME_MAX_S;
	int writes = 0;

	tree_clear("d");
	tree_dir("d", 0777);
	CHECK_INT(sts_store_open(&store, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
	CHECK_INT(tree_write(&store, next(0), &error), STS_OK);
	pid_t reader = start_reader();
	while ((writes < count || seen->changes < SEEN_MIN) &&
	       (writes < WRITES_MIN || time(NULL) < end)) {
		enum sts_err err = tree_write(&store, next(++writes), &error);
		CHECK_INT(err, STS_OK);
		if (err != STS_OK)
			break;
	}
	seen->done = true;
	CHECK_INT(tree_wait(reader), 0);
	CHECK_INT(tree_count("d"), 3);
	sts_store_close(&store);
	printf("# %d writes, %llu reads, %llu tokens seen, %llu promises broken\n", writes,
	       (unsigned long long)seen->reads, (unsigned long long)seen->changes,
	       (unsigned long long)seen->promises_broken);
	CHECK(writes >= WRITES_MIN);
	CHECK(seen->changes >= SEEN_MIN);
	CHECK_INT(seen->torn, 0);
	CHECK_INT(seen->missing, 0);
}

static int64_t growing(int i)
{
	return TREE_TIME_S + i;
}

static void test_growing(void)
{
	write_many(10000, growing);
	CHECK_INT(seen->promises_broken, 0);
}

static int64_t same_or_growing(int i)
{
	return TREE_TIME_S + i / 3;
}

static void test_same_or_growing(void)
{
	write_many(1000, same_or_growing);
	CHECK_INT(seen->promises_broken, 0);
}

/* Expiries go up and down. kill.c tests what is on disk at each moment. Here each file must be
 * whole. */
static int64_t shrinking(int i)
{
	return TREE_TIME_S + (int64_t)i * 7919 % 5000;
}

static void test_shrinking(void)
{
	write_many(1000, shrinking);
}

static const struct sts_test tests[] = {
	{"a reader of 10,000 writes, each expiry later", test_growing},
	{"a reader of 1,000 writes, each expiry later or the same", test_same_or_growing},
	{"a reader of 1,000 writes, expiries going up and down", test_shrinking},
};

int main(void)
{
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED)
		return 1;
	return tree_main(100, tests, sizeof(tests) / sizeof(tests[0]));
}
