/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/table.h"

#include <string.h>

#include "base/ascii.h"
#include "base/nearest.h"
#include "base/packed.h"

/* A bit of sts_protocol.parameters: the parameter is required. The other bits are the number of the
 * parameter, from 1; 0 ends the list. */
#define REQUIRED 0x80

/* Generated from protocols.toml: PROTOCOLS, texts, parameters, sts_protocols, codes,
 * sts_error_pointers, sts_message_pointers, sts_used_phrases and sts_unfetched_phrases. */
#include "protocol/protocol_table.h"

const size_t sts_protocol_count = PROTOCOLS;

/* ---- look-up ---- */

const char *sts_protocol_text(const struct sts_protocol *protocol, enum sts_protocol_text which)
{
	static char text[LONGEST_BYTES + 1];

	return sts_unpacked(texts + protocol->texts[which], text, sizeof(text));
}

struct sts_slice sts_protocol_slice(const struct sts_protocol *p, enum sts_protocol_text which)
{
	return sts_slice_of(sts_protocol_text(p, which));
}

const char *sts_parameter_text(const struct sts_parameter *p, enum sts_parameter_text which)
{
	static char text[LONGEST_BYTES + 1];

	return sts_unpacked(texts + p->texts[which], text, sizeof(text));
}

struct sts_slice sts_parameter_slice(const struct sts_parameter *p, enum sts_parameter_text which)
{
	return sts_slice_of(sts_parameter_text(p, which));
}

const struct sts_protocol *sts_protocol_revocation(const struct sts_protocol *protocol)
{
	return &sts_protocols[protocol->revoke];
}

const struct sts_protocol *sts_protocol_find(struct sts_slice name)
{
	for (size_t i = 0; i < PROTOCOLS; i++)
		if (sts_slice_eq(name, sts_protocol_text(&sts_protocols[i], STS_PROTOCOL_NAME)))
			return &sts_protocols[i];
	return NULL;
}

const char *sts_protocol_nearest(struct sts_slice name)
{
	const char *names[PROTOCOLS], *nearest;

	for (size_t i = 0; i < PROTOCOLS; i++)
		names[i] = sts_protocol_text(&sts_protocols[i], STS_PROTOCOL_NAME);
	nearest = sts_nearest(name, names, PROTOCOLS);
	for (size_t i = 0; !nearest && name.len > 2 && i < PROTOCOLS; i++) {
		const char *about = sts_protocol_text(&sts_protocols[i], STS_PROTOCOL_SUMMARY);

		if (sts_slice_has_phrase(sts_slice_of(about), name))
			nearest = names[i];
	}
	return nearest;
}

const struct sts_parameter *sts_protocol_parameter_at(const struct sts_protocol *protocol, size_t i)
{
	uint8_t number = protocol->parameters[i] & (uint8_t)~REQUIRED;

	return number ? &parameters[number - 1] : NULL;
}

bool sts_protocol_requires(const struct sts_protocol *protocol, size_t i)
{
	return protocol->parameters[i] & REQUIRED;
}

/* The index of the first byte from `at` on that is not - or _. */
static size_t skip_marks(const char *text, size_t len, size_t at)
{
	while (at < len && (text[at] == '-' || text[at] == '_'))
		at++;
	return at;
}

bool sts_name_is(struct sts_slice a, const char *z)
{
	size_t len = strlen(z), i = skip_marks(a.data, a.len, 0), j = skip_marks(z, len, 0);

	while (i < a.len && j < len && sts_lower(a.data[i]) == sts_lower(z[j])) {
		i = skip_marks(a.data, a.len, i + 1);
		j = skip_marks(z, len, j + 1);
	}
	return i == a.len && j == len;
}

const struct sts_parameter *sts_protocol_parameter(const struct sts_protocol *protocol,
						   struct sts_slice name)
{
	const struct sts_parameter *p;

	for (size_t i = 0; (p = sts_protocol_parameter_at(protocol, i)); i++) {
		const char *field = sts_parameter_text(p, STS_PARAMETER_FIELD);

		if (sts_name_is(name, sts_parameter_text(p, STS_PARAMETER_NAME)) ||
		    (*field && sts_name_is(name, field)))
			return p;
	}
	return NULL;
}

/* ---- error codes ---- */

#define CODE_WORD_MAX_BYTES 64 /* with a space before and after it */

enum sts_err sts_protocol_code(struct sts_slice code, enum sts_err otherwise, bool *known)
{
	/* `codes` has one text for each of these meanings, with a space before and after every code
	 * of it. */
	const enum sts_err meanings[] = {STS_EBUSY, STS_EUNAUTHORIZED, STS_ESUBJECT_USED,
					 STS_EREFUSED, otherwise};
	const char *at = codes;
	char word[CODE_WORD_MAX_BYTES];
	struct sts_text text;
	bool is_word;

	sts_text_init(&text, word, sizeof(word));
	sts_text_add_char(&text, ' ');
	sts_text_add_slice(&text, code);
	sts_text_add_char(&text, ' ');
	is_word = code.len > 0 && !memchr(code.data, ' ', code.len) && !text.overflow;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		bool found = is_word && sts_slice_find(sts_slice_of(at),
						       (struct sts_slice){word, text.len}) >= 0;

		if (known)
			*known = found;
		if (found)
			return meanings[i];
		at += strlen(at) + 1;
	}
	return otherwise;
}
