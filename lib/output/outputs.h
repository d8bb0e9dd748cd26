/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contents of the files, made in memory: it reads the words of --write and --format, which
 * choose the files, and makes the content of each chosen file from an answer. It opens no file;
 * store.h writes the contents into the output directory.
 *
 * A value from the answer must not be able to change the meaning of a file. For example, a line
 * feed in an AWS session token would start a new line of a credentials file. If that line set
 * credential_process, the SDK that reads the file would run a command of the peer's. So every value
 * is checked here once more, even if it was checked before. A token must be printable ASCII without
 * white space. AWS credentials may have only letters, digits and ._~+/=- (which base64 and JWTs
 * consist of), since a credentials file has no way of escaping.
 */
#ifndef STS_OUTPUT_OUTPUTS_H
#define STS_OUTPUT_OUTPUTS_H

#include "output/files.h"
#include "protocol/answer.h"

/* All files of one answer together fit in this. */
#define STS_OUTPUTS_MAX_BYTES (4 * STS_TOKEN_MAX_BYTES + 2048)

/* The words of --write, one after the other, in the order of enum sts_output. The thumbprint has an
 * empty word: it cannot be chosen. */
extern const char sts_outputs_words[];

/*
 * Read the words of --write or --format: "token", "expires", "json", "aws-credentials",
 * "aws-process", "gcp-executable", with commas in between.
 *   option   in   the option's name, for messages
 *   words    in   the user's
 *   outputs  out  STS_WRITE bits
 * Returns STS_OK, or STS_EUSAGE for a word that is unknown, or that the protocol cannot give. AWS
 * credentials come from the protocols whose default they are, and a token from all others; the
 * message names the protocols that give what the word asks for.
 */
enum sts_err sts_outputs_choose(const struct sts_protocol *protocol, const char *option,
				const char *words, unsigned *outputs, struct sts_error *e);

/*
 * Make the content of files. The format of each file is a promise (docs/outputs.md).
 *   answer   in      from sts_answer_read(); its values are UNTRUSTED all the same
 *   outputs  in      STS_WRITE bits; the store writes `expires`, so its slice stays empty
 *   memory   in/out  set up by sts_text_init(); STS_OUTPUTS_MAX_BYTES hold the files of any answer
 *   files    out     slices into memory; empty for a file that is not wanted, and for a thumbprint
 *                    where the answer does not have one
 * Returns STS_OK; STS_ETOKEN when a value must not be written, and then the caller writes no file;
 * STS_EBUG when memory is too small. A message holds no byte of a value.
 */
enum sts_err sts_outputs_format(const struct sts_answer *answer, unsigned outputs,
				struct sts_text *memory, struct sts_slice files[STS_OUTPUT__COUNT],
				struct sts_error *e);

#endif
