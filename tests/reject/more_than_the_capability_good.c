/* The holder of a narrow ref sends another message of the actor behind it. */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	reader_ref reader = { { 1, 0, 0 } };
	struct counter_total total;

	(void)counter, (void)listener;
	return tractor_ask(ctx, reader, &total, reader_get);
}
