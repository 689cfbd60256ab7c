/* An ask's reply is to go to a struct of another type. */
/* expect: error.*(counter_get_replies_with|counter_summary) */
/* expect: counter_total */
/* expect: counter_summary */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	struct counter_summary reply;

	(void)listener;
	return tractor_ask(ctx, counter, &reply, counter_get);
}
