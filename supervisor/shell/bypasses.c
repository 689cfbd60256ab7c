/*
 * bypasses.c: lanes between two actors, past us (actor/bypass.h): when they are laid, and what becomes of them and of what is in them when either end dies or is to be sent to no more.
 *
 * The memory is ours. A sender that dies leaves all that it had sent to its receiver; a receiver that dies leaves what it had not handled to us: we close the lane, which nobody can then send by, and take every
 * message into the router as if it had come by us (router_adopt()). What is in there was written by a process that may have gone wrong, so it is copied, and what can't be ends it; who wrote that
 * can't be known for sure, so nobody is killed for it.
 *
 * Whoever waits for somebody past us says so in its black box, before it looks whether asks are to go roundabout; we say that they are, before we look there. So of two that begin to wait for each other at the same
 * moment one at least is seen. What only asks past us could close, a circle of bypasses, is never open to asks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bypass.h"
#include "shell.h"
#include "sys.h"

#define BYPASS_AFTER 32 /* messages from one actor to another by us, until they are worth a bypass */
#define BYPASSES_MAX 32 /* of an actor, each way: each costs either end an fd */
#define HANDED 3
#define DUTIES_MAX 65536 /* asks that an actor may have deferred, and be asked more past us */
#define DUTIES_LEFT \
	(BYPASSES_MAX * TRI_LANE_BYTES / sizeof(struct tri_frame)) /* what may be in its lanes then */

struct bypass {
	struct bypass *next_out, *next_in; /* of `from`, of `to` */
	struct slot *from, *to;		   /* `from` NULL: it is dead, and the receiver takes what it left */
	uint64_t sender;		   /* the id of `from` */
	uint32_t incarnation;		   /* of `from` */
	uint64_t number;
	bool closed;
	bool circle;   /* asks by it might go in one */
	bool has_mark; /* one is on its way */
	struct tri_bypass_from *sends;
	struct tri_bypass_to *receives;
};

/* --- laying --- */

