/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole worker against a server that lies, in one process: options, subject token, CA file, TLS
 * handshake, certificates, HTTP, the answer of each protocol, the files, the report. The input
 * chooses the job, what the server does in the handshake, and what it answers. So that an input can
 * get past the handshake, records are not encrypted, and signatures of the handshake are hashes
 * (tls_lies.c). Certificates are judged as they always are.
 *
 *     job, handshake, departs, record, bytes...
 *
 *   job        the arguments and the mode of the worker
 *   handshake  bit 0: TLS 1.2; bits 1 and 2: which chain; bit 3: the server asks for a client
 *              certificate; bit 4: it ends without an alert; bit 5: a byte chooses the scheme of
 *              its signature; bit 6: it sends a ticket
 *   departs    the number of a message of the handshake, from 1; 0: none. The server sends in its
 *              place what bytes of the input say: an op of tls_messages.h, its parameter, and how
 *              many bytes of the message are changed
 *   record     how long the records of the answer are
 *   bytes      first those that the handshake takes; the rest is the answer
 *
 * The worker must end with a report that the supervisor accepts, and whose text does not have the
 * subject token. It may succeed only after a right handshake with one of the server's chains.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "../../sidecar/worker/worker.c" /* its data begins anew with each input */

#include "certs/certs.h"
#include "fuzz/tls_messages.h"
#include "tls/testing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SUBJECT \
	"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrOHMiLCJzdWIiOiJhcHAiLCJhdWQiOiJzdHMiLCJleHAiOjE3NjcyMj" \
	"kyMDAsImlhdCI6MTc2NzIyNTYwMH0.c2lnbmF0dXJl"
#define URL          "--url=https://sts.example.com/token"
#define PIECE_BYTES  20000
#define SAID_BYTES   (64 * 1024)
#define FIRST_UNUSED 10 /* the descriptors below are those that a worker inherits */

/* --- the jobs --- */

static char dir[128], token_file[160], ca_file[160], out_dir[160];
static char token_flag[192], ca_flag[192], out_flag[192];

static const struct {
	enum sts_worker_mode mode;
	const char *args[8];
} jobs[] = {
	{STS_WORKER_EXCHANGE, {"--protocol=openunison", URL}},
	{STS_WORKER_EXCHANGE,
	 {"--protocol=openunison", "--url=http://127.0.0.1/token", "--insecure-http"}},
	{STS_WORKER_EXCHANGE, {"--protocol=token-exchange", URL, "--audience=b", "--scope=x"}},
	{STS_WORKER_EXCHANGE,
	 {"--protocol=vault", "--param=address=https://sts.example.com", "--param=role=app"}},
	{STS_WORKER_EXCHANGE,
	 {"--protocol=aws", URL, "--param=role-arn=arn:aws:iam::123456789012:role/app"}},
	{STS_WORKER_EXCHANGE,
	 {"--protocol=gcp", URL,
	  "--audience=//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/"
	  "providers/k"}},
	{STS_WORKER_EXCHANGE, {"--protocol=kubernetes", URL, "--audience=b"}},
	{STS_WORKER_EXCHANGE,
	 {"--protocol=entra", URL, "--client-id=a", "--scope=https://vault.azure.net/.default"}},
	{STS_WORKER_EXCHANGE,
	 {"--protocol=custom", URL, "--token-field=/data/value",
	  "--expiry-field=absolute:/data/until"}},
	{STS_WORKER_EXCHANGE,
	 {"--protocol=aws", "--url=http://127.0.0.1/", "--insecure-http",
	  "--param=role-arn=arn:aws:iam::123456789012:role/app"}},
	{STS_WORKER_EXCHANGE,
	 {"--protocol=openunison", URL, "--expect-audience=b", "--expect-issuer=i",
	  "--max-lifetime=10m"}},
	{STS_WORKER_POLL, {"--protocol=openunison", "--url=https://sts.example.com/token/user"}},
	{STS_WORKER_DOCTOR, {"--protocol=openunison", URL}},
	{STS_WORKER_DOCTOR,
	 {"--protocol=vault", "--param=address=https://sts.example.com", "--param=role=app"}},
	{STS_WORKER_LOOK, {"--protocol=openunison", URL}},
	{STS_WORKER_EXCHANGE, {"--protocol=openunison", URL, "--proxy=http://proxy.example:3128"}},
};

static struct sts_options options[sizeof(jobs) / sizeof(*jobs)];
static const char *arguments[sizeof(jobs) / sizeof(*jobs)][16];

