/* SPDX-License-Identifier: Apache-2.0 */
#include "http_messages/challenge.h"

#include "test.h"

static void check(struct sts_slice value, const char *error, const char *description)
{
	struct sts_http_challenge found = sts_http_challenge_read(value);
	int failures = sts_test_failures;

	CHECK(sts_slice_eq(found.error, error));
	CHECK(sts_slice_eq(found.description, description));
	if (sts_test_failures != failures)
		printf("# %.*s: %.*s | %.*s\n", (int)value.len, value.data, (int)found.error.len,
		       found.error.data, (int)found.description.len, found.description.data);
}

static void challenges(void)
{
	static const struct {
		const char *value, *error, *description;
	} rows[] = {
		{"", "", ""},
		{"Bearer", "", ""},
		{"Bearer realm=\"x\"", "", ""},
		{"Bearer error=invalid_token", "invalid_token", ""},
		{"Bearer error=\"invalid_token\"", "invalid_token", ""},
		{"Bearer realm=\"x\", error=\"e\", error_description=\"no, not so\"", "e",
		 "no, not so"},
		{"Bearer error_description=\"d\",ERROR=e", "e", "d"},
		{" ,\t Bearer \t error \t= \t \"e\" , ,\terror_description=d", "e", "d"},
		{"error=e", "e", ""},
		{"Bearer xerror=e", "", ""},
		{"Bearer errors=e", "", ""},
		/* quoted pairs */
		{"Bearer error_description=\"a \\\"b\\\" \\\\\", error=e", "e", "a \\\"b\\\" \\\\"},
		/* the first challenge that has a reason counts */
		{"Basic realm=\"r\", Bearer error=e", "e", ""},
		{"Bearer error=e, DPoP error=f", "e", ""},
		{"Bearer error=e, DPoP error_description=d", "e", ""},
		{"Bearer error_description=d, DPoP error=f", "", "d"},
		{"Bearer error=e, error_description=d, DPoP error=f", "e", "d"},
		{"Negotiate \"error=x\" error=e", "e", ""},
		{"Negotiate \"error=x\", DPoP error=e", "e", ""},
		/* twice */
		{"Bearer error=e, error=e", "e", ""},
		{"Bearer error=e, error=f", "", ""},
		{"Bearer error=e, error=f, error_description=d", "", "d"},
		{"Bearer error=\"\", error=e", "e", ""},
		{"Bearer error_description=c, error_description=d", "", "c"},
		{"Bearer error_description=\"\", error_description=d", "", "d"},
		/* malformed */
		{"Bearer error=", "", ""},
		{"Bearer error=\"", "", ""},
		{"Bearer error=\"e", "e", ""},
		{"Bearer error=\"e\\", "e\\", ""},
		{"Bearer error=\"e\"f error_description=d", "e", ""},
		{"Bearer =x error=e", "e", ""},
		{"\"Bearer\" error=e", "e", ""},
		{"Bearer error==e", "=e", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(sts_slice_of(rows[i].value), rows[i].error, rows[i].description);
}

/* What follows the header in memory is not read. */
static void ends(void)
{
	const char *text = "Bearer error=\"ab\\\"cd\" error_description=d";

	check((struct sts_slice){text, 16}, "ab", "");
	check((struct sts_slice){text, 17}, "ab\\", "");
	check((struct sts_slice){text, 18}, "ab\\\"", "");
	check((struct sts_slice){text, 19}, "ab\\\"c", "");
	check((struct sts_slice){text, 20}, "ab\\\"cd", "");
	check((struct sts_slice){text, 14}, "", "");
	check((struct sts_slice){text, 13}, "", "");
	check((struct sts_slice){text, 12}, "", "");
	check((struct sts_slice){text, 0}, "", "");
	text = "Bearer error=abcd";
	check((struct sts_slice){text, 15}, "ab", "");
	text = "Bearer error=\"abcdefghijklmnopqrstuvwxyz012345\" error_description=d";
	check((struct sts_slice){text, 46}, "abcdefghijklmnopqrstuvwxyz012345", "");
	check((struct sts_slice){text, 47}, "abcdefghijklmnopqrstuvwxyz012345", "");
	check((struct sts_slice){NULL, 0}, "", "");
}

static const struct sts_test tests[] = {
	{"challenges", challenges},
	{"the end of a header", ends},
};

STS_TEST_MAIN(tests)
