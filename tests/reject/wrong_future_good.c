/* The reply of one message is to come to the future of another. */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	counter_get_future future;

	(void)listener;
	return tractor_ask_async(ctx, counter, &future, counter_get);
}
