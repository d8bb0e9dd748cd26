/* SPDX-License-Identifier: Apache-2.0 */
#include "base/errno_words.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* errno_texts has the words of each number in this order, one text after the other. An array of
 * pointers would be twice as large. */
static const uint8_t errnos[] = {
	ENOENT,     EACCES, EPERM,       EISDIR,       ENOTDIR,   ENOTEMPTY,     ELOOP,
	EINVAL,     EFBIG,  EEXIST,      ENAMETOOLONG, ENOSPC,    EDQUOT,        EROFS,
	EIO,        EMFILE, ENFILE,      ENOMEM,       EAGAIN,    ESTALE,        ECONNREFUSED,
	ECONNRESET, EPIPE,  ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, EADDRNOTAVAIL, EAFNOSUPPORT,
	ENODATA,    EILSEQ, EADDRINUSE,  EBADF};
static const char errno_texts[] = "no such file"
				  "\0" /* ENOENT */
				  "permission denied"
				  "\0" /* EACCES */
				  "operation not permitted"
				  "\0" /* EPERM */
				  "it is a directory"
				  "\0" /* EISDIR */
				  "not a directory"
				  "\0" /* ENOTDIR */
				  "a directory that is not empty"
				  "\0" /* ENOTEMPTY */
				  "a symbolic link, or too many of them"
				  "\0" /* ELOOP */
				  "not a regular file"
				  "\0" /* EINVAL */
				  "too big"
				  "\0" /* EFBIG */
				  "it exists already"
				  "\0" /* EEXIST */
				  "the name is too long"
				  "\0" /* ENAMETOOLONG */
				  "no space left"
				  "\0" /* ENOSPC */
				  "the quota is used up"
				  "\0" /* EDQUOT */
				  "a read-only file system"
				  "\0" /* EROFS */
				  "input/output error"
				  "\0" /* EIO */
				  "too many open files in this process"
				  "\0" /* EMFILE */
				  "too many open files on this node"
				  "\0" /* ENFILE */
				  "out of memory"
				  "\0" /* ENOMEM */
				  "not available now"
				  "\0" /* EAGAIN */
				  "a stale file handle"
				  "\0" /* ESTALE */
				  "connection refused"
				  "\0" /* ECONNREFUSED */
				  "connection reset"
				  "\0" /* ECONNRESET */
				  "connection closed"
				  "\0" /* EPIPE */
				  "network unreachable"
				  "\0" /* ENETUNREACH */
				  "host unreachable"
				  "\0" /* EHOSTUNREACH */
				  "timed out"
				  "\0" /* ETIMEDOUT */
				  "address not available"
				  "\0" /* EADDRNOTAVAIL */
				  "address family not supported"
				  "\0" /* EAFNOSUPPORT */
				  "it is empty"
				  "\0" /* ENODATA */
				  "not a time in RFC 3339"
				  "\0" /* EILSEQ */
				  "address already in use"
				  "\0" /* EADDRINUSE */
				  "it is closed"
				  "\0" /* EBADF */
				  "an unexpected error of the system";

const char *sts_errno_words(int err)
{
	const char *words = errno_texts;

	for (size_t i = 0; i < sizeof(errnos) && errnos[i] != err; i++)
		words += strlen(words) + 1;
	return words;
}

enum sts_err sts_errno_code(int err, enum sts_err usual)
{
	return err == EMFILE || err == ENFILE ? STS_EFILES : usual;
}
