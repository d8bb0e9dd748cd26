/* SPDX-License-Identifier: Apache-2.0 */
#include "net/scoped.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Returns the number of an interface; 0 for none. if_nametoindex(3) needs a UNIX socket, which the
 * sandbox forbids. */
static uint32_t interface_number(struct sts_slice name)
{
	struct ifreq request = {0};
	int fd;

	if (name.len == 0 || name.len >= sizeof(request.ifr_name))
		return 0;
	memcpy(request.ifr_name, name.data, name.len);
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	if (ioctl(fd, SIOCGIFINDEX, &request) != 0)
		request.ifr_ifindex = 0;
	close(fd);
	return (uint32_t)request.ifr_ifindex;
}

const char *sts_scoped_parse(struct sts_slice text, struct sts_address *out)
{
	const char *percent = text.len > 0 ? memchr(text.data, '%', text.len) : NULL;
	struct sts_slice address, zone;

	if (sts_address_parse(text, out))
		return NULL;
	if (!percent)
		return "not an IP address";
	address = (struct sts_slice){text.data, (size_t)(percent - text.data)};
	zone = (struct sts_slice){percent + 1, text.len - address.len - 1};
	if (!sts_address_parse(address, out))
		return "not an IP address";
	if (!out->ipv6)
		return "an IPv4 address has no interface";
	out->scope = interface_number(zone);
	return out->scope != 0 ? NULL : "there is no such interface";
}

bool sts_scoped_lacks_zone(const struct sts_address *address)
{
	return address->ipv6 && address->scope == 0 && address->ip[0] == 0xfe &&
	       (address->ip[1] & 0xc0) == 0x80;
}

void sts_scoped_add(struct sts_text *t, const struct sts_address *address)
{
	sts_address_add(t, address->ip, address->ipv6 ? 16 : 4);
	if (address->scope != 0)
		sts_text_addf(t, "%%%u", (unsigned)address->scope);
}
