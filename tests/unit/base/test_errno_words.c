/* SPDX-License-Identifier: Apache-2.0 */
#include "base/errno_words.h"

#include <errno.h>

#include "test.h"

static void test_words(void)
{
	CHECK_STR(sts_errno_words(ENOENT), "no such file");
	CHECK_STR(sts_errno_words(EACCES), "permission denied");
	CHECK_STR(sts_errno_words(EADDRINUSE), "address already in use");
	CHECK_STR(sts_errno_words(EXDEV), "on another mount");
	CHECK_STR(sts_errno_words(ENOTCONN), "not connected (a mount: its FUSE daemon has ended)");
	CHECK_STR(sts_errno_words(EUSERS), "too many users");
	CHECK_STR(sts_errno_words(EBADF), "it is closed");
	CHECK_STR(sts_errno_words(EOWNERDEAD), "an unexpected error of the system");
	CHECK(sts_errno_words(123456) && sts_errno_words(123456)[0]);
	CHECK(sts_errno_words(-1) && sts_errno_words(0) && sts_errno_words(EXDEV)[0]);
}

static const struct sts_test tests[] = {
	{"the words for errno", test_words},
};

STS_TEST_MAIN(tests)
