/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switches of tls/testing.h. STS_TLS_CHECK_OFF in the environment holds the number of a check
 * that is not made, so that one run can switch a check off in every program of the tests.
 */
#include "tls/testing.h"

#include <stdlib.h>

struct sts_tls_testing sts_tls_testing;

__attribute__((constructor)) static void read_environment(void)
{
	const char *off = getenv("STS_TLS_CHECK_OFF");

	if (off)
		sts_tls_testing.check_off = atoi(off);
}
