/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/answer.h"

#include <string.h>

#include "base/packed.h"
#include "base/timefmt.h"
#include "json_xml/json.h"
#include "json_xml/xml.h"
#include "net/url.h"
#include "protocol/reason.h"
#include "protocol/refusal.h"
#include "protocol/secrets.h"
#include "protocol/untimely.h"
#include "token/jwt.h"
#include "token/jwt_times.h"
#include "token/life.h"

#define CLAIM_MAX_BYTES       60  /* of a claim in a message, escaped */
#define POINTER_SHOWN_BYTES   100 /* of a JSON pointer in a message, escaped */
#define ENDPOINT_MAX_BYTES    120 /* of a URL in a message, escaped */
#define HEADER_MAX_BYTES      60  /* of a header in a message, escaped */
#define YEAR_S                (366LL * 24 * 3600)
#define THUMBPRINT_HEX_DIGITS (2 * STS_THUMBPRINT_BYTES)
#define TAIL_MAX_BYTES        STS_UNTIMELY_TEXT_MAX_BYTES /* of what a message ends with */

_Static_assert(STS_TOKEN_MAX_BYTES == 64 * 1024 && STS_EXPIRY_MAX_S == 100 * YEAR_S,
	       "the messages below state these bounds: 64 KiB, 100 years");
_Static_assert(STS_HTTP_BODY_MAX_BYTES <= STS_JSON_MAX_BYTES,
	       "a body of the largest size can be parsed as JSON");

static void keep_code(struct sts_answer *out, const struct sts_reason *reason)
{
	memcpy(out->sts_error, reason->code.data ? reason->code.data : "", reason->code.len);
	out->sts_error[reason->code.len] = '\0';
}

/* The body without white space at its ends and a byte order mark. */
static struct sts_slice bare_body(const struct sts_answer_input *in)
{
	struct sts_slice body = sts_slice_trim(in->body);

	return sts_slice_take_prefix(&body, "\xef\xbb\xbf") ? sts_slice_trim(body) : body;
}

/* Parse the body as JSON. XML, where the protocol allows it, is converted in scratch. */
static enum sts_err parse(const struct sts_answer_input *in, char *scratch, size_t size,
			  const struct sts_json **root, struct sts_error *e)
{
	struct sts_slice body = bare_body(in);
	struct sts_text json;

	if (!(in->protocol->flags & STS_PROTOCOL_XML) || !sts_slice_starts(body, "<"))
		return sts_json_parse(in->body, root, e);
	sts_text_init(&json, scratch, size);
	enum sts_err err = sts_xml_to_json(body, &json, e);

	return err == STS_OK ? sts_json_parse((struct sts_slice){json.data, json.len}, root, e)
			     : err;
}

/* ---- a status that is not 2xx ---- */

static struct sts_refusal_input refusal_of(const struct sts_answer_input *in)
{
	return (struct sts_refusal_input){.protocol = in->protocol,
					  .request = in->request,
					  .body = in->body,
					  .status = in->head->status,
					  .subject_use = in->subject_use};
}

