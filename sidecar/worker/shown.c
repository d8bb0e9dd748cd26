/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/shown.h"

#include "base/timefmt.h"
#include "json_xml/json.h"
#include "token/jwt.h"

#define PART_MAX_BYTES 100 /* of a URL, or of a claim, escaped */

void sts_shown_add_url(struct sts_text *t, const struct sts_url *url)
{
	struct sts_slice target = url->target;

	sts_text_addf(t, url->https ? "https://" : "http://");
	sts_text_add_slice(t, url->authority);
	sts_text_add_slice(t, sts_slice_cut(&target, '?'));
}

void sts_shown_add_request(struct sts_text *t, const struct sts_request *request)
{
	char shown[PART_MAX_BYTES + STS_HOST_MAX_BYTES];
	struct sts_text text;

	sts_text_init(&text, shown, sizeof(shown));
	sts_shown_add_url(&text, request->url);
	sts_text_addf(t, "; request: %s ",
		      request->method ? request->method
				      : sts_protocol_text(request->protocol, STS_PROTOCOL_METHOD));
	sts_text_add_escaped(t, (struct sts_slice){shown, text.len}, PART_MAX_BYTES);
}

void sts_shown_add_file(struct sts_text *t, const char *path)
{
	if (!path || sts_slice_find((struct sts_slice){t->data, t->len}, sts_slice_of(path)) >= 0)
		return;
	sts_text_addf(t, "; file: ");
	sts_text_add_escaped(t, sts_slice_of(path), PART_MAX_BYTES);
	sts_hide_tokens(t->data);
}

void sts_shown_add_server(struct sts_text *t, const struct sts_fields *fields,
			  const struct sts_connect_facts *facts)
{
	sts_text_addf(t, "; server: ");
	sts_url_add_endpoint(t, &fields->url);
	if (fields->proxy.used) {
		sts_text_addf(t, " through the proxy ");
		sts_url_add_endpoint(t, &fields->proxy.url);
	} else {
		sts_text_addf(t, " at ");
		sts_connect_add_last(t, facts);
	}
}

bool sts_shown_add_claim(struct sts_text *t, const struct sts_json *claims, const char *pointer,
			 const char *name, size_t max)
{
	const struct sts_json *v;
	const char *between = name;
	struct sts_slice s;
	bool is_list;

	if (sts_json_at(claims, pointer, &v, NULL) != STS_OK || !v)
		return false;
	is_list = sts_json_kind(v) == STS_JSON_ARRAY;
	if (is_list)
		v = sts_json_first(v);
	for (; v; v = is_list ? sts_json_next(v) : NULL) {
		if (!sts_json_string(v, &s))
			continue;
		sts_text_add_str(t, between);
		sts_text_add_escaped(t, s, max);
		between = ", ";
	}
	return between != name;
}

/* Add a claim with its name. */
static void add_claim(struct sts_text *t, const struct sts_json *claims, const char *pointer,
		      const char *name)
{
	if (sts_shown_add_claim(t, claims, pointer, name, PART_MAX_BYTES))
		sts_text_add_str(t, ", ");
}

void sts_shown_add_subject(struct sts_text *t, const struct sts_subject *subject, char *scratch,
			   size_t size, int64_t now_s)
{
	const struct sts_json *claims;
	int64_t left_s = subject->exp_s - now_s;

	if (sts_jwt_open(subject->token, scratch, size, &claims, NULL) != STS_OK) {
		sts_text_addf(t, "; subject token: it is not a JWT");
		sts_json_close();
		return;
	}
	sts_text_addf(t, "; subject token: ");
	add_claim(t, claims, "/iss", "iss ");
	add_claim(t, claims, "/sub", "sub ");
	add_claim(t, claims, "/aud", "aud ");
	sts_json_close();
	if (subject->exp_s < 0) {
		sts_text_addf(t, "no exp");
		return;
	}
	if (left_s <= 0)
		sts_text_addf(t, "expired ");
	sts_duration_words(t, left_s > 0 ? left_s : -left_s);
	sts_text_addf(t, left_s > 0 ? " left" : " ago");
}
