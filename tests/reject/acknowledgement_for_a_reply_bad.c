/* An ask that has a reply is treated as one that only acknowledges. */
/* expect: error.*(counter_get_replies_with|tractor_none) */
/* expect: counter_total */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	(void)listener;
	return tractor_ask(ctx, counter, TRACTOR_ACK, counter_get);
}
