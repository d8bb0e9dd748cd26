/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "endpoints.h"
#include "form.h"
#include "service.h"

struct route {
	const char *path; /* after the name, or whole; *: text without a slash, **: any text */
	bool named;       /* under /NAME */
	bool issuer;      /* under the issuer's path as well */
	void (*handle)(struct mock_ctx *ctx);
	enum mock_counter counter;
	const struct mock_service *service; /* if there is no handler */
};

#define ACCOUNT "/v1/projects/-/serviceAccounts/*:generate"

static const struct route routes[] = {
	{"/token/user", true, false, mock_openunison_user, MOCK_REQ_OPENUNISON, NULL},
	{"/sig-cert", true, false, mock_openunison_sig_cert, MOCK_REQ_SIG_CERT, NULL},
	{"/sig-cert**", true, false, mock_openunison_sig_cert, MOCK_REQ_SIG_CERT, NULL},
	{"/issuer-docs", true, false, mock_openunison_issuer_docs, MOCK_REQ_OTHER, NULL},
	{"/token", true, true, mock_token_exchange, MOCK_REQ_EXCHANGE, NULL},
	{"/token", false, true, mock_token_exchange, MOCK_REQ_EXCHANGE, NULL},
	{"/.well-known/openid-configuration", false, true, mock_discovery, MOCK_REQ_OTHER, NULL},
	{"/certs", false, true, mock_certs, MOCK_REQ_OTHER, NULL},
	{"/v1/oauth/token", false, false, NULL, MOCK_REQ_SERVICE, &mock_anthropic},
	{"/oauth/token", false, false, NULL, MOCK_REQ_SERVICE, &mock_openai},
	{"/*/oauth2/v2.0/token", false, false, NULL, MOCK_REQ_SERVICE, &mock_entra},
	{"/", false, false, NULL, MOCK_REQ_SERVICE, &mock_aws},
	{"/v1/token", false, false, NULL, MOCK_REQ_SERVICE, &mock_gcp},
	{ACCOUNT "AccessToken", false, false, NULL, MOCK_REQ_SERVICE, &mock_gcp_impersonate},
	{ACCOUNT "IdToken", false, false, NULL, MOCK_REQ_SERVICE, &mock_gcp_id_token},
	{"/v1/auth/**/login", false, false, NULL, MOCK_REQ_SERVICE, &mock_vault},
	{"/v1/auth/token/revoke-self", false, false, mock_vault_revoke_self, MOCK_REQ_OTHER, NULL},
	{"/revoke", false, true, mock_revoke, MOCK_REQ_OTHER, NULL},
	{"/api/v1/namespaces/**/token", false, false, NULL, MOCK_REQ_SERVICE, &mock_token_request},
	{"/sts/exchange", false, false, NULL, MOCK_REQ_SERVICE, &mock_octo_sts},
	{"/custom/bearer", false, false, NULL, MOCK_REQ_SERVICE, &mock_custom_bearer},
	{"/custom/header", false, false, NULL, MOCK_REQ_SERVICE, &mock_custom_header},
	{"/custom/query", false, false, NULL, MOCK_REQ_SERVICE, &mock_custom_query},
	{"/custom/field", false, false, NULL, MOCK_REQ_SERVICE, &mock_custom_field},
	{"/custom/pointer", false, false, NULL, MOCK_REQ_SERVICE, &mock_custom_pointer},
	{"/**", true, false, mock_openunison_nothing, MOCK_REQ_OTHER, NULL}, /* all else */
};

/* The path of the issuer's URL; "" if it has none. */
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

/* Does the rest of the path fit? wild  out  what stood for the star */
static bool fits(const char *pattern, const char *path, struct sts_slice *wild)
{
	size_t before = strcspn(pattern, "*"), len = strlen(path);
	const char *after = pattern + before;
	bool any = after[0] == '*' && after[1] == '*';

	if (!*after)
		return strcmp(pattern, path) == 0;
	after += 1 + any;
	if (len <= before + strlen(after) || strncmp(pattern, path, before) != 0 ||
	    strcmp(path + len - strlen(after), after) != 0)
		return false;
	*wild = (struct sts_slice){path + before, len - before - strlen(after)};
	return any || !memchr(wild->data, '/', wild->len);
}

static bool matches(const struct route *route, const struct mock_config *config, const char *path,
		    struct sts_slice *wild)
{
	const char *rest = path, *base = issuer_path(config);

	for (int try = 0; try < 1 + route->issuer; try++) {
		rest = path;
		if (try == 1 && !under(&rest, base, strlen(base)))
			continue;
		if (route->named &&
		    !(under(&rest, "/", 1) && under(&rest, config->name, strlen(config->name))))
			continue;
		if (fits(route->path, rest, wild))
			return true;
	}
	return false;
}

static const struct route *find(struct mock_ctx *ctx)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (matches(&routes[i], ctx->config, ctx->request.path, &ctx->wild))
			return &routes[i];
	return NULL;
}

static bool is_control(const struct mock_ctx *ctx)
{
	return strncmp(ctx->request.path, "/control/", 9) == 0;
}

/* Does the fault replace the whole answer? Then nothing is verified or issued. */
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

/* Find the protocol if one path has several. NULL: that of the route. */
static const struct mock_service *service_of(const struct mock_ctx *ctx, const struct route *route)
{
	const char *grant = mock_form_get(ctx, "grant_type");

	if (!route || !grant)
		return route ? route->service : NULL;
	if (route->service == &mock_gcp)
		return &mock_gcp_snake;
	if (route->handle == mock_token_exchange && strcmp(grant, "client_credentials") == 0)
		return &mock_client_assertion;
	if (route->handle == mock_token_exchange &&
	    strcmp(grant, "urn:ietf:params:oauth:grant-type:jwt-bearer") == 0)
		return &mock_jwt_bearer;
	return route->service;
}

static void serve(struct mock_ctx *ctx)
{
	const struct route *route = find(ctx);
	const char *wrong = mock_form_read(ctx);

	const struct mock_service *service = service_of(ctx, route);

	if (service && (service->bodies & MOCK_QUERY) && ctx->request.body.len == 0 &&
	    !mock_form_read_query(ctx))
		wrong = "malformed query";
	choose_fault(ctx);
	mock_state_count(ctx->state, !route    ? MOCK_REQ_OTHER
				     : service ? MOCK_REQ_SERVICE
					       : route->counter);
	if (replaces(&ctx->fault)) {
		mock_reply_init(&ctx->reply, 200, NULL);
		mock_reply_bend(&ctx->reply, &ctx->fault, ctx->token);
		return;
	}
	if (!route) {
		mock_reply_init(&ctx->reply, 404, NULL);
	} else if (service) {
		mock_service_run(ctx, service, wrong);
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
	ctx->note = ctx->answer = ctx->email = NULL;
	ctx->wild = (struct sts_slice){NULL, 0};
	ctx->detail[0] = 0;
	ctx->wanted_s = 0;
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
