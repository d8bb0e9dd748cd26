/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <stdio.h>
#include <string.h>

#include "form.h"

enum mock_wrong mock_service_wrong(struct mock_ctx *ctx, enum mock_wrong wrong, const char *detail)
{
	snprintf(ctx->detail, sizeof(ctx->detail), "%s", detail);
	return wrong;
}

static enum mock_wrong wrong_field(struct mock_ctx *ctx, const struct mock_field *field,
				   const char *name, const char *what)
{
	snprintf(ctx->detail, sizeof(ctx->detail), "%.64s %s", name, what);
	return field && field->wrong ? field->wrong : MOCK_WRONG_FIELD;
}

bool mock_service_fits(struct sts_slice value, const char *pattern)
{
	struct sts_slice want = sts_slice_of(pattern);
	bool any_first = want.len > 0 && want.data[0] == '*', any_last;

	want.data += any_first;
	want.len -= any_first;
	any_last = want.len > 0 && want.data[want.len - 1] == '*';
	want.len -= any_last;
	if (value.len < want.len)
		return false;
	if (any_first && any_last)
		return sts_slice_find(value, want) >= 0;
	if (!any_last && !any_first && value.len != want.len)
		return false;
	return memcmp(value.data + (any_first ? value.len - want.len : 0), want.data, want.len) ==
	       0;
}

bool mock_service_role_ok(const struct mock_ctx *ctx, struct sts_slice name)
{
	return ctx->config->roles.count == 0 ||
	       mock_list_has(&ctx->config->roles, name.data, name.len);
}

/* a.#.b fits a.7.b */
static bool is_named(const char *pattern, const char *name)
{
	const char *mark = strchr(pattern, '#');
	size_t before = mark ? (size_t)(mark - pattern) : 0, digits;

	if (!mark)
		return strcmp(pattern, name) == 0;
	if (strncmp(pattern, name, before) != 0)
		return false;
	digits = strspn(name + before, "0123456789");
	return digits > 0 && strcmp(name + before + digits, mark + 1) == 0;
}

static enum mock_wrong check_value(struct mock_ctx *ctx, const struct mock_field *field,
				   struct sts_slice value)
{
	static const char bearer[] = "Bearer ";

	if (value.len == 0)
		return wrong_field(ctx, field, field->name, "is empty");
	if (field->pattern && !mock_service_fits(value, field->pattern))
		return wrong_field(ctx, field, field->name, "is not one that is taken here");
	if ((field->flags & MOCK_FIELD_ROLE) && !mock_service_role_ok(ctx, value))
		return mock_service_wrong(ctx, MOCK_WRONG_ROLE, field->name);
	if (field->flags & MOCK_FIELD_SUBJECT) {
		if (sts_slice_starts(value, bearer))
			value = (struct sts_slice){value.data + sizeof(bearer) - 1,
						   value.len - sizeof(bearer) + 1};
		ctx->token = value;
	}
	return MOCK_RIGHT;
}

static bool has_bit(uint64_t bits, size_t i)
{
	return (bits >> i & 1) != 0;
}

/* Has a parameter the type that its field needs? */
static enum mock_wrong check_kind(struct mock_ctx *ctx, const struct mock_field *field, size_t i)
{
	bool listed = has_bit(ctx->form_listed, i), literal = has_bit(ctx->form_literal, i);
	bool repeats = (field->flags & (MOCK_FIELD_REPEATS | MOCK_FIELD_LIST)) != 0;
	const char *name = ctx->form.param[i].name.data;

	if ((listed && !repeats) || (!listed && (field->flags & MOCK_FIELD_LIST)))
		return wrong_field(ctx, NULL, name, listed ? "is an array" : "is no array");
	if (literal != ((field->flags & MOCK_FIELD_LITERAL) != 0))
		return wrong_field(ctx, NULL, name, "is of the wrong type");
	if (has_bit(ctx->form_nested, i) != (strchr(field->name, '/') != NULL))
		return wrong_field(ctx, NULL, name, "is at the wrong depth");
	for (size_t at = 0; at < i && !repeats; at++)
		if (strcmp(ctx->form.param[at].name.data, name) == 0)
			return wrong_field(ctx, NULL, name, "is there twice");
	return MOCK_RIGHT;
}

static enum mock_wrong check_param(struct mock_ctx *ctx, const struct mock_service *service,
				   size_t i)
{
	const struct mock_param *param = &ctx->form.param[i];
	enum mock_wrong wrong;

	for (const struct mock_field *field = service->fields; field->name; field++) {
		if ((field->flags & MOCK_FIELD_HEADER) || !is_named(field->name, param->name.data))
			continue;
		wrong = check_kind(ctx, field, i);
		return wrong ? wrong : check_value(ctx, field, param->value);
	}
	if (service->closed || has_bit(ctx->form_nested, i))
		return wrong_field(ctx, NULL, param->name.data, "is unknown");
	return MOCK_RIGHT;
}

/* A header, and what is said if it is missing. */
static enum mock_wrong check_field(struct mock_ctx *ctx, const struct mock_field *field)
{
	bool header = (field->flags & MOCK_FIELD_HEADER) != 0;
	struct sts_slice value = header ? mock_request_header(&ctx->request, field->name)
					: sts_slice_of(mock_form_get(ctx, field->name));

