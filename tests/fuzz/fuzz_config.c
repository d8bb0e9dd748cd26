/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration file. If it is taken, it has 1 to 16 exchanges with clean names that differ. Each
 * value lies in the pool with a NUL at its end, and stood in the file at the place that is given
 * for it. The options of each exchange can then be read. A refusal names a position in the file, in
 * printable words.
 */
#include <stdlib.h>
#include <string.h>

#include "options/config.h"
#include "options/option_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sts_config c;

static void require(bool ok)
{
	if (!ok)
		abort();
}

static size_t number(const char **p)
{
	size_t value = 0;

	require(**p >= '1' && **p <= '9');
	for (; **p >= '0' && **p <= '9'; ++*p)
		value = value * 10 + (size_t)(**p - '0');
	return value;
}

static void require_position(const struct sts_error *e, const uint8_t *data, size_t size)
{
	const char *p = e->msg;
	size_t line, column, start = 0;

	require(e->code == STS_EUSAGE && e->detail == 0 && strncmp(p, "f:", 2) == 0);
	p += 2;
	line = number(&p);
	require(*p++ == ':');
	column = number(&p);
	require(strncmp(p, ": ", 2) == 0 && strlen(p) > 8);
	for (; *p; p++)
		require(*p >= ' ' && *p <= '~');
	for (; line > 1; line--) {
		const uint8_t *end = memchr(data + start, '\n', size - start);

		require(end != NULL);
		start = (size_t)(end - data) + 1;
	}
	require(start + column - 1 <= size);
	require(column == 1 || !memchr(data + start, '\n', column - 1));
}

/* A string without escapes, and each value that is not a string, is in the pool as it is in the
 * file. */
static void require_value(const struct sts_config_value *v, const char *data, size_t size)
{
	const char *value = c.pool + v->text, *raw, *end;
	size_t len;

	require(v->option < sts_option_count && v->owner <= STS_EXCHANGES_MAX && v->at < size);
	require(v->owner == STS_EXCHANGES_MAX || v->owner < c.count);
	require(v->text < c.pool_bytes && memchr(value, '\0', c.pool_bytes - v->text));
	len = strlen(value);
	raw = data + v->at + (data[v->at] == '"');
	end = data[v->at] == '"' ? memchr(raw, '"', (size_t)(data + size - raw)) : raw + len;
	require(end && end <= data + size);
	if (memchr(raw, '\\', (size_t)(end - raw)))
		return;
	require((size_t)(end - raw) <= len);
	value += len - (size_t)(end - raw);
	require(memcmp(raw, value, (size_t)(end - raw)) == 0);
	require(value == c.pool + v->text || value[-1] == '=');
}

static void require_name(size_t i)
{
	const char *name = sts_config_name(&c, i);
	size_t len = strlen(name);

	require(len > 0 && len < STS_EXCHANGE_NAME_BYTES && name[0] != '-' && name[len - 1] != '-');
	require(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len);
	require(sts_config_find(&c, name) == (int)i); /* no exchange before it has this name */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_error e = {0};
	enum sts_err err;

	if (size > STS_CONFIG_MAX_BYTES)
		return 0;
	c.path = "f";
	memset(c.pool, 'x', sizeof(c.pool));
	err = sts_config_parse(&c, (struct sts_slice){(const char *)data, size}, &e);
	require(err == STS_OK || err == STS_EUSAGE);
	if (err != STS_OK) {
		require_position(&e, data, size);
		return 0;
	}
	require(c.count >= 1 && c.count <= STS_EXCHANGES_MAX && c.pool_bytes <= size);
	for (size_t i = 0; i < c.value_count; i++)
		require_value(&c.values[i], (const char *)data, size);
	for (size_t i = 0; i < c.count; i++) {
		struct sts_options o;

		require_name(i);
		sts_options_defaults(&o, STS_COMMAND_FETCH);
		require(sts_config_apply(&c, i, &o, &e) == STS_OK);
		require(o.output_dir && o.protocol && *o.output_dir);
		for (size_t k = 0; k < o.list_count; k++)
			require(o.list[k].value.data >= c.pool &&
				o.list[k].value.data + o.list[k].value.len < c.pool + c.pool_bytes);
	}
	return 0;
}
