/* SPDX-License-Identifier: Apache-2.0 */
/* What is known to be wrong with a request before it is built. */
#include "request.h"

#include <string.h>

#include "subject.h"

#define NAME_MAX_BYTES 128
#define NAMES_MAX      32

static bool same(struct sts_slice a, struct sts_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

const struct sts_field *sts_request_next(const struct sts_request *r, struct sts_slice name,
					 size_t *at)
{
	while (*at < r->param_count) {
		const struct sts_field *field = &r->params[(*at)++];

		if (same(field->name, name))
			return field;
	}
	return NULL;
}

size_t sts_request_count(const struct sts_request *r, struct sts_slice name)
{
	size_t at = 0, count = 0;

	while (sts_request_next(r, name, &at))
		count++;
	return count;
}

enum sts_place sts_request_free_place(const struct sts_request *r)
{
	return r->body == STS_BODY_NONE ? STS_PLACE_QUERY : STS_PLACE_BODY;
}

bool sts_request_name_is_secret(struct sts_slice name)
{
	/* In lower case, without - and _: clientSecret and client-secret are the same secret. */
	static const char *const secrets[] = {"clientsecret", "password",  "clientassertion",
					      "actortoken",   "assertion", "subjecttoken",
					      "authorization"};
	char plain[32];
	struct sts_text text;

	sts_text_init(&text, plain, sizeof(plain));
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] != '-' && name.data[i] != '_')
			sts_text_add_char(&text, name.data[i]);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (!text.overflow &&
		    sts_slice_eq_nocase((struct sts_slice){text.data, text.len}, secrets[i]))
			return true;
	return false;
}

/* "the parameter NAME is ...": the name escaped and cut, never a value. */
static enum sts_err refuse(struct sts_error *e, const char *kind, struct sts_slice name,
			   const char *why)
{
	char shown[64];
	struct sts_text text;

	sts_text_init(&text, shown, sizeof(shown));
	sts_text_add_escaped(&text, name, sizeof(shown) - 1);
	return sts_fail(e, STS_EUSAGE, 0, "the %s %s %s", kind, shown, why);
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Printable ASCII; in a body also what a policy document needs: tabs and line ends. */
static bool may_go_out(struct sts_slice value, enum sts_place place)
{
	if (place == STS_PLACE_HEADER)
		return sts_http_value_allowed(value);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];
		bool blank = place == STS_PLACE_BODY && (c == '\t' || c == '\n' || c == '\r');

		if (!blank && (c < ' ' || c > '~'))
			return false;
	}
	return true;
}

static bool in_charset(struct sts_slice value, const char *charset)
{
	for (size_t i = 0; i < value.len; i++)
		if (!is_alphanumeric(value.data[i]) && !strchr(charset, value.data[i]))
			return false;
	return true;
}

static bool is_number(struct sts_slice value)
{
	uint64_t number;

	return sts_parse_u64(value, INT64_MAX, &number) && (value.len == 1 || value.data[0] != '0');
}

static enum sts_err check_value(const struct sts_param *p, struct sts_slice value,
				struct sts_error *e)
{
	const char *why = NULL;

	if (!may_go_out(value, p->place))
		why = "has a byte in its value that may not go out";
	else if (p->kind == STS_PARAM_NUMBER && !is_number(value))
		why = "needs a whole number";
	else if (p->kind != STS_PARAM_STRING && sts_slice_trim(value).len == 0)
		why = "has no word in its value";
	else if (value.len < p->min_bytes)
		why = "has too short a value";
	else if (p->max_bytes > 0 && value.len > p->max_bytes)
		why = "has too long a value";
	else if (p->charset && !in_charset(value, p->charset))
		why = "has a character in its value that the service does not take";
	return why ? refuse(e, "parameter", sts_slice_of(p->name), why) : STS_OK;
}

static enum sts_err unknown(const struct sts_request *r, struct sts_slice name, struct sts_error *e)
{
	const char *names[NAMES_MAX], *nearest;
	char why[96];
	struct sts_text text;
	size_t count = 0;

	for (const struct sts_param *p = r->row->params; p && p->name && count < NAMES_MAX; p++)
		names[count++] = p->name;
	nearest = sts_nearest(name, names, count);
	sts_text_init(&text, why, sizeof(why));
	sts_text_addf(&text, "is none of protocol %s", r->row->name);
	if (nearest)
		sts_text_addf(&text, ": did you mean %s?", nearest);
	else if (count == 0)
		sts_text_add_str(&text, ", which takes none");
	return refuse(e, "parameter", name, why);
}

/* Is it a field that the row or the program fills in itself? */
static bool is_taken(const struct sts_request *r, struct sts_slice name)
{
	for (const struct sts_fixed *f = r->row->fixed; f && f->name; f++)
		if (sts_slice_eq(name, f->name))
			return true;
	for (const struct sts_param *p = r->row->params; p && p->name; p++)
		if (p->field && sts_slice_eq(name, p->field))
			return true;
	if (r->row->subject_field && sts_slice_eq(name, r->row->subject_field))
		return true;
	return (r->client_id.len > 0 && sts_slice_eq(name, "client_id")) ||
	       (r->client_secret.len > 0 && sts_slice_eq(name, "client_secret"));
}

