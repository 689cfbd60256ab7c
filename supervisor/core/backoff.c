/*
 * backoff.c: owns the arithmetic of exponential backoff with jitter. OTP has none: with its default of 0 nothing here has effect.
 * The jitter is there so that a hundred children that lost the same database don't all come back in the same instant.
 *
 * The randomness is splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): one word
 * of state, so that a simulation is repeated from its seed. Nothing here can fail.
 */
#include "backoff.h"

const struct spec_backoff backoff_of_host = { .initial_ns = 50 * SPEC_MILLISECOND,
	.factor = 2,
	.max_ns = 5 * SPEC_SECOND,
	.jitter = 0.2,
	.reset_ns = 10 * SPEC_SECOND };

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Uniform in [0, 1): the upper 53 bits, as many as a double holds. */
static double
next_fraction(uint64_t *state)
{
	return (double)(next_random(state) >> 11) * 0x1p-53;
}

static double
smaller(double a, double b)
{
	return a < b ? a : b;
}

int64_t
backoff_next_ns(struct backoff *backoff, const struct spec_backoff *spec, uint64_t *random)
{
	if (spec->initial_ns <= 0)
		return 0;

	double max_ns = (double)spec->max_ns;
	double delay_ns = smaller(backoff->next_ns > 0 ? backoff->next_ns : (double)spec->initial_ns, max_ns);
	double least_ns = delay_ns * (1 - spec->jitter);
	double most_ns = smaller(delay_ns * (1 + spec->jitter), max_ns);

	backoff->next_ns = smaller(delay_ns * spec->factor, max_ns);
	return (int64_t)(least_ns + (most_ns - least_ns) * next_fraction(random));
}

void
backoff_ran(struct backoff *backoff, const struct spec_backoff *spec, int64_t ran_ns)
{
	if (ran_ns >= spec->reset_ns)
		backoff->next_ns = 0;
}
