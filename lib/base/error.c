/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/format.h"
#include "base/packed.h"
#include "base/resident.h"
#include "base/text.h"

#define TOKEN_MIN_BYTES 16 /* a shorter word with "eyJ" is no token */

/* A row of each table. A text is an offset in `texts`: pointers would be larger, and the loader
 * would have to relocate them at every start. */
struct error_row {
	uint16_t name, meaning, hint;
	uint8_t retry : 3;
	bool fetch_retries : 1;
	uint8_t result : 4;
	uint8_t exit : 4; /* the row of the exit status */
	uint8_t gate : 4;
};
struct exit_row {
	uint16_t meaning;
	uint8_t status;
};

/* The arrays texts, errors, exits, results, gates, hints and said, which are generated from
 * errors.toml. In texts, names are plain, and all others are packed. Each row of hints is a text
 * (two bytes), the codes it is for, END, their details, END. Another END follows the last row. If
 * the details are HTTP statuses, they are kept less STATUS_MIN, and END_STATUSES stands before
 * them. The rows of said are a text (two bytes), phrases (two each), SAID_END, the codes it is for,
 * SAID_END. Another SAID_END follows the last row. */
#define END            UINT8_MAX
#define END_STATUSES   (END - 1)
#define DETAIL(number) ((number) + 0 * sizeof(char[(number) < END_STATUSES ? 1 : -1]))
#define SAID_END       UINT8_MAX
#include "base/error_table.h"

_Static_assert(STS_RESULT__COUNT <= 16, "struct error_row has 4 bits for a result");
_Static_assert(STS_EXIT__COUNT <= 16, "struct error_row has 4 bits for an exit status");
_Static_assert(STS_ERR__COUNT < END_STATUSES, "a code has a byte");
_Static_assert(sizeof(texts) < END << 8, "the first byte of a place is not END");
_Static_assert(STS_GATE__COUNT <= 16, "struct error_row has 4 bits for a gate");
_Static_assert(STS_ERR__COUNT < SAID_END, "a code has a byte");
_Static_assert(sizeof(texts) < SAID_END << 8, "the first byte of a text is not SAID_END");

/* The row of a code. */
static const struct error_row *row_of(enum sts_err code)
{
	return &errors[(unsigned)code < STS_ERR__COUNT ? code : STS_EBUG];
}

struct sts_error_info sts_error_info(enum sts_err code)
{
	const struct error_row *row = row_of(code);

	return (struct sts_error_info){
		.name = texts + row->name,
		.retry = (enum sts_retry)row->retry,
		.fetch_retries = row->fetch_retries,
		.exit_status = (enum sts_exit)exits[row->exit].status,
		.result = (enum sts_result)row->result,
		.gate = (enum sts_gate)row->gate,
	};
}

const char *sts_error_meaning(enum sts_err code)
{
	static char meaning[LONGEST_BYTES + 1] STS_RESIDENT; /* the supervisor logs it */

	return sts_unpacked(texts + row_of(code)->meaning, meaning, sizeof(meaning));
}

/* Is a value in a list? Sets *at to what follows the list. */
static bool has(const uint8_t **at, int value)
{
	bool found = false;

	for (; **at < END_STATUSES; (*at)++)
		found |= **at == value;
	(*at)++;
	return found;
}

/* The text of `said` at *at, which is moved on. */
static const char *take_text(const uint8_t **at)
{
	*at += 2;
	return texts + ((*at)[-2] << 8 | (*at)[-1]);
}

/* The packed hint for the words of a message; NULL: they have none of their own. */
static const char *said_hint(enum sts_err code, struct sts_slice msg)
{
	ptrdiff_t request = sts_slice_find(msg, STS_SLICE("; request: "));
	struct sts_slice words = {msg.data, request < 0 ? msg.len : (size_t)request};
	const uint8_t *at = said;
	char buf[LONGEST_BYTES + 1];

	while (*at != SAID_END) {
		const char *hint = take_text(&at);
		bool is_said = false, is_of_code = false;

		while (*at != SAID_END) {
			const char *phrase = sts_unpacked(take_text(&at), buf, sizeof(buf));

			is_said |= sts_slice_has_phrase(*phrase == ';' ? msg : words,
							sts_slice_of(phrase));
		}
		while (*++at != SAID_END)
			is_of_code |= *at == code;
		at++;
		if (is_said && is_of_code)
			return hint;
	}
	return NULL;
}

