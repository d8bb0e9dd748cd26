/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/anchors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/errno_words.h"
#include "base/file.h"
#include "trust/dn.h"
#include "trust/rules.h"

#define PIECE_BYTES     8192 /* of a file that are read at once */
#define FILE_COST_BYTES 4096 /* each file counts for so much more than it has */
#define ENTRIES_BYTES   2048 /* of directory entries that are read at once */

void sts_ca_sources_init(struct sts_ca_sources *sources)
{
	memset(sources, 0, sizeof(*sources));
}

/* Open a file or directory. Returns 0 or an errno. */
static int open_source(const char *path, struct sts_ca_source *source)
{
	int err = sts_file_open(AT_FDCWD, path, STS_FILE_FOLLOW, &source->fd);

	source->is_dir = err == EISDIR;
	if (err != EISDIR)
		return err;
	source->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return source->fd < 0 ? errno : 0;
}

enum sts_err sts_ca_sources_add(struct sts_ca_sources *sources, const char *path, bool is_system,
				struct sts_error *e)
{
	struct sts_ca_source source = {.fd = -1, .is_system = is_system};
	struct sts_text label;
	int err;

	sts_text_init(&label, source.label, sizeof(source.label));
	sts_text_add_escaped(&label, sts_slice_of(path), sizeof(source.label) - 1);
	if (sources->count == STS_CA_PATHS_MAX)
		return sts_fail(e, STS_ECA_FILE, E2BIG, "%s: more than %d CA files", source.label,
				STS_CA_PATHS_MAX);
	err = open_source(path, &source);
	if (err == ENOENT && is_system)
		return STS_OK;
	if (err)
		return sts_fail(e, sts_errno_code(err, STS_ECA_FILE), err, "CA file %s: %s",
				source.label, sts_read_words(path, err));
	sources->source[sources->count++] = source;
	return STS_OK;
}

/* One search over all sources. */
struct search {
	const struct sts_der *wanted;
	size_t wanted_count;
	const struct sts_der *servers; /* two */
	int64_t now_s;
	uint32_t first; /* the number of the first wanted certificate that may be kept */
	struct sts_anchors *anchors;
	size_t budget_bytes; /* the part of STS_CA_MAX_BYTES that is left */
	uint8_t source;      /* the index of the source that is searched */
	/* The first certificate that is expired or not yet valid: of this source, or of all sources
	 * of the system. STS_OK: there is none. */
	struct sts_error stale;
};

static bool is_wanted(const struct search *s, const struct sts_cert *cert)
{
	if (sts_der_eq(cert->der, s->servers[0]) || sts_der_eq(cert->der, s->servers[1]))
		return true;
	for (size_t i = 0; i < s->wanted_count; i++)
		if (sts_dn_equal(cert->subject, s->wanted[i]))
			return true;
	return false;
}

static bool is_kept_already(const struct sts_anchors *anchors, struct sts_der der)
{
	for (size_t i = 0; i < anchors->count; i++)
		if (sts_der_eq(anchors->cert[i].der, der))
			return true;
	return false;
}

/* Keep a wanted anchor, if it is this search's turn: copy it out of the scanner's memory. From the
 * first one that there is no room for, all are left to the next search. */
static void keep(const struct search *s, struct sts_der der)
{
	struct sts_anchors *anchors = s->anchors;
	uint8_t *copy = anchors->memory + anchors->used;
	uint32_t number = anchors->wanted++;

	if (number < s->first || anchors->next > 0 || is_kept_already(anchors, der))
		return;
	if (anchors->count == STS_ANCHORS_MAX ||
	    der.len > sizeof(anchors->memory) - anchors->used) {
		anchors->next = number;
		return;
	}
	memcpy(copy, der.data, der.len);
	anchors->used += der.len;
	anchors->source[anchors->count] = s->source;
	sts_cert_read((struct sts_der){copy, der.len}, &anchors->cert[anchors->count++], NULL);
}

/* Count a certificate, and keep it when it is wanted and valid. */
static void consider(struct search *s, struct sts_der der)
{
	struct sts_anchors *anchors = s->anchors;
	struct sts_cert cert;

	anchors->scanned++;
	if (sts_cert_read(der, &cert, NULL) != STS_OK) {
		anchors->unusable++;
		return;
	}
	if (sts_rules_time(&cert, s->now_s, s->stale.code == STS_OK ? &s->stale : NULL) != STS_OK) {
		anchors->unusable++;
		anchors->stale += is_wanted(s, &cert);
		return;
	}
	if (is_wanted(s, &cert))
		keep(s, der);
}

static void consider_object(struct search *s, const struct sts_pem *pem)
{
	if (strcmp(pem->label, "CERTIFICATE") == 0)
		consider(s, (struct sts_der){pem->out, pem->len});
}

static void scan_piece(struct search *s, struct sts_pem *pem, const char *data, size_t len)
{
	for (size_t used; len > 0; data += used, len -= used)
		if (sts_pem_feed(pem, data, len, &used) == STS_PEM_OBJECT)
			consider_object(s, pem);
}

/* Take bytes from the budget. Returns false when so many are not left. */
static bool spend(struct search *s, size_t bytes)
{
	if (bytes > s->budget_bytes)
		return false;
	s->budget_bytes -= bytes;
	return true;
}

