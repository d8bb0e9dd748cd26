/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control path: faults, counters, key rotation. It is off unless it is asked for.
 */
#include <string.h>

#include "endpoints.h"
#include "jsonout.h"

static void refuse(struct mock_ctx *ctx, int status, const char *why)
{
	mock_reply_init(&ctx->reply, status, "text/plain");
	sts_text_addf(&ctx->reply.body, "%s\n", why);
}

static void list_faults(struct mock_ctx *ctx)
{
	static struct mock_fault_slots slots;
	struct mock_json j;

	mock_state_lock(ctx->state);
	slots = ctx->state->faults;
	mock_state_unlock(ctx->state);
	mock_reply_init(&ctx->reply, 200, "application/json");
	mock_json_init(&j, &ctx->reply.body, NULL, false);
	sts_text_add_char(&ctx->reply.body, '[');
	for (size_t i = 0; i < slots.count; i++) {
		mock_json_open(&j, NULL);
		mock_json_string(&j, "fault",
				 (struct sts_slice){slots.slot[i].spec, slots.slot[i].len});
		mock_json_int(&j, "times_left", slots.slot[i].times);
		mock_json_int(&j, "used", (int64_t)slots.slot[i].used);
		mock_json_close(&j);
	}
	sts_text_add_str(&ctx->reply.body, "]\n");
}

/* PUT replaces all faults, POST adds one, DELETE removes all, and GET lists them. */
static void faults(struct mock_ctx *ctx)
{
	static struct mock_fault fault;
	const char *method = ctx->request.method;
	struct sts_slice spec = *ctx->request.query ? sts_slice_of(ctx->request.query)
						    : sts_slice_trim(ctx->request.body);
	bool put = strcmp(method, "PUT") == 0, post = strcmp(method, "POST") == 0, fits = true;
	char why[128];

	if (put || post) {
		if (!mock_fault_parse(&fault, spec, why, sizeof(why))) {
			refuse(ctx, 400, why);
			return;
		}
	} else if (strcmp(method, "DELETE") != 0) {
		list_faults(ctx);
		return;
	}
	mock_state_lock(ctx->state);
	if (!post)
		ctx->state->faults.count = 0;
	if (put || post)
		fits = mock_slots_add(&ctx->state->faults, &fault, spec);
	mock_state_unlock(ctx->state);
	if (fits)
		list_faults(ctx);
	else
		refuse(ctx, 400, "no room for one more fault");
}

/* DELETE sets them to zero. */
static void stats(struct mock_ctx *ctx)
{
	struct mock_json j;

	mock_reply_init(&ctx->reply, 200, "application/json");
	mock_json_init(&j, &ctx->reply.body, NULL, false);
	mock_json_open(&j, NULL);
	for (int i = 0; i < MOCK_COUNTER__COUNT; i++)
		mock_json_int(&j, mock_counter_name((enum mock_counter)i),
			      (int64_t)mock_state_counter(ctx->state, (enum mock_counter)i));
	mock_json_close(&j);
	sts_text_add_char(&ctx->reply.body, '\n');
	if (strcmp(ctx->request.method, "DELETE") == 0)
		for (int i = 0; i < MOCK_COUNTER__COUNT; i++)
			__atomic_store_n(&ctx->state->counter[i], 0, __ATOMIC_RELAXED);
}

static void rotate(struct mock_ctx *ctx)
{
	bool keep = strstr(ctx->request.query, "keep=0") == NULL;
	bool post = strcmp(ctx->request.method, "POST") == 0 ||
		    strcmp(ctx->request.method, "PUT") == 0;

	if (!post)
		refuse(ctx, 405, "POST only");
	else if (mock_state_rotate(ctx->state, ctx->config->name, keep, mock_now_ms() / 1000))
		refuse(ctx, 200, "rotated");
	else
		refuse(ctx, 400, "no room for one more key");
}

void mock_control(struct mock_ctx *ctx)
{
	static const struct {
		const char *path;
		void (*handle)(struct mock_ctx *ctx);
	} paths[] = {
		{"/control/faults", faults},
		{"/control/stats", stats},
		{"/control/rotate", rotate},
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(ctx->request.path, paths[i].path) == 0) {
			paths[i].handle(ctx);
			return;
		}
	refuse(ctx, 404, "/control/faults, /control/stats, /control/rotate");
}
