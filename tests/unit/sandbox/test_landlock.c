/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of the kernel, for each version of Landlock, and when the kernel refuses it.
 * tests/sandbox/ asks the kernel itself.
 */
#include <asm/unistd.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "sandbox/layers.h"
#include "test.h"

/* The system calls that were made, and what they return. */
static struct {
	long abi;
	int create_errno, restrict_errno;
	int rule_errnos[8]; /* of the first calls; 0: it succeeds */
	int rules, created, restricted, listed;
	size_t attr_size;
	uint64_t attr[3];
	int type[8], ruleset[8], fd_flags[8], open_flags[8];
	uint64_t access[8], object[8]; /* a descriptor or a port */
} kernel;

static long refuse_with(int err)
{
	errno = err;
	return err ? -1 : 0;
}

static long add_rule(int fd, int type, const char *attr)
{
	int i = kernel.rules++;
	int32_t file;

	kernel.ruleset[i] = fd;
	kernel.type[i] = type;
	memcpy(&kernel.access[i], attr, 8);
	if (type == 2) {
		memcpy(&kernel.object[i], attr + 8, 8);
	} else {
		memcpy(&file, attr + 8, 4);
		kernel.object[i] = (uint64_t)file;
		kernel.fd_flags[i] = fcntl(file, F_GETFD);
		kernel.open_flags[i] = fcntl(file, F_GETFL);
	}
	return refuse_with(kernel.rule_errnos[i]);
}

/* Five entries, of which "odd" is of an unknown kind; then the end. An entry that stands behind
 * them in memory does not count. */
static long list(char *buffer)
{
	static const struct {
		unsigned char type;
		const char *name;
	} entries[] = {{DT_LNK, "link"}, {DT_REG, "file"}, {DT_UNKNOWN, "odd"},
		       {DT_DIR, "."},    {DT_LNK, "link"}, {DT_LNK, "link"}};
	long at = 0;

	if (kernel.listed++ > 0)
		return 0;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		struct dirent *entry = (void *)(buffer + at);

		entry->d_type = entries[i].type;
		entry->d_reclen = 32;
		strcpy(entry->d_name, entries[i].name);
		at += 32;
	}
	return at - 32;
}

/* In place of the C library's. */
long syscall(long number, ...)
{
	long arg[4];

	STS_TEST_ARGUMENTS(arg, number);
	switch (number) {
	case __NR_landlock_create_ruleset:
		if ((int)arg[2] == 1) {
			CHECK(arg[0] == 0 && arg[1] == 0);
			return kernel.abi < 0 ? refuse_with(ENOSYS) : kernel.abi;
		}
		kernel.created++;
		kernel.attr_size = (size_t)arg[1];
		CHECK_INT((int)arg[2], 0);
		memcpy(kernel.attr, (const void *)arg[0], sizeof(kernel.attr));
		return kernel.create_errno ? refuse_with(kernel.create_errno)
					   : open("/dev/null", O_RDONLY | O_CLOEXEC);
	case __NR_landlock_add_rule:
		CHECK_INT((int)arg[3], 0);
		return add_rule((int)arg[0], (int)arg[1], (const char *)arg[2]);
	case __NR_landlock_restrict_self:
		kernel.restricted++;
		CHECK_INT((int)arg[1], 0);
		return refuse_with(kernel.restrict_errno);
	case __NR_getdents64:
		CHECK(arg[2] >= 1024 && arg[2] <= 4096);
		CHECK_INT(lseek((int)arg[0], 0, SEEK_CUR), 0); /* from the first entry on */
		return list((char *)arg[1]);
	default:
		CHECK(false);
		return refuse_with(ENOSYS);
	}
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static struct sts_landlock begin(long abi, bool alone)
{
	struct sts_landlock l;

	memset(&kernel, 0, sizeof(kernel));
	kernel.abi = abi;
	sts_landlock_init(&l, alone);
	return l;
}

static void domains(void)
{
	static const struct {
		long abi;
		uint64_t fs, net, scoped;
	} rows[] = {
		{1, 0x1fff, 0, 0}, {2, 0x3fff, 0, 0}, {3, 0x7fff, 0, 0}, {4, 0x7fff, 3, 0},
		{5, 0xffff, 3, 0}, {6, 0xffff, 3, 3}, {7, 0xffff, 3, 3},
	};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		bool alone = i % 2;
		struct sts_landlock l = begin(rows[i / 2].abi, alone);

		CHECK_INT(l.abi, rows[i / 2].abi);
		CHECK(is_open(l.fd));
		CHECK_INT(kernel.created, 1);
		CHECK_INT(kernel.attr_size, 24);
		CHECK_INT(kernel.attr[0], rows[i / 2].fs);
		CHECK_INT(kernel.attr[1], alone ? rows[i / 2].net : 0);
		CHECK_INT(kernel.attr[2], alone ? rows[i / 2].scoped : 0);
		CHECK_INT(sts_landlock_enter(&l), rows[i / 2].abi);
		CHECK_INT(kernel.restricted, 1);
		CHECK_INT(l.fd, -1);
	}
}

