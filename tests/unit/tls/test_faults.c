/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshakes of tests/fuzz/corpus/tls_handshake with a connection that ends or breaks at each
 * byte and at each write, without random numbers from each call on, and with each check switched
 * off. The fuzz target judges each of them: no server is accepted that has not proved who it is,
 * the failure has one reason, and no secret is left in memory. Where a check is switched off, only
 * the last holds, and a sanitizer sees what is read past an end.
 */
#include "fuzz/fuzz_tls_handshake.c"

#include <dirent.h>
#include <stdio.h>

#include "test.h"
#include "tls/checks.h"

#define INPUTS_MAX      64
#define INPUT_MAX_BYTES 4096

static struct {
	uint8_t data[INPUT_MAX_BYTES];
	size_t len;
} inputs[INPUTS_MAX];
static size_t input_count;

static bool read_inputs(void)
{
	const char *tests = getenv("STS_TESTS");
	char path[1024];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/fuzz/corpus/tls_handshake", tests ? tests : "tests");
	dir = opendir(path);
	while (dir && input_count < INPUTS_MAX && (entry = readdir(dir))) {
		char name[2048];
		FILE *file;

		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		file = entry->d_name[0] == '.' ? NULL : fopen(name, "rb");
		if (!file)
			continue;
		inputs[input_count].len = fread(inputs[input_count].data, 1, INPUT_MAX_BYTES, file);
		input_count++;
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return input_count > 10;
}

static void run(size_t i)
{
	LLVMFuzzerTestOneInput(inputs[i].data, inputs[i].len);
}

static void nothing_fails(void)
{
	faults.read_bytes = faults.writes = faults.randoms = SIZE_MAX;
	faults.breaks = faults.off = faults.no_key = faults.bytewise = false;
	faults.verdict = 0;
}

/* Run an input once for each number of those that work, or for each step-th, until no fault is met
 * any more. The next input begins one further, so the inputs together have all numbers. Returns how
 * often something failed. */
static size_t run_each(size_t i, size_t step, size_t *fault, const size_t *done)
{
	size_t count = 0;

	for (*fault = i % step; *fault < 100000; *fault += step, count++) {
		run(i);
		if (*done < *fault)
			break;
	}
	return count;
}

static void reads(void)
{
	size_t count = 0;

	nothing_fails();
	for (int breaks = 0; breaks < 2; breaks++)
		for (size_t i = 0; i < input_count; i++) {
			faults.breaks = breaks;
			count += run_each(i, 7, &faults.read_bytes, &server.read_bytes);
		}
	CHECK(count > 2000);
}

/* The connection ends after each byte of each message. */
static void bytes(void)
{
	nothing_fails();
	faults.bytewise = true;
	for (size_t i = 0; i < input_count; i++)
		for (faults.read_bytes = 0; faults.read_bytes < 100000; faults.read_bytes += 6) {
			run(i);
			if (server.read_bytes < faults.read_bytes)
				break;
		}
}

static void writes(void)
{
	size_t count = 0;

	nothing_fails();
	for (size_t i = 0; i < input_count; i++)
		count += run_each(i, 1, &faults.writes, &server.writes);
	CHECK(count > 50);
}

static void random_numbers(void)
{
	nothing_fails();
	for (size_t i = 0; i < input_count; i++)
		for (faults.randoms = 0; faults.randoms < 16; faults.randoms++)
			run(i);
	/* Without any, nothing is sent. */
	faults.randoms = 0;
	for (size_t i = 0; i < input_count; i++) {
		run(i);
		CHECK_INT(random_calls, 1);
		CHECK_INT(server.read_bytes, 0);
	}
}

/* What the client says to a server whose certificate is refused. */
static void verdicts(void)
{
	static const struct {
		unsigned verdict;
		bool no_key;
		uint8_t alert;
	} rows[] = {{BR_ERR_X509_EXPIRED, false, 45},
		    {BR_ERR_X509_NOT_TRUSTED, false, 48},
		    {BR_ERR_X509_BAD_SERVER_NAME, false, 42},
		    {0, true, 42}};
	size_t count = 0;

	nothing_fails();
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		for (size_t i = 0; i < input_count; i++) {
			faults.verdict = rows[row].verdict;
			faults.no_key = rows[row].no_key;
			run(i);
			if (ended_by != STS_TLS_DISTRUSTED || verifier.verdict != rows[row].verdict)
				continue;
			CHECK_INT(sent.alert, rows[row].alert);
			count++;
		}
	CHECK(count > 10);
}

static void checks(void)
{
	nothing_fails();
	faults.off = true;
	for (int check = 1; check <= STS_TLS_CHECK__LAST; check++)
		for (size_t i = 0; i < input_count; i++) {
			sts_tls_testing.check_off = check;
			run(i);
		}
	sts_tls_testing.check_off = 0;
}

/* A server that does one thing wrong. Where the check of it is switched off, the client goes on and
 * reads no more than there is. */
static const struct wrong {
	enum sts_tls_check check;
	enum sts_tls_failure_kind without; /* how the connection ends then */
	size_t len;
	const char *input;
} wrongs[] = {
#define WRONG(check, without, input) \
	{ \
		check, without, sizeof(input) - 1, input \
	}
#define OFFERS        "\0\0\0"
#define HELLO_13      "\0\0\0"
#define NO_EXTENSIONS "\3\0\0"
#define CERT          "\5\1\0"
#define PROOF_13      "\7\0\0\11\0\0"
#define HELLO_12      "\2\0\0\30"
#define PROOF_12      "\6\0\0\10\0\0\16\0\0\11\0\0"
	/* ChangeCipherSpec after the handshake. */
	WRONG(STS_TLS_LATE_RECORD, STS_TLS_ENDED, OFFERS HELLO_12 CERT PROOF_12 "\16\0\0"),
	/* An extension of type 0x7700, and one that is longer than their list. */
	WRONG(STS_TLS_EXTENSION_UNASKED, STS_TLS_ENDED,
	      OFFERS HELLO_13 "\3\2\1\0\6\167" CERT PROOF_13),
	WRONG(STS_TLS_EXTENSION_FORM, STS_TLS_ENDED,
	      OFFERS HELLO_13 "\3\6\1\0\11\177" CERT PROOF_13),
	/* The server's name twice in EncryptedExtensions. */
	WRONG(STS_TLS_EXTENSION_TWICE, STS_TLS_ENDED,
	      OFFERS HELLO_13 "\15\10\0\12\0\10\0\0\0\0\0\0\0\0" CERT PROOF_13),
	/* The same list of schemes twice in CertificateRequest. */
	WRONG(STS_TLS_EXTENSION_TWICE, STS_TLS_ENDED,
	      OFFERS HELLO_13 NO_EXTENSIONS
	      "\15\15\0\23\0\0\20\0\15\0\4\0\2\4\3\0\15\0\4\0\2\4\3" CERT PROOF_13),
	/* A certificate that is longer than its list. */
	WRONG(STS_TLS_CERTIFICATE_LENGTH, STS_TLS_ENDED,
	      OFFERS HELLO_12 "\5\1\1\0\11\177" PROOF_12),
	/* A ticket of 3 bytes, and the next message in the same record. */
	WRONG(STS_TLS_MESSAGE_SHORT, STS_TLS_FINE,
	      OFFERS HELLO_13 NO_EXTENSIONS CERT PROOF_13 "\15\4\14\3abc\13\0\0"),
	/* An extension of one byte behind which a ticket of 18 bytes ends. */
	WRONG(STS_TLS_MESSAGE_SHORT, STS_TLS_FINE,
	      OFFERS HELLO_13 NO_EXTENSIONS CERT PROOF_13
	      "\15\4\0\22\0\0\0\0\0\0\0\0\0\0\1t\0\4\0\52\0\1"),
	/* A cookie that leaves no room for the ClientHello that should send it back. */
	WRONG(STS_TLS_COOKIE_SIZE, STS_TLS_TOO_BIG, OFFERS "\1\160\0"),
	/* A record of 2^16 - 1 bytes. */
	WRONG(STS_TLS_RECORD_SIZE, STS_TLS_IO, OFFERS "\17\0\5\26\3\3\377\377"),
};

static void run_wrong(const struct wrong *wrong, int off)
{
	sts_tls_testing.check_off = off;
	faults.off = off != 0;
	LLVMFuzzerTestOneInput((const uint8_t *)wrong->input, wrong->len);
	sts_tls_testing.check_off = 0;
}

static void one_wrong(void)
{
	nothing_fails();
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		run_wrong(&wrongs[i], 0);
		CHECK_INT(ended_by, STS_TLS_BROKEN_RULE);
		CHECK_INT(ended_by_check, wrongs[i].check);
		run_wrong(&wrongs[i], (int)wrongs[i].check);
		CHECK_INT(ended_by, wrongs[i].without);
		CHECK_INT(verifier.due, 0);
	}
}

