/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "certmake.h"

static const char *const counter_names[MOCK_COUNTER__COUNT] = {
	[MOCK_CONNECTIONS] = "connections",
	[MOCK_HANDSHAKES] = "handshakes",
	[MOCK_HANDSHAKE_FAILURES] = "handshake_failures",
	[MOCK_REQUESTS] = "requests",
	[MOCK_BAD_REQUESTS] = "bad_requests",
	[MOCK_REQ_OPENUNISON] = "requests_openunison",
	[MOCK_REQ_EXCHANGE] = "requests_token_exchange",
	[MOCK_REQ_SIG_CERT] = "requests_sig_cert",
	[MOCK_REQ_SERVICE] = "requests_services",
	[MOCK_REQ_OTHER] = "requests_other",
	[MOCK_ANSWERS_2XX] = "answers_2xx",
	[MOCK_ANSWERS_3XX] = "answers_3xx",
	[MOCK_ANSWERS_4XX] = "answers_4xx",
	[MOCK_ANSWERS_5XX] = "answers_5xx",
	[MOCK_ISSUED] = "issued",
	[MOCK_REJECTED] = "rejected",
	[MOCK_DENIED] = "denied",
	[MOCK_FAULTS] = "faults",
	[MOCK_ROTATIONS] = "rotations",
	[MOCK_REVOKED] = "revoked",
};

struct mock_state *mock_state_new(void)
{
	void *memory = mmap(NULL, sizeof(struct mock_state), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		mock_die("mmap: %s", strerror(errno));
	return memory;
}

/* The lock is held for microseconds and never during a wait, so that spinning is good enough. */
void mock_state_lock(struct mock_state *state)
{
	while (__atomic_exchange_n(&state->lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

void mock_state_unlock(struct mock_state *state)
{
	__atomic_store_n(&state->lock, 0, __ATOMIC_RELEASE);
}

void mock_state_count(struct mock_state *state, enum mock_counter counter)
{
	__atomic_add_fetch(&state->counter[counter], 1, __ATOMIC_RELAXED);
}

uint64_t mock_state_counter(struct mock_state *state, enum mock_counter counter)
{
	return __atomic_load_n(&state->counter[counter], __ATOMIC_RELAXED);
}

const char *mock_counter_name(enum mock_counter counter)
{
	return counter_names[counter];
}

static void take_cert(void *ctx, const char *label, const uint8_t *der, size_t len)
{
	struct mock_signing_key *key = ctx;

	if (key->cert_len > 0 || strcmp(label, "CERTIFICATE") != 0 || len > sizeof(key->cert))
		return;
	memcpy(key->cert, der, len);
	key->cert_len = len;
}

static bool load_cert(struct mock_signing_key *key, const char *path)
{
	size_t len;
	char *pem = mock_read_file(path, &len);

	key->cert_len = 0;
	if (!pem)
		return false;
	mock_pem_each(pem, len, take_cert, key);
	free(pem);
	return key->cert_len > 0;
}

bool mock_signing_setup(struct mock_signing_key *key, const char *name, const char *cert_path,
			int64_t now_s)
{
	struct mock_signer signer;
	struct mock_cert_request request = {.not_before_s = now_s - 60,
					    .not_after_s = now_s + 365 * 86400};
	char cn[64];
	uint8_t serial[8];
	struct sts_text t;

	if (!mock_signer_open(&signer, &key->key) || mock_public_alg(&signer.pub) == MOCK_ALG_NONE)
		return false;
	sts_text_init(&t, cn, sizeof(cn));
	sts_text_addf(&t, "%s-sig", name);
	mock_random(serial, sizeof(serial));
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
	/* The kid of OpenUnison is a string with spaces, commas and '='. */
	sts_text_init(&t, key->kid, sizeof(key->kid));
	sts_text_addf(&t, "CN=%s, O=mock-sts - ", cn);
	mock_add_hex(&t, serial, sizeof(serial), false);
	if (cert_path)
		return load_cert(key, cert_path);
	request.cn = cn;
	request.serial = serial;
	request.serial_len = sizeof(serial);
	key->cert_len = mock_cert_make(&request, &signer.pub, NULL, &signer, key->cert,
				       sizeof(key->cert));
	return key->cert_len > 0;
}

/* The kind of key that is made as a successor. */
static const char *kind_of(const struct mock_key *key)
{
	struct mock_signer signer;

	return mock_signer_open(&signer, key) && signer.pub.type == BR_KEYTYPE_RSA ? "rsa" : "ec";
}

static bool add_key(struct mock_state *state, const char *name, int64_t now_s)
{
	static struct mock_signing_key fresh;
	struct mock_key old;
	bool ok;

	mock_state_lock(state);
	old = state->signing[state->active].key;
	mock_state_unlock(state);
	/* It takes a second to make an RSA key, so that the lock is not held. */
	if (!mock_key_generate(&fresh.key, kind_of(&old)) ||
	    !mock_signing_setup(&fresh, name, NULL, now_s))
		return false;
	mock_state_lock(state);
	ok = state->signing_count < MOCK_SIGNING_KEYS_MAX;
	if (ok)
		state->signing[state->signing_count++] = fresh;
	mock_state_unlock(state);
	return ok;
}

bool mock_state_rotate(struct mock_state *state, const char *name, bool keep, int64_t now_s)
{
	mock_state_lock(state);
	bool last = state->active + 1 >= state->signing_count;
	mock_state_unlock(state);
	if (last && !add_key(state, name, now_s))
		return false;
	mock_state_lock(state);
	if (state->active + 1 < state->signing_count)
		state->active++;
	if (!keep) {
		state->signing_count -= state->active;
		memmove(state->signing, state->signing + state->active,
			state->signing_count * sizeof(state->signing[0]));
		state->active = 0;
	}
	mock_state_unlock(state);
	mock_state_count(state, MOCK_ROTATIONS);
	return true;
}
