/* SPDX-License-Identifier: Apache-2.0 */
#include "base/errno_words.h"

#include <errno.h>

#include "test.h"

#define UNEXPECTED "an unexpected error of the system"

static void test_words(void)
{
	CHECK_STR(sts_errno_words(ENOENT), "no such file");
	CHECK_STR(sts_errno_words(EACCES), "permission denied");
	CHECK_STR(sts_errno_words(EADDRINUSE), "address already in use");
	CHECK_STR(sts_errno_words(EXDEV), "on another mount");
	CHECK_STR(sts_errno_words(ENOTCONN), "not connected (a mount: its FUSE daemon has ended)");
	CHECK_STR(sts_errno_words(EUSERS), "too many users");
	CHECK_STR(sts_errno_words(EBADF), "it is closed");
	CHECK_STR(sts_errno_words(EINVAL), "an invalid argument");
	CHECK_STR(sts_errno_words(ERANGE), "a result that is too large");
	CHECK_STR(sts_errno_words(ESPIPE), "not a regular file");
	CHECK_STR(sts_errno_words(STS_ENOINODES), "no inode left");
	CHECK_STR(sts_errno_words(STS_ENOTMEMBER), "not a member of the group");
	CHECK_STR(sts_errno_words(STS_EHELD), "a file that this process may not replace");
	CHECK_STR(sts_errno_words(EOWNERDEAD), UNEXPECTED);
	CHECK(sts_errno_words(123456) && sts_errno_words(123456)[0]);
	CHECK(sts_errno_words(-1) && sts_errno_words(0) && sts_errno_words(EXDEV)[0]);
}

/* The errnos that the pages of section 2 of the manual state for the system calls of
 * sidecar/sandbox/seccomp.c and mkdir(2), and those that file systems and networks return besides.
 * ENOMSG (Landlock) and ENOPKG (pipe2(2)) are left out: no message has them. */
static void test_every_errno(void)
{
	static const int documented[] = {
		E2BIG, EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EALREADY, EBADF,
		EBUSY, ECANCELED, ECHILD, ECONNABORTED, ECONNREFUSED, ECONNRESET, EDEADLK,
		EDESTADDRREQ, EDQUOT, EEXIST, EFAULT, EFBIG, EINPROGRESS, EINTR, EINVAL, EIO,
		EISCONN, EISDIR, ELIBBAD, ELOOP, EMFILE, EMLINK, EMSGSIZE, ENAMETOOLONG,
		ENETUNREACH, ENFILE, ENOBUFS, ENODEV, ENOENT, ENOEXEC, ENOLCK, ENOMEM, ENOPROTOOPT,
		ENOSPC, ENOSR, ENOSYS, ENOTCONN, ENOTDIR, ENOTEMPTY, ENOTSOCK, ENOTSUP, ENOTTY,
		ENXIO, EOPNOTSUPP, EOVERFLOW, EPERM, EPIPE, EPROTO, EPROTOTYPE, ERANGE,
		EPROTONOSUPPORT, EROFS, ESPIPE, ESRCH, ETIMEDOUT, ESOCKTNOSUPPORT, ETXTBSY, EUSERS,
		EWOULDBLOCK, EXDEV,
		/* file systems and networks */
		EBADMSG, EHOSTDOWN, EHOSTUNREACH, EHWPOISON, EKEYEXPIRED, EKEYREJECTED, EKEYREVOKED,
		ENETDOWN, ENETRESET, ENOKEY, ENOLINK, ENOMEDIUM, ENONET, EREMOTEIO, ESHUTDOWN,
		ESTALE, EUCLEAN};

	for (size_t i = 0; i < sizeof(documented) / sizeof(documented[0]); i++) {
		char words[128];

		snprintf(words, sizeof(words), "%s", sts_errno_words(documented[i]));
		if (strcmp(words, UNEXPECTED) == 0)
			printf("# errno %d\n", documented[i]);
		CHECK(strcmp(words, UNEXPECTED) != 0);
		for (size_t j = 0; j < i; j++)
			CHECK(documented[j] == documented[i] ||
			      strcmp(words, sts_errno_words(documented[j])) != 0);
	}
}

static const struct sts_test tests[] = {
	{"the words for errno", test_words},
	{"each errno of our calls has words of its own", test_every_errno},
};

STS_TEST_MAIN(tests)
