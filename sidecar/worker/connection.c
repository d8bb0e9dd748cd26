/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/connection.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/packed.h"
#include "net/dns.h"
#include "proxy/tunnel.h"
#include "wire/report.h"
#include "worker/ca_sources.h"
#include "worker/reads.h"
#include "worker/test_time.h"

static const struct sts_connect_files net_files = {"/etc/hosts", "/etc/resolv.conf"};

/* The connection to the STS, or through a proxy, must be there this long before the deadline. So if
 * it is not, the error names the name server, the address or the proxy that did not answer. */
#define CONNECT_EARLIER_MS 50

#define TLS_ALERT 21 /* the type of a record: RFC 8446 section 5.1 */

/* The alarm comes this long before the stream gives up by itself, since the alarm says in which
 * stage the time ran out. */
#define STREAM_LATER_MS 200

void sts_connection_init(struct sts_connection *c, const struct sts_options *o,
			 const struct sts_fields *fields, int64_t deadline_boot_ms)
{
	c->o = o;
	c->fields = fields;
	c->deadline_boot_ms = deadline_boot_ms;
	c->socket = -1;
}

enum sts_err sts_connection_read_files(struct sts_connection *c, uint64_t *cas_identity,
				       struct sts_error *e)
{
	enum sts_err err;

	if (!c->fields->url.https)
		return STS_OK;
	err = sts_ca_sources_identify(c->o, c->fields, cas_identity, e);
	if (err == STS_OK)
		err = sts_ca_sources_open(c->o, c->fields, &c->ca, e);
	sts_worker_reads(STS_READS_OTHER);
	if (err == STS_OK && c->o->client_key)
		err = sts_client_key_read(&c->client_key, c->o->client_cert, c->o->client_key, e);
	return err;
}

void sts_connection_allow(const struct sts_connection *c, struct sts_landlock *l)
{
	const struct sts_proxy *proxy = &c->fields->proxy;
	uint16_t port = proxy->used ? proxy->url.port : c->fields->url.port;
	struct sts_address address;

	if (c->o->connect && !proxy->used)
		sts_address_parse_endpoint(sts_slice_of(c->o->connect), &address, &port);
	sts_landlock_allow_port(l, port, false);
	sts_landlock_allow_port(l, STS_DNS_PORT, false);
	sts_landlock_allow_path(l, AT_FDCWD, net_files.hosts, STS_LANDLOCK_READ);
	sts_landlock_allow_path(l, AT_FDCWD, net_files.resolv, STS_LANDLOCK_READ);
	for (size_t i = 0; i < c->ca.count; i++)
		if (c->ca.source[i].is_dir)
			sts_landlock_allow_links(l, c->ca.source[i].fd);
}

static enum sts_err forbid_connections(const struct sts_connection *c, struct sts_error *e)
{
	(void)c;
	(void)e;
	return STS_OK;
}

static enum sts_err open_through_proxy(struct sts_connection *c, struct sts_error *e)
{
	const struct sts_proxy *proxy = &c->fields->proxy;
	int64_t until_boot_ms = c->deadline_boot_ms - CONNECT_EARLIER_MS;
	enum sts_err err = sts_tunnel_connect(proxy, &net_files, until_boot_ms, &c->socket,
					      &c->facts, e);

	if (err == STS_OK)
		err = forbid_connections(c, e);
	return err == STS_OK ? sts_tunnel_open(proxy, &c->fields->url, c->socket, until_boot_ms,
					       &c->stream, e)
			     : err;
}

enum sts_err sts_connection_open(struct sts_connection *c, struct sts_error *e)
{
	const struct sts_url *url = &c->fields->url;
	enum sts_err err;

	if (c->fields->proxy.used)
		return open_through_proxy(c, e);
	err = sts_connect(url, c->o->connect, &net_files, c->deadline_boot_ms - CONNECT_EARLIER_MS,
			  &c->socket, &c->facts, e);
	if (err == STS_OK && !url->https && !sts_connect_to_loopback(c->socket))
		return sts_fail(e, STS_EURL, 0,
				"a plain http URL is allowed to loopback only: what \"%.64s\" led "
				"to is not",
				url->host);
	return err == STS_OK ? forbid_connections(c, e) : err;
}

