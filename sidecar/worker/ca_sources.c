/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/ca_sources.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/identity.h"
#include "wire/report.h"
#include "worker/reads.h"

/* The paths at which distributions keep the system bundle. The first path that exists is used, as
 * in Go's crypto/x509. */
static const char system_bundles[] = "/etc/ssl/certs/ca-certificates.crt\0"
				     "/etc/pki/tls/certs/ca-bundle.crt\0"
				     "/etc/ssl/ca-bundle.pem\0"
				     "/etc/pki/tls/cacert.pem\0"
				     "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem\0"
				     "/etc/ssl/cert.pem\0";

/* Copy a path, with a NUL at its end. */
static enum sts_err copy_path(struct sts_slice path, char buf[PATH_MAX], struct sts_error *e)
{
	struct sts_text text;

	sts_text_init(&text, buf, PATH_MAX);
	sts_text_add_slice(&text, path);
	return text.overflow
		       ? sts_fail(e, STS_ECA_FILE, ENAMETOOLONG,
				  "the path of a CA file is longer than %d bytes", PATH_MAX - 1)
		       : STS_OK;
}

/* Add one path. Does nothing for an empty path. */
static enum sts_err add_path(struct sts_ca_sources *ca, struct sts_slice path, bool is_system,
			     struct sts_error *e)
{
	char buf[PATH_MAX];
	enum sts_err err = path.len == 0 ? STS_OK : copy_path(path, buf, e);

	return err != STS_OK || path.len == 0 ? err : sts_ca_sources_add(ca, buf, is_system, e);
}

/* Add a list of paths that are separated by colons. */
static enum sts_err add_dirs(struct sts_ca_sources *ca, const char *dirs, struct sts_error *e)
{
	enum sts_err err = STS_OK;

	while (*dirs && err == STS_OK) {
		size_t len = strcspn(dirs, ":");

		err = add_path(ca, (struct sts_slice){dirs, len}, true, e);
		dirs += len + (dirs[len] == ':');
	}
	return err;
}

/* Add the system bundle, or the files and directories in SSL_CERT_FILE and SSL_CERT_DIR. */
static enum sts_err add_system(struct sts_ca_sources *ca, struct sts_error *e)
{
	const char *file = getenv("SSL_CERT_FILE"), *dirs = getenv("SSL_CERT_DIR");
	enum sts_err err = STS_OK;

	if (file && *file)
		err = add_path(ca, sts_slice_of(file), true, e);
	if (err == STS_OK && dirs && *dirs)
		err = add_dirs(ca, dirs, e);
	if ((file && *file) || (dirs && *dirs))
		return err;
	const size_t count = ca->count;
	for (const char *at = system_bundles; *at && ca->count == count; at = sts_text_at(at, 1))
		sts_ca_sources_add(ca, at, true, NULL);
	return STS_OK;
}

enum sts_err sts_ca_sources_identify(const struct sts_options *o, const struct sts_fields *f,
				     uint64_t *identity, struct sts_error *e)
{
	unsigned file = STS_READS_CA;
	struct sts_slice path;
	size_t at = 0;
	char buf[PATH_MAX];
	enum sts_err err = STS_OK;

	*identity = STS_IDENTITY_UNKNOWN;
	while (err == STS_OK && sts_fields_next_ca(o, f, &at, &path)) {
		sts_worker_reads(file++);
		err = copy_path(path, buf, e);
		if (err == STS_OK)
			*identity = sts_files_identity(*identity, buf);
	}
	return err;
}

enum sts_err sts_ca_sources_open(const struct sts_options *o, const struct sts_fields *f,
				 struct sts_ca_sources *ca, struct sts_error *e)
{
	unsigned file = STS_READS_CA;
	struct sts_slice path;
	size_t at = 0;
	enum sts_err err = STS_OK;

	sts_ca_sources_init(ca);
	while (err == STS_OK && sts_fields_next_ca(o, f, &at, &path)) {
		sts_worker_reads(file++);
		err = add_path(ca, path, false, e);
	}
	sts_worker_reads(STS_READS_OTHER);
	if (err == STS_OK && !o->cacert_only && !f->ca)
		err = add_system(ca, e);
	return err;
}
