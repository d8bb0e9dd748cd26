/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection to the STS: TLS 1.2 (RFC 5246) as a client, with ECDHE and AEAD only, our own
 * verifier, no renegotiation, ALPN http/1.1 (RFC 7301), SNI (RFC 6066), and entropy from
 * getrandom(2). One deadline bounds every read and write. Plain TCP to loopback (--insecure-http)
 * has the same functions, so that callers need only one path.
 */
#ifndef STS_TLS_STREAM_H
#define STS_TLS_STREAM_H

#include "tls/client_class.h"
#include "trust/verifier.h"

#define STS_STREAM_FIRST_BYTES 5 /* the header of a TLS record */

struct sts_stream {
	int fd;     /* the caller's: the caller closes it */
	bool plain; /* plain TCP */
	int64_t deadline_boot_ms;
	struct sts_verifier *verifier; /* the caller's */
	struct sts_client_class auth;  /* auth.asked: the server asked for a certificate */
	/* private */
	br_ssl_client_context client;
	br_sslio_context io;
	uint8_t buffer[BR_SSL_BUFSIZE_BIDI];
	bool timed_out, peer_closed;
	int io_errno;                          /* of the last failed system call; 0 for none */
	uint8_t first[STS_STREAM_FIRST_BYTES]; /* from the peer; they show whether it speaks TLS */
	size_t first_len;
};

/*
 * Set up a stream over a connected, non-blocking socket.
 *   fd        in  stays the caller's
 *   verifier  in  set up by sts_verifier_init(), must outlive *t; NULL with plain
 *   host      in  for SNI: NUL-terminated, without a trailing dot; NULL for an IP literal, which
 *                 has no SNI
 *   deadline  in  BOOTTIME ms, for everything that is done with the stream
 * Returns STS_OK, or STS_EBUG when the kernel gives no random bytes.
 */
enum sts_err sts_stream_init(struct sts_stream *t, int fd, bool plain,
			     struct sts_verifier *verifier, const char *host,
			     int64_t deadline_boot_ms, struct sts_error *e);

/*
 * Give the stream a client certificate for a server that asks for one. Call this before the
 * handshake.
 *   key  in  must outlive *t; NULL for none
 */
void sts_stream_use_key(struct sts_stream *t, const struct sts_client_key *key);

/*
 * Do the TLS handshake. Plain TCP has none.
 * Returns STS_OK; STS_ECLIENT_CERT when the server asked for a client certificate and then refused
 * the handshake;
 * STS_ECERT_* and STS_ECA_FILE with the message of the verifier; STS_ETLS_VERSION or
 * STS_ETLS_REFUSED after the server's alert; STS_ETLS_CLOSED when the connection was closed or
 * broke; STS_ETLS for every other breach of TLS, and for a peer that does not speak TLS;
 * STS_ETIMEOUT.
 */
enum sts_err sts_stream_handshake(struct sts_stream *t, struct sts_error *e);

/*
 * Write all bytes and flush. It is not an error when the peer has closed the connection, or when
 * the connection broke: a server may respond before it has read the whole request.
 * sts_stream_read() then gives the response or the end of the stream. Returns STS_OK, STS_ETIMEOUT
 * or STS_ETLS.
 */
enum sts_err sts_stream_write(struct sts_stream *t, const void *data, size_t len,
			      struct sts_error *e);

/*
 * Read some bytes. This waits until there is at least one byte, or the stream ends.
 *   data   out  size bytes, UNTRUSTED
 *   size   in   not 0
 *   got    out  bytes that were read: at least 1 with STS_OK, else 0
 *   clean  out  meaningful with STS_EAGAIN, which is the end of the stream: true when the peer
 *               ended it with a close_notify or, in plain TCP, an orderly FIN; false after any
 *               other end, which may have cut the response
 * Returns one of these:
 *   STS_OK        there are bytes
 *   STS_EAGAIN    the stream has ended, and there will be no further byte. Unlike EAGAIN of
 *                 read(2), this does not mean that the caller should try again
 *   STS_ETIMEOUT  the deadline has passed
 *   STS_ETLS      the peer broke the TLS protocol
 */
enum sts_err sts_stream_read(struct sts_stream *t, void *data, size_t size, size_t *got,
			     bool *clean, struct sts_error *e);

/*
 * Overwrite keys and buffers. The socket stays open. No close_notify is sent, since
 * br_sslio_close() can hang.
 */
void sts_stream_fini(struct sts_stream *t);

#endif
