/* The promise of one message is kept with the reply of another. */
/* expect: error.*(counter_get_is_promised_in|counter_summarize_promise) */
/* expect: counter_get_promise */
#include <tractor/actor.h>

#include "protocols.h"

tractor_err call(tractor_ctx *ctx, counter_ref counter, listener_ref listener);

tractor_err
call(tractor_ctx *ctx, counter_ref counter, listener_ref listener)
{
	static counter_summarize_promise promise;

	(void)counter, (void)listener;
	return tractor_reply(ctx, &promise, counter_get, .total = 4);
}
