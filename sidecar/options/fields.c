/* SPDX-License-Identifier: Apache-2.0 */
#include "options/fields.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/errno_words.h"
#include "base/file.h"
#include "json_xml/json.h"
#include "options/endpoint.h"
#include "options/unknown.h"
#include "output/outputs.h"
#include "token/jwt.h"
#include "version.h"

/* The value of a parameter that is a claim of the subject token, until the token is read. Any
 * parameter may have this value. */
static const char claim_to_read[] = "CLAIM";
static const char agent[] = "sts-sidecar/" STS_VERSION;

static enum sts_err add(struct sts_fields *f, const char *name, struct sts_slice value)
{
	f->params[f->request.param_count++] = (struct sts_field){sts_slice_of(name), value};
	return STS_OK;
}

/* Returns the value of the first variable of the list that is set, or NULL. *one is its name, which
 * points into the list. */
static const char *variable(const struct sts_options *o, const char *names, struct sts_slice *one)
{
	struct sts_slice rest = sts_slice_of(names);
	const char *value = NULL;
	char name[STS_VARIABLE_MAX_BYTES];

	while (rest.len > 0 && !value) {
		*one = sts_slice_cut(&rest, ' ');
		value = sts_platform_variable(o, *one, name);
	}
	return value;
}

/* Fail because of a file that an option names. `why` says what is wrong with the file. */
static enum sts_err bad_file(const char *option, struct sts_slice path, int err, const char *why,
			     struct sts_error *e)
{
	return sts_fail(e, sts_errno_code(err, STS_EINPUT), err, "the file of --%s, %s: %s", option,
			sts_shown(path, 95), why);
}

/* Read a value from a file, and trim it. If files is NULL, nothing is read and the value is a
 * placeholder. */
static enum sts_err from_file(struct sts_fields_files *files, const char *option,
			      struct sts_slice path, struct sts_slice *value, struct sts_error *e)
{
	char name[1024];
	struct sts_text text;
	size_t len;
	int err;

	*value = STS_SLICE("file");
	if (!files)
		return STS_OK;
	sts_text_init(&text, name, sizeof(name));
	sts_text_add_slice(&text, path);
	if (text.overflow)
		return sts_fail(e, STS_EUSAGE, 0, "the path in --%s is too long", option);
	err = sts_file_read(AT_FDCWD, name, STS_FILE_FOLLOW, files->data + files->used,
			    sizeof(files->data) - files->used, &len);
	if (err)
		return bad_file(option, path, err, sts_read_words(name, err), e);
	*value = sts_slice_trim((struct sts_slice){files->data + files->used, len});
	files->used += len;
	return value->len > 0 ? STS_OK : bad_file(option, path, 0, "it is empty", e);
}

/* Split NAME=VALUE at the first "=". sts_option_take() has checked that there is one. */
static void split(struct sts_slice pair, struct sts_field *field)
{
	size_t at = (size_t)sts_slice_find(pair, STS_SLICE("="));

	field->name = (struct sts_slice){pair.data, at};
	field->value = (struct sts_slice){pair.data + at + 1, pair.len - at - 1};
}

/* One rule for each repeating option: the name of the option, which part of the request gets its
 * values, and whether the values come from files. */
static const struct list_rule {
	const char *option;
	const char *param; /* the name of the parameter; NULL: the value is NAME=VALUE */
	bool header, file;
} list_rules[STS_LIST__COUNT] = {
	[STS_LIST_AUDIENCE] = {"audience", "audience", false, false},
	[STS_LIST_RESOURCE] = {"resource", "resource", false, false},
	[STS_LIST_SCOPE] = {"scope", "scope", false, false},
	[STS_LIST_PARAM] = {"param", NULL, false, false},
	[STS_LIST_HEADER] = {"header", NULL, true, false},
	[STS_LIST_PARAM_FILE] = {"param-file", NULL, false, true},
	[STS_LIST_HEADER_FILE] = {"header-file", NULL, true, true},
};

static enum sts_err add_listed(const struct sts_list_value *item, struct sts_fields *f,
			       struct sts_fields_files *files, struct sts_error *e)
{
	const struct list_rule *rule = &list_rules[item->list];
	struct sts_field field = {.secret = rule->file};
	enum sts_err err = STS_OK;

