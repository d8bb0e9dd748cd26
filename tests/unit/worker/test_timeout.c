/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/timeout.h"

#include <errno.h>

#include "base/clock.h"
#include "test.h"

static struct sts_fields fields;
static struct sts_connection c;
static struct sts_report r;

static void begin(void)
{
	memset(&fields, 0, sizeof(fields));
	memset(&c, 0, sizeof(c));
	CHECK_INT(sts_url_parse(STS_SLICE("https://sts.example"), &fields.url, NULL), STS_OK);
	CHECK_INT(sts_url_parse(STS_SLICE("http://proxy:3128"), &fields.proxy.url, NULL), STS_OK);
	c.facts = (struct sts_connect_facts){.last = {.ip = {10, 4, 0, 17}}, .port = 443};
	c.stream.first_len = 1;
}

static void check(enum sts_stage stage, enum sts_err so_far, enum sts_err error, int detail,
		  const char *text)
{
	memset(&r, 0, sizeof(r));
	r.stage = (uint32_t)stage;
	sts_worker_timeout(&r, &c, &fields, so_far);
	CHECK_INT(r.error, error);
	CHECK_INT(r.detail, detail);
	CHECK_STR(r.text, text);
}

#define SERVER "; server: sts.example:443 at 10.4.0.17:443"

/* Each stage has its words. Only those between which the server is waited for name it. */
static void test_stages(void)
{
	begin();
	check(STS_STAGE_START, STS_OK, STS_ETIMEOUT, STS_TIMEOUT_HERE,
	      "time ran out while starting: sts.example");
	check(STS_STAGE_INPUTS, STS_OK, STS_ETIMEOUT, STS_TIMEOUT_HERE,
	      "time ran out while reading the subject token and the CA files: sts.example");
	check(STS_STAGE_TLS, STS_OK, STS_ETIMEOUT, 0,
	      "time ran out while waiting in the TLS handshake: sts.example" SERVER);
	check(STS_STAGE_REQUEST, STS_OK, STS_ETIMEOUT, 0,
	      "time ran out while sending the request: sts.example" SERVER);
	check(STS_STAGE_ANSWER, STS_OK, STS_ETIMEOUT, 0,
	      "time ran out while waiting for the answer: sts.example" SERVER);
	check(STS_STAGE_CHECK, STS_OK, STS_ETIMEOUT, STS_TIMEOUT_HERE,
	      "time ran out while checking the answer: sts.example");
	check(STS_STAGE_WRITE, STS_OK, STS_ETIMEOUT, STS_TIMEOUT_HERE,
	      "time ran out while writing the files: sts.example");
	check(STS_STAGE_DONE, STS_OK, STS_ETIMEOUT, STS_TIMEOUT_HERE,
	      "time ran out while ending: sts.example");
}

/* A server that says nothing at all may not speak TLS. */
static void test_a_silent_server(void)
{
	begin();
	c.stream.first_len = 0;
	check(STS_STAGE_TLS, STS_OK, STS_ETIMEOUT, STS_TIMEOUT_SILENT,
	      "time ran out while waiting in the TLS handshake: sts.example; the server has sent "
	      "nothing" SERVER);
	check(STS_STAGE_ANSWER, STS_OK, STS_ETIMEOUT, 0,
	      "time ran out while waiting for the answer: sts.example" SERVER);
	fields.proxy.used = true;
	check(STS_STAGE_ANSWER, STS_OK, STS_ETIMEOUT, 0,
	      "time ran out while waiting for the answer: sts.example; server: sts.example:443 "
	      "through the proxy proxy:3128");
}

/* It depends on how far the connection came who is blamed: the name server, the address, or the
 * proxy. */
static void test_no_connection(void)
{
	static const char address[] = "sts.example: no answer from 10.4.0.17:443 in ";

	begin();
	check(STS_STAGE_CONNECT, STS_EDNS, STS_EDNS, 0,
	      "time ran out while resolving the name: sts.example");
	c.facts.addresses = c.facts.tried = 1;
	c.facts.first = c.facts.last;
	c.facts.last_boot_ms = c.facts.found_boot_ms = sts_clock_boot_ms() - 3000;
	memset(&r, 0, sizeof(r));
	r.stage = STS_STAGE_CONNECT;
	sts_worker_timeout(&r, &c, &fields, STS_ECONNECT);
	CHECK_INT(r.error, STS_ECONNECT_TIME);
	CHECK_INT(r.detail, ETIMEDOUT);
	CHECK(strncmp(r.text, address, sizeof(address) - 1) == 0);
	fields.proxy.used = true;
	check(STS_STAGE_CONNECT, STS_EDNS, STS_EPROXY, 0,
	      "the proxy proxy:3128 did not answer within the time");
}

static const struct sts_test tests[] = {
	{"each stage", test_stages},
	{"a silent server", test_a_silent_server},
	{"no connection", test_no_connection},
};
STS_TEST_MAIN(tests)
