/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places the variables that the supervisor writes to next to each other, and apart from the buffers
 * of workers. Each page of 4 KiB that the supervisor writes to stays in the Pod's memory for as
 * long as the supervisor lives, so these variables share one page with the initialised ones. They
 * are near the code, since each 2 MiB of addresses needs a page table. sidecar/resident.ld has the
 * order: STS_RESIDENT, the C library's own variables, STS_RESIDENT_LAST, STS_RESIDENT_PAGES,
 * STS_RESIDENT_STACK, STS_RESIDENT_ABOVE_STACK; and STS_RESIDENT_SELDOM behind all others.
 */
#ifndef STS_BASE_RESIDENT_H
#define STS_BASE_RESIDENT_H

#define STS_RESIDENT __attribute__((section(".bss..resident")))
/* An array of which usually only the first entries are written to; the rest may lie on the next
 * page. */
#define STS_RESIDENT_LAST __attribute__((section(".bss.zz.resident")))
/* Objects with pages of their own. */
#define STS_RESIDENT_PAGES __attribute__((section(".bss.zz.resident.pages")))
/* The stack of a process that sleeps (sandbox/resident_stack.h). On the page of its end,
 * STS_ABOVE_STACK_BYTES are left for the beginning of sts_resident_room. */
#define STS_RESIDENT_STACK       __attribute__((section(".bss.zz.resident.stack"), aligned(4096)))
#define STS_RESIDENT_ABOVE_STACK __attribute__((section(".bss.zz.resident.stack.above")))
#define STS_ABOVE_STACK_BYTES    1024
#define STS_RESIDENT_ROOM_BYTES  (STS_ABOVE_STACK_BYTES + 28 * 1024)
/* What most supervisors never write to; it lies on a later page. */
#define STS_RESIDENT_SELDOM __attribute__((section(".bss.zzz.resident")))

/* Zeros at first. Each process uses it for one thing: the supervisor for its first plans, the
 * listener for all that it keeps. */
extern char sts_resident_room[STS_RESIDENT_ROOM_BYTES];

#endif
