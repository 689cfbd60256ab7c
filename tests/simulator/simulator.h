/*
 * simulator.h: the inside of the simulator of the core, grouped by file; model.h has the rules. How it hangs together:
 *
 * A seed makes a life: a tree, and a series of happenings, each drawn from the seed and its own number alone, so that any of them can be
 * left out. A life runs in a process of its own; if something is wrong there it ends, and the life is run again with ever fewer
 * happenings until none can be left out. What goes wrong is noted in memory that both processes share.
 */
#ifndef TRACTOR_TESTS_SIMULATOR_SIMULATOR_H
#define TRACTOR_TESTS_SIMULATOR_SIMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"
#include "states.h"

#define MS SPEC_MILLISECOND
#define SEC SPEC_SECOND

/* simulator.c: what outlives a life */
struct report {
	uint64_t reached[STATE_COUNT];
	uint64_t events;
	uint64_t lives;
	uint64_t seed;	    /* of the life that is running */
	unsigned happening; /* its last */
	bool failed;
	char failure[4096];
};
extern struct report *report;
extern bool verbose;

/* Notes what is wrong, and ends the process. */
void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
#define sim_check(expr, ...) ((expr) ? (void)0 : sim_fail(__VA_ARGS__))
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2))); /* if verbose */

/* An interesting state was reached. */
#define REACHED(state) ((void)report->reached[REACHED_##state]++)

/* Random numbers of which each is a function of a few others, so that none depends on how many were drawn before. */
static inline uint64_t
mix(uint64_t a, uint64_t b)
{
	uint64_t z = a * UINT64_C(0x9e3779b97f4a7c15) + b * UINT64_C(0xd1b54a32d192ed03) +
		     UINT64_C(0x2545f4914f6cdd1d);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

struct dice {
	uint64_t seed, thrown;
};

static inline unsigned
below(struct dice *dice, unsigned limit)
{
	return (unsigned)((mix(dice->seed, ++dice->thrown) >> 32) % limit);
}

static inline bool
percent(struct dice *dice, unsigned chance)
{
	return below(dice, 100) < chance;
}

/* plant.c: trees from a seed */
struct spec *plant_tree(struct dice *dice);
struct spec *plant_child(struct dice *dice, const struct slot *parent, const char *name);
struct spec *plant_node(struct dice *dice, enum spec_kind kind, const char *name,
	enum spec_auto_shutdown parent_mode, int depth);
enum spec_kind plant_kind(struct dice *dice, int depth);
void plant_values(struct dice *dice, struct spec *spec, enum spec_auto_shutdown parent_mode, int depth);
void plant_set_version(struct spec *spec, unsigned version);
unsigned plant_version(const struct spec *spec);
int plant_depth(const struct slot *slot);

/* file.c: new versions of a tree's file, and what becomes of them */
struct spec *file_write(struct dice *dice, const struct slot *slot);
void file_plan(struct slot *slot, struct spec *spec);
void file_reload(struct slot *slot, struct spec *spec, unsigned no_memory);

/* world.c: virtual processes and the clock */
#define WORLD_PROCESSES_MAX 512

struct process {
	struct slot *slot;
	uint32_t incarnation;
	unsigned version; /* of its program */
	bool ready;	  /* has said so */
	bool asked;	  /* to stop */
	bool forever;	  /* ... and may take as long as it likes */
	bool killed;	  /* but has not died of it yet */
};

/* How processes are in this life, in percent: what they do at once, within the call that asks for it. */
struct manners {
	unsigned ready, fails, obeys, dies;
};

struct world {
	struct tree *tree;
	int64_t now_ns;
	uint64_t seed;
	struct manners manners;
	bool short_of_processes; /* the host is: most starts are refused */
	bool calm;		 /* the faults are over: every process does what it should, at once */
	struct process processes[WORLD_PROCESSES_MAX];
	unsigned process_count;
	uint64_t ends_posted, ends_seen; /* of current incarnations */
	unsigned prepared;  /* nodes for which the shell has set memory aside, and which are not listed yet */
	unsigned no_memory; /* it has none left for so manieth; 0: for all */
};
extern struct world world;

void world_begin(uint64_t seed, struct spec *root, struct manners manners, unsigned start_limit);
void world_end(void);
void world_run(void); /* tree_run(), and everything is compared */
void world_pass(int64_t ns);
void world_shift(int64_t ns);
void world_ready(struct process *process);
void world_ends(struct process *process, enum node_end end, struct node_verdict verdict);
struct process *world_process(const struct slot *slot); /* NULL: none */
tractor_err world_command(struct slot *slot, enum model_command command);
tractor_err world_add(struct slot *parent, struct spec *spec);

/* invariants.c: what must hold, whatever the rules are */
void invariants_start(const struct slot *slot);
void invariants_stop(const struct slot *slot);
void invariants_changed(
	const struct slot *slot, const struct node *node, enum node_state from, const char *event);
void invariants_quiet(void);
void invariants_reloaded(void);
void invariants_whole(void);

/* workload.c: what happens */
struct manners workload_manners(uint64_t seed); /* a life's temperament */
unsigned workload_start_limit(uint64_t seed);
void workload_happen(uint64_t seed, unsigned happening);

/* life.c: one life. `skip`: those happenings that don't, NULL: all do */
#define LIFE_HAPPENINGS 600
void life_run(uint64_t seed, const bool *skip);

/* shrink.c: after a failure: the life again, with as few happenings as still fail */
void shrink(uint64_t seed);

#endif
