/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/reason.h"

#include <string.h>

#include "base/ascii.h"
#include "http_messages/challenge.h"
#include "json_xml/json_lenient.h"
#include "json_xml/xml.h"
#include "protocol/secrets.h"
#include "protocol/table.h"

#define WORDS_MAX_BYTES 160 /* of the answer's words in a message */
#define FIXED_BYTES     80  /* a longer sentence may be left out of words that are too long */
#define TITLE_MAX_BYTES 60  /* of the title of a web page in a message */
#define VALUE_MAX_BYTES 60  /* of the value of a parameter in a message */

/* The first string that one of the pointers leads to; empty when none does. The pointers stand one
 * after the other, and an empty one ends them. */
static struct sts_slice first_string(const struct sts_json *root, const char *pointers)
{
	const struct sts_json *v;
	struct sts_slice s;

	for (; *pointers; pointers = sts_text_at(pointers, 1))
		if (sts_json_at(root, pointers, &v, NULL) == STS_OK && sts_json_string(v, &s))
			return s;
	return (struct sts_slice){NULL, 0};
}

/* Does it look like an error code that may be shown? */
static bool is_code(struct sts_slice s)
{
	return s.len > 0 && s.len < STS_CODE_MAX_BYTES && sts_slice_has_only(s, "_.-");
}

/* Is it text for people, and neither a web page nor malformed JSON? */
static bool is_plain(struct sts_slice body)
{
	return body.len > 0 && !strchr("<{[\"", body.data[0]) && !sts_json_begins(body);
}

/* "error":"Not Found" is a sentence, not an error code of a protocol: it becomes the words where
 * there are none. */
static void keep_code_or_words(const struct sts_request *request, struct sts_reason *reason)
{
	reason->code = sts_slice_trim(reason->code);
	if (is_code(reason->code) && !sts_secrets_found(request, reason->code))
		return;
	if (reason->text.len == 0)
		reason->text = reason->code;
	reason->code.len = 0;
}

void sts_reason_of_document(const struct sts_request *request, const struct sts_json *root,
			    struct sts_reason *reason)
{
	reason->code = first_string(root, sts_error_pointers);
	reason->text = sts_slice_trim(first_string(root, sts_message_pointers));
	reason->page.len = 0;
	keep_code_or_words(request, reason);
}

/* The same as first_string() in text that may be broken JSON.
 *   must_be_sure  in  for an error code: a string without an end does not count, nor does a
 *                     string that may not be the only one */
static struct sts_slice find_string(struct sts_slice json, const char *pointers, bool must_be_sure,
				    char *out, size_t size)
{
	for (; *pointers; pointers = sts_text_at(pointers, 1)) {
		struct sts_json_found found = sts_json_find(json, pointers);

		if (must_be_sure && (found.is_unsure || found.is_open))
			break;
		if (found.is_there)
			return sts_json_decode(found.first, out, size);
	}
	return (struct sts_slice){NULL, 0};
}

/* Read the body of an answer that is not 2xx. */
static void read_body(struct sts_slice body, struct sts_reason *reason)
{
	reason->code = reason->text = (struct sts_slice){NULL, 0};
	if (sts_json_begins(body)) {
		reason->code = find_string(body, sts_error_pointers, true, reason->code_buf,
					   sizeof(reason->code_buf));
		reason->text = sts_slice_trim(find_string(body, sts_message_pointers, false,
							  reason->text_buf,
							  sizeof(reason->text_buf)));
	}
	reason->page = body;
	if (!sts_slice_starts(body, "<") || !sts_xml_is_page(body))
		reason->page.len = 0;
	reason->is_from_sts = reason->code.len == 0 && reason->text.len > 0;
	if (is_plain(sts_slice_trim(body)))
		reason->text = sts_slice_trim(body);
}

/* Read WWW-Authenticate for what the body does not say. */
static void read_challenges(const struct sts_http_head *head, struct sts_reason *reason)
{
	for (size_t i = 0; i < STS_HTTP_CHALLENGES_MAX; i++) {
		struct sts_http_challenge challenge = sts_http_challenge_read(head->challenges[i]);

		if (challenge.error.len + challenge.description.len == 0)
			continue;
		if (reason->code.len == 0)
			reason->code = challenge.error;
		/* What servers quote is quoted as in JSON: the quotation mark and the backslash. */
		if (reason->text.len == 0)
			reason->text = sts_slice_trim(sts_json_decode(
				challenge.description, reason->text_buf, sizeof(reason->text_buf)));
		return;
	}
}

void sts_reason_read(const struct sts_request *request, const struct sts_http_head *head,
		     struct sts_slice body, struct sts_reason *reason)
{
	read_body(body, reason);
	keep_code_or_words(request, reason);
	read_challenges(head, reason);
	keep_code_or_words(request, reason);
}

/* ---- phrases ---- */

bool sts_reason_says(struct sts_slice text, const char *phrases)
{
	if (text.len > STS_REASON_WORDS_MAX_BYTES)
		text.len = STS_REASON_WORDS_MAX_BYTES;
	for (; *phrases; phrases = sts_text_at(phrases, 1))
		if (sts_slice_has_phrase(text, sts_slice_of(phrases)))
			return true;
	return false;
}

/* ---- messages ---- */

/* Replace every run of white space by one space: errors of several lines, such as Vault's, become
 * one line. Cuts *s to the bytes that were read. */
