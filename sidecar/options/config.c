/* SPDX-License-Identifier: Apache-2.0 */
#include "options/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <bearssl.h>

#include "base/errno_words.h"
#include "base/file.h"
#include "base/packed.h"
#include "options/option_value.h"

/* Put the values of one owner into o. *at is set to the position of the last value that was tried.
 * If a value is refused, that is the position of this value. */
static enum sts_err apply(const struct sts_config *c, size_t owner, struct sts_options *o,
			  size_t *at, struct sts_error *e)
{
	struct sts_option_layer layer = {.o = o, .prefix = ""};
	enum sts_err err = STS_OK;

	for (size_t i = 0; i < c->value_count && err == STS_OK; i++) {
		const struct sts_config_value *v = &c->values[i];
		const struct sts_option *option = &sts_option_table[v->option];

		if (v->owner != owner)
			continue;
		*at = v->at;
		err = sts_option_take(&layer, option, sts_option_text(option, STS_OPTION_NAME),
				      sts_slice_of(c->pool + v->text), e);
	}
	return err;
}

enum sts_err sts_config_apply(const struct sts_config *c, size_t i, struct sts_options *o,
			      struct sts_error *e)
{
	size_t at;
	enum sts_err err = apply(c, STS_CONFIG_OF_ALL, o, &at, e);

	return err == STS_OK ? apply(c, i, o, &at, e) : err;
}

/* Skip slashes and "." segments. Returns the start of the next segment of the path. */
static const char *segment(const char *p)
{
	p += strspn(p, "/");
	while (p[0] == '.' && (p[1] == '/' || !p[1]))
		p += 1 + strspn(p + 1, "/");
	return p;
}

const char *sts_path_beneath(const char *dir, const char *path)
{
	bool same_root = (*dir == '/') == (*path == '/');

	while (same_root) {
		size_t len;

		dir = segment(dir);
		path = segment(path);
		len = strcspn(dir, "/");
		if (len == 0)
			return path;
		if (len != strcspn(path, "/") || memcmp(dir, path, len) != 0)
			break;
		dir += len;
		path += len;
	}
	return NULL;
}

/* Returns the position of a value of exchange i in the file, or the position of the exchange if the
 * value is a default, which does not stand in the file. */
static size_t position(const struct sts_config *c, const char *value, size_t i)
{
	for (size_t k = 0; k < c->value_count; k++)
		if (c->pool + c->values[k].text == value)
			return c->values[k].at;
	return c->at[i];
}

/* Check all values, and check that no two exchanges share an output directory. */
static enum sts_err check_values(const struct sts_config *c, struct sts_slice text,
				 struct sts_error *e)
{
	const char *dirs[STS_EXCHANGES_MAX];
	size_t at = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct sts_options o;

		sts_options_defaults(&o, STS_COMMAND_RUN);
		if (apply(c, STS_CONFIG_OF_ALL, &o, &at, e) != STS_OK ||
		    apply(c, i, &o, &at, e) != STS_OK)
			return sts_config_fail(c, text, at, (struct sts_slice){0}, e->msg, NULL, e);
		dirs[i] = o.output_dir;
		for (size_t k = 0; k < i; k++) {
			const char *rest = sts_path_beneath(dirs[k], dirs[i]);

			if (rest && !*rest)
				return sts_config_fail(c, text, position(c, dirs[i], i),
						       (struct sts_slice){0},
						       STS_PACKED("the output-dir of another "
								  "exchange: give each its own"),
						       NULL, e);
		}
	}
	return STS_OK;
}

enum sts_err sts_config_parse(struct sts_config *c, struct sts_slice text, struct sts_error *e)
{
	enum sts_err err = sts_config_file_parse(c, text, e);

	return err == STS_OK ? check_values(c, text, e) : err;
}

enum sts_err sts_config_read(struct sts_config *c, const char *path, struct sts_error *e)
{
	br_sha256_context hash;
	uint8_t digest[br_sha256_SIZE];
	int err = sts_file_read(AT_FDCWD, path, STS_FILE_FOLLOW, c->text, sizeof(c->text),
				&c->text_bytes);

	c->path = path;
	memset(c->digest, 0, sizeof(c->digest));
	if (err != 0)
		return sts_fail(e, STS_EUSAGE, err == EFBIG ? 0 : STS_USAGE_FILE,
				"the configuration file %s: %s", sts_shown_str(path, 95),
				sts_read_words(path, err));
	br_sha256_init(&hash);
	br_sha256_update(&hash, c->text, c->text_bytes);
	br_sha256_out(&hash, digest);
	memcpy(c->digest, digest, sizeof(c->digest));
	return sts_config_parse(c, (struct sts_slice){c->text, c->text_bytes}, e);
}
