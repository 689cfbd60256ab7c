/*
 * fault.c: injected faults. They are carried out by the actor itself, so that they are as real as a bug of its own: the null pointer is dereferenced, the loop is endless, the memory is
 * used up. Nothing is done unless the supervisor says so, by a frame or in the black box of a process that it starts. A plan that cannot be read is none.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "actor_process.h"
#include "codec.h"
#include "why.h"

/* --- what can go wrong --- */

/* A sanitizer would report it in its own way before it happens. Not inlined, so that the report says what this was. */
__attribute__((noinline, no_sanitize("undefined", "address"))) static void
crash(void)
{
	volatile int *volatile nowhere = NULL; /* both, or the optimizer has the store away */

	*nowhere = 1; /* the fault that was asked for */
}

static void
compute(void)
{
	for (volatile unsigned turns = 0;; turns++)
		;
}

static void
sleep_ms(int64_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) != 0)
		;
}

/* Stops reach its thread, and find it asleep again. */
static void
hang(void)
{
	for (;;)
		pause();
}

static unsigned
overflow(volatile const char *above)
{
	static volatile bool deeper = true; /* so that no compiler minds */
	volatile char here[4096];

	here[0] = *above;
	if (!deeper)
		return 0;
	return overflow(here) + (unsigned char)here[0]; /* the fault that was asked for */
}

/* The C library's own check ends it; a pointer that is no more than one to this function says nothing to the compiler. */
static void
free_twice(void)
{
	void (*volatile release)(void *) = free;
	void *memory = malloc(64);

	release(memory);
	release(memory); /* the fault that was asked for */
	abort();	 /* where nobody minded */
}

/* In blocks of that size, each of which has the one before. */
static void
take_all(size_t size_bytes)
{
	static void **taken;

	for (void **block; (block = malloc(size_bytes)); taken = block)
		*block = taken;
}

/* What it has it keeps; and what the heap has in stock goes. */
static void
use_up_memory(void)
{
	const struct rlimit none = { .rlim_cur = 1, .rlim_max = 1 };

	setrlimit(RLIMIT_AS, &none);
	take_all(4096);
	take_all(16);
}

