/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An incremental parser of one HTTP/1.1 answer (RFC 9110, RFC 9112) over the caller's memory. Never
 * reads a socket, never allocates. Strict on purpose: exactly one way of framing.
 */
#ifndef STS_HTTP_RESPONSE_H
#define STS_HTTP_RESPONSE_H

#include "base/error.h"
#include "base/text.h"

#define STS_HTTP_HEAD_MAX_BYTES (32 * 1024)
#define STS_HTTP_BODY_MAX_BYTES (256 * 1024)
#define STS_HTTP_INTERIM_MAX    8 /* 1xx answers that are skipped */

/* What was read of the head, meaningful once its status is not 0. Slices point into the caller's
 * head buffer; empty where the header is absent; the first counts where it is repeated. UNTRUSTED:
 * printable bytes, HTAB and bytes above 0x7e. */
struct sts_http_head {
	int status; /* 200..599; 1xx are skipped (but 101), anything else is STS_EHTTP; 0 while the
		       head is not complete */
	uint64_t content_length; /* of a body that is framed by it */
	struct sts_slice location;
	struct sts_slice retry_after;
	struct sts_slice date;
};

/*
 * The parser. All memory is the caller's: head (STS_HTTP_HEAD_MAX_BYTES is the bound, fewer is
 * allowed) and body. The head buffer holds the status line, the headers and the trailers. After an
 * error it stays in that error.
 */
struct sts_http_response {
	struct sts_http_head head;
	size_t body_len;
	/* private */
	int state;
	int interim;
	int status; /* of the head being read */
	enum sts_err error;
	const char *why; /* what was wrong, when error is set */
	bool has_length, has_coding;
	char *head_buf;
	size_t head_size, head_len;
	size_t line_start; /* of the head or trailer line being collected */
	char *body_buf;
	size_t body_size;
	uint64_t body_left; /* of the body, or of a chunk */
	size_t chunk_line_len;
	char chunk_line[64];
};

/*
 * Set up for one answer.
 *   head_buf, head_size  in  memory for the head; past it is STS_ETOOBIG
 *   body_buf, body_size  in  memory for the body; the same. Holds body_len bytes of it at any time
 * Both belong to the caller and must outlive the parser and the slices of its head.
 */
void sts_http_response_init(struct sts_http_response *p, char *head_buf, size_t head_size,
			    char *body_buf, size_t body_size);

/*
 * Feed bytes from the peer.
 *   p     in/out  set up by sts_http_response_init()
 *   data  in      UNTRUSTED; NULL only when len is 0; no pointer to it is kept
 *   len   in      0 means nothing new
 *   used  out     bytes consumed, <= len; less than len only when the answer is complete (what
 *                 follows is ignored), malformed or too big
 * Returns STS_OK when the answer is complete, STS_EAGAIN to ask for more, STS_EHTTP when malformed,
 * STS_ETOOBIG past a bound (detail 0).
 *
 * Refused: both framings, repeated or differing lengths, a coding other than chunked, a
 * Content-Encoding other than identity, obs-fold, bare CR, bare LF, NUL and other control
 * characters, white space before the colon, a chunk size that overflows, a chunk-size line of over
 * 64 bytes, HTTP versions other than 1.0 and 1.1, 101, a body announced by a 1xx, a ninth 1xx.
 * How the bytes are cut into calls makes no difference to the result.
 */
enum sts_err sts_http_response_feed(struct sts_http_response *p, const char *data, size_t len,
				    size_t *used, struct sts_error *e);

/*
 * Tell the parser that the peer has closed.
 *   clean  in  a close_notify was received (plain TCP on loopback: an orderly FIN)
 * Returns STS_OK when the answer is complete (a body until close counts only after a clean close),
 * else STS_ETRUNCATED or the earlier error.
 */
enum sts_err sts_http_response_eof(struct sts_http_response *p, bool clean, struct sts_error *e);

/*
 * Retry-After (delta or HTTP date, RFC 9110 section 10.2.3).
 *   now_s  in  epoch; a date is judged against the answer's own Date header when it has one
 * Returns seconds, clamped to 0..300; -1 when absent or malformed.
 */
int sts_http_retry_after_s(const struct sts_http_head *head, int64_t now_s);

#endif
