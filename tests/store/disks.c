/* SPDX-License-Identifier: Apache-2.0 */
/* A full disk, no inodes left, a disk that turns read-only: what was there stays, no litter, and
 * the message says what to do. */
#include "store/tree.h"

#include <sched.h>
#include <sys/mount.h>

static bool may_mount;

/* A mount namespace of our own, which takes its mounts with it. */
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

/* Uses up what is left but for so many pages. */
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
	CHECK(strstr(error.msg, "d/.token.jwt.new: no space left: raise the emptyDir's sizeLimit"));
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_write_in("d", TREE_TIME_S - 1, &error), STS_EOUTPUT);
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_count("d"), 4);
}

/* Room for a part of a token, for one and not the next: never in between but as the order allows,
 * and mended by the next write. */
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
		fill_but(i % 4);
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
			CHECK_INT(error.detail, ENOSPC);
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
	CHECK_INT(error.detail, ENOSPC);
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_count("d"), count);
	/* One is enough: a temporary at a time. */
	unlink("d/0");
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
	CHECK_STR(error.msg, "cannot write in d: read-only file system: mount the directory in the "
			     "sidecar without readOnly");
	CHECK_INT(sts_store_open(&store, "d/below", true, STS_MODE_AUTO, STS_GROUP_AUTO, &error),
		  STS_EOUTPUT);
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_count("d"), 3);
}

/* Something mounted over a name of ours, as a subPath does it. */
static void test_mounted_over(void)
{
	struct sts_error error;

	if (!mount_disk("size=1m,mode=0777"))
		return;
	CHECK_INT(tree_write_in("d", TREE_TIME_S, &error), STS_OK);
	tree_put("file", "mounted");
	CHECK(mount("file", "d/token.jwt", NULL, MS_BIND, NULL) == 0);
	CHECK_INT(tree_write_in("d", TREE_TIME_S + 1, &error), STS_EOUTPUT);
	CHECK_STR(error.msg,
		  "cannot replace d/token.jwt: something is mounted at this name: unmount it");
	CHECK(tree_is("d/token.jwt", "mounted"));
	CHECK(umount("d/token.jwt") == 0);
	CHECK(is_state(TREE_TIME_S));
	CHECK_INT(tree_count("d"), 3);
}

static const struct sts_test tests[] = {
	{"a full disk", test_full},
	{"a nearly full disk", test_nearly_full},
	{"no inodes left", test_no_inodes},
	{"a read-only disk", test_read_only},
	{"a mount over a file", test_mounted_over},
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