static struct sts_slice one_line(struct sts_slice *s, char *out, size_t size)
{
	size_t len = 0, i = 0;

	*s = sts_slice_trim(*s);
	for (; i < s->len && len < size; i++) {
		bool blank = sts_is_space(s->data[i]);

		if (!blank || out[len - 1] != ' ')
			out[len++] = blank ? ' ' : s->data[i];
	}
	s->len = i;
	return (struct sts_slice){out, len};
}

/* Add a part of the words as one line, escaped. The part has at most max bytes, and so has what is
 * added. Returns whether it repeats a secret. The search looks at the bytes as the peer sent them,
 * too: a secret may have a backslash, which is escaped, or two spaces in a row. */
static bool add_part(struct sts_text *t, const struct sts_request *request, struct sts_slice part,
		     size_t max)
{
	char line[WORDS_MAX_BYTES + 1];
	struct sts_slice one = one_line(&part, line, sizeof(line));

	sts_text_add_escaped(t, one, max);
	return sts_secrets_found(request, part);
}

/* Leave out the long sentences at the beginning of words that are too long: some servers repeat a
 * sentence of RFC 6749 before their own words. */
static struct sts_slice without_fixed(struct sts_slice words)
{
	while (words.len > WORDS_MAX_BYTES) {
		ptrdiff_t end = sts_slice_find(words, STS_SLICE(". "));

		if (end < FIXED_BYTES ||
		    !(sts_slice_starts(words, "The ") || sts_slice_starts(words, "Client ")))
			break;
		words.data += end + 2;
		words.len -= (size_t)end + 2;
	}
	return words;
}

void sts_reason_add_words(struct sts_text *t, const struct sts_request *request,
			  struct sts_slice words, size_t max)
{
	char shown[WORDS_MAX_BYTES + 1];
	struct sts_text text;
	bool is_secret;

	sts_text_init(&text, shown, max + 1);
	words = without_fixed(sts_slice_trim(words));
	if (words.len <= max) {
		is_secret = add_part(&text, request, words, max);
	} else {
		size_t begin = max / 2, end = max - begin - 3;

		is_secret = add_part(&text, request, (struct sts_slice){words.data, begin}, begin);
		sts_text_add_str(&text, "...");
		words.data += words.len - end;
		is_secret |= add_part(&text, request, (struct sts_slice){words.data, end}, end);
	}
	if (is_secret || sts_secrets_found(request, (struct sts_slice){text.data, text.len}))
		sts_text_addf(t, "(its words repeat a secret, and are left out)");
	else
		sts_text_add_str(t, shown);
}

/* The title of a web page; empty where there is none. */
static struct sts_slice title_of(struct sts_slice page)
{
	while (page.len > 0) {
		sts_slice_cut(&page, '<');
		if (page.len < 5 || !sts_slice_eq_nocase((struct sts_slice){page.data, 5}, "title"))
			continue;
		sts_slice_cut(&page, '>');
		return sts_slice_trim(sts_slice_cut(&page, '<'));
	}
	return page;
}

void sts_reason_add_page(struct sts_text *t, const struct sts_request *request,
			 struct sts_slice page)
{
	struct sts_slice title = title_of(page);

	sts_text_addf(t, "a web page");
	if (title.len == 0)
		return;
	sts_text_add_str(t, " \"");
	sts_reason_add_words(t, request, title, TITLE_MAX_BYTES);
	sts_text_add_char(t, '"');
}

void sts_reason_add(struct sts_text *t, const struct sts_request *request,
		    const struct sts_reason *reason)
{
	if (reason->code.len > 0) {
		sts_text_add_str(t, ": ");
		sts_text_add_slice(t, reason->code);
	}
	if (reason->text.len + reason->page.len == 0)
		return;
	sts_text_add_str(t, ": ");
	if (reason->text.len > 0)
		sts_reason_add_words(t, request, reason->text, WORDS_MAX_BYTES);
	else
		sts_reason_add_page(t, request, reason->page);
}

/* The parameter that may be wrong where a refusal has these words; NULL: none. */
static const struct sts_parameter *doubtful(const struct sts_protocol *protocol,
					    struct sts_slice words)
{
	struct sts_slice doubt = sts_protocol_slice(protocol, STS_PROTOCOL_DOUBT);
	const struct sts_parameter *p = sts_protocol_parameter(protocol,
							       sts_slice_cut(&doubt, '|'));

	while (doubt.len > 0)
		if (sts_slice_find(words, sts_slice_cut(&doubt, '|')) >= 0)
			return p;
	return NULL;
}

bool sts_reason_doubts(const struct sts_protocol *protocol, struct sts_slice words)
{
	return doubtful(protocol, words) != NULL;
}

void sts_reason_doubt(const struct sts_protocol *protocol, const struct sts_request *request,
		      struct sts_slice words, char *out, size_t size)
{
	const struct sts_parameter *p = doubtful(protocol, words);
	struct sts_slice value;
	struct sts_text t;

	if (!p || (p->place == STS_PLACE_URL && !request->url_template))
		return;
	value = sts_request_value(request, p);
	if (value.len > VALUE_MAX_BYTES)
		value.len = VALUE_MAX_BYTES;
	sts_text_init(&t, out, size);
	sts_text_addf(&t, value.len > 0 ? " (is %s=%.*s right?)" : " (or is %s%.*s missing?)",
		      sts_parameter_text(p, STS_PARAMETER_NAME), (int)value.len, value.data);
}
