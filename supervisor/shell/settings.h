/* settings.h: the variables by which whoever starts a supervisor changes how it runs its trees. One with a value that makes no sense is taken as not set. */
#ifndef TRACTOR_SUPERVISOR_SHELL_SETTINGS_H
#define TRACTOR_SUPERVISOR_SHELL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

enum settings_lanes { SETTINGS_LANES_USUAL, SETTINGS_LANES_OFF, SETTINGS_LANES_EAGER };

/* TRACTOR_LANES: off is for all trees, so that whatever holds with lanes can be seen to hold without; eager has a bypass laid at the first message. */
enum settings_lanes settings_lanes(void);

/* TRACTOR_CRASHES_MAX: how many crash reports are kept; 0: not set. */
unsigned settings_crashes_max(void);

/* What is wrong with the `which`th variable, as "NAME: what; taken as not set"; "" if nothing is. False: there are no more. A library says nothing of it; a program may. */
bool settings_fault(size_t which, char *text, size_t size);

#endif
