/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "test.h"

/* The values are test vectors of FNV-1a with 64 bits. */
static void known_hashes(void)
{
	CHECK(sts_hash(STS_HASH_START, "", 0) == STS_HASH_START);
	CHECK(sts_hash(STS_HASH_START, NULL, 0) == STS_HASH_START);
	CHECK(sts_hash(STS_HASH_START, "a", 1) == 0xaf63dc4c8601ec8cu);
	CHECK(sts_hash(STS_HASH_START, "foobar", 6) == 0x85944171f73967e8u);
}

static void bytes_one_after_the_other(void)
{
	uint64_t h = sts_hash(STS_HASH_START, "foo", 3);

	CHECK(sts_hash(h, "bar", 3) == sts_hash(STS_HASH_START, "foobar", 6));
	CHECK(sts_hash(h, "baz", 3) != sts_hash(h, "bar", 3));
}

static const struct sts_test tests[] = {
	{"known hashes", known_hashes},
	{"bytes in two parts have the hash of the whole", bytes_one_after_the_other},
};

STS_TEST_MAIN(tests)
