/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody else who may write in the directory is quicker: what appears between two system calls of
 * the store is neither followed nor written into. */
#include "opened_store.h"

#include <sys/syscall.h>

#include "protocol/table.h"

static void (*after_unlink)(const char *name); /* called once */
static void (*before_mkdir)(const char *name);

int unlinkat(int dir_fd, const char *name, int flags)
{
	int result = (int)syscall(SYS_unlinkat, dir_fd, name, flags);
	int err = result == 0 ? EIO : errno; /* a call that succeeds may leave any number */
	void (*appear)(const char *) = after_unlink;

	after_unlink = NULL;
	if (appear) {
		CHECK(chdir("d") == 0);
		appear(name);
		CHECK(chdir("..") == 0);
	}
	errno = err;
	return result;
}

int mkdir(const char *name, mode_t mode)
{
	if (before_mkdir)
		before_mkdir(name);
	before_mkdir = NULL;
	return (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode);
}

static int until_fstat_fails, until_fstatat_fails; /* 0: they do not */
static bool is_replaced;                           /* fstat() sees the file of somebody else */

/* Count down. Returns whether it is time. */
static bool is_time(int *until)
{
	return *until > 0 && --*until == 0;
}

int fstat(int fd, struct stat *st)
{
	int result;

	if (is_time(&until_fstat_fails)) {
		errno = EIO;
		return -1;
	}
	result = (int)syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH);
	if (is_replaced)
		st->st_uid++;
	return result;
}

int fstatat(int dir_fd, const char *restrict name, struct stat *restrict st, int flags)
{
	if (!strstr(name, ".new") || !is_time(&until_fstatat_fails))
		return (int)syscall(SYS_newfstatat, dir_fd, name, st, flags);
	errno = EIO;
	return -1;
}

static void a_file(const char *name)
{
	tree_put(name, "theirs");
}

static void a_hard_link(const char *name)
{
	CHECK(link("../outside", name) == 0);
}

static void a_link(const char *name)
{
	CHECK(symlink("../outside", name) == 0);
}

static void a_link_to_nothing(const char *name)
{
	CHECK(symlink("../none", name) == 0);
}

static void test_temporary(void)
{
	static void (*const things[])(const char *) = {a_file, a_hard_link, a_link,
						       a_link_to_nothing};

	fresh("d", 0777);
	tree_put("outside", "precious");
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		unlink("d/.file.new");
		tree_put("d/.file.new", "left by a killed writer");
		after_unlink = things[i];
		CHECK_INT(sts_store_write(&store, "file", STS_SLICE("secret"), &error),
			  STS_EOUTPUT);
		CHECK(after_unlink == NULL);
		CHECK_INT(error.detail, EEXIST);
		CHECK_STR(error.msg, "cannot create d/.file.new: it exists already");
		CHECK(tree_is("outside", "precious"));
		CHECK(access("none", F_OK) != 0 && access("d/file", F_OK) != 0);
	}
	CHECK_INT(sts_store_write(&store, "file", STS_SLICE("secret"), &error), STS_OK);
	CHECK_INT(tree_count("d"), 1);
	sts_store_close(&store);
	CHECK(unlink("outside") == 0);
}

static void a_directory(const char *name)
{
	CHECK(syscall(SYS_mkdirat, AT_FDCWD, name, 0777) == 0);
}

/* Two sidecars make one directory at the same time. */
static void test_directory(void)
{
	tree_clear("made");
	before_mkdir = a_directory;
	CHECK_INT(sts_store_open(&store, "made", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
	CHECK(before_mkdir == NULL);
	sts_store_close(&store);
	tree_clear("made");
	before_mkdir = a_file;
	CHECK_INT(sts_store_open(&store, "made", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_EOUTPUT);
	CHECK_STR(error.msg, "cannot open made: not a directory");
	tree_clear("made");
	/* A link that leads nowhere is there, and is not a directory. */
	CHECK(symlink("none", "made") == 0);
	CHECK_INT(sts_store_open(&store, "made", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_EOUTPUT);
	CHECK_STR(error.msg, "cannot open made: no such directory");
}

/* The n-th look at a temporary file fails, as on a disk that fails: the write does too. */
static void test_examined(void)
{
	struct sts_slice files[STS_OUTPUT__COUNT] = {STS_SLICE("a.b.c")};

	for (int way = 0; way < 2; way++) {
		int *until = way == 0 ? &until_fstat_fails : &until_fstatat_fails;
		int failed = 0;

		for (int n = 1; n < 20; n++, failed++) {
			struct sts_temps temps;

			fresh("d", 0777);
			CHECK_INT(sts_store_prepare(&store, STS_WRITE_TOKEN | STS_WRITE_EXPIRES,
						    &temps, &error),
				  STS_OK);
			*until = n;
			enum sts_err err = sts_store_write_files(&store, &temps, files, 1000,
								 &error);
			bool was_made = *until > 0;
			*until = 0;
			CHECK(access("d/.token.jwt.new", F_OK) != 0);
			CHECK(access("d/.expires.new", F_OK) != 0);
			CHECK(was_made == (err == STS_OK && access("d/expires", F_OK) == 0));
			if (was_made)
				break;
			CHECK(err == STS_EOUTPUT && error.detail == EIO);
			CHECK(strstr(error.msg, "cannot examine d/."));
			sts_store_close(&store);
		}
		CHECK(failed > 2);
		sts_store_close(&store);
	}
}

/* A token of our own is replaced by that of somebody else when it has been looked at, before it is
 * read. It does not count as ours. */
static void test_replaced(void)
{
	struct sts_stored stored;
	char buf[32];

	fresh("d", 0777);
	tree_put("d/token.jwt", "a.b.c");
	sts_stored_read(store.dir_fd, buf, sizeof(buf), &stored);
	CHECK_INT(stored.files, 1u << STS_OUTPUT_TOKEN);
	is_replaced = true;
	sts_stored_read(store.dir_fd, buf, sizeof(buf), &stored);
	is_replaced = false;
	CHECK_INT(stored.files, 0);
	CHECK_INT(stored.token_errno, 0);
	CHECK_STR(buf, "a.b.c");
	sts_store_close(&store);
}

static const struct sts_test tests[] = {
	{"a temporary file", test_temporary},
	{"the directory itself", test_directory},
	{"temporary files that cannot be examined", test_examined},
	{"a token that is replaced before it is read", test_replaced},
};

int main(void)
{
	umask(022);
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
