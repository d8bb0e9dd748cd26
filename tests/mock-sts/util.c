/* SPDX-License-Identifier: Apache-2.0 */
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1024 * 1024)

__attribute__((format(printf, 1, 0))) static void complain(const char *fmt, va_list args)
{
	fputs("mock-sts: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void mock_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(fmt, args);
	va_end(args);
	exit(64);
}

void mock_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(fmt, args);
	va_end(args);
	exit(70);
}

static char *read_fd(int fd, size_t *len)
{
	char *data = malloc(FILE_MAX_BYTES + 1);

	*len = 0;
	while (data && *len < FILE_MAX_BYTES) {
		ssize_t n = read(fd, data + *len, FILE_MAX_BYTES - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(data);
			return NULL;
		}
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	if (data)
		data[*len] = 0;
	return data;
}

char *mock_read_file(const char *path, size_t *len)
{
	if (strcmp(path, "-") == 0)
		return read_fd(0, len);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	char *data = read_fd(fd, len);
	int saved = errno;

	close(fd);
	errno = saved;
	return data;
}

bool mock_write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

void mock_write_file(const char *path, const char *data, size_t len, bool secret)
{
	char temporary[4096];

	if (!path || strcmp(path, "-") == 0) {
		if (!mock_write_all(1, data, len))
			mock_die("cannot write to standard output: %s", strerror(errno));
		return;
	}
	if (snprintf(temporary, sizeof(temporary), "%s.new.%d", path, (int)getpid()) >=
	    (int)sizeof(temporary))
		mock_die("%s: path too long", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, secret ? 0600 : 0644);
	if (fd < 0 || !mock_write_all(fd, data, len) || close(fd) < 0 ||
	    rename(temporary, path) < 0)
		mock_die("cannot write %s: %s", path, strerror(errno));
}

void mock_random(void *out, size_t len)
{
	uint8_t *p = out;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			mock_die("getrandom: %s", strerror(errno));
		p += n;
		len -= (size_t)n;
	}
}

static void prng_init(const br_prng_class **ctx, const void *params, const void *seed, size_t len)
{
	(void)ctx, (void)params, (void)seed, (void)len;
}

static void prng_generate(const br_prng_class **ctx, void *out, size_t len)
{
	(void)ctx;
	mock_random(out, len);
}

static void prng_update(const br_prng_class **ctx, const void *seed, size_t len)
{
	(void)ctx, (void)seed, (void)len;
}

static const br_prng_class prng_class = {sizeof(const br_prng_class *), prng_init, prng_generate,
					 prng_update};
static const br_prng_class *prng = &prng_class;

const br_prng_class **mock_prng(void)
{
	return &prng;
}

void mock_sha256(const void *data, size_t len, uint8_t out[MOCK_SHA256_BYTES])
{
	br_sha256_context sha;

	br_sha256_init(&sha);
	br_sha256_update(&sha, data, len);
	br_sha256_out(&sha, out);
}

void mock_id(const void *data, size_t len, char out[MOCK_ID_CHARS])
{
	uint8_t digest[MOCK_SHA256_BYTES];
	struct sts_text t;

	mock_sha256(data, len, digest);
	sts_text_init(&t, out, MOCK_ID_CHARS);
	mock_add_hex(&t, digest, 8, false);
}

void mock_uuid(struct sts_text *t, const char *seed)
{
	uint8_t id[MOCK_SHA256_BYTES];
	static const size_t groups[] = {4, 2, 2, 2, 6};
	size_t at = 0;

	if (seed)
		mock_sha256(seed, strlen(seed), id);
	else
		mock_random(id, sizeof(id));
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < 5; i++) {
		if (i > 0)
			sts_text_add_char(t, '-');
		mock_add_hex(t, id + at, groups[i], false);
		at += groups[i];
	}
}

int64_t mock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void mock_sleep_ms(int64_t ms)
{
	if (ms <= 0)
		return;
	struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static int base64url_value(char c)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

bool mock_base64url(struct sts_slice in, uint8_t *out, size_t size, size_t *len)
{
	uint32_t bits = 0;
	int count = 0;

	*len = 0;
	while (in.len > 0 && in.data[in.len - 1] == '=')
		in.len--;
	for (size_t i = 0; i < in.len; i++) {
		int value = base64url_value(in.data[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		if (*len == size)
			return false;
		out[(*len)++] = (uint8_t)(bits >> count);
	}
	return count < 6 && (bits & ((1u << count) - 1)) == 0;
}

void mock_add_base64url(struct sts_text *t, const void *data, size_t len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const uint8_t *p = data;
	uint32_t bits = 0;
	int count = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		count += 8;
		for (; count >= 6; count -= 6)
			sts_text_add_char(t, alphabet[bits >> (count - 6) & 63]);
	}
	if (count > 0)
		sts_text_add_char(t, alphabet[bits << (6 - count) & 63]);
}

void mock_add_hex(struct sts_text *t, const void *data, size_t len, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		sts_text_add_char(t, digits[p[i] >> 4]);
		sts_text_add_char(t, digits[p[i] & 15]);
	}
}

void mock_add_rfc3339(struct sts_text *t, int64_t epoch_s)
{
	time_t when = (time_t)epoch_s;
	struct tm tm;
	char buf[64];

	if (gmtime_r(&when, &tm) && strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		sts_text_add_str(t, buf);
}

void mock_add_httpdate(struct sts_text *t, int64_t epoch_s)
{
	time_t when = (time_t)epoch_s;
	struct tm tm;
	char buf[64];

	if (gmtime_r(&when, &tm) &&
	    strftime(buf, sizeof(buf), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
		sts_text_add_str(t, buf);
}
