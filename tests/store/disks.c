/* SPDX-License-Identifier: Apache-2.0 */
/* A full disk, a disk without inodes, a disk that becomes read-only: what was there stays, no
 * temporary is left, and the message says what to do. */
#include "store/tree.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/error.h"

static bool may_mount;

/* Enter a mount namespace. Its mounts end with it. */
static bool enter_namespace(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool mount_disk(const char *options)
{
	umount2("d", MNT_DETACH);
	mkdir("d", 0777);
	if (may_mount && mount("tmpfs", "d", "tmpfs", 0, options) == 0)
		return true;
	sts_test_skipped = "mounting is not permitted here";
	return false;
}

/* Use up the disk but for this many pages. */
static void fill_but(int pages)
{
	char page[4096] = "";
	int fd = open("d/ballast", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	off_t size = 0;

	while (write(fd, page, sizeof(page)) == (ssize_t)sizeof(page))
		size += (off_t)sizeof(page);
	CHECK(ftruncate(fd, size - pages * (off_t)sizeof(page)) == 0);
	close(fd);
}

static bool is_state(int64_t exp_s)
{
	char token[TREE_TOKEN_MAX_BYTES], thumbprint[65], expires[STS_RFC3339_BYTES];

	tree_token(token, exp_s);
	tree_thumbprint(thumbprint, exp_s);
	sts_rfc3339_format(exp_s, expires);
	return tree_is("d/token.jwt", token) && tree_is("d/expires", expires) &&
	       tree_is("d/thumbprint", thumbprint);
}

static void test_full(void)
{
	struct sts_error error;

	if (!mount_disk("size=32k,mode=0777"))
		return;
	CHECK_INT(tree_write_in("d", TREE_TIME_S, &error), STS_OK);
	fill_but(0);
	CHECK_INT(tree_write_in("d", TREE_TIME_S + 1, &error), STS_EOUTPUT);
	CHECK_INT(error.detail, ENOSPC);
	CHECK(strstr(error.msg, "d/.token.jwt.new: no space left"));
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_write_in("d", TREE_TIME_S - 1, &error), STS_EOUTPUT);
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_count("d"), 4);
}

/* There is room for a part of a token, or for one file and not the next. All files are old or all
 * are new, and the next write succeeds. */
static void test_nearly_full(void)
{
	char token[TREE_TOKEN_MAX_BYTES + 1], text[64];
	struct sts_error error;
	unsigned written = 0;

	for (int i = 0; i < 40; i++) {
		int64_t exp_s = TREE_TIME_S + i * 7919 % 50, expires_s = 0;
		if (!mount_disk("size=32k,mode=0777"))
			return;
		CHECK_INT(tree_write_in("d", TREE_TIME_S + 25, &error), STS_OK);
		fill_but(i % 5); /* the longest token needs two pages, and the other files one */
		enum sts_err err = tree_write_in("d", exp_s, &error);
		int64_t got_s = tree_token_exp(token,
					       tree_get("d/token.jwt", token, sizeof(token)));
		CHECK(got_s == exp_s || got_s == TREE_TIME_S + 25);
		CHECK(tree_get("d/expires", text, sizeof(text)) > 0 &&
		      sts_rfc3339_parse(sts_slice_of(text), &expires_s));
		CHECK(expires_s <= got_s);
		CHECK_INT(tree_count("d"), 4);
		if (err == STS_OK)
			CHECK(is_state(exp_s));
		else
			CHECK(error.detail == ENOSPC && is_state(TREE_TIME_S + 25));
		written += err == STS_OK;
		unlink("d/ballast");
		CHECK_INT(tree_write_in("d", exp_s + 1, &error), STS_OK);
		CHECK(is_state(exp_s + 1));
	}
	printf("# %u of 40 written\n", written);
	CHECK(written > 0 && written < 40);
}

static void test_no_inodes(void)
{
	struct sts_error error;
	char name[32];
	int fd = 0;

	if (!mount_disk("size=1m,nr_inodes=16,mode=0777"))
		return;
	CHECK_INT(tree_write_in("d", TREE_TIME_S, &error), STS_OK);
	for (int i = 0; fd >= 0; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		close(fd);
	}
	int count = tree_count("d");
	CHECK_INT(tree_write_in("d", TREE_TIME_S + 1, &error), STS_EOUTPUT);
	CHECK_INT(error.detail, STS_ENOINODES);
	CHECK(strstr(error.msg, ": no inode left"));
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_count("d"), count);
	/* The temporaries of the three files are made together. */
	unlink("d/0");
	unlink("d/1");
	CHECK_INT(tree_write_in("d", TREE_TIME_S + 1, &error), STS_EOUTPUT);
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_count("d"), count - 2);
	unlink("d/2");
	CHECK_INT(tree_write_in("d", TREE_TIME_S + 1, &error), STS_OK);
	CHECK(is_state(TREE_TIME_S + 1));
}

