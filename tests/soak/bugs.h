/* SPDX-License-Identifier: Apache-2.0 */
/* The bugs of world.h: wrong turns around the supervisor's modules, planted by the linker. */
#ifndef STS_SOAK_BUGS_H
#define STS_SOAK_BUGS_H

#include "wire/job.h"
#include "world.h"

/* The bug that is called so; ends the program if there is none. */
enum bug bugs_find(const char *name);

/*
 * The subject tokens of which a worker is told that they were sent.
 *   used  out  at most STS_USED_MAX
 * Returns their number.
 */
size_t bugs_used(const struct sts_job *job, ino_t *used);

#endif
