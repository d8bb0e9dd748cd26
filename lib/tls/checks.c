/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/checks.h"

#include "base/packed.h"

/* A row of the table. A text is an offset in `texts`: pointers would be larger, and the loader
 * would have to relocate them at every start. */
struct check_row {
	uint16_t words;
	uint8_t alert;
	uint8_t error; /* enum sts_err */
};
_Static_assert(STS_ERR__COUNT <= UINT8_MAX, "an error has a byte");

/* The arrays texts, which are packed, and rows, which are generated from checks.toml. The index of
 * a row is the number of its check; numbers that no check has are zeros, and row 0 stands for
 * them. */
#include "tls/check_table.h"

/* The row of a number, or 0. */
static unsigned row_of(enum sts_tls_check check)
{
	unsigned number = (unsigned)check;

	return number <= STS_TLS_CHECK__LAST && rows[number].error ? number : 0;
}

struct sts_tls_check_info sts_tls_check_info(enum sts_tls_check check)
{
	static char words[LONGEST_BYTES + 1];
	const struct check_row *row = &rows[row_of(check)];

	return (struct sts_tls_check_info){
		.alert = row->alert,
		.error = (enum sts_err)row->error,
		.words = sts_unpacked(texts + row->words, words, sizeof(words)),
	};
}

#ifdef STS_TLS_TESTING
const char *sts_tls_check_name(enum sts_tls_check check)
{
	return names[row_of(check)];
}
#endif
