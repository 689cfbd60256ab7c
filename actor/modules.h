/* modules.h: which files a process has mapped, and which build of each. */
#ifndef TRACTOR_ACTOR_MODULES_H
#define TRACTOR_ACTOR_MODULES_H

#include <stddef.h>

#include "blackbox.h"

/* Which build this program is, from its own memory; nothing if it does not say so. */
void tri_note_program(struct tri_module *ret_program);

/* Finds the build id among the notes of an ELF file. False: it is not there. */
bool tri_find_build_id(const uint8_t *notes, size_t size, struct tri_module *module);

/* Fills fault->modules in, from fault->maps and this process's memory. Async-signal-safe. */
void tri_note_modules(struct tri_fault *fault);

#endif
