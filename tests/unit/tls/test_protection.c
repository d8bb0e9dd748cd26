/* SPDX-License-Identifier: Apache-2.0 */
/* The protection of records, against the numbers that tests/tls/records/vectors.py prints. */
#include "tls/protection.h"

#include "base/text.h"
#include "test.h"
#include "tls/records.h"
#include "tls/testing.h"

#define LONGEST (16384 + 1)

/* key, iv and text count up; the record of sequence number 0 with five bytes of plaintext, and the
 * SHA-256 over many records. */
static const struct row {
	enum sts_tls_aead aead;
	bool tls13;
	size_t before;
	const char *record, *hash;
} rows[] = {
	{STS_TLS_AEAD_AES_128_GCM, false, 8,
	 "170303001d0000000000000000c70be283cf8fe81626b15ecb96f2a38e0c30b70406",
	 "bdb00fd0280251cb73517df6c93dcc346a10d3aac357c8756c9416c59b39edf3"},
	{STS_TLS_AEAD_AES_128_GCM, true, 0, "17030300150285b3624e7324dcd6d031c22bdb6da8af4ced10c9",
	 "df2e45eba738175ae323f858c120598ef16e7f4356d4db9e55f1a30a73954fa6"},
	{STS_TLS_AEAD_AES_256_GCM, false, 8,
	 "170303001d0000000000000000b3214b64489687239f51631a64ce02edbb555e4114",
	 "fbe73305876e171bb7206f1a7c32229bb96cb1cbf4c9fb9b55b74a6362861e75"},
	{STS_TLS_AEAD_AES_256_GCM, true, 0, "1703030015acc32cec5fd2a5acb8902b51ed955347c1ff274e12",
	 "cf4ed38e2ebd9dbb67e748b3ba3110608ef937d5ab0ff2c26106e5bfc41271b6"},
	{STS_TLS_AEAD_CHACHA20_POLY1305, false, 0,
	 "17030300151550c94070a7a9f08276957557068ab169937f8a91",
	 "cb1d35354773a865de03a12c430c3ca3af2c389ef5301cecd59d0eb46e2b2549"},
	{STS_TLS_AEAD_CHACHA20_POLY1305, true, 0,
	 "17030300151550c94070ed0138d1b53cd2b5462e9eb4f6aa5f0a",
	 "eda339285664774127dd95200a3e01623bd4c61380b98aafddd550961d25cf0e"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static uint8_t record[STS_TLS_HEADER_BYTES + LONGEST + STS_TLS_OVERHEAD_MAX_BYTES];
static struct sts_tls_protection sealing, opening;
static uint8_t *plain;
static size_t plain_len;

static void begin(const struct row *row)
{
	uint8_t key[STS_TLS_AEAD_KEY_MAX_BYTES], iv[STS_TLS_IV_BYTES];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(0x10 + i);
	for (size_t i = 0; i < sizeof(iv); i++)
		iv[i] = (uint8_t)(0xa0 + i);
	sts_tls_protection_set(&sealing, row->aead, row->tls13, key, iv);
	sts_tls_protection_set(&opening, row->aead, row->tls13, key, iv);
	CHECK_INT(sts_tls_protection_before(&sealing), row->before);
	CHECK_INT(sts_tls_protection_behind(&sealing), 16);
}

static uint8_t text_byte(size_t i, size_t len)
{
	return (uint8_t)(7 * i + len);
}

/* Seal a record with a plaintext of this length. Returns the length of the record. */
static size_t seal(const struct row *row, uint8_t type, size_t len)
{
	memset(record, 0xee, sizeof(record));
	record[0] = type;
	record[1] = record[2] = 3;
	for (size_t i = 0; i < len; i++)
		record[STS_TLS_HEADER_BYTES + row->before + i] = text_byte(i, len);
	return sts_tls_protection_seal(&sealing, record, len);
}

static bool open_it(size_t record_len)
{
	plain = NULL;
	return sts_tls_protection_open(&opening, record, record_len, &plain, &plain_len);
}

static bool is_text(size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (plain[i] != text_byte(i, len))
			return false;
	return plain_len == len;
}

static void first_record(void)
{
	for (size_t n = 0; n < ROWS; n++) {
		size_t len = strlen(rows[n].record) / 2;
		uint8_t want[64];

		CHECK(sts_hex_decode(sts_slice_of(rows[n].record), want, len));
		begin(&rows[n]);
		CHECK_INT(seal(&rows[n], 23, 5), len);
		CHECK(memcmp(record, want, len) == 0);
	}
}

static size_t length_of(size_t i)
{
	static const size_t longer[] = {1024, 4095, 16383, 16384};

	return i < 300 ? i : longer[i - 300];
}

/* Every length to 299, and some above; the sequence numbers are such that all their bytes count. */
static void every_length(void)
{
	for (size_t n = 0; n < ROWS; n++) {
		const struct row *row = &rows[n];
		br_sha256_context hash;
		uint8_t got[32], want[32];

		br_sha256_init(&hash);
		begin(row);
		sealing.sequence = opening.sequence = UINT64_C(0xfffffffffffffe00);
		for (size_t i = 0; i < 304; i++) {
			size_t len = length_of(i), whole;

			whole = seal(row, row->tls13 || i % 2 ? 23 : 22, len);
			CHECK_INT(whole, STS_TLS_HEADER_BYTES + row->before + len + 16);
			br_sha256_update(&hash, record, whole);
			for (size_t k = whole; k < sizeof(record) && k < whole + 32; k++)
				CHECK_INT(record[k], 0xee);
			CHECK(open_it(whole));
			CHECK(plain == record + STS_TLS_HEADER_BYTES + row->before);
			CHECK(is_text(len));
		}
		br_sha256_out(&hash, got);
		CHECK(sts_hex_decode(sts_slice_of(row->hash), want, sizeof(want)));
		CHECK(memcmp(got, want, sizeof(want)) == 0);
	}
}

/* The longest record of TLS 1.3: 2^14 bytes, and their type. */
static void the_longest(void)
{
	begin(&rows[1]);
	CHECK_INT(seal(&rows[1], 23, LONGEST), STS_TLS_HEADER_BYTES + LONGEST + 16);
	CHECK_INT(record[3] << 8 | record[4], LONGEST + 16);
	CHECK(open_it(STS_TLS_HEADER_BYTES + LONGEST + 16));
	CHECK(is_text(LONGEST));
}

/* Each bit of a record, with the exception of its length in TLS 1.2, which is that of the plaintext
 * there and not taken from the header. After a failure nothing of the plaintext is left. */
static void every_bit(void)
{
	static uint8_t good[128];

	for (size_t n = 0; n < ROWS; n++) {
		size_t len;

		begin(&rows[n]);
		len = seal(&rows[n], 23, 37);
		memcpy(good, record, len);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			bool of_length = bit / 8 == 3 || bit / 8 == 4;

			begin(&rows[n]);
			memcpy(record, good, len);
			record[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CHECK_INT(open_it(len), of_length && !rows[n].tls13);
			for (size_t i = 0; i < 37 && !(of_length && !rows[n].tls13); i++)
				CHECK_INT(record[STS_TLS_HEADER_BYTES + rows[n].before + i], 0);
		}
	}
}

static void every_shorter_record(void)
{
	for (size_t n = 0; n < ROWS; n++) {
		size_t len;

		begin(&rows[n]);
		len = seal(&rows[n], 23, 3);
		for (size_t shorter = 0; shorter < len; shorter++) {
			/* A block of its own, so that the sanitizer sees what is read behind it. */
			uint8_t *own = malloc(shorter ? shorter : 1);

			begin(&rows[n]);
			memcpy(own, record, shorter);
			CHECK(!sts_tls_protection_open(&opening, own, shorter, &plain, &plain_len));
			CHECK_INT(opening.sequence, 0);
			free(own);
		}
	}
}

/* A record opens under its own key, IV, version, kind and sequence number alone. */
static void other_protection(void)
{
	for (size_t n = 0; n < ROWS; n++)
		for (size_t other = 0; other < ROWS; other++) {
			size_t len;

			begin(&rows[n]);
			len = seal(&rows[n], 23, 37);
			begin(&rows[other]);
			CHECK_INT(open_it(len), n == other);
		}
	for (size_t n = 0; n < ROWS; n++) {
		size_t len;

		begin(&rows[n]);
		seal(&rows[n], 23, 10);
		len = seal(&rows[n], 23, 10);
		CHECK(!open_it(len));
		begin(&rows[n]);
		len = seal(&rows[n], 23, 10);
		opening.iv[rows[n].before ? 3 : 11] ^= 1;
		CHECK(!open_it(len));
	}
}

/* The last sequence number is never used, so that none is used twice. */
static void end_of_sequence(void)
{
	for (size_t n = 0; n < ROWS; n++) {
		size_t len;

		begin(&rows[n]);
		sealing.sequence = opening.sequence = UINT64_MAX - 1;
		len = seal(&rows[n], 23, 10);
		CHECK_INT(len, STS_TLS_HEADER_BYTES + rows[n].before + 10 + 16);
		CHECK(open_it(len));
		CHECK_INT(seal(&rows[n], 23, 10), 0);
		CHECK_INT(seal(&rows[n], 23, 10), 0);
		CHECK(!open_it(len));
		CHECK(!open_it(len));
	}
}

static void check_clear(size_t len)
{
	static const struct row clear = {.aead = STS_TLS_AEAD_NONE};

	CHECK_INT(sts_tls_protection_before(&sealing), 0);
	CHECK_INT(sts_tls_protection_behind(&sealing), 0);
	CHECK_INT(seal(&clear, 22, len), STS_TLS_HEADER_BYTES + len);
	CHECK_INT(record[3] << 8 | record[4], (int)len);
	CHECK(open_it(STS_TLS_HEADER_BYTES + len));
	CHECK(is_text(len));
	CHECK(!open_it(STS_TLS_HEADER_BYTES - 1));
}

static void without_keys(void)
{
	static const size_t lengths[] = {0, 1, 100, 16384};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		sts_tls_protection_set(&sealing, STS_TLS_AEAD_NONE, i % 2, NULL, NULL);
		sts_tls_protection_set(&opening, STS_TLS_AEAD_NONE, i % 2, NULL, NULL);
		check_clear(lengths[i]);
	}
}

/* Fuzz targets switch the protection off. */
static void switched_off(void)
{
	for (size_t n = 0; n < ROWS; n++) {
		begin(&rows[n]);
		sts_tls_testing.unprotected = true;
		check_clear(20);
		sts_tls_testing.unprotected = false;
		CHECK_INT(sts_tls_protection_behind(&sealing), 16);
	}
}

/* A new key leaves nothing of the one before. */
static void keys_are_overwritten(void)
{
	static const uint8_t zeros[sizeof(struct sts_tls_protection)];

	for (size_t n = 0; n < ROWS; n++) {
		begin(&rows[n]);
		sealing.sequence = 5;
		sts_tls_protection_set(&sealing, STS_TLS_AEAD_NONE, false, NULL, NULL);
		CHECK(memcmp(&sealing, zeros, sizeof(sealing)) == 0);
	}
}

static void lengths(void)
{
	CHECK_INT(sts_tls_aead_key_bytes(STS_TLS_AEAD_NONE), 0);
	CHECK_INT(sts_tls_aead_key_bytes(STS_TLS_AEAD_AES_128_GCM), 16);
	CHECK_INT(sts_tls_aead_key_bytes(STS_TLS_AEAD_AES_256_GCM), 32);
	CHECK_INT(sts_tls_aead_key_bytes(STS_TLS_AEAD_CHACHA20_POLY1305), 32);
	CHECK_INT(sts_tls12_aead_iv_bytes(STS_TLS_AEAD_NONE), 0);
	CHECK_INT(sts_tls12_aead_iv_bytes(STS_TLS_AEAD_AES_128_GCM), 4);
	CHECK_INT(sts_tls12_aead_iv_bytes(STS_TLS_AEAD_AES_256_GCM), 4);
	CHECK_INT(sts_tls12_aead_iv_bytes(STS_TLS_AEAD_CHACHA20_POLY1305), 12);
}

static int write_nothing(void *context, const uint8_t *data, size_t len)
{
	(void)context;
	(void)data;
	(void)len;
	CHECK(false);
	return -1;
}

/* No record is sent with keys that are worn out, and no new keys hide that one was to be. */
static void worn_out_keys(void)
{
	static struct sts_tls_records records;
	uint8_t key[STS_TLS_AEAD_KEY_MAX_BYTES] = {1}, iv[STS_TLS_IV_BYTES] = {2};

	sts_tls_records_init(&records, (struct sts_tls_transport){.write = write_nothing});
	records.tls13 = true;
	CHECK(sts_tls_records_write_keys(&records, STS_TLS_AEAD_AES_128_GCM, key, iv));
	records.out_keys.sequence = UINT64_MAX;
	CHECK(sts_tls_records_put(&records, STS_TLS_RECORD_HANDSHAKE, "abc", 3));
	CHECK(!sts_tls_records_write_keys(&records, STS_TLS_AEAD_AES_128_GCM, key, iv));
	CHECK_INT(records.failure.kind, STS_TLS_WORN_OUT);
	CHECK(records.out_keys.sequence == UINT64_MAX);
}

static const struct sts_test tests[] = {
	{"the first record of each kind", first_record},
	{"plaintexts of every length", every_length},
	{"the longest record", the_longest},
	{"a record with one other bit does not open", every_bit},
	{"a record that was cut does not open", every_shorter_record},
	{"a record opens under its own protection alone", other_protection},
	{"the end of the sequence numbers", end_of_sequence},
	{"records in clear", without_keys},
	{"the protection is switched off", switched_off},
	{"keys that are worn out are not replaced silently", worn_out_keys},
	{"keys are overwritten", keys_are_overwritten},
	{"the lengths of keys and IVs", lengths},
};

STS_TEST_MAIN(tests)
