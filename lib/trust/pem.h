/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scanner of PEM bundles (RFC 7468, lax): fed in pieces, hands out one DER object at a time.
 * CRLF, text between blocks, comments, and a missing final newline are fine. A block that is
 * malformed or too big is skipped and counted, never an error of the bundle.
 */
#ifndef STS_TRUST_PEM_H
#define STS_TRUST_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STS_PEM_OBJECT_MAX_BYTES (16 * 1024)

struct sts_pem {
	uint32_t objects, skipped; /* so far */
	/* private */
	int state;
	uint32_t bits;
	int bit_count, pad;
	char line[80];
	size_t line_len;
	char label[40];
	size_t len;
	uint8_t *out; /* the caller may move both on, behind an object that it keeps */
	size_t size;
};

/* out: the caller's memory for one decoded object; size is also the bound of one object. */
void sts_pem_init(struct sts_pem *p, uint8_t *out, size_t size);

enum sts_pem_event { STS_PEM_MORE, STS_PEM_OBJECT };

/*
 * Feed a piece. Stops at the end of each object.
 *   used    out  bytes consumed; call again with the rest
 * Returns STS_PEM_OBJECT when p->out[0..p->len) holds an object whose label is p->label
 * ("CERTIFICATE"), valid until the next call; STS_PEM_MORE when the piece is used up.
 */
enum sts_pem_event sts_pem_feed(struct sts_pem *p, const char *data, size_t len, size_t *used);
/* End of the file: a last line without newline counts. */
enum sts_pem_event sts_pem_end(struct sts_pem *p);

#endif
