/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rewrite DIR COUNT: writes all files of AWS credentials COUNT times, as the worker does, for
 * tests/e2e/output/test_readers.py. The three values of one write have the same number in them, and
 * very different lengths.
 */
#include "output/outputs.h"
#include "output/store.h"

#include <stdio.h>
#include <stdlib.h>

static char memory[STS_OUTPUTS_MAX_BYTES], secret[8192], token[32768];

/* Repeat the number. */
static struct sts_slice repeat(char *buf, unsigned number, size_t times)
{
	for (size_t i = 0; i < times; i++)
		snprintf(buf + 9 * i, 10, "%08u/", number);
	return (struct sts_slice){buf, 9 * times};
}

int main(int argc, char **argv)
{
	struct sts_slice files[STS_OUTPUT__COUNT];
	const unsigned written = STS_WRITE_AWS_CREDENTIALS | STS_WRITE_AWS_PROCESS;
	struct sts_store store;
	struct sts_temps temps;
	struct sts_error e = {.msg = "usage: rewrite DIR COUNT"};
	enum sts_err err = STS_EUSAGE;
	char key_id[16];

	if (argc == 3)
		err = sts_store_open(&store, argv[1], false, STS_MODE_AUTO, STS_GROUP_AUTO, &e);
	for (unsigned i = 1; err == STS_OK && i <= strtoul(argv[2], NULL, 10); i++) {
		struct sts_answer a = {.expires_s = 1800000000 + i};
		struct sts_text text;

		a.aws_key_id = repeat(key_id, i, 1);
		a.aws_secret = repeat(secret, i, 1 + i * 7919 % 900);
		a.token = repeat(token, i, 1 + i * 104729 % 3600);
		sts_text_init(&text, memory, sizeof(memory));
		err = sts_store_prepare(&store, written | STS_WRITE_EXPIRES, &temps, &e);
		if (err == STS_OK)
			err = sts_outputs_format(&a, written, &text, files, &e);
		if (err == STS_OK)
			err = sts_store_write_files(&store, &temps, files, a.expires_s, &e);
	}
	if (err != STS_OK)
		fprintf(stderr, "%s\n", e.msg);
	return err != STS_OK;
}
