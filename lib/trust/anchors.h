/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust anchors: found in CA bundles by the issuers that the server's chain names, so that a full
 * system bundle costs no more than one file. The bundle is read in pieces (a mapped file can be
 * truncated under us); only certificates whose subject is wanted are kept.
 */
#ifndef STS_TRUST_ANCHORS_H
#define STS_TRUST_ANCHORS_H

#include "base/error.h"
#include "trust/cert.h"
#include "trust/pem.h"

#define STS_CA_PATHS_MAX 8
#define STS_CA_MAX_BYTES \
	(16 * 1024 * 1024)   /* of all sources together; a file counts at least 4 KiB */
#define STS_ANCHORS_MAX   16 /* kept per exchange: of one issuer there may be several */
#define STS_ANCHORS_BYTES (64 * 1024)

/* Where anchors come from, open before the network is: file or directory descriptors, read afresh
 * for each exchange. */
struct sts_ca_source {
	int fd; /* a file, or a directory of PEM files */
	bool is_dir;
	bool is_system;  /* the system bundle: missing or empty is no error */
	char label[128]; /* path for messages, escaped */
};

struct sts_ca_sources {
	struct sts_ca_source source[STS_CA_PATHS_MAX];
	size_t count;
};

void sts_ca_sources_init(struct sts_ca_sources *sources);
/*
 * Add the file, or directory of PEM files, at a path. `..data` links are followed. In a directory,
 * files whose names begin with a dot are left out, and what cannot be opened is skipped.
 * Returns STS_OK; STS_ECA_FILE when it cannot be opened (a missing system bundle is STS_OK and adds
 * nothing) or when there are STS_CA_PATHS_MAX already.
 */
enum sts_err sts_ca_sources_add(struct sts_ca_sources *sources, const char *path, bool is_system,
				struct sts_error *e);

/* The anchors that were wanted. */
struct sts_anchors {
	struct sts_cert cert[STS_ANCHORS_MAX];
	size_t count;
	uint32_t scanned;  /* certificates seen in all */
	uint32_t unusable; /* expired, not yet valid, unparsable, oversized: skipped and counted */
	uint32_t stale;    /* of these: wanted, but expired or not yet valid */
	/* private */
	uint8_t memory[STS_ANCHORS_BYTES];
	size_t used;
	uint8_t object[STS_PEM_OBJECT_MAX_BYTES];
};

/*
 * Scan all sources for certificates whose subject is one of the wanted names (or whose DER equals
 * the end entity's: a pinned server certificate). Reads with pread(2), and in directories with
 * getdents64(2) and openat(2).
 *   wanted       in   whole Name elements; compared with sts_dn_equal()
 *   end_entity   in   DER of the server's certificate
 *   now_s        in   anchors expired or not yet valid at this time are skipped
 *   anchors      out  filled afresh; each certificate once. Past STS_ANCHORS_MAX or
 *                     STS_ANCHORS_BYTES further ones count as unusable
 * Returns STS_OK (count may be 0: the caller says "unknown issuer"), STS_ECA_FILE when a source
 * cannot be read, when one that is not the system's has no usable certificate, or when none has.
 */
enum sts_err sts_anchors_find(const struct sts_ca_sources *sources, const struct sts_der *wanted,
			      size_t wanted_count, struct sts_der end_entity, int64_t now_s,
			      struct sts_anchors *anchors, struct sts_error *e);

#endif
