/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where trust anchors come from: the system bundle (or what SSL_CERT_FILE and SSL_CERT_DIR put in
 * its place) and --cacert-path.
 */
#ifndef STS_WORKER_CA_SOURCES_H
#define STS_WORKER_CA_SOURCES_H

#include "options/options.h"
#include "trust/anchors.h"

/*
 * Open all of them, before the network is.
 * Returns STS_OK, or STS_ECA_FILE when one that was named cannot be opened.
 */
enum sts_err sts_ca_sources_open(const struct sts_options *o, struct sts_ca_sources *ca,
				 struct sts_error *e);

#endif
