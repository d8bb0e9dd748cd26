/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for a piece of a secret in a short text, which keeps tokens out of messages. The time
 * grows linearly with the length of the secret, whatever text and secret hold.
 */
#ifndef STS_BASE_SHARED_RUN_H
#define STS_BASE_SHARED_RUN_H

#include "base/text.h"

#define STS_SHARED_RUN_TEXT_MAX_BYTES 320 /* that of a message, STS_ERROR_TEXT_MAX_BYTES */

/*
 * Do text and secret have `run` bytes in a row in common? ASCII letters are equal in either case.
 *   text  in  UNTRUSTED; the result is true for a text over STS_SHARED_RUN_TEXT_MAX_BYTES in
 *             which the secret could be, since such a text is not searched
 *   run   in  how many bytes; the result is false for 0
 * Returns false when text or secret is shorter than run.
 */
bool sts_shares_run(struct sts_slice text, struct sts_slice secret, size_t run);

#endif
