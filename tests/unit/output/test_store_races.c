/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody else who may write in the directory is quicker: what appears between two system calls of
 * the store is neither followed nor written into. */
#include "opened_store.h"

#include <sys/syscall.h>

static void (*after_unlink)(const char *name); /* called once */
static void (*before_mkdir)(const char *name);

int unlinkat(int dir_fd, const char *name, int flags)
{
	int result = (int)syscall(SYS_unlinkat, dir_fd, name, flags);
	void (*appear)(const char *) = after_unlink;

	after_unlink = NULL;
	if (appear) {
		CHECK(chdir("d") == 0);
		appear(name);
		CHECK(chdir("..") == 0);
	}
	return result;
}

int mkdir(const char *name, mode_t mode)
{
	if (before_mkdir)
		before_mkdir(name);
	before_mkdir = NULL;
	return (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode);
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

static const struct sts_test tests[] = {
	{"a temporary file", test_temporary},
	{"the directory itself", test_directory},
};

int main(void)
{
	umask(022);
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
