/*
 * bypasses.c: lanes between two actors, past us (actor/bypass.h): when they are laid, marked and closed, and when they go. The memory is ours. It must not know what is in one. Where there is no memory and no fd for
 * another, or the process wants none, the two go on by us.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bypasses_private.h"
#include "control.h"
#include "settings.h"
#include "shared.h"
#include "sys.h"

#define BYPASS_AFTER 32 /* messages from one actor to another by us, until they are worth a bypass */
#define HANDED 3

/* --- laying --- */

/* Memory for both: one can write there by fds[0], the other only read by fds[1]. NULL: there is none, or no fds. */
static void *
make_part(const char *name, size_t size, int fds[2])
{
	const char *call;
	char path[48];
	void *part = shared_make(name, size, &fds[0], &call);

	if (!part)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	fds[1] = sys.open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fds[1] >= 0)
		return part;
	munmap(part, size);
	return NULL;
}

static void
close_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			sys.close(fds[i]);
}

static void
free_bypass(struct bypass *bypass)
{
	if (bypass->sends)
		munmap(bypass->sends, sizeof(*bypass->sends));
	if (bypass->receives)
		munmap(bypass->receives, sizeof(*bypass->receives));
	free(bypass);
}

static void
say(struct slot *slot, enum tri_frame_kind kind, uint64_t number)
{
	struct tri_frame frame = tri_frame(kind);

	frame.correlation = number;
	slot_send(slot, &frame, NULL, 0);
}

/* What understands what, for the sender. Until the arena is reset. */
static struct tractor_bytes
served_by(struct tri_arena *arena, const struct slot *slot)
{
	uint64_t *ids = tri_arena_alloc(arena, slot->schema_count * sizeof(*ids));

	for (size_t i = 0; ids && i < slot->schema_count; i++)
		ids[i] = slot->schemas[i]->fingerprint;
	return (struct tractor_bytes){ .data = (uint8_t *)ids,
		.size = ids ? slot->schema_count * sizeof(*ids) : 0 };
}

/* Hands one end over: first what lies at the socket, then the word that it does. */
static bool
offer(struct slot *slot, const struct bypass *bypass, const int fds[HANDED])
{
	struct tri_arena *arena = &slot->runtime->arena;
	struct tri_frame frame = tri_frame(TRI_FRAME_BYPASS);
	bool sends = slot == bypass->from;
	struct tri_bypass_offer words = { .number = bypass->number,
		.peer = sends ? bypass->to->node->id : bypass->from->node->id,
		.sends = sends,
		.mailbox = bypass->to->node->spec->mailbox,
		.who = wire_who(sends ? bypass->to->wire : bypass->from->wire) };

	if (sys.send_fds(slot->socket, bypass->number, fds, HANDED) < 0)
		return false;
	if (sends)
		words.serves = served_by(arena, bypass->to);
	tractor_err err = slot_send_record(slot, &frame, &tri_record_tri_bypass_offer, &words);
	tri_arena_reset(arena);
	return err == TRACTOR_OK;
}

/* Whether asks can go from one to the other past us, from any to any: then a bypass back would close a circle. Each is looked at once in a `walk`. */
static bool
leads_to(struct slot *from, const struct slot *to, uint64_t walk)
{
	if (from == to)
		return true;
	if (from->bypass_walk == walk)
		return false;
	from->bypass_walk = walk;
	for (const struct bypass *bypass = from->bypasses_out; bypass; bypass = bypass->next_out)
		if (!bypass->circle && leads_to(bypass->to, to, walk))
			return true;
	return false;
}

static struct bypass *
make_bypass(struct slot *from, struct slot *to, int parts[2][2])
{
	struct bypass *bypass = calloc(1, sizeof(*bypass));

	if (!bypass)
		return NULL;
	*bypass = (struct bypass){ .from = from,
		.to = to,
		.sender = from->node->id,
		.incarnation = from->incarnation,
		.number = ++from->runtime->bypass_number };
	bypass->sends = make_part("tractor-bypass", sizeof(*bypass->sends), parts[0]);
	bypass->receives =
		bypass->sends ? make_part("tractor-bypass", sizeof(*bypass->receives), parts[1]) : NULL;
	if (bypass->receives)
		return bypass;
	free_bypass(bypass);
	return NULL;
}

static void
enlist(struct bypass *bypass)
{
	bypass->next_out = bypass->from->bypasses_out;
	bypass->next_in = bypass->to->bypasses_in;
	bypass->from->bypasses_out = bypass->to->bypasses_in = bypass;
}

void
bypass_strike_out(struct bypass *bypass)
{
	if (!bypass->from)
		return;
	struct bypass **at = &bypass->from->bypasses_out;
	while (*at != bypass)
		at = &(*at)->next_out;
	*at = bypass->next_out;
	bypass->from = NULL;
}

static void
strike_in(struct bypass *bypass)
{
	struct bypass **at = &bypass->to->bypasses_in;

	while (*at != bypass)
		at = &(*at)->next_in;
	*at = bypass->next_in;
}

void
bypass_close(struct bypass *bypass)
{
	if (bypass->closed)
		return;
	bypass->closed = true;
	tri_lane_close(&bypass->sends->messages);
	if (bypass->from)
		say(bypass->from, TRI_FRAME_CLOSED, bypass->number);
	say(bypass->to, TRI_FRAME_CLOSED, bypass->number);
}

void
bypass_remove(struct bypass *bypass)
{
	bypass->to->bypass_handled += atomic_load(&bypass->receives->handled);
	strike_in(bypass);
	bypass_strike_out(bypass);
	free_bypass(bypass);
}

