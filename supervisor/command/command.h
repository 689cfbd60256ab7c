/*
 * command.h: the map of the `tractor` program. One row per command, one file per group of commands; everything that they share is in
 * args (the command line), client (the running tree) and output (standard output and words).
 */
#ifndef TRACTOR_SUPERVISOR_COMMAND_COMMAND_H
#define TRACTOR_SUPERVISOR_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controlsocket.h" /* enum control_code: the exit codes */

#define COMMAND_WORDS_MAX \
	64 /* files, of test, and what a debugger is told; every other command has four at most */
#define COMMAND_NO_TIMEOUT (-1)
#define COMMAND_ALL (-1)
#define COMMAND_DEFAULT (-2)

enum command_option {
	OPTION_JSON = 1,
	OPTION_TREE = 2,
	OPTION_FOLLOW = 4,
	OPTION_TIMEOUT = 8,
	OPTION_AT = 16,
	OPTION_HELP = 32,
	OPTION_VERSION = 64,
	OPTION_DRY_RUN = 128,
	OPTION_PROBABILITY = 256,
	OPTION_SEED = 512,
	OPTION_UNIQUE = 1024,
	OPTION_LAST = 2048,
	OPTION_ALL = 4096,
	OPTION_LINES = 8192,
	OPTION_SINCE = 16384,
	OPTION_PREVIOUS = 32768,
	OPTION_VERBOSE = 65536,
	OPTION_GDB = 131072,
	OPTION_VALGRIND = 262144,
	OPTION_EXEC = 524288,
};

/* What was typed. Texts belong to argv and the environment. */
struct command_line {
	const struct command
		*command; /* NULL: none, which is right with OPTION_HELP and OPTION_VERSION only */
	unsigned given;	  /* enum command_option */
	const char *tree; /* -t, else TRACTOR_TREE; NULL: neither */
	bool json, follow, dry_run, unique, last, all, previous, verbose, gdb, valgrind;
	int64_t timeout_ms; /* COMMAND_NO_TIMEOUT: not given */
	const char *at;	    /* NULL: not given */
	double probability; /* 0: not given */
	uint64_t seed;	    /* 0: not given */
	const char *since;  /* NULL: not given */
	const char *exec;   /* NULL: not given */
	int64_t lines;	    /* COMMAND_ALL, COMMAND_DEFAULT: not given */
	const char *words[COMMAND_WORDS_MAX];
	int word_count;
};

struct command {
	const char *name;
	const char *synopsis; /* what may stand behind the name, but for the options that all have */
	const char *summary;  /* one line for the list */
	const char *help;     /* some more, for `help COMMAND`; ends in a newline */
	unsigned options;     /* those that it has beside --json, -t and --help */
	int words_min, words_max;
	int (*run)(const struct command_line *line); /* gives the exit code; has said what went wrong */
};

extern const struct command commands[];
extern const size_t command_count;

/* The program, but for what concerns the process as a whole; gives its exit code. */
int command_main(int argc, char **argv);

/* cmd_run.c */
int cmd_run(const struct command_line *line);
/* cmd_check.c */
int cmd_check(const struct command_line *line);
struct treefile_report;
/* What is wrong with a file: as lines on standard error, or as JSON on standard output. */
void check_print_errors(const struct treefile_report *report, const char *file, bool json);
/* cmd_test.c */
int cmd_test(const struct command_line *line);
/* cmd_doctor.c */
int cmd_doctor(const struct command_line *line);
/* cmd_inspect.c */
int cmd_status(const struct command_line *line);
int cmd_messages(const struct command_line *line);
int cmd_events(const struct command_line *line);
int cmd_version(const struct command_line *line);
/* cmd_logs.c */
int cmd_logs(const struct command_line *line);
/* cmd_talk.c */
int cmd_tell(const struct command_line *line);
int cmd_ask(const struct command_line *line);
struct json_t;
/* An actor's reply, by itself or, with --json, in an object; `arg` is the command line. For a client_call. */
bool talk_print_reply(void *arg, const struct json_t *data);
/* cmd_lost.c */
int cmd_poison(const struct command_line *line);
int cmd_dead_letters(const struct command_line *line);
/* cmd_steer.c */
int cmd_start(const struct command_line *line);
int cmd_stop(const struct command_line *line);
int cmd_restart(const struct command_line *line);
int cmd_down(const struct command_line *line);
int cmd_inject(const struct command_line *line);
/* cmd_reload.c */
int cmd_reload(const struct command_line *line);
/* cmd_children.c */
int cmd_children(const struct command_line *line);
int cmd_spec(const struct command_line *line);
int cmd_add(const struct command_line *line);
int cmd_delete(const struct command_line *line);
int cmd_scale(const struct command_line *line);
/* cmd_crashes.c */
int cmd_crashes(const struct command_line *line);
/* cmd_replay.c */
int cmd_replay(const struct command_line *line);
/* `crashes bundle ID [FILE]` */
int replay_bundle(const struct command_line *line);
/* commands.c */
int cmd_help(const struct command_line *line);

#endif
