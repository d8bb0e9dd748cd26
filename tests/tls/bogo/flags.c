/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/bogo/flags.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tls/client.h"

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define MEMBER(member) offsetof(struct bogo_flags, member)
#define TLS12          0x0303
#define TLS13          0x0304

enum kind {
	NOTHING, /* the client does what is asked for anyway, or the flag changes nothing for it */
	NOTHING_VALUE, /* the same, and the flag has a value */
	TRUTH,         /* sets a bool */
	NUMBER,        /* sets an int */
	TEXT,          /* sets a text */
	GROUP,         /* adds a group to those that are offered */
	SCHEME,        /* adds a signature scheme to those that are offered */
	LATER, /* nothing in the first of several connections; not supported if there is no other */
};

struct flag {
	const char *name;
	enum kind kind;
	size_t member;
};

static const struct flag table[] = {
	{"-port", NUMBER, MEMBER(port)},
	{"-resume-count", NUMBER, MEMBER(resume_count)},

	{"-no-tls13", TRUTH, MEMBER(no_tls13)},
	{"-no-tls12", TRUTH, MEMBER(no_tls12)},
	{"-no-tls11", NOTHING},
	{"-no-tls1", NOTHING},
	{"-no-ticket", NOTHING},
	{"-min-version", NUMBER, MEMBER(min_version)},
	{"-max-version", NUMBER, MEMBER(max_version)},
	{"-curves", GROUP},
	{"-verify-prefs", SCHEME},
	{"-host-name", TEXT, MEMBER(host)},
	{"-advertise-alpn", TEXT, MEMBER(alpn)},
	{"-cert-file", TEXT, MEMBER(cert_file)},
	{"-key-file", TEXT, MEMBER(key_file)},

	{"-shim-writes-first", TRUTH, MEMBER(shim_writes_first)},
	{"-shim-shuts-down", TRUTH, MEMBER(shim_shuts_down)},
	{"-check-close-notify", TRUTH, MEMBER(check_close_notify)},
	{"-verify-fail", TRUTH, MEMBER(verify_fail)},
	{"-write-different-record-sizes", TRUTH, MEMBER(different_record_sizes)},
	{"-send-alert", TRUTH, MEMBER(send_alert)},
	{"-export-traffic-secrets", TRUTH, MEMBER(export_traffic_secrets)},
	{"-read-size", NUMBER, MEMBER(read_size)},

	{"-expect-version", NUMBER, MEMBER(expect_version)},
	{"-expect-cipher", NUMBER, MEMBER(expect_cipher)},
	{"-expect-curve-id", NUMBER, MEMBER(expect_group)},
	{"-expect-peer-signature-algorithm", NUMBER, MEMBER(expect_scheme)},
	{"-expect-extended-master-secret", TRUTH, MEMBER(expect_extended_master)},
	{"-expect-hrr", TRUTH, MEMBER(expect_hrr)},
	{"-expect-no-hrr", TRUTH, MEMBER(expect_no_hrr)},
	{"-expect-session-miss", TRUTH, MEMBER(expect_session_miss)},
	{"-expect-alpn", TEXT, MEMBER(expect_alpn)},
	{"-expect-peer-cert-file", TEXT, MEMBER(expect_peer_cert_file)},
	{"-handshake-never-done", TRUTH, MEMBER(never_done)},

	/* Ways to call BoringSSL, which all lead to the same bytes. */
	{"-async", NOTHING},
	{"-implicit-handshake", NOTHING},
	{"-no-op-extra-handshake", NOTHING},
	{"-partial-write", NOTHING},
	{"-use-old-client-cert-callback", NOTHING},
	{"-use-custom-verify-callback", NOTHING},
	{"-signing-prefs", NOTHING_VALUE}, /* the client has an order of its own */
	{"-verify-peer", NOTHING},
	{"-expect-verify-result", NOTHING},
	/* No session is ever kept. */
	{"-expect-no-session", NOTHING},
	{"-expect-no-offer-early-data", NOTHING},
	{"-reverify-on-resume", NOTHING},
	/* It is never done. */
	{"-forbid-renegotiation-after-handshake", NOTHING},

	/* Of sessions and early data, which only a connection that resumes could use. */
	{"-enable-early-data", LATER},
	{"-expect-ticket-supports-early-data", LATER},
	{"-expect-ticket-renewal", LATER},
};

/* These flags are for another program than this client, so the other flags are not looked at. */
static const char *const others[] = {"-server", "-dtls", "-quic"};

