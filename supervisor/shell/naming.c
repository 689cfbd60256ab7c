/*
 * naming.c: a spare becomes somebody: a slot that is to be started adopts it, and its hello is heard then. What it would have inherited (state, place in the mailbox, faults) is put into its memory before it is
 * welcomed. One that has another program, directory or environment than a start would have now is never named. Whatever goes wrong here, the slot starts a process as ever.
 */
#include <stdatomic.h>
#include <sys/wait.h>

#include "slot.h"
#include "spares_private.h"
#include "state.h"
#include "sys.h"
#include "wire.h"

#define STATE_MAX_BYTES ((uint64_t)1 << 20) /* more of it takes longer to copy than a start takes */
#define PIECE_BYTES 16384

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
	now = origin_now(stock->runtime, spec);
	for (struct spare *spare = stock->spares, *next; spare; spare = next) {
		next = spare->next;
		if (!origin_same(&spare->origin, &now))
			spare_dismiss(spare, "what it was started from is another now");
		else if (spare_can_be_named(spare) && is_alive(spare))
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
	spare_let_go(spare);
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
naming_start(struct slot *slot)
{
	struct tractor_runtime *runtime = slot->runtime;
	struct stock *stock = spares_stock_for(runtime, slot->node);
	struct spare *spare = stock ? choose(stock, slot->node->spec) : NULL;

	if (!spare || !bring_state(slot, spare))
		return false;
	spare_take_out(spare);
	bool adopted = adopt(slot, spare);
	if (adopted) {
		events_note(runtime, "spare_named", slot->node->path, slot->incarnation, "pid %d",
			(int)slot->pid);
		hearing_hello(slot, &spare->hello, spare->said);
	}
	spare_free(spare);
	spares_refill(stock, SPARES_QUIET_NS);
	return adopted;
}
