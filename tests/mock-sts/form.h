/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request carries: the subject token (Bearer header, or a field of the form) and the form
 * itself, urlencoded or JSON.
 */
#ifndef MOCK_FORM_H
#define MOCK_FORM_H

#include "config.h"

/* Fill ctx->form and ctx->token. NULL when all is well (or there is nothing), else why the body
 * cannot be read. */
const char *mock_form_read(struct mock_ctx *ctx);
/* Fill ctx->form from the query in place of the body. False when it is malformed. */
bool mock_form_read_query(struct mock_ctx *ctx);
/* Value of a field; NULL when absent. */
const char *mock_form_get(const struct mock_ctx *ctx, const char *name);
/* Is this a field whose value must not be logged? */
bool mock_form_is_secret(const char *name, struct sts_slice value);

#endif
