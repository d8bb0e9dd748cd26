/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust anchors: the CA certificates that the user trusts. A search reads all CA files, and keeps
 * only the certificates whose subject is the name of an issuer in the server's chain. So a full
 * system bundle needs no more memory than a file with one certificate. Files are read in pieces and
 * not mapped, since a mapped file that is truncated while we read it would end the process.
 */
#ifndef STS_TRUST_ANCHORS_H
#define STS_TRUST_ANCHORS_H

#include "base/error.h"
#include "trust/cert.h"
#include "trust/pem.h"

#define STS_CA_PATHS_MAX 8
/* Of all sources together. Each file counts for 4 KiB more than it has, so that the number of small
 * files is bounded too. */
#define STS_CA_MAX_BYTES  (16 * 1024 * 1024)
#define STS_ANCHORS_MAX   16          /* that one search keeps; an issuer may have several */
#define STS_ANCHORS_BYTES (64 * 1024) /* of the anchors that one search keeps */

/* A file or directory that anchors are searched in. It is opened before there is a connection, and
 * its descriptor is read from the start in each search. */
struct sts_ca_source {
	int fd; /* a file, or a directory of PEM files */
	bool is_dir;
	bool is_system;  /* the system bundle, which may be missing or empty */
	char label[128]; /* the path, escaped, for messages */
};

struct sts_ca_sources {
	size_t count;
	struct sts_ca_source source[STS_CA_PATHS_MAX];
};

/* Start an empty list. */
void sts_ca_sources_init(struct sts_ca_sources *sources);

/*
 * Open a file, or a directory of PEM files, and add it to the list, which owns the descriptor.
 * Symbolic links are followed, such as ..data. Of a directory, files whose names begin with a dot
 * are left out, and files that cannot be opened are skipped.
 *   path       in  the user's
 *   is_system  in  the path is that of the system bundle: when it is missing, nothing is added
 * Returns STS_OK; STS_ECA_FILE when the path cannot be opened, or there are STS_CA_PATHS_MAX
 * already.
 */
enum sts_err sts_ca_sources_add(struct sts_ca_sources *sources, const char *path, bool is_system,
				struct sts_error *e);

/* The anchors that a search found. */
struct sts_anchors {
	size_t count;
	uint32_t scanned;  /* certificates in all sources */
	uint32_t unusable; /* of these: expired, not yet valid, malformed or too big */
	uint32_t stale;    /* of the unusable certificates: wanted, but expired or not yet valid */
	uint32_t wanted;   /* wanted and valid, kept or not; each copy of a certificate counts */
	/* The number of the first wanted certificate that this search had no room for, counted
	 * from 0: where the next search begins. 0: there was room for all. */
	uint32_t next;
	uint8_t source[STS_ANCHORS_MAX]; /* the index of the source that each was found in */
	struct sts_cert cert[STS_ANCHORS_MAX];
	/* private */
	size_t used;
	uint8_t memory[STS_ANCHORS_BYTES];
	uint8_t object[STS_PEM_OBJECT_MAX_BYTES];
};

/*
 * Search all sources for certificates whose subject is one of the wanted names, and for the
 * server's own certificate, which the user may have pinned. It reads with pread(2), and in
 * directories with getdents64(2) and openat(2).
 *   wanted   in   UNTRUSTED; whole Name elements; compared with sts_dn_equal()
 *   servers  in   UNTRUSTED; DER of the two certificates that may be the server's; both
 *                 may be the same
 *   now_s    in   anchors that are expired or not yet valid at this time are skipped
 *   first    in   so many wanted certificates are passed over: 0, or the `next` of the search
 *                 before
 *   anchors  out  each certificate once; certificates past STS_ANCHORS_MAX or STS_ANCHORS_BYTES are
 *                 not kept, and `next` says where they begin
 * Returns STS_OK, also when no anchor was found; STS_ECA_FILE when a source cannot be read, when a
 * source other than the system bundle has no usable certificate, or when all sources together have
 * no usable certificate; in the last two cases STS_ECERT_NOTYET or STS_ECERT_EXPIRED, if the time
 * is the reason.
 */
enum sts_err sts_anchors_find(const struct sts_ca_sources *sources, const struct sts_der *wanted,
			      size_t wanted_count, const struct sts_der servers[2], int64_t now_s,
			      uint32_t first, struct sts_anchors *anchors, struct sts_error *e);

#endif
