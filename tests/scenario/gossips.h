/*
 * gossips.h: what the tests of bypasses share: a tree "t" of three actors that have much to say to each other, /t/a, /t/b and /t/c, and to make them say it. a and b write down what they send and get.
 */
#ifndef TRACTOR_TESTS_SCENARIO_GOSSIPS_H
#define TRACTOR_TESTS_SCENARIO_GOSSIPS_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trees.h"

#define ENOUGH 200 /* messages, for a bypass */

static inline struct process *
gossips(const char *more)
{
	return tree_up("{name: t, intensity: 1000, children: [%s, %s, %s]}",
		actor_line_with("a", "gossip", "args: {log: '%s'}", scenario_path("a.log")),
		actor_line_with("b", "gossip", "args: {log: '%s'}%s", scenario_path("b.log"), more),
		actor_line("c", "gossip"));
}

static inline void
remove_logs(void)
{
	unlink(scenario_path("a.log"));
	unlink(scenario_path("b.log"));
}

static inline void
down(struct process *tree)
{
	tree_down(tree);
	remove_logs();
}

/* Whether it has a bypass: the memory is mapped. */
static inline bool
has_bypass(void *arg)
{
	char path[64], line[512];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid_of(arg));
	FILE *maps = fopen(path, "re");
	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, "tractor-bypass") != NULL;
	if (maps)
		fclose(maps);
	return found;
}

static inline json_t *
run(const char *path, const char *what, const char *to, int first, int count, int large_each)
{
	return ask(path, what, "{\"to\":\"%s\",\"first\":%d,\"count\":%d,\"large_each\":%d}", to, first,
		count, large_each);
}

static inline void
expect_run(const char *path, const char *what, const char *to, int first, int count, int large_each)
{
	json_t *did = run(path, what, to, first, count, large_each);

	expect_text(did, "error", "TRACTOR_OK");
	expect_number(did, "number", count);
	json_decref(did);
}

static inline void
lay(const char *from, const char *to)
{
	expect_run(from, "gossip.asks", to, 0, ENOUGH, 0);
	ck_assert(wait_until(SOON_MS, has_bypass, (void *)from));
	expect_run(from, "gossip.asks", to, 0, ENOUGH, 0);
}

static inline void
expect_one(const char *from, const char *to, const char *what, const char *other, int number,
	const char *error, int64_t result)
{
	json_t *did = ask(from, "gossip.ask_one",
		"{\"to\":\"%s\",\"what\":\"%s\",\"other\":\"%s\",\"number\":%d}", to, what, other, number);

	expect_text(did, "error", error);
	if (strcmp(error, "TRACTOR_OK") == 0)
		expect_number(did, "number", result);
	json_decref(did);
}

#endif