/* The packed hint for an error. */
static const char *hint_of(enum sts_err code, int detail)
{
	const uint8_t *at = hints;

	while (*at != END) {
		const char *hint = texts + (at[0] << 8 | at[1]);
		bool is_of_code;

		at += 2;
		is_of_code = has(&at, (int)code);
		if (has(&at, at[-1] == END ? detail : detail - STATUS_MIN) && is_of_code)
			return hint;
	}
	return texts + row_of(code)->hint;
}

static const char *command STS_RESIDENT;

void sts_error_set_command(const char *name)
{
	command = name;
}

const char *sts_error_hint_for(enum sts_err code, int detail, const char *msg)
{
	static char hint[LONGEST_BYTES + 1] STS_RESIDENT;
	const char *packed = said_hint(code, sts_slice_of(msg));
	struct sts_text text;

	if (!packed)
		packed = hint_of(code, detail);
	if (!command || packed != texts + errors[STS_EUSAGE].hint)
		return sts_unpacked(packed, hint, sizeof(hint));
	sts_text_init(&text, hint, sizeof(hint));
	sts_text_addf(&text, "see sts-sidecar %s --help", command);
	return hint;
}

const char *sts_error_hint(enum sts_err code, int detail)
{
	return sts_error_hint_for(code, detail, "");
}

const char *sts_result_name(enum sts_result result)
{
	return texts + results[result];
}

const char *sts_gate_name(enum sts_gate gate)
{
	return texts + gates[gate];
}

struct sts_exit_info sts_exit_info(size_t row)
{
	static char meaning[LONGEST_BYTES + 1];

	return (struct sts_exit_info){
		(enum sts_exit)exits[row].status,
		sts_unpacked(texts + exits[row].meaning, meaning, sizeof(meaning)),
	};
}

/* May this byte stand in a JWT, or in "..." behind a part of one? */
static bool is_of_jwt(char c)
{
	return sts_is_letter(c) || sts_is_digit(c) || c == '-' || c == '_' || c == '.';
}

void sts_hide_tokens(char *msg)
{
	static const char mark[] = "(a token)";
	ptrdiff_t at;

	while ((at = sts_slice_find(sts_slice_of(msg), STS_SLICE("eyJ"))) >= 0) {
		size_t len = 0;

		msg += at;
		while (is_of_jwt(msg[len]))
			len++;
		if (len >= TOKEN_MIN_BYTES) {
			memcpy(msg, mark, sizeof(mark) - 1);
			memmove(msg + sizeof(mark) - 1, msg + len, strlen(msg + len) + 1);
		}
		msg += len < TOKEN_MIN_BYTES ? len : sizeof(mark) - 1;
	}
}

enum sts_err sts_fail_format(struct sts_error *e, enum sts_err code, int detail, const char *fmt,
			     ...)
{
	va_list args;

	if (!e)
		return code;
	e->code = code;
	e->detail = detail;
	va_start(args, fmt);
	sts_format(e->msg, sizeof(e->msg), fmt, args);
	va_end(args);
	/* A path or the value of an option may hold any byte, but a message is one line of
	 * printable ASCII. */
	for (char *c = e->msg; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	sts_hide_tokens(e->msg);
	return code;
}

/* Not inlined: it is there for the shorter call. */
__attribute__((noinline)) enum sts_err sts_fail_text(struct sts_error *e, enum sts_err code,
						     const char *fmt)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security" /* the callers' formats are literals */
	return sts_fail_format(e, code, 0, fmt);
#pragma GCC diagnostic pop
}