static void read_job(size_t i)
{
	static char *const no_environment[] = {NULL};
	const char **argv = arguments[i];
	struct sts_error e = {0};
	char warning[256];
	size_t n = 0;

	for (; jobs[i].args[n]; n++)
		argv[n] = jobs[i].args[n];
	argv[n++] = token_flag;
	argv[n++] = out_flag;
	argv[n++] = ca_flag;
	argv[n++] = "--cacert-only";
	if (sts_options_read(&options[i], STS_COMMAND_RUN, (char *const *)(uintptr_t)argv,
			     no_environment, NULL, -1, warning, sizeof(warning), &e) != STS_OK) {
		fprintf(stderr, "job %zu: %s\n", i, e.msg);
		abort();
	}
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	require(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void empty_output(void)
{
	DIR *d = opendir(out_dir);
	struct dirent *entry;

	require(d != NULL);
	while ((entry = readdir(d)))
		unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
}

static void remove_files(void)
{
	empty_output();
	rmdir(out_dir);
	unlink(token_file);
	unlink(ca_file);
	rmdir(dir);
}

static void make_files(void)
{
	const char *temp = getenv("TMPDIR");
	int fd;

	snprintf(dir, sizeof(dir), "%s/sts-fuzz-worker.XXXXXX", temp ? temp : "/tmp");
	require(mkdtemp(dir) != NULL);
	snprintf(token_file, sizeof(token_file), "%s/token", dir);
	snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", dir);
	snprintf(out_dir, sizeof(out_dir), "%s/out", dir);
	snprintf(token_flag, sizeof(token_flag), "--token-file=%s", token_file);
	snprintf(ca_flag, sizeof(ca_flag), "--cacert=%s", ca_file);
	snprintf(out_flag, sizeof(out_flag), "--output-dir=%s", out_dir);
	write_file(token_file, SUBJECT "\n");
	require(mkdir(out_dir, 0700) == 0);
	fd = open(ca_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	test_write_pem(fd, test_cert("root"), "\n");
	close(fd);
	atexit(remove_files);
	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
		read_job(i);
	/* The numbers that a worker inherits are taken, so that no file gets one of them. */
	while ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) < FIRST_UNUSED)
		require(fd >= 0);
	close(fd);
}

/* --- the server --- */

static struct {
	uint8_t pending[PIECE_BYTES];
	size_t len, at;
	unsigned step, departs, record;
	uint8_t handshake;
	bool plain, proxy, tls12, right_chain, proved, finished, ended;
} server;

static const uint8_t steps[2][8] = {
	{OP_HELLO13, OP_ENCRYPTED_EXTENSIONS, OP_REQUEST, OP_CERTIFICATE, OP_VERIFY, OP_FINISHED,
	 OP_TICKET, OPS},
	{OP_HELLO12, OP_CERTIFICATE, OP_KEY_EXCHANGE, OP_REQUEST, OP_DONE, OP_RECORD, OP_FINISHED,
	 OPS},
};

static void add_record(uint8_t type, const void *data, size_t len)
{
	uint8_t header[] = {type, 3, 3, (uint8_t)(len >> 8), (uint8_t)len};

	require(server.len + sizeof(header) + len <= sizeof(server.pending));
	memcpy(server.pending + server.len, header, sizeof(header));
	memcpy(server.pending + server.len + sizeof(header), data, len);
	server.len += sizeof(header) + len;
}

/* Send one of the server's chains as it is. The last one lacks a CA, so the client refuses it. */
static void chain(struct sts_tls_writer *m)
{
	static const char *const chains[] = {"leaf-root", "leaf inter", "inter leaf",
					     "leaf-deep inter"};
	struct sts_der certs[4];
	bool tls13 = !server.tls12;
	size_t count = test_cert_list(chains[server.handshake >> 1 & 3], certs, 4), list, one;

	server.right_chain = true;
	if (tls13)
		sts_tls_write_number(m, 1, 0);
	list = sts_tls_write_open(m, 3);
	for (size_t i = 0; i < count; i++) {
		one = sts_tls_write_open(m, 3);
		sts_tls_write_bytes(m, certs[i].data, certs[i].len);
		sts_tls_write_close(m, 3, one);
		if (tls13)
			sts_tls_write_number(m, 2, 0);
	}
	sts_tls_write_close(m, 3, list);
}

/* Change bytes of a message. */
static bool change(uint8_t *message, size_t len, unsigned count)
{
	bool changed = count > 0;

	while (count-- > 0) {
		size_t at = (size_t)fuzz_byte() << 8 | fuzz_byte();

		message[at % len] ^= fuzz_byte();
	}
	return changed;
}

static void send_message(const struct sts_tls_client *client, uint8_t op, uint8_t param,
			 unsigned changes, bool any)
{
	static uint8_t message[8192];
	struct sts_tls_writer m = {.data = message, .size = sizeof(message)};
	bool proves = false;
	size_t mark;

	sts_tls_write_number(&m, 1, fuzz_message_type(op, param));
	mark = sts_tls_write_open(&m, 3);
	if (op == OP_CERTIFICATE && !any)
		chain(&m);
	else
		proves = fuzz_message_body(client, &m, op, param);
	sts_tls_write_close(&m, 3, mark);
	if (change(message, m.len, changes & 3)) {
		proves = false;
		if (op == OP_CERTIFICATE)
			server.right_chain = false;
	}
	if (op == OP_CERTIFICATE && any)
		server.right_chain = false;
	server.proved |= proves && (op == OP_VERIFY || op == OP_KEY_EXCHANGE);
	server.finished |= proves && op == OP_FINISHED;
	if (m.len <= PIECE_BYTES - 5)
		add_record(STS_TLS_RECORD_HANDSHAKE, message, m.len);
}

static void send_any(const struct sts_tls_client *client)
{
	uint8_t op = fuzz_byte() % OPS, param = fuzz_byte(), how = fuzz_byte(), bytes[256];

	if (op != OP_RECORD && op != OP_RAW) {
		send_message(client, op, param, how, how & 4);
		return;
	}
	for (size_t i = 0; i < how; i++)
		bytes[i] = fuzz_byte();
	if (op == OP_RECORD)
		add_record(param, bytes, how);
	else
		memcpy(server.pending, bytes, server.len = how);
}

static bool in_handshake(void)
{
	return !server.plain && steps[server.tls12][server.step] != OPS;
}

/* The parameter of a message. The input has it for a ServerHello of TLS 1.2, and with bit 5 for a
 * signature. */
static uint8_t parameter(uint8_t op)
{
	if (op == OP_HELLO12 || (op == OP_VERIFY && server.handshake & 32))
		return fuzz_byte();
	return 0;
}

static void next_message(const struct sts_tls_client *client)
{
	uint8_t op = steps[server.tls12][server.step++];

	if ((op == OP_REQUEST && !(server.handshake & 8)) ||
	    (op == OP_TICKET && !(server.handshake & 64)))
		return;
	if (server.step == server.departs)
		send_any(client);
	else if (op == OP_RECORD)
		add_record(STS_TLS_RECORD_CHANGE_CIPHER_SPEC, "\1", 1);
	else
		send_message(client, op, parameter(op), 0, false);
}

/* The next piece of the answer: the rest of the input. */
static void next_piece(void)
{
	static const size_t sizes[] = {16384, 1, 7, 100, 1000, 4096, 16000, 0};
	static uint8_t piece[16384];
	size_t len = 0, max = sizes[server.record & 7];

	while (len < max && !fuzz_input_is_empty())
		piece[len++] = fuzz_byte();
	if (server.plain && len > 0) {
		memcpy(server.pending, piece, server.len = len);
	} else if (len > 0 || (max == 0 && !fuzz_input_is_empty())) {
		add_record(STS_TLS_RECORD_APPLICATION_DATA, piece, len);
		if (max == 0)
			fuzz_byte();
	} else if (!server.plain && !(server.handshake & 16)) {
		add_record(STS_TLS_RECORD_ALERT, "\1\0", 2);
		server.ended = true;
	} else {
		server.ended = true;
	}
}

static void make_pending(void)
{
	server.len = server.at = 0;
	if (server.proxy) {
		server.proxy = false;
		server.len = 19;
		memcpy(server.pending, "HTTP/1.1 200 OK\r\n\r\n", server.len);
	}
	while (server.len == 0 && !server.ended)
		if (in_handshake())
			next_message(&w.connection.stream.tls);
		else
			next_piece();
}

/* --- what the worker calls --- */

static bool running;
static jmp_buf end;
static uint8_t said[SAID_BYTES];
static size_t said_len;

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (!running || fd != STS_INHERITED_FD)
		return __real_write(fd, data, len);
	require(len <= sizeof(said) - said_len);
	memcpy(said + said_len, data, len);
	said_len += len;
	return (ssize_t)len;
}

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
_Noreturn void __wrap__exit(int status)
{
	if (!running)
		__real__exit(status);
	require(status == 0);
	longjmp(end, 1);
}

