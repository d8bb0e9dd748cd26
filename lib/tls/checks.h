/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of the TLS client. checks.toml is the source of the table and of the generated
 * check_numbers.h, which has enum sts_tls_check. The code makes a check by MUST() (records.h).
 */
#ifndef STS_TLS_CHECKS_H
#define STS_TLS_CHECKS_H

#include <stdint.h>

#include "base/error.h"
#include "tls/check_numbers.h"

/* A row of the table. The text is valid until the next sts_tls_check_info(). */
struct sts_tls_check_info {
	uint8_t alert;      /* that the server gets; 0 for none */
	enum sts_err error; /* that the check makes */
	const char *words;  /* what the server did, as a clause after "the server " */
};

/*
 * Look up a check.
 *   check  in  any value; one that no check has gives STS_EBUG
 */
struct sts_tls_check_info sts_tls_check_info(enum sts_tls_check check);

#ifdef STS_TLS_TESTING
/* The name of a check in checks.toml; NULL for a number that no check has. */
const char *sts_tls_check_name(enum sts_tls_check check);
#endif

#endif
