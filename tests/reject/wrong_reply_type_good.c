/* An ask's reply is to go to a struct of another type. */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	struct counter_total reply;

	(void)listener;
	return tractor_ask(ctx, counter, &reply, counter_get);
}
