/*
 * main.c: the `tractor` program as a process: what the commands must not do to it themselves. Everything else begins in commands.c.
 */
#include <signal.h>

#include "command.h"
#include "output.h"

int
main(int argc, char **argv)
{
	/* A reader that went away is an error in writing, told as such, not a silent death. */
	signal(SIGPIPE, SIG_IGN);
	return output_finish(command_main(argc, argv));
}
