/* stats.h: the benchmark's arithmetic. Pure: numbers in, numbers out. */
#ifndef TRACTOR_TESTS_BENCH_STATS_H
#define TRACTOR_TESTS_BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In place, ascending. */
void stats_sort(double *samples, size_t count);
/* The sample that this part of all (0 to 1) are not above, by nearest rank: 0.5 is the median. `sorted` has at least one. */
double stats_quantile(const double *sorted, size_t count, double part);

/* The least of them, or the greatest. There is at least one. */
double stats_best(const double *values, size_t count, bool is_greatest);

struct stats_turn {
	size_t figure;
	unsigned round;
};

/* Whose turn it is: all figures once, then all again, so that a mood of the machine falls on all of them and a ratio can be trusted. */
struct stats_turn stats_turn(size_t turn, size_t figure_count);
/* By how many percent the share that differs most differs from an equal one. All zero: 100. */
double stats_unevenness(const uint64_t *shares, size_t count);

#endif
