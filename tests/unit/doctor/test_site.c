/* SPDX-License-Identifier: Apache-2.0 */
/* What `doctor` sees of an output directory and of the process that holds its lock. The linker puts
 * the functions of this file in the place of those that ask the kernel about a file system. */
#include "doctor/site.h"

#include "../output/opened_store.h"
#include "output/readers.h"
#include "output/verdict.h"
#include "supervisor/plan.h"

#include "base/clock.h"

#include <sys/resource.h>
#include <sys/vfs.h>

#define DIR "d"

static struct sts_site site;
static struct sts_plan plan;

/* What fstatfs(2) returns; an errno of -1: what the kernel says. */
static struct statfs file_system;
static int statfs_errno = -1;

int __real_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs)
{
	if (statfs_errno < 0)
		return __real_fstatfs(fd, fs);
	*fs = file_system;
	errno = statfs_errno;
	return statfs_errno ? -1 : 0;
}

/* The C library may give the function this name. */
int __wrap_fstatfs64(int fd, struct statfs *fs);
int __wrap_fstatfs64(int fd, struct statfs *fs)
{
	return __wrap_fstatfs(fd, fs);
}

/* What the kernel says of the directories above the output directory is not the test's. */
static bool unknown_readers;
static struct sts_readers readers;

bool __wrap_sts_readers_behind(const struct sts_store *s, struct sts_readers *r);
bool __wrap_sts_readers_behind(const struct sts_store *s, struct sts_readers *r)
{
	CHECK_STR(s->dir, DIR);
	*r = readers;
	return !unknown_readers;
}

static void look(const char *dir)
{
	sts_site_look(&site, &plan, dir, sts_clock_real_ms() / 1000);
}

/* Make the directory and the plan anew. */
static void begin(void)
{
	tree_clear(DIR);
	tree_dir(DIR, 02770);
	plan = (struct sts_plan){.mode = 0640,
				 .group = STS_GROUP_AUTO,
				 .write = STS_WRITE_TOKEN | STS_WRITE_EXPIRES};
	readers = (struct sts_readers){.all = true};
}

static void test_file_systems(void)
{
	static const struct {
		uint32_t number;
		const char *name;
	} rows[] = {{0x01021994, "tmpfs"},   {0xef53, "ext4"},      {0x58465342, "xfs"},
		    {0x794c7630, "overlay"}, {0x9123683e, "btrfs"}, {0x6969, "nfs"},
		    {0x65735546, "fuse"},    {0x858458f6, "ramfs"}, {0x5346414f, "0x5346414f"}};

	begin();
	statfs_errno = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		file_system = (struct statfs){.f_bsize = 4096,
					      .f_blocks = 300,
					      .f_bavail = 250,
					      .f_files = 40,
					      .f_ffree = 30};
		memcpy(&file_system.f_type, &rows[i].number, sizeof(rows[i].number));
		look(DIR);
		CHECK_STR(site.file_system, rows[i].name);
		CHECK_INT(site.free_kib, 1000);
		CHECK_INT(site.free_inodes, 30);
	}
	/* One that counts nothing is not full. */
	file_system.f_blocks = file_system.f_files = file_system.f_bavail = file_system.f_ffree = 0;
	look(DIR);
	CHECK(site.free_kib == -1 && site.free_inodes == -1);
	statfs_errno = ENOSYS;
	look(DIR);
	CHECK_STR(site.file_system, "");
	CHECK(site.free_kib == -1 && site.free_inodes == -1 && site.is_open);
	statfs_errno = -1;
}

static void test_readers(void)
{
	static const struct {
		struct sts_readers readers;
		const char *words;
	} rows[] = {{{.all = true}, "every UID"},
		    {{.has_group = true, .group = 2000}, "their owner and group 2000"},
		    {{.group = 2000}, "their owner alone"}};

	begin();
	for (size_t i = 0; i < 3; i++) {
		readers = rows[i].readers;
		look(DIR);
		CHECK_STR(site.readers, rows[i].words);
		CHECK_INT(site.is_alone, i == 2);
		CHECK_INT(site.file_mode, 0640);
	}
	unknown_readers = true;
	look(DIR);
	CHECK_STR(site.readers, "");
	CHECK(!site.is_alone && site.error.code == STS_OK);
	unknown_readers = false;
}

