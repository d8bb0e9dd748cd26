/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches of files that may be replaced, or that may appear later (inotify(7)).
 *
 * The way to a file is a chain of directories and links. The last directory on the way is watched
 * for new and changed names, and so is each directory that holds a link of the chain or lacks
 * a part of the way. Every other directory on the way is watched only for its own move
 * and its own end, so that the files of others in /tmp or / cause no events. Of the events of a
 * directory, only those with a name that is a part of the way count.
 *
 * sts_watch_path() looks up paths, so it does not return if a file system does not answer. So a
 * child process of the supervisor calls it, on the descriptor that it has inherited. The supervisor
 * reads the events.
 */
#ifndef STS_SUPERVISOR_WATCHES_H
#define STS_SUPERVISOR_WATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most names of one set. A path in a volume of the kubelet needs four. */
#define STS_WATCH_NAMES_MAX 8

/* The names whose events count, as hashes of the watch and the name. */
struct sts_watch_names {
	uint8_t count; /* above STS_WATCH_NAMES_MAX: there was no room, and any name counts */
	uint32_t hash[STS_WATCH_NAMES_MAX];
};

/* What sts_watch_path() has found out. */
struct sts_watch_result {
	struct sts_watch_names names;
	int error; /* ENOSPC: the user has no watches left. 0: other watches may be missing */
	int last;  /* the highest number of a watch; 0: none */
};

/* An event. */
struct sts_watch_event {
	bool always;    /* it counts for all names: a directory is gone, or events were lost */
	uint32_t name;  /* the hash of its watch and its name */
	uint32_t every; /* the hash of its watch, for a directory in which any name counts */
};

/* The events that are being read. */
struct sts_watch_reader {
	int fd, turns;
	size_t at, len;
	char buf[1024] __attribute__((aligned(8)));
};

/* Make the descriptor for watches, which does not block. Returns it, or -1 with errno: EMFILE if
 * the user has no inotify instance left or the process has no descriptor left. */
int sts_watches_make(void);

/*
 * Watch one path and all that leads to it. Does nothing if fd is -1. If the path is a directory,
 * any name in it counts.
 *   fd      in      of sts_watches_make()
 *   result  in/out  names, errors and numbers are added; all zeros at first
 * At most 40 links and 4,095 bytes are followed, as by the kernel. Watches that fail for another
 * reason than ENOSPC (a directory that may not be read) are left out.
 */
void sts_watch_path(int fd, const char *path, struct sts_watch_result *result);

/* Begin to read events. */
void sts_watches_read(struct sts_watch_reader *r, int fd);

/* Returns whether there is another event, and the event. The number of reads is bounded, so that a
 * storm of events does not keep the supervisor from its other work. */
bool sts_watches_next(struct sts_watch_reader *r, struct sts_watch_event *event);

/* Does an event count for a set of names? */
bool sts_watch_counts(const struct sts_watch_names *names, const struct sts_watch_event *event);

#endif
