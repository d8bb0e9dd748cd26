/* SPDX-License-Identifier: Apache-2.0 */
#include "output/files.h"

#include "base/text.h"

const char *sts_output_name(enum sts_output output)
{
	/* In the order of enum sts_output. */
	static const char names[] = STS_FILE_TOKEN
		"\0" STS_FILE_EXPIRES "\0" STS_FILE_THUMBPRINT "\0"
		"token.json\0aws-credentials\0aws-process.json\0gcp-executable.json";

	return sts_text_at(names, output);
}
