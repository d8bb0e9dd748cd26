/* SPDX-License-Identifier: Apache-2.0 */
#include "output/readers.h"

#include "test.h"

#define OURS     65532 /* the group with which our files are created */
#define FS_GROUP 2000

/* The readers in a few letters: "all", the number of a group, or "none". */
static const char *shown(const struct sts_readers *r)
{
	static char text[16];

	if (r->all)
		return "all";
	if (!r->has_group)
		return "none";
	snprintf(text, sizeof(text), "%u", (unsigned)r->group);
	return text;
}

static void who_can_read(void)
{
	static const struct {
		mode_t file, dir;
		gid_t file_group, dir_group;
		const char *before, *after;
	} rows[] = {
		/* An emptyDir, without and with fsGroup. */
		{0644, 0777, OURS, 0, "all", "all"},
		{0640, 02777, FS_GROUP, FS_GROUP, "2000", "2000"},
		{0640, 02770, FS_GROUP, FS_GROUP, "2000", "2000"},
		/* A directory of our own. */
		{0600, 0755, OURS, OURS, "none", "none"},
		{0600, 0700, OURS, OURS, "none", "none"},
		/* A directory keeps out those whom the files let in. */
		{0644, 0700, OURS, OURS, "all", "none"},
		{0644, 0766, OURS, OURS, "all", "none"},
		{0644, 0750, OURS, OURS, "all", "65532"},
		{0644, 0750, OURS, 0, "all", "0"},
		{0640, 0700, OURS, OURS, "65532", "none"},
		{0640, 0760, OURS, OURS, "65532", "none"},
		{0640, 02760, FS_GROUP, FS_GROUP, "2000", "none"},
		/* The group of the files is not that of the directory. */
		{0640, 0750, FS_GROUP, OURS, "2000", "none"},
		{0640, 0751, FS_GROUP, OURS, "2000", "2000"},
		{0640, 0705, OURS, OURS, "65532", "none"},
		/* A UID that may only enter a directory can read a file whose name it knows. */
		{0644, 0711, OURS, OURS, "all", "all"},
		{0604, 0710, OURS, FS_GROUP, "all", "2000"},
		{0604, 0711, OURS, OURS, "all", "all"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_readers r = sts_readers_of(rows[i].file, rows[i].file_group);
		struct stat dir = {.st_mode = S_IFDIR | rows[i].dir, .st_gid = rows[i].dir_group};

		CHECK_STR(shown(&r), rows[i].before);
		CHECK_INT(sts_readers_enter(&r, &dir), strcmp(rows[i].before, rows[i].after) != 0);
		CHECK_STR(shown(&r), rows[i].after);
		CHECK_INT(sts_readers_none(&r), strcmp(rows[i].after, "none") == 0);
		/* The same directory again takes nobody away. */
		CHECK(!sts_readers_enter(&r, &dir));
	}
}

static const struct sts_test tests[] = {
	{"who can read a file in a directory", who_can_read},
};

STS_TEST_MAIN(tests)
