/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/reader_warning.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/packed.h"
#include "log/log.h"

/* How many directories are looked at: the output directory, and those above it. */
#define DEPTH_MAX 8

/* What is known of the way to the files. */
struct way {
	struct sts_readers readers; /* of the files */
	struct sts_readers anyone;  /* who can get to the files, whatever their mode is */
	struct stat dir;            /* the output directory */
	struct stat closed;         /* the first directory that keeps readers out */
	int closed_at; /* how far above the output directory that is; -1: there is none */
};

/* A directory above a mount point means nothing: the application has the file system elsewhere. So
 * the way ends where another file system begins. Returns false if the output directory cannot be
 * examined. */
static bool look(struct way *w, const struct sts_store *store)
{
	char path[3 * DEPTH_MAX + 2] = ".";
	struct stat st, below;
	gid_t group = store->group == STS_GROUP_AUTO ? getegid() : store->group;
	struct sts_text text;

	*w = (struct way){.readers = sts_readers_of(store->mode, group),
			  .anyone = {.all = true},
			  .closed_at = -1};
	sts_text_init(&text, path, sizeof(path));
	sts_text_add_char(&text, '.');
	for (int i = 0; i < DEPTH_MAX; i++) {
		if (fstatat(store->dir_fd, path, &st, 0) != 0)
			return i > 0;
		if (i == 0)
			w->dir = st;
		else if (st.st_dev != below.st_dev || st.st_ino == below.st_ino)
			return true;
		sts_readers_enter(&w->anyone, &st);
		if (sts_readers_enter(&w->readers, &st) && w->closed_at < 0) {
			w->closed_at = i;
			w->closed = st;
		}
		below = st;
		sts_text_add_str(&text, "/..");
	}
	return true;
}

bool sts_readers_behind(const struct sts_store *store, struct sts_readers *readers)
{
	struct way w;
	bool known = look(&w, store);

	*readers = w.readers;
	return known;
}

static void add_directory(struct sts_text *t, const struct stat *st)
{
	sts_text_addf(t, "belongs to %u:%u, mode 0%d%d%d", (unsigned)st->st_uid,
		      (unsigned)st->st_gid, st->st_mode >> 6 & 7, st->st_mode >> 3 & 7,
		      st->st_mode & 7);
}

static void describe(const struct way *w, const struct sts_store *store, struct sts_text *t)
{
	sts_text_addf(t, "only UID %u", (unsigned)geteuid());
	if (w->readers.has_group)
		sts_text_addf(t, " and group %u", (unsigned)w->readers.group);
	sts_text_addf(t, " can read the files in %.60s, which get mode 0%d%d%d: ", store->dir,
		      store->mode >> 6 & 7, store->mode >> 3 & 7, store->mode & 7);
	if (w->closed_at < 0) {
		sts_text_addf(t, "the directory ");
		add_directory(t, &w->dir);
		return;
	}
	sts_text_addf(t, "%.60s", store->dir);
	for (int i = 0; i < w->closed_at; i++)
		sts_text_add_str(t, "/..");
	sts_text_add_char(t, ' ');
	add_directory(t, &w->closed);
}

static const char *hint_of(const struct way *w)
{
	if (w->closed_at >= 0)
		return sts_words(
			"let other readers enter that directory, or set --mode to what is meant");
	return sts_words(
		sts_readers_none(&w->anyone)
			? "if the application has another UID: give the Pod an fsGroup, or run the "
			  "application as this UID; --mode 0600 says that this is meant"
			: "if the application has another UID: give the Pod an fsGroup, run the "
			  "application as this UID, or set --mode 0644; --mode 0600 says that this "
			  "is meant");
}

/* Not inlined: a buffer in the stack frame that sleeps would be memory that is never given back. */
__attribute__((noinline)) void sts_warn_of_readers(const struct sts_plan *plan,
						   const struct sts_store *store)
{
	bool is_fetch = !plan->adopt, is_auto = plan->mode == STS_MODE_AUTO;
	struct way w;
	enum sts_level level = STS_LEVEL_WARN;
	char msg[256];
	struct sts_text text;
	struct sts_log l;

	if (!look(&w, store))
		return;
	if (w.closed_at < 0 && !(is_auto && sts_readers_none(&w.readers)))
		return;
	if (is_fetch && is_auto && store->group == STS_GROUP_AUTO &&
	    ((sts_readers_none(&w.anyone) && getppid() > 1) || isatty(STDERR_FILENO)))
		level = STS_LEVEL_DEBUG;
	sts_text_init(&text, msg, sizeof(msg));
	describe(&w, store, &text);
	sts_log_start(&l, level, msg);
	sts_log_str(&l, "exchange", plan->name);
	sts_log_str(&l, "hint", hint_of(&w));
	sts_log_end(&l);
}
