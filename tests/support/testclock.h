/*
 * testclock.h: time in tests. Every deadline is given for a plain build on an idle machine and stretched here,
 * once.
 */
#ifndef TRACTOR_TESTS_TESTCLOCK_H
#define TRACTOR_TESTS_TESTCLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds on CLOCK_MONOTONIC. */
int64_t now_ms(void);

/* `ms` times TRACTOR_TEST_TIMEOUT_SCALE (a factor of 1 or more; unset or malformed: 1). */
int64_t scaled_ms(int64_t ms);

/*
 * Asks `condition(arg)` again every few milliseconds until it holds or the (scaled) deadline has passed; true
 * if it held. One that takes long itself, since it runs a command, is asked a third of the time: what is waited for
 * needs the CPU, too. Only for what gives no event to wait for: output has expect_output(), an end has process_wait().
 */
bool wait_until(int64_t deadline_ms, bool (*condition)(void *arg), void *arg);

#endif
