/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/format.h"
#include "base/text.h"

#define NEVER STS_RETRY_NEVER
#define SOON  STS_RETRY_SOON
#define SLOW  STS_RETRY_SLOW

#define ROW(code, name, retry, fetch, exit, meaning, hint) {retry, fetch, exit},
static const struct {
	uint8_t retry;
	bool fetch_retries;
	uint8_t exit_status;
} table[] = {
#include "base/error_rows.h"
};
#undef ROW

/* Three texts a row, one after the other: an array of pointers to them would be 2 kB larger, and written to at every start. */
#define ROW(code, name, retry, fetch, exit, meaning, hint) name "\0" meaning "\0" hint "\0"
static const char texts[] =
#include "base/error_rows.h"
	;
#undef ROW

/* The rows stand in the order of enum sts_err, and none is missing. */
#define ROW(code, ...) AT_##code,
enum {
#include "base/error_rows.h"
	ROWS
};
#undef ROW
#define ROW(code, ...) _Static_assert((int)AT_##code == (int)(code), #code " is out of order");
#include "base/error_rows.h"
#undef ROW
_Static_assert((int)ROWS == (int)STS_ERR__COUNT, "a row for every code");

struct sts_error_info sts_error_info(enum sts_err code)
{
	size_t row = (unsigned)code < STS_ERR__COUNT ? (size_t)code : STS_EBUG;

	return (struct sts_error_info){
		.name = sts_text_at(texts, 3 * row),
		.meaning = sts_text_at(texts, 3 * row + 1),
		.hint = sts_text_at(texts, 3 * row + 2),
		.retry = (enum sts_retry)table[row].retry,
		.fetch_retries = table[row].fetch_retries,
		.exit_status = (enum sts_exit)table[row].exit_status,
	};
}

enum sts_err sts_fail(struct sts_error *e, enum sts_err code, int detail, const char *fmt, ...)
{
	va_list args;

	if (!e)
		return code;
	e->code = code;
	e->detail = detail;
	va_start(args, fmt);
	sts_format(e->msg, sizeof(e->msg), fmt, args);
	va_end(args);
	/* A path or an option's value may hold anything; a message is one line of printable ASCII. */
	for (char *c = e->msg; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return code;
}