/* What the host has nothing for is left as it is: by us. */
static void
lay(struct slot *from, struct slot *to)
{
	int parts[2][2] = { { -1, -1 }, { -1, -1 } }, bells[2] = { -1, -1 };
	struct bypass *bypass = make_bypass(from, to, parts);

	if (bypass && sys.socketpair(bells) == 0) {
		const int for_from[HANDED] = { parts[0][0], parts[1][1], bells[0] },
			  for_to[HANDED] = { parts[1][0], parts[0][1], bells[1] };
		bypass->circle = leads_to(to, from, bypass->number);
		uint32_t circle = bypass->circle ? TRI_ROUNDABOUT_CIRCLE : 0,
			 waits = to->goes_roundabout ? TRI_ROUNDABOUT_WAITS : 0;
		atomic_store(&bypass->sends->roundabout, circle | waits);
		enlist(bypass);
		if (!offer(to, bypass, for_to))
			bypass_remove(bypass);
		else if (!offer(from, bypass, for_from))
			bypass_close(bypass);
	} else if (bypass) {
		free_bypass(bypass);
	}
	close_all(bells, 2);
	close_all(parts[0], 2);
	close_all(parts[1], 2);
}

/* --- when it is worth it --- */

/* What it takes in hand past us we would not see begin. */
static bool
is_watched(const struct spec *spec)
{
	return spec->handler_timeout_ns > 0 || spec->handler_cpu_timeout_ns > 0;
}

static bool
can_have(const struct slot *slot)
{
	return slot && slot->ready && slot->socket >= 0 && !slot->dead && !slot->asked_to_stop &&
	       wire_uses_lanes(slot->wire);
}

static bool
has_bypass_to(const struct slot *from, const struct slot *to, size_t *ret_count)
{
	*ret_count = 0;
	for (const struct bypass *bypass = from->bypasses_out; bypass; bypass = bypass->next_out) {
		++*ret_count;
		if (bypass->to == to)
			return true;
	}
	return false;
}

static size_t
count_in(const struct slot *to)
{
	size_t count = 0;

	for (const struct bypass *bypass = to->bypasses_in; bypass; bypass = bypass->next_in)
		count++;
	return count;
}

/* A tally for each of a few to whom an actor sends. Where two would have the same it stays with the first until that is worth a bypass, or seems to be done: or who sends to both in turn would never have one to either. */
static bool
is_worth_it(struct slot *slot, uint64_t target)
{
	struct bypass_tally *tally = &slot->tallies[target % BYPASS_TALLIES];

	if (tally->target != target && tally->target != 0 && ++tally->others < slot->runtime->bypass_after)
		return false;
	if (tally->target != target)
		*tally = (struct bypass_tally){ .target = target };
	tally->others = 0;
	if (++tally->count < slot->runtime->bypass_after)
		return false;
	*tally = (struct bypass_tally){ .target = 0 };
	return true;
}

void
bypass_note(struct slot *slot, const struct tri_frame *frame)
{
	size_t count;

	if (slot->runtime->bypass_after == 0 || !is_worth_it(slot, frame->target))
		return;
	struct slot *to = slot_by_id(slot->runtime, frame->target);
	if (!can_have(slot) || !can_have(to) || to == slot || to->node->spec->redeliver ||
		is_watched(to->node->spec) || slot->refuses_bypass || to->refuses_bypass)
		return;
	if (!has_bypass_to(slot, to, &count) && count < BYPASSES_MAX && count_in(to) < BYPASSES_MAX)
		lay(slot, to);
}

void
bypass_begin(struct tractor_runtime *runtime)
{
	runtime->bypass_after = settings_lanes() == SETTINGS_LANES_EAGER ? 1 : BYPASS_AFTER;
}

/* --- ending --- */

void
bypass_close_to(struct slot *slot)
{
	for (struct bypass *bypass = slot->bypasses_in; bypass; bypass = bypass->next_in)
		bypass_close(bypass);
}

/* The sender's refusal of an offer, or its word that it can't be read, or the receiver's last. */
void
bypass_ended(struct slot *slot, uint64_t number, bool wants_none)
{
	struct bypass *bypass = slot->bypasses_out;

	slot->refuses_bypass = slot->refuses_bypass || wants_none;
	while (bypass && bypass->number != number)
		bypass = bypass->next_out;
	if (bypass) {
		bypass_close(bypass);
		return;
	}
	for (bypass = slot->bypasses_in; bypass && bypass->number != number;)
		bypass = bypass->next_in;
	if (!bypass)
		return;
	struct slot *from = bypass->from;
	bypass_close(bypass);
	bypass_remove(bypass);
	if (from)
		bypass_waits_no_more(from); /* for us nothing else leads to it from here */
}

/* --- marks --- */

void
bypass_mark(struct slot *slot, const struct tri_frame *frame)
{
	const uint64_t mark[] = { frame->message, frame->correlation };
	struct router *router = slot->runtime->router;
	struct bypass *bypass = slot->bypasses_out;

	while (bypass && (bypass->number != frame->message || bypass->to->node->id != frame->target))
		bypass = bypass->next_out;
	/* One that is not sent on is asked for again; what waits for room would come behind it. */
	if (!bypass || bypass->closed || bypass->has_mark ||
		router_is_crowded(router, slot->node->id, frame->target))
		return;
	bypass->has_mark = true; /* from now on: it may be on its way before router_post() returns */
	if (router_post(router, frame->target, ROUTER_MARK, slot->node->id, (const uint8_t *)mark,
		    sizeof(mark)) != TRACTOR_OK)
		bypass->has_mark = false;
}

void
bypass_marked(struct slot *slot, uint64_t number)
{
	struct bypass *bypass = slot->bypasses_in;

	while (bypass && bypass->number != number)
		bypass = bypass->next_in;
	if (bypass)
		bypass->has_mark = false;
}
