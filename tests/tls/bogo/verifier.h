/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A class br_x509_class that accepts every chain, and takes the key out of the first certificate.
 * The runner's certificates are signed by themselves. What a chain must be is tested elsewhere.
 */
#ifndef STS_TESTS_BOGO_VERIFIER_H
#define STS_TESTS_BOGO_VERIFIER_H

#include <bearssl.h>
#include <stdbool.h>
#include <stdint.h>

struct bogo_verifier {
	const br_x509_class *vtable; /* BearSSL wants it as the first member */
	bool refuse;                 /* every chain, at its end */
	unsigned error;              /* of BearSSL; 0 while there is none */
	br_sha256_context chain;     /* the hash of all certificates, each with its length before */
	/* private */
	uint32_t count;
	br_x509_decoder_context decoder;
	uint8_t leaf[16384];
	size_t leaf_len;
	unsigned usages;
};

void bogo_verifier_init(struct bogo_verifier *v, bool refuse);

/* Is the chain of the server the one of this PEM file? */
bool bogo_verifier_same_chain(const struct bogo_verifier *v, const char *path);

#endif
