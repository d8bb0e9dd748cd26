/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "opened_store.h"

static bool locked;

static void test_lock(void)
{
	struct sts_store second;
	char want[64];

	fresh("d", 0777);
	CHECK_INT(sts_lock_owner(store.dir_fd), 0);
	errno = EINTR; /* of a call before */
	CHECK_INT(sts_lock_take(store.dir_fd, store.dir, &locked, &error), STS_OK);
	CHECK_INT(sts_lock_take(store.dir_fd, store.dir, &locked, &error), STS_OK);
	int lowest = dup(0);
	close(lowest);
	CHECK_INT(sts_lock_owner(store.dir_fd), getpid());
	CHECK_INT(dup(0), lowest); /* no descriptor is left open */
	close(lowest);
	CHECK_INT(sts_store_open(&second, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
	CHECK(locked);
	CHECK_INT(sts_lock_take(second.dir_fd, second.dir, &locked, &error), STS_ELOCKED);
	CHECK(!locked);
	snprintf(want, sizeof(want), "process %d already writes to d", (int)getpid());
	CHECK_STR(error.msg, want);
	CHECK_INT(error.detail, 0); /* no errno of the system */
	/* A worker of the process that holds the lock may write. */
	CHECK_INT(sts_store_write(&second, "file", STS_SLICE("x"), &error), STS_OK);
	sts_store_close(&store);
	CHECK_INT(sts_lock_take(second.dir_fd, second.dir, &locked, &error), STS_OK);
	sts_store_close(&second);
}

/* Other locks are not the lock of a writer. The process that holds one is not named, so that it is
 * never sent a signal. */
static void test_lock_shared(void)
{
	fresh("d", 0777);
	int fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(flock(fd, LOCK_SH) == 0);
	CHECK_INT(sts_lock_owner(store.dir_fd), 0);
	CHECK_INT(sts_lock_take(store.dir_fd, store.dir, &locked, &error), STS_ELOCKED);
	CHECK_STR(error.msg, "another process (perhaps in another container) already writes to d");
	CHECK_INT(error.detail, 0);
	/* A process that waits for the lock does not hold it. */
	pid_t child = tree_fork();
	if (child == 0) {
		int own = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		flock(own, LOCK_EX);
		_exit(0);
	}
	usleep(50000);
	CHECK_INT(sts_lock_owner(store.dir_fd), 0);
	CHECK(kill(child, SIGKILL) == 0);
	tree_wait(child);
	close(fd);
	sts_store_close(&store);
}

/* On a node with many locks the line is found wherever it stands, also across the end of what is
 * read at once. */
static void test_lock_among_many(void)
{
	char name[32];
	int fds[200];

	fresh("d", 0777);
	for (size_t i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "lock%zu", i);
		fds[i] = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		CHECK(flock(fds[i], LOCK_EX) == 0);
		if (i == 100)
			CHECK_INT(sts_lock_take(store.dir_fd, store.dir, &locked, &error), STS_OK);
		CHECK_INT(sts_lock_owner(store.dir_fd), i < 100 ? 0 : getpid());
	}
	for (size_t i = 0; i < 200; i++)
		close(fds[i]);
	sts_store_close(&store);
}

/* What is taken from a list with one line, in which the PID is `pid`. The first process of a
 * container has the PID 1; 0 stands for a process of another PID namespace. */
static void check_listed_owner(const char *pid, pid_t owner)
{
	struct stat st;
	char line[128], want[128] = "another process (perhaps in another container) already writes";

	CHECK(fstat(store.dir_fd, &st) == 0);
	snprintf(line, sizeof(line), "1: FLOCK  ADVISORY  WRITE %s %02x:%02x:%llu 0 EOF\n", pid,
		 major(st.st_dev), minor(st.st_dev), (unsigned long long)st.st_ino);
	tree_put("/proc/locks", line);
	if (owner > 0)
		snprintf(want, sizeof(want), "process %d already writes", (int)owner);
	int fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(sts_lock_owner(fd), owner);
	CHECK_INT(sts_lock_take(fd, "d", &locked, &error), STS_ELOCKED);
	CHECK(strstr(error.msg, want) == error.msg);
	close(fd);
}

/* The line is found wherever the list ends: also where one byte is left for another read. */
static void check_lists_of_all_lengths(void)
{
	struct stat st;
	char line[128], list[2081];

	CHECK(fstat(store.dir_fd, &st) == 0);
	snprintf(line, sizeof(line), "\n1: FLOCK  ADVISORY  WRITE 1 %02x:%02x:%llu 0 EOF\n",
		 major(st.st_dev), minor(st.st_dev), (unsigned long long)st.st_ino);
	for (size_t len = 2000; len < sizeof(list); len++) {
		memset(list, 'x', len);
		strcpy(list + len - strlen(line), line);
		tree_put("/proc/locks", list);
		CHECK_INT(sts_lock_owner(store.dir_fd), 1);
	}
}

static void check_listed_owners(void)
{
	check_lists_of_all_lengths();
	check_listed_owner("1", 1);
	check_listed_owner("2147483647", INT32_MAX);
	check_listed_owner("0", 0);
	check_listed_owner("-1", 0);
	check_listed_owner("2147483648", 0);
}

/* Where /proc cannot be read, nobody knows who holds the lock. */
static void test_lock_without_proc(void)
{
	struct sts_store second;

	fresh("d", 0777);
	CHECK_INT(sts_lock_take(store.dir_fd, store.dir, &locked, &error), STS_OK);
	CHECK_INT(sts_store_open(&second, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
	pid_t child = tree_fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNS) != 0 ||
		    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount("tmpfs", "/proc", "tmpfs", 0, NULL) != 0)
			_exit(99);
		CHECK_INT(sts_lock_owner(second.dir_fd), 0);
		CHECK_INT(sts_lock_take(second.dir_fd, "d", &locked, &error), STS_ELOCKED);
		CHECK(strstr(error.msg, "another process (perhaps in another container)"));
		check_listed_owners();
		fflush(stdout);
		_exit(sts_test_failures != 0);
	}
	int status = tree_wait(child);
	if (status == 99)
		sts_test_skipped = "mounting is not permitted here";
	else
		CHECK_INT(status, 0);
	sts_store_close(&second);
	sts_store_close(&store);
}

static const struct sts_test tests[] = {
	{"a directory has one writer", test_lock},
	{"locks that are not a writer's", test_lock_shared},
	{"a lock among many", test_lock_among_many},
	{"no /proc, and lists of one lock", test_lock_without_proc},
};

int main(void)
{
	umask(022);
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
