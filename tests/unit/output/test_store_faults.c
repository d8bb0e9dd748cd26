/* SPDX-License-Identifier: Apache-2.0 */
/* System calls of the writer that fail: the old files stay as they are, no temporary file is left,
 * and the message says what failed. The linker puts the functions of this file in the place of the
 * C library's. */
#include "opened_store.h"

#include "base/errno_words.h"

#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define NOW_S TREE_TIME_S

/* The call that fails once, with errno, after so many that do not. */
enum call { NONE, READ, FSYNC, FLOCK, FALLOCATE, CLOSE, FCHMOD, FCHOWN, FSTAT, FSTATAT, GETGROUPS };
static struct {
	enum call call;
	int after, err;
} fault;

static bool fails(enum call call)
{
	if (fault.call != call || fault.after-- > 0)
		return false;
	fault.call = NONE;
	errno = fault.err;
	return true;
}

ssize_t __real_read(int fd, void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len)
{
	return fails(READ) ? -1 : __real_read(fd, data, len);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	int result = fails(FSYNC) ? -1 : __real_fsync(fd);

	if (result == 0)
		errno = EINTR; /* a call that succeeds may leave any number */
	return result;
}

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __wrap_flock(int fd, int operation)
{
	int result = fails(FLOCK) ? -1 : __real_flock(fd, operation);

	if (result == 0)
		errno = EINTR;
	return result;
}

int __real_fallocate(int fd, int mode, off_t at, off_t len);
int __wrap_fallocate(int fd, int mode, off_t at, off_t len);
int __wrap_fallocate(int fd, int mode, off_t at, off_t len)
{
	int result = fails(FALLOCATE) ? -1 : __real_fallocate(fd, mode, at, len);

	CHECK_INT(at, 0);
	if (result == 0)
		errno = ENOSPC;
	return result;
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	int err = __real_close(fd);

	CHECK(err == 0 || errno != EBADF); /* no file is closed twice */
	return fails(CLOSE) ? -1 : err;
}

int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st)
{
	if (!fails(FSTAT))
		return __real_fstat(fd, st);
	memset(st, 0xa5, sizeof(*st)); /* nothing in it means anything */
	return -1;
}

static const struct statfs *file_system; /* what fstatfs(2) returns; NULL: what the kernel says */
static int statfs_errno;

int __real_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs)
{
	if (!file_system)
		return __real_fstatfs(fd, fs);
	*fs = *file_system;
	errno = statfs_errno;
	return statfs_errno ? -1 : 0;
}

int __real_getgroups(int size, gid_t *list);
int __wrap_getgroups(int size, gid_t *list);
int __wrap_getgroups(int size, gid_t *list)
{
	return fails(GETGROUPS) ? -1 : __real_getgroups(size, list);
}

int __real_fstatat(int dir_fd, const char *path, struct stat *st, int flags);
int __wrap_fstatat(int dir_fd, const char *path, struct stat *st, int flags);
int __wrap_fstatat(int dir_fd, const char *path, struct stat *st, int flags)
{
	return fails(FSTATAT) ? -1 : __real_fstatat(dir_fd, path, st, flags);
}

/* The C library may give some of the functions these names. */
int __wrap_fstatat64(int dir_fd, const char *path, struct stat *st, int flags);
int __wrap_fstatat64(int dir_fd, const char *path, struct stat *st, int flags)
{
	return __wrap_fstatat(dir_fd, path, st, flags);
}

int __wrap_fstatfs64(int fd, struct statfs *fs);
int __wrap_fstatfs64(int fd, struct statfs *fs)
{
	return __wrap_fstatfs(fd, fs);
}

int __wrap_fallocate64(int fd, int mode, off_t at, off_t len);
int __wrap_fallocate64(int fd, int mode, off_t at, off_t len)
{
	return __wrap_fallocate(fd, mode, at, len);
}

int __wrap_fstat64(int fd, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st)
{
	return __wrap_fstat(fd, st);
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
/* It reads more arguments than some callers give. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
	long arg[6];

	STS_TEST_ARGUMENTS(arg, number);
	if ((number == SYS_fchmod && fails(FCHMOD)) || (number == SYS_fchown && fails(FCHOWN)))
		return -1;
	return __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

static enum sts_err write_with(enum call call, int after, int err, const char *token)
{
	enum sts_err result;

	fault.call = call;
	fault.after = after;
	fault.err = err;
	result = tree_write_token(&store, sts_slice_of(token), NOW_S, (struct sts_slice){0},
				  &error);
	CHECK_INT(fault.call, NONE);   /* it was met */
	CHECK(fcntl(0, F_GETFD) >= 0); /* a file that is not open is not closed */
	fault.call = NONE;
	return result;
}

