/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mock-sts: a real Security Token Service in small, for tests and demos. docs/mock-sts.md is its
 * manual.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "fault.h"
#include "util.h"

static int print_faults(int argc, char **argv)
{
	(void)argc, (void)argv;
	mock_fault_print_table();
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"serve", mock_serve, "the STS, over HTTPS"},
	{"mint", mock_mint, "a subject token, as the API server would issue it"},
	{"keygen", mock_keygen, "a private key"},
	{"jwks", mock_jwks, "the public halves of keys, as a JWKS"},
	{"cert", mock_cert, "a certificate: a CA's or a server's"},
	{"faults", print_faults, "the table of faults"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(FILE *out, int status)
{
	fprintf(out, "usage: mock-sts COMMAND [OPTIONS]; each has --help\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
	return status;
}

/* If a standard descriptor was closed, no other descriptor may take its place. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int main(int argc, char **argv)
{
	fill_standard_fds();
	if (argc < 2)
		return help(stderr, 64);
	if (strcmp(argv[1], "--help") == 0)
		return help(stdout, 0);
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].run(argc - 2, argv + 2);
	mock_usage("no command \"%s\": see --help", argv[1]);
}
