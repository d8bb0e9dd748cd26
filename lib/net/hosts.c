/* SPDX-License-Identifier: Apache-2.0 */
#include "net/hosts.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "net/scoped.h"

#define LINE_MAX_BYTES (8 * 1024) /* a longer line is passed over */

/* Is the name among the words of a line, behind its address? */
static bool line_names(struct sts_slice line, struct sts_slice name)
{
	struct sts_slice word;

	while (sts_slice_take_word(&line, &word)) {
		/* A comment may begin inside of a word: "10.0.0.1 a#comment" (hosts(5)). */
		const char *hash = memchr(word.data, '#', word.len);
		if (hash)
			word.len = (size_t)(hash - word.data);
		if (sts_slice_same_nocase(word, name))
			return true;
		if (hash)
			return false;
	}
	return false;
}

size_t sts_hosts_find(struct sts_slice text, struct sts_slice name, struct sts_address *out,
		      size_t max)
{
	size_t count = 0;
	struct sts_slice line, word;

	if (name.len == 0)
		return 0;
	while (count < max && sts_slice_take_line(&text, &line)) {
		if (sts_slice_take_word(&line, &word) && line_names(line, name) &&
		    !sts_scoped_parse(word, &out[count]))
			count++;
	}
	return count;
}

/*
 * How many bytes of the buffer are whole lines?
 *   at_end  in  the buffer has the end of the file, which ends a line too
 */
static size_t whole_lines(const char *buf, size_t len, bool at_end)
{
	const char *newline = memrchr(buf, '\n', len);

	if (at_end)
		return len;
	return newline ? (size_t)(newline - buf) + 1 : 0;
}

/*
 * The file is read in pieces. The beginning of a line that is not whole yet is kept in the buffer.
 */
size_t sts_hosts_find_in_file(const char *path, struct sts_slice name, struct sts_address *out,
			      size_t max)
{
	char buf[LINE_MAX_BYTES];
	size_t count = 0, kept = 0, total = 0;
	bool at_end = false, in_long_line = false; /* the buffer begins inside of a line that is
						      too long */
	int fd;

	if (sts_file_open(AT_FDCWD, path, STS_FILE_FOLLOW, &fd) != 0)
		return 0;
	while (!at_end && total < STS_HOSTS_MAX_BYTES && count < max) {
		size_t got;
		sts_file_fill(fd, buf + kept, sizeof(buf) - kept, &got);
		total += got;
		at_end = got < sizeof(buf) - kept;
		size_t len = kept + got, start = 0;
		if (in_long_line) {
			const char *newline = memchr(buf, '\n', len);
			start = newline ? (size_t)(newline - buf) + 1 : len;
			in_long_line = !newline;
		}
		size_t lines = whole_lines(buf + start, len - start, at_end);
		struct sts_slice text = {buf + start, lines};
		count += sts_hosts_find(text, name, out + count, max - count);
		start += lines;
		kept = len - start;
		if (kept == sizeof(buf)) {
			in_long_line = true;
			kept = 0;
		}
		memmove(buf, buf + start, kept);
	}
	close(fd);
	return count;
}

bool sts_hosts_is_localhost(struct sts_slice name)
{
	const struct sts_slice suffix = STS_SLICE(".localhost");

	if (name.len > suffix.len)
		name = (struct sts_slice){name.data + name.len - suffix.len, suffix.len};
	return sts_slice_eq_nocase(name, "localhost") || sts_slice_same_nocase(name, suffix);
}

size_t sts_hosts_localhost(struct sts_address out[STS_LOCALHOST_ADDRESSES])
{
	out[0] = (struct sts_address){.ip = {127, 0, 0, 1}};
	out[1] = (struct sts_address){.ipv6 = true, .ip = {[15] = 1}};
	return STS_LOCALHOST_ADDRESSES;
}
