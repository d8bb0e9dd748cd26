/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every part of mock-sts leans on: ending with a message, whole files, random bytes, SHA-256,
 * the clock. Unlike lib/, this program may print, allocate and exit: it is a test server, and one
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

/* A whole file of at most 1 MiB, NUL added, malloc'ed; NULL (errno is set) when it cannot be read.
 * "-" is standard input. */
char *mock_read_file(const char *path, size_t *len);
/* Replace a file by way of a rename, mode 0600 where it holds a secret, else 0644. NULL or "-" is
 * standard output. Dies on failure. */
void mock_write_file(const char *path, const char *data, size_t len, bool secret);
bool mock_write_all(int fd, const char *data, size_t len);

void mock_random(void *out, size_t len);
/* BearSSL's random generator interface over getrandom(2). */
const br_prng_class **mock_prng(void);

#define MOCK_SHA256_BYTES 32
void mock_sha256(const void *data, size_t len, uint8_t out[MOCK_SHA256_BYTES]);
/* First 8 bytes of a SHA-256 in lower-case hex: how logs tell one token from the next without a
 * byte of it. */
#define MOCK_ID_CHARS 17
void mock_id(const void *data, size_t len, char out[MOCK_ID_CHARS]);
/* A random version 4 UUID, or one that depends on a seed alone, so that the same Pod has the same
 * uid in every token. */
void mock_uuid(struct sts_text *t, const char *seed);

int64_t mock_now_ms(void); /* real time */
void mock_sleep_ms(int64_t ms);

/* base64url with or without padding: this program's own, since it must not share a bug with what it
 * tests. */
bool mock_base64url(struct sts_slice in, uint8_t *out, size_t size, size_t *len);
void mock_add_base64url(struct sts_text *t, const void *data, size_t len);
void mock_add_hex(struct sts_text *t, const void *data, size_t len, bool upper);
void mock_add_rfc3339(struct sts_text *t, int64_t epoch_s);
void mock_add_httpdate(struct sts_text *t, int64_t epoch_s);

#endif
