/* quickstart.c: the counter in one file, which is both the parent and the actor. It prints 4. */
#include <err.h>
#include <stdio.h>
#include <tractor/runtime.h>

#define COUNTER_INCREMENT(FIELD) FIELD(int64, by)
#define COUNTER_GET(FIELD)
#define COUNTER_TOTAL(FIELD) FIELD(int64, total)
TRACTOR_RECORD(counter_total, COUNTER_TOTAL);
#define COUNTER_PROTOCOL(TELL, ASK)                 \
	TELL(counter, increment, COUNTER_INCREMENT) \
	ASK(counter, get, COUNTER_GET, counter_total)
TRACTOR_PROTOCOL(counter, COUNTER_PROTOCOL);

struct counter {
	int64_t total;
};
#define TRACTOR_STATE struct counter
TRACTOR_SERVE(counter, COUNTER_PROTOCOL);

static tractor_err
counter_on_increment(struct counter *self, tractor_ctx *ctx, const struct counter_increment *msg)
{
	self->total += msg->by;
	return TRACTOR_OK;
}

static tractor_err
counter_on_get(
	struct counter *self, tractor_ctx *ctx, const struct counter_get *msg, struct counter_total *reply)
{
	reply->total = self->total;
	return TRACTOR_OK;
}
TRACTOR_ACTOR(counter, .serves = TRACTOR_SERVES(counter));

static void
must(tractor_err err)
{
	if (err != TRACTOR_OK)
		errx(1, "%s", tractor_why());
}

int
main(int argc, char **argv)
{
	struct tractor_runtime *rt;
	struct counter_total total;
	counter_ref counter;
	tractor_begin(argc, argv, &counter_actor); /* goes on in the parent only */
	must(tractor_runtime_open(&rt, &(struct tractor_options){ .name = "quickstart" }));
	tractor_ctx *ctx = tractor_port(rt);
	must(tractor_start(
		rt, counter, &counter, &(struct tractor_child){ .name = "counter", .exec = TRACTOR_SELF }));
	must(tractor_tell(ctx, counter, counter_increment, .by = 3));
	must(tractor_tell(ctx, counter, counter_increment, .by = 1));
	must(tractor_ask(ctx, counter, &total, counter_get));
	printf("%lld\n", (long long)total.total);
	tractor_runtime_close(rt);
}
