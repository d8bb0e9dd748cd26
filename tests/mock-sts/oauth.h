/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the grants of OAuth 2.0 have in common. All of it reads ctx->form.
 */
#ifndef MOCK_OAUTH_H
#define MOCK_OAUTH_H

#include "config.h"
#include "issue.h"

#define MOCK_AUDIENCES_MAX 8

/* Is this a client of --client, by Basic or in the form, or is no client needed? */
bool mock_oauth_client_ok(const struct mock_ctx *ctx);
/* NULL is allowed. */
bool mock_oauth_scope_ok(const char *scope);
/*
 * Audiences and resources asked for; the default where there are none. False when one is not served
 * here.
 *   audience  out  MOCK_AUDIENCES_MAX of them
 */
bool mock_oauth_targets(const struct mock_ctx *ctx, struct sts_slice audience[MOCK_AUDIENCES_MAX],
			size_t *count);

/*
 * Answer with a token, and with the scope that was asked for.
 *   issued_type  in  issued_token_type; NULL: without it
 */
void mock_oauth_answer(struct mock_ctx *ctx, const struct mock_issued *issued,
		       const char *issued_type, const char *token_type);

#endif
