/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about a word of the command line that is not known. All words are UNTRUSTED. */
#ifndef STS_OPTIONS_UNKNOWN_H
#define STS_OPTIONS_UNKNOWN_H

#include "base/error.h"
#include "base/text.h"

/* Fail because a word is unknown. The message is: unknown WHAT "WORD". If near is not NULL, the
 * message proposes it. Returns STS_EUSAGE. */
enum sts_err sts_unknown(const char *what, struct sts_slice word, const char *near,
			 struct sts_error *e);

/*
 * Fail because a command does not have an option. The message says which commands have it, or what
 * a user of another program may have meant, or which option has nearly this name.
 *   word     in  the argument, with its dashes
 *   command  in  the bit of the command. If it takes the options of another command, too, the
 *                bits of both, of which its own is the higher one
 * Returns STS_EUSAGE.
 */
enum sts_err sts_unknown_option(const char *word, unsigned command, struct sts_error *e);

/* Fail because no protocol has this name. Returns STS_EUSAGE. The message proposes the protocol
 * with the nearest name, if there is one. */
enum sts_err sts_unknown_protocol(const char *name, struct sts_error *e);

#endif
