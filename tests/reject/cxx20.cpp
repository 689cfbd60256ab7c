/*
 * cxx20.cpp: the headers and a protocol's header are C++20 too, and there the plain functions are called.
 * Compiled by run.sh, never run.
 */
#include <tractor/actor.h>

#include "protocols.h"

static_assert(sizeof(counter_ref) == sizeof(tractor_address));
static_assert(sizeof(counter_total::total) == 8);

tractor_err talk(tractor_ctx *ctx, counter_ref counter, listener_ref listener);
tractor_err wait(tractor_ctx *ctx, counter_ref counter);
tractor_err owe(tractor_ctx *ctx, reader_ref reader, counter_total *reply);
int look(tractor_ctx *ctx, const counter_get_future *future);

tractor_err
talk(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	counter_increment increment{};
	increment.by = 3;
	counter_subscribe subscribe{ .who = listener, .name = "me" };
	tractor_timer timer{};

	tractor_err err = counter_increment_tell(ctx, counter, &increment);
	if (err == TRACTOR_OK)
		err = counter_increment_try_tell(ctx, counter, &increment);
	if (err == TRACTOR_OK)
		err = counter_subscribe_forward_tell(ctx, counter, &subscribe);
	if (err == TRACTOR_OK)
		err = counter_increment_tell_after(ctx, counter, 500, &increment, &timer);
	return err == TRACTOR_OK ? tractor_cancel(ctx, &timer) : err;
}

tractor_err
wait(tractor_ctx *ctx, counter_ref counter)
{
	counter_get get{};
	counter_get_future future{};
	counter_total total{};
	counter_reset reset{};
	tractor_none none{};

	tractor_err err = counter_get_ask(ctx, counter, TRACTOR_ASK_DEFAULT_MS, &get, &total);
	if (err == TRACTOR_OK)
		err = counter_get_ask_async(ctx, counter, &get, &future);
	if (err == TRACTOR_OK)
		err = counter_get_await(ctx, &future, TRACTOR_FOREVER, &total);
	if (err == TRACTOR_OK)
		err = counter_reset_ask(ctx, counter, 100, &reset, &none);
	return err == TRACTOR_OK ? counter_get_try_ask(ctx, counter, &get, &future) : err;
}

tractor_err
owe(tractor_ctx *ctx, reader_ref reader, counter_total *reply)
{
	reader_get get{};
	reader_get_promise promise{};
	counter_ref counter{};
	const char *const args[] = { "key", "value", nullptr };
	tractor_spawn_options options{};
	options.args = args;

	tractor_err err = reader_find(ctx, "/shop/reader", &reader);
	if (err == TRACTOR_OK)
		err = counter_cast(ctx, reader.at, &counter);
	if (err == TRACTOR_OK)
		err = counter_spawn(ctx, "/shop/counters", &options, &counter);
	if (err == TRACTOR_OK)
		err = reader_get_defer(ctx, &promise);
	if (err == TRACTOR_OK)
		err = reader_get_reply(ctx, &promise, reply);
	if (err == TRACTOR_OK)
		err = tri_refuse(ctx, &promise.base, TRACTOR_EREFUSED);
	return err == TRACTOR_OK ? reader_get_forward(ctx, reader, reply, &get) : err;
}

int
look(tractor_ctx *ctx, const counter_get_future *future)
{
	const tractor_source sources[] = {
		{ TRACTOR_SOURCE_FUTURE, -1, 0, &future->base },
		{ TRACTOR_SOURCE_AFTER, -1, 500, nullptr },
		{ TRACTOR_SOURCE_END, -1, 0, nullptr },
	};

	tractor_log(ctx, TRACTOR_INFO, "%s", tractor_path(ctx));
	return counter_protocol.message_count > 0 ? tractor_select_from(ctx, sources) : -1;
}