void bogo_log(const char *what, const char *value)
{
	const char *path = getenv("STS_BOGO_LOG");
	char line[400];
	int fd;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	snprintf(line, sizeof(line) - 1, "%s%s%s", what, value ? " " : "", value ? value : "");
	strcat(line, "\n");
	if (fd < 0 || write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		abort();
	close(fd);
}

static void unsupported(struct bogo_run *run, const char *flag, const char *value)
{
	char text[300];

	snprintf(text, sizeof(text), "%s%s%s", flag, value ? " " : "", value ? value : "");
	bogo_log("flag", text);
	run->supported = false;
}

static const struct flag *find(const char *name)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

/* Add a number to an array that ends with 0. */
static bool add(uint16_t *array, size_t max, uint16_t id)
{
	size_t n = 0;

	while (array[n])
		n++;
	if (n < max)
		array[n] = id;
	return n < max;
}

/* Set the value of a flag. Returns false when the client cannot do it. */
static bool set(struct bogo_flags *flags, const struct flag *flag, const char *value)
{
	char *member = (char *)flags + flag->member;

	switch (flag->kind) {
	case TRUTH:
		*(bool *)member = true;
		break;
	case NUMBER:
		*(int *)member = atoi(value);
		break;
	case TEXT:
		*(const char **)member = value;
		break;
	case GROUP:
		return sts_tls_group((uint16_t)atoi(value)) &&
		       add(flags->groups, STS_BOGO_GROUPS_MAX, (uint16_t)atoi(value));
	case SCHEME:
		return sts_tls_scheme((uint16_t)atoi(value)) &&
		       add(flags->schemes, STS_BOGO_SCHEMES_MAX, (uint16_t)atoi(value));
	default:
		break;
	}
	return true;
}

/* Remove a prefix such as "-on-initial" from a flag. */
static bool strip(const char **name, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*name, prefix, len) != 0 || (*name)[len] != '-')
		return false;
	*name += len;
	return true;
}

/* Read one flag. Returns how many arguments it takes. */
static int read_flag(struct bogo_run *run, char **arg)
{
	const char *name = arg[0];
	bool first = strip(&name, "-on-initial");
	bool later = strip(&name, "-on-resume") || strip(&name, "-on-retry");
	const struct flag *flag;
	bool good = true, has_value;

	strip(&name, "-on-shim");
	flag = find(name);
	if (!flag || (flag->kind == LATER && !run->resumes)) {
		if (!later || !run->resumes)
			unsupported(run, name, NULL);
		/* Whether an unknown flag has a value is not known. A value begins with no dash. */
		return arg[1] && arg[1][0] != '-' ? 2 : 1;
	}
	has_value = flag->kind != NOTHING && flag->kind != TRUTH && flag->kind != LATER;
	if (has_value && !arg[1]) {
		unsupported(run, name, "without a value");
		return 1;
	}
	if (!later)
		good = set(&run->first, flag, arg[1]);
	if (!first && !run->resumes)
		good = set(&run->later, flag, arg[1]) && good;
	if (!good)
		unsupported(run, name, arg[1]); /* the value is not one of ours */
	return has_value ? 2 : 1;
}

static bool has_flag(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return false;
}

/* Look at the versions of one connection. */
static void check_versions(struct bogo_run *run, struct bogo_flags *flags)
{
	if (flags->min_version > TLS12 || (flags->max_version && flags->max_version < TLS12))
		flags->no_tls12 = true;
	if (flags->max_version && flags->max_version < TLS13)
		flags->no_tls13 = true;
	if (flags->no_tls12 && flags->no_tls13)
		unsupported(run, "no version that is spoken", NULL);
}

void bogo_flags_read(int argc, char **argv, struct bogo_run *run)
{
	memset(run, 0, sizeof(*run));
	run->supported = true;
	run->asked_for_handshaker = argc == 2 && !strcmp(argv[1], "-is-handshaker-supported");
	if (run->asked_for_handshaker)
		return;
	for (size_t k = 0; k < COUNT(others); k++)
		if (has_flag(argc, argv, others[k])) {
			unsupported(run, others[k], NULL);
			return;
		}
	run->resumes = has_flag(argc, argv, "-resume-count") &&
		       !has_flag(argc, argv, "-expect-session-miss");
	for (int i = 1; i < argc;)
		i += read_flag(run, argv + i);
	check_versions(run, &run->first);
	if (!run->resumes)
		check_versions(run, &run->later);
}
