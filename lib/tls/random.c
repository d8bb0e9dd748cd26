/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/random.h"

#include <errno.h>
#include <sys/random.h>

#include "tls/testing.h"

bool sts_tls_random_bytes(uint8_t *data, size_t len)
{
#ifdef STS_TLS_TESTING
	if (sts_tls_testing.random)
		return sts_tls_testing.random(data, len);
#endif
	while (len > 0) {
		ssize_t n = getrandom(data, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}
