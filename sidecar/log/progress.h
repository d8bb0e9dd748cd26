/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line at the end of a terminal that says what a wait is for, and that is written anew as it
 * changes. It is shown only if standard error is a terminal that can erase a line. A process that
 * shows it calls sts_progress_end() before it writes something else on standard error; log.c does
 * so by itself.
 */
#ifndef STS_LOG_PROGRESS_H
#define STS_LOG_PROGRESS_H

#include <stdbool.h>

/* Show a text of our own, cut to the width of the terminal. Returns false without a terminal. */
bool sts_progress_show(const char *line);

/* Erase the line, if there is one. */
void sts_progress_end(void);

#endif
