/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of a request before it is built, and the look-ups that request.c shares. */
#include "protocol/request.h"

#include <string.h>

#include "base/nearest.h"
#include "base/packed.h"
#include "http_messages/request.h"
#include "token/subject.h"

#define NAME_MAX_BYTES   128 /* of a parameter that the protocol does not name */
#define NAME_SHOWN_BYTES 63  /* of a name in a message, escaped */
#define WHY_MAX_BYTES    120 /* of what is wrong in a message, with the NUL */

const struct sts_field *sts_request_next(const struct sts_request *r, struct sts_slice name,
					 size_t *at)
{
	while (*at < r->param_count) {
		const struct sts_field *field = &r->params[(*at)++];

		if (sts_slice_same(field->name, name))
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

enum sts_place sts_request_place(const struct sts_request *r, const struct sts_parameter *p,
				 const char **field)
{
	*field = sts_parameter_text(p, STS_PARAMETER_FIELD);
	if (!**field)
		*field = sts_parameter_text(p, STS_PARAMETER_NAME);
	if (p->source != STS_SOURCE_SUBJECT || !r->own_subject)
		return (enum sts_place)p->place;
	*field = r->subject_field;
	return r->subject_place;
}

struct sts_slice sts_request_reference_token(struct sts_slice *pointer)
{
	struct sts_slice token = *pointer;

	if (pointer->len == 0)
		return token;
	token.data++;
	for (token.len = 0; token.len + 1 < pointer->len && token.data[token.len] != '/';)
		token.len++;
	pointer->data += token.len + 1;
	pointer->len -= token.len + 1;
	return token;
}

enum sts_place sts_request_free_place(const struct sts_request *r)
{
	return r->body == STS_BODY_NONE ? STS_PLACE_QUERY : STS_PLACE_BODY;
}

bool sts_request_name_is_secret(struct sts_slice name)
{
	static const char secrets[] = "clientsecret\0password\0clientassertion\0actortoken\0"
				      "assertion\0subjecttoken\0authorization\0";

	for (const char *at = secrets; *at; at = sts_text_at(at, 1))
		if (sts_name_is(name, at))
			return true;
	return false;
}

/* Fail with "the parameter NAME is ...". The name is escaped and cut; a value is never shown.
 *   kind  in  "parameter", "variable" or "header" */
static enum sts_err refuse(struct sts_error *e, const char *kind, struct sts_slice name,
			   const char *why)
{
	return sts_fail(e, STS_EUSAGE, *kind == 'h' ? 0 : STS_USAGE_PARAMETER, "the %s %s %s", kind,
			sts_shown(name, NAME_SHOWN_BYTES), sts_words(why));
}

/* Does a value have a letter or a digit? */
static bool has_alphanumeric(struct sts_slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (sts_slice_has_only((struct sts_slice){value.data + i, 1}, ""))
			return true;
	return false;
}

/* May a value be a part of a path? ".." removes the part before it, and a value such as "." or "/"
 * disappears. */
static bool stays_in_a_path(struct sts_slice value)
{
	return sts_slice_find(value, STS_SLICE("..")) < 0 && has_alphanumeric(value);
}

/* May a value be sent at this place? It must be printable ASCII. In a body it may also have tabs
 * and line ends, which policy documents have. */
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

/* Is it a whole number without leading zeros in this range? max 0: no bound. */
static bool is_number(struct sts_slice value, uint64_t min, uint64_t max)
{
	uint64_t number;

	return sts_parse_u64(value, max ? max : INT64_MAX, &number) && number >= min &&
	       (value.len == 1 || value.data[0] != '0');
}

/* Does a value look like the shape, in which one * stands for one byte or more? */
static bool has_shape(struct sts_slice value, const char *shape)
{
	size_t before = strcspn(shape, "*"), after = strlen(shape) - before - 1;

	return value.len > before + after && memcmp(value.data, shape, before) == 0 &&
	       memcmp(value.data + value.len - after, shape + before + 1, after) == 0;
}

/* Add what is wrong with a value; nothing when it is right. */
static void judge(const struct sts_parameter *p, struct sts_slice value, struct sts_text *why)
{
	const char *shape = sts_parameter_text(p, STS_PARAMETER_SHAPE);
	const char *charset = sts_parameter_text(p, STS_PARAMETER_CHARSET);
	bool seconds = p->kind == STS_KIND_SECONDS, number = seconds || p->kind == STS_KIND_NUMBER;
	struct sts_slice digits = value;

	if (seconds && value.len > 0)
		digits.len -= value.data[value.len - 1] == 's' ? 1 : digits.len;
	if (!may_go_out(value, (enum sts_place)p->place))
		sts_text_addf(why, "has a byte in its value that may not go out");
	else if (p->place == STS_PLACE_URL && !stays_in_a_path(value))
		sts_text_addf(why, "needs a letter or a digit, and no two dots in a row");
	else if (number && !is_number(digits, p->min, p->max))
		sts_text_addf(why, "needs a whole number from %u to %u%s", (unsigned)p->min,
			      (unsigned)p->max, seconds ? ", and an s" : "");
	else if (!number && (value.len < p->min || (p->max > 0 && value.len > p->max)))
		sts_text_addf(why, "must have %u to %u bytes", (unsigned)p->min, (unsigned)p->max);
	else if (p->kind != STS_KIND_TEXT && sts_slice_trim(value).len == 0)
		sts_text_addf(why, "has no word in its value");
	else if (*shape && !has_shape(value, shape))
		sts_text_addf(why, "must look like %s", shape);
	else if (*charset && (value.len == 0 || !sts_slice_has_only(value, charset)))
		sts_text_addf(why, "may have letters, digits and %s only", charset);
}

/* A value from a variable of the platform is blamed on the variable. */
static enum sts_err check_value(const struct sts_parameter *p, const struct sts_field *field,
				struct sts_error *e)
{
	bool from_variable = field->variable.len > 0;
	char buf[WHY_MAX_BYTES];
	struct sts_text why;

	sts_text_init(&why, buf, sizeof(buf));
	judge(p, field->value, &why);
	return why.len > 0 ? refuse(e, from_variable ? "variable" : "parameter",
				    from_variable ? field->variable : field->name, buf)
			   : STS_OK;
}

/* Fail for a parameter that the protocol does not have, with the nearest name that it has. */
static enum sts_err unknown(const struct sts_request *r, struct sts_slice name, struct sts_error *e)
{
	const char *names[STS_PROTOCOL_PARAMETERS_MAX], *nearest;
	char buf[WHY_MAX_BYTES];
	struct sts_text why;
	size_t count = 0;
	const struct sts_parameter *p;

	for (size_t i = 0; (p = sts_protocol_parameter_at(r->protocol, i)); i++)
		if (p->source == STS_SOURCE_USER)
			names[count++] = sts_parameter_text(p, STS_PARAMETER_NAME);
	nearest = sts_nearest(name, names, count);
	sts_text_init(&why, buf, sizeof(buf));
	sts_text_addf(&why, "is none of protocol %s",
		      sts_protocol_text(r->protocol, STS_PROTOCOL_NAME));
	if (nearest)
		sts_text_addf(&why, ": did you mean %s?", nearest);
	else if (count == 0)
		sts_text_addf(&why, ", which takes none");
	return refuse(e, "parameter", name, buf);
}

/* Is it the field of the subject token, or the field that the JSON pointer to it begins with? */
static bool is_subject(const struct sts_request *r, struct sts_slice name)
{
	struct sts_slice subject = sts_slice_of(r->subject_field);

	if (!r->own_subject || r->subject_place == STS_PLACE_HEADER)
		return false;
	if (r->subject_place == STS_PLACE_POINTER)
		subject = sts_request_reference_token(&subject);
	return sts_slice_same(name, subject);
}

/* Is it a field that the program fills in? */
static bool is_taken(const struct sts_request *r, struct sts_slice name)
{
	return is_subject(r, name) || (r->client_id.len > 0 && sts_slice_eq(name, "client_id")) ||
	       (r->client_secret.len > 0 && sts_slice_eq(name, "client_secret"));
}

static enum sts_err check_free_parameter(const struct sts_request *r, const struct sts_field *field,
					 struct sts_error *e)
{
	if (!(r->protocol->flags & STS_PROTOCOL_ANY_PARAMETER))
		return unknown(r, field->name, e);
	if (field->name.len == 0 || field->name.len > NAME_MAX_BYTES ||
	    !may_go_out(field->name, STS_PLACE_QUERY))
		return refuse(e, "parameter", field->name, STS_PACKED("is no name"));
	if (!may_go_out(field->value, sts_request_free_place(r)))
		return refuse(e, "parameter", field->name,
			      STS_PACKED("has a byte in its value that may not go out"));
	return STS_OK;
}

/* Check every parameter that the user gave. */
static enum sts_err check_given(const struct sts_request *r, struct sts_error *e)
{
	enum sts_err err = STS_OK;

	for (size_t i = 0; i < r->param_count && err == STS_OK; i++) {
		const struct sts_field *field = &r->params[i];
		const struct sts_parameter *p = sts_protocol_parameter(r->protocol, field->name);

		if (is_taken(r, field->name) || (p && p->source != STS_SOURCE_USER))
			err = refuse(e, "parameter", field->name,
				     STS_PACKED("is filled in by the program"));
		else if (p && !sts_slice_eq(field->name, sts_parameter_text(p, STS_PARAMETER_NAME)))
			err = unknown(r, field->name, e);
		else if (p && p->place == STS_PLACE_URL && !r->url_template)
			err = refuse(e, "parameter", field->name,
				     STS_PACKED("is a part of the URL, and the whole URL is given "
						"(--url or a variable): leave one out"));
		else
			err = p ? check_value(p, field, e) : check_free_parameter(r, field, e);
	}
	return err;
}

static enum sts_err missing(const struct sts_request *r, const struct sts_parameter *p,
			    struct sts_error *e)
{
	const char *name = sts_parameter_text(p, STS_PARAMETER_NAME);
	const char *variable = sts_parameter_text(p, STS_PARAMETER_ENV);
	char buf[WHY_MAX_BYTES];
	struct sts_text why;

	sts_text_init(&why, buf, sizeof(buf));
	sts_text_addf(&why, "is missing, and protocol %s needs it: --param %s=...%s%.*s",
		      sts_protocol_text(r->protocol, STS_PROTOCOL_NAME), name,
		      !*variable         ? ""
		      : *variable == '/' ? ", or the claim "
					 : ", or ",
		      (int)strcspn(variable, " "), variable);
	return refuse(e, "parameter", sts_slice_of(name), buf);
}

/* Check that the parameters together are what the protocol wants: none is missing, given too often,
 * or given without the parameter that it goes with. */
static enum sts_err check_wanted(const struct sts_request *r, struct sts_error *e)
{
	size_t previous = 0;
	const struct sts_parameter *p;

	for (size_t i = 0; (p = sts_protocol_parameter_at(r->protocol, i)); i++) {
		struct sts_slice name = sts_parameter_slice(p, STS_PARAMETER_NAME);
		size_t count = sts_request_count(r, name);

		if (sts_protocol_requires(r->protocol, i) && count == 0 &&
		    !*sts_parameter_text(p, STS_PARAMETER_VALUE) &&
		    (r->url_template ||
		     (p->place != STS_PLACE_URL && !(p->flags & STS_PARAMETER_WITHOUT_URL))))
			return missing(r, p, e);
		if (count > 1 && !(p->flags & STS_PARAMETER_REPEATS))
			return refuse(e, "parameter", name, STS_PACKED("was given more than once"));
		if (count > 0 && previous == 0 && (p->flags & STS_PARAMETER_WITH_PREVIOUS))
			return refuse(e, "parameter", name,
				      STS_PACKED("goes with another one that is not given"));
		if (p->place == STS_PLACE_POINTER && r->body != STS_BODY_JSON)
			return refuse(e, "parameter", name, STS_PACKED("needs a JSON body"));
		if (p->source == STS_SOURCE_USER)
			previous = count;
	}
	return STS_OK;
}

/* Is it a header that every request has? */
static bool is_fixed_header(struct sts_slice name)
{
	static const char fixed[] = "accept\0accept-encoding\0user-agent\0content-type\0";

	for (const char *at = fixed; *at; at = sts_text_at(at, 1))
		if (sts_slice_eq_nocase(name, at))
			return true;
	return false;
}

/* Is it a header that the protocol sets, or that holds the subject token? */
static bool protocol_sets_header(const struct sts_request *r, struct sts_slice name)
{
	const struct sts_parameter *p;

	for (size_t i = 0; (p = sts_protocol_parameter_at(r->protocol, i)); i++) {
		const char *field;
		enum sts_place place = sts_request_place(r, p, &field);

		if (place == STS_PLACE_BEARER)
			field = "authorization";
		if ((place == STS_PLACE_BEARER || place == STS_PLACE_HEADER) &&
		    sts_slice_eq_nocase(name, field))
			return true;
	}
	return false;
}

/* Is it a header that this request has already? */
static bool is_own_header(const struct sts_request *r, struct sts_slice name)
{
	return is_fixed_header(name) || protocol_sets_header(r, name) ||
	       (r->client_auth == STS_CLIENT_BASIC && sts_slice_eq_nocase(name, "authorization"));
}

static enum sts_err check_headers(const struct sts_request *r, struct sts_error *e)
{
	for (size_t i = 0; i < r->header_count; i++) {
		struct sts_slice name = r->headers[i].name;

		if (!sts_http_name_allowed(name) || is_own_header(r, name))
			return refuse(e, "header", name, STS_PACKED("may not be set"));
		if (!sts_http_value_allowed(r->headers[i].value))
			return refuse(e, "header", name,
				      STS_PACKED("has a byte in its value that may not go out"));
	}
	return STS_OK;
}

static enum sts_err check_client(const struct sts_request *r, struct sts_error *e)
{
	bool id = r->client_id.len > 0, secret = r->client_secret.len > 0;

	if (!(r->protocol->flags & STS_PROTOCOL_CLIENT_AUTH) &&
	    (id || secret || r->client_auth != STS_CLIENT_NONE))
		return sts_fail(e, STS_EUSAGE, 0, "protocol %s has no client authentication",
				sts_protocol_text(r->protocol, STS_PROTOCOL_NAME));
	if (r->client_auth == STS_CLIENT_NONE && secret)
		return sts_fail(e, STS_EUSAGE, 0,
				"a client secret needs --client-auth basic or post");
	if (r->client_auth != STS_CLIENT_NONE && !(id && secret))
		return sts_fail(e, STS_EUSAGE, 0,
				"--client-auth needs both a client id and a client secret");
	if (r->client_auth == STS_CLIENT_BASIC &&
	    protocol_sets_header(r, STS_SLICE("authorization")))
		return sts_fail(e, STS_EUSAGE, 0,
				"--client-auth basic needs another --subject-in: both are the "
				"Authorization header");
	/* In a URL the secret would get into logs (RFC 6749 section 2.3.1 forbids it). */
	if (r->client_auth == STS_CLIENT_POST && r->body == STS_BODY_NONE)
		return sts_fail(e, STS_EUSAGE, 0, "--client-auth post needs a request with a body");
	if ((id && is_subject(r, STS_SLICE("client_id"))) ||
	    (secret && is_subject(r, STS_SLICE("client_secret"))))
		return sts_fail(e, STS_EUSAGE, 0, "--subject-in names a field of the client's");
	if (!may_go_out(r->client_id, STS_PLACE_QUERY) ||
	    !may_go_out(r->client_secret, STS_PLACE_QUERY))
		return sts_fail(e, STS_EUSAGE, 0,
				"the client id or secret has a byte that may not go out");
	if (r->client_id.len + r->client_secret.len > STS_REQUEST_CLIENT_MAX_BYTES)
		return sts_fail(e, STS_EUSAGE, 0, "the client id and secret are too long");
	return STS_OK;
}

/* Check that method, body and place of the subject token go together. */
static enum sts_err check_form(const struct sts_request *r, struct sts_error *e)
{
	bool body = r->body != STS_BODY_NONE, open = r->protocol->flags & STS_PROTOCOL_OPEN;
	enum sts_place place = r->subject_place;
	struct sts_slice name = sts_slice_of(r->subject_field);

	if ((r->method || r->own_subject) && !open)
		return sts_fail(e, STS_EUSAGE, 0,
				"protocol %s takes neither --method nor --subject-in",
				sts_protocol_text(r->protocol, STS_PROTOCOL_NAME));
	if (body !=
	    (r->method ? strcmp(r->method, "GET") != 0 : r->protocol->body != STS_BODY_NONE))
		return sts_fail(e, STS_EUSAGE, 0, "this request has %s body", body ? "no" : "a");
	if (!r->own_subject)
		return STS_OK;
	if ((place == STS_PLACE_BODY && !body) ||
	    (place == STS_PLACE_POINTER && r->body != STS_BODY_JSON))
		return sts_fail(e, STS_EUSAGE, 0, "--subject-in needs another --method or --body");
	if (place == STS_PLACE_HEADER ? !sts_http_name_allowed(name) || is_fixed_header(name)
				      : !may_go_out(name, STS_PLACE_QUERY))
		return sts_fail(e, STS_EUSAGE, 0, "--subject-in has a name that cannot be used");
	return STS_OK;
}

enum sts_err sts_request_check(const struct sts_request *r, struct sts_error *e)
{
	enum sts_err err = check_form(r, e);

	if (err == STS_OK && !sts_subject_bytes_ok(r->subject))
		err = sts_fail(e, STS_EUSAGE, 0,
			       "the subject token has a byte that may not go out");
	if (err == STS_OK)
		err = check_client(r, e);
	if (err == STS_OK)
		err = check_given(r, e);
	if (err == STS_OK)
		err = check_wanted(r, e);
	if (err == STS_OK)
		err = check_headers(r, e);
	return err;
}