static void no_landlock(void)
{
	for (long abi = -1; abi <= 0; abi++) {
		struct sts_landlock l = begin(abi, true);

		CHECK_INT(l.abi, 0);
		CHECK_INT(l.fd, -1);
		CHECK_INT(kernel.created, 0);
		sts_landlock_allow(&l, 0, STS_LANDLOCK_READ);
		CHECK(!sts_landlock_allow_path(&l, AT_FDCWD, "/", STS_LANDLOCK_READ));
		sts_landlock_allow_port(&l, 443, false);
		CHECK_INT(kernel.rules, 0);
		CHECK_INT(sts_landlock_enter(&l), 0);
		CHECK_INT(kernel.restricted, 0);
	}
}

static void kernel_refuses(void)
{
	struct sts_landlock l = begin(4, true);
	int fd = l.fd;

	kernel.restrict_errno = EPERM;
	CHECK_INT(sts_landlock_enter(&l), 0);
	CHECK(l.fd == -1 && !is_open(fd));
	memset(&kernel, 0, sizeof(kernel));
	kernel.abi = 4;
	kernel.create_errno = EMFILE;
	sts_landlock_init(&l, true);
	CHECK(l.fd == -1);
}

static void files(void)
{
	struct sts_landlock l = begin(4, false);

	/* descriptor 0 is one as any other, and -1 is none */
	sts_landlock_allow(&l, 0, STS_LANDLOCK_REPLACE);
	sts_landlock_allow(&l, -1, STS_LANDLOCK_READ);
	CHECK_INT(kernel.rules, 1);
	CHECK_INT(kernel.ruleset[0], l.fd);
	CHECK_INT(kernel.type[0], 1);
	CHECK_INT(kernel.access[0], STS_LANDLOCK_REPLACE);
	CHECK_INT(kernel.object[0], 0);
	/* a file has fewer rights than a directory */
	kernel.rule_errnos[1] = EINVAL;
	sts_landlock_allow(&l, 5, STS_LANDLOCK_REPLACE);
	CHECK_INT(kernel.rules, 3);
	CHECK_INT(kernel.access[2], 2 | 4);
	CHECK_INT(kernel.object[2], 5);
	CHECK(is_open(l.fd));
	kernel.rule_errnos[3] = EINVAL;
	sts_landlock_allow(&l, 5, STS_LANDLOCK_EXECUTE);
	CHECK_INT(kernel.access[4], 1 | 4);
	CHECK(is_open(l.fd));
	sts_landlock_enter(&l);
}

/* A domain that lacks a rule would forbid what is needed, so there is none. */
static void rules_that_fail(void)
{
	static const int errnos[][2] = {{ENOMEM, 0}, {EINVAL, EINVAL}, {EINVAL, ENOMEM}};

	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		struct sts_landlock l = begin(4, false);
		int fd = l.fd;

		memcpy(kernel.rule_errnos, errnos[i], sizeof(errnos[i]));
		sts_landlock_allow(&l, 5, STS_LANDLOCK_READ);
		CHECK_INT(kernel.rules, errnos[i][1] ? 2 : 1);
		CHECK(l.fd == -1 && !is_open(fd));
		CHECK_INT(sts_landlock_enter(&l), 0);
	}
}

static void paths(void)
{
	struct sts_landlock l = begin(4, false);
	int fd;

	CHECK(sts_landlock_allow_path(&l, AT_FDCWD, "/dev", STS_LANDLOCK_READ));
	CHECK_INT(kernel.rules, 1);
	fd = (int)kernel.object[0];
	CHECK(fd > 2 && !is_open(fd));
	CHECK_INT(kernel.fd_flags[0], FD_CLOEXEC);
	CHECK(kernel.open_flags[0] & O_PATH); /* nothing happens to the file */
	CHECK(!sts_landlock_allow_path(&l, AT_FDCWD, "/nothing/there", STS_LANDLOCK_READ));
	CHECK_INT(kernel.rules, 1);
	CHECK(is_open(l.fd));
	sts_landlock_enter(&l);
}

