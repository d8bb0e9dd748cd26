/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the result of a command on standard output, and at most one line about an error on
 * standard error. The log of `run` is written by log.h.
 */
#ifndef STS_LOG_PRINT_H
#define STS_LOG_PRINT_H

#include "base/error.h"
#include "base/text.h"

/*
 * Set when sts_print() gives up waiting for a reader that does not read. Without this call it waits
 * without end, as other programs do.
 *   until_boot_ms  in  BOOTTIME
 */
void sts_print_until(int64_t until_boot_ms);

/* Write a whole text to a descriptor. A text that cannot be written is lost. If the descriptor is
 * standard output, sts_printed() reports the loss later. */
void sts_print(int fd, struct sts_slice text);

/*
 * Returns the exit status of a command that has printed its result: `status`, or STS_EXIT_OUTPUT
 * with a line on standard error if `status` is 0 and standard output did not take the result.
 */
int sts_printed(int status);

/* Print "sts-sidecar: MESSAGE; HINT" on standard error. Returns the exit status of the error. */
int sts_complain(const struct sts_error *e);

/* The same with another hint, for a command in which the hint of the table does not fit.
 *   hint  in  one clause of our own */
int sts_complain_with(const struct sts_error *e, const char *hint);

#endif