	if (!rule->option)
		return STS_OK; /* not a part of the request: CA files, directories */
	if (rule->param)
		return add(f, rule->param, item->value);
	split(item->value, &field);
	if (rule->file)
		err = from_file(files, rule->option, field.value, &field.value, e);
	if (err != STS_OK)
		return err;
	/* A header, or a parameter that we do not know, may hold an API key or a cookie. */
	if (rule->header || !sts_protocol_parameter(f->request.protocol, field.name))
		field.secret = true;
	if (rule->header)
		f->headers[f->request.header_count++] = field;
	else
		f->params[f->request.param_count++] = field;
	return STS_OK;
}

static enum sts_err add_actor(const struct sts_options *o, struct sts_fields *f,
			      struct sts_fields_files *files, struct sts_error *e)
{
	struct sts_slice value;
	enum sts_err err;

	if (!o->actor_token_file)
		return STS_OK;
	err = from_file(files, "actor-token-file", sts_slice_of(o->actor_token_file), &value, e);
	return err == STS_OK ? add(f, "actor_token", value) : err;
}

static enum sts_err client(const struct sts_options *o, struct sts_fields *f,
			   struct sts_fields_files *files, struct sts_error *e)
{
	f->request.client_auth = (enum sts_client_auth)o->client_auth;
	/* For some protocols the client id is a parameter like any other. */
	if (o->client_id && sts_protocol_parameter(f->request.protocol, STS_SLICE("client_id")))
		add(f, "client_id", sts_slice_of(o->client_id));
	else
		f->request.client_id = sts_slice_of(o->client_id);
	if (o->client_auth != STS_CLIENT_NONE && (!o->client_id || !o->client_secret_file))
		return sts_fail(e, STS_EUSAGE, 0,
				"--client-auth needs --client-id and --client-secret-file");
	if (o->client_auth == STS_CLIENT_NONE && o->client_secret_file)
		return sts_fail(e, STS_EUSAGE, 0,
				"--client-secret-file needs --client-auth basic or post");
	return o->client_secret_file
		       ? from_file(files, "client-secret-file", sts_slice_of(o->client_secret_file),
				   &f->request.client_secret, e)
		       : STS_OK;
}

/* Find the KIND of a text "KIND:REST" in `kinds`, a list of texts for sts_text_at(). Returns the
 * index of KIND, or -1. */
static int kind_of(const char *kinds, const char *text, const char **rest)
{
	for (int i = 0; *kinds; i++, kinds = sts_text_at(kinds, 1))
		if (sts_slice_starts(sts_slice_of(text), kinds)) {
			*rest = text + strlen(kinds);
			return i;
		}
	return -1;
}

_Static_assert(STS_USE_CHOICE_AGAIN - 1 == STS_USE_AGAIN &&
		       STS_USE_CHOICE_ONCE - 1 == STS_USE_ONCE &&
		       STS_USE_CHOICE_UNKNOWN - 1 == STS_USE_UNKNOWN,
	       "the choices stand in the order of the enum");

/* Apply --method, --subject-in, --body, --subject-use and --expiry-field, which replace the values
 * in the table of protocols. */
static enum sts_err override_protocol(const struct sts_options *o, struct sts_fields *f,
				      struct sts_error *e)
{
	static const enum sts_place places[] = {STS_PLACE_HEADER, STS_PLACE_BODY, STS_PLACE_QUERY,
						STS_PLACE_POINTER};
	static const char methods[][5] = {[STS_METHOD_CHOICE_GET] = "GET",
					  [STS_METHOD_CHOICE_POST] = "POST",
					  [STS_METHOD_CHOICE_PUT] = "PUT"};
	struct sts_request *r = &f->request;
	int kind;

