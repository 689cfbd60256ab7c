/*
 * bell.c: which wires are to be heard: those whose sockets or doorbells had news, those that were not heard out, and those that the host refused something. Every one that was heard is warm for a while: its lane is looked
 * at, and it needs not ring. Before the runtime sleeps all are cold.
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

static void
cool(struct wire *wire)
{
	if (!wire->warm_at)
		return;
	*wire->warm_at = wire->next_warm;
	if (wire->next_warm)
		wire->next_warm->warm_at = wire->warm_at;
	wire->warm_at = NULL;
}

static void
warm(struct wire *wire)
{
	struct bell *bell = wire->bell;

	if (wire->warm_at || !wire->lanes.up.out)
		return;
	tri_lane_wake(&wire->lanes.up);
	wire->next_warm = bell->warm;
	if (bell->warm)
		bell->warm->warm_at = &wire->next_warm;
	bell->warm = wire;
	wire->warm_at = &bell->warm;
}

bool
bell_has_warm(const struct bell *bell)
{
	return bell->warm != NULL;
}

bool
bell_look(struct bell *bell)
{
	bool any = false;

	for (struct wire *wire = bell->warm; wire; wire = wire->next_warm)
		if (wirelanes_have_news(wire)) {
			bell_ring(wire);
			any = true;
		}
	return any;
}

bool
bell_sleep(struct bell *bell)
{
	bool any = false;

	tri_rung_came(&bell->rung);
	for (struct wire *wire; (wire = bell->warm);) {
		cool(wire);
		/* One that comes after what the socket brings will be heard with that. */
		if (!tri_lane_sleep(&wire->lanes.up) && !wire->lanes.behind) {
			bell_ring(wire);
			any = true;
		} else if (!tri_lane_is_taken(&wire->lanes.down)) {
			tri_rung_note(&bell->rung, wire->lanes.who);
		}
	}
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
