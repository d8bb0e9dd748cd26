/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of lib/net/connect.c need: listeners on loopback, and a name server that is a
 * table. sts_dns_ask() is defined here in place of the one in lib/net/dns.c, and notes what it is
 * asked.
 */
#ifndef STS_NET_FAKES_H
#define STS_NET_FAKES_H

#include "net/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/dns.h"
#include "test.h"

#define DEADLINE_MS 3000

/* --- the name server --- */

struct record {
	const char *name; /* as it is asked for, with the last dot */
	bool ipv6;
	enum sts_dns_verdict verdict;
	const char *addresses; /* separated by spaces */
	bool alias;
};

static const struct record
	*zone;             /* ends with a NULL name; a name that is not in it does not exist */
static char asked[2048];   /* "A name. AAAA name. " */
static int64_t silence_ms; /* how long a silent server takes */

static void take_addresses(const char *text, struct sts_dns_answer *out)
{
	while (*text && out->count < STS_ADDRESSES_MAX) {
		size_t len = strcspn(text, " ");
		if (!sts_address_parse((struct sts_slice){text, len}, &out->list[out->count++]))
			abort();
		text += len + (text[len] == ' ');
	}
}

static void wait_until(int64_t boot_ms)
{
	while (sts_clock_left_ms(boot_ms) > 0)
		usleep(1000);
}

/* Of a name server that cannot be reached. */
static int unreachable_errno = ENETUNREACH;

enum sts_dns_verdict sts_dns_ask(struct sts_dns *dns, const char *name, bool ipv6,
				 int64_t deadline_boot_ms, struct sts_dns_answer *out)
{
	size_t len = strlen(asked);

	CHECK_INT(dns->port, 53);
	CHECK(dns->resolv->server_count > 0);
	CHECK(name[strlen(name) - 1] == '.');
	snprintf(asked + len, sizeof(asked) - len, "%s %s ", ipv6 ? "AAAA" : "A", name);
	*out = (struct sts_dns_answer){.verdict = STS_DNS_NONAME,
				       .server = dns->resolv->servers[0]};
	for (const struct record *r = zone; r && r->name; r++) {
		if (strcmp(r->name, name) != 0 || r->ipv6 != ipv6)
			continue;
		out->verdict = r->verdict;
		out->alias = r->alias;
		out->err = unreachable_errno;
		if (r->verdict == STS_DNS_FOUND)
			take_addresses(r->addresses, out);
		if (r->verdict == STS_DNS_SILENT) {
			int64_t until = sts_clock_boot_ms() + silence_ms;
			wait_until(until < deadline_boot_ms ? until : deadline_boot_ms);
		}
	}
	return out->verdict;
}

/* --- files and listeners --- */

static char dir[] = "/tmp/sts-net.XXXXXX";
static char hosts_path[64], resolv_path[64];
static const struct sts_connect_files files = {hosts_path, resolv_path};
static int listener = -1;
static uint16_t port;

static void write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	close(fd);
}

static void set_files(const char *hosts, const char *resolv)
{
	unlink(hosts_path);
	rmdir(resolv_path);
	unlink(resolv_path);
	if (hosts)
		write_file(hosts_path, hosts, strlen(hosts));
	if (resolv)
		write_file(resolv_path, resolv, strlen(resolv));
	asked[0] = '\0';
	zone = NULL;
	silence_ms = 0;
}

/* Use these records, without a hosts file. */
static inline void set_zone(const struct record *records, const char *resolv)
{
	set_files(NULL, resolv);
	zone = records;
}

static int listen_on(const char *address, uint16_t at, int backlog, uint16_t *got)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(at)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &sa.sin_addr);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, backlog) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		abort();
	*got = ntohs(sa.sin_port);
	return fd;
}

/* --- one call --- */

static struct sts_error error;
static struct sts_connect_facts facts;
static int fd = -1;

static struct sts_url name_url(const char *host)
{
	struct sts_url url = {.https = true, .host_kind = STS_HOST_NAME, .port = port};

	snprintf(url.host, sizeof(url.host), "%s", host);
	return url;
}

static enum sts_err go(const struct sts_url *url, const char *connect_to, int64_t ms)
{
	error = (struct sts_error){.code = STS_OK};
	fd = -2;
	enum sts_err err = sts_connect(url, connect_to, &files, sts_clock_boot_ms() + ms, &fd,
				       &facts, &error);
	CHECK((err == STS_OK) == (fd >= 0));
	CHECK(err == STS_OK || fd == -1);
	CHECK(err == STS_OK || error.code == err);
	if (fd >= 0)
		close(fd);
	return err;
}

static enum sts_err go_name(const char *host)
{
	struct sts_url url = name_url(host);

	return go(&url, NULL, DEADLINE_MS);
}

static void check_message(const char *want)
{
	if (!strstr(error.msg, want))
		CHECK_STR(error.msg, want);
}

static int run_with_net(const struct sts_test *tests, size_t count)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(hosts_path, sizeof(hosts_path), "%s/hosts", dir);
	snprintf(resolv_path, sizeof(resolv_path), "%s/resolv.conf", dir);
	listener = listen_on("127.0.0.1", 0, 200, &port);
	int failed = sts_test_main(tests, count);
	close(listener);
	set_files(NULL, NULL);
	rmdir(dir);
	return failed;
}

#endif
