/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names. The input has three parts with a newline between them: a pattern (or constraint), a host
 * (or name), and the content of a NameConstraints in DER. What must hold is written down here a
 * second time, in another way than in the code.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "trust/cert_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static struct sts_slice take_line(struct sts_slice *rest)
{
	const char *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
	struct sts_slice line = {rest->data, end ? (size_t)(end - rest->data) : rest->len};

	*rest = end ? (struct sts_slice){end + 1, rest->len - line.len - 1} : (struct sts_slice){0};
	return line;
}

static bool same_nocase(struct sts_slice a, struct sts_slice b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

/* A pattern matches if it is the same name, or "*." and all but the first label of the host. */
static void check_match(struct sts_slice pattern, struct sts_slice host)
{
	struct sts_slice tail = host;
	size_t dots = 0;

	must(host.len > 0 && host.data[host.len - 1] != '.' && host.data[0] != '.');
	must(!memchr(host.data, '*', host.len) && !memchr(host.data, '\0', host.len) &&
	     !memchr(host.data, ':', host.len));
	if (memchr(pattern.data, '*', pattern.len) == NULL) {
		must(same_nocase(pattern, host));
		return;
	}
	while (tail.len > 0 && tail.data[0] != '.') {
		tail.data++;
		tail.len--;
	}
	must(tail.len > 0 && tail.len < host.len && pattern.data[0] == '*');
	must(same_nocase((struct sts_slice){pattern.data + 1, pattern.len - 1}, tail));
	for (size_t i = 0; i < tail.len; i++)
		dots += tail.data[i] == '.';
	must(dots >= 2);
}

static void check_pattern(struct sts_slice pattern, struct sts_slice host)
{
	char upper[256];
	bool match = sts_cert_names_match_dns(pattern, host);

	if (match)
		check_match(pattern, host);
	if (pattern.len > sizeof(upper))
		return;
	for (size_t i = 0; i < pattern.len; i++)
		upper[i] = isascii(pattern.data[i]) ? (char)toupper(pattern.data[i])
						    : pattern.data[i];
	must(sts_cert_names_match_dns((struct sts_slice){upper, pattern.len}, host) == match);
}

/* [tag] { SEQUENCE { [2] base } } */
static struct sts_der subtree(uint8_t *out, uint8_t tag, struct sts_slice base)
{
	const uint8_t head[] = {tag,  (uint8_t)(base.len + 4), 0x30, (uint8_t)(base.len + 2),
				0x82, (uint8_t)base.len};

	memcpy(out, head, sizeof(head));
	if (base.len > 0)
		memcpy(out + sizeof(head), base.data, base.len);
	return (struct sts_der){out, sizeof(head) + base.len};
}

static enum sts_err constrain(struct sts_der constraints, struct sts_der san)
{
	struct sts_cert ca = {.name_constraints = constraints, .has_name_constraints = true};
	struct sts_cert below = {.san = san, .has_san = true};
	struct sts_error e = {.code = STS_OK};
	enum sts_err err = sts_cert_names_constraints(&ca, &below, &e);

	must(err == e.code);
	must(err == STS_OK || err == STS_ECERT_CONSTRAINT || err == STS_ECERT_MALFORMED);
	return err;
}

/* A name is in a subtree or it is not. To permit it and to exclude it cannot both be right, and
 * both are refused only if the base is malformed or the name has a wildcard. */
static void check_subtree(struct sts_slice base, struct sts_slice name)
{
	uint8_t permitted[128], excluded[128], san[128] = {0x82, (uint8_t)name.len};
	struct sts_der below = {san, name.len + 2};
	bool permits, allows;

	if (base.len > 100 || name.len > 100)
		return;
	if (name.len > 0)
		memcpy(san + 2, name.data, name.len);
	permits = constrain(subtree(permitted, 0xa0, base), below) == STS_OK;
	allows = constrain(subtree(excluded, 0xa1, base), below) == STS_OK;
	must(!(permits && allows));
	if (permits && base.len > 0) {
		must(name.len >= base.len);
		must(same_nocase((struct sts_slice){name.data + name.len - base.len, base.len},
				 base));
	}
	if (base.len == 0)
		must(permits && !allows);
	if (sts_cert_names_match_dns(base, name) && base.data[0] != '*')
		must(permits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_slice rest = {(const char *)data, size};
	struct sts_slice pattern = take_line(&rest), host = take_line(&rest);
	struct sts_server_name server = {.dns = host};
	struct sts_der san = {(const uint8_t *)rest.data, rest.len};
	struct sts_cert cert = {.san = san, .has_san = true};

	check_pattern(pattern, host);
	check_subtree(pattern, host);
	sts_cert_names_check(&cert, &server, NULL);
	constrain(san, (struct sts_der){(const uint8_t *)"\x82\x05"
							 "a.b.c",
					7});
	constrain((struct sts_der){(const uint8_t *)"\xa0\x07\x30\x05\x82\x03"
						    "b.c",
				   9},
		  san);
	return 0;
}
