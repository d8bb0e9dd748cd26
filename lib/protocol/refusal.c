/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/refusal.h"

/* Is the client at fault, and not the subject token? The error code is invalid_client (RFC 6749
 * section 5.2), or unauthorized_client with 401, which is Keycloak's answer to a wrong secret.
 * Google says unauthorized_client of a token that an attribute condition refuses. Keycloak says
 * invalid_client of an unknown or disabled audience, too. With 403 and access_denied it says that a
 * client may not do an exchange: "Client not allowed to exchange", "Client is not within the token
 * audience". */
static bool blames_client(const struct sts_refusal_input *in, const struct sts_reason *reason)
{
	int status = in->status;

	if (!(in->protocol->flags & STS_PROTOCOL_CLIENT_AUTH))
		return false;
	if (sts_slice_eq(reason->code, "invalid_client"))
		return status == 401 || !sts_reason_says(reason->text, "audience not found\0"
								       "client disabled\0");
	if (status == 401)
		return sts_slice_eq(reason->code, "unauthorized_client") &&
		       !sts_reason_says(reason->text, "attribute condition\0");
	return status == 403 && sts_reason_says(reason->text, "client not allowed\0"
							      "not within the token audience\0");
}

bool sts_refusal_wants_client(const struct sts_refusal_input *in, const struct sts_reason *reason)
{
	return in->status == 401 && reason->code.len + reason->text.len + reason->page.len == 0 &&
	       (in->protocol->flags & STS_PROTOCOL_CLIENT_AUTH) &&
	       in->request->client_auth == STS_CLIENT_NONE;
}

/* Is the size of the request the reason? nginx has no status of its own for a head that is too
 * large. */
static bool is_about_size(const struct sts_refusal_input *in)
{
	int status = in->status;

	return status == 413 || status == 414 || status == 431 ||
	       (status == 400 &&
		sts_slice_find(in->body, STS_SLICE("Request Header Or Cookie Too Large")) >= 0);
}

/* Does the answer say that the subject token was sent before? */
static bool says_used(const struct sts_refusal_input *in, const struct sts_reason *reason)
{
	return in->subject_use != STS_USE_AGAIN && sts_reason_says(reason->text, sts_used_phrases);
}

/* Is a 403 about the subject token, and not about the rules for the ServiceAccount? Vault answers
 * "permission denied" also where the API server rejected the token or could not be asked, and 403
 * for a claim that is not the expected one: "invalid audience (aud) claim". */
static bool doubts_token(const struct sts_refusal_input *in, const struct sts_reason *reason)
{
	return sts_reason_doubts(in->protocol, reason->text) ||
	       sts_reason_says(reason->text, "(aud) claim\0(iss) claim\0");
}

/* What the status means, where the error code does not say more. */
static enum sts_err by_status(const struct sts_refusal_input *in, const struct sts_reason *reason)
{
	int status = in->status;
	bool has_code = reason->code.len > 0;

	/* 412 is Vault's where a server of the cluster does not have the newest state yet. Another
	 * attempt does not help after 501 and 505. */
	if ((status >= 500 && status != 501 && status != 505) || status == 408 || status == 412 ||
	    status == 425 || status == 429)
		return STS_EBUSY;
	if (status < 400)
		return STS_EREDIRECT;
	if (blames_client(in, reason))
		return STS_ECLIENT;
	if (says_used(in, reason))
		return STS_ESUBJECT_USED;
	if (is_about_size(in))
		return STS_EREQUEST_TOOBIG;
	/* A gateway has answered. A wrong path has pages, too. */
	if (reason->page.len > 0 && !has_code && reason->text.len == 0 && status != 404 &&
	    status != 405)
		return STS_EHTML;
	if (status == 401 || sts_reason_says(reason->text, sts_unfetched_phrases))
		return STS_EUNAUTHORIZED;
	if (status == 403)
		return doubts_token(in, reason) ? STS_EUNAUTHORIZED : STS_EDENIED;
	/* OpenBao knows the URL, and not the namespace in a header. */
	if (has_code || (reason->is_from_sts && status != 404 && status != 405) ||
	    sts_slice_eq(reason->text, "namespace not found"))
		return STS_EREFUSED;
	return status == 404 ? STS_ENOTFOUND : STS_ESTATUS;
}

enum sts_err sts_refusal_by_code(const struct sts_refusal_input *in, struct sts_slice code,
				 enum sts_err otherwise, bool *known)
{
	enum sts_err err = sts_protocol_code(code, otherwise, known);
	/* A code that stands for a 401 may come with any status. */
	bool is_final = in->protocol->flags & STS_PROTOCOL_FINAL;

	if (err == STS_ESUBJECT_USED && in->subject_use == STS_USE_AGAIN)
		return otherwise;
	return err == STS_EUNAUTHORIZED && is_final ? STS_EREFUSED : err;
}

/* The error code at which the words begin: Entra has a code of OAuth in its place, and its own code
 * with a colon before the words. */
static struct sts_slice code_in_words(const struct sts_reason *reason)
{
	struct sts_slice words = reason->text;

	return sts_slice_cut(&words, ':');
}

enum sts_err sts_refusal_meaning(const struct sts_refusal_input *in,
				 const struct sts_reason *reason)
{
	enum sts_err err = sts_refusal_by_code(in, code_in_words(reason), by_status(in, reason),
					       NULL);

	return sts_refusal_by_code(in, reason->code, err, NULL);
}
