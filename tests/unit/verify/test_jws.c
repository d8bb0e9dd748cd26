/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/jws.h"

#include "base64url.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The keys and the tokens of RFC 7520, sections 4.1 (RS256), 4.2 (PS384) and 4.3 (ES512). */
static const char rsa_n[] =
	"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZ"
	"QHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oB"
	"HqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVb"
	"b9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHd"
	"rNP5zw";
static const char ec_x[] =
	"AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5c"
	"j0Kt";
static const char ec_y[] =
	"AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-Hq"
	"HZR1";
#define KID "bilbo.baggins@hobbiton.example"
static const char payload[] =
	"SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0"
	"ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5v"
	"IGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";
static const char rs256_signature[] =
	"MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996i"
	"vp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1u"
	"SNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAh"
	"b6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18"
	"kDquDg";
static const char ps384_signature[] =
	"cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqH"
	"CdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn"
	"442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0"
	"n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-"
	"X72Eaw";
static const char es512_signature[] =
	"AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cm"
	"L1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRu"
	"Bomu9xQ2";

static char token_buf[8 * 1024], jwks_buf[128 * 1024], scratch[8 * 1024];
static struct sts_error error;

static struct sts_slice token_of(const char *header, const char *signature)
{
	struct sts_text t;

	sts_text_init(&t, token_buf, sizeof(token_buf));
	base64url_encode(&t, header, strlen(header));
	sts_text_addf(&t, ".%s.%s", payload, signature);
	CHECK(!t.overflow);
	return (struct sts_slice){t.data, t.len};
}

static struct sts_slice signed_by(const char *alg)
{
	char header[128];

	snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"" KID "\"}", alg);
	return token_of(header, strcmp(alg, "RS256") == 0   ? rs256_signature
				: strcmp(alg, "PS384") == 0 ? ps384_signature
							    : es512_signature);
}

/* Add a key, with `more` members. */
static void add_key(struct sts_text *t, bool ec, const char *more)
{
	if (t->data[t->len - 1] != '[')
		sts_text_add_char(t, ',');
	if (ec)
		sts_text_addf(t, "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"%s\",\"y\":\"%s\"%s}",
			      ec_x, ec_y, more);
	else
		sts_text_addf(t, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"%s}", rsa_n, more);
}

static struct sts_text begun(void)
{
	struct sts_text t;

	sts_text_init(&t, jwks_buf, sizeof(jwks_buf));
	sts_text_add_str(&t, "{\"keys\":[");
	return t;
}

static struct sts_slice ended(struct sts_text *t)
{
	sts_text_add_str(t, "]}");
	CHECK(!t->overflow);
	return (struct sts_slice){t->data, t->len};
}

static struct sts_slice keys_of(bool ec, const char *more)
{
	struct sts_text t = begun();

	add_key(&t, ec, more);
	return ended(&t);
}

static enum sts_err verify(struct sts_slice token, struct sts_slice jwks)
{
	static struct sts_jws jws;
	enum sts_err err;

	error.detail = -1;
	err = sts_jws_read(token, scratch, sizeof(scratch), &jws, &error);
	return err == STS_OK ? sts_jws_verify(&jws, jwks, &error) : err;
}

static void right(void)
{
	static const char *const algorithms[] = {"RS256", "PS384", "ES512"};
	static struct sts_jws jws;

	for (size_t i = 0; i < COUNT(algorithms); i++) {
		bool ec = algorithms[i][0] == 'E';
		char alg[64];

		CHECK_INT(verify(signed_by(algorithms[i]), keys_of(ec, "")), STS_OK);
		CHECK_INT(verify(signed_by(algorithms[i]), keys_of(ec, ",\"kid\":\"" KID "\"")),
			  STS_OK);
		snprintf(alg, sizeof(alg), ",\"alg\":\"%s\",\"use\":\"sig\"", algorithms[i]);
		CHECK_INT(verify(signed_by(algorithms[i]), keys_of(ec, alg)), STS_OK);
		CHECK_INT(sts_jws_read(signed_by(algorithms[i]), scratch, sizeof(scratch), &jws,
				       NULL),
			  STS_OK);
		CHECK_STR(sts_jws_algorithm(&jws), algorithms[i]);
		CHECK(sts_slice_eq(jws.kid, KID));
	}
}

