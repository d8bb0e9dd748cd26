/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/site.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "other_commands/other_process.h"
#include "output/lock.h"
#include "output/store.h"
#include "protocol/table.h"
#include "supervisor/reader_warning.h"

/* A lower limit of the size of files has no room for a token. */
#define SIZE_LIMIT_BYTES 1024

/* The names of file systems, by their numbers (statfs(2)). */
static const uint32_t system_numbers[] = {0x01021994, 0xef53, 0x58465342, 0x794c7630,
					  0x9123683e, 0x6969, 0x65735546, 0x858458f6};
static const char system_names[] = "tmpfs\0ext4\0xfs\0overlay\0btrfs\0nfs\0fuse\0ramfs";

static void measure(struct sts_site *p, int dir_fd)
{
	struct statfs fs;
	struct sts_text text;
	size_t i = 0;

	if (fstatfs(dir_fd, &fs) != 0)
		return;
	sts_text_init(&text, p->file_system, sizeof(p->file_system));
	while (i < sizeof(system_numbers) / sizeof(system_numbers[0]) &&
	       system_numbers[i] != (uint32_t)fs.f_type)
		i++;
	if (i < sizeof(system_numbers) / sizeof(system_numbers[0]))
		sts_text_add_str(&text, sts_text_at(system_names, i));
	else
		sts_text_addf(&text, "0x%x", (unsigned)fs.f_type);
	if (fs.f_blocks > 0)
		p->free_kib = (int64_t)(fs.f_bavail * (uint64_t)fs.f_bsize / 1024);
	if (fs.f_files > 0)
		p->free_inodes = (int64_t)fs.f_ffree;
}

static void name_readers(struct sts_site *p, const struct sts_store *store)
{
	struct sts_readers readers;
	struct sts_text text;

	if (!sts_readers_behind(store, &readers))
		return;
	p->is_alone = sts_readers_none(&readers);
	sts_text_init(&text, p->readers, sizeof(p->readers));
	if (readers.all)
		sts_text_addf(&text, "every UID");
	else if (readers.has_group)
		sts_text_addf(&text, "their owner and group %u", (unsigned)readers.group);
	else
		sts_text_addf(&text, "their owner alone");
}

static void look_at_directory(struct sts_site *p, const struct sts_plan *plan, const char *dir)
{
	struct sts_store store;
	struct stat st;
	int dir_fd;

	if (sts_store_open(&store, dir, false, plan->mode, plan->group, &p->error) == STS_OK) {
		p->file_mode = store.mode;
		name_readers(p, &store);
		sts_store_close(&store);
	}
	p->is_made_later = p->error.code != STS_OK && p->error.detail == ENOENT && plan->create_dir;
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return;
	measure(p, dir_fd);
	if (fstat(dir_fd, &st) == 0) {
		p->is_open = true;
		p->mode = st.st_mode & 07777;
		p->uid = st.st_uid;
		p->gid = st.st_gid;
	}
	close(dir_fd);
}

static void name_files(struct sts_site *p, unsigned write)
{
	struct sts_text text;

	p->writes_token = write & STS_WRITE_TOKEN;
	sts_text_init(&text, p->files, sizeof(p->files));
	for (int i = 0; i < STS_OUTPUT__COUNT; i++)
		if (write >> i & 1)
			sts_text_addf(&text, "%s%s", text.len ? ", " : "",
				      sts_output_name((enum sts_output)i));
}

int64_t sts_site_owner(const char *dir)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t pid;

	if (dir_fd < 0)
		return 0;
	pid = sts_lock_owner(dir_fd);
	close(dir_fd);
	return pid;
}

static void look_at_sidecar(struct sts_site *p, const char *dir)
{
	p->pid = sts_site_owner(dir);
	if (p->pid == 0)
		return;
	p->is_ours = sts_is_our_kind(p->pid);
	p->no_new_privs = (int32_t)sts_process_number(p->pid, "NoNewPrivs:", 0);
	p->seccomp = (int32_t)sts_process_number(p->pid, "Seccomp:", 0);
}

/* Find out how large a file may be that the sidecar writes; without one, this process. */
static void look_at_limit(struct sts_site *p)
{
	struct rlimit size;

	if (p->error.code == STS_OK &&
	    syscall(SYS_prlimit64, p->pid, RLIMIT_FSIZE, NULL, &size) == 0 &&
	    size.rlim_cur < SIZE_LIMIT_BYTES)
		sts_fail(&p->error, STS_EOUTPUT, EFBIG, "%s: a file over %u B is too big", p->path,
			 (unsigned)size.rlim_cur);
}

void sts_site_look(struct sts_site *p, const struct sts_plan *plan, const char *dir, int64_t now_s)
{
	struct sts_text text;

	*p = (struct sts_site){
		.free_kib = -1, .free_inodes = -1, .no_new_privs = -1, .seccomp = -1};
	sts_text_init(&text, p->path, sizeof(p->path));
	sts_text_add_escaped(&text, sts_slice_of(dir), sizeof(p->path) - 1);
	sts_hide_tokens(p->path);
	look_at_directory(p, plan, dir);
	name_files(p, plan->write);
	sts_verdict_look(&p->verdict, dir, 0, now_s);
	look_at_sidecar(p, dir);
	look_at_limit(p);
}

bool sts_site_has_sidecar(const struct sts_site *p, const struct sts_status_now *now)
{
	const struct sts_status *s = &p->verdict.status;

	if (p->is_ours)
		return true;
	return p->verdict.has_status && s->state != STS_STATE_STOPPED && now->boot_id[0] &&
	       strcmp(s->boot_id, now->boot_id) == 0 && s->latest_ms > now->boot_ms;
}
