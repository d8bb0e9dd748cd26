/* SPDX-License-Identifier: Apache-2.0 */
#include "output/largest.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHOWN            3
#define NAME_SHOWN_BYTES 32 /* of a name, escaped */
#define ENTRIES_MAX      4096
#define ENTRIES_BYTES    2048 /* read at a time */

struct file {
	char name[NAME_SHOWN_BYTES + 1];
	uint64_t kib; /* that it takes up on disk */
	uid_t owner;
};

/* The largest files so far, the largest first. kib is 0 for none. */
struct search {
	struct file file[SHOWN];
	int looked_at;
	bool more; /* there are more entries */
};

void sts_size_words(struct sts_text *out, uint64_t kib)
{
	static const char units[] = "KMGTPE";
	size_t unit = 0;

	for (; kib >= 10240 && unit < sizeof(units) - 2; unit++)
		kib /= 1024;
	sts_text_addf(out, "%llu %ciB", (unsigned long long)kib, units[unit]);
}

/* Put a file among the largest, if it is one of them. */
static void consider(struct search *s, const char *name, const struct stat *st)
{
	uint64_t kib = (uint64_t)st->st_blocks / 2; /* st_blocks counts 512 bytes */
	struct sts_text text;
	size_t at = 0;

	while (at < SHOWN && s->file[at].kib >= kib)
		at++;
	if (at == SHOWN)
		return;
	memmove(&s->file[at + 1], &s->file[at], (SHOWN - 1 - at) * sizeof(s->file[0]));
	s->file[at].kib = kib;
	s->file[at].owner = st->st_uid;
	sts_text_init(&text, s->file[at].name, sizeof(s->file[at].name));
	sts_text_add_escaped(&text, sts_slice_of(name), NAME_SHOWN_BYTES);
}

static void look_at(struct search *s, int dir_fd, const char *name)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		consider(s, name, &st);
}

/* opendir(3) is not used because it allocates. */
static void list(struct search *s, int dir_fd)
{
	_Alignas(struct dirent) char buffer[ENTRIES_BYTES];
	const struct dirent *entry;
	long got;

	while ((got = syscall(SYS_getdents64, dir_fd, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < got; at += entry->d_reclen) {
			entry = (const struct dirent *)(const void *)(buffer + at);
			if (s->looked_at++ == ENTRIES_MAX) {
				s->more = true;
				return;
			}
			look_at(s, dir_fd, entry->d_name);
		}
}

void sts_largest_files(struct sts_text *out, int dir_fd)
{
	struct search s = {.looked_at = 0};
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	list(&s, fd);
	close(fd);
	for (size_t i = 0; i < SHOWN && s.file[i].kib > 0; i++) {
		sts_text_addf(out, "%s%s (", i ? ", " : "", s.file[i].name);
		sts_size_words(out, s.file[i].kib);
		sts_text_addf(out, ", UID %u)", (unsigned)s.file[i].owner);
	}
	if (s.more && s.file[0].kib > 0)
		sts_text_addf(out, ", among the first %d files", ENTRIES_MAX);
}
