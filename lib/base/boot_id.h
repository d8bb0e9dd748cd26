/* SPDX-License-Identifier: Apache-2.0 */
/* The form of a boot id. The kernel draws a new boot id at each start of the machine, and
 * sts_clock_boot_id() reads it. */
#ifndef STS_BASE_BOOT_ID_H
#define STS_BASE_BOOT_ID_H

#include <stdbool.h>
#include <stddef.h>

#define STS_BOOT_ID_BYTES 37 /* 36 characters of [0-9a-f-], and the NUL */

/* Do these bytes have the form of a boot id? UNTRUSTED input, without a NUL. */
bool sts_boot_id_ok(const char *id, size_t len);

#endif
