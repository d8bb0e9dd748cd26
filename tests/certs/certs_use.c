/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "certs/certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct sts_der test_cert(const char *name)
{
	for (size_t i = 0; i < test_certs_count; i++)
		if (strcmp(test_certs[i].name, name) == 0)
			return (struct sts_der){test_certs[i].data, test_certs[i].len};
	fprintf(stderr, "no certificate called %s\n", name);
	abort();
}

size_t test_cert_list(const char *names, struct sts_der *out, size_t max)
{
	char word[64];
	size_t count = 0;
	int used;

	for (; sscanf(names, " %63s%n", word, &used) == 1; names += used) {
		if (count == max)
			abort();
		out[count++] = test_cert(word);
	}
	return count;
}

void test_write_pem(int fd, struct sts_der der, const char *line_end)
{
	static char text[64 * 1024];
	struct sts_text t, lines;
	static char out[96 * 1024];

	sts_text_init(&t, text, sizeof(text));
	sts_base64_encode(&t, der.data, der.len);
	sts_text_init(&lines, out, sizeof(out));
	sts_text_addf(&lines, "-----BEGIN CERTIFICATE-----%s", line_end);
	for (size_t i = 0; i < t.len; i += 64) {
		sts_text_add(&lines, text + i, t.len - i < 64 ? t.len - i : 64);
		sts_text_add_str(&lines, line_end);
	}
	sts_text_addf(&lines, "-----END CERTIFICATE-----%s", line_end);
	if (t.overflow || lines.overflow || write(fd, out, lines.len) != (ssize_t)lines.len)
		abort();
}

void test_ca_source(struct sts_ca_sources *sources, const char *names)
{
	struct sts_ca_source *source = &sources->source[sources->count++];
	struct sts_der list[64];
	size_t count = test_cert_list(names, list, 64);

	*source = (struct sts_ca_source){.fd = memfd_create("ca", MFD_CLOEXEC),
					 .label = "test-ca.pem"};
	if (source->fd < 0)
		abort();
	for (size_t i = 0; i < count; i++)
		test_write_pem(source->fd, list[i], "\n");
}

void test_close_sources(struct sts_ca_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		close(sources->source[i].fd);
	sts_ca_sources_init(sources);
}