static enum sts_err check_free_param(const struct sts_request *r, const struct sts_field *field,
				     struct sts_error *e)
{
	const struct sts_param as = {.name = "", .place = sts_request_free_place(r)};

	if (is_taken(r, field->name))
		return refuse(e, "parameter", field->name, "is filled in by the program");
	if (!r->row->any_param)
		return unknown(r, field->name, e);
	if (field->name.len == 0 || field->name.len > NAME_MAX_BYTES ||
	    !may_go_out(field->name, STS_PLACE_QUERY))
		return refuse(e, "parameter", field->name, "is no name");
	if (!may_go_out(field->value, as.place))
		return refuse(e, "parameter", field->name,
			      "has a byte in its value that may not go out");
	return STS_OK;
}

static enum sts_err check_params(const struct sts_request *r, struct sts_error *e)
{
	for (size_t i = 0; i < r->param_count; i++) {
		const struct sts_field *field = &r->params[i];
		const struct sts_param *p = sts_protocol_param(r->row, field->name);
		enum sts_err err = p ? check_value(p, field->value, e)
				     : check_free_param(r, field, e);

		if (err != STS_OK)
			return err;
	}
	for (const struct sts_param *p = r->row->params; p && p->name; p++) {
		struct sts_slice name = sts_slice_of(p->name);
		size_t count = sts_request_count(r, name);

		if (p->required && count == 0 && !p->fallback)
			return refuse(e, "parameter", name,
				      "is missing, and the protocol needs it");
		if (count > 1 && !p->repeats)
			return refuse(e, "parameter", name, "was given more than once");
		if (count > 0 && p->with && sts_request_count(r, sts_slice_of(p->with)) == 0)
			return refuse(e, "parameter", name,
				      "goes with another one that is not given");
	}
	return STS_OK;
}

/* Is it a header that this request has already? */
static bool is_own_header(const struct sts_request *r, struct sts_slice name)
{
	static const char *const ours[] = {"accept", "user-agent", "content-type"};
	bool authorization = r->row->subject_place == STS_PLACE_BEARER ||
			     r->client_auth == STS_CLIENT_BASIC;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (sts_slice_eq_nocase(name, ours[i]))
			return true;
	for (const struct sts_fixed *f = r->row->fixed; f && f->name; f++)
		if (f->place == STS_PLACE_HEADER && sts_slice_eq_nocase(name, f->name))
			return true;
	for (const struct sts_param *p = r->row->params; p && p->name; p++)
		if (p->place == STS_PLACE_HEADER &&
		    sts_slice_eq_nocase(name, p->field ? p->field : p->name))
			return true;
	if (r->row->subject_place == STS_PLACE_HEADER &&
	    sts_slice_eq_nocase(name, r->row->subject_field))
		return true;
	return authorization && sts_slice_eq_nocase(name, "authorization");
}

static enum sts_err check_headers(const struct sts_request *r, struct sts_error *e)
{
	for (size_t i = 0; i < r->header_count; i++) {
		struct sts_slice name = r->headers[i].name;

		if (!sts_http_name_allowed(name) || is_own_header(r, name))
			return refuse(e, "header", name, "may not be set");
		if (!sts_http_value_allowed(r->headers[i].value))
			return refuse(e, "header", name,
				      "has a byte in its value that may not go out");
	}
	return STS_OK;
}

static enum sts_err check_client(const struct sts_request *r, struct sts_error *e)
{
	bool id = r->client_id.len > 0, secret = r->client_secret.len > 0;

	if (!r->row->client_auth && (id || secret || r->client_auth != STS_CLIENT_NONE))
		return sts_fail(e, STS_EUSAGE, 0, "protocol %s has no client authentication",
				r->row->name);
	if (r->client_auth == STS_CLIENT_NONE && secret)
		return sts_fail(e, STS_EUSAGE, 0,
				"a client secret needs --client-auth basic or post");
	if (r->client_auth != STS_CLIENT_NONE && !(id && secret))
		return sts_fail(e, STS_EUSAGE, 0,
				"--client-auth needs both a client id and a client secret");
	if (!may_go_out(r->client_id, STS_PLACE_QUERY) ||
	    !may_go_out(r->client_secret, STS_PLACE_QUERY))
		return sts_fail(e, STS_EUSAGE, 0,
				"the client id or secret has a byte that may not go out");
	if (r->client_id.len + r->client_secret.len > STS_REQUEST_CLIENT_MAX_BYTES)
		return sts_fail(e, STS_EUSAGE, 0, "the client id and secret are too long");
	return STS_OK;
}

enum sts_err sts_request_check(const struct sts_request *r, struct sts_error *e)
{
	enum sts_err err;

	if ((r->body == STS_BODY_NONE) != (r->row->body == STS_BODY_NONE))
		return sts_fail(e, STS_EUSAGE, 0, "protocol %s sends %s body", r->row->name,
				r->body == STS_BODY_NONE ? "a" : "no");
	if (!sts_subject_bytes_ok(r->subject))
		return sts_fail(e, STS_EUSAGE, 0,
				"the subject token has a byte that may not go out");
	err = check_client(r, e);
	if (err == STS_OK)
		err = check_params(r, e);
	if (err == STS_OK)
		err = check_headers(r, e);
	return err;
}
