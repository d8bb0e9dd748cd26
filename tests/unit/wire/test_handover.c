/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/handover.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"
#include "wire/job.h"

#define TOKEN "header.claims.signature"

static char buf[64 * 1024];

static struct sts_slice take(size_t size)
{
	memset(buf, '#', sizeof(buf));
	return sts_handover_take(buf, size);
}

static void test_there_and_back(void)
{
	char left[sizeof(TOKEN)] = "";

	CHECK(sts_handover_make());
	CHECK_INT(fcntl(STS_INHERITED_TOKEN_FD, F_GETFD), 0);
	CHECK_INT(take(sizeof(buf)).len, 0);
	sts_handover_put(STS_SLICE(TOKEN));
	CHECK_INT(take(strlen(TOKEN) - 1).len, 0);
	CHECK(sts_slice_eq(take(strlen(TOKEN)), TOKEN));
	/* Nothing of the token is left. */
	CHECK_INT(pread(STS_INHERITED_TOKEN_FD, left, sizeof(left), 0), sizeof(left));
	for (size_t i = 0; i < sizeof(left); i++)
		CHECK_INT(left[i], 0);
	close(STS_INHERITED_TOKEN_FD);
}

/* The memory has one descriptor, whichever it was made with. */
static void test_no_descriptor_is_left(void)
{
	int lowest = dup(0), filled[STS_INHERITED_TOKEN_FD + 1], count = 0;

	close(lowest);
	CHECK(sts_handover_make());
	CHECK_INT(dup(0), lowest);
	close(lowest);
	close(STS_INHERITED_TOKEN_FD);
	do
		filled[count] = dup(0);
	while (filled[count++] < STS_INHERITED_TOKEN_FD);
	close(STS_INHERITED_TOKEN_FD);
	CHECK(sts_handover_make());
	CHECK(fcntl(STS_INHERITED_TOKEN_FD, F_GETFD) >= 0);
	while (count-- > 0)
		close(filled[count]);
}

static void test_one_token(void)
{
	CHECK(sts_handover_make());
	sts_handover_put(STS_SLICE(TOKEN));
	sts_handover_put(STS_SLICE("another"));
	CHECK(sts_slice_eq(take(sizeof(buf)), TOKEN));
	close(STS_INHERITED_TOKEN_FD);
}

static void test_the_longest(void)
{
	static char longest[64 * 1024];
	struct sts_slice token = {longest, sizeof(longest)};

	memset(longest, 'x', sizeof(longest));
	CHECK(sts_handover_make());
	sts_handover_put(token);
	CHECK(sts_slice_same(take(sizeof(buf)), token));
	close(STS_INHERITED_TOKEN_FD);
}

/* A file that has a name, or a pipe, is not written to and not read. */
static void test_another_descriptor(void)
{
	char path[] = "/tmp/sts-handover.XXXXXX";
	int fd = mkstemp(path), ends[2];

	CHECK(dup2(fd, STS_INHERITED_TOKEN_FD) == STS_INHERITED_TOKEN_FD);
	sts_handover_put(STS_SLICE(TOKEN));
	CHECK_INT(lseek(fd, 0, SEEK_END), 0);
	CHECK_INT(write(fd, TOKEN, strlen(TOKEN)), strlen(TOKEN));
	CHECK_INT(take(sizeof(buf)).len, 0);
	close(fd);
	unlink(path);
	CHECK_INT(pipe(ends), 0);
	CHECK(dup2(ends[1], STS_INHERITED_TOKEN_FD) == STS_INHERITED_TOKEN_FD);
	sts_handover_put(STS_SLICE(TOKEN));
	close(ends[1]);
	close(STS_INHERITED_TOKEN_FD);
	CHECK_INT(read(ends[0], buf, sizeof(buf)), 0);
	close(ends[0]);
	/* no descriptor */
	sts_handover_put(STS_SLICE(TOKEN));
	CHECK_INT(take(sizeof(buf)).len, 0);
}

static const struct sts_test tests[] = {
	{"a token goes there and back", test_there_and_back},
	{"no descriptor is left", test_no_descriptor_is_left},
	{"one token at a time", test_one_token},
	{"the longest token", test_the_longest},
	{"another descriptor of this number", test_another_descriptor},
};
STS_TEST_MAIN(tests)
