/* SPDX-License-Identifier: Apache-2.0 */
/* The table itself: what a protocol must have so that requests can be built and answers can be
 * read. */
#include "protocol/table.h"

#include "http_messages/request.h"
#include "protocol/request.h"
#include "test.h"

#define NAME(p) sts_parameter_text(p, STS_PARAMETER_NAME)

static void find(void)
{
	CHECK_STR(sts_protocol_text(sts_protocol_find(STS_SLICE("openunison")), STS_PROTOCOL_NAME),
		  "openunison");
	CHECK(sts_protocol_find(STS_SLICE("token-exchange")) != NULL);
	CHECK(!sts_protocol_find(STS_SLICE("Token-Exchange")));
	CHECK(!sts_protocol_find(STS_SLICE("token-exchang")));
	CHECK(!sts_protocol_find(STS_SLICE("token-exchange ")));
	CHECK(!sts_protocol_find(STS_SLICE("")));
	CHECK_STR(sts_protocol_nearest(STS_SLICE("token-exchnage")), "token-exchange");
	CHECK_STR(sts_protocol_nearest(STS_SLICE("openunisom")), "openunison");
	CHECK_STR(sts_protocol_nearest(STS_SLICE("keycloak")), "client-assertion");
	CHECK_STR(sts_protocol_nearest(STS_SLICE("OpenBao")), "vault");
	CHECK(!sts_protocol_nearest(STS_SLICE("kerberos")));
	CHECK(!sts_protocol_nearest(STS_SLICE("")));
}

static void find_param(void)
{
	const struct sts_protocol *protocol = sts_protocol_find(STS_SLICE("token-exchange"));
	const struct sts_protocol *aws = sts_protocol_find(STS_SLICE("aws"));
	const struct sts_parameter *arn = sts_protocol_parameter(aws, STS_SLICE("role-arn"));

	CHECK_STR(NAME(sts_protocol_parameter(protocol, STS_SLICE("audience"))), "audience");
	CHECK(!sts_protocol_parameter(protocol, STS_SLICE("audienc")));
	CHECK(!sts_protocol_parameter(protocol, STS_SLICE("")));
	CHECK(!sts_protocol_parameter(sts_protocol_find(STS_SLICE("openunison")),
				      STS_SLICE("audience")));
	CHECK_STR(NAME(arn), "role-arn");
	CHECK(sts_protocol_parameter(aws, STS_SLICE("RoleArn")) == arn);
	CHECK(sts_protocol_parameter(aws, STS_SLICE("role_arn")) == arn);
	CHECK(!sts_protocol_parameter(aws, STS_SLICE("role-ar")));
	CHECK(!sts_protocol_parameter(aws, STS_SLICE("role-arnn")));
}

static void names(void)
{
	CHECK(sts_name_is(STS_SLICE("client_secret"), "clientSecret"));
	CHECK(sts_name_is(STS_SLICE("-a-_b_"), "AB"));
	CHECK(sts_name_is(STS_SLICE("--"), ""));
	CHECK(!sts_name_is(STS_SLICE("ab"), "abc"));
	CHECK(!sts_name_is(STS_SLICE("abc"), "ab"));
	CHECK(!sts_name_is(STS_SLICE("a\0"), "a"));
}

static bool is_pointer(const char *pointer)
{
	return pointer[0] == '/' && pointer[1] != '\0';
}

static bool place_fits(const struct sts_protocol *protocol, unsigned place)
{
	return place != STS_PLACE_BODY || protocol->body != STS_BODY_NONE;
}

/* A value in the table is a value that the protocol would take from a user. */
static void check_value(const struct sts_protocol *protocol, const struct sts_parameter *p)
{
	struct sts_field field = {sts_slice_of(NAME(p)),
				  sts_slice_of(sts_parameter_text(p, STS_PARAMETER_VALUE)), false};
	struct sts_request r = {.protocol = protocol,
				.body = (enum sts_body)protocol->body,
				.url_template = sts_protocol_text(protocol, STS_PROTOCOL_URL),
				.params = &field,
				.param_count = 1};
	struct sts_error e = {0};

	if (p->source != STS_SOURCE_USER || field.value.len == 0 ||
	    (p->flags & STS_PARAMETER_WITH_PREVIOUS))
		return;
	sts_request_check(&r, &e);
	CHECK(!strstr(e.msg, NAME(p)) || strstr(e.msg, " is missing"));
}

