/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scanner of PEM bundles (RFC 7468, the lax form). The caller feeds it a file in pieces of any
 * size, and gets one decoded (DER) object at a time. The scanner accepts CRLF, text between blocks,
 * comments, and a file whose last line has no newline. It skips and counts a block that is
 * malformed or too big, and goes on with the next block.
 */
#ifndef STS_TRUST_PEM_H
#define STS_TRUST_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STS_PEM_OBJECT_MAX_BYTES (16 * 1024)

struct sts_pem {
	uint32_t skipped; /* blocks that were skipped so far */
	char label[40];   /* of the last object: "CERTIFICATE" */
	size_t len;       /* of the last object, in bytes */
	/* Where the next object is decoded to, and the room there. The next object overwrites the
	 * last one, unless the caller adds len to out and subtracts it from size. */
	uint8_t *out;
	size_t size;
	/* private */
	int state;
	uint32_t bits;      /* the lowest bit_count bits are decoded, and not in out yet */
	int bit_count, pad; /* pad: padding characters so far */
	char line[80];      /* a line that may be a boundary, as far as it was read */
	size_t line_len;
};

/*
 * Start a scan.
 *   out   in  the caller's memory for a decoded object; it must outlive the scan
 *   size  in  the bytes of out; a larger object is skipped
 */
void sts_pem_init(struct sts_pem *p, uint8_t *out, size_t size);

enum sts_pem_event {
	STS_PEM_MORE,   /* there is no object; the scanner needs the next piece */
	STS_PEM_OBJECT, /* an object is complete */
};

/*
 * Scan a piece of the bundle, up to the end of an object.
 *   data  in   UNTRUSTED
 *   used  out  bytes consumed; call again with the rest
 * Returns STS_PEM_OBJECT when the first p->len bytes of p->out hold an object whose label is
 * p->label, valid until the next call; STS_PEM_MORE when the piece is used up.
 */
enum sts_pem_event sts_pem_feed(struct sts_pem *p, const char *data, size_t len, size_t *used);

/* Tell the scanner that the file has ended. A last line without a newline is read now. Returns what
 * sts_pem_feed() returns. */
enum sts_pem_event sts_pem_end(struct sts_pem *p);

#endif
