/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gets one document of a server over the network, for commands that are not workers. It is done in
 * a process of its own, which lives for one connection and enters the stages of a worker's sandbox,
 * and which reads the document as well. So what a server sends is never read in the command's own
 * process. There are no redirects.
 */
#ifndef STS_WORKER_DOCUMENT_H
#define STS_WORKER_DOCUMENT_H

#include "net/url.h"
#include "options/options.h"

#define STS_DOCUMENT_MAX_BYTES (64 * 1024)

/* What the process has found. It lies in memory that both processes have. UNTRUSTED, since what the
 * server sent may have taken over the process. */
struct sts_document {
	struct sts_error error; /* the last thing that is set */
	int64_t date_s;         /* the Date of the answer, since the epoch; -1: none */
	char text[STS_URL_MAX_BYTES];
};

/*
 * Reads the document, in the other process, which has the memory of the caller as it was at the
 * time of the call.
 *   body      in/out  UNTRUSTED, len bytes
 *   document  out     text may be set
 */
typedef enum sts_err sts_document_reader(char *body, size_t len, struct sts_document *document,
					 struct sts_error *e);

/*
 * Get a document with GET, and have it read.
 *   url       in   https, or http to loopback with --insecure-http
 *   deadline  in   BOOTTIME ms, for everything
 *   document  out  its text ends with a NUL
 * Returns STS_OK; STS_EURL or STS_EUSAGE before anything is sent; what the functions of
 * worker/connection.h return; STS_EREDIRECT, STS_EBUSY, STS_ENOTFOUND or STS_ESTATUS for a status
 * other than 200; what the reader returns; STS_EWORKER if the process ended without a result. The
 * message is one line of printable ASCII.
 */
enum sts_err sts_document_get(const struct sts_options *o, const char *url,
			      int64_t deadline_boot_ms, sts_document_reader *read,
			      struct sts_document *document, struct sts_error *e);

#endif
