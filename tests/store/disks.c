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
#include "protocol/table.h"

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
	CHECK_STR(error.msg, "cannot create d/.token.jwt.new: a read-only file system");
	sts_store_close(&store);
	CHECK_INT(tree_write_in("d", TREE_TIME_S + 1, &error), STS_EOUTPUT);
	CHECK_STR(error.msg, "cannot write in d: a read-only file system");
	CHECK_INT(sts_store_open(&store, "d/below", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_EOUTPUT);
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_count("d"), 3);
}

/* The bytes that the temporary file of the token takes up before there is a token. */
static long long reserved_bytes(void)
{
	struct sts_store store;
	struct sts_error error;
	struct sts_temps temps;
	struct stat st = {0};

	CHECK_INT(sts_store_open(&store, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
	CHECK_INT(sts_store_prepare(&store, STS_WRITE_TOKEN, &temps, &error), STS_OK);
	CHECK(stat("d/.token.jwt.new", &st) == 0 && st.st_size == 0);
	sts_store_discard(&store, &temps);
	sts_store_close(&store);
	return (long long)st.st_blocks * 512;
}

/* Room for a token like the last one is reserved before a token is requested. What lies at the name
 * may be anybody's and of any size. */
static void test_reserved(void)
{
	static const struct {
		off_t present, want;
	} rows[] = {{0, 4096},      {4096, 4096},           {4097, 8192},
		    {20480, 20480}, {64 * 1024, 64 * 1024}, {(off_t)1 << 40, 64 * 1024}};

	if (!mount_disk("size=1m,mode=0777"))
		return;
	CHECK_INT(reserved_bytes(), 4096);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tree_put("d/token.jwt", "");
		CHECK(truncate("d/token.jwt", rows[i].present) == 0);
		CHECK_INT(reserved_bytes(), rows[i].want);
	}
	/* The size of what a link leads to says nothing. */
	CHECK(rename("d/token.jwt", "d/big") == 0 && symlink("big", "d/token.jwt") == 0);
	CHECK_INT(reserved_bytes(), 4096);
}

/* Look whether a token and its expiry can be written in this directory. Returns 0 or the detail. */
static int look_in(const char *dir, struct sts_error *error)
{
	struct sts_store store;

	CHECK_INT(sts_store_open(&store, dir, false, STS_MODE_AUTO, STS_GROUP_AUTO, error), STS_OK);
	enum sts_err err = sts_store_look(&store, STS_WRITE_TOKEN | STS_WRITE_EXPIRES, error);
	sts_store_close(&store);
	return err == STS_OK ? 0 : error->detail;
}

/* A look tells that there is no room before a token is requested. Each of the two files needs at
 * least a page. */
static void test_look_for_room(void)
{
	struct sts_error error;

	if (!mount_disk("size=64k,mode=0777"))
		return;
	CHECK_INT(look_in("d", &error), 0);
	fill_but(2);
	CHECK_INT(look_in("d", &error), 0);
	fill_but(1);
	CHECK_INT(look_in("d", &error), ENOSPC);
	CHECK(strstr(error.msg, "cannot write d/"));
	/* A larger token needs more. */
	fill_but(4);
	tree_put("d/token.jwt", "");
	CHECK(truncate("d/token.jwt", 3 * 4096) == 0);
	CHECK_INT(look_in("d", &error), 0);
	CHECK(truncate("d/token.jwt", 3 * 4096 + 1) == 0);
	CHECK_INT(look_in("d", &error), ENOSPC);

	/* The root has the only inode. */
	if (!mount_disk("size=64k,nr_inodes=1,mode=0777"))
		return;
	CHECK_INT(look_in("d", &error), STS_ENOINODES);
	CHECK_INT(tree_write_in("d", TREE_TIME_S, &error), STS_EOUTPUT);
	CHECK_INT(error.detail, STS_ENOINODES);
	if (!mount_disk("size=64k,nr_inodes=2,mode=0777"))
		return;
	CHECK_INT(look_in("d", &error), 0);
	/* A file system that tells neither its size nor its inodes. */
	if (!mount_disk("size=0,nr_inodes=0,mode=0777"))
		return;
	CHECK_INT(look_in("d", &error), 0);
}

/* A second disk, which is at "second" until the test ends it. */
static void mount_second(void)
{
	mkdir("second", 0777);
	CHECK(mount("tmpfs", "second", "tmpfs", 0, "size=1m,mode=0777") == 0);
}

static void end_second(void)
{
	CHECK(umount2("second", MNT_DETACH) == 0 && rmdir("second") == 0);
}

/* A file of a lower layer can be replaced, although overlayfs gives it another device than its
 * directory. */
static void test_overlay(void)
{
	struct sts_error error;
	struct stat dir, file;

	if (!mount_disk("size=1m,mode=0777"))
		return;
	mount_second();
	tree_dir("d/up", 0777);
	tree_dir("d/work", 0777);
	tree_dir("d/both", 0777);
	tree_put("second/token.jwt", "of the image");
	if (mount("overlay", "d/both", "overlay", 0,
		  "lowerdir=second,upperdir=d/up,workdir=d/work,xino=off") == 0) {
		CHECK(stat("d/both", &dir) == 0 && stat("d/both/token.jwt", &file) == 0);
		CHECK(dir.st_dev != file.st_dev);
		CHECK_INT(look_in("d/both", &error), 0);
		CHECK_INT(tree_write_in("d/both", TREE_TIME_S, &error), STS_OK);
		CHECK(umount("d/both") == 0 && tree_is("second/token.jwt", "of the image"));
	} else {
		sts_test_skipped = "no overlayfs here";
	}
	end_second();
}

/* A file of another disk may have the number of the temporary file. */
static void test_same_number(void)
{
	const struct sts_slice files[STS_OUTPUT__COUNT] = {STS_SLICE("a.b.c")};
	struct sts_store store;
	struct sts_error error;
	struct sts_temps temps;
	struct stat made, other = {0};
	char name[32];

	if (!mount_disk("size=1m,mode=0777"))
		return;
	mount_second();
	CHECK_INT(sts_store_open(&store, "d", false, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_OK);
	CHECK_INT(sts_store_prepare(&store, STS_WRITE_TOKEN | STS_WRITE_EXPIRES, &temps, &error),
		  STS_OK);
	CHECK(stat("d/.token.jwt.new", &made) == 0);
	for (int i = 0; i < 100 && other.st_ino != made.st_ino; i++) {
		snprintf(name, sizeof(name), "second/%d", i);
		tree_put(name, "forged");
		CHECK(stat(name, &other) == 0);
	}
	if (other.st_ino == made.st_ino) {
		CHECK(mount(name, "d/.token.jwt.new", NULL, MS_BIND, NULL) == 0);
		CHECK_INT(sts_store_write_files(&store, &temps, files, TREE_TIME_S, &error),
			  STS_EOUTPUT);
		CHECK_INT(error.detail, EEXIST);
		CHECK(umount("d/.token.jwt.new") == 0);
	} else {
		sts_test_skipped = "files of two disks have different numbers";
		sts_store_discard(&store, &temps);
	}
	sts_store_close(&store);
	end_second();
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
	CHECK_INT(look_in("d", &error), EBUSY);
	CHECK_STR(error.msg, "cannot replace d/token.jwt: in use, or a mount point");
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
	/* The directory is not sticky, so that is not the reason. */
	_exit(result != 0 && strstr(error.msg, "sticky") ? 96 : result);
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
		if (rows[i].call == SYS_unlinkat)
			tree_put("d/.token.jwt.new", "left by a killed writer");
		int got = write_broken(rows[i].call, rows[i].err);
		if (got == 99) {
			sts_test_skipped = "no seccomp here";
			return;
		}
		CHECK_INT(got, rows[i].want);
		CHECK(is_state(TREE_TIME_S + (rows[i].want == 0)));
		CHECK_INT(tree_count("d"), rows[i].call == SYS_unlinkat ? 4 : 3);
	}
}

static const struct sts_test tests[] = {
	{"a full disk", test_full},
	{"a nearly full disk", test_nearly_full},
	{"no inodes left", test_no_inodes},
	{"a read-only disk", test_read_only},
	{"room is reserved before there is a token", test_reserved},
	{"a look for room", test_look_for_room},
	{"a file below an overlay", test_overlay},
	{"a mount over a file", test_mounted_over},
	{"a file of the same number on another disk", test_same_number},
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
