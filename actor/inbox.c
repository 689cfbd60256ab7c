/*
 * inbox.c: what comes over the link, sorted: messages wait in order for their handler, answers go to who waits for them, control is done at once. And the one place
 * in which an actor sleeps.
 */
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>

#include "actor_process.h"
#include "why.h"

static volatile sig_atomic_t stop_requested;

void
tri_actor_phase(struct tri_actor *actor, enum tri_phase phase)
{
	atomic_store_explicit(&actor->box->phase, phase, memory_order_relaxed);
}

bool
tri_actor_stopping(const struct tri_actor *actor)
{
	return stop_requested || actor->finishing;
}

static void
on_sigterm(int signal)
{
	(void)signal;
	stop_requested = 1;
	if (tri_the_actor && tri_the_actor->channel.link)
		tri_uplink_ring(tri_the_actor->channel.link);
}

void
tri_take_sigterm(struct tri_actor *actor)
{
	struct sigaction action = { .sa_handler = on_sigterm };

	(void)actor;
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
}

/* Takes the packet. */
static void
sort(struct tri_actor *actor, struct tri_packet *packet)
{
	switch (packet->frame.kind) {
	case TRI_FRAME_MESSAGE:
	case TRI_FRAME_MARKED:
	case TRI_FRAME_DOWN: tri_packets_put(&actor->inbox, packet); return;
	case TRI_FRAME_ACCEPT:
		if (!tri_context_find(&actor->ctx, packet->frame.correlation)) {
			tri_held_accepted(actor, &packet->frame);
			break;
		}
		/* fall through */
	case TRI_FRAME_ANSWER: tri_context_receive(&actor->ctx, packet); return;
	case TRI_FRAME_WELCOME:
		if (actor->welcome)
			break;
		actor->welcome = packet;
		return;
	case TRI_FRAME_STOP: stop_requested = 1; break;
	case TRI_FRAME_FAREWELL: actor->farewell = true; break;
	case TRI_FRAME_BYPASS: tri_ways_offered(actor, packet); break;
	case TRI_FRAME_CLOSED: tri_ways_ended(actor, packet->frame.correlation); break;
	case TRI_FRAME_INJECT: tri_fault_planned(actor, packet); break;
	default: break;
	}
	tri_packet_free(packet);
}

const char *
tri_actor_cut_off(const struct tri_actor *actor)
{
	if (actor->channel.parcels.has_lost)
		return "out of memory or fds: there was none for a large message";
	if (tri_channel_has_lost(&actor->channel))
		return "out of memory: there was none for a message";
	/* Until it is welcomed it may dial anew. Afterwards it is nng that gives the connection up, and we know of one reason. */
	if (actor->said && tri_uplink_connection(actor->channel.link) != actor->greeted)
		return "the link to the supervisor is broken: out of memory, most likely";
	return NULL;
}

bool
tri_actor_has_mail(const struct tri_actor *actor)
{
	return actor->inbox.head || tri_ways_have_mail(&actor->channel.ways);
}

static void
take_all(struct tri_actor *actor)
{
	tri_ways_hear(actor);
	for (struct tri_packet *packet; (packet = tri_channel_take(&actor->channel));)
		sort(actor, packet);
	const char *cut_off = actor->leaving ? NULL : tri_actor_cut_off(actor);
	if (cut_off)
		tri_panic(&actor->ctx, __FILE__, __LINE__, "%s", cut_off);
}

void
tri_actor_hear(struct tri_actor *actor)
{
	tri_dispatch_took_time(actor);
	tri_blackbox_count(&actor->box->progress);
	take_all(actor);
}

/* When there was something to do: when we looked at the clock last, unless others have had the processor since. */
static void
looked_at(struct tri_actor *actor, uint64_t looked_ns)
{
	uint64_t about_ns = tri_about_now_ns();

	actor->now_ns = about_ns > looked_ns ? about_ns : looked_ns;
}

tractor_err
tri_actor_wait(struct tri_actor *actor, struct pollfd *fds, size_t count, int64_t until_ns, bool wants_mail)
{
	struct tri_channel *channel = &actor->channel;
	tractor_err err = TRACTOR_OK;

	tri_dispatch_took_time(actor);
	channel->ways.wants_mail = wants_mail;
	tri_blackbox_count(&actor->box->progress);
	if (count == 0 && tri_channel_look(channel, until_ns)) {
		tri_rung_came(&channel->rung);
		looked_at(actor, (uint64_t)channel->looked_ns);
	} else {
		err = tri_channel_wait(channel, fds, count, until_ns);
	}
	if (err == TRACTOR_OK)
		take_all(actor);
	return err;
}

/* In a handler or hook: the black box says meanwhile that it waits for others. */
static tractor_err
end_wait(tractor_ctx *ctx, int64_t until_ns)
{
	struct tri_actor *actor = ctx->actor;
	uint32_t phase = atomic_load_explicit(&actor->box->phase, memory_order_relaxed);

	if (phase == TRI_PHASE_HANDLING)
		tri_actor_phase(actor, TRI_PHASE_ASKING);
	tractor_err err = tri_actor_wait(actor, NULL, 0, until_ns, false);
	tri_actor_phase(actor, phase);
	return err;
}

static bool
end_is_stopping(const tractor_ctx *ctx)
{
	/* One that stops itself finishes what it is at, asks and all. */
	return ctx->actor->may_be_stopped && stop_requested;
}

static void
end_over(tractor_ctx *ctx, const struct tri_pending *pending)
{
	tri_ways_over(ctx->actor, pending);
}

const struct tri_end tri_actor_end = { .send = tri_actor_send,
	.wait = end_wait,
	.is_stopping = end_is_stopping,
	.holds = tri_actor_holds,
	.over = end_over };
