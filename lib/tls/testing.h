/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Switches for tests of the TLS client. They exist only in builds with STS_TLS_TESTING, which no
 * release and no binary of the program has.
 */
#ifndef STS_TLS_TESTING_H
#define STS_TLS_TESTING_H

#ifdef STS_TLS_TESTING
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sts_tls_testing {
	int check_off;    /* the number of a check that is not made; 0 for none */
	bool unprotected; /* records go in clear, tags are not checked: for fuzzing */
	bool (*random)(uint8_t *data, size_t len); /* in place of getrandom(2); NULL for it */
	bool no_tls12, no_tls13;                   /* versions that are not offered */
	uint16_t groups[8];   /* offered in place of all, the first with a key share; ends with 0 */
	uint16_t schemes[16]; /* signature schemes offered in place of all; ends with 0 */
	bool no_alpn;         /* ALPN is not offered */
	const char *alpn;     /* offered in place of http/1.1; NULL for that */
	/* Called with each traffic secret of TLS 1.3 up to the first of application data, as the
	 * key log of other libraries; NULL for none. */
	void (*secret)(const char *label, const uint8_t *client_random, const uint8_t *secret,
		       size_t len);
};

extern struct sts_tls_testing sts_tls_testing; /* tests/tls/testing.c */
#endif

#endif
