/*
 * commands.c: the table of all commands, what is said of them, and the way from a command line to its function. It knows no tree;
 * main() is elsewhere so that tests can call all this.
 */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "output.h"
#include "suggest.h"

#define COMMANDS_MAX 32

#define PATH_HELP                                                                                                          \
	"PATH is an actor's or a supervisor's: /shop/db. It begins with the tree's name, so it says which tree is meant\n" \
	"where several run.\n"

const struct command commands[] = {
	/* name, synopsis, summary, help, options, fewest and most words, function */
	{ "run", "FILE", "start the tree of a file and stay with it",
		"Stays in the foreground and prints the actors' lines behind their paths. The first SIGINT or SIGTERM stops the tree in\n"
		"order, the second at once. Exit code: 0 stopped in order, 70 the root gave up, 65 a bad file, 128+n a signal.\n",
		0, 1, 1, cmd_run },
	{ "check", "FILE", "every error of a tree file, or what it would start",
		"Starts nothing. Each error is file:line:column: what is wrong, and what would be right. Exit code 65 if there is one.\n",
		0, 1, 1, cmd_check },
	{ "test", "[-v] FILE...", "run scenarios: inject, tell, ask, and what is expected then",
		"Each FILE (YAML) names a tree, relative to it, and steps; or several `scenarios:`, each with a `name`. All files are read, and all\n"
		"errors told, before anything is started. Steps, with what they must have first:\n"
		"    inject: {path, fault, at, probability, seed}       see: tractor help inject\n"
		"    tell: {to, message, fields, times, fails}\n"
		"    ask: {to, message, fields, reply, times, fails}    only the fields that reply names are compared; fails: TRACTOR_ECRASHED\n"
		"    expect_restarted: {path, incarnation, cause}       cause as in status: SIGSEGV, panic, exit 3; left out: any\n"
		"    expect_escalated: PATH\n"
		"    expect_untouched: PATH, or a list of them\n"
		"    expect_healthy, expect_nothing_lost\n"
		"What waits does so for 10 s at most, or `within: 2s` of the step, the scenario or the file. In the place of steps,\n"
		"crash_everywhere: {workload: STEPS, check: STEPS, actors, fault} runs the workload (tells and asks) again and again and kills one\n"
		"actor at each message in turn, and each time the check must hold. An ask of the check that is crashed at is asked once more.\n"
		"-v prints steps, events, and what actors print. SIGINT stops in order. Exit code: 0 all passed, 1 not, 65 a bad file, 128+n a signal.\n",
		OPTION_VERBOSE, 1, COMMAND_WORDS_MAX, cmd_test },
	{ "doctor", "", "what an actor costs here, how many there can be, and what stops more",
		"Starts some idle actors of its own, looks at them and ends them; nothing is left of them, and no tree need run. Then says which\n"
		"limit is met first, which is next, and what raises them. Exit code 1: something that tractor needs is missing, which is said.\n",
		0, 0, 0, cmd_doctor },
	{ "status", "[PATH]", "the tree: states, processes, restarts, mailboxes, and why",
		"Everything below PATH, or the whole tree.\n" PATH_HELP, 0, 0, 1, cmd_status },
	{ "messages", "PATH", "what an actor understands",
		"One line for each message, with its fields and its reply.\n" PATH_HELP, 0, 1, 1,
		cmd_messages },
	{ "tell", "PATH MESSAGE [JSON] [--timeout TIME]", "send an actor a message",
		"Returns when the tree has taken the message over, not when it was handled.\n"
		"    tractor tell /demo/counter counter.increment '{\"by\":3}'\n"
		"JSON is an object with the fields; those that are missing are zero. \"-\" reads it from standard input. Actors are named by\n"
		"their paths, bytes are base64, a uint64 above 9223372036854775807 is a string.\n" PATH_HELP,
		OPTION_TIMEOUT, 2, 3, cmd_tell },
	{ "ask", "PATH MESSAGE [JSON] [--timeout TIME]", "send an actor a message and print its reply",
		"Prints the reply's fields as JSON on one line.\n"
		"    tractor ask /demo/counter counter.get\n"
		"    {\"total\":4}\n"
		"JSON is as for tell. Exit code 75 if there is no reply within 5 s, or what --timeout says.\n" PATH_HELP,
		OPTION_TIMEOUT, 2, 3, cmd_ask },
	{ "start", "PATH [--timeout TIME]", "start what is stopped", "Waits until it is running.\n" PATH_HELP,
		OPTION_TIMEOUT, 1, 1, cmd_start },
	{ "stop", "PATH [--timeout TIME]", "stop it; it stays stopped",
		"In order, and waits until it is stopped.\n" PATH_HELP, OPTION_TIMEOUT, 1, 1, cmd_stop },
	{ "restart", "PATH [--timeout TIME]", "stop it in order and start it again",
		"Waits until it is running again. Does not count as a crash.\n" PATH_HELP, OPTION_TIMEOUT, 1,
		1, cmd_restart },
	{ "children", "[PATH]", "the children of a supervisor or a pool, and how many",
		"Those of PATH, or of the whole tree's root; the last line counts them as OTP's count_children does: specs, those that run,\n"
		"supervisors and workers.\n" PATH_HELP,
		0, 0, 1, cmd_children },
	{ "spec", "PATH", "how it is specified, every default filled in",
		"As an entry of a tree file, which tractor add takes again.\n" PATH_HELP, 0, 1, 1, cmd_spec },
	{ "add", "PATH SPEC [--timeout TIME]", "one more child of a supervisor or a pool",
		"SPEC is a child as a tree file has it, YAML or JSON; \"-\" reads it from standard input. Programs and working directory are\n"
		"relative to the current directory. Waits until the child is running; one that does not start is forgotten.\n"
		"    tractor add /shop '{actor: db, exec: ./db, args: {file: data.bin}}'\n"
		"    tractor add /shop/sessions '{actor: alice, args: {user: alice}}'\n"
		"Of a pool's new member only the name and args are its own. Exit code 65 if there is an error in SPEC.\n" PATH_HELP,
		OPTION_TIMEOUT, 2, 2, cmd_add },
	{ "delete", "PATH", "forget a stopped child, with all below it",
		"Stop it first. When the supervisor above is started anew, the children of its tree file are all there again.\n" PATH_HELP,
		0, 1, 1, cmd_delete },
	{ "scale", "POOL N [--timeout TIME]", "start or stop members of a pool until it has N",
		"New ones are called POOL-1, POOL-2, ...; the newest are stopped first. Prints what it did.\n"
		"    tractor scale /shop/sessions 3\n" PATH_HELP,
		OPTION_TIMEOUT, 2, 2, cmd_scale },
	{ "down", "[--timeout TIME]", "stop the whole tree and its supervisor",
		"In order, and waits until all of it has stopped.\n", OPTION_TIMEOUT, 0, 0, cmd_down },
	{ "reload", "[--dry-run] [--timeout TIME]", "read the tree's file again and become what it says",
		"Prints what changes: + is started, - is stopped, ~ is changed, and restarted only if it has to be. All others keep their\n"
		"processes. What was added or stopped by hand stays so. Waits until all has been done; a child that doesn't start is told, and\n"
		"stopped. A file with errors (exit code 65) changes nothing.\n",
		OPTION_DRY_RUN | OPTION_TIMEOUT, 0, 0, cmd_reload },
	{ "crashes", "[[list] [--unique] [PATH] | show ID|--last | bundle ID|--last [FILE] | rm ID|--all]",
		"what crashed; one report in full",
		"Works without the tree running, too: reports stay in its run directory, the last 1000 (TRACTOR_CRASHES_MAX) with 64 KiB for\n"
		"each. list has those of PATH and below, or all. What crashes in the same way again within ten minutes is told in short.\n"
		"The beginning of an ID is enough if no other ID begins so; without -t it is looked for in all trees, and --last is the newest\n"
		"crash of all. bundle writes what tractor replay needs into one file, ID.bundle if FILE is not given: message, state, arguments\n"
		"and the whole environment, so whoever gets it gets what secrets are in there.\n",
		OPTION_UNIQUE | OPTION_LAST | OPTION_ALL, 0, 3, cmd_crashes },
	{ "replay", "ID|--last|FILE.bundle [--gdb | --valgrind [-- ARG...]] [--exec PATH] [--timeout TIME]",
		"make a crash happen again, alone and under a debugger",
		"Starts the same build of the actor's program, without a tree: with its arguments and environment, in the state that it was in, with\n"
		"the message that it had in hand; what it asks on the way is answered as it was. Says whether that was the same crash: exit code\n"
		"0 it was, 1 it was not. Below a debugger nothing is limited in time.\n"
		"    tractor replay 20261123T080811.402-crashy-1 --gdb\n"
		"    tractor replay crash.bundle --exec ./crashy --gdb -- -batch -ex run -ex bt\n"
		"FILE is made by tractor crashes bundle; it names a program and says what it is to do, so take it only from whom you would take a\n"
		"program. Works without the tree running.\n",
		OPTION_LAST | OPTION_GDB | OPTION_VALGRIND | OPTION_EXEC | OPTION_TIMEOUT, 0,
		COMMAND_WORDS_MAX, cmd_replay },
	{ "poison", "[list [PATH] | show N | requeue N | drop N | drop all]",
		"messages in quarantine: at each an actor crashed twice",
		"With `redeliver: true` the message that was in hand at a crash is handed to the successor again; if that crashes at it too,\n"
		"the message is put in quarantine, the last 100 (and 64 MiB) of them, as long as the supervisor runs. requeue sends it again, as\n"
		"from the command, and prints an ask's reply; one at which the actor crashes again is back, under another number. drop forgets it.\n",
		0, 0, 2, cmd_poison },
	{ "dead-letters", "[PATH]", "messages that nobody will handle, and why",
		"The last 100 of them, to PATH or to anybody: their receiver is gone, or died with them in hand.\n",
		0, 0, 1, cmd_dead_letters },
	{ "inject", "PATH FAULT [--at PLACE] [--probability P] [--seed N]",
		"make a fault in an actor, to see what follows",
		"The actor's own library carries it out, so it is as real as a bug of its own:\n"
		"    segv, abort, panic, exit:N, stack_overflow, heap_corruption, SIGBUS or any signal's name\n"
		"    hang (sleeps for ever), busy (computes for ever), slow:MS\n"
		"    fail (on_start, or a message's handler, is not run and fails)\n"
		"    oom (it gets no more memory from now on), fd_leak:N, flood:N (prints N lines), garbage (sends what is no frame)\n"
		"kill (SIGKILL) and stop (SIGSTOP) come from outside.\n"
		"PLACE is MESSAGE[:N], when it has that message in hand, for the Nth time from now: before its handler, or after:MESSAGE[:N],\n"
		"when that has returned and nothing of it counts yet, or reply:MESSAGE[:N], before its answer is sent, when all else of it\n"
		"counts (and with a durable actor the answer, too). Or start (of the next process), stop (so hang refuses to stop),\n"
		"failpoint:NAME[:N] (a tractor_failpoint() of the actor's own).\n"
		"    tractor inject /demo/counter segv --at counter.increment:3\n"
		"A tree file asks for the same by `faults: [{path: /demo/counter, fault: segv, at: counter.increment:3}]`.\n" PATH_HELP,
		OPTION_AT | OPTION_PROBABILITY | OPTION_SEED, 2, 2, cmd_inject },
	{ "events", "[-f] [PATH]", "what happened in the tree",
		"The last ones; with -f also what happens from now on.\n", OPTION_FOLLOW, 0, 1, cmd_events },
	{ "logs", "[-f] [-n N] [--since TIME] [--previous] [PATH]", "what the actors printed",
		"The last 1000 lines, or all that --since or --previous ask for; with -f also what they print from now on. \"|\" is standard\n"
		"output, \"!\" standard error, \"*\" a remark of the supervisor's. Works without the tree running, too: log files stay in its run\n"
		"directory. TIME is how long ago, or when, in local time unless it ends in Z.\n"
		"    tractor logs -n 20 /shop/db\n"
		"    tractor logs --since 10m /shop\n" PATH_HELP,
		OPTION_FOLLOW | OPTION_LINES | OPTION_SINCE | OPTION_PREVIOUS, 0, 1, cmd_logs },
	{ "version", "", "which tractor this is", "With -t NAME also which one that tree's supervisor is.\n",
		0, 0, 0, cmd_version },
	{ "help", "[COMMAND]", "this list, or one command in full", "", 0, 0, 1, cmd_help },
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

_Static_assert(sizeof(commands) / sizeof(commands[0]) <= COMMANDS_MAX, "room for all names in one array");

/* --- help --- */

#define NAME_WIDTH 12 /* "dead-letters" */
#define SYNOPSIS_WIDTH 38

static void
print_options(FILE *stream, unsigned options)
{
	for (size_t i = 0; i < args_option_count; i++) {
		const struct args_option *option = &args_options[i];
		char words[64];
		if (!(options & option->option))
			continue;
		snprintf(words, sizeof(words), "%s%c%s --%s%s%s", option->letter != 0 ? "-" : " ",
			option->letter != 0 ? option->letter : ' ', option->letter != 0 ? "," : " ",
			option->name, option->value != NULL ? " " : "",
			option->value != NULL ? option->value : "");
		fprintf(stream, "  %-22s %s\n", words, option->summary);
	}
}

/* What it does stands in a column of its own, below a synopsis that takes more room. */
static void
print_line(FILE *stream, const struct command *command)
{
	bool fits = strlen(command->synopsis) <= SYNOPSIS_WIDTH;

	fprintf(stream, "  %-*s  %-*s", NAME_WIDTH, command->name, SYNOPSIS_WIDTH, command->synopsis);
	if (!fits)
		fprintf(stream, "\n  %*s  %*s", NAME_WIDTH, "", SYNOPSIS_WIDTH, "");
	fprintf(stream, "  %s\n", command->summary);
}

static void
print_overview(FILE *stream)
{
	fputs("tractor runs supervised trees of actors, each a process of its own.\n\n", stream);
	for (size_t i = 0; i < command_count; i++)
		print_line(stream, &commands[i]);
	fputs("\n", stream);
	print_options(stream, ARGS_COMMON);
	fputs("\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 no such tree is running, 4 no such actor, 65 bad file,\n"
	      "69 the supervisor does not answer, 75 timed out, 77 not allowed. In full: tractor help COMMAND\n",
		stream);
}

static void
print_help(const struct command *command)
{
	printf("tractor %s%s%s: %s\n\n%s", command->name, *command->synopsis != '\0' ? " " : "",
		command->synopsis, command->summary, command->help);
	fputs(*command->help != '\0' ? "\n" : "", stdout);
	print_options(stdout, command->options | OPTION_JSON | OPTION_TREE);
}

int
cmd_help(const struct command_line *line)
{
	const char *names[COMMANDS_MAX];

	if (line->word_count == 0) {
		print_overview(stdout);
		return CONTROL_DONE;
	}
	for (size_t i = 0; i < command_count; i++) {
		names[i] = commands[i].name;
		if (strcmp(names[i], line->words[0]) == 0) {
			print_help(&commands[i]);
			return CONTROL_DONE;
		}
	}
	const char *meant = suggest_word(line->words[0], names, command_count);
	if (meant != NULL)
		output_error("there is no command \"%.64s\"; did you mean \"%s\"?", line->words[0], meant);
	else
		output_error("there is no command \"%.64s\"; see: tractor help", line->words[0]);
	return CONTROL_USAGE;
}

/* --- the way in --- */

int
command_main(int argc, char **argv)
{
	struct command_line line;
	char error[ARGS_ERROR_BYTES];

	if (argc < 2) {
		print_overview(stderr);
		return CONTROL_USAGE;
	}
	if (!args_parse(argc, argv, &line, error)) {
		output_error("%s", error);
		return CONTROL_USAGE;
	}
	if ((line.given & OPTION_HELP) && line.command != NULL) {
		print_help(line.command);
		return CONTROL_DONE;
	}
	if (line.given & OPTION_HELP)
		return cmd_help(&line);
	return line.given & OPTION_VERSION ? cmd_version(&line) : line.command->run(&line);
}