	f->subject_use = (enum sts_subject_use)(
		o->subject_use == STS_USE_CHOICE_PROTOCOL ? r->protocol->use : o->subject_use - 1);
	if (o->method != STS_METHOD_CHOICE_PROTOCOL)
		r->method = methods[o->method];
	if (o->subject_in && strcmp(o->subject_in, "bearer") != 0) {
		kind = kind_of("header:\0field:\0query:\0pointer:/\0", o->subject_in,
			       &r->subject_field);
		if (kind < 0 || !*r->subject_field)
			return sts_fail(e, STS_EUSAGE, 0,
					"--subject-in needs bearer, header:NAME, field:NAME, "
					"query:NAME or pointer:/JSON/POINTER");
		r->own_subject = true;
		r->subject_place = places[kind];
		if (places[kind] == STS_PLACE_POINTER)
			r->subject_field--; /* the slash is part of the pointer */
	}
	r->body = (enum sts_body)r->protocol->body;
	if (o->body != STS_BODY_CHOICE_PROTOCOL)
		r->body = o->body == STS_BODY_CHOICE_FORM ? STS_BODY_FORM : STS_BODY_JSON;
	else if (o->method == STS_METHOD_CHOICE_GET)
		r->body = STS_BODY_NONE;
	else if (r->subject_place == STS_PLACE_POINTER)
		r->body = STS_BODY_JSON;
	if (!o->expiry_field)
		return STS_OK;
	kind = kind_of("absolute:\0lifetime:\0", o->expiry_field, &f->expiry_pointer);
	f->expiry_kind = kind ? STS_EXPIRY_LIFETIME : STS_EXPIRY_ABSOLUTE;
	return kind < 0 || *f->expiry_pointer != '/'
		       ? sts_fail(e, STS_EUSAGE, 0,
				  "--expiry-field needs lifetime:/JSON/POINTER or "
				  "absolute:/JSON/POINTER")
		       : STS_OK;
}

/* Give the parameters the spelling of the table of protocols. Then set parameters that were not
 * given from the environment variables that platforms inject into a Pod. */
static void complete(const struct sts_options *o, struct sts_fields *f)
{
	struct sts_request *r = &f->request;
	const struct sts_parameter *p;
	bool is_claim = false; /* the parameter before this one is filled in from a claim */

	for (size_t i = 0; i < r->param_count; i++)
		if ((p = sts_protocol_parameter(r->protocol, f->params[i].name)))
			f->params[i].name = sts_parameter_slice(p, STS_PARAMETER_NAME);
	for (size_t i = 0; (p = sts_protocol_parameter_at(r->protocol, i)); i++) {
		const char *name = sts_parameter_text(p, STS_PARAMETER_NAME);
		const char *source = sts_parameter_text(p, STS_PARAMETER_ENV), *value;
		struct sts_slice one = {NULL, 0};

		if (p->source != STS_SOURCE_USER)
			continue;
		value = *source == '/' ? claim_to_read : variable(o, source, &one);
		/* A claim is not sent beside a name that the user gave: the UID in the claims is
		 * that of the Pod in the claims, and the user may mean another Pod. */
		if (sts_request_count(r, sts_slice_of(name)) > 0 ||
		    (p->place == STS_PLACE_URL && !r->url_template) ||
		    ((p->flags & STS_PARAMETER_WITH_PREVIOUS) && !is_claim))
			value = NULL;
		if (value) {
			add(f, name, sts_slice_of(value));
			f->params[r->param_count - 1].variable = one;
		}
		is_claim = value == claim_to_read;
	}
}

static enum sts_err token_field(const struct sts_options *o, struct sts_fields *f,
				struct sts_error *e)
{
	struct sts_text text;

	sts_text_init(&text, f->pointer, sizeof(f->pointer));
	if (!o->token_field)
		return STS_OK;
	if (strcmp(o->token_field, "access_token") == 0 || strcmp(o->token_field, "id_token") == 0)
		sts_text_add_char(&text, '/');
	else if (o->token_field[0] != '/')
		return sts_fail(e, STS_EUSAGE, 0,
				"--token-field \"%s\" is none of access_token, id_token, /POINTER",
				sts_shown(sts_slice_of(o->token_field), STS_VALUE_SHOWN_BYTES));
	sts_text_add_str(&text, o->token_field);
	return text.overflow ? sts_fail(e, STS_EUSAGE, 0, "--token-field is too long") : STS_OK;
}

/* Parse the URL of the request, and check whether it may be used. */
static enum sts_err use_url(const struct sts_options *o, struct sts_fields *f,
			    struct sts_slice text, struct sts_error *e)
{
	struct sts_address address;
	uint16_t port;
	enum sts_err err = sts_url_parse(text, &f->url, e);

