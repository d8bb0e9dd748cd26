/* SPDX-License-Identifier: Apache-2.0 */
#include "base/listen_address.h"

#define ENDPOINT_MAX_BYTES 80 /* more than an address in brackets, a zone and a port have */

bool sts_listen_address_parse(const char *text, struct sts_address *address, uint16_t *port)
{
	char buf[ENDPOINT_MAX_BYTES];
	struct sts_text all;

	*address = (struct sts_address){0};
	sts_text_init(&all, buf, sizeof(buf));
	sts_text_addf(&all, text[0] == ':' ? "[::]%s" : "%s", text);
	return !all.overflow &&
	       sts_address_parse_endpoint((struct sts_slice){buf, all.len}, address, port);
}
