/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when this program finds a mistake of its own. */
#ifndef STS_LOG_BUG_H
#define STS_LOG_BUG_H

#include <stdbool.h>

/* Does sts_bug() end the process? It does in the builds for tests, and not in the release. */
extern bool sts_bugs_abort;

/*
 * Something has happened that cannot happen. Logs an error that asks the reader to report it, and
 * then aborts if sts_bugs_abort is set; else the caller goes on as well as it can.
 *   what           in  what has happened: "an event came in a state that does not know it"
 *   state, number  in  figures for the developers: which state it was, and which number
 */
void sts_bug(const char *what, int state, int number);

#endif
