/* A message is sent to an actor of another protocol. */
/* expect: counter_increment_tell|counter_ref */
/* expect: listener_ref */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	(void)counter;
	return tractor_tell(ctx, listener, counter_increment, .by = 3);
}
