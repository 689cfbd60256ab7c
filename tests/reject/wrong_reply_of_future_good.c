/* A future is awaited to a struct of another type. */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	static counter_get_future future;
	struct counter_total reply;

	(void)counter, (void)listener;
	return tractor_await(ctx, &future, &reply, 100);
}
