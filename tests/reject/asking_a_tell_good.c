/* A message that has no reply is asked. */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	struct counter_total total;

	(void)listener;
	return tractor_ask(ctx, counter, &total, counter_get);
}
