/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that an exchange reads: its subject token and its CA files. The supervisor looks at
 * them with stat(2) and watches their directories; it never opens them.
 */
#ifndef STS_SUPERVISOR_INPUTS_H
#define STS_SUPERVISOR_INPUTS_H

#include "supervisor/events.h"
#include "supervisor/members.h"

/*
 * Returns a number that changes when a path leads to another file or when the file changes, as far
 * as stat(2) shows it. Links are followed. Returns 0 if stat(2) fails.
 */
uint64_t sts_file_identity(const char *path);

/* An attempt starts: note the identities of its input files. */
void sts_inputs_look(struct sts_member *t);

/* An attempt has ended: find out whether its input files changed in the meantime. */
void sts_inputs_attempted(struct sts_member *t);

/* Find out whether the subject token has changed, unless an attempt runs. */
void sts_inputs_check_subject(struct sts_member *t);

/* Something has changed in a watched directory: check the inputs of all exchanges. */
void sts_inputs_files_changed(void);

/*
 * Watch the input files and the configuration file, if the set of files has changed since the last
 * call. The CA files of an exchange are watched only while its attempts fail for want of trust.
 * Does nothing if each exchange ends after its first success.
 *   config  in  the configuration file; NULL for none
 * Returns true if the watches are new. The caller then checks whether the configuration file has
 * changed in the meantime.
 */
bool sts_inputs_watch(struct sts_events *ev, const char *config);

/* The plans have changed: the next call of sts_inputs_watch() makes new watches. */
void sts_inputs_watch_again(void);

#endif
