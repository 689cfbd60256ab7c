/* A field that holds a listener_ref is given a ref of another protocol. */
/* expect: counter_ref */
/* expect: error.*incompatible type */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	(void)listener;
	return tractor_tell(ctx, counter, counter_subscribe, .who = counter);
}