/* What a key says of itself. */
static void keys_that_fit(void)
{
	static const struct {
		const char *more;
		enum sts_verify_refusal why;
	} rows[] = {
		{",\"key_ops\":[\"sign\",\"verify\"]", STS_VERIFY__COUNT},
		{",\"key_ops\":[\"sign\"]", STS_VERIFY_KEY},
		{",\"key_ops\":[]", STS_VERIFY_KEY},
		{",\"key_ops\":[\"verify\"],\"key_ops\":[\"verify\"]", STS_VERIFY_KEY},
		{",\"use\":\"enc\"", STS_VERIFY_KEY},
		{",\"use\":1", STS_VERIFY_KEY},
		{",\"use\":\"sig\",\"use\":\"sig\"", STS_VERIFY_KEY},
		{",\"alg\":\"RS512\"", STS_VERIFY_KEY},
		{",\"alg\":\"rs256\"", STS_VERIFY_KEY},
		{",\"kid\":\"another\"", STS_VERIFY_KEY},
		{",\"kid\":\"\"", STS_VERIFY_KEY},
		{",\"kid\":7", STS_VERIFY_KEY},
		{",\"kid\":null", STS_VERIFY__COUNT},
		{",\"kty\":\"RSA\"", STS_VERIFY_KEY},
		{",\"e\":\"AQAB\"", STS_VERIFY_KEY},
		{",\"d\":null,\"x5c\":[\"AAAA\"]", STS_VERIFY__COUNT},
		{",\"d\":\"AQAB\"", STS_VERIFY_KEY}, /* anybody who reads it can sign */
		{",\"d\":1", STS_VERIFY_KEY},
		{",\"d\":null,\"d\":\"AQAB\"", STS_VERIFY_KEY},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		enum sts_err err = verify(signed_by("RS256"), keys_of(false, rows[i].more));

		CHECK_INT(err, rows[i].why == STS_VERIFY__COUNT ? STS_OK : STS_ETOKEN);
		if (err != STS_OK)
			CHECK_INT(error.detail, rows[i].why);
	}
	CHECK_INT(verify(signed_by("RS256"), keys_of(true, "")), STS_ETOKEN);
	CHECK_INT(error.detail, STS_VERIFY_KEY);
	CHECK_INT(verify(signed_by("ES512"), keys_of(false, "")), STS_ETOKEN);
	CHECK_INT(error.detail, STS_VERIFY_KEY);
	CHECK_INT(verify(signed_by("RS256"), STS_SLICE("{\"keys\":[]}")), STS_ETOKEN);
	CHECK_INT(error.detail, STS_VERIFY_KEY);
	CHECK_INT(verify(signed_by("RS256"), STS_SLICE("{\"keys\":[1,\"\",[],{}]}")), STS_ETOKEN);
	CHECK_INT(error.detail, STS_VERIFY_KEY);
}

/* Numbers of an RSA key that must not be used. */
static void numbers(void)
{
	static const struct {
		const char *e;
		int n_chars; /* of the modulus, again and again */
	} bad[] = {
		{"AQ", 342},                                  /* 1 */
		{"Ag", 342},                                  /* even */
		{"AQAAAAE", 342},                             /* 33 bits */
		{"AA", 342},                                  /* 0 */
		{"AQAB=", 342},                               /* padding */
		{"", 342},        {"AQAB", 0}, {"AQAB", 340}, /* 2040 bits */
		{"AQAB", 684},                                /* over 4096 bits */
	};
	char jwks[2048];
	struct sts_text t;

	for (size_t i = 0; i < COUNT(bad); i++) {
		sts_text_init(&t, jwks, sizeof(jwks));
		sts_text_addf(&t, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"%s\",\"n\":\"", bad[i].e);
		int left = bad[i].n_chars;
		for (; left > 342; left -= 340)
			sts_text_add(&t, rsa_n, 340);
		sts_text_add(&t, rsa_n, (size_t)left);
		sts_text_add_str(&t, "\"}]}");
		CHECK_INT(verify(signed_by("RS256"), (struct sts_slice){t.data, t.len}),
			  STS_ETOKEN);
		CHECK_INT(error.detail, STS_VERIFY_KEY);
	}
	/* A zero before the number is allowed, as other libraries do. */
	snprintf(jwks, sizeof(jwks), "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AAEAAQ\",\"n\":\"%s\"}]}",
		 rsa_n);
	CHECK_INT(verify(signed_by("RS256"), sts_slice_of(jwks)), STS_OK);
}

