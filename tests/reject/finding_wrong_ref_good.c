/* An actor is found as one protocol and kept as another. */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	(void)listener;
	return tractor_find(ctx, counter, "/shop/counter", &counter);
}
