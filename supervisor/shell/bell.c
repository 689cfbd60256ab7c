/*
 * bell.c: which wires are to be heard: those whose sockets or doorbells had news, those that were not heard out, and those that the host refused something. Every one that was heard is warm for a while: its lane is looked
 * at, and it needs not ring. Before the runtime sleeps all are cold; and where it doesn't sleep, those that have had no news for long, so that a look takes no longer the more wires there are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared.h"
#include "sys.h"
#include "why.h"
#include "wire_private.h"

#define BELL_BATCH 64
#define RETRY_NS       \
	(INT64_C(10) * \
		1000000) /* after the host had no memory or no fd: it would have none at once, either */
#define WARM_LOOKS \
	16384 /* at all wires together, without news of one: about as long as one who waits looks before it sleeps (spin.h) */

static bool
make_rung(struct bell *bell)
{
	const char *call;
	struct tri_rung *rung = shared_make("tractor-rung", sizeof(*rung), &bell->rung_fd, &call);

	tri_rung_begin(&bell->rung, rung, TRI_RUNG_SUPERVISOR);
	return rung != NULL;
}

tractor_err
bell_open(struct bell *bell)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

	*bell = (struct bell){
		.again = -1, .rung_fd = -1, .retry_ns = INT64_MAX, .frame = malloc(TRI_LANE_FRAME_MAX)
	};
	tri_spin_begin(&bell->spin);
	bell->fd = bell->frame ? sys.epoll_create() : -1;
	if (bell->fd >= 0)
		bell->again = sys.eventfd();
	if (bell->fd >= 0 && bell->again >= 0 && make_rung(bell) &&
		sys.epoll_ctl(bell->fd, EPOLL_CTL_ADD, bell->again, &event) == 0)
		return TRACTOR_OK;
	tractor_err err = bell->frame ? tri_why(TRACTOR_ESYSTEM, "no fds for the links: %s", strerror(errno))
				      : TRACTOR_ENOMEM;
	bell_close(bell);
	return err;
}

void
bell_close(struct bell *bell)
{
	if (bell->fd >= 0)
		sys.close(bell->fd);
	if (bell->fd >= 0 && bell->again >= 0)
		sys.close(bell->again);
	if (bell->fd >= 0 && bell->rung_fd >= 0)
		sys.close(bell->rung_fd);
	tri_rung_close(&bell->rung);
	free(bell->frame);
	bell->frame = NULL;
	bell->fd = bell->again = bell->rung_fd = -1;
}

/* --- those that are to be heard --- */

void
bell_ring(struct wire *wire)
{
	struct bell *bell = wire->bell;

	if (wire->ringing)
		return;
	wire->ringing = true;
	wire->next = NULL;
	if (bell->last)
		bell->last->next = wire;
	else
		bell->first = wire;
	bell->last = wire;
}

void
bell_wait_out(struct wire *wire, int error)
{
	struct bell *bell = wire->bell;

	wire->trouble = error;
	bell_ring(wire);
	if (bell->retry_ns == INT64_MAX)
		bell->retry_ns = (int64_t)tri_now_ns() + RETRY_NS;
}

static void
take_off(struct wire *wire)
{
	struct bell *bell = wire->bell;
	struct wire **at = &bell->first, *before = NULL;

	for (; *at && *at != wire; at = &(*at)->next)
		before = *at;
	if (*at) {
		*at = wire->next;
		if (bell->last == wire)
			bell->last = before;
	}
	wire->ringing = false;
}

void
bell_remind(struct bell *bell)
{
	uint64_t one = 1;

	if (sys.write(bell->again, &one, sizeof(one)) < 0 && errno != EAGAIN && bell->retry_ns == INT64_MAX)
		bell->retry_ns = (int64_t)tri_now_ns() + RETRY_NS; /* then they are heard all the same */
}

void
wire_again(struct wire *wire)
{
	bell_ring(wire);
	bell_remind(wire->bell);
}

/* --- warm ones --- */

