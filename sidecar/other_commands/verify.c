/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/packed.h"
#include "base/timefmt.h"
#include "log/print.h"
#include "other_commands/commands.h"
#include "other_commands/token_file.h"
#include "token/expiry.h"
#include "verify/claims.h"
#include "verify/issuer.h"
#include "verify/jws.h"
#include "worker/document.h"

#define ISSUER_SHOWN_BYTES 64 /* in a message, escaped */

/* The words of --json for enum sts_verify_refusal. */
static const char refusals[] = "malformed\0algorithm\0key\0signature\0issuer\0issuer_not_compared\0"
			       "audience\0expired\0not_yet_valid";

/* The data of the command. The process that gets a document has them too (worker/document.h). */
static struct {
	struct sts_jws jws;
	struct sts_document document;
	struct sts_slice issuer; /* of the token, in issuer_buf */
	char token[STS_TOKEN_FILE_BYTES], scratch[STS_TOKEN_FILE_BYTES];
	char issuer_buf[STS_URL_MAX_BYTES - 40]; /* so that sts_issuer_add_url() has room */
	char keys[STS_URL_MAX_BYTES]; /* where the keys are: a URL, or the path of --jwks */
	char file[STS_DOCUMENT_MAX_BYTES], out[8 * STS_TOKEN_MAX_BYTES];
} v;

/* ---- the keys ---- */

/* Read a document: verify the signature by the keys in it, or leave their URL. */
static enum sts_err read_document(char *body, size_t len, struct sts_document *document,
				  struct sts_error *e)
{
	struct sts_issuer_document found;
	struct sts_text text;
	enum sts_err err = sts_issuer_read(body, len, v.issuer, &found, e);

	sts_text_init(&text, document->text, sizeof(document->text));
	if (err == STS_OK && found.keys.len > 0)
		return sts_jws_verify(&v.jws, found.keys, e);
	sts_text_add_slice(&text, found.keys_url);
	return text.overflow ? sts_fail(e, STS_ETOKEN, STS_VERIFY_ISSUER, "jwks_uri is too long")
			     : err;
}

/* Get the document at v.keys. A URL that is not the user's own, but that of the token or of a
 * document, makes the token unverifiable, and not the command line wrong. */
static enum sts_err get(const struct sts_options *o, bool is_own, int64_t deadline_boot_ms,
			struct sts_error *e)
{
	enum sts_err err = sts_document_get(o, v.keys, deadline_boot_ms, read_document, &v.document,
					    e);

	if (err != STS_EURL || is_own)
		return err;
	e->detail = STS_VERIFY_ISSUER;
	return STS_ETOKEN;
}

/* The length of a URL with its scheme, its authority and the slash behind them. */
static size_t origin(const char *url)
{
	size_t len = 0;

	for (int slashes = 0; url[len] && slashes < 3; len++)
		slashes += url[len] == '/';
	return len;
}

/* Get the keys from the URL that the document has. --connect and --client-cert are for the server
 * of the document: another server does not get them. */
static enum sts_err get_keys(const struct sts_options *given, int64_t deadline_boot_ms,
			     struct sts_error *e)
{
	struct sts_options o = *given;
	size_t len = origin(v.keys);
	enum sts_err err;

	if (strncmp(v.keys, v.document.text, len) != 0)
		o.connect = o.client_cert = o.client_key = NULL;
	memcpy(v.keys, v.document.text, sizeof(v.keys));
	err = get(&o, false, deadline_boot_ms, e);
	return err == STS_OK && v.document.text[0]
		       ? sts_fail(e, STS_ETOKEN, STS_VERIFY_ISSUER, "jwks_uri leads to no keys")
		       : err;
}

/* Verify the signature by the keys of the issuer, or by those that --jwks names. */
static enum sts_err check_signature(const struct sts_options *o, struct sts_error *e)
{
	struct sts_slice given = sts_slice_of(o->jwks);
	int64_t deadline_boot_ms = sts_clock_boot_ms() + o->timeout_ms;
	struct sts_text keys;
	enum sts_err err;

	sts_text_init(&keys, v.keys, sizeof(v.keys));
	if (o->jwks)
		sts_text_add_slice(&keys, given);
	else
		sts_issuer_add_url(&keys, v.issuer);
	if (keys.overflow)
		return sts_fail(e, STS_EUSAGE, 0, "--jwks is too long");
	if (!o->jwks || sts_slice_starts(given, "https:") || sts_slice_starts(given, "http:")) {
		err = get(o, o->jwks != NULL, deadline_boot_ms, e);
	} else {
		err = sts_token_file_read(o->jwks, NULL, v.file, sizeof(v.file), &given, e);
		if (err == STS_OK)
			err = read_document(v.file + (given.data - v.file), given.len, &v.document,
					    e);
	}
	return err == STS_OK && v.document.text[0] ? get_keys(o, deadline_boot_ms, e) : err;
}

/* ---- what is added to a message ---- */

static struct sts_text end_of(struct sts_error *e)
{
	size_t len = strlen(e->msg);
	struct sts_text text;

	sts_text_init(&text, e->msg + len, sizeof(e->msg) - len);
	return text;
}

/* Add where the keys were looked for. */
static void add_place(struct sts_text *out)
{
	if (v.keys[0])
		sts_text_addf(out, " (%s)", sts_shown(sts_slice_of(v.keys), STS_SHOWN_MAX_BYTES));
}