static void test_read_only(void)
{
	struct sts_store store;
	struct sts_error error;

	if (!mount_disk("size=1m,mode=0777"))
		return;
	CHECK_INT(sts_store_open(&store, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
	CHECK_INT(tree_write(&store, TREE_TIME_S, &error), STS_OK);
	CHECK(mount(NULL, "d", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	CHECK_INT(tree_write(&store, TREE_TIME_S + 1, &error), STS_EOUTPUT);
	CHECK_INT(error.detail, EROFS);
	sts_store_close(&store);
	CHECK_INT(tree_write_in("d", TREE_TIME_S + 1, &error), STS_EOUTPUT);
	CHECK_STR(error.msg, "cannot write in d: a read-only file system");
	CHECK_INT(sts_store_open(&store, "d/below", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_EOUTPUT);
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_count("d"), 3);
}

/* Something is mounted over a name of the store, as a subPath does it. */
static void test_mounted_over(void)
{
	struct sts_error error;

	if (!mount_disk("size=1m,mode=0777"))
		return;
	CHECK_INT(tree_write_in("d", TREE_TIME_S, &error), STS_OK);
	tree_put("file", "mounted");
	CHECK(mount("file", "d/token.jwt", NULL, MS_BIND, NULL) == 0);
	CHECK_INT(tree_write_in("d", TREE_TIME_S + 1, &error), STS_EOUTPUT);
	CHECK_STR(error.msg, "cannot replace d/token.jwt: in use, or a mount point");
	CHECK(tree_is("d/token.jwt", "mounted"));
	CHECK(umount("d/token.jwt") == 0);
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_count("d"), 3);
}

/* Let one system call fail in this process from now on, with this errno. */
static bool break_call(int call, int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int write_broken(int call, int err)
{
	struct sts_store store;
	struct sts_error error = {0};
	bool locked = false;
	pid_t child = tree_fork();

	if (child != 0)
		return tree_wait(child);
	if (!break_call(call, err))
		_exit(99);
	if (sts_store_open(&store, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error) != STS_OK ||
	    sts_lock_take(store.dir_fd, store.dir, &locked, &error) != STS_OK)
		_exit(98);
	if (locked != (call != SYS_flock))
		_exit(97);
	int result = tree_write(&store, TREE_TIME_S + 1, &error) == STS_OK ? 0 : error.detail;
	if (result != 0)
		printf("# %s\n", error.msg);
	fflush(stdout);
	_exit(result);
}

/* File systems that have no fsync or no locks are used without them. A disk that fails is a
 * failure, and the old files stay. */
static void test_broken_calls(void)
{
	static const struct {
		int call, err, want;
	} rows[] = {
		{SYS_fsync, EINVAL, 0},          {SYS_fsync, EROFS, 0},
		{SYS_fsync, ENOSYS, 0},          {SYS_fsync, EOPNOTSUPP, 0},
		{SYS_flock, ENOLCK, 0},          {SYS_flock, EBADF, 0},
		{SYS_fsync, EIO, EIO},           {SYS_fsync, ENOSPC, ENOSPC},
		{SYS_fsync, EDQUOT, EDQUOT},     {SYS_fchmod, EPERM, EPERM},
		{SYS_write, EIO, EIO},           {SYS_unlinkat, EIO, EIO},
		{SYS_fallocate, ENOSPC, ENOSPC}, {SYS_fallocate, EDQUOT, EDQUOT},
		{SYS_fallocate, EOPNOTSUPP, 0},  {SYS_fallocate, EPERM, 0},
	};
	struct sts_error error;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		umount2("d", MNT_DETACH);
		tree_clear("d");
		tree_dir("d", 0777);
		CHECK_INT(tree_write_in("d", TREE_TIME_S, &error), STS_OK);
		int got = write_broken(rows[i].call, rows[i].err);
		if (got == 99) {
			sts_test_skipped = "no seccomp here";
			return;
		}
		CHECK_INT(got, rows[i].want);
		CHECK(is_state(TREE_TIME_S + (rows[i].want == 0)));
		CHECK_INT(tree_count("d"), 3);
	}
}

static const struct sts_test tests[] = {
	{"a full disk", test_full},
	{"a nearly full disk", test_nearly_full},
	{"no inodes left", test_no_inodes},
	{"a read-only disk", test_read_only},
	{"a mount over a file", test_mounted_over},
	{"file systems that lack calls, and disks that fail", test_broken_calls},
};

int main(void)
{
	may_mount = enter_namespace();
	umask(022);
	if (!tree_begin(60))
		return 1;
	int failed = sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
	umount2("d", MNT_DETACH);
	tree_clear("");
	return failed;
}