static bool
is_warm(const struct wire *wire)
{
	return wire->warmer || wire->bell->warmest == wire;
}

static void
cool(struct wire *wire)
{
	struct bell *bell = wire->bell;

	if (!is_warm(wire))
		return;
	*(wire->warmer ? &wire->warmer->cooler : &bell->warmest) = wire->cooler;
	*(wire->cooler ? &wire->cooler->warmer : &bell->coolest) = wire->warmer;
	wire->warmer = wire->cooler = NULL;
	bell->warm_count--;
}

/* It was heard: the warmest of all. */
static void
warm(struct wire *wire)
{
	struct bell *bell = wire->bell;

	if (!wire->lanes.up.out)
		return;
	wire->heard_at = bell->looks;
	if (bell->warmest == wire)
		return;
	if (is_warm(wire))
		cool(wire);
	else
		tri_lane_wake(&wire->lanes.up);
	wire->cooler = bell->warmest;
	*(bell->warmest ? &bell->warmest->warmer : &bell->coolest) = wire;
	bell->warmest = wire;
	bell->warm_count++;
}

/*
 * From now on it rings. True: it has something already, and is to be heard. What comes after something that the socket brings will be heard with that. Who has yet to take what we sent may be awake and have no processor, and
 * then nobody rings it.
 */
static bool
cool_down(struct wire *wire)
{
	cool(wire);
	if (tri_lane_sleep(&wire->lanes.up) || wire->lanes.behind) {
		if (!tri_lane_is_taken(&wire->lanes.down))
			tri_rung_note(&wire->bell->rung, wire->lanes.who);
		return false;
	}
	bell_ring(wire);
	return true;
}

bool
bell_has_warm(const struct bell *bell)
{
	return bell->warmest != NULL;
}

/* Of them all, whether it has had no news for too long. */
static bool
is_overdue(const struct wire *wire)
{
	const struct bell *bell = wire->bell;

	return !wire->ringing && (bell->looks - wire->heard_at) * bell->warm_count > WARM_LOOKS;
}

bool
bell_look(struct bell *bell)
{
	bool any = false;

	bell->looks++;
	for (struct wire *wire = bell->warmest; wire; wire = wire->cooler)
		if (wirelanes_have_news(wire)) {
			bell_ring(wire);
			any = true;
		}
	while (bell->coolest && is_overdue(bell->coolest))
		if (cool_down(bell->coolest))
			any = true;
	return any;
}

bool
bell_sleep(struct bell *bell)
{
	bool any = false;

	tri_rung_came(&bell->rung);
	while (bell->warmest)
		if (cool_down(bell->warmest))
			any = true;
	return !any;
}

void
bell_strike(struct wire *wire)
{
	take_off(wire);
	cool(wire);
}

/* --- answering --- */

static void
note_news(struct bell *bell)
{
	struct epoll_event events[BELL_BATCH];
	int count = sys.epoll_wait(bell->fd, events, BELL_BATCH, 0);
	uint64_t times;

	for (int i = 0; i < count; i++) {
		struct wire_source *source = events[i].data.ptr;
		if (source) {
			bell_ring(source->wire);
			if (!source->is_doorbell)
				source->wire->knocked = source->wire->readable = true;
		} else {
			(void)!sys.read(bell->again, &times, sizeof(times));
		}
	}
}

void
bell_hear(struct bell *bell)
{
	tri_rung_came(&bell->rung);
	/* Those that ring again meanwhile have rung the eventfd too: the next turn is theirs. */
	int count = 0;
	for (const struct wire *wire = bell->first; wire; wire = wire->next)
		count++;
	for (struct wire *wire; count > 0 && (wire = bell->first); count--) {
		take_off(wire);
		wire_attend(wire);
		warm(wire);
		wire->ready(wire->owner);
	}
}

void
bell_answer(struct bell *bell)
{
	bell->retry_ns = INT64_MAX;
	note_news(bell);
	bell_hear(bell);
}
