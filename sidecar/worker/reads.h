/* SPDX-License-Identifier: Apache-2.0 */
/* A worker says which file it looks at next: see enum sts_reads. */
#ifndef STS_WORKER_READS_H
#define STS_WORKER_READS_H

#include <stdint.h>

/* Write the byte of a file to the supervisor. A number above STS_READS_LAST stands for
 * STS_READS_OTHER. */
void sts_worker_reads(unsigned file);

#endif
