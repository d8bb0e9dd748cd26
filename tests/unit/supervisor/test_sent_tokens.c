/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/sent_tokens.h"

#include "base/limits.h"
#include "test.h"

/* Addresses that stand for exchanges. */
static char owners[STS_EXCHANGES_MAX];

static void make_id(uint8_t *id, int number)
{
	memset(id, 0, STS_SUBJECT_ID_BYTES);
	memcpy(id, &number, sizeof(number));
}

static void note(int number, const void *owner)
{
	uint8_t id[STS_SUBJECT_ID_BYTES];

	make_id(id, number);
	sts_sent_note(id, owner);
}

static bool has(int number)
{
	uint8_t id[STS_SUBJECT_ID_BYTES];
	size_t count;
	const uint8_t(*all)[STS_SUBJECT_ID_BYTES] = sts_sent_all(&count);

	make_id(id, number);
	for (size_t i = 0; i < count; i++)
		if (memcmp(all[i], id, sizeof(id)) == 0)
			return true;
	return false;
}

static size_t how_many(void)
{
	size_t count;

	sts_sent_all(&count);
	return count;
}

static void by_token(void)
{
	sts_sent_clear();
	CHECK_INT(how_many(), 0);
	note(1, &owners[0]);
	note(2, &owners[1]);
	CHECK(has(1) && has(2) && !has(3));
	/* The exchange is removed: its token is still one that was sent. */
	sts_sent_orphan(&owners[0]);
	CHECK(has(1));
	/* Another exchange sends the same token: it is remembered once. */
	note(1, &owners[1]);
	CHECK_INT(how_many(), 2);
}

/* A token that was refused as not valid yet may be sent again, but only by who has sent it. */
static void forgotten(void)
{
	uint8_t id[STS_SUBJECT_ID_BYTES];

	sts_sent_clear();
	note(1, &owners[0]);
	note(2, &owners[0]);
	note(3, &owners[1]);
	make_id(id, 2);
	sts_sent_forget(id, &owners[1]);
	CHECK_INT(how_many(), 3);
	sts_sent_forget(id, &owners[0]);
	CHECK(has(1) && !has(2) && has(3));
	sts_sent_forget(id, &owners[0]);
	CHECK_INT(how_many(), 2);
}

static void bounded(void)
{
	sts_sent_clear();
	for (int i = 0; i < 10 * STS_USED_MAX; i++) {
		note(i, &owners[0]);
		CHECK(how_many() <= STS_USED_MAX);
		CHECK(has(i));
	}
	CHECK_INT(how_many(), STS_USED_MAX);
	/* The oldest are forgotten first. */
	CHECK(!has(9 * STS_USED_MAX - 1) && has(9 * STS_USED_MAX));
}

/* However often the others send, the last token of each exchange is remembered. */
static void last_of_each(void)
{
	sts_sent_clear();
	for (int i = 0; i < STS_EXCHANGES_MAX; i++)
		note(i, &owners[i]);
	for (int i = 100; i < 1000; i++)
		note(i, &owners[0]);
	for (int i = 1; i < STS_EXCHANGES_MAX; i++)
		CHECK(has(i));
	CHECK(has(999) && !has(0));
	/* Those of exchanges that were removed go when there is no room, the oldest first. */
	for (int i = 1; i < STS_EXCHANGES_MAX; i++)
		sts_sent_orphan(&owners[i]);
	note(1000, &owners[0]);
	CHECK(!has(1) && has(2) && has(1000));
}

int main(void)
{
	static const struct sts_test tests[] = {
		{"a token is remembered, whoever sent it", by_token},
		{"a token that was refused early is forgotten", forgotten},
		{"the memory is bounded", bounded},
		{"the last token of each exchange stays", last_of_each},
	};

	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
