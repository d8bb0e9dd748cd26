/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scanner of PEM bundles (RFC 7468, the lax form). It is fed in pieces, and hands out one DER
 * object at a time. It accepts CRLF, text between blocks, comments, and a file whose last line has
 * no newline. A block that is malformed or too big is skipped and counted; it does not make the
 * bundle fail.
 */
#ifndef STS_TRUST_PEM_H
#define STS_TRUST_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STS_PEM_OBJECT_MAX_BYTES (16 * 1024)

struct sts_pem {
	uint32_t objects, skipped; /* blocks so far: handed out, and skipped */
	char label[40];            /* of the object: "CERTIFICATE" */
	size_t len;                /* bytes of the object in out */
	uint8_t *out; /* the caller may advance out and reduce size, to keep an object */
	size_t size;
	/* private */
	int state;
	uint32_t bits;      /* decoded, of which bit_count are not in out yet */
	int bit_count, pad; /* pad: padding characters so far */
	char line[80];      /* a line that may be a boundary */
	size_t line_len;
};

/* Start a scan.
 *   out   in  the caller's memory for one decoded object; it must outlive the scan
 *   size  in  the bytes of out; a larger object is skipped */
void sts_pem_init(struct sts_pem *p, uint8_t *out, size_t size);

enum sts_pem_event { STS_PEM_MORE, STS_PEM_OBJECT };

/*
 * Scan a piece of the bundle, up to the end of an object.
 *   data  in   UNTRUSTED
 *   used  out  bytes consumed; call again with the rest
 * Returns STS_PEM_OBJECT when the first p->len bytes of p->out hold an object whose label is
 * p->label, valid until the next call; STS_PEM_MORE when the piece is used up.
 */
enum sts_pem_event sts_pem_feed(struct sts_pem *p, const char *data, size_t len, size_t *used);

/* End a file: a last line without a newline counts. Returns what sts_pem_feed() returns. */
enum sts_pem_event sts_pem_end(struct sts_pem *p);

#endif
