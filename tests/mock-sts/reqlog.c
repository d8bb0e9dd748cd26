/* SPDX-License-Identifier: Apache-2.0 */
#include "reqlog.h"

#include "form.h"
#include "jsonout.h"

/* What a peer has sent may not be UTF-8. */
static struct sts_slice safe(struct sts_slice value, char copy[512])
{
	value.len = value.len < 512 ? value.len : 512;
	for (size_t i = 0; i < value.len; i++)
		copy[i] = (signed char)value.data[i] > 0 ? value.data[i] : '?';
	return (struct sts_slice){copy, value.len};
}

static void add_safe(struct mock_json *j, const char *name, struct sts_slice value)
{
	char copy[512];

	mock_json_string(j, name, safe(value, copy));
}

static void start(struct mock_json *j, struct sts_text *t, char *buf, size_t size,
		  const struct mock_ctx *ctx)
{
	char when[32];
	struct sts_text w;

	sts_text_init(&w, when, sizeof(when));
	mock_add_rfc3339(&w, mock_now_ms() / 1000);
	sts_text_init(t, buf, size - 1);
	mock_json_init(j, t, NULL, false);
	mock_json_open(j, NULL);
	mock_json_z(j, "time", when);
	mock_json_int(j, "ms", mock_now_ms() - ctx->began_ms);
	mock_json_int(j, "connection", (int64_t)ctx->connection);
	if (ctx->conn.sni[0])
		add_safe(j, "sni", sts_slice_of(ctx->conn.sni));
}

static void finish(int fd, struct mock_json *j, struct sts_text *t)
{
	mock_json_close(j);
	if (!t->overflow) {
		t->data[t->len++] = '\n';
		mock_write_all(fd, t->data, t->len);
	}
}

static void add_header_names(struct mock_json *j, const struct mock_request *r)
{
	char buf[16 * 1024];
	struct sts_text t;

	sts_text_init(&t, buf, sizeof(buf));
	sts_text_add_char(&t, '[');
	for (size_t i = 0; i < r->header_count; i++) {
		if (i > 0)
			sts_text_add_char(&t, ',');
		mock_json_add_string(&t, r->header[i].name, false);
	}
	sts_text_add_char(&t, ']');
	if (!t.overflow)
		mock_json_raw(j, "headers", (struct sts_slice){t.data, t.len});
}

/* These values are not secrets. */
static void add_header_values(struct mock_json *j, const struct mock_request *r)
{
	static const char *const names[] = {"Host", "User-Agent", "Accept", "Content-Type",
					    "Connection"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct sts_slice value = mock_request_header(r, names[i]);

		if (value.data)
			add_safe(j, names[i], value);
	}
}

static void add_form(struct mock_json *j, const struct mock_ctx *ctx)
{
	char buf[32 * 1024], copy[512], id[MOCK_ID_CHARS];
	struct sts_text t;

	sts_text_init(&t, buf, sizeof(buf));
	for (size_t i = 0; i < ctx->form.count; i++) {
		struct sts_slice name = ctx->form.param[i].name, value = ctx->form.param[i].value;
		bool secret = mock_form_is_secret(name.data, value);

		sts_text_add_str(&t, i > 0 ? ",[" : "[[");
		mock_json_add_string(&t, safe(name, copy), false);
		sts_text_add_char(&t, ',');
		mock_id(value.data, value.len, id);
		mock_json_add_string(&t, secret ? sts_slice_of(id) : safe(value, copy), false);
		sts_text_add_char(&t, ']');
	}
	sts_text_add_char(&t, ']');
	if (ctx->form.count > 0 && !t.overflow)
		mock_json_raw(j, "form", (struct sts_slice){t.data, t.len});
}

void mock_log_request(int fd, const struct mock_ctx *ctx)
{
	static char buf[64 * 1024];
	const struct mock_request *r = &ctx->request;
	char id[MOCK_ID_CHARS];
	struct mock_json j;
	struct sts_text t;

	if (fd < 0)
		return;
	start(&j, &t, buf, sizeof(buf), ctx);
	mock_json_z(&j, "method", r->method ? r->method : "");
	mock_json_z(&j, "path", r->path && !r->wrong ? r->path : "");
	mock_json_int(&j, "status", ctx->reply.status);
	mock_json_int(&j, "sent", (int64_t)ctx->reply.sent);
	mock_json_raw(&j, "complete", ctx->reply.complete ? STS_SLICE("true") : STS_SLICE("false"));
	if (ctx->token.len > 0) {
		mock_id(ctx->token.data, ctx->token.len, id);
		mock_json_z(&j, "subject", id);
	}
	if (ctx->note)
		mock_json_z(&j, "refused", ctx->note);
	if (ctx->answer)
		mock_json_z(&j, "error", ctx->answer);
	if (r->wrong)
		mock_json_z(&j, "wrong", r->wrong);
	if (ctx->fault.params.count > 0)
		mock_json_int(&j, "fault", (int64_t)ctx->fault.params.count);
	add_header_names(&j, r);
	add_header_values(&j, r);
	add_form(&j, ctx);
	finish(fd, &j, &t);
}

void mock_log_connection(int fd, const struct mock_ctx *ctx, const char *what)
{
	char buf[1024];
	struct mock_json j;
	struct sts_text t;

	if (fd < 0)
		return;
	start(&j, &t, buf, sizeof(buf), ctx);
	mock_json_z(&j, "connection_ended", what);
	mock_json_int(&j, "tls_error", mock_conn_error(&ctx->conn));
	finish(fd, &j, &t);
}