/* Memory for both: one can write there by fds[0], the other only read by fds[1]. NULL: there is none, or no fds. */
static void *
make_part(const char *name, size_t size, int fds[2])
{
	char path[48];

	fds[0] = sys.memfd(name, MFD_ALLOW_SEALING);
	/* Who could shrink it could end us with SIGBUS. */
	if (fds[0] < 0 || sys.ftruncate(fds[0], (off_t)size) < 0 ||
		sys.seal(fds[0], F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	fds[1] = sys.open(path, O_RDONLY | O_CLOEXEC, 0);
	void *map = fds[1] < 0 ? MAP_FAILED : sys.mmap(fds[0], size);
	return map == MAP_FAILED ? NULL : map;
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
		.mailbox = bypass->to->node->spec->mailbox };

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

static void
strike_out(struct bypass *bypass)
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

/* Nothing more is sent by it; the receiver takes what is there, and says when it has. */
static void
close_bypass(struct bypass *bypass)
{
	if (bypass->closed)
		return;
	bypass->closed = true;
	tri_lane_close(&bypass->sends->messages);
	if (bypass->from)
		say(bypass->from, TRI_FRAME_CLOSED, bypass->number);
	say(bypass->to, TRI_FRAME_CLOSED, bypass->number);
}

static void
remove_bypass(struct bypass *bypass)
{
	bypass->to->bypass_handled += atomic_load(&bypass->receives->handled);
	strike_in(bypass);
	strike_out(bypass);
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
			remove_bypass(bypass);
		else if (!offer(from, bypass, for_from))
			close_bypass(bypass);
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

/* A tally for each of the few that an actor sends to most. */
static bool
is_worth_it(struct slot *slot, uint64_t target)
{
	struct bypass_tally *tally = &slot->tallies[target % BYPASS_TALLIES];

	if (tally->target != target)
		*tally = (struct bypass_tally){ .target = target };
	if (++tally->count < slot->runtime->bypass_after)
		return false;
	tally->count = 0;
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
	const char *wanted = getenv("TRACTOR_LANES");

	runtime->bypass_after = !wanted ? BYPASS_AFTER : strcmp(wanted, "eager") == 0 ? 1 : BYPASS_AFTER;
}

/* --- ending --- */

void
bypass_close_to(struct slot *slot)
{
	for (struct bypass *bypass = slot->bypasses_in; bypass; bypass = bypass->next_in)
		close_bypass(bypass);
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
		close_bypass(bypass);
		return;
	}
	for (bypass = slot->bypasses_in; bypass && bypass->number != number;)
		bypass = bypass->next_in;
	if (!bypass)
		return;
	struct slot *from = bypass->from;
	close_bypass(bypass);
	remove_bypass(bypass);
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

/* --- what is left in one --- */

uint64_t
bypass_awaits(const struct slot *slot)
{
	uint64_t awaits = slot->box && slot->bypasses_out ? atomic_load(&slot->box->awaits) : 0;

	return awaits < ROUTER_PORT_FIRST ? awaits : 0;
}

static bool
waits_past_us(const struct slot *slot, const struct slot *whom)
{
	return slot && bypass_awaits(slot) == whom->node->id;
}

/* That its sender does nothing else meanwhile is its own to say: who has it to answer could say anything. */
static struct router_send
send_of(const struct bypass *bypass, const struct tri_frame *frame, const uint8_t *payload)
{
	const unsigned waits = waits_past_us(bypass->from, bypass->to) ? TRI_FLAG_BLOCKING : 0;

	return (struct router_send){ .sender = bypass->sender,
		.incarnation = bypass->incarnation,
		.correlation = frame->correlation,
		.target = bypass->to->node->id,
		.message = frame->message,
		.flags = (uint16_t)(frame->flags & (TRI_FLAG_ASK | waits)),
		.limit_ms = frame->limit_ms,
		.payload = payload,
		.payload_bytes = frame->payload_bytes };
}

/* An ask that can have come by it; the rest is who sent it to say. */
static bool
is_possible(const struct bypass *bypass, const struct tri_frame *frame)
{
	return (frame->flags & TRI_FLAG_ASK) &&
	       frame->correlation == tri_bypass_correlation(bypass->number, frame->correlation);
}

/* When it says that it was sent; not later than now, so that no limit is longer than it was. */
static int64_t
sent_ns(const struct slot *slot, const struct tri_frame *frame)
{
	int64_t now_ns = slot->runtime->loop.now_ns;

	return frame->source < (uint64_t)now_ns ? (int64_t)frame->source : now_ns;
}

/* Who waited past us for what has come to us waits by us from now on. */
static void
waits_by_us(struct slot *slot)
{
	if (slot && router_waits(slot->runtime->router, slot->node->id))
		bypass_waits(slot);
}

/* One of those that the dead receiver leaves, in a list so that the last comes first. */
struct left {
	struct left *before;
	uint64_t position;
	struct tri_frame frame;
	uint8_t payload[];
};

/* NULL: there is none any more, or no memory. */
static struct left *
take_left(struct tri_lane_receiver *lane)
{
	const void *bytes;
	size_t size;

	if (tri_lane_look(lane, &bytes, &size) != TRI_LANE_FRAME)
		return NULL;
	uint8_t *copy = malloc(size);
	struct left *left = copy ? malloc(sizeof(*left) + size) : NULL;
	bool whole = false;
	if (left) {
		memcpy(copy, bytes, size);
		left->position = lane->tail;
		whole = tri_frame_check(copy, size, &left->frame) == TRACTOR_OK &&
			left->frame.kind == TRI_FRAME_SEND;
	}
	if (whole)
		memcpy(left->payload, copy + sizeof(left->frame), left->frame.payload_bytes);
	free(copy);
	if (!whole) {
		free(left);
		return NULL;
	}
	lane->tail = lane->next;
	return left;
}

/* What the dead process had in hand; read once, for a child of its may be writing still, and no more than one can be it. */
struct hand {
	uint64_t sequence; /* 0: nothing that came past us */
	uint64_t bypass, position;
};

static struct hand
take_hand(const struct slot *slot)
{
	uint64_t sequence = slot->box ? atomic_load(&slot->box->in_hand) : 0;

	if (!(sequence & TRI_BYPASS_SEQUENCE) || slot->box->hand.sequence != sequence)
		return (struct hand){ .sequence = 0 };
	return (struct hand){
		.sequence = sequence, .bypass = slot->box->hand.bypass, .position = slot->box->hand.position
	};
}

static void
adopt_left(struct slot *slot, const struct bypass *bypass, const struct hand *hand)
{
	uint64_t tail = atomic_load(&bypass->receives->messages.tail);
	struct tri_lane_receiver lane = { .out = &bypass->sends->messages, .tail = tail };
	bool has_hand = hand->bypass == bypass->number && hand->position == tail;
	struct left *last = NULL;

	tri_lane_end(&lane); /* who goes on writing all the same writes for nobody */
	for (struct left *left; (left = take_left(&lane)); last = left)
		left->before = last;
	for (struct left *left = last; left; left = last) {
		struct router_send send = send_of(bypass, &left->frame, left->payload);
		if ((left->frame.flags & TRI_FLAG_ASK) && !is_possible(bypass, &left->frame))
			send.flags = 0; /* nobody can wait for its answer */
		router_adopt(slot->runtime->router, &send, sent_ns(slot, &left->frame),
			has_hand && left->position == tail ? hand->sequence : 0);
		waits_by_us(bypass->from);
		last = left->before;
		free(left);
	}
}

void
bypass_end(struct slot *slot)
{
	const struct hand hand = take_hand(slot);

	slot->goes_roundabout =
		false; /* for it waits for nobody any more, nor do those who waited for it past us */
	for (struct bypass *bypass = slot->bypasses_in, *next; bypass; bypass = next) {
		struct slot *from = bypass->from;
		next = bypass->next_in;
		close_bypass(bypass);
		adopt_left(slot, bypass, &hand);
		remove_bypass(bypass);
		if (from)
			bypass_waits_no_more(from);
	}
	for (struct bypass *bypass; (bypass = slot->bypasses_out);) {
		strike_out(bypass);
		close_bypass(bypass);
	}
	memset(slot->tallies, 0, sizeof(slot->tallies));
	slot->goes_roundabout = slot->refuses_bypass = false;
	slot->owes_too_much = 0;
}

/* Who asks without end is not who owes. So one that owes too much is asked by us from now on, and what is in its lanes already is all that may come. */
static bool
owes_too_much(struct slot *slot)
{
	struct router_counts counts = { .deferred = 0 };

	router_counts(slot->runtime->router, slot->node->id, &counts);
	if (counts.deferred < DUTIES_MAX)
		return false;
	if (slot->owes_too_much == 0) {
		slot->refuses_bypass = true;
		bypass_close_to(slot);
	}
	return ++slot->owes_too_much > DUTIES_LEFT;
}

void
bypass_owes(struct slot *slot, const struct tri_frame *frame)
{
	const struct bypass *bypass = slot->bypasses_in;

	while (bypass && bypass->number != frame->target)
		bypass = bypass->next_in;
	if (!bypass || !(frame->sequence & TRI_BYPASS_SEQUENCE) || !is_possible(bypass, frame) ||
		owes_too_much(slot)) {
		hearing_violated(slot, "it owes an answer for which nobody can have asked");
		return;
	}
	struct router_send send = send_of(bypass, frame, NULL);
	if (router_adopt_duty(slot->runtime->router, &send, sent_ns(slot, frame), frame->sequence) !=
		TRACTOR_OK)
		hearing_violated(slot, "it owes two answers of one number, or there was no memory for one");
	else
		waits_by_us(bypass->from);
}

/* Messages in a lane from where its receiver is. */
static size_t
count_waiting(const struct bypass *bypass)
{
	struct tri_lane_receiver lane = { .out = &bypass->sends->messages,
		.tail = atomic_load(&bypass->receives->messages.tail) };
	const void *frame;
	size_t size, count = 0;

	tri_lane_end(&lane); /* what comes meanwhile may have no end */
	for (; tri_lane_look(&lane, &frame, &size) == TRI_LANE_FRAME; count++)
		lane.tail = lane.next;
	return count;
}

void
bypass_count(const struct slot *slot, struct router_counts *counts)
{
	for (const struct bypass *bypass = slot->bypasses_in; bypass; bypass = bypass->next_in) {
		size_t waiting = count_waiting(bypass);
		uint64_t handled = atomic_load(&bypass->receives->handled);
		counts->waiting += waiting;
		counts->handled_total += handled;
		counts->accepted_total += handled + waiting;
	}
	counts->handled_total += slot->bypass_handled;
	counts->accepted_total += slot->bypass_handled;
}

/* --- who waits for whom --- */

void
bypass_waits(struct slot *slot)
{
	if (slot->goes_roundabout)
		return;
	slot->goes_roundabout = true;
	for (struct bypass *bypass = slot->bypasses_in; bypass; bypass = bypass->next_in) {
		atomic_fetch_or(&bypass->sends->roundabout, TRI_ROUNDABOUT_WAITS);
		if (waits_past_us(bypass->from, slot))
			bypass_waits(bypass->from);
	}
}

void
bypass_waits_no_more(struct slot *slot)
{
	const struct slot *awaited = slot_by_id(slot->runtime, bypass_awaits(slot));

	if (!slot->goes_roundabout || router_waits(slot->runtime->router, slot->node->id) ||
		(awaited && awaited->goes_roundabout))
		return;
	slot->goes_roundabout = false;
	for (struct bypass *bypass = slot->bypasses_in; bypass; bypass = bypass->next_in) {
		atomic_fetch_and(&bypass->sends->roundabout, ~(uint32_t)TRI_ROUNDABOUT_WAITS);
		if (bypass->from)
			bypass_waits_no_more(bypass->from);
	}
}
