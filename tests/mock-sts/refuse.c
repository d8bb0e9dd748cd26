/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The errors of each service.
 */
#include <stdlib.h>
#include <string.h>

#include "service.h"

static void open_json(struct mock_ctx *ctx, struct mock_json *j, int status)
{
	mock_reply_init(&ctx->reply, status, "application/json");
	mock_reply_header(&ctx->reply, "Cache-Control", STS_SLICE("no-store"));
	mock_json_init(j, &ctx->reply.body, &ctx->fault, false);
	mock_json_open(j, NULL);
}

void mock_json_uuid(struct mock_json *j, const char *name)
{
	char buf[40];
	struct sts_text t;

	sts_text_init(&t, buf, sizeof(buf));
	mock_uuid(&t, NULL);
	mock_json_z(j, name, buf);
}

void mock_refuse_oauth(struct mock_ctx *ctx, const struct mock_refusal *refusal,
		       const char *message)
{
	struct mock_json j;

	open_json(ctx, &j, refusal->status);
	mock_json_z(&j, "error", refusal->code);
	mock_json_z(&j, "error_description", message);
	mock_json_close(&j);
}

/* Errors as in OAuth, with the AADSTS number of the message once more by itself. */
void mock_refuse_entra(struct mock_ctx *ctx, const struct mock_refusal *refusal,
		       const char *message)
{
	char codes_buf[32], when_buf[32];
	struct sts_text codes, when;
	struct mock_json j;

	open_json(ctx, &j, refusal->status);
	mock_json_z(&j, "error", refusal->code);
	mock_json_z(&j, "error_description", message);
	sts_text_init(&codes, codes_buf, sizeof(codes_buf));
	sts_text_addf(&codes, "[%d]", atoi(message + strcspn(message, "0123456789")));
	mock_json_raw(&j, "error_codes", (struct sts_slice){codes.data, codes.len});
	sts_text_init(&when, when_buf, sizeof(when_buf));
	mock_add_rfc3339(&when, mock_ctx_now_ms(ctx) / 1000);
	when_buf[10] = ' '; /* 2026-01-12 16:00:00Z */
	mock_json_z(&j, "timestamp", when_buf);
	mock_json_uuid(&j, "trace_id");
	mock_json_uuid(&j, "correlation_id");
	mock_json_close(&j);
}

void mock_refuse_anthropic(struct mock_ctx *ctx, const struct mock_refusal *refusal,
			   const char *message)
{
	struct mock_json j;

	open_json(ctx, &j, refusal->status);
	mock_json_z(&j, "type", "error");
	if (mock_json_open(&j, "error")) {
		mock_json_z(&j, "type", refusal->code);
		mock_json_z(&j, "message", message);
		mock_json_close(&j);
	}
	mock_json_uuid(&j, "request_id");
	mock_json_close(&j);
}

void mock_aws_open(struct mock_ctx *ctx, struct mock_json *j, int status)
{
	struct sts_slice accept = mock_request_header(&ctx->request, "Accept");

	if (sts_slice_find(accept, STS_SLICE("application/json")) >= 0 &&
	    !mock_fault_on(&ctx->fault, "xml")) {
		open_json(ctx, j, status);
		return;
	}
	mock_reply_init(&ctx->reply, status, "text/xml");
	mock_json_init_xml(j, &ctx->reply.body, &ctx->fault,
			   "https://sts.amazonaws.com/doc/2011-06-15/");
}

void mock_refuse_aws(struct mock_ctx *ctx, const struct mock_refusal *refusal, const char *message)
{
	struct mock_json j;

	mock_aws_open(ctx, &j, refusal->status);
	if (j.xmlns)
		mock_json_open(&j, "ErrorResponse");
	if (mock_json_open(&j, "Error")) {
		mock_json_z(&j, "Type", "Sender");
		mock_json_z(&j, "Code", refusal->code);
		mock_json_z(&j, "Message", message);
		mock_json_close(&j);
	}
	mock_json_uuid(&j, "RequestId");
	mock_json_close(&j);
}

/* The body repeats the status and has its name. */
void mock_refuse_google(struct mock_ctx *ctx, const struct mock_refusal *refusal,
			const char *message)
{
	struct mock_json j;

	open_json(ctx, &j, refusal->status);
	if (mock_json_open(&j, "error")) {
		mock_json_int(&j, "code", refusal->status);
		mock_json_z(&j, "message", message);
		mock_json_z(&j, "status", refusal->code);
		mock_json_close(&j);
	}
	mock_json_close(&j);
}

void mock_refuse_vault(struct mock_ctx *ctx, const struct mock_refusal *refusal,
		       const char *message)
{
	char buf[1024];
	struct sts_text t;
	struct mock_json j;

	open_json(ctx, &j, refusal->status);
	sts_text_init(&t, buf, sizeof(buf));
	sts_text_add_char(&t, '[');
	mock_json_add_string(&t, sts_slice_of(message), false);
	sts_text_add_char(&t, ']');
	mock_json_raw(&j, "errors", (struct sts_slice){t.data, t.len});
	mock_json_close(&j);
}

/* The gateway of gRPC: the code of a refusal is a number. */
void mock_refuse_grpc(struct mock_ctx *ctx, const struct mock_refusal *refusal, const char *message)
{
	struct mock_json j;

	open_json(ctx, &j, refusal->status);
	mock_json_int(&j, "code", atoi(refusal->code));
	mock_json_z(&j, "message", message);
	mock_json_raw(&j, "details", STS_SLICE("[]"));
	mock_json_close(&j);
}

/* A Status object, as the API server of Kubernetes answers. */
void mock_refuse_kubernetes(struct mock_ctx *ctx, const struct mock_refusal *refusal,
			    const char *message)
{
	struct mock_json j;

	open_json(ctx, &j, refusal->status);
	mock_json_z(&j, "kind", "Status");
	mock_json_z(&j, "apiVersion", "v1");
	mock_json_raw(&j, "metadata", STS_SLICE("{}"));
	mock_json_z(&j, "status", "Failure");
	mock_json_z(&j, "message", message);
	mock_json_z(&j, "reason", refusal->code);
	mock_json_int(&j, "code", refusal->status);
	mock_json_close(&j);
}
