/* SPDX-License-Identifier: Apache-2.0 */
/* The status file is overwritten in its place on a full disk. */
#include "opened_store.h"

/* What is overwritten stays the same file, and what is not a file of ours stays as it is. */
static void test_overwrite(void)
{
	static const char *const others[] = {"none", "hard", "link", "big", "fifo"};
	const struct sts_slice text = STS_SLICE("new");
	struct stat before, after;
	char big[STS_STORE_OVERWRITE_MAX_BYTES + 2];

	fresh("d", 0777);
	tree_put("d/file", "longer");
	CHECK(stat("d/file", &before) == 0);
	CHECK(sts_store_overwrite(&store, "file", text));
	CHECK(tree_is("d/file", "new\n\n\n"));
	CHECK(sts_store_overwrite(&store, "file", STS_SLICE("longer than that")));
	CHECK(tree_is("d/file", "longer than that"));
	CHECK(stat("d/file", &after) == 0 && after.st_ino == before.st_ino);
	int kept = free_descriptor_0();
	CHECK(sts_store_overwrite(&store, "file", STS_SLICE("longer than that")));
	CHECK_INT(fcntl(0, F_GETFD), -1);
	take_descriptor_0_back(kept);

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	tree_put("d/big", big);
	tree_put("d/to", "to");
	CHECK(link("d/file", "d/hard") == 0 && symlink("to", "d/link") == 0);
	CHECK(mkfifo("d/fifo", 0600) == 0);
	/* Nobody reads from the FIFO, so it cannot be opened. Later somebody reads from it. */
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK(!sts_store_overwrite(&store, others[i], text));
	int fifo = open("d/fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK(!sts_store_overwrite(&store, "fifo", text));
	CHECK(read(fifo, &(char){0}, 1) == 0);
	close(fifo);
	CHECK(tree_is("d/file", "longer than that") && tree_is("d/to", "to"));
	CHECK(tree_is("d/big", big));
	/* A file of another user. Only root can make one. */
	tree_put("d/theirs", "theirs");
	if (chown("d/theirs", 65534, (gid_t)-1) == 0)
		CHECK(!sts_store_overwrite(&store, "theirs", text) &&
		      tree_is("d/theirs", "theirs"));
	/* The largest file that can be overwritten, and the largest text. */
	big[sizeof(big) - 2] = '\0';
	tree_put("d/big", big);
	CHECK(sts_store_overwrite(&store, "big", text));
	tree_put("d/short", "x");
	CHECK(sts_store_overwrite(&store, "short", sts_slice_of(big)) && tree_is("d/short", big));
	big[sizeof(big) - 2] = 'x';
	CHECK(!sts_store_overwrite(&store, "short", sts_slice_of(big)));
	sts_store_close(&store);
}

static const struct sts_test tests[] = {
	{"a file is overwritten where it lies", test_overwrite},
};

int main(void)
{
	umask(022);
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