	if (err != STS_OK)
		return err;
	if (!f->url.https && !(o->insecure_http && sts_url_is_loopback(&f->url)))
		return sts_fail(
			e, STS_EURL, 0,
			o->insecure_http
				? "a plain http URL is allowed to loopback only: \"%s\" is not"
			: o->command != STS_COMMAND_EXCHANGE && sts_url_is_loopback(&f->url)
				? "plain http to \"%s\" is refused: use https, or --insecure-http"
				: "plain http to \"%s\" is refused: use https",
			f->url.host);
	if (o->connect && !sts_address_parse_endpoint(sts_slice_of(o->connect), &address, &port))
		return sts_fail(e, STS_EUSAGE, 0,
				"--connect needs ADDR:PORT with an IP address: 10.0.0.1:8443 or "
				"[::1]:8443%s",
				strchr(o->connect, '%') ? STS_ADDRESS_ZONE_HINT : "");
	f->request.url = &f->url;
	return STS_OK;
}

static enum sts_err url(const struct sts_options *o, struct sts_fields *f, struct sts_error *e)
{
	char buf[STS_URL_MAX_BYTES];
	struct sts_text text;
	enum sts_err err = STS_OK;

	sts_text_init(&text, buf, sizeof(buf));
	if (o->url || f->url_from)
		sts_text_add_str(&text, o->url ? o->url : f->url_from);
	else if (f->request.url_template) {
		sts_request_url(&f->request, &text);
		err = sts_platform_host(o, &f->request, &text, e);
	} else
		return sts_fail(e, STS_EUSAGE, 0,
				"--url is missing: protocol %s has no endpoint of its own",
				o->protocol);
	if (err == STS_OK)
		err = text.overflow ? sts_fail(e, STS_EURL, 0, "the URL is too long")
				    : use_url(o, f, (struct sts_slice){buf, text.len}, e);
	/* Only a mistake in the URL or in the region is blamed on what it is from. */
	if (err == STS_OK || (err == STS_EUSAGE && e->detail != STS_USAGE_PARAMETER) ||
	    (o->url && o->url != getenv("STS_URL")))
		return err;
	struct sts_error why = *e;

	sts_text_init(&text, buf, sizeof(buf));
	sts_endpoint_add_source(&text, o, &f->request, f->url_variable);
	return sts_fail(e, err, why.detail, "%s: %s", buf, why.msg);
}

/* Copy the claim that a parameter gets. Returns an empty slice if there is no such claim.
 *   claims  in  NULL: the subject token is not a JWT */
static struct sts_slice copy_claim(const struct sts_json *claims, const struct sts_parameter *p,
				   struct sts_fields_files *files)
{
	struct sts_slice value = {NULL, 0};
	const struct sts_json *v;
	char *copy = files->data + files->used;

	if (!claims ||
	    sts_json_at(claims, sts_parameter_text(p, STS_PARAMETER_ENV), &v, NULL) != STS_OK ||
	    !sts_json_string(v, &value) || value.len > sizeof(files->data) - files->used)
		return (struct sts_slice){NULL, 0};
	memcpy(copy, value.data, value.len);
	files->used += value.len;
	return (struct sts_slice){copy, value.len};
}

bool sts_fields_want_claims(const struct sts_fields *f)
{
	for (size_t i = 0; i < f->request.param_count; i++)
		if (f->params[i].value.data == claim_to_read)
			return true;
	return false;
}

enum sts_err sts_fields_claims(const struct sts_options *o, struct sts_fields *f,
			       struct sts_fields_files *files, struct sts_slice subject,
			       char *scratch, size_t size, struct sts_error *e)
{
	struct sts_request *r = &f->request;
	const struct sts_json *claims = NULL;
	bool wants_claims = false;
	size_t kept = 0;
	enum sts_err err;

	/* A parameter without a claim is left out, so that sts_request_check() misses it if the
	 * protocol needs it. */
	for (size_t i = 0; i < r->param_count; i++) {
		struct sts_field *field = &f->params[i];

		if (field->value.data == claim_to_read) {
			if (!wants_claims &&
			    sts_jwt_open(subject, scratch, size, &claims, NULL) != STS_OK)
				claims = NULL;
			wants_claims = true;
			field->value = copy_claim(
				claims, sts_protocol_parameter(r->protocol, field->name), files);
		}
		if (field->value.data)
			f->params[kept++] = *field;
	}
	r->param_count = kept;
	if (!wants_claims)
		return STS_OK;
	sts_json_close();
	err = sts_request_check(r, e);
	return err == STS_OK ? url(o, f, e) : err;
}

