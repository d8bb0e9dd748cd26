/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "http_out.h"

static void oauth_body(struct mock_reply *reply, const struct mock_fault *fault, const char *error,
		       struct sts_slice token)
{
	const char *description = mock_fault_text(fault, "error_description");
	struct sts_text *t = &reply->body;

	sts_text_init(t, reply->body_buf, sizeof(reply->body_buf));
	sts_text_add_str(t, "{\"error\":\"");
	sts_text_add_json(t, sts_slice_of(error));
	sts_text_add_str(t, "\",\"error_description\":\"");
	sts_text_add_json(t, sts_slice_of(description ? description : "told to fail"));
	if (token.len > 0) {
		sts_text_add_str(t, ": ");
		sts_text_add_json(t, token);
	}
	sts_text_add_str(t, "\"}");
	reply->content_type = "application/json";
}

/* What is sent in place of the body, and its type. Returns false if the fault says nothing about
 * it. */
static bool other_body(const struct mock_fault *fault, struct sts_slice *body, const char **type)
{
	if (mock_fault_on(fault, "html")) {
		*type = "text/html; charset=utf-8";
		*body = STS_SLICE("<!DOCTYPE html>\n<html><head><title>Sign "
				  "in</title></head><body><h1>Sign in</h1></body></html>\n");
	} else if (mock_fault_text(fault, "body")) {
		*type = "application/json";
		*body = *mock_params_get(&fault->params, "body", 0);
	} else if (mock_fault_on(fault, "empty") || mock_fault_text(fault, "redirect") ||
		   mock_fault_text(fault, "status")) {
		*type = NULL;
		*body = STS_SLICE("");
	} else {
		return false;
	}
	return true;
}

static void echo(struct mock_reply *reply, struct sts_slice token)
{
	static char reason[80 * 1024];
	struct sts_text t;

	mock_reply_header(reply, "X-Echo", token);
	sts_text_init(&t, reason, sizeof(reason));
	sts_text_addf(&t, "Rejected ");
	sts_text_add_slice(&t, token);
	reply->reason = reason;
}

void mock_reply_bend(struct mock_reply *reply, const struct mock_fault *fault,
		     struct sts_slice token)
{
	const char *error = mock_fault_text(fault, "error"),
		   *redirect = mock_fault_text(fault, "redirect");
	struct sts_slice body;
	bool echoes = mock_fault_on(fault, "echo");

	if (error || echoes) {
		reply->status = 400;
		oauth_body(reply, fault, error ? error : "invalid_request",
			   echoes ? token : (struct sts_slice){NULL, 0});
	} else if (other_body(fault, &body, &reply->content_type)) {
		reply->status = redirect ? 302 : 200;
		sts_text_init(&reply->body, reply->body_buf, sizeof(reply->body_buf));
		sts_text_add_slice(&reply->body, body);
	}
	reply->status = (int)mock_fault_int(fault, "status", reply->status);
	if (redirect)
		mock_reply_header(reply, "Location", sts_slice_of(redirect));
	if (mock_fault_text(fault, "retry_after"))
		mock_reply_header(reply, "Retry-After",
				  sts_slice_of(mock_fault_text(fault, "retry_after")));
	if (mock_fault_text(fault, "content_type"))
		reply->content_type = mock_fault_text(fault, "content_type");
	if (echoes)
		echo(reply, token);
	if (mock_fault_text(fault, "reason"))
		reply->reason = mock_fault_text(fault, "reason");
}
