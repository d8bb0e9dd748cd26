/* SPDX-License-Identifier: Apache-2.0 */
#include "subject.h"

#include <string.h>

static bool is_token_byte(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("._~+/=-", c));
}

bool sts_subject_bytes_ok(struct sts_slice token)
{
	for (size_t i = 0; i < token.len; i++)
		if (!is_token_byte(token.data[i]))
			return false;
	return true;
}
