/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder for the tests of the token store, and tokens that tell when they end. The program
 * changes into the folder, and names are relative to it. Other UIDs can open it too. It is on a
 * tmpfs if there is one, since a Pod has a tmpfs.
 */
#ifndef STS_TEST_TREE_H
#define STS_TEST_TREE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "output/lock.h"
#include "output/store.h"
#include "output/stored.h"
#include "test.h"

#define TREE_TOKEN_MAX_BYTES 8192
#define TREE_TIME_S          1800000000 /* where the expiries of the tests start */

static char tree_root[64];

/* Make the folder, and set an alarm, so that a test that hangs fails. STS_TEST_PATIENCE multiplies
 * the time, for slow machines. */
static inline bool tree_begin(unsigned limit_s)
{
	const char *const bases[] = {"/dev/shm", "/tmp"};
	const char *patience = getenv("STS_TEST_PATIENCE");

	alarm(limit_s * (patience ? (unsigned)atoi(patience) : 1));
	for (size_t i = 0; i < 2; i++) {
		snprintf(tree_root, sizeof(tree_root), "%s/sts-store-XXXXXX", bases[i]);
		if (mkdtemp(tree_root) && chmod(tree_root, 0755) == 0 && chdir(tree_root) == 0)
			return true;
	}
	return false;
}

static inline void tree_clear(const char *path)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s/%s'", tree_root, path);
	CHECK(system(command) == 0);
}

static inline int tree_main(unsigned limit_s, const struct sts_test *tests, size_t count)
{
	if (!tree_begin(limit_s)) {
		printf("Bail out! no folder to work in\n");
		return 1;
	}
	int failed = sts_test_main(tests, count);
	tree_clear("");
	return failed;
}

static inline void tree_dir(const char *path, mode_t mode)
{
	CHECK(mkdir(path, 0700) == 0);
	CHECK(chmod(path, mode) == 0);
}

static inline void tree_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* Read as an application would. Returns the length, or an errno as a negative number. */
static inline int tree_get(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;
	int fd = open(path, O_RDONLY);

	buf[0] = '\0';
	if (fd < 0)
		return -errno;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	n = n < 0 ? -errno : (ssize_t)len;
	close(fd);
	buf[len] = '\0';
	return (int)n;
}

static inline bool tree_is(const char *path, const char *text)
{
	char buf[TREE_TOKEN_MAX_BYTES + 1];

	return tree_get(path, buf, sizeof(buf)) >= 0 && strcmp(buf, text) == 0;
}

static inline int tree_count(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count - 2;
}

/* Make a token that ends at exp_s. It repeats these ten digits and has 100 to 8000 bytes, so that a
 * torn token shows. */
static inline struct sts_slice tree_token(char buf[TREE_TOKEN_MAX_BYTES], int64_t exp_s)
{
	size_t len = 100 + (size_t)(exp_s * 7919 % 790) * 10;

	for (size_t i = 0; i < len; i += 10)
		snprintf(buf + i, TREE_TOKEN_MAX_BYTES - i, "%010lld", (long long)exp_s);
	return (struct sts_slice){buf, len};
}

/* When does a token end? -1: it is not whole. */
static inline int64_t tree_token_exp(const char *buf, int len)
{
	char want[TREE_TOKEN_MAX_BYTES];
	int64_t exp_s = 0;

	if (len < 10)
		return -1;
	for (int i = 0; i < 10; i++)
		exp_s = exp_s * 10 + (buf[i] - '0');
	if (exp_s <= 0)
		return -1;
	struct sts_slice whole = tree_token(want, exp_s);
	return whole.len == (size_t)len && memcmp(want, buf, whole.len) == 0 ? exp_s : -1;
}

/* Make 64 hex digits. */
static inline struct sts_slice tree_thumbprint(char buf[65], int64_t exp_s)
{
	snprintf(buf, 65, "%064llX", (unsigned long long)exp_s);
	return (struct sts_slice){buf, 64};
}

/* Write the files of one exchange, as a worker does: each file with content, `expires`, and a
 * thumbprint where there is one. */
static inline enum sts_err tree_write_files(const struct sts_store *store,
					    const struct sts_slice files[STS_OUTPUT__COUNT],
					    int64_t expires_s, struct sts_error *e)
{
	unsigned wanted = 1u << STS_OUTPUT_EXPIRES | 1u << STS_OUTPUT_THUMBPRINT;
	struct sts_temps temps;
	enum sts_err err;

	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		wanted |= files[i].len > 0 ? 1u << i : 0;
	err = sts_store_prepare(store, wanted, &temps, e);
	return err == STS_OK ? sts_store_write_files(store, &temps, files, expires_s, e) : err;
}

/* Write token.jwt, expires, and thumbprint if it is not empty. */
static inline enum sts_err tree_write_token(struct sts_store *store, struct sts_slice token,
					    int64_t expires_s, struct sts_slice thumbprint,
					    struct sts_error *e)
{
	const struct sts_slice files[STS_OUTPUT__COUNT] = {
		[STS_OUTPUT_TOKEN] = token,
		[STS_OUTPUT_THUMBPRINT] = thumbprint,
	};

	return tree_write_files(store, files, expires_s, e);
}

static inline enum sts_err tree_write(struct sts_store *store, int64_t exp_s, struct sts_error *e)
{
	char token[TREE_TOKEN_MAX_BYTES], thumbprint[65];

	return tree_write_token(store, tree_token(token, exp_s), exp_s,
				tree_thumbprint(thumbprint, exp_s), e);
}

/* Open a store, write, and close it. */
static inline enum sts_err tree_write_in(const char *dir, int64_t exp_s, struct sts_error *e)
{
	struct sts_store store;
	enum sts_err err = sts_store_open(&store, dir, false, STS_MODE_AUTO, STS_GROUP_AUTO, e);

	if (err == STS_OK)
		err = tree_write(&store, exp_s, e);
	sts_store_close(&store);
	return err;
}

/*
 * Start a child that may print. What is in the buffer of standard output is not printed twice.
 * Unless the child becomes another user, it does not outlive a test that the alarm has ended.
 */
static inline pid_t tree_fork(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (child < 0)
		abort(); /* kill(-1, SIGKILL) would end every process of this user */
	if (child == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

/* The exit status of a child; 1000 + the signal if it was killed. */
static inline int tree_wait(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#endif