bool sts_fields_next_ca(const struct sts_options *o, const struct sts_fields *f, size_t *at,
			struct sts_slice *path)
{
	while (*at < o->list_count) {
		const struct sts_list_value *item = &o->list[(*at)++];

		*path = item->value;
		if (item->list == STS_LIST_CACERT)
			return true;
	}
	*path = sts_slice_of(f->ca);
	return f->ca && (*at)++ == o->list_count;
}

/* Returns the value of a variable with two spellings. The first one that is set is used, as in Go's
 * httpproxy package. */
static const char *from_environment(const char *upper, const char *lower)
{
	const char *value = getenv(upper);

	return value && *value ? value : getenv(lower);
}

/* Choose the proxy, if any. --proxy and --connect override the proxy variables. */
static enum sts_err proxy(const struct sts_options *o, struct sts_fields *f, struct sts_error *e)
{
	const char *text = o->proxy;
	struct sts_error why;

	if (text && strcmp(text, "none") == 0)
		return STS_OK;
	if (text && o->connect)
		return sts_fail(e, STS_EUSAGE, 0, "--connect and --proxy exclude each other");
	if (!text && !o->connect && o->command != STS_COMMAND_EXCHANGE &&
	    !(f->request.protocol && (f->request.protocol->flags & STS_PROTOCOL_DIRECT)))
		text = from_environment("HTTPS_PROXY", "https_proxy");
	if (!text || !*text ||
	    sts_proxy_exempts(
		    sts_slice_of(o->proxy ? NULL : from_environment("NO_PROXY", "no_proxy")),
		    &f->url))
		return STS_OK;
	if (sts_proxy_parse(sts_slice_of(text), &f->proxy, &why) == STS_OK)
		return STS_OK;
	return sts_fail(e, why.code, why.detail, "%s: %s",
			o->proxy                        ? "--proxy"
			: text == getenv("HTTPS_PROXY") ? "the variable HTTPS_PROXY"
							: "the variable https_proxy",
			why.msg);
}

static enum sts_err client_certificate(const struct sts_options *o, struct sts_error *e)
{
	return !o->client_cert != !o->client_key
		       ? sts_fail(e, STS_EUSAGE, 0, "--client-cert and --client-key go together")
		       : STS_OK;
}

enum sts_err sts_fields_get(const struct sts_options *o, struct sts_fields *f,
			    struct sts_slice text, struct sts_error *e)
{
	enum sts_err err;

	memset(f, 0, offsetof(struct sts_fields, params));
	f->request.agent = agent;
	err = use_url(o, f, text, e);
	if (err == STS_OK)
		err = proxy(o, f, e);
	return err == STS_OK ? client_certificate(o, e) : err;
}

/* ---- the request that revokes a token ---- */

bool sts_fields_can_revoke(const struct sts_options *o, const struct sts_fields *f)
{
	return (f->write & STS_WRITE_TOKEN) &&
	       (o->revoke_url ||
		*sts_protocol_text(sts_protocol_revocation(f->request.protocol), STS_PROTOCOL_URL));
}

enum sts_err sts_fields_revoke(const struct sts_options *o, struct sts_fields *f,
			       struct sts_slice token, struct sts_error *e)
{
	struct sts_request *r = &f->request;
	const struct sts_parameter *p;
	struct sts_error why;
	size_t kept = 0;
	enum sts_err err = STS_OK;

	r->protocol = sts_protocol_revocation(r->protocol);
	for (size_t i = 0; i < r->param_count; i++)
		if (sts_protocol_parameter(r->protocol, f->params[i].name))
			f->params[kept++] = f->params[i];
	r->param_count = kept;
	r->url_template = r->method = NULL;
	r->own_subject = false;
	r->body = (enum sts_body)r->protocol->body;
	r->subject = token;
	p = sts_protocol_parameter(r->protocol, STS_SLICE("token"));
	if (p && p->source == STS_SOURCE_USER) {
		add(f, "token", token);
		f->params[kept].secret = true;
		r->subject.len = 0;
	}
	f->url.target = sts_protocol_slice(r->protocol, STS_PROTOCOL_URL);
	if (o->revoke_url) {
		f->proxy.used = false;
		err = use_url(o, f, sts_slice_of(o->revoke_url), &why);
		if (err != STS_OK)
			return sts_fail(e, err, why.detail, "--revoke-url: %s", why.msg);
		err = proxy(o, f, e);
	}
	return err == STS_OK ? sts_request_check(r, e) : err;
}

