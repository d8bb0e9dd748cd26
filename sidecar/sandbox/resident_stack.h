/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack in the program's own variables. The kernel maps the stack of a new process far from the
 * program, so that it needs two or three page tables for itself. A process that sleeps for hours
 * goes on with this stack instead, and gives the other one back.
 */
#ifndef STS_SANDBOX_RESIDENT_STACK_H
#define STS_SANDBOX_RESIDENT_STACK_H

/*
 * Copy the arguments and the environment next to the new stack, and call `go_on` there with the
 * copy; the process then ends with the status that `go_on` returns. The memory of the old stack is
 * gone, and `environ` and /proc/PID/cmdline have the copy. Of what the kernel has put behind the
 * environment, getauxval() finds AT_EXECFN, AT_EUID and AT_EGID alone, and returns 0 for others.
 * Call this in the first function of the process, before anything else keeps a pointer to an
 * argument.
 *   argv  in  what main() was called with
 * Returns if the process stays on its stack: the arguments and the environment are too long, or the
 * kernel does not let a process say where its arguments are (it is built without
 * CONFIG_CHECKPOINT_RESTORE, or is gVisor).
 */
void sts_resident_stack(char **argv, int (*go_on)(char **argv));

/* Returns the path with which this process was executed (AT_EXECFN of getauxval(3)). */
const char *sts_program_path(void);

#endif
