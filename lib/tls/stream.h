/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream to the STS: a TLS client of TLS 1.2 only, ECDHE with AEAD, our verifier, no
 * renegotiation, ALPN http/1.1, SNI, entropy from getrandom(2). Every low-level read and write
 * polls against one deadline; end of file is an error of its own, never 0. The same functions serve
 * plain TCP to loopback (--insecure-http), so that callers have one path.
 */
#ifndef STS_TLS_STREAM_H
#define STS_TLS_STREAM_H

#include "tls/client_key.h"
#include "trust/verifier.h"

struct sts_stream {
	int fd;     /* the caller's; not closed here */
	bool plain; /* --insecure-http */
	int64_t deadline_boot_ms;
	struct sts_verifier *verifier;
	struct sts_client_class auth; /* .asked tells whether the server wanted a certificate */
	/* private */
	br_ssl_client_context client;
	br_sslio_context io;
	uint8_t buffer[BR_SSL_BUFSIZE_BIDI];
	bool timed_out, peer_closed;
	int io_errno;
	uint8_t first[5]; /* from the peer, to tell TLS from what is none */
	size_t first_len;
};

/*
 * Set up over a connected, non-blocking socket.
 *   verifier  in  set up by sts_verifier_init(); NULL with plain
 *   host      in  for SNI, NUL-terminated, no trailing dot; NULL for an IP literal (no SNI)
 * Returns STS_OK; STS_EBUG when the kernel gives no random bytes.
 */
enum sts_err sts_stream_init(struct sts_stream *t, int fd, bool plain,
			     struct sts_verifier *verifier, const char *host,
			     int64_t deadline_boot_ms, struct sts_error *e);

/* Before the handshake: what a server that asks for a certificate is shown. key: kept; NULL:
 * none. */
void sts_stream_use_key(struct sts_stream *t, const struct sts_client_key *key);

/*
 * Do the handshake. (Plain: nothing.)
 * Returns STS_OK; STS_ECLIENT_CERT when the server, having asked for a certificate, refuses;
 * STS_ECERT_*, STS_ECA_FILE from the verifier, with its message; STS_ETLS_VERSION,
 * STS_ETLS_REFUSED, STS_ETLS_CLOSED (before the handshake was over), STS_ETLS (a peer that speaks
 * no TLS too); STS_ETIMEOUT.
 */
enum sts_err sts_stream_handshake(struct sts_stream *t, struct sts_error *e);

/*
 * Write all and flush. A peer that has closed, or a connection that broke, is no error here: a
 * server may answer before it has read the whole request, and sts_stream_read() tells.
 * Returns STS_OK, STS_ETIMEOUT, STS_ETLS.
 */
enum sts_err sts_stream_write(struct sts_stream *t, const void *data, size_t len,
			      struct sts_error *e);

/*
 * Read some.
 *   size   in   not 0
 *   got    out  bytes, > 0 on STS_OK; 0 with STS_EAGAIN
 *   clean  out  meaningful with STS_EAGAIN, when the peer has closed: true after a close_notify
 *               (plain: an orderly FIN), false after anything else, which may be a truncation
 * Returns STS_OK, STS_EAGAIN at the end of the stream, STS_ETIMEOUT, STS_ETLS.
 */
enum sts_err sts_stream_read(struct sts_stream *t, void *data, size_t size, size_t *got,
			     bool *clean, struct sts_error *e);

/*
 * Wipe keys and buffers. Does not close the descriptor and sends no close_notify (br_sslio_close
 * can hang).
 */
void sts_stream_fini(struct sts_stream *t);

#endif