/* Add how far the node's clock is from that of the server that had the keys. */
static void add_clock(struct sts_error *e, int64_t now_s)
{
	int64_t skew_s = sts_expiry_skew(v.document.date_s, now_s, now_s);
	struct sts_text text = end_of(e);

	if (skew_s == 0 || (e->detail != STS_VERIFY_EXPIRED && e->detail != STS_VERIFY_EARLY))
		return;
	sts_text_addf(&text, ", but the node's clock is ");
	sts_duration_words(&text, skew_s < 0 ? -skew_s : skew_s);
	sts_text_addf(&text, skew_s < 0 ? " ahead of the issuer's" : " behind the issuer's");
}

/* ---- the claims ---- */

static enum sts_err judge(const struct sts_options *o, struct sts_error *e)
{
	const char *audience = o->audience ? o->audience : o->expect_audience;
	int64_t now_s = sts_clock_real_ms() / 1000;
	enum sts_err err = sts_claims_judge(v.jws.claims, sts_slice_of(audience), now_s, e);

	if (err != STS_OK)
		add_clock(e, now_s);
	else if (!o->issuer && !o->expect_issuer && !o->any_issuer)
		return sts_fail(e, STS_ETOKEN, STS_VERIFY_NOT_COMPARED,
				"signed by the issuer that it names, %s, which was not compared "
				"with yours: give --issuer or --any-issuer",
				sts_shown(v.issuer, ISSUER_SHOWN_BYTES));
	return err;
}

/* Read the issuer. A token of another issuer than the wanted one is refused before anybody is asked
 * for keys. */
static enum sts_err read_issuer(const struct sts_options *o, struct sts_error *e)
{
	const char *wanted = o->issuer ? o->issuer : o->any_issuer ? NULL : o->expect_issuer;
	const struct sts_json *claims;
	struct sts_text text;
	enum sts_err err = sts_jwt_open_part(v.jws.claims, &claims, e);

	if (err != STS_OK)
		return err;
	err = sts_claims_issuer(claims, sts_slice_of(wanted), &v.issuer, e);
	sts_text_init(&text, v.issuer_buf, sizeof(v.issuer_buf));
	sts_text_add_slice(&text, v.issuer);
	v.issuer = (struct sts_slice){text.data, text.len};
	sts_json_close();
	return err == STS_OK && text.overflow
		       ? sts_fail(e, STS_ETOKEN, STS_VERIFY_ISSUER, "its issuer is too long")
		       : err;
}

/* ---- what is printed ---- */

/* Print the verdict, and in JSON or if the token is verified what `inspect` says of it. */
static void print(const struct sts_options *o, struct sts_slice token, const struct sts_error *e)
{
	unsigned why = (unsigned)e->detail < STS_VERIFY__COUNT ? (unsigned)e->detail : 0;
	bool verified = e->code == STS_OK;
	struct sts_text out;
	size_t len;

	sts_text_init(&out, v.out, sizeof(v.out));
	if (o->json) {
		sts_text_addf(&out, "{\"reason\":\"%s\",\"message\":\"",
			      verified                ? "verified"
			      : e->code == STS_ETOKEN ? sts_text_at(refusals, why)
						      : sts_error_info(e->code).name);
		sts_text_add_json(&out, sts_slice_of(verified ? "" : e->msg));
		sts_text_addf(&out, "\",\"keys\":");
		sts_text_add_json_string(&out, sts_slice_of(v.keys));
	} else {
		sts_text_addf(&out, verified ? "verified by the keys of %s" : "not verified: %s",
			      verified ? sts_shown(sts_slice_of(v.keys), STS_SHOWN_MAX_BYTES)
				       : e->msg);
		/* the keys, or a document that is not right */
		if (!verified &&
		    (e->code != STS_ETOKEN || (why >= STS_VERIFY_KEY && why <= STS_VERIFY_ISSUER)))
			add_place(&out);
		sts_text_add_char(&out, '\n');
	}
	len = out.len;
	if ((o->json || verified) &&
	    sts_jwt_describe(token, verified, sts_clock_real_ms() / 1000, o->json, v.scratch,
			     sizeof(v.scratch), &out, NULL) != STS_OK)
		out.len = len;
	if (o->json && out.len == len)
		sts_text_addf(&out, ",\"verified\":false}\n");
	else if (o->json)
		out.data[len] = ',';
	sts_print(STDOUT_FILENO, (struct sts_slice){out.data, out.len});
}

/* Nothing is known about the token: the keys could not be had. */
static int complain(struct sts_error *e)
{
	struct sts_text text = end_of(e);

	if (e->code == STS_ESUBJECT_MISSING || e->code == STS_ESUBJECT_UNREADABLE)
		return sts_complain_with(
			e,
			sts_words("--jwks takes a JWKS or a discovery document of at most 64 KiB"));
	add_place(&text);
	return sts_complain(e);
}

int sts_command_verify(const struct sts_options *o)
{
	struct sts_slice token;
	struct sts_error e = {STS_OK};
	bool judged;
	enum sts_err err = sts_token_file_read(o->file, o->output_dir, v.token, sizeof(v.token),
					       &token, &e);

	if (err != STS_OK)
		return sts_token_file_complain(&e);
	v.document.date_s = -1;
	err = sts_jws_read(token, v.scratch, sizeof(v.scratch), &v.jws, &e);
	if (err == STS_OK)
		err = read_issuer(o, &e);
	if (err == STS_OK)
		err = check_signature(o, &e);
	if (err == STS_OK)
		err = judge(o, &e);
	e.code = err;
	/* An issuer without usable keys has not signed the token in a way that can be verified. */
	judged = err == STS_OK || sts_error_info(err).exit_status == STS_EXIT_ANSWER;
	if (judged || o->json)
		print(o, token, &e);
	if (judged)
		return err == STS_OK ? STS_EXIT_OK : STS_EXIT_NO;
	return complain(&e);
}
