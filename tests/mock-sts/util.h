/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all parts of mock-sts use: ending with a message, whole files, random bytes, SHA-256, the
 * clock. Unlike lib/, this program may print, allocate and exit: it is a test server, and one
 * process serves one connection.
 */
#ifndef MOCK_UTIL_H
#define MOCK_UTIL_H

#include <bearssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* "mock-sts: ..." on standard error, exit 64 (the caller's mistake) or 70 (anything else). */
void mock_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void mock_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Read a whole file of at most 1 MiB into new memory, with a NUL at its end. Returns NULL, with
 * errno set, if it cannot be read. "-" is standard input. */
char *mock_read_file(const char *path, size_t *len);
/* Replace a file with a rename. Its mode is 0600 if it holds a secret, else 0644. NULL or "-" is
 * standard output. Ends the program on failure. */
void mock_write_file(const char *path, const char *data, size_t len, bool secret);
bool mock_write_all(int fd, const char *data, size_t len);

void mock_random(void *out, size_t len);
/* BearSSL's random generator interface over getrandom(2). */
const br_prng_class **mock_prng(void);

#define MOCK_SHA256_BYTES 32
void mock_sha256(const void *data, size_t len, uint8_t out[MOCK_SHA256_BYTES]);
/* The first 8 bytes of a SHA-256 in lower-case hex. By these a log distinguishes tokens without a
 * byte of them. */
#define MOCK_ID_CHARS 17
void mock_id(const void *data, size_t len, char out[MOCK_ID_CHARS]);
/* A random UUID of version 4, or one that depends on a seed alone, so that the same Pod has the
 * same uid in each token. */
void mock_uuid(struct sts_text *t, const char *seed);

int64_t mock_now_ms(void); /* real time */
void mock_sleep_ms(int64_t ms);

/* base64url with or without padding. This program has its own decoder, so that it does not share a
 * bug with the tested one. */
bool mock_base64url(struct sts_slice in, uint8_t *out, size_t size, size_t *len);
void mock_add_base64url(struct sts_text *t, const void *data, size_t len);
void mock_add_hex(struct sts_text *t, const void *data, size_t len, bool upper);
void mock_add_rfc3339(struct sts_text *t, int64_t epoch_s);
void mock_add_httpdate(struct sts_text *t, int64_t epoch_s);

#endif
