/*
 * players.h: what the tests of `tractor replay` share: a tree "t" of a player, /t/them, whose crashes depend on much, and of an oracle that it asks, /t/oracle; and the command, on one of its crashes.
 */
#ifndef TRACTOR_TESTS_SCENARIO_PLAYERS_H
#define TRACTOR_TESTS_SCENARIO_PLAYERS_H

#include <stdio.h>
#include <sys/wait.h>

#include "crashes.h"

#define REPLAY_MS 30000 /* a start, a crash and what the unwinder takes, where others have the CPUs */

#define ORACLE "\"who\":\"/t/oracle\""

/* "them" and the oracle; `as` is which of the program's actors. */
static inline struct process *
player_up(const char *as, const char *more)
{
	return tree_up("{name: t, intensity: 50, children: [%s, %s]}", actor_line("oracle", "oracle"),
		actor_line_with("them", "player", "role: %s%s%s", as, *more ? ", " : "", more));
}

/* The id of that incarnation's crash, once its report is complete. Valid until the next call. */
static inline const char *
crash_id(const char *path, int incarnation)
{
	static char id[128];
	json_t *report = unwound_crash_of(path, incarnation);

	snprintf(id, sizeof(id), "%s", text_at(report, "id"));
	json_decref(report);
	return id;
}

/* `tractor replay` with these words: its exit code, and what it said. */
static inline void
expect_replay(int code, const char *out, const char *err, const char *const *words)
{
	const char *argv[24] = { tractor_command(), "replay" };
	size_t count = 2;

	while (*words)
		argv[count++] = *words++;
	struct process *replay = process_start_with(&(struct process_options){ .argv = argv });
	int status = process_wait(replay, REPLAY_MS);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == code, "exit code %d, not %d:\n%s%s",
		WEXITSTATUS(status), code, process_output(replay), process_errors(replay));
	if (out)
		expect_match(process_output(replay), out);
	if (err)
		expect_match(process_errors(replay), err);
	process_close(replay);
}

#define EXPECT_REPLAY(code, out, err, ...) \
	expect_replay(code, out, err, (const char *const[]){ __VA_ARGS__, NULL })

#endif
