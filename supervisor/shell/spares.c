/*
 * spares.c: processes that are there already, linked and greeted, and wait to become somebody: the next incarnation of a child, or the next member of a pool. The core knows nothing of them: it says "start", and where there
 * is one that fits, a slot adopts it, and its hello is heard then. What it would have inherited (state, place in the mailbox, faults) is put into its memory before it is welcomed; one that has another program, directory or
 * environment than a start would have now is never named.
 *
 * They are made one at a time, while nobody in the tree is starting or held back. One that is lost costs its place nothing but a delay before the next one; whatever goes wrong here, the slot starts a process as ever.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "backoff.h"
#include "codec.h"
#include "schema.h"
#include "shell.h"
#include "state.h"
#include "sys.h"
#include "why.h"

#define QUIET_NS \
	(10 * SPEC_MILLISECOND) /* from when one is used to when the next is begun: until then its own start has the CPU */
#define STATE_MAX_BYTES ((uint64_t)1 << 20) /* more of it takes longer to copy than a start takes */
#define PIECE_BYTES 16384
#define EXIT_TEXT_BYTES 64

/* Between two that are lost: a program that can't be a spare is no reason to start it all the time. */
static const struct spec_backoff lost_backoff = { .initial_ns = 100 * SPEC_MILLISECOND,
	.factor = 2,
	.max_ns = 30 * SPEC_SECOND,
	.jitter = 0.2,
	.reset_ns = 10 * SPEC_SECOND };

/* What a process has for life, and no welcome can give it. */
struct origin {
	uint64_t given; /* a fingerprint of what it is started with; 0: not known */
	dev_t device;	/* the program's file, which may be replaced */
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
	dev_t directory_device; /* where it works, which may be another by the same name */
	ino_t directory;
};

struct spare {
	struct spare *next;
	struct stock *stock; /* NULL: it has been killed, and is to be reaped */
	struct tractor_runtime *runtime;
	struct launched launched;
	struct watch process;
	struct table_entry by_pid;
	struct origin origin;
	struct tri_frame hello;
	uint8_t *said; /* hello's payload; NULL: it has not said it yet */
	int64_t born_ns;
};

/* Those of a child, or of all members of a pool. */
struct stock {
	struct tractor_runtime *runtime;
	struct node *node;
	struct table_entry by_node;
	struct spare *spares;
	struct alarm refill; /* when one more is begun; or how long the one that is starting may take */
	struct backoff lost;
	int64_t earliest_ns; /* none is begun before: one was lost a moment ago */
	bool hopeless;	     /* the last one said that trying again is no use */
	bool lined_up;
	struct stock *next_in_line;
};

/* --- where a process comes from --- */

