/* figures.h: the two tables of the benchmark: what is measured, and what of it is hoped for. */
#ifndef TRACTOR_TESTS_BENCH_FIGURES_H
#define TRACTOR_TESTS_BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

enum unit { UNIT_NS, UNIT_PER_S, UNIT_KIB, UNIT_PERCENT };

/* Programs that are not in the build folder: an interpreter's. They get its path in the sources. */
#define SCRIPT '*'

struct figure {
	const char *name;  /* "ask.parent" */
	const char *group; /* those with the same one are drawn together */
	bool is_ours;
	enum unit unit;
	const char *program; /* in the build folder's tests/bench, or SCRIPT and its name in the sources' */
	const char *measure;
	unsigned pause_us;
	unsigned rounds_max;		  /* what takes long; 0: as many as all others */
	unsigned long count, smoke_count; /* for each round: samples, or what one is made of */
	bool is_long;			  /* with --long only */
	const char *what;
};

extern const struct figure figures[];
extern const size_t figure_count;

#define WHEN_QUIET \
	(-1) /* a part: of the rounds' medians the best one. Other machines may share this one's hardware, and an absolute limit is one for a machine that is left alone */

/* What is hoped for: `figure` at `part` (0.5: its median), as a ratio to `against`, is at most `limit`, or at least. */
struct goal {
	const char *what; /* "": as the one before it */
	const char *figure;
	double part;
	const char *against; /* a figure; NULL: an absolute limit */
	double against_part;
	bool at_least;
	double limit;
	const char *words;  /* the limit as people say it */
	bool is_difference; /* `figure` less `against`, not the ratio */
};

extern const struct goal goals[];
extern const size_t goal_count;

/* figure_count: there is none of that name. */
size_t figure_index(const char *name);

#endif
