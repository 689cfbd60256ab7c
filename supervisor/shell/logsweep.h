/* logsweep.h: how many logs there are in a folder, and which of them go if there are too many. */
#ifndef TRACTOR_SUPERVISOR_SHELL_LOGSWEEP_H
#define TRACTOR_SUPERVISOR_SHELL_LOGSWEEP_H

#include <limits.h>

#define LOGSWEEP_PATH_BYTES (PATH_MAX + 16)

/*
 * Counts the logs (files that end in .log, whatever comes behind them) in the folder and below it, and if there are more than `most` removes those that were written to longest ago, with the files
 * that came before them. Returns how many are left. What can't be read or removed is left alone. Blocks as the disk does.
 */
unsigned logsweep(const char *folder, unsigned most);

#endif
