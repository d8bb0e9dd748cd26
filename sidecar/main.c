/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>
#include "version.h"
int main(void)
{
	static const char v[] = "sts-sidecar " STS_VERSION " " STS_VERSION_BEARSSL " " STS_VERSION_CJSON " " STS_VERSION_LIBC "\n";
	return write(1, v, sizeof(v) - 1) > 0 ? 0 : 70;
}
