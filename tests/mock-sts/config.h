/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `mock-sts serve` was told, and what one connection works with.
 */
#ifndef MOCK_CONFIG_H
#define MOCK_CONFIG_H

#include "http_out.h"
#include "jwks.h"
#include "opt.h"
#include "state.h"

struct mock_config {
	/* where */
	const char *listen;
	int64_t port, control_port;
	const char *port_file, *control_port_file;
	bool insecure_http, control, exit_with_parent;
	/* TLS */
	const char *cert, *key, *ca_out;
	struct mock_list server_names;
	/* what it trusts */
	const char *jwks;
	struct mock_list trust_keys;
	const char *subject_issuer, *subject_audience;
	int64_t leeway_s;
	struct mock_list allow_namespaces, allow_serviceaccounts, roles;
	const char *subject_error;
	/* what it issues */
	const char *name, *issuer, *cluster, *alg;
	struct mock_list audiences, signing_keys, signing_certs, client_secrets;
	int64_t lifetime_s, clock_s;
	struct mock_list claims; /* NAME=JSON */
	bool any_audience, cap_by_subject, no_thumbprint, no_sig_cert, no_kid, publish_all_keys;
	bool no_api_server;
	/* faults and records */
	struct mock_list faults;
	const char *log;
};

/* One connection, and the request on it. */
struct mock_ctx {
	const struct mock_config *config;
	struct mock_state *state;
	struct mock_conn conn;
	struct mock_request request;
	struct mock_reply reply;
	struct mock_fault early, fault;
	/* for the log */
	uint64_t connection;
	int64_t began_ms;
	struct sts_slice token; /* the subject token as it came; "": none */
	struct mock_params form;
	char form_buf[MOCK_BODY_BYTES + 4096];
	/* of a JSON body, a bit for each parameter: no string but a number, true, false or null; an
	 * element of an array; a member of an inner object (its name is then outer/inner) */
	uint64_t form_literal, form_listed, form_nested;
	const char *note;   /* why a subject token was refused */
	const char *answer; /* the error code given */
	/* what a service uses */
	struct sts_slice wild; /* the part of the path that the star of the route stands for */
	char detail[256];      /* what is wrong with the request */
	int64_t wanted_s;      /* lifetime asked for; 0: the usual one */
	const char *email;     /* a further claim; NULL: none */
};

/* The time by the clock of this STS, for this answer. */
int64_t mock_ctx_now_ms(const struct mock_ctx *ctx);

#endif
