/* modules.h: which files a process has mapped, and which build of each. */
#ifndef TRACTOR_ACTOR_MODULES_H
#define TRACTOR_ACTOR_MODULES_H

#include "blackbox.h"

/* Fills fault->modules in, from fault->maps and this process's memory. Async-signal-safe. */
void tri_note_modules(struct tri_fault *fault);

#endif
