/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target as a test, without libFuzzer: over each file of a corpus directory, and over
 * the empty input. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX_BYTES (4 * 1024 * 1024)

static int replay(const char *dir, const char *name)
{
	char path[4096];
	FILE *file;
	uint8_t *data;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "rb");
	data = malloc(INPUT_MAX_BYTES);
	if (!file || !data) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		exit(1);
	}
	size = fread(data, 1, INPUT_MAX_BYTES, file);
	fclose(file);
	fprintf(stderr, "%s\n", name); /* the last name that is printed is the file that failed */
	/* The allocation has the size of the file, so that a sanitizer sees a read past the end. */
	uint8_t *exact = malloc(size ? size : 1);
	for (size_t i = 0; i < size; i++)
		exact[i] = data[i];
	free(data);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 1;
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	int count = 0;
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;

	if (!dir) {
		fprintf(stderr, "replay: no corpus directory %s\n",
			argc == 2 ? argv[1] : "(usage: replay DIR)");
		return 1;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			count += replay(argv[1], entry->d_name);
	closedir(dir);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	printf("%d inputs\n", count);
	return count == 0;
}
