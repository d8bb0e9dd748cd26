/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written of an answer, and how: the words of --write and --format, and the content of each
 * file. Pure: it opens nothing.
 *
 * A value that could be read as anything but itself never gets into a file: a line feed in an AWS
 * session token, copied into a credentials file, starts a line of its own, and the SDK that reads
 * it runs the command that a credential_process there names. So every value is looked at here once
 * more, whoever has looked before: a token is printable ASCII without white space; AWS credentials
 * have the letters, digits and ._~+/=- of base64 and of JWTs only, since a credentials file has no
 * way of escaping.
 */
#ifndef STS_OUTPUT_OUTPUTS_H
#define STS_OUTPUT_OUTPUTS_H

#include "output/files.h"
#include "protocol/answer.h"

/* All files of one answer together. */
#define STS_OUTPUTS_MAX_BYTES (4 * STS_TOKEN_MAX_BYTES + 2048)

/* The words of --write, one after the other, in the order of enum sts_output; a thumbprint has an
 * empty one. */
extern const char sts_outputs_words[];

/*
 * Read the words of --write or --format: "token", "expires", "json", "aws-credentials",
 * "aws-process", "gcp-executable", with commas in between.
 *   option   in   its name, for messages
 *   outputs  out  STS_WRITE bits
 * Returns STS_OK; STS_EUSAGE for a word that is none of them, or that the protocol cannot give (AWS
 * credentials come from the protocols whose default they are, a token from all others; the message
 * names the protocols that can).
 */
enum sts_err sts_outputs_choose(const struct sts_protocol *protocol, const char *option,
				const char *words, unsigned *outputs, struct sts_error *e);

/*
 * Make the content of files. Each of these shapes is a promise (docs/outputs.md).
 *   answer   in   of sts_answer_read(); its values are UNTRUSTED all the same
 *   outputs  in   STS_WRITE bits; expires is the store's to write
 *   memory   out  STS_OUTPUTS_MAX_BYTES hold any answer's files
 *   files    out  slices into memory; empty for what is not wanted, and for a thumbprint that the
 *                 answer has not
 * Returns STS_OK; STS_ETOKEN when a value must not be written, and then nothing is to be written;
 * STS_EBUG when memory is too small. A message holds no byte of a value.
 */
enum sts_err sts_outputs_format(const struct sts_answer *answer, unsigned outputs,
				struct sts_text *memory, struct sts_slice files[STS_OUTPUT__COUNT],
				struct sts_error *e);

#endif
