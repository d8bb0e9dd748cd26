/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/find.h"

#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/timefmt.h"
#include "net/scoped.h"
#include "protocol/secrets.h"
#include "token/jwt.h"
#include "token/jwt_times.h"
#include "trust/dn.h"
#include "worker/shown.h"

#define HALF_A_SECOND_MS 500

/* Finish a text: nothing that is to be left out stays in it, nor behind its end.
 *   request  in  the secrets that it may not repeat; NULL: it is not from the peer */
static void finish(char *text, size_t size, const struct sts_request *request)
{
	struct sts_text t;
	size_t len;

	/* Somebody may give a token where a path is wanted. */
	sts_hide_tokens(text);
	if (request && sts_secrets_found(request, sts_slice_of(text))) {
		sts_text_init(&t, text, size);
		sts_text_addf(&t, "(left out: it repeats a secret)");
	}
	len = strlen(text);
	memset(text + len, 0, size - len);
}

/* Set a text that is not from the peer. */
#define SET(text, slice) set((text), sizeof(text), (slice))

static void set(char *text, size_t size, struct sts_slice from)
{
	struct sts_text t;

	sts_text_init(&t, text, size);
	sts_text_add_escaped(&t, from, size - 1);
	finish(text, size, NULL);
}

static int32_t since_ms(int64_t began_boot_ms)
{
	return (int32_t)(sts_clock_boot_ms() - began_boot_ms);
}

static int64_t or_none(int64_t time_s)
{
	return time_s > 0 && time_s <= STS_EPOCH_MAX_S ? time_s : 0;
}

/* ---- configuration ---- */

void sts_find_configuration(struct sts_findings *f, const struct sts_fields *fields)
{
	struct sts_text t;

	sts_text_init(&t, f->protocol, sizeof(f->protocol));
	sts_text_add_str(&t, sts_protocol_text(fields->request.protocol, STS_PROTOCOL_NAME));
	/* A URL that was parsed is printable ASCII. */
	sts_text_init(&t, f->url, sizeof(f->url));
	sts_shown_add_url(&t, &fields->url);
	finish(f->url, sizeof(f->url), NULL);
	sts_text_init(&t, f->proxy, sizeof(f->proxy));
	if (fields->proxy.used)
		sts_url_add_endpoint(&t, &fields->proxy.url);
}

/* ---- tokens ---- */

void sts_find_subject_file(struct sts_findings *f, const char *path)
{
	struct stat st;

	SET(f->subject_path, sts_slice_of(path));
	if (strcmp(path, "-") == 0 || stat(path, &st) != 0)
		return;
	f->subject_mode = st.st_mode & 07777;
	f->subject_uid = st.st_uid;
	f->subject_gid = st.st_gid;
	f->subject_changed_s = or_none(st.st_mtim.tv_sec);
}

void sts_find_claims(struct sts_found_claims *c, struct sts_slice token, char *scratch, size_t size,
		     const struct sts_request *request)
{
	static const char pointers[] = "/iss\0/sub\0/aud";
	const struct sts_json *claims;
	struct sts_jwt_claims times;
	struct sts_text t;

	sts_jwt_times(token, scratch, size, &times, NULL);
	c->is_jwt = times.is_jwt;
	c->exp_s = or_none(times.exp_s);
	c->nbf_s = or_none(times.nbf_s);
	c->iat_s = or_none(times.iat_s);
	if (sts_jwt_open(token, scratch, size, &claims, NULL) != STS_OK)
		return;
	for (size_t i = 0; i < 3; i++) {
		char *text = i == 0 ? c->iss : i == 1 ? c->sub : c->aud;

		sts_text_init(&t, text, sizeof(c->iss));
		sts_shown_add_claim(&t, claims, sts_text_at(pointers, i), "", sizeof(c->iss) - 1);
		finish(text, sizeof(c->iss), request);
	}
	sts_json_close();
}

_Static_assert(sizeof(((struct sts_found_claims *)0)->iss) ==
			       sizeof(((struct sts_found_claims *)0)->sub) &&
		       sizeof(((struct sts_found_claims *)0)->iss) ==
			       sizeof(((struct sts_found_claims *)0)->aud),
	       "see sts_find_claims()");

