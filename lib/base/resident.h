/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places the variables that the supervisor writes to next to each other, and apart from the buffers
 * of workers. Each page of 4 KiB that the supervisor writes to stays in the Pod's memory for as
 * long as the supervisor lives, so these variables share one page with the initialised ones. They
 * are near the code, since each 2 MiB of addresses needs a page table. sidecar/resident.ld has the
 * order: STS_RESIDENT, the C library's own variables, STS_RESIDENT_LAST, STS_RESIDENT_PAGES; and
 * STS_RESIDENT_SELDOM behind all others.
 */
#ifndef STS_BASE_RESIDENT_H
#define STS_BASE_RESIDENT_H

#define STS_RESIDENT __attribute__((section(".bss..resident")))
/* An array of which usually only the first entries are written to; the rest may lie on the next
 * page. */
#define STS_RESIDENT_LAST __attribute__((section(".bss.zz.resident")))
/* Objects with pages of their own. */
#define STS_RESIDENT_PAGES __attribute__((section(".bss.zz.resident.pages")))
/* What most supervisors never write to; it lies on a later page. */
#define STS_RESIDENT_SELDOM __attribute__((section(".bss.zzz.resident")))

#endif
