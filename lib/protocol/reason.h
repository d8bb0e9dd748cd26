/* SPDX-License-Identifier: Apache-2.0 */
/* The reason of a failure, as the answer of an STS states it: an error code and words for people.
 * This module finds them, and decides which of them may be shown. */
#ifndef STS_PROTOCOL_REASON_H
#define STS_PROTOCOL_REASON_H

#include "base/sizes.h"
#include "http_messages/response.h"
#include "json_xml/json.h"
#include "protocol/request.h"

#define STS_REASON_WORDS_MAX_BYTES 1024 /* of the answer's words; more are cut off */

/* UNTRUSTED. The slices point into the open document, into the body, or into the buffers at the
 * end, so the struct must not be copied. */
struct sts_reason {
	struct sts_slice code; /* under STS_CODE_MAX_BYTES, [A-Za-z0-9_.-] only; empty where there
				  is none, or none that may be shown */
	struct sts_slice text; /* the answer's words; empty where there are none */
	/* The answer has no error code, but it has words in a field in which an STS has its error
	 * message. So the answer came from the STS, and not from a proxy or portal in front of it.
	 */
	bool is_from_sts;
	struct sts_slice page; /* the body, if it is a web page; else empty */
	/* private */
	char code_buf[STS_REASON_WORDS_MAX_BYTES];
	char text_buf[STS_REASON_WORDS_MAX_BYTES];
};

/*
 * Find the error code and the words in a document that has no token where a 2xx should have it.
 *   request  in   the request that was sent; an error code that repeats a secret of the request
 *                 counts as words
 *   root     in   the body as JSON
 *   reason   out
 */
void sts_reason_of_document(const struct sts_request *request, const struct sts_json *root,
			    struct sts_reason *reason);

/*
 * Find the error code and the words of an answer that is not 2xx. Its body may be broken JSON
 * (json_lenient.h). An error code that is there twice, with two values, does not count. What the
 * body does not say is looked for in WWW-Authenticate: `error` and `error_description` of the first
 * challenge of any scheme that has one of them (RFC 6750 section 3).
 *   request  in   as above
 *   head     in   UNTRUSTED
 *   body     in   UNTRUSTED: JSON, or any other text
 *   reason   out
 */
void sts_reason_read(const struct sts_request *request, const struct sts_http_head *head,
		     struct sts_slice body, struct sts_reason *reason);

/*
 * Does a text of the answer have one of these phrases, as whole words? The case of letters makes no
 * difference.
 *   text     in  UNTRUSTED; only its first STS_REASON_WORDS_MAX_BYTES are searched
 *   phrases  in  one text after the other; an empty text ends them
 */
bool sts_reason_says(struct sts_slice text, const char *phrases);

/*
 * Add words of the answer, escaped. Words that are too long lose long sentences at their beginning,
 * such as those of RFC 6749, and if that is not enough, their middle. If the words repeat a secret,
 * a note that says so takes their place.
 *   words  in  UNTRUSTED
 *   max    in  bytes of output, up to 160
 */
void sts_reason_add_words(struct sts_text *t, const struct sts_request *request,
			  struct sts_slice words, size_t max);

/* Add "a web page", and its title if it has one: "a web page "Sign in"".
 *   page  in  UNTRUSTED */
void sts_reason_add_page(struct sts_text *t, const struct sts_request *request,
			 struct sts_slice page);

/* Add ": CODE: WORDS", as sts_reason_add_words() does, or what sts_reason_add_page() adds. An empty
 * code is left out, and so are empty words. */
void sts_reason_add(struct sts_text *t, const struct sts_request *request,
		    const struct sts_reason *reason);

/* Does a refusal with these words leave open whether a parameter is wrong (STS_PROTOCOL_DOUBT)?
 *   words  in  UNTRUSTED: of sts_reason_read() */
bool sts_reason_doubts(const struct sts_protocol *protocol, struct sts_slice words);

/*
 * Ask about the parameter that may be wrong, where the words of a refusal do not tell
 * (STS_PROTOCOL_DOUBT): " (is mount=jwt right?)", or " (or is workspace_id missing?)".
 *   request  in   its parameters were checked: no byte of a value needs an escape
 *   words    in   UNTRUSTED: of sts_reason_read()
 *   out      out  size bytes; not touched where there is nothing to ask, or where the parameter is
 *                 part of the URL and the user gave the whole URL
 */
void sts_reason_doubt(const struct sts_protocol *protocol, const struct sts_request *request,
		      struct sts_slice words, char *out, size_t size);

#endif