	if (value.data && (field->flags & MOCK_FIELD_NOT))
		return wrong_field(ctx, field, field->name, "must not be there");
	if (!value.data && (field->flags & MOCK_FIELD_MUST))
		return wrong_field(ctx, field, field->name, "is missing");
	return header && value.data ? check_value(ctx, field, value) : MOCK_RIGHT;
}

static enum mock_wrong check_body(struct mock_ctx *ctx, const struct mock_service *service,
				  const char *wrong)
{
	struct sts_slice type = mock_request_header(&ctx->request, "Content-Type");
	unsigned kind = ctx->request.body.len == 0                   ? MOCK_QUERY
			: sts_slice_starts(type, "application/json") ? MOCK_JSON
								     : MOCK_FORM;

	if (wrong)
		return mock_service_wrong(ctx, MOCK_WRONG_BODY, wrong);
	if (!(kind & service->bodies) && ctx->request.body.len == 0)
		return mock_service_wrong(ctx, MOCK_WRONG_BODY, "no body");
	if (!(kind & service->bodies))
		return mock_service_wrong(ctx, MOCK_WRONG_BODY, "a body of the wrong type");
	return MOCK_RIGHT;
}

static enum mock_wrong check_request(struct mock_ctx *ctx, const struct mock_service *service,
				     const char *body_wrong)
{
	enum mock_wrong wrong;

	if (strcmp(ctx->request.method, service->method) != 0)
		return mock_service_wrong(ctx, MOCK_WRONG_METHOD, "this method is not allowed");
	wrong = check_body(ctx, service, body_wrong);
	for (const struct mock_field *field = service->fields; field->name && !wrong; field++)
		wrong = check_field(ctx, field);
	for (size_t i = 0; i < ctx->form.count && !wrong; i++)
		wrong = check_param(ctx, service, i);
	return wrong;
}

static enum mock_wrong verify_jwt(struct mock_ctx *ctx, struct mock_subject *subject)
{
	switch (mock_issue_check(ctx, subject)) {
	case MOCK_REJECTED_TOKEN:
		return mock_service_wrong(
			ctx, mock_issue_expired(ctx) ? MOCK_WRONG_EXPIRED : MOCK_WRONG_TOKEN,
			ctx->note);
	case MOCK_DENIED_SUBJECT:
		return mock_service_wrong(ctx, MOCK_WRONG_DENIED, ctx->note);
	case MOCK_ACCEPTED:
		break;
	}
	return MOCK_RIGHT;
}

static void refuse(struct mock_ctx *ctx, const struct mock_service *service, enum mock_wrong wrong)
{
	const struct mock_refusal *refusal = &service->refusals[wrong];
	char message[512];
	struct sts_text t;

	if (refusal->status == 0)
		refusal = &service->refusals[MOCK_WRONG_FIELD];
	sts_text_init(&t, message, sizeof(message));
	sts_text_add_str(&t, refusal->text ? refusal->text : ctx->detail);
	if (t.len > 0 && message[t.len - 1] == ':')
		sts_text_addf(&t, " %s", ctx->detail);
	ctx->answer = refusal->code;
	service->refuse(ctx, refusal, message);
	if (wrong == MOCK_WRONG_METHOD)
		mock_reply_header(&ctx->reply, "Allow", sts_slice_of(service->method));
}

/* The fault `once`: has this subject token come before? Then refuse it in the words of a server. */
static bool is_sent_before(struct mock_ctx *ctx, const struct mock_subject *subject)
{
	static const struct {
		const char *server;
		struct mock_refusal refusal;
		void (*refuse)(struct mock_ctx *ctx, const struct mock_refusal *refusal,
			       const char *message);
	} rows[] = {
		{"keycloak", {400, "invalid_grant", "Token reuse detected"}, mock_refuse_oauth},
		{"fosite", {400, "jti_known", "The jti was already used."}, mock_refuse_oauth},
		{"anthropic",
		 {401, "authentication_error", "Authentication failed"},
		 mock_refuse_anthropic},
	};
	const char *server = mock_fault_text(&ctx->fault, "once");
	char once[256];
	struct sts_text t;

	if (!server)
		return false;
	sts_text_init(&t, once, sizeof(once));
	sts_text_addf(&t, "once %s", subject->jti);
	if (mock_ledger_once(ctx->state, (struct sts_slice){t.data, t.len}))
		return false;
	ctx->note = "jti_reused";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(server, rows[i].server) == 0) {
			ctx->answer = rows[i].refusal.code;
			rows[i].refuse(ctx, &rows[i].refusal, rows[i].refusal.text);
			return true;
		}
	return false;
}

void mock_service_run(struct mock_ctx *ctx, const struct mock_service *service,
		      const char *body_wrong)
{
	struct mock_subject subject;
	enum mock_wrong wrong = check_request(ctx, service, body_wrong);

	if (!wrong)
		wrong = service->verify ? service->verify(ctx, &subject)
					: verify_jwt(ctx, &subject);
	if (!wrong && service->check)
		wrong = service->check(ctx, &subject);
	if (wrong)
		refuse(ctx, service, wrong);
	else if (!is_sent_before(ctx, &subject))
		service->answer(ctx, &subject);
}
