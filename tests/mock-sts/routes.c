/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "endpoints.h"
#include "form.h"

struct route {
	const char *path; /* after the name, or whole */
	bool named;       /* under /NAME */
	bool issuer;      /* under the issuer's path as well */
	void (*handle)(struct mock_ctx *ctx);
	enum mock_counter counter;
};

static const struct route routes[] = {
	{"/token/user", true, false, mock_openunison_user, MOCK_REQ_OPENUNISON},
	{"/sig-cert", true, false, mock_openunison_sig_cert, MOCK_REQ_SIG_CERT},
	{"/issuer-docs", true, false, mock_openunison_issuer_docs, MOCK_REQ_OTHER},
	{"/token", true, true, mock_token_exchange, MOCK_REQ_EXCHANGE},
	{"/token", false, true, mock_token_exchange, MOCK_REQ_EXCHANGE},
	{"/.well-known/openid-configuration", false, true, mock_discovery, MOCK_REQ_OTHER},
	{"/certs", false, true, mock_certs, MOCK_REQ_OTHER},
};

/* The path of the issuer's URL, "" where it has none. */
static const char *issuer_path(const struct mock_config *config)
{
	const char *authority = strstr(config->issuer, "://");
	const char *slash = authority ? strchr(authority + 3, '/') : NULL;

	return slash ? slash : "";
}

static bool under(const char **path, const char *prefix, size_t len)
{
	if (strncmp(*path, prefix, len) != 0)
		return false;
	*path += len;
	return true;
}

static bool matches(const struct route *route, const struct mock_config *config, const char *path)
{
	const char *rest = path, *base = issuer_path(config);

	for (int try = 0; try < 1 + route->issuer; try++) {
		rest = path;
		if (try == 1 && !under(&rest, base, strlen(base)))
			continue;
		if (route->named &&
		    !(under(&rest, "/", 1) && under(&rest, config->name, strlen(config->name))))
			continue;
		if (strcmp(rest, route->path) == 0)
			return true;
	}
	return false;
}

static const struct route *find(const struct mock_ctx *ctx)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (matches(&routes[i], ctx->config, ctx->request.path))
			return &routes[i];
	return NULL;
}

static bool is_control(const struct mock_ctx *ctx)
{
	return strncmp(ctx->request.path, "/control/", 9) == 0;
}

/* Does the fault put something else in place of the whole answer? Then nothing is verified or
 * issued. */
static bool replaces(const struct mock_fault *fault)
{
	static const char *const names[] = {"status", "error", "echo", "redirect", "html",
					    "empty",  "body",  "raw",  "garbage"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (mock_fault_text(fault, names[i]))
			return true;
	return false;
}

static void choose_fault(struct mock_ctx *ctx)
{
	bool taken;

	mock_state_lock(ctx->state);
	taken = mock_slots_take(&ctx->state->faults, ctx->request.method, ctx->request.path,
				&ctx->fault);
	mock_state_unlock(ctx->state);
	if (taken)
		mock_state_count(ctx->state, MOCK_FAULTS);
	else
		ctx->fault.params = ctx->early.params; /* its text stays in ctx->early */
	ctx->early.params.count = 0;
}

static void serve(struct mock_ctx *ctx)
{
	const struct route *route = find(ctx);
	const char *wrong = mock_form_read(ctx);

	choose_fault(ctx);
	mock_state_count(ctx->state, route ? route->counter : MOCK_REQ_OTHER);
	if (replaces(&ctx->fault)) {
		mock_reply_init(&ctx->reply, 200, NULL);
		mock_reply_bend(&ctx->reply, &ctx->fault, ctx->token);
		return;
	}
	if (!route) {
		mock_reply_init(&ctx->reply, 404, NULL);
	} else if (wrong && route->handle == mock_token_exchange) {
		ctx->answer = "invalid_request";
		mock_reply_init(&ctx->reply, 400, "application/json");
		sts_text_addf(&ctx->reply.body,
			      "{\"error\":\"invalid_request\",\"error_description\":\"%s\"}",
			      wrong);
	} else {
		route->handle(ctx);
	}
	mock_reply_bend(&ctx->reply, &ctx->fault, ctx->token);
}

void mock_route(struct mock_ctx *ctx, bool control_only)
{
	ctx->fault.params.count = 0;
	ctx->token = (struct sts_slice){NULL, 0};
	ctx->form.count = 0;
	ctx->note = ctx->answer = NULL;
	if (ctx->request.wrong) {
		mock_state_count(ctx->state, MOCK_BAD_REQUESTS);
		mock_reply_init(&ctx->reply, ctx->request.wrong_status, "text/plain");
		sts_text_addf(&ctx->reply.body, "%s\n", ctx->request.wrong);
		return;
	}
	if (is_control(ctx) && (ctx->config->control || control_only)) {
		mock_control(ctx);
		return;
	}
	if (control_only) {
		mock_reply_init(&ctx->reply, 404, NULL);
		return;
	}
	mock_state_count(ctx->state, MOCK_REQUESTS);
	serve(ctx);
}
