/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sig-cert poll (OpenUnison): GET PATH/sig-cert gives {"thumbprint":"HEX"}; one that differs
 * from the stored one means "exchange now".
 */
#ifndef STS_WORKER_SIGCERT_H
#define STS_WORKER_SIGCERT_H

#include "http/response.h"
#include "net/url.h"
#include "wire/report.h"

/* The exchange URL with a trailing /token/user replaced. False when it does not end so: then there
 * is nothing to poll. */
bool sts_sigcert_url(const char *exchange_url, struct sts_url *url);

/*
 * Read the answer.
 *   report  out  thumbprint, or the flag POLL_OFF: 404, any redirect, or a 2xx without a thumbprint
 *                string
 * Returns STS_OK, or an error that is worth another try at the interval.
 */
enum sts_err sts_sigcert_read(const struct sts_http_head *head, struct sts_slice body,
			      struct sts_report *report, struct sts_error *e);

#endif
