/* args.h: the command line, read. */
#ifndef TRACTOR_SUPERVISOR_COMMAND_ARGS_H
#define TRACTOR_SUPERVISOR_COMMAND_ARGS_H

#include "command.h"

#define ARGS_ERROR_BYTES 512

/* An option, for the parser and for help. */
struct args_option {
	const char *name; /* without the dashes */
	char letter;	  /* 0: has none */
	enum command_option option;
	const char *value; /* what help calls its value; NULL: takes none */
	const char *summary;
};

extern const struct args_option args_options[];
extern const size_t args_option_count;

/* What every command has. */
#define ARGS_COMMON (OPTION_JSON | OPTION_TREE | OPTION_HELP | OPTION_VERSION)

/*
 * Reads argv[1] and on. Options may stand anywhere, before the command too; "--" ends them; "-" is a word. False: that is no
 * command line of ours; `error`, of ARGS_ERROR_BYTES, has what is wrong and what would be right, and *ret_line what had been read until then.
 */
bool args_parse(int argc, char *const *argv, struct command_line *ret_line, char *error);

#endif