/* Add the target of a redirect, without its query. */
static void add_redirect(struct sts_text *t, const struct sts_answer_input *in)
{
	char target[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text text;

	sts_text_addf(t, ": a redirect");
	if (in->head->location.len == 0)
		return;
	sts_text_init(&text, target, sizeof(target));
	sts_url_add_target(&text, in->head->location);
	if (sts_secrets_found(in->request, (struct sts_slice){text.data, text.len}))
		return;
	sts_text_add_str(t, " to ");
	sts_text_add_str(t, target);
}

/* May the times of the subject token be the reason for this error? */
static bool is_refusal(enum sts_err err, int status)
{
	return err == STS_EUNAUTHORIZED || err == STS_EDENIED || err == STS_EREFUSED ||
	       (err == STS_ESTATUS && (status == 400 || status == 422));
}

/* Find out whether time explains a refusal. Returns the error that it is then.
 *   date_s   in  the answer's Date; -1: none
 *   refusal  in  the error that it is otherwise
 *   tail     out  what the message ends with; empty where the clocks have nothing to say */
static enum sts_err explain(const struct sts_answer_input *in, int64_t date_s,
			    const struct sts_reason *reason, enum sts_err refusal,
			    struct sts_answer *out, char tail[TAIL_MAX_BYTES])
{
	bool is_believed = out->clock_skew_s <= STS_CLOCKS_BELIEVED_S &&
			   out->clock_skew_s >= -STS_CLOCKS_BELIEVED_S;
	struct sts_untimely_input input = {.nbf_s = in->subject ? in->subject->nbf_s : -1,
					   .iat_s = in->subject ? in->subject->iat_s : -1,
					   .exp_s = in->subject ? in->subject->exp_s : -1,
					   .date_s = is_believed ? date_s : -1,
					   .now_s = in->received_real_ms / 1000,
					   .clock_skew_s = out->clock_skew_s,
					   .code = reason->code,
					   .words = reason->text};
	struct sts_untimely why = sts_untimely_explain(&input);

	memcpy(tail, why.text, TAIL_MAX_BYTES);
	if (why.kind != STS_UNTIMELY_EARLY)
		return refusal;
	if (why.wait_s > 0 && why.wait_s > out->retry_after_s)
		out->retry_after_s = why.wait_s;
	return STS_EEARLY;
}

/* The body of an answer that is not 2xx. XML is converted up to the byte at which it is broken. */
static struct sts_slice failure_body(const struct sts_answer_input *in, char *scratch, size_t size)
{
	struct sts_slice body = bare_body(in);
	struct sts_text json;

	if (!sts_slice_starts(body, "<") || sts_xml_is_page(body))
		return body;
	sts_text_init(&json, scratch, size);
	sts_xml_to_json(body, &json, NULL);
	return (struct sts_slice){json.data, json.len};
}

static void add_sizes(const struct sts_answer_input *in, char tail[TAIL_MAX_BYTES])
{
	struct sts_text t;

	sts_text_init(&t, tail, TAIL_MAX_BYTES);
	sts_text_addf(&t, " (sent: a head of %zu bytes, a body of %zu, a subject token of %zu)",
		      in->request_head_bytes, in->request_body_bytes, in->request->subject.len);
}

static void add_want_of_client(char tail[TAIL_MAX_BYTES])
{
	struct sts_text t;

	sts_text_init(&t, tail, TAIL_MAX_BYTES);
	sts_text_addf(&t, " (does the STS want a client, with --client-auth?)");
}

/* Add what a header says, if the answer has it. */
static void add_header(struct sts_text *t, const struct sts_answer_input *in, const char *what,
		       struct sts_slice value)
{
	if (value.len == 0)
		return;
	sts_text_add_str(t, sts_words(what));
	sts_reason_add_words(t, in->request, value, HEADER_MAX_BYTES);
}

/* Add what else explains the status. */
static void add_facts(struct sts_text *t, const struct sts_answer_input *in,
		      const struct sts_reason *reason)
{
	const struct sts_http_head *head = in->head;
	bool is_silent = reason->code.len + reason->text.len + reason->page.len == 0;

	if (is_silent && sts_slice_starts(bare_body(in), "<"))
		sts_text_addf(t, ": XML");
	if (is_silent && head->status == 400 && bare_body(in).len == 0)
		sts_text_addf(t, " with no body");
	if (head->status == 405)
		add_header(t, in, STS_PACKED("; it allows "), head->allow);
	if (head->status == 429 || head->status == 503)
		add_header(t, in, STS_PACKED("; Retry-After: "), head->retry_after);
	if (head->status == 401 && is_silent)
		add_header(t, in, STS_PACKED("; WWW-Authenticate: "), head->challenge);
	if (head->status == 415)
		sts_text_addf(t, "; the request's body was %s",
			      in->request->body == STS_BODY_NONE   ? "empty"
			      : in->request->body == STS_BODY_JSON ? "JSON"
								   : "a form");
}

static enum sts_err read_failure(const struct sts_answer_input *in, int64_t date_s, char *scratch,
				 size_t size, struct sts_answer *out, struct sts_error *e)
{
	int status = in->head->status;
	char msg[STS_ERROR_TEXT_MAX_BYTES], tail[TAIL_MAX_BYTES] = "";
	struct sts_reason reason;
	struct sts_text text;

	sts_reason_read(in->request, in->head, failure_body(in, scratch, size), &reason);
	struct sts_refusal_input refusal = refusal_of(in);
	enum sts_err err = sts_refusal_meaning(&refusal, &reason);

	keep_code(out, &reason);
	if (is_refusal(err, status))
		err = explain(in, date_s, &reason, err, out, tail);
	else if (err == STS_EREQUEST_TOOBIG)
		add_sizes(in, tail);
	if (sts_refusal_wants_client(&refusal, &reason) && !tail[0])
		add_want_of_client(tail);
	if (is_refusal(err, status) && !tail[0])
		sts_reason_doubt(in->protocol, in->request, reason.text, tail, sizeof(tail));
	/* The words of the answer are cut where the tail needs the room. The first words never
	 * change: people search their logs for them. */
	sts_text_init(&text, msg, sizeof(msg) - strlen(tail));
	sts_text_addf(&text, "unexpected status %d", status);
	if (err == STS_EREDIRECT)
		add_redirect(&text, in);
	else
		sts_reason_add(&text, in->request, &reason);
	add_facts(&text, in, &reason);
	if (tail[0] && msg[text.len - 1] == ' ') /* the words may have been cut at a space */
		msg[text.len - 1] = '\0';
	return sts_fail(e, err, status, "%s%s", msg, tail);
}

/* ---- 2xx: the fields ---- */

/* In the order of enum sts_json_kind. */
static const char kinds[] = "null\0a boolean\0a number\0a string\0an array\0an object";
_Static_assert(STS_JSON_NULL == 0 && STS_JSON_BOOL == 1 && STS_JSON_NUMBER == 2 &&
		       STS_JSON_STRING == 3 && STS_JSON_ARRAY == 4 && STS_JSON_OBJECT == 5,
	       "the kinds stand in this order");

/* The place of a value: `pointer` starts where `base` leads. Both are JSON pointers. */
struct spot {
	const char *base, *pointer;
};

/* The place of a value of the protocol. `own` is the JSON pointer that the user gave instead,
 * or NULL. */
static struct spot spot_of(const struct sts_answer_input *in, enum sts_protocol_text which,
			   const char *own)
{
	if (own)
		return (struct spot){"", own};
	return (struct spot){sts_protocol_text(in->protocol, STS_PROTOCOL_BASE),
			     sts_protocol_text(in->protocol, which)};
}

static enum sts_err look(const struct sts_json *root, struct spot spot, const struct sts_json **v,
			 struct sts_error *e)
{
	enum sts_err err = sts_json_at(root, spot.base, v, e);

	return err == STS_OK ? sts_json_at(*v, spot.pointer, v, e) : err;
}

/* A place for a message: escaped, since a pointer may be the user's, and short: access_token. */
struct shown {
	char text[POINTER_SHOWN_BYTES + 1];
};

static struct shown shown(struct spot spot)
{
	struct shown shown;
	struct sts_text text;

	spot.pointer += !*spot.base && strrchr(spot.pointer, '/') == spot.pointer;
	sts_text_init(&text, shown.text, sizeof(shown.text));
	sts_text_add_escaped(&text, sts_slice_of(spot.base), POINTER_SHOWN_BYTES);
	sts_text_add_escaped(&text, sts_slice_of(spot.pointer), POINTER_SHOWN_BYTES);
	return shown;
}

static enum sts_err wrong_type(struct sts_error *e, struct spot spot, const struct sts_json *v,
			       const char *expected)
{
	return sts_fail(e, STS_EANSWER, 0, "the answer's %s is %s, where %s is wanted",
			shown(spot).text, sts_text_at(kinds, sts_json_kind(v)), expected);
}

/* The answer has no value at this place. Some servers answer 200 with an error in the body. */
static enum sts_err no_token(const struct sts_answer_input *in, const struct sts_json *root,
			     struct spot spot, struct sts_answer *out, struct sts_error *e)
{
	char msg[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_reason reason;
	struct sts_slice endpoint;
	const struct sts_json *v;
	struct sts_text text;

	sts_reason_of_document(in->request, root, &reason);
	keep_code(out, &reason);
	sts_text_init(&text, msg, sizeof(msg));
	sts_text_addf(&text, "the answer (status %d) has no %s", in->head->status,
		      shown(spot).text);
	if (sts_json_at(root, "/token_endpoint", &v, NULL) == STS_OK &&
	    sts_json_string(v, &endpoint)) {
		sts_text_addf(&text, ": it is a discovery document, with the token_endpoint ");
		sts_reason_add_words(&text, in->request, endpoint, ENDPOINT_MAX_BYTES);
		return sts_fail(e, STS_EANSWER, STS_ANSWER_DISCOVERY, "%s", msg);
	}
	sts_reason_add(&text, in->request, &reason);
	bool known;
	struct sts_refusal_input refusal = refusal_of(in);
	enum sts_err err = sts_refusal_by_code(&refusal, reason.code, STS_EANSWER, &known);

	/* A known error code means that the STS refused, whatever the status is. */
	return sts_fail(e, err == STS_EANSWER && known ? STS_EREFUSED : err, in->head->status, "%s",
			msg);
}

bool sts_answer_token_ok(struct sts_slice token)
{
	for (size_t i = 0; i < token.len; i++)
		if (token.data[i] <= ' ' || token.data[i] > '~')
			return false;
	return token.len > 0 && token.len <= STS_TOKEN_MAX_BYTES;
}

static enum sts_err check_token(const struct sts_answer_input *in, struct sts_slice token,
				struct spot spot, struct sts_error *e)
{
	const char *why =
		STS_PACKED("has white space in it, or a byte that is not printable ASCII");

	if (token.len == 0)
		why = "is empty";
	else if (token.len > STS_TOKEN_MAX_BYTES)
		why = "is over 64 KiB";
	else if (sts_secrets_returned(in->request, in->subject, token))
		why = STS_PACKED("is what was sent, unchanged");
	else if (sts_answer_token_ok(token))
		return STS_OK;
	return sts_fail(e, STS_ETOKEN, 0, "the answer's %s %s", shown(spot).text, sts_words(why));
}

/* Read a value that must be there: a token, or a part of AWS credentials. */
static enum sts_err read_value(const struct sts_answer_input *in, const struct sts_json *root,
			       struct spot spot, struct sts_slice *value, struct sts_answer *out,
			       struct sts_error *e)
{
	const struct sts_json *v;
	enum sts_err err = look(root, spot, &v, e);

	if (err != STS_OK)
		return err;
	if (!v)
		return no_token(in, root, spot, out, e);
	if (!sts_json_string(v, value))
		return wrong_type(e, spot, v, "a string");
	return check_token(in, *value, spot, e);
}

/* Read the token, and the AWS credentials where the protocol has them. */
static enum sts_err read_values(const struct sts_answer_input *in, const struct sts_json *root,
				struct sts_answer *out, struct sts_error *e)
{
	struct spot key_id = spot_of(in, STS_PROTOCOL_KEY_ID, NULL),
		    secret = spot_of(in, STS_PROTOCOL_SECRET, NULL);
	enum sts_err err = read_value(in, root, spot_of(in, STS_PROTOCOL_TOKEN, in->token_pointer),
				      &out->token, out, e);

	if (err == STS_OK && *key_id.pointer)
		err = read_value(in, root, key_id, &out->aws_key_id, out, e);
	if (err == STS_OK && *secret.pointer)
		err = read_value(in, root, secret, &out->aws_secret, out, e);
	return err;
}

static enum sts_err read_expiry(const struct sts_answer_input *in, const struct sts_json *root,
				struct sts_expiry_input *expiry, struct sts_error *e)
{
	struct spot spot = spot_of(in, STS_PROTOCOL_EXPIRY, in->expiry_pointer);
	enum sts_expiry_kind kind = in->expiry_pointer
					    ? in->expiry_kind
					    : (enum sts_expiry_kind)in->protocol->expiry_kind;
	bool absolute = kind == STS_EXPIRY_ABSOLUTE;
	const struct sts_json *v = NULL;
	enum sts_err err = *spot.pointer ? look(root, spot, &v, e) : STS_OK;

	if (err != STS_OK || !v)
		return err;
	if (!sts_expiry_value(v, kind, absolute ? &expiry->absolute_s : &expiry->lifetime_s))
		return wrong_type(
			e, spot, v,
			sts_words(absolute ? "a time up to 9999 (RFC 3339, or seconds since "
					     "1970)"
					   : "a number of seconds up to 100 years"));
	/* A time in seconds since 1970 that is read as a lifetime would mean over fifty years. A
	 * clock that was never set is near 1970, where a lifetime is no time. */
	int64_t off_s = absolute ? INT64_MAX : expiry->lifetime_s - expiry->sent_real_s;
	if (off_s > -YEAR_S && off_s < YEAR_S && expiry->lifetime_s > 50 * YEAR_S)
		return sts_fail(e, STS_EANSWER, 0,
				"the answer's %s is a time, where a lifetime is wanted: "
				"--expiry-field absolute: reads it",
				shown(spot).text);
	return STS_OK;
}

static enum sts_err read_thumbprint(const struct sts_answer_input *in, const struct sts_json *root,
				    struct sts_answer *out, struct sts_error *e)
{
	struct spot spot = spot_of(in, STS_PROTOCOL_THUMBPRINT, NULL);
	const struct sts_json *v = NULL;
	struct sts_slice hex;
	enum sts_err err = *spot.pointer ? look(root, spot, &v, e) : STS_OK;

	if (err != STS_OK || !v)
		return err;
	if (!sts_json_string(v, &hex))
		return wrong_type(e, spot, v, "a string");
	out->has_thumbprint = sts_hex_decode(hex, out->thumbprint, STS_THUMBPRINT_BYTES);
	if (!out->has_thumbprint)
		return sts_fail(e, STS_ETOKEN, 0, "the answer's %s is not %d hexadecimal digits",
				shown(spot).text, THUMBPRINT_HEX_DIGITS);
	return STS_OK;
}

/* ---- 2xx: the returned token ---- */

/* Fail for a claim that is not what the user wants. When the claim is one string, the message has
 * it, since most often the difference is a slash at the end. */
static enum sts_err unexpected(const struct sts_answer_input *in, const struct sts_json *claims,
			       const char *pointer, const char *what, struct sts_slice wanted,
			       struct sts_error *e)
{
	char found[CLAIM_MAX_BYTES + 3];
	const struct sts_json *v;
	struct sts_slice s;
	struct sts_text text;

	sts_text_init(&text, found, sizeof(found));
	if (sts_json_at(claims, pointer, &v, NULL) == STS_OK && sts_json_string(v, &s) &&
	    s.len > 0 && !sts_secrets_found(in->request, s)) {
		sts_text_add_escaped(&text, s, CLAIM_MAX_BYTES);
		sts_text_add_str(&text, ", ");
	}
	return sts_fail(e, STS_EEXPECT, 0, "the returned token's %s is %snot %s (--expect-%s)",
			what, found, sts_shown(wanted, CLAIM_MAX_BYTES), what);
}

/* Are there claims that the user wants checked? */
static bool wants_claims(const struct sts_answer_input *in)
{
	return in->expect_audience.len > 0 || in->expect_issuer.len > 0;
}

/* Check the audience and the issuer of the token. Closes the answer's document. */
static enum sts_err check_claims(const struct sts_answer_input *in, struct sts_slice token,
				 bool is_jwt, char *scratch, size_t scratch_size,
				 struct sts_error *e)
{
	bool audience = in->expect_audience.len > 0, issuer = in->expect_issuer.len > 0;
	const struct sts_json *claims;
	enum sts_err err = STS_OK;

	if (sts_jwt_open(token, scratch, scratch_size, &claims, NULL) != STS_OK) {
		sts_json_close();
		return sts_fail(
			e, STS_EEXPECT, 0, "the returned token is %s, so its %s cannot be checked",
			is_jwt ? "a malformed JWT" : "no JWT", audience ? "audience" : "issuer");
	}
	if (audience && !sts_jwt_claims_audience(claims, in->expect_audience))
		err = unexpected(in, claims, "/aud", "audience", in->expect_audience, e);
	else if (issuer && !sts_jwt_claims_issuer(claims, in->expect_issuer))
		err = unexpected(in, claims, "/iss", "issuer", in->expect_issuer, e);
	sts_json_close();
	return err;
}

/* Read the times of the token and check its claims, where it is a JWT. An nbf or iat that is not a
 * time does not count, but an exp that is not a time is an error. */
static enum sts_err read_jwt(const struct sts_answer_input *in, struct sts_slice token,
			     char *scratch, size_t scratch_size, struct sts_expiry_input *expiry,
			     struct sts_error *e)
{
	struct sts_jwt_claims times;

	sts_jwt_times(token, scratch, scratch_size, &times, NULL);
	expiry->token_exp_s = times.exp_s;
	expiry->token_iat_s = times.iat_s;
	expiry->token_nbf_s = times.nbf_s;
	if (times.is_exp_bad)
		return sts_fail(e, STS_ETOKEN, 0,
				"the returned token's exp is not a time, or appears twice");
	return wants_claims(in) ? check_claims(in, token, times.is_jwt, scratch, scratch_size, e)
				: STS_OK;
}

static enum sts_err judge_life(const struct sts_answer_input *in,
			       const struct sts_expiry_input *input, struct sts_answer *out,
			       struct sts_error *e)
{
	int64_t documented_s = in->protocol->default_ttl_s;
	struct sts_expiry expiry;
	enum sts_err err = sts_life_judge(input, documented_s, in->max_lifetime_s, &expiry, e);

	if (err != STS_OK)
		return err;
	out->expires_s = expiry.expires_s;
	out->lifetime_s = expiry.lifetime_s;
	out->not_before_s = expiry.not_before_s;
	out->is_assumed = !sts_life_is_stated(input) && documented_s <= 0;
	if (!out->has_date)
		out->has_date = (out->clock_skew_s = sts_expiry_skew_of_iat(input)) > 0;
	return STS_OK;
}

/* ---- the whole answer ---- */

/* Parse the body of a 2xx. The message says what came in place of JSON. */
static enum sts_err parse_body(const struct sts_answer_input *in, char *scratch, size_t size,
			       const struct sts_json **root, struct sts_error *e)
{
	enum sts_err err = parse(in, scratch, size, root, e);
	int status = in->head->status, detail = e ? e->detail : 0;
	char msg[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text text;

	if (err == STS_EEMPTY)
		return sts_fail(
			e, err, status,
			"the STS answered with no body (status %d): is the URL's path right?",
			status);
	if (!e || (err != STS_EHTML && err != STS_EJSON))
		return err;
	sts_text_init(&text, msg, sizeof(msg));
	sts_text_addf(&text, "the answer (status %d) is ", status);
	if (err == STS_EHTML) {
		sts_reason_add_page(&text, in->request, bare_body(in));
		detail = status;
	} else {
		sts_text_add_str(&text, e->msg);
		add_header(&text, in, STS_PACKED("; Content-Type: "), in->head->content_type);
	}
	return sts_fail(e, err, detail, "%s", msg);
}

static enum sts_err read_success(const struct sts_answer_input *in, struct sts_expiry_input *expiry,
				 char *scratch, size_t size, struct sts_answer *out,
				 struct sts_error *e)
{
	const struct sts_json *root;
	enum sts_err err = parse_body(in, scratch, size, &root, e);

	if (err == STS_OK)
		err = read_values(in, root, out, e);
	if (err == STS_OK)
		err = read_expiry(in, root, expiry, e);
	if (err == STS_OK)
		err = read_thumbprint(in, root, out, e);
	if (err == STS_OK)
		err = read_jwt(in, out->token, scratch, size, expiry, e);
	if (err == STS_OK)
		err = judge_life(in, expiry, out, e);
	if (err != STS_OK || !wants_claims(in))
		return err;
	/* The claims took the place of the answer's document, so the answer is parsed again: its
	 * values must stay valid for the caller. */
	err = parse_body(in, scratch, size, &root, e);
	return err == STS_OK ? read_values(in, root, out, e) : err;
}

enum sts_err sts_answer_read(const struct sts_answer_input *in, char *scratch, size_t scratch_size,
			     struct sts_answer *out, struct sts_error *e)
{
	struct sts_expiry_input expiry = {
		.absolute_s = -1,
		.token_exp_s = -1,
		.token_iat_s = -1,
		.token_nbf_s = -1,
		.lifetime_s = INT64_MIN,
		.default_ttl_s = in->default_ttl_s,
		.sent_real_s = in->sent_real_ms / 1000,
		.received_real_s = in->received_real_ms / 1000,
	};
	int status = in->head->status;

	if (expiry.default_ttl_s <= 0)
		expiry.default_ttl_s = in->protocol->default_ttl_s ? in->protocol->default_ttl_s
								   : STS_PROTOCOL_TTL_S;
	if (!sts_httpdate_parse(in->head->date, &expiry.date_s))
		expiry.date_s = -1;
	*out = (struct sts_answer){
		.http_status = status,
		.has_date = expiry.date_s >= 0,
		.retry_after_s = sts_http_retry_after_s(in->head, expiry.received_real_s,
							STS_RETRY_AFTER_MAX_S),
		.clock_skew_s = sts_expiry_skew(expiry.date_s, expiry.sent_real_s,
						expiry.received_real_s),
	};
	if (status < 200 || status > 299)
		return read_failure(in, expiry.date_s, scratch, scratch_size, out, e);
	enum sts_err err = read_success(in, &expiry, scratch, scratch_size, out, e);

	if (err != STS_OK) {
		out->token = out->aws_key_id = out->aws_secret = (struct sts_slice){NULL, 0};
		sts_json_close();
	}
	return err;
}
