/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoints of this STS, one function each. A handler fills ctx->reply.
 */
#ifndef MOCK_ENDPOINTS_H
#define MOCK_ENDPOINTS_H

#include "config.h"

/* openunison.c: the reference system's own protocol */
void mock_openunison_user(struct mock_ctx *ctx);
void mock_openunison_sig_cert(struct mock_ctx *ctx);
void mock_openunison_issuer_docs(struct mock_ctx *ctx);
void mock_openunison_nothing(struct mock_ctx *ctx); /* 404 */
void mock_discovery(struct mock_ctx *ctx);
void mock_certs(struct mock_ctx *ctx);
/* exchange.c: OAuth 2.0 Token Exchange */
void mock_token_exchange(struct mock_ctx *ctx);
/* revoke.c: revoke-self of Vault, RFC 7009 */
void mock_vault_revoke_self(struct mock_ctx *ctx);
void mock_revoke(struct mock_ctx *ctx);
/* control.c */
void mock_control(struct mock_ctx *ctx);

/* routes.c: send a request where it belongs, faults applied. control_only: nothing but /control. */
void mock_route(struct mock_ctx *ctx, bool control_only);

#endif
