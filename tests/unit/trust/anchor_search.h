/* SPDX-License-Identifier: Apache-2.0 */
/* Files of CA certificates in a folder of the test, and searches in them. */
#ifndef STS_TEST_ANCHOR_SEARCH_H
#define STS_TEST_ANCHOR_SEARCH_H

#include "trust/anchors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "certs/certs.h"
#include "test.h"

static struct sts_anchors anchors;
static char dir[64];

static inline const char *path(const char *name)
{
	static char text[4][128];
	static unsigned turn;
	char *out = text[turn++ % 4];

	snprintf(out, sizeof(text[0]), "%s/%s", dir, name);
	return out;
}

static inline int create(const char *name)
{
	int fd = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	return fd;
}

static inline void put_text(const char *name, const char *text)
{
	int fd = create(name);

	CHECK_INT(write(fd, text, strlen(text)), (long long)strlen(text));
	close(fd);
}

static inline void put_certs(const char *name, const char *certs, const char *line_end)
{
	struct sts_der list[64];
	size_t count = test_cert_list(certs, list, 64);
	int fd = create(name);

	for (size_t i = 0; i < count; i++)
		test_write_pem(fd, list[i], line_end);
	close(fd);
}

/* Find what a certificate of the tests needs: its issuer, or itself. */
static inline enum sts_err find_from(uint32_t first, const struct sts_ca_sources *sources,
				     const char *cert, struct sts_error *e)
{
	struct sts_cert leaf;

	CHECK_INT(sts_cert_read(test_cert(cert), &leaf, NULL), STS_OK);
	const struct sts_der servers[2] = {leaf.der, leaf.der};
	return sts_anchors_find(sources, &leaf.issuer, 1, servers, TEST_NOW_S, first, &anchors, e);
}

static inline enum sts_err find(const struct sts_ca_sources *sources, const char *cert,
				struct sts_error *e)
{
	return find_from(0, sources, cert, e);
}

static inline enum sts_err find_at(const char *name, const char *cert, struct sts_error *e)
{
	struct sts_ca_sources sources;
	enum sts_err err;

	sts_ca_sources_init(&sources);
	CHECK_INT(sts_ca_sources_add(&sources, path(name), false, e), STS_OK);
	err = find(&sources, cert, e);
	test_close_sources(&sources);
	return err;
}

static inline bool found(size_t index, const char *cert)
{
	return index < anchors.count && sts_der_eq(anchors.cert[index].der, test_cert(cert));
}

/* Run the tests in a new folder. Returns the exit status. */
static inline int run_in_folder(const struct sts_test *tests, size_t count)
{
	char command[128];
	int status;

	snprintf(dir, sizeof(dir), "/tmp/sts-anchors.XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	status = sts_test_main(tests, count);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) != 0 || status;
}

#endif
