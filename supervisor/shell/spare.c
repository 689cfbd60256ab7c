/*
 * spare.c: one spare: a process that is started as any other is, without an identity, and that says hello; from then on it can be named. It is nobody: whatever it does wrong, it is killed, and its stock makes another one.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "codec.h"
#include "control.h"
#include "runtime.h"
#include "spares_private.h"
#include "sys.h"

#define EXIT_TEXT_BYTES 64

/* --- its end --- */

static void
unlink_spare(struct spare **at, struct spare *spare)
{
	while (*at && *at != spare)
		at = &(*at)->next;
	if (*at)
		*at = spare->next;
}

void
spare_free(struct spare *spare)
{
	launch_release(spare->runtime, &spare->launched);
	if (spare->launched.state_fd >= 0)
		sys.close(spare->launched.state_fd);
	wire_free(spare->launched.wire);
	free(spare->said);
	free(spare);
}

void
spare_let_go(struct spare *spare)
{
	loop_unwatch(&spare->runtime->loop, &spare->process);
	table_remove(&spare->runtime->pids, &spare->by_pid);
}

void
spare_take_out(struct spare *spare)
{
	struct spares *spares = &spare->runtime->spares;
	struct stock *stock = spare->stock;

	unlink_spare(&stock->spares, spare);
	spare->stock = NULL;
	if (spares->starting != spare)
		return;
	spares->starting = NULL;
	loop_disarm(&spare->runtime->loop, &stock->refill);
}

void
spare_put_down(struct spare *spare)
{
	spare_take_out(spare);
	spare->next = spare->runtime->spares.ending;
	spare->runtime->spares.ending = spare;
	wire_close(spare->launched.wire);
	spawn_signal(&spare->launched.spawned, SIGKILL);
}

void
spare_dismiss(struct spare *spare, const char *why)
{
	events_note(spare->runtime, "spare_ended", spare->stock->node->path, 0, "pid %d: %s",
		(int)spare->launched.spawned.pid, why);
	spare_put_down(spare);
}

static void
note_loss(const struct spare *spare, const char *why)
{
	events_note(spare->runtime, "spare_lost", spare->stock->node->path, 0, "pid %d: %s",
		(int)spare->launched.spawned.pid, why);
}

static int64_t
age_ns(const struct spare *spare)
{
	return spare->runtime->loop.now_ns - spare->born_ns;
}

void
spare_lose(struct spare *spare, const char *why)
{
	struct stock *stock = spare->stock;

	note_loss(spare, why);
	spare_put_down(spare);
	spares_replace(stock, age_ns(spare));
}

/* In words, with its own where it has left some. */
static void
say_end(const struct spare *spare, const siginfo_t *info, char *ret_text, size_t size)
{
	char exit[EXIT_TEXT_BYTES], words[TRI_TEXT_BYTES];

	if (info->si_code == CLD_EXITED)
		snprintf(exit, sizeof(exit), "exit %d", info->si_status);
	else
		snprintf(exit, sizeof(exit), "%s", report_signal_name(info->si_status));
	memcpy(words, spare->launched.box->text, sizeof(words));
	words[sizeof(words) - 1] = '\0';
	snprintf(ret_text, size, "%s%s%s", exit, *words ? ": " : "", words);
}

static void
note_death(struct spare *spare, const siginfo_t *info)
{
	struct stock *stock = spare->stock;
	char text[EXIT_TEXT_BYTES + 2 + TRI_TEXT_BYTES];

	say_end(spare, info, text, sizeof(text));
	note_loss(spare, text);
	stock->hopeless = info->si_code == CLD_EXITED && info->si_status == EXIT_HOPELESS;
	spare_take_out(spare);
	spares_replace(stock, age_ns(spare));
}

/* Its pidfd is readable. */
static void
ended(void *arg, uint32_t epoll_events)
{
	struct spare *spare = arg;
	struct spawned *spawned = &spare->launched.spawned;
	siginfo_t info = { .si_code = 0 };
	struct rusage usage;
	int looked = sys.wait(spawned->pidfd, WEXITED | WNOWAIT | WNOHANG, &info, &usage);

	(void)epoll_events;
	if ((looked < 0 && errno != ECHILD) || (looked == 0 && info.si_pid == 0))
		return;
	/* While its number can't be anybody else's; unless somebody else in this program has reaped it. */
	if (looked == 0)
		sys.group_kill(spawned->pid, SIGKILL);
	else
		info = (siginfo_t){ .si_code = CLD_KILLED, .si_status = SIGKILL };
	if (spare->stock)
		note_death(spare, &info);
	else
		unlink_spare(&spare->runtime->spares.ending, spare);
	spare_let_go(spare);
	corpses_add(&spare->runtime->corpses, *spawned);
	*spawned = (struct spawned){ .pidfd = -1 };
	spare_free(spare);
}

/* --- hello --- */

