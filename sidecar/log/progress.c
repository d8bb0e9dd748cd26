/* SPDX-License-Identifier: Apache-2.0 */
#include "log/progress.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/resident.h"
#include "base/text.h"

#define ERASE         "\r\033[K" /* from the start of the line to its end (ECMA-48: EL) */
#define WIDTH_DEFAULT 80
#define WIDTH_MAX     240

static bool shown STS_RESIDENT;

/* The columns of the terminal; 0: standard error is not a terminal, or one that cannot erase. */
static unsigned width(void)
{
	const char *term = getenv("TERM");
	struct winsize size;

	if (!term || strcmp(term, "dumb") == 0 || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col == 0 ? WIDTH_DEFAULT : size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

/* A text that the terminal does not take at once is lost, since a terminal may be stopped. */
static void put(const char *text, size_t len)
{
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

	shown = poll(&ready, 1, 0) == 1 && write(STDERR_FILENO, text, len) > 0;
}

bool sts_progress_show(const char *line)
{
	char buf[sizeof(ERASE) + WIDTH_MAX];
	struct sts_text text;
	unsigned columns = width();

	if (columns == 0)
		return false;
	/* The last column stays free, since some terminals go to the next line after it. */
	sts_text_init(&text, buf, sizeof(ERASE) - 1 + columns);
	sts_text_add_str(&text, ERASE);
	sts_text_add_str(&text, line);
	put(buf, text.len);
	return true;
}

void sts_progress_end(void)
{
	if (shown)
		put(ERASE, sizeof(ERASE) - 1);
	shown = false;
}
