/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the token on standard output, for `fetch --stdout`. The reader is not trusted to read: it
 * may be slow, or close its end. Once the first byte is written there is no second try, since a
 * reader would take a part of the first token and a second token after it for one token.
 */
#ifndef STS_WORKER_PRINT_TOKEN_H
#define STS_WORKER_PRINT_TOKEN_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/*
 * Is standard output open for writing, and has its reader not gone yet? The caller asks before it
 * sends the subject token, which some services accept only once. Returns STS_OK or STS_ESTDOUT.
 */
enum sts_err sts_print_token_ready(struct sts_error *e);

/*
 * Print a token. Before the first byte, the supervisor is told so on the pipe of the report
 * (STS_REPORT_STAGE_PRINT).
 *   text           in  what is printed; no byte of it gets into a message
 *   until_boot_ms  in  BOOTTIME: the reader must have taken everything until then
 * Returns STS_OK; STS_EBUG if the supervisor does not listen, and nothing was printed then; or
 * STS_ESTDOUT with an errno in detail. The message says how many bytes were taken.
 */
enum sts_err sts_print_token(struct sts_slice text, int64_t until_boot_ms, struct sts_error *e);

#endif
