/* SPDX-License-Identifier: Apache-2.0 */
#include "base/boot_id.h"

#include "base/ascii.h"

bool sts_boot_id_ok(const char *id, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!sts_is_digit(id[i]) && !(id[i] >= 'a' && id[i] <= 'f') && id[i] != '-')
			return false;
	return len == STS_BOOT_ID_BYTES - 1;
}
