/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates that make_certs.py makes, by name, and CA sources made of them. */
#ifndef STS_TEST_CERTS_H
#define STS_TEST_CERTS_H

#include <stdint.h>

#include "trust/anchors.h"

#define TEST_NOW_S INT64_C(1767225600) /* 2026-01-01T00:00:00Z, NOW of make_certs.py */
#define TEST_DAY_S 86400

struct test_cert {
	const char *name;
	const uint8_t *data;
	size_t len;
};

extern const struct test_cert test_certs[];
extern const size_t test_certs_count;

/* Aborts if there is no certificate of this name. */
struct sts_der test_cert(const char *name);

/* Get several, from a list of names with spaces between them. Returns how many. */
size_t test_cert_list(const char *names, struct sts_der *out, size_t max);

/* Write a certificate as PEM to a descriptor. */
void test_write_pem(int fd, struct sts_der der, const char *line_end);

/* Make one CA source, an anonymous file, with these certificates. */
void test_ca_source(struct sts_ca_sources *sources, const char *names);

/* Close all of them. */
void test_close_sources(struct sts_ca_sources *sources);

#endif
