/* SPDX-License-Identifier: Apache-2.0 */
/* May a returned token be used, by its times? expiry.h calculates; this module judges the result,
 * and says in a message which clock said what. It is pure. */
#ifndef STS_TOKEN_LIFE_H
#define STS_TOKEN_LIFE_H

#include "base/error.h"
#include "token/expiry.h"

/* Does the answer, or the returned JWT, state an expiry? in->default_ttl_s is not a statement. */
bool sts_life_is_stated(const struct sts_expiry_input *in);

/*
 * Judge the times of a returned token.
 *   in             in   any values; UNTRUSTED
 *   documented_s   in   the lifetime that the protocol documents for answers that state none; 0:
 *                       none
 *   max_s          in   --max-lifetime; 0: not checked
 *   out            out  of sts_expiry_combine(), filled in in every case
 * Returns STS_OK;
 *   STS_ELIFETIME  the token has expired already
 *   STS_EEXPECT    it may live longer than max_s, or nothing tells how long it lives
 */
enum sts_err sts_life_judge(const struct sts_expiry_input *in, int64_t documented_s, int64_t max_s,
			    struct sts_expiry *out, struct sts_error *e);

#endif