ssize_t __real_recv(int fd, void *data, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t len, int flags)
{
	size_t n;

	if (!running)
		return __real_recv(fd, data, len, flags);
	require(fd == w.connection.socket && len > 0);
	if (flags & MSG_PEEK) { /* a server of TLS does not speak first */
		errno = EAGAIN;
		return -1;
	}
	if (server.at == server.len)
		make_pending();
	n = server.len - server.at < len ? server.len - server.at : len;
	memcpy(data, server.pending + server.at, n);
	server.at += n;
	return (ssize_t)n;
}

ssize_t __real_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags)
{
	return running ? (ssize_t)len : __real_send(fd, data, len, flags);
}

int __wrap_setitimer(int which, const struct itimerval *value, struct itimerval *old);
int __real_setitimer(int which, const struct itimerval *value, struct itimerval *old);
int __wrap_setitimer(int which, const struct itimerval *value, struct itimerval *old)
{
	return running ? 0 : __real_setitimer(which, value, old);
}

int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *old);
int __real_sigaction(int number, const struct sigaction *action, struct sigaction *old);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	return running ? 0 : __real_sigaction(number, action, old);
}

__sighandler_t __wrap_signal(int number, __sighandler_t handler);
__sighandler_t __real_signal(int number, __sighandler_t handler);
__sighandler_t __wrap_signal(int number, __sighandler_t handler)
{
	return running ? SIG_DFL : __real_signal(number, handler);
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return fd < 0 ? -1 : 0;
}

