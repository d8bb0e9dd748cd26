/* SPDX-License-Identifier: Apache-2.0 */
/* What the report of a worker says when its time is over. */
#ifndef STS_WORKER_TIMEOUT_H
#define STS_WORKER_TIMEOUT_H

#include "options/fields.h"
#include "wire/report.h"
#include "worker/connection.h"

/*
 * Report what the worker was doing when the time was over. It is async-signal-safe.
 *   r       in/out  its stage is read; its error, its detail and its text are set
 *   c       in      may be all zeros
 *   so_far  in      during STS_STAGE_CONNECT, the code of the error that sts_connect() fills in: it
 *                   says whether the name was known yet (net/connect.h)
 */
void sts_worker_timeout(struct sts_report *r, const struct sts_connection *c,
			const struct sts_fields *fields, enum sts_err so_far);

#endif
