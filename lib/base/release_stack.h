/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives memory of the stack back to the kernel. A process that sleeps for hours keeps each page
 * that a deep call has touched once, and deep calls are rare.
 */
#ifndef STS_BASE_RELEASE_STACK_H
#define STS_BASE_RELEASE_STACK_H

/*
 * Give back the stack below the frames of all callers. Where pages are larger than 4 KiB, the
 * kernel refuses most addresses, and the stack stays.
 */
void sts_release_stack(void);

#endif
