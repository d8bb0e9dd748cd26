/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all connections share. One process serves one connection, so that this lies in shared
 * memory, which is made before the first fork. It has no pointers.
 */
#ifndef MOCK_STATE_H
#define MOCK_STATE_H

#include "fault.h"
#include "key.h"
#include "ledger.h"

#define MOCK_SIGNING_KEYS_MAX   16
#define MOCK_SIGNING_CERT_BYTES 2048

struct mock_signing_key {
	struct mock_key key;
	char kid[MOCK_KID_BYTES];
	uint8_t cert[MOCK_SIGNING_CERT_BYTES];
	size_t cert_len;
};

enum mock_counter {
	MOCK_CONNECTIONS,
	MOCK_HANDSHAKES,
	MOCK_HANDSHAKE_FAILURES,
	MOCK_REQUESTS,
	MOCK_BAD_REQUESTS,
	MOCK_REQ_OPENUNISON,
	MOCK_REQ_EXCHANGE,
	MOCK_REQ_SIG_CERT,
	MOCK_REQ_SERVICE,
	MOCK_REQ_OTHER,
	MOCK_ANSWERS_2XX,
	MOCK_ANSWERS_3XX,
	MOCK_ANSWERS_4XX,
	MOCK_ANSWERS_5XX,
	MOCK_ISSUED,
	MOCK_REJECTED,
	MOCK_DENIED,
	MOCK_FAULTS,
	MOCK_ROTATIONS,
	MOCK_REVOKED,
	MOCK_COUNTER__COUNT
};

struct mock_state {
	int lock;
	uint64_t counter[MOCK_COUNTER__COUNT];
	struct mock_fault_slots faults;
	struct mock_signing_key signing[MOCK_SIGNING_KEYS_MAX];
	size_t signing_count, active;
	struct mock_ledger ledger;
};

/* Ends the program if there is no memory. */
struct mock_state *mock_state_new(void);
void mock_state_lock(struct mock_state *state);
void mock_state_unlock(struct mock_state *state);
void mock_state_count(struct mock_state *state, enum mock_counter counter);
uint64_t mock_state_counter(struct mock_state *state, enum mock_counter counter);
const char *mock_counter_name(enum mock_counter counter);

/* Give a key its kid and its certificate, from which the thumbprint is made. With a cert_path of
 * NULL a certificate is made. Returns false if the key cannot be used. */
bool mock_signing_setup(struct mock_signing_key *key, const char *name, const char *cert_path,
			int64_t now_s);
/*
 * Rotate the keys: the next key signs. After the last key a new key of the same kind is made. If
 * `keep`, the old keys stay in the JWKS. Returns false if all places are taken.
 */
bool mock_state_rotate(struct mock_state *state, const char *name, bool keep, int64_t now_s);

#endif
