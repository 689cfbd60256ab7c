/*
 * deaths.h: what the tests of deaths share: a tree "t" of one that dies, one that talks to it, and a bystander.
 */
#ifndef TRACTOR_TESTS_SCENARIO_DEATHS_H
#define TRACTOR_TESTS_SCENARIO_DEATHS_H

#include "trees.h"

/* `more`: of /t/victim's line. */
static inline struct process *
tree_of_three(const char *more)
{
	return tree_up("{name: t, intensity: 20, children: [%s, %s, %s]}",
		actor_line_with("victim", "victim", "%s", more), actor_line("courier", "courier"),
		actor_line("bystander", "victim"));
}

#endif
