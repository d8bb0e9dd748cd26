/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test.h"

#define TEXT "{\"exchanges\":[]}"

static char buf[64];
static size_t len;

static int filled(const char *text)
{
	int fd = sts_snapshot_make();

	CHECK(fd >= 0);
	CHECK(sts_snapshot_fill(fd, text, strlen(text)));
	return fd;
}

static void test_there_and_back(void)
{
	int fd = filled(TEXT);

	for (int i = 0; i < 2; i++) { /* a second reader finds all of it as well */
		memset(buf, '#', sizeof(buf));
		CHECK(sts_snapshot_read(fd, buf, sizeof(buf), &len));
		CHECK_INT(len, strlen(TEXT));
		CHECK(memcmp(buf, TEXT, strlen(TEXT)) == 0);
		CHECK_INT(buf[len], '#');
	}
	CHECK_INT(lseek(fd, 3, SEEK_SET), 3);
	CHECK(sts_snapshot_read(fd, buf, sizeof(buf), &len));
	CHECK_INT(len, strlen(TEXT));
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

/* A reader learns that there is more than it has room for. */
static void test_too_long(void)
{
	int fd = filled(TEXT);

	CHECK(sts_snapshot_read(fd, buf, strlen(TEXT) + 1, &len));
	CHECK_INT(len, strlen(TEXT));
	CHECK(!sts_snapshot_read(fd, buf, strlen(TEXT), &len));
	CHECK(!sts_snapshot_read(fd, buf, strlen(TEXT) - 1, &len));
	close(fd);
}

static void test_nobody_can_change_it(void)
{
	int fd = filled(TEXT);
	char path[32];

	CHECK(pwrite(fd, "x", 1, 0) < 0 && errno == EPERM);
	CHECK(write(fd, "x", 1) < 0 && errno == EPERM);
	CHECK(ftruncate(fd, 1) < 0 && errno == EPERM);
	CHECK(ftruncate(fd, 100) < 0 && errno == EPERM);
	CHECK(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0 && errno == EPERM);
	CHECK(!sts_snapshot_fill(fd, "x", 1));
	/* It cannot be changed through another descriptor either. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, O_RDWR);
	if (again >= 0)
		CHECK(write(again, "x", 1) < 0 && errno == EPERM);
	close(again);
	CHECK(sts_snapshot_read(fd, buf, sizeof(buf), &len));
	CHECK(len == strlen(TEXT) && memcmp(buf, TEXT, len) == 0);
	close(fd);
}

static void test_there_is_none(void)
{
	int fd = sts_snapshot_make(), file = open("/dev/null", O_RDONLY);

	len = 99;
	CHECK(!sts_snapshot_read(fd, buf, sizeof(buf), &len)); /* it was not filled */
	CHECK_INT(len, 0);
	len = 99;
	CHECK(!sts_snapshot_read(-1, buf, sizeof(buf), &len));
	CHECK_INT(len, 0);
	CHECK(!sts_snapshot_fill(-1, TEXT, strlen(TEXT)));
	CHECK(!sts_snapshot_fill(file, TEXT, strlen(TEXT)));
	close(file);
	/* What cannot be sealed is not a snapshot. */
	file = open("/dev/null", O_RDWR);
	CHECK(!sts_snapshot_fill(file, TEXT, strlen(TEXT)));
	close(file);
	close(fd);
}

/* A part of the configuration file would be another configuration. */
static void test_only_a_part_can_be_written(void)
{
	struct rlimit old, small;
	int fd = sts_snapshot_make();

	CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0);
	small = (struct rlimit){strlen(TEXT) / 2, old.rlim_max};
	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
	CHECK(!sts_snapshot_fill(fd, TEXT, strlen(TEXT)));
	CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0);
	CHECK(!sts_snapshot_read(fd, buf, sizeof(buf), &len));
	CHECK_INT(len, 0);
	close(fd);
}

static void test_it_cannot_be_sealed(void)
{
	int fd = memfd_create("unsealable", MFD_CLOEXEC);

	CHECK(!sts_snapshot_fill(fd, TEXT, strlen(TEXT)));
	CHECK(!sts_snapshot_read(fd, buf, sizeof(buf), &len));
	close(fd);
}

static const struct sts_test tests[] = {
	{"a snapshot is written and read back", test_there_and_back},
	{"a snapshot that is longer than the reader's memory", test_too_long},
	{"a snapshot cannot be changed", test_nobody_can_change_it},
	{"there is no snapshot", test_there_is_none},
	{"a snapshot of which only a part can be written is empty",
	 test_only_a_part_can_be_written},
	{"a snapshot that cannot be sealed is empty", test_it_cannot_be_sealed},
};
STS_TEST_MAIN(tests)
