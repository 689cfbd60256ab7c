/* A future is awaited to a struct of another type. */
/* expect: error.*(replies_with|counter_summary) */
/* expect: counter_total */
/* expect: counter_summary */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	static counter_get_future future;
	struct counter_summary reply;

	(void)counter, (void)listener;
	return tractor_await(ctx, &future, &reply, 100);
}
