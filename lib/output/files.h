/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The constants of output/: the name and the number of each file in an output directory. Of the
 * other headers, outputs.h makes the contents of the files in memory, store.h writes the files, and
 * stored.h reads them back.
 */
#ifndef STS_OUTPUT_FILES_H
#define STS_OUTPUT_FILES_H

#define STS_FILE_TOKEN      "token.jwt"
#define STS_FILE_EXPIRES    "expires"
#define STS_FILE_THUMBPRINT "thumbprint"
#define STS_FILE_STATUS     ".status"

/* The numbers of the files. 1 << STS_OUTPUT_JSON is STS_WRITE_JSON of protocol/table.h, and so on
 * for the others. */
enum sts_output {
	STS_OUTPUT_TOKEN,
	STS_OUTPUT_EXPIRES,
	STS_OUTPUT_THUMBPRINT,
	STS_OUTPUT_JSON,
	STS_OUTPUT_AWS_CREDENTIALS,
	STS_OUTPUT_AWS_PROCESS,
	STS_OUTPUT_GCP_EXECUTABLE,
	STS_OUTPUT__COUNT
};

/* The STS_WRITE bits of the files that hold a token or credentials. */
#define STS_OUTPUTS_TOKEN \
	((1u << STS_OUTPUT__COUNT) - 1 - (1u << STS_OUTPUT_EXPIRES) - (1u << STS_OUTPUT_THUMBPRINT))

/* The name of a file, such as "token.jwt". It has static storage. */
const char *sts_output_name(enum sts_output output);

#endif
