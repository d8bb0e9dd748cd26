/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a worker: from the CA files, through the name, the proxy and TLS, to the answer
 * of the server. The functions are called in this order, and the sandbox gets tighter in between
 * (sandbox/sandbox.h). Each takes its settings from the options and from the fields of the request.
 */
#ifndef STS_WORKER_CONNECTION_H
#define STS_WORKER_CONNECTION_H

#include "http_messages/response.h"
#include "net/connect.h"
#include "options/fields.h"
#include "sandbox/sandbox.h"
#include "tls/stream.h"
#include "trust/anchors.h"

/* A connection. It must not be copied, and it is too large for a stack. */
struct sts_connection {
	const struct sts_options *o;     /* the caller's */
	const struct sts_fields *fields; /* the caller's: the URL and the proxy are used */
	int64_t deadline_boot_ms;
	int socket;       /* -1: none */
	bool wanted_cert; /* the server asked for a client certificate, and was sent none */
	bool wanted_renegotiation; /* the server asked to renegotiate, and was refused */
	/* The server refused the client's certificate after the request was sent: it has not taken
	 * the request, which may be sent again. */
	bool refused;
	int64_t received_real_ms, received_boot_ms; /* when the answer began, or the stream ended */
	struct sts_stream stream;
	struct sts_connect_facts facts; /* of the server or its proxy */
	struct sts_ca_sources ca;
	struct sts_client_key client_key;
	struct sts_verifier verifier;
};

/*
 * Begin with a connection that is all zeros.
 *   o, fields      in   kept. The fields may still change until sts_connection_read_files()
 *   deadline       in   BOOTTIME ms, for all that follows
 */
void sts_connection_init(struct sts_connection *c, const struct sts_options *o,
			 const struct sts_fields *fields, int64_t deadline_boot_ms);

/*
 * Open the CA files, and read the client's certificate and key. Says which file is looked at
 * (worker/reads.h). Does nothing for a plain http URL.
 *   cas_identity  out  of the CA files (base/identity.h); unchanged for a plain http URL
 * Returns STS_OK; what sts_ca_sources_open() or sts_client_key_read() returns.
 */
enum sts_err sts_connection_read_files(struct sts_connection *c, uint64_t *cas_identity,
				       struct sts_error *e);

/* Allow what the connection still needs: the port of the server or of its proxy, DNS with its
 * files, and the files to which the links in CA directories lead. */
void sts_connection_allow(const struct sts_connection *c, struct sts_landlock *l);

/*
 * Resolve the name and connect, through the proxy if there is one. As soon as there is a socket,
 * the stage STS_SANDBOX_CONNECTED is entered. All this ends a little before the deadline, so that
 * the error names the name server, the address or the proxy that did not answer.
 *   e  out  not NULL; its code says during the call whether the name was resolved (net/connect.h)
 * Returns STS_OK; what sts_connect(), sts_tunnel_connect() or sts_tunnel_open() returns;
 * STS_ESANDBOX; STS_EURL if a plain http URL has led to an address other than loopback.
 */
enum sts_err sts_connection_open(struct sts_connection *c, struct sts_error *e);

/* Do the TLS handshake, if the URL is https. Returns what sts_verifier_init() or
 * sts_stream_handshake() returns. */
enum sts_err sts_connection_handshake(struct sts_connection *c, struct sts_error *e);

/*
 * Read the answer, close the connection, and enter the stage STS_SANDBOX_ANSWERED.
 *   http  in/out  of sts_http_response_init()
 * Returns STS_OK; what sts_stream_read() or the functions of http_messages/response.h return;
 * STS_ESANDBOX.
 */
enum sts_err sts_connection_read_answer(struct sts_connection *c, struct sts_http_response *http,
					struct sts_error *e);

/* Add to a refusal what the server asked for in TLS and did not get: some servers (nginx) finish
 * the handshake without a client certificate, and refuse the request. Nothing is added to the STS's
 * own reason (after a colon), since Vault and OpenBao ask every client for a certificate. Returns
 * the error, which is STS_ECLIENT_CERT for nginx's page about a client certificate. */
enum sts_err sts_connection_note_wanted(const struct sts_connection *c, struct sts_error *e);

/* Overwrite the secrets of the connection: its keys and its buffers. May be called at any time, and
 * also before sts_connection_init(). */
void sts_connection_wipe(struct sts_connection *c);

#endif