/* Search a file. Returns 0 or an errno; EFBIG when the sources together are too big. */
static int scan_file(struct search *s, int fd)
{
	char piece[PIECE_BYTES];
	struct sts_pem pem;
	off_t offset = 0;
	ssize_t got;

	sts_pem_init(&pem, s->anchors->object, sizeof(s->anchors->object));
	if (!spend(s, FILE_COST_BYTES))
		return EFBIG;
	while ((got = pread(fd, piece, sizeof(piece), offset)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (!spend(s, (size_t)got))
			return EFBIG;
		scan_piece(s, &pem, piece, (size_t)got);
		offset += got;
	}
	if (sts_pem_end(&pem) == STS_PEM_OBJECT)
		consider_object(s, &pem);
	s->anchors->scanned += pem.skipped;
	s->anchors->unusable += pem.skipped;
	return 0;
}

/* Search an entry of a directory. An entry that is not a regular file, or cannot be opened (such as
 * a key beside the CA), is passed over. Returns as scan_file(). */
static int scan_entry(struct search *s, int dir_fd, const char *name)
{
	int fd, err;

	if (name[0] == '.' || sts_file_open(dir_fd, name, STS_FILE_FOLLOW, &fd) != 0)
		return 0;
	err = scan_file(s, fd);
	close(fd);
	return err;
}

/* Search a directory. opendir(3) is not used because it allocates. Returns as scan_file(). */
static int scan_dir(struct search *s, int dir_fd)
{
	_Alignas(struct dirent) char buffer[ENTRIES_BYTES];
	const struct dirent *entry;
	long got;

	if (lseek(dir_fd, 0, SEEK_SET) < 0)
		return errno;
	while ((got = syscall(SYS_getdents64, dir_fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < got; at += entry->d_reclen) {
			int err;

			entry = (const struct dirent *)(const void *)(buffer + at);
			err = scan_entry(s, dir_fd, entry->d_name);
			if (err)
				return err;
		}
	}
	return got < 0 ? errno : 0;
}

static enum sts_err scan_source(struct search *s, const struct sts_ca_source *source,
				struct sts_error *e)
{
	uint32_t scanned = s->anchors->scanned, unusable = s->anchors->unusable;
	if (!source->is_system)
		s->stale.code = STS_OK;

	int err = source->is_dir ? scan_dir(s, source->fd) : scan_file(s, source->fd);

	if (err == EFBIG)
		return sts_fail(e, STS_ECA_FILE, err, "CA file %s: over %d MiB of CA files",
				source->label, STS_CA_MAX_BYTES >> 20);
	if (err)
		return sts_fail(e, sts_errno_code(err, STS_ECA_FILE), err, "CA file %s: %s",
				source->label, sts_errno_words(err));
	scanned = s->anchors->scanned - scanned;
	unusable = s->anchors->unusable - unusable;
	if (scanned > unusable || source->is_system)
		return STS_OK;
	if (scanned == 0)
		return sts_fail(e, STS_ECA_FILE, 0, "CA file %s: no PEM certificate in it",
				source->label);
	if (s->stale.code != STS_OK)
		return sts_fail(e, s->stale.code, 0, "CA file %s: %s", source->label, s->stale.msg);
	return sts_fail(e, STS_ECA_FILE, 0, "CA file %s: no usable certificate: %u malformed",
			source->label, (unsigned)unusable);
}

static enum sts_err no_anchor(const struct sts_ca_sources *sources, const struct search *s,
			      struct sts_error *e)
{
	if (sources->count == 0)
		return sts_fail(e, STS_ECA_FILE, 0,
				"there is no CA file: no --cacert-path is given, and there is no "
				"system bundle such as /etc/ssl/certs/ca-certificates.crt");
	if (s->stale.code != STS_OK)
		return sts_fail(e, s->stale.code, 0, "no usable CA certificate of %u in %s: %s",
				(unsigned)s->anchors->scanned, sources->source[0].label,
				s->stale.msg);
	return sts_fail(e, STS_ECA_FILE, 0,
			"no usable trust anchor: %u CA files with %u certificates",
			(unsigned)sources->count, (unsigned)s->anchors->scanned);
}

enum sts_err sts_anchors_find(const struct sts_ca_sources *sources, const struct sts_der *wanted,
			      size_t wanted_count, const struct sts_der servers[2], int64_t now_s,
			      uint32_t first, struct sts_anchors *anchors, struct sts_error *e)
{
	struct search s = {.wanted = wanted,
			   .wanted_count = wanted_count,
			   .servers = servers,
			   .now_s = now_s,
			   .first = first,
			   .anchors = anchors,
			   .budget_bytes = STS_CA_MAX_BYTES};

	anchors->count = anchors->used = 0;
	anchors->scanned = anchors->unusable = anchors->stale = 0;
	anchors->wanted = anchors->next = 0;
	for (size_t i = 0; i < sources->count; i++) {
		s.source = (uint8_t)i;
		enum sts_err err = scan_source(&s, &sources->source[i], e);
		if (err)
			return err;
	}
	return anchors->scanned > anchors->unusable ? STS_OK : no_anchor(sources, &s, e);
}