int64_t __wrap_sts_clock_real_ms(void);
int64_t __wrap_sts_clock_real_ms(void)
{
	return TEST_NOW_S * 1000;
}

enum sts_err __wrap_sts_connect(const struct sts_url *url, const char *connect_to,
				const struct sts_connect_files *files, int64_t until_boot_ms,
				int *fd, struct sts_connect_facts *facts, struct sts_error *e);
enum sts_err __wrap_sts_connect(const struct sts_url *url, const char *connect_to,
				const struct sts_connect_files *files, int64_t until_boot_ms,
				int *fd, struct sts_connect_facts *facts, struct sts_error *e)
{
	(void)url;
	(void)connect_to;
	(void)files;
	(void)until_boot_ms;
	memset(facts, 0, sizeof(*facts));
	e->code = STS_ECONNECT;
	*fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	require(*fd >= 0);
	return STS_OK;
}

bool __wrap_sts_connect_to_loopback(int fd);
bool __wrap_sts_connect_to_loopback(int fd)
{
	return fd >= 0;
}

/* --- the run --- */

static bool get_random(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(0x40 + i);
	return true;
}

/* The report is the last that was said. */
static void check_report(enum sts_worker_mode mode)
{
	struct sts_report report;
	struct sts_findings findings;
	bool ok;

	require(said_len >= sizeof(report));
	memcpy(&report, said + said_len - sizeof(report), sizeof(report));
	require(sts_report_ok(&report, sizeof(report), TEST_NOW_S, sts_clock_boot_ms()));
	require(report.error != STS_EBUG && report.error != STS_ESANDBOX &&
		report.error != STS_EOUTPUT && report.error != STS_ETIMEOUT);
	require(!sts_shares_run(sts_slice_of(report.text), STS_SLICE(SUBJECT), SECRET_RUN_BYTES));
	ok = report.error == STS_OK;
	require(!ok || server.plain || (server.right_chain && server.proved && server.finished));
	require(!ok || report.stage == STS_STAGE_DONE);
	if (mode == STS_WORKER_EXCHANGE) {
		char path[96];

		snprintf(path, sizeof(path), "%s/expires", out_dir);
		require((access(path, F_OK) == 0) == ok);
		require(!ok || report.lifetime_s > 0);
	}
	if (mode < STS_WORKER_DOCTOR)
		return;
	require(said_len >= sizeof(report) + sizeof(findings));
	memcpy(&findings, said + said_len - sizeof(report) - sizeof(findings), sizeof(findings));
	require(sts_findings_ok(&findings, sizeof(findings)));
}

static void work(size_t number)
{
	const struct sts_worker_job job = {.mode = jobs[number].mode,
					   .timeout_ms = 60000,
					   .name = "default",
					   .digest = "-",
					   .used = "-",
					   .command = "run",
					   .argv = (char *const *)(uintptr_t)arguments[number]};

	said_len = 0;
	running = true;
	if (setjmp(end) == 0)
		sts_worker_run(&options[number], &job);
	running = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t number;

	if (!token_file[0])
		make_files();
	fuzz_input(data, size);
	memset(&w, 0, sizeof(w));
	memset(&server, 0, sizeof(server));
	sts_tls_testing.unprotected = true;
	sts_tls_testing.random = get_random;
	number = fuzz_byte() % (sizeof(jobs) / sizeof(*jobs));
	server.handshake = fuzz_byte();
	server.departs = fuzz_byte();
	server.record = fuzz_byte();
	server.tls12 = server.handshake & 1;
	server.plain = strncmp(options[number].url ? options[number].url : "", "http:", 5) == 0;
	server.proxy = number == sizeof(jobs) / sizeof(*jobs) - 1;
	work(number);
	check_report(jobs[number].mode);
	sts_json_close();
	close_range(FIRST_UNUSED, ~0u, 0);
	empty_output();
	return 0;
}
