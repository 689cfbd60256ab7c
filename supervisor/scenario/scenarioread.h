/* scenarioread.h: the inside of the reader of scenarios: the places of its keys, and what is taken where. */
#ifndef TRACTOR_SUPERVISOR_SCENARIO_SCENARIOREAD_H
#define TRACTOR_SUPERVISOR_SCENARIO_SCENARIOREAD_H

#include "scenariofile.h"
#include "treewalk.h"

/* Where a key may stand: bits. */
enum scenario_place {
	IN_FILE = 1,	    /* into the struct scenario whose values are the defaults */
	IN_SCENARIO = 2,    /* one of a list */
	IN_STEPS = 4,	    /* a step: into the struct steps */
	IN_WORK = 8,	    /* one of a workload or a check */
	IN_EVERYWHERE = 16, /* into the struct scenario */
	IN_INJECT = 32,	    /* into the struct treefault */
	IN_TELL = 64,	    /* these into the struct step */
	IN_ASK = 128,
	IN_RESTARTED = 256,
	IN_ESCALATED = 512,
	IN_HEALTHY = 1024,
	IN_NOTHING = 2048,
};

struct scenarioread {
	struct treewalk walk; /* first: what is given a walk finds this by it */
	const char *directory;
	const yaml_node_t *scenarios; /* the list, which waits for the defaults; NULL: there is none */
	const yaml_node_t *step;      /* that is being read */
};

/* scenariokeys.c */
extern const struct treewalk_table scenariokeys_table;

/* scenariojson.c: the value as JSON, the caller's. NULL: complained, or no memory. */
json_t *scenariojson_value(struct treewalk *walk, const char *what, const yaml_node_t *node);

#endif
