/*
 * samples.h: what the measuring programs share. Such a program is started as PROGRAM MEASURE COUNT PAUSE_US, in an empty folder of its own, and prints its samples on standard output, one a
 * line; "skip: WORDS" instead of them, if what is to be measured isn't there. Whatever else goes wrong ends it with a sentence on standard error and 1.
 */
#ifndef TRACTOR_TESTS_BENCH_SAMPLES_H
#define TRACTOR_TESTS_BENCH_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BLOCK_BYTES 64 /* of every message, here and there */
#define ONEWAY_SAMPLES 3
#define LOAD_BYTES (1ul << 20)
#define LOAD_MAX_BYTES ((64ul << 20) - 4) /* the largest there is, as a message's one field */

struct plan {
	unsigned long count; /* of samples, or of what one sample is made of: see figures.c */
	unsigned
		pause_us; /* before each round trip, so that both sides block in the kernel; 0: back to back */
};

struct measure {
	const char *name;
	void (*take)(const struct plan *plan);
};

/* main() of such a program. The table ends with a name that is NULL. */
int measure_main(int argc, char **argv, const struct measure *table);

/* Kept until the end, so that no sample has another one's output in it. */
void sample(double value);
_Noreturn void skip(const char *why);
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Fails with errno's words unless it holds. */
void must(bool holds, const char *what);

uint64_t clock_ns(void); /* CLOCK_MONOTONIC: the same for all processes */
void sleep_us(unsigned us);

/* Samples of plan->count round trips, in ns, after a tenth as many that don't count. One sample is the mean of `batch` round trips, where reading the clock would matter. */
void sample_trips(const struct plan *plan, unsigned batch, void (*trip)(void *arg), void *arg);
/* ONEWAY_SAMPLES samples of messages a second; `send_all` sends that many and returns once all of them were received. */
void sample_oneway(const struct plan *plan, void (*send_all)(void *arg, unsigned long count), void *arg);

/* fork(); the child dies with its parent. */
pid_t fork_peer(void);
/* So many processes that use up what CPU they get, until their parent dies. */
void fork_strangers(unsigned count);
/* Starts this very program again. */
pid_t spawn_self(const char *const argv[]);
void write_block(int fd, const void *block);
/* False: the other side has closed it. */
bool read_block(int fd, void *block);
/* The same for any size. */
void write_bytes(int fd, const void *bytes, size_t size);
bool read_bytes(int fd, void *bytes, size_t size);

/* From smaps_rollup: what a process has for itself alone; and what of it is no file's, whoever else may have that file mapped just then. */
double private_kib(pid_t pid);
double anonymous_kib(pid_t pid);
/* How often its threads have slept, and so were woken. */
unsigned long wakeups(pid_t pid);

#endif