static void ports(void)
{
	for (long abi = 3; abi <= 5; abi++) {
		struct sts_landlock l = begin(abi, true);
		int fd = l.fd;

		sts_landlock_allow_port(&l, 443, false);
		sts_landlock_allow_port(&l, 9100, true);
		CHECK_INT(kernel.rules, abi >= 4 ? 2 : 0);
		if (abi < 4) {
			sts_landlock_enter(&l);
			continue;
		}
		CHECK(kernel.type[0] == 2 && kernel.type[1] == 2);
		CHECK(kernel.access[0] == 2 && kernel.object[0] == 443);
		CHECK(kernel.access[1] == 1 && kernel.object[1] == 9100);
		CHECK(is_open(l.fd));
		kernel.rule_errnos[2] = EINVAL;
		sts_landlock_allow_port(&l, 80, false);
		CHECK(l.fd == -1 && !is_open(fd));
		/* Without a domain there are no more rules. */
		sts_landlock_allow_port(&l, 80, false);
		CHECK_INT(kernel.rules, 3);
	}
}

/* Of a directory, and of what its links lead to; but not of what else is in it. */
static void links(void)
{
	char template[] = "/tmp/landlock.XXXXXX";
	struct sts_landlock l = begin(4, false);
	int dir;

	sts_test_enter_folder(template);
	CHECK(symlink("/dev/null", "link") == 0 && symlink("/dev/null", "odd") == 0);
	close(open("file", O_CREAT | O_WRONLY, 0600));
	dir = open(".", O_RDONLY | O_DIRECTORY);
	CHECK(lseek(dir, 1, SEEK_SET) >= 0);
	sts_landlock_allow_links(&l, dir);
	CHECK_INT(kernel.rules, 4);
	CHECK_INT(kernel.listed, 2);
	CHECK_INT(kernel.object[0], dir);
	for (int i = 0; i < 4; i++)
		CHECK_INT(kernel.access[i], STS_LANDLOCK_READ);
	sts_landlock_enter(&l);
	/* without a domain, and where it cannot be listed */
	l = (struct sts_landlock){-1, 0};
	kernel.listed = kernel.rules = 0;
	sts_landlock_allow_links(&l, dir);
	CHECK(kernel.listed == 0 && kernel.rules == 0);
	close(dir);
	l = begin(4, false);
	sts_landlock_allow_links(&l, -1);
	CHECK(kernel.listed == 0 && kernel.rules == 0);
	sts_landlock_enter(&l);
	CHECK(unlink("link") == 0 && unlink("odd") == 0 && unlink("file") == 0);
	CHECK(chdir("/") == 0 && rmdir(template) == 0);
}

/* A rule set may have the descriptor 0, if standard input is closed. */
static void descriptor_0(void)
{
	int kept = dup(0), dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	close(0);
	struct sts_landlock l = begin(4, true);
	CHECK_INT(l.fd, 0);
	sts_landlock_allow(&l, dir, STS_LANDLOCK_READ);
	CHECK_INT(kernel.rules, 1);
	CHECK(sts_landlock_allow_path(&l, AT_FDCWD, "/", STS_LANDLOCK_READ));
	CHECK_INT(kernel.rules, 2);
	sts_landlock_allow_port(&l, 443, false);
	CHECK_INT(kernel.rules, 3);
	sts_landlock_allow_links(&l, dir);
	CHECK_INT(kernel.listed, 2);
	CHECK_INT(sts_landlock_enter(&l), 4);
	CHECK(l.fd == -1 && !is_open(0));
	/* or a path */
	l = begin(4, true);
	CHECK(l.fd == 0 && dup2(l.fd, 9) == 9 && close(0) == 0);
	l.fd = 9;
	CHECK(sts_landlock_allow_path(&l, AT_FDCWD, "/", STS_LANDLOCK_READ));
	CHECK(kernel.rules == 1 && kernel.object[0] == 0 && !is_open(0));
	sts_landlock_enter(&l);
	close(dir);
	dup2(kept, 0);
	close(kept);
}

static const struct sts_test tests[] = {
	{"the domain of each version", domains},
	{"a kernel without Landlock", no_landlock},
	{"a kernel that refuses a domain", kernel_refuses},
	{"rules for files and directories", files},
	{"rules that fail", rules_that_fail},
	{"rules for paths", paths},
	{"rules for ports", ports},
	{"rules for links", links},
	{"a rule set with the descriptor 0", descriptor_0},
};

STS_TEST_MAIN(tests)