/* ---- the way to the server ---- */

void sts_find_way(struct sts_findings *f, const struct sts_connection *c, int64_t began_boot_ms,
		  bool connected)
{
	const struct sts_connect_facts *facts = &c->facts;
	struct sts_text t;

	f->found_by = facts->found_by;
	f->asked = facts->asked;
	SET(f->name, sts_slice_of(facts->name));
	sts_text_init(&t, f->name_server, sizeof(f->name_server));
	if (facts->has_server)
		sts_scoped_add(&t, &facts->server);
	f->addresses = facts->addresses;
	if (!facts->found_boot_ms)
		return;
	f->passed |= 1u << STS_GATE_NAME;
	f->name_ms = (int32_t)(facts->found_boot_ms - began_boot_ms);
	sts_text_init(&t, f->address, sizeof(f->address));
	sts_connect_add_last(&t, facts);
	if (!connected)
		return;
	f->passed |= 1u << STS_GATE_CONNECT | (c->fields->proxy.used ? 1u << STS_GATE_PROXY : 0);
	f->connect_ms = since_ms(facts->found_boot_ms);
}

/* Note the name of a certificate. */
static void set_name(char name[STS_FINDINGS_NAME_BYTES], struct sts_der dn,
		     const struct sts_connection *c)
{
	struct sts_text t;

	sts_text_init(&t, name, STS_FINDINGS_NAME_BYTES);
	sts_dn_add(&t, dn);
	finish(name, STS_FINDINGS_NAME_BYTES, &c->fields->request);
}

/* Note the path that was accepted. */
static void find_path(struct sts_findings *f, const struct sts_connection *c,
		      const struct sts_ca_source *source)
{
	const struct sts_cert_path *path = &c->verifier.path;
	const struct sts_cert *first = path->anchor;

	for (size_t i = path->count; i-- > 0;)
		if (path->cert[i]->not_after_s <= first->not_after_s)
			first = path->cert[i];
	f->first_end_s = or_none(first->not_after_s);
	set_name(f->first_end_name, first->subject, c);
	f->certificates = (int32_t)path->count;
	set_name(f->anchor_name, path->anchor->subject, c);
	SET(f->anchor_file, sts_slice_of(source->label));
}

void sts_find_tls(struct sts_findings *f, const struct sts_connection *c, int64_t began_boot_ms,
		  bool done)
{
	const struct sts_ca_source *source;
	const struct sts_cert *server;
	struct sts_text t;

	if (!c->stream.verifier)
		return;
	f->tls_version = c->stream.tls.facts.version;
	if (done) {
		f->passed |= 1u << STS_GATE_TLS;
		f->tls_ms = since_ms(began_boot_ms);
	}
	server = c->verifier.path.cert[0];
	if (!server)
		return;
	f->cert_ends_s = or_none(server->not_after_s);
	set_name(f->cert_name, server->subject, c);
	set_name(f->cert_issuer, server->issuer, c);
	sts_text_init(&t, f->cert_hosts, sizeof(f->cert_hosts));
	sts_cert_add_san(&t, server);
	finish(f->cert_hosts, sizeof(f->cert_hosts), &c->fields->request);
	source = sts_verifier_anchor_source(&c->verifier);
	if (source)
		find_path(f, c, source);
}

/* ---- the answer ---- */

void sts_find_answer(struct sts_findings *f, const struct sts_connection *c,
		     const struct sts_http_response *http, int64_t sent_boot_ms)
{
	int64_t date_s;

	if (http->head.status == 0)
		return;
	f->answer_ms = since_ms(sent_boot_ms);
	f->answer_bytes = (int32_t)http->body_len;
	f->has_date = sts_httpdate_parse(http->head.date, &date_s);
	/* A Date names a second that has begun, so its middle is the best guess. */
	if (f->has_date)
		f->clock_ms = date_s * 1000 + HALF_A_SECOND_MS - c->received_real_ms;
	if (f->has_date && f->clock_ms / 1000 >= -STS_CLOCKS_SAME_S &&
	    f->clock_ms / 1000 <= STS_CLOCKS_SAME_S)
		f->passed |= 1u << STS_GATE_CLOCK;
}