/* Apply --write and --format. The file `expires` is always written, since the order of writing,
 * adoption and `check` depend on it. */
static enum sts_err outputs(const struct sts_options *o, struct sts_fields *f, struct sts_error *e)
{
	const struct sts_protocol *protocol = f->request.protocol;
	bool token = protocol->write & STS_WRITE_TOKEN;
	enum sts_err err = STS_OK;

	f->write = protocol->write;
	f->format = token ? STS_WRITE_TOKEN : STS_WRITE_AWS_PROCESS;
	if (o->write)
		err = sts_outputs_choose(protocol, "write", o->write, &f->write, e);
	if (err == STS_OK && o->format)
		err = sts_outputs_choose(protocol, "format", o->format, &f->format, e);
	if (err != STS_OK)
		return err;
	if (!(f->write & STS_OUTPUTS_TOKEN))
		return sts_fail(e, STS_EUSAGE, 0, "--write names no file with a token");
	if (o->format && !o->to_stdout)
		return sts_fail(e, STS_EUSAGE, 0,
				"--format goes with --stdout; --write says which files");
	if (!(f->format & STS_OUTPUTS_TOKEN) || (f->format & (f->format - 1)))
		return sts_fail(e, STS_EUSAGE, 0, "--format is one word, and not expires");
	if (!token && (o->expect_audience || o->expect_issuer))
		return sts_fail(e, STS_EUSAGE, 0,
				"protocol %s gives no JWT: --expect-audience and --expect-issuer "
				"would refuse every answer",
				o->protocol);
	f->write |= STS_WRITE_EXPIRES | (protocol->write & STS_WRITE_THUMBPRINT);
	return STS_OK;
}

/* Choose the file of the subject token, and the CA file of the protocol. */
static void local_files(const struct sts_options *o, struct sts_fields *f)
{
	const char *token = sts_protocol_text(f->request.protocol, STS_PROTOCOL_TOKEN_FILE);
	struct sts_slice path, one;
	size_t at = 0;

	if (sts_options_has_token_file(o))
		token = NULL;
	else if (*token != '/')
		token = variable(o, token, &one);
	f->token_file = token ? token : o->token_file;
	if (!sts_fields_next_ca(o, f, &at, &path))
		f->ca = sts_protocol_text(f->request.protocol, STS_PROTOCOL_CA);
	if (f->ca && *f->ca != '/')
		f->ca = variable(o, f->ca, &one);
}

enum sts_err sts_fields_make(const struct sts_options *o, struct sts_fields *f,
			     struct sts_fields_files *files, struct sts_error *e)
{
	enum sts_err err;

	memset(f, 0, offsetof(struct sts_fields, params));
	f->request.protocol = sts_protocol_find(sts_slice_of(o->protocol));
	if (!f->request.protocol)
		return sts_unknown_protocol(o->protocol, e);
	f->request.agent = agent;
	f->request.params = f->params;
	f->request.headers = f->headers;
	f->request.url_template = sts_protocol_text(f->request.protocol, STS_PROTOCOL_URL);
	err = sts_platform_url(o, f->request.protocol, &f->url_from, f->url_variable, e);
	if (o->url || f->url_from || !*f->request.url_template)
		f->request.url_template = NULL;
	local_files(o, f);
	if (o->subject_token_type)
		add(f, "subject_token_type", sts_slice_of(o->subject_token_type));
	if (o->requested_token_type)
		add(f, "requested_token_type", sts_slice_of(o->requested_token_type));
	for (size_t i = 0; i < o->list_count && err == STS_OK; i++)
		err = add_listed(&o->list[i], f, files, e);
	if (err == STS_OK)
		err = add_actor(o, f, files, e);
	if (err == STS_OK)
		err = client(o, f, files, e);
	if (err == STS_OK)
		err = token_field(o, f, e);
	if (err == STS_OK)
		err = outputs(o, f, e);
	if (err == STS_OK)
		err = override_protocol(o, f, e);
	complete(o, f);
	if (err == STS_OK)
		err = sts_request_check(&f->request, e);
	if (err == STS_OK)
		err = url(o, f, e);
	if (err == STS_OK)
		err = proxy(o, f, e);
	return err == STS_OK ? client_certificate(o, e) : err;
}