static void check_params(const struct sts_protocol *protocol)
{
	const char *url = sts_protocol_text(protocol, STS_PROTOCOL_URL);
	const struct sts_parameter *p;
	size_t subjects = 0;

	for (size_t i = 0; (p = sts_protocol_parameter_at(protocol, i)); i++) {
		bool user = p->source == STS_SOURCE_USER;
		const char *field = sts_parameter_text(p, STS_PARAMETER_FIELD);
		char place[64];

		snprintf(place, sizeof(place), "{%s}", NAME(p));
		subjects += p->source == STS_SOURCE_SUBJECT;
		CHECK(i < STS_PROTOCOL_PARAMETERS_MAX);
		CHECK(NAME(p)[0]);
		CHECK(sts_protocol_parameter(protocol, sts_slice_of(NAME(p))) ==
		      p); /* no two parameters have this name */
		CHECK(user == (sts_parameter_text(p, STS_PARAMETER_HELP)[0] != '\0'));
		CHECK(p->source != STS_SOURCE_FIXED ||
		      sts_parameter_text(p, STS_PARAMETER_VALUE)[0]);
		CHECK(place_fits(protocol, p->place));
		CHECK(p->place != STS_PLACE_BEARER || p->source == STS_SOURCE_SUBJECT);
		CHECK(p->place != STS_PLACE_BEARER ||
		      !(protocol->flags & STS_PROTOCOL_CLIENT_AUTH) ||
		      (protocol->flags & STS_PROTOCOL_OPEN));
		CHECK((p->place == STS_PLACE_URL) == (strstr(url, place) != NULL));
		CHECK(p->place != STS_PLACE_URL || p->kind == STS_KIND_NUMBER ||
		      sts_parameter_text(p, STS_PARAMETER_CHARSET)[0]);
		CHECK((p->place == STS_PLACE_POINTER) == (field[0] == '/'));
		CHECK(p->max == 0 || p->min <= p->max);
		CHECK(p->kind != STS_KIND_NUMBER || p->max > 0);
		CHECK((p->kind != STS_KIND_WORDS && p->kind != STS_KIND_LIST) ||
		      (p->flags & STS_PARAMETER_REPEATS));
		CHECK((p->kind == STS_KIND_NUMBERED) == (strchr(field, '#') != NULL));
		CHECK(!strchr(sts_parameter_text(p, STS_PARAMETER_SHAPE), '*') ==
		      !*sts_parameter_text(p, STS_PARAMETER_SHAPE));
		CHECK(p->place != STS_PLACE_HEADER ||
		      sts_http_name_allowed(sts_slice_of(*field ? field : NAME(p))));
		check_value(protocol, p);
	}
	CHECK_INT(subjects, 1);
}

static void check_answer(const struct sts_protocol *protocol)
{
	static const enum sts_protocol_text pointers[] = {
		STS_PROTOCOL_BASE,       STS_PROTOCOL_TOKEN,  STS_PROTOCOL_EXPIRY,
		STS_PROTOCOL_THUMBPRINT, STS_PROTOCOL_KEY_ID, STS_PROTOCOL_SECRET};

	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		const char *pointer = sts_protocol_text(protocol, pointers[i]);

		CHECK(!*pointer || is_pointer(pointer));
	}
	CHECK(*sts_protocol_text(protocol, STS_PROTOCOL_TOKEN));
	CHECK(!*sts_protocol_text(protocol, STS_PROTOCOL_THUMBPRINT) ==
	      !(protocol->write & STS_WRITE_THUMBPRINT));
	CHECK(!*sts_protocol_text(protocol, STS_PROTOCOL_KEY_ID) ==
	      !*sts_protocol_text(protocol, STS_PROTOCOL_SECRET));
	CHECK(!*sts_protocol_text(protocol, STS_PROTOCOL_KEY_ID) ==
	      !(protocol->write & STS_WRITE_AWS_CREDENTIALS));
	CHECK(protocol->write & STS_WRITE_EXPIRES);
}

static void protocols(void)
{
	CHECK(sts_protocol_count >= 14);
	for (size_t i = 0; i < sts_protocol_count; i++) {
		const struct sts_protocol *protocol = &sts_protocols[i];
		const char *method = sts_protocol_text(protocol, STS_PROTOCOL_METHOD);

		CHECK(sts_protocol_find(sts_slice_of(
			      sts_protocol_text(protocol, STS_PROTOCOL_NAME))) == protocol);
		CHECK(*sts_protocol_text(protocol, STS_PROTOCOL_SUMMARY));
		CHECK_STR(method, protocol->body == STS_BODY_NONE ? "GET" : "POST");
		check_params(protocol);
		check_answer(protocol);
	}
}

static void codes(void)
{
	bool known;

	CHECK_INT(sts_protocol_code(STS_SLICE("Throttling"), STS_EDENIED, &known), STS_EBUSY);
	CHECK(known);
	CHECK_INT(sts_protocol_code(STS_SLICE("server_error"), STS_EDENIED, NULL), STS_EBUSY);
	CHECK_INT(sts_protocol_code(STS_SLICE("InvalidIdentityToken"), STS_EDENIED, &known),
		  STS_EUNAUTHORIZED);
	CHECK(known);
	CHECK_INT(sts_protocol_code(STS_SLICE("AccessDenied"), STS_EDENIED, &known), STS_EDENIED);
	CHECK(known);
	CHECK_INT(sts_protocol_code(STS_SLICE("overloaded_error"), STS_EBUSY, &known), STS_EBUSY);
	CHECK(known);
	CHECK_INT(sts_protocol_code(STS_SLICE("Throttlin"), STS_EDENIED, &known), STS_EDENIED);
	CHECK(!known);
	CHECK_INT(sts_protocol_code(STS_SLICE(""), STS_ESTATUS, &known), STS_ESTATUS);
	CHECK(!known);
	CHECK_INT(sts_protocol_code(STS_SLICE("server_error Throttling"), STS_OK, &known), STS_OK);
	CHECK(!known);
	sts_protocol_code((struct sts_slice){NULL, 0}, STS_OK, &known);
	CHECK(!known);
}

static void pointers(void)
{
	size_t count = 0;

	for (const char *at = sts_error_pointers; *at; at += strlen(at) + 1, count++)
		CHECK(is_pointer(at));
	for (const char *at = sts_message_pointers; *at; at += strlen(at) + 1, count++)
		CHECK(is_pointer(at));
	CHECK(count > 10);
}

static const struct sts_test tests[] = {
	{"a protocol is found", find},
	{"a parameter is found", find_param},
	{"the case of a name and its marks do not matter", names},
	{"each protocol is whole", protocols},
	{"error codes of protocols", codes},
	{"where errors stand in an answer", pointers},
};

STS_TEST_MAIN(tests)