enum sts_err sts_connection_handshake(struct sts_connection *c, struct sts_error *e)
{
	const struct sts_url *url = &c->fields->url;
	struct sts_server_name server = {.is_ip = url->host_kind != STS_HOST_NAME,
					 .ip_len = url->host_kind == STS_HOST_IPV4 ? 4 : 16,
					 .dns = sts_slice_of(url->host)};
	enum sts_err err = STS_OK;

	memcpy(server.ip, url->ip, sizeof(server.ip));
	if (url->https)
		err = sts_verifier_init(&c->verifier, &c->ca, &server, sts_verification_time_s(),
					e);
	if (err != STS_OK)
		return err;
	sts_stream_init(&c->stream, c->socket, !url->https, url->https ? &c->verifier : NULL,
			server.is_ip ? NULL : url->host, c->deadline_boot_ms + STREAM_LATER_MS,
			c->o->client_key ? &c->client_key : NULL);
	return sts_stream_handshake(&c->stream, e);
}

/* An http URL that leads to a port with TLS ends in an alert, or the server closes the connection
 * without an answer. Returns the error. */
static enum sts_err explain_plain(const struct sts_connection *c, enum sts_err err,
				  struct sts_error *e)
{
	const struct sts_stream *t = &c->stream;

	bool is_alert = err == STS_EHTTP && t->first_len > 1 && t->first[0] == TLS_ALERT;

	if (!is_alert && (err != STS_ETRUNCATED || t->first_len > 0))
		return err;
	return sts_fail(e, err, STS_HTTP_TLS_PORT, "%s, and the URL begins with http://",
			is_alert ? sts_words("the answer is an alert of TLS")
				 : sts_words("the peer closed without an answer"));
}

enum sts_err sts_connection_read_answer(struct sts_connection *c, struct sts_http_response *http,
					struct sts_error *e)
{
	const struct sts_tls_facts *facts = &c->stream.tls.facts;
	char piece[4096];
	enum sts_err err = STS_EAGAIN;

	while (err == STS_EAGAIN) {
		size_t got = 0, used;
		bool clean = false;

		err = sts_stream_read(&c->stream, piece, sizeof(piece), &got, &clean, e);
		if (!c->received_real_ms) {
			c->received_real_ms = sts_clock_real_ms();
			c->received_boot_ms = sts_clock_boot_ms();
		}
		if (err == STS_EAGAIN)
			err = sts_http_response_eof(http, clean, e);
		else if (err == STS_OK)
			err = sts_http_response_feed(http, piece, got, &used, e);
	}
	sts_wipe(piece, sizeof(piece));
	if (!c->fields->url.https)
		err = explain_plain(c, err, e);
	c->wanted_cert = facts->client_asked && !facts->client_sent;
	c->wanted_renegotiation = facts->renegotiation;
	c->refused = c->stream.refused;
	sts_stream_fini(&c->stream);
	close(c->socket);
	c->socket = -1;
	if (err != STS_OK)
		return err;
	return sts_sandbox_enter(STS_SANDBOX_ANSWERED, NULL, c->o->require_sandbox, e);
}

enum sts_err sts_connection_note_wanted(const struct sts_connection *c, struct sts_error *e)
{
	size_t len = strlen(e->msg);
	struct sts_text text;

	/* nginx has a page for a client certificate that is missing or not accepted. */
	if (e->code == STS_EHTML && e->detail == 400 &&
	    (c->wanted_cert ||
	     sts_slice_find(sts_slice_of(e->msg), STS_SLICE("SSL certificate")) >= 0))
		e->code = STS_ECLIENT_CERT;
	if ((!c->wanted_cert && !c->wanted_renegotiation) ||
	    (strchr(e->msg, ':') && e->code != STS_ECLIENT_CERT))
		return e->code;
	sts_text_init(&text, e->msg + len, sizeof(e->msg) - len);
	sts_text_addf(&text,
		      c->wanted_renegotiation
			      ? " (the server asked to renegotiate TLS, which is not done)"
			      : " (the server asked for a client certificate, and was sent none)");
	return e->code;
}

void sts_connection_wipe(struct sts_connection *c)
{
	sts_stream_fini(&c->stream);
	if (c->o && c->o->client_key)
		sts_client_key_fini(&c->client_key);
}
