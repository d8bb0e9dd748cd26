/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/shown.h"

#include "base/timefmt.h"
#include "json_xml/json.h"
#include "token/jwt.h"

#define PART_MAX_BYTES 100 /* of a URL, or of a claim, escaped */

void sts_shown_add_request(struct sts_text *t, const struct sts_request *request)
{
	const struct sts_url *url = request->url;
	struct sts_slice target = url->target;
	char shown[PART_MAX_BYTES + STS_HOST_MAX_BYTES];
	struct sts_text text;

	sts_text_init(&text, shown, sizeof(shown));
	sts_text_add_str(&text, url->https ? "https://" : "http://");
	sts_text_add_slice(&text, url->authority);
	sts_text_add_slice(&text, sts_slice_cut(&target, '?'));
	sts_text_addf(t, "; request: %s ",
		      request->method ? request->method
				      : sts_protocol_text(request->protocol, STS_PROTOCOL_METHOD));
	sts_text_add_escaped(t, (struct sts_slice){shown, text.len}, PART_MAX_BYTES);
}

/* Add a claim that is a string, or the strings of an array. */
static void add_claim(struct sts_text *t, const struct sts_json *claims, const char *pointer)
{
	const struct sts_json *v;
	struct sts_slice s;
	bool is_list;

	if (sts_json_at(claims, pointer, &v, NULL) != STS_OK || !v)
		return;
	is_list = sts_json_kind(v) == STS_JSON_ARRAY;
	if (is_list)
		v = sts_json_first(v);
	for (sts_text_addf(t, "%s ", pointer + 1); v && sts_json_string(v, &s);
	     v = is_list ? sts_json_next(v) : NULL) {
		sts_text_add_escaped(t, s, PART_MAX_BYTES);
		sts_text_add_str(t, ", ");
	}
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
	add_claim(t, claims, "/iss");
	add_claim(t, claims, "/sub");
	add_claim(t, claims, "/aud");
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