/* The files of the first token are there, and nothing else. */
static void check_untouched(void)
{
	CHECK(tree_is("d/token.jwt", "old"));
	CHECK_INT(tree_count("d"), 2);
}

static void begin(void)
{
	fresh("d", 0777);
	CHECK_INT(write_with(NONE, 0, 0, "old"), STS_OK);
}

static void test_failures(void)
{
	static const struct {
		enum call call;
		int after, err, detail;
		const char *words;
	} rows[] = {
		{FSYNC, 0, EIO, EIO, "cannot sync d/"},
		{FSYNC, 1, ENOSPC, ENOSPC, "cannot sync d/"},
		{FALLOCATE, 0, ENOSPC, ENOSPC, "cannot write d/"},
		{FALLOCATE, 0, EDQUOT, EDQUOT, "cannot write d/"},
		{FCHMOD, 0, EIO, EIO, "cannot set the mode of d/"},
		{FCHOWN, 0, EIO, EIO, "cannot set the group of d/"},
		{FCHOWN, 0, EPERM, STS_ENOTMEMBER, "cannot give d/"},
		{FSTAT, 0, EIO, EIO, "cannot examine d/"},
		/* after both files are filled */
		{FSTAT, 2, EIO, EIO, "cannot examine d/"},
		{FSTATAT, 3, EIO, EIO, "cannot examine d/"},
		/* The first one that is closed is the old `expires`. */
		{CLOSE, 1, EIO, EIO, "cannot close d/"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		/* Another group than that of new files, if this process may give it to them. */
		if (rows[i].call == FCHOWN)
			store.group = getegid() + 1;
		CHECK_INT(write_with(rows[i].call, rows[i].after, rows[i].err, "new"),
			  sts_errno_code(rows[i].err, STS_EOUTPUT));
		CHECK_INT(error.detail, rows[i].detail);
		CHECK(strncmp(error.msg, rows[i].words, strlen(rows[i].words)) == 0);
		check_untouched();
		sts_store_close(&store);
	}
}

/* A single file that cannot be written leaves no temporary file and no descriptor. */
static void test_one_file(void)
{
	static const enum call calls[] = {FCHMOD, FSTAT, CLOSE};
	int lowest;

	begin();
	lowest = dup(0);
	close(lowest);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		fault.call = calls[i];
		fault.after = 0;
		fault.err = EIO;
		CHECK_INT(sts_store_write(&store, "file", STS_SLICE("x"), &error), STS_EOUTPUT);
		CHECK_INT(fault.call, NONE);
		CHECK_INT(error.detail, EIO);
		check_untouched();
		CHECK_INT(dup(0), lowest);
		close(lowest);
	}
	sts_store_close(&store);
}

/* The system says ENOSPC also where inodes are missing. Only then is it said so. */
static void test_what_is_used_up(void)
{
	static const struct {
		struct statfs fs;
		int statfs_errno, err, detail;
	} rows[] = {
		{{.f_bavail = 1, .f_files = 1, .f_ffree = 0}, 0, ENOSPC, STS_ENOINODES},
		{{.f_bavail = 0, .f_files = 1, .f_ffree = 0}, 0, ENOSPC, ENOSPC},
		{{.f_bavail = 1, .f_files = 0, .f_ffree = 0}, 0, ENOSPC, ENOSPC},
		{{.f_bavail = 1, .f_files = 1, .f_ffree = 1}, 0, ENOSPC, ENOSPC},
		{{.f_bavail = 1, .f_files = 1, .f_ffree = 0}, 0, EIO, EIO},
		{{.f_bavail = 1, .f_files = 1, .f_ffree = 0}, EIO, ENOSPC, ENOSPC},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		file_system = &rows[i].fs;
		statfs_errno = rows[i].statfs_errno;
		CHECK(write_with(FSYNC, 0, rows[i].err, "new") != STS_OK);
		CHECK_INT(error.detail, rows[i].detail);
		file_system = NULL;
		check_untouched();
		sts_store_close(&store);
	}
}

