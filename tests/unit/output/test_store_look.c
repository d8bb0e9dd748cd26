/* SPDX-License-Identifier: Apache-2.0 */
/* A look at a directory finds out whether files can get the group that was asked for, and whether
 * there is room, and changes nothing. */
#include "output/store.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "output/outputs.h"
#include "test.h"

#define OWN 43000 /* UID and GID of the writer, who is also in the next two groups */

static const struct statfs *file_system; /* what fstatfs(2) returns; NULL: what the kernel says */

int __real_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs)
{
	if (!file_system)
		return __real_fstatfs(fd, fs);
	*fs = *file_system;
	return 0;
}

/* The C library may give the function this name. */
int __wrap_fstatfs64(int fd, struct statfs *fs);
int __wrap_fstatfs64(int fd, struct statfs *fs)
{
	return __wrap_fstatfs(fd, fs);
}

static const char *mounted; /* the name of a file that has another device; NULL: no file has */

int __real_fstatat(int dir_fd, const char *path, struct stat *st, int flags);
int __wrap_fstatat(int dir_fd, const char *path, struct stat *st, int flags);
int __wrap_fstatat(int dir_fd, const char *path, struct stat *st, int flags)
{
	int result = __real_fstatat(dir_fd, path, st, flags);

	if (result == 0 && mounted && strcmp(path, mounted) == 0)
		st->st_dev++;
	return result;
}

int __wrap_fstatat64(int dir_fd, const char *path, struct stat *st, int flags);
int __wrap_fstatat64(int dir_fd, const char *path, struct stat *st, int flags)
{
	return __wrap_fstatat(dir_fd, path, st, flags);
}

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

/* Of a process with 64 groups it is known that it is not in another one; more are not looked at. */
static void many_groups(void)
{
	static const int counts[] = {0, 1, 63, 64, 65};

	CHECK(chown("d", 0, 0) == 0 && chmod("d", 0777) == 0);
	for (size_t n = 0; n < sizeof(counts) / sizeof(counts[0]); n++) {
		int status = 0, detail, count = counts[n];
		pid_t pid = fork();

		if (pid == 0) {
			gid_t many[65];

			for (int i = 0; i < count; i++)
				many[i] = OWN + 100 + (gid_t)i;
			if (setgroups((size_t)count, many) != 0 || setgid(OWN) != 0 ||
			    setuid(OWN) != 0)
				_exit(2);
			_exit((look(OWN + 1, &detail) == STS_OK) != (count == 65) ||
			      (count > 0 && (look(OWN + 100, &detail) != STS_OK ||
					     look(many[count - 1], &detail) != STS_OK)));
		}
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		CHECK_INT(status, 0);
	}
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
	many_groups();
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

/* Room is missed where a file system says that it has blocks or inodes, and that too few are left.
 * A new file needs as much as the present one, but at least 4096 bytes and at most 64 KiB. */
static void room(void)
{
	static const struct {
		off_t size; /* of the present file; 0: there is none */
		struct statfs fs;
		enum sts_err err;
	} cases[] = {
		{0, {.f_blocks = 0, .f_frsize = 4096, .f_bavail = 0}, STS_OK},
		{0, {.f_blocks = 1, .f_frsize = 4096, .f_bavail = 1}, STS_OK},
		{0, {.f_blocks = 1, .f_frsize = 4096, .f_bavail = 0}, STS_EOUTPUT},
		{0, {.f_blocks = 1, .f_frsize = 0, .f_bavail = 0}, STS_OK},
		{0, {.f_blocks = 99999, .f_frsize = 1, .f_bavail = 4096}, STS_OK},
		{0, {.f_blocks = 99999, .f_frsize = 1, .f_bavail = 4095}, STS_EOUTPUT},
		{0, {.f_blocks = 99999, .f_frsize = 2, .f_bavail = 2048}, STS_OK},
		{4097, {.f_blocks = 99999, .f_frsize = 1, .f_bavail = 4097}, STS_OK},
		{4097, {.f_blocks = 99999, .f_frsize = 1, .f_bavail = 4096}, STS_EOUTPUT},
		{65535, {.f_blocks = 99999, .f_frsize = 1, .f_bavail = 65535}, STS_OK},
		{65535, {.f_blocks = 99999, .f_frsize = 1, .f_bavail = 65534}, STS_EOUTPUT},
		{99999, {.f_blocks = 99999, .f_frsize = 1, .f_bavail = 65536}, STS_OK},
		{99999, {.f_blocks = 99999, .f_frsize = 1, .f_bavail = 65535}, STS_EOUTPUT},
		/* the size of the file before does not count */
		{0, {.f_blocks = 99999, .f_frsize = 1, .f_bavail = 4096}, STS_OK},
		{0, {.f_files = 0, .f_ffree = 0}, STS_OK},
		{0, {.f_files = 1, .f_ffree = 0}, STS_EOUTPUT},
		{0, {.f_files = 1, .f_ffree = 1}, STS_OK},
		{0, {.f_files = 9, .f_ffree = 1}, STS_OK},
	};
	char template[] = "/tmp/look.XXXXXX";
	int detail;

	sts_test_enter_folder(template);
	CHECK(mkdir("d", 0700) == 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].size > 0) {
			close(creat("d/token.jwt", 0600));
			CHECK(truncate("d/token.jwt", cases[i].size) == 0);
		}
		file_system = &cases[i].fs;
		CHECK_INT(look(STS_GROUP_AUTO, &detail), cases[i].err);
		CHECK_INT(detail, cases[i].err == STS_OK ? 0 : ENOSPC);
		unlink("d/token.jwt");
	}
	file_system = NULL;
	CHECK(rmdir("d") == 0 && chdir("/") == 0 && rmdir(template) == 0);
}

/* A file that has another device than its directory is a mount point, as with a subPath, and cannot
 * be replaced. On overlayfs, a file may have another device without being a mount point. */
static void mount_points(void)
{
	static const struct statfs tmpfs = {.f_type = 0x01021994},
				   overlayfs = {.f_type = 0x794c7630};
	static const struct {
		const struct statfs *fs;
		const char *name;
		int detail;
	} cases[] = {
		{&tmpfs, NULL, 0},         {&tmpfs, "token.jwt", EBUSY}, {&tmpfs, ".status", EBUSY},
		{&tmpfs, "token.json", 0}, {&overlayfs, "token.jwt", 0}, {&overlayfs, ".status", 0},
	};
	char template[] = "/tmp/look.XXXXXX";
	int detail;

	sts_test_enter_folder(template);
	CHECK(mkdir("d", 0700) == 0);
	close(creat("d/token.jwt", 0600));
	close(creat("d/token.json", 0600));
	close(creat("d/.status", 0600));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		file_system = cases[i].fs;
		mounted = cases[i].name;
		CHECK_INT(look(STS_GROUP_AUTO, &detail), cases[i].detail ? STS_EOUTPUT : STS_OK);
		CHECK_INT(detail, cases[i].detail);
	}
	file_system = NULL;
	mounted = NULL;
	CHECK(unlink("d/token.jwt") == 0 && unlink("d/token.json") == 0);
	CHECK(unlink("d/.status") == 0 && rmdir("d") == 0);
	CHECK(chdir("/") == 0 && rmdir(template) == 0);
}

static const struct sts_test tests[] = {
	{"room", room},
	{"mount points", mount_points},
	{"the sticky bit", sticky},
	{"the group of files", groups},
};

STS_TEST_MAIN(tests)
