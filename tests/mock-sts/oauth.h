/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the grants of OAuth 2.0 have in common. All of it reads ctx->form.
 */
#ifndef MOCK_OAUTH_H
#define MOCK_OAUTH_H

#include "config.h"

#define MOCK_AUDIENCES_MAX 8

/* Is it one of --client, by Basic or in the form; or is none wanted? */
bool mock_oauth_client_ok(const struct mock_ctx *ctx);
/* NULL is fine. */
bool mock_oauth_scope_ok(const char *scope);
/*
 * Audiences and resources asked for; the default where there are none. False when one is not served
 * here.
 *   audience  out  MOCK_AUDIENCES_MAX of them
 */
bool mock_oauth_targets(const struct mock_ctx *ctx, struct sts_slice audience[MOCK_AUDIENCES_MAX],
			size_t *count);

#endif