static void coordinates(void)
{
	char jwks[2048];

	/* A coordinate must have all its bytes, and no more. */
	for (int cut = 0; cut < 4; cut++) {
		snprintf(jwks, sizeof(jwks),
			 "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"%s\",\"y\":\"%.*s%"
			 "s\"}]}",
			 ec_x, (int)strlen(ec_y) - cut, ec_y, cut == 3 ? "AAAA" : "");
		CHECK_INT(verify(signed_by("ES512"), sts_slice_of(jwks)),
			  cut == 0 ? STS_OK : STS_ETOKEN);
	}
	snprintf(jwks, sizeof(jwks),
		 "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"%s\",\"y\":\"%s\"}]}", ec_y,
		 ec_x);
	CHECK_INT(verify(signed_by("ES512"), sts_slice_of(jwks)), STS_ETOKEN); /* off the curve */
	snprintf(jwks, sizeof(jwks),
		 "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}]}", ec_x,
		 ec_y);
	CHECK_INT(verify(signed_by("ES512"), sts_slice_of(jwks)), STS_ETOKEN);
	CHECK_INT(error.detail, STS_VERIFY_KEY);
}

/* Every bit of a signature counts. */
static void wrong(void)
{
	static struct sts_jws jws;

	for (int ec = 0; ec < 2; ec++) {
		CHECK_INT(sts_jws_read(signed_by(ec ? "ES512" : "PS384"), scratch, sizeof(scratch),
				       &jws, NULL),
			  STS_OK);
		for (size_t i = 0; i < jws.signature_len; i += 37) {
			jws.signature[i] ^= 1;
			CHECK_INT(sts_jws_verify(&jws, keys_of(ec, ""), &error), STS_ETOKEN);
			CHECK_INT(error.detail, STS_VERIFY_SIGNATURE);
			jws.signature[i] ^= 1;
		}
		CHECK_INT(sts_jws_verify(&jws, keys_of(ec, ""), &error), STS_OK);
		jws.signature_len--;
		CHECK_INT(sts_jws_verify(&jws, keys_of(ec, ""), &error), STS_ETOKEN);
		jws.signature_len++;
		jws.hash[5] ^= 4;
		CHECK_INT(sts_jws_verify(&jws, keys_of(ec, ""), &error), STS_ETOKEN);
		jws.hash[5] ^= 4;
		for (size_t half = 0; ec && half < 2; half++) {
			memset(jws.signature + 66 * half, 0, 66);
			CHECK_INT(sts_jws_verify(&jws, keys_of(ec, ""), &error), STS_ETOKEN);
		}
	}
}

static void several_keys(void)
{
	struct sts_text t = begun();

	add_key(&t, true, ",\"kid\":\"" KID "\"");
	add_key(&t, false, ",\"kid\":\"other\"");
	add_key(&t, false, ",\"kid\":\"" KID "\",\"alg\":\"RS384\"");
	add_key(&t, false, ",\"kid\":\"" KID "\"");
	CHECK_INT(verify(signed_by("RS256"), ended(&t)), STS_OK);
	t = begun();
	for (int i = 0; i < STS_JWKS_KEYS_MAX - 1; i++)
		add_key(&t, true, "");
	add_key(&t, false, "");
	CHECK_INT(verify(signed_by("RS256"), ended(&t)), STS_OK);
	t = begun();
	for (int i = 0; i < STS_JWKS_KEYS_MAX; i++)
		add_key(&t, true, "");
	add_key(&t, false, "");
	CHECK_INT(verify(signed_by("PS512"), ended(&t)), STS_ETOOBIG);
}

