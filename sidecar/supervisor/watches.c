/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/watches.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/text.h"

/* The most reads of the descriptor at a time. */
#define READS_MAX 64

/* The most steps on the way to a file: names, and names in the targets of links. */
#define STEPS_MAX 256
#define LINKS_MAX 40

/* IN_MASK_ADD, since two paths may need the same directory for different events. */
#define ITSELF (IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD)
#define NAMES  (ITSELF | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE)

/* The way to a file. */
struct way {
	int fd;
	struct sts_watch_result *result;
	int links;
	char done[PATH_MAX]; /* a directory, reached without links */
	size_t done_len;
	char rest[PATH_MAX]; /* what follows it */
	char next[PATH_MAX]; /* the directory and the first name of the rest */
};

int sts_watches_make(void)
{
	return inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

static uint32_t hash_of(int watch, const char *name)
{
	uint64_t h = sts_hash(STS_HASH_START, &watch, sizeof(watch));

	h = sts_hash(h, name, strlen(name));
	return (uint32_t)(h ^ h >> 32);
}

static void add_name(struct sts_watch_names *names, uint32_t hash)
{
	for (size_t i = 0; i < names->count && i < STS_WATCH_NAMES_MAX; i++)
		if (names->hash[i] == hash)
			return;
	if (names->count < STS_WATCH_NAMES_MAX)
		names->hash[names->count++] = hash;
	else
		names->count = STS_WATCH_NAMES_MAX + 1;
}

/* Returns the number of the watch, or -1. */
static int watch(struct way *w, const char *dir, uint32_t events)
{
	int number = inotify_add_watch(w->fd, dir, events);

	if (number < 0 && errno == ENOSPC)
		w->result->error = errno;
	if (number > w->result->last)
		w->result->last = number;
	return number;
}

/* Take the first name of the rest. Returns its length; 0: there is none. */
static size_t first_name(struct way *w, const char **after)
{
	size_t slashes = strspn(w->rest, "/"), len;

	memmove(w->rest, w->rest + slashes, strlen(w->rest + slashes) + 1);
	len = strcspn(w->rest, "/");
	*after = w->rest + len + strspn(w->rest + len, "/");
	return len;
}

/* Put the directory and the first name of the rest into `next`. Returns false if it is too long. */
static bool join(struct way *w, size_t len)
{
	struct sts_text text;

	sts_text_init(&text, w->next, sizeof(w->next));
	sts_text_add(&text, w->done, w->done_len);
	if (w->done_len > 0 && w->done[w->done_len - 1] != '/')
		sts_text_add(&text, "/", 1);
	sts_text_add(&text, w->rest, len);
	return !text.overflow;
}

/* Go on from the target of a link. */
static bool follow(struct way *w, const char *after)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t len = readlink(w->next, target, sizeof(target) - 1);
	struct sts_text text;

	if (len <= 0 || ++w->links > LINKS_MAX)
		return false;
	target[len] = '\0';
	sts_text_init(&text, rest, sizeof(rest));
	sts_text_add(&text, target, (size_t)len);
	sts_text_add(&text, "/", *after ? 1 : 0);
	sts_text_add(&text, after, strlen(after));
	if (text.overflow)
		return false;
	if (target[0] == '/') {
		memcpy(w->done, "/", 2);
		w->done_len = 1;
	}
	memcpy(w->rest, rest, text.len + 1);
	return true;
}

/* Step into the directory `next`. */
static void enter(struct way *w, const char *after)
{
	w->done_len = strlen(w->next);
	memcpy(w->done, w->next, w->done_len + 1);
	memmove(w->rest, after, strlen(after) + 1);
}

/* Watch one step of the way. A watch always comes before the look at what is there, so that no
 * change between the two is missed. Returns whether the way goes on. */
static bool step(struct way *w)
{
	const char *after;
	size_t len = first_name(w, &after);
	bool is_last = *after == '\0';
	struct stat st;
	char *end;

	if (len == 0 || !join(w, len))
		return false;
	if (lstat(w->next, &st) == 0 && S_ISDIR(st.st_mode)) {
		/* If a link or a file has taken its place by now, the next turn sees that. */
		int number = watch(w, w->next, (is_last ? NAMES : ITSELF) | IN_DONT_FOLLOW);

		if (is_last && number >= 0)
			add_name(&w->result->names, hash_of(number, ""));
		if (number < 0 && errno == ENOTDIR)
			return true;
		enter(w, after);
		return !is_last;
	}
	int number = watch(w, w->done_len ? w->done : ".", NAMES);
	end = w->rest + len;
	char slash = *end;
	*end = '\0';
	if (number >= 0)
		add_name(&w->result->names, hash_of(number, w->rest));
	*end = slash;
	if (lstat(w->next, &st) != 0)
		return false;
	return S_ISLNK(st.st_mode) ? follow(w, after) : S_ISDIR(st.st_mode);
}

void sts_watch_path(int fd, const char *path, struct sts_watch_result *result)
{
	struct way w = {.fd = fd, .result = result};
	size_t len = strlen(path);

	if (fd < 0 || len == 0 || len >= sizeof(w.rest))
		return;
	memcpy(w.rest, path, len + 1);
	if (path[0] == '/') {
		memcpy(w.done, "/", 2);
		w.done_len = 1;
	}
	for (int i = 0; i < STEPS_MAX && step(&w); i++)
		;
}

/* ---- events ---- */

void sts_watches_read(struct sts_watch_reader *r, int fd)
{
	r->fd = fd;
	r->turns = 0;
	r->at = r->len = 0;
}

static bool fill(struct sts_watch_reader *r)
{
	ssize_t got = r->turns++ < READS_MAX ? read(r->fd, r->buf, sizeof(r->buf)) : -1;

	r->at = 0;
	r->len = got > 0 ? (size_t)got : 0;
	return got > 0;
}

bool sts_watches_next(struct sts_watch_reader *r, struct sts_watch_event *event)
{
	struct inotify_event head;

	if (r->at >= r->len && !fill(r))
		return false;
	memcpy(&head, r->buf + r->at, sizeof(head));
	const char *name = head.len > 0 ? r->buf + r->at + sizeof(head) : "";
	r->at += sizeof(head) + head.len;
	*event = (struct sts_watch_event){
		.always = head.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_Q_OVERFLOW),
		.name = hash_of(head.wd, name),
		.every = hash_of(head.wd, "")};
	return true;
}

bool sts_watch_counts(const struct sts_watch_names *names, const struct sts_watch_event *event)
{
	bool counts = event->always || names->count > STS_WATCH_NAMES_MAX;

	for (size_t i = 0; i < names->count && i < STS_WATCH_NAMES_MAX; i++)
		counts = counts || names->hash[i] == event->name || names->hash[i] == event->every;
	return counts;
}
