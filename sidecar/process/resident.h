/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a supervisor that sleeps has written to lies together, not strewn among the buffers of
 * workers: each page that is touched is 4 KiB of the Pod's memory, for ever. The linker sorts by
 * name (tools/build.sh): the C library's own variables come between the two.
 */
#ifndef STS_PROCESS_RESIDENT_H
#define STS_PROCESS_RESIDENT_H

/* At the start of a page. */
#define STS_RESIDENT_FIRST __attribute__((section(".bss..resident"), aligned(4096)))
#define STS_RESIDENT       __attribute__((section(".bss..resident.more")))
/* An array of which mostly the start is in use. */
#define STS_RESIDENT_LAST __attribute__((section(".bss.zz.resident")))

#endif
