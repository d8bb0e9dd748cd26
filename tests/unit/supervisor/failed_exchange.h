/* SPDX-License-Identifier: Apache-2.0 */
/* A set of one exchange that has failed, so that a change of its files brings its next attempt
 * forward. For the tests of inputs.c. */
#ifndef STS_TEST_FAILED_EXCHANGE_H
#define STS_TEST_FAILED_EXCHANGE_H

#include "set_of_exchanges.h"

/* Examine the files of all exchanges. */
static inline void look(void)
{
	for (STS_EACH_MEMBER(t))
		sts_inputs_examine(t);
	set_examine();
}

/* Make a set of one exchange that has failed, so that another subject token may help. */
static inline struct sts_member *failed_one(const char *token_file)
{
	set_empty();
	TAKE_OVER({.name = "a", .token_file = token_file, .dir = "out"});
	set_fail(set_member("a"), STS_EDENIED);
	CHECK(!set_soon(set_member("a")));
	return set_member("a");
}

/* The same with two CA files, of which another one may help. */
static inline struct sts_member *distrustful_one(void)
{
	set_empty();
	set_write("token", "one");
	CHECK(system("mkdir -p ca1 ca2") == 0);
	set_write("ca1/a.pem", "a");
	set_write("ca2/b.pem", "b");
	TAKE_OVER({.name = "a",
		   .token_file = "token",
		   .dir = "out",
		   .cas = {"ca1/a.pem", "ca2/b.pem"}});
	struct sts_member *t = set_member("a");
	set_fail(t, STS_ECERT_ISSUER);
	set_examine();
	CHECK(!set_soon(t));
	look();
	CHECK(!set_soon(t));
	return t;
}

#endif