/* Certificates of the client that leave more or less room for the messages after them, and a write
 * that fails. */
static void full_buffer(void)
{
	static const char input[] = "\0\10\0" HELLO_12 CERT "\6\0\0\4\0\0\10\0\0\16\0\0\11\0\0";
	size_t good = 0, bad = 0;

	nothing_fails();
	for (faults.cert_bytes = STS_TLS_OUT_BYTES - 800; faults.cert_bytes < STS_TLS_OUT_BYTES;
	     faults.cert_bytes += 16)
		for (faults.writes = 0; faults.writes < 5; faults.writes++) {
			LLVMFuzzerTestOneInput((const uint8_t *)input, sizeof(input) - 1);
			good += ended_by == STS_TLS_ENDED && server.finished;
			bad += ended_by == STS_TLS_IO;
		}
	CHECK(good > 20);
	CHECK(bad > 100);
	CHECK_INT(good + bad, 250);
	faults.cert_bytes = CERT_MAX_BYTES;
}

static unsigned secrets;

static void count_secret(const char *label, const uint8_t *client_random, const uint8_t *secret,
			 size_t len)
{
	static const char *const labels[] = {"CLIENT_HANDSHAKE_TRAFFIC_SECRET",
					     "SERVER_HANDSHAKE_TRAFFIC_SECRET",
					     "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"};

	CHECK(secrets < 4 && strcmp(label, labels[secrets]) == 0);
	CHECK(memcmp(client_random, client.client_random, STS_TLS_RANDOM_BYTES) == 0);
	CHECK(!all_zero(secret, len));
	CHECK_INT(len, 32);
	secrets++;
}

static void key_log(void)
{
	static const char input[] = OFFERS HELLO_13 NO_EXTENSIONS CERT PROOF_13;

	nothing_fails();
	sts_tls_testing.secret = count_secret;
	LLVMFuzzerTestOneInput((const uint8_t *)input, sizeof(input) - 1);
	sts_tls_testing.secret = NULL;
	CHECK_INT(ended_by, STS_TLS_ENDED);
	CHECK_INT(secrets, 4);
}

static const struct sts_test tests[] = {
	{"the connection ends or breaks at each byte", reads},
	{"the connection ends after each byte of a message", bytes},
	{"the connection breaks at each write", writes},
	{"no random numbers", random_numbers},
	{"a certificate that is refused", verdicts},
	{"each check is switched off", checks},
	{"one mistake of the server, and its check is switched off", one_wrong},
	{"the buffer of what is sent is full, and the connection breaks", full_buffer},
	{"the secrets of TLS 1.3 are told in their order", key_log},
};

int main(void)
{
	if (!read_inputs()) {
		printf("Bail out! no inputs: STS_TESTS is not the folder of the tests\n");
		return 1;
	}
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