static void
leak_fds(int64_t count)
{
	while (count-- > 0 && open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
		;
}

static void
print_lines(int64_t count)
{
	for (int64_t i = 1; i <= count; i++)
		fprintf(stderr, "line %lld of a flood that was asked for\n", (long long)i);
}

static void
send_garbage(struct tri_actor *actor)
{
	static const char garbage[200] = "this is no frame";

	tri_uplink_send_raw(actor->channel.link, garbage, sizeof(garbage));
	hang(); /* until it is killed for that */
}

static tractor_err
carry_out(struct tri_actor *actor, enum tri_fault_kind fault, int64_t number)
{
	switch (fault) {
	case TRI_FAULT_SEGV: crash(); break;
	case TRI_FAULT_ABORT: abort();
	case TRI_FAULT_PANIC: tri_panic(&actor->ctx, __FILE__, __LINE__, "injected");
	case TRI_FAULT_EXIT: exit((int)number);
	case TRI_FAULT_FAIL: return tri_why(TRACTOR_EREFUSED, "injected");
	case TRI_FAULT_HANG: hang(); break;
	case TRI_FAULT_BUSY: compute(); break;
	case TRI_FAULT_SLOW: sleep_ms(number); break;
	case TRI_FAULT_OOM: use_up_memory(); break;
	case TRI_FAULT_STACK_OVERFLOW: overflow(""); break;
	case TRI_FAULT_HEAP_CORRUPTION: free_twice(); break;
	case TRI_FAULT_FD_LEAK: leak_fds(number); break;
	case TRI_FAULT_FLOOD: print_lines(number); break;
	case TRI_FAULT_GARBAGE: send_garbage(actor); break;
	case TRI_FAULT_SIGNAL: raise((int)number); break;
	case TRI_FAULT_KILL:
	case TRI_FAULT_STOP:
	case TRI_FAULT_KINDS: break; /* from outside */
	}
	return TRACTOR_OK;
}

/* Between messages it counts as a handler of its own, so that it is a panic and has a deadline. */
static void
carry_out_at_once(struct tri_actor *actor, const struct tri_planned *planned)
{
	uint32_t phase = atomic_load(&actor->box->phase);

	tri_actor_phase(actor, TRI_PHASE_HANDLING);
	actor->box->busy_since_ns = tri_now_ns();
	carry_out(actor, planned->fault, planned->number);
	actor->box->busy_since_ns = 0;
	tri_dispatch_took_time(actor);
	tri_actor_phase(actor, (enum tri_phase)phase);
}

/* --- when --- */

static void
plan(struct tri_actor *actor, const struct tri_planned *planned)
{
	if (actor->planned_count == TRI_PLANNED_MAX || planned->fault >= TRI_FAULT_KINDS)
		return;
	char *failpoint = strdup(planned->failpoint);
	if (!failpoint)
		return;
	struct tri_planned *kept = &actor->planned[actor->planned_count++];
	*kept = *planned;
	kept->failpoint = failpoint;
	kept->seed = planned->seed ? planned->seed : 1; /* xorshift's state */
}

static void
forget(struct tri_actor *actor, size_t which)
{
	free((char *)actor->planned[which].failpoint);
	actor->planned[which] = actor->planned[--actor->planned_count];
}

static void
forget_by_id(struct tri_actor *actor, uint64_t id)
{
	for (size_t i = actor->planned_count; id != 0 && i-- > 0;)
		if (actor->planned[i].id == id)
			forget(actor, i);
}

void
tri_fault_planned(struct tri_actor *actor, const struct tri_packet *packet)
{
	struct tri_planned planned;

	if (tri_decode(&tri_record_tri_planned, packet->payload, packet->frame.payload_bytes,
		    &actor->hook_arena, &planned) != TRACTOR_OK)
		return;
	if (planned.place == TRI_AT_ONCE)
		carry_out_at_once(actor, &planned);
	else if (planned.place == TRI_AT_NEVER)
		forget_by_id(actor, planned.id);
	else
		plan(actor, &planned);
}

void
tri_fault_begin(struct tri_actor *actor)
{
	const struct tri_box_plan *from = &actor->box->plan;
	struct tri_planned planned;

	if (from->size_bytes > 0 && from->size_bytes <= sizeof(from->bytes) &&
		tri_decode(&tri_record_tri_planned, from->bytes, from->size_bytes, &actor->arena, &planned) ==
			TRACTOR_OK)
		plan(actor, &planned);
}

void
tri_fault_end(struct tri_actor *actor)
{
	while (actor->planned_count > 0)
		forget(actor, 0);
}

/* George Marsaglia's xorshift64*: the same seed is the same run. */
static double
next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (double)(*state * UINT64_C(0x2545f4914f6cdd1d) >> 11) / (double)(UINT64_C(1) << 53);
}

static bool
is_meant(const struct tri_planned *planned, enum tri_fault_place place, uint64_t message,
	const char *failpoint)
{
	return planned->place == place && (planned->message == 0 || planned->message == message) &&
	       (!failpoint || strcmp(planned->failpoint, failpoint) == 0);
}

/* True if it is its turn; one that is by count is then over. */
static bool
is_due(struct tri_actor *actor, size_t which)
{
	struct tri_planned *planned = &actor->planned[which];

	if (planned->probability > 0)
		return next_random(&planned->seed) < planned->probability;
	if (planned->count > 1) {
		planned->count--;
		return false;
	}
	forget(actor, which);
	return true;
}

tractor_err
tri_fault_come_to(
	struct tri_actor *actor, enum tri_fault_place place, uint64_t message, const char *failpoint)
{
	tri_dispatch_took_time(actor); /* it may be that it does */
	for (size_t i = 0; i < actor->planned_count; i++) {
		struct tri_planned planned = actor->planned[i];
		if (is_meant(&planned, place, message, failpoint) && is_due(actor, i))
			return carry_out(actor, planned.fault, planned.number);
	}
	return TRACTOR_OK;
}

void
tractor_failpoint(tractor_ctx *ctx, const char *name)
{
	if (ctx->actor && ctx->actor->planned_count > 0)
		tri_fault_come_to(ctx->actor, TRI_AT_FAILPOINT, 0, name);
}
