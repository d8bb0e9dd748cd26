/* SPDX-License-Identifier: Apache-2.0 */
/* The only source of random bytes of the TLS client. */
#ifndef STS_TLS_RANDOM_H
#define STS_TLS_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fill data with random bytes from getrandom(2). Returns false when the system gives none: the
 * caller then gives up. */
bool sts_tls_random_bytes(uint8_t *data, size_t len);

#endif
