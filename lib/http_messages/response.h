/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An incremental parser of one HTTP/1.1 response (RFC 9110, RFC 9112) over the caller's memory. It
 * reads no socket and allocates nothing. It takes what the RFCs allow a server to send, with one
 * exception: a response that two parsers could frame differently is refused.
 */
#ifndef STS_HTTP_MESSAGES_RESPONSE_H
#define STS_HTTP_MESSAGES_RESPONSE_H

#include "base/error.h"
#include "base/text.h"

#define STS_HTTP_HEAD_MAX_BYTES       (32 * 1024)
#define STS_HTTP_BODY_MAX_BYTES       (256 * 1024)
#define STS_HTTP_CHUNK_LINE_MAX_BYTES 1024
#define STS_HTTP_INTERIM_MAX          8 /* 1xx responses that are skipped */
#define STS_HTTP_CHALLENGES_MAX       4 /* headers WWW-Authenticate that are kept */

/*
 * What the head says; valid once status is not 0. The slices point into the caller's head buffer. A
 * slice is empty when there is no header of its name; of several headers with the same name the
 * first counts. UNTRUSTED: a value may have any byte except control characters, and HTAB is
 * allowed. A value that was folded has spaces in place of the line breaks.
 */
struct sts_http_head {
	int status;              /* 200 to 599; 0 before the head is complete */
	uint64_t content_length; /* 0 without a Content-Length */
	struct sts_slice location;
	struct sts_slice retry_after;
	struct sts_slice date;
	struct sts_slice allow;
	struct sts_slice content_type;
	struct sts_slice challenge; /* WWW-Authenticate: the first one, whatever it says */
	/* WWW-Authenticate: the first headers of this name that say why (challenge.h), and empty
	 * slices behind them */
	struct sts_slice challenges[STS_HTTP_CHALLENGES_MAX];
};

/* The parser. After an error it stays in that error. */
struct sts_http_response {
	size_t body_len; /* bytes of the body that have been stored */
	/* private */
	int state;
	int interim; /* 1xx responses so far */
	int status;  /* of the head that is being read, which may be 1xx */
	enum sts_err error;
	int detail;      /* for sts_fail(), when error is set */
	const char *why; /* what was wrong, when error is set */
	bool is_malformed;
	bool has_length, has_coding, is_compressed;
	bool head_only;
	bool may_be_empty; /* a line break may stand before the status line */
	bool in_field;     /* the next line may go on with the header that is being read */
	char *head_buf;    /* status line, headers and trailers */
	size_t head_size, head_len;
	size_t line_start;  /* where in head_buf the line begins that is being read */
	size_t field_start; /* where the header begins that is being read, with in_field */
	char *body_buf;
	size_t body_size;
	uint64_t body_left; /* bytes of the body or of the chunk that are still to come */
	size_t chunk_line_len;
	struct sts_http_head head; /* public */
	char chunk_line[STS_HTTP_CHUNK_LINE_MAX_BYTES];
};

/*
 * Set up the parser for one response. Both buffers stay the caller's, and must outlive the parser
 * and the slices of its head.
 *   head_buf, head_size  in  memory for the head, at most STS_HTTP_HEAD_MAX_BYTES; a longer head is
 *                            STS_ETOOBIG
 *   body_buf, body_size  in  memory for the body; a longer body is STS_ETOOBIG. The first body_len
 *                            bytes of it are the body so far
 */
void sts_http_response_init(struct sts_http_response *p, char *head_buf, size_t head_size,
			    char *body_buf, size_t body_size);

/*
 * Make the parser end after the head of the response, which has no body, whatever its headers say.
 * The headers that are about the body are not read. Call this before the first byte.
 */
void sts_http_response_head_only(struct sts_http_response *p);

/*
 * Parse bytes from the peer. The result does not depend on how the bytes are cut into calls.
 *   p     in/out  set up by sts_http_response_init()
 *   data  in      UNTRUSTED; may be NULL when len is 0; no pointer to it is kept
 *   used  out     bytes that were consumed; fewer than len only when the response is complete,
 *                 malformed or too big
 * Returns STS_OK when the response is complete, STS_EAGAIN when more bytes are needed, STS_EHTTP
 * when it is malformed or compressed, STS_ETOOBIG when a bound is exceeded.
 *
 * These are malformed: Content-Length together with Transfer-Encoding, two different values of
 * Content-Length, Transfer-Encoding twice, a coding other than chunked, a folded header that gives
 * the length of a body that is read, or has an empty line, a bare CR, a bare LF, NUL and other
 * control characters, white space before a colon or behind a chunk size, a quoted string in a chunk
 * extension that does not end, a chunk size that overflows, an HTTP version other than 1.x, status
 * 101, a 1xx response with a body. A bare LF is allowed to recipients (RFC 9112 section 2.2), but
 * not all take it for the end of a line. A line with a chunk size of more than
 * STS_HTTP_CHUNK_LINE_MAX_BYTES, and more than STS_HTTP_INTERIM_MAX 1xx responses, are too big.
 * Compressed is a response whose Content-Encoding names a compression.
 *
 * A status of 300 and more counts even if its body cannot be read as a whole: then a compressed
 * body is left out, and a body that is too big is cut, for chunks behind the last one that fits.
 */
enum sts_err sts_http_response_feed(struct sts_http_response *p, const char *data, size_t len,
				    size_t *used, struct sts_error *e);

/*
 * Tell the parser that the peer has closed the connection.
 *   clean  in  the peer sent a close_notify, or, in plain TCP, an orderly FIN
 * Returns STS_OK when the response is complete, else STS_ETRUNCATED or the earlier error. A body
 * that ends with the connection is complete only when `clean` is set.
 */
enum sts_err sts_http_response_eof(struct sts_http_response *p, bool clean, struct sts_error *e);

/*
 * Read Retry-After: seconds or an HTTP date (RFC 9110 section 10.2.3).
 *   now_s   in  seconds since the epoch. A date in Retry-After is compared with the header Date of
 *               the response, or with now_s when the response has no Date
 *   most_s  in  the largest result; a longer time counts as most_s
 * Returns seconds from 0 to most_s; -1 when the header is absent or malformed.
 */
int sts_http_retry_after_s(const struct sts_http_head *head, int64_t now_s, int most_s);

#endif
