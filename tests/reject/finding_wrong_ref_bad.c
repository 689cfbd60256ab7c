/* An actor is found as one protocol and kept as another. */
/* expect: error.*(counter_ref_is|listener_ref) */
/* expect: counter_ref */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	(void)counter;
	return tractor_find(ctx, counter, "/shop/counter", &listener);
}
