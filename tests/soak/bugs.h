/* SPDX-License-Identifier: Apache-2.0 */
/* The bugs of world.h. The linker puts the functions of bugs.c around those of the supervisor. */
#ifndef STS_SOAK_BUGS_H
#define STS_SOAK_BUGS_H

#include "wire/job.h"
#include "world.h"

/* Returns the bug with this name. If there is none, the program ends. */
enum bug bugs_find(const char *name);

/*
 * Finds the subject tokens of which a worker is told that they were sent already.
 *   used  out  at most STS_USED_MAX
 * Returns their number.
 */
size_t bugs_used(const struct sts_job *job, ino_t *used);

#endif
