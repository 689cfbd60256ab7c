/*
 * testclock.c: the clock of the tests, and the factor that sanitizers and valgrind stretch it by.
 * Knows nothing of processes. A malformed factor counts as 1: a test then fails early, which is seen.
 */
#include "testclock.h"

#include <stdlib.h>
#include <time.h>

#define POLL_INTERVAL_NS 5000000 /* short beside any deadline, long beside one look at /proc */

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t
now_ms(void)
{
	return now_ns() / 1000000;
}

int64_t
scaled_ms(int64_t ms)
{
	const char *text = getenv("TRACTOR_TEST_TIMEOUT_SCALE");
	double factor = text == NULL ? 1 : strtod(text, NULL);

	return factor > 1 ? (int64_t)((double)ms * factor) : ms;
}

bool
wait_until(int64_t deadline_ms, bool (*condition)(void *arg), void *arg)
{
	int64_t end = now_ms() + scaled_ms(deadline_ms);

	for (;;) {
		int64_t began_ns = now_ns();
		if (condition(arg))
			return true;
		if (now_ms() >= end)
			return false;
		int64_t rest_ns = POLL_INTERVAL_NS + 2 * (now_ns() - began_ns);
		nanosleep(&(struct timespec){ rest_ns / 1000000000, rest_ns % 1000000000 }, NULL);
	}
}
