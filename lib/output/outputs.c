/* SPDX-License-Identifier: Apache-2.0 */
#include "output/outputs.h"

#include <string.h>

#include "base/timefmt.h"
#include "token/subject.h"

#define AWS              (STS_WRITE_AWS_CREDENTIALS | STS_WRITE_AWS_PROCESS)
#define WORD_SHOWN_BYTES 40 /* of a word of the user's in a message, escaped */

_Static_assert(STS_WRITE_TOKEN == 1u << STS_OUTPUT_TOKEN &&
		       STS_WRITE_EXPIRES == 1u << STS_OUTPUT_EXPIRES &&
		       STS_WRITE_THUMBPRINT == 1u << STS_OUTPUT_THUMBPRINT &&
		       STS_WRITE_JSON == 1u << STS_OUTPUT_JSON &&
		       STS_WRITE_AWS_CREDENTIALS == 1u << STS_OUTPUT_AWS_CREDENTIALS &&
		       STS_WRITE_AWS_PROCESS == 1u << STS_OUTPUT_AWS_PROCESS &&
		       STS_WRITE_GCP_EXECUTABLE == 1u << STS_OUTPUT_GCP_EXECUTABLE,
	       "every STS_WRITE bit is 1 shifted by the number of its file");

/* The thumbprint has an empty word: it is written where the answer has one. */
const char sts_outputs_words[] = "token\0expires\0\0json\0aws-credentials\0aws-process\0"
				 "gcp-executable";

/*
 * The contents of the files, in the order of enum sts_output:
 *   $T      the token
 *   $K, $S  the AWS key id and secret
 *   $N      the AWS session token, which is the token too
 *   $E, $X  the expiry, as RFC 3339 and in seconds since the epoch
 *   $P      the thumbprint
 * A credentials file has no space around the =. After a space, some readers would take a value that
 * begins with a comment character for a comment.
 */
static const char templates[] =
	"$T\0"
	"\0"
	"$P\0"
	"{\"token\":\"$T\",\"expires\":\"$E\",\"expires_s\":$X}\0"
	"[default]\naws_access_key_id=$K\naws_secret_access_key=$S\naws_session_token=$N\n\0"
	"{\"Version\":1,\"AccessKeyId\":\"$K\",\"SecretAccessKey\":\"$S\",\"SessionToken\":\"$N\","
	"\"Expiration\":\"$E\"}\0"
	"{\"version\":1,\"success\":true,\"token_type\":\"urn:ietf:params:oauth:token-type:jwt\","
	"\"id_token\":\"$T\",\"expiration_time\":$X}";

/* ---- what may be chosen ---- */

/* Can the protocol's answers give what goes into this file? */
static bool gives(const struct sts_protocol *protocol, unsigned output)
{
	return output == STS_WRITE_EXPIRES || !(output & AWS) == !(protocol->write & AWS);
}

static enum sts_err unknown(const char *option, struct sts_slice word, struct sts_error *e)
{
	char known[96];
	struct sts_text text;

	sts_text_init(&text, known, sizeof(known));
	for (unsigned i = 0; i < STS_OUTPUT__COUNT; i++)
		if (i != STS_OUTPUT_THUMBPRINT)
			sts_text_addf(&text, "%s%s", i ? ", " : "",
				      sts_text_at(sts_outputs_words, i));
	return sts_fail(e, STS_EUSAGE, 0, "--%s: \"%s\" is none of %s", option,
			sts_shown(word, WORD_SHOWN_BYTES), known);
}

static enum sts_err not_given(const struct sts_protocol *protocol, const char *option, unsigned i,
			      struct sts_error *e)
{
	char protocols[STS_ERROR_TEXT_MAX_BYTES];
	struct sts_text text;

	sts_text_init(&text, protocols, sizeof(protocols));
	for (size_t p = 0; p < sts_protocol_count; p++)
		if (gives(&sts_protocols[p], 1u << i))
			sts_text_addf(&text, " %s",
				      sts_protocol_text(&sts_protocols[p], STS_PROTOCOL_NAME));
	return sts_fail(e, STS_EUSAGE, 0, "--%s: protocol %s gives no %s; these do:%s", option,
			sts_protocol_text(protocol, STS_PROTOCOL_NAME),
			sts_text_at(sts_outputs_words, i), protocols);
}