static uint64_t
mix(uint64_t sum, const char *text)
{
	return (sum ^ (text ? tri_fingerprint(text, strlen(text)) : 0)) * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

/* Of one that is started now. */
static struct origin
origin_of(struct tractor_runtime *runtime, const struct spec *spec)
{
	char **environment = environment_make(runtime, spec, NULL);
	struct stat file, directory;

	if (!environment || sys.stat(spec->exec_path, &file) < 0 ||
		sys.stat(spec->directory ? spec->directory : ".", &directory) < 0) {
		tri_arena_reset(&runtime->arena);
		return (struct origin){ .given = 0 };
	}
	uint64_t given = mix(mix(mix(launch_has_lanes(spec), spec->exec), spec->exec_path), spec->directory);
	for (char **entry = environment; *entry; entry++)
		given = mix(given, *entry);
	tri_arena_reset(&runtime->arena);
	return (struct origin){ .given = given,
		.device = file.st_dev,
		.inode = file.st_ino,
		.size = file.st_size,
		.modified = file.st_mtim,
		.changed = file.st_ctim,
		.directory_device = directory.st_dev,
		.directory = directory.st_ino };
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool
same_origin(const struct origin *a, const struct origin *b)
{
	return a->given != 0 && a->given == b->given && a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && same_time(a->modified, b->modified) &&
	       same_time(a->changed, b->changed) && a->directory_device == b->directory_device &&
	       a->directory == b->directory;
}

/* --- stocks --- */

static bool
is_member(const struct node *node)
{
	return node->parent && node->parent->spec->kind == SPEC_POOL;
}

static struct stock *
stock_of(struct tractor_runtime *runtime, const struct node *node)
{
	struct table_entry *entry = table_find(&runtime->spares.stocks, node->id, 0);

	return entry ? TIMER_OWNER(entry, struct stock, by_node) : NULL;
}

/* A member's spec has its pool's number; its spares are the pool's. */
static unsigned
wanted(const struct node *node)
{
	return is_member(node) ? 0 : node->spec->spares;
}

static unsigned
count(const struct stock *stock)
{
	unsigned there = 0;

	for (const struct spare *spare = stock->spares; spare; spare = spare->next)
		there++;
	return there;
}

static bool
is_short(const struct stock *stock)
{
	return !stock->hopeless && stock->node->state == NODE_RUNNING && count(stock) < wanted(stock->node);
}

static void
line_up(struct stock *stock)
{
	struct spares *spares = &stock->runtime->spares;

	if (stock->lined_up)
		return;
	stock->lined_up = true;
	stock->next_in_line = NULL;
	if (spares->last)
		spares->last->next_in_line = stock;
	else
		spares->first = stock;
	spares->last = stock;
}

static void
leave_line(struct stock *stock)
{
	struct spares *spares = &stock->runtime->spares;
	struct stock **at = &spares->first, *before = NULL;

	for (; *at && *at != stock; at = &(*at)->next_in_line)
		before = *at;
	if (*at)
		*at = stock->next_in_line;
	if (spares->last == stock)
		spares->last = before;
	stock->lined_up = false;
}

/* A delay that runs already is the one that counts; while one is starting, it is asked again when that is over. */
static void
refill_after(struct stock *stock, int64_t delay_ns)
{
	struct loop *loop = &stock->runtime->loop;
	int64_t at_ns = loop->now_ns + delay_ns;

	if (!is_short(stock) || stock->lined_up || timer_armed(&stock->refill.timer))
		return;
	if (at_ns < stock->earliest_ns)
		at_ns = stock->earliest_ns;
	if (at_ns > loop->now_ns)
		loop_arm(loop, &stock->refill, at_ns);
	else
		line_up(stock);
}

/* --- the end of a spare --- */

static void
unlink_spare(struct spare **at, struct spare *spare)
{
	while (*at && *at != spare)
		at = &(*at)->next;
	if (*at)
		*at = spare->next;
}

/* All of it but its process, which is gone or somebody else's. */
static void
free_spare(struct spare *spare)
{
	launch_release(&spare->launched);
	if (spare->launched.state_fd >= 0)
		sys.close(spare->launched.state_fd);
	wire_free(spare->launched.wire);
	free(spare->said);
	free(spare);
}

static void
let_go(struct spare *spare)
{
	loop_unwatch(&spare->runtime->loop, &spare->process);
	table_remove(&spare->runtime->pids, &spare->by_pid);
}

/* Out of its stock. */
static void
take_out(struct spare *spare)
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

/* Kills it: it has nothing to save. It is reaped when it is dead, for nobody waits for it here. */
static void
put_down(struct spare *spare)
{
	take_out(spare);
	spare->next = spare->runtime->spares.ending;
	spare->runtime->spares.ending = spare;
	wire_close(spare->launched.wire);
	spawn_signal(&spare->launched.spawned, SIGKILL);
}

static void
dismiss(struct spare *spare, const char *why)
{
	events_note(spare->runtime, "spare_ended", spare->stock->node->path, 0, "pid %d: %s",
		(int)spare->launched.spawned.pid, why);
	put_down(spare);
}

/* It is of no use any more, by itself. To be called while it is in its stock; another one is begun later. */
static void
note_loss(struct spare *spare, const char *why)
{
	struct tractor_runtime *runtime = spare->runtime;
	struct stock *stock = spare->stock;

	events_note(runtime, "spare_lost", stock->node->path, 0, "pid %d: %s",
		(int)spare->launched.spawned.pid, why);
	backoff_ran(&stock->lost, &lost_backoff, runtime->loop.now_ns - spare->born_ns);
}

static void
replace(struct stock *stock)
{
	struct tractor_runtime *runtime = stock->runtime;

	stock->earliest_ns =
		runtime->loop.now_ns + backoff_next_ns(&stock->lost, &lost_backoff, &runtime->spares.random);
	refill_after(stock, 0);
}

static void
lose(struct spare *spare, const char *why)
{
	struct stock *stock = spare->stock;

	note_loss(spare, why);
	put_down(spare);
	replace(stock);
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
	take_out(spare);
	replace(stock);
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
	if (looked == 0)
		sys.group_kill(spawned->pid, SIGKILL); /* while its number can't be anybody else's */
	if (spawn_reap(spawned, &info, &usage) < 0)
		info = (siginfo_t){ .si_code = CLD_KILLED,
			.si_status = SIGKILL }; /* by somebody else in this program */
	if (spare->stock)
		note_death(spare, &info);
	else
		unlink_spare(&spare->runtime->spares.ending, spare);
	let_go(spare);
	sys.close(spawned->pidfd);
	*spawned = (struct spawned){ .pidfd = -1 };
	free_spare(spare);
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

	wire_expect(spare->launched.wire, 0);
	spare->runtime->spares.starting = NULL;
	loop_disarm(&spare->runtime->loop, &stock->refill);
	events_note(spare->runtime, "spare_ready", stock->node->path, 0, "pid %d",
		(int)spare->launched.spawned.pid);
	refill_after(stock, 0);
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
		atomic_fetch_add_explicit(&spare->launched.box->heard, 1, memory_order_relaxed);
		const char *why = bad ? "what it said is no frame" : keep_hello(spare, &frame, payload);
		if (why)
			lose(spare, why);
		else
			is_ready(spare);
	}
	/* Its death is on the way, and will be noted with its cause; if not, now it is. */
	if (spare->stock && spare->said && wire_drained(wire))
		spawn_signal(&spare->launched.spawned, SIGKILL);
}

/* It is at the other end of its link, and was heard. */
static bool
can_be_named(const struct spare *spare)
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
		origin_of(runtime, node->spec); /* before: a file that is replaced meanwhile is another */
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
static tractor_err
begin(struct stock *stock)
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
		free_spare(spare);
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

/* The host is left alone for a while by all spares together, as by restarts. */
static void
pause_refills(struct tractor_runtime *runtime)
{
	struct spares *spares = &runtime->spares;
	int64_t delay_ns = backoff_next_ns(&spares->host, &backoff_of_host, &spares->random);

	loop_arm(&runtime->loop, &spares->pause, runtime->loop.now_ns + delay_ns);
}

/* Whatever it is but the host, it is as a loss. */
static void
not_begun(struct stock *stock, tractor_err err)
{
	bool refused = err == TRACTOR_ESYSTEM || err == TRACTOR_ENOMEM;

	events_note(stock->runtime, refused ? "spare_refused" : "spare_lost", stock->node->path, 0, "%s",
		err == TRACTOR_ENOMEM ? "out of memory" : tractor_why());
	if (!refused) {
		replace(stock);
		return;
	}
	line_up(stock);
	pause_refills(stock->runtime);
}

/* So many as are too many, and those that could not be named. */
static void
weed(struct stock *stock)
{
	struct origin now = origin_of(stock->runtime, stock->node->spec);
	unsigned kept = 0;

	for (struct spare *spare = stock->spares, *next; spare; spare = next) {
		next = spare->next;
		if (!same_origin(&spare->origin, &now))
			dismiss(spare, "what it was started from is another now");
		else if (kept == wanted(stock->node))
			dismiss(spare, "it is one too many");
		else
			kept++;
	}
}

/* Whether there is nothing now that a spare would be in the way of. */
static bool
is_quiet(struct tractor_runtime *runtime)
{
	return !runtime->closing && !runtime->spares.starting && !timer_armed(&runtime->spares.pause.timer) &&
	       !tree_is_starting(runtime->tree);
}

/* The host may be asked again, and will be: whatever is due is followed by spares_tick(). */
static void
pause_over(void *arg)
{
	(void)arg;
}

static void
due(void *arg)
{
	struct stock *stock = arg;
	struct spare *starting = stock->runtime->spares.starting;

	if (starting && starting->stock == stock)
		lose(starting, "it said no hello in time; is it linked with libtractor-actor?");
	else
		refill_after(stock, 0);
}

/* Stocks for which there was no memory. */
static void
make_missing(struct tractor_runtime *runtime)
{
	runtime->spares.missing = false;
	for (struct node *node = tree_root(runtime->tree); node; node = tree_next(runtime->tree, node))
		spares_changed(runtime, node);
}

void
spares_tick(struct tractor_runtime *runtime)
{
	struct spares *spares = &runtime->spares;

	if (spares->missing && is_quiet(runtime))
		make_missing(runtime);
	while (spares->first && is_quiet(runtime)) {
		struct stock *stock = spares->first;
		leave_line(stock);
		if (!is_short(stock))
			continue;
		weed(stock);
		tractor_err err = begin(stock);
		if (err == TRACTOR_OK)
			backoff_ran(&spares->host, &backoff_of_host, backoff_of_host.reset_ns);
		else
			not_begun(stock, err);
	}
}

/* --- naming one --- */

/* That it is dead may not have been noticed yet. */
static bool
is_alive(const struct spare *spare)
{
	siginfo_t info = { .si_code = 0 };
	struct rusage usage;

	return sys.wait(spare->launched.spawned.pidfd, WEXITED | WNOWAIT | WNOHANG, &info, &usage) == 0 &&
	       info.si_pid == 0;
}

static struct spare *
choose(struct stock *stock, const struct spec *spec)
{
	struct origin now;

	if (!stock->spares)
		return NULL;
	now = origin_of(stock->runtime, spec);
	for (struct spare *spare = stock->spares, *next; spare; spare = next) {
		next = spare->next;
		if (!same_origin(&spare->origin, &now))
			dismiss(spare, "what it was started from is another now");
		else if (can_be_named(spare) && is_alive(spare))
			return spare;
	}
	return NULL;
}

static bool
copy(int from, off_t from_at, int to, off_t to_at, uint64_t size)
{
	uint8_t piece[PIECE_BYTES];

	while (size > 0) {
		size_t most = size < sizeof(piece) ? (size_t)size : sizeof(piece);
		ssize_t got = sys.pread(from, piece, most, from_at);
		if (got <= 0 || sys.pwrite(to, piece, (size_t)got, to_at) != got)
			return false;
		from_at += got;
		to_at += got;
		size -= (uint64_t)got;
	}
	return true;
}

/* What its predecessor's state was, if that may matter to it. False: it can't have it, and a process that is started can. */
static bool
bring_state(const struct slot *slot, const struct spare *spare)
{
	int from = slot->state_fd, to = spare->launched.state_fd;
	uint8_t head[TRI_STATE_HEAD_BYTES];
	uint64_t at, size;

	if (!slot->panicked_before || from < 0)
		return true;
	ssize_t got = sys.pread(from, head, sizeof(head), 0);
	if (got == 0)
		return true; /* it is not durable */
	if (got != (ssize_t)sizeof(head))
		return false;
	if (!tri_state_find(head, slot->whole, &at, &size))
		return true;
	if (size > STATE_MAX_BYTES || !copy(from, (off_t)at, to, sizeof(head), size))
		return false;
	tri_state_begin(head, size, slot->whole);
	return sys.pwrite(to, head, sizeof(head), 0) == (ssize_t)sizeof(head);
}

/* Which incarnation it is, where its mailbox goes on, and what is to befall it. */
static void
fill_box(struct slot *slot, struct tri_blackbox *box)
{
	box->incarnation = slot->incarnation;
	atomic_store(&box->done, slot_delivered(slot));
	if (slot->plan.size_bytes > 0)
		box->plan = slot->plan;
}

/* Its wire for the slot's own, which is closed. */
static void
exchange_wires(struct slot *slot, struct spare *spare)
{
	struct wire *closed = slot->wire;

	slot->wire = spare->launched.wire;
	spare->launched.wire = closed;
	wire_give(slot->wire, hearing_ready, slot);
}

static bool
adopt(struct slot *slot, struct spare *spare)
{
	int state_before = slot->state_fd;

	fill_box(slot, spare->launched.box);
	let_go(spare);
	exchange_wires(slot, spare);
	bool adopted = slot_adopt(slot, &spare->launched) == TRACTOR_OK;
	if (state_before >= 0 && slot->state_fd != state_before)
		sys.close(state_before);
	if (adopted)
		slot->plan.size_bytes = 0;
	else
		slot_clear(slot);
	return adopted;
}

bool
spares_name(struct slot *slot)
{
	struct tractor_runtime *runtime = slot->runtime;
	struct stock *stock = stock_of(runtime, is_member(slot->node) ? slot->node->parent : slot->node);
	struct spare *spare = stock ? choose(stock, slot->node->spec) : NULL;

	if (!spare || !bring_state(slot, spare))
		return false;
	take_out(spare);
	bool adopted = adopt(slot, spare);
	if (adopted) {
		events_note(runtime, "spare_named", slot->node->path, slot->incarnation, "pid %d",
			(int)slot->pid);
		hearing_hello(slot, &spare->hello, spare->said);
	}
	free_spare(spare);
	refill_after(stock, QUIET_NS);
	return adopted;
}

/* --- stocks come and go --- */

static void
make_stock(struct tractor_runtime *runtime, struct node *node)
{
	struct stock *stock = calloc(1, sizeof(*stock));

	if (!stock || loop_reserve(&runtime->loop, 1) != TRACTOR_OK) {
		free(stock);
		events_note(runtime, "spare_refused", node->path, 0, "out of memory");
		runtime->spares.missing = true;
		pause_refills(runtime);
		return;
	}
	*stock = (struct stock){ .runtime = runtime, .node = node, .refill = { .due = due, .arg = stock } };
	table_add(&runtime->spares.stocks, &stock->by_node, node->id, 0);
	refill_after(stock, QUIET_NS);
}

static void
free_stock(struct stock *stock)
{
	for (struct spare *spare = stock->spares, *next; spare; spare = next) {
		next = spare->next;
		put_down(spare);
	}
	leave_line(stock);
	loop_disarm(&stock->runtime->loop, &stock->refill);
	loop_reserve(&stock->runtime->loop, -1);
	table_remove(&stock->runtime->spares.stocks, &stock->by_node);
	free(stock);
}

void
spares_changed(struct tractor_runtime *runtime, struct node *node)
{
	struct stock *stock = stock_of(runtime, node);

	if (stock && (node->state == NODE_STOPPED || node->state == NODE_GONE))
		free_stock(stock);
	else if (stock)
		refill_after(stock, QUIET_NS);
	else if (wanted(node) > 0 && node->state == NODE_RUNNING)
		make_stock(runtime, node);
}

void
spares_renewed(struct tractor_runtime *runtime, struct node *node)
{
	struct stock *stock = stock_of(runtime, node);

	if (stock && wanted(node) == 0) {
		free_stock(stock);
	} else if (stock) {
		stock->hopeless = false;
		weed(stock);
	}
	spares_changed(runtime, node);
}

void
spares_forget(struct tractor_runtime *runtime, struct node *node)
{
	struct stock *stock = stock_of(runtime, node);

	if (stock)
		free_stock(stock);
}

unsigned
spares_ready(struct tractor_runtime *runtime, const struct node *node, pid_t *ret_pids, unsigned room)
{
	struct stock *stock = stock_of(runtime, node);
	unsigned ready = 0;

	for (struct spare *spare = stock ? stock->spares : NULL; spare && ready < room; spare = spare->next)
		if (can_be_named(spare))
			ret_pids[ready++] = spare->launched.spawned.pid;
	return ready;
}

tractor_err
spares_open(struct tractor_runtime *runtime)
{
	struct spares *spares = &runtime->spares;

	spares->random = tri_now_ns();
	spares->pause = (struct alarm){ .due = pause_over };
	tractor_err err = table_init(&spares->stocks);
	return err == TRACTOR_OK ? loop_reserve(&runtime->loop, 1) : err;
}

void
spares_close(struct tractor_runtime *runtime)
{
	for (struct spare *spare; (spare = runtime->spares.ending);) {
		runtime->spares.ending = spare->next;
		let_go(spare);
		free_spare(spare);
	}
	table_free(&runtime->spares.stocks);
}