/* What some file systems cannot do, and what a signal has interrupted, is not a failure. */
static void test_no_failures(void)
{
	static const struct {
		enum call call;
		int err;
	} rows[] = {
		{FSYNC, EINTR},      {FSYNC, EINVAL},         {FSYNC, EROFS}, {FSYNC, ENOSYS},
		{FSYNC, EOPNOTSUPP}, {FALLOCATE, EOPNOTSUPP}, {CLOSE, EINTR},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		CHECK_INT(write_with(rows[i].call, rows[i].call == CLOSE, rows[i].err, "new"),
			  STS_OK);
		CHECK(tree_is("d/token.jwt", "new"));
		CHECK_INT(tree_count("d"), 2);
		sts_store_close(&store);
	}
}

/* A file that has its group is not given to it, since some file systems refuse that. */
static void test_the_group_as_it_is(void)
{
	for (int asked = 0; asked < 2; asked++) {
		begin();
		store.group = asked ? getegid() : STS_GROUP_AUTO;
		fault.call = FCHOWN;
		fault.after = 0;
		fault.err = EPERM;
		CHECK_INT(tree_write_token(&store, STS_SLICE("new"), NOW_S, (struct sts_slice){0},
					   &error),
			  STS_OK);
		CHECK_INT(fault.call, FCHOWN);
		fault.call = NONE;
		sts_store_close(&store);
	}
}

/* The disk fails after the new token has its name: it is there, and the caller learns that it may
 * not survive a power cut. */
static void test_the_directory_is_not_synced(void)
{
	begin();
	CHECK_INT(write_with(FSYNC, 2, EIO, "new"), STS_EOUTPUT);
	CHECK_STR(error.msg, "cannot sync the directory of d/token.jwt: input/output error");
	CHECK(tree_is("d/token.jwt", "new"));
	CHECK_INT(tree_count("d"), 2);
	sts_store_close(&store);
}

static void test_locks(void)
{
	bool locked;

	begin();
	fault.call = FLOCK;
	fault.after = 0;
	fault.err = EINTR;
	CHECK_INT(sts_lock_take(store.dir_fd, store.dir, &locked, &error), STS_OK);
	CHECK(locked);
	/* NFS without locks */
	fault.call = FLOCK;
	fault.err = ENOLCK;
	fault.after = 0;
	CHECK_INT(sts_lock_take(store.dir_fd, store.dir, &locked, &error), STS_OK);
	CHECK(!locked);
	fault.call = FSTAT;
	fault.after = 0;
	CHECK_INT(sts_lock_owner(store.dir_fd), 0);
	/* A list of locks that cannot be read is looked at once more. */
	CHECK_INT(sts_lock_take(store.dir_fd, store.dir, &locked, &error), STS_OK);
	fault.call = READ;
	fault.err = EIO;
	CHECK_INT(sts_lock_owner(store.dir_fd), getpid());
	CHECK_INT(fault.call, NONE);
	sts_store_close(&store);
}

/* An open directory that cannot be examined is not used, and no descriptor is left open. */
static void test_a_directory_that_cannot_be_examined(void)
{
	int lowest = dup(0);

	close(lowest);
	fault.call = FSTAT;
	fault.after = 0;
	fault.err = EIO;
	CHECK_INT(sts_store_open(&store, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_EOUTPUT);
	CHECK_STR(error.msg, "cannot write in d: input/output error");
	CHECK_INT(store.dir_fd, -1);
	CHECK_INT(dup(0), lowest);
	close(lowest);
}

/* A token of our own that cannot be examined is still there, and the error is told. */
static void test_a_token_that_cannot_be_examined(void)
{
	struct sts_stored stored;
	char buf[32];
	int told = 0;

	begin();
	for (int after = 0; after < 4; after++) {
		fault.call = FSTAT;
		fault.after = after;
		fault.err = EIO;
		sts_stored_read(store.dir_fd, buf, sizeof(buf), &stored);
		CHECK_INT(fault.call, NONE);
		CHECK_INT(stored.files, 1u << STS_OUTPUT_TOKEN);
		CHECK_INT(stored.token_errno + stored.expires_errno, EIO);
		told += stored.token_errno == EIO;
	}
	CHECK_INT(told, 2); /* when it was opened, and when it was read */
	sts_store_close(&store);
}

static const struct sts_test tests[] = {
	{"failures leave the old files", test_failures},
	{"one file", test_one_file},
	{"what is used up", test_what_is_used_up},
	{"what is not a failure", test_no_failures},
	{"the group as it is", test_the_group_as_it_is},
	{"the directory is not synced", test_the_directory_is_not_synced},
	{"locks", test_locks},
	{"a token that cannot be examined", test_a_token_that_cannot_be_examined},
	{"a directory that cannot be examined", test_a_directory_that_cannot_be_examined},
};

int main(void)
{
	umask(022);
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
