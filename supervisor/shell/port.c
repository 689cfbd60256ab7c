/*
 * port.c: a program's own context: the verbs of an actor, whose frames go straight to the router, and whose waiting is turning the runtime. It serves nothing and nobody can send to it.
 */
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "context.h"
#include "runtime.h"
#include "why.h"

#define SMALL_BYTES 256 /* of a payload: of most */

struct port {
	tractor_ctx ctx; /* first: the context that the end's functions are given is the port */
	struct tractor_runtime *runtime;
	uint64_t id;
	struct tri_packet *spare;
};

/* The program may have been elsewhere for long. Where a tick more or less makes no difference the quick clock will do. */
static void
refresh(struct tractor_runtime *runtime, const struct tri_frame *frame)
{
	if ((frame->flags & TRI_FLAG_DELAYED) || tri_frame_is_urgent(frame))
		turn_refresh(runtime);
	else
		turn_refresh_about(runtime);
}

static tractor_err
port_send(tractor_ctx *ctx, struct tri_frame *frame, const struct tractor_record *record, const void *value)
{
	struct port *port = (struct port *)ctx;
	struct tractor_runtime *runtime = port->runtime;
	struct parcel *parcel = NULL;
	uint8_t small[SMALL_BYTES], *large = NULL;
	size_t size = 0, used = 0;

	if (tree_ended(runtime->tree))
		return tri_why(TRACTOR_ECLOSED, "the tree has ended");
	tractor_err err = tri_encoded_size(record, value, &size);
	if (err == TRACTOR_OK)
		parcel = parcel_make(runtime, port->id, record, value, size);
	if (err == TRACTOR_OK && !parcel && size > sizeof(small))
		large = malloc(size);
	uint8_t *payload = size > sizeof(small) ? large : small;
	if (err == TRACTOR_OK && !parcel)
		err = payload ? tri_encode(record, value, payload, size, &used) : tri_why_of(TRACTOR_ENOMEM);
	if (err == TRACTOR_OK) {
		struct router_send send = { .sender = port->id,
			.incarnation = 1,
			.correlation = frame->correlation,
			.target = frame->target,
			.target_node = frame->target_node,
			.message = frame->message,
			.flags = frame->flags,
			.limit_ms = frame->limit_ms,
			.payload = parcel ? parcel->bytes : payload,
			.payload_bytes = size,
			.parcel = parcel };
		refresh(runtime, frame);
		if (frame->target == 0)
			registry_ask(runtime, &send);
		else
			router_send(runtime->router, &send, runtime->loop.now_ns);
		turn_set_clock(runtime);
	}
	free(large);
	parcel_let_go(parcel);
	return err;
}

static tractor_err
port_wait(tractor_ctx *ctx, int64_t until_ns)
{
	struct port *port = (struct port *)ctx;

	return turn_wait(port->runtime, until_ns);
}

static bool
port_is_stopping(const tractor_ctx *ctx)
{
	(void)ctx;
	return false;
}

static const struct tri_end port_end = { .send = port_send,
	.wait = port_wait,
	.is_stopping = port_is_stopping };

tractor_err
port_open(struct tractor_runtime *runtime)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port)
		return TRACTOR_ENOMEM;
	tri_context_begin(&port->ctx, &port_end);
	port->ctx.incarnation = 1;
	port->runtime = runtime;
	port->id = ROUTER_PORT_FIRST;
	tractor_err err = router_add_port(runtime->router, port->id);
	if (err == TRACTOR_OK)
		runtime->port = port;
	else
		free(port);
	return err;
}

void
port_close(struct tractor_runtime *runtime)
{
	if (!runtime->port)
		return;
	tri_context_end(&runtime->port->ctx);
	free(runtime->port->spare);
	free(runtime->port);
	runtime->port = NULL;
}

static void
let_go_of_parcel(void *parcel)
{
	parcel_let_go(parcel);
}

bool
port_receive(struct tractor_runtime *runtime, uint64_t port, const struct tri_frame *frame,
	const uint8_t *payload, size_t payload_bytes)
{
	struct parcel *parcel = parcel_heard(runtime, payload);
	struct tri_packet *packet;

	if (!runtime->port || runtime->port->id != port)
		return false;
	packet = tri_packet_new(&runtime->port->spare, parcel ? 0 : payload_bytes);
	if (!packet) {
		tri_context_lose(&runtime->port->ctx, frame);
		return true;
	}
	if (payload_bytes > SMALL_BYTES)
		packet->spare = NULL; /* one large answer should not hold on to its memory for ever */
	packet->frame = *frame;
	packet->frame.payload_bytes = (uint32_t)payload_bytes;
	if (parcel) {
		packet->payload = payload;
		packet->release = let_go_of_parcel;
		packet->owner = parcel_hold(parcel);
	} else if (payload_bytes > 0) {
		memcpy(packet + 1, payload, payload_bytes);
	}
	tri_context_receive(&runtime->port->ctx, packet);
	return true;
}

struct tractor_runtime *
port_runtime(tractor_ctx *ctx)
{
	return ((struct port *)ctx)->runtime;
}

tractor_ctx *
tractor_port(struct tractor_runtime *runtime)
{
	return &runtime->port->ctx;
}
