/* SPDX-License-Identifier: Apache-2.0 */
#include "base/identity.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char dir[] = "/tmp/sts-identity-XXXXXX";

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* Set the time of the last change of a file, and nothing else of it. */
static void set_time(const char *path, time_t s, long ns)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = s, .tv_nsec = ns}};

	CHECK(utimensat(AT_FDCWD, path, times, 0) == 0);
}

/* Let a symbolic link lead somewhere else, as the kubelet does it. */
static void swap_link(const char *target, const char *link)
{
	CHECK(symlink(target, "swap") == 0 && rename("swap", link) == 0);
}

static void test_nothing_is_there(void)
{
	static const char *const none[] = {"none",       "",     "none/file",
					   "file/below", "loop", "dangling"};

	sts_test_enter_folder(dir);
	write_file("file", "x");
	CHECK(symlink("loop", "loop") == 0 && symlink("nowhere", "dangling") == 0);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK_INT(sts_file_identity(none[i]), STS_IDENTITY_MISSING);
	CHECK(sts_file_identity("file") & 1);
	CHECK(sts_file_identity(".") & 1);
	CHECK(unlink("loop") == 0 && unlink("dangling") == 0);
}

static void test_what_changes_an_identity(void)
{
	uint64_t first;

	write_file("file", "one");
	set_time("file", 1000, 5);
	first = sts_file_identity("file");
	/* The time changes, in seconds and in nanoseconds. */
	set_time("file", 1001, 5);
	CHECK(sts_file_identity("file") != first);
	set_time("file", 1000, 6);
	CHECK(sts_file_identity("file") != first);
	set_time("file", 5, 1000);
	CHECK(sts_file_identity("file") != first);
	/* The size changes, and the time does not. */
	write_file("file", "four");
	set_time("file", 1000, 5);
	CHECK(sts_file_identity("file") != first);
	write_file("file", "two");
	set_time("file", 1000, 5);
	CHECK(sts_file_identity("file") == first);
	/* Another file has the same size and time. */
	write_file("other", "one");
	set_time("other", 1000, 5);
	CHECK(sts_file_identity("other") != first);
	CHECK(rename("other", "file") == 0);
	CHECK(sts_file_identity("file") != first);
}

static void test_what_does_not_change_an_identity(void)
{
	char byte;
	uint64_t first;

	write_file("file", "one");
	first = sts_file_identity("file");
	int fd = open("file", O_RDONLY);
	CHECK_INT(read(fd, &byte, 1), 1);
	close(fd);
	CHECK(sts_file_identity("file") == first);
	CHECK(chmod("file", 0640) == 0);
	CHECK(sts_file_identity("file") == first);
	CHECK(link("file", "second") == 0);
	CHECK(sts_file_identity("second") == first);
	CHECK(rename("second", "third") == 0);
	CHECK(sts_file_identity("./third") == first);
	CHECK(unlink("third") == 0);
}

static void test_the_identity_is_that_of_the_file_behind_a_link(void)
{
	uint64_t first;

	CHECK(mkdir("v1", 0700) == 0 && mkdir("v2", 0700) == 0);
	write_file("v1/token", "one");
	write_file("v2/token", "two");
	swap_link("v1", "data");
	first = sts_file_identity("data/token");
	CHECK(first == sts_file_identity("v1/token"));
	swap_link("v2", "data");
	CHECK(sts_file_identity("data/token") == sts_file_identity("v2/token"));
	CHECK(sts_file_identity("data/token") != first);
	swap_link("v1", "data");
	CHECK(sts_file_identity("data/token") == first);
}

static uint64_t of_two(const char *a, const char *b)
{
	return sts_files_identity(sts_files_identity(STS_IDENTITY_UNKNOWN, a), b);
}

static void test_several_files(void)
{
	uint64_t both = of_two("v1/token", "v2/token");

	CHECK(both & 1);
	CHECK(of_two("v1/token", "v2/token") == both);
	CHECK(of_two("v2/token", "v1/token") != both);
	CHECK(of_two("v1/token", "none") != both);
	CHECK(of_two("none", "v2/token") != both);
	CHECK(sts_files_identity(STS_IDENTITY_UNKNOWN, "v1/token") != both);
	CHECK(sts_files_identity(STS_IDENTITY_UNKNOWN, "none") & 1);
}

static void test_what_is_possible(void)
{
	CHECK(sts_identity_is_possible(STS_IDENTITY_UNKNOWN));
	CHECK(sts_identity_is_possible(STS_IDENTITY_MISSING));
	CHECK(sts_identity_is_possible(1) && sts_identity_is_possible(UINT64_MAX));
	CHECK(!sts_identity_is_possible(4) && !sts_identity_is_possible(UINT64_MAX - 1));
}

static void test_cleanup(void)
{
	CHECK(system("rm -rf v1 v2 data file") == 0);
	CHECK(rmdir(dir) == 0);
}

static const struct sts_test tests[] = {
	{"where no file can be seen, the identity says so", test_nothing_is_there},
	{"what changes an identity", test_what_changes_an_identity},
	{"what does not change an identity", test_what_does_not_change_an_identity},
	{"the identity is that of the file behind a link",
	 test_the_identity_is_that_of_the_file_behind_a_link},
	{"several files have one identity", test_several_files},
	{"which identities are possible", test_what_is_possible},
	{"the folder of this test is removed", test_cleanup},
};

STS_TEST_MAIN(tests)
