/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Issuing tokens: who may have a token, and the token itself.
 */
#ifndef MOCK_ISSUE_H
#define MOCK_ISSUE_H

#include "config.h"
#include "jsonout.h"

struct mock_issued {
	struct sts_slice token; /* static storage */
	int64_t lifetime_s, expires_s;
	char display[288];                  /* cluster:namespace:serviceaccount */
	const struct mock_signing_key *key; /* of the key that signed; static storage */
};

enum mock_verdict { MOCK_ACCEPTED, MOCK_REJECTED_TOKEN, MOCK_DENIED_SUBJECT };
/* Verify ctx->token, ask the rules, and count. If the answer is no, ctx->note says why. */
enum mock_verdict mock_issue_check(struct mock_ctx *ctx, struct mock_subject *subject);

/* Was the token refused only because it has expired? */
bool mock_issue_expired(const struct mock_ctx *ctx);

/* Sign a token for these audiences (one is a string, several an array). Dies when signing fails. */
void mock_issue(struct mock_ctx *ctx, const struct mock_subject *subject,
		const struct sts_slice *audience, size_t audience_count,
		struct mock_issued *issued);

/* Make a token of random letters and digits after a prefix, which says nothing about its owner. Its
 * key is NULL. */
void mock_issue_opaque(struct mock_ctx *ctx, const struct mock_subject *subject, const char *prefix,
		       size_t chars, struct mock_issued *issued);

/* The key that signs at present. */
void mock_issue_key(struct mock_ctx *ctx, struct mock_signing_key *key);
/* Upper-case hex SHA-256 of its certificate. */
void mock_issue_add_thumbprint(struct sts_text *t, const struct mock_signing_key *key);

#endif
