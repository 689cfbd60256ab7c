/*
 * main.c: the `tractor` program as a process: what the commands must not do to it themselves. Everything else begins in commands.c.
 */
#include <signal.h>

#include "command.h"
#include "doctor.h"
#include "output.h"

int
main(int argc, char **argv)
{
	tractor_begin(argc, argv, &doctor_actor); /* returns, unless doctor has started us to be measured */
	/* A reader that went away, or a file that may not grow, is an error in writing and not a death: what else there is to do is done. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return output_finish(command_main(argc, argv));
}