static void test_the_directory(void)
{
	struct stat st;

	begin();
	look(DIR);
	CHECK(stat(DIR, &st) == 0 && site.is_open && !site.is_made_later);
	CHECK(site.mode == 02770 && site.uid == st.st_uid && site.gid == st.st_gid);
	CHECK_STR(site.path, DIR);
	CHECK_STR(site.files, "token.jwt, expires");
	CHECK(site.writes_token && site.error.code == STS_OK && !site.verdict.ok);
	plan.write = STS_WRITE_EXPIRES;
	look(DIR);
	CHECK_STR(site.files, "expires");
	CHECK(!site.writes_token);
	/* One that is missing, and one that is a file. */
	look("missing");
	CHECK(!site.is_open && !site.is_made_later && site.error.detail == ENOENT);
	plan.create_dir = true;
	look("missing");
	CHECK(!site.is_open && site.is_made_later);
	tree_put("file", "");
	look("file");
	CHECK(!site.is_open && !site.is_made_later && site.error.detail == ENOTDIR);
	/* A token that somebody gave in the place of a path is not shown. */
	look("eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl");
	CHECK_STR(site.path, "(a token)");
}

static void test_the_limit_of_files(void)
{
	struct rlimit before, small;

	begin();
	CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
	small = before;
	small.rlim_cur = 1023;
	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
	look(DIR);
	CHECK(site.error.code == STS_EOUTPUT && site.error.detail == EFBIG);
	CHECK_STR(site.error.msg, DIR ": a file over 1023 B is too big");
	/* A directory that cannot be used is the first thing to say. */
	look("missing");
	CHECK_INT(site.error.detail, ENOENT);
	small.rlim_cur = 1024;
	CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
	look(DIR);
	CHECK_INT(site.error.code, STS_OK);
	CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
}

/* The holder of the lock is a child, which has the name of this process, and then another one. */
static void test_the_sidecar(void)
{
	static const char other_name[] = "vim";
	int ready[2];
	char byte;
	pid_t holder;

	begin();
	look(DIR);
	CHECK(site.pid == 0 && !site.is_ours && site.no_new_privs == -1 && site.seccomp == -1);
	CHECK_INT(sts_site_owner("missing"), 0);
	for (int renamed = 0; renamed < 2; renamed++) {
		CHECK(pipe(ready) == 0);
		holder = tree_fork();
		if (holder == 0) {
			bool locked;

			if (renamed)
				prctl(PR_SET_NAME, other_name);
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			sts_lock_take(open(DIR, O_RDONLY | O_DIRECTORY), DIR, &locked, &error);
			if (!locked || write(ready[1], "x", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		CHECK_INT(read(ready[0], &byte, 1), 1);
		look(DIR);
		CHECK_INT(site.pid, holder);
		CHECK_INT(site.is_ours, !renamed);
		CHECK_INT(site.no_new_privs, 1);
		CHECK_INT(site.seccomp >= 0, 1);
		kill(holder, SIGKILL);
		tree_wait(holder);
		close(ready[0]);
		close(ready[1]);
	}
}

/* A sidecar of another container cannot be seen. Its status counts while it can still be true. */
static void test_a_sidecar_that_cannot_be_seen(void)
{
	struct sts_status_now now = {.boot_id = "b", .boot_ms = 1000};
	struct sts_status *s = &site.verdict.status;

	memset(&site, 0, sizeof(site));
	site.is_ours = 1;
	CHECK(sts_site_has_sidecar(&site, &now));
	site.is_ours = 0;
	CHECK(!sts_site_has_sidecar(&site, &now));
	site.verdict.has_status = true;
	*s = (struct sts_status){.state = STS_STATE_FAILING, .boot_id = "b", .latest_ms = 1001};
	CHECK(sts_site_has_sidecar(&site, &now));
	s->latest_ms = 1000;
	CHECK(!sts_site_has_sidecar(&site, &now));
	s->latest_ms = 1001;
	s->state = STS_STATE_STOPPED;
	CHECK(!sts_site_has_sidecar(&site, &now));
	s->state = STS_STATE_FAILING;
	strcpy(s->boot_id, "a");
	CHECK(!sts_site_has_sidecar(&site, &now));
	s->boot_id[0] = now.boot_id[0] = '\0';
	CHECK(!sts_site_has_sidecar(&site, &now));
}

/* The end of a name that is too long is cut off, and dots say so. */
static void test_a_long_name(void)
{
	char dir[sizeof(site.path) + 8] = "/";

	begin();
	memset(dir + 1, 'x', sizeof(dir) - 2);
	look(dir);
	CHECK_INT(strlen(site.path), sizeof(site.path) - 1);
	CHECK_STR(site.path + strlen(site.path) - 4, "x...");
}

static const struct sts_test tests[] = {
	{"file systems", test_file_systems},
	{"who can read", test_readers},
	{"the directory", test_the_directory},
	{"a limit of the size of files", test_the_limit_of_files},
	{"the sidecar that holds the lock", test_the_sidecar},
	{"a sidecar that cannot be seen", test_a_sidecar_that_cannot_be_seen},
	{"a long name of a directory", test_a_long_name},
};

int main(void)
{
	umask(022);
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
