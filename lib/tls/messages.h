/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handshake messages on top of the record layer (RFC 8446 section 4, RFC 5246 section 7.4): whole
 * small ones in a buffer, large ones piece by piece, and the running hash of both directions. The
 * functions return false after a failure, which records->failure explains.
 */
#ifndef STS_TLS_MESSAGES_H
#define STS_TLS_MESSAGES_H

#include "tls/key_schedule.h"
#include "tls/reader.h"
#include "tls/records.h"

#define STS_TLS_BODY_MAX_BYTES 4096 /* of a message that is read as a whole */

enum sts_tls_message_type {
	STS_TLS_HELLO_REQUEST = 0,
	STS_TLS_CLIENT_HELLO = 1,
	STS_TLS_SERVER_HELLO = 2,
	STS_TLS_NEW_SESSION_TICKET = 4,
	STS_TLS_ENCRYPTED_EXTENSIONS = 8,
	STS_TLS_CERTIFICATE = 11,
	STS_TLS_SERVER_KEY_EXCHANGE = 12,
	STS_TLS_CERTIFICATE_REQUEST = 13,
	STS_TLS_SERVER_HELLO_DONE = 14,
	STS_TLS_CERTIFICATE_VERIFY = 15,
	STS_TLS_CLIENT_KEY_EXCHANGE = 16,
	STS_TLS_FINISHED = 20,
	STS_TLS_KEY_UPDATE = 24,
};

struct sts_tls_messages {
	struct sts_tls_records *records;
	bool is_hashed; /* the messages belong to the handshake, and to its hash */
	/* The current message of the server. */
	uint8_t type;
	size_t left; /* bytes of its body that were not taken */
	struct sts_tls_transcript transcript;
	/* A message that was read as a whole, or one that is being written. */
	size_t body_len;
	uint8_t body[STS_TLS_BODY_MAX_BYTES];
};

void sts_tls_messages_init(struct sts_tls_messages *m, struct sts_tls_records *records);

/* The name of a type in the words of the RFCs, as in "CertificateRequest"; "an unknown message" for
 * another. */
const char *sts_tls_message_name(uint8_t type);

/* Begin to read the next message: type and left are set. */
bool sts_tls_message_next(struct sts_tls_messages *m);

/* Refuse the current message if it is not the one that is due. */
bool sts_tls_message_is(struct sts_tls_messages *m, enum sts_tls_message_type due);

/* Begin to read the next message, which must have this type. */
bool sts_tls_message_expect(struct sts_tls_messages *m, enum sts_tls_message_type due);

/*
 * Get the next bytes of the body where they lie.
 *   max   in   not 0; the server's message is refused as too short when fewer are left
 *   data  out  UNTRUSTED; valid until the next call
 *   len   out  from 1 to max
 */
bool sts_tls_message_piece(struct sts_tls_messages *m, size_t max, const uint8_t **data,
			   size_t *len);

/* Copy the next len bytes of the body. */
bool sts_tls_message_take(struct sts_tls_messages *m, uint8_t *out, size_t len);

/* Take a big-endian number of 1 to 4 bytes from the body. */
bool sts_tls_message_number(struct sts_tls_messages *m, size_t bytes, size_t *value);

/* Pass over the next len bytes of the body. */
bool sts_tls_message_skip(struct sts_tls_messages *m, size_t len);

/* Check that the body ends here. */
bool sts_tls_message_end(struct sts_tls_messages *m);

/* Read the rest of the body into m->body, and set a reader to it. */
bool sts_tls_message_whole(struct sts_tls_messages *m, struct sts_tls_reader *reader);

/* Expect a message, and read it as a whole. */
bool sts_tls_message_get(struct sts_tls_messages *m, enum sts_tls_message_type due,
			 struct sts_tls_reader *reader);

/* Add a message that was read as a whole to the hash of the handshake. This is for a ServerHello,
 * which is read while is_hashed is false: what is hashed before it depends on it. */
void sts_tls_message_hash(struct sts_tls_messages *m);

/* --- writing --- */

/* A writer into m->body. When there is no room, is_full is set and nothing more is written. */
struct sts_tls_writer {
	uint8_t *data;
	size_t len, size;
	bool is_full;
};

void sts_tls_write_bytes(struct sts_tls_writer *w, const void *data, size_t len);
void sts_tls_write_number(struct sts_tls_writer *w, size_t bytes, size_t value);

/* Begin a vector whose length has 1 to 3 bytes. Returns its mark for sts_tls_write_close(). */
size_t sts_tls_write_open(struct sts_tls_writer *w, size_t bytes);

/* End a vector: its length is written at its mark. */
void sts_tls_write_close(struct sts_tls_writer *w, size_t bytes, size_t mark);

/* Begin a message of our own. */
struct sts_tls_writer sts_tls_message_begin(struct sts_tls_messages *m,
					    enum sts_tls_message_type type);

/*
 * Gather for sending what was written.
 *   more  in  bytes of the body that follow, by sts_tls_message_add()
 */
bool sts_tls_message_send(struct sts_tls_messages *m, struct sts_tls_writer *w, size_t more);
bool sts_tls_message_add(struct sts_tls_messages *m, const void *data, size_t len);

#endif
