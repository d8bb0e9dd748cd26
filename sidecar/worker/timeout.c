/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/timeout.h"

#include <errno.h>

#include "base/packed.h"
#include "worker/shown.h"

/* The error and its detail if the time is over in a stage, and what the worker was doing then. The
 * texts stand in the order of the stages. */
static const struct {
	uint8_t error, detail;
} stage_timeouts[STS_STAGE__COUNT] = {
	[STS_STAGE_START] = {STS_ETIMEOUT, STS_TIMEOUT_HERE},
	[STS_STAGE_INPUTS] = {STS_ETIMEOUT, STS_TIMEOUT_HERE},
	[STS_STAGE_CONNECT] = {STS_EDNS, 0},
	[STS_STAGE_TLS] = {STS_ETIMEOUT, 0},
	[STS_STAGE_REQUEST] = {STS_ETIMEOUT, 0},
	[STS_STAGE_ANSWER] = {STS_ETIMEOUT, 0},
	[STS_STAGE_CHECK] = {STS_ETIMEOUT, STS_TIMEOUT_HERE},
	[STS_STAGE_WRITE] = {STS_ETIMEOUT, STS_TIMEOUT_HERE},
	[STS_STAGE_DONE] = {STS_ETIMEOUT, STS_TIMEOUT_HERE},
};
static const char stage_words[] = STS_PACKED("starting\0"
					     "reading the subject token and the CA files\0"
					     "resolving the name\0"
					     "waiting in the TLS handshake\0"
					     "sending the request\0"
					     "waiting for the answer\0"
					     "checking the answer\0"
					     "writing the files\0"
					     "ending");

void sts_worker_timeout(struct sts_report *r, const struct sts_connection *c,
			const struct sts_fields *fields, enum sts_err so_far)
{
	bool connecting = r->stage == STS_STAGE_CONNECT;
	struct sts_text text;

	sts_text_init(&text, r->text, sizeof(r->text));
	r->error = (int32_t)stage_timeouts[r->stage].error;
	r->detail = stage_timeouts[r->stage].detail;
	if (connecting && fields->proxy.used) { /* in the words of sts_tunnel_open() */
		r->error = STS_EPROXY;
		sts_text_addf(&text, "the proxy %.64s:%u did not answer within the time",
			      fields->proxy.url.host, (unsigned)fields->proxy.url.port);
		return;
	}
	if (connecting && so_far != STS_EDNS) {
		r->error = STS_ECONNECT_TIME;
		r->detail = ETIMEDOUT;
		sts_connect_add_failure(&text, fields->url.host, &c->facts, ETIMEDOUT);
		return;
	}
	sts_text_addf(&text, "time ran out while %s: ", sts_words_at(stage_words, r->stage));
	sts_text_add_slice(&text, fields->url.authority);
	if (r->stage == STS_STAGE_TLS && c->stream.first_len == 0) {
		r->detail = STS_TIMEOUT_SILENT;
		sts_text_addf(&text, "; the server has sent nothing");
	}
	if (r->stage >= STS_STAGE_TLS && r->stage <= STS_STAGE_ANSWER)
		sts_shown_add_server(&text, fields, &c->facts);
}
