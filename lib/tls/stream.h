/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection to the STS: the TLS client (client.h) over a socket, with our own verifier. One
 * deadline bounds every read and write. Plain TCP to loopback (--insecure-http) has the same
 * functions, so that callers need only one path.
 */
#ifndef STS_TLS_STREAM_H
#define STS_TLS_STREAM_H

#include "tls/client.h"
#include "trust/verifier.h"

#define STS_STREAM_FIRST_BYTES 5 /* the header of a TLS record */

struct sts_stream {
	int fd;     /* the caller's: the caller closes it */
	bool plain; /* plain TCP */
	int64_t deadline_boot_ms;
	struct sts_verifier *verifier; /* the caller's */
	bool refused;                  /* the server refused the client certificate by an alert that
				      was protected: it has not taken the request */
	/* private */
	bool timed_out, peer_closed;
	int io_errno;                          /* of the last failed system call; 0 for none */
	uint8_t first[STS_STREAM_FIRST_BYTES]; /* from the peer; they show whether it speaks TLS */
	size_t first_len;
	struct sts_tls_client tls; /* public again; tls.facts: what was agreed on */
};

/*
 * Set up a stream over a connected, non-blocking socket.
 *   fd        in  stays the caller's
 *   verifier  in  set up by sts_verifier_init(), must outlive *t; NULL with plain
 *   host      in  for SNI: NUL-terminated, without a trailing dot; NULL for an IP literal, which
 *                 has no SNI
 *   deadline  in  BOOTTIME ms, for everything that is done with the stream
 *   key       in  the client certificate for a server that asks for one; must outlive *t; NULL
 *                 for none
 */
void sts_stream_init(struct sts_stream *t, int fd, bool plain, struct sts_verifier *verifier,
		     const char *host, int64_t deadline_boot_ms, const struct sts_client_key *key);

/*
 * Do the TLS handshake. Plain TCP has none.
 * Returns STS_OK; STS_ECLIENT_CERT when the server asked for a client certificate and then refused
 * the handshake, or in TLS 1.2 ended the connection; STS_ECERT_* and STS_ECA_FILE with the message
 * of the verifier; STS_ETLS_CLOSED when the connection was closed or broke; STS_ETIMEOUT; what
 * sts_tls_explain() gives for a rule of TLS that the server broke, and for an alert; STS_ETLS for a
 * peer that does not speak TLS; STS_EBUG when the system gives no random bytes.
 */
enum sts_err sts_stream_handshake(struct sts_stream *t, struct sts_error *e);

/*
 * Write all bytes and flush. It is not an error when the peer has closed the connection, or when
 * the connection broke: a server may respond before it has read the whole request.
 * sts_stream_read() then gives the response or the end of the stream. Returns STS_OK, STS_ETIMEOUT
 * or an error of TLS.
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
 *   STS_ECLIENT_CERT  the server asked for a client certificate, and ended the connection before
 *                 it answered: in TLS 1.3 a server refuses the certificate only then
 *   STS_ETLS_RENEGOTIATION  the server asked to renegotiate, was refused, and ended the connection
 *   other errors  the peer broke the TLS protocol, or sent an alert
 */
enum sts_err sts_stream_read(struct sts_stream *t, void *data, size_t size, size_t *got,
			     bool *clean, struct sts_error *e);

/*
 * Overwrite keys and buffers. The socket stays open. Before that, close_notify is sent if the
 * handshake is over or the server has sent its own, nothing has failed, and it is possible without
 * waiting. A stream of zeros is only overwritten.
 */
void sts_stream_fini(struct sts_stream *t);

#endif