/* Why it can't be one; NULL: it is, and is kept until there is somebody to say it to. */
static const char *
keep_hello(struct spare *spare, const struct tri_frame *frame, const uint8_t *payload)
{
	struct tri_arena *arena = &spare->runtime->arena;
	struct tri_hello hello;

	if (frame->kind != TRI_FRAME_HELLO || frame->incarnation != 0 || spare->said)
		return "it said what a spare has no reason to say";
	tractor_err err = tri_decode(&tri_record_tri_hello, payload, frame->payload_bytes, arena, &hello);
	tri_arena_reset(arena);
	if (err == TRACTOR_OK && hello.version != TRI_CONTROL_VERSION)
		return "it speaks another version of the control protocol: build it anew";
	spare->said = err == TRACTOR_OK ? malloc(frame->payload_bytes) : NULL;
	if (!spare->said)
		return err == TRACTOR_EBADMSG ? "a bad hello" : "no memory for its hello";
	memcpy(spare->said, payload, frame->payload_bytes);
	spare->hello = *frame;
	return NULL;
}

/* It can be named from now on. */
static void
is_ready(struct spare *spare)
{
	struct stock *stock = spare->stock;

	wire_shut(spare->launched.wire);
	spare->runtime->spares.starting = NULL;
	loop_disarm(&spare->runtime->loop, &stock->refill);
	events_note(spare->runtime, "spare_ready", stock->node->path, 0, "pid %d",
		(int)spare->launched.spawned.pid);
	spares_refill(stock, 0);
}

/* Its wire has news. */
static void
hear(void *owner)
{
	struct spare *spare = owner;
	struct wire *wire = spare->launched.wire;
	const uint8_t *payload;
	struct tri_frame frame;
	bool bad = false;

	while (spare->stock && wire_take(wire, &frame, &payload, &bad)) {
		tri_blackbox_count(&spare->launched.box->heard);
		const char *why = bad ? "what it said is no frame" : keep_hello(spare, &frame, payload);
		if (why)
			spare_lose(spare, why);
		else
			is_ready(spare);
	}
	/* Its death is on the way, and will be noted with its cause; if not, now it is. */
	if (spare->stock && spare->said && wire_drained(wire))
		spawn_signal(&spare->launched.spawned, SIGKILL);
}

bool
spare_can_be_named(const struct spare *spare)
{
	return spare->said && wire_connected(spare->launched.wire);
}

/* --- making one --- */

/* As its place, with room for whoever it may become: see actor/handshake.c. NULL: no memory. */
static char *
title_of(struct tractor_runtime *runtime, const struct node *node)
{
	bool pool = node->spec->kind == SPEC_POOL;
	size_t size = strlen(node->path) + sizeof("/ (spare)") + SPEC_NAME_MAX;
	char *title = tri_arena_alloc(&runtime->arena, size);

	if (title)
		snprintf(title, size, pool ? "%s/ (spare)%*s" : "%s (spare)%*s", node->path,
			pool ? SPEC_NAME_MAX + 1 - (int)sizeof(" (spare)") : 0, "");
	return title;
}

static tractor_err
launch(struct spare *spare)
{
	struct tractor_runtime *runtime = spare->runtime;
	const struct node *node = spare->stock->node;
	char name[LAUNCH_NAME_BYTES];

	snprintf(name, sizeof(name), "spare.%llu", (unsigned long long)++runtime->spares.started);
	spare->origin =
		origin_now(runtime, node->spec); /* before: a file that is replaced meanwhile is another */
	const struct launch_plan plan = {
		.spec = node->spec, .url = launch_url(runtime, name), .title = title_of(runtime, node)
	};
	tractor_err err = plan.title ? launch_start(runtime, &plan, &spare->launched) : TRACTOR_ENOMEM;
	if (err == TRACTOR_OK)
		err = loop_watch(&runtime->loop, &spare->process, spare->launched.spawned.pidfd, EPOLLIN);
	tri_arena_reset(&runtime->arena);
	return err;
}

/* In its stock, if it comes to be a process. */
tractor_err
spare_begin(struct stock *stock)
{
	struct tractor_runtime *runtime = stock->runtime;
	struct spare *spare = calloc(1, sizeof(*spare));

	if (!spare)
		return TRACTOR_ENOMEM;
	*spare = (struct spare){ .stock = stock,
		.runtime = runtime,
		.launched = LAUNCHED_NOTHING,
		.process = { .fd = -1, .ready = ended, .arg = spare },
		.born_ns = runtime->loop.now_ns };
	tractor_err err = wire_new(&runtime->bell, hear, spare, &spare->launched.wire);
	if (err == TRACTOR_OK && (err = launch(spare)) != TRACTOR_OK)
		spare_free(spare);
	else if (err != TRACTOR_OK)
		free(spare);
	if (err != TRACTOR_OK)
		return err;
	table_add(&runtime->pids, &spare->by_pid, (uint64_t)spare->launched.spawned.pid, 0);
	spare->next = stock->spares;
	stock->spares = spare;
	runtime->spares.starting = spare;
	loop_arm(&runtime->loop, &stock->refill, runtime->loop.now_ns + stock->node->spec->start_timeout_ns);
	return TRACTOR_OK;
}
