/* SPDX-License-Identifier: Apache-2.0 */
/* A look at a directory finds out whether files can get the group that was asked for, and changes
 * nothing. */
#include "output/store.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "output/outputs.h"
#include "test.h"

#define OWN 43000 /* UID and GID of the writer, who is also in the next two groups */

static enum sts_err look(gid_t group, int *detail)
{
	struct sts_error e = {.code = STS_OK};
	struct sts_store store;
	enum sts_err err = sts_store_open(&store, "d", false, STS_MODE_AUTO, group, &e);

	if (err == STS_OK)
		err = sts_store_look(&store, 1u << STS_OUTPUT_TOKEN, &e);
	*detail = e.detail;
	sts_store_close(&store);
	return err;
}

static const struct row {
	gid_t of_dir;
	mode_t mode;
	gid_t wanted;
	bool can;
} rows[] = {
	{0, 0777, OWN, true},
	{0, 0777, OWN + 1, true},
	{0, 0777, OWN + 2, true},
	{0, 0777, OWN + 3, false},
	{OWN + 3, 0777, OWN + 3, false},
	{OWN + 3, 02777, OWN + 3, true},
	{OWN + 4, 02777, OWN + 3, false},
	{OWN + 4, 02777, OWN + 1, true},
};

/* Returns the number of the row that came out wrong, from 1; 0 for none. */
static int try_rows(bool as_root)
{
	for (int i = 0; i < (int)(sizeof(rows) / sizeof(rows[0])); i++) {
		pid_t pid;
		int status = 0, detail;

		if (chown("d", 0, rows[i].of_dir) != 0 || chmod("d", rows[i].mode) != 0)
			return i + 1;
		pid = fork();
		if (pid == 0) {
			if (!as_root && (setgroups(2, (const gid_t[]){OWN + 1, OWN + 2}) != 0 ||
					 setgid(OWN) != 0 || setuid(OWN) != 0))
				_exit(2);
			enum sts_err err = look(rows[i].wanted, &detail);
			bool can = err == STS_OK;

			_exit(can != (as_root || rows[i].can) ||
			      (!can && (err != STS_EOUTPUT || detail != STS_ENOTMEMBER)));
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			return i + 1;
	}
	return 0;
}

static void groups(void)
{
	char template[] = "/tmp/look.XXXXXX";

	if (geteuid() != 0) {
		sts_test_skipped = "only root has other groups";
		return;
	}
	sts_test_enter_folder(template);
	CHECK(chmod(template, 0755) == 0 && mkdir("d", 0777) == 0);
	CHECK_INT(try_rows(false), 0);
	CHECK_INT(try_rows(true), 0);
	CHECK(rmdir("d") == 0 && chdir("/") == 0 && rmdir(template) == 0);
}

/* In a sticky directory, a file is replaced by its owner, the owner of the directory, or root. */
static void sticky(void)
{
	static const struct {
		mode_t mode;
		uid_t dir, file;
		bool as_root, can;
	} cases[] = {
		{01777, 0, OWN, false, true},    {01777, 0, OWN + 1, false, false},
		{01777, 0, 0, false, false},     {01777, OWN, OWN + 1, false, true},
		{01777, OWN, 0, false, true},    {01777, OWN + 1, OWN + 1, true, true},
		{0777, 0, OWN + 1, false, true},
	};
	char template[] = "/tmp/look.XXXXXX";

	if (geteuid() != 0) {
		sts_test_skipped = "only root can be other users";
		return;
	}
	sts_test_enter_folder(template);
	CHECK(chmod(template, 0755) == 0 && mkdir("d", 0777) == 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = 0, detail, fd = creat("d/token.jwt", 0600);

		CHECK(fd >= 0 && fchown(fd, cases[i].file, 0) == 0 && close(fd) == 0);
		CHECK(chown("d", cases[i].dir, 0) == 0 && chmod("d", cases[i].mode) == 0);
		pid_t pid = fork();
		if (pid == 0) {
			if (!cases[i].as_root && (setgroups(0, NULL) != 0 || setuid(OWN) != 0))
				_exit(2);
			bool can = look(STS_GROUP_AUTO, &detail) == STS_OK;
			_exit(can != cases[i].can || (!can && detail != STS_EHELD));
		}
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		if (status != 0)
			printf("# case %zu\n", i);
		CHECK_INT(status, 0);
		CHECK(unlink("d/token.jwt") == 0);
	}
	CHECK(rmdir("d") == 0 && chdir("/") == 0 && rmdir(template) == 0);
}

static const struct sts_test tests[] = {
	{"the sticky bit", sticky},
	{"the group of files", groups},
};

STS_TEST_MAIN(tests)
