/* SPDX-License-Identifier: Apache-2.0 */
/* The sum at the end of a status: it shows whether a reader has got the whole file. */
#include "output/status.h"
#include "test.h"

static const struct sts_status failing = {
	.state = STS_STATE_FAILING,
	.error = STS_EDENIED,
	.http_status = 403,
	.sts_error = "access_denied",
	.tries = 4,
	.attempts = 17,
	.last_attempt_s = 1768233145,
	.next_attempt_s = 1768233175,
};

static bool parse(const char *text, struct sts_status *status)
{
	return sts_status_parse(sts_slice_of(text), status);
}

/* A file that is overwritten on a full disk is a mixture for a moment, which is refused. */
static void test_sum(void)
{
	char whole_text[STS_STATUS_MAX_BYTES], other[STS_STATUS_MAX_BYTES],
		mixed[STS_STATUS_MAX_BYTES];
	struct sts_status status, later = failing;
	struct sts_text text;

	later.tries = 5;
	later.next_attempt_s += 7;
	sts_text_init(&text, whole_text, sizeof(whole_text));
	sts_status_format(&failing, &text);
	CHECK(parse(whole_text, &status) && status.tries == 4);
	sts_text_init(&text, other, sizeof(other));
	sts_status_format(&later, &text);
	CHECK_INT(strlen(whole_text), strlen(other));
	for (size_t at = 0; at <= text.len; at++) {
		memcpy(mixed, other, text.len + 1);
		memcpy(mixed, whole_text, at);
		bool is_whole = strcmp(mixed, whole_text) == 0 || strcmp(mixed, other) == 0;

		CHECK_INT(parse(mixed, &status), is_whole);
	}
	/* If the new text is longer, a reader may get its beginning alone. */
	for (size_t len = 0; len < text.len; len++)
		CHECK(!sts_status_parse((struct sts_slice){whole_text, len}, &status));
	/* Newlines fill up what is shorter than before. */
	strcat(whole_text, "\n\n\n");
	CHECK(parse(whole_text, &status));
	strcpy(strstr(whole_text, "\nsum "), "\nsum 4294967296");
	CHECK(!parse(whole_text, &status));
}

static const struct sts_test tests[] = {
	{"the sum of the lines", test_sum},
};
STS_TEST_MAIN(tests)
