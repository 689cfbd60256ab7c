/* bench.h: what `bench` has in several files, by file. Two of them do something (bench.c, run.c), two say what came of it. */
#ifndef TRACTOR_TESTS_BENCH_BENCH_H
#define TRACTOR_TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "figures.h"

#define ROUNDS_MAX 100
#define MANY_SAMPLES 50 /* below that nobody can say what one in a hundred is above */

enum size { SIZE_WHOLE, SIZE_QUICK, SIZE_SMOKE };

struct setup {
	const char *programs, *sources; /* folders: the build's tests/bench, and the sources' */
	const char *work; /* folder for what programs make; short, for sockets are made below it */
	const char *out;  /* folder for bench.json and bench.svg */
	const char *only; /* figures whose names begin so */
	enum size size;
	bool is_long;
	unsigned rounds;
};

/* One figure's samples: in their order at first, sorted when all rounds are over. */
struct result {
	double *samples;
	size_t count;
	double medians[ROUNDS_MAX]; /* of each round that there was */
	unsigned rounds;
	char skipped[200]; /* why it was not measured; "" */
};

/* --- run.c: one round of one figure --- */

/* Runs its program in an empty folder, and adds what it says to the result; a program that fails or hangs is a figure that is left out. */
void run_figure(const struct setup *setup, const struct figure *figure, struct result *result);

/* --- say.c: the result in words and as JSON --- */

struct machine {
	long cpus;
	char model[128], kernel[160];
	double load[3]; /* when the benchmark began */
	char when[32];
};

struct machine say_machine(void);
void say_table(const struct machine *machine, const struct setup *setup, const struct result *results);
/* What of it was hoped for, and what has come. */
void say_goals(const struct result *results);
/* False: it could not be written, errno says why. */
bool say_json(const char *path, const struct machine *machine, const struct setup *setup,
	const struct result *results);
/* Whether that is a file of say_json()'s with every figure of ours in it; if not, what is missing is said. */
bool say_check(const char *path);
/* A sample as people say it: "1.23 us". */
const char *say_value(enum unit unit, double value, char buffer[static 32]);

/* --- draw.c: the result as a drawing --- */

/* SVG: for each group bars on a logarithmic scale, up to the median, with a line up to the 99th percentile. */
void draw(FILE *file, const struct machine *machine, const struct result *results);

#endif
