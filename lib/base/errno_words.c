/* SPDX-License-Identifier: Apache-2.0 */
#include "base/errno_words.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/packed.h"
#include "base/resident.h"

#define WORDS_MAX_BYTES 64

/* errno_texts has the words of each number in this order, one packed text after the other. An array
 * of pointers would be twice as large. */
static const uint8_t errnos[] = {
	ENOENT,        EACCES,          EPERM,           EISDIR,       ENOTDIR,
	ENOTEMPTY,     ELOOP,           EINVAL,          EFBIG,        EEXIST,
	ENAMETOOLONG,  ENOSPC,          EDQUOT,          EROFS,        EIO,
	EMFILE,        ENFILE,          ENOMEM,          EAGAIN,       ESTALE,
	ECONNREFUSED,  ECONNRESET,      EPIPE,           ENETUNREACH,  EHOSTUNREACH,
	ETIMEDOUT,     EADDRNOTAVAIL,   EAFNOSUPPORT,    ENODATA,      EILSEQ,
	EADDRINUSE,    EXDEV,           EBUSY,           ENODEV,       ENXIO,
	EINTR,         EBADF,           EMLINK,          ETXTBSY,      ENOSYS,
	EOPNOTSUPP,    EOVERFLOW,       ENOLCK,          EDEADLK,      EUCLEAN,
	EBADMSG,       EREMOTEIO,       EKEYEXPIRED,     EKEYREVOKED,  EKEYREJECTED,
	ENOKEY,        ENOTCONN,        ESHUTDOWN,       ECONNABORTED, ENETDOWN,
	EHOSTDOWN,     ENETRESET,       ENOBUFS,         EMSGSIZE,     EDESTADDRREQ,
	EPROTO,        EPROTONOSUPPORT, EPROTOTYPE,      ENOPROTOOPT,  ESRCH,
	ECHILD,        E2BIG,           ENOEXEC,         ERANGE,       EUSERS,
	ESPIPE,        ENOTTY,          EFAULT,          ENOTSOCK,     EISCONN,
	EALREADY,      EINPROGRESS,     ESOCKTNOSUPPORT, ELIBBAD,      ECANCELED,
	ENOLINK,       ENONET,          ENOMEDIUM,       EHWPOISON,    ENOSR,
	STS_ENOINODES, STS_ENOTMEMBER,  STS_EHELD};
