/*
 * faults.c: the ways in which an actor kills itself in mid-handler. Each is the real thing, as a bug would have it. The driver asks for one on the board; it is
 * taken first, so that the successor lives.
 */
#include <stdlib.h>
#include <unistd.h>

#include "member.h"

/* Deeper than any stack. */
static unsigned
dig(volatile unsigned char *above)
{
	volatile unsigned char here[4096];

	if (process.me == MEMBER_COUNT)
		return 0; /* nobody is; but a compiler can't know */
	here[0] = (unsigned char)(above[0] + 1);
	return dig(here) + here[0];
}

static void
spin(void)
{
	for (volatile unsigned turns = 0;; turns++)
		;
}

/* With our name on it, so that the driver knows whom it strikes; it is the driver who takes it off the board. */
static enum fault
take_fault(void)
{
	_Atomic uint64_t *word = &process.board->fault[process.me];
	uint64_t fault = atomic_load(word);

	if (fault == FAULT_NONE || fault_taker(fault) != 0 ||
		!atomic_compare_exchange_strong(word, &fault, fault | (uint64_t)getpid() << FAULT_BITS))
		return FAULT_NONE;
	return (enum fault)fault;
}

void
faults_suffer(tractor_ctx *ctx)
{
	enum fault fault = take_fault();
	int *volatile nowhere = NULL;
	volatile unsigned char ground = 0;

	switch (fault) {
	case FAULT_PANIC: tractor_panic(ctx, "as the board says");
	case FAULT_ASSERT: tractor_assert(fault == FAULT_NONE); break;
	case FAULT_NULL: *nowhere = 1; break;
	case FAULT_STACK: dig(&ground); break;
	case FAULT_ABORT: abort();
	case FAULT_EXIT: exit(3);
	case FAULT_LEAVE: exit(0);
	case FAULT_SPIN: spin(); break;
	case FAULT_NONE:
	case FAULT_COUNT: break;
	}
}
