/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One log line at the start about the readers of an output directory, if there are fewer of them
 * than the files seem to be for:
 *
 *   - --mode auto gives the files mode 0600, so that only this UID can read them;
 *   - a directory on the way to the files keeps out readers that the mode of the files lets in.
 *
 * A mode of the user's that is consistent with the directories is never warned about. The line says
 * who can read, not that this is wrong: which UID the application has is not known here.
 */
#ifndef STS_SUPERVISOR_READER_WARNING_H
#define STS_SUPERVISOR_READER_WARNING_H

#include "output/readers.h"
#include "output/store.h"
#include "supervisor/plan.h"

/*
 * Look at the directory, and at those above it in the same file system, and log the line. `run` and
 * `exchange` are sidecars, whose files are for somebody else, so their line is a warning. `fetch`
 * is also a command for people: with --mode auto and without a group, its line is of level debug if
 * standard error is a terminal. The same holds if the directories let nobody in but this UID, which
 * somebody has chosen, unless init or a container runtime has started it, as in an init container.
 *   plan   in  of the exchange
 *   store  in  open
 */
void sts_warn_of_readers(const struct sts_plan *plan, const struct sts_store *store);

/*
 * Find out who can read the files in an output directory, besides their owner.
 *   store    in   open
 *   readers  out  undefined if the result is false
 * Returns false if the directory cannot be examined.
 */
bool sts_readers_behind(const struct sts_store *store, struct sts_readers *readers);

#endif