static const char errno_texts[] = STS_PACKED(
	"no such file\0"                                       /* ENOENT */
	"permission denied\0"                                  /* EACCES */
	"operation not permitted\0"                            /* EPERM */
	"it is a directory\0"                                  /* EISDIR */
	"not a directory\0"                                    /* ENOTDIR */
	"a directory that is not empty\0"                      /* ENOTEMPTY */
	"a loop of symbolic links, or one where none may be\0" /* ELOOP */
	"an invalid argument\0"                                /* EINVAL */
	"too big\0"                                            /* EFBIG */
	"it exists already\0"                                  /* EEXIST */
	"the name is too long\0"                               /* ENAMETOOLONG */
	"no space left\0"                                      /* ENOSPC */
	"the quota is used up\0"                               /* EDQUOT */
	"a read-only file system\0"                            /* EROFS */
	"input/output error\0"                                 /* EIO */
	"too many open files in this process\0"                /* EMFILE */
	"too many open files on this node\0"                   /* ENFILE */
	"out of memory\0"                                      /* ENOMEM */
	"not available now\0"                                  /* EAGAIN */
	"a stale file handle\0"                                /* ESTALE */
	"connection refused\0"                                 /* ECONNREFUSED */
	"connection reset\0"                                   /* ECONNRESET */
	"connection closed\0"                                  /* EPIPE */
	"network unreachable\0"                                /* ENETUNREACH */
	"host unreachable\0"                                   /* EHOSTUNREACH */
	"timed out\0"                                          /* ETIMEDOUT */
	"address not available\0"                              /* EADDRNOTAVAIL */
	"address family not supported\0"                       /* EAFNOSUPPORT */
	"it is empty\0"                                        /* ENODATA */
	"not a time in RFC 3339\0"                             /* EILSEQ */
	"address already in use\0"                             /* EADDRINUSE */
	"on another mount\0"                                   /* EXDEV */
	"in use, or a mount point\0"                           /* EBUSY */
	"no such device\0"                                     /* ENODEV */
	"no such device or address\0"                          /* ENXIO */
	"interrupted by a signal\0"                            /* EINTR */
	"it is closed\0"                                       /* EBADF */
	"too many hard links\0"                                /* EMLINK */
	"a program that is running\0"                          /* ETXTBSY */
	"the kernel does not have this call\0"                 /* ENOSYS */
	"not supported by this file system or socket\0"        /* EOPNOTSUPP */
	"a number that is too large\0"                         /* EOVERFLOW */
	"no locks available\0"                                 /* ENOLCK */
	"a lock that would wait for itself\0"                  /* EDEADLK */
	"a damaged file system\0"                              /* EUCLEAN */
	"damaged data on the disk\0"                           /* EBADMSG */
	"input/output error of a remote file system\0"         /* EREMOTEIO */
	"the key of the file system has expired\0"             /* EKEYEXPIRED */
	"the key of the file system was revoked\0"             /* EKEYREVOKED */
	"the key of the file system was rejected\0"            /* EKEYREJECTED */
	"the key of the file system is missing\0"              /* ENOKEY */
	"not connected (a mount: its FUSE daemon has ended)\0" /* ENOTCONN */
	"the connection was shut down\0"                       /* ESHUTDOWN */
	"connection aborted\0"                                 /* ECONNABORTED */
	"the network is down\0"                                /* ENETDOWN */
	"the host is down\0"                                   /* EHOSTDOWN */
	"the network has dropped the connection\0"             /* ENETRESET */
	"no memory for the network\0"                          /* ENOBUFS */
	"a message that is too long\0"                         /* EMSGSIZE */
	"no address to send to\0"                              /* EDESTADDRREQ */
	"a protocol error\0"                                   /* EPROTO */
	"protocol not supported\0"                             /* EPROTONOSUPPORT */
	"wrong type of socket\0"                               /* EPROTOTYPE */
	"protocol not available\0"                             /* ENOPROTOOPT */
	"no such process\0"                                    /* ESRCH */
	"no such child process\0"                              /* ECHILD */
	"too many arguments\0"                                 /* E2BIG */
	"not a program that this machine can execute\0"        /* ENOEXEC */
	"a result that is too large\0"                         /* ERANGE */
	"too many users\0"                                     /* EUSERS */
	"not a regular file\0"                                 /* ESPIPE */
	"not for this kind of file\0"                          /* ENOTTY */
	"a bad address\0"                                      /* EFAULT */
	"not a socket\0"                                       /* ENOTSOCK */
	"connected already\0"                                  /* EISCONN */
	"connecting already\0"                                 /* EALREADY */
	"connecting\0"                                         /* EINPROGRESS */
	"socket type not supported\0"                          /* ESOCKTNOSUPPORT */
	"a damaged program\0"                                  /* ELIBBAD */
	"cancelled\0"                                          /* ECANCELED */
	"the link is down\0"                                   /* ENOLINK */
	"this machine is on no network\0"                      /* ENONET */
	"the drive is empty\0"                                 /* ENOMEDIUM */
	"a memory error\0"                                     /* EHWPOISON */
	"no buffers for a stream\0"                            /* ENOSR */
	"no inode left\0"                                      /* STS_ENOINODES */
	"not a member of the group\0"                          /* STS_ENOTMEMBER */
	"a file that this process may not replace\0"           /* STS_EHELD */
	"an unexpected error of the system");

const char *sts_errno_words(int err)
{
	static char unpacked[WORDS_MAX_BYTES] STS_RESIDENT;
	size_t at = 0;

	while (at < sizeof(errnos) && errnos[at] != err)
		at++;
	return sts_unpacked(sts_packed_at(errno_texts, at), unpacked, sizeof(unpacked));
}

void sts_add_barred(struct sts_text *t, const struct stat *st, int err)
{
	sts_text_add_str(t, sts_errno_words(err));
	if (st)
		sts_text_addf(t, ": mode %04o, owner %u, group %u", (unsigned)(st->st_mode & 07777),
			      (unsigned)st->st_uid, (unsigned)st->st_gid);
	/* This needs no system call, which the sandbox of some processes would not allow. */
	sts_text_addf(t, ", and this process is UID %u, GID %u", (unsigned)getauxval(AT_EUID),
		      (unsigned)getauxval(AT_EGID));
}

const char *sts_read_words(const char *path, int err)
{
	static char words[STS_BARRED_MAX_BYTES];
	struct sts_text text;
	struct stat st;

	if (err != EACCES && err != EPERM)
		return sts_errno_words(err);
	sts_text_init(&text, words, sizeof(words));
	sts_add_barred(&text, stat(path, &st) == 0 ? &st : NULL, err);
	return words;
}

enum sts_err sts_errno_code(int err, enum sts_err usual)
{
	return err == EMFILE || err == ENFILE ? STS_EFILES : usual;
}