static void headers(void)
{
	static const struct {
		const char *header;
		enum sts_verify_refusal why;
	} rows[] = {
		{"{\"alg\":\"none\"}", STS_VERIFY_ALGORITHM},
		{"{\"alg\":\"NONE\"}", STS_VERIFY_ALGORITHM},
		{"{\"alg\":\"HS256\"}", STS_VERIFY_ALGORITHM},
		{"{\"alg\":\"EdDSA\"}", STS_VERIFY_ALGORITHM},
		{"{\"alg\":\"ES256K\"}", STS_VERIFY_ALGORITHM},
		{"{\"alg\":\"RS1\"}", STS_VERIFY_ALGORITHM},
		{"{\"alg\":\"rs256\"}", STS_VERIFY_ALGORITHM},
		{"{\"alg\":\"\"}", STS_VERIFY_ALGORITHM},
		{"{\"alg\":null}", STS_VERIFY_MALFORMED},
		{"{\"alg\":[\"RS256\"]}", STS_VERIFY_MALFORMED},
		{"{\"alg\":\"RS256\",\"alg\":\"RS256\"}", STS_VERIFY_MALFORMED},
		{"{}", STS_VERIFY_MALFORMED},
		{"[]", STS_VERIFY_MALFORMED},
		{"{\"alg\":\"RS256\",\"crit\":[\"exp\"]}", STS_VERIFY_MALFORMED},
		{"{\"alg\":\"RS256\",\"crit\":[]}", STS_VERIFY_MALFORMED},
		{"{\"alg\":\"RS256\",\"crit\":[],\"crit\":[]}", STS_VERIFY_MALFORMED},
		{"{\"alg\":\"RS256\",\"crit\":null}", STS_VERIFY_MALFORMED},
		{"{\"alg\":\"RS256\",\"\\u0063rit\":1}", STS_VERIFY_MALFORMED},
		{"{\"b64\":false,\"alg\":\"RS256\"}", STS_VERIFY_MALFORMED},
		{"{\"alg\":\"RS256\",\"b64\":true}", STS_VERIFY_MALFORMED},
		{"{\"alg\":\"RS256\",\"Crit\":1,\"b\":1}", STS_VERIFY_SIGNATURE},
		{"{\"alg\":\"RS256\",\"kid\":1}", STS_VERIFY_MALFORMED},
		{"{\"alg\":\"RS256\",\"kid\":\"a\",\"kid\":\"a\"}", STS_VERIFY_MALFORMED},
		{"{\"alg\":\"RS256\",\"kid\":\"a\"}", STS_VERIFY_SIGNATURE},
		{"{\"alg\":\"RS256\",\"x\":\"a\"}", STS_VERIFY_SIGNATURE},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_INT(verify(token_of(rows[i].header, rs256_signature), keys_of(false, "")),
			  STS_ETOKEN);
		CHECK_INT(error.detail, rows[i].why);
	}
	CHECK_INT(verify(token_of("{\"alg\":\"\\u001b[31m\"}", "AA"), keys_of(false, "")),
		  STS_ETOKEN);
	CHECK(strstr(error.msg, "\\x1B[31m"));
}

static void forms(void)
{
	static const char header[] = "{\"alg\":\"RS256\"}";
	static const char *const signatures[] = {"", "A", "AB", "AA.AA", "AA=", "A A", "A+"};
	char longer[800];

	for (size_t i = 0; i < COUNT(signatures); i++) {
		CHECK_INT(verify(token_of(header, signatures[i]), keys_of(false, "")), STS_ETOKEN);
		CHECK_INT(error.detail, STS_VERIFY_MALFORMED);
	}
	memset(longer, 'A', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	CHECK_INT(verify(token_of(header, longer), keys_of(false, "")), STS_ETOKEN);
	CHECK_INT(error.detail, STS_VERIFY_MALFORMED);
	CHECK_INT(verify(STS_SLICE(""), keys_of(false, "")), STS_ETOKEN);
	CHECK_INT(verify(STS_SLICE("a.b"), keys_of(false, "")), STS_ETOKEN);
}

static void documents(void)
{
	CHECK_INT(verify(signed_by("RS256"), STS_SLICE("{}")), STS_EANSWER);
	CHECK_INT(verify(signed_by("RS256"), STS_SLICE("[]")), STS_EANSWER);
	CHECK_INT(verify(signed_by("RS256"), STS_SLICE("{\"keys\":{}}")), STS_EANSWER);
	CHECK_INT(verify(signed_by("RS256"), STS_SLICE("{\"keys\":[],\"keys\":[]}")), STS_EJSON);
	CHECK_INT(verify(signed_by("RS256"), STS_SLICE("<html>")), STS_EHTML);
	CHECK_INT(verify(signed_by("RS256"), STS_SLICE("")), STS_EEMPTY);
}

static const struct sts_test tests[] = {
	{"tokens with right signatures", right},
	{"what a key says of itself", keys_that_fit},
	{"numbers of RSA keys", numbers},
	{"coordinates of EC keys", coordinates},
	{"wrong signatures", wrong},
	{"several keys", several_keys},
	{"headers", headers},
	{"tokens of a wrong form", forms},
	{"documents that are no JWKS", documents},
};

STS_TEST_MAIN(tests)
