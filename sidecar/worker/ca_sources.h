/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources of trust anchors: the files and directories of --cacert-path, and the system bundle.
 * The variables SSL_CERT_FILE and SSL_CERT_DIR replace the system bundle, as in Go's crypto/x509.
 * Without --cacert-path, a protocol may have a CA file of its own, which is then the only source.
 */
#ifndef STS_WORKER_CA_SOURCES_H
#define STS_WORKER_CA_SOURCES_H

#include "options/fields.h"
#include "trust/anchors.h"

/*
 * Find out the identity of the paths of sts_fields_next_ca() (base/identity.h):
 * sts_files_identity().
 *   identity  out  STS_IDENTITY_UNKNOWN if there is none
 * Returns STS_OK, or STS_ECA_FILE if a path is too long.
 */
enum sts_err sts_ca_sources_identify(const struct sts_options *o, const struct sts_fields *f,
				     uint64_t *identity, struct sts_error *e);

/*
 * Open all sources. Call this before the network is used and the sandbox gets tighter.
 *   ca  out  open descriptors, until the end of the process
 * Returns STS_OK, or STS_ECA_FILE if a source that an option or a variable names cannot be opened.
 * A system bundle that does not exist is not an error.
 */
enum sts_err sts_ca_sources_open(const struct sts_options *o, const struct sts_fields *f,
				 struct sts_ca_sources *ca, struct sts_error *e);

#endif
