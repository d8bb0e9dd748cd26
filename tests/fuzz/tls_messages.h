/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of the server of fuzz_tls_handshake.c, and the bytes of its input. */
#ifndef STS_FUZZ_TLS_MESSAGES_H
#define STS_FUZZ_TLS_MESSAGES_H

#include "tls/client.h"
#include "tls/handshake.h"

/* What the server does next. */
enum fuzz_op {
	OP_HELLO13,
	OP_RETRY,
	OP_HELLO12,
	OP_ENCRYPTED_EXTENSIONS,
	OP_REQUEST,
	OP_CERTIFICATE,
	OP_KEY_EXCHANGE,
	OP_VERIFY,
	OP_DONE,
	OP_FINISHED,
	OP_TICKET,
	OP_KEY_UPDATE,
	OP_HELLO_REQUEST,
	OP_ANY_MESSAGE,
	OP_RECORD,
	OP_RAW,
	OPS,
};

void require(bool ok);

/* Begin with an input, and take its bytes. At its end they are zeros. */
void fuzz_input(const uint8_t *data, size_t size);
bool fuzz_input_is_empty(void);
uint8_t fuzz_byte(void);

size_t fuzz_hash_bytes(const struct sts_tls_scheme *scheme);
extern const uint8_t fuzz_server_random[STS_TLS_RANDOM_BYTES];

/*
 * Make a message for this client, which waits for the next one.
 *   param  in  chooses what is in it
 * Returns whether it proves who the server is: a signature or a Finished message that is right.
 */
uint8_t fuzz_message_type(enum fuzz_op op, uint8_t param);
bool fuzz_message_body(const struct sts_tls_client *c, struct sts_tls_writer *w, enum fuzz_op op,
		       uint8_t param);

#endif
