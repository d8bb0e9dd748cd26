/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flags that BoringSSL's runner gives to a shim, as far as our client can do what they ask for.
 * Any other flag is not supported, and the shim exits with STS_BOGO_UNSUPPORTED. It writes the flag
 * to its log, and tests/tls/bogo/expectations.toml has the reason for each of them.
 */
#ifndef STS_TESTS_BOGO_FLAGS_H
#define STS_TESTS_BOGO_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STS_BOGO_UNSUPPORTED 89 /* exit status that the runner knows */
#define STS_BOGO_GROUPS_MAX  7  /* struct sts_tls_testing has room for so many, and for the 0 */
#define STS_BOGO_SCHEMES_MAX 15

/* What one connection is made with. Texts are those of argv. */
struct bogo_flags {
	int port, resume_count;
	/* what is offered */
	bool no_tls12, no_tls13;
	int min_version, max_version;
	uint16_t groups[STS_BOGO_GROUPS_MAX + 1], schemes[STS_BOGO_SCHEMES_MAX + 1];
	const char *host, *alpn, *cert_file, *key_file;
	/* what is done */
	bool shim_writes_first, shim_shuts_down, check_close_notify, verify_fail;
	bool different_record_sizes, send_alert, export_traffic_secrets;
	int read_size;
	/* what is expected */
	int expect_version, expect_cipher, expect_group, expect_scheme;
	bool expect_extended_master, expect_hrr, expect_no_hrr, expect_session_miss, never_done;
	const char *expect_alpn, *expect_peer_cert_file;
};

struct bogo_run {
	struct bogo_flags first, later; /* of the first connection, and of those after it */
	bool asked_for_handshaker;      /* the runner only asks what the shim can do */
	/* The connections after the first one would resume its session, so only the first is made,
	 * and the flags of the others are not looked at. */
	bool resumes;
	bool supported;
};

/* Read the arguments. Those that are not supported are written to the log; run->supported says
 * whether there were none. */
void bogo_flags_read(int argc, char **argv, struct bogo_run *run);

/* Write a line to the file that STS_BOGO_LOG names: what, a space, and value unless it is NULL. */
void bogo_log(const char *what, const char *value);

#endif