enum sts_err sts_outputs_choose(const struct sts_protocol *protocol, const char *option,
				const char *words, unsigned *outputs, struct sts_error *e)
{
	*outputs = 0;
	for (bool more = true; more; words++) {
		struct sts_slice word = {words, strcspn(words, ",")};
		unsigned i = 0;

		while (i < STS_OUTPUT__COUNT &&
		       !sts_slice_eq(word, sts_text_at(sts_outputs_words, i)))
			i++;
		if (i == STS_OUTPUT__COUNT || word.len == 0)
			return unknown(option, word, e);
		if (!gives(protocol, 1u << i))
			return not_given(protocol, option, i, e);
		*outputs |= 1u << i;
		words += word.len;
		more = *words != '\0';
	}
	return STS_OK;
}

/* ---- the content ---- */

_Static_assert(STS_TOKEN_MAX_BYTES == 64 * 1024, "the message below states this bound");

/* Check that the values may be written. All AWS credentials together must not be longer than the
 * longest token, so that the files fit in STS_OUTPUTS_MAX_BYTES. */
static enum sts_err check(const struct sts_answer *a, unsigned outputs, struct sts_error *e)
{
	const struct sts_slice values[] = {a->aws_key_id, a->aws_secret, a->token};
	size_t len = 0;

	if (!sts_answer_token_ok(a->token))
		return sts_fail(e, STS_ETOKEN, 0, "the token must not be written to a file");
	if (!(outputs & AWS))
		return STS_OK;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		len += values[i].len;
		if (values[i].len == 0 || len > STS_TOKEN_MAX_BYTES ||
		    !sts_subject_bytes_ok(values[i]))
			return sts_fail(e, STS_ETOKEN, 0,
					"the AWS credentials are not complete, over 64 KiB, or "
					"have a byte that is none of A-Z a-z 0-9 ._~+/=-");
	}
	return STS_OK;
}

/* Add what a letter of the templates stands for. */
static void add_value(struct sts_text *t, const struct sts_answer *a, char which, bool json)
{
	struct sts_slice value = a->token;
	char when[STS_RFC3339_BYTES];

	switch (which) {
	case 'K':
		value = a->aws_key_id;
		break;
	case 'S':
		value = a->aws_secret;
		break;
	case 'E':
		sts_rfc3339_format(a->expires_s, when);
		value = sts_slice_of(when);
		break;
	case 'X':
		sts_text_addf(t, "%lld", (long long)a->expires_s);
		return;
	case 'P':
		if (a->has_thumbprint)
			sts_hex_encode(t, a->thumbprint, sizeof(a->thumbprint));
		return;
	}
	if (json)
		sts_text_add_json(t, value);
	else
		sts_text_add_slice(t, value);
}

/* Fill in a template. */
static void fill(struct sts_text *t, const struct sts_answer *a, const char *at)
{
	bool json = *at == '{';

	for (; *at; at++)
		if (*at == '$')
			add_value(t, a, *++at, json);
		else
			sts_text_add_char(t, *at);
}

enum sts_err sts_outputs_format(const struct sts_answer *answer, unsigned outputs,
				struct sts_text *memory, struct sts_slice files[STS_OUTPUT__COUNT],
				struct sts_error *e)
{
	enum sts_err err = check(answer, outputs, e);

	for (unsigned i = 0; i < STS_OUTPUT__COUNT && err == STS_OK; i++) {
		size_t start = memory->len;

		if (outputs >> i & 1)
			fill(memory, answer, sts_text_at(templates, i));
		files[i] = (struct sts_slice){memory->data + start, memory->len - start};
	}
	if (err == STS_OK && memory->overflow)
		err = sts_fail(e, STS_EBUG, 0, "the files are larger than their memory");
	return err;
}
