/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/resident_stack.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/resident.h"

#define STACK_BYTES         (256 * 1024)
#define ARGUMENTS_MAX_BYTES (64 * 1024)
/* More than a new process can have used of its stack. Below a stack nothing else is mapped. */
#define OLD_STACK_BYTES (1024 * 1024)
/* Older kernels map the vDSO above the stack, where it would keep the page tables. This program
 * does not use it. */
#define VDSO_BYTES (4 * 1024 * 1024)
/* Pages have 4, 16 or 64 KiB. */
#define PAGE_MAX_BYTES 65536

const char *sts_program_path(void)
{
	return (const char *)getauxval(AT_EXECFN);
}

#ifdef __GLIBC__

/* This C library keeps pointers to the first stack. */
void sts_resident_stack(char **argv, int (*go_on)(char **argv))
{
	(void)argv;
	(void)go_on;
}

#else

extern char **environ;
/* Of the linker: the limits of the code. */
extern const char __executable_start[], etext[];

static struct {
	char guard[2 * PAGE_MAX_BYTES];                  /* one page of it is taken away */
	char stack[STACK_BYTES - STS_ABOVE_STACK_BYTES]; /* with arguments and environment */
} room STS_RESIDENT_STACK;

/* The first function on the new stack. */
static _Noreturn void arrive(char **argv, int (*go_on)(char **argv), char *old_end)
{
	munmap(old_end - OLD_STACK_BYTES, OLD_STACK_BYTES);
	munmap(old_end, VDSO_BYTES); /* fails where addresses are not random */
	munmap(room.guard + (-(uintptr_t)room.guard & (PAGE_MAX_BYTES - 1)), PAGE_MAX_BYTES);
	exit(go_on(argv));
}

/* Call arrive() with a stack that ends at argv. */
static _Noreturn void leave(char **argv, int (*go_on)(char **argv), char *old_end)
{
#if defined(__x86_64__)
	__asm__ volatile("mov %%rdi, %%rsp\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "call %P3"
			 :
			 : "D"(argv), "S"(go_on), "d"(old_end), "i"(arrive)
			 : "memory");
#elif defined(__aarch64__)
	register char **x0 __asm__("x0") = argv;
	register int (*x1)(char **) __asm__("x1") = go_on;
	register char *x2 __asm__("x2") = old_end;

	__asm__ volatile("mov sp, x0\n\t"
			 "mov x29, xzr\n\t"
			 "mov x30, xzr\n\t"
			 "br %3"
			 :
			 : "r"(x0), "r"(x1), "r"(x2), "r"(arrive)
			 : "memory");
#endif
	__builtin_unreachable();
}

/*
 * At the end of a new stack are the arguments, the environment and the path of the program, one
 * after the other, and a word of zeros. Below are the pointers to them: argv, the environment
 * behind it, and behind that the pairs of words in which getauxval(3) looks.
 */
void sts_resident_stack(char **argv, int (*go_on)(char **argv))
{
	const char *path = sts_program_path();
	char *old_end = (char *)(uintptr_t)path + strlen(path) + 1 + sizeof(uint64_t), *to, **list;
	size_t bytes = (size_t)(old_end - argv[0]), count = (size_t)(environ - argv);

	while (argv[count++])
		;
	if (bytes + count * sizeof(*list) > ARGUMENTS_MAX_BYTES)
		return;
	to = room.stack + sizeof(room.stack) - bytes;
	const ptrdiff_t moved = to - argv[0];
	/* Where the code is, is as before. Where data and a heap are has no effect: there is no
	 * heap. */
	const struct prctl_mm_map map = {
		.start_code = (uintptr_t)__executable_start,
		.end_code = (uintptr_t)etext,
		.start_data = (uintptr_t)etext,
		.end_data = (uintptr_t)etext,
		.start_brk = (uintptr_t)argv,
		.brk = (uintptr_t)argv,
		.start_stack = (uintptr_t)to,
		.arg_start = (uintptr_t)to,
		.arg_end = (uintptr_t)((environ[0] ? environ[0] : path) + moved),
		.env_start = (uintptr_t)((environ[0] ? environ[0] : path) + moved),
		.env_end = (uintptr_t)(path + moved),
		.exe_fd = ~0u,
	};
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) != 0)
		return;
	/* The other values would take a tenth of a page, and nothing asks for them. */
	const uint64_t values[] = {
		AT_EXECFN, (uintptr_t)(path + moved), AT_EUID, getauxval(AT_EUID),
		AT_EGID,   getauxval(AT_EGID),        AT_NULL, 0};
	memcpy(to, argv[0], bytes);
	list = (char **)((uintptr_t)(to - count * sizeof(*list) - sizeof(values)) & ~(uintptr_t)15);
	for (size_t i = 0; i < count; i++)
		list[i] = argv[i] ? argv[i] + moved : NULL;
	memcpy(list + count, values, sizeof(values));
	environ = list + (environ - argv);
	leave(list, go_on, old_end);
}

#endif
