/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a subject token's file. A token that is taken may be sent in a header and has not
 * expired. The message of a refusal says where the file is wrong, and not what it holds.
 */
#include <stdlib.h>
#include <string.h>

#include "token/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1768233600

static char scratch[STS_SUBJECT_MAX_BYTES];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_taken(struct sts_slice bytes, const struct sts_subject *subject)
{
	struct sts_subject again;

	require(subject->token.len > 0 && subject->token.len <= STS_SUBJECT_MAX_BYTES);
	require(subject->token.data >= bytes.data &&
		subject->token.data + subject->token.len <= bytes.data + bytes.len);
	require(sts_subject_bytes_ok(subject->token));
	require(subject->exp_s == -1 || subject->exp_s > NOW);
	/* White space around the token is not part of it. */
	require(sts_subject_check(subject->token, NOW, scratch, sizeof(scratch), &again, NULL) ==
		STS_OK);
	require(sts_slice_same(again.token, subject->token));
}

static void check_refused(enum sts_err err, const struct sts_error *e)
{
	static const char *const starts[] = {
		"the subject token is empty",
		"the subject token is over 64 KiB",
		"the subject token has a line break inside, at byte ",
		"the subject token has a byte that no token has, at byte ",
		"the subject token expired at ",
	};
	size_t known = 0;

	require(err == e->code);
	require(err == STS_ESUBJECT_MALFORMED || err == STS_ESUBJECT_TOOBIG ||
		err == STS_ESUBJECT_EXPIRED);
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		known += strncmp(e->msg, starts[i], strlen(starts[i])) == 0;
	require(known == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_slice bytes = {(const char *)data, size};
	struct sts_subject subject;
	struct sts_error e = {0};
	enum sts_err err = sts_subject_check(bytes, NOW, scratch, sizeof(scratch), &subject, &e);

	if (err == STS_OK)
		check_taken(bytes, &subject);
	else
		check_refused(err, &e);
	return 0;
}
